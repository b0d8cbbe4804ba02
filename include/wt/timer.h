/* SPDX-License-Identifier: MIT
 *
 * Timers: the calling thread's loop calls a function at a moment, once or
 * again and again. A timer belongs to the thread that created it, and goes
 * with it.
 */
#ifndef WT_TIMER_H
#define WT_TIMER_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* Called by the loop of the timer's thread. It may restart, stop or destroy the timer. */
typedef void wt_timer_fn(wt_timer *timer, void *arg);

/*
 * Call `fn` at the moment `first`, or as soon as the loop runs if that has
 * passed; WT_NOW counts as the present moment, with WT_FOREVER the timer is
 * stopped. After that every `interval` nanoseconds, or never again if it is
 * 0. The repeated moments are first + n * interval, however long the calls
 * take; those that have passed when the loop gets to them are one call.
 *
 * The timer is ref'd, and lives until wt_timer_destroy or its thread's end.
 * Returns 0; WT_EINVAL (NULL timer or fn, a negative time); WT_ENOMEM. On
 * failure *timer is NULL.
 */
WT_API WT_NODISCARD int wt_timer_create(wt_timer **timer, wt_time first, int64_t interval, wt_timer_fn *fn, void *arg);

/*
 * Give the timer new times, as in wt_timer_create, whatever it was doing.
 * Owner. Returns 0; WT_EINVAL, and WT_EOWNER: nothing changed.
 */
WT_API WT_NODISCARD int wt_timer_restart(wt_timer *timer, wt_time first, int64_t interval);

/* Do not call any more, until restarted. Owner. */
WT_API void wt_timer_stop(wt_timer *timer);

/* The moment of the next call; WT_FOREVER when there is none, and on other threads. Owner. */
WT_API wt_time wt_timer_next(const wt_timer *timer);

/* Whether the timer keeps wt_run going while a call is to come. It does at first. Owner. */
WT_API void wt_timer_ref(wt_timer *timer);
WT_API void wt_timer_unref(wt_timer *timer);
WT_API bool wt_timer_has_ref(const wt_timer *timer);

/* Stop and free. Also in its own callback. NULL is ignored. Owner. */
WT_API void wt_timer_destroy(wt_timer *timer);

WT_END_DECLS

#endif
