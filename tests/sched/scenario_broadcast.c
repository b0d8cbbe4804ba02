/* SPDX-License-Identifier: MIT
 *
 * Broadcasts: members that sleep, join, leave, lose what is above their limit,
 * and end, while others post.
 */
#include <wt/stats.h>

#include "sched/scenario.h"

#define NAME "n", 1

static wt_broadcast *poster, *other_poster; /* main's; others post there */

static wt_broadcast *join_with(const wt_broadcast_options *options)
{
	wt_broadcast *member;

	sched_calm(1);
	SCENARIO_CHECK(wt_broadcast_open(&member, NAME, options) == 0);
	sched_calm(-1);
	return member;
}

static wt_broadcast *join(void)
{
	return join_with(NULL);
}

static void post(wt_broadcast *from, char byte)
{
	SCENARIO_CHECK(wt_broadcast_post(from, &byte, 1) == 0);
}

static char hear_any(wt_broadcast *member)
{
	wt_message message;

	SCENARIO_CHECK(wt_broadcast_receive(member, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size == 1);
	sched_reached(SCHED_DELIVERED);
	return *(const char *)message.data;
}

static void hear(wt_broadcast *member, char byte)
{
	SCENARIO_CHECK(hear_any(member) == byte);
}

static void post_two(void *arg)
{
	(void)arg;
	post(poster, 'a');
	post(poster, 'b');
}

/* ---- A post, and a member that goes to sleep [B1, B2] ---- */

static void broadcast_to_sleeper(void)
{
	wt_broadcast *member = join();
	int other;

	poster = join();
	other = scenario_go("poster", post_two, NULL);
	hear(member, 'a');
	hear(member, 'b');
	scenario_join(other);
	wt_broadcast_close(poster);
	wt_broadcast_close(member);
}

/* ---- Two posters and two members: all hear the same, in the same order [B2] ---- */

static void hear_two(wt_broadcast *member, char *bytes)
{
	for (int i = 0; i < 2; i++)
		bytes[i] = hear_any(member);
}

static void post_other(void *arg)
{
	(void)arg;
	post(other_poster, 'b');
}

static void broadcast_two_posters(void)
{
	wt_broadcast *first = join(), *second = join();
	char heard[2][2];
	int other;

	poster = join();
	other_poster = join();
	other = scenario_go("poster", post_other, NULL);
	post(poster, 'a');
	hear_two(first, heard[0]);
	hear_two(second, heard[1]);
	SCENARIO_CHECK(heard[0][0] == heard[1][0] && heard[0][1] == heard[1][1]);
	SCENARIO_CHECK(heard[0][0] + heard[0][1] == 'a' + 'b');
	scenario_join(other);
	wt_broadcast_close(other_poster);
	wt_broadcast_close(poster);
	wt_broadcast_close(second);
	wt_broadcast_close(first);
}

/* ---- One joins: it hears what is posted from then on, with no gap ---- */

static void post_three(void *arg)
{
	post_two(arg);
	post(poster, 'c');
}

static void broadcast_join(void)
{
	wt_broadcast *member;
	char next;
	int other;

	poster = join();
	other = scenario_go("poster", post_three, NULL);
	SCENARIO_CHECK(wt_broadcast_open(&member, NAME, NULL) == 0);
	scenario_join(other);
	post(poster, 'd');
	next = hear_any(member);
	sched_reached(next == 'a' ? SCHED_WOKEN : SCHED_DROPPED);
	for (; next != 'd'; next++)
		hear(member, (char)(next + 1));
	wt_broadcast_close(member);
	wt_broadcast_close(poster);
}

/* ---- One leaves: the others hear all of it [B4] ---- */

static void join_and_leave(void *arg)
{
	wt_broadcast *member = join();
	wt_message message;

	(void)arg;
	if (wt_broadcast_receive(member, &message, WT_NOW) == 0)
		sched_reached(SCHED_WOKEN);
	else
		sched_reached(SCHED_DROPPED);
	wt_broadcast_close(member);
}

static void broadcast_leave(void)
{
	wt_broadcast *member = join();
	int other;

	poster = join();
	other = scenario_go("leaver", join_and_leave, NULL);
	sched_rest();
	post_two(NULL);
	hear(member, 'a');
	hear(member, 'b');
	scenario_join(other);
	wt_broadcast_close(poster);
	wt_broadcast_close(member);
}

/* ---- ... by its thread's end, while it is woken [C4] ---- */

static struct scenario_latch joined;

static void join_hear_and_end(void *arg)
{
	wt_broadcast *member = join();

	(void)arg;
	scenario_open(&joined);
	hear(member, 'a');
}

static void broadcast_end_races_wake(void)
{
	int other;

	joined.open = false;
	poster = join();
	other = scenario_go("member", join_hear_and_end, NULL);
	scenario_await(&joined);
	post_two(NULL);
	scenario_join(other);
	wt_broadcast_close(poster);
}

/* ---- A limit: what it has lost is counted, and the newest is there [B3] ---- */

enum { LIMITED_EACH = 32, LIMITED_POSTS = 4 };

static void post_four(void *arg)
{
	(void)arg;
	for (char i = 0; i < LIMITED_POSTS; i++)
		post(poster, (char)('a' + i));
}

static void check_limited(wt_broadcast *member, unsigned received)
{
	struct wt_broadcast_stats stats = { .size = sizeof stats };

	SCENARIO_CHECK(wt_broadcast_stats(member, &stats) == 0);
	SCENARIO_CHECK(stats.received == received && stats.queued == 0);
	SCENARIO_CHECK(stats.received + stats.dropped == LIMITED_POSTS);
	sched_reached(stats.dropped ? SCHED_FULL : SCHED_WOKEN);
}

static void broadcast_limit(void)
{
	wt_broadcast *member = join_with(WT_BROADCAST_OPTIONS(.limit = 2 * LIMITED_EACH));
	unsigned received = 0;
	char last = 0;
	int other;

	poster = join();
	other = scenario_go("poster", post_four, NULL);
	while (last != 'a' + LIMITED_POSTS - 1) {
		char next = hear_any(member);

		SCENARIO_CHECK(next > last);
		last = next;
		received++;
	}
	scenario_join(other);
	check_limited(member, received);
	wt_broadcast_close(poster);
	wt_broadcast_close(member);
}

/* ---- ... that closes: what was heard before it has no gap, and then the close is ---- */

static void broadcast_limit_closes(void)
{
	wt_broadcast *member = join_with(
		WT_BROADCAST_OPTIONS(.limit = 2 * LIMITED_EACH, .overflow = WT_BROADCAST_CLOSE));
	wt_message message;
	char next = 'a';
	int other, err = 0;

	poster = join();
	other = scenario_go("poster", post_four, NULL);
	while (!err && next < 'a' + LIMITED_POSTS) {
		err = wt_broadcast_receive(member, &message, WT_FOREVER);
		SCENARIO_CHECK(err || *(const char *)message.data == next);
		next++;
	}
	SCENARIO_CHECK(err == 0 || err == WT_ECLOSED);
	sched_reached(err ? SCHED_CLOSED : SCHED_DELIVERED);
	scenario_join(other);
	wt_broadcast_close(poster);
	wt_broadcast_close(member);
}

/* ---- Messages that fill a chunk: it goes with its last reader ---- */

enum { CHUNKY = 3000 };

static void post_chunks(void *arg)
{
	static char message[CHUNKY];

	(void)arg;
	for (message[0] = 'a'; message[0] < 'c'; message[0]++)
		SCENARIO_CHECK(wt_broadcast_post(poster, message, sizeof message) == 0);
}

static void hear_chunks(wt_broadcast *member)
{
	wt_message message;

	for (char i = 'a'; i < 'c'; i++) {
		SCENARIO_CHECK(wt_broadcast_receive(member, &message, WT_FOREVER) == 0);
		SCENARIO_CHECK(message.size == CHUNKY && *(const char *)message.data == i);
		sched_reached(SCHED_DELIVERED);
	}
}

static void hear_chunks_too(void *arg)
{
	wt_broadcast *member = join();

	(void)arg;
	scenario_open(&joined);
	hear_chunks(member);
	wt_broadcast_close(member);
}

static void broadcast_chunks(void)
{
	wt_broadcast *member = join();
	int other;

	joined.open = false;
	poster = join();
	other = scenario_go("member", hear_chunks_too, NULL);
	scenario_await(&joined);
	post_chunks(NULL);
	hear_chunks(member);
	scenario_join(other);
	wt_broadcast_close(poster);
	wt_broadcast_close(member);
}

const struct scenario scenarios_broadcast[] = {
	{
		.name = "broadcast_to_sleeper",
		.run = broadcast_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_two_posters",
		.run = broadcast_two_posters,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_join",
		.run = broadcast_join,
		.reaches = SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(DROPPED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_leave",
		.run = broadcast_leave,
		.reaches = SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(DROPPED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_end_races_wake",
		.run = broadcast_end_races_wake,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_limit",
		.run = broadcast_limit,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(FULL) | SCENARIO_REACHES(WOKEN),
	},
	{
		.name = "broadcast_limit_closes",
		.run = broadcast_limit_closes,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CLOSED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "broadcast_chunks",
		.run = broadcast_chunks,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
