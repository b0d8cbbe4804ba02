/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#include "support/child.h"
#include "support/support.h"

/* ---- Identity ---- */

static void main_is_0_and_called_main(void **state)
{
	(void)state;
	assert_true(wt_is_main_thread());
	assert_int_equal(wt_thread_id(), 0);
	assert_string_equal(wt_thread_name(), "main");
}

struct who {
	uint64_t id, id_again;
	bool main;
	char name[32];
};

static void who_am_i(struct who *who)
{
	who->id = wt_thread_id();
	who->main = wt_is_main_thread();
	snprintf(who->name, sizeof who->name, "%s", wt_thread_name());
	who->id_again = wt_thread_id();
}

static void *foreign_who(void *arg)
{
	who_am_i(arg);
	return NULL;
}

static void a_foreign_thread_has_an_id_and_no_name(void **state)
{
	struct who who = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, foreign_who, &who), 0);
	pthread_join(thread, NULL);
	assert_true(who.id > 0);
	assert_true(who.id == who.id_again);
	assert_false(who.main);
	assert_string_equal(who.name, "");
}

static int entry_who(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	who_am_i(*(struct who *const *)data);
	return 0;
}

static void a_worker_has_the_id_and_the_name_of_its_handle(void **state)
{
	struct who who = { 0 }, *at = &who;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_who, &at, sizeof at, WT_WORKER_OPTIONS(.name = "who")), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_true(who.id == wt_worker_id(worker));
	assert_true(who.id == who.id_again);
	assert_false(who.main);
	assert_string_equal(who.name, "who");
	wt_worker_destroy(worker);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum { ID_THREADS = 4, ID_ROUNDS = 50 };

struct ids {
	pthread_t thread;
	uint64_t ids[1 + ID_ROUNDS];
	struct verdict *verdict;
};

static void *collect_ids(void *arg)
{
	struct ids *ids = arg;

	ids->ids[0] = wt_thread_id();
	for (int i = 1; i <= ID_ROUNDS; i++) {
		struct who who = { 0 }, *at = &who;
		wt_worker *worker;

		CHECK(ids->verdict, wt_worker_create(&worker, entry_who, &at, sizeof at, NULL) == 0);
		ids->ids[i] = wt_worker_id(worker);
		CHECK(ids->verdict, wt_worker_join(worker, NULL, WT_FOREVER) == 0);
		CHECK(ids->verdict, who.id == ids->ids[i]);
		wt_worker_destroy(worker);
	}
	return NULL;
}

static void ids_are_never_used_again(void **state)
{
	static struct ids ids[ID_THREADS];
	uint64_t all[ID_THREADS * (1 + ID_ROUNDS) + 1] = { 0 };
	struct verdict verdict = { 0 };
	size_t n = 1; /* main's is the first */

	(void)state;
	for (int i = 0; i < ID_THREADS; i++) {
		ids[i].verdict = &verdict;
		assert_int_equal(pthread_create(&ids[i].thread, NULL, collect_ids, &ids[i]), 0);
	}
	for (int i = 0; i < ID_THREADS; i++) {
		pthread_join(ids[i].thread, NULL);
		memcpy(all + n, ids[i].ids, sizeof ids[i].ids);
		n += 1 + ID_ROUNDS;
	}
	assert_verdict(&verdict);
	qsort(all, n, sizeof *all, compare_ids);
	for (size_t i = 1; i < n; i++)
		assert_true(all[i - 1] < all[i]);
}

/* ---- Outside of a worker ---- */

static void nothing(void *arg)
{
	(void)arg;
}

static void hook(wt_failure *failure, void *arg)
{
	(void)failure;
	(void)arg;
}

