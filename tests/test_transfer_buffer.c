/* SPDX-License-Identifier: MIT
 *
 * A list of one buffer, which takes a way of its own where nothing is in it:
 * that it is as any other list (test_transfer.c).
 */
#include <string.h>
#include <wt.h>

#include "port.h"
#include "support/random.h"
#include "support/transfer.h"

/* It has memory for what is sent from now on: without that, nothing goes the short way. */
static void channel_open_used(struct channel *channel, const wt_channel_options *options)
{
	channel_open(channel, options);
	post_text(channel->a, "first");
	assert_receives(channel->b, "first");
}

/* ---- Refused ---- */

/* A message with one buffer, and what a case makes wrong with it. */
struct attempt {
	wt_transfer list[1];
	wt_outgoing message;
	wt_buffer **variable;
	wt_time deadline;
};

static void variable_is_empty(struct attempt *attempt)
{
	static wt_buffer *none;

	attempt->list[0].what = &none;
}

static void variable_is_none(struct attempt *attempt)
{
	attempt->list[0].what = NULL;
}

static void list_is_none(struct attempt *attempt)
{
	attempt->message.transfer = NULL;
}

static void kind_is_unknown(struct attempt *attempt)
{
	attempt->list[0].kind = 99;
}

static void zero_is_not(struct attempt *attempt)
{
	attempt->list[0].zero = 1;
}

static void first_reserved_is_not_0(struct attempt *attempt)
{
	attempt->list[0].reserved[0] = 1;
}

static void second_reserved_is_not_0(struct attempt *attempt)
{
	attempt->list[0].reserved[1] = 1;
}

static void buffer_is_marked(struct attempt *attempt)
{
	wt_buffer_mark_untransferable(*attempt->variable);
}

static void message_has_a_bit_set(struct attempt *attempt)
{
	attempt->message.zero = 1;
}

static void message_has_no_bytes_but_a_size(struct attempt *attempt)
{
	attempt->message.size = 8;
}

static void size_has_no_sum(struct attempt *attempt)
{
	attempt->message.data = "";
	attempt->message.size = SIZE_MAX - 10;
}

static void deadline_is_negative(struct attempt *attempt)
{
	attempt->deadline = -1;
}

static const struct refused {
	void (*spoil)(struct attempt *attempt);
	int error;
} refused[] = {
	{ variable_is_empty, WT_EDETACHED },
	{ variable_is_none, WT_EINVAL },
	{ list_is_none, WT_EINVAL },
	{ kind_is_unknown, WT_EINVAL },
	{ zero_is_not, WT_EINVAL },
	{ first_reserved_is_not_0, WT_EINVAL },
	{ second_reserved_is_not_0, WT_EINVAL },
	{ buffer_is_marked, WT_EUNTRANSFERABLE },
	{ message_has_a_bit_set, WT_EINVAL },
	{ message_has_no_bytes_but_a_size, WT_EINVAL },
	{ size_has_no_sum, WT_EOVERFLOW },
	{ deadline_is_negative, WT_EINVAL },
};

/* [M3] The other end hears of the one that is in order alone. */
static void a_lone_buffer_that_is_refused_stays(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open_used(&channel, NULL);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		wt_buffer *buffer = wrap_counted(&deleted), *same = buffer;
		struct attempt attempt = {
			.list = { WT_MOVE(&buffer) },
			.message = { .transfer_count = 1 },
			.variable = &buffer,
			.deadline = WT_NOW,
		};

		attempt.message.transfer = attempt.list;
		refused[i].spoil(&attempt);
		assert_int_equal(wt_port_send(channel.a, &attempt.message, attempt.deadline), refused[i].error);
		assert_ptr_equal(buffer, same);
		assert_deleted(&deleted, i);
		wt_buffer_destroy(buffer);
	}
	post_text(channel.a, "in order");
	assert_receives(channel.b, "in order");
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), WT_EAGAIN);
	channel_close(&channel);
}

