/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <wt.h>

#include "os.h"
#include "support/support.h"
#include "worker.h"

enum { MS = 1000000, KIB = 1024 };

static struct wt_worker_stats read_stats(const wt_worker *worker)
{
	struct wt_worker_stats stats = { .size = sizeof stats };

	if (wt_worker_stats(worker, &stats))
		stats.state = -1;
	return stats;
}

static void start(wt_worker **worker, wt_entry *entry, void *arg)
{
	assert_int_equal(wt_worker_create(worker, entry, &arg, sizeof arg, NULL), 0);
}

static int join(wt_worker *worker)
{
	int code = -1000;

	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	return code;
}

/* ---- State ---- */

static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct wt_worker_stats stats = { .size = sizeof stats };
	struct {
		struct wt_worker_stats stats;
		uint64_t later;
	} larger = { .stats = { .size = sizeof larger }, .later = 7 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_nothing, NULL);
	assert_int_equal(wt_worker_stats(NULL, &stats), WT_EINVAL);
	assert_int_equal(wt_worker_stats(worker, NULL), WT_EINVAL);
	assert_int_equal(wt_worker_stats(worker, &larger.stats), 0);
	assert_int_equal(larger.later, 0);
	stats.size = 1;
	assert_int_equal(wt_worker_stats(worker, &stats), WT_EINVAL);
	join(worker);
	wt_worker_destroy(worker);
}

/* A thread that begins when it is let. */
static struct {
	struct latch begin;
	void *(*fn)(void *arg);
	void *arg;
} held;

static void *held_thread(void *arg)
{
	(void)arg;
	return latch_await(&held.begin) ? held.fn(held.arg) : NULL;
}

static int hold_thread(pthread_t *thread, size_t stack_size, void *(*fn)(void *arg), void *arg)
{
	held.fn = fn;
	held.arg = arg;
	return wti_os_real.thread_create(thread, stack_size, held_thread, NULL);
}

static void all_is_zero_before_online(void **state)
{
	static const struct wt_worker_stats zero;
	static struct wti_os_ops holding;
	struct wt_worker_stats stats;
	wt_worker *worker;

	(void)state;
	holding = wti_os_real;
	holding.thread_create = hold_thread;
	wti_os = &holding;
	start(&worker, entry_nothing, NULL);
	stats = read_stats(worker);
	assert_int_equal(stats.state, WT_WORKER_STARTING);
	stats.size = 0;
	assert_memory_equal(&stats, &zero, sizeof zero);
	latch_open(&held.begin);
	join(worker);
	assert_int_equal(read_stats(worker).state, WT_WORKER_EXITED);
	wt_worker_destroy(worker);
}

struct stages {
	struct latch in_entry, leave_entry, in_handler, leave_handler;
};

static void stay_in_handler(void *arg)
{
	struct stages *stages = arg;

	latch_open(&stages->in_handler);
	latch_await(&stages->leave_handler);
}

static int entry_stages(wt_port *parent, const void *data, size_t size)
{
	struct stages *stages = *(struct stages *const *)data;

	(void)parent;
	(void)size;
	if (wt_defer(stay_in_handler, stages))
		return 1;
	latch_open(&stages->in_entry);
	latch_await(&stages->leave_entry);
	return 5;
}

static void the_state_follows_the_worker_s_life(void **state)
{
	struct stages stages = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_stages, &stages);
	assert_true(latch_await(&stages.in_entry));
	assert_int_equal(read_stats(worker).state, WT_WORKER_ONLINE);
	latch_open(&stages.leave_entry);
	assert_true(latch_await(&stages.in_handler));
	assert_int_equal(read_stats(worker).state, WT_WORKER_ENDING);
	assert_int_equal(read_stats(worker).zombie, 0);
	latch_open(&stages.leave_handler);
	assert_int_equal(join(worker), 5);
	assert_int_equal(read_stats(worker).state, WT_WORKER_EXITED);
	wt_worker_destroy(worker);
}

static void a_worker_that_does_not_end_in_time_is_a_zombie_until_it_does(void **state)
{
	struct stages stages = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_stages, &stages);
	assert_true(latch_await(&stages.in_entry));
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	assert_int_equal(read_stats(worker).state, WT_WORKER_ENDING);
	assert_int_equal(read_stats(worker).zombie, 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(1)), WT_ETIMEDOUT);
	assert_int_equal(read_stats(worker).state, WT_WORKER_ENDING);
	assert_int_equal(read_stats(worker).zombie, 1);
	latch_open(&stages.leave_entry);
	latch_open(&stages.leave_handler);
	assert_int_equal(join(worker), 1);
	assert_int_equal(read_stats(worker).state, WT_WORKER_EXITED);
	assert_int_equal(read_stats(worker).zombie, 0);
	wt_worker_destroy(worker);
}

