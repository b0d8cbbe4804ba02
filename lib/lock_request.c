/* SPDX-License-Identifier: MIT
 *
 * Requests that the owner's loop completes, and the news that a lock was
 * stolen. What was told is noted before the callback runs, and the lock is
 * not touched after it: it may release the lock, or leave by a jump.
 */
#include "lock.h"
#include "loop.h"
#include "os.h"

void wti_lock_silence(struct wt_lock *lock)
{
	if (!lock->fn)
		return;
	lock->fn = NULL;
	wti_deadline_remove(lock->owner, &lock->deadline);
	wti_loop_release(lock->owner, WTI_HOLD_LOCK);
}

static void request_tell(struct wt_lock *lock, int result, unsigned *calls)
{
	wt_lock_fn *fn = lock->fn;

	wti_lock_silence(lock);
	++*calls;
	fn(lock, result, lock->arg);
}

static void request_tell_stolen(struct wt_lock *lock, unsigned *calls)
{
	void (*fn)(wt_lock *lock, void *arg) = lock->on_stolen;

	lock->on_stolen = NULL;
	++*calls;
	fn(lock, lock->on_stolen_arg);
}

/* Grant first, then theft, though both have come. */
static void request_turn(struct wti_source *source, unsigned *calls)
{
	struct wt_lock *lock = wti_container_of(source, struct wt_lock, source);

	if (lock->fn)
		request_tell(lock, 0, calls);
	else
		request_tell_stolen(lock, calls);
}

static bool request_ready(struct wti_source *source)
{
	struct wt_lock *lock = wti_container_of(source, struct wt_lock, source);
	/* seq_cst: the look after arming. pairs with lock_tell [source-1] */
	uint32_t state = wti_load_sc(&lock->state);

	if (lock->fn)
		return state == WTI_LOCK_HELD || state == WTI_LOCK_STOLEN;
	return lock->on_stolen && state == WTI_LOCK_STOLEN;
}

const struct wti_source_ops wti_lock_source_ops = { .turn = request_turn, .ready = request_ready };

/* Granted when the time was up: it hears of that. */
static void request_due(struct wti_deadline *deadline, unsigned *calls)
{
	struct wt_lock *lock = wti_container_of(deadline, struct wt_lock, deadline);

	request_tell(lock, wti_lock_withdraw(lock) ? WT_ETIMEDOUT : 0, calls);
}

/* What follows the entry is the owner's own and cannot fail. */
static int request_begin(struct wt_lock *lock, const wt_lock_options *options, wt_time deadline)
{
	bool over = deadline <= wti_os->clock();
	int err = wti_lock_enter(lock, options->if_available || over, options->steal);

	if (err)
		return options->if_available || deadline == WT_NOW ? err : WT_ETIMEDOUT;
	wti_deadline_init(&lock->deadline, request_due);
	if (!over && deadline != WT_FOREVER)
		wti_deadline_add(lock->owner, &lock->deadline, deadline);
	wti_loop_hold(lock->owner, WTI_HOLD_LOCK);
	wti_loop_watch(&lock->source);
	return 0;
}

int wt_lock_request(wt_lock **lock, const void *name, size_t name_size, const wt_lock_options *options, wt_lock_fn *fn,
		    void *arg, wt_time deadline)
{
	wt_lock_options read;
	struct wt_lock *made;
	int err;

	if (!lock)
		return WT_EINVAL;
	*lock = NULL;
	err = fn ? wti_lock_create(&made, &read, name, name_size, options, deadline) : WT_EINVAL;
	if (err)
		return err;
	err = request_begin(made, &read, deadline);
	if (err) {
		wti_lock_free(made);
		return err;
	}
	made->fn = fn;
	made->arg = arg;
	WTI_OWED(made);
	*lock = made;
	return 0;
}

void wt_lock_on_stolen(wt_lock *lock, void (*fn)(wt_lock *lock, void *arg), void *arg)
{
	WTI_USES(lock, LOCK);
	if (!wti_lock_is_own(lock))
		return;
	lock->on_stolen = fn;
	lock->on_stolen_arg = arg;
	if (fn)
		wti_loop_watch(&lock->source);
}
