/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <wt/atomics.h>
#include <wt/shared.h>

#define BYTES 64
#define TYPES 8

static const struct type {
	int64_t min, max; /* of U64 as the bits that travel */
	unsigned width;
	bool is_signed;
} types[TYPES] = {
	[WT_I8] = { INT8_MIN, INT8_MAX, 1, true },    [WT_U8] = { 0, UINT8_MAX, 1, false },
	[WT_I16] = { INT16_MIN, INT16_MAX, 2, true }, [WT_U16] = { 0, UINT16_MAX, 2, false },
	[WT_I32] = { INT32_MIN, INT32_MAX, 4, true }, [WT_U32] = { 0, UINT32_MAX, 4, false },
	[WT_I64] = { INT64_MIN, INT64_MAX, 8, true }, [WT_U64] = { 0, -1, 8, false },
};

typedef int modify_fn(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);

enum { ADD, SUB, AND, OR, XOR, EXCHANGE, OPERATIONS };

static modify_fn *const operations[OPERATIONS] = {
	[ADD] = wt_atomics_add, [SUB] = wt_atomics_sub, [AND] = wt_atomics_and,
	[OR] = wt_atomics_or,   [XOR] = wt_atomics_xor, [EXCHANGE] = wt_atomics_exchange,
};

/* The number that a cell of the type holds when these bits are written to it. */
static int64_t cut(int type, uint64_t bits)
{
	unsigned shift = 64 - types[type].width * 8;

	return types[type].is_signed ? (int64_t)(bits << shift) >> shift : (int64_t)((bits << shift) >> shift);
}

static int64_t expect(int type, int operation, int64_t old, int64_t value)
{
	uint64_t a = (uint64_t)old, b = (uint64_t)value;

	switch (operation) {
	case ADD:
		return cut(type, a + b);
	case SUB:
		return cut(type, a - b);
	case AND:
		return cut(type, a & b);
	case OR:
		return cut(type, a | b);
	case XOR:
		return cut(type, a ^ b);
	default:
		return cut(type, b);
	}
}

static wt_shared *make(size_t size, size_t max_size)
{
	wt_shared *shared;

	assert_int_equal(wt_shared_create(&shared, size, max_size), 0);
	return shared;
}

static int64_t load(wt_shared *shared, int type, size_t index)
{
	int64_t value = 0x5555;

	assert_int_equal(wt_atomics_load(shared, type, index, &value), 0);
	return value;
}

static void store(wt_shared *shared, int type, size_t index, int64_t value)
{
	assert_int_equal(wt_atomics_store(shared, type, index, value), 0);
}

/* ---- Values ---- */

static void what_is_stored_is_loaded_with_the_sign_of_the_type(void **state)
{
	wt_shared *shared = make(BYTES, 0);

	(void)state;
	for (int type = 0; type < TYPES; type++) {
		store(shared, type, 1, types[type].min);
		assert_int_equal(load(shared, type, 1), types[type].min);
		store(shared, type, 1, types[type].max);
		assert_int_equal(load(shared, type, 1), types[type].max);
		store(shared, type, 1, -1);
		assert_int_equal(load(shared, type, 1), types[type].is_signed ? -1 : types[type].max);
	}
	wt_shared_release(shared);
}

static void arithmetic_wraps_at_both_ends(void **state)
{
	wt_shared *shared = make(BYTES, 0);
	int64_t old;

	(void)state;
	for (int type = 0; type < TYPES; type++) {
		store(shared, type, 0, types[type].max);
		assert_int_equal(wt_atomics_add(shared, type, 0, 1, &old), 0);
		assert_int_equal(old, types[type].max);
		assert_int_equal(load(shared, type, 0), types[type].min);
		assert_int_equal(wt_atomics_sub(shared, type, 0, 1, &old), 0);
		assert_int_equal(old, types[type].min);
		assert_int_equal(load(shared, type, 0), types[type].max);
		/* A value that is wider than the cell counts modulo the cell's width. */
		store(shared, type, 0, 5);
		assert_int_equal(wt_atomics_add(shared, type, 0, INT64_MIN, &old), 0);
		assert_int_equal(load(shared, type, 0), types[type].width == 8 ? INT64_MIN + 5 : 5);
	}
	wt_shared_release(shared);
}

