/* SPDX-License-Identifier: MIT
 *
 * A thread that posts to another and waits: what may come of it at each stage
 * of both lives.
 */
#include "post_to_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/call.h>
#include <wt/loop.h>
#include <wt/post_to_thread.h>
#include <wt/shared.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"
#include "thread_registry.h"
#include "worker.h"

/* ---- Handled ---- */

struct heard {
	struct verdict *verdict;
	uint64_t source;
	uint32_t type;
	size_t size;
	char text[16];
	unsigned calls;
};

static int hear(wt_message *message, uint64_t source, void *arg)
{
	struct heard *heard = arg;

	CHECK(heard->verdict, message->data && (uintptr_t)message->data % 8 == 0);
	heard->source = source;
	heard->type = message->type;
	heard->size = message->size;
	memcpy(heard->text, message->data, message->size);
	heard->calls++;
	return 0;
}

/* [M4] */
static void the_listener_has_run_when_the_post_returns(void **state)
{
	struct verdict verdict = { 0 };
	struct heard heard = { .verdict = &verdict };
	wt_outgoing outgoing;
	struct iovec pieces[2] = { { .iov_base = "ab", .iov_len = 2 }, { .iov_base = "cde", .iov_len = 4 } };
	struct station station;

	(void)state;
	station_start(&station, hear, &heard);
	assert_int_equal(post_words(station.id, "words", WT_FOREVER), 0);
	assert_int_equal(heard.calls, 1);
	assert_int_equal(heard.source, wt_thread_id());
	assert_memory_equal(heard.text, "words", 5);
	outgoing = (wt_outgoing){ .iov = pieces, .iovcnt = 2, .type = 9 };
	assert_int_equal(wt_post_to_thread(station.id, &outgoing, in_time()), 0);
	assert_int_equal(heard.type, 9);
	assert_string_equal(heard.text, "abcde");
	assert_int_equal(post_nothing(station.id, in_time()), 0);
	assert_int_equal(heard.size, 0);
	assert_int_equal(heard.calls, 3);
	station_end(&station);
	assert_verdict(&verdict);
}

static int entry_listens(wt_port *parent, const void *data, size_t size)
{
	wt_thread_message_fn *fn;
	int err;

	memcpy(&fn, data, size);
	err = wt_on_thread_message(fn, NULL);
	if (!err)
		err = wt_port_post(parent, NULL, 0);
	wt_port_ref(parent);
	return err ? err : wt_run();
}

static wt_worker *listening_worker(wt_thread_message_fn *fn)
{
	wt_message message;
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry_listens, &fn, sizeof fn, NULL), 0);
	wt_worker_on_error(worker, ignore_failure, NULL);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, in_time()), 0);
	return worker;
}

static void a_worker_is_found_by_its_id(void **state)
{
	wt_worker *worker = listening_worker(listen_well), *other = listening_worker(listen_badly);

	(void)state;
	assert_int_equal(post_nothing(wt_worker_id(worker), in_time()), 0);
	assert_int_equal(post_nothing(wt_worker_id(other), in_time()), WT_ELISTENER);
	wt_worker_destroy(worker);
	wt_worker_destroy(other);
}

static int entry_posts_to_main(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return post_words(0, "up", in_time());
}

static void keep_code(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	*(int *)arg = code;
}

static void the_main_thread_is_number_0(void **state)
{
	struct verdict verdict = { 0 };
	struct heard heard = { .verdict = &verdict };
	wt_worker *worker;
	int code = 1;

	(void)state;
	assert_int_equal(wt_on_thread_message(hear, &heard), 0);
	assert_false(wt_loop_alive()); /* a listener alone keeps no loop */
	assert_int_equal(wt_worker_create(&worker, entry_posts_to_main, NULL, 0, NULL), 0);
	wt_worker_on_exit(worker, keep_code, &code);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(code, 0);
	assert_memory_equal(heard.text, "up", 2);
	assert_int_equal(heard.source, wt_worker_id(worker));
	wt_worker_destroy(worker);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	assert_verdict(&verdict);
}

