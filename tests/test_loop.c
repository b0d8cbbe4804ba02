/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>

#include "port.h"
#include "support/ports.h"
#include "support/support.h"

/* ---- When the loop ends ---- */

static void run_returns_when_nothing_is_left_to_wait_for(void **state)
{
	(void)state;
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(wt_run_once(WT_FOREVER), 0);
	assert_int_equal(wt_run_once(WT_NOW), 0);
}

static void give_up_at_the_third(wt_port *port, wt_message *message, void *arg)
{
	unsigned long *count = arg;

	(void)message;
	if (++*count == 3)
		wt_port_unref(port);
}

static void run_returns_when_the_last_reference_goes(void **state)
{
	struct channel channel;
	unsigned long count = 0;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, give_up_at_the_third, &count);
	for (int i = 0; i < 3; i++)
		post_text(channel.a, "one");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(count, 3);
	assert_false(wt_loop_alive());
	channel_close(&channel);
}

static void post_later(void *arg)
{
	struct channel *channel = arg;

	if (wt_port_post(channel->b, "later", 5) == 0)
		wt_port_close(channel->b);
}

static void run_waits_for_what_other_threads_do(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	wt_port_on_message(channel.a, events_on_message, &events);
	wt_port_on_close(channel.a, events_on_close, &events);
	other_begin(&other, post_later, &channel);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "later close");
	other_end(&other);
	wt_port_close(channel.a);
}

/* ---- wt_run_once ---- */

static void run_once_counts_the_handlers_that_it_called(void **state)
{
	struct events events = { 0 };
	struct channel one, two;

	(void)state;
	channel_open(&one, NULL);
	channel_open(&two, NULL);
	wt_port_on_message(one.b, events_on_message, &events);
	wt_port_on_message(two.b, events_on_message, &events);
	wt_port_on_close(two.b, events_on_close, &events);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	post_text(one.a, "one");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	post_text(one.a, "one");
	post_text(one.a, "two");
	post_text(two.a, "three");
	wt_port_close(two.a);
	assert_int_equal(wt_run_once(WT_FOREVER), 4);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	channel_close(&one);
	wt_port_close(two.b);
	assert_int_equal(wt_run_once(WT_NOW), 0);
}

static void run_once_gives_up_at_its_deadline_and_not_before(void **state)
{
	static const uint64_t spans[] = { 0, 1000, 100000, 20000000 }; /* ns */
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_ref(channel.b);
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		wt_time deadline = wt_after_ns(spans[i]);

		assert_int_equal(wt_run_once(deadline), WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
	}
	channel_close(&channel);
}

static void run_once_does_what_is_ready_although_nothing_is_refed(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	wt_port_unref(channel.b);
	assert_int_equal(wt_run_once(WT_FOREVER), 0);
	post_text(channel.a, "one");
	assert_int_equal(wt_run_once(WT_FOREVER), 1);
	assert_events(&events, "one");
	channel_close(&channel);
}

/* ---- wt_stop ---- */

static void stop_in_the_callback(wt_port *port, wt_message *message, void *arg)
{
	events_on_message(port, message, arg);
	wt_stop();
}

static void stop_ends_the_loop_after_the_present_callback(void **state)
{
	struct events events = { 0 };
	struct channel one, two;

	(void)state;
	channel_open(&one, NULL);
	channel_open(&two, NULL);
	wt_port_on_message(one.b, stop_in_the_callback, &events);
	wt_port_on_message(two.b, stop_in_the_callback, &events);
	post_text(one.a, "one");
	post_text(one.a, "two");
	post_text(two.a, "three");
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "one");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_true(strlen(events.text) == strlen("one two three"));
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN); /* a stop is used up */
	channel_close(&one);
	channel_close(&two);
}

static void stop_outside_of_the_loop_ends_the_next_run_at_once(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	post_text(channel.a, "one");
	wt_stop();
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	wt_stop();
	wt_stop();
	assert_int_equal(wt_run_once(WT_FOREVER), 0);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	channel_close(&channel);
}

