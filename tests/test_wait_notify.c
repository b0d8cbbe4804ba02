/* SPDX-License-Identifier: MIT */
#include "wait_notify.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <wt/shared.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"
#include "thread.h"

#define CELLS 64
#define SLEEPERS 10
#define MS ((wt_time)1000000)

static wt_shared *make(void)
{
	wt_shared *shared;

	assert_int_equal(wt_shared_create(&shared, CELLS * 8, 0), 0);
	return shared;
}

static size_t notify(wt_shared *shared, int type, size_t index, size_t count)
{
	size_t woken = 12345;

	assert_int_equal(wt_atomics_notify(shared, type, index, count, &woken), 0);
	return woken;
}

/* ---- Threads that wait ---- */

/* How many of the threads that are `counted` have entered a cell's list, and are about to sleep. */
static atomic_uint entered;
static _Thread_local bool counted;

/* One of them, or a notifier, is held at this point once, until told to go on. */
enum { NOWHERE = -1 };
static atomic_int held_point;
static struct latch held, held_go;

static void hook(enum wti_yield_point point, void *object)
{
	int expected = (int)point;

	(void)object;
	if (!counted && point != WTI_YIELD_WAKING)
		return;
	if (point == WTI_YIELD_ARMED)
		atomic_fetch_add(&entered, 1);
	if (atomic_compare_exchange_strong(&held_point, &expected, NOWHERE)) {
		latch_open(&held);
		latch_await(&held_go);
	}
}

static void hold_at(enum wti_yield_point point)
{
	held = held_go = (struct latch){ 0 };
	atomic_store(&held_point, (int)point);
}

static bool has_entered(void *arg)
{
	return atomic_load(&entered) >= *(unsigned *)arg;
}

static bool await_entered(unsigned count)
{
	return await(has_entered, &count);
}

struct sleeper {
	wt_shared *shared;
	int type;
	size_t index;
	int64_t expected;
	wt_time deadline;
	pthread_t thread;
	int result;
	struct latch done;
};

static void *sleep_on_cell(void *arg)
{
	struct sleeper *s = arg;

	counted = true;
	s->result = wt_atomics_wait(s->shared, s->type, s->index, s->expected, s->deadline);
	latch_open(&s->done);
	return NULL;
}

/* Start one, and return when it is on the list. */
static void start_sleeper(struct sleeper *s, wt_shared *shared, int type, size_t index, int64_t expected,
			  wt_time deadline)
{
	unsigned before = atomic_load(&entered);

	*s = (struct sleeper){ .shared = shared, .type = type, .index = index, .expected = expected,
			       .deadline = deadline };
	assert_int_equal(pthread_create(&s->thread, NULL, sleep_on_cell, s), 0);
	assert_true(await_entered(before + 1));
}

static int end_sleeper(struct sleeper *s)
{
	pthread_join(s->thread, NULL);
	return s->result;
}

static int wait_setup(void **state)
{
	int err = support_setup(state);

	atomic_store(&entered, 0);
	atomic_store(&held_point, NOWHERE);
	wti_yield_hook = hook;
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wait_setup, support_teardown)

/* ---- The comparison ---- */

/* [A1] */
static void a_cell_that_differs_is_not_waited_for(void **state)
{
	wt_shared *shared = make();

	(void)state;
	assert_int_equal(wt_atomics_store(shared, WT_I32, 0, 42), 0);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 41, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 41, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 42, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 0, 43, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 0, 42, WT_NOW), WT_ETIMEDOUT);
	wt_shared_release(shared);
}

/* What is expected is cut to the cell's width, and of either sign. */
static void what_is_expected_is_cut_to_the_width(void **state)
{
	wt_shared *shared = make();

	(void)state;
	assert_int_equal(wt_atomics_store(shared, WT_I32, 3, -5), 0);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 3, -5, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_U32, 3, -5, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_U32, 3, 0xfffffffb, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 3, INT64_C(0x1fffffffb), WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 3, 5, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_atomics_store(shared, WT_U64, 3, -1), 0);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 3, -1, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_U64, 3, -1, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait(shared, WT_U64, 3, 0xffffffff, WT_NOW), WT_EAGAIN);
	wt_shared_release(shared);
}

