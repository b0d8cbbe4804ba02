/* SPDX-License-Identifier: MIT */
#include "encrypt_loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define NS_PER_MS 1000000

enum { LOOP_SIGNALS, LOOP_POOL, LOOP_HTTP, LOOP_FDS };

struct loop {
	struct encrypt_http *http;
	struct pollfd fds[LOOP_FDS];
};

int encrypt_loop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	return errno ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Milliseconds until the deadline, rounded up, so that it has passed then; -1 for ever. */
static int loop_ms_until(wt_time deadline)
{
	int64_t left;

	if (deadline == WT_FOREVER)
		return -1;
	left = deadline - wt_now();
	if (left <= 0)
		return 0;
	left = (left - 1) / NS_PER_MS + 1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static int loop_sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int loop_failed(const char *what, int error)
{
	fprintf(stderr, "encrypt_server: %s: %s\n", what, wt_strerror(error));
	return -1;
}

/*
 * Wait at most until `deadline` for something, and do it. Returns how many descriptors
 * were ready; a negative number after it said what went wrong. The pool's callbacks
 * resume connections, so HTTP comes after them.
 */
static int loop_turn(struct loop *loop, wt_time deadline)
{
	int timeout = loop_sooner(loop_ms_until(deadline), encrypt_http_timeout(loop->http));
	int ready = poll(loop->fds, LOOP_FDS, timeout);
	int err = 0;

	if (ready < 0)
		return errno == EINTR ? 0 : loop_failed("poll", -errno);
	if (loop->fds[LOOP_POOL].revents)
		err = wt_run_once(WT_NOW);
	if (err < 0 && err != WT_EAGAIN)
		return loop_failed("loop", err);
	encrypt_http_run(loop->http);
	return ready;
}

/* Whether a signal came; it is taken. */
static bool loop_take_signal(struct loop *loop)
{
	struct signalfd_siginfo info;

	return loop->fds[LOOP_SIGNALS].revents && read(loop->fds[LOOP_SIGNALS].fd, &info, sizeof info) > 0;
}

static int loop_begin(struct loop *loop, struct encrypt_http *http, int signal_fd)
{
	int fd;
	int err = wt_loop_fd(&fd);

	if (err)
		return loop_failed("loop", err);
	*loop = (struct loop){ .http = http };
	loop->fds[LOOP_SIGNALS] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	loop->fds[LOOP_POOL] = (struct pollfd){ .fd = fd, .events = POLLIN };
	loop->fds[LOOP_HTTP] = (struct pollfd){ .fd = encrypt_http_fd(http), .events = POLLIN };
	return 0;
}

/* Until nobody waits for an answer, and nothing that was sent to the server is unread. */
static int loop_drain(struct loop *loop, wt_time deadline)
{
	const struct encrypt_metrics *metrics = &loop->http->metrics;
	int ready;

	do {
		ready = loop_turn(loop, metrics->active ? deadline : WT_NOW);
		if (ready < 0)
			return -1;
	} while ((metrics->active || ready) && wt_now() < deadline && !loop_take_signal(loop));
	return (int)metrics->active;
}

int encrypt_loop_run(struct encrypt_http *http, int signal_fd, int64_t grace)
{
	struct loop loop;

	if (loop_begin(&loop, http, signal_fd))
		return -1;
	do {
		if (loop_turn(&loop, WT_FOREVER) < 0)
			return -1;
	} while (!loop_take_signal(&loop));
	encrypt_http_stop_accepting(http);
	return loop_drain(&loop, wt_after_ns((uint64_t)grace));
}

int encrypt_loop_finish(struct encrypt_http *http, wt_time deadline)
{
	struct loop loop;

	return loop_begin(&loop, http, -1) ? -1 : loop_drain(&loop, deadline);
}
