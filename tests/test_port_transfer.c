/* SPDX-License-Identifier: MIT
 *
 * Ports that move: with their messages, under way between two threads, nested
 * in each other's queues, and in circles.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "seam.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- A port goes from the runner to another thread ---- */

struct move {
	struct other other;
	struct channel carrier; /* a is the runner's, b the other thread's */
	struct channel channel; /* b is what moves */
	int err;
	unsigned count, expected;
	struct events events;
	struct verdict verdict;
};

static void move_make(struct move *move, const wt_channel_options *options)
{
	memset(move, 0, sizeof *move);
	other_start(&move->other);
	channel_open_between(&move->carrier, &move->other, NULL);
	channel_open(&move->channel, options);
}

/* The other thread's end closes what it has. */
static void move_end(struct move *move)
{
	other_end(&move->other);
	assert_verdict(&move->verdict);
	wt_port_close(move->carrier.a);
	wt_port_close(move->channel.a);
}

static void move_send(struct move *move)
{
	assert_int_equal(send_with(move->carrier.a, "port", WT_MOVE(&move->channel.b)), 0);
	assert_null(move->channel.b);
}

static void move_take(void *arg)
{
	struct move *move = arg;

	move->err = receive_port(move->carrier.b, &move->channel.b, wt_after_ms(20000));
	CHECK(&move->verdict, move->err == 0 && move->channel.b);
}

static void move_over(struct move *move)
{
	move_send(move);
	other_run(&move->other, move_take, move);
	assert_verdict(&move->verdict);
}

static void post_number(wt_port *port, unsigned number)
{
	assert_int_equal(wt_port_post(port, &number, sizeof number), 0);
}

/* Receive `expected` messages, whose numbers go on from `count`. */
static void move_receive(void *arg)
{
	struct move *move = arg;
	wt_message message;
	unsigned number;

	while (move->count < move->expected) {
		int err = wt_port_receive(move->channel.b, &message, wt_after_ms(20000));

		CHECK(&move->verdict, err == 0 && message.size >= sizeof number);
		if (err)
			return;
		memcpy(&number, message.data, sizeof number);
		CHECK(&move->verdict, number == move->count);
		move->count++;
	}
	CHECK(&move->verdict, wt_port_receive(move->channel.b, &message, WT_NOW) == WT_EAGAIN);
}

static void a_moved_port_is_the_same_object_with_another_owner(void **state)
{
	struct move move;
	wt_port *port;
	wt_message message;

	(void)state;
	move_make(&move, NULL);
	port = move.channel.b;
	move_send(&move);
	assert_int_equal(wt_port_receive(port, &message, WT_NOW), WT_EOWNER);
	other_run(&move.other, move_take, &move);
	assert_verdict(&move.verdict);
	assert_ptr_equal(move.channel.b, port);
	assert_int_equal(wt_port_receive(port, &message, WT_NOW), WT_EOWNER);
	wt_port_close(port); /* not ours any more */
	post_number(move.channel.a, 0);
	move.expected = 1;
	other_run(&move.other, move_receive, &move);
	move_end(&move);
}

/* [T1] Of the ring and out of line, some received before, one in view, some posted under way. */
static void messages_move_with_the_port_in_order(void **state)
{
	static unsigned char bytes[50000];
	struct move move;
	wt_message message;

	(void)state;
	move_make(&move, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(bytes, &i, sizeof i);
		assert_int_equal(wt_port_post(move.channel.a, bytes, i % 100 == 3 ? sizeof bytes : 4 + i % 64), 0);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(wt_port_receive(move.channel.b, &message, WT_NOW), 0);
	move_send(&move);
	wt_message_release(&message);
	for (unsigned i = 1000; i < 1500; i++)
		post_number(move.channel.a, i);
	move.count = 10;
	move.expected = 1500;
	other_run(&move.other, move_take, &move);
	other_run(&move.other, move_receive, &move);
	assert_verdict(&move.verdict);
	for (unsigned i = 1500; i < 1600; i++)
		post_number(move.channel.a, i);
	move.expected = 1600;
	other_run(&move.other, move_receive, &move);
	move_end(&move);
}

/* [T1] What the owner did not take out of its view goes when the view does, not with the port. */
static void a_view_ends_when_its_port_moves(void **state)
{
	struct deleted deleted = { 0 };
	struct move move;
	wt_buffer *buffer = wrap_counted(&deleted);
	wt_message message;

	(void)state;
	move_make(&move, NULL);
	assert_int_equal(send_with(move.channel.a, "viewed", WT_MOVE(&buffer)), 0);
	assert_receives_with(move.channel.b, "viewed", 1, &message);
	move_send(&move);
	assert_deleted(&deleted, 1);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), WT_EINVAL);
	other_run(&move.other, move_take, &move);
	other_run(&move.other, move_receive, &move);
	move_end(&move);
}

