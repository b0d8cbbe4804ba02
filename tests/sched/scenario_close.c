/* SPDX-License-Identifier: MIT
 *
 * Ports that are closed while somebody posts to them, or waits for a message.
 */
#include "sched/scenario.h"
#include "seam.h"
#include "thread.h"

/* ---- The receiver closes [C3]: what was posted is counted, once [M2] ---- */

static void post_until_closed(void *posted)
{
	/* Without a record it has no name by which the ring could be its own. */
	SCENARIO_CHECK(wti_thread_self() != NULL);
	for (int i = 0; i < 2; i++) {
		int err = wt_port_post(far_end, "aaaaaaaa", SCENARIO_BYTES);

		SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
		sched_reached(err ? SCHED_CLOSED : SCHED_DROPPED);
		*(unsigned *)posted += !err;
	}
}

/* The channel is open. */
static void race_close_with_posts(void)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	unsigned posted = 0;
	int poster;

	poster = scenario_go("poster", post_until_closed, &posted);
	wt_port_close(near_end);
	scenario_join(poster);
	SCENARIO_CHECK(wt_port_stats(far_end, &stats) == 0);
	SCENARIO_CHECK(stats.undelivered == posted);
	wt_port_close(far_end);
}

static void close_races_post(void)
{
	scenario_open_used_channel(NULL);
	race_close_with_posts();
}

/* One who alone moves the tail does it by a plain store. */
static void close_races_lone_post(void)
{
	scenario_open_used_channel(WT_CHANNEL_OPTIONS(.single_producer = true));
	race_close_with_posts();
}

/* ... and so does one whose own the ring is for a while: from the first on, for it has no memory yet. */
static void close_races_biased_post(void)
{
	wti_ring_patience = 0;
	scenario_open_channel(NULL);
	race_close_with_posts();
	wti_ring_patience = WTI_RING_PATIENCE;
}

/* ---- The sender closes behind its message [C1] ---- */

static void post_and_close(void *arg)
{
	wt_port *port = scenario_take();

	(void)arg;
	scenario_post(port, 'a');
	wt_port_close(port);
}

static void close_wakes(void)
{
	int poster;

	scenario_open_used_channel(NULL);
	poster = scenario_go("poster", post_and_close, NULL);
	scenario_give(far_end);
	scenario_receive(near_end, 'a');
	scenario_receive_close(near_end);
	scenario_join(poster);
	wt_port_close(near_end);
}

/* ---- The same for a loop: one event, after the message [C1] ---- */

static int events;

static void on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	SCENARIO_CHECK(events == 0);
	events = 1;
}

static void on_close(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
	SCENARIO_CHECK(events == 1);
	events = 2;
	sched_reached(SCHED_CLOSED);
}

static void close_event(void)
{
	int poster;

	scenario_open_used_channel(NULL);
	events = 0;
	wt_port_on_message(near_end, on_message, NULL);
	wt_port_on_close(near_end, on_close, NULL);
	poster = scenario_go("poster", post_and_close, NULL);
	scenario_give(far_end);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(events == 2);
	scenario_join(poster);
	wt_port_close(near_end);
}

/* ---- Who hears of the close knows what was not read ---- */

static void close_counts(void)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	int other;

	scenario_open_channel(NULL);
	scenario_post(near_end, 'a');
	other = scenario_go("other", scenario_take_and_close, NULL);
	scenario_give(far_end);
	scenario_receive_close(near_end);
	SCENARIO_CHECK(wt_port_stats(near_end, &stats) == 0);
	SCENARIO_CHECK(stats.undelivered == 1);
	scenario_join(other);
	wt_port_close(near_end);
}

/* ---- Both close ---- */

static void both_close(void)
{
	int other;

	scenario_open_channel(NULL);
	scenario_post(far_end, 'a');
	other = scenario_go("other", scenario_take_and_close, NULL);
	scenario_give(far_end);
	wt_port_close(near_end);
	sched_reached(SCHED_CLOSED);
	scenario_join(other);
}

