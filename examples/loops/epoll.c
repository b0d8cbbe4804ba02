/* SPDX-License-Identifier: MIT
 *
 * As cksum(1) for one file, in a program whose loop is its own, over epoll:
 * a timer shows how far the worker is.
 *
 *	$ epoll LICENSE
 */
#include "cksum.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct host {
	int epoll;
	int timer;
	int wt; /* libwt's descriptor: not ours to close */
};

static int add(int epoll, int fd)
{
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
}

static int host_open(struct host *host)
{
	const struct itimerspec every = { .it_interval.tv_nsec = 50000000, .it_value.tv_nsec = 50000000 };

	host->epoll = epoll_create1(EPOLL_CLOEXEC);
	host->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (host->epoll < 0 || host->timer < 0 || wt_loop_fd(&host->wt) || timerfd_settime(host->timer, 0, &every, NULL))
		return -1;
	return add(host->epoll, host->timer) || add(host->epoll, host->wt) ? -1 : 0;
}

static void host_close(const struct host *host)
{
	close(host->timer);
	close(host->epoll);
}

static void host_timer(const struct host *host, const struct cksum *cksum)
{
	uint64_t ticks;

	if (read(host->timer, &ticks, sizeof ticks) == sizeof ticks)
		cksum_show(cksum);
}

/* Until nothing of libwt is left to wait for. Its descriptor is one among the others. */
static void host_run(const struct host *host, const struct cksum *cksum)
{
	struct epoll_event events[8];

	while (wt_loop_alive()) {
		int count = epoll_wait(host->epoll, events, 8, -1);

		if (count < 0 && errno != EINTR)
			return;
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == host->timer)
				host_timer(host, cksum);
			else if (wt_run_once(WT_NOW) == WT_ETERMINATED)
				return; /* we are a worker ourselves, and are to end */
		}
	}
}

int main(int argc, char **argv)
{
	struct host host;
	struct cksum cksum;

	if (argc != 2)
		return fprintf(stderr, "usage: epoll FILE\n"), 2;
	if (host_open(&host))
		return perror("epoll"), 1;
	if (cksum_start(&cksum, argv[1]))
		return 1;
	host_run(&host, &cksum);
	host_close(&host);
	return cksum_finish(&cksum);
}
