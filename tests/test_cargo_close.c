/* SPDX-License-Identifier: MIT
 *
 * What messages carry when the receiver closes, or is dropped, at the very
 * moment: it is the sender's still, or it is destroyed at once, before the
 * sending end is closed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <wt.h>

#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- Against a close ---- */

/* Rounds in which one thread sends while the other closes. */
struct race {
	struct channel channel;
	struct latch begin;
	struct verdict verdict;
};

static void close_b(void *arg)
{
	struct race *race = arg;

	while (!latch_is_open(&race->begin))
		;
	wt_port_close(race->channel.b);
}

static void race_once(struct other *other, struct deleted *deleted, unsigned round)
{
	struct race race = { 0 };
	wt_port *port, *peer;
	wt_buffer *buffer = wrap_counted(deleted);
	wt_message message;
	int err;

	channel_open_between(&race.channel, other, NULL);
	assert_int_equal(wt_channel_create(&port, &peer, NULL), 0);
	post_text(port, "farewell");
	other_begin(other, close_b, &race);
	latch_open(&race.begin);
	for (volatile unsigned i = 0; i < round % 300; i++)
		;
	err = send_with(race.channel.a, "late", WT_MOVE(&buffer), WT_MOVE(&port));
	assert_true(err == 0 || err == WT_ECLOSED);
	assert_true(err ? port && buffer : !port && !buffer);
	other_wait(other);
	if (err) {
		wt_port_close(port);
		wt_buffer_destroy(buffer);
	}
	assert_receives(peer, "farewell");
	err = wt_port_receive(peer, &message, wt_after_ms(10000));
	assert_int_equal(err, WT_ECLOSED);
	assert_deleted(deleted, round + 1);
	wt_port_close(peer);
	wt_port_close(race.channel.a);
}

/* [C5] [T4] [M2] The sender's end stays open until the port's peer has heard of it. */
static void a_port_sent_to_one_who_closes_at_that_moment_is_closed(void **state)
{
	unsigned rounds = 10000 / support_slowdown();
	struct deleted deleted = { 0 };
	struct other other;

	(void)state;
	support_allow_seconds(60);
	other_start(&other);
	for (unsigned round = 0; round < rounds; round++)
		race_once(&other, &deleted, round);
	other_end(&other);
}

struct sending {
	struct race *race;
	struct deleted deleted;
	wt_port *peer;
	int err;
};

static void send_two_things(void *arg)
{
	struct sending *sending = arg;
	struct verdict *verdict = &sending->race->verdict;
	wt_buffer *buffer = wrap_counted(&sending->deleted);
	wt_port *port = NULL;

	CHECK(verdict, wt_channel_create(&port, &sending->peer, NULL) == 0);
	sending->err = send_with(sending->race->channel.a, "held", WT_MOVE(&buffer), WT_MOVE(&port));
	CHECK(verdict, sending->err ? buffer && port : !buffer && !port);
	wt_buffer_destroy(buffer);
	wt_port_close(port);
}

static void hear_of_the_close(void *arg)
{
	struct sending *sending = arg;
	wt_message message;

	CHECK(&sending->race->verdict, wt_port_receive(sending->peer, &message, wt_after_ms(10000)) == WT_ECLOSED);
	CHECK(&sending->race->verdict, atomic_load(&sending->deleted.count) == 1);
	wt_port_close(sending->peer);
}

/*
 * [C5] [T4] [M2] The receiver closes while the sender has reserved its record
 * and not yet committed it, or has committed and not yet looked.
 */
static void a_close_between_two_steps_of_the_send_loses_nothing(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_RESERVED, WTI_YIELD_COMMITTED };

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		struct race race = { 0 };
		struct sending sending = { .race = &race };
		struct other other;

		other_start(&other);
		channel_open(&race.channel, NULL);
		seams_hold(points[i]);
		other_begin(&other, send_two_things, &sending);
		assert_true(latch_await(&seams.there));
		wt_port_close(race.channel.b);
		latch_open(&seams.go);
		other_wait(&other);
		other_run(&other, hear_of_the_close, &sending);
		assert_verdict(&race.verdict);
		assert_deleted(&sending.deleted, 1);
		wt_port_close(race.channel.a);
		other_end(&other);
		seams_end();
	}
}

/* A message with a port is behind one that is not finished; then the receiver closes. */
struct behind {
	struct channel channel;
	struct left left; /* its channel is not used */
};

