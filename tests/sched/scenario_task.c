/* SPDX-License-Identifier: MIT
 *
 * Tasks of a pool: who is called for one, who has it when two want it, and who
 * hears that there is room for the next. The pool comes and goes hushed.
 */
#include "sched/atomic.h"
#include "sched/scenario_pool.h"

#include "pool.h"

static wt_task *tasks[POOL_TASKS];
static unsigned ran[POOL_TASKS]; /* times, of each: some are begun again */

/* Hushed from here to the end, but for what is of interest. Its workers sleep. */
static void open_pool(wt_task_fn *fn, const wt_pool_options *options)
{
	pool_open(fn, options);
	sched_hush(1);
	for (unsigned i = 0; i < POOL_TASKS; i++)
		ran[i] = 0;
}

static void close_pool(void)
{
	pool_destroy_quietly();
	sched_hush(-1);
}

static void submit(unsigned index)
{
	tasks[index] = pool_submit_handle(index);
}

static unsigned index_of(const wt_message *input)
{
	return *(const unsigned *)input->data;
}

static int result_of(unsigned index)
{
	int result;

	SCENARIO_CHECK(wt_task_wait(tasks[index], &result, NULL, WT_FOREVER) == 0);
	wt_task_release(tasks[index]);
	return result;
}

/* The first one takes until ten milliseconds after the beginning. */
static int run_to_time(wt_task *task, wt_message *input, void *state)
{
	unsigned index = index_of(input);

	(void)task;
	(void)state;
	ran[index]++;
	if (index == 0)
		SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	return 0;
}

/* ---- The first task waits for the second: each needs a worker of its own ---- */

static _Atomic(uint32_t) cell;

static int run_together(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	if (index_of(input) == 0) {
		int err = wt_wait32(&cell, 0, WT_FOREVER);

		SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
		return 0;
	}
	wti_store_sc(&cell, 1);
	SCENARIO_CHECK(wt_notify(&cell, WT_ALL, NULL) == 0);
	sched_reached(SCHED_DELIVERED);
	return 0;
}

static void task_calls_worker(void)
{
	cell = 0;
	open_pool(run_together, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2));
	submit(0); /* a worker is called, and has not looked yet */
	sched_hush(-1);
	submit(1);
	SCENARIO_CHECK(result_of(1) == 0);
	sched_hush(1);
	SCENARIO_CHECK(result_of(0) == 0);
	close_pool();
}

/* ---- A task that its worker holds is taken back, or begun, and not both ---- */

static void task_taken_back(void)
{
	int result;

	open_pool(run_to_time, WT_POOL_OPTIONS(.max_workers = 1));
	pool_take_times();
	submit(1); /* its time is known then, so that the next are taken together */
	SCENARIO_CHECK(result_of(1) == 0);
	ran[1] = 0;
	for (unsigned i = 0; i < POOL_TASKS; i++)
		submit(i);
	sched_settle();
	sched_hush(-1);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	SCENARIO_CHECK(wt_task_cancel(tasks[1]) == 0);
	result = result_of(1);
	sched_reached(result ? SCHED_DROPPED : SCHED_DELIVERED);
	sched_hush(1);
	SCENARIO_CHECK(result_of(0) == 0 && result_of(2) == 0);
	SCENARIO_CHECK(ran[0] == 1 && ran[1] == !result && ran[2] == 1);
	close_pool();
}

/* ---- Who was refused hears of room ---- */

static void on_drain(wt_pool *of, void *arg)
{
	(void)of;
	(void)arg;
	wt_stop();
}

static int submit_unheard(void)
{
	wt_outgoing input = pool_input(1);

	return wt_pool_submit(pool, &input, NULL, NULL, NULL, NULL);
}

