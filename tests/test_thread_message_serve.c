/* SPDX-License-Identifier: MIT
 *
 * The mailbox: who serves it, when, and how it ends.
 */
#include "thread_message.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/thread_name.h>
#include <wt/timer.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"

static void ignore(int result, void *arg)
{
	if (arg)
		*(int *)arg = result;
}

/* So many messages that another thread has posted, and does not wait for. */
struct batch {
	uint64_t id;
	unsigned count;
	int result;
};

static void post_batch(void *arg)
{
	struct batch *batch = arg;

	for (unsigned i = 0; i < batch->count; i++)
		batch->result |= wt_post_to_thread_async(batch->id, &(wt_outgoing){ .type = i }, WT_FOREVER, ignore,
							 NULL);
}

static void post_batch_from(struct other *other, unsigned count)
{
	struct batch batch = { .id = wt_thread_id(), .count = count };

	other_run(other, post_batch, &batch);
	assert_int_equal(batch.result, 0);
}

/* ---- The loop ---- */

static void the_loop_serves_and_is_not_kept_alive(void **state)
{
	atomic_uint count = 0;
	struct other other;

	(void)state;
	other_start(&other);
	assert_int_equal(wt_on_thread_message(listen_and_count, &count), 0);
	assert_false(wt_loop_alive());
	post_batch_from(&other, 3);
	assert_int_equal(count, 0); /* only the loop calls */
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), 3);
	assert_int_equal(count, 3);
	assert_int_equal(wt_run_once(WT_NOW), 0);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	other_end(&other);
}

static int count_and_stop(wt_message *message, uint64_t source, void *arg)
{
	wt_stop();
	return listen_and_count(message, source, arg);
}

static void due(wt_timer *timer, void *arg)
{
	(void)timer;
	++*(unsigned *)arg;
}

static void wt_stop_ends_a_turn(void **state)
{
	atomic_uint count = 0;
	unsigned ticks = 0;
	struct other other;
	wt_timer *timer;

	(void)state;
	other_start(&other);
	assert_int_equal(wt_timer_create(&timer, in_time(), 0, due, &ticks), 0);
	assert_int_equal(wt_on_thread_message(count_and_stop, &count), 0);
	post_batch_from(&other, 3);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(wt_run(), 0);
		assert_int_equal(count, i);
	}
	wt_timer_destroy(timer);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	other_end(&other);
}

struct flood {
	struct batch batch;
	struct other other;
	unsigned calls, left;
};

static int bring_another(wt_message *message, uint64_t source, void *arg)
{
	struct flood *flood = arg;

	(void)message;
	(void)source;
	flood->calls++;
	if (flood->left && flood->left--)
		other_run(&flood->other, post_batch, &flood->batch);
	return 0;
}

/* [M7] A message that brings another one does not keep the loop for itself. */
static void a_turn_ends_with_what_was_there(void **state)
{
	struct flood flood = { .batch = { .id = wt_thread_id(), .count = 1 }, .left = 50 };

	(void)state;
	other_start(&flood.other);
	assert_int_equal(wt_on_thread_message(bring_another, &flood), 0);
	post_batch_from(&flood.other, 2);
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_int_equal(flood.calls, 2);
	while (wt_run_once(WT_NOW) > 0)
		;
	assert_int_equal(flood.calls, 52);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	other_end(&flood.other);
}

static int listen_and_run(wt_message *message, uint64_t source, void *arg)
{
	struct verdict *verdict = arg;

	(void)message;
	(void)source;
	CHECK(verdict, wt_run() == WT_EBUSY);
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EBUSY);
	return 0;
}

static void a_listener_must_not_run_the_loop(void **state)
{
	struct verdict verdict = { 0 };
	struct station station;

	(void)state;
	station_start(&station, listen_and_run, &verdict);
	assert_int_equal(post_nothing(station.id, in_time()), 0);
	station_end(&station);
	assert_verdict(&verdict);
}

/* ---- The descriptor ---- */

