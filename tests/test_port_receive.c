/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "seam.h"
#include "support/ports.h"
#include "support/support.h"
#include "wait.h"

/* ---- Receive ---- */

static void post_on(void *arg)
{
	void **given = arg;

	CHECK((struct verdict *)given[1], wt_port_post(given[0], "news", 4) == 0);
}

static void receive_now_says_that_nothing_is_there(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	post_text(channel.a, "one");
	assert_receives(channel.b, "one");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

static void receive_gives_up_at_its_deadline_and_not_before(void **state)
{
	static const uint64_t spans[] = { 0, 1000, 100000, 20000000 }; /* ns */
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		wt_time deadline = wt_after_ns(spans[i]);

		memset(&message, 0x55, sizeof message);
		assert_int_equal(wt_port_receive(channel.b, &message, deadline), WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
		assert_null(message.data);
		assert_null(message.port);
	}
	post_text(channel.a, "one");
	assert_int_equal(wt_port_receive(channel.b, &message, 1), 0); /* long ago, but it is there */
	assert_int_equal(wt_port_receive(channel.b, &message, 1), WT_ETIMEDOUT);
	channel_close(&channel);
}

struct waiting {
	wt_port *port;
	int err;
	size_t size;
};

static void wait_for_a_message(void *arg)
{
	struct waiting *waiting = arg;
	wt_message message;

	waiting->err = wt_port_receive(waiting->port, &message, WT_FOREVER);
	waiting->size = message.size;
}

static struct latch armed;

static void open_when_armed(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_ARMED)
		latch_open(&armed);
}

/* Both an early and a late post: before the receiver looks, and when it is about to sleep or sleeps. */
static void receive_waits_until_something_comes(void **state)
{
	struct waiting waiting = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	waiting.port = channel.b;
	post_text(channel.a, "early");
	other_run(&other, wait_for_a_message, &waiting);
	assert_int_equal(waiting.err, 0);
	assert_int_equal(waiting.size, 5);
	armed = (struct latch){ 0 };
	wti_yield_hook = open_when_armed;
	other_begin(&other, wait_for_a_message, &waiting);
	assert_true(latch_await(&armed));
	post_text(channel.a, "late");
	other_wait(&other);
	assert_int_equal(waiting.err, 0);
	assert_int_equal(waiting.size, 4);
	other_end(&other);
	wt_port_close(channel.a);
}

/* Posts from the first such point on that is come by, and keeps which that was. */
static struct {
	wt_port *from;
	bool posted;
	enum wti_yield_point at;
} late;

static void post_late(enum wti_yield_point point, void *object)
{
	(void)object;
	if (late.posted || (point != WTI_YIELD_GLANCING && point != WTI_YIELD_BEFORE_ARM))
		return;
	late.posted = true;
	late.at = point;
	post_text(late.from, "late");
}

static void post_late_from(wt_port *port, unsigned budget, unsigned misses, unsigned yielded)
{
	struct wti_thread *self = wti_thread_self();

	self->poll_budget = budget;
	self->poll_misses = misses;
	self->poll_yielded = yielded;
	late.from = port;
	late.posted = false;
	wti_yield_hook = post_late;
}

/* How a receive that finds nothing goes on, by what the polls before it have found. */
static enum wti_yield_point receive_late(struct channel *channel, unsigned budget, unsigned misses, unsigned yielded)
{
	wt_message message;

	post_late_from(channel->a, budget, misses, yielded);
	assert_int_equal(wt_port_receive(channel->b, &message, WT_FOREVER), 0);
	wti_yield_hook = NULL;
	assert_int_equal(message.size, 4);
	assert_memory_equal(message.data, "late", 4);
	return late.at;
}

/* On one processor nobody does. */
static enum wti_yield_point looking_again(void)
{
	return wti_wait_may_poll() ? WTI_YIELD_GLANCING : WTI_YIELD_BEFORE_ARM;
}

static void open_used(struct channel *channel, const wt_channel_options *options, unsigned messages)
{
	channel_open(channel, options);
	for (unsigned i = 0; i < messages; i++)
		post_text(channel->a, "early");
	for (unsigned i = 0; i < messages; i++)
		assert_receives(channel->b, "early");
}

