/* SPDX-License-Identifier: MIT
 *
 * Ports that move while others post to them, or into ports that close.
 */
#include "sched/scenario.h"

static wt_port *near_end, *far_end; /* of main */
static wt_port *courier;            /* of main: what goes there arrives at the other fibre */
static struct scenario_gift gift;

static int send_port(wt_port *to, wt_port **port)
{
	wt_transfer list[] = { WT_MOVE(port) };
	wt_outgoing message = { .transfer = list, .transfer_count = 1 };

	return wt_port_send(to, &message, WT_NOW);
}

/* A channel whose far end is main's, and whose near end the other fibre takes. */
static int open_courier(const char *name, void (*fn)(void *arg))
{
	wt_port *end;
	int other;

	gift = (struct scenario_gift){ 0 };
	SCENARIO_CHECK(wt_channel_create(&courier, &end, NULL) == 0);
	other = scenario_go(name, fn, NULL);
	scenario_give(&gift, end);
	return other;
}

/* ---- Messages move with the port, in order [T1] ---- */

static void post_two(void *arg)
{
	(void)arg;
	scenario_post(far_end, 'a');
	scenario_post(far_end, 'b');
}

static void take_and_receive(void *arg)
{
	wt_port *from = scenario_take(&gift);
	wt_port *port;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
	scenario_receive(port, 'a');
	scenario_receive(port, 'b');
	wt_port_close(port);
	wt_port_close(from);
}

static void transfer_races_post(void)
{
	int taker, poster;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	taker = open_courier("taker", take_and_receive);
	poster = scenario_go("poster", post_two, NULL);
	SCENARIO_CHECK(send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(taker);
	scenario_join(poster);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- ... while a sender waits for room in it ---- */

static void send_one(void *arg)
{
	wt_outgoing message = { .data = "b", .size = 1 };

	(void)arg;
	SCENARIO_CHECK(wt_port_send(far_end, &message, WT_FOREVER) == 0);
}

static void transfer_while_full(void)
{
	int taker, sender;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, WT_CHANNEL_OPTIONS(.limit = 16)) == 0);
	scenario_post(far_end, 'a');
	taker = open_courier("taker", take_and_receive);
	sender = scenario_go("sender", send_one, NULL);
	SCENARIO_CHECK(send_port(courier, &near_end) == 0);
	sched_reached(SCHED_FULL);
	scenario_join(taker);
	scenario_join(sender);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- ... while a request lies in it, which the next owner answers ---- */

static void take_and_answer(void *arg)
{
	wt_port *from = scenario_take(&gift);
	wt_port *port;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
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
	int taker, caller;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	taker = open_courier("taker", take_and_answer);
	caller = scenario_go("caller", call_one, NULL);
	SCENARIO_CHECK(send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(taker);
	scenario_join(caller);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- There and back ---- */

static void take_and_send_back(void *arg)
{
	wt_port *from = scenario_take(&gift);
	wt_port *port;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
	SCENARIO_CHECK(send_port(from, &port) == 0);
	wt_port_close(from);
}

static void transfer_twice(void)
{
	wt_message message;
	int taker;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	taker = open_courier("taker", take_and_send_back);
	SCENARIO_CHECK(send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_post(far_end, 'a');
	SCENARIO_CHECK(wt_port_receive(courier, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &near_end) == 0);
	scenario_receive(near_end, 'a');
	scenario_join(taker);
	wt_port_close(courier);
	wt_port_close(near_end);
	wt_port_close(far_end);
}

/* ---- Its peer closes while it is in flight [C1] ---- */

static void take_and_hear_close(void *arg)
{
	wt_port *from = scenario_take(&gift);
	wt_port *port;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
	scenario_receive_close(port);
	wt_port_close(port);
	wt_port_close(from);
}

static void transfer_races_close(void)
{
	int taker;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	taker = open_courier("taker", take_and_hear_close);
	SCENARIO_CHECK(send_port(courier, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	wt_port_close(far_end);
	scenario_join(taker);
	wt_port_close(courier);
}

/* ---- A sender moves, and is the last [C1] ---- */

static void take_sender_and_post(void *arg)
{
	wt_port *from = scenario_take(&gift);
	wt_sender *sender;
	wt_message message;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_sender(&message, 0, &sender) == 0);
	SCENARIO_CHECK(wt_sender_post(sender, "a", 1) == 0);
	wt_sender_close(sender);
	wt_port_close(from);
}

static void transfer_sender(void)
{
	wt_sender *sender;
	wt_transfer list[] = { WT_MOVE(&sender) };
	int taker;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	taker = open_courier("taker", take_sender_and_post);
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

/* ---- A port that nobody receives is closed, and its peer hears it [C5] ---- */

static void take_and_close(void *arg)
{
	(void)arg;
	wt_port_close(scenario_take(&gift));
}

static void transfer_into_close(void)
{
	int other;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	other = open_courier("other", take_and_close);
	if (send_port(courier, &near_end) == 0)
		sched_reached(SCHED_IN_FLIGHT);
	else
		wt_port_close(near_end);
	scenario_receive_close(far_end);
	scenario_join(other);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- A port sent into its own channel's other port: nobody reaches either [T4] ---- */

static void take_and_end(void *arg)
{
	(void)arg;
	scenario_take(&gift);
}

static void transfer_cycle(void)
{
	wt_port *other_near, *other_far;
	int other;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	SCENARIO_CHECK(wt_channel_create(&other_near, &other_far, NULL) == 0);
	other = open_courier("other", take_and_end);
	/* Each near end lies in the other one's queue. */
	SCENARIO_CHECK(send_port(far_end, &other_near) == 0);
	SCENARIO_CHECK(send_port(other_far, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	wt_port_close(courier);
	wt_port_close(far_end);
	wt_port_close(other_far);
	scenario_join(other);
}

/* Two threads end, of which one finds it; the other may be the one that gave its port up for it. */
static void close_cycle_and_end(void *arg)
{
	wt_port *port = scenario_take(&gift);

	(void)arg;
	SCENARIO_CHECK(send_port(far_end, &port) == 0);
}

/* It had ports: its end looks for cycles. */
static void end_at_once(void *arg)
{
	wt_port *a, *b;

	(void)arg;
	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&a, &b, NULL) == 0);
	wt_port_close(a);
	wt_port_close(b);
	sched_calm(-1);
}

static void transfer_cycle_two_ends(void)
{
	wt_port *other_near, *other_far;
	int first, second;

	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, NULL) == 0);
	SCENARIO_CHECK(wt_channel_create(&other_near, &other_far, NULL) == 0);
	SCENARIO_CHECK(send_port(other_far, &near_end) == 0);
	gift = (struct scenario_gift){ 0 };
	first = scenario_go("first", close_cycle_and_end, NULL);
	scenario_give(&gift, other_near);
	second = scenario_go("second", end_at_once, NULL);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(first);
	scenario_join(second);
	wt_port_close(far_end);
	wt_port_close(other_far);
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
	{
		.name = "transfer_into_close",
		.run = transfer_into_close,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = "transfer_cycle", .run = transfer_cycle, .reaches = SCENARIO_REACHES(IN_FLIGHT) },
	{
		.name = "transfer_cycle_two_ends",
		.run = transfer_cycle_two_ends,
		.reaches = SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(IN_FLIGHT),
	},
	{ .name = NULL },
};