/* [M3] Where it does not move, its view stays. */
static void a_view_stays_when_the_move_fails(void **state)
{
	struct move move;
	wt_buffer *none = NULL;
	wt_message message;

	(void)state;
	move_make(&move, NULL);
	post_text(move.channel.a, "viewed");
	assert_int_equal(wt_port_receive(move.channel.b, &message, WT_NOW), 0);
	assert_int_equal(send_with(move.carrier.a, "x", WT_MOVE(&move.channel.b), WT_MOVE(&none)), WT_EDETACHED);
	assert_memory_equal(message.data, "viewed", 6);
	wt_port_close(move.channel.b);
	move_end(&move);
}

/* ---- Handlers and liveness ---- */

static void never_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	abort();
}

static void never_close(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
	abort();
}

static void never_error(wt_port *port, int error, void *arg)
{
	(void)error;
	never_close(port, arg);
}

static void run_idle(void *arg)
{
	struct move *move = arg;

	CHECK(&move->verdict, !wt_loop_alive());
	CHECK(&move->verdict, !wt_port_has_ref(move->channel.b));
	CHECK(&move->verdict, wt_run() == 0);
}

static void run_with_handlers(void *arg)
{
	struct move *move = arg;

	wt_port_on_message(move->channel.b, events_on_message, &move->events);
	wt_port_on_close(move->channel.b, events_on_close, &move->events);
	CHECK(&move->verdict, wt_port_has_ref(move->channel.b));
	CHECK(&move->verdict, wt_run() == 0);
}

/* [T1] */
static void handlers_start_and_ref_stay_behind(void **state)
{
	struct move move;

	(void)state;
	move_make(&move, NULL);
	wt_port_on_message(move.channel.b, never_message, NULL);
	wt_port_on_close(move.channel.b, never_close, NULL);
	wt_port_on_message_error(move.channel.b, never_error, NULL);
	wt_port_on_drain(move.channel.b, never_close, NULL);
	assert_true(wt_loop_alive());
	post_text(move.channel.a, "one");
	move_send(&move);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	post_text(move.channel.a, "two");
	assert_int_equal(wt_run(), 0);
	other_run(&move.other, move_take, &move);
	other_run(&move.other, run_idle, &move);
	assert_verdict(&move.verdict);
	post_text(move.channel.a, "three");
	wt_port_close(move.channel.a);
	move.channel.a = NULL;
	assert_int_equal(wt_run(), 0);
	other_run(&move.other, run_with_handlers, &move);
	assert_events(&move.events, "one two three close");
	move_end(&move);
}