/* Its first call of all. */
static void stop_before_all_else(void *arg)
{
	struct verdict *verdict = arg;
	unsigned long count = 0;
	struct channel channel;

	wt_stop();
	CHECK(verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
	wt_port_on_message(channel.b, count_message, &count);
	CHECK(verdict, wt_run_once(wt_after_ms(100)) == 0);
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
}

static void stop_is_heard_on_a_thread_that_libwt_did_not_know(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(stop_before_all_else, &verdict);
	assert_verdict(&verdict);
}

/* ---- Inside callbacks ---- */

struct inside {
	int run;
	int run_once;
	bool alive;
	unsigned long count;
};

static void look_from_inside(wt_port *port, wt_message *message, void *arg)
{
	struct inside *inside = arg;

	(void)port;
	(void)message;
	inside->run = wt_run();
	inside->run_once = wt_run_once(WT_NOW);
	inside->alive = wt_loop_alive();
	inside->count++;
}

static void the_loop_does_not_run_inside_its_own_callback(void **state)
{
	struct inside inside = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, look_from_inside, &inside);
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_int_equal(inside.run, WT_EBUSY);
	assert_int_equal(inside.run_once, WT_EBUSY);
	assert_true(inside.alive);
	assert_int_equal(inside.count, 2);
	channel_close(&channel);
}

static void the_loop_does_not_run_inside_a_callback_of_drain(void **state)
{
	struct inside inside = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	assert_int_equal(wt_port_drain(channel.b, look_from_inside, &inside, 0, NULL), 0);
	assert_int_equal(inside.run, WT_EBUSY);
	assert_int_equal(inside.run_once, WT_EBUSY);
	assert_int_equal(inside.count, 1);
	assert_int_equal(wt_run(), 0);
	channel_close(&channel);
}

static void note_alive(wt_port *port, void *arg)
{
	(void)port;
	events_add(arg, "%s", wt_loop_alive() ? "alive" : "over");
}

/* Neither port is ref'd: the event alone keeps the loop alive, until it is told. */
static void a_pending_close_event_keeps_the_loop_alive(void **state)
{
	struct events events = { 0 };
	struct channel one, two;

	(void)state;
	channel_open(&one, NULL);
	channel_open(&two, NULL);
	wt_port_on_close(one.b, note_alive, &events);
	wt_port_on_close(two.b, note_alive, &events);
	assert_false(wt_loop_alive());
	wt_port_close(one.a);
	wt_port_close(two.a);
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "alive over");
	assert_false(wt_loop_alive());
	wt_port_close(one.b);
	wt_port_close(two.b);
}

/* Each closes all the others, whichever comes first. */
struct crowd {
	wt_port *ports[10];
	unsigned long calls;
};

static void close_all_others(wt_port *port, wt_message *message, void *arg)
{
	struct crowd *crowd = arg;

	(void)message;
	crowd->calls++;
	for (int i = 0; i < 10; i++) {
		if (crowd->ports[i] != port)
			wt_port_close(crowd->ports[i]);
		crowd->ports[i] = NULL;
	}
	wt_port_close(port);
}

static void a_callback_can_close_the_ports_that_are_next_in_turn(void **state)
{
	struct channel channels[10];
	struct crowd crowd = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		channel_open(&channels[i], NULL);
		crowd.ports[i] = channels[i].b;
		wt_port_on_message(channels[i].b, close_all_others, &crowd);
		post_text(channels[i].a, "one");
	}
	assert_int_equal(wt_run(), 0);
	assert_int_equal(crowd.calls, 1);
	for (int i = 0; i < 10; i++)
		wt_port_close(channels[i].a);
}

/* Opens another channel in each callback and closes its own, a thousand times. */
struct chain {
	struct channel present;
	unsigned long left;
};