/* The looks themselves are those of a_glance_sees_what_there_is_to_look_for. */
static void what_comes_soon_is_received_without_a_wait(void **state)
{
	struct channel channel;

	(void)state;
	open_used(&channel, NULL, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(receive_late(&channel, 16, 0, 0), looking_again());
	channel_close(&channel);
}

static void a_receive_waits_at_once_where_polls_are_in_vain(void **state)
{
	struct channel channel;

	(void)state;
	open_used(&channel, NULL, 1);
	assert_int_equal(receive_late(&channel, 0, 0, 0), WTI_YIELD_BEFORE_ARM); /* none yet */
	assert_int_equal(receive_late(&channel, 16, 1, 0), WTI_YIELD_BEFORE_ARM);
	assert_int_equal(receive_late(&channel, 16, 0, 1), WTI_YIELD_BEFORE_ARM);
	channel_close(&channel);
}

/* A worker that has begun counts no more, though it is still there. */
static void a_receive_waits_at_once_for_a_worker_that_has_not_begun(void **state)
{
	struct wti_thread *self = wti_thread_self();
	_Atomic(uint32_t) begun = 0;
	struct channel channel;

	(void)state;
	open_used(&channel, NULL, 1);
	self->starting = &begun;
	assert_int_equal(receive_late(&channel, 16, 0, 0), WTI_YIELD_BEFORE_ARM);
	wti_store(&begun, 1);
	assert_int_equal(receive_late(&channel, 16, 0, 0), looking_again());
	self->starting = NULL;
	channel_close(&channel);
}

static void a_receive_waits_at_once_behind_a_stream(void **state)
{
	struct channel channel;

	(void)state;
	open_used(&channel, NULL, 2);
	assert_int_equal(receive_late(&channel, 16, 0, 0), WTI_YIELD_BEFORE_ARM);
	channel_close(&channel);
}

static void a_receive_waits_at_once_where_it_may_owe_room(void **state)
{
	struct channel channel;

	(void)state;
	open_used(&channel, WT_CHANNEL_OPTIONS(.limit = 4096), 1);
	assert_int_equal(receive_late(&channel, 16, 0, 0), WTI_YIELD_BEFORE_ARM);
	channel_close(&channel);
}

static void a_receive_waits_at_once_where_room_is_owed_elsewhere(void **state)
{
	struct channel channel, full;

	(void)state;
	open_used(&channel, NULL, 1);
	channel_open(&full, WT_CHANNEL_OPTIONS(.limit = 4096));
	while (wt_port_post(full.a, "news", 4) == 0)
		;
	assert_receives(full.b, "news");
	assert_receives(full.b, "news");
	assert_false(wti_list_empty(&wti_thread_self()->owing));
	assert_int_equal(receive_late(&channel, 16, 0, 0), WTI_YIELD_BEFORE_ARM);
	assert_true(wti_list_empty(&wti_thread_self()->owing));
	channel_close(&full);
	channel_close(&channel);
}

/* And one that does not wait does not look again. */
static void receive_now_looks_once(void **state)
{
	struct channel channel;

	(void)state;
	open_used(&channel, NULL, 1);
	post_late_from(channel.a, 16, 0, 0);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wti_yield_hook = NULL;
	assert_false(late.posted);
	channel_close(&channel);
}

static void count_answers(void *arg)
{
	struct waiting *waiting = arg;
	wt_message message;

	while ((waiting->err = wt_port_receive(waiting->port, &message, WT_FOREVER)) == 0) {
		waiting->size++;
		if (wt_port_post(waiting->port, message.data, message.size) != 0)
			break;
	}
}

/* One message at a time, so that each side goes to sleep, or nearly so, for each. */
static void a_dialogue_loses_no_wake(void **state)
{
	uint64_t rounds = 100000 / support_slowdown();
	struct waiting waiting = { 0 };
	struct channel channel;
	struct other other;
	wt_message message;
	uint64_t i;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	waiting.port = channel.b;
	other_begin(&other, count_answers, &waiting);
	for (i = 0; i < rounds; i++) {
		if (wt_port_post(channel.a, &i, sizeof i) != 0)
			break;
		if (wt_port_receive(channel.a, &message, wt_after_ms(10000)) != 0)
			break;
		if (message.size != sizeof i || memcmp(message.data, &i, sizeof i) != 0)
			break;
	}
	wt_port_close(channel.a);
	other_end(&other);
	assert_int_equal(i, rounds);
	assert_int_equal(waiting.size, rounds);
	assert_int_equal(waiting.err, WT_ECLOSED);
}

/* [C1] The last message first, then the news; nothing changes that afterwards. */
static void receive_says_closed_after_the_last_message(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	wt_port_close(channel.a);
	assert_receives(channel.b, "one");
	assert_receives(channel.b, "two");
	for (int i = 0; i < 3; i++)
		assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
}

/* ---- What is refused while messages wait that could be had at once ---- */

static void post_three(wt_port *port)
{
	post_text(port, "number 1");
	post_text(port, "number 2");
	post_text(port, "number 3");
}

static void open_with_two_waiting(struct channel *channel)
{
	channel_open(channel, NULL);
	post_three(channel->a);
	assert_receives(channel->b, "number 1");
}

static void close_with_two_waiting(struct channel *channel)
{
	assert_receives(channel->b, "number 2");
	assert_receives(channel->b, "number 3");
	assert_receives_nothing(channel->b, WT_EAGAIN);
	channel_close(channel);
}

static void a_receive_that_makes_no_sense_takes_nothing(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	open_with_two_waiting(&channel);
	assert_int_equal(wt_port_receive(channel.b, NULL, WT_NOW), WT_EINVAL);
	memset(&message, 0x55, sizeof message);
	assert_int_equal(wt_port_receive(channel.b, &message, -1), WT_EINVAL);
	assert_null(message.data);
	close_with_two_waiting(&channel);
}

/* A receive where none is allowed. */
struct attempt {
	wt_port *port;
	struct latch begun;
	wt_message message;
	int err;
	uint64_t received; /* by the port until then, and with it */
};

static void receive_elsewhere(void *arg)
{
	struct attempt *attempt = arg;

	attempt->err = wt_port_receive(attempt->port, &attempt->message, WT_NOW);
}

/* Known to libwt or not. */
static void another_thread_receives_nothing(void **state)
{
	struct attempt attempt = { .message = { .size = 1 } };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	open_with_two_waiting(&channel);
	attempt.port = channel.b;
	other_run(&other, receive_elsewhere, &attempt);
	assert_int_equal(attempt.err, WT_EOWNER);
	assert_int_equal(attempt.message.size, 0);
	run_on_new_thread(receive_elsewhere, &attempt);
	assert_int_equal(attempt.err, WT_EOWNER);
	close_with_two_waiting(&channel);
	other_end(&other);
}

static int entry_receive_in_the_end(wt_port *parent, const void *data, size_t size)
{
	struct attempt *attempt = *(struct attempt *const *)data;

	(void)size;
	if (wt_port_receive(parent, &attempt->message, WT_FOREVER) != 0)
		return 1;
	latch_open(&attempt->begun);
	while (!wt_terminating())
		;
	attempt->err = wt_port_receive(parent, &attempt->message, WT_NOW);
	attempt->received = wti_load(&parent->received);
	return 0;
}

/* [W5] */
static void a_worker_that_is_told_to_end_takes_nothing(void **state)
{
	struct attempt attempt = { 0 }, *arg = &attempt;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive_in_the_end, &arg, sizeof arg, NULL), 0);
	post_three(wt_worker_port(worker));
	assert_true(latch_await(&attempt.begun));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(attempt.err, WT_ETERMINATED);
	assert_int_equal(attempt.message.size, 0);
	assert_int_equal(attempt.received, 1);
	wt_worker_destroy(worker);
}

