/* SPDX-License-Identifier: MIT
 *
 * Posting to a port whose owner is about to sleep.
 */
#include <string.h>

#include "sched/scenario.h"

/* ---- A message, and a receiver that goes to sleep [M2] ---- */

static void post_to_sleeper(void)
{
	int poster;

	scenario_open_channel(NULL);
	poster = scenario_go("poster", scenario_post_one, "a");
	scenario_receive(near_end, 'a');
	scenario_join(poster);
	scenario_close_channel();
}

/* The same with a promise to the ring, and twice, in order [M1]. */
static void post_single(void)
{
	int poster;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.single_producer = true));
	poster = scenario_go("poster", scenario_post_two, NULL);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- Two posters: one may stall between reserve and commit [M2] ---- */

static void two_posters(void)
{
	int first, second;
	int sum;

	scenario_open_channel(NULL);
	first = scenario_go("first", scenario_post_one, "a");
	second = scenario_go("second", scenario_post_one, "b");
	sum = scenario_receive_any(near_end);
	sum += scenario_receive_any(near_end);
	SCENARIO_CHECK(sum == 'a' + 'b');
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
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

	scenario_open_channel(WT_CHANNEL_OPTIONS(.capacity = 256));
	first = scenario_go("first", post_large, "a");
	second = scenario_go("second", post_large, "b");
	for (int i = 0; i < 2 * LARGE_EACH; i++)
		receive_large(seen);
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
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

	scenario_open_channel(NULL);
	first = scenario_go("first", post_many, NULL);
	second = scenario_go("second", scenario_post_one, "c");
	for (int i = 0; i < 3; i++)
		word = word << 8 | (unsigned long)scenario_receive_any(near_end);
	SCENARIO_CHECK(word == 0x616263 || word == 0x616362 || word == 0x636162);
	scenario_join(first);
	scenario_join(second);
	scenario_close_channel();
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
	{ .name = NULL },
};
