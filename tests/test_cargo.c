/* SPDX-License-Identifier: MIT
 *
 * What messages carry and nobody takes: it is destroyed once, however it
 * comes to its end. Deleters are user code, and run at places where no
 * other user code does; they may use the library, but for the port whose
 * message had the buffer, also where a thread ends.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wt.h>

#include "seam.h"
#include "support/child.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- What nobody takes ---- */

/* [T4] [C5] */
static void a_release_destroys_what_was_not_taken(void **state)
{
	struct left left;
	wt_message message;

	(void)state;
	left_make(&left, NULL);
	assert_receives_with(left.channel.b, "left", 2, &message);
	assert_deleted(&left.deleted, 0);
	assert_receives_nothing(left.peer, WT_EAGAIN);
	wt_message_release(&message);
	left_end(&left);
}

/* [T4] [C5] */
static void the_next_receive_destroys_what_was_not_taken(void **state)
{
	struct left left;
	wt_message message;

	(void)state;
	left_make(&left, NULL);
	post_text(left.channel.a, "next");
	assert_receives_with(left.channel.b, "left", 2, &message);
	assert_receives(left.channel.b, "next");
	left_assert_gone(&left);
	left_end(&left);

	left_make(&left, NULL);
	assert_receives_with(left.channel.b, "left", 2, &message);
	assert_receives_nothing(left.channel.b, WT_EAGAIN);
	left_end(&left);
}

/* [T4] [C5] */
static void a_close_destroys_what_is_in_view(void **state)
{
	struct left left;
	wt_message message;

	(void)state;
	left_make(&left, NULL);
	assert_receives_with(left.channel.b, "left", 2, &message);
	wt_port_close(left.channel.b);
	left.channel.b = NULL;
	left_end(&left);
}

/* [T4] [C5] [M2] */
static void a_close_destroys_what_waits(void **state)
{
	struct left left;

	(void)state;
	left_make(&left, NULL);
	wt_port_close(left.channel.b);
	left.channel.b = NULL;
	left_end(&left);
}

/* [C1] The sender's close alone destroys nothing: it comes behind the message. */
static void the_senders_close_destroys_nothing(void **state)
{
	struct left left;
	wt_message message;
	wt_buffer *buffer;

	(void)state;
	left_make(&left, NULL);
	wt_port_close(left.channel.a);
	left.channel.a = NULL;
	assert_deleted(&left.deleted, 0);
	assert_receives_with(left.channel.b, "left", 2, &message);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
	wt_message_release(&message);
	assert_deleted(&left.deleted, 0);
	wt_buffer_destroy(buffer);
	left_end(&left);
}

static void look_at_it(wt_port *port, wt_message *message, void *arg)
{
	struct left *left = arg;

	(void)port;
	if (message->transfer_count != 2 || atomic_load(&left->deleted.count))
		abort();
}

static void look_and_close(wt_port *port, wt_message *message, void *arg)
{
	look_at_it(port, message, arg);
	wt_port_close(port);
	look_at_it(port, message, arg);
}

static void look_and_receive(wt_port *port, wt_message *message, void *arg)
{
	wt_message next;

	look_at_it(port, message, arg);
	if (wt_port_receive(port, &next, WT_NOW) != WT_EAGAIN)
		abort();
	look_at_it(port, message, arg);
}

static void take_from_both(wt_port *port, wt_message *message, void *arg)
{
	struct left *left = arg;
	wt_message next;
	wt_buffer *buffer;
	int err = wt_port_receive(port, &next, WT_NOW);

	/* Each port is left to go with its view. */
	err = err ? err : wt_message_take_buffer(message, 0, &buffer);
	if (!err)
		wt_buffer_destroy(buffer);
	err = err ? err : wt_message_take_buffer(&next, 0, &buffer);
	if (!err)
		wt_buffer_destroy(buffer);
	if (err || atomic_load(&left->deleted.count) != 2)
		abort();
}

