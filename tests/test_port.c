/* SPDX-License-Identifier: MIT */
#include "port.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>

#include "alloc.h"
#include "support/ports.h"
#include "support/support.h"

/* ---- Create ---- */

static void messages_arrive_at_the_other_end_in_both_directions(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "to b");
	post_text(channel.b, "to a");
	assert_receives(channel.a, "to a");
	assert_receives(channel.b, "to b");
	assert_receives_nothing(channel.a, WT_EAGAIN);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

static void default_options_are_those_of_null(void **state)
{
	wt_channel_options options;
	struct channel channel;

	(void)state;
	memset(&options, 0x55, sizeof options);
	wt_channel_options_init(&options);
	assert_int_equal(options.size, sizeof options);
	assert_int_equal(options.capacity, 0);
	assert_int_equal(options.limit, 0);
	assert_false(options.single_producer);
	channel_open(&channel, &options);
	assert_int_equal(channel.b->inbox.limit, WTI_NO_LIMIT);
	post_text(channel.a, "one");
	assert_receives(channel.b, "one");
	channel_close(&channel);
}

/* Post until the port refuses; the number of messages it took. */
static unsigned fill(wt_port *port, size_t size, int *refusal)
{
	void *bytes = calloc(1, size ? size : 1);
	unsigned n = 0;

	assert_non_null(bytes);
	while ((*refusal = wt_port_post(port, bytes, size)) == 0)
		n++;
	free(bytes);
	return n;
}

static unsigned empty(wt_port *port)
{
	wt_message message;
	unsigned n = 0;

	while (wt_port_receive(port, &message, WT_NOW) == 0)
		n++;
	return n;
}

static void channels_of_any_capacity_carry_messages(void **state)
{
	static const size_t capacities[] = { 0, 1, 8, 255, 256, 257, 1000, 1 << 20, (size_t)1 << 62 };

	(void)state;
	for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
		struct channel channel;

		channel_open(&channel, WT_CHANNEL_OPTIONS(.capacity = capacities[i]));
		for (int j = 0; j < 100; j++)
			post_text(channel.a, "a message of some length");
		for (int j = 0; j < 100; j++)
			assert_receives(channel.b, "a message of some length");
		assert_receives_nothing(channel.b, WT_EAGAIN);
		channel_close(&channel);
	}
}

/* ---- Post ---- */

/* [M2] [M4] Whatever the sender does with its buffer afterwards. */
static void post_copies_the_bytes(void **state)
{
	static const size_t sizes[] = { 16, 17, 100, 1000, 5000, 32751, 32752, 32753, 32768, 100000, 1 << 20 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *bytes = malloc(sizes[i]);

		assert_non_null(bytes);
		element_fill(bytes, sizes[i], i, i * 7);
		assert_int_equal(wt_port_post(channel.a, bytes, sizes[i]), 0);
		memset(bytes, 0xff, sizes[i]);
		free(bytes);
	}
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_message message;
		uint32_t producer;
		uint64_t sequence;

		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.size, sizes[i]);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_int_equal(producer, i);
		assert_int_equal(sequence, i * 7);
	}
	channel_close(&channel);
}

/* [M5] Nobody looks at the port for now: no loop runs, no handler is set. */
static void messages_wait_for_a_handler_that_comes_later(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(wt_run_once(WT_NOW), 0);
	post_text(channel.a, "two");
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_events(&events, "one two");
	channel_close(&channel);
}

/* [M6] The sender's thread has no loop, and sleeps in something else altogether until the message has come. */
static void post_and_wait(void *arg)
{
	void **given = arg;

	if (wt_port_post(given[0], "alone", 5) == 0)
		latch_await(given[1]);
}

static void delivery_does_not_wait_for_the_sender(void **state)
{
	struct latch received = { 0 };
	struct channel channel;
	struct other other;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	other_start(&other);
	other_begin(&other, post_and_wait, (void *[]){ channel.a, &received });
	assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(10000)), 0);
	assert_memory_equal(message.data, "alone", 5);
	latch_open(&received);
	other_end(&other);
	channel_close(&channel);
}

static void post_from_unknown_thread(void *arg)
{
	void **given = arg;
	struct verdict *verdict = given[1];

	CHECK(verdict, wt_port_post(given[0], "from afar", 9) == 0);
	CHECK(verdict, wt_port_post_many(given[0], &(struct iovec){ .iov_base = "many", .iov_len = 4 }, 1, NULL) == 0);
	CHECK(verdict, wt_port_send(given[0], &(wt_outgoing){ .data = "sent", .size = 4 }, WT_NOW) == 0);
	CHECK(verdict, !wti_thread_peek());
}

static void a_thread_can_post_that_libwt_never_saw(void **state)
{
	struct verdict verdict = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	run_on_new_thread(post_from_unknown_thread, (void *[]){ channel.a, &verdict });
	assert_verdict(&verdict);
	assert_receives(channel.b, "from afar");
	assert_receives(channel.b, "many");
	assert_receives(channel.b, "sent");
	channel_close(&channel);
}

/* ---- Many producers ---- */

enum { PRODUCERS = 8, ELEMENT_MAX = 200 };

