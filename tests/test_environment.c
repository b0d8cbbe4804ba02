/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wt/environment.h>
#include <wt/worker.h>

#include "support/child.h"
#include "support/ports.h"
#include "support/support.h"

static const char *get(const char *name)
{
	const char *value = wt_getenv(name);

	return value ? value : "-";
}

/* ---- The process's variables ---- */

/* main() has set these before libwt looked. */
static void the_main_thread_begins_with_the_processs(void **state)
{
	(void)state;
	assert_string_equal(get("WT_TEST_FIRST"), "first");
	assert_string_equal(get("WT_TEST_EQUALS"), "a=b");
	assert_string_equal(get("WT_TEST_EMPTY"), "");
	assert_null(wt_getenv("WT_TEST_NONE"));
}

/* setenv of another thread would be a race with a read. */
static void the_c_librarys_are_neither_read_again_nor_changed(void **state)
{
	(void)state;
	assert_null(wt_getenv("WT_TEST_LATE"));
	assert_int_equal(setenv("WT_TEST_LATE", "late", 1), 0);
	assert_int_equal(setenv("WT_TEST_FIRST", "changed", 1), 0);
	assert_null(wt_getenv("WT_TEST_LATE"));
	assert_string_equal(get("WT_TEST_FIRST"), "first");
	assert_int_equal(wt_setenv("WT_TEST_FIRST", "ours"), 0);
	assert_int_equal(wt_setenv("WT_TEST_OURS", "ours"), 0);
	assert_string_equal(getenv("WT_TEST_FIRST"), "changed");
	assert_null(getenv("WT_TEST_OURS"));
	assert_int_equal(wt_unsetenv("WT_TEST_OURS"), 0);
	assert_int_equal(wt_setenv("WT_TEST_FIRST", "first"), 0);
}

static void set_elsewhere(void *arg)
{
	struct verdict *verdict = arg;

	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "first") == 0);
	CHECK(verdict, strcmp(get("WT_TEST_MAIN"), "-") == 0);
	CHECK(verdict, wt_setenv("WT_TEST_FIRST", "elsewhere") == 0);
	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "elsewhere") == 0);
}

static void a_foreign_thread_begins_with_them_too(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	assert_int_equal(wt_setenv("WT_TEST_MAIN", "main"), 0);
	run_on_new_thread(set_elsewhere, &verdict);
	assert_verdict(&verdict);
	assert_string_equal(get("WT_TEST_FIRST"), "first");
	assert_int_equal(wt_unsetenv("WT_TEST_MAIN"), 0);
}

/* In a process of its own, in which nobody has looked before. */
static int entry_says_child(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return strcmp(get("WT_TEST_CHILD"), "before") != 0;
}

static int child_creates_first(void)
{
	wt_worker *worker;
	int code = 1;

	setenv("WT_TEST_CHILD", "before", 1);
	if (wt_worker_create(&worker, entry_says_child, NULL, 0, NULL) != 0)
		return 2;
	setenv("WT_TEST_CHILD", "after", 1); /* the worker may run, and does not look there */
	if (wt_worker_join(worker, &code, WT_FOREVER) != 0)
		return 3;
	wt_worker_destroy(worker);
	return code || strcmp(get("WT_TEST_CHILD"), "before") != 0;
}

static int child_has_no_environment(void)
{
	clearenv();
	return wt_getenv("PATH") != NULL || wt_setenv("A", "1") != 0 || strcmp(get("A"), "1") != 0;
}

/* Of two the first counts, and what is no variable is left out. */
static int child_has_an_odd_environment(void)
{
	static char first[] = "TWICE=1", second[] = "TWICE=2", none[] = "NONE", nameless[] = "=x", last[] = "LAST=3";
	static char *odd[] = { first, none, second, nameless, last, NULL };

	environ = odd;
	return strcmp(get("TWICE"), "1") != 0 || strcmp(get("LAST"), "3") != 0 || wt_getenv("NONE") != NULL;
}

static void *look(void *arg)
{
	return strcmp(get("WT_TEST_CHILD"), "all") == 0 ? NULL : arg;
}

static int child_looks_from_many_threads(void)
{
	enum { THREADS = 8 };
	pthread_t threads[THREADS];
	int bad = 0;

	setenv("WT_TEST_CHILD", "all", 1);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, look, &bad) != 0)
			return 2;
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		bad += result != NULL;
	}
	return bad;
}

