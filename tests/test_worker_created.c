/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/support.h"

static int idle(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

/* Create one and end it; its id. */
static uint64_t make_worker(void)
{
	wt_worker *worker;
	uint64_t id;

	if (wt_worker_create(&worker, idle, NULL, 0, WT_WORKER_OPTIONS(.name = "made")) != 0)
		return 0;
	id = wt_worker_id(worker);
	if (wt_worker_join(worker, NULL, WT_FOREVER) != 0)
		id = 0;
	wt_worker_destroy(worker);
	return id;
}

/* What a hook was called with, last. */
struct seen {
	atomic_uint calls;
	uint64_t worker_id, thread_id;
	char name[16];
	unsigned position; /* among all hooks */
};

static atomic_uint positions;

static void see(wt_worker *worker, void *arg)
{
	struct seen *seen = arg;

	seen->worker_id = wt_worker_id(worker);
	seen->thread_id = wt_thread_id();
	strncpy(seen->name, wt_worker_name(worker), sizeof seen->name - 1);
	seen->position = atomic_fetch_add(&positions, 1) + 1;
	atomic_fetch_add(&seen->calls, 1);
}

static void a_hook_sees_each_new_worker_on_its_creators_thread(void **state)
{
	struct seen seen = { .calls = 0 };
	uint64_t id;

	(void)state;
	make_worker();
	assert_int_equal(wt_on_worker_created(see, &seen), 0);
	id = make_worker();
	assert_int_equal(seen.calls, 1);
	assert_true(id && seen.worker_id == id);
	assert_true(seen.thread_id == wt_thread_id());
	assert_string_equal(seen.name, "made");
	id = make_worker();
	assert_int_equal(seen.calls, 2);
	assert_true(seen.worker_id == id);
	wt_off_worker_created(see, &seen);
	make_worker();
	assert_int_equal(seen.calls, 2);
}

static void one_that_was_not_created_is_not_seen(void **state)
{
	struct seen seen = { .calls = 0 };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_on_worker_created(see, &seen), 0);
	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	assert_int_equal(wt_worker_create(&worker, idle, NULL, 0, NULL), WT_EAGAIN);
	support_restore_os();
	assert_int_equal(wt_worker_create(&worker, NULL, NULL, 0, NULL), WT_EINVAL);
	assert_int_equal(seen.calls, 0);
	wt_off_worker_created(see, &seen);
}

static void hooks_are_called_in_the_order_they_were_set(void **state)
{
	struct seen seen[3] = { 0 };

	(void)state;
	atomic_store(&positions, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(wt_on_worker_created(see, &seen[i]), 0);
	make_worker();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(seen[i].position, i + 1);
	wt_off_worker_created(see, &seen[1]);
	wt_off_worker_created(see, &seen[1]); /* not there: nothing */
	make_worker();
	assert_int_equal(seen[0].position, 4);
	assert_int_equal(seen[1].calls, 1);
	assert_int_equal(seen[2].position, 5);
	wt_off_worker_created(see, &seen[0]);
	wt_off_worker_created(see, &seen[2]);
}

/* Twice the same is two; each is taken back by itself. */
static void one_that_is_set_twice_is_called_twice(void **state)
{
	struct seen seen = { .calls = 0 };

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(wt_on_worker_created(see, &seen), 0);
	make_worker();
	assert_int_equal(seen.calls, 2);
	wt_off_worker_created(see, &seen);
	make_worker();
	assert_int_equal(seen.calls, 3);
	wt_off_worker_created(see, &seen);
	make_worker();
	assert_int_equal(seen.calls, 3);
}

/* ---- What a hook may do ---- */

static void count_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)code;
	++*(unsigned *)arg;
}

static void listen(wt_worker *worker, void *arg)
{
	wt_worker_on_exit(worker, count_exit, arg);
}

static void a_hook_may_set_handlers(void **state)
{
	unsigned exits = 0;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_on_worker_created(listen, &exits), 0);
	assert_int_equal(wt_worker_create(&worker, idle, NULL, 0, NULL), 0);
	wt_off_worker_created(listen, &exits);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(exits, 1);
	wt_worker_destroy(worker);
}

static void remove_itself(wt_worker *worker, void *arg)
{
	(void)worker;
	atomic_fetch_add(&((struct seen *)arg)->calls, 1);
	wt_off_worker_created(remove_itself, arg);
}

static void create_another(wt_worker *worker, void *arg)
{
	(void)worker;
	if (atomic_fetch_add(&((struct seen *)arg)->calls, 1) < 3)
		make_worker();
}

