/* SPDX-License-Identifier: MIT */
#include "histogram.h"
#include "support/support.h"

static void a_value_is_in_the_bucket_that_ends_at_or_after_it(void **state)
{
	(void)state;
	for (int64_t value = 0; value < 5000; value++) {
		int64_t high = wti_histogram_value(wti_histogram_bucket(value));

		assert_true(high >= value);
		assert_true(high <= value + value / 16);
		assert_int_equal(wti_histogram_bucket(high), wti_histogram_bucket(value));
		assert_int_equal(wti_histogram_bucket(high + 1), wti_histogram_bucket(value) + 1);
	}
}

static void a_value_is_known_to_a_sixteenth(void **state)
{
	(void)state;
	for (int shift = 4; shift < 47; shift++)
		for (int64_t value = (int64_t)1 << shift; value < (int64_t)2 << shift; value += (int64_t)1 << (shift - 3)) {
			int64_t high = wti_histogram_value(wti_histogram_bucket(value));

			assert_true(high >= value && high - value <= value / 16);
		}
}

static void what_is_too_large_or_negative_has_a_bucket(void **state)
{
	(void)state;
	assert_int_equal(wti_histogram_bucket(INT64_MAX), WTI_HISTOGRAM_BUCKETS - 1);
	assert_int_equal(wti_histogram_bucket(-1), 0);
	assert_int_equal(wti_histogram_bucket(INT64_MIN), 0);
}

static void percentiles_are_those_of_what_was_added(void **state)
{
	static struct wti_histogram histogram;

	(void)state;
	assert_int_equal(wti_histogram_percentile(&histogram, 50), 0);
	for (int64_t value = 1; value <= 1000; value++)
		wti_histogram_add(&histogram, value, 1);
	assert_in_range(wti_histogram_percentile(&histogram, 0), 1, 1);
	assert_in_range(wti_histogram_percentile(&histogram, 50), 500, 532);
	assert_in_range(wti_histogram_percentile(&histogram, 99), 990, 1053);
	assert_in_range(wti_histogram_percentile(&histogram, 100), 1000, 1063);
	assert_int_equal(histogram.sum, 500500);
	assert_int_equal(histogram.min, 1);
	assert_int_equal(histogram.max, 1000);
}

static void a_value_can_stand_for_many(void **state)
{
	static struct wti_histogram histogram;

	(void)state;
	wti_histogram_add(&histogram, 10, 99);
	wti_histogram_add(&histogram, 1000, 1);
	assert_int_equal(histogram.count, 100);
	assert_int_equal(wti_histogram_percentile(&histogram, 90), 10);
	assert_true(wti_histogram_percentile(&histogram, 99.9) >= 1000);
}

/* As many as it says did not exceed it: nine of ten, 99 of 100. */
static void a_percentile_is_the_last_of_its_share(void **state)
{
	static struct wti_histogram ten, hundred, one;

	(void)state;
	wti_histogram_add(&ten, 2, 9);
	wti_histogram_add(&ten, 300, 1);
	assert_int_equal(wti_histogram_percentile(&ten, 90), 2);
	assert_true(wti_histogram_percentile(&ten, 90.1) >= 300);
	wti_histogram_add(&hundred, 2, 99);
	wti_histogram_add(&hundred, 300, 1);
	assert_int_equal(wti_histogram_percentile(&hundred, 99), 2);
	assert_true(wti_histogram_percentile(&hundred, 100) >= 300);
	wti_histogram_add(&one, 7, 1);
	assert_int_equal(wti_histogram_percentile(&one, 0), 7);
	assert_int_equal(wti_histogram_percentile(&one, 100), 7);
}

/* Shares of which a product of doubles would be a little more than the whole number that they are, and large ones. */
static void a_share_is_counted_in_whole_numbers(void **state)
{
	static struct wti_histogram thousandth, odd, huge;

	(void)state;
	wti_histogram_add(&thousandth, 2, 40959);
	wti_histogram_add(&thousandth, 300, 41);
	assert_int_equal(wti_histogram_percentile(&thousandth, 99.9), 2);
	wti_histogram_add(&odd, 2, 33);
	wti_histogram_add(&odd, 300, 717);
	assert_int_equal(wti_histogram_percentile(&odd, 4.4), 2);
	wti_histogram_add(&huge, 2, UINT64_C(9000000000000000));
	wti_histogram_add(&huge, 300, UINT64_C(1000000000000000));
	assert_int_equal(wti_histogram_percentile(&huge, 90), 2);
	assert_true(wti_histogram_percentile(&huge, 90.1) >= 300);
	assert_true(wti_histogram_percentile(&huge, 100) >= 300);
}

static void joined_and_taken_away_again_they_are_what_they_were(void **state)
{
	static struct wti_histogram a, b, sum;

	(void)state;
	wti_histogram_add(&a, 5, 2);
	wti_histogram_add(&b, 500, 3);
	wti_histogram_join(&sum, &a);
	wti_histogram_join(&sum, &b);
	assert_int_equal(sum.count, 5);
	assert_int_equal(sum.min, 5);
	assert_int_equal(sum.max, 500);
	wti_histogram_subtract(&sum, &a);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.sum, 1500);
	assert_true(wti_histogram_percentile(&sum, 0) >= 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_in_the_bucket_that_ends_at_or_after_it),
		TEST(a_value_is_known_to_a_sixteenth),
		TEST(what_is_too_large_or_negative_has_a_bucket),
		TEST(percentiles_are_those_of_what_was_added),
		TEST(a_value_can_stand_for_many),
		TEST(a_percentile_is_the_last_of_its_share),
		TEST(a_share_is_counted_in_whole_numbers),
		TEST(joined_and_taken_away_again_they_are_what_they_were),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
