/* SPDX-License-Identifier: MIT
 *
 * libwt in a libevent loop. Two files to copy: wt_event.h and wt_event.c.
 *
 * The handlers of this thread's workers, ports and timers are called by the
 * base's loop. libevent knows no event that is there but does not count, so
 * wt_event_dispatch takes the place of event_base_dispatch. All calls: the
 * loop's thread.
 */
#ifndef WT_EVENT_H
#define WT_EVENT_H

#include <event2/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program's memory; fields are the glue's own. */
struct wt_event {
	struct event_base *base;
	struct event *event;
};

/* Returns 0 or a negative error. */
int wt_event_start(struct wt_event *glue, struct event_base *base);

/*
 * As event_base_dispatch: until nothing is left to wait for, of the base's
 * events or of what is ref'd of libwt; or event_base_loopbreak or
 * event_base_loopexit was called; or this thread is a worker that is to end.
 * Returns 0, or -1 as event_base_dispatch does.
 */
int wt_event_dispatch(struct wt_event *glue);

void wt_event_stop(struct wt_event *glue);

#ifdef __cplusplus
}
#endif

#endif
