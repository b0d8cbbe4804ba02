/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <wt/pool.h>
#include <wt/thread.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

static void everything_is_counted(void **state)
{
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *tasks[3];
	struct wt_pool_stats stats;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING,
										       .value = i % 5 ? 0 : -1 })),
				 i % 5 ? 0 : -1);
	tasks[0] = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	tasks[1] = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
	tasks[2] = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
	stats = pools_stats(pool);
	assert_int_equal(stats.submitted, 13);
	assert_int_equal(stats.completed, 8);
	assert_int_equal(stats.failed, 2);
	assert_int_equal(stats.running, 1);
	assert_int_equal(stats.queued, 2);
	assert_int_equal(stats.workers, 1);
	assert_int_equal(stats.workers_started, 1);
	latch_open(&gate);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	wt_pool_destroy(pool);
}

static int nap(wt_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return wt_sleep(wt_after_ms(2));
}

static void times_are_those_of_the_tasks(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_task *tasks[10];
	struct wt_pool_stats stats;
	int64_t median;

	(void)state;
	for (int i = 0; i < 10; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = nap });
	for (int i = 0; i < 10; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	stats = pools_stats(pool);
	assert_int_equal(stats.run.count, 10);
	assert_int_equal(stats.wait.count, 10);
	assert_true(stats.run.min >= 2000000);
	assert_true(stats.run.p50 >= stats.run.min && stats.run.max >= stats.run.p999);
	assert_true(stats.run.mean >= 2000000);
	assert_true(stats.wait.max >= 18000000); /* the last one waits for nine */
	assert_true(stats.utilization > 0 && stats.utilization <= 1);
	assert_int_equal(wt_pool_percentile(pool, WT_POOL_RUN, 50, &median), 0);
	assert_int_equal(median, stats.run.p50);
	wt_pool_destroy(pool);
}

static void short_tasks_are_counted_by_samples(void **state)
{
	wt_pool *pool = pools_create(1);
	struct wt_pool_stats stats;

	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(wt_pool_submit(pool,
						&(wt_outgoing){ .data = &(struct pools_input){ .op = POOLS_NOTHING },
								.size = sizeof(struct pools_input) },
						NULL, NULL, NULL, NULL),
				 0);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	stats = pools_stats(pool);
	assert_int_equal(stats.completed, 20000);
	assert_in_range(stats.run.count, 20000 - 128, 20000 + 128);
	wt_pool_destroy(pool);
}

static void a_reset_begins_anew(void **state)
{
	wt_pool *pool = pools_create(1);
	struct wt_pool_stats stats;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = nap })),
				 0);
	wt_pool_reset_stats(pool);
	stats = pools_stats(pool);
	assert_int_equal(stats.submitted, 0);
	assert_int_equal(stats.completed, 0);
	assert_int_equal(stats.run.count, 0);
	assert_int_equal(stats.run.p99, 0);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_FAIL, .value = -1 })), -1);
	/* Also when the worker has ended that had counted. */
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	stats = pools_stats(pool);
	assert_int_equal(stats.submitted, 2);
	assert_int_equal(stats.completed, 1);
	assert_int_equal(stats.failed, 1);
	wt_pool_destroy(pool);
}

static void bad_input_is_refused(void **state)
{
	wt_pool *pool = pools_create(1);
	struct wt_pool_stats stats = { .size = 1 };
	int64_t time;

	(void)state;
	assert_int_equal(wt_pool_stats(pool, &stats), WT_EINVAL);
	assert_int_equal(wt_pool_stats(pool, NULL), WT_EINVAL);
	stats.size = sizeof stats;
	assert_int_equal(wt_pool_stats(NULL, &stats), WT_EINVAL);
	assert_int_equal(wt_pool_percentile(pool, 2, 50, &time), WT_EINVAL);
	assert_int_equal(wt_pool_percentile(pool, WT_POOL_RUN, 101, &time), WT_EINVAL);
	assert_int_equal(wt_pool_percentile(pool, WT_POOL_RUN, 50, NULL), WT_EINVAL);
	assert_int_equal(wt_pool_percentile(pool, WT_POOL_WAIT, 50, &time), 0);
	assert_int_equal(time, 0);
	assert_int_equal(wt_pool_percentile(NULL, WT_POOL_RUN, 50, &time), WT_EINVAL);
	assert_int_equal(wt_pool_percentile(pool, WT_POOL_RUN, -1, &time), WT_EINVAL);
	wt_pool_reset_stats(NULL);
	wt_pool_destroy(pool);
}

/* [P1] */
static void without_memory_they_are_refused(void **state)
{
	struct wt_pool_stats stats = { .size = sizeof stats };
	wt_pool *pool;
	int64_t time;
	int errors[2];

	(void)state;
	support_count();
	pool = pools_create(1);
	support_fail_allocations(1, 0);
	errors[0] = wt_pool_stats(pool, &stats);
	errors[1] = wt_pool_percentile(pool, WT_POOL_RUN, 50, &time);
	support_fail_allocations(0, 0);
	assert_int_equal(errors[0], WT_ENOMEM);
	assert_int_equal(errors[1], WT_ENOMEM);
	assert_int_equal(pools_stats(pool).workers, 1);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_counted),
		TEST(times_are_those_of_the_tasks),
		TEST(short_tasks_are_counted_by_samples),
		TEST(a_reset_begins_anew),
		TEST(bad_input_is_refused),
		TEST(without_memory_they_are_refused),
	};

	return cmocka_run_group_tests_name("pool_stats", tests, NULL, NULL);
}
