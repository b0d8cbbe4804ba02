/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

/* One worker at a task that waits for the gate, and a queue of four. */
struct full {
	wt_pool *pool;
	struct latch begun;
	struct latch gate;
	wt_task *busy;
	wt_task *queued[4];
	unsigned drains;
};

static const struct pools_input nothing = { .op = POOLS_NOTHING };

static int submit_nothing(wt_pool *pool, wt_time until, wt_task **task)
{
	return wt_pool_submit(pool, &(wt_outgoing){ .data = &nothing, .size = sizeof nothing }, NULL, NULL,
			      WT_TASK_OPTIONS(.wait_until = until), task);
}

static void fill(struct full *full)
{
	*full = (struct full){ .pool = pools_create_with(
				       WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_tasks = 4)) };
	full->busy = pools_submit(full->pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &full->begun,
								      .gate = &full->gate });
	assert_true(latch_await(&full->begun));
	for (int i = 0; i < 4; i++)
		full->queued[i] = pools_submit(full->pool, nothing);
}

static void empty(struct full *full)
{
	latch_open(&full->gate);
	assert_int_equal(pools_result(full->busy), 0);
	for (int i = 0; i < 4; i++)
		if (full->queued[i])
			assert_int_equal(pools_result(full->queued[i]), 0);
}

static void count_drain(wt_pool *pool, void *arg)
{
	struct full *full = arg;

	assert_ptr_equal(pool, full->pool);
	full->drains++;
}

static void a_full_queue_refuses(void **state)
{
	struct full full;
	wt_task *task = (wt_task *)&full;

	(void)state;
	fill(&full);
	assert_int_equal(submit_nothing(full.pool, WT_NOW, &task), WT_EAGAIN);
	assert_null(task);
	assert_int_equal(submit_nothing(full.pool, wt_after_ms(2), &task), WT_ETIMEDOUT);
	assert_int_equal(pools_stats(full.pool).refused, 2);
	/* A task that leaves makes room. */
	assert_int_equal(wt_task_cancel(full.queued[2]), 0);
	wt_task_release(full.queued[2]);
	assert_int_equal(submit_nothing(full.pool, WT_NOW, &full.queued[2]), 0);
	empty(&full);
	wt_pool_destroy(full.pool);
}

static void bytes_are_bounded_too(void **state)
{
	static unsigned char bytes[2000];
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_bytes = 1000));
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	wt_task *task;

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = 600 }, NULL, NULL, NULL, &task), 0);
	assert_int_equal(pools_stats(pool).queued_bytes, 600);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = 500 }, NULL, NULL, NULL, NULL),
			 WT_EAGAIN);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = 1001 }, NULL, NULL, NULL, NULL),
			 WT_EMSGSIZE);
	assert_int_equal(wt_task_cancel(task), 0);
	wt_task_release(task);
	assert_int_equal(pools_stats(pool).queued_bytes, 0);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(pool);
}

static void *open_soon(void *arg)
{
	(void)!wt_sleep(wt_after_ms(20));
	latch_open(arg);
	return NULL;
}

static void a_submit_waits_for_room(void **state)
{
	struct full full;
	pthread_t thread;
	wt_task *task;

	(void)state;
	fill(&full);
	assert_int_equal(pthread_create(&thread, NULL, open_soon, &full.gate), 0);
	assert_int_equal(submit_nothing(full.pool, pools_soon(), &task), 0);
	assert_int_equal(pools_result(task), 0);
	pthread_join(thread, NULL);
	empty(&full);
	wt_pool_destroy(full.pool);
}

static void on_drain_is_called_once_after_a_refusal(void **state)
{
	struct full full;

	(void)state;
	fill(&full);
	assert_int_equal(wt_pool_on_drain(full.pool, count_drain, &full), 0);
	assert_int_equal(submit_nothing(full.pool, WT_NOW, NULL), WT_EAGAIN);
	assert_true(wt_pool_needs_drain(full.pool));
	assert_int_equal(full.drains, 0);
	empty(&full);
	assert_int_equal(wt_run(), 0); /* which it keeps alive */
	assert_int_equal(full.drains, 1);
	assert_false(wt_pool_needs_drain(full.pool));
	assert_int_equal(wt_run(), 0);
	assert_int_equal(full.drains, 1);
	wt_pool_destroy(full.pool);
}

