/* SPDX-License-Identifier: MIT
 *
 * Tasks that are cancelled, or have run too long, while they wait, start, run
 * and end. Whatever becomes of one, the next has nothing of it.
 */
#include "sched/scenario_pool.h"

/* ---- One that waits, or is just taken ---- */

static void pool_cancel_queued(void)
{
	wt_task *first, *second;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1));
	first = pool_submit_handle(0);
	second = pool_submit_handle(1);
	SCENARIO_CHECK(wt_task_cancel(second) == 0);
	pool_await(1, second);
	pool_await(0, first);
	pool_check_done(0);
	if (pool_account[1].ran)
		pool_check_done(1);
	else
		pool_check_told(1, WT_ECANCELED);
	pool_end(1);
}

/* ---- One that runs, and goes on for as long as it may, or a moment longer; another one waits behind it ---- */

static struct scenario_latch begun;

static int sleep_and_see(wt_task *task, wt_message *input, void *state)
{
	(void)state;
	if (pool_begin(input) != 0)
		return 0;
	scenario_open(&begun);
	if (wt_sleep(scenario_time(10)) == 0)
		SCENARIO_CHECK(wt_task_cancelled(task));
	return 7;
}

static void begin_first(wt_task **first)
{
	begun.open = false;
	sched_hush(1);
	*first = pool_submit_handle(0);
	scenario_await(&begun);
	pool_submit(1);
	sched_settle();
	sched_hush(-1);
}

/* What the first ends with, by itself or for this reason; the second ends as if nothing had been. */
static void check_ended(int reason)
{
	pool_check_done(1);
	if (pool_account[0].result == 7) {
		pool_check_told(0, 7);
	} else {
		pool_check_told(0, reason);
		sched_reached(SCHED_REPLACED);
	}
	pool_destroy_quietly();
}

static void pool_cancel_running(void)
{
	wt_task *first;

	pool_open(sleep_and_see, WT_POOL_OPTIONS(.max_workers = 1, .cancel_grace = 10 * POOL_MS));
	begin_first(&first);
	SCENARIO_CHECK(wt_task_cancel(first) == 0);
	sched_reached(SCHED_CANCELLED);
	pool_await(0, first);
	SCENARIO_CHECK(wt_run() == 0);
	check_ended(WT_ECANCELED);
}

/* The cancel itself comes at the moment of the end: it is for that task, not for the next. */
static int sleep_first(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	if (pool_begin(input) != 0)
		return wt_sleep(scenario_time(30));
	scenario_open(&begun);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	return 7;
}

static void pool_cancel_at_end(void)
{
	wt_task *first;

	pool_open(sleep_first, WT_POOL_OPTIONS(.max_workers = 1, .cancel_grace = 5 * POOL_MS));
	begin_first(&first);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	SCENARIO_CHECK(wt_task_cancel(first) == 0);
	sched_reached(SCHED_CANCELLED);
	pool_await(0, first);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_told(0, 7);
	pool_check_done(1);
	pool_end(1);
}

/* ---- One whose time is up at the moment of its end ---- */

static int sleep_long(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	if (pool_begin(input) != 0)
		return 0;
	scenario_open(&begun);
	return wt_sleep(scenario_time(10)) ? 8 : 7;
}

static void pool_run_timeout(void)
{
	wt_task *first;

	pool_open(sleep_long, WT_POOL_OPTIONS(.max_workers = 1, .run_timeout = 10 * POOL_MS));
	begin_first(&first);
	pool_await(0, first);
	SCENARIO_CHECK(wt_run() == 0);
	check_ended(WT_ETIMEDOUT);
}

/* ... while the pool is closed, which has its worker retire when nothing is left */
static void pool_close_at_timeout(void)
{
	wt_task *first;

	pool_open(sleep_long, WT_POOL_OPTIONS(.max_workers = 1, .run_timeout = 10 * POOL_MS));
	begin_first(&first);
	SCENARIO_CHECK(wt_pool_close(pool, WT_FOREVER) == 0);
	pool_await(0, first);
	SCENARIO_CHECK(wt_run() == 0);
	check_ended(WT_ETIMEDOUT);
}

/* ---- One that heeds nothing: the verdict is told, and the task ends at that moment ---- */

static int heed_nothing(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	if (pool_begin(input) != 0)
		return 0;
	scenario_open(&begun);
	scenario_pause(scenario_time(110)); /* 10 of the cancel, 100 after which it counts as one that does not end */
	return 7;
}

static void pool_verdict(void)
{
	wt_task *first;

	pool_open(heed_nothing, WT_POOL_OPTIONS(.max_workers = 1, .cancel_grace = 10 * POOL_MS));
	begin_first(&first);
	SCENARIO_CHECK(wt_task_cancel(first) == 0);
	pool_await(0, first);
	SCENARIO_CHECK(wt_now() >= scenario_time(110));
	SCENARIO_CHECK(wt_run() == 0);
	check_ended(WT_ECANCELED);
}

const struct scenario scenarios_pool_cancel[] = {
	{
		.name = "pool_cancel_queued",
		.run = pool_cancel_queued,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_cancel_running",
		.run = pool_cancel_running,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(REPLACED) |
			   SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_cancel_at_end",
		.run = pool_cancel_at_end,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CANCELLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_run_timeout",
		.run = pool_run_timeout,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(REPLACED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_close_at_timeout",
		.run = pool_close_at_timeout,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(REPLACED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_verdict",
		.run = pool_verdict,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(REPLACED),
	},
	{ .name = NULL },
};
