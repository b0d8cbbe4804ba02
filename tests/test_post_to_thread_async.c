/* SPDX-License-Identifier: MIT */
#include "post_to_thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"

struct told {
	unsigned calls;
	int result;
	wt_time when;
	struct deleted deleted;
};

static void tell(int result, void *arg)
{
	struct told *told = arg;

	told->calls++;
	told->result = result;
	told->when = wt_now();
}

static int begin(uint64_t id, struct told *told, wt_time deadline)
{
	wt_buffer *buffer;
	wt_transfer list = wt_move_buffer(&buffer);
	int err;

	*told = (struct told){ .result = 1 };
	buffer = wrap_counted(&told->deleted);
	err = wt_post_to_thread_async(id, MESSAGE_WITH(list), deadline, tell, told);
	assert_true((buffer != NULL) == (err != 0));
	wt_buffer_destroy(buffer);
	return err;
}

/* The same with a deadline that lies ahead by so little that a busy machine may find it passed already: again, then. */
static wt_time begin_soon(uint64_t id, struct told *told)
{
	wt_time at;
	int err;

	do {
		at = wt_after_ms(5);
		err = begin(id, told, at);
	} while (err == WT_ETIMEDOUT);
	assert_int_equal(err, 0);
	return at;
}

static void the_loop_tells_and_lives_until_then(void **state)
{
	atomic_uint count = 0;
	struct station station;
	struct told told;

	(void)state;
	station_start(&station, listen_and_count, &count);
	assert_int_equal(begin(station.id, &told, WT_FOREVER), 0);
	assert_true(wt_loop_alive());
	assert_int_equal(told.calls, 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.result, 0);
	assert_int_equal(count, 1);
	assert_deleted(&told.deleted, 1);
	assert_false(wt_loop_alive());
	station.fn = listen_badly;
	assert_int_equal(begin(station.id, &told, in_time()), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, WT_ELISTENER);
	station.fn = listen_and_leave;
	assert_int_equal(begin(station.id, &told, in_time()), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, WT_EDIED);
	assert_int_equal(told.calls, 1);
	pthread_join(station.thread, NULL);
}

/* [M3] */
static void a_refused_post_is_not_told(void **state)
{
	struct station station;
	struct told told;

	(void)state;
	station_start(&station, listen_well, NULL);
	assert_int_equal(begin(wt_thread_id(), &told, WT_FOREVER), WT_ESAMETHREAD);
	assert_int_equal(begin(UINT64_MAX, &told, WT_FOREVER), WT_ESRCH);
	assert_int_equal(begin(station.id, &told, WT_NOW), WT_EAGAIN);
	assert_int_equal(begin(station.id, &told, 1), WT_ETIMEDOUT);
	assert_int_equal(begin(station.id, &told, -1), WT_EINVAL);
	assert_int_equal(wt_post_to_thread_async(station.id, &(wt_outgoing){ 0 }, WT_FOREVER, NULL, NULL), WT_EINVAL);
	assert_int_equal(wt_post_to_thread_async(station.id, NULL, WT_FOREVER, tell, &told), WT_EINVAL);
	assert_false(wt_loop_alive());
	assert_int_equal(told.calls, 0);
	station_end(&station);
}

static void set_listener(void *arg)
{
	(void)!wt_on_thread_message(listen_well, arg);
}

static void run_once(void *arg)
{
	*(int *)arg = wt_run_once(WT_NOW);
}

static void a_deadline_withdraws_and_never_early(void **state)
{
	struct other target;
	struct told told;
	int calls = -1;
	wt_time at;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	at = begin_soon(target.record->id, &told);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, WT_ETIMEDOUT);
	assert_true(told.when >= at);
	assert_deleted(&told.deleted, 1);
	other_run(&target, run_once, &calls);
	assert_int_equal(calls, 0);
	/* Handled before the deadline, though the loop looks after it. */
	at = begin_soon(target.record->id, &told);
	other_run(&target, run_once, &calls);
	assert_int_equal(calls, 1);
	while (wt_now() < at)
		sched_yield();
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, 0);
	other_end(&target);
}

struct slow {
	struct latch entered, leave;
};

static int listen_slowly(wt_message *message, uint64_t source, void *arg)
{
	struct slow *slow = arg;

	(void)message;
	(void)source;
	latch_open(&slow->entered);
	latch_await(&slow->leave);
	return 0;
}