static void start_only(void *arg)
{
	struct move *move = arg;

	wt_port_start(move->channel.b);
	CHECK(&move->verdict, wt_run_once(WT_NOW) <= 0);
	wt_port_ref(move->channel.b);
	CHECK(&move->verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
	wt_port_unref(move->channel.b);
}

/* A started port has no handler to call. */
static void a_port_that_is_started_again_calls_no_handler_of_its_old_owner(void **state)
{
	struct move move;

	(void)state;
	move_make(&move, NULL);
	wt_port_on_message(move.channel.b, never_message, NULL);
	post_text(move.channel.a, "one");
	move_over(&move);
	other_run(&move.other, start_only, &move);
	wt_port_close(move.channel.a);
	move.channel.a = NULL;
	other_run(&move.other, run_with_handlers, &move);
	assert_events(&move.events, "one close");
	move_end(&move);
}

/* The old loop has armed the port, and then had it on its list of what is ready. */
static void a_port_that_its_old_loop_was_to_serve_is_served_by_the_new_one(void **state)
{
	struct move move;
	unsigned long count = 0;
	struct channel kept;

	(void)state;
	move_make(&move, NULL);
	channel_open(&kept, NULL);
	wt_port_on_message(kept.b, count_message, &count);
	wt_port_on_message(move.channel.b, never_message, NULL);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	post_text(move.channel.a, "one");
	post_text(kept.a, "kept");
	move_send(&move);
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
	assert_int_equal(count, 1);
	post_text(move.channel.a, "two");
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	other_run(&move.other, move_take, &move);
	wt_port_close(move.channel.a);
	move.channel.a = NULL;
	other_run(&move.other, run_with_handlers, &move);
	assert_events(&move.events, "one two close");
	channel_close(&kept);
	move_end(&move);
}

struct passing {
	struct channel carrier, first, second;
	unsigned calls;
	int err;
};

/* Sends the port whose turn is next in this pass, and takes it back at once. */
static void send_the_next(wt_port *port, wt_message *message, void *arg)
{
	struct passing *passing = arg;
	wt_port **other = port == passing->first.b ? &passing->second.b : &passing->first.b;

	(void)message;
	passing->calls++;
	passing->err = send_with(passing->carrier.a, "port", WT_MOVE(other));
	passing->err = passing->err ? passing->err : receive_port(passing->carrier.b, other, WT_NOW);
}

/* Two ports are ready in one pass of the loop; whichever comes first sends the other, and so takes its handler away. */
static void a_port_that_moves_in_anothers_callback_loses_its_turn(void **state)
{
	struct passing passing = { 0 };

	(void)state;
	channel_open(&passing.carrier, NULL);
	channel_open(&passing.first, NULL);
	channel_open(&passing.second, NULL);
	for (int i = 0; i < 2; i++) {
		passing.calls = 0;
		wt_port_on_message(passing.first.b, send_the_next, &passing);
		wt_port_on_message(passing.second.b, send_the_next, &passing);
		post_text(passing.first.a, "text");
		post_text(passing.second.a, "text");
		while (wt_run_once(WT_NOW) > 0)
			;
		assert_int_equal(passing.calls, 1);
		assert_int_equal(passing.err, 0);
		wt_port_on_message(passing.first.b, NULL, NULL);
		wt_port_on_message(passing.second.b, NULL, NULL);
		assert_int_equal(drain_all(passing.first.b) + drain_all(passing.second.b), 1);
		assert_false(wt_loop_alive());
	}
	channel_close(&passing.first);
	channel_close(&passing.second);
	channel_close(&passing.carrier);
}

/* The runner is the new owner, and waits in a loop of its own. */
static void a_port_with_messages_makes_its_new_loop_readable(void **state)
{
	struct events events = { 0 };
	struct channel carrier, channel;
	int fd;

	(void)state;
	channel_open(&carrier, NULL);
	channel_open(&channel, NULL);
	assert_int_equal(wt_loop_fd(&fd), 0);
	assert_true(wt_run_once(WT_NOW) <= 0);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.b)), 0);
	post_text(channel.a, "under way");
	assert_false(polls_readable(fd, 0));
	assert_int_equal(receive_port(carrier.b, &channel.b, WT_NOW), 0);
	assert_receives(channel.b, "under way");
	post_text(channel.a, "after");
	wt_port_on_message(channel.b, events_on_message, &events);
	assert_true(polls_readable(fd, 10000));
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "after");
	channel_close(&channel);
	channel_close(&carrier);
}

/* ---- The other end closes ---- */

static void run_until_closed(void *arg)
{
	struct move *move = arg;
	wt_message message;

	CHECK(&move->verdict, wt_port_receive(move->channel.b, &message, WT_NOW) == 0);
	CHECK(&move->verdict, message.size == 4 && memcmp(message.data, "last", 4) == 0);
	CHECK(&move->verdict, wt_port_receive(move->channel.b, &message, wt_after_ms(10000)) == WT_ECLOSED);
	wt_port_on_close(move->channel.b, events_on_close, &move->events);
	CHECK(&move->verdict, wt_run() == 0);
}

/* [C1] [T1] Before the port moves, while it is under way, and after. */
static void the_new_owner_hears_of_a_close(void **state)
{
	(void)state;
	for (int when = 0; when < 3; when++) {
		struct move move;

		move_make(&move, NULL);
		post_text(move.channel.a, "last");
		for (int step = 0; step < 3; step++) {
			if (step == when)
				wt_port_close(move.channel.a);
			if (step == 0)
				move_send(&move);
			else if (step == 1)
				other_run(&move.other, move_take, &move);
		}
		move.channel.a = NULL;
		other_run(&move.other, run_until_closed, &move);
		assert_events(&move.events, "close");
		move_end(&move);
	}
}

