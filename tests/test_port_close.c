/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/buffer.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/transfer.h>

#include "port.h"
#include "support/ports.h"
#include "support/support.h"

/* ---- What the other end sees ---- */

/* [C3] [M3] */
static void post_after_close_is_refused_and_loses_nothing(void **state)
{
	struct iovec one = { .iov_base = "one", .iov_len = 3 };
	wt_outgoing outgoing = { .data = "one", .size = 3 };
	struct channel channel;
	size_t posted = 77;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.b, "before");
	wt_port_close(channel.b);
	assert_int_equal(wt_port_post(channel.a, "one", 3), WT_ECLOSED);
	assert_int_equal(wt_port_post(channel.a, NULL, 0), WT_ECLOSED);
	assert_int_equal(wt_port_post_many(channel.a, &one, 1, &posted), WT_ECLOSED);
	assert_int_equal(posted, 0);
	assert_int_equal(wt_port_send(channel.a, &outgoing, WT_NOW), WT_ECLOSED);
	assert_int_equal(wt_port_send(channel.a, &outgoing, WT_FOREVER), WT_ECLOSED);
	assert_receives(channel.a, "before");
	assert_receives_nothing(channel.a, WT_ECLOSED);
	wt_port_close(channel.a);
}

/* [C1] */
static void the_other_end_hears_of_a_close_after_what_was_posted_before(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_on_close(channel.b, events_on_close, &events);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	wt_port_close(channel.a);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "one two close");
	assert_false(wt_port_has_ref(channel.b));
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "one two close");
	wt_port_close(channel.b);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "one two close");
}

/* [C1] */
static void each_side_sees_one_close_event_also_the_one_that_closes(void **state)
{
	struct events here = { 0 }, there = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_close(channel.a, events_on_close, &here);
	wt_port_on_close(channel.b, events_on_close, &there);
	assert_false(wt_loop_alive());
	wt_port_close(channel.a);
	assert_true(wt_loop_alive());
	assert_events(&here, "");
	assert_int_equal(wt_run(), 0);
	assert_events(&here, "close");
	assert_events(&there, "close");
	wt_port_close(channel.b);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_events(&there, "close");
}

static void both_ends_closed_before_the_loop_runs_see_one_event_each(void **state)
{
	struct events here = { 0 }, there = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_close(channel.a, events_on_close, &here);
	wt_port_on_close(channel.b, events_on_close, &there);
	channel_close(&channel);
	assert_int_equal(wt_run(), 0);
	assert_events(&here, "close");
	assert_events(&there, "close");
}

static void without_a_close_handler_the_loop_just_ends(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	post_text(channel.a, "one");
	wt_port_close(channel.a);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "one");
	assert_int_equal(wt_port_post(channel.b, "two", 3), WT_ECLOSED);
	wt_port_close(channel.b);
	assert_false(wt_loop_alive());
}

static void a_close_handler_that_was_taken_back_is_not_called(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_close(channel.a, events_on_close, &events);
	wt_port_on_close(channel.a, NULL, NULL);
	wt_port_on_close(channel.b, events_on_close, &events);
	wt_port_on_close(channel.b, NULL, NULL);
	channel_close(&channel);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "");
}

/* The event waits behind messages that nobody takes, without holding the loop. */
static void a_close_event_waits_for_the_messages_before_it(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_close(channel.b, events_on_close, &events);
	post_text(channel.a, "one");
	wt_port_close(channel.a);
	assert_int_equal(wt_run_once(WT_NOW), 0);
	assert_events(&events, "");
	assert_receives(channel.b, "one");
	assert_receives_nothing(channel.b, WT_ECLOSED);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close");
	wt_port_close(channel.b);
}

/* ---- Close by the owner, outside of its callbacks ---- */

/* [C2] What is freed at once cannot be in the queue any more. */
static void a_close_drops_the_queue_before_it_returns(void **state)
{
	static const unsigned char bytes[100000];
	struct events events = { 0 };
	struct channel channel;
	long before;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	post_text(channel.a, "one");
	before = atomic_load(&support_counts.bytes);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wt_port_post(channel.a, bytes, sizeof bytes), 0);
	assert_true(atomic_load(&support_counts.bytes) > before + 1000000 - 1);
	wt_port_close(channel.b);
	assert_true(atomic_load(&support_counts.bytes) <= before);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "");
	wt_port_close(channel.a);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
	assert_int_equal(atomic_load(&support_counts.allocations), atomic_load(&support_counts.frees));
}