static void a_listener_may_outlast_the_deadline(void **state)
{
	struct slow slow = { 0 };
	struct station station;
	struct told told;

	(void)state;
	station_start(&station, listen_slowly, &slow);
	begin_soon(station.id, &told);
	assert_true(latch_await(&slow.entered));
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, WT_ETIMEDOUT);
	assert_deleted(&told.deleted, 0);
	latch_open(&slow.leave);
	assert_true(await(was_deleted, &told.deleted));
	station_end(&station);
	assert_int_equal(told.calls, 1);
	assert_deleted(&told.deleted, 1);
}

/* ---- The caller's end ---- */

struct doomed {
	struct verdict *verdict;
	uint64_t id;
	struct deleted deleted;
	atomic_uint calls;
};

static void count_told(int result, void *arg)
{
	struct doomed *doomed = arg;

	(void)result;
	atomic_fetch_add(&doomed->calls, 1);
}

static void begin_and_go(void *arg)
{
	struct doomed *doomed = arg;
	wt_buffer *buffer = wrap_counted(&doomed->deleted);
	wt_transfer list = wt_move_buffer(&buffer);
	int err = wt_post_to_thread_async(doomed->id, MESSAGE_WITH(list), in_time(), count_told, doomed);

	CHECK(doomed->verdict, err == 0);
}

/* [T4] Withdrawn where it waits; left to its listener where that has begun. */
static void a_caller_that_ends_is_not_told(void **state)
{
	struct verdict verdict = { 0 };
	struct doomed doomed = { .verdict = &verdict };
	struct slow slow = { 0 };
	struct station station;
	struct other target, caller;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	doomed.id = target.record->id;
	run_on_new_thread(begin_and_go, &doomed);
	assert_deleted(&doomed.deleted, 1);
	assert_false(wti_mailbox_waiting(target.record->mailbox));
	other_end(&target);

	station_start(&station, listen_slowly, &slow);
	doomed.id = station.id;
	other_start(&caller);
	other_run(&caller, begin_and_go, &doomed);
	assert_true(latch_await(&slow.entered));
	other_end(&caller);
	assert_deleted(&doomed.deleted, 1);
	latch_open(&slow.leave);
	station_end(&station);
	assert_deleted(&doomed.deleted, 2);
	assert_int_equal(doomed.calls, 0);
	assert_verdict(&verdict);
}

static void tell_and_exit(int result, void *arg)
{
	count_told(result, arg);
	wt_exit(5);
}

static int entry_exits_when_told(wt_port *parent, const void *data, size_t size)
{
	struct doomed *doomed;
	int err = 0;

	(void)parent;
	memcpy(&doomed, data, size);
	for (int i = 0; i < 3; i++)
		err |= wt_post_to_thread_async(doomed->id, &(wt_outgoing){ 0 }, in_time(), tell_and_exit, doomed);
	CHECK(doomed->verdict, err == 0);
	return wt_run();
}

static void a_callback_may_end_its_worker(void **state)
{
	struct verdict verdict = { 0 };
	struct doomed doomed = { .verdict = &verdict }, *at = &doomed;
	struct station station;
	wt_worker *worker;
	int code;

	(void)state;
	station_start(&station, listen_well, NULL);
	doomed.id = station.id;
	assert_int_equal(wt_worker_create(&worker, entry_exits_when_told, &at, sizeof at, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, in_time()), 0);
	assert_int_equal(code, 5);
	assert_int_equal(doomed.calls, 1);
	wt_worker_destroy(worker);
	station_end(&station);
	assert_verdict(&verdict);
}

/* ---- Order ---- */

enum { SENDERS = 3 };

struct stream {
	struct verdict *verdict;
	uint64_t id;
	unsigned count, told;
	unsigned producer;
};

struct sink {
	struct verdict *verdict;
	uint64_t next[SENDERS];
};

static int check_element(wt_message *message, uint64_t source, void *arg)
{
	struct sink *sink = arg;
	uint32_t producer = SENDERS;
	uint64_t sequence = 0;

	(void)source;
	CHECK(sink->verdict, element_check(message->data, message->size, &producer, &sequence));
	CHECK(sink->verdict, producer < SENDERS);
	if (producer < SENDERS)
		CHECK(sink->verdict, sequence == sink->next[producer]++);
	return 0;
}

static void count_handled(int result, void *arg)
{
	struct stream *stream = arg;

	CHECK(stream->verdict, result == 0);
	stream->told++;
}

static void *stream_run(void *arg)
{
	struct stream *stream = arg;
	char bytes[300];

	for (unsigned i = 0; i < stream->count; i++) {
		size_t size = 16 + i % 280;

		element_fill(bytes, size, stream->producer, i);
		CHECK(stream->verdict, wt_post_to_thread_async(stream->id,
							       &(wt_outgoing){ .data = bytes, .size = size },
							       in_time(), count_handled, stream) == 0);
		if (i % 100 == 99)
			CHECK(stream->verdict, wt_run() == 0);
	}
	CHECK(stream->verdict, wt_run() == 0);
	CHECK(stream->verdict, stream->told == stream->count);
	return NULL;
}

