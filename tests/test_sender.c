/* SPDX-License-Identifier: MIT */
#include <wt/sender.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>

#include "port.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

static wt_sender *sender_of(wt_port *port)
{
	wt_sender *sender;

	assert_int_equal(wt_port_sender(port, &sender), 0);
	assert_non_null(sender);
	return sender;
}

static wt_sender *dup_of(wt_sender *sender)
{
	wt_sender *copy;

	assert_int_equal(wt_sender_dup(sender, &copy), 0);
	assert_non_null(copy);
	assert_ptr_not_equal(copy, sender);
	return copy;
}

static void sender_text(wt_sender *sender, const char *text)
{
	assert_int_equal(wt_sender_post(sender, text, strlen(text)), 0);
}

/* ---- Posting ---- */

/* [M1] One thread's posts come in its order, by whichever way they go. */
static void a_sender_posts_where_its_port_does(void **state)
{
	struct iovec pieces[] = { { .iov_base = "ga", .iov_len = 2 }, { .iov_base = "thered", .iov_len = 6 } };
	struct channel channel;
	wt_sender *sender, *copy;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	sender = sender_of(channel.a);
	copy = dup_of(sender);
	post_text(channel.a, "one");
	sender_text(sender, "two");
	sender_text(copy, "three");
	post_text(channel.a, "four");
	assert_int_equal(wt_sender_send(copy, &(wt_outgoing){ .iov = pieces, .iovcnt = 2, .type = 9 }, WT_NOW), 0);
	assert_receives(channel.b, "one");
	assert_receives(channel.b, "two");
	assert_receives(channel.b, "three");
	assert_receives(channel.b, "four");
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.type, 9);
	assert_memory_equal(message.data, "gathered", 8);
	assert_receives_nothing(channel.a, WT_EAGAIN);
	wt_sender_close(sender);
	wt_sender_close(copy);
	channel_close(&channel);
}

static void a_sender_sends_what_a_port_can(void **state)
{
	struct channel channel;
	wt_sender *sender;
	struct ten ten;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	sender = sender_of(channel.a);
	assert_int_equal(
		wt_sender_send(sender,
			       &(wt_outgoing){ .data = "ten", .size = 3, .transfer = ten.list, .transfer_count = TEN },
			       WT_NOW),
		0);
	ten_assert_moved(&ten);
	assert_receives_with(channel.b, "ten", TEN, &message);
	ten_take(&ten, &message);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	wt_sender_close(sender);
	channel_close(&channel);
}

/* ---- Close ---- */

enum { ENDS = 3 };

/* The port, a sender of it, and a copy of that. */
struct ends {
	struct channel channel;
	wt_sender *sender[2];
};

static void ends_make(struct ends *ends)
{
	channel_open(&ends->channel, NULL);
	ends->sender[0] = sender_of(ends->channel.a);
	ends->sender[1] = dup_of(ends->sender[0]);
}

static void ends_close(struct ends *ends, int which)
{
	if (which == 2)
		wt_port_close(ends->channel.a);
	else
		wt_sender_close(ends->sender[which]);
}

/* [C1] In each order; what was posted before comes first. */
static void the_receiver_hears_when_the_port_and_the_last_sender_are_closed(void **state)
{
	static const int orders[6][ENDS] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct events events = { 0 };
		struct ends ends;

		ends_make(&ends);
		wt_port_on_close(ends.channel.b, events_on_close, &events);
		sender_text(ends.sender[0], "before");
		for (int k = 0; k < ENDS - 1; k++) {
			ends_close(&ends, orders[i][k]);
			if (k == 0)
				assert_receives(ends.channel.b, "before");
			assert_receives_nothing(ends.channel.b, WT_EAGAIN);
			assert_true(wt_run_once(WT_NOW) <= 0);
			assert_events(&events, "");
		}
		ends_close(&ends, orders[i][ENDS - 1]);
		assert_receives_nothing(ends.channel.b, WT_ECLOSED);
		assert_int_equal(wt_run(), 0);
		assert_events(&events, "close");
		wt_port_close(ends.channel.b);
	}
}