static void task_refused(void)
{
	int err;

	open_pool(run_to_time, WT_POOL_OPTIONS(.max_workers = 1, .queue_tasks = 1));
	SCENARIO_CHECK(wt_pool_on_drain(pool, on_drain, NULL) == 0);
	SCENARIO_CHECK(submit_unheard() == 0);
	sched_hush(-1);
	err = submit_unheard();
	SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
	if (err) {
		SCENARIO_CHECK(wt_run() == 0);
		sched_reached(SCHED_FULL);
	}
	sched_hush(1);
	close_pool();
}

/* ---- What comes while a worker naps is done, and nobody sleeps over it ---- */

static struct scenario_latch gate;

/* The second one is short at first, behind the gate; then it wakes the others. */
static int run_short(wt_task *task, wt_message *input, void *state)
{
	if (index_of(input) != 1)
		return wt_wait32(&cell, 0, WT_FOREVER) == WT_ETERMINATED;
	if (ran[1]++)
		return run_together(task, input, state);
	scenario_await(&gate);
	return 0;
}

/*
 * Two workers: one is in a task that it has taken after the other one, whose
 * task was short, and who naps. A third one is there when both of them wait.
 */
static void task_after_nap(void)
{
	cell = 0;
	gate.open = false;
	open_pool(run_short, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 3));
	pool_take_times();
	submit(1);
	sched_settle();
	submit(0);
	sched_settle();
	scenario_open(&gate);
	SCENARIO_CHECK(result_of(1) == 0);
	sched_settle();
	SCENARIO_CHECK(pool->napping == 1);
	SCENARIO_CHECK(wt_sleep(SCHED_EPOCH + WTI_POOL_NAP) == 0);
	sched_hush(-1);
	submit(2);
	submit(1);
	SCENARIO_CHECK(result_of(1) == 0); /* they are called, or found */
	sched_hush(1);
	SCENARIO_CHECK(result_of(0) == 0 && result_of(2) == 0);
	close_pool();
}

/* ---- A worker that is ended for one task meets no other ---- */

static wt_time until[POOL_TASKS];

static int run_until(wt_task *task, wt_message *input, void *state)
{
	unsigned index = index_of(input);

	(void)task;
	(void)state;
	ran[index]++;
	return wt_sleep(until[index]);
}

/* What comes when the worker has left its loop is not of interest. */
static void end_hushed(void *state)
{
	(void)state;
	sched_reached(SCHED_TERMINATED);
	sched_hush(1);
}

/*
 * The first task ends at the moment when its worker is doomed for it. The
 * second one is in the worker's hold, and takes time; the third waits.
 */
static void task_after_overdue(void)
{
	int result;

	until[0] = until[1] = until[2] = 0;
	open_pool(run_until, WT_POOL_OPTIONS(.max_workers = 1, .run_timeout = 10000000, .fini = end_hushed));
	submit(2); /* its time is known then, so that the next are taken together */
	SCENARIO_CHECK(result_of(2) == 0);
	for (unsigned i = 0; i < POOL_TASKS; i++) {
		until[i] = scenario_time(10 + (int64_t)i);
		submit(i);
	}
	sched_settle();
	sched_hush(-1);
	result = result_of(0);
	SCENARIO_CHECK(result == 0 || result == WT_ETIMEDOUT);
	SCENARIO_CHECK(result_of(1) == 0);
	sched_reached(SCHED_DELIVERED);
	sched_hush(1);
	SCENARIO_CHECK(result_of(2) == 0);
	SCENARIO_CHECK(ran[0] == 1 && ran[1] == 1);
	close_pool();
}

const struct scenario scenarios_task[] = {
	{
		.name = "task_calls_worker",
		.run = task_calls_worker,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "task_taken_back",
		.run = task_taken_back,
		.reaches = SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(DROPPED),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "task_refused",
		.run = task_refused,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "task_after_nap",
		.run = task_after_nap,
		.reaches = SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "task_after_overdue",
		.run = task_after_overdue,
		.reaches = SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{ .name = NULL },
};
