/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <wt/pool.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

enum { CELLS = 10000 };

static _Atomic(int) cells[CELLS];

static int mark(size_t begin, size_t end, void *arg)
{
	size_t grain = *(const size_t *)arg;

	if (begin >= end || end - begin > grain)
		return -1;
	for (size_t i = begin; i < end; i++)
		wti_add(&cells[i], 1);
	return 0;
}

static void clear_cells(void)
{
	for (size_t i = 0; i < CELLS; i++)
		wti_store(&cells[i], 0);
}

static void assert_marked(size_t begin, size_t end)
{
	for (size_t i = 0; i < CELLS; i++)
		assert_int_equal(wti_load(&cells[i]), i >= begin && i < end);
}

static void every_index_is_met_once(void **state)
{
	static const size_t grains[] = { 1, 7, 100, CELLS, 2 * CELLS };
	wt_pool *pool = pools_create(2);

	(void)state;
	for (size_t i = 0; i < sizeof grains / sizeof grains[0]; i++) {
		wt_range range = { .begin = 3, .end = CELLS - 5, .grain = grains[i] };

		clear_cells();
		assert_int_equal(wt_pool_map(pool, &range, mark, &range.grain, WT_FOREVER), 0);
		assert_marked(3, CELLS - 5);
	}
	wt_pool_destroy(pool);
}

static void without_a_grain_it_finds_one(void **state)
{
	wt_pool *pool = pools_create(2);
	size_t most = CELLS / 8;

	(void)state;
	clear_cells();
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .end = CELLS }, mark, &most, WT_FOREVER), 0);
	assert_marked(0, CELLS);
	wt_pool_destroy(pool);
}

static void an_empty_range_is_done_at_once(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .begin = 5, .end = 5 }, mark, NULL, WT_FOREVER), 0);
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .begin = 5, .end = 4 }, mark, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, NULL, mark, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(NULL, &(wt_range){ 0 }, mark, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .end = 1 }, mark, NULL, WT_NOW), WT_EAGAIN);
	wt_pool_destroy(pool);
}

static int fail_at(size_t begin, size_t end, void *arg)
{
	size_t at = *(const size_t *)arg;

	return begin <= at && at < end ? -77 : 0;
}

static void the_first_error_ends_it(void **state)
{
	wt_pool *pool = pools_create(2);
	size_t at = 500;

	(void)state;
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .end = CELLS, .grain = 10 }, fail_at, &at, WT_FOREVER), -77);
	wt_pool_destroy(pool);
}

static int map_inside(wt_task *task, void *arg)
{
	wt_pool *pool = *(wt_pool **)arg;
	size_t grain = 16;

	(void)task;
	return wt_pool_map(pool, &(wt_range){ .end = CELLS, .grain = grain }, mark, &grain, WT_FOREVER);
}

static void maps_inside_of_tasks_do_not_lock_up(void **state)
{
	wt_pool *pool = pools_create(2);
	wt_task *tasks[8];

	(void)state;
	clear_cells();
	for (int i = 0; i < 8; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = map_inside, .arg = &pool });
	for (int i = 0; i < 8; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	for (size_t i = 0; i < CELLS; i++)
		assert_int_equal(wti_load(&cells[i]), 8);
	wt_pool_destroy(pool);
}

static int end_a_worker(size_t begin, size_t end, void *arg)
{
	(void)begin;
	(void)end;
	(void)arg;
	if (wt_parent_port() || wt_is_main_thread())
		return wt_sleep(wt_after_ms(5));
	wt_fail(-5, "in the middle of a part");
}

static void a_worker_that_ends_in_a_part_is_told_of(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .end = 100, .grain = 1 }, end_a_worker, NULL, pools_soon()),
			 WT_EWORKER);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	wt_pool_destroy(pool);
}

static int sleep_a_while(size_t begin, size_t end, void *arg)
{
	(void)begin;
	(void)end;
	(void)arg;
	return wt_sleep(wt_after_ms(5)) == 0 ? 0 : WT_ETERMINATED;
}

