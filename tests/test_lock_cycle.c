/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "support/support.h"

/* "x1E": of name x, thread 1, held exclusively; "x2s?": of thread 2, requested, shared. In the order of a snapshot. */
static size_t parse(const char *text, struct wti_lock_entry *entries)
{
	size_t count = 0;

	for (; *text; text += strcspn(text, " "), text += *text == ' ') {
		entries[count++] = (struct wti_lock_entry){
			.info = { .name = text,
				  .name_size = 1,
				  .thread_id = (uint64_t)(text[1] - '0'),
				  .mode = text[2] == 'S' ? WT_LOCK_SHARED : WT_LOCK_EXCLUSIVE,
				  .pending = text[3] == '?' },
		};
	}
	return count;
}

/* The cycles of a table, one digit for each entry. */
static void assert_cycles(const char *text, const char *expected)
{
	struct wti_lock_entry entries[64];
	size_t count = parse(text, entries);
	char got[65] = "";

	assert_int_equal(wti_lock_find_cycles(entries, count), 0);
	for (size_t i = 0; i < count; i++)
		got[i] = (char)('0' + entries[i].info.cycle);
	got[count] = '\0';
	assert_string_equal(got, expected);
}

static void waiting_alone_is_no_cycle(void **state)
{
	(void)state;
	assert_cycles("", "");
	assert_cycles("a1E", "0");
	assert_cycles("a1E a2E? a3E?", "000");
	assert_cycles("a1E a2E? b2E b3E? c3S c4E?", "000000");
	/* Two shared ones do not wait for each other. */
	assert_cycles("a1S a2S b1S b2S", "0000");
}

static void two_that_hold_what_the_other_wants_are_a_cycle(void **state)
{
	(void)state;
	assert_cycles("a1E a2E? b2E b1E?", "1111");
	assert_cycles("a1S a2E? b2S b1E?", "1111");
	/* Who only waits for them is not part of it. */
	assert_cycles("a1E a2E? a3E? b2E b1E? b4S?", "110110");
	assert_cycles("a1E a2E? b2E b3E? c3E c1E?", "111111");
}

static void one_that_waits_for_itself_is_a_cycle(void **state)
{
	(void)state;
	assert_cycles("a1E a1S?", "11");
	assert_cycles("a1S a1E? a2S", "110");
}

/* It could share, but waits in line behind one that cannot. */
static void the_line_itself_can_close_a_cycle(void **state)
{
	(void)state;
	assert_cycles("a1S a2E? a1S?", "111");
	assert_cycles("a1S a2E? a3S? b3E b1E?", "11111");
	assert_cycles("a1S a2S? a3S? b3E b1E?", "00000");
}

static void cycles_are_told_apart(void **state)
{
	(void)state;
	assert_cycles("a1E a2E? b2E b1E? c3E c4E? d4E d3E?", "11112222");
	/* A path from one to the other belongs to neither. */
	assert_cycles("a1E a2E? b2E b1E? b5E? c3E c4E? d4E d3E? e5E e3E?", "11110222200");
}

/* ---- Against the definition ---- */

enum { ENTRIES = 14, THREADS = 6 };

static bool waits_for(const struct wti_lock_entry *entries, size_t i, size_t j)
{
	const wt_lock_info *a = &entries[i].info, *b = &entries[j].info;

	return a->pending && j < i && wti_lock_compare_names(a, b) == 0 &&
	       (a->mode == WT_LOCK_EXCLUSIVE || b->mode == WT_LOCK_EXCLUSIVE);
}

/* Which thread reaches which, by every edge that there is (Warshall). */
static void reach_all(const struct wti_lock_entry *entries, size_t count, bool reach[THREADS][THREADS])
{
	memset(reach, 0, sizeof(bool[THREADS][THREADS]));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (waits_for(entries, i, j))
				reach[entries[i].info.thread_id][entries[j].info.thread_id] = true;
	for (int k = 0; k < THREADS; k++)
		for (int i = 0; i < THREADS; i++)
			for (int j = 0; j < THREADS; j++)
				reach[i][j] |= reach[i][k] && reach[k][j];
}

