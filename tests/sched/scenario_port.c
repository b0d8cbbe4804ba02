/* SPDX-License-Identifier: MIT
 *
 * Posting to a port whose owner is about to sleep, and to one that is full.
 */
#include <string.h>

#include "sched/scenario.h"
#include "sched/system.h"

static wt_port *near_end, *far_end; /* both of main */

static void open_channel(const wt_channel_options *options)
{
	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, options) == 0);
}

static void close_channel(void)
{
	wt_port_close(near_end);
	wt_port_close(far_end);
}

static void post_one(void *byte)
{
	scenario_post(far_end, *(const char *)byte);
}

/* ---- A message, and a receiver that goes to sleep [M2] ---- */

static void post_to_sleeper(void)
{
	int poster;

	open_channel(NULL);
	poster = scenario_go("poster", post_one, "a");
	scenario_receive(near_end, 'a');
	scenario_join(poster);
	close_channel();
}

/* The same with a promise to the ring, and twice, in order [M1]. */
static void post_two(void *arg)
{
	(void)arg;
	scenario_post(far_end, 'a');
	scenario_post(far_end, 'b');
}

static void post_single(void)
{
	int poster;

	open_channel(WT_CHANNEL_OPTIONS(.single_producer = true));
	poster = scenario_go("poster", post_two, NULL);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_join(poster);
	close_channel();
}

/* ---- Two posters: one may stall between reserve and commit [M2] ---- */

static char receive_any(void)
{
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(near_end, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size >= 1);
	sched_reached(SCHED_DELIVERED);
	return *(const char *)message.data;
}

static void two_posters(void)
{
	int first, second;
	int sum;

	open_channel(NULL);
	first = scenario_go("first", post_one, "a");
	second = scenario_go("second", post_one, "b");
	sum = receive_any();
	sum += receive_any();
	SCENARIO_CHECK(sum == 'a' + 'b');
	scenario_join(first);
	scenario_join(second);
	close_channel();
}

/* ---- A ring that grows under two posters [M1, M2] ---- */

enum { LARGE = 100, LARGE_EACH = 2 };

static void post_large(void *byte)
{
	char message[LARGE];

	memset(message, *(const char *)byte, sizeof message);
	for (message[0] = 0; message[0] < LARGE_EACH; message[0]++)
		SCENARIO_CHECK(wt_port_post(far_end, message, sizeof message) == 0);
}

/* Whole, and after those that the same poster sent before. */
static void receive_large(char seen[2])
{
	wt_message message;
	const char *bytes;
	int poster;

	SCENARIO_CHECK(wt_port_receive(near_end, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size == LARGE);
	bytes = message.data;
	poster = bytes[1] - 'a';
	SCENARIO_CHECK(poster == 0 || poster == 1);
	for (int i = 1; i < LARGE; i++)
		SCENARIO_CHECK(bytes[i] == bytes[1]);
	SCENARIO_CHECK(bytes[0] == seen[poster]++);
	sched_reached(SCHED_DELIVERED);
}

static void ring_grows(void)
{
	char seen[2] = { 0 };
	int first, second;

	open_channel(WT_CHANNEL_OPTIONS(.capacity = 256));
	first = scenario_go("first", post_large, "a");
	second = scenario_go("second", post_large, "b");
	for (int i = 0; i < 2 * LARGE_EACH; i++)
		receive_large(seen);
	scenario_join(first);
	scenario_join(second);
	close_channel();
}

/* ---- Many at once, beside another poster [M1] ---- */

static void post_many(void *arg)
{
	static char a[] = "a", b[] = "b";
	const struct iovec messages[] = { { a, 1 }, { b, 1 } };
	size_t posted;

	(void)arg;
	SCENARIO_CHECK(wt_port_post_many(far_end, messages, 2, &posted) == 0 && posted == 2);
}

static void many_posted(void)
{
	int first, second;
	unsigned long word = 0;

	open_channel(NULL);
	first = scenario_go("first", post_many, NULL);
	second = scenario_go("second", post_one, "c");
	for (int i = 0; i < 3; i++)
		word = word << 8 | (unsigned long)receive_any();
	SCENARIO_CHECK(word == 0x616263 || word == 0x616362 || word == 0x636162);
	scenario_join(first);
	scenario_join(second);
	close_channel();
}

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

	open_channel(WT_CHANNEL_OPTIONS(.limit = OUTLINE + 100));
	first = scenario_go("first", send_outline, NULL);
	second = scenario_go("second", send_outline, NULL);
	for (int i = 0; i < 2; i++)
		SCENARIO_CHECK(receive_any() == 'o');
	scenario_join(first);
	scenario_join(second);
	close_channel();
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

	open_channel(WT_CHANNEL_OPTIONS(.limit = 32));
	scenario_post(far_end, 'x');
	scenario_post(far_end, 'y');
	first = scenario_go("first", send_waiting, "a");
	second = scenario_go("second", send_waiting, "b");
	scenario_receive(near_end, 'x');
	scenario_receive(near_end, 'y');
	sum = receive_any();
	sum += receive_any();
	SCENARIO_CHECK(sum == 'a' + 'b');
	scenario_join(first);
	scenario_join(second);
	close_channel();
}