/* [M1] [M2] */
static void each_senders_messages_arrive_in_order(void **state)
{
	struct verdict verdict = { 0 };
	struct sink sink = { .verdict = &verdict };
	struct stream streams[SENDERS];
	pthread_t threads[SENDERS];
	struct station station;

	(void)state;
	station_start(&station, check_element, &sink);
	for (unsigned i = 0; i < SENDERS; i++) {
		streams[i] = (struct stream){ .verdict = &verdict, .id = station.id, .producer = i,
					      .count = 10000 / support_slowdown() };
		assert_int_equal(pthread_create(&threads[i], NULL, stream_run, &streams[i]), 0);
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	station_end(&station);
	assert_verdict(&verdict);
}

/* ---- Deadline against listener ---- */

struct race {
	struct verdict *verdict;
	atomic_uint *handled;
	unsigned number;
	unsigned *told, *late;
};

static int note_handled(wt_message *message, uint64_t source, void *arg)
{
	unsigned number;

	(void)source;
	memcpy(&number, message->data, sizeof number);
	atomic_fetch_add(&((atomic_uint *)arg)[number], 1);
	return 0;
}

static void note_outcome(int result, void *arg)
{
	struct race *race = arg;
	unsigned handled = atomic_load(&race->handled[race->number]);

	CHECK(race->verdict, result == 0 || result == WT_ETIMEDOUT);
	CHECK(race->verdict, result ? handled <= 1 : handled == 1);
	++*race->told;
	*race->late += result != 0;
}

/* Each has one outcome; what was told as handled was, and nothing twice. */
static void the_deadline_races_the_listener(void **state)
{
	unsigned count = 20000 / support_slowdown(), told = 0, late = 0;
	struct verdict verdict = { 0 };
	uint64_t random = support_seed();
	struct station station;
	atomic_uint *handled = calloc(count, sizeof *handled);
	struct race *races = calloc(count, sizeof *races);

	(void)state;
	assert_non_null(handled);
	assert_non_null(races);
	station_start(&station, note_handled, handled);
	for (unsigned i = 0; i < count; i++) {
		wt_time deadline = wt_after_ns(support_random(&random) % 40000);
		int err;

		races[i] = (struct race){ &verdict, handled, i, &told, &late };
		err = wt_post_to_thread_async(station.id, &(wt_outgoing){ .data = &i, .size = sizeof i }, deadline,
					      note_outcome, &races[i]);
		assert_true(err == 0 || err == WT_ETIMEDOUT);
		if (err)
			note_outcome(err, &races[i]);
		if (i % 4 == 3)
			assert_int_equal(wt_run(), 0);
	}
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told, count);
	station_end(&station);
	for (unsigned i = 0; i < count; i++)
		assert_true(handled[i] <= 1);
	print_message("# %u of %u late\n", late, count);
	assert_verdict(&verdict);
	free(handled);
	free(races);
}

/* ---- The descriptor ---- */

static void poll_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	struct other target;
	struct told told = { 0 };
	int fd, calls = 0;

	other_start(&target);
	other_run(&target, set_listener, NULL);
	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, wt_post_to_thread_async(target.record->id, &(wt_outgoing){ 0 }, in_time(), tell, &told) == 0);
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
	CHECK(verdict, !polls_readable(fd, 0));
	other_run(&target, run_once, &calls);
	CHECK(verdict, calls == 1);
	CHECK(verdict, polls_readable(fd, 10000));
	CHECK(verdict, wt_run_once(WT_NOW) == 1 && told.calls == 1);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !polls_readable(fd, 0));
	other_end(&target);
}

static void the_loops_descriptor_covers_outcomes(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(poll_descriptor, &verdict);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_tells_and_lives_until_then),
		TEST(a_refused_post_is_not_told),
		TEST(a_deadline_withdraws_and_never_early),
		TEST(a_listener_may_outlast_the_deadline),
		TEST(a_caller_that_ends_is_not_told),
		TEST(a_callback_may_end_its_worker),
		TEST(each_senders_messages_arrive_in_order),
		TEST(the_deadline_races_the_listener),
		TEST(the_loops_descriptor_covers_outcomes),
	};

	return cmocka_run_group_tests_name("post_to_thread_async", tests, NULL, NULL);
}
