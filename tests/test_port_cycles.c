/* SPDX-License-Identifier: MIT
 *
 * Ports under way that are nested in each other's queues, also in circles,
 * which nobody can ever take: they are found when a thread ends, and when the
 * process does.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#include "support/child.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- Nested ---- */

static const wt_channel_options small_channel = { .size = sizeof small_channel, .capacity = 256 };

/* How the outermost port is given up. */
enum { NEST_CLOSED, NEST_VIEWED, NEST_LEFT };

/* A port in the queue of a port in the queue of a port, and so on; a buffer is in the innermost queue. */
struct nest {
	unsigned depth;
	bool outside_in;
	int way; /* NEST_* */
	struct deleted deleted;
	struct verdict verdict;
};

/* Each outer port is made after what it holds. */
static wt_port *nest_inside_out(struct nest *nest)
{
	wt_buffer *buffer = wrap_counted(&nest->deleted);
	wt_port *inner = NULL, *a, *b;

	for (unsigned i = 0; i < nest->depth; i++) {
		CHECK(&nest->verdict, wt_channel_create(&a, &b, &small_channel) == 0);
		CHECK(&nest->verdict,
		      send_list(a, "", i ? (wt_transfer[]){ WT_MOVE(&inner) } : (wt_transfer[]){ WT_MOVE(&buffer) },
				1) == 0);
		wt_port_close(a);
		inner = b;
	}
	return inner;
}

/* Each inner port goes into a queue that is under way itself. */
static wt_port *nest_outside_in(struct nest *nest)
{
	wt_buffer *buffer = wrap_counted(&nest->deleted);
	wt_port *outermost, *outer, *a, *b;

	CHECK(&nest->verdict, wt_channel_create(&outer, &outermost, &small_channel) == 0);
	for (unsigned i = 1; i < nest->depth; i++) {
		CHECK(&nest->verdict, wt_channel_create(&a, &b, &small_channel) == 0);
		CHECK(&nest->verdict, send_with(outer, "", WT_MOVE(&b)) == 0);
		wt_port_close(outer);
		outer = a;
	}
	CHECK(&nest->verdict, send_with(outer, "", WT_MOVE(&buffer)) == 0);
	wt_port_close(outer);
	return outermost;
}

static void nest_build_and_drop(void *arg)
{
	struct nest *nest = arg;
	wt_port *port = nest->outside_in ? nest_outside_in(nest) : nest_inside_out(nest);
	wt_message message;

	CHECK(&nest->verdict, atomic_load(&nest->deleted.count) == 0);
	if (nest->way == NEST_LEFT)
		return;
	if (nest->way == NEST_VIEWED) {
		CHECK(&nest->verdict, wt_port_receive(port, &message, WT_NOW) == 0);
		wt_message_release(&message);
		CHECK(&nest->verdict, atomic_load(&nest->deleted.count) == 1);
	}
	wt_port_close(port);
}