/* [P1] Each allocation of the first look fails once. */
static int child_lacks_memory(void)
{
	unsigned long n = 0;
	bool found = false;

	setenv("WT_TEST_CHILD", "late", 1);
	while (!found) {
		support_fail_allocations(++n, 1);
		found = wt_getenv("WT_TEST_CHILD") != NULL;
		support_fail_allocations(0, 0);
	}
	return n < 4 || strcmp(get("WT_TEST_CHILD"), "late") != 0;
}

static const struct child_program programs[] = {
	{ "creates_first", child_creates_first },
	{ "has_no_environment", child_has_no_environment },
	{ "has_an_odd_environment", child_has_an_odd_environment },
	{ "looks_from_many_threads", child_looks_from_many_threads },
	{ "lacks_memory", child_lacks_memory },
};

static void they_are_copied_once_at_first_use(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		struct child_result result;

		child_run(programs[i].name, &result);
		if (result.status)
			fail_msg("%s: status %d: %s", programs[i].name, result.status, result.errors);
	}
}

/* ---- Getting and setting ---- */

static void what_is_set_is_got_until_it_is_unset(void **state)
{
	(void)state;
	assert_int_equal(wt_setenv("A", "1"), 0);
	assert_string_equal(get("A"), "1");
	assert_int_equal(wt_setenv("A", ""), 0);
	assert_string_equal(get("A"), "");
	assert_int_equal(wt_setenv("A", "two = 2"), 0);
	assert_string_equal(get("A"), "two = 2");
	assert_null(wt_getenv("AA"));
	assert_int_equal(wt_unsetenv("A"), 0);
	assert_int_equal(wt_unsetenv("A"), 0);
	assert_null(wt_getenv("A"));
}

/* What was got is still there while it is used in the next call. */
static void what_was_got_may_be_set_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(wt_setenv("A", "B"), 0);
	assert_int_equal(wt_setenv("B", "C"), 0);
	assert_string_equal(get(get("A")), "C");
	assert_int_equal(wt_setenv("A", wt_getenv("A")), 0);
	assert_string_equal(get("A"), "B");
	assert_int_equal(wt_setenv(wt_getenv("A"), "D"), 0);
	assert_string_equal(get("B"), "D");
	assert_int_equal(wt_unsetenv(wt_getenv("A")), 0);
	assert_null(wt_getenv("B"));
	assert_int_equal(wt_unsetenv("A"), 0);
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
	CHECK(verdict, strcmp(get("A"), "worker") == 0);
	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "first") == 0);
	CHECK(verdict, wt_setenv("A", "nested") == 0);
	return 0;
}

static int check_copy(wt_port *parent, const void *data, size_t size)
{
	const struct steps *steps = data;
	wt_worker *child;

	(void)parent;
	(void)size;
	latch_open(steps->inside);
	CHECK(steps->verdict, latch_await(steps->changed));
	CHECK(steps->verdict, strcmp(get("A"), "main") == 0);
	CHECK(steps->verdict, strcmp(get("LATE"), "-") == 0);
	CHECK(steps->verdict, wt_setenv("A", "worker") == 0);
	CHECK(steps->verdict, wt_worker_create(&child, nested, &steps->verdict, sizeof steps->verdict, NULL) == 0);
	CHECK(steps->verdict, wt_worker_join(child, NULL, WT_FOREVER) == 0);
	wt_worker_destroy(child);
	CHECK(steps->verdict, strcmp(get("A"), "worker") == 0);
	return 0;
}

/* [W6] */
static void a_worker_has_a_copy_of_its_creators(void **state)
{
	struct latch inside = { 0 }, changed = { 0 };
	struct verdict verdict = { 0 };
	struct steps steps = { &verdict, &inside, &changed };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_setenv("A", "main"), 0);
	assert_int_equal(wt_worker_create(&worker, check_copy, &steps, sizeof steps, NULL), 0);
	assert_true(latch_await(&inside));
	assert_int_equal(wt_setenv("A", "changed"), 0);
	assert_int_equal(wt_setenv("LATE", "late"), 0);
	latch_open(&changed);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_verdict(&verdict);
	assert_string_equal(get("A"), "changed");
	wt_worker_destroy(worker);
	assert_int_equal(wt_unsetenv("A"), 0);
	assert_int_equal(wt_unsetenv("LATE"), 0);
}

