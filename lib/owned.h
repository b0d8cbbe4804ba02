/* SPDX-License-Identifier: MIT
 *
 * What a thread owns, as others see it: those who describe the thread walk
 * its lists. They do so seldom, and pay for it: as long as nobody walks, a
 * change costs its owner some plain accesses.
 *
 * The owner says that it changes a list, and looks whether anybody walks; who
 * walks says so, and looks whether a change is under way: a store before a
 * load on each side, tag [owned-walk], with the walker's barrier for both
 * (barrier.h). While anybody walks, wherever, changes take the thread's lock;
 * where the system has no such barrier, they always do. The model:
 * tests/model/owned.pml.
 *
 * What stands on a list is there as long as the lock is held; of it only what
 * any thread may read is to be looked at.
 */
#ifndef WTI_OWNED_H
#define WTI_OWNED_H

#include "atomic.h"
#include "barrier.h"
#include "list.h"
#include "mutex.h"
#include "seam.h"

struct wti_owned {
	struct wti_mutex lock;       /* WTI_RANK_OWNED: a walk, or a change meanwhile */
	_Atomic(uint32_t) changing;  /* 1: the owner changes a list without the lock; who is to walk sleeps on it */
};

void wti_owned_init(struct wti_owned *owned);
void wti_owned_destroy(struct wti_owned *owned);

/* Who may sleep until a change is over. */
void wti_owned_wake_walker(struct wti_owned *owned);

extern _Atomic(uint32_t) wti_owned_walkers; /* how many, anywhere: written by them, read by owners */

/* A change is over that was begun without the lock. */
static inline void wti_owned_end_alone(struct wti_owned *owned)
{
	/* pairs with wti_owned_lock [owned-change]: who walks sees all of the change */
	wti_store_rel(&owned->changing, 0);
	wti_barrier_light();
	/* pairs with wti_owned_walk_begin [owned-walk]: the change is over, then a look whether anybody waits for that */
	if (wti_unlikely(wti_load_sc(&wti_owned_walkers)))
		wti_owned_wake_walker(owned);
}

/* Whether a change can do without the lock, as nobody walks: then it has begun. */
static inline bool wti_owned_begin_alone(struct wti_owned *owned)
{
	if (wti_unlikely(!wti_barrier_is_asymmetric()))
		return false;
	wti_mutex_check_rank(&owned->lock);
	wti_store(&owned->changing, 1);
	wti_barrier_light();
	/* pairs with wti_owned_walk_begin [owned-walk], and with wti_owned_walk_end: what was walked has been read */
	if (wti_likely(!wti_load_sc(&wti_owned_walkers)))
		return true;
	wti_owned_end_alone(owned);
	return false;
}

/* The owner begins to change its lists; true: without the lock. */
static inline bool wti_owned_begin(struct wti_owned *owned)
{
	bool alone = wti_owned_begin_alone(owned);

	if (wti_unlikely(!alone))
		wti_mutex_lock(&owned->lock);
	WTI_YIELD(WTI_YIELD_CHANGING, owned);
	return alone;
}

static inline void wti_owned_end(struct wti_owned *owned, bool alone)
{
	if (wti_likely(alone))
		wti_owned_end_alone(owned);
	else
		wti_mutex_unlock(&owned->lock);
}

/* An element of one of the lists. The owner; the creator of a worker, while that has not begun. */
static inline void wti_owned_add(struct wti_owned *owned, struct wti_list *list, struct wti_list *element)
{
	bool alone = wti_owned_begin(owned);

	wti_list_append(list, element);
	wti_owned_end(owned, alone);
}

static inline void wti_owned_remove(struct wti_owned *owned, struct wti_list *element)
{
	bool alone = wti_owned_begin(owned);

	wti_list_remove(element);
	wti_owned_end(owned, alone);
}

static inline void wti_owned_move_all(struct wti_owned *owned, struct wti_list *to, struct wti_list *list)
{
	bool alone = wti_owned_begin(owned);

	wti_list_move_all(to, list);
	wti_owned_end(owned, alone);
}

/* Any thread: lists will be walked, and no more. False when the system refused the barrier: then none may be. */
bool wti_owned_walk_begin(void);
void wti_owned_walk_end(void);

/* In between: the lists of a thread stand still. The caller keeps its record. */
void wti_owned_lock(struct wti_owned *owned);
void wti_owned_unlock(struct wti_owned *owned);

#endif
