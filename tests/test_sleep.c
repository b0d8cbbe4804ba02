/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <wt.h>

#include "support/ports.h"
#include "support/support.h"

static void a_sleep_lasts_until_its_deadline(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		wt_time deadline = wt_after_us(1 + i * 1000);

		errno = ENOTTY;
		assert_int_equal(wt_sleep(deadline), 0);
		assert_int_equal(errno, ENOTTY);
		assert_true(wt_now() >= deadline);
	}
}

static void a_deadline_that_has_passed_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(wt_sleep(WT_NOW), 0);
	assert_int_equal(wt_sleep(1), 0);
	assert_int_equal(wt_sleep(wt_now()), 0);
}

static void a_negative_deadline_is_refused(void **state)
{
	(void)state;
	assert_int_equal(wt_sleep(-1), WT_EINVAL);
	assert_int_equal(wt_sleep(INT64_MIN), WT_EINVAL);
}

/* ---- What wakes the thread for other reasons ---- */

struct waker {
	wt_port *port;
	struct latch stop;
	struct verdict verdict;
};

static void *post_on(void *arg)
{
	struct waker *waker = arg;

	while (!latch_is_open(&waker->stop)) {
		CHECK(&waker->verdict, wt_port_post(waker->port, "x", 1) == 0);
		sched_yield();
	}
	return NULL;
}

static void messages_do_not_end_a_sleep_and_are_not_lost(void **state)
{
	struct waker waker = { 0 };
	struct channel channel;
	unsigned long count = 0;
	wt_time deadline = wt_after_ms(50);
	pthread_t thread;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, count_message, &count);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN); /* the port is armed */
	waker.port = channel.a;
	assert_int_equal(pthread_create(&thread, NULL, post_on, &waker), 0);
	assert_int_equal(wt_sleep(deadline), 0);
	assert_true(wt_now() >= deadline);
	latch_open(&waker.stop);
	pthread_join(thread, NULL);
	assert_verdict(&waker.verdict);
	assert_int_equal(wt_port_post(channel.a, "x", 1), 0);
	assert_true(wt_run_once(wt_after_ms(20000)) > 0);
	assert_true(count > 0);
	channel_close(&channel);
}

struct sender {
	wt_port *port;
	struct verdict verdict;
};

static void send_both(void *arg)
{
	static const char large[2048];
	struct sender *sender = arg;
	wt_outgoing message = { .data = large, .size = sizeof large };

	for (int i = 0; i < 3; i++)
		CHECK(&sender->verdict, wt_port_send(sender->port, &message, wt_after_ms(20000)) == 0);
}

/* Room that was made is told before the thread sleeps, not at its next call that waits. */
static void a_sender_does_not_wait_for_the_sleeper(void **state)
{
	struct channel channel;
	struct other other;
	struct sender sender = { 0 };
	wt_message message;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, WT_CHANNEL_OPTIONS(.limit = 4096));
	sender.port = channel.b;
	other_begin(&other, send_both, &sender);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wt_port_receive(channel.a, &message, wt_after_ms(20000)), 0);
		assert_int_equal(wt_sleep(wt_after_ms(5)), 0);
	}
	other_wait(&other);
	assert_verdict(&sender.verdict);
	wt_port_close(channel.a);
	other_end(&other);
}

/* ---- Terminate ---- */

static struct latch sleeping;
static struct verdict verdict;

static int entry_sleeps(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	latch_open(&sleeping);
	CHECK(&verdict, wt_sleep(WT_FOREVER) == WT_ETERMINATED);
	CHECK(&verdict, wt_sleep(wt_after_ms(60000)) == WT_ETERMINATED);
	CHECK(&verdict, wt_sleep(WT_NOW) == WT_ETERMINATED);
	return 0;
}

/* [W5] */
static void terminate_ends_a_sleep(void **state)
{
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_sleeps, NULL, 0, NULL), 0);
	assert_true(latch_await(&sleeping));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sleep_lasts_until_its_deadline),
		TEST(a_deadline_that_has_passed_is_no_error),
		TEST(a_negative_deadline_is_refused),
		TEST(messages_do_not_end_a_sleep_and_are_not_lost),
		TEST(a_sender_does_not_wait_for_the_sleeper),
		TEST(terminate_ends_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