static void pass_on(wt_port *port, wt_message *message, void *arg)
{
	struct chain *chain = arg;

	(void)message;
	wt_port_close(port);
	wt_port_close(chain->present.a);
	if (--chain->left == 0 || wt_channel_create(&chain->present.a, &chain->present.b, NULL) != 0)
		return;
	wt_port_on_message(chain->present.b, pass_on, chain);
	if (wt_port_post(chain->present.a, "one", 3) != 0)
		wt_port_close(chain->present.b);
}

static void a_callback_can_open_the_port_that_replaces_its_own(void **state)
{
	struct chain chain = { .left = 1000 };

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&chain.present, NULL);
	wt_port_on_message(chain.present.b, pass_on, &chain);
	post_text(chain.present.a, "one");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(chain.left, 0);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- Fairness ---- */

struct self_poster {
	wt_port *sender;
	unsigned long posted;
};

static void post_to_itself(wt_port *port, wt_message *message, void *arg)
{
	struct self_poster *poster = arg;

	(void)port;
	(void)message;
	if (wt_port_post(poster->sender, "again", 5) == 0)
		poster->posted++;
}

/* [M7] A handler that never runs out of messages, since each one makes another. */
static void a_handler_that_posts_to_itself_starves_nobody(void **state)
{
	struct self_poster poster = { 0 };
	struct events events = { 0 };
	struct channel busy, quiet;

	(void)state;
	channel_open(&busy, NULL);
	channel_open(&quiet, NULL);
	poster.sender = busy.a;
	wt_port_on_message(busy.b, post_to_itself, &poster);
	wt_port_on_message(quiet.b, stop_in_the_callback, &events);
	post_text(busy.a, "first");
	for (int i = 1; i <= 3; i++) {
		post_text(quiet.a, "served");
		assert_int_equal(wt_run(), 0);
		assert_in_range(poster.posted, 0, 1000 * (unsigned long)(i + 1));
	}
	assert_events(&events, "served served served");
	channel_close(&busy);
	channel_close(&quiet);
}

static void take_a_message(struct channel *channel)
{
	post_text(channel->a, "one");
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
}

/* A look at each pass for ever is no price for a port that was used once; and it is heard all the same. */
static void a_port_that_is_quiet_for_long_is_left_alone(void **state)
{
	struct channel busy, quiet;
	unsigned long count = 0;

	(void)state;
	channel_open(&busy, NULL);
	channel_open(&quiet, NULL);
	wt_port_on_message(busy.b, count_message, &count);
	wt_port_on_message(quiet.b, count_message, &count);
	for (int i = 1; i <= 2; i++) {
		take_a_message(&quiet);
		assert_false(wti_list_empty(&quiet.b->source.hot));
		for (int j = 0; j < 1100; j++)
			take_a_message(&busy);
		assert_true(wti_list_empty(&quiet.b->source.hot));
		assert_false(wti_list_empty(&busy.b->source.hot));
	}
	take_a_message(&quiet);
	assert_int_equal(count, 2203);
	channel_close(&busy);
	channel_close(&quiet);
}

/* [M7] What was there when the turn began is its share, or a thousand messages where there were fewer. */
static void a_turn_takes_what_was_there_and_at_least_a_thousand(void **state)
{
	struct self_poster poster = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	poster.sender = channel.a;
	wt_port_on_message(channel.b, post_to_itself, &poster);
	post_text(channel.a, "first");
	assert_int_equal(wt_run_once(WT_NOW), 1000);
	for (int i = 0; i < 4999; i++)
		post_text(channel.a, "more");
	assert_int_equal(wt_run_once(WT_NOW), 5000);
	channel_close(&channel);
}

struct flood {
	wt_port *port;
	struct latch *over;
	unsigned long refused;
};

static void flood_run(void *arg)
{
	struct flood *flood = arg;
	wt_outgoing outgoing = { .data = "flooding", .size = 8 };

	while (!latch_is_open(flood->over))
		if (wt_port_send(flood->port, &outgoing, wt_after_ms(100)) != 0)
			flood->refused++;
}

static void open_the_latch(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	latch_open(arg);
	wt_stop();
}