struct producer {
	pthread_t thread;
	wt_port *port;
	uint32_t id;
	uint64_t count;
	size_t size_max;
	uint64_t seed;
	struct verdict *verdict;
};

static void *producer_run(void *arg)
{
	struct producer *producer = arg;
	unsigned char bytes[ELEMENT_MAX];

	for (uint64_t i = 0; i < producer->count; i++) {
		uint64_t random = support_random(&producer->seed);
		size_t size = 16 + random % (producer->size_max - 15);
		int err;

		element_fill(bytes, size, producer->id, i);
		if (random >> 63)
			err = wt_port_post(producer->port, bytes, size);
		else
			err = wt_port_send(producer->port, &(wt_outgoing){ .data = bytes, .size = size }, WT_FOREVER);
		while (err == WT_EAGAIN)
			err = wt_port_send(producer->port, &(wt_outgoing){ .data = bytes, .size = size }, WT_FOREVER);
		if (err)
			verdict_fail(producer->verdict, __FILE__, __LINE__, "sent: %s", wt_strerror(err));
	}
	return NULL;
}

/* Eight threads post on one port; the runner receives all of it, and in each one's order. */
static void post_from_all(const wt_channel_options *options, uint64_t count, size_t size_max)
{
	struct producer producers[PRODUCERS];
	uint64_t next[PRODUCERS] = { 0 };
	struct verdict verdict = { 0 };
	uint64_t seed = support_seed();
	struct channel channel;
	wt_message message;

	channel_open(&channel, options);
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .port = channel.a, .id = i, .count = count, .size_max = size_max };
		producers[i].seed = seed + i;
		producers[i].verdict = &verdict;
		assert_int_equal(pthread_create(&producers[i].thread, NULL, producer_run, &producers[i]), 0);
	}
	for (uint64_t i = 0; i < count * PRODUCERS; i++) {
		uint32_t producer = PRODUCERS;
		uint64_t sequence;
		int err = wt_port_receive(channel.b, &message, wt_after_ms(20000));

		CHECK(&verdict, err == 0);
		if (atomic_load(&verdict.failed))
			break;
		CHECK(&verdict, element_check(message.data, message.size, &producer, &sequence));
		CHECK(&verdict, producer < PRODUCERS && sequence == next[producer]);
		if (producer < PRODUCERS)
			next[producer]++;
	}
	if (atomic_load(&verdict.failed))
		wt_port_close(channel.b); /* so that nobody waits for room */
	for (uint32_t i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	assert_verdict(&verdict);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M1] [M2] */
static void many_producers_lose_repeat_and_reorder_nothing(void **state)
{
	(void)state;
	post_from_all(NULL, 50000 / support_slowdown(), ELEMENT_MAX);
}

/* [M1] [M2] The producers wait for room all the time. */
static void many_producers_share_a_narrow_port(void **state)
{
	(void)state;
	post_from_all(WT_CHANNEL_OPTIONS(.limit = 1000, .capacity = 300), 5000 / support_slowdown(), ELEMENT_MAX);
}

/*
 * [M2] Whoever finds room may find it taken a moment later, and waits again:
 * a wait without a limit never ends by its deadline.
 */
static void many_producers_compete_for_room_for_one_message(void **state)
{
	(void)state;
	post_from_all(WT_CHANNEL_OPTIONS(.limit = 24), 5000 / support_slowdown(), 16);
}

/* [M1] The promise of a single producer, whose port grows and wraps. */
static void a_single_producer_keeps_its_order(void **state)
{
	uint64_t count = 300000 / support_slowdown();
	struct verdict verdict = { 0 };
	struct producer producer = { .count = count, .size_max = ELEMENT_MAX, .verdict = &verdict };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.single_producer = true));
	producer.port = channel.a;
	producer.seed = support_seed();
	assert_int_equal(pthread_create(&producer.thread, NULL, producer_run, &producer), 0);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t sequence = 0;
		uint32_t id;

		if (wt_port_receive(channel.b, &message, wt_after_ms(20000)) != 0)
			break;
		CHECK(&verdict, element_check(message.data, message.size, &id, &sequence));
		CHECK(&verdict, sequence == i);
	}
	pthread_join(producer.thread, NULL);
	assert_verdict(&verdict);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* ---- The limit ---- */

/* [M3] A record of 8 bytes takes 16. */
static void a_full_port_refuses_a_post_and_loses_nothing(void **state)
{
	struct channel channel;
	int refusal;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	for (int round = 0; round < 100; round++) {
		assert_int_equal(fill(channel.a, 8, &refusal), 4);
		assert_int_equal(refusal, WT_EAGAIN);
		assert_int_equal(wt_port_post(channel.a, NULL, 0), WT_EAGAIN);
		assert_int_equal(empty(channel.b), 4);
	}
	channel_close(&channel);
}

static void the_limit_counts_each_direction_by_itself(void **state)
{
	struct channel channel;
	int refusal;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	assert_int_equal(fill(channel.a, 8, &refusal), 4);
	assert_int_equal(fill(channel.b, 8, &refusal), 4);
	assert_int_equal(empty(channel.a), 4);
	assert_int_equal(empty(channel.b), 4);
	channel_close(&channel);
}

