/* SPDX-License-Identifier: MIT */
#include <wt/call.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/stats.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

#define OUTGOING(...) (&(const wt_outgoing){ __VA_ARGS__ })

/* ---- A caller on another thread; the runner answers ---- */

struct caller {
	struct other other;
	struct channel channel; /* a is the other thread's, b the runner's */
	wt_time deadline;
	int err;
	bool empty;    /* the reply, on return */
	char text[32]; /* of it */
	uint32_t type;
	struct verdict verdict;
};

static void caller_make(struct caller *caller, const wt_channel_options *options)
{
	struct channel channel;

	memset(caller, 0, sizeof *caller);
	caller->deadline = WT_FOREVER;
	other_start(&caller->other);
	channel_open_between(&channel, &caller->other, options);
	caller->channel.a = channel.b;
	caller->channel.b = channel.a;
}

static void caller_end(struct caller *caller)
{
	other_end(&caller->other);
	assert_verdict(&caller->verdict);
	wt_port_close(caller->channel.b);
}

static void call(void *arg)
{
	struct caller *caller = arg;
	wt_message reply;

	memset(&reply, 0x55, sizeof reply);
	caller->err = wt_port_call(caller->channel.a, OUTGOING(.data = "question", .size = 8, .type = 3), &reply,
				   caller->deadline);
	caller->empty = !reply.data && !reply.size && !reply.type && !reply.port && !reply.call &&
			!reply.transfer_count;
	CHECK(&caller->verdict, caller->err ? caller->empty : !caller->empty);
	if (caller->err)
		return;
	memset(caller->text, 0, sizeof caller->text);
	memcpy(caller->text, reply.data, reply.size < sizeof caller->text ? reply.size : 0);
	caller->type = reply.type;
	CHECK(&caller->verdict, reply.call == 0);
	CHECK(&caller->verdict, (uintptr_t)reply.data % 8 == 0);
	wt_message_release(&reply);
	CHECK(&caller->verdict, !reply.data && !reply.port);
}

/* The request, received by the runner; a copy, which lasts. */
static wt_message receive_request(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, wt_after_ms(20000)), 0);
	assert_int_not_equal(message.call, 0);
	return message;
}

/* The caller calls, and the runner has its request. */
static wt_message caller_ask(struct caller *caller)
{
	other_begin(&caller->other, call, caller);
	return receive_request(caller->channel.b);
}

static int answer(const wt_message *request, const char *text)
{
	return wt_message_reply(request, OUTGOING(.data = text, .size = strlen(text), .type = 9));
}

static void a_call_returns_the_reply(void **state)
{
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	for (int i = 0; i < 100; i++) {
		request = caller_ask(&caller);
		assert_int_equal(request.size, 8);
		assert_int_equal(request.type, 3);
		assert_memory_equal(request.data, "question", 8);
		assert_int_equal(answer(&request, "answer"), 0);
		other_wait(&caller.other);
		assert_int_equal(caller.err, 0);
		assert_string_equal(caller.text, "answer");
		assert_int_equal(caller.type, 9);
	}
	caller_end(&caller);
}

/* As wt_channel_create(3) has it: as an element of a transfer list does. */
static void a_request_counts_as_an_element_more(void **state)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	assert_int_equal(wt_port_stats(caller.channel.b, &stats), 0);
	assert_int_equal(stats.queued, 8 + request.size + 8 + 16);
	assert_int_equal(answer(&request, "answer"), 0);
	other_wait(&caller.other);
	caller_end(&caller);
}

/* The request is still there for an answer that makes sense. */
static void an_answer_too_large_is_refused(void **state)
{
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.data = "", .size = SIZE_MAX)), WT_EOVERFLOW);
	assert_int_equal(answer(&request, "answer"), 0);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_string_equal(caller.text, "answer");
	caller_end(&caller);
}

static void posts_are_no_requests(void **state)
{
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "post");
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.call, 0);
	assert_int_equal(answer(&message, "answer"), WT_EINVAL);
	assert_receives_nothing(channel.a, WT_EAGAIN);
	channel_close(&channel);
}