/* [C1] */
static void what_a_sender_posts_after_its_port_closed_arrives(void **state)
{
	struct ends ends;

	(void)state;
	ends_make(&ends);
	wt_port_close(ends.channel.a);
	sender_text(ends.sender[0], "one");
	wt_sender_close(ends.sender[0]);
	sender_text(ends.sender[1], "two");
	wt_sender_close(ends.sender[1]);
	assert_receives(ends.channel.b, "one");
	assert_receives(ends.channel.b, "two");
	assert_receives_nothing(ends.channel.b, WT_ECLOSED);
	wt_port_close(ends.channel.b);
}

static void a_copy_can_be_made_after_the_port_and_the_first_are_closed(void **state)
{
	struct channel channel;
	wt_sender *sender, *copy;

	(void)state;
	channel_open(&channel, NULL);
	sender = sender_of(channel.a);
	wt_port_close(channel.a);
	for (int i = 0; i < 10; i++) {
		copy = dup_of(sender);
		wt_sender_close(sender);
		sender = copy;
	}
	sender_text(sender, "text");
	wt_sender_close(sender);
	assert_receives(channel.b, "text");
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
}

/* [C3] Senders only send: nobody reads what is posted to a port that is closed. */
static void posts_to_a_closed_port_are_refused_though_senders_are_left(void **state)
{
	struct ends ends;

	(void)state;
	ends_make(&ends);
	wt_port_close(ends.channel.a);
	assert_int_equal(wt_port_post(ends.channel.b, "x", 1), WT_ECLOSED);
	sender_text(ends.sender[0], "still");
	assert_receives(ends.channel.b, "still");
	wt_sender_close(ends.sender[0]);
	wt_sender_close(ends.sender[1]);
	wt_port_close(ends.channel.b);
}

/* [C3] [M3] */
static void a_sender_to_a_closed_receiver_is_refused(void **state)
{
	struct ends ends;
	wt_sender *copy = NULL;
	wt_buffer *buffer, *was;

	(void)state;
	ends_make(&ends);
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	was = buffer;
	wt_port_close(ends.channel.b);
	assert_int_equal(wt_sender_post(ends.sender[0], "x", 1), WT_ECLOSED);
	assert_int_equal(
		wt_sender_send(ends.sender[0],
			       &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1 },
			       WT_FOREVER),
		WT_ECLOSED);
	assert_ptr_equal(buffer, was);
	if (wt_sender_dup(ends.sender[0], &copy) == 0) {
		assert_int_equal(wt_sender_post(copy, "x", 1), WT_ECLOSED);
		wt_sender_close(copy);
	}
	wt_sender_close(ends.sender[0]);
	wt_port_close(ends.channel.a);
	assert_int_equal(wt_sender_post(ends.sender[1], "x", 1), WT_ECLOSED);
	wt_sender_close(ends.sender[1]);
	wt_buffer_destroy(buffer);
}

static void post_and_close(void *arg)
{
	if (wt_sender_post(arg, "last", 4) == 0)
		wt_sender_close(arg);
}

/* The loop runs on while a sender is left, and no longer. */
static void a_loop_ends_when_the_last_sender_is_closed(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	struct other other;
	wt_sender *sender;

	(void)state;
	other_start(&other);
	channel_open(&channel, NULL);
	sender = sender_of(channel.a);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_on_close(channel.b, events_on_close, &events);
	wt_port_close(channel.a);
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	other_begin(&other, post_and_close, sender);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "last close");
	other_end(&other);
	wt_port_close(channel.b);
}

/* ---- Threads ---- */

struct making {
	wt_port *port;
	wt_sender *sender;
	int err;
};

static void make_sender(void *arg)
{
	struct making *making = arg;

	making->err = wt_port_sender(making->port, &making->sender);
}

