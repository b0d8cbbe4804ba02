/* SPDX-License-Identifier: MIT
 *
 * The one loop of encrypt_server: connections, what the pool brings, and
 * signals. The main thread.
 */
#ifndef ENCRYPT_LOOP_H
#define ENCRYPT_LOOP_H

#include <stdint.h>

#include "encrypt_http.h"

/* Keep SIGTERM and SIGINT for the loop: before there is another thread. A descriptor; -1 with errno. */
int encrypt_loop_signals(void);

/*
 * Serve until a signal comes, and then until all requests are answered, `grace`
 * nanoseconds at most. Returns the number of requests that were not; -1 after
 * it said what went wrong.
 */
int encrypt_loop_run(struct encrypt_http *http, int signal_fd, int64_t grace);

/* Serve on until all requests are answered, or `deadline` has passed. Returns as encrypt_loop_run. */
int encrypt_loop_finish(struct encrypt_http *http, wt_time deadline);

#endif