static void find_closed(void *arg)
{
	struct move *move = arg;

	CHECK(&move->verdict, wt_port_receive(move->channel.b, &(wt_message){ 0 }, WT_FOREVER) == WT_ECLOSED);
	wt_port_on_close(move->channel.b, events_on_close, &move->events);
	CHECK(&move->verdict, wt_run() == 0);
}

/* [T1] The old owner has been told; the new one is told again, as a new reader is. */
static void a_port_that_is_closed_and_empty_can_still_move(void **state)
{
	struct events old = { 0 };
	struct move move;

	(void)state;
	move_make(&move, NULL);
	wt_port_on_close(move.channel.b, events_on_close, &old);
	post_text(move.channel.a, "last");
	assert_receives(move.channel.b, "last");
	wt_port_close(move.channel.a);
	move.channel.a = NULL;
	assert_int_equal(wt_run(), 0);
	assert_events(&old, "close");
	move_over(&move);
	other_run(&move.other, find_closed, &move);
	assert_events(&move.events, "close");
	move_end(&move);
}

/* ---- Both ends ---- */

/* The last word may come when the other thread has heard enough and ended. */
static void talk(void *arg)
{
	struct move *move = arg;
	wt_message message;
	int err = 0;

	for (int i = 0; i < 100 && !err; i++) {
		err = wt_port_receive(move->channel.b, &message, wt_after_ms(20000));
		CHECK(&move->verdict, err == 0);
		err = err ? err : wt_port_post(move->channel.b, message.data, message.size);
		CHECK(&move->verdict, err == 0 || (i == 99 && err == WT_ECLOSED));
	}
}

/* [T1] From the runner each to one thread; the runner holds none. */
static void both_ends_move_and_go_on_talking(void **state)
{
	struct move here, there;

	(void)state;
	move_make(&here, NULL);
	move_make(&there, NULL);
	wt_port_close(there.channel.b);
	there.channel.b = here.channel.a;
	here.channel.a = NULL;
	post_text(here.channel.b, "early");
	move_send(&here);
	move_send(&there);
	other_run(&here.other, move_take, &here);
	other_run(&there.other, move_take, &there);
	other_begin(&here.other, talk, &here); /* what was posted early begins it */
	other_run(&there.other, talk, &there);
	move_end(&there);
	move_end(&here);
}

static void a_port_may_go_and_come_back_on_one_thread(void **state)
{
	struct channel carrier, channel;
	wt_port *was;

	(void)state;
	channel_open(&carrier, NULL);
	channel_open(&channel, NULL);
	was = channel.b;
	for (int i = 0; i < 100; i++) {
		wt_port_on_message(channel.b, never_message, NULL);
		post_text(channel.a, "kept");
		assert_int_equal(send_with(carrier.a, "go", WT_MOVE(&channel.b)), 0);
		assert_int_equal(receive_port(carrier.b, &channel.b, WT_NOW), 0);
		assert_ptr_equal(channel.b, was);
	}
	assert_false(wt_loop_alive());
	for (int i = 0; i < 100; i++)
		assert_receives(channel.b, "kept");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
	channel_close(&carrier);
}

/* ---- Between two steps of a post ---- */

static void post_zero(void *arg)
{
	unsigned zero = 0;

	CHECK(&seams.verdict, wt_port_post(arg, &zero, sizeof zero) == 0);
}

/* [T1] The message is there and its poster has not yet told anyone: the new owner finds it by itself. */
static void a_message_whose_poster_stalls_is_found_by_the_new_owner(void **state)
{
	struct move move;
	struct other poster;

	(void)state;
	move_make(&move, NULL);
	other_start(&poster);
	seams_hold(WTI_YIELD_COMMITTED);
	other_begin(&poster, post_zero, move.channel.a);
	assert_true(latch_await(&seams.there));
	move_over(&move);
	move.expected = 1;
	other_run(&move.other, move_receive, &move);
	assert_int_equal(move.count, 1);
	latch_open(&seams.go);
	other_end(&poster);
	seams_end();
	move_end(&move);
}

/*
 * [T1] The post began under the old owner, who had announced its sleep; it
 * wakes the new one, who sleeps, too.
 */
