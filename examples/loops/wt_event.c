/* SPDX-License-Identifier: MIT */
#include "wt_event.h"

#include <stdbool.h>
#include <wt.h>

static void event_turn(evutil_socket_t fd, short what, void *arg)
{
	struct wt_event *glue = arg;

	(void)fd;
	(void)what;
	if (wt_run_once(WT_NOW) == WT_ETERMINATED)
		event_base_loopbreak(glue->base);
}

int wt_event_start(struct wt_event *glue, struct event_base *base)
{
	int fd;
	int err = wt_loop_fd(&fd);

	if (err)
		return err;
	glue->base = base;
	glue->event = event_new(base, fd, EV_READ | EV_PERSIST, event_turn, glue);
	if (!glue->event)
		return WT_ENOMEM;
	if (event_add(glue->event, NULL)) {
		event_free(glue->event);
		return WT_ENOMEM;
	}
	return 0;
}

/* Of the events, ours is one. */
static bool event_goes_on(const struct wt_event *glue)
{
	return wt_loop_alive() ||
	       event_base_get_num_events(glue->base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) > 1;
}

int wt_event_dispatch(struct wt_event *glue)
{
	while (event_goes_on(glue)) {
		int result = event_base_loop(glue->base, EVLOOP_ONCE);

		if (result < 0)
			return result;
		if (event_base_got_break(glue->base) || event_base_got_exit(glue->base))
			break;
	}
	return 0;
}

void wt_event_stop(struct wt_event *glue)
{
	event_free(glue->event);
}