static void close_and_stop(wt_port *port, wt_message *message, void *arg)
{
	events_on_message(port, message, arg);
	wt_port_close(port);
	wt_stop();
}

/* [C2] What was queued then is the callback's. */
static void a_port_that_is_being_closed_hands_out_nothing(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, close_and_stop, &events);
	post_three(channel.a);
	assert_int_equal(wt_run(), 0);
	assert_receives_nothing(channel.b, WT_ECLOSED);
	while (wt_loop_alive())
		assert_int_equal(wt_run(), 0);
	assert_events(&events, "number 1 number 2 number 3");
	wt_port_close(channel.a);
}

/* ---- Receive and handlers ---- */

/* A handler that takes the rest of what waits itself. */
static void take_the_rest(wt_port *port, wt_message *message, void *arg)
{
	wt_message nested;

	events_add(arg, "handler:%.*s", (int)message->size, (const char *)message->data);
	while (wt_port_receive(port, &nested, WT_NOW) == 0)
		events_add(arg, "receive:%.*s", (int)nested.size, (const char *)nested.data);
}

/* [M8] */
static void each_message_goes_to_the_handler_or_to_receive(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, take_the_rest, &events);
	for (int i = 0; i < 2; i++) {
		post_text(channel.a, "one");
		assert_receives(channel.b, "one");
		post_text(channel.a, "two");
		post_text(channel.a, "three");
		post_text(channel.a, "four");
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_receives_nothing(channel.b, WT_EAGAIN);
		assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	}
	assert_events(&events, "handler:two receive:three receive:four handler:two receive:three receive:four");
	channel_close(&channel);
}