static void no_part_begins_after_the_deadline(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .end = 100000, .grain = 1 }, sleep_a_while, NULL,
				     wt_after_ms(20)),
			 WT_ETIMEDOUT);
	wt_pool_destroy(pool);
}

static int map_for_ever(wt_port *parent, const void *data, size_t size)
{
	wt_pool *pool = *(wt_pool *const *)data;

	(void)parent;
	(void)size;
	return wt_pool_map(pool, &(wt_range){ .end = SIZE_MAX, .grain = 1 }, sleep_a_while, NULL, WT_FOREVER);
}

static void bad_input_is_refused(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_range range = { .begin = 5, .end = 9, .grain = 1 }, none = { .begin = 5, .end = 5 };

	(void)state;
	assert_int_equal(wt_pool_map(NULL, &range, mark, &range.grain, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, NULL, mark, &range.grain, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, &range, NULL, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, &(wt_range){ .begin = 6, .end = 5 }, mark, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, &range, mark, &range.grain, -1), WT_EINVAL);
	assert_int_equal(wt_pool_map(pool, &range, mark, &range.grain, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_pool_map(pool, &none, mark, &range.grain, WT_NOW), 0);
	wt_pool_destroy(pool);
}

/* Workers that are busy and a queue that is full leave all of it to the caller. */
static void a_full_queue_leaves_it_to_the_caller(void **state)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_tasks = 1));
	struct latch begun = { 0 }, gate = { 0 };
	wt_range range = { .end = CELLS, .grain = 100 };
	wt_task *busy, *queued;

	(void)state;
	busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	queued = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
	clear_cells();
	assert_int_equal(wt_pool_map(pool, &range, mark, &range.grain, WT_FOREVER), 0);
	assert_marked(0, CELLS);
	assert_int_equal(pools_stats(pool).submitted, 2);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(queued), 0);
	/* With room again, the worker has a part. */
	clear_cells();
	assert_int_equal(wt_pool_map(pool, &range, mark, &range.grain, WT_FOREVER), 0);
	assert_marked(0, CELLS);
	assert_int_equal(pools_stats(pool).submitted, 3);
	wt_pool_destroy(pool);
}

/* [W5] */
static void terminate_ends_a_map(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, map_for_ever, &pool, sizeof pool, NULL), 0);
	while (!pools_stats(pool).running)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	assert_int_equal(wt_worker_terminate(worker, pools_soon()), 0);
	wt_worker_destroy(worker);
	wt_pool_destroy(pool);
}

/* ---- On each worker ---- */

static int count_init(void **state, const void *data, size_t size)
{
	static _Thread_local int calls;

	(void)data;
	(void)size;
	calls = 0;
	*state = &calls;
	return 0;
}

static void count_call(void *state, void *arg)
{
	_Atomic(int) *total = arg;

	++*(int *)state;
	wti_add(total, *(int *)state);
}

static void each_worker_is_called_once(void **state)
{
	_Atomic(int) total = 0;
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 3, .max_workers = 3, .init = count_init));

	(void)state;
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	assert_int_equal(wt_pool_each(pool, count_call, &total, pools_soon()), 0);
	assert_int_equal(wti_load(&total), 3);
	assert_int_equal(wt_pool_each(pool, count_call, &total, pools_soon()), 0);
	assert_int_equal(wti_load(&total), 9);
	assert_int_equal(wt_pool_each(pool, NULL, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	assert_int_equal(wt_pool_each(pool, count_call, &total, pools_soon()), WT_ECLOSED);
	wt_pool_destroy(pool);
}

static void a_busy_worker_is_waited_for_no_longer_than_that(void **state)
{
	_Atomic(int) total = 0;
	struct latch begun = { 0 };
	struct latch gate = { 0 };
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .init = count_init));
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(wt_pool_each(pool, count_call, &total, wt_after_ms(5)), WT_ETIMEDOUT);
	latch_open(&gate);
	assert_int_equal(pools_result(task), 0);
	assert_int_equal(wti_load(&total), 0);
	wt_pool_destroy(pool);
}

