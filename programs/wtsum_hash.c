/* SPDX-License-Identifier: MIT */
#include "wtsum_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* From 32 KiB to 1 MiB all are as fast. A mapping is 8 % faster, and a file that shrinks a SIGBUS. */
	HASH_READ = 128 * 1024,
	HASH_TELL = 4 * 1024 * 1024,
	/* libcrypto does not say why, but a digest that it has can only want for memory. */
	HASH_FAILED = WT_ENOMEM
};

struct hasher {
	EVP_MD_CTX *context;
	unsigned char bytes[HASH_READ];
};

int wtsum_hasher_init(void **state, const void *data, size_t size)
{
	struct hasher *hasher = malloc(sizeof *hasher);

	(void)data;
	(void)size;
	if (!hasher)
		return WT_ENOMEM;
	hasher->context = EVP_MD_CTX_new();
	if (!hasher->context || !EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL)) {
		wtsum_hasher_fini(hasher);
		return HASH_FAILED;
	}
	*state = hasher;
	return 0;
}

void wtsum_hasher_fini(void *state)
{
	struct hasher *hasher = state;

	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

/* The number of bytes; 0 at the end; an error. */
static ssize_t hash_read(const wt_task *task, int fd, struct hasher *hasher)
{
	for (;;) {
		ssize_t length;

		if (wt_task_cancelled(task))
			return WT_ECANCELED;
		length = read(fd, hasher->bytes, sizeof hasher->bytes);
		if (length >= 0)
			return length;
		if (errno != EINTR)
			return -errno;
	}
}

/* A bar that misses a step is no reason to fail. */
static void hash_tell(wt_task *task, uint64_t *untold)
{
	wt_outgoing message = { .data = untold, .size = sizeof *untold };

	if (*untold >= HASH_TELL && wt_task_progress(task, &message) == 0)
		*untold = 0;
}

static int hash_stream(wt_task *task, int fd, struct hasher *hasher, struct wtsum_digest *digest)
{
	ssize_t length;

	/* Without a type: the one that the context has, which need not be looked up again. */
	if (!EVP_DigestInit_ex(hasher->context, NULL, NULL))
		return HASH_FAILED;
	while ((length = hash_read(task, fd, hasher)) > 0) {
		if (!EVP_DigestUpdate(hasher->context, hasher->bytes, (size_t)length))
			return HASH_FAILED;
		digest->untold += (uint64_t)length;
		hash_tell(task, &digest->untold);
	}
	if (length < 0)
		return (int)length;
	return EVP_DigestFinal_ex(hasher->context, digest->bytes, NULL) ? 0 : HASH_FAILED;
}

static int hash_file(wt_task *task, const char *name, struct hasher *hasher, struct wtsum_digest *digest)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	/* An advice: where it is not taken, nothing is lost. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	err = hash_stream(task, fd, hasher, digest);
	close(fd);
	return err;
}

int wtsum_hash(wt_task *task, wt_message *input, void *hasher)
{
	const char *name = input->data;
	struct wtsum_digest digest = { .untold = 0 };
	int err;

	if (strcmp(name, "-") == 0)
		err = hash_stream(task, STDIN_FILENO, hasher, &digest);
	else
		err = hash_file(task, name, hasher, &digest);
	return err ? err : wt_task_reply(task, &(wt_outgoing){ .data = &digest, .size = sizeof digest });
}
