/* SPDX-License-Identifier: MIT
 *
 * The rules of the table: what is granted, and when. Requests of one thread
 * show them, for they are all in one line; test_lock_acquire has threads.
 */
#include "lock.h"

#include <stdio.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/support.h"

#define EXCLUSIVE WT_LOCK_OPTIONS(.mode = WT_LOCK_EXCLUSIVE)
#define SHARED    WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED)

/* What one request was told, and in which turn among all. */
struct ask {
	wt_lock *lock;
	unsigned position; /* from 1; 0: not told */
	int result;
};

static unsigned positions;

static void told(wt_lock *lock, int result, void *arg)
{
	struct ask *ask = arg;

	(void)lock;
	ask->position = ++positions;
	ask->result = result;
}

static void ask_for(struct ask *ask, const char *name, const wt_lock_options *options)
{
	*ask = (struct ask){ .result = 1 };
	assert_int_equal(wt_lock_request(&ask->lock, name, strlen(name), options, told, ask, WT_FOREVER), 0);
}

/* Let the loop tell what there is to tell: so many. */
static void expect_told(unsigned count)
{
	unsigned before = positions;

	while (wt_run_once(WT_NOW) > 0)
		;
	assert_int_equal(positions - before, count);
}

static void let_go(struct ask *asks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wt_lock_release(asks[i].lock);
	assert_false(wt_loop_alive());
}

/* Whether the name could be had at once, without changing anything. */
static bool available(const char *name, const wt_lock_options *like)
{
	wt_lock_options options = *like;
	wt_lock *lock;
	int err;

	options.if_available = true;
	err = wt_lock_acquire(&lock, name, strlen(name), &options, WT_FOREVER);
	assert_true(err == 0 || err == WT_EAGAIN);
	assert_true((err == 0) == (lock != NULL));
	wt_lock_release(lock);
	return err == 0;
}

static int lock_setup(void **state)
{
	positions = 0;
	return support_setup(state);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lock_setup, support_teardown)

/* ---- Modes ---- */

static void an_exclusive_lock_is_held_by_one(void **state)
{
	struct ask asks[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		ask_for(&asks[i], "a", EXCLUSIVE);
	for (unsigned i = 0; i < 3; i++) {
		expect_told(1);
		assert_int_equal(asks[i].position, i + 1);
		assert_int_equal(asks[i].result, 0);
		assert_true(wt_lock_is_held(asks[i].lock));
		assert_false(available("a", EXCLUSIVE));
		assert_false(available("a", SHARED));
		wt_lock_release(asks[i].lock);
	}
	assert_true(available("a", EXCLUSIVE));
	assert_false(wt_loop_alive());
}

static void a_shared_lock_is_held_by_many(void **state)
{
	struct ask asks[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		ask_for(&asks[i], "a", SHARED);
	expect_told(3);
	assert_true(available("a", SHARED));
	assert_false(available("a", EXCLUSIVE));
	let_go(asks, 2);
	assert_false(available("a", EXCLUSIVE));
	let_go(asks + 2, 1);
	assert_true(available("a", EXCLUSIVE));
}

static void locks_of_other_names_do_not_matter(void **state)
{
	struct ask asks[600];
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "name %u", i);
		ask_for(&asks[i], name, EXCLUSIVE);
	}
	expect_told(600);
	let_go(asks, 600);
}

static void names_are_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} names[] = { { "", 0 }, { "a", 1 }, { "a\0", 2 }, { "a\0b", 3 }, { "a\0c", 3 }, { "-a", 2 } };
	enum { NAMES = sizeof names / sizeof *names };
	wt_lock *locks[NAMES], *again;
	size_t size;

	(void)state;
	for (size_t i = 0; i < NAMES; i++)
		assert_int_equal(wt_lock_acquire(&locks[i], names[i].bytes, names[i].size, NULL, WT_NOW), 0);
	for (size_t i = 0; i < NAMES; i++) {
		assert_int_equal(wt_lock_acquire(&again, names[i].bytes, names[i].size, NULL, WT_NOW), WT_EAGAIN);
		assert_non_null(wt_lock_name(locks[i], NULL));
		assert_int_equal(memcmp(wt_lock_name(locks[i], &size), names[i].bytes, names[i].size), 0);
		assert_int_equal(size, names[i].size);
		assert_int_equal(wt_lock_mode(locks[i]), WT_LOCK_EXCLUSIVE);
	}
	for (size_t i = 0; i < NAMES; i++)
		wt_lock_release(locks[i]);
	assert_int_equal(wt_lock_acquire(&again, NULL, 0, SHARED, WT_NOW), 0);
	assert_int_equal(wt_lock_mode(again), WT_LOCK_SHARED);
	wt_lock_release(again);
}

