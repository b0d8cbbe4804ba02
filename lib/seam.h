/* SPDX-License-Identifier: MIT
 *
 * Seams for tests, all of which are nothing in the product: yield points
 * where a test can hold a thread, faults that it can force, and mutants, the
 * known wrong versions that the tests must catch. The test build of the
 * library (WTI_TESTING) has them; a test sets the variables.
 */
#ifndef WTI_SEAM_H
#define WTI_SEAM_H

/* Places between two steps of a protocol where the other thread's timing matters. */
enum wti_yield_point {
	WTI_YIELD_RESERVED,      /* ring: reserved, not yet committed */
	WTI_YIELD_COMMITTED,     /* port: committed, the receiver not yet looked at */
	WTI_YIELD_BEFORE_ARM,    /* wait: found nothing, about to announce the sleep */
	WTI_YIELD_ARMED,         /* wait: announced, about to look again */
	WTI_YIELD_NOTIFYING,     /* source: state is NOTIFIED, not yet pushed to the owner */
	WTI_YIELD_WAKING,        /* cell: the waiter has its token, and is not yet told why */
	WTI_YIELD_ENDING         /* worker: entry left, nothing torn down yet */
};

/* Failures that no input can cause on its own. */
enum wti_fault_point {
	WTI_FAULT_DECODE, /* message: what arrived cannot be made whole */
	WTI_FAULT_ATTACH  /* transfer: what came with it cannot be taken */
};

enum wti_mutant_id {
	WTI_MUTANT_COMMIT_RELEASE = 1,  /* a commit without the barrier before the look at the sleeper */
	WTI_MUTANT_ARM_RELEASE = 2,     /* an announcement without the barrier before the second look */
	WTI_MUTANT_NO_RECHECK = 3,      /* no second look after the announcement */
	WTI_MUTANT_RECHECK_DATA_ONLY = 4, /* the second look forgets close and terminate */
	WTI_MUTANT_WAKE_AT_RESERVE = 5, /* whether to wake is judged at reservation */
	WTI_MUTANT_NO_HEAVY_BARRIER = 6 /* the sleeper leaves the asymmetric barrier out */
};

#ifdef WTI_TESTING

#include <stdint.h>

extern void (*wti_yield_hook)(enum wti_yield_point point, void *object);
extern int (*wti_fault_hook)(enum wti_fault_point point); /* returns the error to force, or 0 */
extern int wti_mutant;            /* an enum wti_mutant_id, or 0 */
extern uint64_t wti_ring_origin;  /* position that new rings start at, a multiple of 8 */

#define WTI_YIELD(point, object)                          \
	do {                                              \
		if (wti_yield_hook)                       \
			wti_yield_hook((point), (object)); \
	} while (0)
#define WTI_FAULT(point) (wti_fault_hook ? wti_fault_hook(point) : 0)
#ifdef WTI_COVERAGE
#define WTI_MUTANT(id)   0 /* they are no branches of the library */
#else
#define WTI_MUTANT(id)   (wti_mutant == (id))
#endif

#else

#define WTI_YIELD(point, object) ((void)0)
#define WTI_FAULT(point)         0
#define WTI_MUTANT(id)           0
#define wti_ring_origin          ((uint64_t)0)

#endif
#endif