/* [A1] A 64-bit cell of which only the high half differs is another value. */
static void all_of_a_64_bit_cell_is_compared(void **state)
{
	wt_shared *shared = make();
	struct sleeper sleeper;
	int64_t value = INT64_C(0x100000000);

	(void)state;
	assert_int_equal(wt_atomics_store(shared, WT_I64, 2, value), 0);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 2, 0, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 2, 2 * value, WT_FOREVER), WT_EAGAIN);
	start_sleeper(&sleeper, shared, WT_I64, 2, value, WT_FOREVER);
	assert_int_equal(wt_atomics_store(shared, WT_I64, 2, 2 * value), 0);
	assert_int_equal(notify(shared, WT_I64, 2, 1), 1);
	assert_int_equal(end_sleeper(&sleeper), 0);
	wt_shared_release(shared);
}

/* ---- Time ---- */

/* [A1] */
static void a_timeout_is_never_early(void **state)
{
	wt_shared *shared = make();

	(void)state;
	for (int i = 0; i < 20; i++) {
		wt_time deadline = wt_now() + i * MS / 4 + 1;

		assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 0, deadline), WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
	}
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 0, 1), WT_ETIMEDOUT);
	assert_int_equal(notify(shared, WT_I32, 0, WT_ALL), 0);
	wt_shared_release(shared);
}

/* [A1] A sleep that the system ends for no reason, as it may at any time, goes on. */
static void a_sleep_that_is_interrupted_goes_on(void **state)
{
	wt_shared *shared = make();
	wt_time deadline = wt_now() + 20 * MS;

	(void)state;
	support_fail_os(SUPPORT_FUTEX_WAIT, 4 /* EINTR */);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, 0, 0, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	wt_shared_release(shared);
}

/* [A1] A token that was left for this thread by something else wakes no wait. */
static void a_stray_token_ends_no_wait(void **state)
{
	wt_shared *shared = make();
	wt_time deadline = wt_now() + 10 * MS;

	(void)state;
	wti_unpark(&wti_thread_self()->parker);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 0, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	wt_shared_release(shared);
}

/* ---- Order and counts ---- */

/* [A1] */
static void waiters_are_woken_in_the_order_they_came(void **state)
{
	static const int types[] = { WT_I32, WT_U32, WT_I64, WT_U64 };

	(void)state;
	for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
		wt_shared *shared = make();
		struct sleeper sleepers[SLEEPERS];

		for (int i = 0; i < SLEEPERS; i++)
			start_sleeper(&sleepers[i], shared, types[t], 5, 0, WT_FOREVER);
		for (int i = 0; i < SLEEPERS; i++) {
			assert_int_equal(notify(shared, types[t], 5, 1), 1);
			assert_true(latch_await(&sleepers[i].done));
			for (int j = i + 1; j < SLEEPERS; j++)
				assert_false(latch_is_open(&sleepers[j].done));
		}
		for (int i = 0; i < SLEEPERS; i++)
			assert_int_equal(end_sleeper(&sleepers[i]), 0);
		assert_int_equal(notify(shared, types[t], 5, WT_ALL), 0);
		wt_shared_release(shared);
	}
}

