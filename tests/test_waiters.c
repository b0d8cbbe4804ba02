/* SPDX-License-Identifier: MIT */
#include "waiters.h"

#include <pthread.h>
#include <wt/error.h>

#include "support/support.h"
#include "thread.h"

static bool has_token(struct wti_thread *thread)
{
	return wti_park(&thread->parker, 1) == 0;
}

/* Threads are static: where AddressSanitizer puts locals, GCC 12 does not align them to lines (its bug 110027). */
static void make_threads(struct wti_thread *threads, struct wti_waiter *waiters, int count)
{
	for (int i = 0; i < count; i++) {
		threads[i] = (struct wti_thread){ .name = "" };
		wti_parker_init(&threads[i].parker);
		wti_waiter_init(&waiters[i], &threads[i]);
	}
}

static void whoever_adds_itself_is_seen_until_it_is_removed(void **state)
{
	struct wti_waiters waiters;
	static struct wti_thread thread[2];
	struct wti_waiter waiter[2];

	(void)state;
	make_threads(thread, waiter, 2);
	wti_waiters_init(&waiters);
	assert_false(wti_waiters_any(&waiters));
	wti_waiters_add(&waiters, &waiter[0]);
	assert_true(wti_waiters_any(&waiters));
	wti_waiters_add(&waiters, &waiter[1]);
	wti_waiters_remove(&waiters, &waiter[0]);
	assert_true(wti_waiters_any(&waiters));
	wti_waiters_remove(&waiters, &waiter[1]);
	assert_false(wti_waiters_any(&waiters));
	wti_waiters_destroy(&waiters);
}

static void adding_and_removing_again_does_nothing(void **state)
{
	struct wti_waiters waiters;
	static struct wti_thread thread;
	struct wti_waiter waiter;

	(void)state;
	make_threads(&thread, &waiter, 1);
	wti_waiters_init(&waiters);
	wti_waiters_remove(&waiters, &waiter);
	wti_waiters_add(&waiters, &waiter);
	wti_waiters_add(&waiters, &waiter);
	wti_waiters_remove(&waiters, &waiter);
	assert_false(wti_waiters_any(&waiters));
	wti_waiters_remove(&waiters, &waiter);
	assert_false(wti_waiters_any(&waiters));
	wti_waiters_add(&waiters, &waiter);
	assert_true(wti_waiters_any(&waiters));
	wti_waiters_remove(&waiters, &waiter);
	wti_waiters_destroy(&waiters);
}

static void a_wake_reaches_everyone_who_waits_and_nobody_else(void **state)
{
	struct wti_waiters waiters;
	static struct wti_thread thread[4];
	struct wti_waiter waiter[4];

	(void)state;
	make_threads(thread, waiter, 4);
	wti_waiters_init(&waiters);
	wti_waiters_wake(&waiters);
	for (int i = 0; i < 4; i++)
		wti_waiters_add(&waiters, &waiter[i]);
	wti_waiters_remove(&waiters, &waiter[2]);
	wti_waiters_wake(&waiters);
	for (int i = 0; i < 4; i++)
		assert_int_equal(has_token(&thread[i]), i != 2);
	/* They are still there: each leaves by itself. */
	wti_waiters_wake(&waiters);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(has_token(&thread[i]), i != 2);
		wti_waiters_remove(&waiters, &waiter[i]);
	}
	wti_waiters_destroy(&waiters);
}

static void a_wake_of_the_first_reaches_who_has_waited_longest(void **state)
{
	struct wti_waiters waiters;
	static struct wti_thread thread[3];
	struct wti_waiter waiter[3];

	(void)state;
	make_threads(thread, waiter, 3);
	wti_waiters_init(&waiters);
	wti_waiters_wake_first(&waiters);
	for (int i = 0; i < 3; i++)
		wti_waiters_add(&waiters, &waiter[i]);
	for (int first = 0; first < 3; first++) {
		wti_waiters_wake_first(&waiters);
		for (int i = 0; i < 3; i++)
			assert_int_equal(has_token(&thread[i]), i == first);
		wti_waiters_remove(&waiters, &waiter[first]);
	}
	wti_waiters_destroy(&waiters);
}

/* ---- Together ---- */

#define SLEEPERS 4

struct gate {
	struct wti_waiters waiters;
	_Atomic(uint64_t) generation; /* what everyone waits for */
	_Atomic(uint64_t) arrived;    /* how many have seen the present one */
	uint64_t rounds;
	struct verdict verdict;
};

/* The protocol of the header: announce, look again, sleep. */
static void *pass_gates(void *arg)
{
	struct gate *gate = arg;
	static _Thread_local struct wti_thread self;
	struct wti_waiter waiter;

	self.name = "";
	wti_parker_init(&self.parker);
	wti_waiter_init(&waiter, &self);
	for (uint64_t round = 1; round <= gate->rounds; round++) {
		wti_waiters_add(&gate->waiters, &waiter);
		while (wti_load_sc(&gate->generation) < round)
			CHECK(&gate->verdict, wti_park(&self.parker, INT64_MAX) == 0);
		if (round % 3)
			wti_waiters_remove(&gate->waiters, &waiter);
		wti_add(&gate->arrived, 1);
	}
	wti_waiters_remove(&gate->waiters, &waiter);
	wti_parker_destroy(&self.parker);
	return NULL;
}

static bool all_arrived(void *arg)
{
	struct gate *gate = arg;

	return wti_load(&gate->arrived) == SLEEPERS * wti_load(&gate->generation);
}

static void nobody_sleeps_past_the_change_that_it_waits_for(void **state)
{
	struct gate gate = { .rounds = 5000 / support_slowdown() };
	pthread_t threads[SLEEPERS];

	(void)state;
	wti_waiters_init(&gate.waiters);
	for (int i = 0; i < SLEEPERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pass_gates, &gate), 0);
	for (uint64_t round = 1; round <= gate.rounds; round++) {
		wti_store_sc(&gate.generation, round);
		if (wti_waiters_any(&gate.waiters))
			wti_waiters_wake(&gate.waiters);
		/* Some rounds at once, some when everyone is asleep again. */
		if (round % 4 == 0)
			CHECK(&gate.verdict, await(all_arrived, &gate));
	}
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&gate.verdict);
	assert_false(wti_waiters_any(&gate.waiters));
	wti_waiters_destroy(&gate.waiters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_adds_itself_is_seen_until_it_is_removed),
		TEST(adding_and_removing_again_does_nothing),
		TEST(a_wake_reaches_everyone_who_waits_and_nobody_else),
		TEST(a_wake_of_the_first_reaches_who_has_waited_longest),
		TEST(nobody_sleeps_past_the_change_that_it_waits_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
