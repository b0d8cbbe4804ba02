/* SPDX-License-Identifier: MIT
 *
 * As cksum(1) for one file, in a libevent program: a timer shows how far the
 * worker is, and the loop ends when the worker has.
 *
 *	$ event LICENSE
 */
#include "cksum.h"
#include "wt_event.h"

#include <stdio.h>

struct shower {
	const struct cksum *cksum;
	struct event *timer;
};

static const struct timeval interval = { .tv_usec = 50000 };

/* The timer counts as something to wait for, and so is not set again after the end. */
static void show(evutil_socket_t fd, short what, void *arg)
{
	struct shower *shower = arg;

	if (shower->cksum->ended)
		return;
	cksum_show(shower->cksum);
	evtimer_add(shower->timer, &interval);
}

static int run(const struct cksum *cksum, struct wt_event *glue, struct event_base *base)
{
	struct shower shower = { .cksum = cksum };
	int result = -1;

	shower.timer = evtimer_new(base, show, &shower);
	if (shower.timer && !evtimer_add(shower.timer, &interval))
		result = wt_event_dispatch(glue);
	if (shower.timer)
		event_free(shower.timer);
	return result;
}

int main(int argc, char **argv)
{
	struct event_base *base;
	struct wt_event glue;
	struct cksum cksum;
	int err;

	if (argc != 2)
		return fprintf(stderr, "usage: event FILE\n"), 2;
	base = event_base_new();
	if (!base)
		return fprintf(stderr, "event: no loop\n"), 1;
	err = wt_event_start(&glue, base);
	if (err)
		return fprintf(stderr, "event: %s\n", wt_strerror(err)), 1;
	if (cksum_start(&cksum, argv[1]))
		return 1;
	if (run(&cksum, &glue, base))
		fprintf(stderr, "event: the loop broke\n");
	wt_event_stop(&glue);
	event_base_free(base);
	return cksum_finish(&cksum);
}
