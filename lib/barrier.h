/* SPDX-License-Identifier: MIT
 *
 * The asymmetric barrier: where one side of a store-load handshake runs for
 * each message and the other only before a sleep, the sleeper pays for both.
 *
 * The frequent side stores with release, calls wti_barrier_light and loads;
 * the rare side stores, calls wti_barrier_heavy and loads. The heavy barrier
 * makes every processor that runs a thread of this process pass a full
 * barrier (Linux: membarrier, private expedited; some microseconds, and an
 * interruption for each of them; who sleeps often does without: source.h). So the
 * frequent side needs none: a read-modify-write there would also wait for
 * its earlier stores, to lines that the other processor has just read.
 *
 * Where the system has no membarrier, and in ThreadSanitizer builds, which
 * cannot see it, both sides use seq_cst accesses instead: wti_barrier_is_asymmetric
 * tells which. It is decided once, before the first channel exists.
 *
 * Kept because it measures better: 8-byte messages went from 15 to 11 ns, and
 * with one producer from 12 to 7; 64-byte ones from 18 to 12, and 16 to 9.
 */
#ifndef WTI_BARRIER_H
#define WTI_BARRIER_H

#include "atomic.h"
#include "base.h"

/* Decide. Any thread, again; returns when it is decided. */
void wti_barrier_init(void);

extern _Atomic(bool) wti_barrier_asymmetric;

static inline bool wti_barrier_is_asymmetric(void)
{
	return wti_likely(wti_load(&wti_barrier_asymmetric));
}

/* Between the frequent side's store and load, if asymmetric: keeps the compiler from swapping them. */
static inline void wti_barrier_light(void)
{
	wti_compiler_barrier();
}

/*
 * Between the rare side's store and load. Nothing where both sides use
 * seq_cst accesses. False when the system refused, which it does only if it
 * was told to after we asked: the caller then must not sleep for long.
 */
bool wti_barrier_heavy(void);

#endif