static void a_post_that_began_before_the_move_wakes_the_new_owner(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_RESERVED, WTI_YIELD_COMMITTED };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct move move;
		struct other poster;

		move_make(&move, NULL);
		other_start(&poster);
		wt_port_on_message(move.channel.b, never_message, NULL);
		assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
		seams_hold(points[i]);
		other_begin(&poster, post_zero, move.channel.a);
		assert_true(latch_await(&seams.there));
		move_over(&move);
		move.expected = 1;
		other_begin(&move.other, move_receive, &move);
		if (points[i] == WTI_YIELD_RESERVED)
			assert_true(latch_await(&seams.armed));
		latch_open(&seams.go);
		other_wait(&move.other);
		assert_int_equal(move.count, 1);
		other_end(&poster);
		move_end(&move);
		seams_end();
	}
}

/* [T1] The new owner has found nothing, and is about to announce its sleep, when the message comes. */
static void a_post_just_before_the_new_owner_announces_its_sleep_is_seen(void **state)
{
	struct move move;

	(void)state;
	move_make(&move, NULL);
	move_over(&move);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	move.expected = 1;
	other_begin(&move.other, move_receive, &move);
	assert_true(latch_await(&seams.there));
	post_number(move.channel.a, 0);
	latch_open(&seams.go);
	other_wait(&move.other);
	assert_int_equal(move.count, 1);
	seams_end();
	move_end(&move);
}

/* [T1] [C1] A close, too. */
static void a_close_while_the_port_is_under_way_wakes_the_new_owner(void **state)
{
	struct move move;

	(void)state;
	move_make(&move, NULL);
	move_over(&move);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	post_text(move.channel.a, "last");
	other_begin(&move.other, run_until_closed, &move);
	assert_true(latch_await(&seams.there));
	wt_port_close(move.channel.a);
	move.channel.a = NULL;
	latch_open(&seams.go);
	other_wait(&move.other);
	assert_events(&move.events, "close");
	move_end(&move);
}

/* ---- Senders that wait ---- */

struct blocked {
	wt_port *port;
	int err;
	atomic_bool done;
};

static void send_blocked(void *arg)
{
	struct blocked *blocked = arg;

	blocked->err = wt_port_send(blocked->port, &(wt_outgoing){ .data = "8 bytes.", .size = 8 }, WT_FOREVER);
	atomic_store(&blocked->done, true);
}

static void receive_everything(void *arg)
{
	struct move *move = arg;
	wt_message message;

	while (move->count < move->expected && wt_port_receive(move->channel.b, &message, wt_after_ms(20000)) == 0)
		move->count++;
	CHECK(&move->verdict, move->count == move->expected);
}

/* [T1] */
static void a_sender_that_waits_goes_on_when_the_new_owner_reads(void **state)
{
	struct blocked blocked = { 0 };
	struct move move;
	struct other sender;

	(void)state;
	move_make(&move, WT_CHANNEL_OPTIONS(.limit = 1024));
	other_start(&sender);
	move.expected = fill(move.channel.a) + 1;
	blocked.port = move.channel.a;
	seams_watch();
	other_begin(&sender, send_blocked, &blocked);
	assert_true(latch_await(&seams.armed));
	move_over(&move);
	assert_false(atomic_load(&blocked.done));
	other_run(&move.other, receive_everything, &move);
	other_end(&sender);
	assert_int_equal(blocked.err, 0);
	move_end(&move);
}

/* [C5] [C3] */
static void a_sender_that_waits_hears_when_the_port_is_not_taken(void **state)
{
	struct blocked blocked = { 0 };
	struct move move;
	struct other sender;
	wt_port *carrier;

	(void)state;
	move_make(&move, WT_CHANNEL_OPTIONS(.limit = 1024));
	other_start(&sender);
	fill(move.channel.a);
	blocked.port = move.channel.a;
	seams_watch();
	other_begin(&sender, send_blocked, &blocked);
	assert_true(latch_await(&seams.armed));
	move_send(&move);
	assert_false(atomic_load(&blocked.done));
	carrier = move.carrier.a;
	move.carrier.a = NULL;
	other_end(&move.other); /* with the port in its queue */
	other_end(&sender);
	assert_int_equal(blocked.err, WT_ECLOSED);
	wt_port_close(carrier);
	wt_port_close(move.channel.a);
}