static void a_message_above_the_limit_never_fits(void **state)
{
	static unsigned char bytes[200000];
	struct channel channel;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1000));
	assert_int_equal(wt_port_post(channel.a, bytes, 992), 0);
	assert_int_equal(wt_port_post(channel.a, bytes, 993), WT_EMSGSIZE);
	assert_int_equal(wt_port_send(channel.a, &(wt_outgoing){ .data = bytes, .size = 993 }, WT_FOREVER), WT_EMSGSIZE);
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), WT_EMSGSIZE);
	assert_int_equal(empty(channel.b), 1);
	channel_close(&channel);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 100000));
	assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), WT_EMSGSIZE);
	assert_int_equal(wt_port_post(channel.a, bytes, 60000), 0);
	assert_int_equal(wt_port_post(channel.a, bytes, 60000), WT_EAGAIN);
	assert_int_equal(empty(channel.b), 1);
	assert_int_equal(wt_port_post(channel.a, bytes, 60000), 0);
	assert_int_equal(empty(channel.b), 1);
	channel_close(&channel);
}

/* ---- Several at once ---- */

static struct iovec text_iov(const char *text)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
}

static void post_many_posts_each_as_a_message(void **state)
{
	struct iovec messages[] = { text_iov("one"), text_iov(""), text_iov("three"), { .iov_base = NULL } };
	struct channel channel;
	size_t posted = 77;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_post_many(channel.a, messages, 4, &posted), 0);
	assert_int_equal(posted, 4);
	assert_int_equal(wt_port_post_many(channel.a, messages, 0, &posted), 0);
	assert_int_equal(posted, 0);
	assert_int_equal(wt_port_post_many(channel.a, NULL, 0, NULL), 0);
	assert_receives(channel.b, "one");
	assert_receives(channel.b, "");
	assert_receives(channel.b, "three");
	assert_receives(channel.b, "");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* More than a segment, small ones and large ones in turn. */
static void post_many_posts_any_number_of_any_size(void **state)
{
	enum { COUNT = 3000 };
	struct iovec *messages = calloc(COUNT, sizeof *messages);
	struct channel channel;
	size_t posted;

	(void)state;
	assert_non_null(messages);
	for (uint32_t i = 0; i < COUNT; i++) {
		messages[i].iov_len = i % 500 == 499 ? 40000 : 16 + i % 300;
		messages[i].iov_base = malloc(messages[i].iov_len);
		assert_non_null(messages[i].iov_base);
		element_fill(messages[i].iov_base, messages[i].iov_len, 1, i);
	}
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_post_many(channel.a, messages, COUNT, &posted), 0);
	assert_int_equal(posted, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		wt_message message;
		uint32_t producer;
		uint64_t sequence;

		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.size, messages[i].iov_len);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_int_equal(sequence, i);
		free(messages[i].iov_base);
	}
	free(messages);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M3] */
static void post_many_stops_where_there_is_no_room_and_says_where(void **state)
{
	struct iovec messages[10];
	struct channel channel;
	size_t posted;

	(void)state;
	for (int i = 0; i < 10; i++)
		messages[i] = text_iov(i == 8 ? "a message that is too large for this port, whatever it holds, now or later"
					      : "8 bytes.");
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 80));
	assert_int_equal(wt_port_post_many(channel.a, messages, 10, &posted), WT_EAGAIN);
	assert_int_equal(posted, 5);
	assert_int_equal(wt_port_post_many(channel.a, messages, 10, &posted), WT_EAGAIN);
	assert_int_equal(posted, 0);
	assert_int_equal(empty(channel.b), 5);
	assert_int_equal(wt_port_post_many(channel.a, messages + 6, 4, &posted), WT_EMSGSIZE);
	assert_int_equal(posted, 2);
	assert_receives(channel.b, "8 bytes.");
	assert_receives(channel.b, "8 bytes.");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M3] */
static void post_many_with_an_impossible_message_posts_none(void **state)
{
	struct iovec messages[] = { text_iov("good"), { .iov_base = NULL, .iov_len = 1 } };
	struct channel channel;
	size_t posted = 77;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_post_many(channel.a, messages, 2, &posted), WT_EINVAL);
	assert_int_equal(posted, 0);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* ---- Send ---- */

static void send_carries_the_type_and_gathers_the_bytes(void **state)
{
	struct iovec pieces[] = { text_iov("ga"), text_iov(""), { .iov_base = NULL }, text_iov("the"), text_iov("red") };
	wt_outgoing gathered = { .iov = pieces, .iovcnt = 5, .type = UINT32_MAX };
	wt_outgoing plain = { .data = "plain", .size = 5, .type = 1 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_send(channel.a, &gathered, WT_NOW), 0);
	assert_int_equal(wt_port_send(channel.a, &plain, WT_FOREVER), 0);
	assert_int_equal(wt_port_post(channel.a, "posted", 6), 0);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.size, 8);
	assert_memory_equal(message.data, "gathered", 8);
	assert_int_equal(message.type, UINT32_MAX);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.type, 1);
	assert_memory_equal(message.data, "plain", 5);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.type, 0);
	channel_close(&channel);
}

