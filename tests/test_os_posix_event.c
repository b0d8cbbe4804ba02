/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include "support/support.h"

static bool readable(const struct wti_os_event *event)
{
	struct pollfd poll_fd = { .fd = event->fd, .events = POLLIN };

	assert_true(poll(&poll_fd, 1, 0) >= 0);
	return poll_fd.revents & POLLIN;
}

/* More than any pipe holds. */
static void an_event_that_is_full_counts_as_signalled(void **state)
{
	struct wti_os_event event;

	(void)state;
	assert_int_equal(wti_os->event_create(&event), 0);
	for (int i = 0; i < 70000; i++)
		assert_int_equal(wti_os->event_signal(event.signal), 0);
	assert_true(readable(&event));
	assert_int_equal(wti_os->event_alarm(&event, 1), 0);
	assert_int_equal(wti_os->event_alarm(&event, INT64_MAX), 0);
	assert_true(readable(&event));
	assert_int_equal(wti_os->event_clear(&event), 0);
	assert_false(readable(&event));
	wti_os->event_close(&event);
}

/* [P1] */
static void without_memory_there_is_no_event(void **state)
{
	unsigned before = support_open_fds();
	struct wti_os_event event;

	(void)state;
	support_fail_allocations(1, 0);
	assert_int_equal(wti_os_real.event_create(&event), -ENOMEM);
	assert_int_equal(support_open_fds(), before);
}

static void the_thread_of_the_moments_is_there_while_events_are(void **state)
{
	unsigned before = support_threads();
	struct wti_os_event events[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wti_os->event_create(&events[i]), 0);
		assert_int_equal(support_threads(), before + 1);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(support_threads(), before + 1);
		wti_os->event_close(&events[i]);
	}
	assert_threads(before);
}

/* ---- A storm ---- */

struct storm {
	struct wti_os_event event;
	atomic_bool over;
};

static void *signal_on(void *arg)
{
	struct storm *storm = arg;

	while (!atomic_load(&storm->over))
		wti_os->event_signal(storm->event.signal);
	return NULL;
}

/* Moments come and are set anew while another thread signals: each is seen. */
static void moments_and_signals_do_not_hide_each_other(void **state)
{
	struct storm storm = { 0 };
	struct pollfd poll_fd = { .events = POLLIN };
	pthread_t thread;

	(void)state;
	assert_int_equal(wti_os->event_create(&storm.event), 0);
	poll_fd.fd = storm.event.fd;
	for (unsigned i = 0; i < 2000 / support_slowdown(); i++) {
		wti_os->event_alarm(&storm.event, wti_os->clock() + (i % 64) * 1000);
		wti_os->event_clear(&storm.event);
		assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	}
	wti_os->event_alarm(&storm.event, INT64_MAX);
	assert_int_equal(pthread_create(&thread, NULL, signal_on, &storm), 0);
	for (unsigned i = 0; i < 2000 / support_slowdown(); i++) {
		wti_os->event_clear(&storm.event);
		wti_os->event_alarm(&storm.event, i % 2 ? 1 : INT64_MAX);
		assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	}
	atomic_store(&storm.over, true);
	pthread_join(thread, NULL);
	wti_os->event_alarm(&storm.event, INT64_MAX);
	wti_os->event_clear(&storm.event);
	assert_false(readable(&storm.event));
	wti_os->event_close(&storm.event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_that_is_full_counts_as_signalled),
		TEST(without_memory_there_is_no_event),
		TEST(the_thread_of_the_moments_is_there_while_events_are),
		TEST(moments_and_signals_do_not_hide_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