static void a_closed_port_with_its_event_pending_does_nothing_else(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_on_close(channel.b, events_on_close, &events);
	post_text(channel.a, "one");
	wt_port_close(channel.b);
	wt_port_close(channel.b);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_FOREVER), WT_ECLOSED);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, NULL), WT_ECLOSED);
	assert_int_equal(wt_port_post(channel.b, "two", 3), WT_ECLOSED);
	wt_port_ref(channel.b);
	wt_port_start(channel.b);
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_false(wt_port_has_ref(channel.b));
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close");
	wt_port_close(channel.a);
}

static void all_memory_is_freed_in_whatever_order_the_ends_are_closed(void **state)
{
	struct events events = { 0 };

	(void)state;
	wt_thread_id();
	support_count();
	for (int i = 0; i < 16; i++) {
		struct channel channel;

		channel_open(&channel, NULL);
		if (i & 1)
			wt_port_on_close(channel.a, events_on_close, &events);
		if (i & 2)
			wt_port_on_close(channel.b, events_on_close, &events);
		post_text(channel.a, "left");
		post_text(channel.b, "left");
		wt_port_close(i & 4 ? channel.a : channel.b);
		if (i & 8)
			assert_int_equal(wt_run(), 0);
		wt_port_close(i & 4 ? channel.b : channel.a);
		assert_int_equal(wt_run(), 0);
		assert_int_equal(atomic_load(&support_counts.bytes), 0);
	}
	assert_int_equal(atomic_load(&support_counts.allocations), atomic_load(&support_counts.frees));
}

/* ---- Close in callbacks ---- */

/* Close at the first message, and post behind the close. */
struct closer {
	struct events events;
	wt_port *sender;
	wt_port *close; /* NULL when it is done */
	int after;      /* what a post returned then */
	unsigned long count;
};

static void close_at_the_first(wt_port *port, wt_message *message, void *arg)
{
	struct closer *closer = arg;

	closer->count++;
	if (closer->events.length < 200)
		events_on_message(port, message, &closer->events);
	if (!closer->close)
		return;
	wt_port_close(closer->close);
	if (closer->close == port)
		wt_port_close(port); /* as it is being closed only: another one is gone by now */
	closer->close = NULL;
	closer->after = wt_port_post(closer->sender, "late", 4);
}

static void closer_on_close(wt_port *port, void *arg)
{
	struct closer *closer = arg;

	wt_port_close(port);
	events_on_close(port, &closer->events);
}

/* [C2] [C1] [C3] */
static void a_port_closed_in_its_own_callback_hands_over_what_was_queued(void **state)
{
	struct closer closer = { 0 };
	struct events there = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	closer.sender = channel.a;
	closer.close = channel.b;
	wt_port_on_message(channel.b, close_at_the_first, &closer);
	wt_port_on_close(channel.b, closer_on_close, &closer);
	wt_port_on_close(channel.a, events_on_close, &there);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	post_text(channel.a, "three");
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "one two three close");
	assert_events(&there, "close");
	assert_int_equal(closer.after, WT_ECLOSED);
	wt_port_close(channel.a);
}

/* [C2] More than a turn's share. */
static void a_port_closed_in_its_own_callback_hands_over_a_long_queue(void **state)
{
	enum { COUNT = 5000 };
	struct closer closer = { 0 };
	struct channel channel;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	closer.sender = channel.a;
	closer.close = channel.b;
	wt_port_on_message(channel.b, close_at_the_first, &closer);
	for (int i = 0; i < COUNT; i++)
		post_text(channel.a, "one of many");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(closer.count, COUNT);
	wt_port_close(channel.a);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [C2] A loop that is stopped in between goes on where it was. */
static void close_and_stop(wt_port *port, wt_message *message, void *arg)
{
	close_at_the_first(port, message, arg);
	wt_stop();
}

static void a_stopped_loop_hands_the_rest_over_when_it_runs_again(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	closer.sender = channel.a;
	closer.close = channel.b;
	wt_port_on_message(channel.b, close_and_stop, &closer);
	wt_port_on_close(channel.b, closer_on_close, &closer);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "one");
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "one two");
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "one two close");
	assert_false(wt_loop_alive());
	wt_port_close(channel.a);
}