/* [T4] [C5] Both views last until the handler returns. */
static void a_callback_takes_from_its_message_and_from_one_it_receives(void **state)
{
	struct left left;
	wt_buffer *buffer;
	wt_port *port, *peer;

	(void)state;
	left_make(&left, NULL);
	assert_non_null(buffer = wrap_counted(&left.deleted));
	assert_int_equal(wt_channel_create(&port, &peer, NULL), 0);
	assert_int_equal(send_with(left.channel.a, "second", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
	wt_port_on_message(left.channel.b, take_from_both, &left);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_deleted(&left.deleted, 2);
	assert_receives_nothing(left.peer, WT_ECLOSED);
	assert_receives_nothing(peer, WT_ECLOSED);
	wt_port_close(peer);
	wt_port_close(left.peer);
	channel_close(&left.channel);
}

/* [T4] [C5] However the handler leaves it. */
static void a_callbacks_return_destroys_what_was_not_taken(void **state)
{
	static wt_port_fn *const handlers[] = { look_at_it, look_and_close, look_and_receive };

	(void)state;
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
		struct left left;

		left_make(&left, NULL);
		wt_port_on_message(left.channel.b, handlers[i], &left);
		assert_int_equal(wt_run_once(WT_NOW), 1);
		if (handlers[i] == look_and_close)
			left.channel.b = NULL;
		left_end(&left);

		left_make(&left, NULL);
		assert_int_equal(wt_port_drain(left.channel.b, handlers[i], &left, 0, NULL), 0);
		if (handlers[i] == look_and_close)
			left.channel.b = NULL;
		left_end(&left);
	}
}

/* A receiver on another thread. */
struct receiver {
	wt_port *port;
	bool receives; /* then it keeps the view */
	struct verdict verdict;
};

static void keep_a_view(void *arg)
{
	struct receiver *receiver = arg;
	wt_message message;

	if (!receiver->receives)
		return;
	CHECK(&receiver->verdict, wt_port_receive(receiver->port, &message, wt_after_ms(10000)) == 0);
	CHECK(&receiver->verdict, message.transfer_count == 2);
}

/* [T4] [C4] [C5] With the message in its queue, and in its view. */
static void a_threads_end_destroys_what_it_did_not_take(void **state)
{
	(void)state;
	for (int receives = 0; receives < 2; receives++) {
		struct receiver receiver = { .receives = receives };
		struct left left = { 0 };
		struct other other;
		wt_buffer *buffer;
		wt_port *port;

		other_start(&other);
		channel_open_between(&left.channel, &other, NULL);
		assert_non_null(buffer = wrap_counted(&left.deleted));
		assert_int_equal(wt_channel_create(&port, &left.peer, NULL), 0);
		assert_int_equal(send_with(left.channel.a, "left", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
		receiver.port = left.channel.b;
		other_run(&other, keep_a_view, &receiver);
		assert_verdict(&receiver.verdict);
		assert_deleted(&left.deleted, 0);
		other_end(&other);
		left.channel.b = NULL;
		left_end(&left);
	}
}

/* A worker that gets the message, and ends in one of many ways without taking anything. */
enum ending {
	END_RETURN,
	END_EXIT,
	END_FAIL,
	END_PTHREAD_EXIT,
	END_IN_HANDLER,
	END_UNREAD, /* returns without receiving */
	END_TERMINATED,
	END_TERMINATED_UNREAD,
	END_COUNT
};

static struct latch received, posted;

static void exit_in_handler(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	wt_exit(3);
}

static int end_as_told(wt_port *parent, enum ending ending)
{
	switch (ending) {
	case END_EXIT:
		wt_exit(3);
	case END_FAIL:
		wt_on_failure(NULL, NULL);
		wt_fail(WT_EINVAL, "as told");
	case END_PTHREAD_EXIT:
		pthread_exit(NULL);
	case END_IN_HANDLER:
		wt_port_on_message(parent, exit_in_handler, NULL);
		return wt_run();
	case END_TERMINATED:
	case END_TERMINATED_UNREAD:
		latch_open(&received);
		for (;;)
			wt_checkpoint();
	default:
		return 3;
	}
}

static int entry_end_without_taking(wt_port *parent, const void *data, size_t size)
{
	enum ending ending = *(const enum ending *)data;
	wt_message message;

	(void)size;
	if (ending == END_UNREAD)
		return latch_await(&posted) ? 3 : 99;
	if (ending != END_TERMINATED_UNREAD && ending != END_IN_HANDLER &&
	    wt_port_receive(parent, &message, WT_FOREVER) != 0)
		return 99;
	return end_as_told(parent, ending);
}

/* [T4] [C4] [C5] */
static void a_workers_end_destroys_what_it_did_not_take(void **state)
{
	(void)state;
	for (enum ending ending = 0; ending < END_COUNT; ending++) {
		struct left left = { 0 };
		wt_worker *worker;
		wt_buffer *buffer = wrap_counted(&left.deleted);
		wt_port *port;

		received = posted = (struct latch){ 0 };
		assert_int_equal(wt_worker_create(&worker, entry_end_without_taking, &ending, sizeof ending, NULL), 0);
		wt_worker_on_error(worker, ignore_failure, NULL);
		assert_int_equal(wt_channel_create(&port, &left.peer, NULL), 0);
		assert_int_equal(send_with(wt_worker_port(worker), "left", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
		latch_open(&posted);
		if (ending == END_TERMINATED || ending == END_TERMINATED_UNREAD) {
			assert_true(latch_await(&received));
			assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		}
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
		left_assert_gone(&left);
		wt_worker_destroy(worker);
		left_end(&left);
	}
}

static int entry_post_a_thing(wt_port *parent, const void *data, size_t size)
{
	struct deleted *deleted = *(struct deleted *const *)data;
	wt_buffer *buffer = wrap_counted(deleted);

	(void)size;
	return buffer ? send_with(parent, "thing", WT_MOVE(&buffer)) : 1;
}

/* [T4] */
static void a_workers_destruction_destroys_what_its_creator_did_not_take(void **state)
{
	struct deleted deleted = { 0 }, *arg = &deleted;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_post_a_thing, &arg, sizeof arg, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_deleted(&deleted, 0);
	wt_worker_destroy(worker);
	assert_deleted(&deleted, 1);
}

/* [T3] What a worker made outlives it. */
static void a_buffer_outlives_the_worker_that_made_it(void **state)
{
	struct deleted deleted = { 0 }, *arg = &deleted;
	wt_worker *worker;
	wt_message message;
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_post_a_thing, &arg, sizeof arg, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_receives_with(wt_worker_port(worker), "thing", 1, &message);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
	wt_worker_destroy(worker);
	assert_deleted(&deleted, 0);
	assert_int_equal(wt_buffer_size(buffer), 8);
	wt_buffer_destroy(buffer);
	assert_deleted(&deleted, 1);
}

/* ---- Messages that cannot be made whole ---- */

static int fail_once(enum wti_fault_point point)
{
	(void)point;
	wti_fault_hook = NULL;
	return WT_EUNDECODABLE;
}

/* [M9] [T4] [C5] */
static void what_came_with_an_undecodable_message_is_destroyed(void **state)
{
	struct left left;

	(void)state;
	left_make(&left, NULL);
	post_text(left.channel.a, "next");
	wti_fault_hook = fail_once;
	assert_receives_nothing(left.channel.b, WT_EUNDECODABLE);
	assert_receives(left.channel.b, "next");
	left_end(&left);
}

/* [M9] [T4] [C5] */
static void the_loop_destroys_what_came_with_an_undecodable_message(void **state)
{
	struct events events = { 0 };
	struct left left;

	(void)state;
	left_make(&left, NULL);
	post_text(left.channel.a, "next");
	wt_port_on_message(left.channel.b, events_on_message, &events);
	wt_port_on_message_error(left.channel.b, events_on_error, &events);
	wti_fault_hook = fail_once;
	while (wt_run_once(WT_NOW) > 0)
		;
	assert_events(&events, "error:WT_EUNDECODABLE next");
	left_end(&left);
}

/* ---- Deleters that use the library ---- */

/* A deleter that posts, closes a port with another such buffer in its queue, and makes and destroys things. */
struct busy {
	struct channel told;   /* it posts on a */
	struct channel closed; /* and closes b, in whose queue the next one is */
	struct busy *next;
	int err;
	unsigned calls;
};

static void delete_busily(void *data, void *arg)
{
	struct busy *busy = arg;
	wt_buffer *buffer = NULL;
	wt_port *a, *b;

	(void)data;
	busy->calls++;
	busy->err = wt_port_post(busy->told.a, "deleted", 7);
	busy->err = busy->err ? busy->err : wt_buffer_create(&buffer, 8);
	busy->err = busy->err ? busy->err : send_with(busy->told.a, "more", WT_MOVE(&buffer));
	busy->err = busy->err ? busy->err : wt_channel_create(&a, &b, NULL);
	if (busy->err)
		return;
	wt_port_close(a);
	wt_port_close(b);
	wt_port_close(busy->closed.b);
	busy->closed.b = NULL;
}

static void busy_make(struct busy *busy, size_t count)
{
	static char bytes[8];

	memset(busy, 0, count * sizeof *busy);
	for (size_t i = 0; i < count; i++) {
		channel_open(&busy[i].told, NULL);
		channel_open(&busy[i].closed, NULL);
	}
	for (size_t i = 1; i < count; i++) {
		wt_buffer *buffer;

		assert_int_equal(wt_buffer_wrap(&buffer, bytes, 8, delete_busily, &busy[i]), 0);
		assert_int_equal(send_with(busy[i - 1].closed.a, "next", WT_MOVE(&buffer)), 0);
	}
}

static void busy_check_and_end(struct busy *busy, size_t count)
{
	wt_message message;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(busy[i].calls, 1);
		assert_int_equal(busy[i].err, 0);
		assert_receives(busy[i].told.b, "deleted");
		assert_receives_with(busy[i].told.b, "more", 1, &message);
		channel_close(&busy[i].told);
		channel_close(&busy[i].closed);
	}
}

/* [T4] By a release, by a receive, by a close, in and out of the loop. */
static void a_deleter_may_post_and_close_other_ports(void **state)
{
	enum { DEEP = 5, WAYS = 4 };
	static char bytes[8];

	(void)state;
	for (int way = 0; way < WAYS; way++) {
		struct busy busy[DEEP];
		struct channel channel;
		wt_buffer *buffer;
		wt_message message;

		busy_make(busy, DEEP);
		channel_open(&channel, NULL);
		assert_int_equal(wt_buffer_wrap(&buffer, bytes, 8, delete_busily, &busy[0]), 0);
		assert_int_equal(send_with(channel.a, "first", WT_MOVE(&buffer)), 0);
		if (way == 0) {
			wt_port_close(channel.b);
			channel.b = NULL;
		} else if (way == 1) {
			assert_receives_with(channel.b, "first", 1, &message);
			wt_message_release(&message);
		} else if (way == 2) {
			assert_receives_with(channel.b, "first", 1, &message);
			assert_receives_nothing(channel.b, WT_EAGAIN);
		} else {
			unsigned long count = 0;

			wt_port_on_message(channel.b, count_message, &count);
			assert_int_equal(wt_run_once(WT_NOW), 1);
		}
		busy_check_and_end(busy, DEEP);
		channel_close(&channel);
	}
}

/* ---- Descriptors, senders, shared memory ---- */

static bool at_end_of_file(int fd)
{
	char byte;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return read(fd, &byte, 1) == 0;
}

/* [T4] A number that is used again by somebody else stays open. */
static void an_untaken_descriptor_is_closed_once(void **state)
{
	struct channel channel;
	int ends[2], number, sent;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	number = sent = ends[1];
	assert_int_equal(send_with(channel.a, "fd", WT_MOVE(&sent)), 0);
	assert_int_equal(sent, -1);
	assert_true(fd_is_open(number));
	assert_receives_with(channel.b, "fd", 1, &message);
	wt_message_release(&message);
	assert_true(at_end_of_file(ends[0]));
	assert_int_equal(dup2(ends[0], number), number);
	wt_message_release(&message);
	channel_close(&channel);
	assert_true(fd_is_open(number));
	close(number);
	close(ends[0]);
}

/* [T4] */
static void a_taken_descriptor_is_the_receivers(void **state)
{
	struct channel channel;
	int ends[2], sent, got = -2;
	wt_message message;
	unsigned fds = support_open_fds();

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sent = ends[1];
	assert_int_equal(send_with(channel.a, "fd", WT_MOVE(&sent)), 0);
	assert_receives_with(channel.b, "fd", 1, &message);
	assert_int_equal(wt_message_take_fd(&message, 0, &got), 0);
	wt_message_release(&message);
	channel_close(&channel);
	assert_true(fd_is_open(got));
	assert_true(fd_is_same_file(got, ends[0]));
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(close(got), 0);
	close(ends[0]);
	assert_int_equal(support_open_fds(), fds);
}

/* A thousand messages, each with a descriptor, most of which nobody takes. */
static void descriptors_do_not_leak(void **state)
{
	unsigned fds = support_open_fds();
	struct channel channel;
	int ends[2];

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < 1000; i++) {
		int copy = fcntl(ends[1], F_DUPFD_CLOEXEC, 0), got;
		wt_message message;

		assert_true(copy >= 0);
		assert_int_equal(send_with(channel.a, "fd", WT_MOVE(&copy)), 0);
		assert_receives_with(channel.b, "fd", 1, &message);
		if (i % 3 == 0) {
			assert_int_equal(wt_message_take_fd(&message, 0, &got), 0);
			close(got);
		}
	}
	channel_close(&channel);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(support_open_fds(), fds);
}

/* [T4] Each receiver has a hold of its own, and the sender keeps its. */
static void shared_memory_lives_as_long_as_any_holds_it(void **state)
{
	struct channel channel;
	wt_shared *shared, *first, *second;
	wt_message message;
	char *data;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	assert_int_equal(wt_shared_create(&shared, 100, 0), 0);
	data = wt_shared_data(shared);
	assert_int_equal(send_with(channel.a, "one", WT_SHARE(shared)), 0);
	assert_int_equal(send_with(channel.a, "two", WT_SHARE(shared)), 0);
	assert_int_equal(send_with(channel.a, "three", WT_SHARE(shared)), 0);
	memset(data, 1, 100);
	wt_shared_release(shared);
	assert_receives_with(channel.b, "one", 1, &message);
	assert_int_equal(wt_message_take_shared(&message, 0, &first), 0);
	assert_ptr_equal(wt_shared_data(first), data);
	assert_int_equal(data[99], 1);
	wt_shared_release(first);
	assert_receives_with(channel.b, "two", 1, &message);
	assert_int_equal(wt_message_take_shared(&message, 0, &second), 0);
	channel_close(&channel); /* with the third in its queue */
	data[0] = 2;
	wt_shared_release(second);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- Deleters where a thread ends ---- */

/* Whom the deleter tells, and what it had to say. */
static struct {
	wt_port *port;
	unsigned calls;
	int err;
} told;

static wt_buffer *wrap_with(void (*deleter)(void *data, void *arg))
{
	static char bytes[8];
	wt_buffer *buffer;

	return wt_buffer_wrap(&buffer, bytes, sizeof bytes, deleter, NULL) ? NULL : buffer;
}

static void told_begin(wt_port *port)
{
	memset(&told, 0, sizeof told);
	told.port = port;
}

static void (*ending_deleter)(void *data, void *arg);
static wt_port *ending_port; /* to call on */
static struct verdict ending_verdict;

static void end_with_a_queue(void *arg)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	struct channel channel;

	(void)arg;
	CHECK(&ending_verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
	CHECK(&ending_verdict, send_with(channel.a, "", WT_MOVE(&buffer)) == 0);
}

static void end_with_a_view(void *arg)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	struct channel channel;

	(void)arg;
	CHECK(&ending_verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
	CHECK(&ending_verdict, send_with(channel.a, "", WT_MOVE(&buffer)) == 0);
	CHECK(&ending_verdict, wt_port_receive(channel.b, &(wt_message){ 0 }, WT_NOW) == 0);
}

static void end_with_a_circle(void *arg)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	struct channel one, two;

	(void)arg;
	CHECK(&ending_verdict, wt_channel_create(&one.a, &one.b, NULL) == 0);
	CHECK(&ending_verdict, wt_channel_create(&two.a, &two.b, NULL) == 0);
	CHECK(&ending_verdict, send_with(one.a, "", WT_MOVE(&buffer), WT_MOVE(&two.b)) == 0);
	CHECK(&ending_verdict, send_with(two.a, "", WT_MOVE(&one.b)) == 0);
}

static void end_with_a_reply(void *arg)
{
	wt_message reply;

	(void)arg;
	CHECK(&ending_verdict, wt_port_call(ending_port, &(wt_outgoing){ .size = 0 }, &reply, WT_FOREVER) == 0);
	CHECK(&ending_verdict, reply.transfer_count == 1);
}

static int entry_end(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void run_in_queue(void)
{
	run_on_new_thread(end_with_a_queue, NULL);
}

static void run_in_view(void)
{
	run_on_new_thread(end_with_a_view, NULL);
}

static void run_in_circle(void)
{
	run_on_new_thread(end_with_a_circle, NULL);
}

static void *reply_main(void *arg)
{
	end_with_a_reply(arg);
	return NULL;
}

static void run_in_reply(void)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	wt_transfer list[] = { WT_MOVE(&buffer) };
	struct channel channel;
	wt_message request;
	pthread_t thread;

	channel_open(&channel, NULL);
	ending_port = channel.a;
	assert_int_equal(pthread_create(&thread, NULL, reply_main, NULL), 0);
	assert_int_equal(wt_port_receive(channel.b, &request, wt_after_ms(20000)), 0);
	assert_int_equal(wt_message_reply(&request, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	channel_close(&channel);
}

static void run_in_worker_data(void)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry_end, NULL, 0,
					  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							    .transfer_count = 1)),
			 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
}

static void run_in_workers_queue(void)
{
	wt_buffer *buffer = wrap_with(ending_deleter);
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry_end, NULL, 0, NULL), 0);
	if (send_with(wt_worker_port(worker), "", WT_MOVE(&buffer)) != 0)
		wt_buffer_destroy(buffer); /* it has ended already: then here */
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
}

