/* SPDX-License-Identifier: MIT */
#include "segment.h"

#include <string.h>

#include "support/support.h"

static void a_new_segment_is_zero_and_starts_on_a_line(void **state)
{
	(void)state;
	for (size_t size = WTI_CACHE_LINE; size <= 256 * 1024; size *= 2) {
		struct wti_segment *segment = wti_segment_create(size);

		assert_non_null(segment);
		assert_int_equal(segment->size, size);
		assert_null(segment->next);
		assert_int_equal((uintptr_t)segment->words % WTI_CACHE_LINE, 0);
		for (uint64_t position = 0; position < size; position += 8)
			assert_int_equal(wti_load(wti_segment_at(segment, size, position)), 0);
		wti_segment_destroy(segment);
	}
}

static void a_position_lies_at_its_low_bits_also_where_it_wraps(void **state)
{
	struct wti_segment *segment = wti_segment_create(256);

	(void)state;
	assert_non_null(segment);
	assert_ptr_equal(wti_segment_at(segment, 256, 0), &segment->words[0]);
	assert_ptr_equal(wti_segment_at(segment, 256, 8), &segment->words[1]);
	assert_ptr_equal(wti_segment_at(segment, 256, 248), &segment->words[31]);
	assert_ptr_equal(wti_segment_at(segment, 256, 256), &segment->words[0]);
	assert_ptr_equal(wti_segment_at(segment, 256, UINT64_MAX - 7), &segment->words[31]);
	wti_segment_destroy(segment);
}

/* Every range of a small segment, at positions before, across and after its end and that of 64 bits. */
static void zero_clears_the_range_and_nothing_else(void **state)
{
	static const uint64_t origins[] = { 0, 256, UINT64_MAX - 127 };
	struct wti_segment *segment = wti_segment_create(256);

	(void)state;
	assert_non_null(segment);
	for (size_t origin = 0; origin < sizeof origins / sizeof *origins; origin++) {
		for (uint64_t from = 0; from < 256; from += 8) {
			for (uint64_t length = 0; length <= 256; length += 8) {
				uint64_t start = origins[origin] + from;

				memset((void *)segment->words, 0x5a, 256);
				wti_segment_zero(segment, 256, start, start + length);
				for (uint64_t at = 0; at < 256; at += 8)
					assert_int_equal(wti_load(wti_segment_at(segment, 256, start + at)),
							 at < length ? 0 : 0x5a5a5a5a5a5a5a5a);
			}
		}
	}
	wti_segment_destroy(segment);
}

static void a_segment_without_memory_is_null(void **state)
{
	(void)state;
	support_fail_allocations(1, 1);
	assert_null(wti_segment_create(256));
}

static void destroy_frees_everything_and_ignores_null(void **state)
{
	(void)state;
	support_count();
	wti_segment_destroy(NULL);
	wti_segment_destroy(wti_segment_create(1024));
	assert_int_equal(support_counts.allocations, support_counts.frees);
	assert_int_equal(support_counts.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_segment_is_zero_and_starts_on_a_line),
		TEST(a_position_lies_at_its_low_bits_also_where_it_wraps),
		TEST(zero_clears_the_range_and_nothing_else),
		TEST(a_segment_without_memory_is_null),
		TEST(destroy_frees_everything_and_ignores_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
