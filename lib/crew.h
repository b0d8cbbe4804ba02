/* SPDX-License-Identifier: MIT
 *
 * Threads that stay for the next worker. To make one takes some ten
 * microseconds, and to end one as many; a hand that has just finished its
 * work polls for a moment, and then sleeps for a while, before it goes.
 *
 * A hand is only hired by a thread that may run where the hand may, with the
 * same nice value and scheduling policy: a new thread would have inherited
 * them. So nothing has to be set, which the system might refuse; a hand that
 * was moved meanwhile is not kept.
 *
 * Kept hands are detached. Whether a new one is to be joined is its user's
 * affair until then. So a hand that was hired can tell that its work is over
 * first, as soon as it is as if newly made, and ask the system whether it may
 * stay afterwards. That, a line of its own for what a hire writes, and system
 * calls that only told what was known are kept because they measure better:
 * the whole life of a worker went from 5.9 us to 4.8.
 */
#ifndef WTI_CREW_H
#define WTI_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os.h"

struct wti_hand;

/* Start a thread for the work. `*hand`, which that may use, is set before it runs. 0; a negative errno; WT_ENOMEM. */
int wti_crew_start(struct wti_hand **hand, pthread_t *thread, size_t stack_size, void (*work)(void *arg), void *arg);

/* Give the work to a thread that is there, as above. False where there is none that fits. */
bool wti_crew_hire(struct wti_hand **hand, void (*work)(void *arg), void *arg);

/* Which thread it is. The hand's own, in its work. */
union wti_os_thread wti_crew_thread(const struct wti_hand *hand);

/*
 * Both by the hand's own thread, in its work. The first makes it as if newly
 * made: signal mask, locale, floating-point environment. False where hands do
 * not stay. After it, always, the second: stay when the work has returned, with
 * the alternate signal stack of a new thread, too. False when it cannot, for it
 * was moved to other processors, is scheduled otherwise, or a signal waits for it.
 */
bool wti_crew_reset(void);
bool wti_crew_keep(struct wti_hand *hand);

extern _Atomic(uint32_t) wti_crew_coming; /* hands that told of their work's end, and are not idle yet */

#ifdef WTI_TESTING
extern _Atomic(unsigned) wti_crew_max;  /* how many stay at the most */
extern _Atomic(uint64_t) wti_crew_stay; /* ms asleep, before one goes */
#endif

#endif