static void check_outside(struct verdict *verdict)
{
	size_t size = 5;

	CHECK(verdict, wt_parent_port() == NULL);
	CHECK(verdict, wt_worker_data(&size) == NULL);
	CHECK(verdict, size == 0);
	CHECK(verdict, wt_worker_data(NULL) == NULL);
	wt_set_exit_code(3);
	CHECK(verdict, wt_exit_code() == 0);
	wt_on_failure(hook, NULL);
	wt_on_failure(NULL, NULL);
	CHECK(verdict, wt_on_exit(nothing, NULL) == WT_ENOTSUP);
	CHECK(verdict, wt_on_exit(NULL, NULL) == WT_EINVAL);
	CHECK(verdict, wt_defer(nothing, NULL) == WT_ENOTSUP);
	CHECK(verdict, wt_defer(NULL, NULL) == WT_EINVAL);
	wt_defer_pop(true);
	wt_defer_pop(false);
	wt_checkpoint();
	CHECK(verdict, !wt_terminating());
}

static void *foreign_outside(void *arg)
{
	check_outside(arg); /* before the first call that makes a record */
	wt_thread_id();
	check_outside(arg);
	return NULL;
}

static void calls_of_workers_are_harmless_outside(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	check_outside(&verdict);
	wt_thread_id();
	check_outside(&verdict);
	assert_int_equal(pthread_create(&thread, NULL, foreign_outside, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

static int entry_refused(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return wt_on_exit(NULL, NULL) == WT_EINVAL && wt_defer(NULL, NULL) == WT_EINVAL ? 0 : 9;
}

static void null_functions_are_refused_inside_too(void **state)
{
	wt_worker *worker;
	int code = -1;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_refused, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

static int child_exits(void)
{
	wt_exit(42);
}

static int child_fails(void)
{
	wt_fail(5, "out of %s", "luck");
}

static void *foreign_exit(void *arg)
{
	(void)arg;
	wt_exit(43);
}

static void *foreign_fail(void *arg)
{
	(void)arg;
	wt_fail(5, NULL);
}

static int on_a_thread(void *(*fn)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL))
		return 98;
	pthread_join(thread, NULL);
	return 97;
}

static int child_exits_on_a_thread(void)
{
	return on_a_thread(foreign_exit);
}

static int child_fails_on_a_thread(void)
{
	return on_a_thread(foreign_fail);
}

/* ---- First use ---- */

enum { FIRST_USERS = 64 };

struct first_use {
	pthread_barrier_t together;
	atomic_uint failed;
	_Atomic(uint64_t) ids[FIRST_USERS];
	atomic_uint count;
};

static int entry_answers(wt_port *parent, const void *data, size_t size)
{
	(void)size;
	return wt_port_post(parent, data, size);
}

/* What is made once for the process, by whoever comes first: by a worker, a loop, an environment, a lock. */
static int use_everything(void)
{
	wt_message message;
	wt_worker *worker;
	wt_lock *lock;
	int err, fd;

	err = wt_worker_create(&worker, entry_answers, "here", 4, NULL);
	if (err)
		return err;
	err = wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000));
	if (!err)
		err = message.size == 4 ? wt_loop_fd(&fd) : 1;
	if (!err)
		err = wt_setenv("WT_TEST", "set");
	if (!err)
		err = wt_lock_acquire(&lock, "first", 5, NULL, wt_after_ms(20000));
	if (!err)
		wt_lock_release(lock);
	wt_worker_destroy(worker);
	return err;
}

static void *first_user(void *arg)
{
	struct first_use *first = arg;

	pthread_barrier_wait(&first->together);
	if (use_everything() != 0)
		atomic_fetch_add(&first->failed, 1);
	atomic_store(&first->ids[atomic_fetch_add(&first->count, 1)], wt_thread_id());
	return NULL;
}

/* Nobody is main, and no two are the same. */
static bool are_different(const struct first_use *first)
{
	for (size_t i = 0; i < FIRST_USERS; i++)
		for (size_t j = 0; j < i; j++)
			if (!first->ids[i] || first->ids[i] == first->ids[j])
				return false;
	return true;
}

