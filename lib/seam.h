/* SPDX-License-Identifier: MIT
 *
 * Seams for tests, all of which are nothing in the product: yield points
 * where a test can hold a thread, faults that it can force, and mutants, the
 * known wrong versions that the tests must catch. The test build of the
 * library (WTI_TESTING) has them; a test sets the variables.
 */
#ifndef WTI_SEAM_H
#define WTI_SEAM_H

/* What a test may replace while threads that nobody joins, of a test before it, are still on their way out. */
#ifdef WTI_TESTING
#define WTI_REPLACED _Atomic
#else
#define WTI_REPLACED
#endif

/* Places between two steps of a protocol where the other thread's timing matters. */
enum wti_yield_point {
	WTI_YIELD_INSIDE,        /* ring: it is the thread's own, the tail not yet moved */
	WTI_YIELD_RESERVED,      /* ring: reserved, not yet committed */
	WTI_YIELD_FULL,          /* ring: no room in the largest segment, about to look how far the consumer is */
	WTI_YIELD_COMMITTED,     /* port: committed, the receiver not yet looked at */
	WTI_YIELD_GLANCING,      /* port: found nothing, about to look again, and not to wait yet */
	WTI_YIELD_GATHERING,     /* wait: before each pause that a word can end (wti_wait_gather_while) */
	WTI_YIELD_BEFORE_ARM,    /* wait: found nothing, about to announce the sleep */
	WTI_YIELD_ARMED,         /* wait: announced, about to look again */
	WTI_YIELD_NOTIFYING,     /* source: state is NOTIFIED, not yet pushed to the owner */
	WTI_YIELD_WAKING,        /* cell: the waiter has its token, and is not yet told why */
	WTI_YIELD_CLAIMING,      /* pool's worker: the task is published, and not yet claimed */
	WTI_YIELD_WITHDRAWING,   /* pool's worker: the task is over, and others do not see it yet */
	WTI_YIELD_JUDGING,       /* pool's keeper: a run is to get a verdict, and is not marked yet */
	WTI_YIELD_CHANGING,      /* owned: a change may begin, nothing is changed yet */
	WTI_YIELD_ENDING         /* worker: entry left, nothing torn down yet */
};

#define WTI_RING_PATIENCE 4 /* of wti_ring_patience, where no test has changed it */

/* Failures that no input can cause on its own. */
enum wti_fault_point {
	WTI_FAULT_DECODE, /* message: what arrived cannot be made whole */
	WTI_FAULT_ATTACH  /* transfer: what came with it cannot be taken */
};

