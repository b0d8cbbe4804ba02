/* SPDX-License-Identifier: MIT
 *
 * What a thread's sleep for its ports costs the process: which sleeps need the
 * heavy barrier, and that none of those that do without it loses a wake.
 */
#include <errno.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>

#include "barrier.h"
#include "port.h"
#include "seam.h"
#include "select_set.h"
#include "support/ports.h"
#include "support/support.h"
#include "wait.h"

/* Messages: with so many since the last sleep, no sleep is soon. As PORT_SELDOM in port_receive.c. */
enum { MANY = 8 };

/*
 * A thread that is both sides: at each sleep so many messages come from `from`,
 * which a system that loses no wake ends the sleep for. Barriers and sleeps are
 * counted.
 */
static struct {
	struct wti_os_ops os;
	wt_port *from;
	unsigned messages; /* at each sleep */
	wt_port *gives_up; /* from which then a slot is opened and abandoned */
	unsigned sleeps;
	unsigned barriers;
	bool refuses;
	int64_t longest; /* ns: that a sleep was to last, where it had an end */
	bool asymmetric; /* as it was */
} system_;

static int count_barrier(void)
{
	system_.barriers++;
	return system_.refuses ? -EPERM : 0;
}

/* What nobody will read, but is notified. */
static void open_and_abandon(wt_port *port)
{
	wt_slot slot;

	assert_int_equal(wt_port_reserve(port, 4, &slot, WT_NOW), 0);
	wt_port_abandon(port, &slot);
}

static int post_asleep(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	int64_t span = deadline == INT64_MAX ? INT64_MAX : deadline - wt_now();

	system_.sleeps++;
	if (span > system_.longest)
		system_.longest = span;
	for (unsigned i = 0; i < system_.messages; i++)
		post_text(system_.from, "text");
	if (system_.gives_up)
		open_and_abandon(system_.gives_up);
	return wti_os_real.futex_wait(word, value, deadline);
}

static void system_begin(wt_port *from)
{
	memset(&system_, 0, sizeof system_);
	system_.os = wti_os_real;
	system_.os.futex_wait = post_asleep;
	system_.os.barrier = count_barrier;
	system_.from = from;
	system_.messages = 1;
	system_.asymmetric = wti_barrier_is_asymmetric();
	wti_park(&wti_thread_self()->parker, 1); /* no token of before */
	wti_store(&wti_barrier_asymmetric, true);
	wti_os = &system_.os;
}

static void system_end(void)
{
	wti_os = &wti_os_real;
	wti_store(&wti_barrier_asymmetric, system_.asymmetric);
}

/* So many sleeps since this was asked last, and so many barriers for them. */
static void assert_slept_at(unsigned sleeps, unsigned barriers, const char *file, int line)
{
	_assert_int_equal(system_.sleeps, sleeps, file, line);
	_assert_int_equal(system_.barriers, barriers, file, line);
	system_.sleeps = 0;
	system_.barriers = 0;
}
#define assert_slept(sleeps, barriers) assert_slept_at((sleeps), (barriers), __FILE__, __LINE__)

static uint32_t state_of(const wt_port *port)
{
	return wti_load(&port->source.state);
}

static void receive(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_FOREVER), 0);
	assert_int_equal(message.size, 4);
}

/* This thread's loop has had something of the port a moment ago, while it was awake. */
static void serve(wt_port *port)
{
	for (int i = 0; i < 5; i++)
		assert_int_equal(wt_run_once(WT_NOW), 0);
	port->source.served_pass = wti_thread_peek()->loop_passes;
}

/* ---- Ports ---- */

enum { FEW = 3, WATCHED = 40 }; /* fewer and more ports than make a set that wt_select watches from call to call */

static struct channel channels[WATCHED];
static wt_port *ports[WATCHED];

static void ports_open(int count, const wt_channel_options *options)
{
	for (int i = 0; i < count; i++) {
		channel_open(&channels[i], options);
		ports[i] = channels[i].b;
	}
}

static void ports_close(int count)
{
	for (int i = 0; i < count; i++)
		channel_close(&channels[i]);
}