/* ---- Refused ---- */

static void end_at_once(void *arg)
{
	*(uint64_t *)arg = wt_thread_id();
}

static int post_ten(struct ten *ten, uint64_t id, wt_time deadline)
{
	return wt_post_to_thread(id, &(wt_outgoing){ .transfer = ten->list, .transfer_count = TEN }, deadline);
}

static int entry_receives(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static int entry_posts_what_it_is_given(wt_port *parent, const void *data, size_t size)
{
	uint64_t id;

	(void)parent;
	memcpy(&id, data, size);
	return post_nothing(id, in_time()) == WT_ENOLISTENER ? 0 : 1;
}

/* [M3] Each reason has its own number, and leaves the list as it was. */
static void a_refused_post_changes_nothing(void **state)
{
	struct station station;
	struct other deaf;
	struct ten ten;
	wt_worker *worker;
	uint64_t ended_id = 0;

	(void)state;
	ten_make(&ten);
	station_start(&station, listen_well, NULL);
	other_start(&deaf);
	run_on_new_thread(end_at_once, &ended_id);
	assert_int_equal(wt_worker_create(&worker, entry_receives, NULL, 0, NULL), 0);
	assert_int_equal(post_ten(&ten, wt_thread_id(), WT_FOREVER), WT_ESAMETHREAD);
	assert_int_equal(post_ten(&ten, UINT64_MAX, WT_FOREVER), WT_ESRCH);
	assert_int_equal(post_ten(&ten, ended_id, WT_FOREVER), WT_ESRCH);
	assert_int_equal(post_ten(&ten, deaf.record->id, WT_FOREVER), WT_ENOLISTENER);
	assert_int_equal(post_ten(&ten, wt_worker_id(worker), WT_FOREVER), WT_ENOLISTENER);
	assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
	assert_int_equal(post_ten(&ten, wt_worker_id(worker), WT_FOREVER), WT_ESRCH);
	assert_int_equal(post_ten(&ten, station.id, WT_NOW), WT_EAGAIN);
	assert_int_equal(post_ten(&ten, station.id, 1), WT_ETIMEDOUT);
	assert_int_equal(post_ten(&ten, station.id, -1), WT_EINVAL);
	assert_int_equal(wt_post_to_thread(station.id, NULL, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_post_to_thread(station.id, &(wt_outgoing){ .zero = 1 }, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_post_to_thread(station.id, &(wt_outgoing){ .data = "", .size = SIZE_MAX }, WT_FOREVER),
			 WT_EOVERFLOW);
	ten.list[TEN - 1] = ten.list[0];
	assert_int_equal(post_ten(&ten, station.id, WT_FOREVER), WT_EDUPLICATE);
	ten_assert_untouched(&ten);
	wt_worker_destroy(worker);
	other_end(&deaf);
	station_end(&station);
	ten_end(&ten);
}

/* The main thread exists, though it may never have called. */
static void main_without_a_listener_is_no_stranger(void **state)
{
	wt_worker *worker;
	uint64_t id = 0;
	int code = 1;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_posts_what_it_is_given, &id, sizeof id, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, in_time()), 0);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

/* ---- What moves ---- */

struct taker {
	struct verdict *verdict;
	bool takes;
	wt_message kept; /* after the view's end */
};

static int take_all(wt_message *message, uint64_t source, void *arg)
{
	struct taker *taker = arg;
	wt_buffer *buffer = NULL, *again;
	wt_port *port = NULL;
	wt_shared *shared;

	(void)source;
	taker->kept = *message;
	CHECK(taker->verdict, message->transfer_count == 2);
	CHECK(taker->verdict, wt_message_transfer_kind(message, 0) == WT_TRANSFER_BUFFER);
	/* What the listener returns is the answer. */
	CHECK(taker->verdict, wt_message_reply(message, &(wt_outgoing){ 0 }) == WT_EINVAL);
	CHECK(taker->verdict, wt_message_take_shared(message, 0, &shared) == WT_EINVAL);
	if (!taker->takes)
		return 0;
	CHECK(taker->verdict, wt_message_take_buffer(message, 0, &buffer) == 0);
	CHECK(taker->verdict, wt_message_take_buffer(message, 0, &again) == WT_EDETACHED);
	CHECK(taker->verdict, wt_message_take_port(message, 1, &port) == 0);
	CHECK(taker->verdict, wt_port_post(port, "taken", 5) == 0);
	wt_message_release(message); /* does nothing: the view ends by itself */
	CHECK(taker->verdict, wt_message_transfer_kind(message, 2) == 0);
	wt_port_close(port);
	wt_buffer_destroy(buffer);
	return 0;
}

static int take_late(wt_message *message, uint64_t source, void *arg)
{
	struct taker *taker = arg;
	wt_buffer *buffer;

	(void)message;
	(void)source;
	CHECK(taker->verdict, wt_message_take_buffer(&taker->kept, 0, &buffer) == WT_EINVAL);
	return 0;
}

/* [C5] [T4] What nobody took is gone before the post returns. */
static void what_moves_arrives_and_what_is_not_taken_is_destroyed(void **state)
{
	struct verdict verdict = { 0 };
	struct taker taker = { .verdict = &verdict, .takes = true };
	struct station station;

	(void)state;
	station_start(&station, take_all, &taker);
	for (int round = 0; round < 2; round++) {
		struct deleted deleted = { 0 };
		wt_buffer *buffer = wrap_counted(&deleted);
		struct channel channel;
		wt_transfer list[2];

		channel_open(&channel, NULL);
		list[0] = wt_move_buffer(&buffer);
		list[1] = wt_move_port(&channel.b);
		assert_int_equal(wt_post_to_thread(station.id, &(wt_outgoing){ .transfer = list, .transfer_count = 2 },
						   in_time()), 0);
		assert_null(buffer);
		assert_null(channel.b);
		assert_deleted(&deleted, 1);
		if (taker.takes)
			assert_receives(channel.a, "taken");
		assert_receives_nothing(channel.a, WT_ECLOSED);
		channel_close(&channel);
		taker.takes = false;
	}
	station.fn = take_late;
	assert_int_equal(post_nothing(station.id, in_time()), 0);
	station_end(&station);
	assert_verdict(&verdict);
}

static int take_hold(wt_message *message, uint64_t source, void *arg)
{
	wt_shared *again;
	int err = wt_message_take_shared(message, 0, arg);

	(void)source;
	return err ? err : wt_message_take_shared(message, 0, &again) != WT_EDETACHED;
}

/* A hold goes along, and is taken once; the sender's own stays. */
static void shared_memory_is_taken_once(void **state)
{
	wt_shared *shared, *taken = NULL;
	wt_transfer list;
	struct station station;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, 64, 0), 0);
	list = wt_share(shared);
	station_start(&station, take_hold, &taken);
	assert_int_equal(wt_post_to_thread(station.id, MESSAGE_WITH(list), in_time()), 0);
	station_end(&station);
	assert_ptr_equal(taken, shared);
	wt_shared_release(shared);
	memset(wt_shared_data(taken), 1, 64);
	wt_shared_release(taken);
}

