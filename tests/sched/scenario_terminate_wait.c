/* SPDX-License-Identifier: MIT
 *
 * Workers that are told to end while they wait, for whatever there is to wait
 * for, and it comes [W5].
 */
#include "sched/scenario_worker.h"

/* ---- It waits for room when it is told to end ---- */

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

/* ---- It waits for the first of two ports, or in its loop ---- */

static int select_first(wt_port *parent, const void *data, size_t size)
{
	wt_port *ports[2] = { parent }, *far;
	size_t ready;
	int err;

	(void)data;
	(void)size;
	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far, NULL) == 0);
	sched_calm(-1);
	err = wt_select(ports, 2, &ready, WT_FOREVER);
	SCENARIO_CHECK(err == WT_ETERMINATED || (err == 0 && ready == 0));
	sched_reached(err ? SCHED_TERMINATED : SCHED_DELIVERED);
	return 7; /* its end closes what it has */
}

static void worker_terminated_selecting(void)
{
	scenario_terminate_races_post(select_first);
}

static void on_parent(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	sched_reached(SCHED_DELIVERED);
}

static int run_loop(wt_port *parent, const void *data, size_t size)
{
	int err;

	(void)data;
	(void)size;
	wt_port_on_message(parent, on_parent, NULL);
	err = wt_run();
	SCENARIO_CHECK(err == WT_ETERMINATED);
	sched_reached(SCHED_TERMINATED);
	return err;
}

static void worker_terminated_in_loop(void)
{
	scenario_terminate_races_post(run_loop);
}

/* ---- It waits for the outcome of a message to main, which serves it or not ---- */

static unsigned heard;

static int on_letter(wt_message *message, uint64_t from, void *arg)
{
	(void)message;
	(void)from;
	(void)arg;
	heard++;
	return 0;
}

static int post_to_main(wt_port *parent, const void *data, size_t size)
{
	const wt_outgoing letter = { .data = "a", .size = 1 };
	int err = wt_post_to_thread(*(const uint64_t *)data, &letter, WT_FOREVER);

	(void)parent;
	(void)size;
	SCENARIO_CHECK(err == WT_ETERMINATED || (err == 0 && heard == 1));
	sched_reached(err ? SCHED_TERMINATED : SCHED_DELIVERED);
	return 7;
}

static void worker_terminated_posting(void)
{
	uint64_t id = wt_thread_id();
	int other, calls;

	heard = 0;
	SCENARIO_CHECK(wt_on_thread_message(on_letter, NULL) == 0);
	SCENARIO_CHECK(wt_worker_create(&worker, post_to_main, &id, sizeof id, NULL) == 0);
	other = scenario_go("other", scenario_terminate_now, NULL);
	sched_rest();
	calls = wt_run_once(WT_NOW);
	SCENARIO_CHECK(calls >= 0 || calls == WT_EAGAIN);
	SCENARIO_CHECK(wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	SCENARIO_CHECK(heard <= 1);
	scenario_join(other);
	SCENARIO_CHECK(wt_on_thread_message(NULL, NULL) == 0);
	wt_worker_destroy(worker);
}

const struct scenario scenarios_terminate_wait[] = {
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
	{
		.name = "worker_terminated_selecting",
		.run = worker_terminated_selecting,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "worker_terminated_in_loop",
		.run = worker_terminated_in_loop,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "worker_terminated_posting",
		.run = worker_terminated_posting,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