/* ---- Order ---- */

/* As in Web Locks: a shared request does not pass an exclusive one, though it could be granted. */
static void no_request_passes_one_before_it(void **state)
{
	struct ask asks[6];

	(void)state;
	ask_for(&asks[0], "a", SHARED);
	ask_for(&asks[1], "a", SHARED);
	ask_for(&asks[2], "a", EXCLUSIVE);
	ask_for(&asks[3], "a", SHARED);
	ask_for(&asks[4], "a", SHARED);
	ask_for(&asks[5], "a", EXCLUSIVE);
	expect_told(2);
	assert_false(available("a", SHARED));
	wt_lock_release(asks[0].lock);
	expect_told(0);
	wt_lock_release(asks[1].lock);
	expect_told(1);
	assert_int_equal(asks[2].position, 3);
	wt_lock_release(asks[2].lock);
	expect_told(2);
	assert_true(asks[3].position && asks[4].position);
	wt_lock_release(asks[4].lock);
	expect_told(0);
	wt_lock_release(asks[3].lock);
	expect_told(1);
	assert_int_equal(asks[5].position, 6);
	wt_lock_release(asks[5].lock);
	assert_false(wt_loop_alive());
}

/* What it was in the way of is granted at once. */
static void a_request_that_is_taken_back_lets_those_behind_it_through(void **state)
{
	struct ask asks[4];

	(void)state;
	ask_for(&asks[0], "a", SHARED);
	ask_for(&asks[1], "a", EXCLUSIVE);
	ask_for(&asks[2], "a", SHARED);
	ask_for(&asks[3], "a", SHARED);
	expect_told(1);
	assert_false(wt_lock_is_held(asks[1].lock));
	wt_lock_release(asks[1].lock);
	expect_told(2);
	assert_int_equal(asks[1].position, 0);
	wt_lock_release(asks[0].lock);
	let_go(asks + 2, 2);
}

static void one_from_the_middle_leaves_the_others_in_order(void **state)
{
	struct ask asks[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		ask_for(&asks[i], "a", EXCLUSIVE);
	wt_lock_release(asks[2].lock);
	for (int i = 0; i < 5; i++) {
		if (i == 2)
			continue;
		expect_told(1);
		assert_true(wt_lock_is_held(asks[i].lock));
		wt_lock_release(asks[i].lock);
	}
	assert_int_equal(asks[2].position, 0);
	assert_false(wt_loop_alive());
}

/* ---- Stealing ---- */

static void stealing_takes_it_from_all_who_hold_it(void **state)
{
	const wt_lock_options *steal = WT_LOCK_OPTIONS(.steal = true);
	struct ask asks[3], thief;

	(void)state;
	ask_for(&asks[0], "a", SHARED);
	ask_for(&asks[1], "a", SHARED);
	ask_for(&asks[2], "a", SHARED);
	expect_told(3);
	ask_for(&thief, "a", steal);
	assert_true(wt_lock_is_held(thief.lock)); /* at once; it is told by the loop */
	expect_told(1);
	for (int i = 0; i < 3; i++) {
		assert_true(wt_lock_is_stolen(asks[i].lock));
		assert_false(wt_lock_is_held(asks[i].lock));
	}
	assert_false(wt_lock_is_stolen(thief.lock));
	/* The release of what was stolen frees only the handle. */
	let_go(asks, 3);
	assert_false(available("a", SHARED));
	wt_lock_release(thief.lock);
	assert_true(available("a", EXCLUSIVE));
}

static void those_who_wait_go_on_waiting_behind_the_thief(void **state)
{
	const wt_lock_options *steal = WT_LOCK_OPTIONS(.steal = true);
	struct ask first, waiting[2], thieves[2];

	(void)state;
	ask_for(&first, "a", EXCLUSIVE);
	ask_for(&waiting[0], "a", SHARED);
	ask_for(&waiting[1], "a", SHARED);
	ask_for(&thieves[0], "a", steal);
	ask_for(&thieves[1], "a", steal);
	expect_told(3); /* the first is told that it was granted, and so is the robbed thief */
	assert_true(wt_lock_is_stolen(first.lock));
	assert_true(wt_lock_is_stolen(thieves[0].lock));
	assert_true(wt_lock_is_held(thieves[1].lock));
	assert_false(wt_lock_is_held(waiting[0].lock));
	wt_lock_release(first.lock);
	wt_lock_release(thieves[0].lock);
	expect_told(0);
	wt_lock_release(thieves[1].lock);
	expect_told(2);
	let_go(waiting, 2);
}

static void a_name_that_is_free_can_be_stolen(void **state)
{
	wt_lock *lock;

	(void)state;
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, WT_LOCK_OPTIONS(.steal = true), WT_NOW), 0);
	assert_true(wt_lock_is_held(lock));
	wt_lock_release(lock);
}