/* [C2] */
static void a_port_closed_while_it_is_drained_hands_over_what_was_queued(void **state)
{
	for (int with_event = 0; with_event < 2; with_event++) {
		struct closer closer = { 0 };
		struct channel channel;
		size_t drained;

		(void)state;
		channel_open(&channel, NULL);
		closer.sender = channel.a;
		closer.close = channel.b;
		if (with_event)
			wt_port_on_close(channel.b, closer_on_close, &closer);
		post_text(channel.a, "one");
		post_text(channel.a, "two");
		post_text(channel.a, "three");
		assert_int_equal(wt_port_drain(channel.b, close_at_the_first, &closer, 2, &drained), 0);
		assert_int_equal(drained, 3);
		assert_events(&closer.events, "one two three");
		assert_int_equal(wt_run(), 0);
		assert_events(&closer.events, with_event ? "one two three close" : "one two three");
		wt_port_close(channel.a);
	}
}

static void a_callback_can_close_the_other_end(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	closer.sender = channel.b; /* of the end that stays */
	closer.close = channel.a;
	wt_port_on_message(channel.b, close_at_the_first, &closer);
	wt_port_on_close(channel.b, closer_on_close, &closer);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "one two close");
	assert_int_equal(closer.after, WT_ECLOSED);
}

static void a_callback_can_close_both_ends(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	closer.sender = channel.a;
	closer.close = channel.b;
	wt_port_on_message(channel.b, close_at_the_first, &closer);
	wt_port_on_close(channel.a, closer_on_close, &closer);
	post_text(channel.a, "one");
	assert_int_equal(wt_run(), 0); /* b closes itself, then a in its close event */
	assert_events(&closer.events, "one close");
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void close_on_error(wt_port *port, int error, void *arg)
{
	struct closer *closer = arg;

	events_on_error(port, error, &closer->events);
	wt_port_close(port);
}

static int fail_once(enum wti_fault_point point)
{
	(void)point;
	wti_fault_hook = NULL;
	return WT_EUNDECODABLE;
}

/* [C2] [M9] The handler for errors is a message callback, too. */
static void a_port_closed_by_its_error_handler_hands_over_what_was_queued(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, close_at_the_first, &closer);
	wt_port_on_message_error(channel.b, close_on_error, &closer);
	wt_port_on_close(channel.b, closer_on_close, &closer);
	post_text(channel.a, "bad");
	post_text(channel.a, "good");
	wti_fault_hook = fail_once;
	assert_int_equal(wt_run(), 0);
	assert_events(&closer.events, "error:WT_EUNDECODABLE good close");
	wt_port_close(channel.a);
}

/* ---- In a deleter that the close itself calls ---- */

struct closing {
	wt_port *port;
	unsigned deleted;
};

static void close_again(void *data, void *arg)
{
	struct closing *closing = arg;

	(void)data;
	closing->deleted++;
	wt_port_close(closing->port);
}

/* What was sent behind an open slot is destroyed with that, the other end being closed. */
static void a_deleter_may_close_a_port_that_is_being_closed(void **state)
{
	static char block[8];
	struct closing closing = { 0 };
	struct channel channel;
	wt_buffer *buffer;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	closing.port = channel.a;
	assert_int_equal(wt_port_reserve(channel.a, 100, &slot, WT_NOW), 0);
	assert_int_equal(wt_buffer_wrap(&buffer, block, sizeof block, close_again, &closing), 0);
	assert_int_equal(wt_port_send(channel.a,
				      &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
						      .transfer_count = 1 },
				      WT_NOW),
			 0);
	wt_port_close(channel.b);
	assert_int_equal(closing.deleted, 0);
	wt_port_close(channel.a);
	assert_int_equal(closing.deleted, 1);
}

/* ---- Close against other threads ---- */

static void wait_for_messages(void *arg)
{
	struct closer *closer = arg;
	wt_message message;

	while ((closer->after = wt_port_receive(closer->sender, &message, WT_FOREVER)) == 0)
		closer->count++;
}

static struct latch asleep;

static void open_when_armed(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_ARMED)
		latch_open(&asleep);
}

/* [C1] */
static void a_close_ends_a_receive_that_waits_at_the_other_end(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	closer.sender = channel.b;
	asleep = (struct latch){ 0 };
	wti_yield_hook = open_when_armed;
	other_begin(&other, wait_for_messages, &closer);
	assert_true(latch_await(&asleep));
	wt_port_close(channel.a);
	other_wait(&other);
	assert_int_equal(closer.after, WT_ECLOSED);
	assert_int_equal(closer.count, 0);
	other_end(&other);
}