/* The request lives on as a copy of its struct, when its view is over. */
static void a_reply_needs_no_view_of_the_request(void **state)
{
	struct caller caller;
	wt_message request, copy;

	(void)state;
	caller_make(&caller, NULL);
	post_text(caller.channel.b, "for nobody");
	request = caller_ask(&caller);
	copy = request;
	wt_message_release(&request);
	assert_receives_nothing(caller.channel.b, WT_EAGAIN);
	assert_int_equal(answer(&copy, "late but fine"), 0);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_string_equal(caller.text, "late but fine");
	caller_end(&caller);
}

static void answer_in_handler(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	*(int *)arg = answer(message, "handled");
	wt_stop();
}

static void a_handler_answers(void **state)
{
	struct caller caller;
	int err = -1;

	(void)state;
	caller_make(&caller, NULL);
	wt_port_on_message(caller.channel.b, answer_in_handler, &err);
	other_begin(&caller.other, call, &caller);
	assert_int_equal(wt_run(), 0);
	other_wait(&caller.other);
	assert_int_equal(err, 0);
	assert_string_equal(caller.text, "handled");
	caller_end(&caller);
}

/* A reply does not go through the queue: what was posted waits there, whatever its limit. */
static void a_reply_overtakes_the_queue_and_leaves_it_alone(void **state)
{
	struct caller caller;
	wt_message request, message;
	unsigned queued;

	(void)state;
	caller_make(&caller, WT_CHANNEL_OPTIONS(.limit = 1024));
	request = caller_ask(&caller);
	queued = fill(caller.channel.b);
	assert_true(queued > 0);
	assert_int_equal(answer(&request, "answer"), 0);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_string_equal(caller.text, "answer");
	assert_int_equal(wt_port_post(caller.channel.b, &message, 48), WT_EAGAIN);
	caller_end(&caller);
}

static void a_reply_may_be_large_or_empty(void **state)
{
	static const char bytes[1 << 20];
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.data = bytes, .size = sizeof bytes)), 0);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	request = caller_ask(&caller);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.type = 5)), 0);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_int_equal(caller.type, 5);
	assert_string_equal(caller.text, "");
	caller_end(&caller);
}

static void a_reply_is_gathered(void **state)
{
	struct iovec pieces[] = { { .iov_base = "an", .iov_len = 2 },
				  { .iov_base = NULL, .iov_len = 0 },
				  { .iov_base = "swer", .iov_len = 4 } };
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.iov = pieces, .iovcnt = 3)), 0);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "answer");
	caller_end(&caller);
}

/* ---- Answers that come to nothing ---- */

static void a_request_is_answered_once(void **state)
{
	struct deleted deleted = { 0 };
	struct caller caller;
	wt_message request;
	wt_buffer *buffer = wrap_counted(&deleted), *was = buffer;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	assert_int_equal(answer(&request, "first"), 0);
	assert_int_equal(answer(&request, "second"), WT_ETIMEDOUT);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							     .transfer_count = 1)),
			 WT_ETIMEDOUT);
	assert_ptr_equal(buffer, was);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "first");
	/* A later call is not answered by the copy of an earlier request. */
	other_begin(&caller.other, call, &caller);
	assert_int_equal(answer(&request, "first again"), WT_ETIMEDOUT);
	request = receive_request(caller.channel.b);
	assert_int_equal(answer(&request, "second"), 0);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "second");
	assert_deleted(&deleted, 0);
	wt_buffer_destroy(buffer);
	caller_end(&caller);
}

/* [M3] */
static void a_reply_after_the_deadline_is_refused(void **state)
{
	struct caller caller;
	wt_message request;
	wt_port *port, *peer, *was;

	(void)state;
	caller_make(&caller, NULL);
	assert_int_equal(wt_channel_create(&port, &peer, NULL), 0);
	was = port;
	caller.deadline = wt_after_ms(20);
	other_run(&caller.other, call, &caller);
	assert_int_equal(caller.err, WT_ETIMEDOUT);
	assert_true(wt_now() >= caller.deadline);
	request = receive_request(caller.channel.b);
	assert_memory_equal(request.data, "question", 8);
	assert_int_equal(answer(&request, "too late"), WT_ETIMEDOUT);
	assert_int_equal(wt_message_reply(&request,
					  OUTGOING(.transfer = (wt_transfer[]){ WT_MOVE(&port) }, .transfer_count = 1)),
			 WT_ETIMEDOUT);
	assert_ptr_equal(port, was);
	post_text(peer, "still here");
	assert_receives(port, "still here");
	wt_port_close(port);
	wt_port_close(peer);
	caller_end(&caller);
}

