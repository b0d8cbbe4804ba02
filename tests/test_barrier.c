/* SPDX-License-Identifier: MIT */
#include "barrier.h"

#include <errno.h>
#include <pthread.h>
#include <wt/error.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/port.h>
#include <wt/time.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "support/pools.h"
#include "support/support.h"

static struct wti_os_ops stub_os;
static atomic_uint barriers;
static atomic_int barrier_result;

static int stub_barrier(void)
{
	int result = atomic_load(&barrier_result);

	atomic_fetch_add(&barriers, 1);
	if (!result)
		(void)wti_os_real.barrier(); /* one, where the system has it */
	return result;
}

/* Count barriers; each returns `result`, without being one where that is an error. */
static void stub(int result)
{
	stub_os = wti_os_real;
	stub_os.barrier = stub_barrier;
	barrier_result = result;
	barriers = 0;
	wti_os = &stub_os;
}

/* Pretend that the system has it or not, while nothing runs. */
static bool set_asymmetric(bool asymmetric)
{
	bool saved;

	wti_barrier_init();
	saved = wti_barrier_is_asymmetric();
	wti_store(&wti_barrier_asymmetric, asymmetric);
	return saved;
}

static void it_is_decided_once(void **state)
{
	bool decided;

	(void)state;
	wti_barrier_init();
	decided = wti_barrier_is_asymmetric();
	wti_barrier_init();
	assert_int_equal(wti_barrier_is_asymmetric(), decided);
	assert_true(wti_barrier_heavy());
}

static void the_heavy_barrier_is_nothing_where_both_sides_have_their_own(void **state)
{
	bool saved = set_asymmetric(false);

	(void)state;
	stub(-EPERM);
	assert_true(wti_barrier_heavy());
	assert_int_equal(barriers, 0);
	set_asymmetric(saved);
}

static void a_refused_barrier_is_told(void **state)
{
	bool saved = set_asymmetric(true);

	(void)state;
	stub(-EPERM);
	assert_false(wti_barrier_heavy());
	assert_int_equal(barriers, 1);
	stub(0);
	assert_true(wti_barrier_heavy());
	assert_int_equal(barriers, 1);
	set_asymmetric(saved);
}

static int echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	while (wt_port_receive(parent, &message, WT_FOREVER) == 0)
		if (wt_port_post(parent, message.data, message.size) != 0)
			return 1;
	return 0;
}

/*
 * [P1] Where the system takes the barrier away while the program runs, a wake
 * may be missed, but no message is: nobody sleeps for long on one.
 */
static void with_a_refused_barrier_messages_still_arrive(void **state)
{
	bool saved = set_asymmetric(true);
	wt_worker *worker;
	wt_time deadline;
	wt_message message;

	(void)state;
	stub(-EPERM);
	assert_int_equal(wt_worker_create(&worker, echo, NULL, 0, NULL), 0);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(wt_worker_post(worker, &i, sizeof i), 0);
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER), 0);
		assert_memory_equal(message.data, &i, sizeof i);
	}
	deadline = wt_after_ms(20);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	assert_true(barriers > 0);
	wt_worker_destroy(worker);
	set_asymmetric(saved);
}

static void count_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	++*(int *)arg;
}

/* [P1] The loop the same: it does not sleep for long. */
static void with_a_refused_barrier_the_loop_goes_on(void **state)
{
	bool saved = set_asymmetric(true);
	wt_worker *worker;
	int count = 0;

	(void)state;
	stub(-EPERM);
	assert_int_equal(wt_worker_create(&worker, echo, NULL, 0, NULL), 0);
	wt_port_on_message(wt_worker_port(worker), count_message, &count);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(wt_worker_post(worker, &i, sizeof i), 0);
		while (count <= i)
			assert_true(wt_run_once(wt_after_ms(20000)) > 0);
	}
	assert_int_equal(wt_run_once(wt_after_ms(20)), WT_ETIMEDOUT);
	assert_true(barriers > 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	set_asymmetric(saved);
}

/* [P1] A pool takes no task away from a worker meanwhile, and ends none that runs; when it is given again, it does. */
static void with_a_refused_barrier_a_pool_goes_on(void **state)
{
	bool saved = set_asymmetric(true);
	struct latch begun = { 0 };
	wt_pool *pool;
	wt_task *late;
	unsigned before;

	(void)state;
	stub(-EPERM);
	pool = pools_create(2);
	for (int i = 0; i < 300; i++)
		assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .value = i })), i);
	late = pools_submit_with(pool, (struct pools_input){ .op = POOLS_SLEEP, .begun = &begun },
				 WT_TASK_OPTIONS(.run_timeout = 1000000));
	assert_true(latch_await(&begun));
	before = atomic_load(&barriers);
	while (atomic_load(&barriers) < before + 3)
		assert_int_equal(wt_task_wait(late, NULL, NULL, wt_after_ms(1)), WT_ETIMEDOUT);
	atomic_store(&barrier_result, 0);
	assert_int_equal(pools_result(late), WT_ETIMEDOUT);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	wt_pool_destroy(pool);
	set_asymmetric(saved);
}

struct submitter {
	wt_pool *pool;
	struct verdict verdict;
};

static void *submit_and_cancel(void *arg)
{
	struct submitter *submitter = arg;
	struct pools_input input = { .op = POOLS_NOTHING, .value = 5 };

	for (int i = 0; i < 2000; i++) {
		int result = 0;
		wt_task *task;

		if (wt_pool_submit(submitter->pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL,
				   NULL, &task) != 0)
			break;
		if (i % 3 == 0)
			CHECK(&submitter->verdict, wt_task_cancel(task) == 0);
		CHECK(&submitter->verdict, wt_task_wait(task, &result, NULL, wt_after_ms(20000)) == 0);
		CHECK(&submitter->verdict, result == 5 || (i % 3 == 0 && result == WT_ECANCELED));
		wt_task_release(task);
	}
	return NULL;
}

static void without_the_barrier_a_pool_loses_nothing(void **state)
{
	bool saved = set_asymmetric(false);
	struct submitter submitter = { .pool = pools_create(2) };
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_and_cancel, &submitter), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&submitter.verdict);
	assert_int_equal(pools_stats(submitter.pool).submitted, 4000);
	assert_int_equal(wt_pool_close(submitter.pool, pools_soon()), 0);
	wt_pool_destroy(submitter.pool);
	set_asymmetric(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_decided_once),
		TEST(the_heavy_barrier_is_nothing_where_both_sides_have_their_own),
		TEST(a_refused_barrier_is_told),
		TEST(with_a_refused_barrier_messages_still_arrive),
		TEST(with_a_refused_barrier_the_loop_goes_on),
		TEST(with_a_refused_barrier_a_pool_goes_on),
		TEST(without_the_barrier_a_pool_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