/* ---- A poster that does not wait, and is told when there is room ---- */

static struct scenario_gift gift;

static void on_drain(wt_port *port, void *arg)
{
	(void)arg;
	scenario_post(port, 'c');
	sched_reached(SCHED_FULL);
	wt_stop();
}

static void post_when_told(void *arg)
{
	wt_port *port = scenario_take(&gift);
	char byte = 'c';

	(void)arg;
	wt_port_on_drain(port, on_drain, NULL);
	wt_port_ref(port);
	if (wt_port_post(port, &byte, 1) != 0)
		SCENARIO_CHECK(wt_run() == 0);
	wt_port_close(port);
}

static void drain_when_full(void)
{
	int poster;

	open_channel(WT_CHANNEL_OPTIONS(.limit = 32));
	scenario_post(far_end, 'a');
	scenario_post(far_end, 'b');
	gift = (struct scenario_gift){ 0 };
	poster = scenario_go("poster", post_when_told, NULL);
	scenario_give(&gift, far_end);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_receive(near_end, 'c');
	scenario_receive_close(near_end);
	scenario_join(poster);
	wt_port_close(near_end);
}

/* ---- The loop, in libwt and in the program's own ---- */

static void on_message(wt_port *port, wt_message *message, void *arg)
{
	unsigned *left = arg;

	(void)port;
	SCENARIO_CHECK(message->size == 1);
	sched_reached(SCHED_DELIVERED);
	if (--*left == 0)
		wt_stop();
}

static void loop_receives(void)
{
	unsigned left = 2;
	int first, second;

	open_channel(NULL);
	wt_port_on_message(near_end, on_message, &left);
	first = scenario_go("first", post_one, "a");
	second = scenario_go("second", post_one, "b");
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(left == 0);
	scenario_join(first);
	scenario_join(second);
	close_channel();
}

static void loop_polls(void)
{
	unsigned left = 2;
	int poster, fd;

	open_channel(NULL);
	SCENARIO_CHECK(wt_loop_fd(&fd) == 0);
	wt_port_on_message(near_end, on_message, &left);
	poster = scenario_go("poster", post_two, NULL);
	while (left) {
		int calls;

		SCENARIO_CHECK(system_poll(fd, INT64_MAX));
		/* It may be readable in vain: for the wake of what the last pass has found by itself. */
		calls = wt_run_once(WT_NOW);
		SCENARIO_CHECK(calls >= 0 || calls == WT_EAGAIN);
	}
	scenario_join(poster);
	close_channel();
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

	open_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	first = scenario_go("first", post_one, "a");
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
	close_channel();
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

	open_channel(NULL);
	ports[0] = near_end;
	SCENARIO_CHECK(wt_channel_create(&ports[1], &far_other, NULL) == 0);
	SCENARIO_CHECK(wt_port_sender(far_other, &sender) == 0);
	wt_port_close(far_other);
	closer = scenario_go("closer", close_sender, sender);
	SCENARIO_CHECK(wt_select(ports, 2, &ready, WT_FOREVER) == 0 && ready == 1);
	SCENARIO_CHECK(wt_port_receive(ports[1], &message, WT_NOW) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
	scenario_join(closer);
	close_channel();
	wt_port_close(ports[1]);
}

const struct scenario scenarios_port[] = {
	{
		.name = "post_to_sleeper",
		.run = post_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "post_single",
		.run = post_single,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "two_posters",
		.run = two_posters,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "ring_grows",
		.run = ring_grows,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "many_posted",
		.run = many_posted,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
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
	{
		.name = "loop_receives",
		.run = loop_receives,
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
		.name = "select_closed",
		.run = select_closed,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED),
	},
	{ .name = NULL },
};
