/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <stdlib.h>
#include <wt/error.h>

#include "barrier.h"
#include "os.h"
#include "seam.h"
#include "trace.h"

/* Looks per poll, and what one look costs in pauses. */
enum {
	WAIT_POLL_MIN = 16,
	WAIT_POLL_START = 256,
	WAIT_POLL_MAX = 1024,
	WAIT_POLL_RETRY = 8,
	WAIT_WATCH = 256, /* looks, some microseconds, between two at how far the other side is: that costs it a line */
	WAIT_WATCHES = 32,
	WAIT_YIELDS = 4,
	WAIT_YIELDED_MAX = 16, /* polls in a row that a yield ended: see wait.h */
	WAIT_UNSAFE = 1000000 /* ns */
};

/* Whether polling can help: decided once, at the first wait. 0: not yet; else 1 no, 2 yes. */
static _Atomic(int) wait_polling;

static int wait_decide_polling(void)
{
	/* The hook exists so that benchmarks can measure a wake instead of a poll. */
	bool poll = wti_os->cpu_count() > 1 && !secure_getenv("WT_TEST_NO_POLL");

	wti_store(&wait_polling, poll ? 2 : 1);
	return poll ? 2 : 1;
}

bool wti_wait_may_poll(void)
{
	int polling = wti_load(&wait_polling);

	return (polling ? polling : wait_decide_polling()) == 2;
}

/* One wait: whose, for what, and whether terminate ends it. */
struct wait {
	struct wti_thread *self;
	const struct wti_wait_ops *ops;
	void *what;
	bool through;
};

static bool wait_ended(const struct wait *w)
{
	return !w->through && wti_thread_terminating(w->self);
}

static bool wait_over(const struct wait *w)
{
	return w->ops->ready(w->what) || wait_ended(w);
}

/*
 * How long to poll. Now and then as long as a wake takes, also where polling
 * was in vain: of two threads that answer each other, each that sleeps makes
 * the other one wait that long, and they would never find back.
 */
static unsigned wait_poll_budget(const struct wti_thread *self)
{
	if (!self->poll_budget)
		return WAIT_POLL_START;
	return self->poll_misses % WAIT_POLL_RETRY == WAIT_POLL_RETRY - 1 ? WAIT_POLL_MAX : self->poll_budget;
}

static void wait_poll_learn(struct wti_thread *self, unsigned budget, bool found)
{
	if (found)
		self->poll_budget = budget < WAIT_POLL_MAX ? budget * 2 : WAIT_POLL_MAX;
	else
		self->poll_budget = budget > WAIT_POLL_MIN ? budget / 2 : WAIT_POLL_MIN;
}

/* Let others have the processor, but now and then where that is all that helps: then to sleep is better. */
static bool wait_yield(const struct wait *w)
{
	bool found = false;

	if (w->self->poll_yielded == WAIT_YIELDED_MAX) {
		w->self->poll_yielded = 0;
		return false;
	}
	for (int i = 0; i < WAIT_YIELDS && !found; i++) {
		wti_os->yield();
		found = wait_over(w);
	}
	w->self->poll_yielded = found ? w->self->poll_yielded + 1 : 0;
	return found;
}

static bool wait_look(const struct wait *w, unsigned looks)
{
	bool found = false;

	for (unsigned i = 0; i < looks && !found; i++) {
		wti_cpu_relax();
		found = wait_over(w);
	}
	return found;
}

static bool wait_is_late(wt_time deadline)
{
	return deadline != WT_FOREVER && wti_os->clock() >= deadline;
}

/* As long as the other side gets on. */
static bool wait_watch(const struct wait *w, wt_time deadline)
{
	bool watches = w->ops->progress;
	uint64_t now = watches ? w->ops->progress(w->what) : 0;
	uint64_t last = 0;
	bool found = false;

	for (int i = 0; i < WAIT_WATCHES && now != last && !found && !wait_is_late(deadline); i++) {
		found = wait_look(w, WAIT_WATCH);
		last = now;
		now = w->ops->progress(w->what);
	}
	return found;
}

static bool wait_poll(const struct wait *w, wt_time deadline)
{
	unsigned budget = wait_poll_budget(w->self);
	bool found = wait_look(w, budget) || wait_watch(w, deadline);

	wait_poll_learn(w->self, budget, found);
	if (found)
		w->self->poll_yielded = 0;
	else
		found = wait_yield(w);
	w->self->poll_misses = found ? 0 : w->self->poll_misses + 1;
	return found;
}

/* The look after the announcement. It must not miss what was published before it: see source.h. */
static bool wait_recheck(const struct wait *w)
{
	if (WTI_MUTANT(WTI_MUTANT_NO_RECHECK))
		return false;
#ifdef WTI_TESTING
	if (WTI_MUTANT(WTI_MUTANT_RECHECK_DATA_ONLY))
		return w->ops->data_only ? w->ops->data_only(w->what) : w->ops->ready(w->what);
#endif
	return wait_over(w);
}

/* What this thread owes to others is given to them before it goes on without what it looked for. */
static void wait_pay(const struct wait *w)
{
	if (!WTI_MUTANT(WTI_MUTANT_ROOM_OWED))
		wti_thread_pay(w->self);
}