static void send_gathers_what_is_too_large_for_the_ring(void **state)
{
	enum { SIZE = 100000 };
	unsigned char *bytes = malloc(SIZE);
	struct iovec pieces[3];
	struct channel channel;
	wt_message message;
	uint64_t sequence;
	uint32_t producer;

	(void)state;
	assert_non_null(bytes);
	element_fill(bytes, SIZE, 5, 6);
	pieces[0] = (struct iovec){ .iov_base = bytes, .iov_len = 1 };
	pieces[1] = (struct iovec){ .iov_base = bytes + 1, .iov_len = 50000 };
	pieces[2] = (struct iovec){ .iov_base = bytes + 50001, .iov_len = SIZE - 50001 };
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_send(channel.a, &(wt_outgoing){ .iov = pieces, .iovcnt = 3, .type = 9 }, WT_NOW), 0);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.size, SIZE);
	assert_int_equal(message.type, 9);
	assert_true(element_check(message.data, message.size, &producer, &sequence));
	free(bytes);
	channel_close(&channel);
}

static const wt_outgoing eight_bytes = { .data = "8 bytes.", .size = 8 };

/* The other thread's share of what follows: send on the port, and note what came of it. */
struct sending {
	wt_port *port;
	wt_outgoing message;
	wt_time deadline;
	wt_time ended;
	int err;
	struct verdict verdict;
};

static void sending_run(void *arg)
{
	struct sending *sending = arg;

	sending->err = wt_port_send(sending->port, &sending->message, sending->deadline);
	sending->ended = wt_now();
}

static bool someone_waits_for_room(void *arg)
{
	return wti_waiters_any(&((wt_port *)arg)->senders);
}

static void send_gives_up_at_its_deadline_and_not_before(void **state)
{
	struct channel channel;
	struct sending sending;
	int refusal;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	fill(channel.a, 8, &refusal);
	assert_int_equal(wt_port_send(channel.a, &eight_bytes, WT_NOW), WT_EAGAIN);
	sending = (struct sending){ .port = channel.a, .message = eight_bytes, .deadline = wt_after_ms(20) };
	run_on_new_thread(sending_run, &sending);
	assert_int_equal(sending.err, WT_ETIMEDOUT);
	assert_true(sending.ended >= sending.deadline);
	sending.deadline = 1; /* long ago */
	run_on_new_thread(sending_run, &sending);
	assert_int_equal(sending.err, WT_ETIMEDOUT);
	assert_int_equal(empty(channel.b), 4);
	channel_close(&channel);
}

static void send_goes_on_when_there_is_room(void **state)
{
	struct channel channel;
	struct sending sending;
	struct other other;
	size_t received;
	int refusal;

	(void)state;
	other_start(&other);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	sending = (struct sending){ .port = channel.a, .message = eight_bytes, .deadline = WT_FOREVER };
	fill(channel.a, 8, &refusal);
	other_begin(&other, sending_run, &sending);
	assert_true(await(someone_waits_for_room, channel.b));
	/* The sender may be quick enough to be emptied with the rest. */
	received = empty(channel.b);
	other_wait(&other);
	received += empty(channel.b);
	other_end(&other);
	assert_int_equal(sending.err, 0);
	assert_int_equal(received, 5);
	channel_close(&channel);
}

/* The loop takes the messages, and sleeps then: the sender must have been woken before. */
static void stop_after_the_fifth(wt_port *port, wt_message *message, void *arg)
{
	unsigned long *count = arg;

	(void)port;
	(void)message;
	if (++*count == 5)
		wt_stop();
}

static void send_goes_on_when_the_loop_has_made_room(void **state)
{
	struct channel channel;
	unsigned long count = 0;
	struct sending sending;
	struct other other;
	int refusal;

	(void)state;
	other_start(&other);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	sending = (struct sending){ .port = channel.a, .message = eight_bytes, .deadline = WT_FOREVER };
	fill(channel.a, 8, &refusal);
	other_begin(&other, sending_run, &sending);
	assert_true(await(someone_waits_for_room, channel.b));
	wt_port_on_message(channel.b, stop_after_the_fifth, &count);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(count, 5);
	other_wait(&other);
	assert_int_equal(sending.err, 0);
	other_end(&other);
	channel_close(&channel);
}

/*
 * Make the ring link another segment for a post that is then refused, and
 * take all that was posted. Nothing is left in the port but that link.
 */
static void leave_a_bare_link(struct channel *channel)
{
	static const unsigned char bytes[992];
	int err;

	channel_open(channel, WT_CHANNEL_OPTIONS(.capacity = 256, .limit = 1000));
	for (int i = 0; i < 13; i++)
		assert_int_equal(wt_port_post(channel->a, bytes, 8), 0);
	err = wt_port_post(channel->a, bytes, 784);
	assert_true(err == 0 || err == WT_EAGAIN);
	while (wti_ring_ready(&channel->b->inbox)) {
		wt_message message;

		assert_int_equal(wt_port_receive(channel->b, &message, WT_NOW), 0);
		wt_message_release(&message);
	}
}

static const unsigned char largest[992];

