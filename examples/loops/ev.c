/* SPDX-License-Identifier: MIT
 *
 * As cksum(1) for one file, in a libev program: a timer shows how far the
 * worker is, and ev_run ends when the worker has.
 *
 *	$ ev LICENSE
 */
#include "cksum.h"
#include "wt_ev.h"

#include <stdio.h>

static void show(struct ev_loop *loop, ev_timer *timer, int events)
{
	cksum_show(timer->data);
}

static void run(struct cksum *cksum, struct ev_loop *loop)
{
	ev_timer timer = { .data = cksum };

	ev_timer_init(&timer, show, 0.05, 0.05);
	ev_timer_start(loop, &timer);
	ev_unref(loop); /* the worker keeps the loop going, not the timer */
	ev_run(loop, 0);

	ev_ref(loop);
	ev_timer_stop(loop, &timer);
}

int main(int argc, char **argv)
{
	struct ev_loop *loop;
	struct wt_ev glue;
	struct cksum cksum;
	int err;

	if (argc != 2)
		return fprintf(stderr, "usage: ev FILE\n"), 2;
	loop = ev_default_loop(EVFLAG_AUTO);
	if (!loop)
		return fprintf(stderr, "ev: no loop\n"), 1;
	err = wt_ev_start(&glue, loop);
	if (err)
		return fprintf(stderr, "ev: %s\n", wt_strerror(err)), 1;
	if (cksum_start(&cksum, argv[1]))
		return 1;
	run(&cksum, loop);
	wt_ev_stop(&glue);
	return cksum_finish(&cksum);
}
