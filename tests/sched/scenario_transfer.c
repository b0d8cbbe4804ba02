/* SPDX-License-Identifier: MIT
 *
 * Ports that move while others post to them, or into ports that close.
 */
#include "sched/scenario.h"

/* ---- Messages move with the port, in order [T1] ---- */

static void take_and_receive(void *arg)
{
	wt_port *from = scenario_take();
	wt_port *port = scenario_receive_port(from);

	(void)arg;
	scenario_receive(port, 'a');
	scenario_receive(port, 'b');
	wt_port_close(port);
	wt_port_close(from);
}

static void transfer_races_post(void)
{
	wt_port *courier;
	int taker, poster;

	scenario_open_used_channel(NULL);
	taker = scenario_go_linked("taker", take_and_receive, &courier);
	poster = scenario_go("poster", scenario_post_two, NULL);
	SCENARIO_CHECK(scenario_send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(taker);
	scenario_join(poster);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- ... while a sender waits for room in it ---- */

static void send_one(void *arg)
{
	wt_outgoing message = { .data = "bbbbbbbb", .size = SCENARIO_BYTES };

	(void)arg;
	SCENARIO_CHECK(wt_port_send(far_end, &message, WT_FOREVER) == 0);
}

static void transfer_while_full(void)
{
	wt_port *courier;
	int taker, sender;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.limit = 16));
	scenario_post(far_end, 'a');
	taker = scenario_go_linked("taker", take_and_receive, &courier);
	sender = scenario_go("sender", send_one, NULL);
	SCENARIO_CHECK(scenario_send_port(courier, &near_end) == 0);
	sched_reached(SCHED_FULL);
	scenario_join(taker);
	scenario_join(sender);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- ... while a request lies in it, which the next owner answers ---- */

static void take_and_answer(void *arg)
{
	wt_port *from = scenario_take();
	wt_port *port = scenario_receive_port(from);
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_reply(&message, &(wt_outgoing){ .data = "r", .size = 1 }) == 0);
	wt_port_close(port);
	wt_port_close(from);
}

static void call_one(void *arg)
{
	wt_message reply;

	(void)arg;
	SCENARIO_CHECK(wt_port_call(far_end, &(wt_outgoing){ .data = "q", .size = 1 }, &reply, WT_FOREVER) == 0);
	SCENARIO_CHECK(*(const char *)reply.data == 'r');
	sched_reached(SCHED_DELIVERED);
	wt_message_release(&reply);
}

static void transfer_with_call(void)
{
	wt_port *courier;
	int taker, caller;

	scenario_open_channel(NULL);
	taker = scenario_go_linked("taker", take_and_answer, &courier);
	caller = scenario_go("caller", call_one, NULL);
	SCENARIO_CHECK(scenario_send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(taker);
	scenario_join(caller);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- There and back ---- */

static void take_and_send_back(void *arg)
{
	wt_port *from = scenario_take();
	wt_port *port = scenario_receive_port(from);

	(void)arg;
	SCENARIO_CHECK(scenario_send_port(from, &port) == 0);
	wt_port_close(from);
}

static void transfer_twice(void)
{
	wt_port *courier;
	int taker;

	scenario_open_used_channel(NULL);
	taker = scenario_go_linked("taker", take_and_send_back, &courier);
	SCENARIO_CHECK(scenario_send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_post(far_end, 'a');
	near_end = scenario_receive_port(courier);
	scenario_receive(near_end, 'a');
	scenario_join(taker);
	wt_port_close(courier);
	scenario_close_channel();
}

/* ---- Its peer closes while it is in flight [C1] ---- */

static void take_and_hear_close(void *arg)
{
	wt_port *from = scenario_take();
	wt_port *port = scenario_receive_port(from);

	(void)arg;
	scenario_receive_close(port);
	wt_port_close(port);
	wt_port_close(from);
}

static void transfer_races_close(void)
{
	wt_port *courier;
	int taker;

	scenario_open_channel(NULL);
	taker = scenario_go_linked("taker", take_and_hear_close, &courier);
	SCENARIO_CHECK(scenario_send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	wt_port_close(far_end);
	scenario_join(taker);
	wt_port_close(courier);
}

/* ---- A sender moves, and is the last [C1] ---- */

static void take_sender_and_post(void *arg)
{
	wt_port *from = scenario_take();
	wt_sender *sender;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_sender(&message, 0, &sender) == 0);
	SCENARIO_CHECK(wt_sender_post(sender, "aaaaaaaa", SCENARIO_BYTES) == 0);
	wt_sender_close(sender);
	wt_port_close(from);
}

static void transfer_sender(void)
{
	wt_sender *sender;
	wt_transfer list[] = { WT_MOVE(&sender) };
	wt_port *courier;
	int taker;

	scenario_open_used_channel(NULL);
	taker = scenario_go_linked("taker", take_sender_and_post, &courier);
	SCENARIO_CHECK(wt_port_sender(far_end, &sender) == 0);
	SCENARIO_CHECK(wt_port_send(courier, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW) == 0);
	wt_port_close(far_end);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_receive(near_end, 'a');
	scenario_receive_close(near_end);
	scenario_join(taker);
	wt_port_close(courier);
	wt_port_close(near_end);
}

const struct scenario scenarios_transfer[] = {
	{
		.name = "transfer_races_post",
		.run = transfer_races_post,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "transfer_while_full",
		.run = transfer_while_full,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "transfer_with_call",
		.run = transfer_with_call,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "transfer_twice",
		.run = transfer_twice,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "transfer_races_close",
		.run = transfer_races_close,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "transfer_sender",
		.run = transfer_sender,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