/* Names in order; of each, one exclusive or some shared ones held, then any requested. */
static size_t make_table(struct wti_lock_entry *entries, uint64_t *random)
{
	static const char names[] = "abcd";
	size_t count = 0;

	for (const char *name = names; *name; name++) {
		size_t held = support_random(random) % 3, all = held + support_random(random) % 3;

		for (size_t i = 0; i < all && count < ENTRIES; i++) {
			bool shared = (i < held && held > 1) || support_random(random) % 2;

			entries[count++] = (struct wti_lock_entry){
				.info = { .name = name,
					  .name_size = 1,
					  .thread_id = support_random(random) % THREADS,
					  .mode = shared ? WT_LOCK_SHARED : WT_LOCK_EXCLUSIVE,
					  .pending = i >= held },
			};
		}
	}
	return count;
}

static bool is_in_cycle(const struct wti_lock_entry *entries, size_t count, size_t i, bool reach[THREADS][THREADS])
{
	for (size_t j = 0; j < count; j++)
		if ((waits_for(entries, i, j) || waits_for(entries, j, i)) &&
		    reach[entries[i].info.thread_id][entries[j].info.thread_id] &&
		    reach[entries[j].info.thread_id][entries[i].info.thread_id])
			return true;
	return false;
}

/* The few edges that are followed find what all of them would. */
static void any_table_agrees_with_the_definition(void **state)
{
	uint64_t random = support_seed();
	unsigned found = 0;

	(void)state;
	for (unsigned round = 0; round < 50000 / support_slowdown(); round++) {
		struct wti_lock_entry entries[ENTRIES];
		bool reach[THREADS][THREADS];
		size_t count = make_table(entries, &random);

		assert_int_equal(wti_lock_find_cycles(entries, count), 0);
		reach_all(entries, count, reach);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(entries[i].info.cycle != 0, is_in_cycle(entries, count, i, reach));
			found += entries[i].info.cycle != 0;
			for (size_t j = 0; j < i; j++) {
				uint64_t a = entries[i].info.thread_id, b = entries[j].info.thread_id;

				if (entries[i].info.cycle && entries[j].info.cycle)
					assert_int_equal(entries[i].info.cycle == entries[j].info.cycle,
							 a == b || (reach[a][b] && reach[b][a]));
			}
		}
	}
	assert_true(found > 0);
}

static void a_long_line_is_searched_quickly(void **state)
{
	enum { MANY = 20000 };
	struct wti_lock_entry *entries = calloc(MANY, sizeof *entries);

	(void)state;
	assert_non_null(entries);
	for (size_t i = 0; i < MANY; i++)
		entries[i].info = (wt_lock_info){ .name = "a", .name_size = 1, .thread_id = i, .pending = i > 0 };
	assert_int_equal(wti_lock_find_cycles(entries, MANY), 0);
	entries[MANY - 1].info.thread_id = 0;
	assert_int_equal(wti_lock_find_cycles(entries, MANY), 0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(entries[i].info.cycle, 1);
	free(entries);
}

/* [P1] */
static void without_memory_it_says_so(void **state)
{
	struct wti_lock_entry entries[4];
	size_t count = parse("a1E a2E?", entries);

	(void)state;
	support_fail_allocations(1, 0);
	assert_int_equal(wti_lock_find_cycles(entries, count), WT_ENOMEM);
	assert_int_equal(wti_lock_find_cycles(entries, 0), 0);
	support_fail_allocations(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waiting_alone_is_no_cycle),
		TEST(two_that_hold_what_the_other_wants_are_a_cycle),
		TEST(one_that_waits_for_itself_is_a_cycle),
		TEST(the_line_itself_can_close_a_cycle),
		TEST(cycles_are_told_apart),
		TEST(any_table_agrees_with_the_definition),
		TEST(a_long_line_is_searched_quickly),
		TEST(without_memory_it_says_so),
	};

	return cmocka_run_group_tests_name("lock_cycle", tests, NULL, NULL);
}
