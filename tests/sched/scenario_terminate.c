/* SPDX-License-Identifier: MIT
 *
 * Workers that are told to end, while others post to them, wait for their ends,
 * and tell them the same.
 */
#include "sched/scenario_worker.h"

/* ---- It is told to end while it waits, or before [W3, W5] ---- */

static void worker_terminated(void)
{
	int code = 0;

	scenario_create_worker(scenario_receive_one);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_NOW) == 0 && code == 1);
	wt_worker_destroy(worker);
}

/* ---- ... while a message comes ---- */

static void worker_terminate_races_post(void)
{
	scenario_terminate_races_post(scenario_receive_one);
}

/* ---- ... while somebody waits for its end ---- */

static void join_worker(void *arg)
{
	int code = 0;

	(void)arg;
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0);
	SCENARIO_CHECK(code == 1);
	sched_reached(SCHED_CLOSED);
}

static void worker_terminate_races_join(void)
{
	int joiner;

	scenario_create_worker(scenario_receive_one);
	joiner = scenario_go("joiner", join_worker, NULL);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	scenario_join(joiner);
	wt_worker_destroy(worker);
}

/* ---- It ends by itself while two tell it to ---- */

static void terminate_worker(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
}

static void worker_terminated_twice(void)
{
	int code = 0, again = 0;
	int other;

	scenario_create_worker(scenario_end_at_once);
	other = scenario_go("other", terminate_worker, NULL);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_NOW) == 0);
	scenario_join(other);
	SCENARIO_CHECK(wt_worker_join(worker, &again, WT_NOW) == 0);
	SCENARIO_CHECK(code == again && (code == 1 || code == 7));
	sched_reached(code == 1 ? SCHED_TERMINATED : SCHED_DELIVERED);
	wt_worker_destroy(worker);
}

const struct scenario scenarios_terminate[] = {
	{
		.name = "worker_terminated",
		.run = worker_terminated,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_terminate_races_post",
		.run = worker_terminate_races_post,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "worker_terminate_races_join",
		.run = worker_terminate_races_join,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "worker_terminated_twice",
		.run = worker_terminated_twice,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
