/* SPDX-License-Identifier: MIT
 *
 * A thread that waits for a lock. The request is entered before the wait
 * begins, also before the poll: its place in the line is that of the call.
 */
#include "lock.h"
#include "wait.h"

static bool acquire_ready(void *what)
{
	struct wt_lock *lock = what;

	return wti_load_acq(&lock->state) != WTI_LOCK_PENDING; /* pairs with lock_tell [lock-state] */
}

/* It is announced since it was entered. This follows a token: let the grant that may have given it come to its end. */
static bool acquire_arm(void *what)
{
	(void)what;
	wti_lock_pass();
	return true;
}

static void acquire_disarm(void *what)
{
	(void)what; /* lock_wait withdraws, where that is still to be done */
}

static const struct wti_wait_ops acquire_ops = {
	.name = "lock",
	.ready = acquire_ready,
	.arm = acquire_arm,
	.disarm = acquire_disarm,
};

static int acquire_wait(struct wti_thread *self, struct wt_lock *lock, wt_time deadline)
{
	int err = wti_wait(self, &acquire_ops, lock, deadline);

	/* Granted when the time was up; a worker that is to end does not keep it. */
	if (err == WT_ETIMEDOUT && !wti_lock_withdraw(lock))
		return 0;
	return err;
}

static int acquire_begin(struct wt_lock *lock, const wt_lock_options *options, wt_time deadline)
{
	int err;

	lock->sleeps = true;
	err = wti_lock_enter(lock, options->if_available || deadline == WT_NOW, options->steal);
	return err || acquire_ready(lock) ? err : acquire_wait(lock->owner, lock, deadline);
}

int wt_lock_acquire(wt_lock **lock, const void *name, size_t name_size, const wt_lock_options *options,
		    wt_time deadline)
{
	wt_lock_options read;
	struct wt_lock *made;
	int err;

	if (!lock)
		return WT_EINVAL;
	*lock = NULL;
	err = wti_lock_create(&made, &read, name, name_size, options, deadline);
	if (err)
		return err;
	err = acquire_begin(made, &read, deadline);
	if (err) {
		wti_lock_free(made);
		return err;
	}
	WTI_OWED(made);
	*lock = made;
	return 0;
}
