/* SPDX-License-Identifier: MIT */
#include <wt/buffer.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>

#include "support/support.h"
#include "support/transfer.h"

#define TOO_LARGE (((size_t)1 << 62) + 1)

static char bytes[64];

/* ---- Create ---- */

static void a_new_buffer_is_zero_and_aligned(void **state)
{
	static const size_t sizes[] = { 1, 7, 8, 15, 16, 17, 4095, 4096, 65536, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_buffer *buffer;
		unsigned char *data;

		assert_int_equal(wt_buffer_create(&buffer, sizes[i]), 0);
		assert_int_equal(wt_buffer_size(buffer), sizes[i]);
		data = wt_buffer_data(buffer);
		assert_non_null(data);
		assert_int_equal((uintptr_t)data % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			if (data[k])
				fail_msg("byte %zu of %zu", k, sizes[i]);
		memset(data, 0xff, sizes[i]);
		wt_buffer_destroy(buffer);
	}
}

/* The memory comes from a pool that was dirty a moment ago. */
static void a_new_buffer_is_zero_also_where_another_was(void **state)
{
	wt_buffer *buffer;

	(void)state;
	for (int i = 0; i < 100; i++) {
		unsigned char *data;

		assert_int_equal(wt_buffer_create(&buffer, 100), 0);
		data = wt_buffer_data(buffer);
		for (int k = 0; k < 100; k++)
			assert_int_equal(data[k], 0);
		memset(data, 0x55, 100);
		wt_buffer_destroy(buffer);
	}
}

static void a_buffer_may_have_no_bytes(void **state)
{
	struct deleted deleted = { 0 };
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 0), 0);
	assert_non_null(buffer);
	assert_int_equal(wt_buffer_size(buffer), 0);
	wt_buffer_destroy(buffer);

	assert_int_equal(wt_buffer_wrap(&buffer, NULL, 0, count_deleted, &deleted), 0);
	assert_int_equal(wt_buffer_size(buffer), 0);
	wt_buffer_destroy(buffer);
	assert_deleted(&deleted, 1);
}

static void create_refuses_what_is_invalid(void **state)
{
	wt_buffer *buffer = (wt_buffer *)bytes;

	(void)state;
	assert_int_equal(wt_buffer_create(NULL, 1), WT_EINVAL);
	assert_int_equal(wt_buffer_create(&buffer, TOO_LARGE), WT_EOVERFLOW);
	assert_null(buffer);
	buffer = (wt_buffer *)bytes;
	assert_int_equal(wt_buffer_create(&buffer, SIZE_MAX), WT_EOVERFLOW);
	assert_null(buffer);
	if (support_slowdown() > 1)
		return; /* a sanitizer's malloc does not refuse: it ends the program */
	buffer = (wt_buffer *)bytes;
	assert_int_equal(wt_buffer_create(&buffer, (size_t)1 << 62), WT_ENOMEM);
	assert_null(buffer);
}

static void create_survives_every_failing_allocation(void **state)
{
	wt_buffer *buffer;
	int err = WT_ENOMEM;

	(void)state;
	wt_thread_id();
	support_count();
	for (unsigned long n = 1; err; n++) {
		buffer = (wt_buffer *)bytes;
		support_fail_allocations(n, 1);
		err = wt_buffer_create(&buffer, 100);
		support_fail_allocations(0, 0);
		assert_true(err == 0 || err == WT_ENOMEM);
		assert_true(err || n > 1);
		if (err)
			assert_null(buffer);
	}
	wt_buffer_destroy(buffer);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- Wrap ---- */

static void a_wrapped_buffer_is_the_programs_memory(void **state)
{
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_buffer_wrap(&buffer, bytes + 3, 17, NULL, NULL), 0);
	assert_ptr_equal(wt_buffer_data(buffer), bytes + 3);
	assert_int_equal(wt_buffer_size(buffer), 17);
	memset(wt_buffer_data(buffer), 'x', 17);
	wt_buffer_destroy(buffer);
	assert_int_equal(bytes[3], 'x');
}

struct seen {
	void *data;
	void *arg;
	unsigned calls;
};

static void note_deleted(void *data, void *arg)
{
	struct seen *seen = arg;

	seen->data = data;
	seen->arg = arg;
	seen->calls++;
}

