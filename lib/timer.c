/* SPDX-License-Identifier: MIT
 *
 * Timers: a deadline of the owner's loop with a callback. What comes next is
 * settled before the callback runs, and the timer is not touched after it: it
 * may destroy the timer, or leave by a jump. A timer that nobody destroyed is
 * freed by its thread's end, from the thread's list.
 */
#include "timer.h"

#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "os.h"

static void timer_begin(struct wt_timer *timer, wt_time at)
{
	wti_store(&timer->due, at);
	if (at == WT_FOREVER)
		return;
	wti_deadline_add(timer->owner, &timer->deadline, at);
	if (wti_load(&timer->refd))
		wti_loop_hold(timer->owner, WTI_HOLD_TIMER);
}

static void timer_cancel(struct wt_timer *timer)
{
	if (!timer->deadline.pending)
		return;
	wti_deadline_remove(timer->owner, &timer->deadline);
	wti_store(&timer->due, WT_FOREVER);
	if (wti_load(&timer->refd))
		wti_loop_release(timer->owner, WTI_HOLD_TIMER);
}

/* The first of the moments at + n * interval that lies ahead of now; WT_FOREVER where time itself ends before. */
static wt_time timer_after(wt_time at, int64_t interval, wt_time now)
{
	return wti_deadline_after(now, interval - (now - at) % interval);
}

static void timer_due(struct wti_deadline *deadline, unsigned *calls)
{
	struct wt_timer *timer = wti_container_of(deadline, struct wt_timer, deadline);
	int64_t interval = wti_load(&timer->interval);

	if (wti_load(&timer->refd))
		wti_loop_release(timer->owner, WTI_HOLD_TIMER);
	timer_begin(timer, interval ? timer_after(deadline->at, interval, wti_os->clock()) : WT_FOREVER);
	++*calls;
	timer->fn(timer, timer->arg);
}

static void timer_free(struct wt_timer *timer)
{
	WTI_ENDED(timer);
	timer_cancel(timer);
	wti_owned_remove(&timer->owner->owned, &timer->owned);
	wti_free_late(timer);
}

static void timer_thread_end(struct wti_thread *self)
{
	while (!wti_list_empty(&self->timers))
		timer_free(wti_list_entry(self->timers.next, struct wt_timer, owned));
}

static void timer_set(struct wt_timer *timer, wt_time first, int64_t interval)
{
	wti_store(&timer->interval, interval);
	timer_begin(timer, first == WT_NOW ? wti_os->clock() : first);
}

int wt_timer_create(wt_timer **timer, wt_time first, int64_t interval, wt_timer_fn *fn, void *arg)
{
	struct wti_thread *self;
	struct wt_timer *made;

	if (!timer)
		return WT_EINVAL;
	*timer = NULL;
	if (!fn || first < 0 || interval < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	made = wti_alloc(sizeof *made);
	if (!made)
		return WT_ENOMEM;
	*made = (struct wt_timer){ .owner = self, .fn = fn, .arg = arg, .refd = true, .due = WT_FOREVER };
	WTI_MADE(made, TIMER);
	WTI_OWED(made);
	wti_deadline_init(&made->deadline, timer_due);
	wti_owned_add(&self->owned, &self->timers, &made->owned);
	self->end[WTI_END_TIMERS] = timer_thread_end;
	timer_set(made, first, interval);
	*timer = made;
	return 0;
}

static bool timer_is_own(const struct wt_timer *timer)
{
	return timer && timer->owner == wti_thread_peek();
}

int wt_timer_restart(wt_timer *timer, wt_time first, int64_t interval)
{
	WTI_USES(timer, TIMER);
	if (!timer || first < 0 || interval < 0)
		return WT_EINVAL;
	if (!timer_is_own(timer))
		return wti_fork_error(WT_EOWNER);
	timer_cancel(timer);
	timer_set(timer, first, interval);
	return 0;
}

void wt_timer_stop(wt_timer *timer)
{
	WTI_USES(timer, TIMER);
	if (timer_is_own(timer))
		timer_cancel(timer);
}

wt_time wt_timer_next(const wt_timer *timer)
{
	WTI_USES(timer, TIMER);
	return timer_is_own(timer) && timer->deadline.pending ? timer->deadline.at : WT_FOREVER;
}

static void timer_set_ref(struct wt_timer *timer, bool ref)
{
	if (!timer_is_own(timer) || wti_load(&timer->refd) == ref)
		return;
	wti_store(&timer->refd, ref);
	if (!timer->deadline.pending)
		return;
	if (ref)
		wti_loop_hold(timer->owner, WTI_HOLD_TIMER);
	else
		wti_loop_release(timer->owner, WTI_HOLD_TIMER);
}

void wt_timer_ref(wt_timer *timer)
{
	WTI_USES(timer, TIMER);
	timer_set_ref(timer, true);
}

void wt_timer_unref(wt_timer *timer)
{
	WTI_USES(timer, TIMER);
	timer_set_ref(timer, false);
}

bool wt_timer_has_ref(const wt_timer *timer)
{
	WTI_USES(timer, TIMER);
	return timer_is_own(timer) && wti_load(&timer->refd);
}

void wt_timer_destroy(wt_timer *timer)
{
	WTI_ENDS(timer, TIMER);
	if (timer_is_own(timer))
		timer_free(timer);
}