/* Who owns the other end decides, at the time of the call. */
static void a_wait_is_a_deadlock_only_for_the_present_owner(void **state)
{
	static const wt_outgoing message = { .data = "8 bytes.", .size = 8 };
	struct move move;

	(void)state;
	move_make(&move, WT_CHANNEL_OPTIONS(.limit = 1024));
	fill(move.channel.a);
	assert_int_equal(wt_port_send(move.channel.a, &message, wt_after_ms(10)), WT_EDEADLK);
	move_send(&move);
	assert_int_equal(wt_port_send(move.channel.a, &message, wt_after_ms(10)), WT_ETIMEDOUT);
	other_run(&move.other, move_take, &move);
	assert_int_equal(wt_port_send(move.channel.a, &message, wt_after_ms(10)), WT_ETIMEDOUT);
	move_end(&move);
}

/* ---- From hand to hand ---- */

enum { PRODUCERS = 3, OWNERS_MAX = 100 };

/* Threads that pass one port round, each reading some of what the producers post all the while. */
struct relay {
	unsigned owners, reads; /* reads: messages at most, before the port is passed on */
	uint64_t each;          /* messages of each producer */
	wt_port *port;          /* on which they post */
	struct relay_owner {
		struct relay *relay;
		struct other other;
		struct channel in;
		uint64_t random;
	} owner[OWNERS_MAX];
	struct relay_producer {
		struct relay *relay;
		uint32_t number;
		pthread_t thread;
	} producer[PRODUCERS];
	uint64_t next[PRODUCERS]; /* the port's owner only */
	uint64_t received;
	uint64_t moves; /* each owner has it once at least */
	struct verdict verdict;
};

static void *relay_produce(void *arg)
{
	struct relay_producer *producer = arg;
	struct relay *relay = producer->relay;
	unsigned char element[64];

	for (uint64_t i = 0; i < relay->each; i++) {
		size_t size = 16 + i % 40;
		int err;

		element_fill(element, size, producer->number, i);
		err = wt_port_send(relay->port, &(wt_outgoing){ .data = element, .size = size }, WT_FOREVER);
		CHECK(&relay->verdict, err == 0);
	}
	return NULL;
}

static void relay_check(struct relay *relay, const wt_message *message)
{
	uint32_t producer;
	uint64_t sequence;

	CHECK(&relay->verdict, element_check(message->data, message->size, &producer, &sequence));
	if (atomic_load(&relay->verdict.failed))
		return;
	CHECK(&relay->verdict, producer < PRODUCERS && sequence == relay->next[producer]);
	relay->next[producer % PRODUCERS]++;
	relay->received++;
}

static void relay_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	relay_check(arg, message);
}

static bool relay_is_over(struct relay *relay)
{
	return relay->received >= PRODUCERS * relay->each || atomic_load(&relay->verdict.failed);
}

/* By the loop, without waiting, or waiting. */
static void relay_read(struct relay *relay, struct relay_owner *owner, wt_port *port)
{
	uint64_t choice = support_random(&owner->random), n = choice / 8 % (relay->reads + 1);
	wt_message message;

	if (choice % 4 == 0) {
		wt_port_on_message(port, relay_on_message, relay);
		CHECK(&relay->verdict, wt_run_once(choice % 8 ? WT_NOW : wt_after_ms(1)) != WT_EBUSY);
		return;
	}
	for (uint64_t i = 0; i < n && !relay_is_over(relay); i++) {
		int err = wt_port_receive(port, &message, choice % 4 == 1 ? WT_NOW : wt_after_ms(20000));

		if (err) {
			CHECK(&relay->verdict, err == WT_EAGAIN);
			return;
		}
		relay_check(relay, &message);
	}
}

static void relay_end(struct relay *relay)
{
	for (unsigned i = 0; i < relay->owners; i++)
		CHECK(&relay->verdict, wt_port_post(relay->owner[i].in.a, NULL, 0) == 0);
}

static void relay_own(void *arg)
{
	struct relay_owner *owner = arg, *next;
	struct relay *relay = owner->relay;
	wt_port *port;

	next = &relay->owner[(owner - relay->owner + 1) % relay->owners];
	while (receive_port(owner->in.b, &port, WT_FOREVER) == 0) {
		relay->moves++;
		if (!relay_is_over(relay))
			relay_read(relay, owner, port);
		if (relay_is_over(relay) && relay->moves >= relay->owners) {
			wt_port_close(port);
			relay_end(relay);
		} else {
			CHECK(&relay->verdict, send_with(next->in.a, "go on", WT_MOVE(&port)) == 0);
		}
	}
}

