/* SPDX-License-Identifier: MIT */
#include "wait_notify.h"

#include "fork.h"
#include "hash.h"
#include "mutex.h"
#include "seam.h"
#include "source.h"
#include "thread.h"
#include "wait.h"

enum { CELL_BUCKETS_LOG2 = 8 };

struct cell_bucket {
	WTI_CACHE_ALIGNED struct wti_mutex lock; /* WTI_RANK_CELLS */
	struct wti_list waiters;                 /* under the lock: wti_cell_waiter.link, of all cells of the bucket */
};

static struct cell_bucket cell_buckets[1 << CELL_BUCKETS_LOG2];
static pthread_once_t cell_once = PTHREAD_ONCE_INIT;

static void cell_init(void)
{
	for (size_t i = 0; i < sizeof cell_buckets / sizeof *cell_buckets; i++) {
		wti_mutex_init(&cell_buckets[i].lock, WTI_RANK_CELLS);
		wti_list_init(&cell_buckets[i].waiters);
	}
}

static struct cell_bucket *cell_bucket(const void *address)
{
	pthread_once(&cell_once, cell_init);
	return &cell_buckets[wti_hash_bucket((uintptr_t)address, CELL_BUCKETS_LOG2)];
}

static struct wti_cell_waiter *cell_waiter(struct wti_list *link)
{
	return wti_list_entry(link, struct wti_cell_waiter, link);
}

/* ---- Enter, leave, wake ---- */

static bool cell_holds(const struct wti_cell *cell, uint64_t expected)
{
	/* seq_cst as in wt_atomics_load [cells-1]; what makes the wait safe is the lock */
	if (cell->width == sizeof(uint32_t))
		return wti_load_sc((_Atomic(uint32_t) *)cell->address) == (uint32_t)expected;
	return wti_load_sc((_Atomic(uint64_t) *)cell->address) == expected; /* [cells-1] */
}

int wti_cell_enter(const struct wti_cell *cell, uint64_t expected, struct wti_cell_waiter *waiter)
{
	struct cell_bucket *bucket = cell_bucket(cell->address);
	bool holds;

	waiter->address = cell->address;
	wti_store(&waiter->woken, 0);
	wti_list_init(&waiter->link);
	wti_mutex_lock(&bucket->lock);
	holds = cell_holds(cell, expected) || WTI_MUTANT(WTI_MUTANT_CELL_COMPARED_EARLY);
	if (holds)
		wti_list_append(&bucket->waiters, &waiter->link);
	wti_mutex_unlock(&bucket->lock);
	return holds ? 0 : WT_EAGAIN;
}

bool wti_cell_leave(struct wti_cell_waiter *waiter)
{
	struct cell_bucket *bucket = cell_bucket(waiter->address);
	bool left;

	wti_mutex_lock(&bucket->lock);
	left = !wti_list_empty(&waiter->link);
	wti_list_remove(&waiter->link);
	wti_mutex_unlock(&bucket->lock);
	return left;
}

/*
 * Take one waiter off and tell it. A thread that sees `woken` may return at
 * once and end, so its parker gets the token first: one that takes the token
 * before it sees the word passes through the lock (cell_wait_arm). Only the
 * address of the parker is used after the lock. An asynchronous wait cannot
 * go before its thread has passed through the lock (wti_cell_leave).
 */
static void cell_wake(struct wti_cell_waiter *waiter, struct wti_sleepers *sleepers)
{
	wti_list_remove(&waiter->link);
	if (waiter->source) {
		/* seq_cst: published before the look at the source [source-1]; also [woken-1] */
		wti_store_sc(&waiter->woken, 1);
		wti_source_notify(waiter->source);
		return;
	}
	wti_sleepers_unpark(sleepers, &waiter->thread->parker);
	WTI_YIELD(WTI_YIELD_WAKING, waiter);
	wti_store_rel(&waiter->woken, 1); /* pairs with wti_cell_woken [woken-1] */
}

static size_t cell_notify(const void *address, size_t count)
{
	struct cell_bucket *bucket = cell_bucket(address);
	struct wti_sleepers sleepers = { .count = 0 };
	struct wti_list *link, *next;
	size_t woken = 0;

	wti_mutex_lock(&bucket->lock);
	for (link = bucket->waiters.next; link != &bucket->waiters && woken < count; link = next) {
		next = link->next;
		if (cell_waiter(link)->address == address) {
			cell_wake(cell_waiter(link), &sleepers);
			woken++;
		}
	}
	wti_mutex_unlock(&bucket->lock);
	wti_sleepers_wake(&sleepers);
	return woken;
}

/* ---- A thread that waits ---- */

