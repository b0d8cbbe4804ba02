/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include "base.h"
#include "support/support.h"

static void lines_are_aligned_and_zero(void **state)
{
	static const size_t sizes[] = { 0, 1, 8, 63, 64, 65, 4096, 300000 };
	unsigned char *blocks[sizeof sizes / sizeof *sizes];
	size_t count = sizeof sizes / sizeof *sizes;

	(void)state;
	/* Twice, so that the second time used memory comes back. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < count; i++) {
			blocks[i] = wti_alloc_lines(sizes[i]);
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i] % WTI_CACHE_LINE, 0);
			for (size_t j = 0; j < sizes[i]; j++)
				assert_int_equal(blocks[i][j], 0);
			for (size_t j = 0; j < sizes[i]; j++)
				blocks[i][j] = 0xa5;
		}
		for (size_t i = 0; i < count; i++)
			wti_free_lines(blocks[i]);
	}
}

static void lines_of_an_impossible_size_are_refused_without_asking(void **state)
{
	(void)state;
	support_count();
	assert_null(wti_alloc_lines(WTI_SIZE_MAX + 1));
	assert_null(wti_alloc_lines(SIZE_MAX));
	assert_int_equal(support_counts.allocations, 0);
}

static void lines_without_memory_are_null(void **state)
{
	(void)state;
	support_fail_allocations(1, 1);
	assert_null(wti_alloc_lines(64));
	wti_free_lines(wti_alloc_lines(64));
}

static void null_may_be_freed(void **state)
{
	(void)state;
	wti_free(NULL);
	wti_free_lines(NULL);
}

static void every_call_goes_through_the_table(void **state)
{
	unsigned char *bytes;

	(void)state;
	support_count();
	bytes = wti_alloc_zeroed(100);
	assert_non_null(bytes);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bytes[i], 0);
	wti_free(bytes);
	wti_free(wti_alloc(100));
	wti_free_lines(wti_alloc_lines(100));
	assert_int_equal(support_counts.allocations, 3);
	assert_int_equal(support_counts.frees, 3);
	assert_int_equal(support_counts.bytes, 0);
	support_fail_allocations(1, 0);
	assert_null(wti_alloc(1));
	assert_null(wti_alloc_zeroed(1));
}

static void a_resized_block_keeps_its_bytes_also_if_it_fails(void **state)
{
	unsigned char *block;

	(void)state;
	support_count();
	block = wti_alloc_zeroed(100);
	block[99] = 7;
	block = wti_resize(block, 1 << 20);
	assert_non_null(block);
	assert_int_equal(block[99], 7);
	support_fail_allocations(1, 1);
	assert_null(wti_resize(block, 2 << 20));
	assert_int_equal(block[99], 7);
	wti_free(block);
	assert_int_equal(support_counts.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_aligned_and_zero),
		TEST(lines_of_an_impossible_size_are_refused_without_asking),
		TEST(lines_without_memory_are_null),
		TEST(null_may_be_freed),
		TEST(every_call_goes_through_the_table),
		TEST(a_resized_block_keeps_its_bytes_also_if_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