/* All with a handler that counts in *seen; the messages come to the first. */
static void handlers_open(int count, unsigned long *seen)
{
	ports_open(count, NULL);
	for (int i = 0; i < count; i++)
		wt_port_on_message(ports[i], count_message, seen);
	system_begin(channels[0].a);
}

static void asleep_end(int count)
{
	system_end();
	ports_close(count);
}

/* One channel, whose receiver has slept once. */
static void open_and_sleep(struct channel *channel, const wt_channel_options *options)
{
	channel_open(channel, options);
	system_begin(channel->a);
	receive(channel->b);
}

static void end_and_close(struct channel *channel)
{
	system_end();
	channel_close(channel);
}

/* ---- Receive ---- */

static void who_sleeps_for_each_message_needs_one_barrier(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	serve(channel.b);
	system_begin(channel.a);
	receive(channel.b);
	assert_slept(1, 1);
	for (int i = 0; i < 20; i++)
		receive(channel.b);
	assert_slept(20, 0);
	system_.messages = MANY / 2;
	for (int i = 0; i < 5 * MANY / 2; i++)
		receive(channel.b);
	assert_slept(5, 0);
	end_and_close(&channel);
}

/* Whoever posts in a stream does not have to write the state. */
static void a_stream_behind_a_sleep_is_as_cheap_as_any(void **state)
{
	struct channel channel;

	(void)state;
	open_and_sleep(&channel, NULL);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_BRIEF | WTI_SOURCE_NOTIFIED);
	for (int i = 1; i < MANY; i++) {
		post_text(channel.a, "text");
		receive(channel.b);
	}
	/* Now and then it is looked for, not at each message. */
	for (int i = 0; i < 2000; i++)
		post_text(channel.a, "text");
	for (int i = 0; i < 2000; i++)
		receive(channel.b);
	assert_slept(1, 1);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_IDLE);
	receive(channel.b);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_NOTIFIED);
	receive(channel.b);
	assert_slept(2, 2);
	receive(channel.b);
	assert_slept(1, 0);
	end_and_close(&channel);
}

static void talk(struct channel *channel, size_t size)
{
	static const char bytes[100000];
	wt_message message;

	assert_int_equal(wt_port_post(channel->a, bytes, size), 0);
	assert_int_equal(wt_port_receive(channel->b, &message, WT_FOREVER), 0);
	assert_int_equal(message.size, size);
}

/* Nor in a dialogue in which nobody sleeps. */
static void a_dialogue_behind_a_sleep_is_as_cheap_as_any(void **state)
{
	static const size_t sizes[] = { 4, 100000 }; /* also what is received another way */

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct channel channel;

		open_and_sleep(&channel, WT_CHANNEL_OPTIONS(.limit = 1000000));
		for (int i = 1; i < MANY; i++) {
			assert_int_equal(state_of(channel.b), WTI_SOURCE_BRIEF | WTI_SOURCE_NOTIFIED);
			talk(&channel, sizes[k]);
		}
		assert_int_equal(state_of(channel.b), WTI_SOURCE_IDLE);
		assert_slept(1, 1);
		end_and_close(&channel);
	}
}

static void drain_text(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

/* Also where what comes is taken in other ways, each sleep is seen for what came since the last one. */
static void a_sleep_behind_many_that_were_drained_needs_the_barrier(void **state)
{
	struct channel channel;
	size_t drained;

	(void)state;
	open_and_sleep(&channel, NULL);
	assert_slept(1, 1);
	system_.messages = MANY + 1;
	receive(channel.b);
	assert_int_equal(wt_port_drain(channel.b, drain_text, NULL, 0, &drained), 0);
	assert_int_equal(drained, MANY);
	assert_slept(1, 0);
	receive(channel.b);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_NOTIFIED);
	assert_slept(1, 1);
	end_and_close(&channel);
}

