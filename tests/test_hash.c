/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <stdio.h>

#include "support/support.h"

/* The values that Fowler, Noll and Vo publish for FNV-1a of 64 bits. */
static void the_hash_is_fnv_1a(void **state)
{
	(void)state;
	assert_true(wti_hash(NULL, 0) == 0xcbf29ce484222325);
	assert_true(wti_hash("a", 1) == 0xaf63dc4c8601ec8c);
	assert_true(wti_hash("foobar", 6) == 0x85944171f73967e8);
}

/* Names that differ in their last byte, as numbered ones do, lie apart. */
static void numbered_names_fill_the_buckets_evenly(void **state)
{
	unsigned counts[64] = { 0 };

	(void)state;
	for (int i = 0; i < 6400; i++) {
		char name[16];
		int size = snprintf(name, sizeof name, "worker-%d", i);
		size_t bucket = wti_hash_bucket(wti_hash(name, (size_t)size), 6);

		assert_true(bucket < 64);
		counts[bucket]++;
	}
	for (int i = 0; i < 64; i++)
		assert_true(counts[i] > 50 && counts[i] < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_hash_is_fnv_1a),
		TEST(numbered_names_fill_the_buckets_evenly),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