struct cell_wait {
	struct wti_cell cell;
	uint64_t expected;
	wt_shared *shared; /* of the cell; held while entered; may be NULL */
	struct wti_cell_waiter waiter;
	bool entered;
	bool differs; /* seen once, it stays so: the wait has not begun and will not */
};

static bool cell_wait_ready(void *what)
{
	struct cell_wait *wait = what;

	if (wait->entered)
		return wti_cell_woken(&wait->waiter);
	if (!wait->differs)
		wait->differs = !cell_holds(&wait->cell, wait->expected);
	return wait->differs;
}

/*
 * The announcement is to enter the list. Later ones follow a token: they let
 * the notify that may have given it come to its end, so that whoever took the
 * token sees `woken` afterwards.
 */
static bool cell_wait_arm(void *what)
{
	struct cell_wait *wait = what;
	struct cell_bucket *bucket;

	if (!wait->entered) {
		/* First: once it has entered, a notify may count it, and who called that let go of the memory (A2). */
		wt_shared_hold(wait->shared);
		wait->differs = wti_cell_enter(&wait->cell, wait->expected, &wait->waiter) != 0;
		wait->entered = !wait->differs;
		if (!wait->entered)
			wt_shared_release(wait->shared);
		return true;
	}
	bucket = cell_bucket(wait->cell.address);
	wti_mutex_lock(&bucket->lock);
	wti_mutex_unlock(&bucket->lock);
	return true;
}

static void cell_wait_disarm(void *what)
{
	(void)what; /* cell_wait leaves, where that is still to be done */
}

static const void *cell_wait_object(void *what)
{
	const struct cell_wait *wait = what;

	return wait->cell.address;
}

static const struct wti_wait_ops cell_wait_ops = {
	.name = "cell",
	.kind = "cell",
	.object = cell_wait_object,
	.ready = cell_wait_ready,
	.arm = cell_wait_arm,
	.disarm = cell_wait_disarm,
};

static int cell_wait(struct cell_wait *wait, wt_time deadline)
{
	struct wti_thread *self = wti_thread_self();
	int err;

	if (!self)
		return wti_fork_error(WT_ENOMEM);
	wait->waiter.thread = self;
	err = wti_wait(self, &cell_wait_ops, wait, deadline);
	if (wait->entered) {
		/* One that was taken off by a notify is among its count, so it was woken. */
		if (err && !wti_cell_leave(&wait->waiter))
			err = 0;
		wt_shared_release(wait->shared);
		return err;
	}
	if (wait->differs && err != WT_ETERMINATED)
		return WT_EAGAIN;
	return err == WT_EAGAIN ? WT_ETIMEDOUT : err; /* WT_NOW: the cell is as expected, and time is up */
}

/* ---- The public faces ---- */

int wt_atomics_wait(wt_shared *shared, int type, size_t index, int64_t expected, wt_time deadline)
{
	struct cell_wait wait = { .expected = (uint64_t)expected, .shared = shared };
	int err = wti_cell_find(&wait.cell, shared, type, index);

	WTI_USES(shared, SHARED);
	if (err)
		return err;
	if (deadline < 0 || !wti_cell_can_wait(wait.cell.width))
		return WT_EINVAL;
	return cell_wait(&wait, deadline);
}

int wt_atomics_notify(wt_shared *shared, int type, size_t index, size_t count, size_t *woken)
{
	struct wti_cell cell;
	int err = wti_cell_find(&cell, shared, type, index);
	size_t n = 0;

	WTI_USES(shared, SHARED);
	if (!err && !wti_cell_can_wait(cell.width))
		err = WT_EINVAL;
	if (!err)
		n = cell_notify(cell.address, count);
	if (woken)
		*woken = n;
	return err;
}

static int cell_wait_at(const void *address, unsigned width, uint64_t expected, wt_time deadline)
{
	struct cell_wait wait = { .cell = { (void *)(uintptr_t)address, width }, .expected = expected };

	if (!address || (uintptr_t)address % width || deadline < 0)
		return WT_EINVAL;
	return cell_wait(&wait, deadline);
}

int wt_wait32(const void *address, uint32_t expected, wt_time deadline)
{
	return cell_wait_at(address, sizeof expected, expected, deadline);
}

int wt_wait64(const void *address, uint64_t expected, wt_time deadline)
{
	return cell_wait_at(address, sizeof expected, expected, deadline);
}

int wt_notify(const void *address, size_t count, size_t *woken)
{
	bool valid = address && (uintptr_t)address % sizeof(uint32_t) == 0;
	int err = valid ? wti_fork_error(0) : WT_EINVAL;
	size_t n = 0;

	if (!err) {
		/* It may be the first use. Who waits is woken also where there is no memory for a handler. */
		(void)wti_fork_prepare();
		n = cell_notify(address, count);
	}
	if (woken)
		*woken = n;
	return err;
}
