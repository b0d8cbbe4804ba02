/* SPDX-License-Identifier: MIT
 *
 * on_drain: one call for each time that a post found no room and the queue
 * was half empty afterwards.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>

#include "port.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

/* Room for four messages of eight bytes. */
static const wt_channel_options four = { .size = sizeof four, .limit = 64 };

static const wt_outgoing eight_bytes = { .data = "8 bytes.", .size = 8 };

static void count_drain(wt_port *port, void *arg)
{
	(void)port;
	++*(unsigned *)arg;
}

static void fill_four(wt_port *port)
{
	for (int i = 0; i < 4; i++)
		post_text(port, "8 bytes.");
}

/* Full, and one more was refused. */
static void overfill(wt_port *port)
{
	while (wt_port_post(port, "8 bytes.", 8) == 0)
		;
	assert_int_equal(wt_port_post(port, "8 bytes.", 8), WT_EAGAIN);
}

static void receive_and_release(wt_port *port, int count)
{
	wt_message message;

	while (count--) {
		assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
		wt_message_release(&message);
	}
}

static void run_ready(void)
{
	while (wt_run_once(WT_NOW) > 0)
		;
}

/* ---- When it is called ---- */

static void drain_comes_once_when_the_queue_is_half_empty(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	run_ready();
	assert_int_equal(calls, 0);
	receive_and_release(channel.b, 1);
	run_ready();
	assert_int_equal(calls, 0);
	receive_and_release(channel.b, 1);
	assert_int_equal(calls, 0);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(calls, 1);
	receive_and_release(channel.b, 2);
	run_ready();
	assert_int_equal(calls, 1);
	channel_close(&channel);
}

static void what_is_in_view_still_takes_room(void **state)
{
	struct channel channel;
	wt_message message;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	receive_and_release(channel.b, 1);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	run_ready();
	assert_int_equal(calls, 0);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0); /* ends the view */
	run_ready();
	assert_int_equal(calls, 1);
	channel_close(&channel);
}

static void without_a_refusal_nothing_comes(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	for (int i = 0; i < 10; i++) {
		fill_four(channel.a);
		assert_false(wt_loop_alive());
		receive_and_release(channel.b, 4);
		run_ready();
	}
	assert_int_equal(
		wt_port_post(channel.a, "too large for it at any time, as it has more than 64 bytes in all.", 66),
		WT_EMSGSIZE);
	run_ready();
	assert_int_equal(calls, 0);
	channel_close(&channel);
}

static int refuse_post(wt_port *port)
{
	return wt_port_post(port, "8 bytes.", 8);
}

static int refuse_send(wt_port *port)
{
	return wt_port_send(port, &eight_bytes, WT_NOW);
}

static int refuse_many(wt_port *port)
{
	struct iovec piece = { .iov_base = "8 bytes.", .iov_len = 8 };

	return wt_port_post_many(port, &piece, 1, NULL);
}

static int refuse_reserve(wt_port *port)
{
	wt_slot slot;

	return wt_port_reserve(port, 8, &slot, WT_NOW);
}

static int refuse_list(wt_port *port)
{
	wt_buffer *buffer;
	int err = wt_buffer_create(&buffer, 8);

	err = err ? err : send_with(port, "", WT_MOVE(&buffer));
	wt_buffer_destroy(buffer);
	return err;
}

static void each_way_to_be_refused_counts(void **state)
{
	static int (*const ways[])(wt_port * port) = { refuse_post, refuse_send, refuse_many, refuse_reserve,
						       refuse_list };

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct channel channel;
		unsigned calls = 0;

		channel_open(&channel, &four);
		wt_port_on_drain(channel.a, count_drain, &calls);
		fill_four(channel.a);
		assert_int_equal(ways[i](channel.a), WT_EAGAIN);
		receive_and_release(channel.b, 4);
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_int_equal(calls, 1);
		channel_close(&channel);
	}
}

