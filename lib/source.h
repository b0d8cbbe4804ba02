/* SPDX-License-Identifier: MIT
 *
 * A source: something of one thread that other threads make ready, a port
 * or a worker. It is the half of the sleep-and-wake protocol that lies
 * between "there is something" and the owner's parker (park.h).
 *
 * The owner arms a source when it has found nothing there, and looks once
 * more. Whoever makes it ready publishes first, then looks whether it is
 * armed. A store before a load on each side, so one of them sees the other,
 * if neither load passes its store: Dekker's pattern, tag [source-1]. Both
 * sides use seq_cst accesses, but for producers of messages where the owner
 * has an asymmetric barrier (barrier.h), which it issues after arming. A
 * source that is not armed costs its producers one load, of a line that
 * does not change.
 *
 * NOTIFIED means that the source is on its owner's ready stack: it changes
 * with the push, under the lock, so it is never pushed twice, and who has
 * taken the ownership away under the same lock knows where to look.
 *
 * A loop with many ports cannot afford a heavy barrier for each that has
 * fallen quiet, nor to look at all of them until there are enough to share
 * one, or those looks cost as much. So a source may be BRIEF, from an arming with a barrier on: as long as
 * it is, whoever makes it ready also writes `state`, as the owner does when
 * it takes a notification and when it arms. Of two writes of one word, the
 * later one sees all that came before the earlier; that is tag
 * [source-brief], and the owner arms again for the price of one
 * compare-and-swap. Posts to a port that is looked at all the time would pay
 * for that: the owner makes it IDLE, which needs nothing; the way back takes a
 * barrier. tests/model/brief.pml has been searched for what breaks this.
 *
 * Nor can a process afford a barrier for each sleep: it interrupts all others
 * of its threads that run. So who sleeps for nearly each message makes the
 * port BRIEF, and a loop that does, or a select, all of its ports.
 *
 * Kept because it measures better: a message to any of 4096 ports of a loop
 * went from 1110 ns to 340. A round trip in which both sides sleep went from
 * 1.31, 1.25 and 1.21 of one by bare futexes to 1.03, 1.00 and 1.04 in three
 * runs of 21 rounds (AMD), and makes no system call but theirs.
 */
#ifndef WTI_SOURCE_H
#define WTI_SOURCE_H

#include "atomic.h"
#include "barrier.h"
#include "base.h"
#include "list.h"
#include "mutex.h"
#include "seam.h"

struct wti_source;
struct wti_thread;

enum wti_source_state {
	WTI_SOURCE_IDLE = 0,     /* the owner knows and looks by itself, or does not care */
	WTI_SOURCE_ARMED = 1,    /* the owner wants to hear */
	WTI_SOURCE_NOTIFIED = 2, /* it is on the owner's ready stack */
	WTI_SOURCE_BRIEF = 4     /* by itself, or with one of the two others: see above */
};

/* What the loop does with a source; all on the owner's thread. */
struct wti_source_ops {
	/* Whoever makes it ready calls wti_source_notify after it, and looks nowhere else: it may be BRIEF. */
	bool brief;
	/* Call handlers for what is there, within a turn's share; the number of calls goes to *calls. */
	void (*turn)(struct wti_source *source, unsigned *calls);
	/* Whether a turn would do anything. */
	bool (*ready)(struct wti_source *source);
	/* It is not looked at any more: if the owner makes it ready, it calls wti_loop_watch. May be NULL. */
	void (*leave)(struct wti_source *source);
	/* Whether what is ready keeps the loop alive by itself, as a close event does; may be NULL. */
	bool (*holds)(struct wti_source *source);
	/* As wti_wait_ops.crowded; may be NULL. */
	int64_t (*crowded)(struct wti_source *source);
	/*
	 * A look will come soon: ask for the cache lines that it takes; may be NULL. Called twice, when the source was
	 * notified and right before the look at the one before it: what the first call asked for is there at the second.
	 * Kept because it measures better: a message to any of 4096 ports went from 340 ns to 240, to any of 16 from 95 to 83.
	 */
	void (*approach)(struct wti_source *source);
	/* The loop announces its sleep, or takes that back: for one that others look for elsewhere. May be NULL. */
	void (*sleeps)(struct wti_source *source, bool asleep);
};

/*
 * Others touch what comes first, up to the part of the lock that they write, and touch nothing behind it: a port lays
 * that out as a cache line.
 */
struct wti_source {
	_Atomic(uint32_t) state; /* changed by the owner, but for ARMED -> NOTIFIED, which is under the lock */
	uint32_t ready_before; /* as ready_next; a guess: which one was pushed WTI_READY_GUESSES before this one */
	_Atomic(struct wti_thread *) owner; /* written by it, under the lock; NULL: none */
	struct wti_source *ready_next; /* the ready stack: written by the pusher, then the owner */
	struct wti_mutex lock;   /* WTI_RANK_SOURCE: who is owner, and the push to it */
	/* Owner only. */
	struct wti_list hot;    /* on its list of sources to look at, wti_thread.hot */
	uint16_t idle_passes;   /* of the loop that found nothing since it was heated; 0 again after the most */
	bool rests;             /* let go for a sleep: as soon as there is none, it is looked at again, as it was before */
	uint32_t served_pass;   /* wti_thread.loop_passes at the last that found something */
	const struct wti_source_ops *ops; /* set at create */
};

