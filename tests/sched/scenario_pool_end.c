/* SPDX-License-Identifier: MIT
 *
 * Pools that are closed and destroyed while others submit to them and wait,
 * and submitters that end. Every task is told once, or nobody is there to hear
 * of it.
 */
#include "sched/scenario_pool.h"

/* Told once, whether a worker had it or not. */
static void check_cancelled_or_done(unsigned number)
{
	if (pool_account[number].result == WT_ECANCELED)
		pool_check_told(number, WT_ECANCELED);
	else
		pool_check_done(number);
}

/* ---- Close waits for what was taken, and refuses what comes ---- */

static void submit_unless_closed(void *arg)
{
	int err;

	(void)arg;
	pool_enter();
	err = pool_try(1, NULL);
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
	if (err)
		sched_reached(SCHED_CLOSED);
	SCENARIO_CHECK(wt_run() == 0);
	if (err)
		SCENARIO_CHECK(pool_account[1].ran == 0 && pool_account[1].told == 0);
	else
		check_cancelled_or_done(1); /* it may have come after the last worker's end */
}

static void pool_close(void)
{
	int other;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	other = scenario_go("other", submit_unless_closed, NULL);
	pool_submit(0);
	SCENARIO_CHECK(wt_pool_close(pool, WT_FOREVER) == 0);
	SCENARIO_CHECK(pool_account[0].ran == 1);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(0);
	scenario_join(other);
	pool_destroy_quietly();
}

/* ---- Destroy, with a task that runs, or has, and one that waits ---- */

static void pool_destroy(void)
{
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	pool_submit(0);
	pool_submit(1);
	wt_pool_destroy(pool);
	check_cancelled_or_done(0);
	check_cancelled_or_done(1);
}

/* One that sleeps is told to end. */
static struct scenario_latch asleep;

static int sleep_for_ever(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	pool_begin(input);
	scenario_open(&asleep);
	SCENARIO_CHECK(wt_sleep(WT_FOREVER) == WT_ETERMINATED);
	sched_reached(SCHED_TERMINATED);
	return 0;
}

static void pool_destroy_running(void)
{
	asleep.open = false;
	pool_open(sleep_for_ever, WT_POOL_OPTIONS(.max_workers = 1));
	pool_submit(0);
	scenario_await(&asleep);
	wt_pool_destroy(pool);
	pool_check_told(0, WT_ECANCELED);
}

/* ---- ... whose submitter is another thread, which waits for it ---- */

static struct scenario_latch submitted;

static void submit_and_open(void *arg)
{
	wt_task *task;

	(void)arg;
	sched_hush(1);
	task = pool_submit_handle(0);
	sched_hush(-1);
	scenario_open(&submitted);
	pool_await(0, task);
}

static void pool_destroy_of_others(void)
{
	int other;

	submitted.open = false;
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	other = scenario_go("other", submit_and_open, NULL);
	scenario_await(&submitted);
	wt_pool_destroy(pool);
	scenario_join(other);
	check_cancelled_or_done(0);
}

/* ---- ... and hears of it in its loop, while the worker that has it stands still for longer than anybody waits ---- */

static void submit_and_run(void *arg)
{
	(void)arg;
	pool_enter();
	pool_submit(0);
	scenario_open(&submitted);
	SCENARIO_CHECK(wt_run() == 0);
	check_cancelled_or_done(0);
}

static void let_time_pass(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) { /* main waits for the tasks, then the keeper for the worker */
		sched_rest();
		sched_leap(POOL_MS);
	}
}

static void pool_destroy_at_once(void)
{
	int other;
	int time;

	submitted.open = false;
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1, .destroy_timeout = POOL_MS));
	other = scenario_go("other", submit_and_run, NULL);
	scenario_await(&submitted);
	pool_outlive();
	time = scenario_go("time", let_time_pass, NULL);
	wt_pool_destroy(pool);
	scenario_join(other);
	scenario_join(time);
	pool_check_past();
}

/* ---- A submitter ends: nobody hears of its task, and its part of the pool goes to the next one ---- */

static void submit_and_end(void *arg)
{
	(void)arg;
	pool_submit(0);
}

static void pool_submitter_ends(void)
{
	struct wt_pool_stats stats = { .size = sizeof stats };
	int other;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	other = scenario_go("other", submit_and_end, NULL);
	pool_submit(1);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(1);
	scenario_join(other);
	SCENARIO_CHECK(pool_account[0].told == 0);
	if (!pool_account[0].ran)
		sched_reached(SCHED_CANCELLED);
	sched_hush(1);
	SCENARIO_CHECK(wt_pool_close(pool, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_pool_stats(pool, &stats) == 0);
	sched_hush(-1);
	SCENARIO_CHECK(stats.completed == 1 + pool_account[0].ran);
	SCENARIO_CHECK(stats.completed + stats.cancelled == stats.submitted);
	pool_destroy_quietly();
}

const struct scenario scenarios_pool_end[] = {
	{
		.name = "pool_close",
		.run = pool_close,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_destroy",
		.run = pool_destroy,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_destroy_running",
		.run = pool_destroy_running,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "pool_destroy_of_others",
		.run = pool_destroy_of_others,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_destroy_at_once",
		.run = pool_destroy_at_once,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_submitter_ends",
		.run = pool_submitter_ends,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
