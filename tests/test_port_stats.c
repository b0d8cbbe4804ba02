/* SPDX-License-Identifier: MIT */
#include <wt/stats.h>

#include <pthread.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/shared.h>
#include <wt/thread.h>

#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

static struct wt_port_stats stats_of(wt_port *port)
{
	struct wt_port_stats stats;

	memset(&stats, 0x55, sizeof stats);
	stats.size = sizeof stats;
	assert_int_equal(wt_port_stats(port, &stats), 0);
	assert_int_equal(stats.size, sizeof stats);
	return stats;
}

/* ---- The snapshot ---- */

static void a_new_port_has_counted_nothing(void **state)
{
	struct wt_port_stats stats;
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	stats = stats_of(channel.a);
	assert_int_equal(stats.received | stats.dropped | stats.undelivered | stats.refused, 0);
	assert_int_equal(stats.queued | stats.high_water | stats.limit, 0);
	channel_close(&channel);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1000));
	assert_int_equal(stats_of(channel.a).limit, 1000);
	assert_int_equal(stats_of(channel.b).limit, 1000);
	channel_close(&channel);
}

/* A caller that was built with an older header, or a later one. */
static void snapshots_of_other_versions_are_cut_or_filled_with_zeros(void **state)
{
	struct {
		struct wt_port_stats known;
		uint64_t later[2];
	} stats;
	struct channel channel;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1000));
	post_text(channel.a, "one");
	assert_receives(channel.b, "one");
	memset(&stats, 0x55, sizeof stats);
	stats.known.size = offsetof(struct wt_port_stats, dropped);
	assert_int_equal(wt_port_stats(channel.b, &stats.known), 0);
	assert_int_equal(stats.known.received, 1);
	assert_int_equal(stats.known.dropped, 0x5555555555555555);
	assert_int_equal(stats.known.limit, 0x5555555555555555);
	memset(&stats, 0x55, sizeof stats);
	stats.known.size = sizeof stats;
	assert_int_equal(wt_port_stats(channel.b, &stats.known), 0);
	assert_int_equal(stats.known.received, 1);
	assert_int_equal(stats.known.limit, 1000);
	assert_int_equal(stats.later[0] | stats.later[1], 0);
	channel_close(&channel);
}

struct asking {
	wt_port *port;
	int err;
};

static void ask_elsewhere(void *arg)
{
	struct asking *asking = arg;
	struct wt_port_stats stats = { .size = sizeof stats };

	asking->err = wt_port_stats(asking->port, &stats);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	struct asking asking = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_stats(NULL, &stats), WT_EINVAL);
	assert_int_equal(wt_port_stats(channel.a, NULL), WT_EINVAL);
	stats.size = 0;
	assert_int_equal(wt_port_stats(channel.a, &stats), WT_EINVAL);
	stats.size = sizeof(size_t) - 1;
	assert_int_equal(wt_port_stats(channel.a, &stats), WT_EINVAL);
	stats.size = SIZE_MAX;
	assert_int_equal(wt_port_stats(channel.a, &stats), WT_EINVAL);
	asking.port = channel.a;
	run_on_new_thread(ask_elsewhere, &asking);
	assert_int_equal(asking.err, WT_EOWNER);
	channel_close(&channel);
}

/* ---- Received, and not ---- */

static void each_way_to_receive_counts(void **state)
{
	unsigned long count = 0;
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < 30; i++)
		post_text(channel.a, "text");
	for (int i = 0; i < 10; i++)
		assert_receives(channel.b, "text");
	assert_int_equal(stats_of(channel.b).received, 10);
	assert_int_equal(wt_port_drain(channel.b, count_message, &count, 10, NULL), 0);
	assert_int_equal(stats_of(channel.b).received, 20);
	wt_port_on_message(channel.b, count_message, &count);
	assert_int_equal(wt_run_once(WT_NOW), 10);
	assert_int_equal(stats_of(channel.b).received, 30);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(stats_of(channel.b).received, 30);
	assert_int_equal(stats_of(channel.a).received, 0);
	assert_int_equal(stats_of(channel.b).dropped | stats_of(channel.a).undelivered, 0);
	channel_close(&channel);
}

static int fail_every_time(enum wti_fault_point point)
{
	(void)point;
	return WT_EUNDECODABLE;
}

/* [M9] */
static void what_cannot_be_decoded_is_dropped_and_not_received(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "bad");
	post_text(channel.a, "bad");
	post_text(channel.a, "good");
	wti_fault_hook = fail_every_time;
	assert_receives_nothing(channel.b, WT_EUNDECODABLE);
	assert_receives_nothing(channel.b, WT_EUNDECODABLE);
	wti_fault_hook = NULL;
	assert_receives(channel.b, "good");
	assert_int_equal(stats_of(channel.b).received, 1);
	assert_int_equal(stats_of(channel.b).dropped, 2);
	assert_int_equal(stats_of(channel.a).undelivered, 2);
	assert_int_equal(stats_of(channel.a).dropped | stats_of(channel.b).undelivered, 0);
	channel_close(&channel);
}