/* Announce, so that the look that follows cannot pass it; false when only a short sleep is safe. */
static bool wait_arm(const struct wait *w)
{
	bool safe;

	wait_pay(w);
	WTI_YIELD(WTI_YIELD_BEFORE_ARM, w->what);
	safe = w->ops->arm(w->what) || wti_barrier_heavy();
	WTI_YIELD(WTI_YIELD_ARMED, w->what);
	return safe;
}

/* The end of this sleep: the deadline, or soon where a wake may be lost for want of a barrier. */
static wt_time wait_until(wt_time deadline, bool safe)
{
	wt_time soon;

	if (wti_likely(safe))
		return deadline;
	soon = wt_after_ns(WAIT_UNSAFE);
	return soon < deadline ? soon : deadline;
}

static int wait_sleep(const struct wait *w, wt_time until)
{
	int err;

	if (w->ops->loop)
		wti_loop_time_sleep(&w->self->loop_time);
	wti_trace_mark(w->self, WTI_TRACE_PARK, 0);
	err = wti_park(&w->self->parker, until);
	wti_trace_end(w->self, err);
	if (w->ops->loop)
		wti_loop_time_wake(&w->self->loop_time);
	return err;
}

/* Let the others work; no longer than until the deadline. */
static bool wait_nap(const struct wait *w, int64_t nap, wt_time deadline)
{
	wt_time until = wt_after_ns((uint64_t)nap);

	if (nap)
		wait_sleep(w, until < deadline ? until : deadline);
	return wait_over(w);
}

/* What can be had without an announcement: by a nap or a poll, where they are worth their time. */
static bool wait_lightly(const struct wait *w, wt_time deadline)
{
	int64_t nap = w->ops->crowded ? w->ops->crowded(w->what) : WTI_WAIT_FREE;

	if (nap != WTI_WAIT_FREE)
		return wait_nap(w, nap, deadline);
	if (w->ops->hopeless || !wti_wait_may_poll() || wti_wait_is_for_start(w->self))
		return false;
	return wait_poll(w, deadline);
}

static void wait_show(const struct wait *w)
{
	wti_store(&w->self->sleeps_on, w->ops->object ? w->ops->object(w->what) : NULL);
	wti_store(&w->self->sleeps_since, wti_os->clock_coarse());
	wti_store(&w->self->sleeps_for, w->ops);
}

static void wait_park(const struct wait *w, wt_time deadline)
{
	bool safe;

	wait_show(w);
	safe = wait_arm(w);
	while (!wait_recheck(w)) {
		wt_time until = wait_until(deadline, safe);

		if (wait_sleep(w, until) != 0 && until == deadline)
			break;
		/* Woken in vain, it may do better to nap or poll; else to announce another sleep would be in vain. */
		if (w->ops->crowded || wait_recheck(w))
			break;
		safe = wait_arm(w); /* the wake may have been for it, and used the announcement up */
	}
	w->ops->disarm(w->what);
	wti_store(&w->self->sleeps_for, NULL);
}

/* What was not there at the first look. Whether it is there now. */
static bool wait_long(const struct wait *w, wt_time deadline)
{
	bool found;

	do {
		if (!wait_lightly(w, deadline))
			wait_park(w, deadline);
		/* What was there may be taken already: of several senders, each wants the same room. */
		found = w->ops->ready(w->what);
	} while (!found && !wait_ended(w) && (deadline == WT_FOREVER || wti_os->clock() < deadline));
	return found;
}

static int wait_outcome(const struct wait *w, bool found, wt_time deadline)
{
	if (wait_ended(w))
		return WT_ETERMINATED;
	if (found)
		return 0;
	return deadline == WT_NOW ? WT_EAGAIN : WT_ETIMEDOUT;
}

static int wait_for(const struct wait *w, wt_time deadline)
{
	bool found = w->ops->ready(w->what);
	int err;

	if (!found)
		wait_pay(w);
	if (found || deadline == WT_NOW || wait_ended(w))
		return wait_outcome(w, found, deadline);
	WTI_PROBE1(wait_begin, w->ops->name);
	wti_trace_mark(w->self, WTI_TRACE_WAIT, (uintptr_t)w->ops->name);
	err = wait_outcome(w, wait_long(w, deadline), deadline);
	wti_trace_end(w->self, err);
	WTI_PROBE2(wait_end, w->ops->name, err);
	return err;
}

void wti_wait_gather(unsigned pauses)
{
	if (wti_wait_may_poll())
		while (pauses--)
			wti_cpu_relax();
}

void wti_wait_gather_while(unsigned pauses, const _Atomic(uint64_t) *word, uint64_t value)
{
	if (!wti_wait_may_poll())
		return;
	while (pauses-- && wti_load_guess(word) == value) {
		WTI_YIELD(WTI_YIELD_GATHERING, NULL);
		wti_cpu_relax();
	}
}

int wti_wait(struct wti_thread *self, const struct wti_wait_ops *ops, void *what, wt_time deadline)
{
	return wait_for(&(struct wait){ .self = self, .ops = ops, .what = what }, deadline);
}

int wti_wait_through(struct wti_thread *self, const struct wti_wait_ops *ops, void *what, wt_time deadline)
{
	return wait_for(&(struct wait){ .self = self, .ops = ops, .what = what, .through = true }, deadline);
}