/* [A1] */
static void notify_wakes_as_many_as_it_says_and_no_more(void **state)
{
	static const struct {
		size_t count, woken;
	} steps[] = { { 0, 0 }, { 1, 1 }, { 0, 0 }, { 3, 3 }, { 2, 2 }, { 5, 4 }, { 1, 0 }, { WT_ALL, 0 } };
	wt_shared *shared = make();
	struct sleeper sleepers[SLEEPERS];
	size_t gone = 0;

	(void)state;
	for (int i = 0; i < SLEEPERS; i++)
		start_sleeper(&sleepers[i], shared, WT_I32, 0, 0, WT_FOREVER);
	for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
		assert_int_equal(notify(shared, WT_I32, 0, steps[s].count), steps[s].woken);
		for (size_t end = gone + steps[s].woken; gone < end; gone++)
			assert_true(latch_await(&sleepers[gone].done));
		for (size_t i = gone; i < SLEEPERS; i++)
			assert_false(latch_is_open(&sleepers[i].done));
	}
	for (int i = 0; i < SLEEPERS; i++)
		assert_int_equal(end_sleeper(&sleepers[i]), 0);
	wt_shared_release(shared);
}

/* [A1] More than one notify wakes after it has given its lock back. */
static void notify_of_all_wakes_a_crowd(void **state)
{
	enum { CROWD = 70 };
	static struct sleeper sleepers[CROWD];
	wt_shared *shared = make();

	(void)state;
	for (int i = 0; i < CROWD; i++)
		start_sleeper(&sleepers[i], shared, WT_I32, 0, 0, WT_FOREVER);
	assert_int_equal(notify(shared, WT_I32, 0, CROWD - 3), CROWD - 3);
	assert_int_equal(notify(shared, WT_I32, 0, WT_ALL), 3);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(end_sleeper(&sleepers[i]), 0);
	wt_shared_release(shared);
}

/* [A1] A notify that found nobody is not kept for who comes later. */
static void notify_leaves_no_credit(void **state)
{
	wt_shared *shared = make();
	wt_time deadline;

	(void)state;
	assert_int_equal(notify(shared, WT_I32, 7, 1), 0);
	assert_int_equal(notify(shared, WT_I32, 7, WT_ALL), 0);
	deadline = wt_now() + 10 * MS;
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 7, 0, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	wt_shared_release(shared);
}

/* [A1] Also cells that share a bucket: there are more of them than buckets. */
static void waiters_on_other_cells_are_not_disturbed(void **state)
{
	enum { MANY = 4096 };
	wt_shared *shared;
	struct sleeper sleepers[3];
	size_t woken;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, MANY * 4, 0), 0);
	start_sleeper(&sleepers[0], shared, WT_I32, 100, 0, WT_FOREVER);
	start_sleeper(&sleepers[1], shared, WT_I32, 101, 0, WT_FOREVER);
	start_sleeper(&sleepers[2], shared, WT_I64, 51, 0, WT_FOREVER);
	for (size_t i = 0; i < MANY; i++) {
		if (i == 100 || i == 101 || i == 102)
			continue;
		assert_int_equal(notify(shared, WT_I32, i, WT_ALL), 0);
	}
	/* A cell in the middle of a 64-bit one is another cell. */
	assert_int_equal(notify(shared, WT_I32, 103, WT_ALL), 0);
	for (int i = 0; i < 3; i++)
		assert_false(latch_is_open(&sleepers[i].done));
	assert_int_equal(notify(shared, WT_I32, 101, WT_ALL), 1);
	assert_int_equal(end_sleeper(&sleepers[1]), 0);
	assert_int_equal(notify(shared, WT_I32, 100, WT_ALL), 1);
	assert_int_equal(end_sleeper(&sleepers[0]), 0);
	/* One list for the cell, whatever its width is called. */
	assert_int_equal(wt_notify((char *)wt_shared_data(shared) + 51 * 8, 1, &woken), 0);
	assert_int_equal(woken, 1);
	assert_int_equal(end_sleeper(&sleepers[2]), 0);
	wt_shared_release(shared);
}

/* [A1] */
static void a_store_alone_wakes_nobody(void **state)
{
	wt_shared *shared = make();
	struct sleeper sleeper;

	(void)state;
	start_sleeper(&sleeper, shared, WT_I32, 0, 0, wt_after_ms(30));
	for (int i = 1; i < 1000; i++)
		assert_int_equal(wt_atomics_store(shared, WT_I32, 0, i), 0);
	assert_int_equal(end_sleeper(&sleeper), WT_ETIMEDOUT);
	wt_shared_release(shared);
}