static void a_stream_that_is_drained_behind_a_sleep_is_as_cheap_as_any(void **state)
{
	struct channel channel;

	(void)state;
	open_and_sleep(&channel, NULL);
	for (int i = 1; i < MANY; i++) {
		assert_int_equal(state_of(channel.b), WTI_SOURCE_BRIEF | WTI_SOURCE_NOTIFIED);
		post_text(channel.a, "text");
		assert_int_equal(wt_port_drain(channel.b, drain_text, NULL, 0, NULL), 0);
	}
	assert_int_equal(state_of(channel.b), WTI_SOURCE_IDLE);
	end_and_close(&channel);
}

/* Nobody can be sure to wake this thread: it looks by itself soon, and asks again. */
static void where_the_barrier_is_refused_each_sleep_is_short(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	system_begin(channel.a);
	system_.refuses = true;
	for (int i = 0; i < 3; i++) {
		receive(channel.b);
		assert_int_equal(state_of(channel.b), WTI_SOURCE_NOTIFIED);
		assert_slept(1, 2); /* who announces it and who sleeps ask for it */
	}
	assert_in_range(system_.longest, 0, 1000000);
	system_.messages = 0;
	assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(20)), WT_ETIMEDOUT);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_IDLE);
	assert_in_range(system_.longest, 0, 1000000);
	system_.refuses = false;
	system_.messages = 1;
	system_.sleeps = system_.barriers = 0;
	receive(channel.b);
	assert_slept(1, 1);
	receive(channel.b);
	assert_slept(1, 0);
	end_and_close(&channel);
}

/* ---- The loop ---- */

static void loop_receive(unsigned long *seen, unsigned long total)
{
	while (*seen < total)
		assert_true(wt_run_once(WT_FOREVER) > 0);
}

/* So many sleeps, and it counts as one that sleeps often. */
enum { OFTEN = 3 };

/* Its polls found something until now. */
static void has_found(void)
{
	wti_thread_peek()->poll_misses = 0;
}

/* One that has slept now and then is looked at as before. */
static void a_loop_that_seldom_sleeps_lets_nothing_go(void **state)
{
	unsigned long seen = 0;

	(void)state;
	if (!wti_wait_may_poll())
		skip();
	handlers_open(2, &seen);
	for (int i = 0; i < 5; i++) {
		has_found();
		loop_receive(&seen, seen + 1);
		for (int k = 0; k < 2; k++)
			assert_int_equal(state_of(channels[k].b), WTI_SOURCE_IDLE);
		assert_slept(1, 1);
	}
	asleep_end(2);
}

/* Once it sleeps often each of its ports is left alone, and only the one that ended a sleep is armed again. */
static void a_loop_that_sleeps_for_each_message_needs_one_barrier(void **state)
{
	enum { PORTS = 5 };
	unsigned long seen = 0;

	(void)state;
	handlers_open(PORTS, &seen);
	has_found();
	loop_receive(&seen, OFTEN);
	assert_slept(OFTEN, wti_wait_may_poll() ? 2 : 1);
	loop_receive(&seen, 20);
	assert_slept(20 - OFTEN, 0);
	for (int i = 0; i < 20; i++) {
		system_.from = channels[i % PORTS].a;
		loop_receive(&seen, seen + 1);
	}
	assert_slept(20, 0);
	asleep_end(PORTS);
}

/* As long as it is awake, it looks by itself. */
static void a_loop_that_does_not_sleep_looks_by_itself(void **state)
{
	struct channel channel;
	unsigned long seen = 0;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, count_message, &seen);
	system_begin(channel.a);
	loop_receive(&seen, OFTEN);
	assert_true(wti_source_is_brief(&channel.b->source));
	for (int i = 0; i < 3; i++) {
		post_text(channel.a, "text");
		assert_int_equal(wt_run_once(WT_NOW), 1);
	}
	assert_int_equal(state_of(channel.b), WTI_SOURCE_IDLE);
	system_end();
	assert_int_equal(seen, OFTEN + 3);
	channel_close(&channel);
}