/* ---- The last sender goes, on another thread than the port ---- */

static void post_by_sender(void *sender)
{
	SCENARIO_CHECK(wt_sender_post(sender, "aaaaaaaa", SCENARIO_BYTES) == 0);
	wt_sender_close(sender);
}

static void senders_close(void)
{
	wt_sender *sender, *copy;
	int first, second;

	scenario_open_used_channel(NULL);
	SCENARIO_CHECK(wt_port_sender(far_end, &sender) == 0);
	SCENARIO_CHECK(wt_sender_dup(sender, &copy) == 0);
	wt_port_close(far_end);
	first = scenario_go("first", post_by_sender, sender);
	second = scenario_go("second", post_by_sender, copy);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'a');
	scenario_receive_close(near_end);
	scenario_join(first);
	scenario_join(second);
	wt_port_close(near_end);
}

/* ---- A thread ends, and with it its port [C4] ---- */

static void take_and_end(void *arg)
{
	(void)arg;
	scenario_post(scenario_take(), 'a');
}

static void thread_ends(void)
{
	int other;

	scenario_open_used_channel(NULL);
	other = scenario_go("other", take_and_end, NULL);
	scenario_give(far_end);
	scenario_receive(near_end, 'a');
	scenario_receive_close(near_end);
	wt_port_close(near_end);
	scenario_join(other);
}

/* One that ends while the other wakes it: the waker must not touch what is gone. */
static void receive_and_end(void *arg)
{
	(void)arg;
	scenario_receive(scenario_take(), 'a');
}

static void end_races_wake(void)
{
	int other;

	scenario_open_used_channel(NULL);
	other = scenario_go("other", receive_and_end, NULL);
	scenario_give(near_end);
	scenario_post(far_end, 'a');
	wt_port_close(far_end);
	scenario_join(other);
}

/* ---- A sender waits for room, and the receiver closes ---- */

static void send_until_closed(void *arg)
{
	wt_outgoing message = { .data = "b", .size = 1 };
	int err = wt_port_send(far_end, &message, WT_FOREVER);

	(void)arg;
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
	sched_reached(err ? SCHED_CLOSED : SCHED_DROPPED);
}

static void close_frees_sender(void)
{
	int sender;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.limit = 16));
	scenario_post(far_end, 'a');
	sched_reached(SCHED_FULL);
	sender = scenario_go("sender", send_until_closed, NULL);
	scenario_receive(near_end, 'a');
	wt_port_close(near_end);
	scenario_join(sender);
	wt_port_close(far_end);
}

/* ---- A caller waits for its reply, and the receiver closes ---- */

static void call_until_closed(void *arg)
{
	wt_outgoing request = { .data = "a", .size = 1 };
	wt_message reply;

	(void)arg;
	SCENARIO_CHECK(wt_port_call(far_end, &request, &reply, WT_FOREVER) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
}

static void close_frees_caller(void)
{
	int caller;

	scenario_open_channel(NULL);
	caller = scenario_go("caller", call_until_closed, NULL);
	wt_port_close(near_end);
	scenario_join(caller);
	wt_port_close(far_end);
}

const struct scenario scenarios_close[] = {
	{
		.name = "close_races_post",
		.run = close_races_post,
		.reaches = SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "close_races_lone_post",
		.run = close_races_lone_post,
		.reaches = SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "close_races_biased_post",
		.run = close_races_biased_post,
		.reaches = SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "close_wakes",
		.run = close_wakes,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "close_event",
		.run = close_event,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = "close_counts", .run = close_counts, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED) },
	{ .name = "both_close", .run = both_close, .reaches = SCENARIO_REACHES(CLOSED) },
	{
		.name = "senders_close",
		.run = senders_close,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "thread_ends",
		.run = thread_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "end_races_wake",
		.run = end_races_wake,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "close_frees_sender",
		.run = close_frees_sender,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "close_frees_caller",
		.run = close_frees_caller,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