/* [C4] The port's thread ends, and its port is closed; the sender it made is not. */
static void a_sender_outlives_the_thread_that_made_it(void **state)
{
	struct making making = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	making.port = channel.b;
	other_run(&other, make_sender, &making);
	assert_int_equal(making.err, 0);
	other_end(&other);
	assert_receives_nothing(channel.a, WT_EAGAIN);
	assert_int_equal(wt_port_post(channel.a, "x", 1), WT_ECLOSED);
	sender_text(making.sender, "from the grave");
	assert_receives(channel.a, "from the grave");
	assert_receives_nothing(channel.a, WT_EAGAIN);
	wt_sender_close(making.sender);
	assert_receives_nothing(channel.a, WT_ECLOSED);
	wt_port_close(channel.a);
}

static void only_the_owner_makes_a_sender(void **state)
{
	struct making making = { .sender = (wt_sender *)&making };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	making.port = channel.a;
	run_on_new_thread(make_sender, &making);
	assert_int_equal(making.err, WT_EOWNER);
	assert_null(making.sender);
	channel_close(&channel);
}

enum { THREADS = 8 };

struct crowd {
	wt_sender *sender;
	bool own;      /* each thread makes a copy for each message, and closes it */
	uint64_t each; /* messages of each thread */
	struct crowd_member {
		struct crowd *crowd;
		uint32_t number;
		pthread_t thread;
	} member[THREADS];
	struct verdict verdict;
};

static void crowd_send(struct crowd *crowd, const void *bytes, size_t size)
{
	wt_outgoing outgoing = { .data = bytes, .size = size };
	wt_sender *sender = crowd->sender;

	if (crowd->own)
		CHECK(&crowd->verdict, wt_sender_dup(crowd->sender, &sender) == 0);
	CHECK(&crowd->verdict, wt_sender_send(sender, &outgoing, WT_FOREVER) == 0);
	if (crowd->own)
		wt_sender_close(sender);
}

static void *crowd_run(void *arg)
{
	struct crowd_member *member = arg;
	unsigned char element[80];

	for (uint64_t i = 0; i < member->crowd->each; i++) {
		size_t size = 16 + i % 64;

		element_fill(element, size, member->number, i);
		crowd_send(member->crowd, element, size);
	}
	return NULL;
}

static void crowd_post(bool own, const wt_channel_options *options)
{
	struct crowd crowd = { .own = own, .each = 20000 / support_slowdown() };
	uint64_t next[THREADS] = { 0 };
	struct channel channel;
	wt_message message;

	channel_open(&channel, options);
	crowd.sender = sender_of(channel.a);
	wt_port_close(channel.a);
	for (uint32_t i = 0; i < THREADS; i++) {
		crowd.member[i] = (struct crowd_member){ .crowd = &crowd, .number = i };
		assert_int_equal(pthread_create(&crowd.member[i].thread, NULL, crowd_run, &crowd.member[i]), 0);
	}
	for (uint64_t i = 0; i < THREADS * crowd.each; i++) {
		uint32_t producer = 0;
		uint64_t sequence = 0;

		assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(20000)), 0);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_true(producer < THREADS);
		assert_int_equal(sequence, next[producer]++);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(crowd.member[i].thread, NULL), 0);
	assert_verdict(&crowd.verdict);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wt_sender_close(crowd.sender);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
}

/* [M1] [M2] */
static void many_threads_post_through_one_sender(void **state)
{
	(void)state;
	support_allow_seconds(60);
	crowd_post(false, NULL);
	crowd_post(false, WT_CHANNEL_OPTIONS(.limit = 512));
}

/* [M1] [M2] [C1] Copies come and go all the while, and the receiver hears of none. */
static void many_threads_copy_and_close_senders(void **state)
{
	(void)state;
	support_allow_seconds(60);
	crowd_post(true, NULL);
}

/* ---- A close against the receiver ---- */

static void receive_closed(void *arg)
{
	CHECK(&seams.verdict, wt_port_receive(arg, &(wt_message){ 0 }, wt_after_ms(20000)) == WT_ECLOSED);
}

/* [C1] The receiver has found nothing, and is about to announce its sleep. */
static void the_last_close_wakes_a_receiver_that_is_about_to_sleep(void **state)
{
	struct channel channel;
	struct other other;
	wt_sender *sender;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	sender = sender_of(channel.a);
	wt_port_close(channel.a);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	other_begin(&other, receive_closed, channel.b);
	assert_true(latch_await(&seams.there));
	wt_sender_close(sender);
	latch_open(&seams.go);
	other_end(&other);
	seams_end();
}

