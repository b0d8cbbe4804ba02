/* SPDX-License-Identifier: MIT
 *
 * Workers that end by themselves, and that are told to, while others post to
 * them, wait for them, and tell them to end.
 */
#include "worker.h"

#include "crew.h"
#include "sched/scenario.h"
#include "sched/system.h"

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

static void terminate_now(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_NOW) != WT_EINVAL);
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

/* ---- ... while a message comes ---- */

static void post_to_worker(void *arg)
{
	int err = wt_worker_post(worker, "a", 1);

	(void)arg;
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
}

static void worker_terminate_races_post(void)
{
	int poster;

	create(receive_one);
	poster = scenario_go("poster", post_to_worker, NULL);
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

	create(receive_one);
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

	create(end_at_once);
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
	other = scenario_go("other", terminate_now, NULL);
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
	create(wait_on_cell);
	other = scenario_go("other", terminate_now, NULL);
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
	create(acquire_lock);
	other = scenario_go("other", terminate_now, NULL);
	wt_lock_release(lock);
	SCENARIO_CHECK(wt_lock_acquire(&lock, "n", 1, NULL, WT_FOREVER) == 0);
	wt_lock_release(lock);
	scenario_join(other);
	wt_worker_destroy(worker);
}

/* ---- What comes along with its data is packed while it starts ---- */

static int take_port(wt_port *parent, const void *data, size_t size)
{
	wt_port *port;

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(wt_worker_data_take_port(0, &port) == 0);
	scenario_post(port, 'a');
	return 0;
}

static void worker_takes_port(void)
{
	wt_port *near_end, *far_end;
	wt_transfer list[] = { WT_MOVE(&far_end) };
	wt_worker_options options = { .size = sizeof options, .transfer = list, .transfer_count = 1 };

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	SCENARIO_CHECK(wt_worker_create(&worker, take_port, NULL, 0, &options) == 0);
	scenario_receive(near_end, 'a');
	scenario_receive_close(near_end);
	wt_port_close(near_end);
	wt_worker_destroy(worker);
}

/* ---- A thread that stays is hired at the moment at which it would go ---- */

static void run_and_destroy(void)
{
	int code = 0;

	create(end_at_once);
	if (worker->hired)
		sched_reached(SCHED_HIRED);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0 && code == 7);
	wt_worker_destroy(worker);
}

static void worker_hired(void)
{
	wti_crew_max = 1;
	run_and_destroy();
	run_and_destroy(); /* it is on its way to sleep, or sleeps */
	SCENARIO_CHECK(wt_sleep(scenario_time((int64_t)wti_crew_stay)) == 0);
	run_and_destroy();
	wti_crew_max = 0;
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

/* ---- All its events, in order [W1] ---- */

static int stage; /* 1: online, 2: its message, 3: its exit */

static void on_online(wt_worker *of, void *arg)
{
	(void)of;
	(void)arg;
	SCENARIO_CHECK(stage == 0);
	stage = 1;
}

static void on_message(wt_worker *of, wt_message *message, void *arg)
{
	(void)of;
	(void)message;
	(void)arg;
	SCENARIO_CHECK(stage == 1);
	stage = 2;
	sched_reached(SCHED_DELIVERED);
}

static void on_end(wt_worker *of, int code, void *arg)
{
	(void)of;
	(void)arg;
	SCENARIO_CHECK(stage == 2 && code == 0);
	stage = 3;
	sched_reached(SCHED_CLOSED);
}

static void worker_events(void)
{
	stage = 0;
	create(post_one);
	wt_worker_on_online(worker, on_online, NULL);
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_exit(worker, on_end, NULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(stage == 3);
	wt_worker_destroy(worker);
}

/* ---- A worker of a worker that is told to end [W4] ---- */

static int create_nested(wt_port *parent, const void *data, size_t size)
{
	wt_worker *nested;
	int err = wt_worker_create(&nested, receive_one, NULL, 0, NULL);

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	return 7; /* and leaves it to its end */
}

static void worker_nested(void)
{
	int code;

	create(create_nested);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_NOW) == 0 && (code == 1 || code == 7));
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

/* ---- The process ends while it runs [W7] ---- */

/*
 * What the library registers for that is called, and returns; once it was, the
 * library takes the process for one that ends, in all later schedules.
 */
static void worker_process_ends(void)
{
	wt_time begin = wt_now();
	int poster;

	create(receive_one);
	poster = scenario_go("poster", post_to_worker, NULL);
	system_exit();
	SCENARIO_CHECK(wt_now() - begin < 500000000);
	SCENARIO_CHECK(wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	scenario_join(poster);
	wt_worker_destroy(worker);
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
	{
		.name = "worker_takes_port",
		.run = worker_takes_port,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = "worker_hired", .run = worker_hired, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(HIRED) },
	{
		.name = "worker_exit_event",
		.run = worker_exit_event,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED),
	},
	{
		.name = "worker_events",
		.run = worker_events,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(CLOSED),
	},
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
