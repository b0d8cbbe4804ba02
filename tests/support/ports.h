/* SPDX-License-Identifier: MIT
 *
 * What the tests of ports and loops share: channels, a record of the events
 * that callbacks saw, and threads that own the other end of a channel.
 */
#ifndef SUPPORT_PORTS_H
#define SUPPORT_PORTS_H

#include <pthread.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/worker.h>

#include "support/support.h"

/* ---- Channels ---- */

struct channel {
	wt_port *a;
	wt_port *b;
};

/* Both ends belong to the calling thread. */
void channel_open(struct channel *channel, const wt_channel_options *options);

/* Close those ends that are not NULL. */
void channel_close(struct channel *channel);

void post_text(wt_port *port, const char *text);

/* The next message, taken without waiting, is this text. */
void assert_receives_text(wt_port *port, const char *text, const char *file, int line);
#define assert_receives(port, text) assert_receives_text((port), (text), __FILE__, __LINE__)

/* No message is there; the reason is `error`, and the message that was asked for is empty. */
void assert_no_message(wt_port *port, int error, const char *file, int line);
#define assert_receives_nothing(port, error) assert_no_message((port), (error), __FILE__, __LINE__)

/* ---- Events ---- */

/* What callbacks saw, one word each, for the runner to compare when it is out of them. */
struct events {
	size_t length;
	char text[2048];
};

void events_add(struct events *events, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define assert_events(events, expected) assert_string_equal((events)->text, (expected))

/* Handlers that write the message's text, "error:<name>" or "close" into the struct events that is their arg. */
void events_on_message(wt_port *port, wt_message *message, void *arg);
void events_on_error(wt_port *port, int error, void *arg);
void events_on_close(wt_port *port, void *arg);

/* A handler that counts in the unsigned long that is its arg. */
void count_message(wt_port *port, wt_message *message, void *arg);

/* For wt_worker_on_error, where a worker is to fail: somebody has heard of it. */
void ignore_failure(wt_worker *worker, const wt_failure *failure, void *arg);

/* ---- Threads ---- */

/* Run `fn` on a thread that libwt does not know yet, and wait for that thread's end. */
void run_on_new_thread(void (*fn)(void *arg), void *arg);

/* A thread that does what it is told, one thing after the other. */
struct other {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct wti_thread *record; /* set when other_start returns */
	void (*fn)(void *arg);     /* under the lock: what to do, NULL when it is done */
	void *arg;
	bool over;
};

void other_start(struct other *other);
void other_begin(struct other *other, void (*fn)(void *arg), void *arg);
void other_wait(struct other *other);
void other_run(struct other *other, void (*fn)(void *arg), void *arg);

/* The thread ends, and everything with it that it owns. */
void other_end(struct other *other);

/* `a` belongs to the calling thread, `b` to the other, which has nothing to do at the moment. */
void channel_open_between(struct channel *channel, struct other *other, const wt_channel_options *options);

/* ---- Time ---- */

/* Whether the calling thread's descriptor (wt_loop_fd) polls readable within so many milliseconds. */
bool polls_readable(int fd, int milliseconds);

#endif