/* Half empty is not enough for a message that takes more than half. */
static void drain_comes_when_there_is_room_for_what_was_refused(void **state)
{
	static const char bytes[100];
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 128));
	wt_port_on_drain(channel.a, count_drain, &calls);
	for (int i = 0; i < 8; i++)
		post_text(channel.a, "8 bytes.");
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), WT_EAGAIN);
	assert_int_equal(wt_port_post(channel.a, "8 bytes.", 8), WT_EAGAIN);
	for (int i = 0; i < 7; i++) {
		run_ready();
		assert_int_equal(calls, 0);
		receive_and_release(channel.b, 1);
	}
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(calls, 1);
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), 0);
	/* The next refusal is judged by its own size. */
	assert_int_equal(wt_port_post(channel.a, "8 bytes.", 8), WT_EAGAIN);
	receive_and_release(channel.b, 2);
	run_ready();
	assert_int_equal(calls, 2);
	channel_close(&channel);
}

static void release_by_receive(wt_port *port)
{
	receive_and_release(port, 2);
}

static void ignore_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

static void release_by_drain(wt_port *port)
{
	assert_int_equal(wt_port_drain(port, ignore_message, NULL, 0, NULL), 0);
}

static void release_by_loop(wt_port *port)
{
	wt_port_on_message(port, ignore_message, NULL);
	assert_true(wt_run_once(WT_NOW) > 0);
	wt_port_on_message(port, NULL, NULL);
}

static void each_way_to_make_room_counts(void **state)
{
	static void (*const ways[])(wt_port * port) = { release_by_receive, release_by_drain, release_by_loop };

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct channel channel;
		unsigned calls = 0;

		channel_open(&channel, &four);
		wt_port_on_drain(channel.a, count_drain, &calls);
		overfill(channel.a);
		ways[i](channel.b);
		run_ready();
		assert_int_equal(calls, 1);
		channel_close(&channel);
	}
}

/* Out of line; the slots were what filled the queue. */
static void abandoned_slots_make_room(void **state)
{
	struct channel channel;
	wt_slot slot[2];
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 150000));
	wt_port_on_drain(channel.a, count_drain, &calls);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wt_port_reserve(channel.a, 70000, &slot[i], WT_NOW), 0);
	assert_int_equal(wt_port_reserve(channel.a, 70000, &(wt_slot){ 0 }, WT_NOW), WT_EAGAIN);
	wt_port_abandon(channel.a, &slot[0]);
	wt_port_abandon(channel.a, &slot[1]);
	assert_receives_nothing(channel.b, WT_EAGAIN); /* passes them */
	run_ready();
	assert_int_equal(calls, 1);
	channel_close(&channel);
}

static void each_crossing_has_one_call(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	for (unsigned i = 0; i < 100; i++) {
		overfill(channel.a);
		for (unsigned k = 0; k < i % 5; k++)
			assert_int_equal(wt_port_post(channel.a, "8 bytes.", 8), WT_EAGAIN);
		run_ready();
		receive_and_release(channel.b, i % 2 ? 2 : 4);
		run_ready();
		assert_int_equal(calls, i + 1);
	}
	channel_close(&channel);
}

/* ---- The handler ---- */

static void a_handler_that_comes_late_hears_of_what_was_before(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	overfill(channel.a);
	assert_false(wt_loop_alive());
	wt_port_on_drain(channel.a, count_drain, &calls); /* refused, and still full */
	assert_true(wt_loop_alive());
	run_ready();
	assert_int_equal(calls, 0);
	receive_and_release(channel.b, 2);
	run_ready();
	assert_int_equal(calls, 1);
	wt_port_on_drain(channel.a, NULL, NULL);
	overfill(channel.a);
	receive_and_release(channel.b, 4);
	run_ready();
	wt_port_on_drain(channel.a, count_drain, &calls); /* refused, and empty */
	run_ready();
	assert_int_equal(calls, 2);
	wt_port_on_drain(channel.a, count_drain, &calls); /* told */
	run_ready();
	assert_int_equal(calls, 2);
	channel_close(&channel);
}

static void a_handler_that_was_taken_back_is_not_called(void **state)
{
	struct channel channel;
	unsigned calls = 0, later = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	assert_true(wt_loop_alive());
	wt_port_on_drain(channel.a, NULL, NULL);
	assert_false(wt_loop_alive());
	receive_and_release(channel.b, 4);
	run_ready();
	assert_int_equal(calls, 0);
	wt_port_on_drain(channel.a, count_drain, &later);
	run_ready();
	assert_int_equal(calls, 0);
	assert_int_equal(later, 1);
	channel_close(&channel);
}

