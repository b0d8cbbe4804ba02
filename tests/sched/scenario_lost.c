/* SPDX-License-Identifier: MIT
 *
 * Ports that nobody receives: sent into one that closes, or into each other.
 */
#include "sched/scenario.h"

/* ---- A port that nobody receives is closed, and its peer hears it [C5] ---- */

static void transfer_into_close(void)
{
	wt_port *courier;
	int other;

	scenario_open_channel(NULL);
	other = scenario_go_linked("other", scenario_take_and_close, &courier);
	if (scenario_send_port(courier, &near_end) == 0)
		sched_reached(SCHED_IN_FLIGHT);
	else
		wt_port_close(near_end);
	scenario_receive_close(far_end);
	scenario_join(other);
	wt_port_close(courier);
	wt_port_close(far_end);
}

/* ---- A buffer that nobody receives is deleted as soon as both are done, also by the short way [T4] ---- */

static unsigned buffers_deleted;

static void count_deleted(void *data, void *arg)
{
	(void)data;
	(void)arg;
	buffers_deleted++;
}

static void buffer_into_close(const wt_channel_options *options)
{
	static char byte;
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	int other;

	buffers_deleted = 0;
	scenario_open_used_channel(options);
	SCENARIO_CHECK(wt_buffer_wrap(&buffer, &byte, 1, count_deleted, NULL) == 0);
	other = scenario_go("other", scenario_take_and_close, NULL);
	scenario_give(near_end);
	if (wt_port_send(far_end, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW) == 0)
		sched_reached(SCHED_IN_FLIGHT);
	else
		wt_buffer_destroy(buffer);
	scenario_join(other);
	SCENARIO_CHECK(buffers_deleted == 1);
	wt_port_close(far_end);
}

static void buffer_into_close_of_many(void)
{
	buffer_into_close(NULL);
}

/* The tail is a plain store there: nothing but the record's is before the look whether the port has closed. */
static void buffer_into_close_of_one(void)
{
	buffer_into_close(WT_CHANNEL_OPTIONS(.single_producer = true));
}

/* ---- A port sent into its own channel's other port: nobody reaches either [T4] ---- */

static void take_and_end(void *arg)
{
	(void)arg;
	scenario_take();
}

static void transfer_cycle(void)
{
	wt_port *other_near, *other_far, *courier;
	int other;

	scenario_open_channel(NULL);
	SCENARIO_CHECK(wt_channel_create(&other_near, &other_far, NULL) == 0);
	other = scenario_go_linked("other", take_and_end, &courier);
	/* Each near end lies in the other one's queue. */
	SCENARIO_CHECK(scenario_send_port(far_end, &other_near) == 0);
	SCENARIO_CHECK(scenario_send_port(other_far, &near_end) == 0);
	sched_reached(SCHED_IN_FLIGHT);
	wt_port_close(courier);
	wt_port_close(far_end);
	wt_port_close(other_far);
	scenario_join(other);
}

/* Two threads end, of which one finds it; the other may be the one that gave its port up for it. */
static void close_cycle_and_end(void *arg)
{
	wt_port *port = scenario_take();

	(void)arg;
	SCENARIO_CHECK(scenario_send_port(far_end, &port) == 0);
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

	scenario_open_channel(NULL);
	SCENARIO_CHECK(wt_channel_create(&other_near, &other_far, NULL) == 0);
	SCENARIO_CHECK(scenario_send_port(other_far, &near_end) == 0);
	first = scenario_go("first", close_cycle_and_end, NULL);
	scenario_give(other_near);
	second = scenario_go("second", end_at_once, NULL);
	sched_reached(SCHED_IN_FLIGHT);
	scenario_join(first);
	scenario_join(second);
	wt_port_close(far_end);
	wt_port_close(other_far);
}

const struct scenario scenarios_lost[] = {
	{
		.name = "transfer_into_close",
		.run = transfer_into_close,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(IN_FLIGHT) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "buffer_into_close_of_many",
		.run = buffer_into_close_of_many,
		.reaches = SCENARIO_REACHES(IN_FLIGHT),
	},
	{
		.name = "buffer_into_close_of_one",
		.run = buffer_into_close_of_one,
		.reaches = SCENARIO_REACHES(IN_FLIGHT),
	},
	{ .name = "transfer_cycle", .run = transfer_cycle, .reaches = SCENARIO_REACHES(IN_FLIGHT) },
	{
		.name = "transfer_cycle_two_ends",
		.run = transfer_cycle_two_ends,
		.reaches = SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(IN_FLIGHT),
	},
	{ .name = NULL },
};
