/* SPDX-License-Identifier: MIT
 *
 * Threads that wait for the same thing: senders for room in a port, joiners
 * for a worker's end. Each adds itself (its announcement, seq_cst), looks
 * again, and sleeps in its parker; whoever changes the thing publishes, then
 * looks whether anybody waits. A store before a load on both sides: seq_cst,
 * but for room in a ring, where the waiter has an asymmetric barrier
 * (barrier.h). Tag [waiters-1].
 */
#ifndef WTI_WAITERS_H
#define WTI_WAITERS_H

#include "atomic.h"
#include "barrier.h"
#include "list.h"
#include "mutex.h"

struct wti_thread;

struct wti_waiters {
	_Atomic(uint32_t) count; /* written under the lock */
	struct wti_mutex lock;   /* WTI_RANK_WAITERS */
	struct wti_list list;    /* under the lock: wti_waiter.link */
};

/* One thread's wait, on its stack; removed before the frame ends. */
struct wti_waiter {
	struct wti_list link;
	struct wti_thread *thread;
};

void wti_waiters_init(struct wti_waiters *waiters);
void wti_waiters_destroy(struct wti_waiters *waiters);

void wti_waiter_init(struct wti_waiter *waiter, struct wti_thread *thread);
/* Add again, remove again: nothing happens. */
void wti_waiters_add(struct wti_waiters *waiters, struct wti_waiter *waiter);
void wti_waiters_remove(struct wti_waiters *waiters, struct wti_waiter *waiter);

/* Unpark everyone; each looks for itself whether its wait is over. */
void wti_waiters_wake(struct wti_waiters *waiters);

/*
 * The same for the one who has waited longest, where only one can have it. Who
 * has it afterwards wakes the next when it gives it back, and so does one that
 * was woken and leaves without it.
 */
void wti_waiters_wake_first(struct wti_waiters *waiters);

/* Whether somebody waits, after publishing. */
static inline bool wti_waiters_any(struct wti_waiters *waiters)
{
	wti_barrier_light();
	return wti_load_sc(&waiters->count) != 0; /* pairs with wti_waiters_add [waiters-1] */
}

#endif