static void fail_here(void *state, void *arg)
{
	(void)state;
	(void)arg;
	wt_exit(1);
}

static void a_worker_that_ends_in_the_call_is_not_waited_for(void **state)
{
	wt_pool *pool = pools_create(2);

	(void)state;
	assert_int_equal(wt_pool_each(pool, fail_here, NULL, pools_soon()), 0);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	wt_pool_destroy(pool);
}

/* [Q5] */
static void a_worker_that_does_not_end_is_not_waited_for(void **state)
{
	_Atomic(int) total = 0;
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .init = count_init));
	wt_task *task = pools_submit_with(pool,
					  (struct pools_input){ .op = POOLS_SPIN, .begun = &begun, .gate = &gate },
					  WT_TASK_OPTIONS(.run_timeout = 20000000));

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(wt_pool_each(pool, count_call, &total, pools_soon()), 0);
	assert_int_equal(pools_result(task), WT_ETIMEDOUT);
	latch_open(&gate);
	wt_pool_destroy(pool);
}

/* The first worker is in the call when the pool is destroyed, the second in its init. */
struct in_call {
	wt_pool *pool;
	struct latch begun, gate;
	_Atomic(int) inside;
	int err, inside_then; /* at the return of wt_pool_each */
};

static int init_first(void **state, const void *data, size_t size)
{
	_Atomic(int) *inits = *(_Atomic(int) *const *)data;

	(void)state;
	(void)size;
	return wti_add(inits, 1) ? wt_sleep(WT_FOREVER) : 0;
}

static void stay_in_call(void *state, void *arg)
{
	struct in_call *call = arg;

	(void)state;
	wti_store(&call->inside, 1);
	latch_open(&call->begun);
	latch_await(&call->gate);
	wti_store(&call->inside, 0);
}

static void *call_each(void *arg)
{
	struct in_call *call = arg;

	call->err = wt_pool_each(call->pool, stay_in_call, call, wt_after_ms(20000));
	call->inside_then = wti_load(&call->inside);
	return NULL;
}

static void destroy_in_call(int64_t destroy_timeout)
{
	struct in_call call = { .inside_then = -1 };
	_Atomic(int) inits = 0, *data = &inits;
	pthread_t thread;

	assert_int_equal(wt_pool_create(&call.pool, pools_task,
					WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2, .init = init_first,
							.data = &data, .data_size = sizeof data,
							.destroy_timeout = destroy_timeout)),
			 0);
	assert_int_equal(pools_result(pools_submit(call.pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	assert_int_equal(pthread_create(&thread, NULL, call_each, &call), 0);
	assert_true(latch_await(&call.begun));
	wt_pool_destroy(call.pool);
	latch_open(&call.gate);
	pthread_join(thread, NULL);
	assert_int_equal(call.err, 0);
	assert_int_equal(call.inside_then, 0);
}

/* Whether the keeper comes to end it, or not. */
static void a_worker_that_was_not_there_does_not_end_the_call(void **state)
{
	(void)state;
	destroy_in_call(100000000);
	destroy_in_call(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_index_is_met_once),
		TEST(without_a_grain_it_finds_one),
		TEST(an_empty_range_is_done_at_once),
		TEST(the_first_error_ends_it),
		TEST(maps_inside_of_tasks_do_not_lock_up),
		TEST(a_worker_that_ends_in_a_part_is_told_of),
		TEST(no_part_begins_after_the_deadline),
		TEST(bad_input_is_refused),
		TEST(a_full_queue_leaves_it_to_the_caller),
		TEST(terminate_ends_a_map),
		TEST(each_worker_is_called_once),
		TEST(a_busy_worker_is_waited_for_no_longer_than_that),
		TEST(a_worker_that_ends_in_the_call_is_not_waited_for),
		TEST(a_worker_that_does_not_end_is_not_waited_for),
		TEST(a_worker_that_was_not_there_does_not_end_the_call),
	};

	return cmocka_run_group_tests_name("pool_map", tests, NULL, NULL);
}