/* ---- Time ---- */

/* Works for so long on each message, in its loop. */
static void work(wt_port *port, wt_message *message, void *arg)
{
	wt_time end = wt_now() + *(const int64_t *)message->data;

	(void)arg;
	while (wt_now() < end)
		;
	if (wt_port_post(port, NULL, 0))
		wt_fail(WT_ECLOSED, "the creator is gone");
}

static int entry_works(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	wt_port_on_message(parent, work, NULL);
	return wt_run();
}

static void let_work(wt_worker *worker, int64_t span)
{
	wt_message message;

	assert_int_equal(wt_worker_post(worker, &span, sizeof span), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), 0);
}

static bool has_idled(void *arg)
{
	return read_stats(arg).loop_idle >= 50 * MS;
}

static void loop_time_is_either_idle_or_active(void **state)
{
	wt_time begin = wt_now();
	struct wt_worker_stats stats;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_works, NULL);
	let_work(worker, 30 * MS);
	assert_true(read_stats(worker).loop_active >= 30 * MS);
	/* A sleep counts while it lasts: nothing wakes the worker here. */
	assert_true(await(has_idled, worker));
	let_work(worker, 20 * MS);
	stats = read_stats(worker);
	assert_true(stats.loop_active >= 50 * MS);
	assert_true(stats.loop_idle >= 50 * MS);
	assert_true(stats.loop_idle + stats.loop_active <= wt_now() - begin);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
}

static int entry_receives(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void a_worker_without_a_loop_has_no_loop_time(void **state)
{
	struct wt_worker_stats stats;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_receives, NULL);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20)), WT_ETIMEDOUT);
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	assert_int_equal(join(worker), 0);
	stats = read_stats(worker);
	assert_int_equal(stats.loop_idle, 0);
	assert_int_equal(stats.loop_active, 0);
	wt_worker_destroy(worker);
}

struct burning {
	struct latch end;
};

static int entry_burns(wt_port *parent, const void *data, size_t size)
{
	struct burning *burning = *(struct burning *const *)data;

	(void)parent;
	(void)size;
	while (!latch_is_open(&burning->end))
		;
	return 0;
}

static bool has_used_processor_time(void *arg)
{
	return read_stats(arg).cpu_time >= 20 * MS;
}

static void processor_time_is_that_of_the_worker_s_thread(void **state)
{
	struct burning burning = { 0 };
	struct wt_worker_stats idle, last;
	wt_worker *burns, *sleeps;

	(void)state;
	start(&sleeps, entry_receives, NULL);
	start(&burns, entry_burns, &burning);
	assert_true(await(has_used_processor_time, burns));
	latch_open(&burning.end);
	assert_int_equal(join(burns), 0);
	last = read_stats(burns);
	assert_true(last.cpu_time >= 20 * MS);
	idle = read_stats(sleeps);
	assert_true(idle.cpu_time < last.cpu_time);
	assert_int_equal(wt_worker_terminate(sleeps, wt_after_ms(20000)), 0);
	wt_worker_destroy(burns);
	wt_worker_destroy(sleeps);
}

/* The clock as a test has it: another time for the runner than for the worker's thread, which can be held at its look. */
static struct {
	pthread_t runner;
	struct latch asked, go;
	atomic_int looks; /* of the runner's */
} clocks;

enum { CLOCK_OF_RUNNER = 5 * MS, CLOCK_OF_WORKER = 7 * MS };

static int split_thread_time(clockid_t clock, int64_t *time)
{
	(void)clock;
	if (pthread_equal(pthread_self(), clocks.runner)) {
		atomic_fetch_add(&clocks.looks, 1);
		*time = CLOCK_OF_RUNNER;
		return 0;
	}
	latch_open(&clocks.asked);
	latch_await(&clocks.go);
	*time = CLOCK_OF_WORKER;
	return 0;
}

