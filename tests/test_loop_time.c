/* SPDX-License-Identifier: MIT */
#include "loop_time.h"

#include <pthread.h>

#include "support/support.h"

static _Atomic(int64_t) now; /* the clock of these tests */

static int64_t faked_clock(void)
{
	return atomic_load(&now);
}

static void fake_clock(int64_t moment)
{
	static struct wti_os_ops faked;

	faked = wti_os_real;
	faked.clock = faked_clock;
	atomic_store(&now, moment);
	wti_os = &faked;
}

static int64_t idle(const struct wti_loop_time *time)
{
	return wti_loop_time_read(time, 0).idle;
}

static int64_t active(const struct wti_loop_time *time)
{
	return wti_loop_time_read(time, 0).active;
}

static void a_loop_that_never_ran_has_neither_idled_nor_worked(void **state)
{
	struct wti_loop_time time = { 0 };

	(void)state;
	fake_clock(5000);
	assert_int_equal(idle(&time), 0);
	assert_int_equal(active(&time), 0);
}

static void idle_is_the_time_asleep_and_active_the_rest(void **state)
{
	struct wti_loop_time time = { 0 };

	(void)state;
	fake_clock(1001);
	wti_loop_time_run(&time);
	now += 10;
	assert_int_equal(active(&time), 10);
	wti_loop_time_sleep(&time);
	assert_int_equal(idle(&time), 0);
	now += 7;
	/* A sleep counts while it lasts. */
	assert_int_equal(idle(&time), 7);
	assert_int_equal(active(&time), 10);
	now += 100;
	wti_loop_time_wake(&time);
	assert_int_equal(idle(&time), 107);
	now += 1;
	assert_int_equal(idle(&time), 107);
	assert_int_equal(active(&time), 11);
	wti_loop_time_sleep(&time);
	now += 3;
	wti_loop_time_wake(&time);
	assert_int_equal(idle(&time), 110);
	/* As in Node, the time between two runs of the loop is not idle. */
	now += 50;
	wti_loop_time_run(&time);
	assert_int_equal(idle(&time), 110);
	assert_int_equal(active(&time), 61);
	/* And to the end of its thread, however long that is ago. */
	now += 1000;
	assert_int_equal(wti_loop_time_read(&time, now - 990).active, 71);
	assert_int_equal(wti_loop_time_read(&time, now - 990).idle, 110);
}

static void a_clock_of_centuries_is_counted(void **state)
{
	struct wti_loop_time time = { 0 };
	const int64_t century = INT64_C(3155760000000000000);

	(void)state;
	fake_clock(1);
	wti_loop_time_run(&time);
	wti_loop_time_sleep(&time);
	now += century;
	assert_int_equal(idle(&time), century);
	wti_loop_time_wake(&time);
	assert_int_equal(idle(&time), century);
	assert_int_equal(active(&time), 0);
}

/* ---- A reader beside the owner ---- */

static struct wti_loop_time shared_time;
static atomic_int reader_done;

static void *read_all_the_time(void *arg)
{
	struct verdict *verdict = arg;
	int64_t began = atomic_load(&shared_time.began);

	for (int i = 0; i < 200000 / (int)support_slowdown(); i++) {
		struct wti_loop_share share = wti_loop_time_read(&shared_time, 0);

		CHECK(verdict, share.idle >= 0 && share.active >= 0);
		CHECK(verdict, share.idle + share.active <= wti_os->clock() - began);
	}
	atomic_store(&reader_done, 1);
	return NULL;
}

static void a_reader_meets_no_half_of_a_change(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	wti_loop_time_run(&shared_time);
	assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &verdict), 0);
	while (!atomic_load(&reader_done)) {
		wti_loop_time_sleep(&shared_time);
		wti_loop_time_wake(&shared_time);
	}
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_loop_that_never_ran_has_neither_idled_nor_worked),
		TEST(idle_is_the_time_asleep_and_active_the_rest),
		TEST(a_clock_of_centuries_is_counted),
		TEST(a_reader_meets_no_half_of_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
