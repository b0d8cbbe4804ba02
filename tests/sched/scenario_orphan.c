/* SPDX-License-Identifier: MIT
 *
 * Workers whose creators end, by themselves or with the process.
 */
#include "sched/scenario_worker.h"
#include "sched/system.h"

/* ---- A worker of a worker that is told to end [W4] ---- */

static int create_nested(wt_port *parent, const void *data, size_t size)
{
	wt_worker *nested;
	int err = wt_worker_create(&nested, scenario_receive_one, NULL, 0, NULL);

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	return 7; /* and leaves it to its end */
}

static void worker_nested(void)
{
	int code;

	scenario_create_worker(create_nested);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_NOW) == 0 && (code == 1 || code == 7));
	wt_worker_destroy(worker);
}

/* ---- Its creator's thread ends [W4] ---- */

static void create_and_end(void *arg)
{
	(void)arg;
	scenario_create_worker(scenario_receive_one);
}

static void worker_creator_ends(void)
{
	scenario_join(scenario_go("creator", create_and_end, NULL));
}

/* ---- The process ends while it runs [W7] ---- */

/*
 * What the library registers for that is called, and returns; once it was, the
 * library takes the process for one that ends, in all later schedules.
 */
static void worker_process_ends(void)
{
	wt_time begin = wt_now();
	int poster;

	scenario_create_worker(scenario_receive_one);
	poster = scenario_go("poster", scenario_post_to_worker, NULL);
	system_exit();
	SCENARIO_CHECK(wt_now() - begin < 500000000);
	SCENARIO_CHECK(wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	scenario_join(poster);
	wt_worker_destroy(worker);
}

const struct scenario scenarios_orphan[] = {
	{
		.name = "worker_nested",
		.run = worker_nested,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_creator_ends",
		.run = worker_creator_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_process_ends",
		.run = worker_process_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
