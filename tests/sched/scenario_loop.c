/* SPDX-License-Identifier: MIT
 *
 * The loop, in libwt and in the program's own, and the first of several ports.
 */
#include "seam.h"
#include "sched/scenario.h"
#include "sched/system.h"

/* ---- The loop, in libwt and in the program's own ---- */

static void on_message(wt_port *port, wt_message *message, void *arg)
{
	unsigned *left = arg;

	(void)port;
	SCENARIO_CHECK(message->size == SCENARIO_BYTES);
	sched_reached(SCHED_DELIVERED);
	if (--*left == 0)
		wt_stop();
}

static void loop_receives(void)
{
	unsigned left = 2;
	int first, second;

	scenario_open_used_channel(NULL);
	wt_port_on_message(near_end, on_message, &left);
	first = scenario_go("first", scenario_post_one, "a");
	second = scenario_go("second", scenario_post_one, "b");
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(left == 0);
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
}

static void loop_polls(void)
{
	unsigned left = 2;
	int poster, fd;

	scenario_open_used_channel(NULL);
	SCENARIO_CHECK(wt_loop_fd(&fd) == 0);
	wt_port_on_message(near_end, on_message, &left);
	poster = scenario_go("poster", scenario_post_two, NULL);
	while (left) {
		int calls;

		SCENARIO_CHECK(system_poll(fd, INT64_MAX));
		/* It may be readable in vain: for the wake of what the last pass has found by itself. */
		calls = wt_run_once(WT_NOW);
		SCENARIO_CHECK(calls >= 0 || calls == WT_EAGAIN);
	}
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- The loop of two ports, which are left alone by its sleep ---- */

static void post_both(void *other)
{
	scenario_post(far_end, 'a');
	scenario_post(other, 'b');
	scenario_post(far_end, 'c');
}

static void loop_sleeps(void)
{
	wt_port *near_other, *far_other;
	unsigned left = 3;
	int poster;

	scenario_open_used_channel(NULL);
	SCENARIO_CHECK(wt_channel_create(&near_other, &far_other, NULL) == 0);
	wt_port_on_message(near_end, on_message, &left);
	wt_port_on_message(near_other, on_message, &left);
	poster = scenario_go("poster", post_both, far_other);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(left == 0);
	scenario_join(poster);
	scenario_close_channel();
	wt_port_close(near_other);
	wt_port_close(far_other);
}

/* ---- The first of several ports ---- */

static void post_other(void *port)
{
	scenario_post(port, 'b');
}

static void select_one(void)
{
	wt_port *ports[2], *far_other;
	int first, second;

	scenario_open_used_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	first = scenario_go("first", scenario_post_one, "a");
	second = scenario_go("second", post_other, far_other);
	for (int i = 0; i < 2; i++) {
		size_t ready;
		wt_message message;

		SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_FOREVER) == 0);
		SCENARIO_CHECK(wt_port_receive(ports[ready], &message, WT_NOW) == 0);
		SCENARIO_CHECK(*(const char *)message.data == (ready ? 'b' : 'a'));
		sched_reached(SCHED_DELIVERED);
	}
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
	wt_port_close(ports[1]);
	wt_port_close(far_other);
}

/* ... of which one is closed by its peer, whose last sender goes */

static void close_sender(void *sender)
{
	wt_sender_close(sender);
}

static void select_closed(void)
{
	wt_port *ports[2], *far_other;
	wt_sender *sender;
	wt_message message;
	size_t ready;
	int closer;

	scenario_open_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	SCENARIO_CHECK(wt_port_sender(far_other, &sender) == 0);
	wt_port_close(far_other);
	closer = scenario_go("closer", close_sender, sender);
	SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_FOREVER) == 0 && ready == 1);
	SCENARIO_CHECK(wt_port_receive(ports[1], &message, WT_NOW) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
	scenario_join(closer);
	scenario_close_channel();
	wt_port_close(ports[1]);
}

/* ... of which each is watched from call to call, and armed without the heavy barrier */

static void select_set(void)
{
	wt_port *ports[2], *far_other;
	wt_message message;
	size_t ready;
	int poster, taken = 0;

	wti_select_few = 0;
	wti_source_often = 0;
	scenario_open_used_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	for (int i = 0; i < 2; i++)
		SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_NOW) == WT_EAGAIN);
	poster = scenario_go("poster", post_both, far_other);
	for (int i = 0; i < 3; i++) {
		SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_FOREVER) == 0);
		SCENARIO_CHECK(wt_port_receive(ports[ready], &message, WT_NOW) == 0);
		SCENARIO_CHECK(*(const char *)message.data == "abc"[ready ? 1 : 2 * taken++]);
		sched_reached(SCHED_DELIVERED);
	}
	scenario_join(poster);
	scenario_close_channel();
	wt_port_close(ports[1]);
	wt_port_close(far_other);
	wti_select_few = 16;
	wti_source_often = 2;
}

/* ... whose message comes at the very deadline; and of a thread that ends with both */

static void post_at(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	scenario_post(far_end, 'a');
}

static void select_at_deadline(void)
{
	wt_port *ports[2], *far_other;
	size_t ready;
	int poster, err;

	scenario_open_used_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	poster = scenario_go("poster", post_at, NULL);
	err = wt_select(ports, 2, &ready, scenario_time(10));
	if (err)
		SCENARIO_CHECK(err == WT_ETIMEDOUT && wt_now() >= scenario_time(10));
	else
		SCENARIO_CHECK(ready == 0);
	sched_reached(err ? SCHED_TIMED_OUT : SCHED_WOKEN);
	scenario_receive(near_end, 'a');
	scenario_join(poster);
	scenario_close_channel();
	wt_port_close(ports[1]);
	wt_port_close(far_other);
}

static void select_and_end(void *arg)
{
	wt_port *ports[2] = { scenario_take() }, *far_other;
	size_t ready;

	(void)arg;
	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	sched_calm(-1);
	SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_FOREVER) == 0 && ready == 0);
	sched_reached(SCHED_WOKEN);
}

static void select_end_races_wake(void)
{
	int other;

	scenario_open_used_channel(NULL);
	other = scenario_go("other", select_and_end, NULL);
	scenario_give(near_end);
	scenario_post(far_end, 'a');
	wt_port_close(far_end);
	scenario_join(other);
}

const struct scenario scenarios_loop[] = {
	{
		.name = "loop_receives",
		.run = loop_receives,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "loop_sleeps",
		.run = loop_sleeps,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "loop_polls",
		.run = loop_polls,
		.reaches = SCENARIO_REACHES(POLLED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "select_one",
		.run = select_one,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "select_set",
		.run = select_set,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "select_closed",
		.run = select_closed,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "select_at_deadline",
		.run = select_at_deadline,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TIMED_OUT) | SCENARIO_REACHES(WOKEN),
	},
	{
		.name = "select_end_races_wake",
		.run = select_end_races_wake,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN),
	},
	{ .name = NULL },
};