static void a_call_that_may_not_wait_sends_nothing(void **state)
{
	struct caller caller;

	(void)state;
	caller_make(&caller, NULL);
	caller.deadline = WT_NOW;
	other_run(&caller.other, call, &caller);
	assert_int_equal(caller.err, WT_EAGAIN);
	assert_receives_nothing(caller.channel.b, WT_EAGAIN);
	caller.deadline = -1;
	other_run(&caller.other, call, &caller);
	assert_int_equal(caller.err, WT_EINVAL);
	assert_receives_nothing(caller.channel.b, WT_EAGAIN);
	caller_end(&caller);
}

static void a_call_waits_for_room_and_gives_up_at_its_deadline(void **state)
{
	struct caller caller;
	struct channel full;
	unsigned queued;

	(void)state;
	caller_make(&caller, WT_CHANNEL_OPTIONS(.limit = 256));
	full = caller.channel;
	queued = fill(full.a);
	caller.deadline = wt_after_ms(20);
	other_run(&caller.other, call, &caller);
	assert_int_equal(caller.err, WT_ETIMEDOUT);
	assert_int_equal(drain_all(full.b), queued);
	caller_end(&caller);
}

/* ---- Ends that close ---- */

/* [C1] Asleep, and about to be: with the request in the queue, in view, or released. */
static void a_call_hears_of_the_receivers_close(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		bool hold = i % 2;
		struct caller caller;
		wt_message request;

		caller_make(&caller, NULL);
		if (hold)
			seams_hold(WTI_YIELD_BEFORE_ARM);
		else
			seams_watch();
		other_begin(&caller.other, call, &caller);
		assert_true(latch_await(hold ? &seams.there : &seams.armed));
		if (i / 2) {
			assert_int_equal(wt_port_receive(caller.channel.b, &request, WT_NOW), 0);
			if (i / 2 == 2)
				wt_message_release(&request);
		}
		wt_port_close(caller.channel.b);
		caller.channel.b = NULL;
		latch_open(&seams.go);
		other_wait(&caller.other);
		assert_int_equal(caller.err, WT_ECLOSED);
		seams_end();
		caller_end(&caller);
	}
	seams_end();
}

/* The port that is called on is the runner's, and the caller another thread. */
static void a_call_hears_when_its_own_port_is_closed(void **state)
{
	(void)state;
	for (int hold = 0; hold < 2; hold++) {
		struct caller caller;
		struct channel channel;
		wt_message request;

		caller_make(&caller, NULL);
		wt_port_close(caller.channel.b);
		channel_open(&channel, NULL);
		caller.channel = channel;
		if (hold)
			seams_hold(WTI_YIELD_BEFORE_ARM);
		else
			seams_watch();
		other_begin(&caller.other, call, &caller);
		assert_true(latch_await(hold ? &seams.there : &seams.armed));
		wt_port_close(channel.a);
		latch_open(&seams.go);
		other_wait(&caller.other);
		assert_int_equal(caller.err, WT_ECLOSED);
		seams_end();
		request = receive_request(channel.b);
		assert_int_equal(answer(&request, "nobody"), WT_ETIMEDOUT);
		assert_receives_nothing(channel.b, WT_ECLOSED);
		caller_end(&caller);
	}
	seams_end();
}

/* [C5] The receiver is in a message that nobody takes. */
static void a_call_hears_when_the_receiver_is_dropped_on_its_way(void **state)
{
	struct caller caller;
	struct channel carrier;

	(void)state;
	caller_make(&caller, NULL);
	channel_open(&carrier, NULL);
	seams_watch();
	other_begin(&caller.other, call, &caller);
	assert_true(latch_await(&seams.armed));
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&caller.channel.b)), 0);
	wt_port_close(carrier.b);
	wt_port_close(carrier.a);
	other_wait(&caller.other);
	assert_int_equal(caller.err, WT_ECLOSED);
	caller_end(&caller);
}

static void a_call_to_a_closed_port_is_refused(void **state)
{
	struct caller caller;

	(void)state;
	caller_make(&caller, NULL);
	wt_port_close(caller.channel.b);
	caller.channel.b = NULL;
	other_run(&caller.other, call, &caller);
	assert_int_equal(caller.err, WT_ECLOSED);
	caller_end(&caller);
}