static int child_is_used_by_all_at_once(void)
{
	static struct first_use first;
	pthread_t threads[FIRST_USERS];

	pthread_barrier_init(&first.together, NULL, FIRST_USERS);
	for (int i = 0; i < FIRST_USERS; i++)
		if (pthread_create(&threads[i], NULL, first_user, &first) != 0)
			return 98;
	for (int i = 0; i < FIRST_USERS; i++)
		pthread_join(threads[i], NULL);
	if (atomic_load(&first.failed))
		return 1;
	return are_different(&first) && wt_thread_id() == 0 ? 0 : 2;
}

static const struct child_program programs[] = {
	{ "is_used_by_all_at_once", child_is_used_by_all_at_once },
	{ "exits", child_exits },
	{ "fails", child_fails },
	{ "exits_on_a_thread", child_exits_on_a_thread },
	{ "fails_on_a_thread", child_fails_on_a_thread },
};

static void exit_and_fail_outside_end_the_process(void **state)
{
	struct child_result result;

	(void)state;
	child_run("exits", &result);
	assert_string_equal(result.errors, "");
	assert_int_equal(result.status, 42);
	child_run("fails", &result);
	assert_string_equal(result.errors, "out of luck\n");
	assert_int_equal(result.status, 1);
	child_run("exits_on_a_thread", &result);
	assert_string_equal(result.errors, "");
	assert_int_equal(result.status, 43);
	child_run("fails_on_a_thread", &result);
	assert_string_equal(result.errors, "\n");
	assert_int_equal(result.status, 1);
}

static void the_first_use_may_be_by_many_threads_at_once(void **state)
{
	struct child_result result;

	(void)state;
	support_allow_seconds(60);
	for (unsigned i = 0; i < 20 / support_slowdown() + 2; i++) {
		child_run("is_used_by_all_at_once", &result);
		assert_string_equal(result.errors, "");
		assert_int_equal(result.status, 0);
	}
}

/* ---- Threads that libwt did not start ---- */

static int entry_echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	(void)data;
	(void)size;
	return err ? err : wt_port_post(parent, message.data, message.size);
}

static void *foreign_citizen(void *arg)
{
	struct verdict *verdict = arg;
	wt_message message;
	wt_port *a, *b;
	wt_worker *worker;
	int fd;

	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, wt_channel_create(&a, &b, NULL) == 0);
	CHECK(verdict, wt_port_post(a, "own", 3) == 0);
	CHECK(verdict, wt_port_receive(b, &message, WT_NOW) == 0);
	CHECK(verdict, wt_worker_create(&worker, entry_echo, NULL, 0, NULL) == 0);
	CHECK(verdict, wt_worker_post(worker, "there", 5) == 0);
	CHECK(verdict, wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER) == 0);
	CHECK(verdict, message.size == 5);
	CHECK(verdict, wt_run() == 0);
	return NULL; /* and leaves all of it */
}

static bool nothing_allocated(void *arg)
{
	(void)arg;
	return atomic_load(&support_counts.bytes) == 0;
}

static void the_record_of_a_foreign_thread_is_freed_with_it(void **state)
{
	struct verdict verdict = { 0 };
	unsigned fds = support_open_fds();

	(void)state;
	support_count();
	for (int i = 0; i < 50; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, foreign_citizen, &verdict), 0);
		pthread_join(thread, NULL);
		assert_verdict(&verdict);
		assert_true(await(nothing_allocated, NULL));
		assert_int_equal(support_open_fds(), fds);
	}
}

/* A worker's thread-local destructors run after the worker is over; a foreign thread's around its record's. */
static pthread_key_t late_key;
static struct verdict late_verdict;
static atomic_uint late_calls;

static void late_caller(void *arg)
{
	wt_port *a, *b;

	(void)arg;
	atomic_fetch_add(&late_calls, 1);
	CHECK(&late_verdict, wt_parent_port() == NULL);
	CHECK(&late_verdict, wt_thread_id() > 0);
	CHECK(&late_verdict, wt_channel_create(&a, &b, NULL) == 0);
	CHECK(&late_verdict, wt_defer(nothing, NULL) == WT_ENOTSUP);
}

