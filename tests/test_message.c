/* SPDX-License-Identifier: MIT */
#include <wt/message.h>

#include <stdlib.h>
#include <string.h>
#include <wt/thread.h>

#include "support/ports.h"
#include "support/support.h"

static void receive(wt_port *port, wt_message *message)
{
	assert_int_equal(wt_port_receive(port, message, WT_NOW), 0);
}

static void assert_text(const wt_message *message, const char *text)
{
	assert_int_equal(message->size, strlen(text));
	assert_memory_equal(message->data, text, message->size);
}

static void a_view_says_what_was_sent(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_send(channel.a, &(wt_outgoing){ .data = "text", .size = 4, .type = 7 }, WT_NOW), 0);
	memset(&message, 0x55, sizeof message);
	receive(channel.b, &message);
	assert_text(&message, "text");
	assert_int_equal(message.type, 7);
	assert_int_equal(message.transfer_count, 0);
	assert_ptr_equal(message.port, channel.b);
	channel_close(&channel);
}

static void a_message_of_no_bytes_differs_from_no_message(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_post(channel.a, NULL, 0), 0);
	assert_int_equal(wt_port_send(channel.a, &(wt_outgoing){ .type = 5 }, WT_NOW), 0);
	assert_int_equal(wt_port_post(channel.a, "ignored", 0), 0);
	for (int i = 0; i < 3; i++) {
		receive(channel.b, &message);
		assert_int_equal(message.size, 0);
		assert_non_null(message.data);
		assert_int_equal(message.type, i == 1 ? 5 : 0);
	}
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

static void data_is_aligned_to_eight_bytes_at_every_size(void **state)
{
	static const unsigned char bytes[40000];
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (size_t size = 0; size < sizeof bytes; size += size < 300 ? 1 : 997) {
		assert_int_equal(wt_port_post(channel.a, bytes, size), 0);
		receive(channel.b, &message);
		assert_int_equal((uintptr_t)message.data % 8, 0);
		assert_int_equal(message.size, size);
	}
	channel_close(&channel);
}

/* The sender goes on, as far as the ring grows: what is in view is not touched. */
static void a_view_stays_while_others_are_posted(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "the one in view");
	receive(channel.b, &message);
	for (int i = 0; i < 20000; i++)
		post_text(channel.a, "another one, which takes some room");
	assert_text(&message, "the one in view");
	assert_receives(channel.b, "another one, which takes some room");
	channel_close(&channel);
}

/* The port has room for one message of 8 bytes. */
static void open_narrow(struct channel *channel)
{
	channel_open(channel, WT_CHANNEL_OPTIONS(.limit = 16));
	post_text(channel->a, "8 bytes.");
}

static void a_view_keeps_its_room_until_it_is_released(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	open_narrow(&channel);
	receive(channel.b, &message);
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	assert_text(&message, "8 bytes.");
	wt_message_release(&message);
	post_text(channel.a, "in time.");
	assert_receives(channel.b, "in time.");
	channel_close(&channel);
}

static void the_next_receive_ends_a_view_also_when_nothing_is_there(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	open_narrow(&channel);
	receive(channel.b, &message);
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	post_text(channel.a, "in time.");
	assert_receives(channel.b, "in time.");
	channel_close(&channel);
}

static void releasing_what_is_empty_does_nothing(void **state)
{
	struct channel channel;
	wt_message message, nothing = { 0 };

	(void)state;
	wt_message_release(NULL);
	wt_message_release(&nothing);
	open_narrow(&channel);
	receive(channel.b, &message);
	wt_message_release(&nothing);
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	wt_message_release(&message);
	wt_message_release(&message);
	post_text(channel.a, "in time.");
	assert_receives(channel.b, "in time.");
	channel_close(&channel);
}

static void releasing_an_outdated_view_leaves_the_present_one(void **state)
{
	struct channel channel;
	wt_message first, copy, second;

	(void)state;
	open_narrow(&channel);
	receive(channel.b, &first);
	copy = first;
	wt_message_release(&first);
	post_text(channel.a, "second..");
	receive(channel.b, &second);
	wt_message_release(&copy);
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	assert_text(&second, "second..");
	channel_close(&channel);
}

/* Channels come and go, and a new one likely lies where the old one was. */
static void releasing_a_message_of_a_closed_port_does_nothing(void **state)
{
	struct channel channel;
	wt_message old, present;

	(void)state;
	open_narrow(&channel);
	receive(channel.b, &old);
	channel_close(&channel);
	open_narrow(&channel);
	receive(channel.b, &present);
	wt_message_release(&old);
	assert_text(&present, "8 bytes.");
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	channel_close(&channel);
	wt_message_release(&present);
}