static void poll_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	atomic_uint count = 0;
	struct batch batch = { .id = wt_thread_id(), .count = 1 };
	struct other other;
	int fd;

	other_start(&other);
	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, wt_on_thread_message(listen_and_count, &count) == 0);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !polls_readable(fd, 0));
	for (int i = 0; i < 3; i++) {
		other_run(&other, post_batch, &batch);
		CHECK(verdict, polls_readable(fd, 10000));
		CHECK(verdict, wt_run_once(WT_NOW) == 1);
		CHECK(verdict, !polls_readable(fd, 0));
	}
	CHECK(verdict, count == 3);
	CHECK(verdict, wt_on_thread_message(NULL, NULL) == 0);
	other_end(&other);
}

static void the_loops_descriptor_covers_messages(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(poll_descriptor, &verdict);
	assert_verdict(&verdict);
}

/* ---- The listener ---- */

static int replace_listener(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	return wt_on_thread_message(listen_and_count, arg);
}

static int remove_listener(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	return wt_on_thread_message(NULL, NULL);
}

static void a_listener_may_replace_or_remove_itself(void **state)
{
	atomic_uint count = 0;
	struct other other;

	(void)state;
	other_start(&other);
	assert_int_equal(wt_on_thread_message(replace_listener, &count), 0);
	post_batch_from(&other, 3);
	while (wt_run_once(WT_NOW) > 0)
		;
	assert_int_equal(count, 2);
	assert_int_equal(wt_on_thread_message(remove_listener, NULL), 0);
	post_batch_from(&other, 3);
	assert_int_equal(wt_run_once(WT_NOW), 1); /* the others are refused */
	assert_int_equal(wt_run_once(WT_NOW), 0);
	other_end(&other);
}

/* ---- The end ---- */

struct late {
	struct verdict *verdict;
	atomic_uint deleted;
};

/* A deleter of what waits in the mailbox of a thread that ends. */
static void delete_late(void *data, void *arg)
{
	struct late *late = arg;

	(void)data;
	CHECK(late->verdict, wt_on_thread_message(listen_well, NULL) == WT_ENOTSUP);
	CHECK(late->verdict, wt_register_thread_name("late", 4) == WT_ENOTSUP);
	CHECK(late->verdict, wt_post_to_thread_async(0, &(wt_outgoing){ 0 }, WT_FOREVER, ignore, NULL) == WT_ENOTSUP);
	CHECK(late->verdict, wt_post_to_thread(UINT64_MAX, &(wt_outgoing){ 0 }, in_time()) == WT_ESRCH);
	atomic_fetch_add(&late->deleted, 1);
}

static void listen_for_a_while(void *arg)
{
	(void)!wt_on_thread_message(listen_well, arg);
}

/* [T4] */
static void nothing_begins_any_more_when_a_thread_ends(void **state)
{
	struct verdict verdict = { 0 };
	struct late late = { .verdict = &verdict };
	wt_buffer *buffer;
	wt_transfer list = wt_move_buffer(&buffer);
	struct other target;
	int result = 1;

	(void)state;
	other_start(&target);
	other_run(&target, listen_for_a_while, NULL);
	assert_int_equal(wt_buffer_wrap(&buffer, NULL, 0, delete_late, &late), 0);
	assert_int_equal(wt_post_to_thread_async(target.record->id, MESSAGE_WITH(list), WT_FOREVER, ignore,
						 &result), 0);
	other_end(&target);
	assert_int_equal(late.deleted, 1);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(result, WT_EDIED);
	assert_verdict(&verdict);
}

static void listen_in_vain(void *arg)
{
	int *err = arg;

	(void)wt_thread_id();
	support_fail_allocations(1, 1);
	err[0] = wt_on_thread_message(listen_well, NULL);
	support_fail_allocations(0, 0);
	err[1] = wt_on_thread_message(listen_well, NULL);
}

/* [P1] */
static void without_memory_there_is_no_listener(void **state)
{
	int err[2] = { 1, 1 };

	(void)state;
	run_on_new_thread(listen_in_vain, err);
	assert_int_equal(err[0], WT_ENOMEM);
	assert_int_equal(err[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_serves_and_is_not_kept_alive),
		TEST(wt_stop_ends_a_turn),
		TEST(a_turn_ends_with_what_was_there),
		TEST(a_listener_must_not_run_the_loop),
		TEST(the_loops_descriptor_covers_messages),
		TEST(a_listener_may_replace_or_remove_itself),
		TEST(nothing_begins_any_more_when_a_thread_ends),
		TEST(without_memory_there_is_no_listener),
	};

	return cmocka_run_group_tests_name("thread_message_serve", tests, NULL, NULL);
}
