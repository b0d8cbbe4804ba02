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

struct wti_parker {
	_Atomic(uint32_t) state; /* enum in park.c: written by owner and wakers */
	_Atomic(int) event_fd;   /* also signalled by a wake; -1 for none; written by the owner */
};

void wti_parker_init(struct wti_parker *parker);
void wti_parker_destroy(struct wti_parker *parker);

/* Sleep until unparked or `deadline`: 0 when a token was taken, else WT_ETIMEDOUT, never early. */
int wti_park(struct wti_parker *parker, int64_t deadline);

/* Give the token, and wake the owner if it sleeps. One RMW, and a system call only for a sleeper. */
void wti_unpark(struct wti_parker *parker);

/*
 * The descriptor face, for a thread that sleeps in the program's own loop:
 * it polls readable from a wake on, until cleared. Owner only. Returns the
 * descriptor or a negative errno.
 */
int wti_parker_event_fd(struct wti_parker *parker);

/* Make the descriptor readable, or unreadable: a wake that comes after the clear makes it readable again. */
void wti_parker_event_signal(struct wti_parker *parker);
void wti_parker_event_clear(struct wti_parker *parker);

#endif
