/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifdef WTI_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "base.h"
#include "support/support.h"

enum { KINDS_MAX = 2 };

/* Both kinds, as far as this build has them. */
static size_t arena_kinds(const struct wti_arena_ops *kinds[KINDS_MAX])
{
	size_t count = 0;

	kinds[count++] = &wti_arena_libc;
	if (wti_arena_jemalloc())
		kinds[count++] = wti_arena_jemalloc();
	return count;
}

static void for_each_kind(void (*check)(const struct wti_arena_ops *ops))
{
	const struct wti_arena_ops *kinds[KINDS_MAX];
	size_t count = arena_kinds(kinds);

	for (size_t i = 0; i < count; i++)
		check(kinds[i]);
}

static void assert_filled(const void *block, int byte, size_t size)
{
	const unsigned char *bytes = block;

	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], byte);
}

static void jemalloc_is_there_when_the_build_is_for_it(void **state)
{
	(void)state;
#ifdef WTI_JEMALLOC
	assert_non_null(wti_arena_jemalloc());
	assert_string_equal(wti_arena_jemalloc()->name, "jemalloc");
#else
	assert_null(wti_arena_jemalloc());
#endif
	assert_string_equal(wti_arena_libc.name, "libc");
}

static const size_t sizes[] = { 0, 1, 7, 8, 16, 17, 100, 4096, 5000, 70000, 1 << 20, (5 << 20) + 1 };

enum { SIZES = sizeof sizes / sizeof *sizes };

static void check_blocks(const struct wti_arena_ops *ops)
{
	struct wti_arena *arena = ops->begin();
	unsigned char *blocks[SIZES];

	assert_non_null(arena);
	assert_ptr_equal(arena->ops, ops);
	for (int i = 0; i < SIZES; i++) {
		blocks[i] = ops->alloc(arena, sizes[i], false);
		assert_non_null(blocks[i]);
		assert_true(ops->size_of(blocks[i]) >= sizes[i] && ops->size_of(blocks[i]) > 0);
		/* jemalloc has blocks of 8 bytes, in which nothing fits that needs more. */
		assert_int_equal((uintptr_t)blocks[i] % (sizes[i] > 8 ? _Alignof(max_align_t) : 8), 0);
		assert_int_equal(ops->size_of(blocks[i]), ops->size_for(sizes[i]));
		memset(blocks[i], i + 1, ops->size_of(blocks[i]));
	}
	for (int i = 0; i < SIZES; i++)
		assert_filled(blocks[i], i + 1, ops->size_of(blocks[i]));
	for (int i = 0; i < SIZES; i += 2)
		ops->free(arena, blocks[i]);
	for (int i = 1; i < SIZES; i += 2)
		assert_filled(blocks[i], i + 1, ops->size_of(blocks[i]));
	ops->end(arena, 0);
}

static void blocks_are_apart_aligned_and_as_large_as_foretold(void **state)
{
	(void)state;
	for_each_kind(check_blocks);
}

static void check_zeroed(const struct wti_arena_ops *ops)
{
	struct wti_arena *arena = ops->begin();

	/* Twice, so that the second time used memory comes back. */
	for (int round = 0; round < 2; round++) {
		void *blocks[SIZES];

		for (int i = 0; i < SIZES; i++) {
			blocks[i] = ops->alloc(arena, sizes[i], true);
			assert_non_null(blocks[i]);
			assert_filled(blocks[i], 0, sizes[i]);
			memset(blocks[i], 0xa5, sizes[i]);
		}
		for (int i = 0; i < SIZES; i++)
			ops->free(arena, blocks[i]);
	}
	ops->end(arena, 0);
}

static void zeroed_blocks_are_zero(void **state)
{
	(void)state;
	for_each_kind(check_zeroed);
}

