/* SPDX-License-Identifier: MIT
 *
 * Members of one name post and receive, each at its own pace. Those that stay
 * without a limit get all of it, in one order for each sender, and sleep where
 * there is nothing; those with a limit get it or count it as dropped; others
 * come and go, and miss nothing in between. [B1] [B2] [B3] [B4]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/crowd.h"
#include "stress/track.h"
#include "support/element.h"

enum { BROADCAST_MEMBERS = 6, BROADCAST_SIZE = 20000, BROADCAST_NAME = 64, BROADCAST_END = 5, BROADCAST_BURST = 20 };

enum broadcast_kind { BROADCAST_STAYS, BROADCAST_LIMITED, BROADCAST_COMES_AND_GOES };

struct broadcast_storm {
	struct storm_round *round;
	char name[BROADCAST_NAME];
	size_t name_size;
	size_t size_max;
	unsigned members;
	unsigned pause; /* us between bursts of posts, so that queues do not grow without end */
	struct broadcast_member {
		struct broadcast_storm *storm;
		uint32_t id;
		enum broadcast_kind kind;
		size_t limit;
		bool handler;
		uint64_t random;
		wt_broadcast *broadcast;
		uint64_t sent; /* others read it when `ended` counts this member */
		unsigned ends; /* ENDs that it has seen */
		uint64_t met;  /* elements that it has received */
		struct track track[BROADCAST_MEMBERS];
	} member[BROADCAST_MEMBERS];
	atomic_uint open;  /* members whose first endpoint is open */
	atomic_uint ended; /* members that have posted all they will */
};

/* ---- Receiving ---- */

static void broadcast_meet(struct broadcast_member *member, wt_message *message)
{
	struct verdict *verdict = &member->storm->round->verdict;
	uint32_t id = BROADCAST_MEMBERS;
	uint64_t sequence = 0;
	char who[48];

	if (message->type == BROADCAST_END) {
		member->ends++;
		return;
	}
	CHECK(verdict, element_check(message->data, message->size, &id, &sequence));
	CHECK(verdict, id < member->storm->members && id != member->id);
	if (id >= member->storm->members)
		return;
	snprintf(who, sizeof who, "member %u from %u", member->id, id);
	track_meet(&member->track[id], sequence, who, verdict);
	member->met++;
}

static void broadcast_on_message(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct broadcast_member *member = arg;

	broadcast_meet(member, message);
	if (member->ends == member->storm->members - 1)
		wt_broadcast_unref(broadcast);
}

/* All that waits; an error other than that nothing does. */
static int broadcast_drain(struct broadcast_member *member)
{
	wt_message message;
	int err;

	while (!(err = wt_broadcast_receive(member->broadcast, &message, WT_NOW)))
		broadcast_meet(member, &message);
	return err == WT_EAGAIN ? 0 : err;
}

/* ---- Posting ---- */

static void broadcast_post(struct broadcast_member *member)
{
	static _Thread_local _Alignas(8) unsigned char bytes[BROADCAST_SIZE];
	size_t size = random_pick(&member->random, 16, member->storm->size_max), half = size / 2;
	struct iovec pieces[2] = { { bytes, half }, { bytes + half, size - half } };
	int err;

	element_fill(bytes, size, member->id, member->sent);
	if (random_chance(&member->random, 2))
		err = wt_broadcast_post(member->broadcast, bytes, size);
	else
		err = wt_broadcast_send(member->broadcast, &(wt_outgoing){ .iov = pieces, .iovcnt = 2 });
	if (STORM_OK(member->storm->round, err))
		member->sent++;
}

static int broadcast_open(struct broadcast_member *member)
{
	wt_broadcast_options options = { .size = sizeof options, .limit = member->limit };

	return wt_broadcast_open(&member->broadcast, member->storm->name, member->storm->name_size, &options);
}

