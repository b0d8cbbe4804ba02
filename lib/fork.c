/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "mutex.h"
#include "os.h"
#include "thread.h"

_Atomic(bool) wti_fork_happened;

static struct wti_mutex fork_lock = WTI_MUTEX_INIT(WTI_RANK_FORK);
static _Atomic(bool) fork_prepared; /* written under the lock */

static void fork_in_child(void)
{
	struct wti_thread *self = wti_thread_peek();

	if (self) {
		wti_store(&self->terminating, 1);
		self->track = NULL; /* it is the parent's */
	}
	wti_thread_self_ptr = NULL;
	wti_store(&wti_fork_happened, true);
}

/* Not pthread_once: what failed for want of memory is to be tried again. */
int wti_fork_prepare(void)
{
	int err = 0;

	/* Relaxed: nothing is read through it, and who sees it false looks again under the lock. */
	if (wti_load(&fork_prepared))
		return 0;
	wti_mutex_lock(&fork_lock);
	if (!wti_load(&fork_prepared))
		err = wti_os->at_fork(fork_in_child) < 0 ? WT_ENOMEM : 0;
	wti_store(&fork_prepared, !err);
	wti_mutex_unlock(&fork_lock);
	return err;
}
