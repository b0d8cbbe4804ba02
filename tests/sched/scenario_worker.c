/* SPDX-License-Identifier: MIT
 *
 * Workers, from their start to their end, and what their creators hear of it.
 */
#include "sched/scenario_worker.h"

#include "crew.h"
#include "worker.h"

wt_worker *worker;

void scenario_create_worker(wt_entry *entry)
{
	SCENARIO_CHECK(wt_worker_create(&worker, entry, NULL, 0, NULL) == 0);
}

int scenario_end_at_once(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 7;
}

int scenario_receive_one(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	(void)data;
	(void)size;
	SCENARIO_CHECK(err == 0 || err == WT_ETERMINATED);
	sched_reached(err ? SCHED_TERMINATED : SCHED_DELIVERED);
	return 7;
}

void scenario_terminate_now(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_NOW) != WT_EINVAL);
}

void scenario_post_to_worker(void *arg)
{
	int err = wt_worker_post(worker, "aaaaaaaa", SCENARIO_BYTES);

	(void)arg;
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
}

void scenario_terminate_races_post(wt_entry *entry)
{
	int poster;

	scenario_create_worker(entry);
	poster = scenario_go("poster", scenario_post_to_worker, NULL);
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	scenario_join(poster);
	wt_worker_destroy(worker);
}

/* ---- It ends by itself [W3] ---- */

static void worker_returns(void)
{
	int code = 0;

	scenario_create_worker(scenario_end_at_once);
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
	scenario_create_worker(post_one);
	scenario_receive(wt_worker_port(worker), 'a');
	scenario_receive_close(wt_worker_port(worker));
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
	wt_transfer list[] = { WT_MOVE(&far_end) };
	wt_worker_options options = { .size = sizeof options, .transfer = list, .transfer_count = 1 };

	scenario_open_channel(NULL);
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

	scenario_create_worker(scenario_end_at_once);
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
	scenario_create_worker(scenario_receive_one);
	wt_worker_on_exit(worker, on_exit_, NULL);
	other = scenario_go("other", scenario_terminate_now, NULL);
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
	scenario_create_worker(post_one);
	wt_worker_on_online(worker, on_online, NULL);
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_exit(worker, on_end, NULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(stage == 3);
	wt_worker_destroy(worker);
}

/* ---- ... also behind the post of another thread, by a sender of the worker's [W2] ---- */

static wt_sender *sender;
static int sender_fibre;

static void post_by_sender(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_sender_post(sender, "bbbbbbbb", SCENARIO_BYTES) == 0);
	wt_sender_close(sender);
}

static int lend_sender(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	SCENARIO_CHECK(wt_port_sender(parent, &sender) == 0);
	sender_fibre = scenario_go("other", post_by_sender, NULL);
	scenario_post(parent, 'a');
	return 0;
}

static void on_message_of_two(wt_worker *of, wt_message *message, void *arg)
{
	(void)of;
	(void)arg;
	if (*(const char *)message->data == 'a')
		stage = 2;
}

static void worker_lends_sender(void)
{
	stage = 1;
	scenario_create_worker(lend_sender);
	wt_worker_on_message(worker, on_message_of_two, NULL);
	wt_worker_on_exit(worker, on_end, NULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(stage == 3);
	scenario_join(sender_fibre);
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
		.name = "worker_lends_sender",
		.run = worker_lends_sender,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