/* ---- The ends of threads ---- */

struct end {
	struct verdict verdict;
	void (*leave)(void);
};

static void take_and_leave(void *arg)
{
	struct end *end = arg;
	wt_lock *locks[3];

	CHECK(&end->verdict, wt_lock_acquire(&locks[0], "a", 1, NULL, WT_NOW) == 0);
	CHECK(&end->verdict, wt_lock_acquire(&locks[1], "b", 1, SHARED, WT_NOW) == 0);
	CHECK(&end->verdict, wt_lock_request(&locks[2], "a", 1, NULL, told, NULL, WT_FOREVER) == 0);
}

static void a_foreign_threads_end_releases_its_locks(void **state)
{
	struct end end = { .leave = NULL };
	struct ask ask;

	(void)state;
	run_on_new_thread(take_and_leave, &end);
	assert_verdict(&end.verdict);
	ask_for(&ask, "a", EXCLUSIVE);
	expect_told(1);
	wt_lock_release(ask.lock);
	assert_true(available("b", EXCLUSIVE));
}

static void end_by_return(void)
{
}

static void end_by_exit(void)
{
	wt_exit(3);
}

static void end_by_failure(void)
{
	wt_on_failure(NULL, NULL);
	wt_fail(3, "on purpose");
}

static void end_by_terminate(void)
{
	for (;;)
		wt_checkpoint();
}

static int take_in_worker(wt_port *parent, const void *data, size_t size)
{
	struct end *end = *(struct end *const *)data;

	(void)size;
	take_and_leave(end);
	CHECK(&end->verdict, wt_port_post(parent, NULL, 0) == 0);
	end->leave();
	return 0;
}

/* Who has seen the end finds the locks free, and who waits for one gets it. */
static void every_end_of_a_worker_releases_its_locks(void **state)
{
	static void (*const ends[])(void) = { end_by_return, end_by_exit, end_by_failure, end_by_terminate };

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct end end = { .leave = ends[i] }, *at = &end;
		wt_failure failure;
		wt_message message;
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, take_in_worker, &at, sizeof at, NULL), 0);
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER), 0);
		if (ends[i] == end_by_terminate)
			assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
		assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
		assert_true(available("a", EXCLUSIVE));
		assert_true(available("b", EXCLUSIVE));
		(void)!wt_worker_failure(worker, &failure); /* asked for: not printed */
		assert_verdict(&end.verdict);
		wt_worker_destroy(worker);
	}
}

/* ---- Misuse, exhaustion ---- */

static void use_from_elsewhere(void *arg)
{
	struct ask *ask = arg;

	if (wt_lock_is_held(ask->lock) || wt_lock_is_stolen(ask->lock))
		ask->result = 77;
	wt_lock_on_stolen(ask->lock, NULL, NULL);
	wt_lock_release(ask->lock);
}

static void another_threads_lock_is_left_alone(void **state)
{
	struct ask ask;

	(void)state;
	ask_for(&ask, "a", EXCLUSIVE);
	expect_told(1);
	run_on_new_thread(use_from_elsewhere, &ask);
	assert_int_equal(ask.result, 0);
	assert_true(wt_lock_is_held(ask.lock));
	assert_false(available("a", EXCLUSIVE));
	wt_lock_release(ask.lock);
}