struct closing {
	wt_sender *sender;
	struct latch begin;
};

static void close_at_once(void *arg)
{
	struct closing *closing = arg;

	while (!latch_is_open(&closing->begin))
		;
	wt_sender_close(closing->sender);
}

/* [C1] [M2] The port and the last sender are closed at the same moment, at times the receiver, too. */
static void a_port_and_its_sender_close_at_the_same_moment(void **state)
{
	unsigned rounds = 2000 / support_slowdown();
	struct other other;

	(void)state;
	wt_thread_id();
	other_start(&other);
	support_count();
	for (unsigned round = 0; round < rounds; round++) {
		struct closing closing = { 0 };
		struct channel channel;

		channel_open(&channel, NULL);
		closing.sender = sender_of(channel.a);
		other_begin(&other, close_at_once, &closing);
		latch_open(&closing.begin);
		for (volatile unsigned i = 0; i < round % 200; i++)
			;
		wt_port_close(channel.a);
		if (round % 3)
			assert_int_equal(wt_port_receive(channel.b, &(wt_message){ 0 }, wt_after_ms(20000)),
					 WT_ECLOSED);
		wt_port_close(channel.b);
		other_wait(&other);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
	other_end(&other);
}

/* ---- Moved ---- */

struct taking {
	wt_port *from;
	bool take;
	struct verdict verdict;
};

static void take_and_post(void *arg)
{
	struct taking *taking = arg;
	wt_sender *sender = NULL;
	wt_message message;

	CHECK(&taking->verdict, wt_port_receive(taking->from, &message, wt_after_ms(20000)) == 0);
	if (taking->take) {
		CHECK(&taking->verdict, wt_message_take_sender(&message, 0, &sender) == 0);
		CHECK(&taking->verdict, wt_sender_post(sender, "moved", 5) == 0);
		wt_sender_close(sender);
	} else {
		wt_message_release(&message);
	}
}

/* [C1] [T4] What is under way holds the channel open; taken and closed, or dropped, it does not. */
static void a_moved_sender_counts_until_it_is_closed_or_dropped(void **state)
{
	(void)state;
	for (int take = 0; take < 2; take++) {
		struct taking taking = { .take = take };
		struct channel channel, carrier;
		struct other other;
		wt_sender *sender;

		other_start(&other);
		channel_open_between(&carrier, &other, NULL);
		channel_open(&channel, NULL);
		sender = sender_of(channel.a);
		taking.from = carrier.b;
		assert_int_equal(send_with(carrier.a, "sender", WT_MOVE(&sender)), 0);
		assert_null(sender);
		wt_port_close(channel.a);
		assert_receives_nothing(channel.b, WT_EAGAIN);
		other_run(&other, take_and_post, &taking);
		assert_verdict(&taking.verdict);
		if (take)
			assert_receives(channel.b, "moved");
		assert_receives_nothing(channel.b, WT_ECLOSED);
		wt_port_close(channel.b);
		wt_port_close(carrier.a);
		other_end(&other);
	}
}

struct receiving {
	struct channel carrier;
	struct verdict verdict;
};

static void take_port_and_receive(void *arg)
{
	struct receiving *receiving = arg;
	wt_message message;
	wt_port *port;

	CHECK(&receiving->verdict, receive_port(receiving->carrier.b, &port, wt_after_ms(20000)) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(&receiving->verdict, wt_port_receive(port, &message, wt_after_ms(20000)) == 0);
	CHECK(&receiving->verdict, wt_port_receive(port, &message, wt_after_ms(20000)) == WT_ECLOSED);
}

/* [T1] [C1] */
static void a_sender_follows_its_receiver_to_another_thread(void **state)
{
	struct receiving receiving = { 0 };
	struct channel channel;
	struct other other;
	wt_sender *sender;

	(void)state;
	other_start(&other);
	channel_open_between(&receiving.carrier, &other, NULL);
	channel_open(&channel, NULL);
	sender = sender_of(channel.a);
	wt_port_close(channel.a);
	sender_text(sender, "before");
	assert_int_equal(send_with(receiving.carrier.a, "port", WT_MOVE(&channel.b)), 0);
	other_begin(&other, take_port_and_receive, &receiving);
	sender_text(sender, "after");
	wt_sender_close(sender);
	other_end(&other);
	assert_verdict(&receiving.verdict);
	wt_port_close(receiving.carrier.a);
}

/* The sender's port goes elsewhere; the sender stays, and so does what it posts to. */
static void a_sender_does_not_move_with_its_port(void **state)
{
	struct channel channel, carrier;
	wt_sender *sender;

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	sender = sender_of(channel.a);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.a)), 0);
	sender_text(sender, "here");
	assert_receives(channel.b, "here");
	wt_port_close(carrier.b); /* and with it the port */
	assert_receives_nothing(channel.b, WT_EAGAIN);
	sender_text(sender, "and here");
	assert_receives(channel.b, "and here");
	wt_sender_close(sender);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
	wt_port_close(carrier.a);
}

