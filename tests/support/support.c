/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "crew.h"
#include "os.h"
#include "seam.h"

/* ---- Slowness ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUPPORT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SUPPORT_SANITIZED 1
#endif
#endif
#ifndef SUPPORT_SANITIZED
#define SUPPORT_SANITIZED 0
#endif

unsigned support_slowdown(void)
{
	return SUPPORT_SANITIZED || getenv("WT_TEST_SLOW") ? 20 : 1;
}

static int64_t support_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- The emulator ---- */

/*
 * qemu hands its guest two real-time signals less than it says, and the last
 * ones are never delivered: they are taken, so that the library takes another.
 */
__attribute__((constructor)) static void support_take_lost_signals(void)
{
	if (!getenv("WT_TEST_EMULATOR"))
		return;
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGRTMAX - 1, SIG_IGN);
}

/* ---- The watchdog ---- */

/*
 * What a test has left is counted in the watchdog's own naps: a process that
 * was stopped, or got no processor, does not hang.
 */
enum { WATCHDOG_NAP = 100 }; /* milliseconds */

static atomic_long watchdog_naps; /* 0: no test runs */
static uint64_t support_seed_value;

static void *watchdog_run(void *arg)
{
	(void)arg;
	for (;;) {
		if (atomic_load(&watchdog_naps) > 0 && atomic_fetch_sub(&watchdog_naps, 1) == 1) {
			fprintf(stderr, "watchdog: the test hangs; WT_SEED=%llu\n", (unsigned long long)support_seed_value);
			support_dump_threads();
			abort();
		}
		nanosleep(&(struct timespec){ .tv_nsec = WATCHDOG_NAP * 1000000 }, NULL);
	}
	return NULL;
}

static void watchdog_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watchdog_run, NULL) == 0)
		pthread_detach(thread);
}

/* The test that is to run, alone; before any main. */
static __attribute__((constructor)) void support_select_test(void)
{
	const char *name = getenv("WT_TEST");

	if (name)
		cmocka_set_test_filter(name);
}

/* The wrong version of the library that is to run: an enum wti_mutant_id, or 0. */
static int support_mutant(void)
{
	const char *given = getenv("WT_MUTANT");

	return given ? atoi(given) : 0;
}

/* Threads that outlive a test read it: written only where it changes. */
static void support_set_mutant(int mutant)
{
	if (wti_mutant != mutant)
		wti_mutant = mutant;
}

void support_allow_seconds(unsigned seconds)
{
	atomic_store(&watchdog_naps, (long)seconds * 1000 / WATCHDOG_NAP * (support_slowdown() > 1 ? 5 : 1));
}

int support_setup(void **state)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)state;
	pthread_once(&once, watchdog_start);
	support_seed_value = 0;
	support_set_mutant(support_mutant());
	wti_crew_max = getenv("WT_TEST_CREW") ? 4 : 0; /* most tests count threads, or expect a new one */
	support_allow_seconds(30);
	return 0;
}

static void support_restore_heap(void);

int support_teardown(void **state)
{
	(void)state;
	atomic_store(&watchdog_naps, 0);
	support_restore_heap();
	support_restore_os();
	wti_yield_hook = NULL;
	wti_fault_hook = NULL;
	support_set_mutant(0);
	wti_ring_origin = 0;
	wti_ring_patience = WTI_RING_PATIENCE;
	return 0;
}

uint64_t support_seed(void)
{
	const char *given = getenv("WT_SEED");

	support_seed_value = given ? strtoull(given, NULL, 0) : (uint64_t)support_now();
	return support_seed_value;
}

/* ---- Ordering threads ---- */

void latch_open(struct latch *latch)
{
	atomic_store(&latch->open, 1);
}

bool latch_is_open(struct latch *latch)
{
	return atomic_load(&latch->open);
}

static bool latch_condition(void *arg)
{
	return latch_is_open(arg);
}