/* [T4] */
static void the_deleter_gets_the_memory_and_its_arg_once(void **state)
{
	struct seen seen = { 0 };
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_buffer_wrap(&buffer, bytes, 8, note_deleted, &seen), 0);
	assert_int_equal(seen.calls, 0);
	wt_buffer_destroy(buffer);
	assert_int_equal(seen.calls, 1);
	assert_ptr_equal(seen.data, bytes);
	assert_ptr_equal(seen.arg, &seen);
}

static void run_loop(void *data, void *err)
{
	(void)data;
	*(int *)err = wt_run_once(WT_NOW);
}

/* As where the library calls it. */
static void *destroy_what_runs_it(void *err)
{
	wt_buffer *buffer;

	if (wt_buffer_wrap(&buffer, bytes, 8, run_loop, err) == 0)
		wt_buffer_destroy(buffer);
	return NULL;
}

static void the_deleter_may_not_run_the_loop(void **state)
{
	pthread_t thread;
	int err[2] = { 0 };

	(void)state;
	destroy_what_runs_it(&err[0]);
	assert_int_equal(err[0], WT_EBUSY);
	assert_int_equal(wt_run_once(WT_NOW), 0);
	/* Also where it is the thread's first use of the library. */
	assert_int_equal(pthread_create(&thread, NULL, destroy_what_runs_it, &err[1]), 0);
	pthread_join(thread, NULL);
	assert_int_equal(err[1], WT_EBUSY);
}

static void wrap_refuses_what_is_invalid_and_leaves_the_memory(void **state)
{
	struct deleted deleted = { 0 };
	wt_buffer *buffer = (wt_buffer *)bytes;

	(void)state;
	assert_int_equal(wt_buffer_wrap(NULL, bytes, 8, count_deleted, &deleted), WT_EINVAL);
	assert_int_equal(wt_buffer_wrap(&buffer, NULL, 1, count_deleted, &deleted), WT_EINVAL);
	assert_null(buffer);
	buffer = (wt_buffer *)bytes;
	assert_int_equal(wt_buffer_wrap(&buffer, bytes, TOO_LARGE, count_deleted, &deleted), WT_EOVERFLOW);
	assert_null(buffer);
	buffer = (wt_buffer *)bytes;
	assert_int_equal(wt_buffer_wrap(&buffer, bytes, SIZE_MAX, count_deleted, &deleted), WT_EOVERFLOW);
	assert_null(buffer);
	assert_deleted(&deleted, 0);
}

static void wrap_without_memory_leaves_the_memory_to_the_caller(void **state)
{
	struct deleted deleted = { 0 };
	wt_buffer *buffer = (wt_buffer *)bytes;

	(void)state;
	support_fail_allocations(1, 0);
	assert_int_equal(wt_buffer_wrap(&buffer, bytes, 8, count_deleted, &deleted), WT_ENOMEM);
	support_fail_allocations(0, 0);
	assert_null(buffer);
	assert_deleted(&deleted, 0);
}

/* ---- Slices ---- */

static void a_slice_is_a_copy(void **state)
{
	wt_buffer *buffer, *copy;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 10), 0);
	memcpy(wt_buffer_data(buffer), "0123456789", 10);
	assert_int_equal(wt_buffer_slice_copy(&copy, buffer, 3, 4), 0);
	memset(wt_buffer_data(buffer), 'x', 10);
	assert_int_equal(wt_buffer_size(copy), 4);
	assert_memory_equal(wt_buffer_data(copy), "3456", 4);
	assert_int_equal((uintptr_t)wt_buffer_data(copy) % 16, 0);
	wt_buffer_destroy(buffer);
	assert_memory_equal(wt_buffer_data(copy), "3456", 4);
	wt_buffer_destroy(copy);
}

static void a_slice_of_a_wrapped_buffer_has_no_deleter(void **state)
{
	struct deleted deleted = { 0 };
	wt_buffer *buffer = wrap_counted(&deleted), *copy;

	(void)state;
	assert_non_null(buffer);
	assert_int_equal(wt_buffer_slice_copy(&copy, buffer, 0, 8), 0);
	assert_ptr_not_equal(wt_buffer_data(copy), wt_buffer_data(buffer));
	wt_buffer_destroy(copy);
	assert_deleted(&deleted, 0);
	wt_buffer_destroy(buffer);
	assert_deleted(&deleted, 1);
}

