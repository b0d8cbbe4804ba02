/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <wt.h>

/* The worker: says how many primes there are below each number. */
static void on_number(wt_port *parent, wt_message *message, void *arg)
{
	const int *below = message->data;
	int primes = 0;

	for (int n = 2; n < *below; n++) {
		int d = 2;

		while (d * d <= n && n % d)
			d++;
		primes += d * d > n;
	}
	if (wt_port_post(parent, &primes, sizeof primes) ||
	    *below == 10000)
		wt_stop(); /* that was the last one */
}

static int count_primes(wt_port *parent, const void *data, size_t size)
{
	wt_port_on_message(parent, on_number, NULL);
	return wt_run();
}

/* The host: asks at each tick of its timer. */
static void ask(wt_worker *worker, int timer, int *below)
{
	uint64_t ticks;

	if (read(timer, &ticks, sizeof ticks) < 0 || *below == 10000)
		return;
	*below *= 10;
	if (wt_worker_post(worker, below, sizeof *below))
		fprintf(stderr, "the worker has ended\n");
}

static void on_primes(wt_worker *worker, wt_message *message, void *arg)
{
	printf("%d primes\n", *(const int *)message->data);
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(void)
{
	const struct itimerspec often = {
		.it_value.tv_nsec = 50000000,
		.it_interval.tv_nsec = 50000000,
	};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int wt, below = 1;
	wt_worker *worker;

	if (wt_worker_create(&worker, count_primes, NULL, 0, NULL))
		return 1;
	wt_worker_on_message(worker, on_primes, NULL);
	if (timerfd_settime(timer, 0, &often, NULL) ||
	    watch(epoll, timer) || wt_loop_fd(&wt) || watch(epoll, wt))
		return 1;

	while (wt_loop_alive()) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1, -1) < 1)
			continue; /* a signal */
		if (event.data.fd == timer)
			ask(worker, timer, &below);
		else if (wt_run_once(WT_NOW) == WT_ETERMINATED)
			break; /* this thread is a worker, and is to end */
	}
	wt_worker_destroy(worker);
	close(timer);
	close(epoll);
	return 0;
}
