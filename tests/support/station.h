/* SPDX-License-Identifier: MIT
 *
 * What the tests of messages to threads share: a thread that libwt did not
 * start, with a listener, which runs its loop until it is told to stop.
 */
#ifndef SUPPORT_STATION_H
#define SUPPORT_STATION_H

#include <pthread.h>
#include <wt/post_to_thread.h>

#include "support/support.h"

struct station {
	pthread_t thread;
	uint64_t id; /* set when station_start returns */
	wt_thread_message_fn *fn;
	void *arg;
	struct latch ready;
};

/* Runner only; the first is all zero but for what it is given. */
void station_start(struct station *station, wt_thread_message_fn *fn, void *arg);

/* The loop ends after what was posted before, then the thread. */
void station_end(struct station *station);

/* Listeners: 0; 7; count in the atomic_uint that is their arg; and end their thread, or their worker. */
int listen_well(wt_message *message, uint64_t source, void *arg);
int listen_badly(wt_message *message, uint64_t source, void *arg);
int listen_and_count(wt_message *message, uint64_t source, void *arg);
int listen_and_leave(wt_message *message, uint64_t source, void *arg);

/* Post a message without bytes, or one with this text, and wait. */
int post_nothing(uint64_t id, wt_time deadline);
int post_words(uint64_t id, const char *text, wt_time deadline);

/* A message of no bytes that carries this one thing. */
#define MESSAGE_WITH(thing) (&(wt_outgoing){ .transfer = &(thing), .transfer_count = 1 })

/* A deadline that is no part of a test: it passes only where the test has failed. */
wt_time in_time(void);

#endif
