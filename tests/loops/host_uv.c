/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdlib.h>

#include "../../examples/loops/wt_uv.h"

static _Thread_local struct {
	uv_loop_t loop;
	struct wt_uv glue;
} host;

struct after {
	uv_timer_t timer;
	host_fn *fn;
	void *arg;
};

bool host_open(void)
{
	return !uv_loop_init(&host.loop) && !wt_uv_start(&host.glue, &host.loop);
}

static void closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void expired(uv_timer_t *timer)
{
	struct after *after = timer->data;

	uv_close((uv_handle_t *)timer, closed);
	after->fn(after->arg);
}

void host_after(int ms, host_fn *fn, void *arg)
{
	struct after *after = malloc(sizeof *after);

	if (!after)
		abort();
	*after = (struct after){ .fn = fn, .arg = arg };
	uv_timer_init(&host.loop, &after->timer);
	after->timer.data = after;
	uv_timer_start(&after->timer, expired, (uint64_t)ms, 0);
}

void host_run(void)
{
	wt_uv_update(&host.glue);
	uv_run(&host.loop, UV_RUN_DEFAULT);
}

void host_close(void)
{
	wt_uv_stop(&host.glue);
	uv_run(&host.loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&host.loop))
		abort();
}