static void (*const endings[])(void) = {
	run_in_queue, run_in_view, run_in_circle, run_in_reply, run_in_worker_data, run_in_workers_queue,
};

/* The last may run on the runner's thread, the others do not. */
enum { ENDINGS = sizeof endings / sizeof *endings };

/* Let a thread end in each of the first `count` ways with such a buffer untaken; `check` what the deleter left. */
static void end_in_each_way(int count, void (*deleter)(void *data, void *arg), void (*check)(struct channel *channel))
{
	for (int i = 0; i < count; i++) {
		struct channel channel;

		channel_open(&channel, NULL);
		told_begin(channel.a);
		ending_deleter = deleter;
		endings[i]();
		assert_verdict(&ending_verdict);
		assert_int_equal(told.calls, 1);
		assert_int_equal(told.err, 0);
		check(&channel);
		channel_close(&channel);
	}
}

static void delete_and_leave_a_port(void *data, void *arg)
{
	wt_port *left, *peer = NULL;

	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_channel_create(&left, &peer, NULL);
	told.err = told.err ? told.err : send_with(told.port, "peer", WT_MOVE(&peer));
}

static void check_peer_closed(struct channel *channel)
{
	wt_port *peer;

	assert_int_equal(receive_port(channel->b, &peer, WT_NOW), 0);
	if (wt_port_receive(peer, &(wt_message){ 0 }, WT_NOW) != WT_ECLOSED)
		fail_msg("a port that a deleter left open is not closed");
	wt_port_close(peer);
}