/* [M8] The loop had gone to rest, and a receive slept in vain meanwhile: the handler still hears. */
static void a_receive_in_vain_takes_nothing_from_the_handler(void **state)
{
	struct verdict verdict = { 0 };
	unsigned long count = 0;
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, count_message, &count);
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(5)), WT_ETIMEDOUT);
	run_on_new_thread(post_on, (void *[]){ channel.a, &verdict });
	assert_verdict(&verdict);
	assert_int_equal(wt_run_once(wt_after_ms(2000)), 1);
	assert_int_equal(count, 1);
	channel_close(&channel);
}

/* The same for the news that the other end is closed, to a handler and to a mere reference. */
static void a_receive_in_vain_takes_nothing_from_the_close_event(void **state)
{
	struct events events = { 0 };
	struct channel one, two;
	wt_message message;

	(void)state;
	channel_open(&one, NULL);
	channel_open(&two, NULL);
	wt_port_on_close(one.b, events_on_close, &events);
	wt_port_ref(two.b);
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_port_receive(one.b, &message, wt_after_ms(5)), WT_ETIMEDOUT);
	assert_int_equal(wt_port_receive(two.b, &message, wt_after_ms(5)), WT_ETIMEDOUT);
	wt_port_close(one.a);
	wt_port_close(two.a);
	for (int i = 0; i < 10 && wt_loop_alive(); i++)
		assert_true(wt_run_once(wt_after_ms(100)) >= 0);
	assert_false(wt_loop_alive());
	assert_events(&events, "close");
	wt_port_close(one.b);
	wt_port_close(two.b);
}

struct nested {
	wt_port *sender;
	struct verdict verdict;
	unsigned most; /* that are received */
	unsigned refused;
	unsigned received;
};

enum { WAITING = 3 };

/* What is in view stays, and so does its room, whatever is received and posted meanwhile. */
static void receive_under_a_view(wt_port *port, wt_message *message, void *arg)
{
	struct nested *nested = arg;
	wt_message inner;

	if (message->size != 5)
		return; /* one of those that were posted meanwhile */
	CHECK(&nested->verdict, memcmp(message->data, "outer", 5) == 0);
	while (nested->received < nested->most && wt_port_receive(port, &inner, WT_NOW) == 0) {
		const char *expected = nested->received < WAITING ? "8 bytes." : "overwrit";

		CHECK(&nested->verdict, inner.size == 8 && memcmp(inner.data, expected, 8) == 0);
		wt_message_release(&inner);
		nested->received++;
		nested->refused += wt_port_post(nested->sender, "overwrit", 8) == WT_EAGAIN;
	}
	CHECK(&nested->verdict, memcmp(message->data, "outer", 5) == 0);
}

static int receive_nested(struct nested *nested, struct channel *channel, const wt_channel_options *options)
{
	int calls;

	channel_open(channel, options);
	nested->sender = channel->a;
	post_text(channel->a, "before");
	assert_receives(channel->b, "before");
	assert_receives_nothing(channel->b, WT_EAGAIN);
	wt_port_on_message(channel->b, receive_under_a_view, nested);
	post_text(channel->a, "outer");
	for (int i = 0; i < WAITING; i++)
		post_text(channel->a, "8 bytes.");
	calls = wt_run_once(WT_NOW);
	assert_verdict(&nested->verdict);
	return calls;
}

static void a_view_in_a_callback_outlives_a_nested_receive(void **state)
{
	struct nested nested = { .most = 100 };
	struct channel channel;

	(void)state;
	assert_int_equal(receive_nested(&nested, &channel, WT_CHANNEL_OPTIONS(.limit = 64)), 1);
	assert_int_equal(nested.received, WAITING);
	assert_int_equal(nested.refused, WAITING);
	for (int i = 0; i < 4; i++)
		post_text(channel.a, "8 bytes."); /* all the room is back */
	channel_close(&channel);
}

/* As many as would use its bytes again, twice. */
static void a_view_in_a_callback_outlives_many_nested_receives(void **state)
{
	struct nested nested = { .most = 2 * WTI_SEGMENT_DEFAULT / 16 };
	struct channel channel;

	(void)state;
	assert_int_equal(receive_nested(&nested, &channel, NULL), 1 + WAITING);
	assert_int_equal(nested.received, nested.most);
	assert_int_equal(nested.refused, 0);
	channel_close(&channel);
}

static void drain_under_a_view(wt_port *port, wt_message *message, void *arg)
{
	size_t drained = 0;
	int err = wt_port_drain(port, events_on_message, arg, 0, &drained);

	events_add(arg, "%d:%zu:%.*s", err, drained, (int)message->size, (const char *)message->data);
}

