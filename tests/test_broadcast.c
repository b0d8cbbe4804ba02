/* SPDX-License-Identifier: MIT
 *
 * Names, opening, posting and closing, and what is refused; test_broadcast_log
 * has the log, test_broadcast_receive has views, the loop and threads.
 */
#include "broadcast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt/buffer.h>
#include <wt/call.h>
#include <wt/loop.h>
#include <wt/sender.h>
#include <wt/shared.h>
#include <wt/stats.h>

#include "support/ports.h"
#include "support/support.h"

static wt_broadcast *open_name(const char *name)
{
	wt_broadcast *broadcast;

	assert_int_equal(wt_broadcast_open(&broadcast, name, strlen(name), NULL), 0);
	return broadcast;
}

static void post_word(wt_broadcast *broadcast, const char *text)
{
	assert_int_equal(wt_broadcast_post(broadcast, text, strlen(text)), 0);
}

static void assert_hears(wt_broadcast *broadcast, const char *text)
{
	wt_message message;

	assert_int_equal(wt_broadcast_receive(broadcast, &message, WT_NOW), 0);
	assert_int_equal(message.size, strlen(text));
	assert_memory_equal(message.data, text, message.size);
	assert_null(message.port);
	assert_int_equal((uintptr_t)message.data % 8, 0);
}

static void assert_hears_nothing(wt_broadcast *broadcast, int error)
{
	wt_message message = { .data = "x", .size = 1, .serial = 1 };

	assert_int_equal(wt_broadcast_receive(broadcast, &message, WT_NOW), error);
	assert_null(message.data);
	assert_int_equal(message.size, 0);
}

/* ---- Who hears what ---- */

/* [B1] */
static void a_post_reaches_every_other_endpoint_of_the_name(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news"), *c = open_name("news");
	wt_broadcast *other = open_name("weather");

	(void)state;
	post_word(a, "hello");
	assert_hears(b, "hello");
	assert_hears(c, "hello");
	assert_hears_nothing(a, WT_EAGAIN);
	assert_hears_nothing(b, WT_EAGAIN);
	assert_hears_nothing(other, WT_EAGAIN);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
	wt_broadcast_close(c);
	wt_broadcast_close(other);
}

