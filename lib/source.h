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
	WTI_SOURCE_IDLE,    /* the owner knows and looks by itself, or does not care */
	WTI_SOURCE_ARMED,   /* the owner wants to hear */
	WTI_SOURCE_NOTIFIED /* it is on the owner's ready stack */
};

/* What the loop does with a source; all on the owner's thread. */
struct wti_source_ops {
	/* Call handlers for what is there, within a turn's share; the number of calls goes to *calls. */
	void (*turn)(struct wti_source *source, unsigned *calls);
	/* Whether a turn would do anything. */
	bool (*ready)(struct wti_source *source);
	/* Whether what is ready keeps the loop alive by itself, as a close event does; may be NULL. */
	bool (*holds)(struct wti_source *source);
	/* As wti_wait_ops.crowded; may be NULL. */
	int64_t (*crowded)(struct wti_source *source);
	/* The loop announces its sleep, or takes that back: for one that others look for elsewhere. May be NULL. */
	void (*sleeps)(struct wti_source *source, bool asleep);
};

/*
 * Others touch what comes first, up to the part of the lock that they write, and touch nothing behind it: a port lays
 * that out as a cache line.
 */
struct wti_source {
	_Atomic(uint32_t) state; /* IDLE <-> ARMED by the owner, ARMED -> NOTIFIED under the lock, NOTIFIED -> IDLE by the owner */
	_Atomic(struct wti_thread *) owner; /* written by it, under the lock; NULL: none */
	struct wti_source *ready_next; /* the ready stack: written by the pusher, then the owner */
	struct wti_mutex lock;   /* WTI_RANK_SOURCE: who is owner, and the push to it */
	/* Owner only. */
	struct wti_list hot;    /* on its list of sources to look at, wti_thread.hot */
	uint32_t idle_passes;   /* of the loop that found nothing since it was heated */
	const struct wti_source_ops *ops; /* set at create */
};

void wti_source_init(struct wti_source *source, const struct wti_source_ops *ops, struct wti_thread *owner);
void wti_source_destroy(struct wti_source *source);

/* Take the ownership away from the calling thread: afterwards it is on none of its lists, and nobody wakes it. */
void wti_source_detach(struct wti_source *source);

/* Give one that was detached to the calling thread, which then looks at it by itself. */
void wti_source_attach(struct wti_source *source, struct wti_thread *self);

void wti_source_notify_slow(struct wti_source *source);

/* After publishing: wake the owner if it is armed. Any thread that keeps the source alive. */
static inline void wti_source_notify(struct wti_source *source)
{
	wti_barrier_light();
	/* pairs with wti_source_arm [source-1]: our publication comes before this load */
	if (wti_unlikely(wti_load_sc(&source->state) == WTI_SOURCE_ARMED))
		wti_source_notify_slow(source);
}

/* Owner: announce the sleep. Then the heavy barrier, then look at the source again. */
static inline void wti_source_arm(struct wti_source *source)
{
	uint32_t expected = WTI_SOURCE_IDLE;

	if (WTI_MUTANT(WTI_MUTANT_ARM_RELEASE)) {
		if (wti_load(&source->state) == WTI_SOURCE_IDLE)
			wti_store_rel(&source->state, WTI_SOURCE_ARMED); /* the wrong version [source-1] */
		return;
	}
	/* pairs with wti_source_notify [source-1]; one that is NOTIFIED has its wake on the way */
	wti_cas_sc(&source->state, &expected, WTI_SOURCE_ARMED);
}

/* Owner: take the announcement back. */
static inline void wti_source_disarm(struct wti_source *source)
{
	uint32_t expected = WTI_SOURCE_ARMED;

	/* Relaxed: whoever read ARMED before us notifies, which is harmless. */
	wti_cas(&source->state, &expected, WTI_SOURCE_IDLE);
}

/* Owner: put the source on the thread's list of those that the loop looks at. */
void wti_source_heat(struct wti_source *source);

/* Owner: take a source that was armed, with the heavy barrier after it, off that list, unless it is ready again. */
void wti_source_cool(struct wti_source *source);

/* Owner: move all that were notified to that list. */
void wti_source_collect(struct wti_thread *self);

#endif