/* [A1] Who gave up is not counted, and those behind it are reached. */
static void a_waiter_that_timed_out_is_off_the_list(void **state)
{
	wt_shared *shared = make();
	struct sleeper sleepers[3];

	(void)state;
	start_sleeper(&sleepers[0], shared, WT_I32, 0, 0, WT_FOREVER);
	start_sleeper(&sleepers[1], shared, WT_I32, 0, 0, wt_after_ms(5));
	start_sleeper(&sleepers[2], shared, WT_I32, 0, 0, WT_FOREVER);
	assert_int_equal(end_sleeper(&sleepers[1]), WT_ETIMEDOUT);
	assert_int_equal(notify(shared, WT_I32, 0, WT_ALL), 2);
	assert_int_equal(end_sleeper(&sleepers[0]), 0);
	assert_int_equal(end_sleeper(&sleepers[2]), 0);
	wt_shared_release(shared);
}

/* ---- Schedules ---- */

/* [A1] A notify between the comparison and the sleep. */
static void a_notify_before_the_sleep_is_not_lost(void **state)
{
	wt_shared *shared = make();
	struct sleeper s = { .shared = shared, .type = WT_I32, .deadline = WT_FOREVER };

	(void)state;
	hold_at(WTI_YIELD_ARMED);
	assert_int_equal(pthread_create(&s.thread, NULL, sleep_on_cell, &s), 0);
	assert_true(latch_await(&held));
	assert_int_equal(notify(shared, WT_I32, 0, 1), 1);
	latch_open(&held_go);
	assert_int_equal(end_sleeper(&s), 0);
	wt_shared_release(shared);
}

/* [A1] A change and a notify before the comparison, though the cell was looked at before. */
static void a_change_before_the_wait_begins_is_not_missed(void **state)
{
	wt_shared *shared = make();
	struct sleeper s = { .shared = shared, .type = WT_I32, .deadline = WT_FOREVER };

	(void)state;
	hold_at(WTI_YIELD_BEFORE_ARM);
	assert_int_equal(pthread_create(&s.thread, NULL, sleep_on_cell, &s), 0);
	assert_true(latch_await(&held));
	assert_int_equal(wt_atomics_store(shared, WT_I32, 0, 1), 0);
	assert_int_equal(notify(shared, WT_I32, 0, 1), 0);
	latch_open(&held_go);
	assert_int_equal(end_sleeper(&s), WT_EAGAIN);
	wt_shared_release(shared);
}

struct notifier {
	wt_shared *shared;
	size_t woken;
};

static void *notify_one(void *arg)
{
	struct notifier *n = arg;

	if (wt_atomics_notify(n->shared, WT_I32, 0, 1, &n->woken))
		n->woken = 99;
	return NULL;
}

/* [A1] The token comes before the word: a waiter that takes it meanwhile still hears of its notify. */
static void a_token_taken_before_the_news_is_not_lost(void **state)
{
	wt_shared *shared = make();
	struct notifier n = { .shared = shared };
	struct sleeper sleeper;
	pthread_t thread;

	(void)state;
	support_fail_os(SUPPORT_FUTEX_WAIT, 0); /* so that the sleeper is always about to take a token */
	start_sleeper(&sleeper, shared, WT_I32, 0, 0, WT_FOREVER);
	hold_at(WTI_YIELD_WAKING);
	assert_int_equal(pthread_create(&thread, NULL, notify_one, &n), 0);
	assert_true(latch_await(&held));
	/* It has its token, and must not go: the notifier still needs its parker. */
	for (int i = 0; i < 1000; i++) {
		assert_false(latch_is_open(&sleeper.done));
		sched_yield();
	}
	latch_open(&held_go);
	assert_int_equal(end_sleeper(&sleeper), 0);
	pthread_join(thread, NULL);
	assert_int_equal(n.woken, 1);
	wt_shared_release(shared);
}