static void a_slice_of_what_must_stay_can_go(void **state)
{
	wt_buffer *buffer, *copy;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	wt_buffer_mark_untransferable(buffer);
	assert_int_equal(wt_buffer_slice_copy(&copy, buffer, 0, 8), 0);
	assert_false(wt_buffer_is_marked_untransferable(copy));
	wt_buffer_destroy(copy);
	wt_buffer_destroy(buffer);
}

static void a_slice_keeps_within_the_buffer(void **state)
{
	static const struct {
		size_t offset, size;
		int err;
	} cases[] = {
		{ 0, 10, 0 },
		{ 10, 0, 0 },
		{ 9, 1, 0 },
		{ 0, 11, WT_ERANGE },
		{ 10, 1, WT_ERANGE },
		{ 11, 0, WT_ERANGE },
		{ 1, 10, WT_ERANGE },
		{ 0, SIZE_MAX, WT_ERANGE },
		{ SIZE_MAX, 0, WT_ERANGE },
		{ SIZE_MAX, 1, WT_ERANGE },
		{ 1, SIZE_MAX, WT_ERANGE },
		{ SIZE_MAX, SIZE_MAX, WT_ERANGE },
		{ 5, SIZE_MAX - 4, WT_ERANGE },
	};
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 10), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wt_buffer *copy = (wt_buffer *)bytes;
		int err = wt_buffer_slice_copy(&copy, buffer, cases[i].offset, cases[i].size);

		if (err != cases[i].err)
			fail_msg("case %zu: %s", i, wt_strerror(err));
		if (err)
			assert_null(copy);
		else
			assert_int_equal(wt_buffer_size(copy), cases[i].size);
		wt_buffer_destroy(copy);
	}
	wt_buffer_destroy(buffer);
}

static void slice_refuses_what_is_invalid(void **state)
{
	wt_buffer *buffer, *copy = (wt_buffer *)bytes;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 10), 0);
	assert_int_equal(wt_buffer_slice_copy(NULL, buffer, 0, 1), WT_EINVAL);
	assert_int_equal(wt_buffer_slice_copy(&copy, NULL, 0, 0), WT_EINVAL);
	assert_null(copy);
	copy = (wt_buffer *)bytes;
	support_fail_allocations(1, 0);
	assert_int_equal(wt_buffer_slice_copy(&copy, buffer, 0, 1), WT_ENOMEM);
	support_fail_allocations(0, 0);
	assert_null(copy);
	wt_buffer_destroy(buffer);
}

/* ---- The rest ---- */

static void a_mark_stays(void **state)
{
	wt_buffer *buffer;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 10), 0);
	assert_false(wt_buffer_is_marked_untransferable(buffer));
	wt_buffer_mark_untransferable(buffer);
	wt_buffer_mark_untransferable(buffer);
	assert_true(wt_buffer_is_marked_untransferable(buffer));
	wt_buffer_destroy(buffer);
}

static void null_is_no_buffer(void **state)
{
	(void)state;
	assert_null(wt_buffer_data(NULL));
	assert_int_equal(wt_buffer_size(NULL), 0);
	wt_buffer_mark_untransferable(NULL);
	assert_false(wt_buffer_is_marked_untransferable(NULL));
	wt_buffer_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_buffer_is_zero_and_aligned),
		TEST(a_new_buffer_is_zero_also_where_another_was),
		TEST(a_buffer_may_have_no_bytes),
		TEST(create_refuses_what_is_invalid),
		TEST(create_survives_every_failing_allocation),
		TEST(a_wrapped_buffer_is_the_programs_memory),
		TEST(the_deleter_gets_the_memory_and_its_arg_once),
		TEST(the_deleter_may_not_run_the_loop),
		TEST(wrap_refuses_what_is_invalid_and_leaves_the_memory),
		TEST(wrap_without_memory_leaves_the_memory_to_the_caller),
		TEST(a_slice_is_a_copy),
		TEST(a_slice_of_a_wrapped_buffer_has_no_deleter),
		TEST(a_slice_of_what_must_stay_can_go),
		TEST(a_slice_keeps_within_the_buffer),
		TEST(slice_refuses_what_is_invalid),
		TEST(a_mark_stays),
		TEST(null_is_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
