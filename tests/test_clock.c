/* SPDX-License-Identifier: MIT */
#include <wt/time.h>

#include <time.h>

#include "os.h"
#include "support/support.h"

static int64_t stopped_at;

static int64_t stopped_clock(void)
{
	return stopped_at;
}

static void stop_clock(int64_t at)
{
	static struct wti_os_ops os;

	os = wti_os_real;
	os.clock = stopped_clock;
	stopped_at = at;
	wti_os = &os;
}

static int64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void now_is_the_monotonic_clock_and_does_not_go_back(void **state)
{
	int64_t last = monotonic();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		wt_time now = wt_now();

		assert_true(now >= last);
		last = monotonic();
		assert_true(now <= last);
	}
}

static void after_adds_the_span_in_its_unit(void **state)
{
	(void)state;
	stop_clock(1000000007);
	assert_int_equal(wt_now(), 1000000007);
	assert_int_equal(wt_after_ns(0), 1000000007);
	assert_int_equal(wt_after_ns(5), 1000000012);
	assert_int_equal(wt_after_us(5), 1000005007);
	assert_int_equal(wt_after_ms(5), 1005000007);
}

static void a_span_too_large_is_for_ever(void **state)
{
	(void)state;
	stop_clock(1000);
	assert_int_equal(wt_after_ns(UINT64_MAX), WT_FOREVER);
	assert_int_equal(wt_after_us(UINT64_MAX), WT_FOREVER);
	assert_int_equal(wt_after_ms(UINT64_MAX), WT_FOREVER);
	/* The first that do not fit, and those whose product wraps round to something small. */
	assert_int_equal(wt_after_us(UINT64_MAX / 1000 + 1), WT_FOREVER);
	assert_int_equal(wt_after_ms(UINT64_MAX / 1000000 + 1), WT_FOREVER);
	assert_int_equal(wt_after_us((uint64_t)1 << 61), WT_FOREVER);
	assert_int_equal(wt_after_ms((uint64_t)1 << 58), WT_FOREVER);
	assert_int_equal(wt_after_ns(INT64_MAX), WT_FOREVER);
	assert_int_equal(wt_after_ns((uint64_t)INT64_MAX - 1000), WT_FOREVER);
	assert_int_equal(wt_after_ns((uint64_t)INT64_MAX - 1001), WT_FOREVER - 1);
}

/* A hundred years is a deadline like any other. */
static void a_span_that_fits_is_kept_whatever_its_unit(void **state)
{
	const uint64_t ms = (uint64_t)1000 * 60 * 60 * 24 * 365 * 100;

	(void)state;
	stop_clock(1);
	assert_int_equal(wt_after_ms(ms), (int64_t)(ms * 1000000 + 1));
	assert_int_equal(wt_after_us(ms * 1000), (int64_t)(ms * 1000000 + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(now_is_the_monotonic_clock_and_does_not_go_back),
		TEST(after_adds_the_span_in_its_unit),
		TEST(a_span_too_large_is_for_ever),
		TEST(a_span_that_fits_is_kept_whatever_its_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