/* [M7] Another thread fills one port as fast as it can; the other port has its turn nevertheless. */
static void a_flooded_port_starves_nobody(void **state)
{
	for (unsigned i = 0; i < 100 / support_slowdown() + 5; i++) {
		struct latch over = { 0 };
		struct flood flood = { .over = &over };
		struct channel flooded, quiet;
		unsigned long count = 0;
		struct other other;

		(void)state;
		other_start(&other);
		channel_open(&flooded, WT_CHANNEL_OPTIONS(.limit = 10000));
		channel_open(&quiet, NULL);
		flood.port = flooded.a;
		wt_port_on_message(flooded.b, count_message, &count);
		wt_port_on_message(quiet.b, open_the_latch, &over);
		other_begin(&other, flood_run, &flood);
		while (count < 1000)
			assert_int_not_equal(wt_run_once(wt_after_ms(10000)), WT_ETIMEDOUT);
		post_text(quiet.a, "one");
		assert_int_equal(wt_run(), 0);
		assert_true(latch_is_open(&over));
		other_end(&other);
		channel_close(&flooded);
		channel_close(&quiet);
	}
}

/* ---- Many ports ---- */

enum { CROWD = 3000 };

static void thousands_of_ports_are_all_served(void **state)
{
	struct channel *channels = calloc(CROWD, sizeof *channels);
	unsigned long messages = 0;

	(void)state;
	assert_non_null(channels);
	for (int i = 0; i < CROWD; i++) {
		channel_open(&channels[i], NULL);
		wt_port_on_message(channels[i].b, count_message, &messages);
	}
	for (int round = 0; round < 20; round++) {
		for (int i = round % 7; i < CROWD; i += 7)
			post_text(channels[i].a, "one");
		while (wt_run_once(WT_NOW) > 0)
			;
	}
	assert_in_range(messages, 20 * (CROWD / 7), 20 * (CROWD / 7 + 1));
	for (int i = 0; i < CROWD; i++)
		wt_port_close(i & 1 ? channels[i].a : channels[i].b);
	assert_int_equal(wt_run(), 0);
	assert_false(wt_loop_alive());
	for (int i = 0; i < CROWD; i++)
		wt_port_close(i & 1 ? channels[i].b : channels[i].a);
	free(channels);
}

/* ---- Loops of threads that libwt did not start ---- */

struct own_loop {
	struct verdict verdict;
	unsigned long count;
};

/* A counter that goes to and fro between two ports of one thread. */
static void answer(wt_port *port, wt_message *message, void *arg)
{
	struct own_loop *own = arg;

	if (++own->count == 1000)
		wt_port_close(port);
	else
		CHECK(&own->verdict, wt_port_post(port, message->data, message->size) == 0);
}

static void *own_loop_run(void *arg)
{
	struct own_loop *own = arg;
	wt_port *a, *b;

	CHECK(&own->verdict, wt_run() == 0);
	if (wt_channel_create(&a, &b, NULL) != 0)
		return NULL;
	wt_port_on_message(a, answer, own);
	wt_port_on_message(b, answer, own);
	CHECK(&own->verdict, wt_port_post(a, "ball", 4) == 0);
	CHECK(&own->verdict, wt_run() == 0);
	CHECK(&own->verdict, !wt_loop_alive());
	return NULL;
}

static void every_thread_has_a_loop_of_its_own(void **state)
{
	struct own_loop own[8] = { 0 };
	pthread_t threads[8];

	(void)state;
	support_count();
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, own_loop_run, &own[i]), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_verdict(&own[i].verdict);
		assert_int_equal(own[i].count, 1000);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0); /* what they left open is closed */
}

static void run_without_memory(void *arg)
{
	int *results = arg;

	support_fail_allocations(1, 0);
	results[0] = wt_run();
	results[1] = wt_run_once(WT_NOW);
	results[2] = wt_loop_fd(&results[3]);
	support_fail_allocations(0, 0);
	results[4] = wt_run();
}