static int post_counted(uint64_t id, struct deleted *deleted, wt_time deadline)
{
	wt_buffer *buffer = wrap_counted(deleted);
	wt_transfer list = wt_move_buffer(&buffer);
	int err = wt_post_to_thread(id, MESSAGE_WITH(list), deadline);

	wt_buffer_destroy(buffer);
	return err;
}

/* ---- The listener fails ---- */

static int leave_by_exit(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	wt_exit(3);
}

static int leave_by_failure(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	wt_fail(3, "on purpose");
}

static struct latch in_listener;

static int leave_by_checkpoint(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	latch_open(&in_listener);
	(void)!wt_sleep(WT_FOREVER);
	wt_checkpoint(); /* does not return */
	return 0;
}

static void a_listener_that_is_left_has_failed(void **state)
{
	wt_thread_message_fn *const leave[] = { leave_by_exit, leave_by_failure, listen_and_leave };

	(void)state;
	for (int i = 0; i < 3; i++) {
		wt_worker *worker = listening_worker(leave[i]);
		struct deleted deleted = { 0 };

		assert_int_equal(post_counted(wt_worker_id(worker), &deleted, in_time()), WT_ELISTENER);
		assert_deleted(&deleted, 1);
		assert_int_equal(wt_worker_join(worker, NULL, in_time()), 0);
		wt_worker_destroy(worker);
	}
}

