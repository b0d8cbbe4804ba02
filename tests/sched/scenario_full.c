/* SPDX-License-Identifier: MIT
 *
 * Ports without room: senders that wait for it, and those that are told.
 */
#include "sched/scenario.h"

/* ---- A payload out of line, at the limit ---- */

enum { OUTLINE = 40000 };

static void send_outline(void *arg)
{
	static const char payload[OUTLINE] = "o";
	wt_outgoing message = { .data = payload, .size = sizeof payload };

	(void)arg;
	SCENARIO_CHECK(wt_port_send(far_end, &message, WT_FOREVER) == 0);
}

static void send_outline_when_full(void)
{
	int first, second;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.limit = OUTLINE + 100));
	first = scenario_go("first", send_outline, NULL);
	second = scenario_go("second", send_outline, NULL);
	for (int i = 0; i < 2; i++)
		SCENARIO_CHECK(scenario_receive_any(near_end) == 'o');
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
}

/* ---- A sender that waits for room ---- */

static void send_waiting(void *byte)
{
	wt_outgoing message = { .data = byte, .size = 1 };

	if (wt_port_post(far_end, byte, 1) == 0)
		return;
	sched_reached(SCHED_FULL);
	SCENARIO_CHECK(wt_port_send(far_end, &message, WT_FOREVER) == 0);
}

/* Room for two such messages. */
static void send_when_full(void)
{
	int first, second;
	int sum;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.limit = 32));
	scenario_post(far_end, 'x');
	scenario_post(far_end, 'y');
	first = scenario_go("first", send_waiting, "a");
	second = scenario_go("second", send_waiting, "b");
	scenario_receive(near_end, 'x');
	scenario_receive(near_end, 'y');
	sum = scenario_receive_any(near_end);
	sum += scenario_receive_any(near_end);
	SCENARIO_CHECK(sum == 'a' + 'b');
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
}

/* ---- A poster that does not wait, and is told when there is room ---- */

static void on_drain(wt_port *port, void *arg)
{
	(void)arg;
	scenario_post(port, 'c');
	sched_reached(SCHED_FULL);
	wt_stop();
}

static void post_when_told(void *arg)
{
	wt_port *port = scenario_take();

	(void)arg;
	wt_port_on_drain(port, on_drain, NULL);
	wt_port_ref(port);
	if (wt_port_post(port, "cccccccc", SCENARIO_BYTES) != 0)
		SCENARIO_CHECK(wt_run() == 0);
	wt_port_close(port);
}

static void drain_when_full(void)
{
	int poster;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.limit = 32));
	scenario_post(far_end, 'a');
	scenario_post(far_end, 'b');
	poster = scenario_go("poster", post_when_told, NULL);
	scenario_give(far_end);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_receive(near_end, 'c');
	scenario_receive_close(near_end);
	scenario_join(poster);
	wt_port_close(near_end);
}

const struct scenario scenarios_full[] = {
	{
		.name = "send_outline_when_full",
		.run = send_outline_when_full,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "send_when_full",
		.run = send_when_full,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "drain_when_full",
		.run = drain_when_full,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
