/* SPDX-License-Identifier: MIT
 *
 * Moments at which one thread's loop has something to do. The loop sleeps no
 * longer than until the earliest, and its descriptor polls readable from then
 * on. Owner only, all of it; adding and removing never fail.
 *
 * They lie in a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) whose
 * links are in its elements: adding takes constant time, removing logarithmic
 * on average. Of two for the same moment, the first that was added is first.
 */
#ifndef WTI_DEADLINE_H
#define WTI_DEADLINE_H

#include <wt/time.h>

#include "base.h"

struct wti_thread;

struct wti_deadline {
	wt_time at;
	wt_time from;                 /* the same; of one that is added while others are called for that, behind them */
	uint64_t serial;
	struct wti_deadline *child;   /* the first of those that come later */
	struct wti_deadline *sibling; /* the next one with the same parent */
	struct wti_deadline *back;    /* the sibling before, or the parent; NULL: the root */
	bool pending;
	/* Called by the loop when due, no longer pending; adds the callbacks that it made to *calls. May free it. */
	void (*fn)(struct wti_deadline *deadline, unsigned *calls);
};

/* So many nanoseconds, not negative, behind a moment; WT_FOREVER where time itself ends before. Any thread. */
static inline wt_time wti_deadline_after(wt_time from, int64_t ns)
{
	wt_time at;

	return __builtin_add_overflow(from, ns, &at) ? WT_FOREVER : at;
}

void wti_deadline_init(struct wti_deadline *deadline, void (*fn)(struct wti_deadline *deadline, unsigned *calls));
void wti_deadline_add(struct wti_thread *self, struct wti_deadline *deadline, wt_time at);

/* One that is not pending is left alone. */
void wti_deadline_remove(struct wti_thread *self, struct wti_deadline *deadline);

/* The earliest, WT_FOREVER where there is none. */
wt_time wti_deadlines_next(const struct wti_thread *self);
bool wti_deadlines_due(const struct wti_thread *self);

/* Call those that are due, but for any that are added meanwhile, behind them; ends early when the loop is to end. */
void wti_deadlines_run(struct wti_thread *self, unsigned *calls);

#endif
