/* SPDX-License-Identifier: MIT
 *
 * Errands: their states one by one, and the handshake at their end.
 */
#include "thread_message.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "seam.h"
#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"

static void set_listener(void *arg)
{
	(void)!wt_on_thread_message(listen_well, arg);
}

static void serve(void *arg)
{
	(void)arg;
	wti_mailbox_serve(wti_thread_self());
}

/* An errand with a counted buffer, entered or not. */
struct trip {
	struct wti_errand *errand;
	struct deleted deleted;
	wt_buffer *buffer;
	wt_transfer list;
	wt_outgoing message;
};

static void trip_make(struct trip *trip)
{
	memset(trip, 0, sizeof *trip);
	trip->buffer = wrap_counted(&trip->deleted);
	trip->list = wt_move_buffer(&trip->buffer);
	trip->message = (wt_outgoing){ .data = "bytes", .size = 5, .transfer = &trip->list, .transfer_count = 1 };
	assert_int_equal(wti_errand_create(&trip->errand, wti_thread_self(), &trip->message), 0);
	trip->errand->sleeps = true;
}

static void trip_enter(struct trip *trip, struct other *target)
{
	trip_make(trip);
	assert_int_equal(wti_errand_enter(trip->errand, target->record->id, &trip->message, 0), 0);
	assert_null(trip->buffer);
	assert_true(wti_mailbox_waiting(target->record->mailbox));
}

/* [M3] */
static void one_that_was_not_entered_has_nothing(void **state)
{
	struct trip trip;

	(void)state;
	trip_make(&trip);
	assert_int_equal(wti_errand_enter(trip.errand, UINT64_MAX, &trip.message, 0), WT_ESRCH);
	assert_int_equal(wti_errand_enter(trip.errand, wt_thread_id(), &trip.message, 0), WT_ENOLISTENER);
	assert_int_equal(wti_errand_settle(trip.errand, 5), 5);
	assert_deleted(&trip.deleted, 0);
	assert_non_null(trip.buffer);
	wt_buffer_destroy(trip.buffer);
}

static void one_that_waits_is_withdrawn(void **state)
{
	struct other target;
	struct trip trip;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	trip_enter(&trip, &target);
	assert_int_equal(wti_errand_settle(trip.errand, 5), 5);
	assert_false(wti_mailbox_waiting(target.record->mailbox));
	assert_deleted(&trip.deleted, 1);
	other_end(&target);
}

static void one_that_is_done_has_a_result(void **state)
{
	struct other target;
	struct trip trip;

	(void)state;
	other_start(&target);
	other_run(&target, set_listener, NULL);
	trip_enter(&trip, &target);
	other_run(&target, serve, NULL);
	assert_true(wti_errand_is_done(trip.errand));
	assert_deleted(&trip.deleted, 1);
	assert_int_equal(wti_errand_settle(trip.errand, 5), 0);
	other_end(&target);
}

/* ---- Settled while it is served ---- */

static struct trip *served;

/* The owner leaves while the listener has it: the message stays whole. */
static int see_the_owner_go(wt_message *message, uint64_t source, void *arg)
{
	struct verdict *verdict = arg;
	wt_buffer *buffer;

	(void)source;
	CHECK(verdict, wti_errand_settle(served->errand, 5) == 5);
	CHECK(verdict, message->size == 5 && memcmp(message->data, "bytes", 5) == 0);
	CHECK(verdict, wt_message_take_buffer(message, 0, &buffer) == 0);
	wt_buffer_destroy(buffer);
	return 0;
}

static void one_that_is_served_is_freed_there(void **state)
{
	struct verdict verdict = { 0 };
	struct trip trip;

	(void)state;
	/* Both sides on one thread, which the public calls refuse: the steps are in order. */
	assert_int_equal(wt_on_thread_message(see_the_owner_go, &verdict), 0);
	trip_make(&trip);
	served = &trip;
	assert_int_equal(wti_errand_enter(trip.errand, wt_thread_id(), &trip.message, 0), 0);
	assert_true(wti_mailbox_serve(wti_thread_self()));
	assert_false(wti_mailbox_serve(wti_thread_self()));
	assert_deleted(&trip.deleted, 1);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	assert_verdict(&verdict);
}

/* ---- The handshake ---- */

static atomic_uint held;

static void hold_the_teller(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point != WTI_YIELD_WAKING)
		return;
	atomic_fetch_add(&held, 1);
	for (int i = 0; i < 200; i++)
		sched_yield();
}

/* The token has come and the news has not: the owner neither goes too early nor sleeps for ever. */
static void a_token_before_its_news_is_waited_for(void **state)
{
	atomic_uint count = 0;
	struct station station;

	(void)state;
	wti_yield_hook = hold_the_teller; /* while there is nobody else */
	station_start(&station, listen_and_count, &count);
	for (unsigned i = 1; i <= 100; i++) {
		assert_int_equal(post_nothing(station.id, in_time()), 0);
		assert_int_equal(count, i);
	}
	station_end(&station);
	wti_yield_hook = NULL;
	assert_true(held >= 100);
}

static atomic_uint delays;

static void hold_the_sleeper(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_BEFORE_ARM || point == WTI_YIELD_ARMED)
		for (unsigned i = atomic_fetch_add(&delays, 1) % 64; i; i--)
			sched_yield();
}

/* What comes just before the sleep, to either side, ends it. */
static void nothing_is_lost_before_the_sleep(void **state)
{
	struct station station;

	(void)state;
	wti_yield_hook = hold_the_sleeper;
	station_start(&station, listen_well, NULL);
	for (unsigned i = 0; i < 3000 / support_slowdown(); i++)
		assert_int_equal(post_nothing(station.id, in_time()), 0);
	station_end(&station);
	wti_yield_hook = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_was_not_entered_has_nothing),
		TEST(one_that_waits_is_withdrawn),
		TEST(one_that_is_done_has_a_result),
		TEST(one_that_is_served_is_freed_there),
		TEST(a_token_before_its_news_is_waited_for),
		TEST(nothing_is_lost_before_the_sleep),
	};

	return cmocka_run_group_tests_name("thread_message", tests, NULL, NULL);
}
