/* SPDX-License-Identifier: MIT
 *
 * libwt in a libev loop. Two files to copy: wt_ev.h and wt_ev.c.
 *
 * The handlers of this thread's workers, ports and timers are called by
 * ev_run. While something of libwt is ref'd, ev_run goes on, as it does for
 * watchers of its own; when this thread is a worker that is to end, it is
 * stopped as by ev_break. All calls: the loop's thread.
 */
#ifndef WT_EV_H
#define WT_EV_H

#include <ev.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program's memory; fields are the glue's own. */
struct wt_ev {
	struct ev_loop *loop;
	ev_io io;
	ev_prepare prepare;
	ev_check check;
	bool keeps; /* ev_run goes on for us */
};

/* Returns 0 or a negative error of libwt. */
int wt_ev_start(struct wt_ev *glue, struct ev_loop *loop);

/*
 * Look again whether libwt has something to wait for. The glue does, before
 * ev_run waits and after it has called what was ready. Nothing but a watcher
 * of the lowest priority that makes the first ref'd worker needs this.
 */
void wt_ev_update(struct wt_ev *glue);

void wt_ev_stop(struct wt_ev *glue);

#ifdef __cplusplus
}
#endif

#endif