/* Each operation on each type does what the definition says to its cell, and nothing to any other byte. */
static void every_operation_agrees_with_its_definition(void **state)
{
	static const int64_t edges[] = { 0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
					 0xffffffff, 0x123456789abcdef0, INT64_MAX, INT64_MIN, 123456789 };
	const size_t count = sizeof edges / sizeof *edges;
	wt_shared *shared = make(BYTES, 0);
	unsigned char before[BYTES], *bytes = wt_shared_data(shared);

	(void)state;
	for (size_t i = 0; i < TYPES * OPERATIONS * count * count; i++) {
		int type = (int)(i % TYPES), operation = (int)(i / TYPES % OPERATIONS);
		size_t index = i % (BYTES / types[type].width), at = index * types[type].width;
		int64_t a = edges[i / TYPES / OPERATIONS % count], b = edges[i / TYPES / OPERATIONS / count], old;

		memset(bytes, 0xa5, BYTES);
		store(shared, type, index, a);
		memcpy(before, bytes, BYTES);
		assert_int_equal(operations[operation](shared, type, index, b, &old), 0);
		assert_int_equal(old, cut(type, (uint64_t)a));
		assert_int_equal(load(shared, type, index), expect(type, operation, old, b));
		memcpy(before + at, bytes + at, types[type].width);
		assert_memory_equal(before, bytes, BYTES);
	}
	wt_shared_release(shared);
}

static void compare_exchange_writes_only_what_was_expected(void **state)
{
	wt_shared *shared = make(BYTES, 0);
	int64_t old;

	(void)state;
	for (int type = 0; type < TYPES; type++) {
		store(shared, type, 3, 100);
		assert_int_equal(wt_atomics_compare_exchange(shared, type, 3, 99, 1, &old), 0);
		assert_int_equal(old, 100);
		assert_int_equal(load(shared, type, 3), 100);
		assert_int_equal(wt_atomics_compare_exchange(shared, type, 3, 100, -2, &old), 0);
		assert_int_equal(old, 100);
		assert_int_equal(load(shared, type, 3), cut(type, (uint64_t)-2));
		/* What is expected is cut to the width, like any value. */
		assert_int_equal(wt_atomics_compare_exchange(shared, type, 3, -2, 7, &old), 0);
		assert_int_equal(old, cut(type, (uint64_t)-2));
		assert_int_equal(load(shared, type, 3), 7);
		if (types[type].width < 8) {
			int64_t beyond = (int64_t)1 << (types[type].width * 8);

			assert_int_equal(wt_atomics_compare_exchange(shared, type, 3, 7 + beyond, 8 + beyond, NULL), 0);
			assert_int_equal(load(shared, type, 3), 8);
		}
		store(shared, type, 3, 0);
	}
	wt_shared_release(shared);
}

static void the_old_value_need_not_be_asked_for(void **state)
{
	wt_shared *shared = make(8, 0);

	(void)state;
	for (int operation = 0; operation < OPERATIONS; operation++)
		assert_int_equal(operations[operation](shared, WT_I64, 0, 1, NULL), 0);
	assert_int_equal(wt_atomics_load(shared, WT_I64, 0, NULL), WT_EINVAL);
	wt_shared_release(shared);
}

/* The layout is that of C: a cell is the object at its place in an array of the type. */
static void cells_are_those_of_an_array_in_c(void **state)
{
	wt_shared *shared = make(BYTES, 0);
	uint16_t *array = wt_shared_data(shared);

	(void)state;
	array[5] = 0x1234;
	assert_int_equal(load(shared, WT_U16, 5), 0x1234);
	store(shared, WT_I64, 1, -1);
	assert_int_equal(array[3], 0);
	assert_int_equal(array[4], 0xffff);
	assert_int_equal(array[7], 0xffff);
	assert_int_equal(array[8], 0);
	wt_shared_release(shared);
}

/* ---- Bad input ---- */

