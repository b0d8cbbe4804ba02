/* SPDX-License-Identifier: MIT */
#include "dictionary.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <wt/error.h>

#include "support/support.h"

static int put(struct wti_dictionary **d, const void *key, size_t key_size, const char *value)
{
	struct wti_entry *entry = wti_entry_create(key, key_size, value, strlen(value) + 1), *old;
	int err;

	if (!entry)
		return WT_ENOMEM;
	err = wti_dictionary_put(d, entry, &old);
	wti_entry_release(err ? entry : old);
	return err;
}

static int take(struct wti_dictionary **d, const void *key, size_t key_size)
{
	struct wti_entry *old;
	int err = wti_dictionary_take(d, key, key_size, &old);

	wti_entry_release(old);
	return err;
}

/* The value as text, or "-". */
static const char *value(const struct wti_dictionary *d, const void *key, size_t key_size)
{
	const struct wti_entry *entry = wti_dictionary_find(d, key, key_size);

	return entry ? (const char *)entry->value : "-";
}

static void nothing_is_an_empty_dictionary(void **state)
{
	struct wti_dictionary *none = NULL;

	(void)state;
	assert_null(wti_dictionary_find(NULL, "a", 1));
	assert_null(wti_dictionary_hold(NULL));
	wti_dictionary_release(NULL);
	assert_null(wti_entry_hold(NULL));
	wti_entry_release(NULL);
	assert_int_equal(take(&none, "a", 1), 0);
	assert_null(none);
	none = wti_dictionary_create();
	assert_non_null(none);
	assert_null(wti_dictionary_find(none, "", 0));
	wti_dictionary_release(none);
}

static void keys_are_bytes(void **state)
{
	struct wti_dictionary *d = NULL;

	(void)state;
	assert_int_equal(put(&d, "a\0b", 3, "inside"), 0);
	assert_int_equal(put(&d, "a\0c", 3, "other"), 0);
	assert_int_equal(put(&d, "a", 1, "short"), 0);
	assert_int_equal(put(&d, "", 0, "empty"), 0);
	assert_int_equal(put(&d, "\xff", 1, "high"), 0);
	assert_string_equal(value(d, "a\0b", 3), "inside");
	assert_string_equal(value(d, "a\0c", 3), "other");
	assert_string_equal(value(d, "a", 1), "short");
	assert_string_equal(value(d, "a\0", 2), "-");
	assert_string_equal(value(d, NULL, 0), "empty");
	assert_string_equal(value(d, "\xff", 1), "high");
	wti_dictionary_release(d);
}

static void values_are_aligned_for_any_type(void **state)
{
	struct wti_entry *entry = wti_entry_create("key", 3, "value", 5);

	(void)state;
	assert_non_null(entry);
	assert_int_equal((uintptr_t)entry->value % alignof(max_align_t), 0);
	assert_int_equal(entry->size, 5);
	assert_int_equal(entry->key_size, 3);
	wti_entry_release(entry);
}

enum { KEYS = 300 };

/* Against an array: any order of putting, replacing and taking. */
static void it_is_what_was_put_and_not_taken(void **state)
{
	static char model[KEYS][32];
	uint64_t random = support_seed();
	struct wti_dictionary *d = NULL;

	(void)state;
	memset(model, 0, sizeof model);
	for (unsigned i = 0; i < 20000 / support_slowdown(); i++) {
		uint16_t key = (uint16_t)(support_random(&random) % KEYS);

		if (support_random(&random) % 3) {
			snprintf(model[key], sizeof model[key], "%u", i);
			assert_int_equal(put(&d, &key, sizeof key, model[key]), 0);
		} else {
			model[key][0] = '\0';
			assert_int_equal(take(&d, &key, sizeof key), 0);
		}
	}
	for (uint16_t key = 0; key < KEYS; key++)
		assert_string_equal(value(d, &key, sizeof key), model[key][0] ? model[key] : "-");
	wti_dictionary_release(d);
}