static void a_view_in_a_callback_outlives_a_nested_drain(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, drain_under_a_view, &events);
	post_text(channel.a, "outer");
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one two 0:2:outer");
	channel_close(&channel);
}

/* ---- Drain ---- */

static void drain_hands_over_all_that_waits(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	size_t drained = 77;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, &drained), 0);
	assert_int_equal(drained, 0);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	post_text(channel.a, "three");
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, &drained), 0);
	assert_int_equal(drained, 3);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, NULL), 0);
	assert_events(&events, "one two three");
	channel_close(&channel);
}

static void drain_hands_over_no_more_than_it_is_told_to(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	size_t drained;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	post_text(channel.a, "three");
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 2, &drained), 0);
	assert_int_equal(drained, 2);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, SIZE_MAX, &drained), 0);
	assert_int_equal(drained, 1);
	assert_events(&events, "one two three");
	channel_close(&channel);
}

static void post_another(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	post_text(arg, "another");
}

static void drain_ends_although_its_callback_posts_more(void **state)
{
	struct channel channel;
	size_t drained;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wt_port_drain(channel.b, post_another, channel.a, 0, &drained), 0);
		assert_int_equal(drained, 2);
	}
	channel_close(&channel);
}

static void drain_says_closed_after_the_last_message(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	size_t drained;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	wt_port_close(channel.a);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, &drained), 0);
	assert_int_equal(drained, 1);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, &drained), WT_ECLOSED);
	assert_int_equal(drained, 0);
	assert_events(&events, "one");
	wt_port_close(channel.b);
}

static void drain_gives_the_room_back(void **state)
{
	unsigned long count = 0;
	struct channel channel;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			post_text(channel.a, "8 bytes.");
		assert_int_equal(wt_port_drain(channel.b, count_message, &count, 0, NULL), 0);
	}
	assert_int_equal(count, 40);
	channel_close(&channel);
}

static void take_by_any_means(struct channel *channel, uint64_t *state, wt_port_fn *fn, void *arg)
{
	wt_message message;

	switch (support_random(state) % 3) {
	case 0:
		if (wt_port_receive(channel->b, &message, WT_NOW) == 0)
			fn(channel->b, &message, arg);
		break;
	case 1:
		assert_int_equal(wt_port_drain(channel->b, fn, arg, support_random(state) % 7, NULL), 0);
		break;
	default:
		assert_int_not_equal(wt_run_once(WT_NOW), 0);
	}
}

struct sequence {
	uint64_t next;
	struct verdict verdict;
};

static void check_sequence(wt_port *port, wt_message *message, void *arg)
{
	struct sequence *sequence = arg;
	uint32_t producer;
	uint64_t number = 0;

	(void)port;
	CHECK(&sequence->verdict, element_check(message->data, message->size, &producer, &number));
	CHECK(&sequence->verdict, number == sequence->next);
	sequence->next++;
}

struct stream {
	wt_port *port;
	uint64_t count;
};

static void *stream_run(void *arg)
{
	struct stream *stream = arg;
	unsigned char bytes[64];

	for (uint64_t i = 0; i < stream->count; i++) {
		element_fill(bytes, 16 + i % 49, 0, i);
		if (wt_port_post(stream->port, bytes, 16 + i % 49) != 0)
			break;
	}
	return NULL;
}

/* [M1] [M8] While another thread posts. */
static void messages_stay_in_order_by_whatever_means_they_are_taken(void **state)
{
	struct sequence sequence = { 0 };
	uint64_t seed = support_seed();
	struct channel channel;
	struct stream stream;
	pthread_t thread;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, check_sequence, &sequence);
	stream = (struct stream){ .port = channel.a, .count = 200000 / support_slowdown() };
	assert_int_equal(pthread_create(&thread, NULL, stream_run, &stream), 0);
	while (sequence.next < stream.count && !atomic_load(&sequence.verdict.failed))
		take_by_any_means(&channel, &seed, check_sequence, &sequence);
	pthread_join(thread, NULL);
	assert_verdict(&sequence.verdict);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* ---- Who posts is let get ahead ---- */

static void post_many(struct channel *channel, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		post_text(channel->a, "on");
}

static void take_many(struct channel *channel, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_receives(channel->b, "on");
}

static void wait_in_vain(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, wt_after_ms(1)), WT_ETIMEDOUT);
}

static unsigned pauses_of(wt_port *port)
{
	uint64_t waits_at;

	return wti_port_pauses(port, &waits_at);
}