static void check_resize(const struct wti_arena_ops *ops)
{
	struct wti_arena *arena = ops->begin();
	void *others[SIZES];
	void *block = ops->alloc(arena, 10, false);

	memset(block, 7, 10);
	for (int i = 0; i < SIZES; i++) {
		block = ops->resize(arena, block, sizes[i] + 10);
		assert_non_null(block);
		assert_int_equal(ops->size_of(block), ops->size_for(sizes[i] + 10));
		assert_filled(block, 7, 10);
		others[i] = ops->alloc(arena, sizes[i], false); /* in the way of the next */
	}
	memset(block, 7, sizes[SIZES - 1]);
	for (int i = SIZES - 1; i >= 0; i--) {
		block = ops->resize(arena, block, sizes[i]);
		assert_non_null(block);
		assert_int_equal(ops->size_of(block), ops->size_for(sizes[i]));
		assert_filled(block, 7, sizes[i]);
		ops->free(arena, others[i]);
	}
	ops->end(arena, 0);
}

static void a_resized_block_keeps_its_bytes(void **state)
{
	(void)state;
	for_each_kind(check_resize);
}

static void check_sizes(const struct wti_arena_ops *ops)
{
	assert_true(ops->size_for(0) > 0);
	assert_int_equal(ops->size_for(WTI_SIZE_MAX + 1), 0);
	assert_int_equal(ops->size_for(SIZE_MAX), 0);
	assert_int_equal(ops->size_for(SIZE_MAX - 7), 0);
}

static void impossible_sizes_are_said_to_be(void **state)
{
	(void)state;
	for_each_kind(check_sizes);
}

/* More than there is address space for, but not so much that size_for says no. */
static void check_too_large(const struct wti_arena_ops *ops)
{
	struct wti_arena *arena = ops->begin();
	void *block = ops->alloc(arena, 100, false);

	memset(block, 3, 100);
	errno = ENOTTY;
	assert_null(ops->alloc(arena, (size_t)1 << 50, false));
	assert_null(ops->alloc(arena, (size_t)1 << 50, true));
	assert_null(ops->resize(arena, block, (size_t)1 << 50));
	assert_int_equal(errno, ENOTTY);
	assert_filled(block, 3, 100);
	assert_true(ops->owns(arena, block));
	ops->free(arena, block);
	ops->end(arena, 0);
}

static void what_the_system_does_not_have_is_null(void **state)
{
	(void)state;
	for_each_kind(check_too_large);
}

static void check_owner(const struct wti_arena_ops *ops)
{
	struct wti_arena *one = ops->begin(), *other = ops->begin();
	void *of_one = ops->alloc(one, 50, false), *of_other = ops->alloc(other, 50000, false);

	assert_ptr_not_equal(one, other);
	assert_true(ops->owns(one, of_one));
	assert_true(ops->owns(other, of_other));
	assert_false(ops->owns(one, of_other));
	assert_false(ops->owns(other, of_one));
	/* The end of one is nothing to the other. */
	memset(of_other, 9, 50000);
	ops->end(one, 0);
	assert_filled(of_other, 9, 50000);
	ops->end(other, 0);
}

static void a_block_belongs_to_one_arena(void **state)
{
	(void)state;
	for_each_kind(check_owner);
}

/*
 * 40 times 16 MiB would show, and the accounts of the kind that has one are
 * even. One round's worth may come and go: jemalloc, as the program's malloc,
 * gives back in its own time what it was given back.
 */
static void check_end(const struct wti_arena_ops *ops)
{
	size_t before = 0;
	long bytes = 0;

	for (int round = 0; round < 40; round++) {
		struct wti_arena *arena = ops->begin();

		for (int i = 0; i < 16; i++)
			memset(ops->alloc(arena, 1 << 20, false), 1, 1 << 20);
		for (int i = 0; i < 1000; i++)
			memset(ops->alloc(arena, 64, false), 1, 64);
		ops->end(arena, 17 << 20);
		if (round == 0) {
			before = support_resident();
			bytes = atomic_load(&support_counts.bytes);
		}
	}
	assert_int_equal(atomic_load(&support_counts.bytes), bytes);
	if (support_slowdown() == 1) /* a sanitizer keeps what is freed for a while */
		assert_true(support_resident() < before + (32 << 20));
}