static void a_thread_without_memory_for_a_loop_hears_so(void **state)
{
	int results[5] = { 0 };

	(void)state;
	run_on_new_thread(run_without_memory, results);
	assert_int_equal(results[0], WT_ENOMEM);
	assert_int_equal(results[1], WT_ENOMEM);
	assert_int_equal(results[2], WT_ENOMEM);
	assert_int_equal(results[3], -1);
	assert_int_equal(results[4], 0);
}

/* ---- The descriptor ---- */

static int loop_fd(void)
{
	int fd = -1;

	assert_int_equal(wt_loop_fd(&fd), 0);
	assert_true(fd > 2);
	return fd;
}

/* Run the loop as a program does that polls: while there is something. False when it does not come to an end. */
static bool settle(int fd)
{
	for (int i = 0; i < 100 && polls_readable(fd, 0); i++) {
		int calls = wt_run_once(WT_NOW);

		if (calls < 0 && calls != WT_EAGAIN)
			return false;
	}
	return !polls_readable(fd, 0);
}

static void the_descriptor_is_readable_while_handlers_are_ready(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	int fd = loop_fd();

	(void)state;
	assert_int_equal(loop_fd(), fd);
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, stop_in_the_callback, &events);
	assert_true(settle(fd));
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	assert_true(polls_readable(fd, 0));
	assert_true(polls_readable(fd, 0));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_true(polls_readable(fd, 0)); /* the second one is still there */
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_false(polls_readable(fd, 0));
	assert_events(&events, "one two");
	channel_close(&channel);
	assert_true(settle(fd));
}

static void the_descriptor_is_readable_for_what_was_there_before_it(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	int fd;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	post_text(channel.a, "one");
	fd = loop_fd();
	assert_true(polls_readable(fd, 0));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_true(settle(fd));
	channel_close(&channel);
}

/* What the owner itself does outside of the loop shows as well. */
static void the_descriptor_is_readable_for_what_the_owner_does(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	int fd = loop_fd();

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "one");
	assert_true(settle(fd)); /* nobody wants it */
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(polls_readable(fd, 0));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_false(polls_readable(fd, 0));
	wt_port_stop(channel.b);
	post_text(channel.a, "two");
	assert_true(settle(fd));
	wt_port_start(channel.b);
	assert_true(polls_readable(fd, 0));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_false(polls_readable(fd, 0));
	wt_port_on_close(channel.b, events_on_close, &events);
	assert_true(settle(fd));
	wt_port_close(channel.b);
	assert_true(polls_readable(fd, 0));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_true(settle(fd));
	assert_events(&events, "one two close");
	wt_port_close(channel.a);
}

/* Whoever sleeps in a poll is to look at wt_loop_alive; but not again and again. */
static void the_descriptor_is_readable_when_the_last_ref_goes(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	int fd = loop_fd();

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.a, events_on_message, &events);
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(settle(fd));
	wt_port_unref(channel.a);
	assert_true(wt_loop_alive());
	assert_false(polls_readable(fd, 0));
	wt_port_unref(channel.b);
	assert_false(wt_loop_alive());
	assert_true(polls_readable(fd, 0));
	assert_true(settle(fd));
	wt_port_ref(channel.b);
	assert_true(settle(fd));
	wt_port_on_message(channel.b, NULL, NULL);
	assert_true(polls_readable(fd, 0));
	assert_true(settle(fd));
	channel_close(&channel);
	assert_true(settle(fd));
}

/* Receiving outside of the loop must not take the descriptor's attention away. */
static void the_descriptor_is_readable_after_a_receive_in_vain(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	int fd = loop_fd();
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(settle(fd));
	assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(5)), WT_ETIMEDOUT);
	post_text(channel.a, "one");
	assert_true(polls_readable(fd, 1000));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_true(settle(fd));
	channel_close(&channel);
}

struct remote {
	wt_port *port;
	struct latch *go;
	struct verdict verdict;
};