/* Leave, with whatever waits, and come back; nothing of the time in between is heard. */
static void broadcast_come_and_go(struct broadcast_member *member)
{
	for (unsigned i = 0; i < member->storm->members; i++) {
		CHECK(&member->storm->round->verdict, member->track[i].missed == 0);
		member->track[i].begun = false;
	}
	wt_broadcast_close(member->broadcast);
	STORM_OK(member->storm->round, broadcast_open(member));
}

static void broadcast_burst(struct broadcast_member *member)
{
	for (uint64_t n = random_pick(&member->random, 1, BROADCAST_BURST); n > 0; n--)
		broadcast_post(member);
	if (random_chance(&member->random, 2))
		STORM_OK(member->storm->round, broadcast_drain(member));
	if (member->kind == BROADCAST_COMES_AND_GOES && random_chance(&member->random, 4))
		broadcast_come_and_go(member);
	STORM_OK(member->storm->round, wt_sleep(wt_after_us(random_pick(&member->random, 0, member->storm->pause))));
}

/* ---- The end ---- */

/* Those without a limit hear each END, and sleep until they do. */
static void broadcast_receive_the_rest(struct broadcast_member *member)
{
	wt_message message;

	if (member->handler && member->ends < member->storm->members - 1) {
		wt_broadcast_on_message(member->broadcast, broadcast_on_message, member);
		STORM_OK(member->storm->round, wt_run());
		return;
	}
	while (member->ends < member->storm->members - 1 && !atomic_load(&member->storm->round->verdict.failed))
		if (STORM_OK(member->storm->round, wt_broadcast_receive(member->broadcast, &message, WT_FOREVER)))
			broadcast_meet(member, &message);
}

static void broadcast_receive_what_is_left(struct broadcast_member *member)
{
	do
		STORM_OK(member->storm->round, wt_sleep(wt_after_us(200)));
	while (atomic_load(&member->storm->ended) < member->storm->members &&
	       STORM_OK(member->storm->round, broadcast_drain(member)));
	STORM_OK(member->storm->round, broadcast_drain(member));
}

static void broadcast_balance(struct broadcast_member *member)
{
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	struct broadcast_storm *storm = member->storm;
	char who[48];

	STORM_OK(storm->round, wt_broadcast_stats(member->broadcast, &stats));
	for (unsigned i = 0; i < storm->members; i++) {
		if (i == member->id)
			continue;
		account_owe(&storm->round->account, ACCOUNT_MESSAGES, storm->member[i].sent + 1);
		snprintf(who, sizeof who, "member %u from %u", member->id, i);
		if (member->kind == BROADCAST_STAYS)
			track_end(&member->track[i], storm->member[i].sent, who, &storm->round->verdict);
	}
	account_pay(&storm->round->account, ACCOUNT_MESSAGES, member->met + member->ends + stats.dropped);
	CHECK(&storm->round->verdict, stats.received == member->met + member->ends);
}

static void broadcast_await(struct storm_round *round, atomic_uint *count, unsigned value)
{
	while (atomic_load(count) < value && !atomic_load(&round->verdict.failed))
		STORM_OK(round, wt_sleep(wt_after_us(100)));
}

static void broadcast_member_run(void *arg)
{
	struct broadcast_member *member = arg;
	struct broadcast_storm *storm = member->storm;
	wt_outgoing end = { .type = BROADCAST_END };

	if (!STORM_OK(storm->round, broadcast_open(member)))
		return;
	atomic_fetch_add(&storm->open, 1);
	broadcast_await(storm->round, &storm->open, storm->members);
	while (!storm_is_over(storm->round))
		broadcast_burst(member);
	STORM_OK(storm->round, wt_broadcast_send(member->broadcast, &end));
	atomic_fetch_add(&storm->ended, 1);
	if (member->kind == BROADCAST_STAYS)
		broadcast_receive_the_rest(member);
	else
		broadcast_receive_what_is_left(member);
	broadcast_await(storm->round, &storm->ended, storm->members);
	if (member->kind != BROADCAST_COMES_AND_GOES)
		broadcast_balance(member);
	wt_broadcast_close(member->broadcast);
}