/* The owner's own refusal holds its loop, and no other's. */
static void a_loop_waits_for_the_drain_of_what_its_thread_posted(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	assert_false(wt_loop_alive());
	overfill(channel.a);
	assert_true(wt_loop_alive());
	assert_false(wt_port_has_ref(channel.a));
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	wt_port_on_message(channel.b, ignore_message, NULL);
	wt_port_unref(channel.b);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls, 1);
	assert_false(wt_loop_alive());
	channel_close(&channel);
}

static void post_refused(void *arg)
{
	while (wt_port_post(arg, "8 bytes.", 8) == 0)
		;
}

static void another_threads_refusal_is_told_to_the_owner(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	run_on_new_thread(post_refused, channel.a);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	wt_port_ref(channel.a);
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	receive_and_release(channel.b, 2);
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
	assert_int_equal(calls, 1);
	channel_close(&channel);
}

static void fill_again(wt_port *port, void *arg)
{
	count_drain(port, arg);
	while (wt_port_post(port, "8 bytes.", 8) == 0)
		;
}

static void a_handler_that_is_refused_again_is_called_again(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, fill_again, &calls);
	overfill(channel.a);
	for (unsigned i = 0; i < 100; i++) {
		run_ready();
		assert_int_equal(calls, i);
		receive_and_release(channel.b, 2);
		run_ready();
		assert_int_equal(calls, i + 1);
	}
	channel_close(&channel);
}

static void close_in_drain(wt_port *port, void *arg)
{
	++*(unsigned *)arg;
	wt_port_close(port);
}

static void a_handler_may_close_its_port(void **state)
{
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, close_in_drain, &calls);
	overfill(channel.a);
	receive_and_release(channel.b, 2);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls, 1);
	channel.a = NULL;
	receive_and_release(channel.b, 2);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	channel_close(&channel);
}

/* ---- Ports that close and move ---- */

static void never_drain(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
	abort();
}

static void a_port_that_is_closed_is_not_told(void **state)
{
	struct channel channel;

	(void)state;
	for (int due = 0; due < 2; due++) {
		channel_open(&channel, &four);
		wt_port_on_drain(channel.a, never_drain, NULL);
		overfill(channel.a);
		if (due)
			receive_and_release(channel.b, 4);
		wt_port_close(channel.a);
		assert_false(wt_loop_alive());
		assert_int_equal(wt_run(), 0);
		channel.a = NULL;
		drain_all(channel.b);
		assert_int_equal(wt_run(), 0);
		channel_close(&channel);
	}
}

/* Nobody will read it: the loop does not wait for that. */
static void a_receiver_that_closes_keeps_no_loop_waiting(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	wt_port_on_close(channel.a, events_on_close, &events);
	overfill(channel.a);
	wt_port_close(channel.b);
	channel.b = NULL;
	assert_int_equal(wt_run(), 0);
	assert_true(calls <= 1);
	assert_events(&events, "close");
	assert_false(wt_loop_alive());
	channel_close(&channel);
}

/* The refused port goes away with its refusal; its new owner hears of its own only. */
static void a_port_that_moves_is_not_told(void **state)
{
	struct channel channel, carrier;
	unsigned calls = 0;

	(void)state;
	for (int due = 0; due < 2; due++) {
		calls = 0;
		channel_open(&carrier, NULL);
		channel_open(&channel, &four);
		wt_port_on_drain(channel.a, never_drain, NULL);
		overfill(channel.a);
		if (due)
			receive_and_release(channel.b, 4);
		assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.a)), 0);
		assert_false(wt_loop_alive());
		assert_int_equal(wt_run(), 0);
		if (!due)
			receive_and_release(channel.b, 4);
		assert_int_equal(receive_port(carrier.b, &channel.a, WT_NOW), 0);
		assert_int_equal(wt_run(), 0);
		wt_port_on_drain(channel.a, count_drain, &calls);
		run_ready();
		calls = 0;
		overfill(channel.a);
		receive_and_release(channel.b, 2);
		run_ready();
		assert_int_equal(calls, 1);
		channel_close(&channel);
		channel_close(&carrier);
	}
}

struct reader {
	struct other other;
	struct channel carrier;
	wt_port *port;
	unsigned count;
	struct verdict verdict;
};

