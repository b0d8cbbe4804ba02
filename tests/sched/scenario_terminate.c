/* SPDX-License-Identifier: MIT
 *
 * Workers that are told to end while they wait, and while others post to them,
 * wait for their ends, and tell them the same.
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
	int poster;

	scenario_create_worker(scenario_receive_one);
	poster = scenario_go("poster", scenario_post_to_worker, NULL);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	scenario_join(poster);
	wt_worker_destroy(worker);
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

/* ---- It waits for room when it is told to end [W5] ---- */

static int send_two(wt_port *parent, const void *data, size_t size)
{
	wt_outgoing message = { .data = "a", .size = 1 };
	int err = 0;

	(void)data;
	(void)size;
	for (int i = 0; i < 2 && !err; i++)
		err = wt_port_send(parent, &message, WT_FOREVER);
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	sched_reached(err ? SCHED_TERMINATED : SCHED_DELIVERED);
	return 7;
}

/* What it posted is there, and then the close [W2]. */
static void receive_to_close(void)
{
	wt_message message;

	while (wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER) == 0)
		SCENARIO_CHECK(message.size == 1);
}

static void worker_terminated_sending(void)
{
	wt_worker_options options = {
		.size = sizeof options,
		.channel = WT_CHANNEL_OPTIONS(.limit = 16),
	};
	int other;

	SCENARIO_CHECK(wt_worker_create(&worker, send_two, NULL, 0, &options) == 0);
	other = scenario_go("other", scenario_terminate_now, NULL);
	receive_to_close();
	scenario_join(other);
	wt_worker_destroy(worker);
}

/* ---- It waits on a cell, or for a lock, when it is told to end ---- */

static _Atomic(uint32_t) cell;
static bool cell_woken;

static int wait_on_cell(wt_port *parent, const void *data, size_t size)
{
	int err = wt_wait32(&cell, 0, WT_FOREVER);

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	sched_reached(err ? SCHED_TERMINATED : SCHED_WOKEN);
	cell_woken = !err;
	return 7;
}

/* A notify that counted the worker has woken it, and one that did not has not [A1]. */
static void worker_terminated_on_cell(void)
{
	size_t woken;
	int other, code;

	cell = 0;
	cell_woken = false;
	scenario_create_worker(wait_on_cell);
	other = scenario_go("other", scenario_terminate_now, NULL);
	SCENARIO_CHECK(wt_notify(&cell, 1, &woken) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0);
	SCENARIO_CHECK(code == 1 || (code == 7 && woken));
	SCENARIO_CHECK(cell_woken == (woken == 1));
	scenario_join(other);
	wt_worker_destroy(worker);
}

static int acquire_lock(wt_port *parent, const void *data, size_t size)
{
	wt_lock *lock;
	int err = wt_lock_acquire(&lock, "n", 1, NULL, WT_FOREVER);

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	sched_reached(err ? SCHED_TERMINATED : SCHED_GRANTED);
	return 7; /* with the lock */
}

static void worker_terminated_with_lock(void)
{
	wt_lock *lock;
	int other;

	SCENARIO_CHECK(wt_lock_acquire(&lock, "n", 1, NULL, WT_NOW) == 0);
	scenario_create_worker(acquire_lock);
	other = scenario_go("other", scenario_terminate_now, NULL);
	wt_lock_release(lock);
	SCENARIO_CHECK(wt_lock_acquire(&lock, "n", 1, NULL, WT_FOREVER) == 0);
	wt_lock_release(lock);
	scenario_join(other);
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
	{
		.name = "worker_terminated_sending",
		.run = worker_terminated_sending,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "worker_terminated_on_cell",
		.run = worker_terminated_on_cell,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(WOKEN),
	},
	{
		.name = "worker_terminated_with_lock",
		.run = worker_terminated_with_lock,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(GRANTED),
	},
	{ .name = NULL },
};
