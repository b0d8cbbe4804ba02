/* SPDX-License-Identifier: MIT
 *
 * Posting to a port whose owner is about to sleep.
 */
#include <string.h>

#include "port.h"
#include "record.h"
#include "sched/scenario.h"

/* ---- A message, and a receiver that goes to sleep [M2] ---- */

static void post_to_sleeper(void)
{
	int poster;

	scenario_open_used_channel(NULL);
	poster = scenario_go("poster", scenario_post_one, "a");
	scenario_receive(near_end, 'a');
	scenario_join(poster);
	scenario_close_channel();
}

/* The first one, with the ring's memory, and of a byte. */
static void post_byte(void *byte)
{
	SCENARIO_CHECK(wt_port_post(far_end, byte, 1) == 0);
}

static void post_first_to_sleeper(void)
{
	int poster;

	scenario_open_channel(NULL);
	poster = scenario_go("poster", post_byte, "a");
	SCENARIO_CHECK(scenario_receive_any(near_end) == 'a');
	scenario_join(poster);
	scenario_close_channel();
}

/* With a promise to the ring, and twice, in order [M1]. */
static void post_single(void)
{
	int poster;

	scenario_open_used_channel(WT_CHANNEL_OPTIONS(.single_producer = true));
	poster = scenario_go("poster", scenario_post_two, NULL);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- One that sleeps again, without a barrier [M2] ---- */

static void post_again_to_sleeper(void)
{
	int poster;

	scenario_open_used_channel(NULL);
	poster = scenario_go("poster", scenario_post_two, NULL);
	scenario_receive(near_end, 'a');
	scenario_receive(near_end, 'b');
	scenario_join(poster);
	scenario_close_channel();
}

/* ... and has more to do than to sleep: from then on the state is not written by those who post */

enum { STREAM = 10 };

static void post_stream(void *arg)
{
	(void)arg;
	for (int i = 0; i < STREAM; i++)
		scenario_post(far_end, (char)('a' + i));
}

static void post_stream_to_sleeper(void)
{
	int poster;

	scenario_open_used_channel(NULL);
	poster = scenario_go("poster", post_stream, NULL);
	for (int i = 0; i < STREAM; i++)
		scenario_receive(near_end, (char)('a' + i));
	scenario_join(poster);
	scenario_close_channel();
}

/* ---- Two posters: one may stall between reserve and commit [M2] ---- */

static void two_posters(void)
{
	int first, second;
	int sum;

	scenario_open_used_channel(NULL);
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

/* ---- Two posters in a ring that large messages have left dirty, and may be clean at any moment [M1] ---- */

enum { DIRT = WTI_RECORD_MAX - WTI_HEADER_SIZE, SWEEP = 4096, DIRTY_MOST = 1000 };

/* Each word could be the header of a message of one byte: a record is met that nobody posted. */
static void post_dirt(size_t size)
{
	static uint64_t words[DIRT / sizeof(uint64_t)];

	for (size_t i = 0; i < DIRT / sizeof *words && !words[i]; i++)
		words[i] = wti_header(WTI_RECORD_MESSAGE, 1, 0);
	SCENARIO_CHECK(wt_port_post(far_end, words, size) == 0);
}

static void receive_dirt(size_t size, wt_message *message)
{
	SCENARIO_CHECK(wt_port_receive(near_end, message, WT_NOW) == 0 && message->size == size);
}

static void pass_dirt(size_t size, int count)
{
	wt_message message;

	while (count--) {
		post_dirt(size);
		receive_dirt(size, &message);
		wt_message_release(&message);
	}
}

/* A turn after it became so, when also the bytes are used up that were zeroed before. */
static void pass_dirty_turn(const struct wti_ring *ring)
{
	uint64_t turn;

	for (int i = 0; i < DIRTY_MOST && !wti_load(&ring->dirty); i++)
		pass_dirt(DIRT, 1);
	SCENARIO_CHECK(wti_load(&ring->dirty));
	turn = wti_load(&ring->head) + WTI_SEGMENT_MAX;
	while ((int64_t)(wti_load(&ring->head) - turn) < 0)
		pass_dirt(DIRT, 1);
}

/* One posts twice, so that its second header may lie where the other one would zero. */
static void race_posters(void)
{
	unsigned long word = 0;
	int first = scenario_go("first", scenario_post_two, NULL);
	int second = scenario_go("second", scenario_post_one, "c");

	for (int i = 0; i < 3; i++)
		word = word << 8 | (unsigned long)scenario_receive_any(near_end);
	SCENARIO_CHECK(word == 0x616263 || word == 0x616362 || word == 0x636162);
	scenario_join(first);
	scenario_join(second);
}

static void dirty_posters(void)
{
	scenario_open_channel(WT_CHANNEL_OPTIONS(.capacity = WTI_SEGMENT_MAX));
	pass_dirty_turn(&near_end->inbox);
	race_posters();
	scenario_close_channel();
}

/* What the owner holds, and gives back as it receives again, is the last that was not zero. */
static void dirty_ends(void)
{
	const struct wti_ring *ring;
	wt_message message;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.capacity = WTI_SEGMENT_MAX));
	ring = &near_end->inbox;
	pass_dirty_turn(ring);
	for (int i = 0; i < DIRTY_MOST && !(ring->dirt == 3 && -wti_load(&ring->head) % WTI_SEGMENT_MAX < SWEEP - 64); i++)
		pass_dirt(SWEEP, 1);
	post_dirt(SWEEP);
	receive_dirt(SWEEP, &message);
	SCENARIO_CHECK(wti_load(&ring->dirty));
	race_posters();
	SCENARIO_CHECK(!wti_load(&ring->dirty));
	scenario_close_channel();
}

/*
 * What the owner holds is the first that stays as it is, and lies at the segment's
 * beginning, seven like it and eight bytes more than a LINK takes before its end.
 */
static void hold_last_clean(wt_message *message)
{
	const struct wti_ring *ring = &near_end->inbox;

	pass_dirt(SWEEP, 1); /* so that seven come before the second turn, then eight */
	pass_dirt(DIRT, 31);
	for (int i = 0; i < 7; i++)
		post_dirt(DIRT);
	post_dirt(DIRT - 16);
	receive_dirt(DIRT, message);
	SCENARIO_CHECK(wti_load(&ring->head) % WTI_SEGMENT_MAX == 0 && !wti_load(&ring->dirty));
	SCENARIO_CHECK(wti_ring_used(&near_end->inbox) == WTI_SEGMENT_MAX - 16);
}

/* A post that finds no room looks again while the owner gives that back. */
static void dirty_begins(void)
{
	wt_message message;
	int poster;

	scenario_open_channel(WT_CHANNEL_OPTIONS(.capacity = WTI_SEGMENT_MAX));
	hold_last_clean(&message);
	poster = scenario_go("poster", scenario_post_one, "a");
	for (int i = 0; i < 6; i++)
		receive_dirt(DIRT, &message);
	receive_dirt(DIRT - 16, &message);
	scenario_receive(near_end, 'a');
	SCENARIO_CHECK(wt_port_receive(near_end, &message, WT_NOW) == WT_EAGAIN);
	scenario_join(poster);
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

	scenario_open_used_channel(NULL);
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
		.name = "post_first_to_sleeper",
		.run = post_first_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "post_single",
		.run = post_single,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "post_again_to_sleeper",
		.run = post_again_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "post_stream_to_sleeper",
		.run = post_stream_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
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
		.name = "dirty_begins",
		.run = dirty_begins,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "dirty_posters",
		.run = dirty_posters,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "dirty_ends",
		.run = dirty_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "many_posted",
		.run = many_posted,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