static void take_the_receiver(void *arg)
{
	struct reader *reader = arg;

	CHECK(&reader->verdict, receive_port(reader->carrier.b, &reader->port, wt_after_ms(20000)) == 0);
}

static void read_some(void *arg)
{
	struct reader *reader = arg;
	wt_message message;

	for (unsigned i = 0; i < reader->count; i++) {
		CHECK(&reader->verdict, wt_port_receive(reader->port, &message, wt_after_ms(20000)) == 0);
		wt_message_release(&message);
	}
}

static void reader_make(struct reader *reader, struct channel *channel, const wt_channel_options *options)
{
	memset(reader, 0, sizeof *reader);
	other_start(&reader->other);
	channel_open_between(&reader->carrier, &reader->other, NULL);
	channel_open_between(channel, &reader->other, options);
	reader->port = channel->b;
}

static void reader_end(struct reader *reader)
{
	other_end(&reader->other);
	assert_verdict(&reader->verdict);
	wt_port_close(reader->carrier.a);
}

/* [T1] The receiver moves, and its new owner makes the room. */
static void a_receiver_that_moves_still_tells(void **state)
{
	struct reader reader;
	struct channel channel, unused;
	unsigned calls = 0;

	(void)state;
	reader_make(&reader, &unused, NULL);
	channel_open(&channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	assert_int_equal(send_with(reader.carrier.a, "port", WT_MOVE(&channel.b)), 0);
	run_ready();
	assert_int_equal(calls, 0);
	other_run(&reader.other, take_the_receiver, &reader);
	reader.count = 2;
	other_begin(&reader.other, read_some, &reader);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls, 1);
	wt_port_close(channel.a);
	wt_port_close(unused.a);
	reader_end(&reader);
}

/* ---- Between threads ---- */

static void read_when_held(void *arg)
{
	if (!latch_await(&seams.there))
		return;
	read_some(arg);
	latch_open(&seams.go);
}

/* The loop has found nothing, and is about to announce its sleep, when room is made. */
static void room_that_is_made_before_the_loop_announces_its_sleep_is_seen(void **state)
{
	struct reader reader;
	struct channel channel;
	unsigned calls = 0;

	(void)state;
	reader_make(&reader, &channel, &four);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	run_ready();
	seams_hold(WTI_YIELD_BEFORE_ARM);
	reader.count = 2;
	other_begin(&reader.other, read_when_held, &reader);
	assert_int_equal(wt_run_once(wt_after_ms(20000)), 1);
	assert_int_equal(calls, 1);
	other_wait(&reader.other);
	seams_end();
	wt_port_close(channel.a);
	reader_end(&reader);
}

static void the_loops_descriptor_tells_of_a_drain(void **state)
{
	struct reader reader;
	struct channel channel;
	unsigned calls = 0;
	int fd;

	(void)state;
	reader_make(&reader, &channel, &four);
	assert_int_equal(wt_loop_fd(&fd), 0);
	wt_port_on_drain(channel.a, count_drain, &calls);
	overfill(channel.a);
	run_ready();
	assert_false(polls_readable(fd, 0));
	reader.count = 2;
	other_run(&reader.other, read_some, &reader);
	assert_true(polls_readable(fd, 10000));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(calls, 1);
	wt_port_close(channel.a);
	reader_end(&reader);
}

/* Posts numbers until it is refused, and goes on at each drain: the loop ends when all are posted. */
struct pump {
	unsigned next, count;
	unsigned calls, refusals;
};

static void pump_post(wt_port *port, struct pump *pump)
{
	while (pump->next < pump->count) {
		if (wt_port_post(port, &pump->next, sizeof pump->next) != 0) {
			pump->refusals++;
			return;
		}
		pump->next++;
	}
}

static void pump_on_drain(wt_port *port, void *arg)
{
	struct pump *pump = arg;

	pump->calls++;
	pump_post(port, pump);
}

static void read_numbers(void *arg)
{
	struct reader *reader = arg;
	wt_message message;

	for (unsigned i = 0; i < reader->count; i++) {
		int err = wt_port_receive(reader->port, &message, wt_after_ms(20000));
		unsigned number;

		CHECK(&reader->verdict, err == 0);
		if (err)
			return;
		memcpy(&number, message.data, sizeof number);
		CHECK(&reader->verdict, number == i);
		if (i % 97 == 0)
			wt_message_release(&message);
	}
}