/* A sender needs the whole port, and the receiver sleeps: neither may wait for the other. */
static void the_largest_message_finds_room_while_the_receiver_waits(void **state)
{
	struct sending sending = { .message = { .data = largest, .size = sizeof largest } };
	struct channel channel;
	wt_message message;
	struct other other;
	int err;

	(void)state;
	other_start(&other);
	leave_a_bare_link(&channel);
	sending.port = channel.a;
	sending.deadline = wt_after_ms(3000);
	other_begin(&other, sending_run, &sending);
	err = wt_port_receive(channel.b, &message, wt_after_ms(1000));
	other_end(&other);
	channel_close(&channel);
	assert_int_equal(err, 0);
	assert_int_equal(message.size, sizeof largest);
	assert_int_equal(sending.err, 0);
}

static void the_largest_message_finds_room_while_the_loop_waits(void **state)
{
	struct sending sending = { .message = { .data = largest, .size = sizeof largest } };
	unsigned long count = 0;
	struct channel channel;
	struct other other;
	int calls;

	(void)state;
	other_start(&other);
	leave_a_bare_link(&channel);
	wt_port_on_message(channel.b, count_message, &count);
	sending.port = channel.a;
	sending.deadline = wt_after_ms(3000);
	other_begin(&other, sending_run, &sending);
	calls = wt_run_once(wt_after_ms(1000));
	other_end(&other);
	channel_close(&channel);
	assert_int_equal(calls, 1);
	assert_int_equal(sending.err, 0);
}

static void send_does_not_wait_for_its_own_thread(void **state)
{
	struct channel channel;
	int refusal;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	fill(channel.a, 8, &refusal);
	assert_int_equal(wt_port_send(channel.a, &eight_bytes, WT_FOREVER), WT_EDEADLK);
	assert_int_equal(wt_port_send(channel.a, &eight_bytes, wt_after_ms(10000)), WT_EDEADLK);
	assert_int_equal(wt_port_send(channel.a, &eight_bytes, WT_NOW), WT_EAGAIN);
	assert_int_equal(empty(channel.b), 4);
	assert_int_equal(wt_port_send(channel.a, &eight_bytes, WT_FOREVER), 0);
	channel_close(&channel);
}

/* ---- Handlers and liveness ---- */

static void empty_elsewhere(void *arg)
{
	struct sending *sending = arg;

	CHECK(&sending->verdict, empty(sending->port) == 4);
}

/*
 * What each thread has to say waits for the other one to listen, which that
 * does only when it has been heard. A deadline is the way out, and no message
 * is lost by it; nobody waits any more when one of the two listens.
 */
static void two_that_wait_for_room_at_each_other_time_out(void **state)
{
	struct sending here = { .message = eight_bytes }, there = { .message = eight_bytes };
	struct channel channel;
	struct other other;
	int refusal;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, WT_CHANNEL_OPTIONS(.limit = 64));
	here.port = channel.a;
	there.port = channel.b;
	assert_int_equal(fill(channel.a, 8, &refusal), 4);
	assert_int_equal(fill(channel.b, 8, &refusal), 4);
	here.deadline = there.deadline = wt_after_ms(30);
	other_begin(&other, sending_run, &there);
	sending_run(&here);
	other_wait(&other);
	assert_int_equal(here.err, WT_ETIMEDOUT);
	assert_int_equal(there.err, WT_ETIMEDOUT);
	assert_true(here.ended >= here.deadline && there.ended >= there.deadline);

	here.deadline = wt_after_ms(30);
	there.deadline = WT_FOREVER;
	other_begin(&other, sending_run, &there);
	sending_run(&here);
	assert_int_equal(here.err, WT_ETIMEDOUT);
	assert_in_range(empty(channel.a), 4, 5);
	other_wait(&other);
	assert_int_equal(there.err, 0);
	other_run(&other, empty_elsewhere, &there);
	assert_verdict(&there.verdict);
	other_end(&other);
	wt_port_close(channel.a);
}

static void a_message_handler_starts_and_refs_the_port(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_false(wt_port_has_ref(channel.b));
	assert_false(wt_loop_alive());
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(wt_port_has_ref(channel.b));
	assert_false(wt_port_has_ref(channel.a));
	assert_true(wt_loop_alive());
	post_text(channel.a, "one");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one");
	wt_port_on_message(channel.b, NULL, NULL);
	assert_false(wt_port_has_ref(channel.b));
	assert_false(wt_loop_alive());
	post_text(channel.a, "two");
	assert_int_equal(wt_run_once(WT_NOW), 0);
	assert_receives(channel.b, "two");
	channel_close(&channel);
}

static void a_stopped_port_keeps_its_messages_waiting(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_stop(channel.b);
	wt_port_stop(channel.b);
	post_text(channel.a, "one");
	assert_true(wt_port_has_ref(channel.b));
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	wt_port_start(channel.b);
	wt_port_start(channel.b);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one");
	channel_close(&channel);
}

static void stop_at_the_first(wt_port *port, wt_message *message, void *arg)
{
	events_on_message(port, message, arg);
	wt_port_stop(port);
}

static void a_handler_that_stops_its_port_is_not_called_again(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, stop_at_the_first, &events);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_events(&events, "one");
	wt_port_start(channel.b);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one two");
	channel_close(&channel);
}