/* [C4] [T4] A port that is made as its thread ends is closed by that end, too. */
static void a_port_that_a_deleter_leaves_open_is_closed_by_the_threads_end(void **state)
{
	(void)state;
	end_in_each_way(ENDINGS - 1, delete_and_leave_a_port, check_peer_closed);
}

static void delete_and_leave_a_slot(void *data, void *arg)
{
	wt_slot slot;

	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_port_reserve(told.port, 8, &slot, WT_NOW);
	told.err = told.err ? told.err : wt_port_post(told.port, "behind", 6);
}

static void check_behind(struct channel *channel)
{
	assert_receives(channel->b, "behind");
}

/* A thread's open slots are abandoned when it ends, also those that were opened by then. */
static void a_slot_that_a_deleter_leaves_open_is_abandoned_by_the_threads_end(void **state)
{
	(void)state;
	end_in_each_way(ENDINGS - 1, delete_and_leave_a_slot, check_behind);
}

static int entry_stay(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void delete_and_leave_a_worker(void *data, void *arg)
{
	wt_worker *worker;

	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_worker_create(&worker, entry_stay, NULL, 0, NULL);
}

static unsigned threads_before;

static void check_no_worker(struct channel *channel)
{
	assert_receives_nothing(channel->b, WT_EAGAIN);
	assert_threads(threads_before);
}

/* [W4] Stopped and joined by the end of its creator's thread. */
static void a_worker_that_a_deleter_leaves_is_stopped_by_the_threads_end(void **state)
{
	(void)state;
	threads_before = support_threads();
	end_in_each_way(ENDINGS - 1, delete_and_leave_a_worker, check_no_worker);
}

static void delete_and_receive(void *data, void *arg)
{
	struct channel channel;
	wt_message message;

	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_channel_create(&channel.a, &channel.b, NULL);
	if (told.err)
		return;
	told.err = wt_port_post(channel.a, "text", 4);
	told.err = told.err ? told.err : wt_port_receive(channel.b, &message, WT_FOREVER);
	if (told.err == WT_ETERMINATED)
		told.err = 0;
	wt_port_close(channel.a);
	wt_port_close(channel.b);
	wt_thread_id();
}

static void check_nothing(struct channel *channel)
{
	assert_receives_nothing(channel->b, WT_EAGAIN);
}

/* [T4] */
static void a_deleter_may_use_channels_where_a_thread_ends(void **state)
{
	(void)state;
	end_in_each_way(ENDINGS, delete_and_receive, check_nothing);
}

static struct deleted second;

static void delete_and_make_more_to_delete(void *data, void *arg)
{
	wt_buffer *buffer = wrap_counted(&second);
	struct channel channel;

	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_channel_create(&channel.a, &channel.b, NULL);
	told.err = told.err ? told.err : send_with(channel.a, "", WT_MOVE(&buffer));
}

static void check_second(struct channel *channel)
{
	assert_receives_nothing(channel->b, WT_EAGAIN);
	assert_deleted(&second, 1);
	second = (struct deleted){ 0 };
}

/* [T4] In the queue of a port that is made as the thread ends. */
static void what_a_deleter_leaves_behind_is_deleted_as_well(void **state)
{
	(void)state;
	end_in_each_way(ENDINGS - 1, delete_and_make_more_to_delete, check_second);
}

/* ---- The loop ---- */

static void delete_and_run_the_loop(void *data, void *arg)
{
	(void)data;
	(void)arg;
	told.calls++;
	told.err = wt_run_once(WT_NOW);
	if (told.err == WT_EBUSY)
		told.err = wt_run();
}

static void count_close(wt_port *port, void *arg)
{
	(void)port;
	++*(unsigned *)arg;
}

static void leave_by_close(wt_port *port)
{
	wt_port_close(port);
}

static void leave_by_receive(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
	assert_receives_nothing(port, WT_EAGAIN);
}

static void leave_by_release(wt_port *port)
{
	wt_message message;

	assert_int_equal(wt_port_receive(port, &message, WT_NOW), 0);
	wt_message_release(&message);
}

static void leave_by_move(wt_port *port)
{
	struct channel carrier;

	channel_open(&carrier, NULL);
	assert_int_equal(wt_port_receive(port, &(wt_message){ 0 }, WT_NOW), 0);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&port)), 0);
	assert_int_equal(receive_port(carrier.b, &port, WT_NOW), 0);
	channel_close(&carrier);
}

