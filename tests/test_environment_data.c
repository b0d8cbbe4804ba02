/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <wt/environment.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/support.h"

static int set(const char *key, const char *data)
{
	return wt_set_environment_data(key, strlen(key), data, strlen(data) + 1);
}

static const char *get(const char *key)
{
	const char *data = wt_get_environment_data(key, strlen(key), NULL);

	return data ? data : "-";
}

static int forget(const char *key)
{
	return wt_delete_environment_data(key, strlen(key));
}

static void keys_and_data_are_bytes(void **state)
{
	size_t size = 77;

	(void)state;
	assert_null(wt_get_environment_data("none", 4, &size));
	assert_int_equal(size, 0);
	assert_int_equal(wt_set_environment_data("k\0y", 3, "a\0b", 3), 0);
	assert_memory_equal(wt_get_environment_data("k\0y", 3, &size), "a\0b", 3);
	assert_int_equal(size, 3);
	assert_null(wt_get_environment_data("k", 1, NULL));
	/* Both may be empty; what is set to nothing is set. */
	assert_int_equal(wt_set_environment_data(NULL, 0, NULL, 0), 0);
	assert_non_null(wt_get_environment_data("", 0, &size));
	assert_int_equal(size, 0);
	assert_int_equal(wt_delete_environment_data("k\0y", 3), 0);
	assert_int_equal(wt_delete_environment_data(NULL, 0), 0);
	assert_null(wt_get_environment_data("", 0, NULL));
}

static void what_is_set_again_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(set("a", "1"), 0);
	assert_int_equal(set("a", "2"), 0);
	assert_string_equal(get("a"), "2");
	/* Also by a part of itself. */
	assert_int_equal(wt_set_environment_data("a", 1, get("a") + 1, 1), 0);
	assert_string_equal(get("a"), "");
	assert_int_equal(forget("a"), 0);
	assert_int_equal(forget("a"), 0);
	assert_string_equal(get("a"), "-");
}

/* ---- Workers ---- */

struct steps {
	struct verdict *verdict;
	struct latch *inside, *changed;
};

static int nested(wt_port *parent, const void *data, size_t size)
{
	struct verdict *verdict = *(struct verdict *const *)data;

	(void)parent;
	(void)size;
	CHECK(verdict, strcmp(get("main"), "main") == 0);
	CHECK(verdict, strcmp(get("worker"), "worker") == 0);
	CHECK(verdict, strcmp(get("late"), "-") == 0);
	CHECK(verdict, forget("main") == 0);
	return 0;
}

static int check_snapshot(wt_port *parent, const void *data, size_t size)
{
	const struct steps *steps = data;
	wt_worker *child;

	(void)parent;
	(void)size;
	latch_open(steps->inside);
	CHECK(steps->verdict, latch_await(steps->changed));
	CHECK(steps->verdict, strcmp(get("main"), "main") == 0);
	CHECK(steps->verdict, strcmp(get("late"), "-") == 0);
	CHECK(steps->verdict, set("worker", "worker") == 0);
	CHECK(steps->verdict, wt_worker_create(&child, nested, &steps->verdict, sizeof steps->verdict, NULL) == 0);
	CHECK(steps->verdict, set("worker", "changed") == 0);
	CHECK(steps->verdict, wt_worker_join(child, NULL, WT_FOREVER) == 0);
	CHECK(steps->verdict, strcmp(get("main"), "main") == 0);
	wt_worker_destroy(child);
	return 0;
}

/* [W6] As it was at create, whatever either side does later; nested workers inherit it. */
static void a_worker_has_a_snapshot(void **state)
{
	struct latch inside = { 0 }, changed = { 0 };
	struct verdict verdict = { 0 };
	struct steps steps = { &verdict, &inside, &changed };
	wt_worker *worker;

	(void)state;
	assert_int_equal(set("main", "main"), 0);
	assert_int_equal(wt_worker_create(&worker, check_snapshot, &steps, sizeof steps, NULL), 0);
	assert_true(latch_await(&inside));
	assert_int_equal(set("main", "changed"), 0);
	assert_int_equal(set("late", "late"), 0);
	latch_open(&changed);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_verdict(&verdict);
	assert_string_equal(get("main"), "changed");
	assert_string_equal(get("worker"), "-");
	wt_worker_destroy(worker);
	assert_int_equal(forget("main"), 0);
	assert_int_equal(forget("late"), 0);
}

