/* SPDX-License-Identifier: MIT
 *
 * A loop over epoll, as its page wt_loops(7) has it, with timers.
 */
#include "host.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <wt.h>

struct after {
	int fd;
	host_fn *fn;
	void *arg;
};

static _Thread_local struct {
	int epoll;
	int timers;
} host;

static bool add(int fd, void *what)
{
	return !epoll_ctl(host.epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = what });
}

bool host_open(void)
{
	int fd;

	host.timers = 0;
	host.epoll = epoll_create1(EPOLL_CLOEXEC);
	return host.epoll >= 0 && !wt_loop_fd(&fd) && add(fd, NULL);
}

void host_after(int ms, host_fn *fn, void *arg)
{
	const struct itimerspec at = { .it_value = { ms / 1000, ms % 1000 * 1000000L } };
	struct after *after = malloc(sizeof *after);

	if (!after)
		abort();
	*after = (struct after){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), .fn = fn, .arg = arg };
	if (after->fd < 0 || timerfd_settime(after->fd, 0, &at, NULL) || !add(after->fd, after))
		abort();
	host.timers++;
}

static void expired(struct after *after)
{
	host.timers--;
	after->fn(after->arg);
	close(after->fd);
	free(after);
}

void host_run(void)
{
	struct epoll_event event;

	while (host.timers || wt_loop_alive()) {
		if (epoll_wait(host.epoll, &event, 1, -1) < 1)
			continue;
		if (event.data.ptr)
			expired(event.data.ptr);
		else if (wt_run_once(WT_NOW) == WT_ETERMINATED)
			return;
	}
}

void host_close(void)
{
	close(host.epoll);
}