static void send_for_ever(void *arg)
{
	struct closer *closer = arg;
	wt_outgoing outgoing = { .data = "8 bytes.", .size = 8 };

	while ((closer->after = wt_port_send(closer->sender, &outgoing, WT_FOREVER)) == 0)
		closer->count++;
}

static bool someone_waits_for_room(void *arg)
{
	return wti_waiters_any(&((wt_port *)arg)->senders);
}

/* [C3] */
static void a_close_ends_a_send_that_waits_for_room(void **state)
{
	struct closer closer = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	closer.sender = channel.a;
	other_begin(&other, send_for_ever, &closer);
	assert_true(await(someone_waits_for_room, channel.b));
	wt_port_close(channel.b);
	other_end(&other);
	assert_int_equal(closer.after, WT_ECLOSED);
	assert_int_equal(closer.count, 4);
	wt_port_close(channel.a);
}

/* One round's share of the other thread: meet, then close. */
struct round {
	pthread_barrier_t *barrier;
	wt_port *port;
	struct events *events;
};

static void close_at_the_barrier(void *arg)
{
	struct round *round = arg;

	if (round->events)
		wt_port_on_close(round->port, events_on_close, round->events);
	pthread_barrier_wait(round->barrier);
	wt_port_close(round->port);
	if (wt_run() != 0)
		events_add(round->events, "error");
}

/* [C1] Both at the same moment, with and without handlers; ASan tells whether each is freed, and once. */
static void both_ends_can_be_closed_at_the_same_time_by_two_threads(void **state)
{
	unsigned rounds = 20000 / support_slowdown();
	pthread_barrier_t barrier;
	struct other other;

	(void)state;
	support_count();
	pthread_barrier_init(&barrier, NULL, 2);
	other_start(&other);
	wt_thread_id();
	for (unsigned i = 0; i < rounds; i++) {
		struct events here = { 0 }, there = { 0 };
		struct round mine = { .barrier = &barrier }, theirs = { .barrier = &barrier };
		struct channel channel;

		channel_open_between(&channel, &other, NULL);
		mine.port = channel.a;
		mine.events = i & 1 ? &here : NULL;
		theirs.port = channel.b;
		theirs.events = i & 2 ? &there : NULL;
		if (i & 4)
			post_text(channel.a, "left");
		other_begin(&other, close_at_the_barrier, &theirs);
		close_at_the_barrier(&mine);
		other_wait(&other);
		assert_events(&here, i & 1 ? "close" : "");
		assert_events(&there, i & 2 ? "close" : "");
	}
	other_end(&other);
	pthread_barrier_destroy(&barrier);
}

enum { POSTERS = 4, LARGE = 40000, SMALL = 24 };

/* Posts until it is refused; every tenth message is one that has a block of its own. */
struct poster {
	pthread_t thread;
	wt_port *port;
	uint32_t id;
	uint64_t accepted;
	int err;
};

static void *poster_run(void *arg)
{
	struct poster *poster = arg;
	unsigned char *bytes = malloc(LARGE);

	for (;;) {
		size_t size = poster->accepted % 10 == 9 ? LARGE : SMALL;

		element_fill(bytes, size, poster->id, poster->accepted);
		poster->err = wt_port_post(poster->port, bytes, size);
		if (poster->err)
			break;
		poster->accepted++;
	}
	free(bytes);
	return NULL;
}

/* [M2] [C3] One round: four threads post, the receiver takes some and closes its end. */
static void close_against_posters(uint64_t *random)
{
	struct poster posters[POSTERS] = { 0 };
	uint64_t next[POSTERS] = { 0 };
	uint64_t wanted = support_random(random) % 200;
	struct channel channel;
	wt_message message;

	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 0));
	for (uint32_t i = 0; i < POSTERS; i++) {
		posters[i].port = channel.a;
		posters[i].id = i;
		assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_run, &posters[i]), 0);
	}
	for (uint64_t i = 0; i < wanted; i++) {
		uint32_t producer = POSTERS;
		uint64_t sequence;

		assert_int_equal(wt_port_receive(channel.b, &message, WT_FOREVER), 0);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_true(producer < POSTERS);
		assert_int_equal(sequence, next[producer]++);
	}
	wt_port_close(channel.b);
	for (uint32_t i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
		assert_int_equal(posters[i].err, WT_ECLOSED);
		assert_true(next[i] <= posters[i].accepted); /* the others were dropped */
	}
	wt_port_close(channel.a);
}