/* Also several in turn, each of which the sleep has let go. */
static void a_loop_that_does_not_sleep_any_more_looks_at_all_by_itself(void **state)
{
	enum { PORTS = 8, ROUNDS = 10 };
	unsigned long seen = 0;

	(void)state;
	handlers_open(PORTS, &seen);
	loop_receive(&seen, OFTEN);
	system_.sleeps = 0;
	for (int i = 0; i < PORTS; i++)
		assert_true(wti_source_is_brief(&channels[i].b->source));
	for (int i = 0; i < PORTS * ROUNDS; i++) {
		if (i >= 2 * PORTS)
			assert_int_equal(state_of(channels[i % PORTS].b), WTI_SOURCE_IDLE);
		post_text(channels[i % PORTS].a, "text");
		assert_int_equal(wt_run_once(WT_NOW), 1);
	}
	assert_int_equal(system_.sleeps, 0);
	asleep_end(PORTS);
}

static void count_close(wt_port *port, void *arg)
{
	(void)port;
	++*(unsigned *)arg;
}

/* The last message is taken by a receive, or a drain, when the loop does not look any more: then the close is due. */
struct ending {
	bool hears;  /* there is a close event */
	bool drains;
	bool fails;  /* and it is undecodable */
	bool polled; /* by the program, which has the descriptor */
};

static int fail_to_decode(enum wti_fault_point point)
{
	return point == WTI_FAULT_DECODE ? WT_EUNDECODABLE : 0;
}

static int run_often(void)
{
	int result = 0;

	for (int k = 0; k < OFTEN; k++)
		result = wt_run_once(wt_after_ms(1));
	return result;
}

static void assert_ends(const struct ending *ending)
{
	struct channel channel;
	unsigned closes = 0;
	wt_message message;
	int fd = -1;

	channel_open(&channel, NULL);
	if (ending->hears)
		wt_port_on_close(channel.b, count_close, &closes);
	wt_port_ref(channel.b);
	if (ending->polled)
		assert_int_equal(wt_loop_fd(&fd), 0);
	post_text(channel.a, "first"); /* without memory, nothing is received the short way */
	assert_receives(channel.b, "first");
	post_text(channel.a, "text");
	wt_port_close(channel.a);
	assert_int_equal(run_often(), WT_ETIMEDOUT);
	assert_true(wti_list_empty(&channel.b->source.hot));
	if (ending->polled)
		assert_false(polls_readable(fd, 0));
	if (ending->fails)
		wti_fault_hook = fail_to_decode;
	if (ending->drains)
		assert_int_equal(wt_port_drain(channel.b, drain_text, NULL, 0, NULL), 0);
	else
		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), ending->fails ? WT_EUNDECODABLE : 0);
	wti_fault_hook = NULL;
	if (ending->polled)
		assert_true(polls_readable(fd, 0));
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(closes, ending->hears);
	wt_port_close(channel.b);
}

static void a_close_that_waits_for_a_receive_is_told_behind_a_sleep(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_ends(&(struct ending){ .hears = i & 1, .drains = i & 2 });
}

static void a_close_behind_an_undecodable_message_is_told_behind_a_sleep(void **state)
{
	(void)state;
	assert_ends(&(struct ending){ .hears = true, .fails = true });
}

/* The descriptor is readable when it is due, and not before. */
static void a_close_that_waits_for_a_receive_makes_the_descriptor_readable(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_ends(&(struct ending){ .hears = i & 1, .drains = i & 2, .polled = true });
}

static void give_up_armed(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point != WTI_YIELD_ARMED || !system_.gives_up)
		return;
	open_and_abandon(system_.gives_up);
	system_.gives_up = NULL;
}

/* It is notified for nothing, right before the look that finds nothing: so it is not armed any more, and is not let go. */
static void what_wakes_a_loop_in_vain_is_looked_at(void **state)
{
	struct channel channel;
	unsigned closes = 0;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_close(channel.b, count_close, &closes);
	wt_port_ref(channel.b);
	system_begin(channel.a);
	system_.messages = 0;
	system_.gives_up = channel.a;
	wti_yield_hook = give_up_armed;
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	assert_null(system_.gives_up);
	system_.gives_up = channel.a; /* also when it sleeps often */
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	wti_yield_hook = NULL;
	system_end();
	assert_null(system_.gives_up);
	wt_port_close(channel.a);
	assert_int_equal(wt_run_once(wt_after_ms(5000)), 1);
	assert_int_equal(closes, 1);
	wt_port_close(channel.b);
}