static void post_at_the_latch(void *arg)
{
	struct remote *remote = arg;

	CHECK(&remote->verdict, latch_await(remote->go));
	CHECK(&remote->verdict, wt_port_post(remote->port, "remote", 6) == 0);
}

static void the_descriptor_wakes_a_poll_for_a_post_of_another_thread(void **state)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct events events = { 0 };
	struct latch go = { 0 };
	struct remote remote = { .go = &go };
	struct channel channel;
	struct other other;
	int fd = loop_fd(), epoll = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	assert_true(epoll >= 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	other_start(&other);
	channel_open(&channel, NULL);
	remote.port = channel.a;
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(settle(fd));
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	other_begin(&other, post_at_the_latch, &remote);
	latch_open(&go);
	assert_int_equal(epoll_wait(epoll, &event, 1, 10000), 1);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1); /* level-triggered */
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	other_end(&other);
	assert_verdict(&remote.verdict);
	assert_events(&events, "remote");
	channel_close(&channel);
	close(epoll);
	assert_true(settle(fd));
}

struct answering {
	wt_port *port;
	uint64_t count;
	int err;
};

/* The other side of the stress: waits for each answer before it posts the next. */
static void ask(void *arg)
{
	struct answering *asking = arg;
	wt_message message;

	for (uint64_t i = 0; i < asking->count && !asking->err; i++) {
		asking->err = wt_port_post(asking->port, &i, sizeof i);
		if (!asking->err)
			asking->err = wt_port_receive(asking->port, &message, wt_after_ms(10000));
	}
}

static void reply(wt_port *port, wt_message *message, void *arg)
{
	unsigned long *count = arg;

	*count += wt_port_post(port, message->data, message->size) == 0;
}

/* One message at a time, so that the descriptor must become readable, and unreadable, for each. */
static void the_descriptor_loses_no_readiness_in_a_dialogue(void **state)
{
	struct answering asking = { .count = 50000 / support_slowdown() };
	struct channel channel;
	unsigned long count = 0;
	bool woken = true;
	struct other other;
	int fd = loop_fd();

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	asking.port = channel.b;
	wt_port_on_message(channel.a, reply, &count);
	other_begin(&other, ask, &asking);
	while (woken && count < asking.count) {
		woken = polls_readable(fd, 5000);
		if (wt_run_once(WT_NOW) < WT_EAGAIN)
			break;
	}
	other_wait(&other);
	assert_true(woken);
	assert_int_equal(asking.err, 0);
	assert_true(settle(fd));
	other_end(&other);
	wt_port_close(channel.a);
}

struct burst {
	pthread_t thread;
	wt_port *port;
	uint64_t count;
	uint64_t random;
	struct verdict *verdict;
};

static void *burst_run(void *arg)
{
	struct burst *burst = arg;

	for (uint64_t i = 0; i < burst->count; i++) {
		CHECK(burst->verdict, wt_port_post(burst->port, &i, sizeof i) == 0);
		if (support_random(&burst->random) % 16 == 0)
			sched_yield();
	}
	return NULL;
}

/* Bursts of four threads to two ports. */
static void the_descriptor_loses_no_readiness_under_load(void **state)
{
	unsigned long count = 0, all;
	struct verdict verdict = { 0 };
	struct channel channels[2];
	struct burst bursts[4];
	uint64_t seed = support_seed();
	bool woken = true;
	int fd = loop_fd();

	(void)state;
	all = 4 * (25000 / support_slowdown());
	for (int i = 0; i < 2; i++) {
		channel_open(&channels[i], NULL);
		wt_port_on_message(channels[i].b, count_message, &count);
	}
	for (int i = 0; i < 4; i++) {
		bursts[i] = (struct burst){ .port = channels[i / 2].a, .count = all / 4, .verdict = &verdict };
		bursts[i].random = seed + (uint64_t)i;
		assert_int_equal(pthread_create(&bursts[i].thread, NULL, burst_run, &bursts[i]), 0);
	}
	while (woken && count < all) {
		woken = polls_readable(fd, 5000);
		if (wt_run_once(WT_NOW) < WT_EAGAIN)
			break;
	}
	for (int i = 0; i < 4; i++)
		pthread_join(bursts[i].thread, NULL);
	assert_verdict(&verdict);
	assert_true(woken);
	assert_int_equal(count, all);
	assert_true(settle(fd));
	channel_close(&channels[0]);
	channel_close(&channels[1]);
}