/* [M3] */
static void a_lone_buffer_stays_where_nobody_hears(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_buffer *buffer = wrap_counted(&deleted);

	(void)state;
	channel_open_used(&channel, NULL);
	wt_port_close(channel.b);
	assert_int_equal(wt_run(), 0);
	channel.b = NULL;
	assert_int_equal(send_with(channel.a, "", WT_MOVE(&buffer)), WT_ECLOSED);
	assert_non_null(buffer);
	wt_buffer_destroy(buffer);
	assert_deleted(&deleted, 1);
	channel_close(&channel);
}

/* ---- Bytes beside it ---- */

enum { BYTES_MAX = 200 };

static void send_bytes(wt_port *port, const struct iovec *iov, size_t count, uint32_t type, wt_buffer **buffer)
{
	wt_transfer list[] = { WT_MOVE(buffer) };
	wt_outgoing message = { .type = type, .transfer = list, .transfer_count = 1 };

	if (count == 1) {
		message.data = iov->iov_base;
		message.size = iov->iov_len;
	} else {
		message.iov = iov;
		message.iovcnt = count;
	}
	assert_int_equal(wt_port_send(port, &message, WT_NOW), 0);
	assert_null(*buffer);
}

static void assert_arrives(wt_port *port, const void *bytes, size_t size, uint32_t type, const void *at)
{
	wt_buffer *buffer;
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
	assert_int_equal(message.size, size);
	assert_int_equal(message.type, type);
	assert_int_equal(message.transfer_count, 1);
	assert_int_equal((uintptr_t)message.data % 8, 0);
	assert_int_equal(wt_message_transfer_kind(&message, 0), WT_TRANSFER_BUFFER);
	assert_memory_equal(message.data, bytes, size);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
	assert_ptr_equal(wt_buffer_data(buffer), at);
	assert_memory_equal(message.data, bytes, size);
	wt_buffer_destroy(buffer);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), WT_EDETACHED);
}

/* [M4] [T3] Of each size, in one piece and in two, whatever the channel is. */
static void bytes_go_along_with_a_lone_buffer(void **state)
{
	const wt_channel_options *const kinds[] = {
		NULL,
		WT_CHANNEL_OPTIONS(.single_producer = true),
		WT_CHANNEL_OPTIONS(.limit = 4096),
	};
	unsigned char bytes[BYTES_MAX];
	static unsigned char target[8];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
		struct channel channel;

		channel_open_used(&channel, kinds[kind]);
		for (uint32_t size = 0; size < BYTES_MAX; size++) {
			struct iovec iov[] = { { bytes, size }, { bytes, 0 } };

			for (size_t count = 1; count <= 2; count++) {
				wt_buffer *buffer;

				assert_int_equal(wt_buffer_wrap(&buffer, target, sizeof target, NULL, NULL), 0);
				send_bytes(channel.a, iov, count, size + 1, &buffer);
				assert_arrives(channel.b, bytes, size, size + 1, target);
			}
		}
		channel_close(&channel);
	}
}

/* ---- What it leaves ---- */

/* Another thread receives a message, then one with a buffer, which it destroys. */
struct taking {
	wt_port *port;
	struct verdict verdict;
};

static void take_two(void *arg)
{
	struct taking *taking = arg;
	wt_message message;
	wt_buffer *buffer = NULL;

	CHECK(&taking->verdict, wt_port_receive(taking->port, &message, WT_FOREVER) == 0);
	CHECK(&taking->verdict, wt_port_receive(taking->port, &message, WT_FOREVER) == 0);
	CHECK(&taking->verdict, wt_message_take_buffer(&message, 0, &buffer) == 0);
	wt_buffer_destroy(buffer);
}

/* Or is about to, and does not look at its port any more. */
static bool someone_sleeps(void *arg)
{
	(void)arg;
	return atomic_load(&support_counts.futex_waits) > 0;
}

static void a_lone_buffer_wakes_who_sleeps(void **state)
{
	struct deleted deleted = { 0 };
	struct taking taking = { .verdict = { 0 } };
	struct channel channel;
	struct other other;
	wt_buffer *buffer;

	(void)state;
	support_count();
	buffer = wrap_counted(&deleted);
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	taking.port = channel.b;
	post_text(channel.a, "first");
	support_count_reset();
	other_begin(&other, take_two, &taking);
	assert_true(await(someone_sleeps, NULL));
	assert_int_equal(send_with(channel.a, "second", WT_MOVE(&buffer)), 0);
	other_wait(&other);
	assert_verdict(&taking.verdict);
	assert_deleted(&deleted, 1);
	other_end(&other);
	wt_port_close(channel.a);
}