/* No address space has room for such a stack; WT_EAGAIN would say that the queue is full, and a drain is to come. */
static void a_pool_without_threads_is_not_said_to_be_full(void **state)
{
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .queue_tasks = 4, .stack_size = (size_t)1 << 60));
	wt_time until = pools_soon();
	wt_task *task = NULL;
	int err;

	(void)state;
	while ((err = submit_nothing(pool, WT_NOW, &task)) == 0 && wt_now() < until)
		assert_int_equal(pools_result(task), WT_EWORKER);
	assert_int_equal(err, WT_EWORKER);
	assert_false(wt_pool_needs_drain(pool));
	assert_int_equal(wt_pool_ready(pool, until), WT_EWORKER);
	wt_pool_destroy(pool);
}

static void needs_drain_alone_is_a_wish(void **state)
{
	struct full full;

	(void)state;
	fill(&full);
	assert_int_equal(wt_pool_on_drain(full.pool, count_drain, &full), 0);
	assert_true(wt_pool_needs_drain(full.pool));
	empty(&full);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(full.drains, 1);
	wt_pool_destroy(full.pool);
}

static void a_handler_that_comes_late_is_called(void **state)
{
	struct full full;

	(void)state;
	fill(&full);
	assert_int_equal(submit_nothing(full.pool, WT_NOW, NULL), WT_EAGAIN);
	empty(&full);
	assert_int_equal(wt_pool_on_drain(full.pool, count_drain, &full), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(full.drains, 1);
	wt_pool_destroy(full.pool);
}

struct feeder {
	wt_pool *pool;
	pthread_t thread;
	unsigned left;
	struct verdict *verdict;
};

static void feed(wt_pool *pool, void *arg)
{
	struct feeder *feeder = arg;

	while (feeder->left && submit_nothing(pool, WT_NOW, NULL) == 0)
		feeder->left--;
}

static void *feed_by_drain(void *arg)
{
	struct feeder *feeder = arg;

	CHECK(feeder->verdict, wt_pool_on_drain(feeder->pool, feed, feeder) == 0);
	feed(feeder->pool, feeder);
	CHECK(feeder->verdict, wt_run() == 0);
	CHECK(feeder->verdict, feeder->left == 0); /* a drain that is missed ends the loop, or hangs */
	return NULL;
}

static void no_drain_is_missed(void **state)
{
	struct verdict verdict = { 0 };
	struct feeder feeders[3];
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2, .queue_tasks = 8));

	(void)state;
	for (int i = 0; i < 3; i++) {
		feeders[i] = (struct feeder){ .pool = pool, .left = 20000 / support_slowdown(), .verdict = &verdict };
		assert_int_equal(pthread_create(&feeders[i].thread, NULL, feed_by_drain, &feeders[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(feeders[i].thread, NULL);
	assert_verdict(&verdict);
	wt_pool_destroy(pool);
}

static int block_in_submit(wt_port *parent, const void *data, size_t size)
{
	wt_pool *pool = *(wt_pool *const *)data;

	(void)parent;
	(void)size;
	return submit_nothing(pool, WT_FOREVER, NULL) == WT_ETERMINATED ? 0 : 7;
}

/* [W5] */
static void terminate_and_close_end_a_blocked_submit(void **state)
{
	struct full full;
	wt_worker *worker;
	int code;

	(void)state;
	fill(&full);
	assert_int_equal(wt_worker_create(&worker, block_in_submit, &full.pool, sizeof full.pool, NULL), 0);
	assert_int_equal(wt_sleep(wt_after_ms(10)), 0);
	assert_int_equal(wt_worker_terminate(worker, pools_soon()), 0);
	wt_worker_destroy(worker);
	assert_int_equal(wt_worker_create(&worker, block_in_submit, &full.pool, sizeof full.pool, NULL), 0);
	assert_int_equal(wt_sleep(wt_after_ms(10)), 0);
	assert_int_equal(wt_pool_close(full.pool, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_worker_join(worker, &code, pools_soon()), 0);
	assert_int_equal(code, 7);
	wt_worker_destroy(worker);
	empty(&full);
	wt_pool_destroy(full.pool);
}

static int submit_to_full(wt_task *task, void *arg)
{
	wt_pool *pool = *(wt_pool **)arg;

	(void)task;
	if (submit_nothing(pool, WT_NOW, NULL) != 0)
		return -1;
	return submit_nothing(pool, WT_FOREVER, NULL);
}

static void a_worker_does_not_wait_for_room_in_its_own_queue(void **state)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_tasks = 1));

	(void)state;
	assert_int_equal(pools_result(pools_submit(
				 pool, (struct pools_input){ .op = POOLS_CALL, .call = submit_to_full, .arg = &pool })),
			 WT_EDEADLK);
	wt_pool_destroy(pool);
}

/* [P1] A task that was refused for want of memory takes no room. */
static void a_submit_without_memory_gives_its_room_back(void **state)
{
	static unsigned char large[4096];
	struct full full;

	(void)state;
	support_count();
	fill(&full);
	for (int i = 0; i < 4; i++)
		assert_int_equal(wt_task_cancel(full.queued[i]), 0);
	for (int i = 0; i < 20; i++) {
		wt_task *task;
		int err;

		support_fail_allocations(1, 0);
		err = wt_pool_submit(full.pool, &(wt_outgoing){ .data = large, .size = sizeof large }, NULL, NULL, NULL,
				     &task);
		support_fail_allocations(0, 0);
		assert_int_equal(err, WT_ENOMEM);
		assert_null(task);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pools_result(full.queued[i]), WT_ECANCELED);
		full.queued[i] = pools_submit(full.pool, nothing);
	}
	assert_int_equal(submit_nothing(full.pool, WT_NOW, NULL), WT_EAGAIN);
	empty(&full);
	wt_pool_destroy(full.pool);
}

