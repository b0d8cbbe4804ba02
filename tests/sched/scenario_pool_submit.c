/* SPDX-License-Identifier: MIT
 *
 * Tasks that are submitted while workers go to sleep, are made, and retire.
 */
#include "sched/scenario_pool.h"

/* ---- A submit, and a worker that goes to sleep ---- */

static void submit_next(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	pool_tell(*(const unsigned *)arg, result);
	pool_submit(1);
}

/* The second is submitted as soon as the first is told: its worker is on its way to sleep. */
static void pool_submit_to_sleeper(void)
{
	wt_outgoing input = pool_input(0);

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	SCENARIO_CHECK(wt_pool_submit(pool, &input, submit_next, pool_number(0), NULL, NULL) == 0);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(0);
	pool_check_done(1);
	pool_end(1);
}

/* ---- Two in a row: the second finds a queue that is not empty, or a worker that has just emptied it ---- */

static void pool_submit_twice(void)
{
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	pool_submit(0);
	pool_submit(1);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(0);
	pool_check_done(1);
	pool_end(1);
}

/* ---- Two submitters ---- */

static void pool_two_submitters(void)
{
	int other;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	other = scenario_go("other", pool_submit_and_wait, pool_number(1));
	pool_submit_and_wait(pool_number(0));
	scenario_join(other);
	pool_check_done(0);
	pool_check_done(1);
	pool_end(1);
}

/* ---- Two tasks of which each ends only when both have begun: both workers are woken ---- */

static struct scenario_latch meeting[2];

static int meet(wt_task *task, wt_message *input, void *state)
{
	unsigned number = pool_begin(input);

	(void)task;
	(void)state;
	scenario_open(&meeting[number]);
	scenario_await(&meeting[1 - number]);
	return 0;
}

static void have_met(void)
{
	for (unsigned i = 0; i < 2; i++) {
		pool_check_done(i);
		pool_account[i] = (struct pool_account){ .result = POOL_UNTOLD };
		meeting[i].open = false;
	}
}

static void submit_two(void)
{
	pool_submit(0);
	pool_submit(1);
	SCENARIO_CHECK(wt_run() == 0);
	have_met();
}

static void pool_tasks_meet(void)
{
	pool_open(meet, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2));
	submit_two();
	pool_end(2);
}

/* ... of which one is to be made first */
static void pool_grows(void)
{
	pool_open(meet, WT_POOL_OPTIONS(.max_workers = 2));
	submit_two();
	pool_end(2);
}

/* ... of which one ends at this moment, since it had nothing to do */
static void pool_retires(void)
{
	pool_open(meet, WT_POOL_OPTIONS(.max_workers = 2, .idle_timeout = 10 * POOL_MS));
	sched_hush(1);
	submit_two();
	sched_settle();
	sched_hush(-1);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	submit_two();
	pool_destroy_quietly();
}

const struct scenario scenarios_pool_submit[] = {
	{
		.name = "pool_submit_to_sleeper",
		.run = pool_submit_to_sleeper,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_submit_twice",
		.run = pool_submit_twice,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_two_submitters",
		.run = pool_two_submitters,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_tasks_meet",
		.run = pool_tasks_meet,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_grows",
		.run = pool_grows,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_retires",
		.run = pool_retires,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