/* Who shipped each, and what catches it: tests/mutants/table. */
enum wti_mutant_id {
	WTI_MUTANT_COMMIT_RELEASE = 1,      /* a commit without the barrier before the look at the sleeper */
	WTI_MUTANT_ARM_RELEASE = 2,         /* an announcement without the barrier before the second look */
	WTI_MUTANT_NO_RECHECK = 3,          /* no second look after the announcement */
	WTI_MUTANT_RECHECK_DATA_ONLY = 4,   /* the second look forgets close and terminate */
	WTI_MUTANT_WAKE_AT_RESERVE = 5,     /* whether to wake is judged at reservation */
	WTI_MUTANT_WAKE_ASLEEP_ONLY = 6,    /* one who is not asleep yet gets no token */
	WTI_MUTANT_TRUST_FUTEX = 7,         /* a return of the futex is taken for a wake */
	WTI_MUTANT_CLEAR_AFTER_LOOK = 8,    /* the loop's descriptor is cleared behind the look, not before it */
	WTI_MUTANT_SENDER_NO_HOLD = 9,      /* a sender does not hold the channel that it posts in */
	WTI_MUTANT_RAW_OWNER = 10,          /* a source's owner is woken without the lock that keeps it */
	WTI_MUTANT_RELEASE_AT_READ = 11,    /* a record's room is given back before it is read */
	WTI_MUTANT_STALE_FULL = 12,         /* a ring is called full by positions of the past */
	WTI_MUTANT_MOVE_IN_PART = 13,       /* what stands before the bad entry of a transfer list is gone */
	WTI_MUTANT_UNDELIVERED_OPEN = 14,   /* a port that nobody received is freed, and its peer not told */
	WTI_MUTANT_COMPARE_NUMBERS = 15,    /* positions are compared as numbers, not by their difference */
	WTI_MUTANT_NO_HEAVY_BARRIER = 16,   /* the sleeper leaves the asymmetric barrier out */
	WTI_MUTANT_NO_ROOM_FOR_LINK = 17,   /* a reservation takes the bytes that are kept for the LINK record */
	WTI_MUTANT_MOVE_BEFORE_ROOM = 18,   /* things are given up before the record has room */
	WTI_MUTANT_LATE_COMMIT = 19,        /* no look at `closed` after a commit with things in it */
	WTI_MUTANT_DRAIN_NO_RECHECK = 20,   /* no second look after a refused post wants to hear of room */
	WTI_MUTANT_ROOM_OWED = 21,          /* a receiver sleeps without telling senders of the room that it owes them */
	WTI_MUTANT_CELL_COMPARED_EARLY = 22, /* a waiter enters without comparing its cell under the lock */
	WTI_MUTANT_LOCK_OF_THE_DEAD = 23,   /* locks are not released by the end of their thread */
	WTI_MUTANT_WITHDRAWN_BLOCKS = 24,   /* a request that gives up does not let those behind it go */
	WTI_MUTANT_CHUNK_UNCOUNTED = 25,    /* who joins a broadcast is not counted in the chunk that it begins in */
	WTI_MUTANT_LIMIT_TAKES_ALL = 26,    /* a broadcast's limit takes chunks of which a part was to be kept */
	WTI_MUTANT_POOL_CALL_WHEN_EMPTY = 27, /* a worker is called only where the queue was empty */
	WTI_MUTANT_POOL_DRAIN_NO_RECHECK = 28, /* no second look after a refused submitter wants to hear of room */
	WTI_MUTANT_POOL_RAID_NO_RECHECK = 29, /* who takes a worker's hold does not look what it began meanwhile */
	WTI_MUTANT_END_UNDECIDED = 30,      /* a worker looks whether it is being ended, and does not decide it */
	WTI_MUTANT_POOL_DOOM_NO_RECHECK = 31, /* who ends a task's worker does not look again whether it is at that task */
	WTI_MUTANT_POOL_NAP_NO_LOOK = 32,    /* a worker whose nap is over does not look what came while nobody was called */
	WTI_MUTANT_OWNED_NO_WAIT = 33,       /* who walks what a thread owns does not wait for a change that is under way */
	WTI_MUTANT_BRIEF_NO_WRITE = 34,      /* who makes a brief source ready only looks at its state */
	WTI_MUTANT_COOL_ASLEEP = 35,         /* a select lets what is quiet go also when its sleep is announced */
	WTI_MUTANT_UNCLEAN = 36,             /* a record is reserved in front of bytes that were not zeroed */
	WTI_MUTANT_CALLERS_SEEN_EARLY = 37,  /* who closes a port looks for callers before it says that it is closed */
	WTI_MUTANT_BIAS_NO_BARRIER = 38,     /* a ring's bias is ended without the heavy barrier */
	WTI_MUTANT_BIAS_NO_WAIT = 39,        /* ... while the thread that had it still moves the tail */
	WTI_MUTANT_BIAS_NO_RECHECK = 40,     /* the thread that has it does not look again, once inside */
	WTI_MUTANT_BIAS_GROW = 41,           /* who makes a ring grow that is another thread's own lets it be */
	WTI_MUTANT_POOL_JUDGE_UNCLAIMED = 42, /* a verdict is told of a task of which it is open who has it */
	WTI_MUTANT_POOL_JUDGE_NO_LOOK = 43  /* ... and counted, without a second look whether the task is over */
};

#ifdef WTI_TESTING

#include <stddef.h>
#include <stdint.h>

typedef void wti_yield_fn(enum wti_yield_point point, void *object);
typedef int wti_fault_fn(enum wti_fault_point point); /* returns the error to force, or 0 */

extern wti_yield_fn *WTI_REPLACED wti_yield_hook;
extern wti_fault_fn *WTI_REPLACED wti_fault_hook;
extern int wti_mutant;            /* an enum wti_mutant_id, or 0 */
extern uint64_t wti_ring_origin;  /* position that new rings start at, a multiple of 8 */
extern size_t wti_select_few;     /* ports that wt_select looks at one by one */
extern uint16_t wti_ring_patience; /* times in a row that a producer finds no room before the ring is its own */
extern uint32_t wti_source_often; /* passes within which a source that comes again is looked at all the time */

/* Each hook is read once: a test that ends takes it away while threads that nobody joins come by. */
static inline void wti_yield(enum wti_yield_point point, void *object)
{
	wti_yield_fn *hook = wti_yield_hook;

	if (hook)
		hook(point, object);
}

static inline int wti_fault(enum wti_fault_point point)
{
	wti_fault_fn *hook = wti_fault_hook;

	return hook ? hook(point) : 0;
}

#define WTI_YIELD(point, object) wti_yield((point), (object))
#define WTI_FAULT(point)         wti_fault(point)
#define WTI_MAY_FAULT()          (wti_fault_hook != NULL) /* whether a way without such points is not to be taken */
#ifdef WTI_COVERAGE
#define WTI_MUTANT(id)   0 /* they are no branches of the library */
#else
#define WTI_MUTANT(id)   (wti_mutant == (id))
#endif

#else

#define WTI_YIELD(point, object) ((void)0)
#define WTI_FAULT(point)         0
#define WTI_MAY_FAULT()          0
#define WTI_MUTANT(id)           0
#define wti_ring_origin          ((uint64_t)0)
#define wti_select_few           ((size_t)16)
#define wti_ring_patience        ((uint16_t)WTI_RING_PATIENCE)
#define wti_source_often         ((uint32_t)2)

#endif
#endif