static void pump_run(const wt_channel_options *options)
{
	struct pump pump = { .count = 500000 / support_slowdown() };
	struct reader reader;
	struct channel channel;

	reader_make(&reader, &channel, options);
	reader.count = pump.count;
	wt_port_on_drain(channel.a, pump_on_drain, &pump);
	other_begin(&reader.other, read_numbers, &reader);
	pump_post(channel.a, &pump);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(pump.next, pump.count);
	assert_int_equal(pump.calls, pump.refusals);
	wt_port_close(channel.a);
	reader_end(&reader);
}

/* [M1] [M2] A call for every refusal, or the loop sleeps for ever. */
static void a_stream_that_lives_on_drains_does_not_stall(void **state)
{
	(void)state;
	support_allow_seconds(60);
	pump_run(&four);
	pump_run(WT_CHANNEL_OPTIONS(.limit = 4096));
	pump_run(WT_CHANNEL_OPTIONS(.limit = 64, .single_producer = true));
}

/* The same with another thread that is refused, too: no exact count, and no stall. */
struct rival {
	wt_port *port;
	atomic_bool over;
	atomic_uint posted;
	pthread_t thread;
};

static void *rival_post(void *arg)
{
	struct rival *rival = arg;

	while (!atomic_load(&rival->over))
		if (wt_port_post(rival->port, "rival...", 8) == 0)
			atomic_fetch_add(&rival->posted, 1);
	return NULL;
}

static void read_until_over(void *arg)
{
	struct reader *reader = arg;
	wt_message message;
	unsigned i = 0;

	while (wt_port_receive(reader->port, &message, wt_after_ms(20000)) == 0) {
		unsigned number;

		if (message.size != sizeof number)
			continue;
		memcpy(&number, message.data, sizeof number);
		CHECK(&reader->verdict, number == i);
		i++;
	}
	CHECK(&reader->verdict, i == reader->count);
}

/* [M1] [M2] */
static void a_rival_for_the_room_does_not_stall_the_stream(void **state)
{
	struct pump pump = { .count = 50000 / support_slowdown() };
	struct rival rival = { 0 };
	struct reader reader;
	struct channel channel;

	(void)state;
	support_allow_seconds(60);
	reader_make(&reader, &channel, WT_CHANNEL_OPTIONS(.limit = 512));
	reader.count = pump.count;
	rival.port = channel.a;
	wt_port_on_drain(channel.a, pump_on_drain, &pump);
	other_begin(&reader.other, read_until_over, &reader);
	assert_int_equal(pthread_create(&rival.thread, NULL, rival_post, &rival), 0);
	pump_post(channel.a, &pump);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(pump.next, pump.count);
	atomic_store(&rival.over, true);
	assert_int_equal(pthread_join(rival.thread, NULL), 0);
	wt_port_close(channel.a);
	reader_end(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(drain_comes_once_when_the_queue_is_half_empty),
		TEST(what_is_in_view_still_takes_room),
		TEST(without_a_refusal_nothing_comes),
		TEST(each_way_to_be_refused_counts),
		TEST(drain_comes_when_there_is_room_for_what_was_refused),
		TEST(each_way_to_make_room_counts),
		TEST(abandoned_slots_make_room),
		TEST(each_crossing_has_one_call),
		TEST(a_handler_that_comes_late_hears_of_what_was_before),
		TEST(a_handler_that_was_taken_back_is_not_called),
		TEST(a_loop_waits_for_the_drain_of_what_its_thread_posted),
		TEST(another_threads_refusal_is_told_to_the_owner),
		TEST(a_handler_that_is_refused_again_is_called_again),
		TEST(a_handler_may_close_its_port),
		TEST(a_port_that_is_closed_is_not_told),
		TEST(a_receiver_that_closes_keeps_no_loop_waiting),
		TEST(a_port_that_moves_is_not_told),
		TEST(a_receiver_that_moves_still_tells),
		TEST(room_that_is_made_before_the_loop_announces_its_sleep_is_seen),
		TEST(the_loops_descriptor_tells_of_a_drain),
		TEST(a_stream_that_lives_on_drains_does_not_stall),
		TEST(a_rival_for_the_room_does_not_stall_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
