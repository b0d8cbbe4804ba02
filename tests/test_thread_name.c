/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <wt/thread.h>
#include <wt/thread_name.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "thread.h"

static int add(const char *name)
{
	return wt_register_thread_name(name, strlen(name));
}

static int drop(const char *name)
{
	return wt_unregister_thread_name(name, strlen(name));
}

/* The thread's id, or the error. */
static int64_t find(const char *name)
{
	uint64_t id = 77;
	int err = wt_find_thread(name, strlen(name), &id);

	return err ? (id == 0 ? err : 1) : (int64_t)id;
}

static int64_t own(void)
{
	return (int64_t)wt_thread_id();
}

static void a_thread_may_have_several_names(void **state)
{
	(void)state;
	assert_int_equal(add("one"), 0);
	assert_int_equal(add(""), 0);
	assert_int_equal(wt_register_thread_name("one\0two", 7), 0); /* bytes, not a string */
	assert_int_equal(find("one"), own());
	assert_int_equal(find(""), own());
	assert_int_equal(drop("one"), 0);
	assert_int_equal(find("one"), WT_ESRCH);
	assert_int_equal(drop("one"), WT_ESRCH);
	assert_int_equal(wt_unregister_thread_name("one\0two", 7), 0);
	assert_int_equal(wt_unregister_thread_name(NULL, 0), 0);
}

static void add_x(void *arg)
{
	*(int *)arg = add("x");
}

static void drop_x(void *arg)
{
	*(int *)arg = drop("x");
}

static void a_name_has_one_owner(void **state)
{
	struct other other;
	int err = 1;

	(void)state;
	other_start(&other);
	assert_int_equal(add("x"), 0);
	assert_int_equal(add("x"), WT_EEXIST);
	other_run(&other, add_x, &err);
	assert_int_equal(err, WT_EEXIST);
	other_run(&other, drop_x, &err);
	assert_int_equal(err, WT_EOWNER);
	assert_int_equal(find("x"), own());
	assert_int_equal(drop("x"), 0);
	other_run(&other, add_x, &err);
	assert_int_equal(err, 0);
	assert_int_equal(find("x"), (int64_t)other.record->id);
	assert_int_equal(drop("x"), WT_EOWNER);
	other_end(&other);
	assert_int_equal(find("x"), WT_ESRCH);
}

static void a_bad_argument_says_so(void **state)
{
	uint64_t id = 7;

	(void)state;
	assert_int_equal(wt_register_thread_name(NULL, 1), WT_EINVAL);
	assert_int_equal(wt_register_thread_name("x", SIZE_MAX), WT_EOVERFLOW);
	assert_int_equal(wt_unregister_thread_name(NULL, 1), WT_EINVAL);
	assert_int_equal(wt_find_thread(NULL, 1, &id), WT_EINVAL);
	assert_int_equal(id, 0);
	assert_int_equal(wt_find_thread("x", 1, NULL), WT_EINVAL);
}

/* ---- The end of the owner ---- */

enum way { RETURN, EXIT, FAIL, TERMINATED, LEAVE };

static int entry_named(wt_port *parent, const void *data, size_t size)
{
	enum way way;
	wt_message message;

	memcpy(&way, data, size);
	if (add("a") || add("b") || wt_port_post(parent, NULL, 0))
		return 1;
	(void)!wt_port_receive(parent, &message, WT_FOREVER);
	switch (way) {
	case EXIT:
		wt_exit(0);
	case FAIL:
		wt_fail(1, "on purpose");
	case LEAVE:
		pthread_exit(NULL);
	case RETURN:
	case TERMINATED:
		break;
	}
	return 0;
}