bool latch_await(struct latch *latch)
{
	return await(latch_condition, latch);
}

bool await(bool (*condition)(void *arg), void *arg)
{
	int64_t deadline = support_now() + 10000000000 * (support_slowdown() > 1 ? 5 : 1);

	while (!condition(arg)) {
		if (support_now() > deadline)
			return condition(arg);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	return true;
}

static bool has_no_more_threads(void *most)
{
	return support_threads() <= *(unsigned *)most;
}

void assert_threads(unsigned most)
{
	if (!await(has_no_more_threads, &most))
		fail_msg("%u threads, not %u", support_threads(), most);
}

/* ---- Verdicts ---- */

void assert_verdict(struct verdict *verdict)
{
	if (!atomic_load(&verdict->failed))
		return;
	if (support_seed_value)
		print_error("WT_SEED=%llu replays it\n", (unsigned long long)support_seed_value);
	fail_msg("%s", verdict->text);
}

/* ---- The heap seam ---- */

struct support_counts support_counts;
static atomic_ulong fail_from, fail_count, fail_seen; /* fail_from 0: none fails */

static bool heap_fails(void)
{
	unsigned long from = atomic_load(&fail_from), count = atomic_load(&fail_count), n;

	if (!from)
		return false;
	n = atomic_fetch_add(&fail_seen, 1) + 1;
	return n >= from && (!count || n < from + count);
}

static void *heap_note(void *block)
{
	if (block) {
		atomic_fetch_add(&support_counts.allocations, 1);
		atomic_fetch_add(&support_counts.bytes, (long)malloc_usable_size(block));
	}
	return block;
}

static void *heap_alloc(size_t size)
{
	return heap_fails() ? NULL : heap_note(malloc(size));
}

static void *heap_alloc_zeroed(size_t size)
{
	return heap_fails() ? NULL : heap_note(calloc(1, size));
}

static void *heap_resize(void *block, size_t size)
{
	long before = (long)malloc_usable_size(block);
	void *resized = heap_fails() ? NULL : realloc(block, size);

	if (resized)
		atomic_fetch_add(&support_counts.bytes, (long)malloc_usable_size(resized) - before);
	return resized;
}

static void heap_free(void *block)
{
	if (block) {
		atomic_fetch_add(&support_counts.frees, 1);
		atomic_fetch_sub(&support_counts.bytes, (long)malloc_usable_size(block));
	}
	free(block);
}

static const struct wti_alloc_ops heap_counting = {
	.alloc = heap_alloc,
	.alloc_zeroed = heap_alloc_zeroed,
	.resize = heap_resize,
	.free = heap_free,
};

static void support_restore_heap(void)
{
	atomic_store(&fail_from, 0);
	/* Untouched if it is in place: threads that nobody joins may read it. */
	if (wti_heap != &wti_heap_libc)
		wti_heap = &wti_heap_libc;
}

static void os_install(void);

void support_fail_allocations(unsigned long n, unsigned long count)
{
	/* Where others use the table already, support_count has put it there before. */
	if (wti_heap != &heap_counting)
		wti_heap = &heap_counting;
	/* Maps are allocations, too. Only the runner can put the table there: others use it meanwhile. */
	if (gettid() == getpid() && wti_os == &wti_os_real)
		os_install();
	atomic_store(&fail_from, 0);
	atomic_store(&fail_seen, 0);
	atomic_store(&fail_count, count);
	atomic_store(&fail_from, n);
}

bool support_allocations_failed(void)
{
	return atomic_load(&fail_seen) >= atomic_load(&fail_from);
}

/* ---- The operating-system seam ---- */

static struct wti_os_ops os_counting;
static atomic_int os_error[SUPPORT_EVENT_CREATE + 1];
static atomic_bool os_fails[SUPPORT_EVENT_CREATE + 1];

static void os_count(atomic_ulong *kind)
{
	atomic_fetch_add(&support_counts.system_calls, 1);
	if (kind)
		atomic_fetch_add(kind, 1);
}

static int os_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	os_count(&support_counts.futex_waits);
	if (atomic_load(&os_fails[SUPPORT_FUTEX_WAIT]))
		return -atomic_load(&os_error[SUPPORT_FUTEX_WAIT]);
	return wti_os_real.futex_wait(word, value, deadline);
}