static void a_post_with_nobody_there_is_a_success(void **state)
{
	wt_broadcast *a = open_name("news"), *b;
	char *large = calloc(1, 100000);

	(void)state;
	post_word(a, "lost");
	assert_int_equal(wt_broadcast_post(a, large, 100000), 0);
	b = open_name("news");
	assert_hears_nothing(b, WT_EAGAIN);
	free(large);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* [M4] */
static void bytes_are_copied_when_post_returns(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	char text[] = "before";

	(void)state;
	post_word(a, text);
	memcpy(text, "after!", 6);
	assert_hears(b, "before");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void messages_of_any_size_arrive_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 8, 64, 4000, 16384, 16385, 70000, 1 << 20 };
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	unsigned char *data = malloc(1 << 20);
	wt_message message;

	(void)state;
	for (size_t i = 0; i < 1 << 20; i++)
		data[i] = (unsigned char)(i * 7 >> 3);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		assert_int_equal(wt_broadcast_post(a, data, sizes[i]), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
		assert_int_equal(message.size, sizes[i]);
		assert_non_null(message.data);
		assert_memory_equal(message.data, data, sizes[i]);
	}
	free(data);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void a_send_gathers_and_has_a_type(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	struct iovec pieces[] = { { "one", 3 }, { NULL, 0 }, { "two", 3 } };
	wt_outgoing outgoing = { .iov = pieces, .iovcnt = 3, .type = 77 };
	wt_message message;

	(void)state;
	assert_int_equal(wt_broadcast_send(a, &outgoing), 0);
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	assert_int_equal(message.type, 77);
	assert_int_equal(message.size, 6);
	assert_memory_equal(message.data, "onetwo", 6);
	assert_int_equal(message.transfer_count, 0);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* ---- Names ---- */

static void assert_apart(const void *one, size_t one_size, const void *two, size_t two_size)
{
	wt_broadcast *a, *b, *like_a;
	size_t size;

	assert_int_equal(wt_broadcast_open(&a, one, one_size, NULL), 0);
	assert_int_equal(wt_broadcast_open(&b, two, two_size, NULL), 0);
	assert_int_equal(wt_broadcast_open(&like_a, one, one_size, NULL), 0);
	post_word(a, "x");
	assert_hears(like_a, "x");
	assert_hears_nothing(b, WT_EAGAIN);
	assert_memory_equal(wt_broadcast_name(b, &size), two, two_size);
	assert_int_equal(size, two_size);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
	wt_broadcast_close(like_a);
}

/* A name is its bytes and their number. */
static void names_are_byte_strings_of_any_length(void **state)
{
	char *long_one = malloc(65536), *long_two = malloc(65536);

	(void)state;
	memset(long_one, 'n', 65536);
	memset(long_two, 'n', 65536);
	long_two[65535] = 'm';
	assert_apart("", 0, "\0", 1);
	assert_apart(NULL, 0, "a", 1);
	assert_apart("a\0b", 3, "a\0c", 3);
	assert_apart("a", 1, "a\0", 2);
	assert_apart(long_one, 65536, long_two, 65536);
	assert_apart(long_one, 65536, long_one, 65535);
	free(long_one);
	free(long_two);
}

static void a_name_is_copied(void **state)
{
	char name[] = "first";
	wt_broadcast *a = open_name(name), *b;

	(void)state;
	memcpy(name, "other", 5);
	b = open_name("first");
	post_word(b, "x");
	assert_hears(a, "x");
	assert_memory_equal(wt_broadcast_name(a, NULL), "first", 5);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void a_name_of_nothing_is_nothing(void **state)
{
	size_t size = 7;

	(void)state;
	assert_null(wt_broadcast_name(NULL, &size));
	assert_int_equal(size, 0);
}

static void many_names_share_the_table(void **state)
{
	wt_broadcast *all[2000];
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "%u", i / 2);
		all[i] = open_name(name);
	}
	for (unsigned i = 0; i < 2000; i += 2)
		assert_int_equal(wt_broadcast_post(all[i], &i, sizeof i), 0);
	for (unsigned i = 0; i < 2000; i++) {
		wt_message message;
		int err = wt_broadcast_receive(all[i], &message, WT_NOW);

		assert_int_equal(err, i % 2 ? 0 : WT_EAGAIN);
		if (!err)
			assert_int_equal(*(const unsigned *)message.data, i - 1);
		wt_broadcast_close(all[i]);
	}
}

/* ---- What is refused ---- */

static void open_refuses_what_makes_no_sense(void **state)
{
	wt_broadcast *b = (wt_broadcast *)&b;
	wt_broadcast_options options = { .size = 3 };

	(void)state;
	assert_int_equal(wt_broadcast_open(NULL, "a", 1, NULL), WT_EINVAL);
	assert_int_equal(wt_broadcast_open(&b, NULL, 1, NULL), WT_EINVAL);
	assert_null(b);
	assert_int_equal(wt_broadcast_open(&b, "a", 1, &options), WT_EINVAL);
	assert_int_equal(wt_broadcast_open(&b, "a", 1, WT_BROADCAST_OPTIONS(.overflow = 2)), WT_EINVAL);
	assert_int_equal(wt_broadcast_open(&b, "a", 1, WT_BROADCAST_OPTIONS(.overflow = -1)), WT_EINVAL);
	assert_int_equal(wt_broadcast_open(&b, "a", 1, WT_BROADCAST_OPTIONS(.limit = SIZE_MAX)), WT_EOVERFLOW);
	assert_int_equal(wt_broadcast_open(&b, "a", SIZE_MAX, NULL), WT_EOVERFLOW);
	wt_broadcast_options_init(&options);
	assert_int_equal(options.size, sizeof options);
	assert_int_equal(options.limit, 0);
	wt_broadcast_options_init(NULL);
	assert_int_equal(wt_broadcast_open(&b, "a", 1, &options), 0);
	wt_broadcast_close(b);
}

static void options_of_other_versions_are_understood(void **state)
{
	struct {
		wt_broadcast_options known;
		uint64_t later;
	} options = { .known = { .size = sizeof options } };
	wt_broadcast *b;

	(void)state;
	assert_int_equal(wt_broadcast_open(&b, "a", 1, &options.known), 0);
	wt_broadcast_close(b);
	options.later = 1;
	assert_int_equal(wt_broadcast_open(&b, "a", 1, &options.known), WT_E2BIG);
	options.known.size = offsetof(wt_broadcast_options, overflow);
	options.known.overflow = 99;
	assert_int_equal(wt_broadcast_open(&b, "a", 1, &options.known), 0);
	wt_broadcast_close(b);
}

static void posts_refuse_what_makes_no_sense(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	wt_outgoing both = { .data = "x", .size = 1, .iov = &(struct iovec){ "y", 1 }, .iovcnt = 1 };
	wt_outgoing reserved = { .data = "x", .size = 1, .zero = 1 };
	wt_outgoing many = { .transfer = NULL, .transfer_count = 1 };

	(void)state;
	assert_int_equal(wt_broadcast_post(NULL, "x", 1), WT_EINVAL);
	assert_int_equal(wt_broadcast_post(a, NULL, 1), WT_EINVAL);
	assert_int_equal(wt_broadcast_post(a, "x", SIZE_MAX), WT_EOVERFLOW);
	assert_int_equal(wt_broadcast_send(NULL, &both), WT_EINVAL);
	assert_int_equal(wt_broadcast_send(a, NULL), WT_EINVAL);
	assert_int_equal(wt_broadcast_send(a, &both), WT_EINVAL);
	assert_int_equal(wt_broadcast_send(a, &reserved), WT_EINVAL);
	assert_int_equal(wt_broadcast_send(a, &many), WT_EINVAL);
	assert_int_equal(wt_broadcast_send(a, &(wt_outgoing){ .data = "x", .size = SIZE_MAX }), WT_EOVERFLOW);
	assert_hears_nothing(b, WT_EAGAIN);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* [M3] */
static void what_would_move_is_refused_and_stays(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	struct channel channel;
	wt_buffer *buffer;
	wt_sender *sender;
	wt_shared *shared;
	int fd = 0;
	wt_transfer list[2];
	wt_outgoing outgoing = { .data = "x", .size = 1, .transfer = list, .transfer_count = 2 };
	wt_port *port;

	(void)state;
	channel_open(&channel, NULL);
	port = channel.b;
	assert_int_equal(wt_buffer_create(&buffer, 10), 0);
	assert_int_equal(wt_port_sender(channel.a, &sender), 0);
	assert_int_equal(wt_shared_create(&shared, 10, 0), 0);
	list[0] = WT_SHARE(shared);
	list[1] = WT_MOVE(&buffer);
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EUNTRANSFERABLE);
	list[1] = WT_MOVE(&port);
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EUNTRANSFERABLE);
	list[1] = WT_MOVE(&sender);
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EUNTRANSFERABLE);
	list[1] = WT_MOVE(&fd);
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EUNTRANSFERABLE);
	list[1] = (wt_transfer){ .kind = 6, .what = shared };
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EINVAL);
	list[1] = WT_SHARE(NULL);
	assert_int_equal(wt_broadcast_send(a, &outgoing), WT_EINVAL);
	assert_non_null(buffer);
	assert_ptr_equal(port, channel.b);
	assert_non_null(sender);
	assert_int_equal(fd, 0);
	assert_hears_nothing(b, WT_EAGAIN);
	wt_buffer_destroy(buffer);
	wt_sender_close(sender);
	wt_shared_release(shared);
	channel_close(&channel);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* ---- Shared memory ---- */

