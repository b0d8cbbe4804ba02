/* SPDX-License-Identifier: MIT
 *
 * libwt in a libuv loop. Two files to copy: wt_uv.h and wt_uv.c.
 *
 * The handlers of this thread's workers, ports and timers are called by
 * uv_run. While something of libwt is ref'd, uv_run goes on, as it does for
 * handles of its own; when this thread is a worker that is to end, it is
 * stopped as by uv_stop. All calls: the loop's thread.
 */
#ifndef WT_UV_H
#define WT_UV_H

#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program's memory; fields are the glue's own. */
struct wt_uv {
	uv_poll_t poll;
	uv_prepare_t prepare;
	uv_check_t check;
};

/*
 * Counts as ref'd until uv_run has looked. Returns 0 or a negative error, of
 * libuv or of libwt: both are -errno. After a failure *glue must stay as
 * after wt_uv_stop.
 */
int wt_uv_start(struct wt_uv *glue, uv_loop_t *loop);

/*
 * Look again whether libwt has something to wait for. The glue does, before
 * and after uv_run waits. Call it where the first ref'd worker is made when
 * uv_run has nothing else to go on for: between two calls of uv_run, and in
 * a callback that comes later in the round (a close callback; from libuv
 * 1.45 on, a timer's).
 */
void wt_uv_update(struct wt_uv *glue);

/* Close the handles. *glue must stay until uv_run has been through a round, in which it hears of that. */
void wt_uv_stop(struct wt_uv *glue);

#ifdef __cplusplus
}
#endif

#endif
