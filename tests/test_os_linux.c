/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/support.h"

static void an_event_whose_counter_is_full_counts_as_signalled(void **state)
{
	uint64_t most = UINT64_MAX - 1;
	struct wti_os_event event;
	struct pollfd poll_fd = { .events = POLLIN };

	(void)state;
	assert_int_equal(wti_os->event_create(&event), 0);
	poll_fd.fd = event.fd;
	assert_int_equal(write(event.signal, &most, sizeof most), sizeof most);
	assert_int_equal(wti_os->event_signal(event.signal), 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_int_equal(wti_os->event_clear(&event), 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	wti_os->event_close(&event);
}

static void descriptors_that_are_not_open_are_told(void **state)
{
	struct wti_os_event none = { .fd = -1, .signal = -1, .timer.fd = -1 };

	(void)state;
	errno = ENOTTY;
	assert_int_equal(wti_os->event_signal(-1), -EBADF);
	assert_int_equal(wti_os->event_clear(&none), -EBADF);
	assert_int_equal(wti_os->event_alarm(&none, 1), -EBADF);
	assert_int_equal(wti_os->event_close(&none), -EBADF);
	assert_int_equal(errno, ENOTTY);
}

static void a_thread_that_is_not_there_gets_no_signal(void **state)
{
	union wti_os_thread none = { .id = INT_MAX };
	union wti_os_ticker ticker;

	(void)state;
	errno = ENOTTY;
	assert_int_equal(wti_os->signal_send(none, SIGRTMIN), -ESRCH);
	assert_true(wti_os->ticker_create(&ticker, none, SIGRTMIN, 1, 1) < 0);
	assert_int_equal(errno, ENOTTY);
}

static void processors_are_those_that_the_process_may_use(void **state)
{
	cpu_set_t saved, one;
	size_t first = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof saved, &saved), 0);
	assert_int_equal(wti_os->cpu_count(), CPU_COUNT(&saved));
	while (!CPU_ISSET(first, &saved))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(wti_os->cpu_count(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof saved, &saved), 0);
}

static void *pin_and_nice(void *arg)
{
	struct verdict *verdict = arg;
	cpu_set_t allowed, now;
	int cpu = 0;

	CHECK(verdict, sched_getaffinity(0, sizeof allowed, &allowed) == 0);
	while (!CPU_ISSET((size_t)cpu, &allowed))
		cpu++;
	CHECK(verdict, wti_os->thread_pin(cpu) == 0);
	CHECK(verdict, sched_getaffinity(0, sizeof now, &now) == 0);
	CHECK(verdict, CPU_COUNT(&now) == 1 && CPU_ISSET((size_t)cpu, &now));
	CHECK(verdict, wti_os->thread_pin(8191) == -EINVAL);
	CHECK(verdict, wti_os->thread_pin(8192) == -EINVAL);
	CHECK(verdict, wti_os->thread_pin(INT_MAX) == -EINVAL);
	CHECK(verdict, wti_os->thread_pin(-1) == -EINVAL);
	CHECK(verdict, wti_os->thread_nice(19) == 0);
	CHECK(verdict, getpriority(PRIO_PROCESS, (id_t)gettid()) == 19);
	return NULL;
}

static void a_thread_alone_is_pinned_and_made_nice(void **state)
{
	struct verdict verdict = { 0 };
	int nice = getpriority(PRIO_PROCESS, 0), cpus = wti_os->cpu_count();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, pin_and_nice, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), nice);
	assert_int_equal(wti_os->cpu_count(), cpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_whose_counter_is_full_counts_as_signalled),
		TEST(descriptors_that_are_not_open_are_told),
		TEST(a_thread_that_is_not_there_gets_no_signal),
		TEST(processors_are_those_that_the_process_may_use),
		TEST(a_thread_alone_is_pinned_and_made_nice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
