/* SPDX-License-Identifier: MIT
 *
 * The SHA-256 of each argument, each computed in a worker, in the order of
 * the arguments.
 *
 *	$ hash abc
 *	ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#define HEX_SIZE (2 * 32)

/* Runs in the worker: `data` is the text to hash; the answer is the digest in hex. */
static int hash_worker(wt_port *parent, const void *data, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length;
	char hex[HEX_SIZE + 1];

	if (!EVP_Digest(size ? data : "", size, digest, &length, EVP_sha256(), NULL))
		wt_fail(1, "SHA-256 is not available");
	for (unsigned i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return wt_port_post(parent, hex, HEX_SIZE);
}

/* Take the answer of the worker for `text`, and end it. Without one, the worker can say why. */
static int print_hash(wt_worker *worker, const char *text)
{
	wt_message message;
	wt_failure failure;
	int err = wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER);

	if (err == WT_ECLOSED && wt_worker_join(worker, NULL, WT_FOREVER) == 0 && !wt_worker_failure(worker, &failure))
		fprintf(stderr, "hash: %s: %s\n", text, failure.message);
	else if (err)
		fprintf(stderr, "hash: no answer for '%s': %s\n", text, wt_strerror(err));
	else
		printf("%.*s  %s\n", (int)message.size, (const char *)message.data, text);
	wt_worker_destroy(worker);
	return err;
}

int main(int argc, char **argv)
{
	wt_worker **workers;
	int status = 0;

	if (argc < 2)
		return fprintf(stderr, "usage: hash TEXT...\n"), 2;
	workers = calloc((size_t)argc, sizeof *workers);
	if (!workers)
		return fprintf(stderr, "hash: out of memory\n"), 1;
	for (int i = 1; i < argc; i++) {
		int err = wt_worker_create(&workers[i], hash_worker, argv[i], strlen(argv[i]), NULL);

		if (err) {
			fprintf(stderr, "hash: worker: %s\n", wt_strerror(err));
			status = 1;
			break;
		}
	}
	for (int i = 1; i < argc && workers[i]; i++)
		if (print_hash(workers[i], argv[i]))
			status = 1;
	free(workers);
	if (fflush(stdout) || ferror(stdout))
		return fprintf(stderr, "hash: not all could be written\n"), 1;
	return status;
}