/* So many messages are taken, with an answer or not; then all is taken. */
static unsigned pauses_after(struct channel *channel, unsigned count, bool answers)
{
	post_many(channel, count);
	take_many(channel, count);
	if (answers) {
		post_text(channel->b, "done");
		assert_receives(channel->a, "done");
	}
	return pauses_of(channel->b);
}

static void who_posts_is_let_get_ahead_but_not_behind_an_answer(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(pauses_after(&channel, 1, false), 0);
	assert_int_equal(pauses_after(&channel, 100, false), 50);
	assert_int_equal(pauses_after(&channel, 10, false), WTI_WAIT_GATHER_MIN);
	assert_int_equal(pauses_after(&channel, 100, true), WTI_WAIT_GATHER_MIN);
	assert_int_equal(pauses_after(&channel, 10, true), 0);
	assert_int_equal(pauses_after(&channel, 100, false), 50);
	assert_int_equal(pauses_of(channel.b), 0);
	channel_close(&channel);
}

static unsigned gathered; /* pauses in which who posts is let get ahead */

static void count_gathering(enum wti_yield_point point, void *object)
{
	(void)object;
	gathered += point == WTI_YIELD_GATHERING;
}

/* Drains at most `max` messages, where that is not 0: how many pauses there were before them. */
static unsigned pauses_of_drain(struct channel *channel, size_t max, size_t expected)
{
	unsigned long counted = 0;
	size_t drained;

	gathered = 0;
	wti_yield_hook = count_gathering;
	assert_int_equal(wt_port_drain(channel->b, count_message, &counted, max, &drained), 0);
	wti_yield_hook = NULL;
	assert_int_equal(drained, expected);
	assert_int_equal(counted, expected);
	return gathered;
}

static unsigned post_and_drain(struct channel *channel, unsigned count, size_t size)
{
	static const char data[1024];

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(wt_port_post(channel->a, data, size), 0);
	return pauses_of_drain(channel, 0, count);
}

/* So many messages are drained, behind a receive in vain, which ends the run before them; then one more. */
static unsigned drain_pauses_after(struct channel *channel, unsigned count, size_t size)
{
	assert_receives_nothing(channel->b, WT_EAGAIN);
	assert_int_equal(post_and_drain(channel, count, size), 0);
	return post_and_drain(channel, 1, 8);
}

/* On one processor nobody pauses. */
static unsigned where_polls_help(unsigned pauses)
{
	return wti_wait_may_poll() ? pauses : 0;
}

static void who_posts_is_let_get_ahead_of_a_drain(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(drain_pauses_after(&channel, 31, 8), 0);
	assert_int_equal(drain_pauses_after(&channel, 32, 8), where_polls_help(WTI_WAIT_GATHER_MIN));
	assert_int_equal(drain_pauses_after(&channel, 100, 8), where_polls_help(50));
	channel_close(&channel);
}

static void who_posts_large_messages_is_not_let_get_ahead_of_a_drain(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(drain_pauses_after(&channel, 100, 511), where_polls_help(50));
	assert_int_equal(drain_pauses_after(&channel, 100, 512), 0);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(post_and_drain(&channel, 200, 1024), 0);
	assert_int_equal(pauses_of(channel.b), 100);
	channel_close(&channel);
}

/* Also where no receive in vain is between the two, as in a loop: the run begins behind the first drain of small ones. */
static void large_messages_of_the_past_take_no_pause_from_a_drain(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < 10; i++)
		assert_int_equal(post_and_drain(&channel, 100, 1024), 0);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	assert_int_equal(post_and_drain(&channel, 100, 8), where_polls_help(50));
	channel_close(&channel);
}

static void who_has_an_answer_is_let_get_ahead_of_a_drain_for_the_least(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	post_text(channel.b, "done");
	assert_int_equal(post_and_drain(&channel, 40, 8), where_polls_help(WTI_WAIT_GATHER_MIN));
	post_text(channel.b, "done");
	assert_int_equal(post_and_drain(&channel, 1, 8), 0);
	channel_close(&channel);
}

static void nobody_is_let_get_ahead_of_a_drain_that_finds_nothing(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	assert_int_equal(pauses_of_drain(&channel, 0, 0), 0);
	assert_int_equal(post_and_drain(&channel, 100, 8), where_polls_help(50));
	channel_close(&channel);
}

static void nobody_is_let_get_ahead_of_a_drain_that_left_something(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_many(&channel, 200);
	assert_int_equal(pauses_of_drain(&channel, 100, 100), 0);
	assert_int_equal(pauses_of_drain(&channel, 0, 100), 0);
	assert_int_equal(post_and_drain(&channel, 1, 8), where_polls_help(50));
	channel_close(&channel);
}