static void bad_input_is_refused(void **state)
{
	static const struct {
		wt_lock_options known;
		unsigned char tail[8];
	} later = { .known = { .size = sizeof later }, .tail = { 1 } };
	const wt_lock_options *const bad[] = {
		WT_LOCK_OPTIONS(.mode = 2),
		WT_LOCK_OPTIONS(.mode = -1),
		WT_LOCK_OPTIONS(.steal = true, .if_available = true),
		WT_LOCK_OPTIONS(.steal = true, .mode = WT_LOCK_SHARED),
		&(const wt_lock_options){ .size = 0 },
	};
	wt_lock_options options = { .size = 1, .mode = WT_LOCK_SHARED, .steal = true, .if_available = true };
	wt_lock *lock;
	size_t size = 77;

	(void)state;
	errno = ENOTTY;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		lock = (wt_lock *)&size;
		assert_int_equal(wt_lock_acquire(&lock, "a", 1, bad[i], WT_NOW), WT_EINVAL);
		assert_null(lock);
		assert_int_equal(wt_lock_request(&lock, "a", 1, bad[i], told, NULL, WT_FOREVER), WT_EINVAL);
	}
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, &later.known, WT_NOW), WT_E2BIG);
	assert_int_equal(wt_lock_request(&lock, "a", 1, &later.known, told, NULL, WT_NOW), WT_E2BIG);
	assert_int_equal(wt_lock_acquire(NULL, "a", 1, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_lock_acquire(&lock, NULL, 1, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, NULL, -1), WT_EINVAL);
	assert_int_equal(wt_lock_acquire(&lock, "a", SIZE_MAX, NULL, WT_NOW), WT_EOVERFLOW);
	assert_int_equal(wt_lock_request(NULL, "a", 1, NULL, told, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_lock_request(&lock, NULL, 1, NULL, told, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_lock_request(&lock, "a", 1, NULL, NULL, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_lock_request(&lock, "a", 1, NULL, told, NULL, -1), WT_EINVAL);
	assert_int_equal(wt_lock_request(&lock, "a", SIZE_MAX, NULL, told, NULL, WT_NOW), WT_EOVERFLOW);
	assert_null(lock);
	wt_lock_options_init(&options);
	assert_int_equal(options.size, sizeof options);
	assert_int_equal(options.mode, WT_LOCK_EXCLUSIVE);
	assert_false(options.steal || options.if_available);
	wt_lock_options_init(NULL);
	wt_lock_release(NULL);
	wt_lock_on_stolen(NULL, NULL, NULL);
	assert_false(wt_lock_is_held(NULL));
	assert_false(wt_lock_is_stolen(NULL));
	assert_null(wt_lock_name(NULL, &size));
	assert_int_equal(size, 0);
	assert_int_equal(wt_lock_mode(NULL), WT_LOCK_EXCLUSIVE);
	assert_true(available("a", EXCLUSIVE));
	assert_int_equal(errno, ENOTTY);
}

static void ask_without_memory(void *arg)
{
	struct verdict *verdict = arg;
	wt_lock *lock;

	/* The thread's record, then the lock. */
	for (int i = 0; i < 2; i++) {
		support_fail_allocations(1, 1);
		CHECK(verdict, wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER) == WT_ENOMEM && !lock);
		support_fail_allocations(1, 1);
		CHECK(verdict, wt_lock_request(&lock, "a", 1, NULL, told, NULL, WT_FOREVER) == WT_ENOMEM && !lock);
		wt_thread_id();
	}
	support_fail_allocations(2, 0);
	CHECK(verdict, wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER) == 0);
	support_fail_allocations(0, 0);
	wt_lock_release(lock);
	CHECK(verdict, !wt_loop_alive());
}

/* [P1] */
static void without_memory_nothing_is_held(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(ask_without_memory, &verdict);
	assert_verdict(&verdict);
	assert_true(available("a", EXCLUSIVE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_exclusive_lock_is_held_by_one),
		TEST(a_shared_lock_is_held_by_many),
		TEST(locks_of_other_names_do_not_matter),
		TEST(names_are_bytes),
		TEST(no_request_passes_one_before_it),
		TEST(a_request_that_is_taken_back_lets_those_behind_it_through),
		TEST(one_from_the_middle_leaves_the_others_in_order),
		TEST(stealing_takes_it_from_all_who_hold_it),
		TEST(those_who_wait_go_on_waiting_behind_the_thief),
		TEST(a_name_that_is_free_can_be_stolen),
		TEST(a_foreign_threads_end_releases_its_locks),
		TEST(every_end_of_a_worker_releases_its_locks),
		TEST(another_threads_lock_is_left_alone),
		TEST(bad_input_is_refused),
		TEST(without_memory_nothing_is_held),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