static void behind_send_and_close(struct behind *behind)
{
	wt_buffer *buffer = wrap_counted(&behind->left.deleted);
	wt_port *port;

	assert_int_equal(wt_channel_create(&port, &behind->left.peer, NULL), 0);
	assert_int_equal(send_with(behind->channel.a, "behind", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
	wt_port_close(behind->channel.b);
}

static void behind_check_and_end(struct behind *behind)
{
	left_assert_gone(&behind->left);
	wt_port_close(behind->channel.a);
	wt_port_close(behind->left.peer);
	assert_deleted(&behind->left.deleted, 1);
}

static void post_eight_bytes(void *arg)
{
	if (wt_port_post(arg, "8 bytes.", 8) != 0)
		verdict_fail(&seams.verdict, __FILE__, __LINE__, "not posted");
}

/* The first message makes the ring; the next takes the short way. */
static void finish_post_after_close(struct other *other, bool first)
{
	struct behind behind = { 0 };

	channel_open(&behind.channel, NULL);
	if (!first) {
		post_text(behind.channel.a, "first");
		assert_receives(behind.channel.b, "first");
	}
	seams_hold(WTI_YIELD_RESERVED);
	other_begin(other, post_eight_bytes, behind.channel.a);
	assert_true(latch_await(&seams.there));
	behind_send_and_close(&behind);
	latch_open(&seams.go);
	other_wait(other);
	seams_end();
	behind_check_and_end(&behind);
}

/*
 * [C5] [T4] [M2] A post has reserved its record; behind it comes a message
 * with a port; the receiver closes, and finds the gap; the post is finished.
 */
static void a_post_that_is_finished_after_the_close_holds_nothing_back(void **state)
{
	struct other other;

	(void)state;
	other_start(&other);
	finish_post_after_close(&other, true);
	finish_post_after_close(&other, false);
	other_end(&other);
}

/* [C5] [T4] [M2] The same with a slot, which is committed, abandoned, or left by its thread. */
static void a_slot_that_is_done_after_the_close_holds_nothing_back(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct behind behind = { 0 };
		wt_slot slot;

		channel_open(&behind.channel, NULL);
		assert_int_equal(wt_port_reserve(behind.channel.a, 8, &slot, WT_NOW), 0);
		behind_send_and_close(&behind);
		if (way)
			assert_int_equal(wt_port_commit(behind.channel.a, &slot), WT_ECLOSED);
		else
			wt_port_abandon(behind.channel.a, &slot);
		behind_check_and_end(&behind);
	}
}

static void reserve_only(void *arg)
{
	wt_slot slot;

	if (wt_port_reserve(arg, 8, &slot, WT_NOW) != 0)
		abort();
}

/* [C5] [T4] [M2] */
static void a_slot_that_its_thread_leaves_after_the_close_holds_nothing_back(void **state)
{
	struct behind behind = { 0 };
	struct other other;

	(void)state;
	other_start(&other);
	channel_open(&behind.channel, NULL);
	other_run(&other, reserve_only, behind.channel.a);
	behind_send_and_close(&behind);
	other_end(&other);
	behind_check_and_end(&behind);
}

/* [C5] [T4] [M2] The receiver is not closed by its owner, but dropped on its way. */
static void a_slot_that_is_done_after_the_receiver_was_dropped_holds_nothing_back(void **state)
{
	struct behind behind = { 0 };
	struct channel carrier;
	wt_buffer *buffer = wrap_counted(&behind.left.deleted);
	wt_port *port;
	wt_slot slot;

	(void)state;
	channel_open(&behind.channel, NULL);
	channel_open(&carrier, NULL);
	assert_int_equal(wt_channel_create(&port, &behind.left.peer, NULL), 0);
	assert_int_equal(wt_port_reserve(behind.channel.a, 8, &slot, WT_NOW), 0);
	assert_int_equal(send_with(behind.channel.a, "behind", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
	assert_int_equal(send_with(carrier.a, "receiver", WT_MOVE(&behind.channel.b)), 0);
	channel_close(&carrier);
	wt_port_abandon(behind.channel.a, &slot);
	behind_check_and_end(&behind);
}

/* ---- A storm ---- */

enum { STORM_PRODUCERS = 3 };

struct storm {
	wt_port *port;
	unsigned count; /* messages that each producer tries to send */
	struct deleted deleted;
	atomic_uint made;
	pthread_t thread[STORM_PRODUCERS];
	struct verdict verdict;
};

static void *storm_produce(void *arg)
{
	struct storm *storm = arg;

	for (unsigned i = 0; i < storm->count; i++) {
		wt_buffer *buffer = wrap_counted(&storm->deleted);
		wt_transfer entry = WT_MOVE(&buffer);
		wt_outgoing outgoing = { .data = &i, .size = sizeof i, .transfer = &entry, .transfer_count = 1 };
		int err;

		if (i % 3 == 0) /* between them, some that carry nothing */
			(void)!wt_port_post(storm->port, "plain", 5);
		CHECK(&storm->verdict, buffer != NULL);
		atomic_fetch_add(&storm->made, 1);
		err = wt_port_send(storm->port, &outgoing, WT_FOREVER);
		CHECK(&storm->verdict, err == 0 || err == WT_ECLOSED);
		CHECK(&storm->verdict, err ? buffer != NULL : buffer == NULL);
		wt_buffer_destroy(buffer);
	}
	return NULL;
}

/* [T4] [M2] [C5] The receiver goes in the middle of it, closed or dropped on its way; the sending end is still open. */
static void storm_round(unsigned round, uint64_t *seed)
{
	struct storm storm = { .count = 20 };
	struct channel channel, carrier;

	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	storm.port = channel.a;
	for (int i = 0; i < STORM_PRODUCERS; i++)
		assert_int_equal(pthread_create(&storm.thread[i], NULL, storm_produce, &storm), 0);
	for (volatile uint64_t i = support_random(seed) % 20000; i > 0; i--)
		;
	if (round % 2) {
		assert_int_equal(send_with(carrier.a, "receiver", WT_MOVE(&channel.b)), 0);
		wt_port_close(carrier.b);
		carrier.b = NULL;
	}
	wt_port_close(channel.b);
	for (int i = 0; i < STORM_PRODUCERS; i++)
		assert_int_equal(pthread_join(storm.thread[i], NULL), 0);
	assert_verdict(&storm.verdict);
	assert_deleted(&storm.deleted, atomic_load(&storm.made));
	wt_port_close(channel.a);
	channel_close(&carrier);
}

static void a_receiver_that_goes_while_many_send_leaves_nothing_behind(void **state)
{
	uint64_t seed = support_seed();

	(void)state;
	support_allow_seconds(60);
	for (unsigned round = 0; round < 2000 / support_slowdown(); round++)
		storm_round(round, &seed);
}

static void storm_run(const wt_channel_options *options, uint64_t seed)
{
	struct storm storm = { .count = 20000 / support_slowdown() };
	unsigned stop_at = (unsigned)(support_random(&seed) % (STORM_PRODUCERS * storm.count));
	struct channel channel;
	wt_message message;

	channel_open(&channel, options);
	storm.port = channel.a;
	for (int i = 0; i < STORM_PRODUCERS; i++)
		assert_int_equal(pthread_create(&storm.thread[i], NULL, storm_produce, &storm), 0);
	for (unsigned i = 0; i < stop_at; i++) {
		wt_buffer *buffer;

		assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(20000)), 0);
		assert_true(message.transfer_count == 1 || message.size == 5);
		if (message.transfer_count && support_random(&seed) % 2) {
			assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
			wt_buffer_destroy(buffer);
		}
	}
	wt_port_close(channel.b);
	for (int i = 0; i < STORM_PRODUCERS; i++)
		assert_int_equal(pthread_join(storm.thread[i], NULL), 0);
	assert_verdict(&storm.verdict);
	wt_port_close(channel.a);
	assert_deleted(&storm.deleted, atomic_load(&storm.made));
}

/* [T4] [M2] Taken, left, dropped by the close, refused: each deleter once. */
static void many_producers_and_a_close_lose_and_repeat_no_deleter(void **state)
{
	uint64_t seed = support_seed();

	(void)state;
	support_allow_seconds(60);
	storm_run(NULL, seed);
	storm_run(WT_CHANNEL_OPTIONS(.limit = 2048), seed + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_sent_to_one_who_closes_at_that_moment_is_closed),
		TEST(a_close_between_two_steps_of_the_send_loses_nothing),
		TEST(a_post_that_is_finished_after_the_close_holds_nothing_back),
		TEST(a_slot_that_is_done_after_the_close_holds_nothing_back),
		TEST(a_slot_that_its_thread_leaves_after_the_close_holds_nothing_back),
		TEST(a_slot_that_is_done_after_the_receiver_was_dropped_holds_nothing_back),
		TEST(a_receiver_that_goes_while_many_send_leaves_nothing_behind),
		TEST(many_producers_and_a_close_lose_and_repeat_no_deleter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