/* ---- One that is closed by its limit, now and then ---- */

static void broadcast_on_close(wt_broadcast *broadcast, void *arg)
{
	struct broadcast_storm *storm = arg;

	(void)broadcast;
	account_pay(&storm->round->account, ACCOUNT_CLOSES, 1);
}

/* What one thread posts on one endpoint closes its other endpoint, once. */
static void broadcast_overflow(void *arg)
{
	struct broadcast_storm *storm = arg;
	wt_broadcast_options options = { .size = sizeof options, .limit = 1000, .overflow = WT_BROADCAST_CLOSE };
	char name[BROADCAST_NAME] = { 0 };

	memcpy(name, storm->name, sizeof name - 1);
	name[sizeof name - 1] = 'x';
	while (!storm_is_over(storm->round)) {
		wt_broadcast *slow = NULL, *fast = NULL;
		char bytes[100] = { 0 };

		STORM_OK(storm->round, wt_broadcast_open(&slow, name, sizeof name, &options));
		STORM_OK(storm->round, wt_broadcast_open(&fast, name, sizeof name, NULL));
		wt_broadcast_unref(fast);
		wt_broadcast_on_close(slow, broadcast_on_close, storm);
		account_owe(&storm->round->account, ACCOUNT_CLOSES, 1);
		for (int i = 0; i < 20; i++)
			STORM_OK(storm->round, wt_broadcast_post(fast, bytes, sizeof bytes));
		STORM_OK(storm->round, wt_run());
		wt_broadcast_close(slow);
		wt_broadcast_close(fast);
		STORM_OK(storm->round, wt_sleep(wt_after_us(storm->pause)));
	}
}

/* ---- The round ---- */

static void broadcast_choose(struct broadcast_storm *storm)
{
	struct storm_round *round = storm->round;

	storm->members = (unsigned)storm_pick(round, 2, BROADCAST_MEMBERS);
	storm->size_max = storm_chance(round, 3) ? storm_pick(round, 16, BROADCAST_SIZE) : storm_pick(round, 16, 400);
	storm->pause = (unsigned)storm_pick(round, 10, 1000);
	storm->name_size = storm_pick(round, 20, BROADCAST_NAME);
	snprintf(storm->name, sizeof storm->name, "storm %p", (void *)storm);
	storm_say(round, "%u members, up to %zu bytes, %u us apart, a name of %zu bytes", storm->members,
		  storm->size_max, storm->pause, storm->name_size);
}

static void broadcast_run(struct storm_round *round)
{
	static const enum broadcast_kind kinds[] = { BROADCAST_STAYS, BROADCAST_STAYS, BROADCAST_LIMITED,
						     BROADCAST_COMES_AND_GOES };
	struct broadcast_storm *storm = calloc(1, sizeof *storm);
	struct crowd crowd = { .round = round };

	CHECK(&round->verdict, storm);
	if (!storm)
		return;
	storm->round = round;
	broadcast_choose(storm);
	for (uint32_t i = 0; i < storm->members; i++) {
		struct broadcast_member *member = &storm->member[i];

		*member = (struct broadcast_member){ .storm = storm, .id = i, .random = storm_fork(round) };
		member->kind = kinds[storm_pick(round, 0, 3)];
		member->handler = storm_chance(round, 2);
		if (member->kind == BROADCAST_LIMITED)
			member->limit = storm_pick(round, 24, 40000);
		for (unsigned j = 0; j < storm->members; j++)
			member->track[j].begun = member->kind != BROADCAST_COMES_AND_GOES;
	}
	for (uint32_t i = 0; i < storm->members; i++)
		crowd_add(&crowd, broadcast_member_run, &storm->member[i]);
	crowd_add(&crowd, broadcast_overflow, storm);
	crowd_join(&crowd);
	free(storm);
}

const struct storm storm_broadcast = { "broadcast", broadcast_run };