/* A worker that has ended, and whose thread looks at its clock, or is about to. */
static void end_with_split_clock(wt_worker **worker)
{
	static struct wti_os_ops split;

	split = wti_os_real;
	split.thread_time = split_thread_time;
	memset(&clocks, 0, sizeof clocks);
	clocks.runner = pthread_self();
	wti_os = &split;
	/* A thread that was there before would look at its clock when it begins, too. */
	assert_int_equal(wt_worker_create(worker, entry_nothing, NULL, 0, WT_WORKER_OPTIONS(.fresh_thread = true)), 0);
	assert_int_equal(join(*worker), 0);
	assert_true(latch_await(&clocks.asked));
}

static bool is_held_by_its_handle_only(void *arg)
{
	wt_worker *worker = arg;

	return wti_load(&worker->holders) == 1;
}

static void the_last_processor_time_is_that_of_who_looks_first(void **state)
{
	wt_worker *worker;

	(void)state;
	end_with_split_clock(&worker);
	assert_int_equal(read_stats(worker).cpu_time, CLOCK_OF_RUNNER);
	latch_open(&clocks.go);
	assert_true(await(is_held_by_its_handle_only, worker));
	assert_int_equal(read_stats(worker).cpu_time, CLOCK_OF_RUNNER);
	assert_int_equal(atomic_load(&clocks.looks), 1);
	wt_worker_destroy(worker);
}

/* It may be another thread's by then. */
static void the_clock_of_a_thread_that_is_gone_is_not_looked_at(void **state)
{
	wt_worker *worker;

	(void)state;
	end_with_split_clock(&worker);
	latch_open(&clocks.go);
	assert_true(await(is_held_by_its_handle_only, worker));
	assert_int_equal(read_stats(worker).cpu_time, CLOCK_OF_WORKER);
	assert_int_equal(atomic_load(&clocks.looks), 0);
	wt_worker_destroy(worker);
}

/* ---- The heap ---- */

struct eating {
	struct latch full, shrink, shrunk, end;
};

static int entry_eats(wt_port *parent, const void *data, size_t size)
{
	struct eating *eating = *(struct eating *const *)data;
	void *large = wt_alloc(100 * KIB), *small = wt_alloc(10 * KIB);

	(void)parent;
	(void)size;
	latch_open(&eating->full);
	latch_await(&eating->shrink);
	wt_free(large);
	latch_open(&eating->shrunk);
	latch_await(&eating->end);
	return !large || !small;
}

static void the_heap_is_seen_by_other_threads(void **state)
{
	struct eating eating = { 0 };
	struct wt_worker_stats stats;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_eats, &eating);
	assert_true(latch_await(&eating.full));
	stats = read_stats(worker);
	assert_in_range(stats.heap_now, 110 * KIB, 140 * KIB);
	assert_int_equal(stats.heap_peak, stats.heap_now);
	latch_open(&eating.shrink);
	assert_true(latch_await(&eating.shrunk));
	stats = read_stats(worker);
	assert_in_range(stats.heap_now, 10 * KIB, 13 * KIB);
	assert_in_range(stats.heap_peak, 110 * KIB, 140 * KIB);
	latch_open(&eating.end);
	assert_int_equal(join(worker), 0);
	/* What the worker had not freed. */
	assert_int_equal(read_stats(worker).heap_now, stats.heap_now);
	assert_int_equal(read_stats(worker).heap_peak, stats.heap_peak);
	wt_worker_destroy(worker);
}

/* ---- After the end ---- */

static bool a_moment_has_passed(void *arg)
{
	return wt_now() > *(const wt_time *)arg;
}

/* Posts the length of each message, until an empty one. */
static int entry_measure(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = 0;

	(void)data;
	(void)size;
	for (;;) {
		err = wt_port_receive(parent, &message, WT_FOREVER);
		if (err || !message.size)
			return err;
		err = wt_port_post(parent, &message.size, sizeof message.size);
		if (err)
			return err;
	}
}

