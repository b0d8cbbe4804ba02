/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "barrier.h"
#include "os_posix.h"
#include "support/support.h"

static void there_is_no_barrier_but_the_other_one(void **state)
{
	(void)state;
	assert_int_equal(wti_os->barrier_register(), -ENOSYS);
	assert_int_equal(wti_os->barrier(), -ENOSYS);
	wti_barrier_init();
	assert_false(wti_barrier_is_asymmetric());
	assert_true(wti_barrier_heavy());
}

static void processors_are_those_that_work(void **state)
{
	(void)state;
	assert_int_equal(wti_os->cpu_count(), sysconf(_SC_NPROCESSORS_ONLN));
}

static void threads_are_neither_pinned_nor_made_nice(void **state)
{
	(void)state;
	assert_int_equal(wti_os->thread_pin(0), -ENOTSUP);
	assert_int_equal(wti_os->thread_nice(1), -ENOTSUP);
}

/* ---- Places ---- */

static void *take_place(void *arg)
{
	return wti_os->thread_place(arg) == 0 ? arg : NULL;
}

static void *take_place_of_a_batch_job(void *arg)
{
	struct sched_param param = { 0 };

	return pthread_setschedparam(pthread_self(), SCHED_BATCH, &param) == 0 ? take_place(arg) : NULL;
}

static struct wti_os_place place_by(void *(*take)(void *arg))
{
	struct wti_os_place place;
	pthread_t thread;
	void *taken;

	memset(&place, 0xff, sizeof place);
	assert_int_equal(pthread_create(&thread, NULL, take, &place), 0);
	pthread_join(thread, &taken);
	assert_non_null(taken);
	return place;
}

static void threads_that_are_scheduled_alike_are_at_the_same_place(void **state)
{
	struct wti_os_place here, there = place_by(take_place), elsewhere = place_by(take_place_of_a_batch_job);

	(void)state;
	assert_int_equal(wti_os->thread_place(&here), 0);
	assert_memory_equal(&here, &there, sizeof here);
	assert_memory_not_equal(&here, &elsewhere, sizeof here);
}

/* ---- Conditions ---- */

static void a_condition_waits_by_the_clock_of_the_table(void **state)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int64_t deadline = wti_os->clock() + 3000000;
	pthread_cond_t cond;
	int err = 0;

	(void)state;
	assert_int_equal(wti_posix_cond_init(&cond), 0);
	pthread_mutex_lock(&mutex);
	while (!err)
		err = wti_posix_cond_wait(&cond, &mutex, deadline);
	assert_int_equal(err, -ETIMEDOUT);
	assert_true(wti_os->clock() >= deadline);
	assert_int_equal(wti_posix_cond_wait(&cond, &mutex, 0), -ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	pthread_cond_destroy(&cond);
}

/* ---- Tickers ---- */

static atomic_uint signals_seen;

static void count_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	atomic_fetch_add(&signals_seen, 1);
}

struct ticked {
	int signal;
	bool failed;
};

/* Each is deleted and its thread gone while others are made. */
static void *tick(void *arg)
{
	struct ticked *ticked = arg;
	sigset_t own;

	sigemptyset(&own);
	sigaddset(&own, ticked->signal);
	pthread_sigmask(SIG_UNBLOCK, &own, NULL);
	for (int i = 0; i < 50 && !ticked->failed; i++) {
		union wti_os_ticker ticker;
		int64_t end = wti_os->clock() + 300000;

		ticked->failed = wti_os->ticker_create(&ticker, wti_os->thread_self(), ticked->signal, 1, 100000) != 0;
		while (!ticked->failed && wti_os->clock() < end)
			wti_os->yield();
		if (!ticked->failed)
			wti_os->ticker_delete(ticker);
	}
	return NULL;
}

static void tickers_of_many_threads_come_and_go(void **state)
{
	struct ticked ticked = { .signal = wti_os->signal_claim(count_signal) };
	struct ticked each[4];
	pthread_t threads[4];
	unsigned before = support_threads();

	(void)state;
	assert_true(ticked.signal > 0);
	atomic_store(&signals_seen, 0);
	for (int i = 0; i < 4; i++) {
		each[i] = ticked;
		assert_int_equal(pthread_create(&threads[i], NULL, tick, &each[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(each[i].failed);
	}
	assert_true(atomic_load(&signals_seen) > 0);
	assert_threads(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_is_no_barrier_but_the_other_one),
		TEST(processors_are_those_that_work),
		TEST(threads_are_neither_pinned_nor_made_nice),
		TEST(threads_that_are_scheduled_alike_are_at_the_same_place),
		TEST(a_condition_waits_by_the_clock_of_the_table),
		TEST(tickers_of_many_threads_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
