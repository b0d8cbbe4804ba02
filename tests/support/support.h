/* SPDX-License-Identifier: MIT
 *
 * What the tests share: cmocka, a watchdog, ways to order threads without
 * sleeping, and counting or failing stand-ins for the seams; and, from headers
 * that tests of the shipped library use as well, verdicts that other threads
 * than the runner's may give and the element oracle.
 *
 * cmocka's state is thread-local: only the runner's thread may use its
 * assertions. Other threads judge with CHECK on a struct verdict, which the
 * runner asserts after it has joined them.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <wt/time.h>

#include "support/element.h"
#include "support/process.h"
#include "support/random.h"
#include "support/verdict.h"

/* ---- Running ---- */

/* A test that is its own function's name. */
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, support_setup, support_teardown)

/*
 * Starts the watchdog for each test, and puts all seams back after it. From the environment: WT_TEST, the only test
 * to run; WT_MUTANT, the wrong version that the library is to be meanwhile (seam.h).
 */
int support_setup(void **state);
int support_teardown(void **state);

/* For a test that needs longer than the usual 30 s. Sanitizer builds get five times as much. */
void support_allow_seconds(unsigned seconds);

/* A number to start random choices from: WT_SEED of the environment, else the clock's; printed when a test fails. */
uint64_t support_seed(void);

/* How much smaller than in the plain build a loop may be: 1, or 20 under a sanitizer or valgrind. */
unsigned support_slowdown(void);

/* ---- Ordering threads ---- */

/* A door that opens once. */
struct latch {
	atomic_int open;
};

void latch_open(struct latch *latch);
bool latch_is_open(struct latch *latch);

/* What is promised within milliseconds comes within this time, in nanoseconds, however busy the machine is. */
#define PROMPTLY ((wt_time)5000000000)

/* Wait until it is open; false after 10 s (times the slowdown), which is a failed test. */
bool latch_await(struct latch *latch);

/* Wait until `condition` holds; the same bound. */
bool await(bool (*condition)(void *arg), void *arg);

/*
 * The runner: there are no more threads than so many. Waited for: the system takes a moment to forget a thread that has
 * been joined, and an emulator longer.
 */
void assert_threads(unsigned most);

/* The runner: fail the test with the verdict's text, if it has one. */
void assert_verdict(struct verdict *verdict);

/* ---- The seams ---- */

/* Calls since support_count_reset, by all threads. */
struct support_counts {
	atomic_ulong allocations; /* of the library itself; address space that it reserves is one, too */
	atomic_ulong frees;
	atomic_long bytes;        /* allocated and not freed: as malloc_usable_size has it, and maps */
	atomic_ulong system_calls; /* futex waits and wakes, barriers, yields, events, threads; the clock is none */
	atomic_ulong futex_waits;
	atomic_ulong futex_wakes;
};

extern struct support_counts support_counts;

/* Count from now until the test's end. Call while libwt has nothing allocated by another table. */
void support_count(void);
void support_count_reset(void);

/*
 * Fail the allocations from the n-th on that come now (1: the next), `count` of
 * them (0: all). support_fail_allocations(0, 0) ends it.
 */
void support_fail_allocations(unsigned long n, unsigned long count);

/* Whether one has failed since it was told so. */
bool support_allocations_failed(void);

/* Make every call of this kind fail with the error, or return at once for no reason where error is 0. */
enum support_os_call {
	SUPPORT_FUTEX_WAIT,
	SUPPORT_THREAD_CREATE,
	SUPPORT_EVENT_CREATE
};

void support_fail_os(enum support_os_call call, int error);
void support_restore_os(void);

/* Rings that are made from now on, until the test ends or counts anew, are as where AMD made the processor, or not. */
void support_use_processor(bool amd);

#endif
