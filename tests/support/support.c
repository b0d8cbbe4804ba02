/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
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

/* ---- The watchdog ---- */

static atomic_llong watchdog_deadline; /* 0: no test runs */
static uint64_t support_seed_value;

/* Where each thread of this process stands, as far as the system tells. */
static void watchdog_dump(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[300], line[256] = "";
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(line, sizeof line, file))
			line[strcspn(line, "\n")] = '\0';
		if (file)
			fclose(file);
		fprintf(stderr, "watchdog: thread %s (%s)", entry->d_name, line);
		snprintf(path, sizeof path, "/proc/self/task/%s/syscall", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(line, sizeof line, file))
			fprintf(stderr, " syscall %s", line);
		else
			fputc('\n', stderr);
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
}

static void *watchdog_run(void *arg)
{
	(void)arg;
	for (;;) {
		long long deadline = atomic_load(&watchdog_deadline);

		if (deadline && support_now() > deadline) {
			fprintf(stderr, "watchdog: the test hangs; WT_SEED=%llu\n", (unsigned long long)support_seed_value);
			watchdog_dump();
			abort();
		}
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
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

void support_allow_seconds(unsigned seconds)
{
	long long span = (long long)seconds * 1000000000 * (support_slowdown() > 1 ? 5 : 1);

	atomic_store(&watchdog_deadline, support_now() + span);
}

int support_setup(void **state)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)state;
	pthread_once(&once, watchdog_start);
	support_seed_value = 0;
	wti_mutant = support_mutant();
	wti_crew_max = getenv("WT_TEST_CREW") ? 4 : 0; /* most tests count threads, or expect a new one */
	support_allow_seconds(30);
	return 0;
}

static void support_restore_heap(void);

int support_teardown(void **state)
{
	(void)state;
	atomic_store(&watchdog_deadline, 0);
	support_restore_heap();
	support_restore_os();
	wti_yield_hook = NULL;
	wti_fault_hook = NULL;
	wti_mutant = 0;
	wti_ring_origin = 0;
	return 0;
}

uint64_t support_seed(void)
{
	const char *given = getenv("WT_SEED");

	support_seed_value = given ? strtoull(given, NULL, 0) : (uint64_t)support_now();
	return support_seed_value;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t support_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
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

/* ---- Verdicts ---- */

void verdict_fail(struct verdict *verdict, const char *file, int line, const char *format, ...)
{
	char text[sizeof verdict->text];
	va_list args;
	int n = snprintf(text, sizeof text, "%s:%d: ", file, line);

	va_start(args, format);
	if (n > 0 && (size_t)n < sizeof text)
		vsnprintf(text + n, sizeof text - (size_t)n, format, args);
	va_end(args);
	if (atomic_exchange(&verdict->failed, 1) == 0)
		memcpy(verdict->text, text, sizeof text);
}

void assert_verdict(struct verdict *verdict)
{
	if (!atomic_load(&verdict->failed))
		return;
	if (support_seed_value)
		print_error("WT_SEED=%llu replays it\n", (unsigned long long)support_seed_value);
	fail_msg("%s", verdict->text);
}

/* ---- The element oracle ---- */

struct element {
	uint64_t sequence;
	uint32_t producer;
	uint32_t check; /* over both and the size */
	unsigned char pattern[];
};

static uint32_t element_sum(uint32_t producer, uint64_t sequence, size_t size)
{
	uint64_t state = sequence * 31 + producer + size * 0x10001;

	return (uint32_t)support_random(&state);
}

void element_fill(void *bytes, size_t size, uint32_t producer, uint64_t sequence)
{
	struct element element = {
		.sequence = sequence,
		.producer = producer,
		.check = element_sum(producer, sequence, size),
	};
	unsigned char *pattern = (unsigned char *)bytes + sizeof element;

	memcpy(bytes, &element, sizeof element);
	for (size_t i = 0; i < size - sizeof element; i++)
		pattern[i] = (unsigned char)(element.check + i);
}

bool element_check(const void *bytes, size_t size, uint32_t *producer, uint64_t *sequence)
{
	const unsigned char *pattern = (const unsigned char *)bytes + sizeof(struct element);
	struct element element;

	if (size < sizeof element)
		return false;
	memcpy(&element, bytes, sizeof element);
	*producer = element.producer;
	*sequence = element.sequence;
	if (element.check != element_sum(element.producer, element.sequence, size))
		return false;
	for (size_t i = 0; i < size - sizeof element; i++)
		if (pattern[i] != (unsigned char)(element.check + i))
			return false;
	return true;
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

static int os_event_create(void)
{
	os_count(NULL);
	if (atomic_load(&os_fails[SUPPORT_EVENT_CREATE]))
		return -atomic_load(&os_error[SUPPORT_EVENT_CREATE]);
	return wti_os_real.event_create();
}

static int os_event_signal(int fd)
{
	os_count(NULL);
	return wti_os_real.event_signal(fd);
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

/* ---- The process ---- */

static unsigned support_count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

unsigned support_open_fds(void)
{
	return support_count_entries("/proc/self/fd");
}

unsigned support_threads(void)
{
	return support_count_entries("/proc/self/task");
}

size_t support_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file && fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}