static void names_go_with_their_owner_however_it_ends(void **state)
{
	(void)state;
	for (enum way way = RETURN; way <= LEAVE; way++) {
		wt_message message;
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, entry_named, &way, sizeof way, NULL), 0);
		wt_worker_on_error(worker, ignore_failure, NULL);
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, in_time()), 0);
		assert_int_equal(find("a"), (int64_t)wt_worker_id(worker));
		assert_int_equal(find("b"), (int64_t)wt_worker_id(worker));
		if (way == TERMINATED)
			assert_int_equal(wt_worker_terminate(worker, in_time()), 0);
		else
			assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
		assert_int_equal(wt_worker_join(worker, NULL, in_time()), 0);
		assert_int_equal(find("a"), WT_ESRCH);
		assert_int_equal(find("b"), WT_ESRCH);
		wt_worker_destroy(worker);
	}
}

static int entry_finds_nobody(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return find("label") == WT_ESRCH ? 0 : 1;
}

static void a_workers_label_is_no_name(void **state)
{
	wt_worker *worker;
	int code = 1;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_finds_nobody, NULL, 0, WT_WORKER_OPTIONS(.name = "label")), 0);
	assert_int_equal(wt_worker_join(worker, &code, in_time()), 0);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

/* ---- Many ---- */

enum { THREADS = 4, NAMES = 50 };

struct claim {
	struct verdict *verdict;
	atomic_uint *owned; /* for each name: by how many */
	uint64_t random;
};

static void *claim_run(void *arg)
{
	struct claim *claim = arg;

	for (unsigned i = 0; i < 20000 / support_slowdown(); i++) {
		unsigned n = (unsigned)(support_random(&claim->random) % NAMES);
		char name[16];
		int err;

		snprintf(name, sizeof name, "name %u", n);
		err = add(name);
		CHECK(claim->verdict, err == 0 || err == WT_EEXIST);
		if (err)
			continue;
		CHECK(claim->verdict, atomic_fetch_add(&claim->owned[n], 1) == 0);
		CHECK(claim->verdict, find(name) == own());
		CHECK(claim->verdict, atomic_fetch_sub(&claim->owned[n], 1) == 1);
		if (support_random(&claim->random) % 8)
			CHECK(claim->verdict, drop(name) == 0);
	}
	return NULL;
}

static void many_claim_the_same_names(void **state)
{
	atomic_uint owned[NAMES] = { 0 };
	struct verdict verdict = { 0 };
	uint64_t seed = support_seed();
	struct claim claims[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		claims[i] = (struct claim){ .verdict = &verdict, .owned = owned, .random = seed + i };
		assert_int_equal(pthread_create(&threads[i], NULL, claim_run, &claims[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	for (unsigned i = 0; i < NAMES; i++) {
		char name[16];

		snprintf(name, sizeof name, "name %u", i);
		assert_int_equal(find(name), WT_ESRCH); /* all have ended */
	}
}

/* For the thread's record, and for the name. */
static void add_as_a_stranger(void *arg)
{
	int *err = arg;

	support_fail_allocations(1, 1);
	err[0] = add("poor");
	support_fail_allocations(0, 0);
	err[1] = find("poor") == WT_ESRCH ? add("poor") : 1;
}

static void add_in_vain(void *arg)
{
	int *err = arg;

	(void)wt_thread_id();
	support_fail_allocations(1, 1);
	err[0] = add("poor");
	support_fail_allocations(0, 0);
	err[1] = find("poor") == WT_ESRCH ? add("poor") : 1;
}

/* [P1] */
static void without_memory_there_is_no_name(void **state)
{
	static void (*const ways[])(void *) = { add_as_a_stranger, add_in_vain };

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		int err[2] = { 1, 1 };

		run_on_new_thread(ways[i], err);
		assert_int_equal(err[0], WT_ENOMEM);
		assert_int_equal(err[1], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thread_may_have_several_names),
		TEST(a_name_has_one_owner),
		TEST(a_bad_argument_says_so),
		TEST(names_go_with_their_owner_however_it_ends),
		TEST(a_workers_label_is_no_name),
		TEST(many_claim_the_same_names),
		TEST(without_memory_there_is_no_name),
	};

	return cmocka_run_group_tests_name("thread_name", tests, NULL, NULL);
}
