/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <wt/shared.h>
#include <wt/thread.h>

#include "base.h"
#include "os.h"

#define KIB ((size_t)1024)
#define TIB ((size_t)1 << 40)

/* A table that counts and fails what concerns memory. */
static struct wti_os_ops os_table;
static int reserved, released, commits_until_failure;

static int count_reserve(void **address, size_t size)
{
	int err = wti_os_real.memory_reserve(address, size);

	reserved += err == 0;
	return err;
}

static int fail_reserve(void **address, size_t size)
{
	(void)address;
	(void)size;
	return -ENOMEM;
}

static int fail_commit(void *address, size_t size)
{
	if (commits_until_failure-- > 0)
		return wti_os_real.memory_commit(address, size);
	return -ENOMEM;
}

static int count_release(void *address, size_t size)
{
	released++;
	return wti_os_real.memory_release(address, size);
}

static void count_memory(void)
{
	os_table = wti_os_real;
	os_table.memory_reserve = count_reserve;
	os_table.memory_release = count_release;
	wti_os = &os_table;
	reserved = released = 0;
}

static wt_shared *make(size_t size, size_t max_size)
{
	wt_shared *shared;

	assert_int_equal(wt_shared_create(&shared, size, max_size), 0);
	return shared;
}

static bool all_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* ---- Create ---- */

static void new_memory_is_zero_and_can_be_written(void **state)
{
	static const size_t sizes[] = { 1, 8, 100, 4095, 4096, 4097, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_shared *shared = make(sizes[i], 0);

		assert_int_equal(wt_shared_size(shared), sizes[i]);
		assert_int_equal(wt_shared_max_size(shared), sizes[i]);
		assert_int_equal((uintptr_t)wt_shared_data(shared) % 4096, 0);
		assert_true(all_zero(wt_shared_data(shared), sizes[i]));
		memset(wt_shared_data(shared), 0xff, sizes[i]);
		wt_shared_release(shared);
	}
}

static void memory_of_no_bytes_has_an_address_and_may_grow(void **state)
{
	wt_shared *shared = make(0, 0);

	(void)state;
	assert_non_null(wt_shared_data(shared));
	assert_int_equal(wt_shared_size(shared), 0);
	assert_int_equal(wt_shared_grow(shared, 0), 0);
	assert_int_equal(wt_shared_grow(shared, 1), WT_EINVAL);
	wt_shared_release(shared);
	shared = make(0, 10);
	assert_int_equal(wt_shared_grow(shared, 10), 0);
	memset(wt_shared_data(shared), 1, 10);
	wt_shared_release(shared);
}

static void impossible_arguments_are_refused_and_leave_null(void **state)
{
	wt_shared *shared = (wt_shared *)&shared;

	(void)state;
	assert_int_equal(wt_shared_create(NULL, 1, 1), WT_EINVAL);
	assert_int_equal(wt_shared_create(&shared, 2, 1), WT_EINVAL);
	assert_null(shared);
	assert_int_equal(wt_shared_create(&shared, SIZE_MAX, 0), WT_EOVERFLOW);
	assert_int_equal(wt_shared_create(&shared, 1, SIZE_MAX), WT_EOVERFLOW);
	assert_int_equal(wt_shared_create(&shared, WTI_SIZE_MAX + 1, 0), WT_EOVERFLOW);
	assert_null(shared);
}

static void more_than_the_address_space_is_out_of_memory(void **state)
{
	wt_shared *shared = (wt_shared *)&shared;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, WTI_SIZE_MAX, 0), WT_ENOMEM);
	assert_null(shared);
	assert_int_equal(wt_shared_create(&shared, 1, WTI_SIZE_MAX), WT_ENOMEM);
	assert_null(shared);
}

static void room_to_grow_costs_address_space_only(void **state)
{
	size_t before = support_resident();
	wt_shared *shared = make(1, TIB);

	(void)state;
	*(unsigned char *)wt_shared_data(shared) = 1;
	assert_true(support_resident() < before + 1024 * KIB);
	wt_shared_release(shared);
}

