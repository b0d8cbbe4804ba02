/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int all_errors[] = {
	WT_E2BIG,   WT_EAGAIN,    WT_EBUSY,     WT_EDEADLK, WT_EINVAL,      WT_EMSGSIZE, WT_ENOMEM,
	WT_ENOTSUP, WT_EOVERFLOW, WT_ERANGE,    WT_ETIMEDOUT, WT_ECLOSED,   WT_ETERMINATED, WT_EOWNER,
	WT_EUNDECODABLE, WT_EEXIST, WT_ESRCH,   WT_ESAMETHREAD, WT_ENOLISTENER, WT_ELISTENER, WT_EDIED,
};

static const size_t all_errors_count = sizeof all_errors / sizeof *all_errors;

static void every_error_has_a_name_and_a_text_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < all_errors_count; i++) {
		assert_true(all_errors[i] < 0);
		assert_memory_equal(wt_err_name(all_errors[i]), "WT_E", 4);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(wt_err_name(all_errors[i]), wt_err_name(all_errors[j]));
			assert_string_not_equal(wt_strerror(all_errors[i]), wt_strerror(all_errors[j]));
		}
	}
}

static void zero_is_success_and_has_no_name(void **state)
{
	(void)state;
	assert_string_equal(wt_strerror(0), "success");
	assert_null(wt_err_name(0));
}

static void a_negative_errno_has_the_text_of_the_system(void **state)
{
	(void)state;
	assert_string_equal(wt_strerror(-ENOENT), "No such file or directory");
	assert_null(wt_err_name(-ENOENT));
}

static void any_other_number_is_an_unknown_error(void **state)
{
	static const int strange[] = { 1, ENOENT, INT32_MAX, -4095, -4096, -20000, -30000, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		assert_string_equal(wt_strerror(strange[i]), "unknown error");
		assert_null(wt_err_name(strange[i]));
	}
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	errno = ENOTTY;
	wt_strerror(-ENOENT);
	wt_strerror(INT32_MIN);
	wt_err_name(WT_ECLOSED);
	assert_int_equal(errno, ENOTTY);
}

/* An options struct as this library knows it, and as an older and a later one do. */
struct options {
	size_t size;
	uint64_t first;
	uint64_t second;
};

struct options_before {
	size_t size;
	uint64_t first;
};

struct options_after {
	size_t size;
	uint64_t first;
	uint64_t second;
	uint64_t third;
};

static const struct options untouched = { 7, 7, 7 };

static void options_null_are_all_defaults(void **state)
{
	struct options read = untouched;

	(void)state;
	assert_int_equal(wti_options_read(&read, sizeof read, NULL), 0);
	assert_int_equal(read.first, 0);
	assert_int_equal(read.second, 0);
}

static void options_of_the_same_version_are_copied(void **state)
{
	struct options given = { sizeof given, 1, 2 };
	struct options read = untouched;

	(void)state;
	assert_int_equal(wti_options_read(&read, sizeof read, &given), 0);
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 2);
}

static void options_of_an_older_caller_leave_defaults(void **state)
{
	struct options_before given = { sizeof given, 1 };
	struct options read = untouched;

	(void)state;
	assert_int_equal(wti_options_read(&read, sizeof read, &given), 0);
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 0);
}

static void options_of_a_later_caller_pass_while_unknown_fields_are_zero(void **state)
{
	struct options_after given = { sizeof given, 1, 2, 0 };
	struct options read = untouched;

	(void)state;
	assert_int_equal(wti_options_read(&read, sizeof read, &given), 0);
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 2);
	given.third = (uint64_t)1 << 63;
	assert_int_equal(wti_options_read(&read, sizeof read, &given), WT_E2BIG);
}

static void options_of_an_impossible_size_are_invalid(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1, WTI_OPTIONS_MAX + 1, SIZE_MAX };
	struct options given = { 0, 1, 2 };
	struct options read;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		given.size = sizes[i];
		assert_int_equal(wti_options_read(&read, sizeof read, &given), WT_EINVAL);
	}
}

static void a_snapshot_of_the_same_version_is_copied(void **state)
{
	struct options known = { 0, 1, 2 }; /* its own size is nobody's business */
	struct options read = untouched;

	(void)state;
	read.size = sizeof read;
	assert_int_equal(wti_snapshot_write(&read, &known, sizeof known), 0);
	assert_int_equal(read.size, sizeof read);
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 2);
}

static void a_snapshot_ends_where_an_older_caller_s_struct_does(void **state)
{
	struct options known = { 0, 1, 2 };
	struct options read = untouched;

	(void)state;
	read.size = sizeof(struct options_before);
	assert_int_equal(wti_snapshot_write(&read, &known, sizeof known), 0);
	assert_int_equal(read.size, sizeof(struct options_before));
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 7);
}

static void a_snapshot_is_zero_where_a_later_caller_s_struct_goes_on(void **state)
{
	struct options known = { 0, 1, 2 };
	struct options_after read = { sizeof read, 7, 7, 7 };

	(void)state;
	assert_int_equal(wti_snapshot_write(&read, &known, sizeof known), 0);
	assert_int_equal(read.size, sizeof read);
	assert_int_equal(read.first, 1);
	assert_int_equal(read.second, 2);
	assert_int_equal(read.third, 0);
}

static void a_snapshot_of_an_impossible_size_is_invalid(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1, WTI_OPTIONS_MAX + 1, SIZE_MAX };
	struct options known = { 0, 1, 2 };

	(void)state;
	assert_int_equal(wti_snapshot_write(NULL, &known, sizeof known), WT_EINVAL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct options read = untouched;

		read.size = sizes[i];
		assert_int_equal(wti_snapshot_write(&read, &known, sizeof known), WT_EINVAL);
		assert_int_equal(read.first, 7);
		assert_int_equal(read.second, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_name_and_a_text_of_its_own),
		cmocka_unit_test(zero_is_success_and_has_no_name),
		cmocka_unit_test(a_negative_errno_has_the_text_of_the_system),
		cmocka_unit_test(any_other_number_is_an_unknown_error),
		cmocka_unit_test(errno_is_left_alone),
		cmocka_unit_test(options_null_are_all_defaults),
		cmocka_unit_test(options_of_the_same_version_are_copied),
		cmocka_unit_test(options_of_an_older_caller_leave_defaults),
		cmocka_unit_test(options_of_a_later_caller_pass_while_unknown_fields_are_zero),
		cmocka_unit_test(options_of_an_impossible_size_are_invalid),
		cmocka_unit_test(a_snapshot_of_the_same_version_is_copied),
		cmocka_unit_test(a_snapshot_ends_where_an_older_caller_s_struct_does),
		cmocka_unit_test(a_snapshot_is_zero_where_a_later_caller_s_struct_goes_on),
		cmocka_unit_test(a_snapshot_of_an_impossible_size_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
