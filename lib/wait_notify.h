/* SPDX-License-Identifier: MIT
 *
 * Waiting on a cell, and notify (A1). A futex of the system's compares 32
 * bits, promises no order, and wakes threads only; so the waiters lie in a
 * table of ours, hashed by the cell's address into buckets, each with a lock
 * and a list in the order of arrival.
 *
 * The cell is compared under the bucket's lock, and notify takes it too: one
 * that follows a change of the cell comes after the waiter is on the list, or
 * before the comparison, which then sees the change. Who is on the list is
 * taken off by exactly one: by notify, which counts it as woken, or by its
 * own thread, which gives up. So counts are exact, and a waiter that was
 * counted returns 0 whatever else has happened to it, a terminate included.
 *
 * A thread polls the cell for a moment before it enters: what changes then
 * has changed before the wait began. Two threads that take turns at a cell
 * thus never touch the table but for the notify, which finds nobody.
 *
 * wait_notify.c  the table; threads that wait
 * wait_async.c   waits that the loop completes
 */
#ifndef WTI_WAIT_NOTIFY_H
#define WTI_WAIT_NOTIFY_H

#include <wt/atomics.h>

#include "atomic.h"
#include "atomics.h"
#include "base.h"
#include "list.h"

struct wti_source;
struct wti_thread;

/* One wait: on the stack of the thread that waits, or in its asynchronous wait. */
struct wti_cell_waiter {
	/* Set before it is entered. */
	const void *address;
	struct wti_thread *thread; /* that waits */
	struct wti_source *source; /* that hears of the notify, armed; NULL: the thread sleeps until then */

	/* Under the lock of the bucket. */
	struct wti_list link;

	/* Atomic: set by notify, and the last that it touches of a thread's wait. */
	_Atomic(uint32_t) woken;
};

/* Whether waits of this width exist. */
static inline bool wti_cell_can_wait(unsigned width)
{
	return width >= sizeof(uint32_t);
}

/* Compare the cell with `expected`, cut to its width, and enter the waiter. 0; WT_EAGAIN where it differs. */
int wti_cell_enter(const struct wti_cell *cell, uint64_t expected, struct wti_cell_waiter *waiter);

/*
 * Take the waiter off: true, and no notify has reached it nor will. False
 * where one has: it was counted as woken, and the notifier is done with it.
 */
bool wti_cell_leave(struct wti_cell_waiter *waiter);

/* Whether a notify has reached the waiter. */
static inline bool wti_cell_woken(struct wti_cell_waiter *waiter)
{
	return wti_load_acq(&waiter->woken); /* pairs with cell_wake [woken-1] */
}

#endif