/* ---- The target ends ---- */

struct call {
	uint64_t id;
	wt_time deadline;
	struct deleted deleted;
	struct latch begun;
	int result;
};

static void call_run(void *arg)
{
	struct call *call = arg;

	latch_open(&call->begun);
	call->result = post_counted(call->id, &call->deleted, call->deadline);
}

/* What waits in the mailbox of a thread, which may end meanwhile: it gives the mailbox up under this lock. */
static unsigned mailbox_count(struct wti_thread *thread)
{
	unsigned count;

	wti_registry_lock();
	count = thread->mailbox ? wti_load(&thread->mailbox->waiting) : 0;
	wti_registry_unlock();
	return count;
}

static bool mailbox_has(void *arg)
{
	return mailbox_count(arg) != 0;
}

static void set_listener(void *arg)
{
	(void)!wt_on_thread_message(listen_well, arg);
}

static void remove_listener(void *arg)
{
	(void)!wt_on_thread_message(NULL, arg);
}

static void begin_call(struct other *caller, struct call *call, struct other *target)
{
	*call = (struct call){ .id = target->record->id, .deadline = in_time() };
	other_begin(caller, call_run, call);
	assert_true(await(mailbox_has, target->record));
}

/* [T4] */
static void a_thread_that_ends_refuses_what_waits(void **state)
{
	struct other target, caller;
	struct call call;

	(void)state;
	other_start(&target);
	other_start(&caller);
	other_run(&target, set_listener, NULL);
	begin_call(&caller, &call, &target);
	other_end(&target);
	other_wait(&caller);
	assert_int_equal(call.result, WT_EDIED);
	assert_deleted(&call.deleted, 1);
	assert_int_equal(post_nothing(call.id, in_time()), WT_ESRCH);
	other_end(&caller);
}

static void a_thread_may_end_inside_its_listener(void **state)
{
	struct station station;
	struct deleted deleted = { 0 };

	(void)state;
	station_start(&station, listen_and_leave, NULL);
	assert_int_equal(post_counted(station.id, &deleted, in_time()), WT_EDIED);
	assert_deleted(&deleted, 1);
	pthread_join(station.thread, NULL);
}

static int entry_is_busy(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_on_thread_message(listen_well, NULL);

	(void)data;
	(void)size;
	if (!err)
		err = wt_port_post(parent, NULL, 0);
	while (!err)
		err = wt_port_receive(parent, &message, WT_FOREVER);
	return err;
}

/* Terminated before its listener ran, and inside of it. */
static void a_terminated_target_is_no_hang(void **state)
{
	struct other caller;
	struct call call = { .deadline = WT_FOREVER };
	wt_message message;
	wt_worker *worker;

	(void)state;
	other_start(&caller);
	assert_int_equal(wt_worker_create(&worker, entry_is_busy, NULL, 0, NULL), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, in_time()), 0);
	call.id = wt_worker_id(worker);
	other_begin(&caller, call_run, &call);
	assert_true(await(mailbox_has, &worker->thread));
	assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
	other_wait(&caller);
	assert_int_equal(call.result, WT_EDIED);
	assert_deleted(&call.deleted, 1);
	wt_worker_destroy(worker);

	worker = listening_worker(leave_by_checkpoint);
	call = (struct call){ .id = wt_worker_id(worker), .deadline = WT_FOREVER };
	other_begin(&caller, call_run, &call);
	assert_true(latch_await(&in_listener));
	assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
	other_wait(&caller);
	assert_int_equal(call.result, WT_ELISTENER);
	assert_deleted(&call.deleted, 1);
	wt_worker_destroy(worker);
	other_end(&caller);
}

