/* SPDX-License-Identifier: MIT
 *
 * The HTTP side of encrypt_server: libmicrohttpd without a thread of its own.
 * Requests to /encrypt go to the pool, and their connections are suspended
 * until the pool's callback, on this same thread, brings the answer. All of it
 * is for the main thread.
 */
#ifndef ENCRYPT_HTTP_H
#define ENCRYPT_HTTP_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <wt.h>

#include "encrypt_metrics.h"

struct encrypt_http {
	struct MHD_Daemon *daemon;
	wt_pool *pool;   /* not owned; NULL once it has ended */
	size_t body_max; /* bytes */
	bool stopping;   /* each answer is the last of its connection */
	struct encrypt_metrics metrics;
};

/* Begin to serve. The socket is the server's on success. Returns 0, or -1. */
int encrypt_http_start(struct encrypt_http *http, int listen_fd);

/* A descriptor that polls readable while encrypt_http_run has something to do. */
int encrypt_http_fd(const struct encrypt_http *http);

/* In so many milliseconds encrypt_http_run has something to do in any case; -1: never. */
int encrypt_http_timeout(const struct encrypt_http *http);

/* Do what is to be done, without waiting. */
void encrypt_http_run(struct encrypt_http *http);

/* Take no new connections, and end each of those that there are with its next answer. */
void encrypt_http_stop_accepting(struct encrypt_http *http);

/* Close all connections. No request may be with the pool any more. */
void encrypt_http_stop(struct encrypt_http *http);

#endif