static void a_snapshot_stays_as_it_was(void **state)
{
	struct wti_dictionary *mine = NULL, *snapshot;

	(void)state;
	assert_int_equal(put(&mine, "a", 1, "1"), 0);
	assert_int_equal(put(&mine, "b", 1, "2"), 0);
	snapshot = wti_dictionary_hold(mine);
	assert_ptr_equal(snapshot, mine);
	assert_int_equal(put(&mine, "a", 1, "changed"), 0);
	assert_ptr_not_equal(snapshot, mine);
	assert_int_equal(take(&mine, "b", 1), 0);
	assert_int_equal(put(&mine, "c", 1, "new"), 0);
	assert_string_equal(value(snapshot, "a", 1), "1");
	assert_string_equal(value(snapshot, "b", 1), "2");
	assert_string_equal(value(snapshot, "c", 1), "-");
	assert_string_equal(value(mine, "a", 1), "changed");
	assert_string_equal(value(mine, "b", 1), "-");
	wti_dictionary_release(mine);
	assert_string_equal(value(snapshot, "a", 1), "1");
	wti_dictionary_release(snapshot);
}

static void one_that_is_alone_changes_in_place(void **state)
{
	struct wti_dictionary *d = NULL, *before;
	unsigned long allocations;

	(void)state;
	support_count();
	assert_int_equal(put(&d, "a", 1, "1"), 0);
	before = wti_dictionary_hold(d);
	wti_dictionary_release(before);
	support_count_reset();
	assert_int_equal(put(&d, "a", 1, "2"), 0);
	allocations = support_counts.allocations;
	assert_ptr_equal(d, before);
	assert_int_equal(allocations, 1);
	wti_dictionary_release(d);
}

/* [P1] */
static void without_memory_nothing_changes(void **state)
{
	struct wti_dictionary *d = NULL, *snapshot;

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(put(&d, &"abcdefgh"[i], 1, "1"), 0);
	snapshot = wti_dictionary_hold(d);
	for (unsigned long n = 1; n <= 2; n++) {
		support_fail_allocations(n, 1);
		assert_int_equal(put(&d, "x", 1, "2"), WT_ENOMEM);
		support_fail_allocations(0, 0);
		assert_ptr_equal(d, snapshot);
		assert_string_equal(value(d, "x", 1), "-");
	}
	support_fail_allocations(1, 1);
	assert_int_equal(take(&d, "a", 1), WT_ENOMEM);
	assert_int_equal(take(&d, "x", 1), 0);
	support_fail_allocations(0, 0);
	assert_string_equal(value(d, "a", 1), "1");
	wti_dictionary_release(snapshot);
	wti_dictionary_release(d);
}

struct reader {
	struct wti_dictionary *snapshot;
	struct verdict *verdict;
	unsigned number;
};

static void *read_and_change(void *arg)
{
	struct reader *r = arg;
	char text[16];

	snprintf(text, sizeof text, "%u", r->number);
	CHECK(r->verdict, strcmp(value(r->snapshot, "a", 1), text) == 0);
	CHECK(r->verdict, put(&r->snapshot, "a", 1, "mine") == 0);
	CHECK(r->verdict, strcmp(value(r->snapshot, "a", 1), "mine") == 0);
	wti_dictionary_release(r->snapshot);
	return NULL;
}

/* One changes while others take snapshots, read and let go: in place only when they are done. */
static void snapshots_are_read_while_the_giver_changes(void **state)
{
	enum { READERS = 4 };
	struct wti_dictionary *d = NULL;
	struct verdict verdict = { 0 };

	(void)state;
	for (unsigned i = 0; i < 300 / support_slowdown() + 20; i++) {
		struct reader readers[READERS];
		pthread_t threads[READERS];

		for (unsigned j = 0; j < READERS; j++) {
			char text[16];

			snprintf(text, sizeof text, "%u", i + j);
			assert_int_equal(put(&d, "a", 1, text), 0);
			readers[j] = (struct reader){ wti_dictionary_hold(d), &verdict, i + j };
			assert_int_equal(pthread_create(&threads[j], NULL, read_and_change, &readers[j]), 0);
		}
		for (int j = 0; j < READERS; j++)
			pthread_join(threads[j], NULL);
	}
	assert_verdict(&verdict);
	wti_dictionary_release(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_an_empty_dictionary),
		TEST(keys_are_bytes),
		TEST(values_are_aligned_for_any_type),
		TEST(it_is_what_was_put_and_not_taken),
		TEST(a_snapshot_stays_as_it_was),
		TEST(one_that_is_alone_changes_in_place),
		TEST(without_memory_nothing_changes),
		TEST(snapshots_are_read_while_the_giver_changes),
	};

	return cmocka_run_group_tests_name("dictionary", tests, NULL, NULL);
}