static void assert_refused(wt_shared *shared, int type, size_t index, int error)
{
	int64_t old = 77;

	assert_int_equal(wt_atomics_load(shared, type, index, &old), error);
	assert_int_equal(wt_atomics_store(shared, type, index, 1), error);
	for (int operation = 0; operation < OPERATIONS; operation++)
		assert_int_equal(operations[operation](shared, type, index, 1, &old), error);
	assert_int_equal(wt_atomics_compare_exchange(shared, type, index, 0, 1, &old), error);
	assert_int_equal(old, 77);
}

/* Every way to miss: one beyond, far beyond, where index times width wraps, a cell that the end cuts. */
static void an_index_out_of_range_is_refused_and_memory_untouched(void **state)
{
	wt_shared *shared = make(15, 0);
	unsigned char expected[15], *bytes = wt_shared_data(shared);

	(void)state;
	memset(bytes, 0xa5, 15);
	memcpy(expected, bytes, 15);
	for (int type = 0; type < TYPES; type++) {
		size_t width = types[type].width;
		const size_t bad[] = { 15 / width, 15 / width + 1, 4096, SIZE_MAX, SIZE_MAX / width, SIZE_MAX / width + 1,
				       (size_t)INT64_MAX, (size_t)INT64_MIN, (size_t)1 << 32 };

		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			if (bad[i] >= 15 / width)
				assert_refused(shared, type, bad[i], WT_ERANGE);
		assert_int_equal(load(shared, type, 15 / width - 1), cut(type, 0xa5a5a5a5a5a5a5a5));
	}
	assert_memory_equal(bytes, expected, 15);
	wt_shared_release(shared);
}

static void an_unknown_type_is_refused(void **state)
{
	wt_shared *shared = make(BYTES, 0);

	(void)state;
	assert_refused(shared, -1, 0, WT_EINVAL);
	assert_refused(shared, TYPES, 0, WT_EINVAL);
	assert_refused(shared, INT_MIN, 0, WT_EINVAL);
	assert_refused(shared, INT_MAX, 0, WT_EINVAL);
	assert_refused(NULL, WT_I32, 0, WT_EINVAL);
	wt_shared_release(shared);
}

static void memory_of_no_bytes_has_no_cells(void **state)
{
	wt_shared *shared = make(0, 8);

	(void)state;
	for (int type = 0; type < TYPES; type++)
		assert_refused(shared, type, 0, WT_ERANGE);
	assert_int_equal(wt_shared_grow(shared, 8), 0);
	for (int type = 0; type < TYPES; type++)
		assert_int_equal(load(shared, type, 0), 0);
	assert_refused(shared, WT_I64, 1, WT_ERANGE);
	wt_shared_release(shared);
}

static void the_sizes_of_cells_are_lock_free(void **state)
{
	(void)state;
	assert_true(wt_atomics_is_lock_free(1));
	assert_true(wt_atomics_is_lock_free(2));
	assert_true(wt_atomics_is_lock_free(4));
	assert_true(wt_atomics_is_lock_free(8));
	assert_false(wt_atomics_is_lock_free(0));
	assert_false(wt_atomics_is_lock_free(3));
	assert_false(wt_atomics_is_lock_free(16));
	assert_false(wt_atomics_is_lock_free(SIZE_MAX));
	wt_atomics_pause();
}

/* ---- Threads ---- */

#define THREADS 3

struct work {
	wt_shared *shared;
	struct latch *start;
	struct verdict *verdict;
	unsigned number;
	unsigned rounds;
	int type;
};

static int compare_exchange_add(struct work *w, size_t index)
{
	int64_t seen, old;
	int err = wt_atomics_load(w->shared, w->type, index, &old);

	do {
		seen = old;
		if (!err)
			err = wt_atomics_compare_exchange(w->shared, w->type, index, seen, (int64_t)((uint64_t)seen + 1), &old);
	} while (!err && old != seen);
	return err;
}

