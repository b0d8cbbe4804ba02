/* SPDX-License-Identifier: MIT */
#include "barrier.h"

#include <errno.h>
#include <pthread.h>
#include <wt/error.h>
#include <wt/port.h>
#include <wt/time.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"

static struct wti_os_ops stub_os;
static atomic_uint barriers;
static int barrier_result;

static int stub_barrier(void)
{
	atomic_fetch_add(&barriers, 1);
	return barrier_result;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_decided_once),
		TEST(the_heavy_barrier_is_nothing_where_both_sides_have_their_own),
		TEST(a_refused_barrier_is_told),
		TEST(with_a_refused_barrier_messages_still_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