static void nest_run(bool outside_in)
{
	unsigned depth = support_slowdown() > 1 ? 20000 : 100000;

	support_allow_seconds(120);
	wt_thread_id();
	support_count();
	for (int way = NEST_CLOSED; way <= NEST_LEFT; way++) {
		struct nest nest = { .depth = depth, .outside_in = outside_in, .way = way };

		run_on_small_stack(nest_build_and_drop, &nest);
		assert_verdict(&nest.verdict);
		assert_deleted(&nest.deleted, 1);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [T4] [C5] Closed, received and released, or left to the end of a thread with a small stack. */
static void ports_nested_a_hundred_thousand_deep_are_destroyed_without_recursion(void **state)
{
	(void)state;
	nest_run(false);
}

/* [T4] [C5] */
static void ports_nested_from_the_outside_are_destroyed_without_recursion(void **state)
{
	(void)state;
	nest_run(true);
}

/* [C5] */
static void the_peer_of_every_nested_port_hears_of_its_close(void **state)
{
	enum { DEEP = 500 };
	wt_port *peer[DEEP], *inner = NULL;

	(void)state;
	for (int i = 0; i < DEEP; i++) {
		wt_port *b;

		assert_int_equal(wt_channel_create(&peer[i], &b, &small_channel), 0);
		post_text(b, "farewell");
		if (inner)
			assert_int_equal(send_with(peer[i], "", WT_MOVE(&inner)), 0);
		inner = b;
	}
	for (int i = 0; i < DEEP; i++) {
		assert_receives(peer[i], "farewell");
		assert_receives_nothing(peer[i], WT_EAGAIN);
	}
	wt_port_close(inner);
	for (int i = 0; i < DEEP; i++) {
		assert_receives_nothing(peer[i], WT_ECLOSED);
		wt_port_close(peer[i]);
	}
}

/* Wide, not deep: a message with very many ports. */
static void a_message_with_many_ports_closes_them_all(void **state)
{
	enum { WIDE = 2000 };
	static wt_port *peer[WIDE], *port[WIDE];
	static wt_transfer list[WIDE];
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < WIDE; i++) {
		assert_int_equal(wt_channel_create(&peer[i], &port[i], &small_channel), 0);
		list[i] = WT_MOVE(&port[i]);
	}
	assert_int_equal(send_list(channel.a, "wide", list, WIDE), 0);
	channel_close(&channel);
	for (int i = 0; i < WIDE; i++) {
		assert_receives_nothing(peer[i], WT_ECLOSED);
		wt_port_close(peer[i]);
	}
}

/* ---- Circles ---- */

enum { CIRCLE_MAX = 5 };

struct circle {
	unsigned size;
	wt_port *outer[CIRCLE_MAX]; /* the other ends, which are in nobody's queue */
	struct deleted deleted;
	struct verdict verdict;
};

/* Each port is in the queue of the one before it, the first in that of the last. With each goes a buffer. */
static void circle_build(struct circle *circle)
{
	wt_port *inner[CIRCLE_MAX], *target[CIRCLE_MAX];

	for (unsigned i = 0; i < circle->size; i++)
		CHECK(&circle->verdict, wt_channel_create(&circle->outer[i], &inner[i], NULL) == 0);
	memcpy(target, inner, sizeof target);
	for (unsigned i = 0; i < circle->size; i++) {
		wt_buffer *buffer = wrap_counted(&circle->deleted);
		unsigned next = (i + 1) % circle->size;

		CHECK(&circle->verdict, send_with(circle->outer[i], "", WT_MOVE(&buffer), WT_MOVE(&inner[next])) == 0);
	}
}

static void circle_close(struct circle *circle)
{
	for (unsigned i = 0; i < circle->size; i++)
		wt_port_close(circle->outer[i]);
}

static void circle_build_only(void *arg)
{
	circle_build(arg);
}

static void circle_build_and_close(void *arg)
{
	circle_build(arg);
	circle_close(arg);
}

/* [T4] Two, three and more ports, each in another's queue. */
static void a_circle_of_ports_goes_when_the_thread_ends_that_closed_it(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	for (unsigned size = 2; size <= CIRCLE_MAX; size++) {
		struct circle circle = { .size = size };

		run_on_new_thread(circle_build_and_close, &circle);
		assert_verdict(&circle.verdict);
		assert_deleted(&circle.deleted, size);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [T4] The thread's end closes the outer ports, too. */
static void a_circle_whose_outer_ports_the_thread_left_open_goes_as_well(void **state)
{
	struct circle circle = { .size = 3 };

	(void)state;
	wt_thread_id();
	support_count();
	run_on_new_thread(circle_build_only, &circle);
	assert_verdict(&circle.verdict);
	assert_deleted(&circle.deleted, 3);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static int entry_circle(wt_port *parent, const void *data, size_t size)
{
	struct circle *circle = *(struct circle *const *)data;

	(void)parent;
	(void)size;
	circle_build_and_close(circle);
	return 0;
}

/* [T4] */
static void a_circle_goes_when_a_worker_ends(void **state)
{
	struct circle circle = { .size = 2 }, *arg = &circle;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_circle, &arg, sizeof arg, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_verdict(&circle.verdict);
	assert_deleted(&circle.deleted, 2);
	wt_worker_destroy(worker);
}

static void use_the_library(void *arg)
{
	struct channel channel;

	if (wt_channel_create(&channel.a, &channel.b, NULL) != 0)
		verdict_fail(arg, __FILE__, __LINE__, "no channel");
}

/* [T4] Any thread's end does, also with the outer ports open, which hear of it. */
static void the_end_of_another_thread_sweeps_a_circle(void **state)
{
	struct circle closed = { .size = 2 }, open = { .size = 3 };
	struct verdict verdict = { 0 };

	(void)state;
	circle_build_and_close(&closed);
	circle_build(&open);
	assert_verdict(&closed.verdict);
	assert_verdict(&open.verdict);
	run_on_new_thread(use_the_library, &verdict);
	assert_verdict(&verdict);
	assert_deleted(&closed.deleted, 2);
	assert_deleted(&open.deleted, 3);
	for (unsigned i = 0; i < open.size; i++)
		assert_receives_nothing(open.outer[i], WT_ECLOSED);
	circle_close(&open);
}

/* A port in its own peer's queue, by way of a sender. */
static void peer_in_queue(void *arg)
{
	struct circle *circle = arg;
	wt_buffer *buffer = wrap_counted(&circle->deleted);
	wt_sender *sender = NULL;
	struct channel channel;

	CHECK(&circle->verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
	CHECK(&circle->verdict, wt_port_sender(channel.a, &sender) == 0);
	CHECK(&circle->verdict, wt_port_post(channel.b, "to a", 4) == 0);
	CHECK(&circle->verdict, send_with(channel.a, "", WT_MOVE(&buffer)) == 0);
	if (wt_sender_send(sender,
			   &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&channel.a) }, .transfer_count = 1 },
			   WT_NOW) != 0)
		wt_port_close(channel.a); /* refused as its own source: then there is no such port */
	wt_sender_close(sender);
	wt_port_close(channel.b);
	CHECK(&circle->verdict, atomic_load(&circle->deleted.count) == 1);
}

/* [T4] [C5] */
static void a_port_in_its_own_peers_queue_goes_with_it(void **state)
{
	struct circle circle = { 0 };

	(void)state;
	wt_thread_id();
	support_count();
	run_on_new_thread(peer_in_queue, &circle);
	assert_verdict(&circle.verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* In the queue of the second port: both ends of the first. In that of the first: the second. */
static void both_ends_in_the_circle(void *arg)
{
	struct circle *circle = arg;
	wt_buffer *one = wrap_counted(&circle->deleted), *two = wrap_counted(&circle->deleted);
	struct channel first, second;
	wt_sender *sender = NULL;
	wt_transfer list[] = { WT_MOVE(&second.b), WT_MOVE(&two) };

	CHECK(&circle->verdict, wt_channel_create(&first.a, &first.b, NULL) == 0);
	CHECK(&circle->verdict, wt_channel_create(&second.a, &second.b, NULL) == 0);
	CHECK(&circle->verdict, wt_port_sender(first.a, &sender) == 0);
	CHECK(&circle->verdict, send_with(second.a, "", WT_MOVE(&first.a), WT_MOVE(&one), WT_MOVE(&first.b)) == 0);
	CHECK(&circle->verdict,
	      wt_sender_send(sender, &(wt_outgoing){ .transfer = list, .transfer_count = 2 }, WT_NOW) == 0);
	wt_sender_close(sender);
	wt_port_close(second.a);
}

/* A sender that posts into the queue in which it lies itself keeps nothing alive. */
static void sender_in_the_circle(void *arg)
{
	struct circle *circle = arg;
	wt_buffer *buffer = wrap_counted(&circle->deleted);
	struct channel first, second;
	wt_sender *sender = NULL;

	CHECK(&circle->verdict, wt_channel_create(&first.a, &first.b, NULL) == 0);
	CHECK(&circle->verdict, wt_channel_create(&second.a, &second.b, NULL) == 0);
	CHECK(&circle->verdict, wt_port_sender(second.a, &sender) == 0);
	CHECK(&circle->verdict, send_with(first.a, "", WT_MOVE(&second.b)) == 0);
	CHECK(&circle->verdict, send_with(second.a, "", WT_MOVE(&sender), WT_MOVE(&first.b), WT_MOVE(&buffer)) == 0);
	wt_port_close(first.a);
	wt_port_close(second.a);
}

/* [T4] */
static void whatever_is_in_a_circle_goes_with_it(void **state)
{
	struct circle both = { 0 }, sender = { 0 };

	(void)state;
	wt_thread_id();
	support_count();
	run_on_new_thread(both_ends_in_the_circle, &both);
	assert_verdict(&both.verdict);
	assert_deleted(&both.deleted, 2);
	run_on_new_thread(sender_in_the_circle, &sender);
	assert_verdict(&sender.verdict);
	assert_deleted(&sender.deleted, 1);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* A circle of many ports, for a thread with a small stack. */
static void large_circle(void *arg)
{
	struct circle *circle = arg;
	unsigned size = support_slowdown() > 1 ? 5000 : 20000;
	wt_port *first_outer, *first, *outer, *a, *b;
	wt_buffer *buffer = wrap_counted(&circle->deleted);

	CHECK(&circle->verdict, wt_channel_create(&first_outer, &first, &small_channel) == 0);
	outer = first_outer;
	for (unsigned i = 1; i < size; i++) {
		CHECK(&circle->verdict, wt_channel_create(&a, &b, &small_channel) == 0);
		CHECK(&circle->verdict, send_with(outer, "", WT_MOVE(&b)) == 0);
		if (outer != first_outer)
			wt_port_close(outer);
		outer = a;
	}
	CHECK(&circle->verdict, send_with(outer, "", WT_MOVE(&first), WT_MOVE(&buffer)) == 0);
	wt_port_close(outer);
	wt_port_close(first_outer);
}

/* [T4] */
static void a_large_circle_is_swept_without_recursion(void **state)
{
	struct circle circle = { 0 };

	(void)state;
	support_allow_seconds(60);
	wt_thread_id();
	support_count();
	run_on_small_stack(large_circle, &circle);
	assert_verdict(&circle.verdict);
	assert_deleted(&circle.deleted, 1);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void reserve_only(void *arg)
{
	wt_slot slot;

	if (wt_port_reserve(arg, 8, &slot, WT_NOW) != 0)
		abort();
}

/* [T4] [C5] The sweep meets a gap, which its writer leaves later. */
static void a_circle_behind_an_open_slot_goes_when_that_is_done(void **state)
{
	struct deleted deleted = { 0 };
	struct verdict verdict = { 0 };
	struct channel one, two;
	struct other other;
	wt_buffer *first = wrap_counted(&deleted), *second = wrap_counted(&deleted);

	(void)state;
	other_start(&other);
	channel_open(&one, NULL);
	channel_open(&two, NULL);
	other_run(&other, reserve_only, one.a);
	assert_int_equal(send_with(one.a, "", WT_MOVE(&first), WT_MOVE(&two.b)), 0);
	assert_int_equal(send_with(two.a, "", WT_MOVE(&second), WT_MOVE(&one.b)), 0);
	run_on_new_thread(use_the_library, &verdict);
	other_end(&other);
	run_on_new_thread(use_the_library, &verdict);
	assert_verdict(&verdict);
	assert_deleted(&deleted, 2);
	assert_receives_nothing(one.a, WT_ECLOSED);
	assert_receives_nothing(two.a, WT_ECLOSED);
	channel_close(&one);
	channel_close(&two);
}

/* ---- What a sweep must leave alone ---- */

/* Ports under way that somebody can still get. */
static void a_sweep_leaves_what_can_be_received(void **state)
{
	struct circle circle = { .size = 2 };
	struct channel waiting, viewed, outer, inner, deep, seen, queued;
	struct verdict verdict = { 0 };
	wt_message message;
	wt_port *port;

	(void)state;
	channel_open(&waiting, NULL);
	channel_open(&viewed, NULL);
	channel_open(&outer, NULL);
	channel_open(&inner, NULL);
	channel_open(&deep, NULL);
	channel_open(&seen, NULL);
	channel_open(&queued, NULL);
	assert_int_equal(send_with(waiting.a, "queued", WT_MOVE(&queued.b)), 0);
	assert_int_equal(send_with(viewed.a, "seen", WT_MOVE(&seen.b)), 0);
	assert_receives_with(viewed.b, "seen", 1, &message);
	assert_int_equal(send_with(outer.a, "inner", WT_MOVE(&inner.b)), 0);
	assert_int_equal(send_with(inner.a, "deep", WT_MOVE(&deep.b)), 0);
	for (int i = 0; i < 10; i++) {
		circle_build_and_close(&circle);
		run_on_new_thread(use_the_library, &verdict);
	}
	assert_verdict(&circle.verdict);
	assert_verdict(&verdict);
	assert_deleted(&circle.deleted, 20);
	assert_receives_nothing(queued.a, WT_EAGAIN);
	assert_receives_nothing(seen.a, WT_EAGAIN);
	assert_receives_nothing(deep.a, WT_EAGAIN);
	assert_int_equal(wt_message_take_port(&message, 0, &seen.b), 0);
	assert_int_equal(receive_port(waiting.b, &queued.b, WT_NOW), 0);
	assert_int_equal(receive_port(outer.b, &port, WT_NOW), 0);
	assert_int_equal(receive_port(port, &deep.b, WT_NOW), 0);
	inner.b = port;
	post_text(deep.a, "still there");
	assert_receives(deep.b, "still there");
	channel_close(&waiting);
	channel_close(&viewed);
	channel_close(&outer);
	channel_close(&inner);
	channel_close(&deep);
	channel_close(&seen);
	channel_close(&queued);
}

struct sending {
	struct channel carrier; /* a is anyone's to post on */
	wt_port *port, *peer;
	struct verdict verdict;
};

static void send_the_port(void *arg)
{
	struct sending *sending = arg;

	CHECK(&sending->verdict, wt_channel_create(&sending->port, &sending->peer, NULL) == 0);
	CHECK(&sending->verdict, send_with(sending->carrier.a, "held", WT_MOVE(&sending->port)) == 0);
}

static void still_open(void *arg)
{
	struct sending *sending = arg;
	wt_message message;

	CHECK(&sending->verdict, wt_port_receive(sending->peer, &message, WT_NOW) == WT_EAGAIN);
}

/* Between the steps of the send: the port has left its owner, and is in nobody's queue yet. */
static void a_sweep_leaves_what_is_about_to_be_sent(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_RESERVED, WTI_YIELD_COMMITTED };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct circle circle = { .size = 2 };
		struct sending sending = { 0 };
		struct verdict verdict = { 0 };
		struct other other;
		wt_port *port;

		other_start(&other);
		channel_open(&sending.carrier, NULL);
		circle_build_and_close(&circle);
		seams_hold(points[i]);
		other_begin(&other, send_the_port, &sending);
		assert_true(latch_await(&seams.there));
		run_on_new_thread(use_the_library, &verdict);
		latch_open(&seams.go);
		other_wait(&other);
		run_on_new_thread(use_the_library, &verdict);
		other_run(&other, still_open, &sending);
		assert_verdict(&sending.verdict);
		assert_verdict(&verdict);
		assert_int_equal(receive_port(sending.carrier.b, &port, WT_NOW), 0);
		wt_port_close(port);
		channel_close(&sending.carrier);
		other_end(&other);
		assert_deleted(&circle.deleted, 2);
		seams_end();
	}
}

/* ---- Anything ---- */

enum { HOLDERS = 3, HELD = 24, THINGS = 4 };

/* Threads that hold ports and senders, and do with them what comes to mind. */
struct graph {
	unsigned steps;
	struct channel carrier[HOLDERS]; /* a: for all to post on; b: of holder i */
	struct deleted deleted;
	atomic_uint made;
	struct verdict verdict;
};

struct holder {
	struct graph *graph;
	unsigned number;
	uint64_t random;
	wt_port *port[HELD]; /* NULL: none there */
	wt_sender *sender[HELD];
	struct other other;
};

static size_t holder_choose(struct holder *holder, size_t n)
{
	return (size_t)(support_random(&holder->random) >> 32) % n;
}

static wt_port **holder_port(struct holder *holder)
{
	return &holder->port[holder_choose(holder, HELD)];
}

static void holder_open(struct holder *holder)
{
	wt_port **a = holder_port(holder), **b = holder_port(holder);

	if (*a || *b || a == b)
		return;
	CHECK(&holder->graph->verdict, wt_channel_create(a, b, &small_channel) == 0);
}

static wt_buffer *holder_buffer(struct holder *holder)
{
	atomic_fetch_add(&holder->graph->made, 1);
	return wrap_counted(&holder->graph->deleted);
}

/* Any mixture of what it holds and a new buffer, on any port; what may be wrong with it is a matter of chance. */
static void holder_send(struct holder *holder, wt_port *port, wt_sender *sender)
{
	wt_buffer *buffer = holder_buffer(holder);
	wt_transfer list[THINGS] = { WT_MOVE(&buffer) };
	size_t count = 1;
	wt_outgoing outgoing = { .data = "x", .size = holder_choose(holder, 2), .transfer = list };

	while (count < THINGS && holder_choose(holder, 2)) {
		if (holder_choose(holder, 4))
			list[count++] = WT_MOVE(holder_port(holder));
		else
			list[count++] = WT_MOVE(&holder->sender[holder_choose(holder, HELD)]);
	}
	outgoing.transfer_count = count;
	if (sender ? wt_sender_send(sender, &outgoing, WT_NOW) : wt_port_send(port, &outgoing, WT_NOW))
		wt_buffer_destroy(buffer);
	else
		CHECK(&holder->graph->verdict, !buffer);
}

static void holder_take(struct holder *holder, wt_message *message)
{
	for (size_t i = 0; i < message->transfer_count; i++) {
		wt_port **port = holder_port(holder);
		wt_sender **sender = &holder->sender[holder_choose(holder, HELD)];
		wt_buffer *buffer;

		if (holder_choose(holder, 4) == 0)
			continue;
		switch (wt_message_transfer_kind(message, i)) {
		case WT_TRANSFER_PORT:
			CHECK(&holder->graph->verdict, *port || wt_message_take_port(message, i, port) == 0);
			break;
		case WT_TRANSFER_SENDER:
			CHECK(&holder->graph->verdict, *sender || wt_message_take_sender(message, i, sender) == 0);
			break;
		default:
			CHECK(&holder->graph->verdict, wt_message_take_buffer(message, i, &buffer) == 0);
			wt_buffer_destroy(buffer);
		}
	}
}

static void holder_receive(struct holder *holder, wt_port *port)
{
	wt_message message;

	if (port && wt_port_receive(port, &message, WT_NOW) == 0) {
		holder_take(holder, &message);
		if (holder_choose(holder, 2))
			wt_message_release(&message);
	}
}

static void holder_reserve(struct holder *holder, wt_port *port)
{
	wt_slot slot;

	if (!port || wt_port_reserve(port, 8, &slot, WT_NOW) != 0)
		return;
	if (holder_choose(holder, 3) == 0)
		wt_port_abandon(port, &slot);
	else if (holder_choose(holder, 2))
		CHECK(&holder->graph->verdict, wt_port_commit(port, &slot) != WT_EINVAL);
	/* Else it stays open until the port moves, or closes, or the thread ends. */
}

static void holder_step(struct holder *holder)
{
	wt_port **port = holder_port(holder);
	wt_sender **sender = &holder->sender[holder_choose(holder, HELD)];

	switch (holder_choose(holder, 12)) {
	case 0:
	case 1:
		holder_open(holder);
		break;
	case 2:
		wt_port_close(*port);
		*port = NULL;
		break;
	case 3:
		wt_sender_close(*sender);
		*sender = NULL;
		break;
	case 4:
		if (*port && !*sender && wt_port_sender(*port, sender) != 0)
			*sender = NULL;
		break;
	case 5:
		holder_send(holder, holder->graph->carrier[holder_choose(holder, HOLDERS)].a, NULL);
		break;
	case 6:
		if (*sender)
			holder_send(holder, NULL, *sender);
		break;
	case 7:
		if (holder_choose(holder, 4) == 0)
			holder_reserve(holder, *port);
		break;
	case 8:
		holder_receive(holder, holder->graph->carrier[holder->number].b);
		break;
	case 9:
		holder_receive(holder, *port);
		break;
	default:
		if (*port)
			holder_send(holder, *port, NULL);
	}
}

static void holder_run(void *arg)
{
	struct holder *holder = arg;

	for (unsigned i = 0; i < holder->graph->steps && !atomic_load(&holder->graph->verdict.failed); i++)
		holder_step(holder);
	for (int i = 0; i < HELD; i++)
		wt_sender_close(holder->sender[i]); /* ports are the thread's end's */
}

static void graph_run(uint64_t seed)
{
	struct graph graph = { .steps = 100000 / support_slowdown() };
	struct holder holders[HOLDERS] = { { 0 } };

	for (unsigned i = 0; i < HOLDERS; i++) {
		holders[i] = (struct holder){ .graph = &graph, .number = i, .random = seed + i };
		other_start(&holders[i].other);
		channel_open_between(&graph.carrier[i], &holders[i].other, NULL);
	}
	for (unsigned i = 0; i < HOLDERS; i++)
		other_begin(&holders[i].other, holder_run, &holders[i]);
	for (unsigned i = 0; i < HOLDERS; i++)
		other_wait(&holders[i].other);
	for (unsigned i = 0; i < HOLDERS; i++)
		other_end(&holders[i].other);
	assert_verdict(&graph.verdict);
	for (unsigned i = 0; i < HOLDERS; i++)
		wt_port_close(graph.carrier[i].a);
	assert_deleted(&graph.deleted, atomic_load(&graph.made));
}

/* [T4] [T1] [C5] [M2] Ports and senders in each other's queues in all ways: in the end nothing is left. */
static void whatever_threads_do_with_ports_nothing_is_lost_or_leaked(void **state)
{
	uint64_t seed = support_seed();

	(void)state;
	support_allow_seconds(120);
	wt_thread_id();
	support_count();
	for (uint64_t round = 0; round < 5; round++) {
		graph_run(seed + round * 100);
		assert_int_equal(atomic_load(&support_counts.bytes), 0);
	}
}

/* ---- At the process's end ---- */

static void say_deleted(void *data, void *arg)
{
	(void)data;
	(void)arg;
	dprintf(2, "deleted\n");
}

/* The runner of the child closes the outer ports and returns. */
static int child_circle(void)
{
	static char byte;
	wt_port *outer[2], *inner[2];

	for (int i = 0; i < 2; i++)
		if (wt_channel_create(&outer[i], &inner[i], NULL) != 0)
			return 98;
	for (int i = 0; i < 2; i++) {
		wt_buffer *buffer;

		if (wt_buffer_wrap(&buffer, &byte, 1, say_deleted, NULL) != 0 ||
		    send_with(outer[i], "", WT_MOVE(&inner[1 - i]), WT_MOVE(&buffer)) != 0)
			return 97;
	}
	wt_port_close(outer[0]);
	wt_port_close(outer[1]);
	return 42;
}

static int child_circle_and_worker(void)
{
	struct circle *circle = calloc(1, sizeof *circle);
	wt_worker *worker;

	if (!circle)
		return 98;
	circle->size = 2;
	if (wt_worker_create(&worker, entry_circle, &circle, sizeof circle, NULL) != 0 ||
	    wt_worker_join(worker, NULL, WT_FOREVER) != 0 || atomic_load(&circle->deleted.count) != 2)
		return 97;
	wt_worker_destroy(worker);
	free(circle);
	return child_circle();
}

/* [T4] */
static void a_circle_goes_when_the_process_exits(void **state)
{
	static const char *const programs[] = { "circle", "circle_and_worker" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct child_result result;

		child_run(programs[i], &result);
		assert_string_equal(result.errors, "deleted\ndeleted\n");
		assert_int_equal(result.status, 42);
	}
}

int main(int argc, char **argv)
{
	static const struct child_program programs[] = {
		{ "circle", child_circle },
		{ "circle_and_worker", child_circle_and_worker },
	};
	const struct CMUnitTest tests[] = {
		TEST(ports_nested_a_hundred_thousand_deep_are_destroyed_without_recursion),
		TEST(ports_nested_from_the_outside_are_destroyed_without_recursion),
		TEST(the_peer_of_every_nested_port_hears_of_its_close),
		TEST(a_message_with_many_ports_closes_them_all),
		TEST(a_circle_of_ports_goes_when_the_thread_ends_that_closed_it),
		TEST(a_circle_whose_outer_ports_the_thread_left_open_goes_as_well),
		TEST(a_circle_goes_when_a_worker_ends),
		TEST(the_end_of_another_thread_sweeps_a_circle),
		TEST(a_port_in_its_own_peers_queue_goes_with_it),
		TEST(whatever_is_in_a_circle_goes_with_it),
		TEST(a_large_circle_is_swept_without_recursion),
		TEST(a_circle_behind_an_open_slot_goes_when_that_is_done),
		TEST(a_sweep_leaves_what_can_be_received),
		TEST(a_sweep_leaves_what_is_about_to_be_sent),
		TEST(whatever_threads_do_with_ports_nothing_is_lost_or_leaked),
		TEST(a_circle_goes_when_the_process_exits),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