static int check_list(wt_port *parent, const void *data, size_t size)
{
	struct verdict *verdict = *(struct verdict *const *)data;

	(void)parent;
	(void)size;
	CHECK(verdict, strcmp(get("A"), "list") == 0);
	CHECK(verdict, strcmp(get("EMPTY"), "") == 0);
	CHECK(verdict, strcmp(get("EQUALS"), "=") == 0);
	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "-") == 0);
	CHECK(verdict, wt_setenv("A", "own") == 0);
	CHECK(verdict, strcmp(get("A"), "own") == 0);
	return 0;
}

static int check_empty_list(wt_port *parent, const void *data, size_t size)
{
	struct verdict *verdict = *(struct verdict *const *)data;

	(void)parent;
	(void)size;
	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "-") == 0);
	return 0;
}

static void run_with(wt_entry *entry, const char *const *env, struct verdict *verdict)
{
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry, &verdict, sizeof verdict, WT_WORKER_OPTIONS(.env = env)), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	assert_verdict(verdict);
}

/* [W6] */
static void a_worker_can_be_given_a_list(void **state)
{
	static const char *const list[] = { "A=list", "EMPTY=", "EQUALS==", "A=second", NULL };
	static const char *const none[] = { NULL };
	struct verdict verdict = { 0 };

	(void)state;
	run_with(check_list, list, &verdict);
	run_with(check_empty_list, none, &verdict);
	assert_string_equal(get("WT_TEST_FIRST"), "first");
	assert_null(wt_getenv("EMPTY"));
}

static int share_further(wt_port *parent, const void *data, size_t size)
{
	struct verdict *verdict = *(struct verdict *const *)data;
	wt_worker *copy, *share;

	(void)parent;
	(void)size;
	CHECK(verdict, wt_setenv("A", "worker") == 0);
	CHECK(verdict, wt_worker_create(&copy, nested, &verdict, sizeof verdict, NULL) == 0);
	CHECK(verdict, wt_worker_join(copy, NULL, WT_FOREVER) == 0);
	CHECK(verdict, strcmp(get("A"), "worker") == 0);
	CHECK(verdict, wt_worker_create(&share, nested, &verdict, sizeof verdict,
					WT_WORKER_OPTIONS(.env = WT_SHARE_ENV)) == 0);
	CHECK(verdict, wt_worker_join(share, NULL, WT_FOREVER) == 0);
	CHECK(verdict, strcmp(get("A"), "nested") == 0);
	CHECK(verdict, wt_unsetenv("B") == 0);
	return 0;
}

/* [W6] Shared by three, one of them nested; a copy of what is shared is one. */
static void a_worker_can_share_its_creators(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	assert_int_equal(wt_setenv("B", "main"), 0);
	run_with(share_further, WT_SHARE_ENV, &verdict);
	assert_string_equal(get("A"), "nested");
	assert_null(wt_getenv("B"));
	/* One that was shared can be shared again, and copied. */
	run_with(share_further, WT_SHARE_ENV, &verdict);
	run_with(share_further, NULL, &verdict);
	assert_int_equal(wt_unsetenv("A"), 0);
}

/* ---- Many at once ---- */

enum { WRITERS = 3, ROUNDS = 3000 };

static int write_and_read(wt_port *parent, const void *data, size_t size)
{
	struct verdict *verdict = *(struct verdict *const *)data;
	char name[8], value[16];

	(void)parent;
	(void)size;
	for (unsigned i = 0; i < ROUNDS / support_slowdown(); i++) {
		const char *got;

		snprintf(name, sizeof name, "S%u", i % 4);
		snprintf(value, sizeof value, "value-%u", i % 8);
		CHECK(verdict, wt_setenv(name, value) == 0);
		got = wt_getenv(name);
		/* Others set and unset it meanwhile; what we got stays as it was. */
		CHECK(verdict, !got || (strncmp(got, "value-", 6) == 0 && strlen(got) == 7));
		if (i % 16 == 0)
			CHECK(verdict, wt_unsetenv(name) == 0);
	}
	return 0;
}

/* [W6] With whole values only, also while the creator takes copies of what they share. */
static void shared_variables_are_read_and_set_at_once(void **state)
{
	struct verdict verdict = { 0 }, *at = &verdict;
	wt_worker *workers[WRITERS], *copy;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(wt_worker_create(&workers[i], write_and_read, &at, sizeof at,
						  WT_WORKER_OPTIONS(.env = WT_SHARE_ENV)), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(wt_worker_create(&copy, write_and_read, &at, sizeof at, NULL), 0);
		assert_int_equal(wt_worker_terminate(copy, WT_FOREVER), 0);
		wt_worker_destroy(copy);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(wt_worker_join(workers[i], NULL, WT_FOREVER), 0);
		wt_worker_destroy(workers[i]);
	}
	assert_verdict(&verdict);
}

