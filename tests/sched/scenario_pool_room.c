/* SPDX-License-Identifier: MIT
 *
 * Pools whose queue is full: submitters that are refused and told when there
 * is room, and those that wait for it.
 */
#include "sched/scenario_pool.h"

static unsigned drained;

/* ---- A submitter that is refused, and told once ---- */

static void submit_again(wt_pool *of, void *arg)
{
	(void)of;
	(void)arg;
	drained++;
	pool_submit(1);
}

/* Room for one: it is half empty when it is empty. */
static void pool_drain_when_full(void)
{
	unsigned refused = 0;
	int err;

	drained = 0;
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1, .queue_tasks = 1));
	SCENARIO_CHECK(wt_pool_on_drain(pool, submit_again, NULL) == 0);
	pool_submit(0);
	err = pool_try(1, NULL);
	SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
	if (err) {
		refused = 1;
		sched_reached(SCHED_FULL);
	}
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(drained == refused);
	pool_check_done(0);
	pool_check_done(1);
	pool_end(1);
}

/* ---- ... and one that asks before it submits ---- */

static void count_drain(wt_pool *of, void *arg)
{
	(void)of;
	(void)arg;
	drained++;
}

static void pool_needs_drain(void)
{
	unsigned asked = 0;

	drained = 0;
	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1, .queue_tasks = 1));
	SCENARIO_CHECK(wt_pool_on_drain(pool, count_drain, NULL) == 0);
	pool_submit(0);
	if (wt_pool_needs_drain(pool)) {
		asked = 1;
		sched_reached(SCHED_FULL);
	}
	SCENARIO_CHECK(wt_run() == 0);
	/* Who was told "no" at the same moment may hear of it nevertheless. */
	SCENARIO_CHECK(drained >= asked && drained <= 1);
	SCENARIO_CHECK(!wt_pool_needs_drain(pool));
	pool_check_done(0);
	pool_end(1);
}

/* ---- Two that wait for the same room ---- */

static const wt_task_options for_ever = { .size = sizeof for_ever, .wait_until = WT_FOREVER };

static void submit_waiting(unsigned number)
{
	int err = pool_try(number, NULL);

	if (!err)
		return;
	SCENARIO_CHECK(err == WT_EAGAIN);
	sched_reached(SCHED_FULL);
	SCENARIO_CHECK(pool_try(number, &for_ever) == 0);
}

static void submit_last(void *arg)
{
	(void)arg;
	pool_enter();
	submit_waiting(2);
	SCENARIO_CHECK(wt_run() == 0);
}

static void pool_submit_when_full(void)
{
	int other;

	pool_open(pool_do_nothing, WT_POOL_OPTIONS(.max_workers = 1, .queue_tasks = 1));
	other = scenario_go("other", submit_last, NULL);
	submit_waiting(0);
	submit_waiting(1);
	SCENARIO_CHECK(wt_run() == 0);
	scenario_join(other);
	for (unsigned i = 0; i < POOL_TASKS; i++)
		pool_check_done(i);
	pool_end(1);
}

/* ---- Room that comes at the very deadline ---- */

static int first_sleeps(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	if (pool_begin(input) == 0)
		SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	return 0;
}

/* The worker is at the first task, and the second one has all the room. */
static void open_full(void)
{
	pool_open(first_sleeps, WT_POOL_OPTIONS(.max_workers = 1, .queue_tasks = 1));
	sched_hush(1);
	pool_submit(0);
	sched_settle();
	pool_submit(1);
	sched_hush(-1);
}

static void pool_room_at_deadline(void)
{
	const wt_task_options options = { .size = sizeof options, .wait_until = scenario_time(10) };
	int err;

	open_full();
	err = pool_try(2, &options);
	SCENARIO_CHECK(err == 0 || (err == WT_ETIMEDOUT && wt_now() >= scenario_time(10)));
	sched_reached(err ? SCHED_TIMED_OUT : SCHED_FULL);
	SCENARIO_CHECK(wt_run() == 0);
	pool_check_done(0);
	pool_check_done(1);
	if (err)
		SCENARIO_CHECK(pool_account[2].ran == 0 && pool_account[2].told == 0);
	else
		pool_check_done(2);
	pool_end(1);
}

/* ---- A submitter waits for room, and the pool is closed ---- */

static void submit_until_closed(void *arg)
{
	int err;

	(void)arg;
	pool_enter();
	err = pool_try(2, &for_ever);
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
	sched_reached(err ? SCHED_CLOSED : SCHED_FULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(pool_account[2].told == (err == 0));
}

static void pool_close_frees_submitter(void)
{
	int other;

	open_full();
	other = scenario_go("other", submit_until_closed, NULL);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	SCENARIO_CHECK(wt_pool_close(pool, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_run() == 0);
	scenario_join(other);
	pool_check_done(0);
	pool_check_done(1);
	pool_destroy_quietly();
}

const struct scenario scenarios_pool_room[] = {
	{
		.name = "pool_drain_when_full",
		.run = pool_drain_when_full,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_needs_drain",
		.run = pool_needs_drain,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_submit_when_full",
		.run = pool_submit_when_full,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "pool_room_at_deadline",
		.run = pool_room_at_deadline,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(TIMED_OUT),
	},
	{
		.name = "pool_close_frees_submitter",
		.run = pool_close_frees_submitter,
		.size = SCENARIO_LARGE,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