/* [M2] What a close destroys is counted, for the other end to see. */
static void what_a_close_drops_is_counted(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < 7; i++)
		post_text(channel.a, "text");
	assert_receives(channel.b, "text");
	assert_receives(channel.b, "text");
	wt_port_close(channel.b);
	assert_int_equal(stats_of(channel.a).undelivered, 5);
	assert_int_equal(wt_port_post(channel.a, "text", 4), WT_ECLOSED);
	assert_int_equal(stats_of(channel.a).undelivered, 5);
	assert_int_equal(stats_of(channel.a).refused, 0);
	wt_port_close(channel.a);
}

struct posting {
	wt_port *port;
	int err;
};

static void post_held(void *arg)
{
	struct posting *posting = arg;

	posting->err = wt_port_post(posting->port, "late", 4);
}

/* [M2] The receiver closes between the two halves of the post: it is refused, or it is counted. */
static void a_post_that_crosses_a_close_is_counted(void **state)
{
	struct posting posting = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open(&channel, NULL);
	posting.port = channel.a;
	seams_hold(WTI_YIELD_RESERVED);
	other_begin(&other, post_held, &posting);
	assert_true(latch_await(&seams.there));
	wt_port_close(channel.b);
	latch_open(&seams.go);
	other_end(&other);
	seams_end();
	assert_true(posting.err == 0 || posting.err == WT_ECLOSED);
	assert_int_equal(stats_of(channel.a).undelivered, posting.err ? 0 : 1);
	wt_port_close(channel.a);
}

/* An abandoned slot is no message; one that was committed too late is. */
static void slots_count_when_they_are_messages(void **state)
{
	struct channel channel;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, WT_NOW), 0);
	wt_port_abandon(channel.a, &slot);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, WT_NOW), 0);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_int_equal(wt_port_receive(channel.b, &(wt_message){ 0 }, WT_NOW), 0);
	assert_int_equal(stats_of(channel.b).received, 1);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, WT_NOW), 0);
	wt_port_abandon(channel.a, &slot);
	wt_port_close(channel.b);
	assert_int_equal(stats_of(channel.a).undelivered, 0);
	wt_port_close(channel.a);
}

/* [C5] The port in the message goes with what is in its own queue. */
static void what_a_port_on_its_way_drops_is_counted(void **state)
{
	struct channel channel, carrier;

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	for (int i = 0; i < 3; i++)
		post_text(channel.a, "text");
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.b)), 0);
	post_text(channel.a, "text");
	wt_port_close(carrier.b);
	assert_int_equal(stats_of(carrier.a).undelivered, 1);
	assert_int_equal(stats_of(channel.a).undelivered, 4);
	wt_port_close(channel.a);
	wt_port_close(carrier.a);
}

/* [T1] */
static void the_counters_move_with_the_port(void **state)
{
	struct channel channel, carrier;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	channel_open(&carrier, NULL);
	for (int i = 0; i < 4; i++)
		post_text(channel.a, "8 bytes.");
	for (int i = 0; i < 4; i++)
		post_text(channel.b, "8 bytes.");
	assert_int_equal(wt_port_post(channel.b, "8 bytes.", 8), WT_EAGAIN);
	assert_int_equal(stats_of(channel.b).high_water, 64);
	assert_receives(channel.b, "8 bytes.");
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.b)), 0);
	assert_int_equal(receive_port(carrier.b, &channel.b, WT_NOW), 0);
	assert_int_equal(stats_of(channel.b).received, 1);
	assert_int_equal(stats_of(channel.b).refused, 1);
	assert_int_equal(stats_of(channel.b).queued, 48);
	assert_int_equal(stats_of(channel.b).high_water, 64);
	channel_close(&channel);
	channel_close(&carrier);
}

/* ---- Refused ---- */

static void each_refusal_counts_once(void **state)
{
	struct iovec pieces[3] = { { .iov_base = "8 bytes.", .iov_len = 8 },
				   { .iov_base = "8 bytes.", .iov_len = 8 },
				   { .iov_base = "8 bytes.", .iov_len = 8 } };
	struct channel channel;
	size_t posted;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	for (int i = 0; i < 3; i++)
		post_text(channel.a, "8 bytes.");
	assert_int_equal(stats_of(channel.a).refused, 0);
	assert_int_equal(wt_port_post_many(channel.a, pieces, 3, &posted), WT_EAGAIN);
	assert_int_equal(posted, 1);
	assert_int_equal(stats_of(channel.a).refused, 1);
	assert_int_equal(wt_port_post(channel.a, "8 bytes.", 8), WT_EAGAIN);
	assert_int_equal(stats_of(channel.a).refused, 2);
	assert_int_equal(wt_port_send(channel.a, &(wt_outgoing){ .size = 0 }, WT_NOW), WT_EAGAIN);
	assert_int_equal(stats_of(channel.a).refused, 3);
	assert_int_equal(wt_port_reserve(channel.a, 8, &(wt_slot){ 0 }, WT_NOW), WT_EAGAIN);
	assert_int_equal(stats_of(channel.a).refused, 4);
	assert_int_equal(stats_of(channel.b).refused, 0);
	assert_int_equal(stats_of(channel.b).queued, 64);
	assert_int_equal(stats_of(channel.b).high_water, 64);
	channel_close(&channel);
}