static void *foreign_late(void *arg)
{
	wt_thread_id();
	pthread_setspecific(late_key, arg);
	return NULL;
}

static int entry_late(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return pthread_setspecific(late_key, &late_key);
}

static void thread_destructors_may_call_in(void **state)
{
	pthread_t thread;
	wt_worker *worker;
	long before;

	(void)state;
	support_count();
	before = atomic_load(&support_counts.bytes);
	assert_int_equal(pthread_key_create(&late_key, late_caller), 0);
	assert_int_equal(pthread_create(&thread, NULL, foreign_late, &late_key), 0);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&late_calls), 1);
	assert_int_equal(atomic_load(&support_counts.bytes), before);
	assert_int_equal(wt_worker_create(&worker, entry_late, NULL, 0, NULL), 0);
	wt_worker_destroy(worker);
	assert_in_range(atomic_load(&late_calls), 1, 2); /* it may have been told to end before it began */
	assert_int_equal(wt_worker_create(&worker, entry_late, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	atomic_store(&late_calls, 0);
	wt_worker_destroy(worker);
	assert_verdict(&late_verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), before);
	pthread_key_delete(late_key);
}

struct shared_worker {
	wt_worker *worker;
	struct verdict verdict;
};

static void *foreign_poster(void *arg)
{
	struct shared_worker *shared = arg;

	CHECK(&shared->verdict, wt_worker_post(shared->worker, "x", 1) == 0);
	return NULL;
}

static void a_thread_that_only_posts_needs_no_record(void **state)
{
	struct shared_worker shared = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(wt_worker_create(&shared.worker, entry_echo, NULL, 0, NULL), 0);
	support_count_reset();
	assert_int_equal(pthread_create(&thread, NULL, foreign_poster, &shared), 0);
	pthread_join(thread, NULL);
	assert_verdict(&shared.verdict);
	assert_int_equal(wt_worker_join(shared.worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(shared.worker);
}

static void *foreign_without_memory(void *arg)
{
	struct verdict *verdict = arg;
	wt_port *a, *b;
	wt_worker *worker;
	int fd;

	support_fail_allocations(1, 0);
	CHECK(verdict, wt_thread_id() == 0);
	CHECK(verdict, strcmp(wt_thread_name(), "") == 0);
	CHECK(verdict, wt_channel_create(&a, &b, NULL) == WT_ENOMEM && !a && !b);
	CHECK(verdict, wt_worker_create(&worker, entry_echo, NULL, 0, NULL) == WT_ENOMEM && !worker);
	CHECK(verdict, wt_run() == WT_ENOMEM);
	CHECK(verdict, wt_run_once(WT_NOW) == WT_ENOMEM);
	CHECK(verdict, wt_loop_fd(&fd) == WT_ENOMEM);
	support_fail_allocations(0, 0);
	CHECK(verdict, wt_thread_id() > 0);
	CHECK(verdict, wt_run() == 0);
	return NULL;
}

static void a_thread_without_memory_for_its_record_is_told_so(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, foreign_without_memory, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(main_is_0_and_called_main),
		TEST(a_foreign_thread_has_an_id_and_no_name),
		TEST(a_worker_has_the_id_and_the_name_of_its_handle),
		TEST(ids_are_never_used_again),
		TEST(calls_of_workers_are_harmless_outside),
		TEST(null_functions_are_refused_inside_too),
		TEST(exit_and_fail_outside_end_the_process),
		TEST(the_first_use_may_be_by_many_threads_at_once),
		TEST(the_record_of_a_foreign_thread_is_freed_with_it),
		TEST(thread_destructors_may_call_in),
		TEST(a_thread_that_only_posts_needs_no_record),
		TEST(a_thread_without_memory_for_its_record_is_told_so),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
