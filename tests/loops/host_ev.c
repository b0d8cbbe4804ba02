/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdlib.h>

#include "../../examples/loops/wt_ev.h"

static _Thread_local struct {
	struct ev_loop *loop;
	struct wt_ev glue;
} host;

struct after {
	ev_timer timer;
	host_fn *fn;
	void *arg;
};

bool host_open(void)
{
	host.loop = ev_loop_new(EVFLAG_AUTO);
	return host.loop && !wt_ev_start(&host.glue, host.loop);
}

static void expired(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct after *after = timer->data;

	(void)loop;
	(void)events;
	after->fn(after->arg);
	free(after);
}

void host_after(int ms, host_fn *fn, void *arg)
{
	struct after *after = malloc(sizeof *after);

	if (!after)
		abort();
	*after = (struct after){ .fn = fn, .arg = arg };
	ev_timer_init(&after->timer, expired, ms / 1000., 0);
	after->timer.data = after;
	ev_timer_start(host.loop, &after->timer);
}

void host_run(void)
{
	ev_run(host.loop, 0);
}

void host_close(void)
{
	wt_ev_stop(&host.glue);
	ev_loop_destroy(host.loop);
}