/* ---- Terminate ---- */

struct job {
	wt_shared *shared;
	struct verdict *verdict;
	int *result;
};

static int wait_in_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;

	(void)parent;
	(void)size;
	counted = true;
	*job->result = wt_atomics_wait(job->shared, WT_I32, 0, 0, WT_FOREVER);
	if (*job->result)
		CHECK(job->verdict, wt_atomics_wait(job->shared, WT_I32, 0, 0, WT_FOREVER) == WT_ETERMINATED);
	return 0;
}

/* [W5] [A1] */
static void terminate_ends_a_wait_and_takes_it_off_the_list(void **state)
{
	wt_shared *shared = make();
	struct verdict verdict = { 0 };
	struct sleeper behind;
	wt_worker *worker;
	wt_time begun;
	int result = 1;
	struct job job = { shared, &verdict, &result };

	(void)state;
	assert_int_equal(wt_worker_create(&worker, wait_in_worker, &job, sizeof job, NULL), 0);
	assert_true(await_entered(1));
	start_sleeper(&behind, shared, WT_I32, 0, 0, WT_FOREVER);
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_true(wt_now() - begun < PROMPTLY);
	assert_int_equal(result, WT_ETERMINATED);
	assert_int_equal(notify(shared, WT_I32, 0, WT_ALL), 1);
	assert_int_equal(end_sleeper(&behind), 0);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
	wt_shared_release(shared);
}

/* [A1] Whichever comes first: the count is that of the waits that returned 0. */
static void terminate_against_notify_keeps_the_count_exact(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	for (unsigned i = 0; i < 400 / support_slowdown() + 20; i++) {
		wt_shared *shared = make();
		int result = 1;
		struct job job = { shared, &verdict, &result };
		struct notifier n = { .shared = shared };
		pthread_t thread;
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, wait_in_worker, &job, sizeof job, NULL), 0);
		assert_int_equal(pthread_create(&thread, NULL, notify_one, &n), 0);
		for (unsigned j = 0; j < i % 50 * 20; j++)
			wt_atomics_pause();
		assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
		pthread_join(thread, NULL);
		/* A worker that was told to end before it began has not waited. */
		assert_int_equal(n.woken, result == 0 ? 1 : 0);
		wt_worker_destroy(worker);
		wt_shared_release(shared);
	}
	assert_verdict(&verdict);
}

/* [A1] The schedule above, forced: notified while it was about to sleep, then told to end. */
static void a_wait_that_was_counted_returns_0_though_terminated(void **state)
{
	wt_shared *shared = make();
	struct verdict verdict = { 0 };
	wt_worker *worker;
	int result = 1;
	struct job job = { shared, &verdict, &result };

	(void)state;
	hold_at(WTI_YIELD_ARMED);
	assert_int_equal(wt_worker_create(&worker, wait_in_worker, &job, sizeof job, NULL), 0);
	assert_true(latch_await(&held));
	assert_int_equal(notify(shared, WT_I32, 0, 1), 1);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	latch_open(&held_go);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_int_equal(result, 0);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
	wt_shared_release(shared);
}

/* ---- Who holds the memory ---- */

/* [A2] The waiter's hold is the last: everybody else lets go while it sleeps. */
static void a_waiter_holds_its_memory(void **state)
{
	wt_shared *shared = make();
	void *cell = wt_shared_data(shared);
	struct sleeper sleeper;
	size_t woken;

	(void)state;
	start_sleeper(&sleeper, shared, WT_I32, 0, 0, WT_FOREVER);
	wt_shared_release(shared);
	*(_Atomic(uint32_t) *)cell = 1; /* still there */
	assert_int_equal(wt_notify(cell, 1, &woken), 0);
	assert_int_equal(woken, 1);
	assert_int_equal(end_sleeper(&sleeper), 0);
}

