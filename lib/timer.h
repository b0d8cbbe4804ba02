/* SPDX-License-Identifier: MIT
 *
 * A timer: a deadline of its owner's loop with a callback (timer.c).
 */
#ifndef WTI_TIMER_H
#define WTI_TIMER_H

#include <wt/timer.h>

#include "atomic.h"
#include "deadline.h"
#include "list.h"
#include "misuse.h"

struct wt_timer {
	WTI_HANDLE
	struct wti_deadline deadline;
	struct wti_thread *owner;
	struct wti_list owned; /* wti_thread.timers */
	wt_timer_fn *fn;
	void *arg;

	/* Atomic: written by the owner, read by those who want to know of it. */
	_Atomic(int64_t) due;      /* when the deadline is pending; else WT_FOREVER */
	_Atomic(int64_t) interval; /* ns; 0: once */
	_Atomic(bool) refd;        /* holds the loop while the deadline is pending */
};

#endif