static void receive_and_take(wt_port *port, wt_buffer **buffer)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
	assert_int_equal(wt_message_take_buffer(&message, 0, buffer), 0);
}

/* The record of one that was taken gives its room back as others do, at the next receive. */
static void a_lone_buffer_that_was_taken_leaves_room(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_buffer *buffer = wrap_counted(&deleted), *second = wrap_counted(&deleted);

	(void)state;
	channel_open_used(&channel, WT_CHANNEL_OPTIONS(.limit = 256));
	for (int i = 0; i < 100; i++) {
		assert_int_equal(send_with(channel.a, "one", WT_MOVE(&buffer)), 0);
		assert_int_equal(send_with(channel.a, "two", WT_MOVE(&second)), 0);
		fill(channel.a);
		receive_and_take(channel.b, &buffer);
		receive_and_take(channel.b, &second);
		post_text(channel.a, "room for it");
		drain_all(channel.b);
	}
	wt_buffer_destroy(buffer);
	wt_buffer_destroy(second);
	channel_close(&channel);
}

/* Two go in circles for long, one of them always under way: what they leave is used again. */
static void buffers_in_a_stream_take_no_more_memory(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_buffer *buffer = wrap_counted(&deleted), *second = wrap_counted(&deleted);

	(void)state;
	channel_open_used(&channel, NULL);
	assert_int_equal(send_with(channel.a, "first", WT_MOVE(&buffer)), 0);
	for (int i = 0; i < 20000; i++) {
		wt_buffer **there = i % 2 ? &buffer : &second, **back = i % 2 ? &second : &buffer;

		assert_int_equal(send_with(channel.a, "next", WT_MOVE(there)), 0);
		receive_and_take(channel.b, back);
		assert_true(wti_ring_used(&channel.b->inbox) < 512); /* half of its memory */
	}
	receive_and_take(channel.b, &buffer);
	wt_buffer_destroy(buffer);
	wt_buffer_destroy(second);
	channel_close(&channel);
}

struct nesting {
	wt_buffer *taken;
	int error;
};

/* Takes the first, and receives the second, which it leaves. */
static void take_and_receive(wt_port *port, wt_message *message, void *arg)
{
	struct nesting *nesting = arg;
	wt_message second;

	nesting->error = wt_message_take_buffer(message, 0, &nesting->taken);
	if (!nesting->error)
		nesting->error = wt_port_receive(port, &second, WT_NOW);
}

/* [T4] */
static void what_a_callback_received_and_left_is_deleted(void **state)
{
	struct deleted deleted = { 0 };
	struct nesting nesting = { 0 };
	struct channel channel;
	wt_buffer *buffer = wrap_counted(&deleted), *second = wrap_counted(&deleted);
	size_t drained;

	(void)state;
	channel_open_used(&channel, NULL);
	assert_int_equal(send_with(channel.a, "taken", WT_MOVE(&buffer)), 0);
	assert_int_equal(send_with(channel.a, "left", WT_MOVE(&second)), 0);
	assert_int_equal(wt_port_drain(channel.b, take_and_receive, &nesting, 0, &drained), 0);
	assert_int_equal(nesting.error, 0);
	assert_deleted(&deleted, 1);
	wt_buffer_destroy(nesting.taken);
	assert_deleted(&deleted, 2);
	channel_close(&channel);
}

/* ---- Any order ---- */

enum { WALK_STEPS = 40000, WALK_QUEUED = 100 };

/* What a walk has sent and not received yet, and what it counts. */
struct walk {
	struct channel channel;
	uint64_t random;
	struct deleted deleted;
	uint32_t sent, received;
	unsigned gone; /* buffers of messages before the last received */
	struct walk_message {
		size_t size;
		size_t buffers;
	} queued[WALK_QUEUED];
};

static size_t below(struct walk *walk, size_t bound)
{
	return support_random(&walk->random) % bound;
}

static unsigned char walk_byte(uint32_t number, size_t index)
{
	return (unsigned char)(number * 31 + index);
}