static void send_shared(wt_broadcast *broadcast, wt_shared *shared)
{
	wt_transfer list[] = { WT_SHARE(shared) };

	assert_int_equal(wt_broadcast_send(broadcast, &(wt_outgoing){ .data = "table", .size = 5, .transfer = list,
								      .transfer_count = 1 }), 0);
}

static void each_receiver_takes_holds_of_shared_memory(void **state)
{
	wt_broadcast *a = open_name("news"), *listeners[2] = { open_name("news"), open_name("news") };
	wt_shared *shared, *taken, *again;
	wt_port *port;
	wt_message message;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, 100, 0), 0);
	send_shared(a, shared);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wt_broadcast_receive(listeners[i], &message, WT_NOW), 0);
		assert_memory_equal(message.data, "table", 5);
		assert_int_equal(message.transfer_count, 1);
		assert_int_equal(wt_message_transfer_kind(&message, 0), WT_TRANSFER_SHARED);
		assert_int_equal(wt_message_transfer_kind(&message, 1), 0);
		assert_int_equal(wt_message_take_shared(&message, 0, &taken), 0);
		assert_int_equal(wt_message_take_shared(&message, 0, &again), 0);
		assert_ptr_equal(wt_shared_data(taken), wt_shared_data(shared));
		assert_ptr_equal(taken, again);
		wt_shared_release(again);
		wt_shared_release(taken);
		assert_int_equal(wt_message_take_shared(&message, 1, &taken), WT_ERANGE);
		assert_int_equal(wt_message_take_port(&message, 0, &port), WT_EINVAL);
		wt_message_release(&message);
		assert_int_equal(wt_message_take_shared(&message, 0, &taken), WT_EINVAL);
		assert_null(taken);
	}
	wt_shared_release(shared);
	wt_broadcast_close(a);
	wt_broadcast_close(listeners[0]);
	wt_broadcast_close(listeners[1]);
}