static void relay_run(unsigned owners, unsigned reads, uint64_t each, const wt_channel_options *options)
{
	struct relay *relay = calloc(1, sizeof *relay);
	uint64_t seed = support_seed();
	struct channel channel;

	assert_non_null(relay);
	support_allow_seconds(120);
	relay->owners = owners;
	relay->reads = reads;
	relay->each = each;
	channel_open(&channel, options);
	relay->port = channel.a;
	for (unsigned i = 0; i < owners; i++) {
		relay->owner[i].relay = relay;
		relay->owner[i].random = seed + i;
		other_start(&relay->owner[i].other);
		channel_open_between(&relay->owner[i].in, &relay->owner[i].other, NULL);
	}
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		relay->producer[i] = (struct relay_producer){ .relay = relay, .number = i };
		assert_int_equal(pthread_create(&relay->producer[i].thread, NULL, relay_produce, &relay->producer[i]),
				 0);
	}
	assert_int_equal(send_with(relay->owner[0].in.a, "begin", WT_MOVE(&channel.b)), 0);
	for (unsigned i = 0; i < owners; i++)
		other_begin(&relay->owner[i].other, relay_own, &relay->owner[i]);
	for (uint32_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_join(relay->producer[i].thread, NULL), 0);
	for (unsigned i = 0; i < owners; i++)
		other_end(&relay->owner[i].other);
	assert_verdict(&relay->verdict);
	assert_int_equal(relay->received, PRODUCERS * each);
	for (unsigned i = 0; i < owners; i++)
		wt_port_close(relay->owner[i].in.a);
	wt_port_close(channel.a);
	free(relay);
}

/* [T1] [M1] [M2] */
static void a_port_passed_round_while_others_post_loses_and_reorders_nothing(void **state)
{
	(void)state;
	relay_run(3, 50, 60000 / support_slowdown(), NULL);
}

/* [T1] [M1] [M2] */
static void a_narrow_port_passed_round_wakes_every_sender(void **state)
{
	(void)state;
	relay_run(3, 50, 20000 / support_slowdown(), WT_CHANNEL_OPTIONS(.limit = 512));
}

/* [T1] [M1] */
static void a_port_goes_through_a_hundred_threads(void **state)
{
	(void)state;
	relay_run(100, 30, 20000 / support_slowdown(), NULL);
}

/* Reads at most five numbers, and gives the port back. */
static int entry_read_and_give_back(wt_port *parent, const void *data, size_t size)
{
	unsigned next, number;
	wt_message message;
	wt_port *port;
	int err = receive_port(parent, &port, WT_FOREVER);

	if (err || size != sizeof next)
		return 1;
	memcpy(&next, data, sizeof next);
	for (int i = 0; i < 5; i++) {
		if (wt_port_receive(port, &message, WT_FOREVER) != 0)
			return 2;
		memcpy(&number, message.data, sizeof number);
		if (number != next++)
			return 3;
	}
	return wt_port_send(parent,
			    &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&port) }, .transfer_count = 1 },
			    WT_FOREVER);
}

struct counting {
	wt_port *port;
	unsigned count;
};

static void *post_numbers(void *arg)
{
	struct counting *counting = arg;

	for (unsigned i = 0; i < counting->count; i++)
		if (wt_port_post(counting->port, &i, sizeof i) != 0)
			return arg;
	return NULL;
}

