/* SPDX-License-Identifier: MIT
 *
 * Messages that are written in place: others wait behind them. Requests, and
 * their replies.
 */
#include "sched/scenario.h"

static void write_slot(wt_slot *slot, char byte)
{
	SCENARIO_CHECK(wt_port_reserve(far_end, 1, slot, WT_FOREVER) == 0);
	*(char *)slot->data = byte;
}

/* ---- A slot is committed while another one posts behind it ---- */

static void commit_slot(void *arg)
{
	wt_slot slot;

	(void)arg;
	write_slot(&slot, 'a');
	SCENARIO_CHECK(wt_port_commit(far_end, &slot) == 0);
}

static void slot_committed(void)
{
	int writer, poster, sum;

	scenario_open_used_channel(NULL);
	writer = scenario_go("writer", commit_slot, NULL);
	poster = scenario_go("poster", scenario_post_one, "b");
	sum = scenario_receive_any(near_end);
	sum += scenario_receive_any(near_end);
	SCENARIO_CHECK(sum == 'a' + 'b');
	scenario_join(writer);
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- Its thread ends without: what lies behind it is free to go ---- */

static void leave_slot(void *arg)
{
	wt_slot slot;

	(void)arg;
	write_slot(&slot, 'a');
}

static void slot_of_the_dead(void)
{
	int writer, poster;

	scenario_open_used_channel(NULL);
	writer = scenario_go("writer", leave_slot, NULL);
	poster = scenario_go("poster", scenario_post_one, "b");
	scenario_receive(near_end, 'b');
	scenario_join(writer);
	scenario_join(poster);
	scenario_close_channel();
}

/*
 * ---- Who reserves makes the ring grow, which holds back what others post
 * behind that: it is let go at once, not with the slot ----
 */

/* Records of 64 bytes and one of 48, in a segment of 256: there is no other beside the link to the next one. */
static const size_t fillers[] = { 56, 56, 56, 40 };

static void fill_segment(void)
{
	static const char bytes[56];

	scenario_open_channel(WT_CHANNEL_OPTIONS(.capacity = 256));
	for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
		SCENARIO_CHECK(wt_port_post(far_end, bytes, fillers[i]) == 0);
}

static void receive_fillers(void)
{
	wt_message message;

	for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
		SCENARIO_CHECK(wt_port_receive(near_end, &message, WT_NOW) == 0 && message.size == fillers[i]);
}

static void commit_slot_late(void *arg)
{
	wt_slot slot;

	(void)arg;
	write_slot(&slot, 'a');
	scenario_pause(scenario_time(10));
	SCENARIO_CHECK(wt_port_commit(far_end, &slot) == 0);
}

static void slot_grows(void)
{
	int writer, poster;

	fill_segment();
	writer = scenario_go("writer", commit_slot_late, NULL);
	poster = scenario_go("poster", scenario_post_one, "b");
	receive_fillers();
	if (scenario_receive_any(near_end) == 'b') {
		SCENARIO_CHECK(wt_now() < scenario_time(10));
		sched_reached(SCHED_DELIVERED);
	}
	(void)scenario_receive_any(near_end);
	scenario_join(writer);
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- The receiver closes while it is written ---- */

static void commit_into_close(void *arg)
{
	wt_slot slot;
	int err = wt_port_reserve(far_end, 1, &slot, WT_FOREVER);

	(void)arg;
	if (!err)
		err = wt_port_commit(far_end, &slot);
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
	sched_reached(err ? SCHED_CLOSED : SCHED_DROPPED);
}

static void slot_into_close(void)
{
	int writer;

	scenario_open_channel(NULL);
	writer = scenario_go("writer", commit_into_close, NULL);
	wt_port_close(near_end);
	scenario_join(writer);
	wt_port_close(far_end);
}

/* ---- A request is answered ---- */

static void answer(void *arg)
{
	wt_port *port = scenario_take();
	wt_message request;

	(void)arg;
	SCENARIO_CHECK(wt_port_receive(port, &request, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_reply(&request, &(wt_outgoing){ .data = "r", .size = 1 }) == 0);
	wt_port_close(port);
}

static int call(wt_message *reply, wt_time deadline)
{
	return wt_port_call(far_end, &(wt_outgoing){ .data = "q", .size = 1 }, reply, deadline);
}

static void call_answered(void)
{
	wt_message reply;
	int other;

	scenario_open_channel(NULL);
	other = scenario_go("other", answer, NULL);
	scenario_give(near_end);
	SCENARIO_CHECK(call(&reply, WT_FOREVER) == 0);
	SCENARIO_CHECK(reply.size == 1 && *(const char *)reply.data == 'r');
	sched_reached(SCHED_DELIVERED);
	wt_message_release(&reply);
	scenario_join(other);
	wt_port_close(far_end);
}

/* ---- ... or not: the port closes ---- */

static void call_into_close(void)
{
	wt_message reply;
	int other;

	scenario_open_channel(NULL);
	other = scenario_go("other", scenario_take_and_close, NULL);
	scenario_give(near_end);
	SCENARIO_CHECK(call(&reply, WT_FOREVER) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
	scenario_join(other);
	wt_port_close(far_end);
}

/* ---- ... or at the very deadline of who asked ---- */

static void answer_late(void *result)
{
	wt_port *port = scenario_take();
	wt_message request;
	int *err = result;

	SCENARIO_CHECK(wt_port_receive(port, &request, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	*err = wt_message_reply(&request, &(wt_outgoing){ .data = "r", .size = 1 });
	wt_port_close(port);
}

static void call_at_deadline(void)
{
	wt_message reply;
	int other, err, replied;

	scenario_open_channel(NULL);
	other = scenario_go("other", answer_late, &replied);
	scenario_give(near_end);
	err = call(&reply, scenario_time(10));
	SCENARIO_CHECK(err == 0 || err == WT_ETIMEDOUT);
	sched_reached(err ? SCHED_TIMED_OUT : SCHED_DELIVERED);
	wt_message_release(&reply);
	scenario_join(other);
	SCENARIO_CHECK(replied == err); /* both sides say the same of it */
	wt_port_close(far_end);
}

const struct scenario scenarios_slot[] = {
	{
		.name = "slot_committed",
		.run = slot_committed,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "slot_of_the_dead",
		.run = slot_of_the_dead,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "slot_grows",
		.run = slot_grows,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "slot_into_close",
		.run = slot_into_close,
		.reaches = SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "call_answered",
		.run = call_answered,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "call_into_close",
		.run = call_into_close,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "call_at_deadline",
		.run = call_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(TIMED_OUT),
	},
	{ .name = NULL },
};