static void shared_memory_is_let_go_when_all_have_had_the_message(void **state)
{
	wt_broadcast *a, *b, *c;
	wt_shared *shared;
	wt_message message;
	long before;

	(void)state;
	support_count();
	a = open_name("news");
	b = open_name("news");
	c = open_name("news");
	before = atomic_load(&support_counts.bytes);
	assert_int_equal(wt_shared_create(&shared, 100, 0), 0);
	send_shared(a, shared);
	wt_shared_release(shared);
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	wt_message_release(&message);
	assert_true(atomic_load(&support_counts.bytes) > before);
	wt_broadcast_close(c);
	assert_true(atomic_load(&support_counts.bytes) <= before);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* ---- Views ---- */

static void a_view_is_valid_until_released(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	wt_message message, copy;

	(void)state;
	post_word(a, "one");
	post_word(a, "two");
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	copy = message;
	wt_message_release(&message);
	assert_null(message.data);
	wt_message_release(&message);
	wt_message_release(&copy); /* outdated: nothing happens */
	assert_hears(b, "two");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void a_view_stays_while_others_post_and_the_endpoint_looks(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	char block[1000] = { 0 };
	wt_message message;

	(void)state;
	post_word(a, "keep");
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(wt_broadcast_post(a, block, sizeof block), 0);
		assert_int_equal(wt_broadcast_post(b, block, sizeof block), 0);
	}
	assert_int_equal(wt_broadcast_stats(b, &stats), 0);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_memory_equal(message.data, "keep", 4);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void a_message_of_a_broadcast_has_no_reply(void **state)
{
	wt_broadcast *a = open_name("news"), *b = open_name("news");
	wt_message message;

	(void)state;
	post_word(a, "question");
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	assert_int_equal(wt_message_reply(&message, &(wt_outgoing){ .data = "x", .size = 1 }), WT_EINVAL);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* ---- Closing, counting ---- */

/* [B4] */
static void close_drops_what_waits(void **state)
{
	wt_broadcast *a, *b;
	long before;

	(void)state;
	support_count();
	a = open_name("news");
	before = atomic_load(&support_counts.bytes);
	b = open_name("news");
	for (int i = 0; i < 10000; i++)
		post_word(a, "waits");
	wt_broadcast_close(b);
	wt_broadcast_close(NULL);
	assert_true(atomic_load(&support_counts.bytes) <= before + 3 * WTI_CHUNK_MAX);
	post_word(a, "nobody");
	wt_broadcast_close(a);
}

static void counters_say_what_happened(void **state)
{
	wt_broadcast *a = open_name("news"), *b;
	struct wt_broadcast_stats stats = { .size = sizeof stats };

	(void)state;
	assert_int_equal(wt_broadcast_open(&b, "news", 4, WT_BROADCAST_OPTIONS(.limit = 64)), 0);
	for (int i = 0; i < 5; i++)
		post_word(a, "12345678");
	assert_int_equal(wt_broadcast_stats(b, &stats), 0);
	assert_int_equal(stats.received, 0);
	assert_int_equal(stats.dropped, 3);
	assert_int_equal(stats.queued, 64);
	assert_int_equal(stats.limit, 64);
	assert_hears(b, "12345678");
	assert_int_equal(wt_broadcast_stats(b, &stats), 0);
	assert_int_equal(stats.received, 1);
	assert_int_equal(stats.received_bytes, 8);
	assert_int_equal(stats.queued, 32);
	assert_int_equal(wt_broadcast_stats(a, &stats), 0);
	assert_int_equal(stats.limit, 0);
	assert_int_equal(wt_broadcast_stats(NULL, &stats), WT_EINVAL);
	assert_int_equal(wt_broadcast_stats(a, NULL), WT_EINVAL);
	stats.size = 1;
	assert_int_equal(wt_broadcast_stats(a, &stats), WT_EINVAL);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* [B3] */
static void above_its_limit_an_endpoint_loses_the_oldest(void **state)
{
	wt_broadcast *a = open_name("news"), *b;

	(void)state;
	assert_int_equal(wt_broadcast_open(&b, "news", 4, WT_BROADCAST_OPTIONS(.limit = 2 * (24 + 8))), 0);
	post_word(a, "1");
	post_word(a, "2");
	post_word(a, "3");
	assert_hears(b, "2");
	post_word(a, "4");
	post_word(a, "5");
	assert_hears(b, "4");
	assert_hears(b, "5");
	assert_hears_nothing(b, WT_EAGAIN);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* [B3] */
static void above_its_limit_an_endpoint_may_be_closed(void **state)
{
	wt_broadcast *a = open_name("news"), *b;
	struct wt_broadcast_stats stats = { .size = sizeof stats };

	(void)state;
	assert_int_equal(wt_broadcast_open(&b, "news", 4,
					   WT_BROADCAST_OPTIONS(.limit = 64, .overflow = WT_BROADCAST_CLOSE)), 0);
	post_word(a, "1");
	post_word(a, "2");
	assert_hears(b, "1");
	post_word(a, "3");
	post_word(a, "4");
	assert_hears_nothing(b, WT_ECLOSED);
	assert_hears_nothing(b, WT_ECLOSED);
	assert_int_equal(wt_broadcast_post(b, "x", 1), WT_ECLOSED); /* [C3] */
	assert_int_equal(wt_broadcast_send(b, &(wt_outgoing){ .data = "x", .size = 1 }), WT_ECLOSED);
	post_word(a, "5");
	assert_int_equal(wt_broadcast_stats(b, &stats), 0);
	assert_int_equal(stats.dropped, 3);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(stats.received, 1);
	wt_broadcast_close(b);
	wt_broadcast_close(a);
}

/* [P1] */
static void a_post_without_memory_changes_nothing(void **state)
{
	wt_broadcast *a, *b;
	char *large;

	(void)state;
	support_count();
	a = open_name("news");
	b = open_name("news");
	large = calloc(1, 100000);
	support_fail_allocations(1, 0);
	assert_int_equal(wt_broadcast_post(a, "x", 1), WT_ENOMEM);
	assert_int_equal(wt_broadcast_post(a, large, 100000), WT_ENOMEM);
	support_fail_allocations(0, 0);
	assert_hears_nothing(b, WT_EAGAIN);
	post_word(a, "x");
	assert_hears(b, "x");
	free(large);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* Who never receives, as a publisher, keeps no memory for what it posts. */
static void a_publisher_keeps_no_memory(void **state)
{
	wt_broadcast *a, *b;
	char block[500] = { 0 };
	wt_message message;
	long before;

	(void)state;
	support_count();
	a = open_name("news");
	b = open_name("news");
	before = atomic_load(&support_counts.bytes);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(wt_broadcast_post(a, block, sizeof block), 0);
		assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
		assert_true(atomic_load(&support_counts.bytes) < before + 5 * WTI_CHUNK_MAX);
	}
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_post_reaches_every_other_endpoint_of_the_name),
		TEST(a_post_with_nobody_there_is_a_success),
		TEST(bytes_are_copied_when_post_returns),
		TEST(messages_of_any_size_arrive_whole),
		TEST(a_send_gathers_and_has_a_type),
		TEST(names_are_byte_strings_of_any_length),
		TEST(a_name_is_copied),
		TEST(a_name_of_nothing_is_nothing),
		TEST(many_names_share_the_table),
		TEST(open_refuses_what_makes_no_sense),
		TEST(options_of_other_versions_are_understood),
		TEST(posts_refuse_what_makes_no_sense),
		TEST(what_would_move_is_refused_and_stays),
		TEST(each_receiver_takes_holds_of_shared_memory),
		TEST(shared_memory_is_let_go_when_all_have_had_the_message),
		TEST(a_view_is_valid_until_released),
		TEST(a_view_stays_while_others_post_and_the_endpoint_looks),
		TEST(a_message_of_a_broadcast_has_no_reply),
		TEST(close_drops_what_waits),
		TEST(counters_say_what_happened),
		TEST(above_its_limit_an_endpoint_loses_the_oldest),
		TEST(above_its_limit_an_endpoint_may_be_closed),
		TEST(a_post_without_memory_changes_nothing),
		TEST(a_publisher_keeps_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