/* [T1] [M1] Each ends after it has given the port on. */
static void a_port_goes_through_a_hundred_workers(void **state)
{
	enum { WORKERS = 100 };
	struct channel channel;
	struct counting counting = { .count = 5 * WORKERS };
	pthread_t thread;
	void *failed;

	(void)state;
	support_allow_seconds(60);
	channel_open(&channel, NULL);
	counting.port = channel.a;
	assert_int_equal(pthread_create(&thread, NULL, post_numbers, &counting), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		unsigned next = 5 * i;
		wt_worker *worker;
		int code = -1;

		assert_int_equal(wt_worker_create(&worker, entry_read_and_give_back, &next, sizeof next, NULL), 0);
		assert_int_equal(send_with(wt_worker_port(worker), "port", WT_MOVE(&channel.b)), 0);
		assert_int_equal(receive_port(wt_worker_port(worker), &channel.b, wt_after_ms(20000)), 0);
		assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
		assert_int_equal(code, 0);
		wt_worker_destroy(worker);
	}
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* ---- While others are swept ---- */

/* Threads that make circles and end, while ports go back and forth between two others. */
struct storm {
	atomic_bool over;
	struct deleted deleted;
	atomic_uint made;
	struct verdict verdict;
};

static void storm_circle(void *arg)
{
	struct storm *storm = arg;
	wt_port *outer[2], *inner[2];

	for (int i = 0; i < 2; i++)
		CHECK(&storm->verdict,
		      wt_channel_create(&outer[i], &inner[i], WT_CHANNEL_OPTIONS(.capacity = 256)) == 0);
	for (int i = 0; i < 2; i++) {
		wt_buffer *buffer = wrap_counted(&storm->deleted);

		atomic_fetch_add(&storm->made, 1);
		CHECK(&storm->verdict, send_with(outer[i], "", WT_MOVE(&inner[1 - i]), WT_MOVE(&buffer)) == 0);
	}
}

static void *storm_thread(void *arg)
{
	storm_circle(arg);
	return NULL;
}

static void *storm_make_threads(void *arg)
{
	struct storm *storm = arg;

	while (!atomic_load(&storm->over)) {
		pthread_t thread;

		CHECK(&storm->verdict, pthread_create(&thread, NULL, storm_thread, storm) == 0);
		CHECK(&storm->verdict, pthread_join(thread, NULL) == 0);
	}
	return NULL;
}

static void pass_back(void *arg)
{
	struct move *move = arg;
	wt_port *port;

	while (receive_port(move->carrier.b, &port, wt_after_ms(20000)) == 0)
		CHECK(&move->verdict, send_with(move->carrier.b, "back", WT_MOVE(&port)) == 0);
}

/* [T4] [T1] */
static void threads_that_end_with_circles_do_not_disturb_ports_that_move(void **state)
{
	unsigned rounds = 20000 / support_slowdown();
	struct storm storm = { 0 };
	struct move move;
	pthread_t makers[2];

	(void)state;
	support_allow_seconds(60);
	move_make(&move, NULL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&makers[i], NULL, storm_make_threads, &storm), 0);
	other_begin(&move.other, pass_back, &move);
	for (unsigned i = 0; i < rounds; i++) {
		post_number(move.channel.a, i);
		move_send(&move);
		assert_int_equal(receive_port(move.carrier.a, &move.channel.b, wt_after_ms(20000)), 0);
		assert_int_equal(wt_port_receive(move.channel.b, &(wt_message){ 0 }, WT_NOW), 0);
	}
	post_text(move.carrier.a, "over");
	atomic_store(&storm.over, true);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(makers[i], NULL), 0);
	assert_verdict(&storm.verdict);
	assert_deleted(&storm.deleted, atomic_load(&storm.made));
	wt_port_close(move.channel.b);
	move_end(&move);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_moved_port_is_the_same_object_with_another_owner),
		TEST(messages_move_with_the_port_in_order),
		TEST(a_view_ends_when_its_port_moves),
		TEST(a_view_stays_when_the_move_fails),
		TEST(handlers_start_and_ref_stay_behind),
		TEST(a_port_that_is_started_again_calls_no_handler_of_its_old_owner),
		TEST(a_port_that_its_old_loop_was_to_serve_is_served_by_the_new_one),
		TEST(a_port_that_moves_in_anothers_callback_loses_its_turn),
		TEST(a_port_with_messages_makes_its_new_loop_readable),
		TEST(the_new_owner_hears_of_a_close),
		TEST(a_port_that_is_closed_and_empty_can_still_move),
		TEST(both_ends_move_and_go_on_talking),
		TEST(a_port_may_go_and_come_back_on_one_thread),
		TEST(a_message_whose_poster_stalls_is_found_by_the_new_owner),
		TEST(a_post_that_began_before_the_move_wakes_the_new_owner),
		TEST(a_post_just_before_the_new_owner_announces_its_sleep_is_seen),
		TEST(a_close_while_the_port_is_under_way_wakes_the_new_owner),
		TEST(a_sender_that_waits_goes_on_when_the_new_owner_reads),
		TEST(a_sender_that_waits_hears_when_the_port_is_not_taken),
		TEST(a_wait_is_a_deadlock_only_for_the_present_owner),
		TEST(a_port_passed_round_while_others_post_loses_and_reorders_nothing),
		TEST(a_narrow_port_passed_round_wakes_every_sender),
		TEST(a_port_goes_through_a_hundred_threads),
		TEST(a_port_goes_through_a_hundred_workers),
		TEST(threads_that_end_with_circles_do_not_disturb_ports_that_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