static void ignore_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

static void leave_by_drain(wt_port *port)
{
	assert_int_equal(wt_port_drain(port, ignore_message, NULL, 0, NULL), 0);
}

static void leave_by_loop(wt_port *port)
{
	wt_port_on_message(port, ignore_message, NULL);
	assert_int_equal(wt_run_once(WT_NOW), 1);
}

/* Ways for a message to come to its end without being taken apart. */
static void (*const leavings[])(wt_port *port) = {
	leave_by_receive, leave_by_release, leave_by_move, leave_by_drain, leave_by_loop, leave_by_close,
};

enum { LEAVINGS = sizeof leavings / sizeof *leavings }; /* the last closes the port */

/* Other ports have events that are due; they are not handed over below a deleter, but after it. */
static void a_deleter_does_not_run_the_loop(void **state)
{
	(void)state;
	for (int i = 0; i < LEAVINGS; i++) {
		struct channel channel, other;
		wt_buffer *buffer = wrap_with(delete_and_run_the_loop);
		unsigned long messages = 0;

		told_begin(NULL);
		channel_open(&channel, NULL);
		channel_open(&other, NULL);
		assert_int_equal(send_with(channel.a, "", WT_MOVE(&buffer)), 0);
		if (i + 1 < LEAVINGS) {
			wt_port_on_message(other.b, count_message, &messages);
			wt_port_stop(other.b);
		} else {
			wt_port_on_message(other.b, count_message, &messages);
		}
		post_text(other.a, "due");
		leavings[i](channel.b);
		assert_int_equal(told.calls, 1);
		assert_int_equal(told.err, WT_EBUSY);
		assert_int_equal(messages, 0);
		wt_port_start(other.b);
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_int_equal(messages, 1);
		if (i + 1 < LEAVINGS)
			wt_port_close(channel.b);
		wt_port_close(channel.a);
		channel_close(&other);
	}
}