static void the_end_takes_all_blocks_back(void **state)
{
	(void)state;
	support_count();
	for_each_kind(check_end);
}

static void without_memory_nothing_begins_or_grows(void **state)
{
	const struct wti_arena_ops *ops = &wti_arena_libc;
	struct wti_arena *arena;
	void *block;

	(void)state;
	support_count();
	support_fail_allocations(1, 1);
	assert_null(ops->begin());
	arena = ops->begin();
	block = ops->alloc(arena, 30, false);
	memset(block, 5, 30);
	support_fail_allocations(1, 0);
	assert_null(ops->alloc(arena, 30, false));
	assert_null(ops->alloc(arena, 30, true));
	assert_null(ops->resize(arena, block, 300));
	support_fail_allocations(0, 0);
	assert_filled(block, 5, 30);
	assert_int_equal(ops->size_of(block), ops->size_for(30));
	ops->end(arena, 0);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

#ifdef WTI_JEMALLOC

static unsigned arenas_there_are(void)
{
	unsigned count = 0;
	size_t size = sizeof count;

	assert_int_equal(mallctl("arenas.narenas", &count, &size, NULL, 0), 0);
	return count;
}

static void arenas_are_used_again(void **state)
{
	const struct wti_arena_ops *ops = wti_arena_jemalloc();
	struct wti_arena *arenas[5];
	unsigned there_are = 0;

	(void)state;
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 5; i++) {
			arenas[i] = ops->begin();
			assert_non_null(ops->alloc(arenas[i], 100, false));
		}
		for (int i = 0; i < 5; i++)
			ops->end(arenas[i], 100);
		if (round == 0)
			there_are = arenas_there_are();
	}
	assert_int_equal(arenas_there_are(), there_are);
}

/* With all idle ones taken, the next one has to be made: for that there is no memory. */
static void an_arena_that_cannot_be_made_is_null(void **state)
{
	const struct wti_arena_ops *ops = wti_arena_jemalloc();
	struct wti_arena *taken[100];
	int count = 0;

	(void)state;
	support_fail_allocations(1, 0);
	while (count < 100 && (taken[count] = ops->begin()))
		count++;
	support_fail_allocations(0, 0);
	assert_in_range(count, 0, 99);
	taken[count] = ops->begin();
	assert_non_null(taken[count]);
	for (int i = 0; i <= count; i++)
		ops->end(taken[i], 0);
}

/* What the program itself allocates lies elsewhere, whatever thread asks. */
static void the_program_s_own_blocks_are_not_of_an_arena(void **state)
{
	const struct wti_arena_ops *ops = wti_arena_jemalloc();
	struct wti_arena *arena = ops->begin();
	void *block = ops->alloc(arena, 64, false);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		void *program = mallocx(64, 0);

		assert_false(ops->owns(arena, program));
		dallocx(program, 0);
	}
	assert_true(ops->owns(arena, block));
	ops->end(arena, 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jemalloc_is_there_when_the_build_is_for_it),
		TEST(blocks_are_apart_aligned_and_as_large_as_foretold),
		TEST(zeroed_blocks_are_zero),
		TEST(a_resized_block_keeps_its_bytes),
		TEST(impossible_sizes_are_said_to_be),
		TEST(what_the_system_does_not_have_is_null),
		TEST(a_block_belongs_to_one_arena),
		TEST(the_end_takes_all_blocks_back),
		TEST(without_memory_nothing_begins_or_grows),
#ifdef WTI_JEMALLOC
		TEST(arenas_are_used_again),
		TEST(an_arena_that_cannot_be_made_is_null),
		TEST(the_program_s_own_blocks_are_not_of_an_arena),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