/* The answer is there before the close is seen: it counts. */
static void an_answer_that_came_before_the_close_is_returned(void **state)
{
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	other_begin(&caller.other, call, &caller);
	assert_true(latch_await(&seams.there));
	request = receive_request(caller.channel.b);
	assert_int_equal(answer(&request, "farewell"), 0);
	wt_port_close(caller.channel.b);
	caller.channel.b = NULL;
	latch_open(&seams.go);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_string_equal(caller.text, "farewell");
	seams_end();
	caller_end(&caller);
}

static void an_answer_just_before_the_caller_announces_its_sleep_is_seen(void **state)
{
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	other_begin(&caller.other, call, &caller);
	assert_true(latch_await(&seams.there));
	request = receive_request(caller.channel.b);
	assert_int_equal(answer(&request, "in time"), 0);
	latch_open(&seams.go);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_string_equal(caller.text, "in time");
	seams_end();
	caller_end(&caller);
}

/* ---- Who may call and answer ---- */

static void a_call_to_ones_own_port_is_a_deadlock(void **state)
{
	struct channel channel;
	wt_message reply;

	(void)state;
	channel_open(&channel, NULL);
	memset(&reply, 0x55, sizeof reply);
	assert_int_equal(wt_port_call(channel.a, OUTGOING(.data = "x", .size = 1), &reply, WT_FOREVER), WT_EDEADLK);
	assert_null(reply.data);
	assert_null(reply.port);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

struct answering {
	wt_port *from; /* a port is taken from here, if given, and answered on */
	const wt_message *request;
	wt_port *port;
	int err;
};

static void answer_there(void *arg)
{
	struct answering *answering = arg;

	wt_thread_id();
	if (answering->from && receive_port(answering->from, &answering->port, wt_after_ms(20000)) != 0)
		return;
	answering->err = answer(answering->request, "from there");
}

/* [T1] The right to answer goes with the port. */
static void only_the_owner_of_the_port_answers(void **state)
{
	struct answering answering = { 0 };
	struct caller caller;
	struct channel carrier;
	struct other other;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	other_start(&other);
	channel_open_between(&carrier, &other, NULL);
	request = caller_ask(&caller);
	answering.request = &request;
	run_on_new_thread(answer_there, &answering);
	assert_int_equal(answering.err, WT_EOWNER);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&caller.channel.b)), 0);
	assert_int_equal(answer(&request, "from here"), WT_EOWNER);
	answering.from = carrier.b;
	other_run(&other, answer_there, &answering);
	assert_int_equal(answering.err, 0);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "from there");
	wt_port_close(carrier.a);
	other_end(&other);
	caller_end(&caller);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct caller caller;
	wt_message request, reply;

	(void)state;
	caller_make(&caller, NULL);
	memset(&reply, 0x55, sizeof reply);
	assert_int_equal(wt_port_call(NULL, OUTGOING(.size = 0), &reply, WT_FOREVER), WT_EINVAL);
	assert_null(reply.data);
	assert_int_equal(wt_port_call(caller.channel.a, NULL, &reply, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_port_call(caller.channel.a, OUTGOING(.size = 0), NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_message_reply(NULL, OUTGOING(.size = 0)), WT_EINVAL);
	assert_int_equal(wt_message_reply(&(wt_message){ 0 }, OUTGOING(.size = 0)), WT_EINVAL);
	request = caller_ask(&caller);
	assert_int_equal(wt_message_reply(&request, NULL), WT_EINVAL);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.size = 1)), WT_EINVAL);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.zero = 1)), WT_EINVAL);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.data = "x", .size = SIZE_MAX)), WT_EOVERFLOW);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer_count = 1)), WT_EINVAL);
	assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer_count = SIZE_MAX)), WT_EINVAL);
	assert_int_equal(answer(&request, "none of these"), 0);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "none of these");
	caller_end(&caller);
}

