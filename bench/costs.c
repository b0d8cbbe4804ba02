// SPDX-License-Identifier: MIT
/*
 * What the machine takes for what libwt is made of, as doc/scaling.md counts with it: a cache line that another core wrote,
 * a locked instruction, a lock, a call of the system, a wake-up, a membarrier. Two threads on two CPUs, where it takes two.
 */
#include "harness.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	BLOCK_LINES = 256,         /* less than a core's own cache */
	ASLEEP_NS = 60000,         /* after which a thread that is about to sleep does */
	WORK_STEPS = 1000,         /* of the victim, between two looks at the clock */
	SPINS_BEFORE_YIELD = 1000, /* where two threads share a CPU after all */
};

static _Alignas(128) _Atomic uint32_t there;
static _Alignas(128) _Atomic uint32_t back;
static _Alignas(128) _Atomic uint64_t shared;
static _Alignas(128) atomic_bool over;
static _Alignas(128) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t locked;
static _Alignas(64) unsigned char block[BLOCK_LINES][BENCH_LINE];
static pthread_barrier_t both;

/* ---- Words that go to and fro ---- */

static void spin_for(_Atomic uint32_t *word, uint32_t value)
{
	for (unsigned spins = 1; atomic_load_explicit(word, memory_order_acquire) != value; spins++) {
		if (spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
}

static void sleep_for(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) != value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value - 1, NULL, NULL, 0);
}

static void set(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static void wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- One thread ---- */

static int64_t timed(void (*work)(uint64_t count), uint64_t count)
{
	int64_t start = bench_now();

	work(count);
	return bench_now() - start;
}

static void syscalls(uint64_t count)
{
	while (count--)
		syscall(SYS_getppid);
}

static void adds(uint64_t count)
{
	while (count--)
		atomic_fetch_add_explicit(&shared, 1, memory_order_acq_rel);
}

static void barriers(uint64_t count)
{
	while (count--)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* ---- Two threads do the same: each its half, and both are timed together ---- */

static void swaps(uint64_t count)
{
	uint64_t seen;

	while (count--) {
		seen = atomic_load_explicit(&shared, memory_order_relaxed);
		while (!atomic_compare_exchange_weak_explicit(&shared, &seen, seen + 1, memory_order_acq_rel,
							      memory_order_relaxed))
			;
	}
}

static void locks(uint64_t count)
{
	while (count--) {
		pthread_mutex_lock(&lock);
		locked++;
		pthread_mutex_unlock(&lock);
	}
}

struct half {
	void (*work)(uint64_t count);
	uint64_t count;
};

static void *do_half(void *arg)
{
	struct half *half = arg;

	bench_pin(1);
	pthread_barrier_wait(&both);
	half->work(half->count);
	pthread_barrier_wait(&both);
	return NULL;
}

static pthread_t start_thread(void *(*entry)(void *arg), void *arg)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, entry, arg);

	if (error)
		bench_die("pthread_create", error);
	return thread;
}

static int64_t timed_halves(void (*work)(uint64_t count), uint64_t count)
{
	struct half half = { work, count / 2 + 1 };
	pthread_t thread = start_thread(do_half, &half);
	int64_t start;

	pthread_barrier_wait(&both);
	start = bench_now();
	work(half.count);
	pthread_barrier_wait(&both);
	start = bench_now() - start;
	pthread_join(thread, NULL);
	if (work == locks && locked != 2 * half.count)
		bench_die("a lock that does not exclude", 0);
	return start;
}

/* ---- Two threads in turns ---- */

static void *echo_spinning(void *count)
{
	bench_pin(1);
	for (uint32_t i = 1; i <= (uintptr_t)count + 1; i++) {
		spin_for(&there, i);
		set(&back, i);
	}
	return NULL;
}

static int64_t line_both_ways(uint64_t count)
{
	pthread_t thread = start_thread(echo_spinning, (void *)(uintptr_t)count);
	int64_t start = 0;

	for (uint32_t i = 1; i <= count + 1; i++) {
		set(&there, i);
		spin_for(&back, i);
		if (i == 1)
			start = bench_now(); /* the thread is there */
	}
	start = bench_now() - start;
	pthread_join(thread, NULL);
	return start / 2;
}

static void *write_blocks(void *count)
{
	bench_pin(1);
	for (uint32_t i = 1; i <= (uintptr_t)count; i++) {
		spin_for(&there, i);
		for (unsigned j = 0; j < BLOCK_LINES; j++)
			memcpy(block[j], &i, sizeof i);
		set(&back, i);
	}
	return NULL;
}