/* [T2] [M3] It would go with what it sends, maybe before it is through. At each place of the list. */
static void a_sender_is_not_sent_through_itself(void **state)
{
	struct channel channel;
	struct ten ten;

	(void)state;
	channel_open(&channel, NULL);
	for (size_t at = 0; at < TEN; at++) {
		wt_sender *sender = sender_of(channel.a), *was = sender, *copy = dup_of(sender);
		wt_outgoing outgoing = { .data = "ten", .size = 3, .transfer = ten.list, .transfer_count = TEN };

		ten_make(&ten);
		ten.list[at] = WT_MOVE(&sender);
		assert_int_equal(wt_sender_send(sender, &outgoing, WT_NOW), WT_ESOURCE);
		assert_ptr_equal(sender, was);
		ten_assert_untouched(&ten);
		/* Through a copy it may go, or with its port. */
		ten.list[at] = WT_MOVE(&copy);
		assert_int_equal(wt_sender_send(sender, &outgoing, WT_NOW), 0);
		assert_null(copy);
		assert_int_equal(send_with(channel.a, "sender", WT_MOVE(&sender)), 0);
		assert_int_equal(drain_all(channel.b), 2);
		ten_end(&ten);
	}
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wt_port_close(channel.a);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
}

/* ---- Room ---- */

static const wt_outgoing eight_bytes = { .data = "8 bytes.", .size = 8 };