static void removing_the_listener_refuses_what_waits(void **state)
{
	struct other target, caller;
	struct call call;

	(void)state;
	other_start(&target);
	other_start(&caller);
	other_run(&target, set_listener, NULL);
	begin_call(&caller, &call, &target);
	other_run(&target, set_listener, NULL); /* another one takes over */
	assert_true(mailbox_has(target.record));
	other_run(&target, remove_listener, NULL);
	other_wait(&caller);
	assert_int_equal(call.result, WT_ENOLISTENER);
	assert_deleted(&call.deleted, 1);
	assert_int_equal(post_nothing(call.id, in_time()), WT_ENOLISTENER);
	other_end(&target);
	other_end(&caller);
}

/* ---- The time is up ---- */

static void run_once(void *arg)
{
	*(int *)arg = wt_run_once(WT_NOW);
}

/* [T4] */
static void a_post_that_times_out_is_withdrawn(void **state)
{
	struct deleted deleted = { 0 };
	struct other target;
	int calls = -1;
	wt_time at;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	at = wt_after_ms(5);
	assert_int_equal(post_counted(target.record->id, &deleted, at), WT_ETIMEDOUT);
	assert_true(wt_now() >= at);
	assert_deleted(&deleted, 1);
	assert_true(pthread_equal(atomic_load(&deleted.thread), pthread_self()));
	other_run(&target, run_once, &calls);
	assert_int_equal(calls, 0); /* and nothing that keeps it alive */
	other_end(&target);
}

struct slow {
	struct latch entered, leave, left;
};

static int listen_slowly(wt_message *message, uint64_t source, void *arg)
{
	struct slow *slow = arg;

	(void)message;
	(void)source;
	latch_open(&slow->entered);
	latch_await(&slow->leave);
	latch_open(&slow->left);
	return 0;
}

/* The listener has it: what it carries is destroyed there, when it is over. */
static void a_listener_may_outlast_the_deadline(void **state)
{
	struct slow slow = { 0 };
	struct deleted deleted;
	struct station station;

	(void)state;
	station_start(&station, listen_slowly, &slow);
	do {
		deleted = (struct deleted){ 0 };
		assert_int_equal(post_counted(station.id, &deleted, wt_after_ms(20)), WT_ETIMEDOUT);
	} while (was_deleted(&deleted)); /* before the listener had begun */
	assert_true(latch_await(&slow.entered));
	assert_deleted(&deleted, 0);
	latch_open(&slow.leave);
	assert_true(await(was_deleted, &deleted));
	assert_false(pthread_equal(atomic_load(&deleted.thread), pthread_self()));
	station_end(&station);
	assert_deleted(&deleted, 1);
}

/* ---- The caller ends ---- */

static int entry_calls(wt_port *parent, const void *data, size_t size)
{
	struct call *call;

	(void)parent;
	memcpy(&call, data, size);
	call_run(call);
	return call->result == WT_ETERMINATED ? 0 : 1;
}

/* [W5] */
static void terminate_ends_a_post_in_any_state(void **state)
{
	struct slow slow = { 0 };
	struct station busy;
	struct other target;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	station_start(&busy, listen_slowly, &slow);
	for (int i = 0; i < 2; i++) {
		struct call call = { .id = i ? busy.id : target.record->id, .deadline = WT_FOREVER }, *at = &call;
		wt_worker *worker;
		wt_time begun;

		assert_int_equal(wt_worker_create(&worker, entry_calls, &at, sizeof at, NULL), 0);
		assert_true(i ? latch_await(&slow.entered) : await(mailbox_has, target.record));
		begun = wt_now();
		assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
		assert_true(wt_now() - begun < PROMPTLY);
		assert_int_equal(call.result, WT_ETERMINATED);
		assert_false(mailbox_has(target.record));
		wt_worker_destroy(worker);
		if (i) {
			assert_deleted(&call.deleted, 0); /* the listener has it */
			latch_open(&slow.leave);
			assert_true(await(was_deleted, &call.deleted));
		}
		assert_deleted(&call.deleted, 1);
	}
	station_end(&busy);
	other_end(&target);
}