static int os_futex_wake(_Atomic(uint32_t) *word, int count)
{
	os_count(&support_counts.futex_wakes);
	return wti_os_real.futex_wake(word, count);
}

static int os_barrier(void)
{
	os_count(NULL);
	return wti_os_real.barrier();
}

static void os_yield(void)
{
	os_count(NULL);
	wti_os_real.yield();
}

static int os_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	os_count(NULL);
	if (atomic_load(&os_fails[SUPPORT_THREAD_CREATE]))
		return -atomic_load(&os_error[SUPPORT_THREAD_CREATE]);
	return wti_os_real.thread_create(thread, stack_size, fn, arg);
}

static int os_event_create(struct wti_os_event *event)
{
	os_count(NULL);
	if (atomic_load(&os_fails[SUPPORT_EVENT_CREATE]))
		return -atomic_load(&os_error[SUPPORT_EVENT_CREATE]);
	return wti_os_real.event_create(event);
}

static int os_event_signal(int signal)
{
	os_count(NULL);
	return wti_os_real.event_signal(signal);
}

static int os_memory_reserve(void **address, size_t size)
{
	int err;

	os_count(NULL);
	err = heap_fails() ? -ENOMEM : wti_os_real.memory_reserve(address, size);
	if (!err) {
		atomic_fetch_add(&support_counts.allocations, 1);
		atomic_fetch_add(&support_counts.bytes, (long)size);
	}
	return err;
}

static int os_memory_release(void *address, size_t size)
{
	os_count(NULL);
	atomic_fetch_add(&support_counts.frees, 1);
	atomic_fetch_sub(&support_counts.bytes, (long)size);
	return wti_os_real.memory_release(address, size);
}

static void os_install(void)
{
	os_counting = wti_os_real;
	os_counting.futex_wait = os_futex_wait;
	os_counting.futex_wake = os_futex_wake;
	os_counting.barrier = os_barrier;
	os_counting.memory_reserve = os_memory_reserve;
	os_counting.memory_release = os_memory_release;
	os_counting.yield = os_yield;
	os_counting.thread_create = os_thread_create;
	os_counting.event_create = os_event_create;
	os_counting.event_signal = os_event_signal;
	wti_os = &os_counting;
}

void support_fail_os(enum support_os_call call, int error)
{
	if (wti_os == &wti_os_real)
		os_install();
	atomic_store(&os_error[call], error);
	atomic_store(&os_fails[call], true);
}

void support_restore_os(void)
{
	for (int i = 0; i <= SUPPORT_EVENT_CREATE; i++)
		atomic_store(&os_fails[i], false);
	if (wti_os != &wti_os_real)
		wti_os = &wti_os_real;
}

static bool os_of_amd(void)
{
	return true;
}

static bool os_of_another(void)
{
	return false;
}

void support_use_processor(bool amd)
{
	static struct wti_os_ops os;

	os = *wti_os;
	os.cpu_is_amd = amd ? os_of_amd : os_of_another;
	wti_os = &os;
}

void support_count_reset(void)
{
	atomic_store(&support_counts.allocations, 0);
	atomic_store(&support_counts.frees, 0);
	atomic_store(&support_counts.system_calls, 0);
	atomic_store(&support_counts.futex_waits, 0);
	atomic_store(&support_counts.futex_wakes, 0);
}

void support_count(void)
{
	support_count_reset();
	atomic_store(&support_counts.bytes, 0);
	wti_heap = &heap_counting;
	os_install();
}