/* [M3] [T2] */
static void a_reply_with_a_bad_list_leaves_all_ten_where_they_were(void **state)
{
	struct caller caller;
	struct ten ten;
	wt_message request;
	wt_buffer *none = NULL;

	(void)state;
	caller_make(&caller, NULL);
	request = caller_ask(&caller);
	for (size_t at = 0; at < TEN; at++) {
		ten_make(&ten);
		ten.list[at] = WT_MOVE(&none);
		assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer = ten.list, .transfer_count = TEN)),
				 WT_EDETACHED);
		ten_assert_untouched(&ten);
		ten_end(&ten);
		ten_make(&ten);
		ten.list[at] = WT_MOVE(&caller.channel.b);
		assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer = ten.list, .transfer_count = TEN)),
				 WT_ESOURCE);
		ten_assert_untouched(&ten);
		ten_end(&ten);
	}
	assert_int_equal(answer(&request, "nothing"), 0);
	other_wait(&caller.other);
	assert_string_equal(caller.text, "nothing");
	caller_end(&caller);
}

/* [M3] [P1] */
static void a_reply_without_memory_can_be_given_again(void **state)
{
	struct caller caller;
	struct ten ten;
	wt_message request;
	int err = WT_ENOMEM;

	(void)state;
	support_count();
	caller_make(&caller, NULL);
	ten_make(&ten);
	request = caller_ask(&caller);
	for (unsigned long n = 1; err; n++) {
		support_fail_allocations(n, 0);
		err = wt_message_reply(&request, OUTGOING(.transfer = ten.list, .transfer_count = TEN));
		support_fail_allocations(0, 0);
		assert_true(err == 0 || err == WT_ENOMEM);
		assert_true(err || n > 1);
		if (err)
			ten_assert_untouched(&ten);
	}
	ten_assert_moved(&ten);
	other_wait(&caller.other);
	assert_int_equal(caller.err, 0);
	assert_deleted(&ten.deleted, 3); /* the caller took nothing, and released the reply */
	ten_end(&ten);
	caller_end(&caller);
}

static void call_without_memory(void *arg)
{
	struct caller *caller = arg;
	wt_message reply;

	support_fail_allocations(1, 0);
	caller->err = wt_port_call(caller->channel.a, OUTGOING(.data = "x", .size = 1), &reply, wt_after_ms(20));
	support_fail_allocations(0, 0);
	caller->empty = !reply.data && !reply.port;
}

/* [P1] */
static void a_call_without_memory_says_so(void **state)
{
	struct caller caller;

	(void)state;
	support_count();
	caller_make(&caller, NULL);
	other_run(&caller.other, call_without_memory, &caller);
	assert_int_equal(caller.err, WT_ENOMEM);
	assert_true(caller.empty);
	assert_receives_nothing(caller.channel.b, WT_EAGAIN);
	caller_end(&caller);
}

/* ---- What comes with it ---- */

struct trading {
	struct caller *caller;
	struct deleted *deleted;
	int way; /* 0: take and destroy; 1: release; 2: the next call; 3: the thread's end */
};

static void call_with_things(void *arg)
{
	struct trading *trading = arg;
	struct verdict *verdict = &trading->caller->verdict;
	wt_buffer *out = wrap_counted(trading->deleted), *in = NULL;
	wt_transfer list[] = { WT_MOVE(&out) };
	wt_message reply;

	CHECK(verdict, wt_port_call(trading->caller->channel.a, OUTGOING(.transfer = list, .transfer_count = 1), &reply,
				    WT_FOREVER) == 0);
	CHECK(verdict, out == NULL && reply.transfer_count == 1);
	CHECK(verdict, wt_message_transfer_kind(&reply, 0) == WT_TRANSFER_BUFFER);
	CHECK(verdict, wt_message_take_buffer(&reply, 1, &in) == WT_ERANGE);
	if (trading->way == 0) {
		CHECK(verdict, wt_message_take_buffer(&reply, 0, &in) == 0);
		CHECK(verdict, wt_message_take_buffer(&reply, 0, &out) == WT_EDETACHED);
		wt_message_release(&reply);
		wt_buffer_destroy(in);
	} else if (trading->way == 1) {
		wt_message_release(&reply);
		CHECK(verdict, wt_message_take_buffer(&reply, 0, &in) == WT_EINVAL);
	} else if (trading->way == 2) {
		CHECK(verdict, wt_port_call(trading->caller->channel.a, OUTGOING(.size = 0), &reply, WT_NOW) < 0);
		CHECK(verdict,
		      wt_port_call(trading->caller->channel.a, OUTGOING(.size = 0), &reply, 1) == WT_ETIMEDOUT);
	}
}