/* What was accepted and not delivered is destroyed, each once: the books of the heap are even. */
static void a_close_against_posts_loses_count_of_none(void **state)
{
	uint64_t random = support_seed();

	(void)state;
	wt_thread_id();
	support_count();
	for (unsigned i = 0; i < 200 / support_slowdown() + 10; i++) {
		close_against_posters(&random);
		assert_int_equal(atomic_load(&support_counts.bytes), 0);
		assert_int_equal(atomic_load(&support_counts.allocations), atomic_load(&support_counts.frees));
	}
}

static void post_some_and_close(void *arg)
{
	struct closer *closer = arg;
	unsigned char bytes[SMALL];

	for (uint64_t i = 0; i < closer->count; i++) {
		element_fill(bytes, sizeof bytes, 0, i);
		if (wt_port_post(closer->close, bytes, sizeof bytes) != 0)
			break;
	}
	wt_port_close(closer->close);
}

/* [M2] [C1] Here all that was accepted must come, and then the news. */
static void a_close_behind_posts_takes_none_of_them_away(void **state)
{
	uint64_t random = support_seed();
	struct other other;

	(void)state;
	other_start(&other);
	for (unsigned i = 0; i < 5000 / support_slowdown(); i++) {
		struct closer closer = { .count = support_random(&random) % 50 };
		struct channel channel;
		wt_message message;
		uint64_t n = 0;
		int err;

		channel_open_between(&channel, &other, NULL);
		closer.close = channel.b;
		other_begin(&other, post_some_and_close, &closer);
		while ((err = wt_port_receive(channel.a, &message, WT_FOREVER)) == 0) {
			uint64_t sequence;
			uint32_t producer;

			assert_true(element_check(message.data, message.size, &producer, &sequence));
			assert_int_equal(sequence, n++);
		}
		assert_int_equal(err, WT_ECLOSED);
		assert_int_equal(n, closer.count);
		other_wait(&other);
		wt_port_close(channel.a);
	}
	other_end(&other);
}

/* ---- The end of a thread ---- */

static void post_two(void *arg)
{
	struct closer *closer = arg;

	closer->after = wt_port_post(closer->sender, "one", 3);
	closer->after |= wt_port_post(closer->sender, "two", 3);
}

/* [C4] [C1] */
static void the_end_of_a_thread_closes_its_ports_behind_its_messages(void **state)
{
	for (int by_loop = 0; by_loop < 2; by_loop++) {
		struct events events = { 0 };
		struct closer closer = { 0 };
		struct channel channel;
		struct other other;

		(void)state;
		other_start(&other);
		channel_open_between(&channel, &other, NULL);
		closer.sender = channel.b;
		other_run(&other, post_two, &closer);
		assert_int_equal(closer.after, 0);
		assert_int_equal(wt_port_post(channel.a, "kept", 4), 0);
		other_end(&other);
		assert_int_equal(wt_port_post(channel.a, "late", 4), WT_ECLOSED);
		if (by_loop) {
			wt_port_on_message(channel.a, events_on_message, &events);
			wt_port_on_close(channel.a, events_on_close, &events);
			assert_int_equal(wt_run(), 0);
			assert_events(&events, "one two close");
		} else {
			assert_receives(channel.a, "one");
			assert_receives(channel.a, "two");
			assert_receives_nothing(channel.a, WT_ECLOSED);
		}
		wt_port_close(channel.a);
	}
}