/* Lines one behind the other, as a receiver reads them: many are on their way at once. Of count lines. */
static int64_t lines_in_a_row(uint64_t count)
{
	uint64_t blocks = count / BLOCK_LINES + 1;
	pthread_t thread = start_thread(write_blocks, (void *)(uintptr_t)blocks);
	int64_t sum = 0, start;
	uint32_t word, wrong;

	for (uint32_t i = 1; i <= blocks; i++) {
		wrong = 0;
		set(&there, i);
		spin_for(&back, i);
		start = bench_now();
		for (unsigned j = 0; j < BLOCK_LINES; j++) {
			memcpy(&word, block[j], sizeof word);
			wrong |= word ^ i;
		}
		sum += bench_now() - start;
		if (wrong)
			bench_die("a line has an older word", (int)i);
	}
	pthread_join(thread, NULL);
	return sum;
}

static void *echo_sleeping(void *count)
{
	bench_pin(1);
	for (uint32_t i = 1; i <= (uintptr_t)count; i++) {
		sleep_for(&there, i);
		set(&back, i);
		wake(&back);
	}
	return NULL;
}

static int64_t wake_both_ways(uint64_t count)
{
	pthread_t thread = start_thread(echo_sleeping, (void *)(uintptr_t)count);
	int64_t start = bench_now();

	for (uint32_t i = 1; i <= count; i++) {
		set(&there, i);
		wake(&there);
		sleep_for(&back, i);
	}
	start = bench_now() - start;
	pthread_join(thread, NULL);
	return start / 2;
}

/* What the call takes from who wakes, without what the woken one needs. */
static int64_t wake_calls(uint64_t count)
{
	pthread_t thread = start_thread(echo_sleeping, (void *)(uintptr_t)count);
	int64_t sum = 0, start;

	for (uint32_t i = 1; i <= count; i++) {
		for (start = bench_now(); bench_now() - start < ASLEEP_NS;)
			;
		set(&there, i);
		start = bench_now();
		wake(&there);
		sum += bench_now() - start;
		spin_for(&back, i);
	}
	pthread_join(thread, NULL);
	return sum;
}

/* ---- A thread that is interrupted ---- */

static uint64_t victim_steps; /* its own, until it has ended */

static void *be_a_victim(void *arg)
{
	volatile uint64_t x = 1;

	bench_pin(1);
	pthread_barrier_wait(&both);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		for (unsigned i = 0; i < WORK_STEPS; i++)
			x = x * 3 + 1;
		victim_steps += WORK_STEPS;
	}
	return arg;
}

/* Steps that the victim makes in a nanosecond while this thread does work. */
static double victim_rate(void (*work)(uint64_t count), uint64_t count, int64_t *elapsed)
{
	pthread_t thread;

	atomic_store(&over, false);
	victim_steps = 0;
	thread = start_thread(be_a_victim, NULL);
	pthread_barrier_wait(&both);
	*elapsed = timed(work, count);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	return (double)victim_steps / (double)*elapsed;
}

static int64_t barriers_beside(uint64_t count)
{
	int64_t elapsed;

	victim_rate(barriers, count, &elapsed);
	return elapsed;
}

static void spin_a_while(uint64_t nanoseconds)
{
	int64_t start = bench_now();

	while (bench_now() - start < (int64_t)nanoseconds)
		;
}

/* What each membarrier takes from a thread that computes on another CPU. */
static int64_t barriers_suffered(uint64_t count)
{
	int64_t with, without;
	double disturbed = victim_rate(barriers, count, &with);
	double alone = victim_rate(spin_a_while, (uint64_t)with, &without);

	return (int64_t)((double)with * (1 - disturbed / alone));
}

static void report(int64_t cost, uint64_t count, int64_t elapsed)
{
	printf("{\"version\": null, \"median_ns\": %.2f, \"elapsed_ns\": %lld}\n", (double)cost / (double)count,
	       (long long)elapsed);
}

static int64_t measure(const struct bench_args *args)
{
	static const struct {
		const char *name;
		int64_t (*cost)(uint64_t count);
		void (*alone)(uint64_t count);
		void (*halves)(uint64_t count);
	} costs[] = {
		{ "syscall", .alone = syscalls },
		{ "add", .alone = adds },
		{ "add2", .halves = adds },
		{ "swap2", .halves = swaps },
		{ "lock2", .halves = locks },
		{ "line", .cost = line_both_ways },
		{ "lines", .cost = lines_in_a_row },
		{ "wake", .cost = wake_both_ways },
		{ "wakecall", .cost = wake_calls },
		{ "barrier", .alone = barriers },
		{ "barrier2", .cost = barriers_beside },
		{ "suffered", .cost = barriers_suffered },
	};

	for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
		if (!bench_is(costs[i].name, args->variant))
			continue;
		if (costs[i].cost)
			return costs[i].cost(args->count);
		return costs[i].alone ? timed(costs[i].alone, args->count) : timed_halves(costs[i].halves, args->count);
	}
	bench_unknown(args);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	int64_t start, cost;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "costs"))
		bench_unknown(&args);
	bench_pin(0);
	pthread_barrier_init(&both, NULL, 2);
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	start = bench_now();
	cost = measure(&args);
	report(cost, args.count, bench_now() - start);
	return 0;
}
