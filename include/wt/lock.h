/* SPDX-License-Identifier: MIT
 *
 * Named locks, for the whole process: a name is any byte string, and stands
 * for whatever the program wants one thread, or several readers, to use at a
 * time. The rules are those of Web Locks: requests of one name are granted in
 * the order in which they came, and never before one that came earlier.
 *
 * A wt_lock is one request, and then the lock that it was granted. It
 * belongs to the thread that made it, which releases it; the thread's end
 * does so too, however it comes.
 */
#ifndef WT_LOCK_H
#define WT_LOCK_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

enum {
	WT_LOCK_EXCLUSIVE = 0, /* held by one at a time */
	WT_LOCK_SHARED = 1     /* held by any number, while nobody holds it exclusively */
};

/* Zero means the default in every field. */
typedef struct wt_lock_options {
	size_t size;       /* of this struct: set by WT_LOCK_OPTIONS or wt_lock_options_init */
	int mode;          /* WT_LOCK_EXCLUSIVE or WT_LOCK_SHARED */
	bool if_available; /* do not wait: WT_EAGAIN */
	bool steal;        /* take it from its holders, before all who wait; exclusive, without if_available */
} wt_lock_options;

#ifndef __cplusplus
#define WT_LOCK_OPTIONS(...) (&(const wt_lock_options){ .size = sizeof(wt_lock_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_lock_options_init(wt_lock_options *options);

/*
 * Wait until the lock of this name is granted, or until `deadline`. On
 * success *lock is the caller's until wt_lock_release or its thread's end.
 * Any thread.
 *
 * Returns 0; WT_EAGAIN (if_available, WT_NOW) where it would have to wait;
 * WT_ETIMEDOUT; WT_ETERMINATED; WT_EDEADLK where it would wait for a lock
 * that the calling thread itself holds or has requested; WT_EINVAL; WT_E2BIG;
 * WT_EOVERFLOW; WT_ENOMEM. On failure *lock is NULL, and nothing is held or
 * waited for.
 */
WT_API WT_NODISCARD int wt_lock_acquire(wt_lock **lock, const void *name, size_t name_size,
					const wt_lock_options *options, wt_time deadline);

/* Called with 0 when the lock was granted, or with WT_ETIMEDOUT. It may release the lock. */
typedef void wt_lock_fn(wt_lock *lock, int result, void *arg);

/*
 * The same without waiting: 0 means that the request stands. The calling
 * thread's loop calls `fn` once when it is over, and stays alive until then.
 * *lock is the caller's until wt_lock_release, which also takes back a
 * request that is pending: `fn` is then not called. Any thread.
 *
 * Returns 0; WT_EAGAIN (if_available, WT_NOW) or WT_ETIMEDOUT, when the
 * deadline has passed already, where it would have to wait; else as
 * wt_lock_acquire, without WT_EDEADLK. On failure *lock is NULL.
 */
WT_API WT_NODISCARD int wt_lock_request(wt_lock **lock, const void *name, size_t name_size,
					const wt_lock_options *options, wt_lock_fn *fn, void *arg, wt_time deadline);

/* Give the lock back, or take the request back, and free it. NULL is ignored. Owner. */
WT_API void wt_lock_release(wt_lock *lock);

/* Whether the lock is granted, and neither stolen nor timed out. Owner. */
WT_API bool wt_lock_is_held(const wt_lock *lock);

/* Whether another request has stolen the lock. Owner. */
WT_API bool wt_lock_is_stolen(const wt_lock *lock);

/*
 * Let the thread's loop call `fn` when the lock has been stolen, once; it may
 * release the lock. NULL removes it. The loop is not kept alive. Owner.
 */
WT_API void wt_lock_on_stolen(wt_lock *lock, void (*fn)(wt_lock *lock, void *arg), void *arg);

/* The name, and its size in *size, which may be NULL; lasts as long as the lock. NULL for NULL. Any thread. */
WT_API const void *wt_lock_name(const wt_lock *lock, size_t *size);

/* WT_LOCK_EXCLUSIVE, also for NULL, or WT_LOCK_SHARED. Any thread. */
WT_API int wt_lock_mode(const wt_lock *lock);

/* ---- Who holds, who waits ---- */

/* One lock that is held, or requested. */
typedef struct wt_lock_info {
	const void *name;
	size_t name_size;
	uint64_t thread_id; /* of the thread that holds or requests it */
	int mode;           /* WT_LOCK_EXCLUSIVE or WT_LOCK_SHARED */
	bool pending;       /* requested, not held */
	unsigned cycle;     /* from 1: the cycle of threads waiting for each other that it is part of; 0: none */
} wt_lock_info;

/*
 * What was held and requested in the whole process at one moment. The caller
 * owns the snapshot. Any thread.
 *
 * Returns 0; WT_EINVAL for NULL; WT_ENOMEM. On failure *snapshot is NULL.
 */
WT_API WT_NODISCARD int wt_lock_query(wt_lock_snapshot **snapshot);

/* How many there are; 0 for NULL. Any thread. */
WT_API size_t wt_lock_snapshot_count(const wt_lock_snapshot *snapshot);

/*
 * One of them; NULL from the count on. They are in the order of their names;
 * of each name those that are held, then those that are requested, in the
 * order in which they were granted and will be. Any thread.
 */
WT_API const wt_lock_info *wt_lock_snapshot_at(const wt_lock_snapshot *snapshot, size_t index);

/* Free it, and what wt_lock_snapshot_at has returned. NULL is ignored. Any thread. */
WT_API void wt_lock_snapshot_destroy(wt_lock_snapshot *snapshot);

WT_END_DECLS

#endif