static void who_waits_itself_is_not_let_get_ahead_of_a_drain(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	post_many(&channel, 100);
	wait_in_vain(channel.a);
	assert_int_equal(pauses_of_drain(&channel, 0, 100), 0);
	assert_int_equal(post_and_drain(&channel, 1, 8), where_polls_help(50));
	channel_close(&channel);
}

static struct {
	wt_port *waits; /* in the third pause */
	unsigned pauses;
} waiter;

static void wait_in_a_pause(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_GATHERING && ++waiter.pauses == 3)
		wait_in_vain(waiter.waits);
}

static void a_pause_is_over_when_who_is_let_get_ahead_waits(void **state)
{
	unsigned long drained = 0;
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(post_and_drain(&channel, 100, 8), 0);
	post_many(&channel, 100);
	waiter.waits = channel.a;
	waiter.pauses = 0;
	wti_yield_hook = wait_in_a_pause;
	assert_int_equal(wt_port_drain(channel.b, count_message, &drained, 0, NULL), 0);
	wti_yield_hook = NULL;
	assert_int_equal(waiter.pauses, where_polls_help(3));
	assert_int_equal(drained, 100);
	channel_close(&channel);
}

/* Who waits at the other end has posted all that it will; a look that does not wait says nothing. */
static void who_waits_itself_is_not_let_get_ahead(void **state)
{
	struct channel channel;

	(void)state;
	wti_ring_origin = 0 - (uint64_t)1024; /* positions wrap on the way */
	channel_open(&channel, NULL);
	assert_int_equal(pauses_after(&channel, 10, false), WTI_WAIT_GATHER_MIN);
	post_many(&channel, 60);
	assert_receives_nothing(channel.a, WT_EAGAIN);
	assert_int_equal(pauses_after(&channel, 40, false), WTI_WAIT_GATHER_MIN);
	take_many(&channel, 60);
	assert_int_equal(pauses_of(channel.b), 30);
	post_many(&channel, 60);
	wait_in_vain(channel.a);
	take_many(&channel, 50);
	assert_int_equal(pauses_of(channel.b), 0);
	take_many(&channel, 10);
	assert_int_equal(pauses_of(channel.b), 0);
	assert_int_equal(pauses_after(&channel, 100, false), 50);
	channel_close(&channel);
	wti_ring_origin = 0;
}

/* Its answer was posted, and it goes on soon; but not where that was before it had posted more, and waited again. */
static void who_has_an_answer_to_its_wait_is_let_get_ahead(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_many(&channel, 60);
	wait_in_vain(channel.a);
	take_many(&channel, 60);
	post_text(channel.b, "done");
	assert_int_equal(pauses_of(channel.b), WTI_WAIT_GATHER_MIN);
	assert_receives(channel.a, "done");
	post_many(&channel, 60);
	wait_in_vain(channel.a);
	take_many(&channel, 50);
	post_text(channel.b, "done");
	assert_int_equal(pauses_of(channel.b), 0);
	channel_close(&channel);
}

/* ---- Messages that cannot be decoded ---- */

static unsigned decode_calls;

/* Every second one, beginning with the first. */
static int fail_every_second(enum wti_fault_point point)
{
	return point == WTI_FAULT_DECODE && decode_calls++ % 2 == 0 ? WT_EUNDECODABLE : 0;
}

static void post_four_of_which_two_are_bad(struct channel *channel)
{
	channel_open(channel, NULL);
	post_text(channel->a, "bad");
	post_text(channel->a, "good");
	post_text(channel->a, "bad");
	post_text(channel->a, "better");
	decode_calls = 0;
	wti_fault_hook = fail_every_second;
}

/* [M9] */
static void receive_says_once_that_a_message_was_undecodable(void **state)
{
	struct channel channel;

	(void)state;
	post_four_of_which_two_are_bad(&channel);
	assert_receives_nothing(channel.b, WT_EUNDECODABLE);
	assert_receives(channel.b, "good");
	assert_receives_nothing(channel.b, WT_EUNDECODABLE);
	assert_receives(channel.b, "better");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M9] */
static void the_loop_tells_of_an_undecodable_message_and_goes_on(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	post_four_of_which_two_are_bad(&channel);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_on_message_error(channel.b, events_on_error, &events);
	assert_int_equal(wt_run_once(WT_NOW), 4);
	assert_events(&events, "error:WT_EUNDECODABLE good error:WT_EUNDECODABLE better");
	channel_close(&channel);
}

