/* SPDX-License-Identifier: MIT
 *
 * Named locks. All requests of the process, pending or granted, are in one
 * table under one mutex, in buckets by the hash of their name. A request is
 * appended to the pending ones of its bucket, and moved to the held ones when
 * none of its name is pending before it and none that is held conflicts
 * with it. That is looked at whenever one of the name leaves, for any reason.
 *
 *	PENDING --granted--> HELD --stolen--> STOLEN
 *	   |                  |                 |
 *	   '-timed out, taken back, released, its thread's end--> LEFT
 *
 * The state changes under the mutex. The owner reads it without: what it
 * reads is true, or was a moment ago. The struct is freed by the owner, after
 * it has left under the mutex: nobody knows of it then.
 *
 * lock.c          the table; release
 * lock_acquire.c  a thread that waits
 * lock_request.c  a request that the loop completes; stolen events
 * lock_query.c    a snapshot of the table
 * lock_cycle.c    who of that waits in circles
 */
#ifndef WTI_LOCK_H
#define WTI_LOCK_H

#include <wt/lock.h>

#include "atomic.h"
#include "deadline.h"
#include "list.h"
#include "misuse.h"
#include "source.h"
#include "thread.h"

enum wti_lock_state {
	WTI_LOCK_PENDING,
	WTI_LOCK_HELD,
	WTI_LOCK_STOLEN,
	WTI_LOCK_LEFT
};

struct wt_lock {
	WTI_HANDLE

	/* Set before it is entered. */
	struct wti_thread *owner;
	const void *name; /* in the same block */
	size_t name_size;
	uint64_t hash;
	int mode;

	/* Under the mutex of the table. */
	struct wti_list link; /* pending or held, of its bucket */
	uint64_t serial;      /* orders those of one name: when requested, then when granted */
	bool sleeps;          /* the owner waits in its parker, not in its loop */

	/* Atomic: written under the mutex, read by the owner. */
	_Atomic(uint32_t) state; /* enum wti_lock_state */

	/* Owner only. */
	struct wti_list owned; /* wti_thread.locks */
	struct wti_deadline deadline;
	wt_lock_fn *fn; /* not told yet; NULL: told, or nobody to tell */
	void *arg;
	void (*on_stolen)(wt_lock *lock, void *arg); /* not told yet */
	void *on_stolen_arg;
	struct wti_source source; /* the owner's loop hears of grant and theft; its lock is taken by those who tell */
};

/* ---- lock.c ---- */

/*
 * A request of the calling thread from what a public call was given. 0: it is
 * in `lock`, on its owner's list and in no table yet, and the options are in
 * `read`. Else the error to return.
 */
int wti_lock_create(struct wt_lock **lock, wt_lock_options *read, const void *name, size_t name_size,
		    const wt_lock_options *options, wt_time deadline);

/*
 * Enter the table. 0: it is held, or pending. WT_EAGAIN, not entered: it
 * would be pending, and `available` forbids that. WT_EDEADLK, not entered: it
 * sleeps, and would be pending for the sake of its own thread.
 */
int wti_lock_enter(struct wt_lock *lock, bool available, bool steal);

/* If it is pending, leave: true. Else it was granted, and whoever did so is done with it. */
bool wti_lock_withdraw(struct wt_lock *lock);

/* Wait until whoever is changing the table has told all whom it concerns. */
void wti_lock_pass(void);

/* Leave, from any state, and free. Owner. */
void wti_lock_free(struct wt_lock *lock);

/* Show each request, held or pending, under the mutex: `fn` may not call back. */
void wti_lock_each(void (*fn)(const struct wt_lock *lock, void *arg), void *arg);

static inline bool wti_lock_is_own(const struct wt_lock *lock)
{
	return lock && lock->owner == wti_thread_peek();
}

/* ---- lock_request.c ---- */

extern const struct wti_source_ops wti_lock_source_ops;

/* The loop is not to call for this request any more, nor to wait for it. */
void wti_lock_silence(struct wt_lock *lock);

/* ---- lock_query.c ---- */

/* One request of a snapshot, with what orders those of its name. */
struct wti_lock_entry {
	wt_lock_info info;
	uint64_t serial;
};

int wti_lock_compare_names(const wt_lock_info *a, const wt_lock_info *b);

/* As wt_lock_query, for the library itself, at whose snapshot nobody looks when the process ends. Not in a fork. */
int wti_lock_query(wt_lock_snapshot **snapshot);

/* ---- lock_cycle.c ---- */

/* Number the cycles of a snapshot that is in order (wt_lock_snapshot_at), in info.cycle, which is 0. 0 or WT_ENOMEM. */
int wti_lock_find_cycles(struct wti_lock_entry *entries, size_t count);

#endif