/* A listener called from inside a wait ends its worker: the outer post is withdrawn, the inner one has failed. */
static int entry_waits_and_exits(wt_port *parent, const void *data, size_t size)
{
	struct call *call;

	memcpy(&call, data, size);
	if (wt_on_thread_message(leave_by_exit, NULL) || wt_port_post(parent, NULL, 0))
		return 1;
	call_run(call);
	return 1;
}

static void a_nested_listener_may_end_its_worker(void **state)
{
	struct other target;
	struct call call = { .deadline = WT_FOREVER }, *at = &call;
	wt_worker *worker;
	int code;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	call.id = target.record->id;
	assert_int_equal(wt_worker_create(&worker, entry_waits_and_exits, &at, sizeof at, NULL), 0);
	assert_true(await(mailbox_has, target.record));
	assert_int_equal(post_nothing(wt_worker_id(worker), in_time()), WT_ELISTENER);
	assert_int_equal(wt_worker_join(worker, &code, in_time()), 0);
	assert_int_equal(code, 3);
	assert_false(mailbox_has(target.record));
	assert_deleted(&call.deleted, 1);
	wt_worker_destroy(worker);
	other_end(&target);
}

/* A listener that waits itself, called from inside a wait. */
static int listen_and_wait(wt_message *message, uint64_t source, void *arg)
{
	const struct call *call = arg;

	(void)message;
	(void)source;
	return post_nothing(call->id, WT_FOREVER);
}

static int entry_waits_twice(wt_port *parent, const void *data, size_t size)
{
	struct call *call;

	(void)parent;
	memcpy(&call, data, size);
	if (wt_on_thread_message(listen_and_wait, call))
		return 1;
	call_run(call);
	return 0;
}

static bool mailbox_has_two(void *arg)
{
	return mailbox_count(arg) == 2;
}

static void keep_result(int result, void *arg)
{
	*(int *)arg = result;
}

/* [W5] */
static void terminate_ends_waits_inside_of_each_other(void **state)
{
	struct other target;
	struct call call = { .deadline = WT_FOREVER }, *at = &call;
	wt_worker *worker;
	wt_time begun;
	int result = 1;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	call.id = target.record->id;
	assert_int_equal(wt_worker_create(&worker, entry_waits_twice, &at, sizeof at, NULL), 0);
	wt_worker_unref(worker);
	assert_true(await(mailbox_has, target.record));
	assert_int_equal(wt_post_to_thread_async(wt_worker_id(worker), &(wt_outgoing){ 0 }, WT_FOREVER, keep_result,
						 &result), 0);
	assert_true(await(mailbox_has_two, target.record));
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
	assert_true(wt_now() - begun < PROMPTLY);
	assert_int_equal(call.result, WT_ETERMINATED);
	assert_false(mailbox_has(target.record));
	assert_int_equal(wt_run(), 0);
	assert_int_equal(result, WT_ELISTENER);
	wt_worker_destroy(worker);
	other_end(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_listener_has_run_when_the_post_returns),
		TEST(a_worker_is_found_by_its_id),
		TEST(the_main_thread_is_number_0),
		TEST(a_refused_post_changes_nothing),
		TEST(main_without_a_listener_is_no_stranger),
		TEST(what_moves_arrives_and_what_is_not_taken_is_destroyed),
		TEST(shared_memory_is_taken_once),
		TEST(a_listener_that_is_left_has_failed),
		TEST(a_thread_that_ends_refuses_what_waits),
		TEST(a_thread_may_end_inside_its_listener),
		TEST(a_terminated_target_is_no_hang),
		TEST(removing_the_listener_refuses_what_waits),
		TEST(a_post_that_times_out_is_withdrawn),
		TEST(a_listener_may_outlast_the_deadline),
		TEST(terminate_ends_a_post_in_any_state),
		TEST(terminate_ends_waits_inside_of_each_other),
		TEST(a_nested_listener_may_end_its_worker),
	};

	return cmocka_run_group_tests_name("post_to_thread", tests, NULL, NULL);
}