static void end_by_pthread_exit(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

/* [C4] A thread that is left by pthread_exit, in the middle of a wait for it. */
static void the_end_of_a_thread_is_heard_by_who_waits_for_its_messages(void **state)
{
	struct channel channel;
	struct other other;
	wt_message message;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	other_begin(&other, end_by_pthread_exit, NULL);
	assert_int_equal(wt_port_receive(channel.a, &message, wt_after_ms(10000)), WT_ECLOSED);
	assert_int_equal(pthread_join(other.thread, NULL), 0);
	pthread_cond_destroy(&other.changed);
	pthread_mutex_destroy(&other.lock);
	wt_port_close(channel.a);
}

struct leaving {
	struct events events;
	struct verdict verdict;
};

/* Both ends here, one closed with its event pending, handlers everywhere. */
static void leave_all_open(void *arg)
{
	struct leaving *leaving = arg;
	struct channel channel;

	for (int i = 0; i < 4; i++) {
		CHECK(&leaving->verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
		wt_port_on_message(channel.b, events_on_message, &leaving->events);
		wt_port_on_close(channel.b, events_on_close, &leaving->events);
		CHECK(&leaving->verdict, wt_port_post(channel.a, "one", 3) == 0);
		if (i & 1)
			wt_port_close(channel.a);
		if (i & 2)
			wt_port_close(channel.b);
	}
}

/* [C4] */
static void the_end_of_a_thread_frees_its_ports_and_calls_nobody(void **state)
{
	struct leaving leaving = { 0 };

	(void)state;
	support_count();
	run_on_new_thread(leave_all_open, &leaving);
	assert_verdict(&leaving.verdict);
	assert_events(&leaving.events, "");
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
	assert_int_equal(atomic_load(&support_counts.allocations), atomic_load(&support_counts.frees));
}

static void leave_now(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	pthread_exit(NULL);
}

static void leave_in_a_callback(void *arg)
{
	struct channel *channel = arg;

	wt_port_on_message(channel->b, leave_now, NULL);
	if (wt_run() != 0)
		wt_port_close(channel->b);
}

/* [C4] Out of a callback of the very port. */
static void a_thread_can_end_in_a_callback(void **state)
{
	struct channel channel;
	struct other other;
	wt_message message;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	other_begin(&other, leave_in_a_callback, &channel);
	assert_int_equal(wt_port_receive(channel.a, &message, wt_after_ms(10000)), WT_ECLOSED);
	assert_int_equal(pthread_join(other.thread, NULL), 0);
	pthread_cond_destroy(&other.changed);
	pthread_mutex_destroy(&other.lock);
	wt_port_close(channel.a);
}

static void post_and_close(wt_port *port, wt_message *message, void *arg)
{
	events_on_message(port, message, arg);
	if (message->size == 5 && !memcmp(message->data, "first", 5)) {
		post_text(port->peer, "last");
		wt_port_close(port);
	}
}

/* [C2] What was queued at the close, also behind the end that the drain had in mind. */
static void a_close_in_a_drain_hands_over_what_came_during_it(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	size_t drained;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_start(channel.b); /* without a handler: nothing for the loop to do */
	post_text(channel.a, "first");
	assert_int_equal(wt_port_drain(channel.b, post_and_close, &events, 0, &drained), 0);
	assert_int_equal(drained, 2);
	assert_events(&events, "first last");
	assert_int_equal(wt_run(), 0);
	wt_port_close(channel.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(post_after_close_is_refused_and_loses_nothing),
		TEST(the_other_end_hears_of_a_close_after_what_was_posted_before),
		TEST(each_side_sees_one_close_event_also_the_one_that_closes),
		TEST(both_ends_closed_before_the_loop_runs_see_one_event_each),
		TEST(without_a_close_handler_the_loop_just_ends),
		TEST(a_close_handler_that_was_taken_back_is_not_called),
		TEST(a_close_event_waits_for_the_messages_before_it),
		TEST(a_close_drops_the_queue_before_it_returns),
		TEST(a_closed_port_with_its_event_pending_does_nothing_else),
		TEST(all_memory_is_freed_in_whatever_order_the_ends_are_closed),
		TEST(a_port_closed_in_its_own_callback_hands_over_what_was_queued),
		TEST(a_port_closed_in_its_own_callback_hands_over_a_long_queue),
		TEST(a_stopped_loop_hands_the_rest_over_when_it_runs_again),
		TEST(a_port_closed_while_it_is_drained_hands_over_what_was_queued),
		TEST(a_callback_can_close_the_other_end),
		TEST(a_callback_can_close_both_ends),
		TEST(a_port_closed_by_its_error_handler_hands_over_what_was_queued),
		TEST(a_deleter_may_close_a_port_that_is_being_closed),
		TEST(a_close_ends_a_receive_that_waits_at_the_other_end),
		TEST(a_close_ends_a_send_that_waits_for_room),
		TEST(both_ends_can_be_closed_at_the_same_time_by_two_threads),
		TEST(a_close_against_posts_loses_count_of_none),
		TEST(a_close_behind_posts_takes_none_of_them_away),
		TEST(the_end_of_a_thread_closes_its_ports_behind_its_messages),
		TEST(the_end_of_a_thread_is_heard_by_who_waits_for_its_messages),
		TEST(the_end_of_a_thread_frees_its_ports_and_calls_nobody),
		TEST(a_thread_can_end_in_a_callback),
		TEST(a_close_in_a_drain_hands_over_what_came_during_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