static void null_is_ignored_or_refused(void **state)
{
	(void)state;
	assert_null(wt_shared_data(NULL));
	assert_int_equal(wt_shared_size(NULL), 0);
	assert_int_equal(wt_shared_max_size(NULL), 0);
	assert_int_equal(wt_shared_grow(NULL, 0), WT_EINVAL);
	assert_null(wt_shared_hold(NULL));
	wt_shared_release(NULL);
}

static void errno_is_left_alone(void **state)
{
	wt_shared *shared;

	(void)state;
	errno = ENOTTY;
	assert_int_equal(wt_shared_create(&shared, 1, WTI_SIZE_MAX), WT_ENOMEM);
	shared = make(1, 100000);
	assert_int_equal(wt_shared_grow(shared, 100000), 0);
	wt_shared_release(shared);
	assert_int_equal(errno, ENOTTY);
}

/* ---- Grow ---- */

static void growing_keeps_address_and_contents_and_adds_zeros(void **state)
{
	static const size_t steps[] = { 11, 11, 4096, 4097, 12288, 100000 };
	wt_shared *shared = make(10, 100000);
	unsigned char *data = wt_shared_data(shared);
	size_t size = 10;

	(void)state;
	memset(data, 0xff, size);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_int_equal(wt_shared_grow(shared, steps[i]), 0);
		assert_int_equal(wt_shared_size(shared), steps[i]);
		assert_ptr_equal(wt_shared_data(shared), data);
		assert_true(all_zero(data + size, steps[i] - size));
		memset(data + size, 0xff, steps[i] - size);
		size = steps[i];
	}
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], 0xff);
	wt_shared_release(shared);
}

static void growing_to_less_or_too_much_changes_nothing(void **state)
{
	wt_shared *shared = make(10, 20);

	(void)state;
	assert_int_equal(wt_shared_grow(shared, 9), WT_EINVAL);
	assert_int_equal(wt_shared_grow(shared, 21), WT_EINVAL);
	assert_int_equal(wt_shared_grow(shared, SIZE_MAX), WT_EINVAL);
	assert_int_equal(wt_shared_size(shared), 10);
	assert_int_equal(wt_shared_grow(shared, 20), 0);
	wt_shared_release(shared);
}

#define GROWERS 4

struct growth {
	wt_shared *shared;
	struct verdict *verdict;
	struct latch *start;
	size_t step;
};