/* What is looked at again is not left alone by a sleep that may miss its wake. */
static void where_the_barrier_is_refused_the_loop_goes_on_looking(void **state)
{
	unsigned long seen = 0;

	(void)state;
	handlers_open(2, &seen);
	system_.refuses = true;
	for (int i = 0; i < 2 * OFTEN; i++) {
		loop_receive(&seen, seen + 1);
		for (int k = 0; k < 2; k++)
			assert_int_equal(state_of(channels[k].b), WTI_SOURCE_IDLE);
	}
	assert_in_range(system_.longest, 0, 1000000);
	/* Nobody is told of what comes. */
	post_text(channels[1].a, "text");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	asleep_end(2);
}

/* A program that polls the descriptor sleeps between any two turns. */
static void a_loop_with_a_descriptor_needs_one_barrier(void **state)
{
	struct channel channel;
	unsigned long seen = 0;
	int fd;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, count_message, &seen);
	assert_int_equal(wt_loop_fd(&fd), 0);
	system_begin(channel.a);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_slept(0, 1);
	for (int i = 0; i < 20; i++) {
		assert_false(polls_readable(fd, 0));
		post_text(channel.a, "text");
		assert_true(polls_readable(fd, 5000));
		assert_int_equal(wt_run_once(WT_NOW), 1);
	}
	assert_slept(0, 0);
	system_end();
	assert_int_equal(seen, 20);
	channel_close(&channel);
}

/* ---- Select ---- */

/* The message comes to that port when this thread sleeps. */
static void select_asleep(int count, int port)
{
	size_t ready;

	system_.from = channels[port].a;
	assert_int_equal(wt_select(ports, (size_t)count, &ready, WT_FOREVER), 0);
	assert_int_equal(ready, port);
	receive(ports[ready]);
}

static bool is_watched(int count)
{
	return wti_select_set_is(wti_thread_peek(), ports, (size_t)count);
}

static void assert_few_barriers_to_select(int count, const wt_channel_options *options)
{
	enum { TIMES = 3 * MANY };

	ports_open(count, options);
	for (int i = 0; i < count; i++)
		serve(ports[i]);
	system_begin(channels[0].a);
	for (int i = 0; i < OFTEN; i++)
		select_asleep(count, i);
	assert_int_equal(is_watched(count), count == WATCHED);
	system_.sleeps = system_.barriers = 0;
	for (int i = 0; i < TIMES * count; i++)
		select_asleep(count, i % count);
	assert_slept(TIMES * (unsigned)count, 0);
	for (int i = 0; i < TIMES; i++)
		select_asleep(count, 1);
	assert_slept(TIMES, 0);
	assert_int_equal(is_watched(count), count == WATCHED);
	asleep_end(count);
}

static void a_select_of_few_that_sleeps_for_each_message_needs_no_more_barriers(void **state)
{
	(void)state;
	assert_few_barriers_to_select(FEW, NULL);
	assert_few_barriers_to_select(FEW, WT_CHANNEL_OPTIONS(.limit = 1000));
}

static void a_select_of_many_that_sleeps_for_each_message_needs_no_more_barriers(void **state)
{
	(void)state;
	assert_few_barriers_to_select(WATCHED, NULL);
	assert_few_barriers_to_select(WATCHED, WT_CHANNEL_OPTIONS(.limit = 1000));
}

/* Whatever else the thread sleeps for between two calls. */
static void a_set_is_watched_on_behind_other_sleeps(void **state)
{
	struct channel other;

	(void)state;
	ports_open(WATCHED, NULL);
	channel_open(&other, NULL);
	system_begin(channels[0].a);
	for (int i = 0; i < 3; i++)
		select_asleep(WATCHED, i);
	for (int i = 0; i < 5; i++) {
		system_.from = other.a;
		receive(other.b);
		assert_true(is_watched(WATCHED));
		select_asleep(WATCHED, i);
	}
	system_end();
	channel_close(&other);
	ports_close(WATCHED);
}