/* Its own close event is not lost by that. */
static void a_port_that_closes_around_a_deleter_has_its_event(void **state)
{
	struct channel channel;
	wt_buffer *buffer = wrap_with(delete_and_run_the_loop);
	unsigned closes = 0;

	(void)state;
	told_begin(NULL);
	channel_open(&channel, NULL);
	assert_int_equal(send_with(channel.a, "", WT_MOVE(&buffer)), 0);
	wt_port_on_close(channel.b, count_close, &closes);
	wt_port_close(channel.b);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.err, WT_EBUSY);
	assert_int_equal(closes, 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(closes, 1);
	wt_port_close(channel.a);
}

static void end_with_handlers(void *arg)
{
	wt_buffer *buffer = wrap_with(delete_and_run_the_loop);
	struct channel channel;

	CHECK(&ending_verdict, wt_channel_create(&channel.a, &channel.b, NULL) == 0);
	CHECK(&ending_verdict, send_with(channel.a, "", WT_MOVE(&buffer)) == 0);
	wt_port_on_close(channel.b, count_close, arg);
}

/* [C4] A thread's end makes no events. */
static void a_deleter_does_not_run_the_loop_of_a_thread_that_ends(void **state)
{
	unsigned closes = 0;

	(void)state;
	told_begin(NULL);
	run_on_new_thread(end_with_handlers, &closes);
	assert_verdict(&ending_verdict);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.err, WT_EBUSY);
	assert_int_equal(closes, 0);
}

