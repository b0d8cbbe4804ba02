/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "os.h"
#include "thread.h"

_Atomic(bool) wti_fork_happened;

static _Atomic(bool) fork_prepared; /* the handler is entered */

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

/*
 * Without a lock: a child of a fork meanwhile is free, and would find it taken. Of threads that come here at the same
 * time each enters the handler, of which nothing comes: called twice it does the same. Not pthread_once: what failed
 * for want of memory is to be tried again.
 */
int wti_fork_prepare(void)
{
	/* Relaxed: nothing is read through it, and the system's own lock orders the entering and the fork. */
	if (wti_load(&fork_prepared))
		return 0;
	if (wti_os->at_fork(fork_in_child) < 0)
		return WT_ENOMEM;
	wti_store(&fork_prepared, true);
	return 0;
}