static void a_hook_may_remove_itself_and_create_workers(void **state)
{
	struct seen removed = { .calls = 0 }, deep = { .calls = 0 }, last = { .calls = 0 };

	(void)state;
	assert_int_equal(wt_on_worker_created(remove_itself, &removed), 0);
	assert_int_equal(wt_on_worker_created(create_another, &deep), 0);
	assert_int_equal(wt_on_worker_created(see, &last), 0);
	make_worker();
	assert_int_equal(removed.calls, 1);
	assert_int_equal(deep.calls, 4);
	assert_int_equal(last.calls, 4);
	wt_off_worker_created(create_another, &deep);
	wt_off_worker_created(see, &last);
}

static atomic_uint seen_by_main;

/* The main thread's call may run beside that of the worker which it creates. */
static void exit_if_worker(wt_worker *worker, void *arg)
{
	if (wt_is_main_thread()) {
		atomic_fetch_add(&seen_by_main, 1);
		return;
	}
	see(worker, arg);
	wt_exit(7);
}

static int create_and_be_ended(wt_port *parent, const void *data, size_t size)
{
	wt_worker *worker;

	(void)parent;
	(void)data;
	(void)size;
	return wt_worker_create(&worker, idle, NULL, 0, NULL) == 0 ? 1 : 2;
}

/* Left by a jump: the new worker is its creator's, and ends with it; the list is as it was. */
static void a_hook_may_end_the_creator(void **state)
{
	struct seen seen = { .calls = 0 };
	wt_worker *worker;
	int code;

	(void)state;
	assert_int_equal(wt_on_worker_created(exit_if_worker, &seen), 0);
	assert_int_equal(wt_worker_create(&worker, create_and_be_ended, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, 7);
	assert_int_equal(seen.calls, 1);
	assert_true(seen.thread_id == wt_worker_id(worker));
	wt_worker_destroy(worker);
	make_worker();
	assert_int_equal(seen_by_main, 2);
	wt_off_worker_created(exit_if_worker, &seen);
}

/* ---- Many at once, exhaustion ---- */

static void count_only(wt_worker *worker, void *arg)
{
	(void)worker;
	atomic_fetch_add((atomic_uint *)arg, 1);
}

/* Static: a call that has begun on the other thread may still count when its hook was taken back. */
static struct changer {
	struct verdict verdict;
	atomic_uint calls;
} changers[2];

static void *change_hooks(void *arg)
{
	struct changer *changer = arg;
	struct verdict *verdict = &changer->verdict;

	for (unsigned i = 0; i < 100 / support_slowdown() + 5; i++) {
		unsigned before;

		CHECK(verdict, wt_on_worker_created(count_only, &changer->calls) == 0);
		before = atomic_load(&changer->calls);
		CHECK(verdict, make_worker() != 0);
		CHECK(verdict, atomic_load(&changer->calls) > before);
		wt_off_worker_created(count_only, &changer->calls);
	}
	return NULL;
}

static void hooks_may_change_while_workers_are_created(void **state)
{
	static atomic_uint always;
	pthread_t thread;

	(void)state;
	assert_int_equal(wt_on_worker_created(count_only, &always), 0);
	assert_int_equal(pthread_create(&thread, NULL, change_hooks, &changers[0]), 0);
	change_hooks(&changers[1]);
	pthread_join(thread, NULL);
	wt_off_worker_created(count_only, &always);
	for (int i = 0; i < 2; i++)
		assert_verdict(&changers[i].verdict);
	assert_true(always > 0);
}

static void bad_input_and_no_memory_set_nothing(void **state)
{
	struct seen seen = { .calls = 0 };

	(void)state;
	assert_int_equal(wt_on_worker_created(NULL, NULL), WT_EINVAL);
	wt_off_worker_created(NULL, NULL);
	support_fail_allocations(1, 1);
	assert_int_equal(wt_on_worker_created(see, &seen), WT_ENOMEM);
	support_fail_allocations(0, 0);
	make_worker();
	assert_int_equal(seen.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hook_sees_each_new_worker_on_its_creators_thread),
		TEST(one_that_was_not_created_is_not_seen),
		TEST(hooks_are_called_in_the_order_they_were_set),
		TEST(one_that_is_set_twice_is_called_twice),
		TEST(a_hook_may_set_handlers),
		TEST(a_hook_may_remove_itself_and_create_workers),
		TEST(a_hook_may_end_the_creator),
		TEST(hooks_may_change_while_workers_are_created),
		TEST(bad_input_and_no_memory_set_nothing),
	};

	return cmocka_run_group_tests_name("worker_created", tests, NULL, NULL);
}