enum { THREADS = 4 };

struct crowd {
	wt_port *port;
	unsigned each;
	atomic_uint posted, refused;
	pthread_t thread[THREADS];
};

static void *crowd_post(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i = 0; i < crowd->each; i++)
		atomic_fetch_add(wt_port_post(crowd->port, "8 bytes.", 8) ? &crowd->refused : &crowd->posted, 1);
	return NULL;
}

/* [M2] */
static void the_sums_are_exact_when_all_is_over(void **state)
{
	struct crowd crowd = { .each = 50000 / support_slowdown() };
	struct channel channel;
	wt_message message;
	unsigned received = 0;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1024));
	crowd.port = channel.a;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&crowd.thread[i], NULL, crowd_post, &crowd), 0);
	while (wt_port_receive(channel.b, &message, wt_after_ms(50)) == 0)
		received++;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(crowd.thread[i], NULL), 0);
	assert_int_equal(stats_of(channel.b).received, received);
	assert_int_equal(stats_of(channel.a).refused, atomic_load(&crowd.refused));
	wt_port_close(channel.b);
	assert_int_equal(received + stats_of(channel.a).undelivered, atomic_load(&crowd.posted));
	wt_port_close(channel.a);
}

/* ---- Bytes ---- */

static void queued_follows_what_waits(void **state)
{
	static const char bytes[100000];
	struct channel channel;
	wt_message message;
	size_t small;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "8 bytes.");
	post_text(channel.a, "8 bytes.");
	assert_int_equal(stats_of(channel.b).queued, 32);
	assert_int_equal(stats_of(channel.a).queued, 0);
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), 0);
	assert_true(stats_of(channel.b).queued >= 32 + sizeof bytes);
	assert_receives(channel.b, "8 bytes.");
	assert_receives(channel.b, "8 bytes.");
	small = stats_of(channel.b).queued;
	assert_true(small >= sizeof bytes && small < sizeof bytes + 256);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_true(stats_of(channel.b).queued >= sizeof bytes); /* in view */
	wt_message_release(&message);
	assert_int_equal(stats_of(channel.b).queued, 0);
	assert_true(stats_of(channel.b).high_water >= sizeof bytes);
	channel_close(&channel);
}

/* Padding at a segment's end, and the links between them, are not the program's. */
/* As wt_channel_create(3) has it. */
static void a_transfer_list_counts_with_its_elements(void **state)
{
	wt_transfer list[3];
	wt_outgoing message = { .data = "8 bytes.", .size = 8, .transfer = list };
	struct channel channel;
	wt_shared *shared;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, 8, 0), 0);
	for (size_t count = 1; count <= 3; count++) {
		list[count - 1] = WT_SHARE(shared);
		channel_open(&channel, NULL);
		message.transfer_count = count;
		assert_int_equal(wt_port_send(channel.a, &message, WT_NOW), 0);
		assert_int_equal(stats_of(channel.b).queued, 8 + 8 + 8 + 16 * count);
		channel_close(&channel);
	}
	wt_shared_release(shared);
}

static void queued_is_nothing_again_whatever_came_through(void **state)
{
	static const char bytes[100000];
	uint64_t random = support_seed();
	struct channel channel;
	unsigned waiting = 0;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1 << 20));
	for (int i = 0; i < 20000 / (int)support_slowdown(); i++) {
		size_t size = support_random(&random) % (i % 50 ? 500 : sizeof bytes);

		waiting += wt_port_post(channel.a, bytes, size) == 0;
		if (support_random(&random) % 2)
			waiting -= drain_all(channel.b);
		assert_true(stats_of(channel.b).queued <= 1 << 20);
		assert_true(waiting || stats_of(channel.b).queued == 0);
	}
	drain_all(channel.b);
	assert_int_equal(stats_of(channel.b).queued, 0);
	assert_int_equal(stats_of(channel.b).dropped, 0);
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_port_has_counted_nothing),
		TEST(snapshots_of_other_versions_are_cut_or_filled_with_zeros),
		TEST(what_makes_no_sense_is_refused),
		TEST(each_way_to_receive_counts),
		TEST(what_cannot_be_decoded_is_dropped_and_not_received),
		TEST(what_a_close_drops_is_counted),
		TEST(a_post_that_crosses_a_close_is_counted),
		TEST(slots_count_when_they_are_messages),
		TEST(what_a_port_on_its_way_drops_is_counted),
		TEST(the_counters_move_with_the_port),
		TEST(each_refusal_counts_once),
		TEST(the_sums_are_exact_when_all_is_over),
		TEST(queued_follows_what_waits),
		TEST(a_transfer_list_counts_with_its_elements),
		TEST(queued_is_nothing_again_whatever_came_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