/* ---- The port that brought it ---- */

/* What the deleter does with the port at which its message was, and whose other end it has. */
static struct channel own;
static void (*own_use)(void);

static void delete_and_use_own(void *data, void *arg)
{
	(void)data;
	(void)arg;
	told.calls++;
	own_use();
}

static void use_post(void)
{
	told.err = wt_port_post(own.a, "posted", 6);
}

static void use_receive(void)
{
	wt_message message;

	told.err = wt_port_receive(own.b, &message, WT_NOW);
	wt_message_release(&message);
}

static void use_drain(void)
{
	told.err = wt_port_drain(own.b, ignore_message, NULL, 0, NULL);
}

static void use_handlers(void)
{
	wt_port_on_message(own.b, ignore_message, NULL);
	wt_port_on_message(own.b, NULL, NULL);
	told.err = wt_port_stats(own.b, &(struct wt_port_stats){ .size = sizeof(struct wt_port_stats) });
}

static void use_close_peer(void)
{
	wt_port_close(own.a);
	own.a = NULL;
}

static void use_close(void)
{
	wt_port_close(own.b);
	own.b = NULL;
}

static void use_close_both(void)
{
	use_close();
	use_close_peer();
}

/* Refused, as in its callbacks: what comes with it is under way to an end. */
static void use_move(void)
{
	struct channel carrier;

	if (wt_channel_create(&carrier.a, &carrier.b, NULL) != 0)
		return;
	told.err = send_with(carrier.a, "port", WT_MOVE(&own.b));
	wt_port_close(carrier.a);
	wt_port_close(carrier.b);
}

static void (*const uses[])(void) = {
	use_post, use_receive, use_drain, use_handlers, use_close_peer, use_close, use_close_both, use_move,
};

static bool own_left(wt_port *port, wt_message *message)
{
	return wt_port_receive(port, message, WT_NOW) == 0;
}

/* As in leavings, where the port may be gone when the call returns. */
static void leave_own(int way)
{
	wt_message message;

	switch (way) {
	case 0:
		if (own_left(own.b, &message))
			wt_message_release(&message);
		break;
	case 1:
		if (own_left(own.b, &message))
			(void)!wt_port_receive(own.b, &message, WT_NOW);
		break;
	case 2:
		(void)!wt_port_drain(own.b, ignore_message, NULL, 0, NULL);
		break;
	case 3:
		wt_port_on_message(own.b, ignore_message, NULL);
		(void)!wt_run_once(WT_NOW);
		break;
	default:
		wt_port_close(own.b);
		own.b = NULL;
	}
}