static void release_elsewhere(void *arg)
{
	wt_thread_id();
	wt_message_release(arg);
}

static void releasing_on_another_thread_does_nothing(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	open_narrow(&channel);
	receive(channel.b, &message);
	run_on_new_thread(release_elsewhere, &message);
	assert_int_equal(wt_port_post(channel.a, "too soon", 8), WT_EAGAIN);
	assert_text(&message, "8 bytes.");
	wt_message_release(&message);
	post_text(channel.a, "in time.");
	channel_close(&channel);
}

static bool someone_sent(void *arg)
{
	return latch_is_open(arg);
}

static void send_one(void *arg)
{
	void **given = arg;

	if (wt_port_send(given[0], &(wt_outgoing){ .data = "8 bytes.", .size = 8 }, WT_FOREVER) == 0)
		latch_open(given[1]);
}

static void a_release_wakes_a_sender_that_waits_for_the_room(void **state)
{
	struct latch sent = { 0 };
	struct channel channel;
	struct other other;
	wt_message message;

	(void)state;
	other_start(&other);
	open_narrow(&channel);
	receive(channel.b, &message);
	other_begin(&other, send_one, (void *[]){ channel.a, &sent });
	wt_message_release(&message);
	assert_true(await(someone_sent, &sent));
	other_end(&other);
	assert_receives(channel.b, "8 bytes.");
	channel_close(&channel);
}

static void a_large_message_is_freed_when_its_view_ends(void **state)
{
	static const unsigned char bytes[1 << 20];
	struct channel channel;
	wt_message message;
	long before;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	post_text(channel.a, "so that the ring has its memory");
	receive(channel.b, &message);
	before = atomic_load(&support_counts.bytes);
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), 0);
	receive(channel.b, &message);
	assert_true(atomic_load(&support_counts.bytes) >= before + (long)sizeof bytes);
	wt_message_release(&message);
	assert_int_equal(atomic_load(&support_counts.bytes), before);
	channel_close(&channel);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [M3] Each of these could be sent but for one thing. */
static void an_outgoing_message_that_makes_no_sense_is_refused(void **state)
{
	struct iovec piece = { .iov_base = "text", .iov_len = 4 };
	struct iovec bad = { .iov_base = NULL, .iov_len = 1 };
	struct iovec large[] = { { .iov_base = "text", .iov_len = SIZE_MAX }, piece };
	const struct {
		wt_outgoing message;
		int err;
	} cases[] = {
		{ { .data = NULL, .size = 1 }, WT_EINVAL },
		{ { .data = "text", .size = 4, .zero = 1 }, WT_EINVAL },
		{ { .data = "text", .size = 4, .reserved = { 1 } }, WT_EINVAL },
		{ { .data = "text", .size = 4, .reserved = { 0, 1 } }, WT_EINVAL },
		{ { .data = "text", .size = 4, .transfer_count = 1 }, WT_EINVAL },
		{ { .data = "text", .size = 4, .iov = &piece, .iovcnt = 1 }, WT_EINVAL },
		{ { .data = "text", .iov = &piece, .iovcnt = 1 }, WT_EINVAL },
		{ { .size = 4, .iov = &piece, .iovcnt = 1 }, WT_EINVAL },
		{ { .iov = NULL, .iovcnt = 1 }, WT_EINVAL },
		{ { .iov = &bad, .iovcnt = 1 }, WT_EINVAL },
		{ { .iov = large, .iovcnt = 2 }, WT_EOVERFLOW },
		{ { .iov = large, .iovcnt = 1 }, WT_EOVERFLOW },
		{ { .data = "text", .size = SIZE_MAX }, WT_EOVERFLOW },
		{ { .data = "text", .size = ((size_t)1 << 62) + 1 }, WT_EOVERFLOW },
	};
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "before");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(wt_port_send(channel.a, &cases[i].message, WT_NOW), cases[i].err);
	assert_receives(channel.b, "before");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_view_says_what_was_sent),
		TEST(a_message_of_no_bytes_differs_from_no_message),
		TEST(data_is_aligned_to_eight_bytes_at_every_size),
		TEST(a_view_stays_while_others_are_posted),
		TEST(a_view_keeps_its_room_until_it_is_released),
		TEST(the_next_receive_ends_a_view_also_when_nothing_is_there),
		TEST(releasing_what_is_empty_does_nothing),
		TEST(releasing_an_outdated_view_leaves_the_present_one),
		TEST(releasing_a_message_of_a_closed_port_does_nothing),
		TEST(releasing_on_another_thread_does_nothing),
		TEST(a_release_wakes_a_sender_that_waits_for_the_room),
		TEST(a_large_message_is_freed_when_its_view_ends),
		TEST(an_outgoing_message_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
