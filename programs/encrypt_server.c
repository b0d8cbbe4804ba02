/* SPDX-License-Identifier: MIT
 *
 * A web server that hashes on worker threads:
 *
 *	$ encrypt_server --port=3000 &
 *	encrypt_server: listening on http://127.0.0.1:3000
 *	$ curl -d '{"data":"abc"}' http://127.0.0.1:3000/encrypt
 *	{"encrypted":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
 *
 * One thread has all connections, in one loop with what the pool brings;
 * parsing and hashing is the pool's. The parts: encrypt_http, encrypt_request
 * and encrypt_routes know HTTP, encrypt_task and encrypt_body the work, and
 * encrypt_loop waits.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

#include "descriptors.h"
#include "encrypt_http.h"
#include "encrypt_listen.h"
#include "encrypt_loop.h"
#include "encrypt_options.h"
#include "encrypt_task.h"

/* What the answers to requests that were cut off have, to be sent. */
#define CUT_MS 500

static int server_failed(const char *what, const char *why)
{
	fprintf(stderr, "encrypt_server: %s: %s\n", what, why);
	return 1;
}

/* Who started the server reads here where it is. */
static void server_announce(const char *url)
{
	printf("encrypt_server: listening on %s\n", url);
	fflush(stdout);
}

/*
 * Serve, and end the pool: what it has not finished by then is told at once, and answered by 503.
 * Connections may only be closed after that, as those that wait for the pool are suspended.
 */
static int server_serve(struct encrypt_http *http, int signal_fd, int64_t grace)
{
	int left = encrypt_loop_run(http, signal_fd, grace);

	wt_pool_destroy(http->pool);
	http->pool = NULL;
	if (left > 0)
		fprintf(stderr, "encrypt_server: requests that did not finish: %d\n", left);
	if (left)
		(void)encrypt_loop_finish(http, wt_after_ms(CUT_MS));
	return left ? 1 : 0;
}

static int server_run(const struct encrypt_options *options, int listen_fd, int signal_fd, const char *url)
{
	struct encrypt_http http = { .body_max = options->body_max };
	int err = encrypt_pool_create(&http.pool, options);
	int status;

	if (err) {
		close(listen_fd);
		return server_failed("pool", wt_strerror(err));
	}
	if (encrypt_http_start(&http, listen_fd)) {
		wt_pool_destroy(http.pool);
		close(listen_fd);
		return server_failed("HTTP", "could not be started");
	}
	server_announce(url);
	status = server_serve(&http, signal_fd, options->grace);
	encrypt_http_stop(&http);
	return status;
}

int main(int argc, char **argv)
{
	struct encrypt_options options;
	char url[ENCRYPT_URL_SIZE];
	int listen_fd, signal_fd, status, parsed;

	descriptors_reserve();
	parsed = encrypt_options_parse(&options, argc, argv);
	if (parsed)
		return parsed < 0 ? 2 : 0;
	json_object_seed(0); /* before two workers would do it at once */
	signal_fd = encrypt_loop_signals();
	if (signal_fd < 0)
		return server_failed("signals", strerror(errno));
	listen_fd = encrypt_listen(options.address, options.port, url);
	if (listen_fd < 0)
		return 1;
	status = server_run(&options, listen_fd, signal_fd, url);
	close(signal_fd);
	return status;
}