/* As of a loop: it was notified for nothing, behind the one that was found. */
static void what_wakes_a_select_in_vain_is_looked_at(void **state)
{
	size_t ready;

	(void)state;
	ports_open(WATCHED, NULL);
	system_begin(channels[0].a);
	for (int i = 0; i < 5; i++)
		select_asleep(WATCHED, i);
	system_.gives_up = channels[20].a;
	select_asleep(WATCHED, 10);
	system_.gives_up = NULL;
	assert_true(is_watched(WATCHED));
	post_text(channels[20].a, "text");
	assert_int_equal(wt_select(ports, WATCHED, &ready, WT_NOW), 0);
	assert_int_equal(ready, 20);
	asleep_end(WATCHED);
}

/* No port is let go by a sleep that may miss its wake. */
static void where_the_barrier_is_refused_a_select_goes_on_looking(void **state)
{
	static const int counts[] = { FEW, WATCHED };
	size_t ready;

	(void)state;
	for (int k = 0; k < 2; k++) {
		ports_open(counts[k], NULL);
		system_begin(channels[0].a);
		system_.refuses = true;
		for (int i = 0; i < OFTEN; i++)
			select_asleep(counts[k], i);
		assert_int_equal(is_watched(counts[k]), counts[k] == WATCHED);
		assert_in_range(system_.longest, 0, 1000000);
		/* Nobody is told of what comes. */
		for (int i = 0; i < counts[k]; i++)
			assert_int_equal(state_of(ports[i]) & (WTI_SOURCE_ARMED | WTI_SOURCE_BRIEF), 0);
		post_text(channels[1].a, "text");
		assert_int_equal(wt_select(ports, (size_t)counts[k], &ready, WT_NOW), 0);
		assert_int_equal(ready, 1);
		receive(ports[1]);
		asleep_end(counts[k]);
	}
}

/* What never comes leaves a port as brief as it was. */
static void a_receive_in_vain_needs_no_more_barriers(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	open_and_sleep(&channel, NULL);
	system_.messages = 0;
	for (int i = 0; i < 5; i++)
		assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(1)), WT_ETIMEDOUT);
	assert_int_equal(state_of(channel.b), WTI_SOURCE_BRIEF);
	assert_int_equal(system_.barriers, 1);
	end_and_close(&channel);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(who_sleeps_for_each_message_needs_one_barrier),
		TEST(a_stream_behind_a_sleep_is_as_cheap_as_any),
		TEST(a_dialogue_behind_a_sleep_is_as_cheap_as_any),
		TEST(a_sleep_behind_many_that_were_drained_needs_the_barrier),
		TEST(a_stream_that_is_drained_behind_a_sleep_is_as_cheap_as_any),
		TEST(where_the_barrier_is_refused_each_sleep_is_short),
		TEST(a_loop_that_seldom_sleeps_lets_nothing_go),
		TEST(a_loop_that_sleeps_for_each_message_needs_one_barrier),
		TEST(a_loop_that_does_not_sleep_looks_by_itself),
		TEST(a_loop_that_does_not_sleep_any_more_looks_at_all_by_itself),
		TEST(a_close_that_waits_for_a_receive_is_told_behind_a_sleep),
		TEST(a_close_behind_an_undecodable_message_is_told_behind_a_sleep),
		TEST(what_wakes_a_loop_in_vain_is_looked_at),
		TEST(where_the_barrier_is_refused_the_loop_goes_on_looking),
		TEST(a_select_of_few_that_sleeps_for_each_message_needs_no_more_barriers),
		TEST(a_select_of_many_that_sleeps_for_each_message_needs_no_more_barriers),
		TEST(a_set_is_watched_on_behind_other_sleeps),
		TEST(what_wakes_a_select_in_vain_is_looked_at),
		TEST(where_the_barrier_is_refused_a_select_goes_on_looking),
		TEST(a_receive_in_vain_needs_no_more_barriers),
		/* From here on this thread has a descriptor. */
		TEST(a_loop_with_a_descriptor_needs_one_barrier),
		TEST(a_close_that_waits_for_a_receive_makes_the_descriptor_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