struct fd_of_thread {
	int err;
	int fd;
	unsigned open;
};

static void take_fd(void *arg)
{
	struct fd_of_thread *taken = arg;

	taken->err = wt_loop_fd(&taken->fd);
	taken->open = support_open_fds();
}

static void the_descriptor_closes_with_its_thread(void **state)
{
	struct fd_of_thread taken = { 0 };
	unsigned before;

	(void)state;
	before = support_open_fds();
	run_on_new_thread(take_fd, &taken);
	assert_int_equal(taken.err, 0);
	assert_true(taken.open > before);
	assert_int_equal(support_open_fds(), before);
}

static void fail_then_take_fd(void *arg)
{
	struct fd_of_thread *taken = arg;

	support_fail_os(SUPPORT_EVENT_CREATE, EMFILE);
	taken[0].err = wt_loop_fd(&taken[0].fd);
	support_restore_os();
	take_fd(&taken[1]);
}

static void a_descriptor_that_cannot_be_had_is_an_error_and_no_more(void **state)
{
	struct fd_of_thread taken[2] = { 0 };

	(void)state;
	run_on_new_thread(fail_then_take_fd, taken);
	assert_int_equal(taken[0].err, -EMFILE);
	assert_int_equal(taken[0].fd, -1);
	assert_int_equal(taken[1].err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_returns_when_nothing_is_left_to_wait_for),
		TEST(run_returns_when_the_last_reference_goes),
		TEST(run_waits_for_what_other_threads_do),
		TEST(run_once_counts_the_handlers_that_it_called),
		TEST(run_once_gives_up_at_its_deadline_and_not_before),
		TEST(run_once_does_what_is_ready_although_nothing_is_refed),
		TEST(stop_ends_the_loop_after_the_present_callback),
		TEST(stop_outside_of_the_loop_ends_the_next_run_at_once),
		TEST(stop_is_heard_on_a_thread_that_libwt_did_not_know),
		TEST(the_loop_does_not_run_inside_its_own_callback),
		TEST(the_loop_does_not_run_inside_a_callback_of_drain),
		TEST(a_pending_close_event_keeps_the_loop_alive),
		TEST(a_callback_can_close_the_ports_that_are_next_in_turn),
		TEST(a_callback_can_open_the_port_that_replaces_its_own),
		TEST(a_handler_that_posts_to_itself_starves_nobody),
		TEST(a_port_that_is_quiet_for_long_is_left_alone),
		TEST(a_turn_takes_what_was_there_and_at_least_a_thousand),
		TEST(a_flooded_port_starves_nobody),
		TEST(thousands_of_ports_are_all_served),
		TEST(every_thread_has_a_loop_of_its_own),
		TEST(a_thread_without_memory_for_a_loop_hears_so),
		/* From here on the runner's thread has a descriptor. */
		TEST(the_descriptor_closes_with_its_thread),
		TEST(a_descriptor_that_cannot_be_had_is_an_error_and_no_more),
		TEST(the_descriptor_is_readable_for_what_was_there_before_it),
		TEST(the_descriptor_is_readable_while_handlers_are_ready),
		TEST(the_descriptor_is_readable_for_what_the_owner_does),
		TEST(the_descriptor_is_readable_when_the_last_ref_goes),
		TEST(the_descriptor_is_readable_after_a_receive_in_vain),
		TEST(the_descriptor_wakes_a_poll_for_a_post_of_another_thread),
		TEST(the_descriptor_loses_no_readiness_in_a_dialogue),
		TEST(the_descriptor_loses_no_readiness_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
