/* SPDX-License-Identifier: MIT
 *
 * Tasks that are waited for, that their workers do not outlive, and that are
 * done on several threads.
 */
#include "sched/scenario_pool.h"

/* ---- A wait that ends at the very moment of the task ---- */

static int sleep_to_time(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	pool_begin(input);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	return 0;
}

static void pool_wait_at_deadline(void)
{
	wt_task *task;
	int err;

	pool_open(sleep_to_time, WT_POOL_OPTIONS(.max_workers = 1));
	task = pool_submit_handle(0);
	err = wt_task_wait(task, NULL, NULL, scenario_time(10));
	SCENARIO_CHECK(err == 0 || (err == WT_ETIMEDOUT && wt_now() >= scenario_time(10)));
	if (err)
		sched_reached(SCHED_TIMED_OUT);
	pool_await(0, task);
	pool_check_done(0);
	pool_end(1);
}

/* ---- A task that its worker does not outlive, and one behind it ---- */

static int fail_first(wt_task *task, wt_message *input, void *state)
{
	unsigned number = pool_begin(input);

	(void)task;
	(void)state;
	if (number == 0)
		wt_fail(5, "on purpose");
	return 0;
}

static void pool_worker_fails(void)
{
	pool_open(fail_first, WT_POOL_OPTIONS(.max_workers = 1));
	pool_submit(0);
	pool_submit(1);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(pool_account[0].ran == 1);
	pool_check_told(0, 5);
	pool_check_done(1);
	sched_reached(SCHED_REPLACED);
	pool_end(2);
}

/* ---- A parallel for: each part is called once, by whoever takes it ---- */

enum { MAP_PARTS = 3 };

static unsigned map_calls[MAP_PARTS];

static int map_part(size_t begin, size_t end, void *arg)
{
	SCENARIO_CHECK(end == begin + 1);
	map_calls[begin]++;
	sched_rest(); /* a worker may come */
	if (sched_current() != *(const unsigned *)arg)
		sched_reached(SCHED_DELIVERED);
	return 0;
}

static void pool_map(void)
{
	unsigned caller = sched_current();
	const wt_range range = { .end = MAP_PARTS, .grain = 1 };

	for (unsigned i = 0; i < MAP_PARTS; i++)
		map_calls[i] = 0;
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	SCENARIO_CHECK(wt_pool_map(pool, &range, map_part, &caller, WT_FOREVER) == 0);
	for (unsigned i = 0; i < MAP_PARTS; i++)
		SCENARIO_CHECK(map_calls[i] == 1);
	pool_end(1);
}

/* ---- A call on each worker, while one is given a task ---- */

static void count_call(void *state, void *calls)
{
	(void)state;
	++*(unsigned *)calls;
}

static void pool_each(void)
{
	unsigned calls = 0;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	pool_submit(0);
	SCENARIO_CHECK(wt_pool_each(pool, count_call, &calls, WT_FOREVER) == 0);
	SCENARIO_CHECK(calls == 1);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(0);
	pool_end(1);
}

const struct scenario scenarios_pool_task[] = {
	{
		.name = "pool_wait_at_deadline",
		.run = pool_wait_at_deadline,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TIMED_OUT) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_worker_fails",
		.run = pool_worker_fails,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(REPLACED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_map",
		.run = pool_map,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_each",
		.run = pool_each,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