/* [T4] In each way for the view to end, each use of the port; two messages more wait behind. */
static void a_deleter_may_use_the_port_that_brought_its_buffer(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	for (size_t use = 0; use < sizeof uses / sizeof *uses; use++)
		for (int way = 0; way < 5; way++) {
			wt_buffer *buffer = wrap_with(delete_and_use_own);

			told_begin(NULL);
			own_use = uses[use];
			channel_open(&own, NULL);
			assert_int_equal(send_with(own.a, "", WT_MOVE(&buffer)), 0);
			post_text(own.a, "second");
			post_text(own.a, "third");
			leave_own(way);
			if (told.calls != 1)
				fail_msg("use %zu, way %d: %u calls", use, way, told.calls);
			channel_close(&own);
			while (wt_run_once(WT_NOW) > 0)
				;
			assert_false(wt_loop_alive());
		}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- A deleter that jumps ---- */

#ifdef WTI_DEBUG

static void delete_and_exit(void *data, void *arg)
{
	(void)data;
	(void)arg;
	wt_exit(0);
}

static int entry_drops(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = wrap_with(delete_and_exit);
	struct channel channel;

	(void)parent;
	(void)data;
	(void)size;
	if (wt_channel_create(&channel.a, &channel.b, NULL) != 0)
		return 2;
	if (send_with(channel.a, "", WT_MOVE(&buffer)) != 0)
		return 3;
	wt_port_close(channel.b);
	return 4;
}

static int child_deleter_jumps(void)
{
	struct rlimit none = { 0, 0 };
	wt_worker *worker;

	setrlimit(RLIMIT_CORE, &none);
	if (wt_worker_create(&worker, entry_drops, NULL, 0, WT_WORKER_OPTIONS(.name = "jumper")))
		return 1;
	return wt_worker_join(worker, NULL, WT_FOREVER);
}

/* The rest of the message would be lost, and the ports in it with their peers unheard. */
static void a_debug_build_aborts_where_a_deleter_leaves_by_a_jump(void **state)
{
	struct child_result result;

	(void)state;
	child_run("deleter_jumps", &result);
	assert_int_equal(result.status, 128 + 6);
	assert_non_null(strstr(result.errors, "libwt: worker jumper: a deleter leaves by a jump"));
}

static const struct child_program programs[] = { { "deleter_jumps", child_deleter_jumps } };

enum { PROGRAMS = sizeof programs / sizeof *programs };

#else

static const struct child_program *const programs = NULL;

enum { PROGRAMS = 0 };

#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_release_destroys_what_was_not_taken),
		TEST(the_next_receive_destroys_what_was_not_taken),
		TEST(a_close_destroys_what_is_in_view),
		TEST(a_close_destroys_what_waits),
		TEST(the_senders_close_destroys_nothing),
		TEST(a_callback_takes_from_its_message_and_from_one_it_receives),
		TEST(a_callbacks_return_destroys_what_was_not_taken),
		TEST(a_threads_end_destroys_what_it_did_not_take),
		TEST(a_workers_end_destroys_what_it_did_not_take),
		TEST(a_workers_destruction_destroys_what_its_creator_did_not_take),
		TEST(a_buffer_outlives_the_worker_that_made_it),
		TEST(what_came_with_an_undecodable_message_is_destroyed),
		TEST(the_loop_destroys_what_came_with_an_undecodable_message),
		TEST(a_deleter_may_post_and_close_other_ports),
		TEST(an_untaken_descriptor_is_closed_once),
		TEST(a_taken_descriptor_is_the_receivers),
		TEST(descriptors_do_not_leak),
		TEST(shared_memory_lives_as_long_as_any_holds_it),
		TEST(a_port_that_a_deleter_leaves_open_is_closed_by_the_threads_end),
		TEST(a_slot_that_a_deleter_leaves_open_is_abandoned_by_the_threads_end),
		TEST(a_deleter_may_use_channels_where_a_thread_ends),
		TEST(what_a_deleter_leaves_behind_is_deleted_as_well),
		TEST(a_deleter_does_not_run_the_loop),
		TEST(a_port_that_closes_around_a_deleter_has_its_event),
		TEST(a_deleter_does_not_run_the_loop_of_a_thread_that_ends),
		TEST(a_deleter_may_use_the_port_that_brought_its_buffer),
		TEST(a_worker_that_a_deleter_leaves_is_stopped_by_the_threads_end),
#ifdef WTI_DEBUG
		TEST(a_debug_build_aborts_where_a_deleter_leaves_by_a_jump),
#endif
	};
	int status = child_main(argc, argv, programs, PROGRAMS);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