/* ---- Any cell ---- */

static _Atomic(uint32_t) word32;
static _Atomic(uint64_t) word64;

static void *sleep_on_word32(void *arg)
{
	counted = true;
	*(int *)arg = wt_wait32(&word32, 5, WT_FOREVER);
	return NULL;
}

static void *sleep_on_word64(void *arg)
{
	counted = true;
	*(int *)arg = wt_wait64(&word64, UINT64_C(5) << 32, WT_FOREVER);
	return NULL;
}

/* [A1] */
static void a_plain_atomic_cell_can_be_waited_for(void **state)
{
	pthread_t thread32, thread64;
	int result32 = 1, result64 = 1;
	size_t woken;

	(void)state;
	atomic_store(&word32, 5);
	atomic_store(&word64, UINT64_C(5) << 32);
	assert_int_equal(wt_wait32(&word32, 4, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_wait64(&word64, 5, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_wait32(&word32, 5, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_wait64(&word64, UINT64_C(5) << 32, wt_after_ms(1)), WT_ETIMEDOUT);
	assert_int_equal(pthread_create(&thread32, NULL, sleep_on_word32, &result32), 0);
	assert_int_equal(pthread_create(&thread64, NULL, sleep_on_word64, &result64), 0);
	assert_true(await_entered(2));
	assert_int_equal(wt_notify(&word64, WT_ALL, &woken), 0);
	assert_int_equal(woken, 1);
	pthread_join(thread64, NULL);
	assert_int_equal(wt_notify(&word32, 1, NULL), 0);
	pthread_join(thread32, NULL);
	assert_int_equal(result32, 0);
	assert_int_equal(result64, 0);
}

/* ---- Bad input ---- */

static void bad_input_is_refused(void **state)
{
	static const int narrow[] = { WT_I8, WT_U8, WT_I16, WT_U16, -1, 8, INT_MAX, INT_MIN };
	wt_shared *shared = make();
	size_t woken = 9;

	(void)state;
	for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) {
		assert_int_equal(wt_atomics_wait(shared, narrow[i], 0, 0, WT_NOW), WT_EINVAL);
		assert_int_equal(wt_atomics_notify(shared, narrow[i], 0, 1, &woken), WT_EINVAL);
		assert_int_equal(woken, 0);
	}
	assert_int_equal(wt_atomics_wait(NULL, WT_I32, 0, 0, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, 0, 0, -1), WT_EINVAL);
	assert_int_equal(wt_atomics_wait(shared, WT_I32, CELLS * 2, 0, WT_NOW), WT_ERANGE);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, CELLS, 0, WT_NOW), WT_ERANGE);
	assert_int_equal(wt_atomics_wait(shared, WT_I64, SIZE_MAX, 0, WT_NOW), WT_ERANGE);
	assert_int_equal(wt_atomics_notify(shared, WT_I32, CELLS * 2, 1, NULL), WT_ERANGE);
	assert_int_equal(wt_atomics_notify(NULL, WT_I32, 0, 1, NULL), WT_EINVAL);
	assert_int_equal(wt_wait32(NULL, 0, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_wait64(NULL, 0, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_wait32((char *)&word32 + 2, 0, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_wait64((char *)&word64 + 4, 0, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_wait32(&word32, 0, -1), WT_EINVAL);
	woken = 9;
	assert_int_equal(wt_notify((char *)&word64 + 1, 1, &woken), WT_EINVAL);
	assert_int_equal(woken, 0);
	assert_int_equal(wt_notify(NULL, 1, NULL), WT_EINVAL);
	wt_shared_release(shared);
}

static void *wait_without_memory(void *arg)
{
	struct sleeper *s = arg;

	support_fail_allocations(1, 0);
	s->result = wt_atomics_wait(s->shared, WT_I32, 0, 0, WT_FOREVER);
	support_fail_allocations(0, 0);
	return NULL;
}

/* A thread that libwt has not seen yet needs a record to wait. */
static void the_first_call_of_a_thread_may_lack_memory(void **state)
{
	struct sleeper s = { .shared = make() };

	(void)state;
	assert_int_equal(pthread_create(&s.thread, NULL, wait_without_memory, &s), 0);
	assert_int_equal(end_sleeper(&s), WT_ENOMEM);
	assert_int_equal(notify(s.shared, WT_I32, 0, WT_ALL), 0);
	wt_shared_release(s.shared);
}

/* ---- Stress ---- */

#define PLAYERS 2
#define FORKS 4
#define CROWD_THREADS 6

struct pong {
	wt_shared *shared;
	struct verdict *verdict;
	uint32_t me;
	uint32_t rounds;
	int type;
};

/* A turn is the cell's value modulo the players; each waits while it is not its own. */
static void *pong(void *arg)
{
	struct pong *p = arg;
	int64_t value;

	for (uint32_t i = 0; i < p->rounds; i++) {
		for (;;) {
			CHECK(p->verdict, wt_atomics_load(p->shared, p->type, 9, &value) == 0);
			if ((uint64_t)value % PLAYERS == p->me)
				break;
			int err = wt_atomics_wait(p->shared, p->type, 9, value, WT_FOREVER);
			CHECK(p->verdict, err == 0 || err == WT_EAGAIN);
		}
		CHECK(p->verdict, wt_atomics_add(p->shared, p->type, 9, 1, NULL) == 0);
		CHECK(p->verdict, wt_atomics_notify(p->shared, p->type, 9, 1, NULL) == 0);
	}
	return NULL;
}

/* [A1] One lost wake, and this hangs. */
static void no_wake_is_lost_between_two(void **state)
{
	static const int types[] = { WT_U32, WT_I64 };

	(void)state;
	for (int t = 0; t < 2; t++) {
		struct verdict verdict = { 0 };
		wt_shared *shared = make();
		pthread_t threads[PLAYERS];
		struct pong pongs[PLAYERS];

		for (uint32_t i = 0; i < PLAYERS; i++) {
			pongs[i] = (struct pong){ shared, &verdict, i, 50000 / support_slowdown(), types[t] };
			assert_int_equal(pthread_create(&threads[i], NULL, pong, &pongs[i]), 0);
		}
		for (int i = 0; i < PLAYERS; i++)
			pthread_join(threads[i], NULL);
		assert_verdict(&verdict);
		wt_shared_release(shared);
	}
}

struct crowd {
	wt_shared *shared;
	struct verdict *verdict;
	atomic_ulong *woken;     /* waits that returned 0, for each cell */
	atomic_ulong *notified;  /* what notify has counted, for each cell */
	atomic_uint *running;
	atomic_bool *met; /* a notify has found a waiter: without it the books balance at nothing */
	uint64_t seed;
	unsigned rounds;
};

/* The rounds may all pass before a notifier is first scheduled: wait on until one has been met. */
static void *crowd_wait(void *arg)
{
	struct crowd *c = arg;
	uint64_t random = c->seed;

	for (unsigned i = 0; i < c->rounds || !atomic_load(c->met); i++) {
		size_t cell = support_random(&random) % FORKS;
		uint64_t span = support_random(&random) % 100000; /* ns */
		int err = wt_atomics_wait(c->shared, WT_I32, cell, 0, wt_after_ns(span));

		CHECK(c->verdict, err == 0 || err == WT_ETIMEDOUT || err == WT_EAGAIN);
		if (err == 0) {
			atomic_fetch_add(&c->woken[cell], 1);
			atomic_store(c->met, true);
		}
	}
	atomic_fetch_sub(c->running, 1);
	return NULL;
}

static void *crowd_notify(void *arg)
{
	struct crowd *c = arg;
	uint64_t random = c->seed;

	while (atomic_load(c->running)) {
		size_t cell = support_random(&random) % FORKS, count = support_random(&random) % 4, woken;

		CHECK(c->verdict, wt_atomics_notify(c->shared, WT_I32, cell, count, &woken) == 0);
		CHECK(c->verdict, woken <= count);
		atomic_fetch_add(&c->notified[cell], woken);
		if (support_random(&random) % 4)
			sched_yield();
	}
	return NULL;
}

/* [A1] Waits that end in every way, against notifies of every count: each cell's books balance. */
static void counts_balance_when_time_runs_out_meanwhile(void **state)
{
	atomic_ulong woken[FORKS] = { 0 }, notified[FORKS] = { 0 };
	uint64_t seed = support_seed();
	struct verdict verdict = { 0 };
	wt_shared *shared = make();
	pthread_t threads[CROWD_THREADS];
	struct crowd crowds[CROWD_THREADS];
	atomic_uint running = CROWD_THREADS - 2;
	atomic_bool met = false;

	(void)state;
	for (unsigned i = 0; i < CROWD_THREADS; i++) {
		crowds[i] = (struct crowd){ shared, &verdict, woken, notified, &running, &met, seed + i,
					    2000 / support_slowdown() };
		assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? crowd_notify : crowd_wait, &crowds[i]), 0);
	}
	for (int i = 0; i < CROWD_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	for (int i = 0; i < FORKS; i++)
		assert_int_equal(woken[i], notified[i]);
	assert_int_equal(notify(shared, WT_I32, 0, WT_ALL), 0);
	wt_shared_release(shared);
}

/* [A1] Threads that end at once after their wake: the notifier touches nothing of theirs. */
static void a_thread_may_end_as_soon_as_it_is_woken(void **state)
{
	wt_shared *shared = make();

	(void)state;
	for (unsigned i = 0; i < 1000 / support_slowdown(); i++) {
		struct sleeper s = { .shared = shared, .type = WT_I32, .deadline = WT_FOREVER };

		assert_int_equal(pthread_create(&s.thread, NULL, sleep_on_cell, &s), 0);
		while (notify(shared, WT_I32, 0, 1) == 0)
			sched_yield();
		assert_int_equal(end_sleeper(&s), 0);
	}
	wt_shared_release(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cell_that_differs_is_not_waited_for),
		TEST(what_is_expected_is_cut_to_the_width),
		TEST(all_of_a_64_bit_cell_is_compared),
		TEST(a_timeout_is_never_early),
		TEST(a_sleep_that_is_interrupted_goes_on),
		TEST(a_stray_token_ends_no_wait),
		TEST(waiters_are_woken_in_the_order_they_came),
		TEST(notify_wakes_as_many_as_it_says_and_no_more),
		TEST(notify_of_all_wakes_a_crowd),
		TEST(notify_leaves_no_credit),
		TEST(waiters_on_other_cells_are_not_disturbed),
		TEST(a_store_alone_wakes_nobody),
		TEST(a_waiter_that_timed_out_is_off_the_list),
		TEST(a_notify_before_the_sleep_is_not_lost),
		TEST(a_change_before_the_wait_begins_is_not_missed),
		TEST(a_token_taken_before_the_news_is_not_lost),
		TEST(terminate_ends_a_wait_and_takes_it_off_the_list),
		TEST(terminate_against_notify_keeps_the_count_exact),
		TEST(a_wait_that_was_counted_returns_0_though_terminated),
		TEST(a_waiter_holds_its_memory),
		TEST(a_plain_atomic_cell_can_be_waited_for),
		TEST(bad_input_is_refused),
		TEST(the_first_call_of_a_thread_may_lack_memory),
		TEST(no_wake_is_lost_between_two),
		TEST(counts_balance_when_time_runs_out_meanwhile),
		TEST(a_thread_may_end_as_soon_as_it_is_woken),
	};

	return cmocka_run_group_tests_name("wait_notify", tests, NULL, NULL);
}
