/* SPDX-License-Identifier: MIT
 *
 * How much of its time a thread's loop has slept. Written by the thread, read
 * by any; it costs the loop nothing but two looks at the clock for a sleep.
 */
#ifndef WTI_LOOP_TIME_H
#define WTI_LOOP_TIME_H

#include "atomic.h"
#include "os.h"

struct wti_loop_time {
	_Atomic(int64_t) began; /* when the loop first ran, ns; 0: never */
	/*
	 * One word, so that no reader meets half of a change. Awake: twice
	 * the time slept so far. Asleep: twice that time less the moment at
	 * which the sleep began, and 1.
	 */
	_Atomic(int64_t) slept;
};

/* Owner: the loop begins to run, for the first time or again. */
static inline void wti_loop_time_run(struct wti_loop_time *time)
{
	if (!wti_load(&time->began))
		wti_store(&time->began, wti_os->clock());
}

/* Owner, awake: a sleep begins. */
static inline void wti_loop_time_sleep(struct wti_loop_time *time)
{
	wti_store(&time->slept, wti_load(&time->slept) - 2 * wti_os->clock() + 1);
}

/* Owner, asleep: it is over. */
static inline void wti_loop_time_wake(struct wti_loop_time *time)
{
	wti_store(&time->slept, wti_load(&time->slept) + 2 * wti_os->clock() - 1);
}

struct wti_loop_share {
	int64_t idle;
	int64_t active;
};

/*
 * Any thread: the time slept, and the rest of the time since the loop first
 * ran, up to `end`, when its thread ended, or 0: up to now. Between its look
 * at the clock and its store the owner may lose its processor, so what a
 * reader sees may be ahead by that much, and go back.
 */
static inline struct wti_loop_share wti_loop_time_read(const struct wti_loop_time *time, int64_t end)
{
	int64_t began = wti_load(&time->began);
	int64_t slept = wti_load(&time->slept); /* before the clock: the sleep that it speaks of has begun */
	int64_t now = end ? end : wti_os->clock();
	struct wti_loop_share share = { 0 };

	if (!began)
		return share;
	share.idle = slept & 1 ? (slept - 1) / 2 + now : slept / 2;
	share.active = now - began - share.idle;
	return share;
}

#endif