static int idle(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static unsigned long allocations_of_a_worker(void)
{
	wt_worker *worker;

	support_count_reset();
	assert_int_equal(wt_worker_create(&worker, idle, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	return support_counts.allocations;
}

/* [W6] One that does not ask gets it for a count. */
static void a_snapshot_needs_no_memory(void **state)
{
	unsigned long before;

	(void)state;
	support_count();
	allocations_of_a_worker(); /* the first looks at the process's variables */
	before = allocations_of_a_worker();
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(wt_set_environment_data(&i, sizeof i, "data", 4), 0);
	assert_int_equal(allocations_of_a_worker(), before);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(wt_delete_environment_data(&i, sizeof i), 0);
}

static void use_elsewhere(void *arg)
{
	struct verdict *verdict = arg;

	CHECK(verdict, strcmp(get("a"), "-") == 0);
	CHECK(verdict, forget("a") == 0);
	CHECK(verdict, set("a", "mine") == 0);
	CHECK(verdict, strcmp(get("a"), "mine") == 0);
}

static void each_thread_has_its_own(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	assert_int_equal(set("a", "main"), 0);
	run_on_new_thread(use_elsewhere, &verdict);
	assert_verdict(&verdict);
	assert_string_equal(get("a"), "main");
	assert_int_equal(forget("a"), 0);
}

/* ---- Misuse, exhaustion ---- */

static void bad_input_is_refused(void **state)
{
	size_t size = 77;

	(void)state;
	errno = ENOTTY;
	assert_int_equal(wt_set_environment_data(NULL, 1, "data", 4), WT_EINVAL);
	assert_int_equal(wt_set_environment_data("key", 3, NULL, 1), WT_EINVAL);
	assert_int_equal(wt_set_environment_data("key", SIZE_MAX, "data", 4), WT_EOVERFLOW);
	assert_int_equal(wt_set_environment_data("key", 3, "data", SIZE_MAX), WT_EOVERFLOW);
	assert_int_equal(wt_set_environment_data("key", 3, "data", (size_t)1 << 62), WT_EOVERFLOW);
	assert_null(wt_get_environment_data(NULL, 1, &size));
	assert_int_equal(size, 0);
	assert_int_equal(wt_delete_environment_data(NULL, 1), WT_EINVAL);
	assert_null(wt_get_environment_data("key", 3, NULL));
	assert_int_equal(errno, ENOTTY);
}

static void set_without_memory(void *arg)
{
	struct verdict *verdict = arg;
	support_fail_allocations(1, 1);
	CHECK(verdict, set("a", "1") == WT_ENOMEM); /* the thread's record */
	wt_thread_id();
	for (unsigned long n = 1; n <= 3; n++) {
		support_fail_allocations(n, 1);
		CHECK(verdict, set("a", "1") == (n < 3 ? WT_ENOMEM : 0)); /* the entry, the dictionary */
		support_fail_allocations(0, 0);
		CHECK(verdict, strcmp(get("a"), n < 3 ? "-" : "1") == 0);
	}
}

/* [P1] */
static void without_memory_nothing_is_set(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(set_without_memory, &verdict);
	assert_verdict(&verdict);
}

static int wait_for_end(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

/* [P1] To delete needs memory where a worker still has the snapshot. */
static void without_memory_nothing_is_deleted(void **state)
{
	wt_worker *worker;

	(void)state;
	support_count(); /* puts the seams in place, before there is another thread */
	assert_int_equal(set("a", "1"), 0);
	assert_int_equal(wt_worker_create(&worker, wait_for_end, NULL, 0, NULL), 0);
	support_fail_allocations(1, 0);
	assert_int_equal(forget("a"), WT_ENOMEM);
	assert_int_equal(forget("none"), 0);
	support_fail_allocations(0, 0);
	assert_string_equal(get("a"), "1");
	wt_worker_destroy(worker);
	support_fail_allocations(1, 0);
	assert_int_equal(forget("a"), 0);
	support_fail_allocations(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_and_data_are_bytes),
		TEST(what_is_set_again_is_replaced),
		TEST(a_worker_has_a_snapshot),
		TEST(a_snapshot_needs_no_memory),
		TEST(each_thread_has_its_own),
		TEST(bad_input_is_refused),
		TEST(without_memory_nothing_is_set),
		TEST(without_memory_nothing_is_deleted),
	};

	return cmocka_run_group_tests_name("environment_data", tests, NULL, NULL);
}