/* [T4] The buffer of the request comes back with the reply, and is destroyed once. */
static void things_go_both_ways(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct deleted deleted = { 0 };
		struct caller caller;
		struct trading trading = { .caller = &caller, .deleted = &deleted, .way = way };
		wt_message request;
		wt_buffer *buffer;

		caller_make(&caller, NULL);
		other_begin(&caller.other, call_with_things, &trading);
		request = receive_request(caller.channel.b);
		assert_int_equal(request.transfer_count, 1);
		assert_int_equal(wt_message_take_buffer(&request, 0, &buffer), 0);
		assert_int_equal(wt_message_reply(&request, OUTGOING(.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
								     .transfer_count = 1)),
				 0);
		assert_null(buffer);
		other_wait(&caller.other);
		if (way < 3)
			assert_deleted(&deleted, 1);
		caller_end(&caller);
		assert_deleted(&deleted, 1);
	}
}

static void call_in_vain(void *arg)
{
	struct trading *trading = arg;
	wt_buffer *out = wrap_counted(trading->deleted);
	wt_transfer list[] = { WT_MOVE(&out) };
	wt_message reply;

	CHECK(&trading->caller->verdict,
	      wt_port_call(trading->caller->channel.a, OUTGOING(.transfer = list, .transfer_count = 1), &reply,
			   WT_FOREVER) == WT_ECLOSED);
	CHECK(&trading->caller->verdict, out == NULL);
}

/* [T4] It was sent, and belongs to the receiver. */
static void what_came_with_a_request_that_is_not_answered_goes_with_its_view(void **state)
{
	struct deleted deleted = { 0 };
	struct caller caller;
	struct trading trading = { .caller = &caller, .deleted = &deleted };

	(void)state;
	caller_make(&caller, NULL);
	other_begin(&caller.other, call_in_vain, &trading);
	receive_request(caller.channel.b);
	assert_deleted(&deleted, 0);
	wt_port_close(caller.channel.b);
	assert_deleted(&deleted, 1);
	caller.channel.b = NULL;
	other_wait(&caller.other);
	caller_end(&caller);
}

static void keep_the_reply(void *arg)
{
	struct caller *caller = arg;
	wt_message reply, other;
	const void *data;

	CHECK(&caller->verdict, wt_port_call(caller->channel.a, OUTGOING(.size = 0), &reply, WT_FOREVER) == 0);
	data = reply.data;
	/* Receiving on the port ends views of the port, and not the reply. */
	CHECK(&caller->verdict, wt_port_receive(caller->channel.a, &other, wt_after_ms(20000)) == 0);
	CHECK(&caller->verdict, wt_port_receive(caller->channel.a, &other, WT_NOW) == WT_EAGAIN);
	wt_message_release(&other);
	wt_port_close(caller->channel.a);
	CHECK(&caller->verdict, reply.data == data && reply.size == 4 && memcmp(data, "kept", 4) == 0);
	wt_message_release(&reply);
}

/* What is valid until its release outlives views of the port, and the port. */
static void a_reply_is_kept_until_it_is_released(void **state)
{
	struct caller caller;
	wt_message request;

	(void)state;
	caller_make(&caller, NULL);
	other_begin(&caller.other, keep_the_reply, &caller);
	request = receive_request(caller.channel.b);
	assert_int_equal(answer(&request, "kept"), 0);
	post_text(caller.channel.b, "another");
	other_wait(&caller.other);
	caller_end(&caller);
}

/* ---- Terminated ---- */

static struct latch was_refused;

static int entry_call(wt_port *parent, const void *data, size_t size)
{
	wt_message reply;
	int err;

	(void)data;
	(void)size;
	err = wt_port_call(parent, OUTGOING(.data = "x", .size = 1), &reply, WT_FOREVER);
	if (err == WT_ETERMINATED && !reply.data &&
	    wt_port_call(parent, OUTGOING(.data = "y", .size = 1), &reply, WT_FOREVER) == WT_ETERMINATED)
		latch_open(&was_refused);
	return 0;
}

/* [W5] The second one is not even sent. */
static void a_terminated_worker_does_not_call(void **state)
{
	wt_worker *worker;
	wt_message request;

	(void)state;
	seams_watch();
	was_refused = (struct latch){ 0 };
	assert_int_equal(wt_worker_create(&worker, entry_call, NULL, 0, NULL), 0);
	assert_true(latch_await(&seams.armed));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_true(latch_is_open(&was_refused));
	request = receive_request(wt_worker_port(worker));
	assert_int_equal(answer(&request, "nobody"), WT_ETIMEDOUT);
	assert_receives_nothing(wt_worker_port(worker), WT_ECLOSED);
	wt_worker_destroy(worker);
}