void wti_source_init(struct wti_source *source, const struct wti_source_ops *ops, struct wti_thread *owner);
void wti_source_destroy(struct wti_source *source);

/* Take the ownership away from the calling thread: afterwards it is on none of its lists, and nobody wakes it. */
void wti_source_detach(struct wti_source *source);

/* Give one that was detached to the calling thread, which then looks at it by itself. */
void wti_source_attach(struct wti_source *source, struct wti_thread *self);

void wti_source_notify_slow(struct wti_source *source);

/*
 * Before publishing: ask for the line that a notification will write, while there is still something else to do.
 * Whether there will be one, as far as can be told.
 */
static inline bool wti_source_approach(struct wti_source *source)
{
	/* Relaxed: only a guess. */
	if (wti_likely(!(wti_load(&source->state) & WTI_SOURCE_ARMED)))
		return false;
	wti_prefetch_write(&source->state);
	return true;
}

/* After publishing: whether there is no need to notify. Any thread that keeps the source alive. */
static inline bool wti_source_is_quiet(const struct wti_source *source)
{
	wti_barrier_light();
	/* pairs with wti_source_arm [source-1]: our publication comes before this load */
	return !(wti_load_sc(&source->state) & (WTI_SOURCE_ARMED | WTI_SOURCE_BRIEF));
}

/* After publishing: wake the owner if it is armed. Any thread that keeps the source alive. */
static inline void wti_source_notify(struct wti_source *source)
{
	if (wti_unlikely(!wti_source_is_quiet(source)))
		wti_source_notify_slow(source);
}

/* Owner: from the state that was seen; but what others change is only whether an armed one is notified. */
static inline void wti_source_announce(struct wti_source *source, uint32_t state, uint32_t armed)
{
	if (WTI_MUTANT(WTI_MUTANT_ARM_RELEASE) && state == WTI_SOURCE_IDLE)
		wti_store_rel(&source->state, armed); /* the wrong version [source-1] */
	else
		wti_cas_sc(&source->state, &state, armed); /* pairs with wti_source_is_quiet [source-1], and [source-brief] */
}

/*
 * Owner: announce the sleep. Then look at the source again: at once where this is true, for the source is BRIEF; else
 * behind the heavy barrier.
 */
static inline bool wti_source_arm(struct wti_source *source)
{
	/* Relaxed, here and below: see wti_source_announce. */
	uint32_t state = wti_load(&source->state);

	/* One that is NOTIFIED has its wake on the way. */
	if (!(state & (WTI_SOURCE_ARMED | WTI_SOURCE_NOTIFIED)))
		wti_source_announce(source, state, state | WTI_SOURCE_ARMED);
	return (state & WTI_SOURCE_BRIEF) != 0;
}

/* The same; after the heavy barrier it is one that need not have the next. */
static inline bool wti_source_arm_brief(struct wti_source *source)
{
	uint32_t state = wti_load(&source->state);

	if (state != WTI_SOURCE_IDLE || !source->ops->brief)
		return wti_source_arm(source);
	wti_source_announce(source, state, WTI_SOURCE_BRIEF | WTI_SOURCE_ARMED);
	return false;
}

/* Owner, where the system refused the barrier behind its arming: it is armed still, and is to have the next one. */
static inline void wti_source_end_brief(struct wti_source *source)
{
	uint32_t state = wti_load(&source->state);

	/* Relaxed: nothing is read through it. */
	while (state & WTI_SOURCE_BRIEF && !wti_cas(&source->state, &state, state - WTI_SOURCE_BRIEF))
		;
}

/* Owner: take the announcement back. */
static inline void wti_source_disarm(struct wti_source *source)
{
	uint32_t state = wti_load(&source->state);

	/* Relaxed: whoever read ARMED before us notifies, which is harmless; and what the next arming is to see, it sees. */
	if (state & WTI_SOURCE_ARMED)
		wti_cas(&source->state, &state, state - WTI_SOURCE_ARMED);
}

/* Owner: whether whoever makes it ready next will notify; not where somebody has done so. */
static inline bool wti_source_is_armed(const struct wti_source *source)
{
	return (wti_load(&source->state) & WTI_SOURCE_ARMED) != 0;
}

/* Owner: whether it may be armed without the heavy barrier. */
static inline bool wti_source_is_brief(const struct wti_source *source)
{
	return (wti_load(&source->state) & WTI_SOURCE_BRIEF) != 0;
}

/* Owner, of one that is not armed: it is looked at all the time. */
static inline void wti_source_prolong(struct wti_source *source)
{
	if (wti_load(&source->state) == WTI_SOURCE_BRIEF)
		wti_store(&source->state, WTI_SOURCE_IDLE);
}

/* Owner: put the source on the thread's list of those that the loop looks at. */
void wti_source_heat(struct wti_source *source);

/* Owner: there was something for it. Who is served again so soon is looked at all the time from then on. */
void wti_source_served(struct wti_source *source);

/* Owner: take a source that is armed off that list. */
void wti_source_leave(struct wti_source *source);

/* The same, unless it is ready again; it was armed so that this look is ordered. */
void wti_source_cool(struct wti_source *source);

/* Owner: the calling thread, which sleeps often, does so for any of its sources. Those that it is woken for stay brief. */
void wti_source_note_sleep(struct wti_thread *self);

/* Owner: move all that were notified to that list. */
void wti_source_collect(struct wti_thread *self);

#endif