static void a_full_receiver_refuses_a_sender(void **state)
{
	struct channel channel;
	wt_sender *sender;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	sender = sender_of(channel.a);
	for (int i = 0; i < 4; i++)
		sender_text(sender, "8 bytes.");
	assert_int_equal(wt_sender_post(sender, "8 bytes.", 8), WT_EAGAIN);
	assert_int_equal(wt_sender_send(sender, &eight_bytes, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_sender_send(sender, &eight_bytes, WT_FOREVER), WT_EDEADLK);
	assert_int_equal(wt_sender_post(sender, "more than there will ever be room for: 64 bytes, that is to say.", 64),
			 WT_EMSGSIZE);
	assert_int_equal(drain_all(channel.b), 4);
	sender_text(sender, "8 bytes.");
	wt_sender_close(sender);
	channel_close(&channel);
}

struct sending {
	wt_sender *sender;
	wt_time deadline;
	int err;
};

static void send_patiently(void *arg)
{
	struct sending *sending = arg;

	sending->err = wt_sender_send(sending->sender, &eight_bytes, sending->deadline);
}

static void a_sender_waits_for_room_until_its_deadline_or_a_close(void **state)
{
	static const int expected[] = { WT_ETIMEDOUT, 0, WT_ECLOSED };

	(void)state;
	for (int way = 0; way < 3; way++) {
		struct sending sending = { .deadline = way ? WT_FOREVER : wt_after_ms(20) };
		struct channel channel;
		struct other other;

		other_start(&other);
		channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
		fill(channel.a);
		sending.sender = sender_of(channel.a);
		seams_watch();
		other_begin(&other, send_patiently, &sending);
		if (way)
			assert_true(latch_await(&seams.armed));
		if (way == 1)
			drain_all(channel.b);
		else if (way == 2)
			wt_port_close(channel.b);
		other_end(&other);
		assert_int_equal(sending.err, expected[way]);
		wt_sender_close(sending.sender);
		wt_port_close(channel.a);
		if (way != 2)
			wt_port_close(channel.b);
		seams_end();
	}
}

/* ---- Errors ---- */

static void what_makes_no_sense_is_refused(void **state)
{
	struct channel channel;
	wt_sender *sender, *copy = (wt_sender *)&channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_sender(NULL, &copy), WT_EINVAL);
	assert_null(copy);
	assert_int_equal(wt_port_sender(channel.a, NULL), WT_EINVAL);
	sender = sender_of(channel.a);
	copy = (wt_sender *)&channel;
	assert_int_equal(wt_sender_dup(NULL, &copy), WT_EINVAL);
	assert_null(copy);
	assert_int_equal(wt_sender_dup(sender, NULL), WT_EINVAL);
	assert_int_equal(wt_sender_post(NULL, "x", 1), WT_EINVAL);
	assert_int_equal(wt_sender_post(sender, NULL, 1), WT_EINVAL);
	assert_int_equal(wt_sender_post(sender, "x", SIZE_MAX), WT_EOVERFLOW);
	assert_int_equal(wt_sender_send(NULL, &eight_bytes, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_sender_send(sender, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_sender_send(sender, &eight_bytes, -1), WT_EINVAL);
	assert_int_equal(wt_sender_send(sender, &(wt_outgoing){ .zero = 1 }, WT_NOW), WT_EINVAL);
	wt_sender_close(NULL);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wt_sender_close(sender);
	channel_close(&channel);
}

/* [P1] */
static void without_memory_there_is_no_sender_and_none_is_counted(void **state)
{
	struct channel channel;
	wt_sender *sender = NULL, *copy;
	int err = WT_ENOMEM;

	(void)state;
	channel_open(&channel, NULL);
	for (unsigned long n = 1; err; n++) {
		copy = (wt_sender *)&channel;
		support_fail_allocations(n, 0);
		err = wt_port_sender(channel.a, &copy);
		support_fail_allocations(0, 0);
		assert_true(err == 0 || err == WT_ENOMEM);
		if (err)
			assert_null(copy);
		sender = copy;
	}
	support_fail_allocations(1, 0);
	err = wt_sender_dup(sender, &copy);
	support_fail_allocations(0, 0);
	assert_true(err == 0 || err == WT_ENOMEM);
	if (err)
		assert_null(copy);
	wt_sender_close(copy);
	wt_sender_close(sender);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wt_port_close(channel.a);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sender_posts_where_its_port_does),
		TEST(a_sender_sends_what_a_port_can),
		TEST(the_receiver_hears_when_the_port_and_the_last_sender_are_closed),
		TEST(what_a_sender_posts_after_its_port_closed_arrives),
		TEST(a_copy_can_be_made_after_the_port_and_the_first_are_closed),
		TEST(posts_to_a_closed_port_are_refused_though_senders_are_left),
		TEST(a_sender_to_a_closed_receiver_is_refused),
		TEST(a_loop_ends_when_the_last_sender_is_closed),
		TEST(a_sender_outlives_the_thread_that_made_it),
		TEST(only_the_owner_makes_a_sender),
		TEST(many_threads_post_through_one_sender),
		TEST(many_threads_copy_and_close_senders),
		TEST(the_last_close_wakes_a_receiver_that_is_about_to_sleep),
		TEST(a_port_and_its_sender_close_at_the_same_moment),
		TEST(a_moved_sender_counts_until_it_is_closed_or_dropped),
		TEST(a_sender_follows_its_receiver_to_another_thread),
		TEST(a_sender_does_not_move_with_its_port),
		TEST(a_sender_is_not_sent_through_itself),
		TEST(a_full_receiver_refuses_a_sender),
		TEST(a_sender_waits_for_room_until_its_deadline_or_a_close),
		TEST(what_makes_no_sense_is_refused),
		TEST(without_memory_there_is_no_sender_and_none_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
