// SPDX-License-Identifier: MIT
/* How what can only spin waits, in C and C++. */
#ifndef BENCH_PAUSE_H
#define BENCH_PAUSE_H

#include <sched.h>

/*
 * Between two looks at the other side's position. Looking at once would make the two fight for a cache line at each
 * message; after a third of a microsecond there is a batch, or room for one.
 */
enum {
	SPIN_PAUSES = 16,
	SPINS_BEFORE_YIELD = 100, /* more threads than CPUs would otherwise wait for each other's time slices */
};

static inline void spin_pause(unsigned *spins)
{
	for (unsigned i = 0; i < SPIN_PAUSES; i++) {
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("yield");
#endif
	}
	if (++*spins % SPINS_BEFORE_YIELD == 0)
		sched_yield();
}

#endif