/* ---- Many ---- */

enum { CALLERS = 8 };

struct crowd {
	wt_port *port;
	unsigned each; /* calls of each thread */
	struct crowd_member {
		struct crowd *crowd;
		uint32_t number;
		pthread_t thread;
	} member[CALLERS];
	struct verdict verdict;
};

static void *crowd_call(void *arg)
{
	struct crowd_member *member = arg;

	for (unsigned i = 0; i < member->crowd->each; i++) {
		uint64_t question = (uint64_t)member->number << 32 | i, reply_to = 0;
		wt_message reply;
		int err = wt_port_call(member->crowd->port, OUTGOING(.data = &question, .size = sizeof question),
				       &reply, WT_FOREVER);

		CHECK(&member->crowd->verdict, err == 0 && reply.size == sizeof reply_to);
		if (err)
			return NULL;
		memcpy(&reply_to, reply.data, sizeof reply_to);
		CHECK(&member->crowd->verdict, reply_to == ~question);
	}
	return NULL;
}

/* A request that is to be answered later. */
struct held {
	wt_message request;
	uint64_t word;
};

static bool crowd_receive(wt_port *port, struct held *held, wt_time deadline)
{
	int err = wt_port_receive(port, &held->request, deadline);

	if (err) {
		assert_int_equal(err, WT_ETIMEDOUT);
		return false;
	}
	assert_int_not_equal(held->request.call, 0);
	assert_int_equal(held->request.size, sizeof held->word);
	memcpy(&held->word, held->request.data, sizeof held->word);
	return true;
}

static void crowd_answer(const struct held *held)
{
	uint64_t word = ~held->word;

	assert_int_equal(wt_message_reply(&held->request, OUTGOING(.data = &word, .size = sizeof word)), 0);
}

enum order {
	AT_ONCE,
	REVERSED, /* when every thread waits, the last first */
	RANDOM,
	ORDERS
};

static void crowd_serve_reversed(wt_port *port, unsigned count)
{
	struct held held[CALLERS];

	for (unsigned i = 0; i < count; i += CALLERS) {
		for (int k = 0; k < CALLERS; k++)
			assert_true(crowd_receive(port, &held[k], wt_after_ms(20000)));
		for (int k = CALLERS; k-- > 0;)
			crowd_answer(&held[k]);
	}
}

/* Any of those that are there, with at times fewer than all; a while without a request means that all wait. */
static void crowd_serve_random(wt_port *port, unsigned count)
{
	uint64_t random = support_seed();
	struct held held[CALLERS];
	unsigned n = 0;

	while (count) {
		bool more = n < CALLERS && crowd_receive(port, &held[n], n ? wt_after_ms(1) : wt_after_ms(20000));
		unsigned k;

		n += more;
		if (!n || (more && support_random(&random) % 4))
			continue;
		k = (unsigned)(support_random(&random) % n);
		crowd_answer(&held[k]);
		held[k] = held[--n];
		count--;
	}
}

static void crowd_serve(wt_port *port, unsigned count, enum order order)
{
	struct held held;

	if (order == REVERSED) {
		crowd_serve_reversed(port, count);
	} else if (order == RANDOM) {
		crowd_serve_random(port, count);
	} else {
		while (count--) {
			assert_true(crowd_receive(port, &held, wt_after_ms(20000)));
			crowd_answer(&held);
		}
	}
}

static void crowd_run(enum order order)
{
	struct crowd crowd = { .each = 5000 / support_slowdown() };
	struct channel channel;

	channel_open(&channel, NULL);
	crowd.port = channel.a;
	for (uint32_t i = 0; i < CALLERS; i++) {
		crowd.member[i] = (struct crowd_member){ .crowd = &crowd, .number = i };
		assert_int_equal(pthread_create(&crowd.member[i].thread, NULL, crowd_call, &crowd.member[i]), 0);
	}
	crowd_serve(channel.b, CALLERS * crowd.each, order);
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_join(crowd.member[i].thread, NULL), 0);
	assert_verdict(&crowd.verdict);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

