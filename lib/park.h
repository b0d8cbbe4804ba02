/* SPDX-License-Identifier: MIT
 *
 * The parker: where one thread sleeps until another wakes it. Each thread of
 * libwt has one, and sleeps nowhere else.
 *
 * A wake is kept as a token: wti_unpark before wti_park makes that park
 * return at once, so a wake is never lost between a thread's decision to
 * sleep and its sleep. Tokens do not add up. A park may return without
 * reason; the caller looks at its condition again (wait.h does all that).
 *
 * Only the owner parks; any thread unparks, while something else keeps the
 * parker's memory alive: the lock under which the waker found it.
 */
#ifndef WTI_PARK_H
#define WTI_PARK_H

#include "atomic.h"
#include "base.h"
#include "os.h"

struct wti_parker {
	_Atomic(uint32_t) state; /* enum in park.c: written by owner and wakers */
	_Atomic(int) event_fd;   /* of `event`: also signalled by a wake; -1 for none; written by the owner */

	/* Owner only. */
	struct wti_os_event event; /* where event_fd says so */
	int64_t event_at;          /* from when on it is readable; INT64_MAX for never */
};

void wti_parker_init(struct wti_parker *parker);
void wti_parker_destroy(struct wti_parker *parker);

/* Sleep until unparked or `deadline`: 0 when a token was taken, else WT_ETIMEDOUT, never early. */
int wti_park(struct wti_parker *parker, int64_t deadline);

/* Give the token, and wake the owner if it sleeps. One RMW, and a system call only for a sleeper. */
void wti_unpark(struct wti_parker *parker);

/*
 * The same in two steps, for a waker that holds a lock and would not make a
 * system call under it. The first gives the token, and tells whether the
 * owner sleeps; if so, the second wakes it. That one uses only the address:
 * the owner may have gone. For an owner that waits in wti_park, not in the
 * program's own loop: the descriptor below does not hear of it, but of the next
 * wake, also where the owner has not taken this token.
 */
bool wti_unpark_token(struct wti_parker *parker);
void wti_unpark_sleeper(struct wti_parker *parker);

/* The second step of several owners, to be made when the lock has been given back; begins as { .count = 0 }. */
struct wti_sleepers {
	struct wti_parker *parker[32];
	unsigned count;
};

/* Under the lock, the first step; both, where the sleepers are too many to be noted. */
void wti_sleepers_unpark(struct wti_sleepers *sleepers, struct wti_parker *parker);
/* After it. */
void wti_sleepers_wake(struct wti_sleepers *sleepers);

/*
 * The descriptor face, for a thread that sleeps in the program's own loop:
 * it polls readable from a wake on, until cleared, and from the moment that
 * the timer is set to. Owner only. Returns the descriptor or a negative errno.
 */
int wti_parker_event_fd(struct wti_parker *parker);

/* Make the descriptor readable, or unreadable: a wake that comes after the clear makes it readable again. */
void wti_parker_event_signal(struct wti_parker *parker);
void wti_parker_event_clear(struct wti_parker *parker);

/* Make it readable from `at` on, instead of the moment set before; INT64_MAX for never. Owner only. */
void wti_parker_event_timer(struct wti_parker *parker, int64_t at);

#endif