static void hand_over_to_another(wt_port *port, wt_message *message, void *arg)
{
	events_add(arg, "first:%.*s", (int)message->size, (const char *)message->data);
	wt_port_on_message(port, events_on_message, arg);
}

static void a_handler_set_in_a_callback_gets_the_next_message(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, hand_over_to_another, &events);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_events(&events, "first:one two");
	channel_close(&channel);
}

static void ref_and_unref_do_not_add_up(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_ref(channel.a);
	wt_port_ref(channel.a);
	assert_true(wt_port_has_ref(channel.a));
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	wt_port_unref(channel.a);
	assert_false(wt_port_has_ref(channel.a));
	assert_false(wt_loop_alive());
	wt_port_unref(channel.a);
	assert_int_equal(wt_run(), 0);
	wt_port_ref(channel.a);
	wt_port_close(channel.a);
	assert_false(wt_loop_alive());
	wt_port_close(channel.b);
}

static void an_unrefed_port_is_served_while_something_else_runs_the_loop(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_unref(channel.b);
	assert_int_equal(wt_run(), 0);
	post_text(channel.a, "one");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one");
	channel_close(&channel);
}

/* ---- Memory that is refused ---- */

static void create_out_of_memory(void *arg)
{
	struct verdict *verdict = arg;
	unsigned long n;

	for (n = 1; n < 100; n++) {
		wt_port *a = (wt_port *)&n, *b = (wt_port *)&n;
		int err;

		support_fail_allocations(n, 1);
		err = wt_channel_create(&a, &b, NULL);
		if (err == 0) {
			wt_port_close(a);
			wt_port_close(b);
			break;
		}
		CHECK(verdict, err == WT_ENOMEM);
		CHECK(verdict, !a && !b);
	}
	CHECK(verdict, n > 1 && n < 100);
	support_fail_allocations(0, 0);
}

/* On a thread of its own, which has no record yet. */
static void create_survives_every_failing_allocation(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	support_count();
	run_on_new_thread(create_out_of_memory, &verdict);
	assert_verdict(&verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
	assert_int_equal(atomic_load(&support_counts.allocations), atomic_load(&support_counts.frees));
}

enum way { BY_POST, BY_POST_MANY, BY_SEND, BY_SEND_IOV, WAYS };

static int put(wt_port *port, enum way way, void *bytes, size_t size)
{
	struct iovec halves[] = {
		{ .iov_base = bytes, .iov_len = size / 2 },
		{ .iov_base = (char *)bytes + size / 2, .iov_len = size - size / 2 },
	};
	struct iovec whole = { .iov_base = bytes, .iov_len = size };

	switch (way) {
	case BY_POST:
		return wt_port_post(port, bytes, size);
	case BY_POST_MANY:
		return wt_port_post_many(port, &whole, 1, NULL);
	case BY_SEND:
		return wt_port_send(port, &(wt_outgoing){ .data = bytes, .size = size }, WT_FOREVER);
	default:
		return wt_port_send(port, &(wt_outgoing){ .iov = halves, .iovcnt = 2 }, WT_FOREVER);
	}
}

/* Post so many messages, each again after every allocation of it that fails; receive them all. */
static unsigned long put_out_of_memory(enum way way, size_t size, unsigned count)
{
	unsigned char *bytes = malloc(size);
	unsigned long failures = 0;
	struct channel channel;

	assert_non_null(bytes);
	channel_open(&channel, NULL);
	for (unsigned i = 0; i < count; i++) {
		int err = WT_ENOMEM;

		element_fill(bytes, size, way, i);
		for (unsigned long n = 1; err && n < 20; n++) {
			support_fail_allocations(n, 1);
			err = put(channel.a, way, bytes, size);
			support_fail_allocations(0, 0);
			failures += err != 0;
			assert_true(err == 0 || err == WT_ENOMEM);
		}
		assert_int_equal(err, 0);
	}
	for (unsigned i = 0; i < count; i++) {
		wt_message message;
		uint32_t producer;
		uint64_t sequence;

		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.size, size);
		assert_true(element_check(message.data, size, &producer, &sequence));
		assert_int_equal(sequence, i);
	}
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
	free(bytes);
	return failures;
}