static void calls_of_many_threads_are_answered_in_any_order(void **state)
{
	(void)state;
	support_allow_seconds(60);
	for (enum order order = 0; order < ORDERS; order++)
		crowd_run(order);
}

/* Callers that give up all the time, and answers that come at about that moment. */
struct hasty {
	wt_port *port;
	unsigned each;
	atomic_uint answered, given_up;
	struct deleted deleted;
	pthread_t thread[CALLERS];
	struct verdict verdict;
};

static void *hasty_call(void *arg)
{
	struct hasty *hasty = arg;
	wt_message reply;

	for (unsigned i = 0; i < hasty->each; i++) {
		int err = wt_port_call(hasty->port, OUTGOING(.size = 0), &reply, wt_after_us(i % 50));

		CHECK(&hasty->verdict, err == 0 || err == WT_ETIMEDOUT);
		CHECK(&hasty->verdict, err || reply.transfer_count == 1);
		atomic_fetch_add(err ? &hasty->given_up : &hasty->answered, 1);
	}
	CHECK(&hasty->verdict, wt_port_post(hasty->port, "over", 4) == 0);
	return NULL;
}

/* [T4] [M2] An answer is either the caller's or refused; what it carried is destroyed once. */
static void answers_that_cross_a_deadline_are_given_or_refused(void **state)
{
	struct hasty hasty = { .each = 5000 / support_slowdown() };
	struct channel channel;
	unsigned over = 0, accepted = 0, made = 0;

	(void)state;
	support_allow_seconds(60);
	channel_open(&channel, NULL);
	hasty.port = channel.a;
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&hasty.thread[i], NULL, hasty_call, &hasty), 0);
	while (over < CALLERS) {
		wt_message request;
		wt_buffer *buffer;
		int err;

		assert_int_equal(wt_port_receive(channel.b, &request, wt_after_ms(20000)), 0);
		if (!request.call) {
			over++;
			continue;
		}
		assert_non_null(buffer = wrap_counted(&hasty.deleted));
		made++;
		err = wt_message_reply(&request,
				       OUTGOING(.transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1));
		assert_true(err == 0 || err == WT_ETIMEDOUT);
		assert_true(err ? buffer != NULL : buffer == NULL);
		accepted += err == 0;
		wt_buffer_destroy(buffer);
	}
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_join(hasty.thread[i], NULL), 0);
	assert_verdict(&hasty.verdict);
	assert_int_equal(atomic_load(&hasty.answered), accepted);
	assert_deleted(&hasty.deleted, made);
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_returns_the_reply),
		TEST(a_request_counts_as_an_element_more),
		TEST(an_answer_too_large_is_refused),
		TEST(posts_are_no_requests),
		TEST(a_reply_needs_no_view_of_the_request),
		TEST(a_handler_answers),
		TEST(a_reply_overtakes_the_queue_and_leaves_it_alone),
		TEST(a_reply_may_be_large_or_empty),
		TEST(a_reply_is_gathered),
		TEST(a_request_is_answered_once),
		TEST(a_reply_after_the_deadline_is_refused),
		TEST(a_call_that_may_not_wait_sends_nothing),
		TEST(a_call_waits_for_room_and_gives_up_at_its_deadline),
		TEST(a_call_hears_of_the_receivers_close),
		TEST(a_call_hears_when_its_own_port_is_closed),
		TEST(a_call_hears_when_the_receiver_is_dropped_on_its_way),
		TEST(a_call_to_a_closed_port_is_refused),
		TEST(an_answer_that_came_before_the_close_is_returned),
		TEST(an_answer_just_before_the_caller_announces_its_sleep_is_seen),
		TEST(a_call_to_ones_own_port_is_a_deadlock),
		TEST(only_the_owner_of_the_port_answers),
		TEST(what_makes_no_sense_is_refused),
		TEST(a_reply_with_a_bad_list_leaves_all_ten_where_they_were),
		TEST(a_reply_without_memory_can_be_given_again),
		TEST(a_call_without_memory_says_so),
		TEST(things_go_both_ways),
		TEST(what_came_with_a_request_that_is_not_answered_goes_with_its_view),
		TEST(a_reply_is_kept_until_it_is_released),
		TEST(a_terminated_worker_does_not_call),
		TEST(calls_of_many_threads_are_answered_in_any_order),
		TEST(answers_that_cross_a_deadline_are_given_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