/* Cell 0 counts up, 1 down; 2 by compare and exchange; of 3 each has a bit that it toggles; 4 is handed on. */
static void *work(void *arg)
{
	struct work *w = arg;
	int64_t bit = (int64_t)1 << w->number, held = w->number + 1, old;
	uint64_t toggled = 0;

	CHECK(w->verdict, latch_await(w->start));
	for (unsigned i = 0; i < w->rounds; i++) {
		CHECK(w->verdict, wt_atomics_add(w->shared, w->type, 0, 1, NULL) == 0);
		CHECK(w->verdict, wt_atomics_sub(w->shared, w->type, 1, 1, NULL) == 0);
		CHECK(w->verdict, compare_exchange_add(w, 2) == 0);
		CHECK(w->verdict, wt_atomics_xor(w->shared, w->type, 3, bit, &old) == 0);
		CHECK(w->verdict, (old & bit) == (toggled++ % 2 ? bit : 0));
		CHECK(w->verdict, wt_atomics_exchange(w->shared, w->type, 4, held, &held) == 0);
	}
	w->number = (unsigned)held;
	return NULL;
}

static void operations_of_threads_do_not_lose_each_other(void **state)
{
	unsigned rounds = 100000 / support_slowdown();

	(void)state;
	for (int type = 0; type < TYPES; type++) {
		wt_shared *shared = make(BYTES, 0);
		struct verdict verdict = { 0 };
		struct latch start = { 0 };
		pthread_t threads[THREADS];
		struct work works[THREADS];
		unsigned held = 0;

		for (unsigned i = 0; i < THREADS; i++) {
			works[i] = (struct work){ shared, &start, &verdict, i, rounds, type };
			assert_int_equal(pthread_create(&threads[i], NULL, work, &works[i]), 0);
		}
		latch_open(&start);
		for (unsigned i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			held |= 1u << works[i].number;
		}
		assert_verdict(&verdict);
		assert_int_equal(load(shared, type, 0), cut(type, THREADS * rounds));
		assert_int_equal(load(shared, type, 1), cut(type, 0 - (uint64_t)THREADS * rounds));
		assert_int_equal(load(shared, type, 2), cut(type, THREADS * rounds));
		assert_int_equal(held | 1u << load(shared, type, 4), (1u << (THREADS + 1)) - 1);
		wt_shared_release(shared);
	}
}

/* Dekker's question: of two threads that write their own cell and then read the other's, one at least sees a write. */
struct dekker {
	wt_shared *shared;
	pthread_barrier_t *barrier;
	size_t mine;
	unsigned rounds;
	int64_t *saw;
};

static void *dekker(void *arg)
{
	struct dekker *d = arg;

	for (unsigned i = 0; i < d->rounds; i++) {
		pthread_barrier_wait(d->barrier);
		if (wt_atomics_store(d->shared, WT_I32, d->mine, i + 1) ||
		    wt_atomics_load(d->shared, WT_I32, 16 - d->mine, &d->saw[i]))
			d->saw[i] = -1;
	}
	return NULL;
}

static void all_threads_agree_on_one_order(void **state)
{
	enum { ROUNDS = 5000 };
	static int64_t saw[2][ROUNDS];
	unsigned rounds = ROUNDS / support_slowdown();
	wt_shared *shared = make(17 * 4, 0);
	pthread_barrier_t barrier;
	pthread_t threads[2];
	struct dekker sides[2];

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	for (size_t i = 0; i < 2; i++) {
		sides[i] = (struct dekker){ shared, &barrier, i * 16, rounds, saw[i] };
		assert_int_equal(pthread_create(&threads[i], NULL, dekker, &sides[i]), 0);
	}
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < rounds; i++)
		assert_true(saw[0][i] > i || saw[1][i] > i);
	pthread_barrier_destroy(&barrier);
	wt_shared_release(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_stored_is_loaded_with_the_sign_of_the_type),
		TEST(arithmetic_wraps_at_both_ends),
		TEST(every_operation_agrees_with_its_definition),
		TEST(compare_exchange_writes_only_what_was_expected),
		TEST(the_old_value_need_not_be_asked_for),
		TEST(cells_are_those_of_an_array_in_c),
		TEST(an_index_out_of_range_is_refused_and_memory_untouched),
		TEST(an_unknown_type_is_refused),
		TEST(memory_of_no_bytes_has_no_cells),
		TEST(the_sizes_of_cells_are_lock_free),
		TEST(operations_of_threads_do_not_lose_each_other),
		TEST(all_threads_agree_on_one_order),
	};

	return cmocka_run_group_tests_name("atomics", tests, NULL, NULL);
}