/* [M3] From the first segment through those that a backlog needs, and blocks for what no segment holds. */
static void posts_survive_every_failing_allocation(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	for (int way = 0; way < WAYS; way++) {
		assert_true(put_out_of_memory((enum way)way, 100, 5000) >= 3);
		assert_true(put_out_of_memory((enum way)way, 50000, 20) >= 20);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [M3] Out of memory for good: what was accepted is delivered, and the port works again afterwards. */
static void a_port_outlives_a_time_without_memory(void **state)
{
	struct channel channel;
	int refusal;
	unsigned n;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	support_fail_allocations(1, 0);
	n = fill(channel.a, 100, &refusal);
	assert_int_equal(refusal, WT_ENOMEM);
	assert_int_equal(wt_port_post(channel.a, "", 40000), WT_ENOMEM);
	assert_receives(channel.b, "one");
	assert_int_equal(empty(channel.b), n);
	post_text(channel.a, "two"); /* there is room where the others were */
	assert_receives(channel.b, "two");
	support_fail_allocations(0, 0);
	for (int i = 0; i < 1000; i++)
		post_text(channel.a, "three");
	assert_int_equal(empty(channel.b), 1000);
	channel_close(&channel);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void wait_without_memory(void *arg)
{
	struct sending *sending = arg;

	support_fail_allocations(1, 0);
	sending_run(sending);
	support_fail_allocations(0, 0);
}

/* A thread that libwt does not know needs a record to wait, though none to post. */
static void a_send_that_cannot_wait_for_lack_of_memory_says_so(void **state)
{
	struct channel channel;
	struct sending sending;
	int refusal;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	fill(channel.a, 8, &refusal);
	sending = (struct sending){ .port = channel.a, .message = eight_bytes, .deadline = WT_FOREVER };
	run_on_new_thread(wait_without_memory, &sending);
	assert_int_equal(sending.err, WT_ENOMEM);
	assert_int_equal(empty(channel.b), 4);
	channel_close(&channel);
}

/* The other thread waits for room in a channel that is full. */
static void begin_to_wait(struct other *other, struct sending *sending, struct channel *bounded)
{
	int refusal;

	*sending = (struct sending){ .port = bounded->a, .message = eight_bytes, .deadline = wt_after_ms(5000) };
	fill(bounded->a, 8, &refusal);
	other_begin(other, sending_run, sending);
	assert_true(await(someone_waits_for_room, bounded->b));
}

/* There is room for one message then, for which nobody is woken at once. */
static void owe_room(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0); /* ends the first one's view */
}

/*
 * Above half full nobody is woken at once. A receiver that then looks for
 * something else altogether, on another port, must not leave the sender asleep:
 * it may be what it waits for.
 */
static void expect_woken_by(void (*look)(struct channel *quiet, wt_port *bounded))
{
	struct channel bounded, quiet;
	struct sending sending;
	struct other other;

	other_start(&other);
	channel_open(&bounded, WT_CHANNEL_OPTIONS(.limit = 64));
	channel_open(&quiet, NULL);
	begin_to_wait(&other, &sending, &bounded);
	owe_room(bounded.b);
	look(&quiet, bounded.b);
	other_wait(&other);
	assert_int_equal(sending.err, 0);
	assert_true(wt_now() < sending.deadline); /* at which it would have found the room by itself */
	other_end(&other);
	channel_close(&bounded);
	channel_close(&quiet);
}

static void wait_for_message(struct channel *quiet, wt_port *bounded)
{
	wt_message message;

	(void)bounded;
	assert_int_equal(wt_port_receive(quiet->b, &message, wt_after_ms(1)), WT_ETIMEDOUT);
}

static void a_sender_is_woken_before_the_receiver_waits_for_anything(void **state)
{
	(void)state;
	expect_woken_by(wait_for_message);
}

static void look_for_message(struct channel *quiet, wt_port *bounded)
{
	wt_message message;

	(void)bounded;
	assert_int_equal(wt_port_receive(quiet->b, &message, WT_NOW), WT_EAGAIN);
}

static void ignore_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

static void drain_nothing(struct channel *quiet, wt_port *bounded)
{
	size_t drained;

	(void)bounded;
	assert_int_equal(wt_port_drain(quiet->b, ignore_message, NULL, 0, &drained), 0);
	assert_int_equal(drained, 0);
}

static void look_at_ports(struct channel *quiet, wt_port *bounded)
{
	size_t ready;

	(void)bounded;
	assert_int_equal(wt_select(&quiet->b, 1, &ready, WT_NOW), WT_EAGAIN);
}

static void a_sender_is_woken_where_the_receiver_finds_nothing(void **state)
{
	(void)state;
	expect_woken_by(look_for_message);
	expect_woken_by(drain_nothing);
	expect_woken_by(look_at_ports);
}

/* One message after the other, so that the loop never waits, until the sender has been told. */
struct busy {
	wt_port *far_end, *bounded;
	wt_time until;
};

static void post_another(wt_port *port, wt_message *message, void *arg)
{
	const struct busy *busy = arg;

	(void)port;
	(void)message;
	if (!someone_waits_for_room(busy->bounded) || wt_now() > busy->until || wt_port_post(busy->far_end, "x", 1))
		wt_stop();
}

static void run_busily(struct channel *quiet, wt_port *bounded)
{
	struct busy busy = { .far_end = quiet->a, .bounded = bounded, .until = wt_after_ms(4000) };

	assert_int_equal(wt_port_post(quiet->a, "x", 1), 0);
	wt_port_on_message(quiet->b, post_another, &busy);
	assert_int_equal(wt_run(), 0);
	assert_true(wt_now() < busy.until);
}

static void a_sender_is_woken_where_the_receivers_loop_is_busy(void **state)
{
	(void)state;
	expect_woken_by(run_busily);
}

/* The same where the receiver sleeps in its own poll. */
static void a_sender_is_woken_before_the_receiver_polls(void **state)
{
	struct pollfd poller = { .events = POLLIN };
	struct channel bounded;
	struct sending sending;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open(&bounded, WT_CHANNEL_OPTIONS(.limit = 64));
	assert_int_equal(wt_loop_fd(&poller.fd), 0);
	begin_to_wait(&other, &sending, &bounded);
	while (poll(&poller, 1, 0) == 1)
		assert_true(wt_run_once(WT_NOW) <= 0);
	owe_room(bounded.b);
	assert_int_equal(poll(&poller, 1, 0), 1);
	assert_true(wt_run_once(WT_NOW) <= 0);
	other_wait(&other);
	assert_int_equal(sending.err, 0);
	assert_true(wt_now() < sending.deadline);
	other_end(&other);
	channel_close(&bounded);
}

static void *calloc_zeroed(size_t size)
{
	return calloc(1, size);
}

static bool is_charged(void *arg)
{
	return wti_ring_used(&((wt_port *)arg)->inbox) >= 60000;
}

static void sending_run_when_full(void *arg)
{
	struct sending *sending = arg;

	await(is_charged, sending->port->peer);
	sending_run(sending);
}

/* The failed one has taken room for its payload for a moment; the memory that it wants is taken while another waits. */
static wt_port *failing_port;

static bool fail_large;

static void *alloc_after_a_wait(size_t size)
{
	if (!fail_large || size != 60000)
		return wti_heap_libc.alloc(size);
	return await(someone_waits_for_room, failing_port->peer) ? NULL : wti_heap_libc.alloc(size);
}

static void a_failed_post_gives_its_room_to_a_sender_that_waits(void **state)
{
	static const struct wti_alloc_ops ops = {
		.alloc = alloc_after_a_wait,
		.alloc_zeroed = calloc_zeroed,
		.free = free,
	};
	struct channel channel;
	struct sending sending;
	struct other other;
	char *bytes = calloc(1, 60000);

	(void)state;
	assert_non_null(bytes);
	other_start(&other);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 65536));
	failing_port = channel.a;
	fail_large = true;
	wti_heap = &ops;
	sending = (struct sending){ .port = channel.a, .deadline = WT_FOREVER };
	sending.message = (wt_outgoing){ .data = bytes, .size = 20000 };
	other_begin(&other, sending_run_when_full, &sending);
	assert_int_equal(wt_port_post(channel.a, bytes, 60000), WT_ENOMEM);
	other_wait(&other);
	assert_int_equal(sending.err, 0);
	wti_heap = &wti_heap_libc;
	other_end(&other);
	channel_close(&channel);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_arrive_at_the_other_end_in_both_directions),
		TEST(default_options_are_those_of_null),
		TEST(channels_of_any_capacity_carry_messages),
		TEST(post_copies_the_bytes),
		TEST(messages_wait_for_a_handler_that_comes_later),
		TEST(delivery_does_not_wait_for_the_sender),
		TEST(a_thread_can_post_that_libwt_never_saw),
		TEST(many_producers_lose_repeat_and_reorder_nothing),
		TEST(many_producers_share_a_narrow_port),
		TEST(many_producers_compete_for_room_for_one_message),
		TEST(a_single_producer_keeps_its_order),
		TEST(a_full_port_refuses_a_post_and_loses_nothing),
		TEST(the_limit_counts_each_direction_by_itself),
		TEST(a_message_above_the_limit_never_fits),
		TEST(post_many_posts_each_as_a_message),
		TEST(post_many_posts_any_number_of_any_size),
		TEST(post_many_stops_where_there_is_no_room_and_says_where),
		TEST(post_many_with_an_impossible_message_posts_none),
		TEST(send_carries_the_type_and_gathers_the_bytes),
		TEST(send_gathers_what_is_too_large_for_the_ring),
		TEST(send_gives_up_at_its_deadline_and_not_before),
		TEST(send_goes_on_when_there_is_room),
		TEST(send_goes_on_when_the_loop_has_made_room),
		TEST(the_largest_message_finds_room_while_the_receiver_waits),
		TEST(the_largest_message_finds_room_while_the_loop_waits),
		TEST(send_does_not_wait_for_its_own_thread),
		TEST(two_that_wait_for_room_at_each_other_time_out),
		TEST(a_message_handler_starts_and_refs_the_port),
		TEST(a_stopped_port_keeps_its_messages_waiting),
		TEST(a_handler_that_stops_its_port_is_not_called_again),
		TEST(a_handler_set_in_a_callback_gets_the_next_message),
		TEST(ref_and_unref_do_not_add_up),
		TEST(an_unrefed_port_is_served_while_something_else_runs_the_loop),
		TEST(create_survives_every_failing_allocation),
		TEST(posts_survive_every_failing_allocation),
		TEST(a_port_outlives_a_time_without_memory),
		TEST(a_send_that_cannot_wait_for_lack_of_memory_says_so),
		TEST(a_sender_is_woken_before_the_receiver_waits_for_anything),
		TEST(a_sender_is_woken_where_the_receiver_finds_nothing),
		TEST(a_sender_is_woken_where_the_receivers_loop_is_busy),
		TEST(a_sender_is_woken_before_the_receiver_polls),
		TEST(a_failed_post_gives_its_room_to_a_sender_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
