/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdlib.h>

#include "../../examples/loops/wt_event.h"

static _Thread_local struct {
	struct event_base *base;
	struct wt_event glue;
} host;

struct after {
	host_fn *fn;
	void *arg;
};

bool host_open(void)
{
	host.base = event_base_new();
	return host.base && !wt_event_start(&host.glue, host.base);
}

static void expired(evutil_socket_t fd, short what, void *arg)
{
	struct after after = *(struct after *)arg;

	(void)fd;
	(void)what;
	free(arg);
	after.fn(after.arg);
}

void host_after(int ms, host_fn *fn, void *arg)
{
	const struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct after *after = malloc(sizeof *after);

	if (!after)
		abort();
	*after = (struct after){ .fn = fn, .arg = arg };
	if (event_base_once(host.base, -1, EV_TIMEOUT, expired, after, &delay))
		abort();
}

void host_run(void)
{
	if (wt_event_dispatch(&host.glue))
		abort();
}

void host_close(void)
{
	wt_event_stop(&host.glue);
	event_base_free(host.base);
}
