/* SPDX-License-Identifier: MIT
 *
 * The two ways to look for a wrong schedule.
 *
 * All of them that have few preemptions: iterative context bounding (Musuvathi,
 * Qadeer: Iterative context bounding for systematic testing of multithreaded
 * programs, PLDI 2007). Which fibre goes on when one blocks is free; to leave
 * one that could go on costs, and so does it to make another one's stores
 * visible at that moment. How many of its own stores a fibre leaves in its
 * buffer when it is left is free. First those without preemption are made,
 * then those with one, and so on: what fails first is the simplest.
 *
 * By chance: PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized
 * scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010). Each
 * fibre, and each store buffer, has a priority; whoever has the highest goes
 * on; at a few random moments it loses it. A seed replays the schedule.
 */
#ifndef SCHED_EXPLORE_H
#define SCHED_EXPLORE_H

#include <stdint.h>

enum {
	EXPLORE_WARM_UPS = 3,
	EXPLORE_FIRST_RANDOM = EXPLORE_WARM_UPS + 2 /* the number of the first schedule by chance, after those alone */
};

/* Preempt at all places from now on: to try whether those without conflict are rightly left out. */
void explore_everywhere(void);

/* The schedule without choices, several times over: what the library makes once is made, and the points are found. */
void explore_warm_up(void (*fn)(void));

/* All schedules with up to `least` preemptions, and with more, as long as they are about `limit` at the most. */
void explore_bounded(void (*fn)(void), unsigned least, uint64_t limit);

/* So many schedules by chance, from this seed on. Explains in the report which seed is at work. */
void pct_run(void (*fn)(void), uint64_t seed, uint64_t count);

#endif