/* ---- Misuse, exhaustion ---- */

static int never(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	abort();
}

static void bad_input_is_refused(void **state)
{
	static const char *const bad[] = { "A=1", "none", NULL }, *const nameless[] = { "=1", NULL };
	wt_worker *worker;

	(void)state;
	errno = ENOTTY;
	assert_null(wt_getenv(NULL));
	assert_null(wt_getenv(""));
	assert_null(wt_getenv("A=1"));
	assert_int_equal(wt_setenv(NULL, "1"), WT_EINVAL);
	assert_int_equal(wt_setenv("", "1"), WT_EINVAL);
	assert_int_equal(wt_setenv("A=B", "1"), WT_EINVAL);
	assert_int_equal(wt_setenv("A", NULL), WT_EINVAL);
	assert_int_equal(wt_unsetenv(NULL), WT_EINVAL);
	assert_int_equal(wt_unsetenv(""), WT_EINVAL);
	assert_int_equal(wt_unsetenv("A=B"), WT_EINVAL);
	assert_int_equal(wt_worker_create(&worker, never, NULL, 0, WT_WORKER_OPTIONS(.env = bad)), WT_EINVAL);
	assert_int_equal(wt_worker_create(&worker, never, NULL, 0, WT_WORKER_OPTIONS(.env = nameless)), WT_EINVAL);
	assert_null(wt_getenv("A"));
	assert_int_equal(errno, ENOTTY);
}

/* Call until it does not lack memory; how often it did. */
static unsigned long fail_each(int (*call)(void))
{
	int err = WT_ENOMEM;
	unsigned long n = 0;

	while (err == WT_ENOMEM) {
		support_fail_allocations(++n, 1);
		err = call();
		support_fail_allocations(0, 0);
	}
	return err ? 0 : n - 1;
}

static int set_one(void)
{
	int err = wt_setenv("A", "1");
	bool set;

	support_fail_allocations(0, 0);
	set = wt_getenv("A") != NULL;
	if (set)
		(void)!wt_unsetenv("A");
	return set == !err ? err : WT_EBUSY;
}

static int create_with(const char *const *env)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, check_empty_list, &(struct verdict *){ &(struct verdict){ 0 } },
				   sizeof(struct verdict *), WT_WORKER_OPTIONS(.env = env));

	if (!err)
		err = wt_worker_join(worker, NULL, WT_FOREVER);
	wt_worker_destroy(worker);
	return err;
}

static int create_with_list(void)
{
	static const char *const list[] = { "A=1", "B=2", NULL };

	return create_with(list);
}

static void set_without_memory(void *arg)
{
	struct verdict *verdict = arg;

	support_fail_allocations(1, 1);
	CHECK(verdict, set_one() == WT_ENOMEM); /* the thread's record */
	CHECK(verdict, wt_getenv("A") == NULL);
	/* The entry, a copy of the process's. */
	CHECK(verdict, fail_each(set_one) == 2);
	CHECK(verdict, fail_each(create_with_list) >= 3);
	support_fail_allocations(1, 0);
	CHECK(verdict, create_with(WT_SHARE_ENV) == WT_ENOMEM);
	support_fail_allocations(0, 0);
	CHECK(verdict, strcmp(get("WT_TEST_FIRST"), "first") == 0);
	CHECK(verdict, wt_setenv("A", "1") == 0);
}

/* [P1] */
static void without_memory_nothing_is_set(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(set_without_memory, &verdict);
	assert_verdict(&verdict);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_main_thread_begins_with_the_processs),
		TEST(the_c_librarys_are_neither_read_again_nor_changed),
		TEST(a_foreign_thread_begins_with_them_too),
		TEST(they_are_copied_once_at_first_use),
		TEST(what_is_set_is_got_until_it_is_unset),
		TEST(what_was_got_may_be_set_elsewhere),
		TEST(a_worker_has_a_copy_of_its_creators),
		TEST(a_worker_can_be_given_a_list),
		TEST(a_worker_can_share_its_creators),
		TEST(shared_variables_are_read_and_set_at_once),
		TEST(bad_input_is_refused),
		TEST(without_memory_nothing_is_set),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	setenv("WT_TEST_FIRST", "first", 1);
	setenv("WT_TEST_EQUALS", "a=b", 1);
	setenv("WT_TEST_EMPTY", "", 1);
	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
