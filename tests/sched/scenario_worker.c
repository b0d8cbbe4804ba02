/* SPDX-License-Identifier: MIT
 *
 * Workers that end by themselves, and that are told to, while others post to
 * them, wait for them, and tell them to end.
 */
#include "sched/scenario.h"

static wt_worker *worker;

static int end_at_once(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 7;
}

static int receive_one(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	sched_reached(err ? SCHED_TERMINATED : SCHED_DELIVERED);
	return 7;
}

static void create(wt_entry *entry)
{
	SCENARIO_CHECK(wt_worker_create(&worker, entry, NULL, 0, NULL) == 0);
}

/* ---- It ends by itself [W3] ---- */

static void worker_returns(void)
{
	int code = 0;

	create(end_at_once);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0);
	SCENARIO_CHECK(code == 7);
	wt_worker_destroy(worker);
}

/* ---- All that it posted before its end arrives, then the close [W2, C4] ---- */

static int post_one(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	scenario_post(parent, 'a');
	return 0;
}

static void worker_posts_and_ends(void)
{
	create(post_one);
	scenario_receive(wt_worker_port(worker), 'a');
	scenario_receive_close(wt_worker_port(worker));
	wt_worker_destroy(worker);
}

/* ---- It is told to end while it waits, or before [W3, W5] ---- */

static void worker_terminated(void)
{
	int code = 0;

	create(receive_one);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_NOW) == 0 && code == 1);
	wt_worker_destroy(worker);
}

/* ---- ... while a message comes, and somebody joins ---- */

static void post_to_worker(void *arg)
{
	int err = wt_worker_post(worker, "a", 1);

	(void)arg;
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
}

static void join_worker(void *arg)
{
	int code = 0;

	(void)arg;
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0);
	SCENARIO_CHECK(code == 1 || code == 7);
}

static void worker_terminate_races(void)
{
	int poster, joiner;

	create(receive_one);
	poster = scenario_go("poster", post_to_worker, NULL);
	joiner = scenario_go("joiner", join_worker, NULL);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	scenario_join(poster);
	scenario_join(joiner);
	wt_worker_destroy(worker);
}

/* ---- Its exit is told once, by the loop [W1] ---- */

static int exits;

static void on_exit_(wt_worker *ended, int code, void *arg)
{
	(void)ended;
	(void)code;
	(void)arg;
	exits++;
}

static void terminate_now(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_NOW) != WT_EINVAL);
}

static void worker_exit_event(void)
{
	int other;

	exits = 0;
	create(receive_one);
	wt_worker_on_exit(worker, on_exit_, NULL);
	other = scenario_go("other", terminate_now, NULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(exits == 1);
	sched_reached(SCHED_CLOSED);
	scenario_join(other);
	wt_worker_destroy(worker);
}

/* ---- Its creator's thread ends [W4] ---- */

static void create_and_end(void *arg)
{
	(void)arg;
	create(receive_one);
}

static void worker_creator_ends(void)
{
	scenario_join(scenario_go("creator", create_and_end, NULL));
}

const struct scenario scenarios_worker[] = {
	{ .name = "worker_returns", .run = worker_returns, .reaches = SCENARIO_REACHES(PARKED) },
	{
		.name = "worker_posts_and_ends",
		.run = worker_posts_and_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "worker_terminated",
		.run = worker_terminated,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_terminate_races",
		.run = worker_terminate_races,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "worker_exit_event",
		.run = worker_exit_event,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_creator_ends",
		.run = worker_creator_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{ .name = NULL },
};