/* [M9] */
static void drain_tells_of_an_undecodable_message_and_goes_on(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	post_four_of_which_two_are_bad(&channel);
	wt_port_on_message_error(channel.b, events_on_error, &events);
	assert_int_equal(wt_port_drain(channel.b, events_on_message, &events, 0, NULL), 0);
	assert_events(&events, "error:WT_EUNDECODABLE good error:WT_EUNDECODABLE better");
	channel_close(&channel);
}

/* [M9] */
static void an_undecodable_message_that_nobody_asked_about_is_dropped(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	post_four_of_which_two_are_bad(&channel);
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(wt_run_once(WT_NOW) >= 2);
	assert_events(&events, "good better");
	channel_close(&channel);
}

static void an_undecodable_message_gives_its_room_back(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 16));
	decode_calls = 0;
	wti_fault_hook = fail_every_second;
	post_text(channel.a, "8 bytes.");
	assert_receives_nothing(channel.b, WT_EUNDECODABLE);
	post_text(channel.a, "the next");
	assert_receives(channel.b, "the next");
	channel_close(&channel);
}

/* A turn that has nothing to hand over leaves alone what its owner has in hand. */
static void a_view_outlives_a_turn_that_only_tells_of_the_close(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	wt_port_on_close(channel.b, events_on_close, &events);
	post_text(channel.a, "held");
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	wt_port_close(channel.a);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close");
	assert_int_equal(message.size, 4);
	assert_memory_equal(message.data, "held", 4);
	wt_port_close(channel.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(receive_now_says_that_nothing_is_there),
		TEST(receive_gives_up_at_its_deadline_and_not_before),
		TEST(receive_waits_until_something_comes),
		TEST(what_comes_soon_is_received_without_a_wait),
		TEST(a_receive_waits_at_once_where_polls_are_in_vain),
		TEST(a_receive_waits_at_once_for_a_worker_that_has_not_begun),
		TEST(a_receive_waits_at_once_behind_a_stream),
		TEST(a_receive_waits_at_once_where_it_may_owe_room),
		TEST(a_receive_waits_at_once_where_room_is_owed_elsewhere),
		TEST(receive_now_looks_once),
		TEST(a_dialogue_loses_no_wake),
		TEST(receive_says_closed_after_the_last_message),
		TEST(a_receive_that_makes_no_sense_takes_nothing),
		TEST(another_thread_receives_nothing),
		TEST(a_worker_that_is_told_to_end_takes_nothing),
		TEST(a_port_that_is_being_closed_hands_out_nothing),
		TEST(each_message_goes_to_the_handler_or_to_receive),
		TEST(a_receive_in_vain_takes_nothing_from_the_handler),
		TEST(a_receive_in_vain_takes_nothing_from_the_close_event),
		TEST(a_view_in_a_callback_outlives_a_nested_receive),
		TEST(a_view_in_a_callback_outlives_many_nested_receives),
		TEST(a_view_in_a_callback_outlives_a_nested_drain),
		TEST(drain_hands_over_all_that_waits),
		TEST(drain_hands_over_no_more_than_it_is_told_to),
		TEST(drain_ends_although_its_callback_posts_more),
		TEST(drain_says_closed_after_the_last_message),
		TEST(drain_gives_the_room_back),
		TEST(messages_stay_in_order_by_whatever_means_they_are_taken),
		TEST(who_posts_is_let_get_ahead_but_not_behind_an_answer),
		TEST(who_posts_is_let_get_ahead_of_a_drain),
		TEST(who_posts_large_messages_is_not_let_get_ahead_of_a_drain),
		TEST(large_messages_of_the_past_take_no_pause_from_a_drain),
		TEST(who_has_an_answer_is_let_get_ahead_of_a_drain_for_the_least),
		TEST(nobody_is_let_get_ahead_of_a_drain_that_finds_nothing),
		TEST(nobody_is_let_get_ahead_of_a_drain_that_left_something),
		TEST(who_waits_itself_is_not_let_get_ahead_of_a_drain),
		TEST(a_pause_is_over_when_who_is_let_get_ahead_waits),
		TEST(who_waits_itself_is_not_let_get_ahead),
		TEST(who_has_an_answer_to_its_wait_is_let_get_ahead),
		TEST(receive_says_once_that_a_message_was_undecodable),
		TEST(the_loop_tells_of_an_undecodable_message_and_goes_on),
		TEST(drain_tells_of_an_undecodable_message_and_goes_on),
		TEST(an_undecodable_message_that_nobody_asked_about_is_dropped),
		TEST(an_undecodable_message_gives_its_room_back),
		TEST(a_view_outlives_a_turn_that_only_tells_of_the_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