/* Whatever size is seen, its last byte is there; and sizes only rise. */
static void *grow_and_look(void *arg)
{
	struct growth *g = arg;
	unsigned char *data = wt_shared_data(g->shared);
	size_t seen = 0, max = wt_shared_max_size(g->shared);

	CHECK(g->verdict, latch_await(g->start));
	while (seen < max) {
		size_t size = wt_shared_size(g->shared), wanted = size + g->step < max ? size + g->step : max;
		int err = wt_shared_grow(g->shared, wanted);

		CHECK(g->verdict, size >= seen);
		CHECK(g->verdict, err == 0 || err == WT_EINVAL);
		seen = wt_shared_size(g->shared);
		CHECK(g->verdict, seen >= size && (err || seen >= wanted));
		CHECK(g->verdict, __atomic_load_n(&data[seen - 1], __ATOMIC_RELAXED) <= 1);
		__atomic_store_n(&data[seen - 1], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void threads_that_grow_at_the_same_time_agree(void **state)
{
	pthread_t threads[GROWERS];
	struct growth growth[GROWERS];
	struct verdict verdict = { 0 };
	struct latch start = { 0 };
	wt_shared *shared = make(1, 2048 * KIB);

	(void)state;
	for (unsigned i = 0; i < GROWERS; i++) {
		growth[i] = (struct growth){ shared, &verdict, &start, 997 * (i + 1) };
		assert_int_equal(pthread_create(&threads[i], NULL, grow_and_look, &growth[i]), 0);
	}
	latch_open(&start);
	for (unsigned i = 0; i < GROWERS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_int_equal(wt_shared_size(shared), 2048 * KIB);
	wt_shared_release(shared);
}

/* ---- Hold and release ---- */

static void the_last_release_and_no_other_gives_the_memory_back(void **state)
{
	wt_shared *shared;

	(void)state;
	count_memory();
	shared = make(8, 100000);
	assert_ptr_equal(wt_shared_hold(shared), shared);
	assert_ptr_equal(wt_shared_hold(shared), shared);
	wt_shared_release(shared);
	wt_shared_release(shared);
	assert_int_equal(released, 0);
	*(unsigned char *)wt_shared_data(shared) = 1;
	wt_shared_release(shared);
	assert_int_equal(reserved, 1);
	assert_int_equal(released, 1);
}

/* Each writes to its own half, releases, and the other goes on. */
static void *use_and_release(void *arg)
{
	wt_shared *shared = arg;

	((unsigned char *)wt_shared_data(shared))[0] = 1;
	wt_shared_release(shared);
	return NULL;
}

static void any_thread_may_be_the_last(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000 / support_slowdown(); i++) {
		wt_shared *shared = make(2, 0);
		pthread_t thread;

		wt_shared_hold(shared);
		assert_int_equal(pthread_create(&thread, NULL, use_and_release, shared), 0);
		((unsigned char *)wt_shared_data(shared))[1] = 1;
		wt_shared_release(shared);
		pthread_join(thread, NULL);
	}
}

/* ---- Exhaustion ---- */

static void failing_at_any_step_of_create_leaks_nothing(void **state)
{
	wt_shared *shared;

	(void)state;
	count_memory();
	support_fail_allocations(1, 1);
	assert_int_equal(wt_shared_create(&shared, 1, 0), WT_ENOMEM);
	assert_null(shared);
	assert_int_equal(reserved, 0);

	os_table.memory_reserve = fail_reserve;
	assert_int_equal(wt_shared_create(&shared, 1, 0), WT_ENOMEM);
	assert_null(shared);
	assert_int_equal(released, 0);

	os_table.memory_reserve = count_reserve;
	os_table.memory_commit = fail_commit;
	commits_until_failure = 0;
	assert_int_equal(wt_shared_create(&shared, 1, 0), WT_ENOMEM);
	assert_null(shared);
	assert_int_equal(reserved, 1);
	assert_int_equal(released, 1);

	commits_until_failure = 1;
	shared = make(1, 0);
	wt_shared_release(shared);
	assert_int_equal(released, 2);
}

static void failing_to_grow_changes_nothing_and_works_later(void **state)
{
	wt_shared *shared;

	(void)state;
	count_memory();
	os_table.memory_commit = fail_commit;
	commits_until_failure = 1;
	shared = make(10, 100000);
	memset(wt_shared_data(shared), 7, 10);
	assert_int_equal(wt_shared_grow(shared, 100000), WT_ENOMEM);
	assert_int_equal(wt_shared_size(shared), 10);
	assert_int_equal(((unsigned char *)wt_shared_data(shared))[9], 7);
	commits_until_failure = 1;
	assert_int_equal(wt_shared_grow(shared, 100000), 0);
	assert_true(all_zero((unsigned char *)wt_shared_data(shared) + 10, 100000 - 10));
	wt_shared_release(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_memory_is_zero_and_can_be_written),
		TEST(memory_of_no_bytes_has_an_address_and_may_grow),
		TEST(impossible_arguments_are_refused_and_leave_null),
		TEST(more_than_the_address_space_is_out_of_memory),
		TEST(room_to_grow_costs_address_space_only),
		TEST(null_is_ignored_or_refused),
		TEST(errno_is_left_alone),
		TEST(growing_keeps_address_and_contents_and_adds_zeros),
		TEST(growing_to_less_or_too_much_changes_nothing),
		TEST(threads_that_grow_at_the_same_time_agree),
		TEST(the_last_release_and_no_other_gives_the_memory_back),
		TEST(any_thread_may_be_the_last),
		TEST(failing_at_any_step_of_create_leaks_nothing),
		TEST(failing_to_grow_changes_nothing_and_works_later),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