static void walk_send(struct walk *walk)
{
	struct walk_message *queued = &walk->queued[walk->sent % WALK_QUEUED];
	unsigned char bytes[BYTES_MAX];
	wt_buffer *buffer[2] = { NULL, NULL };
	wt_transfer list[] = { WT_MOVE(&buffer[0]), WT_MOVE(&buffer[1]) };

	queued->size = below(walk, below(walk, 4) ? 60 : BYTES_MAX);
	queued->buffers = below(walk, 8) ? below(walk, 2) : 2;
	for (size_t i = 0; i < queued->size; i++)
		bytes[i] = walk_byte(walk->sent, i);
	for (size_t i = 0; i < queued->buffers; i++)
		buffer[i] = wrap_counted(&walk->deleted);
	assert_int_equal(wt_port_send(walk->channel.a,
				      &(wt_outgoing){ .data = bytes,
						      .size = queued->size,
						      .type = walk->sent,
						      .transfer = list,
						      .transfer_count = queued->buffers },
				      WT_NOW),
			 0);
	walk->sent++;
}

/* Some are taken, the others deleted by the end of the view, which comes with the next message at the latest. */
static void walk_receive(struct walk *walk)
{
	const struct walk_message *queued = &walk->queued[walk->received % WALK_QUEUED];
	wt_message message;

	assert_int_equal(wt_port_receive(walk->channel.b, &message, WT_NOW), 0);
	assert_deleted(&walk->deleted, walk->gone);
	assert_int_equal(message.type, walk->received);
	assert_int_equal(message.size, queued->size);
	assert_int_equal(message.transfer_count, queued->buffers);
	for (size_t i = 0; i < queued->size; i++)
		assert_int_equal(((const unsigned char *)message.data)[i], walk_byte(walk->received, i));
	for (size_t i = 0; i < queued->buffers; i++) {
		wt_buffer *buffer;

		if (!below(walk, 3))
			continue;
		assert_int_equal(wt_message_take_buffer(&message, i, &buffer), 0);
		wt_buffer_destroy(buffer);
	}
	if (!below(walk, 3))
		wt_message_release(&message);
	walk->gone += (unsigned)queued->buffers;
	walk->received++;
}

/* A queue of up to so many, in pieces of memory that are small at first. */
static void walk(struct walk *walk, const wt_channel_options *options)
{
	channel_open(&walk->channel, options);
	for (unsigned i = 0; i < WALK_STEPS / support_slowdown(); i++) {
		bool empty = walk->sent == walk->received, full = walk->sent - walk->received == WALK_QUEUED;

		/* It is empty often, and full now and then. */
		if (!full && (empty || below(walk, i % 4000 < 2000 ? 3 : 2)))
			walk_send(walk);
		else
			walk_receive(walk);
	}
	while (walk->received != walk->sent && below(walk, 50))
		walk_receive(walk);
	while (walk->received != walk->sent) {
		walk->gone += (unsigned)walk->queued[walk->received % WALK_QUEUED].buffers;
		walk->received++;
	}
	channel_close(&walk->channel);
	assert_deleted(&walk->deleted, walk->gone);
}

/* [T4] What was not taken is deleted with its message, once, also where the port is closed before it is received. */
static void in_any_order_each_buffer_has_one_end(void **state)
{
	const wt_channel_options *const kinds[] = {
		NULL,
		WT_CHANNEL_OPTIONS(.capacity = 256),
		WT_CHANNEL_OPTIONS(.single_producer = true, .capacity = 256),
		WT_CHANNEL_OPTIONS(.limit = (size_t)1 << 20),
	};

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct walk that = { .random = support_seed() + i };

		walk(&that, kinds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lone_buffer_that_is_refused_stays),
		TEST(a_lone_buffer_stays_where_nobody_hears),
		TEST(bytes_go_along_with_a_lone_buffer),
		TEST(a_lone_buffer_wakes_who_sleeps),
		TEST(a_lone_buffer_that_was_taken_leaves_room),
		TEST(buffers_in_a_stream_take_no_more_memory),
		TEST(what_a_callback_received_and_left_is_deleted),
		TEST(in_any_order_each_buffer_has_one_end),
	};

	return cmocka_run_group_tests_name("transfer_buffer", tests, NULL, NULL);
}