/* Counted when they are handed over; both counts stay when the worker has exited. */
static void messages_are_counted_on_both_ways(void **state)
{
	static const char text[100];
	struct wt_worker_stats stats;
	wt_worker *worker;
	wt_message message;

	(void)state;
	start(&worker, entry_measure, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(wt_worker_post(worker, text, sizeof text), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	assert_int_equal(join(worker), 0);
	stats = read_stats(worker);
	assert_int_equal(stats.messages_in, 4);
	assert_int_equal(stats.bytes_in, 3 * sizeof text);
	assert_int_equal(stats.messages_out, 2);
	assert_int_equal(stats.bytes_out, 2 * sizeof(size_t));
	wt_worker_destroy(worker);
}

static int entry_wait_for_latch(wt_port *parent, const void *data, size_t size)
{
	struct latch *latch = *(struct latch *const *)data;

	(void)size;
	return latch_await(latch) ? entry_measure(parent, NULL, 0) : 1;
}

/* A backlog of more than the queue's first piece of memory is seen by those who post. */
static void the_most_that_waited_is_seen(void **state)
{
	static const char text[100];
	struct latch latch = { 0 };
	struct wt_worker_stats stats;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_wait_for_latch, &latch);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(wt_worker_post(worker, text, sizeof text), 0);
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	latch_open(&latch);
	assert_int_equal(join(worker), 0);
	stats = read_stats(worker);
	assert_int_equal(stats.messages_in, 1001);
	assert_in_range(stats.queue_high_water, 1000 * sizeof text / 4, 1001 * (sizeof text + 16));
	wt_worker_destroy(worker);
}

static void the_last_values_stay(void **state)
{
	struct wt_worker_stats last, later;
	wt_time moment;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_works, NULL);
	let_work(worker, 5 * MS);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	last = read_stats(worker);
	assert_int_equal(last.state, WT_WORKER_EXITED);
	assert_true(last.cpu_time > 0);
	assert_true(last.loop_active >= 5 * MS);
	moment = wt_after_ms(5);
	assert_true(await(a_moment_has_passed, &moment));
	later = read_stats(worker);
	assert_memory_equal(&last, &later, sizeof last);
	wt_worker_destroy(worker);
}

/* ---- Read while all changes ---- */

struct reading {
	wt_worker *worker;
	struct latch end;
	struct verdict verdict;
};

/* Times may go back a little: the kernel's own account of a thread that runs on another processor does. */
static bool stats_are_possible(const struct wt_worker_stats *before, const struct wt_worker_stats *now)
{
	return now->state >= before->state && now->cpu_time >= before->cpu_time - 10 * MS && now->loop_idle >= 0 &&
	       now->loop_active >= 0 && now->heap_peak >= before->heap_peak && now->heap_now <= now->heap_peak;
}

static void *read_stats_all_the_time(void *arg)
{
	struct reading *reading = arg;
	struct wt_worker_stats before = read_stats(reading->worker);

	while (!latch_is_open(&reading->end)) {
		struct wt_worker_stats now = read_stats(reading->worker);

		CHECK(&reading->verdict, stats_are_possible(&before, &now));
		before = now;
	}
	CHECK(&reading->verdict, read_stats(reading->worker).state == WT_WORKER_EXITED);
	return NULL;
}

static int entry_lives(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	for (size_t i = 0; i < 100; i++)
		if (!wt_alloc(i * 100))
			return 1;
	return entry_works(parent, NULL, 0);
}

static void any_thread_reads_at_any_moment(void **state)
{
	(void)state;
	for (int i = 0; i < 200 / (int)support_slowdown() + 1; i++) {
		struct reading reading = { 0 };
		pthread_t thread;

		start(&reading.worker, entry_lives, NULL);
		assert_int_equal(pthread_create(&thread, NULL, read_stats_all_the_time, &reading), 0);
		let_work(reading.worker, 1000);
		assert_int_equal(wt_worker_terminate(reading.worker, wt_after_ms(20000)), 0);
		latch_open(&reading.end);
		pthread_join(thread, NULL);
		assert_verdict(&reading.verdict);
		wt_worker_destroy(reading.worker);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_makes_no_sense_is_refused),
		TEST(all_is_zero_before_online),
		TEST(the_state_follows_the_worker_s_life),
		TEST(a_worker_that_does_not_end_in_time_is_a_zombie_until_it_does),
		TEST(loop_time_is_either_idle_or_active),
		TEST(a_worker_without_a_loop_has_no_loop_time),
		TEST(processor_time_is_that_of_the_worker_s_thread),
		TEST(the_last_processor_time_is_that_of_who_looks_first),
		TEST(the_clock_of_a_thread_that_is_gone_is_not_looked_at),
		TEST(the_heap_is_seen_by_other_threads),
		TEST(messages_are_counted_on_both_ways),
		TEST(the_most_that_waited_is_seen),
		TEST(the_last_values_stay),
		TEST(any_thread_reads_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