static void a_handler_that_goes_leaves_the_loop(void **state)
{
	struct full full;

	(void)state;
	fill(&full);
	assert_int_equal(wt_pool_on_drain(full.pool, count_drain, &full), 0);
	assert_int_equal(submit_nothing(full.pool, WT_NOW, NULL), WT_EAGAIN);
	assert_true(wt_loop_alive());
	assert_int_equal(wt_pool_on_drain(full.pool, NULL, NULL), 0);
	assert_false(wt_loop_alive());
	empty(&full);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(full.drains, 0);
	wt_pool_destroy(full.pool);
}

static void an_unbounded_queue_never_needs_it(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_false(wt_pool_needs_drain(pool));
	assert_false(wt_pool_needs_drain(NULL));
	assert_int_equal(wt_pool_on_drain(NULL, NULL, NULL), WT_EINVAL);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_queue_refuses),
		TEST(bytes_are_bounded_too),
		TEST(a_submit_waits_for_room),
		TEST(on_drain_is_called_once_after_a_refusal),
		TEST(a_pool_without_threads_is_not_said_to_be_full),
		TEST(needs_drain_alone_is_a_wish),
		TEST(a_handler_that_comes_late_is_called),
		TEST(no_drain_is_missed),
		TEST(terminate_and_close_end_a_blocked_submit),
		TEST(a_worker_does_not_wait_for_room_in_its_own_queue),
		TEST(a_submit_without_memory_gives_its_room_back),
		TEST(a_handler_that_goes_leaves_the_loop),
		TEST(an_unbounded_queue_never_needs_it),
	};

	return cmocka_run_group_tests_name("pool_room", tests, NULL, NULL);
}
