/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include "base.h"
#include "support/support.h"

typedef void *alloc_fn(size_t size);

static alloc_fn *const kinds[] = { wti_alloc_lines, wti_alloc_lines_apart };

static void lines_are_aligned_and_zero(void **state)
{
	static const size_t sizes[] = { 0, 1, 8, 63, 64, 65, 4096, 300000 };
	unsigned char *blocks[sizeof sizes / sizeof *sizes];
	size_t count = sizeof sizes / sizeof *sizes;

	(void)state;
	/* Each twice, so that the second time used memory comes back. */
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < count; i++) {
			blocks[i] = kinds[round / 2](sizes[i]);
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

enum { APART_PAGE = 4096, APART_BLOCKS = 16, APART_PAGES_MAX = 256, APART_ON_A_LINE = 6 };

/* What the allocator of the test below gives next, and how far from the one before. */
static unsigned char *apart_next;
static size_t apart_distance;

static void *apart_alloc(size_t size)
{
	void *block = apart_next;

	(void)size;
	apart_next += apart_distance;
	return block;
}

/* How many of the blocks begin at the same offset in their page as this one does. */
static unsigned apart_alike(void *const *blocks, const void *block)
{
	unsigned alike = 0;

	for (int i = 0; i < APART_BLOCKS; i++)
		alike += (uintptr_t)blocks[i] % APART_PAGE == (uintptr_t)block % APART_PAGE;
	return alike;
}

/* At distances that channels have, and every second of them, every fourth and so on. */
static void blocks_that_lie_whole_pages_apart_begin_on_different_lines(void **state)
{
	static const size_t pages[] = { 1, 2, 4, 8, 16, 32, 64, 125, 128, 129, APART_PAGES_MAX };
	static unsigned char memory[(APART_BLOCKS * APART_PAGES_MAX + 1) * APART_PAGE];
	static const struct wti_alloc_ops ops = { .alloc_zeroed = apart_alloc };
	const struct wti_alloc_ops *before = wti_heap;
	void *blocks[APART_BLOCKS];

	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		apart_next = memory;
		apart_distance = pages[i] * APART_PAGE;
		wti_heap = &ops;
		for (int j = 0; j < APART_BLOCKS; j++)
			blocks[j] = wti_alloc_lines_apart(APART_PAGE / 2);
		wti_heap = before;
		for (int j = 0; j < APART_BLOCKS; j++)
			assert_true(apart_alike(blocks, blocks[j]) <= APART_ON_A_LINE);
	}
}

static void lines_of_an_impossible_size_are_refused_without_asking(void **state)
{
	(void)state;
	support_count();
	assert_null(wti_alloc_lines(WTI_SIZE_MAX + 1));
	assert_null(wti_alloc_lines(SIZE_MAX));
	assert_null(wti_alloc_lines_apart(WTI_SIZE_MAX + 1));
	assert_null(wti_alloc_lines_apart(SIZE_MAX));
	assert_int_equal(support_counts.allocations, 0);
}

static void lines_without_memory_are_null(void **state)
{
	(void)state;
	support_fail_allocations(1, 1);
	assert_null(wti_alloc_lines(64));
	wti_free_lines(wti_alloc_lines(64));
	support_fail_allocations(1, 1);
	assert_null(wti_alloc_lines_apart(64));
	wti_free_lines(wti_alloc_lines_apart(64));
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
		TEST(blocks_that_lie_whole_pages_apart_begin_on_different_lines),
		TEST(lines_of_an_impossible_size_are_refused_without_asking),
		TEST(lines_without_memory_are_null),
		TEST(null_may_be_freed),
		TEST(every_call_goes_through_the_table),
		TEST(a_resized_block_keeps_its_bytes_also_if_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
