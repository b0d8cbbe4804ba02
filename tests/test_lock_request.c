/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <wt/lock.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/support.h"

#define MS ((wt_time)1000000)

/* What the callbacks of one request were told. */
struct told {
	wt_lock *lock;
	unsigned calls;
	int result;
	bool held; /* as the callback saw it */
	wt_time when;
	unsigned stolen; /* calls */
	void (*then)(struct told *told);
};

static void tell(wt_lock *lock, int result, void *arg)
{
	struct told *told = arg;

	told->calls++;
	told->result = result;
	told->held = wt_lock_is_held(lock);
	told->when = wt_now();
	if (told->then)
		told->then(told);
}

static void tell_stolen(wt_lock *lock, void *arg)
{
	struct told *told = arg;

	(void)lock;
	told->stolen++;
	if (told->then)
		told->then(told);
}

static void request(struct told *told, wt_time deadline)
{
	*told = (struct told){ .result = 1 };
	assert_int_equal(wt_lock_request(&told->lock, "a", 1, NULL, tell, told, deadline), 0);
	assert_non_null(told->lock);
}

static wt_lock *take(void)
{
	wt_lock *lock;

	assert_int_equal(wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER), 0);
	return lock;
}

static wt_lock *steal(void)
{
	wt_lock *lock;

	assert_int_equal(wt_lock_acquire(&lock, "a", 1, WT_LOCK_OPTIONS(.steal = true), WT_FOREVER), 0);
	return lock;
}

static bool is_free(void)
{
	wt_lock *lock;
	int err = wt_lock_acquire(&lock, "a", 1, NULL, WT_NOW);

	wt_lock_release(lock);
	return err == 0;
}

static void release_it(struct told *told)
{
	wt_lock_release(told->lock);
}

/* ---- Grants ---- */

static void the_loop_tells_of_the_grant_and_lives_until_then(void **state)
{
	wt_lock *lock = take();
	struct told told;

	(void)state;
	request(&told, WT_FOREVER);
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	wt_lock_release(lock);
	assert_true(wt_lock_is_held(told.lock)); /* granted, not told */
	assert_int_equal(told.calls, 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.result, 0);
	assert_true(told.held);
	assert_false(wt_loop_alive()); /* a lock that is held does not keep it */
	assert_int_equal(wt_run(), 0);
	assert_false(is_free());
	wt_lock_release(told.lock);
	assert_true(is_free());
}

static void what_is_free_is_told_by_the_loop_all_the_same(void **state)
{
	struct told told;

	(void)state;
	request(&told, WT_FOREVER);
	assert_int_equal(told.calls, 0);
	told.then = release_it;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	assert_true(is_free());
}

static void what_may_not_wait_says_so_at_once(void **state)
{
	const wt_lock_options *available = WT_LOCK_OPTIONS(.if_available = true);
	wt_lock *lock = take(), *other = lock;
	struct told told = { 0 };

	(void)state;
	assert_int_equal(wt_lock_request(&other, "a", 1, available, tell, &told, WT_FOREVER), WT_EAGAIN);
	assert_null(other);
	assert_int_equal(wt_lock_request(&other, "a", 1, NULL, tell, &told, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_lock_request(&other, "a", 1, NULL, tell, &told, 1), WT_ETIMEDOUT);
	assert_false(wt_loop_alive());
	wt_lock_release(lock);
	assert_int_equal(wt_lock_request(&other, "a", 1, available, tell, &told, WT_NOW), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	wt_lock_release(other);
	assert_int_equal(wt_lock_request(&other, "a", 1, NULL, tell, &told, 1), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 2);
	assert_int_equal(told.result, 0);
	wt_lock_release(other);
}

static void a_request_times_out_and_never_early(void **state)
{
	wt_lock *lock = take();
	wt_time at = wt_after_ms(5);
	struct told first, second;

	(void)state;
	request(&first, at);
	request(&second, wt_after_ms(1000000));
	assert_int_equal(wt_run_once(WT_FOREVER), 1);
	assert_int_equal(first.result, WT_ETIMEDOUT);
	assert_true(first.when >= at);
	assert_false(first.held);
	assert_false(wt_lock_is_stolen(first.lock));
	/* It has left the line, and its handle is still the caller's. */
	wt_lock_release(lock);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(second.result, 0);
	assert_false(wt_loop_alive());
	wt_lock_release(second.lock);
	assert_true(is_free());
	wt_lock_release(first.lock);
	assert_int_equal(first.calls, 1);
}

/* Both have come when the loop looks: it was granted. */
static void a_grant_before_the_deadline_counts(void **state)
{
	wt_lock *lock = take();
	struct told told;

	(void)state;
	request(&told, wt_after_ms(2));
	wt_lock_release(lock);
	while (wt_run_once(WT_NOW) != 1)
		sched_yield();
	assert_int_equal(told.result, 0);
	assert_false(wt_loop_alive());
	wt_lock_release(told.lock);
	lock = take();
	request(&told, wt_after_ms(2));
	wt_lock_release(lock);
	for (wt_time end = wt_after_ms(4); wt_now() < end;)
		sched_yield();
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.result, 0);
	wt_lock_release(told.lock);
}

/* ---- Taken back ---- */

static void a_request_that_is_taken_back_is_not_told(void **state)
{
	wt_lock *lock = take();
	struct told told[2];

	(void)state;
	request(&told[0], WT_FOREVER);
	request(&told[1], wt_after_ms(1));
	wt_lock_release(told[0].lock);
	wt_lock_release(told[1].lock);
	assert_false(wt_loop_alive());
	/* Also one that was granted, and not told yet. */
	request(&told[0], WT_FOREVER);
	wt_lock_release(lock);
	assert_true(wt_lock_is_held(told[0].lock));
	wt_lock_release(told[0].lock);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told[0].calls + told[1].calls, 0);
	assert_true(is_free());
}

static struct told *victim;

static void release_victim(struct told *told)
{
	(void)told;
	wt_lock_release(victim->lock);
}

static void a_callback_may_release_any_lock(void **state)
{
	struct told told[2];

	(void)state;
	assert_int_equal(wt_lock_request(&told[0].lock, "a", 1, WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED), tell,
					 &told[0], WT_FOREVER), 0);
	assert_int_equal(wt_lock_request(&told[1].lock, "a", 1, WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED), tell,
					 &told[1], WT_FOREVER), 0);
	told[0].calls = told[1].calls = 0;
	told[0].then = release_victim;
	victim = &told[1];
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told[0].calls, 1);
	assert_int_equal(told[1].calls, 0);
	wt_lock_release(told[0].lock);
	assert_true(is_free());
}

/* ---- Theft ---- */

static void the_loop_tells_a_holder_that_it_was_robbed(void **state)
{
	struct told told = { .stolen = 0 };
	wt_lock *lock = take(), *thief;

	(void)state;
	wt_lock_on_stolen(lock, tell_stolen, &told);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), 0);
	thief = steal();
	assert_int_equal(told.stolen, 0);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(told.stolen, 1);
	assert_int_equal(wt_run_once(WT_NOW), 0); /* once */
	wt_lock_release(lock);
	/* Set when it has come already; and removed before it is told. */
	lock = thief;
	thief = steal();
	wt_lock_on_stolen(lock, tell_stolen, &told);
	told.lock = lock;
	told.then = release_it;
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(told.stolen, 2);
	wt_lock_on_stolen(thief, tell_stolen, &told);
	lock = steal();
	wt_lock_on_stolen(thief, NULL, NULL);
	assert_int_equal(wt_run_once(WT_NOW), 0);
	wt_lock_release(thief);
	wt_lock_release(lock);
	assert_int_equal(told.stolen, 2);
}

/* Granted and stolen before the loop looks: both are told, in this order. */
static void a_grant_is_told_before_the_theft(void **state)
{
	struct told told;
	wt_lock *thief;

	(void)state;
	request(&told, WT_FOREVER);
	wt_lock_on_stolen(told.lock, tell_stolen, &told);
	thief = steal();
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.result, 0);
	assert_false(told.held);
	(void)!wt_run_once(WT_NOW);
	assert_int_equal(told.stolen, 1);
	wt_lock_release(told.lock);
	wt_lock_release(thief);
}

/* ---- Other threads ---- */

static void *release_elsewhere(void *arg)
{
	struct latch *latches = arg;
	wt_lock *lock;

	if (wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER) != 0)
		return arg;
	latch_open(&latches[0]);
	latch_await(&latches[1]);
	wt_lock_release(lock);
	return NULL;
}

/* The loop sleeps, and a release on another thread wakes it. */
static void a_release_elsewhere_wakes_the_loop(void **state)
{
	struct latch latches[2] = { 0 };
	struct told told;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, release_elsewhere, latches), 0);
	assert_true(latch_await(&latches[0]));
	request(&told, WT_FOREVER);
	assert_int_equal(wt_run_once(wt_after_ms(5)), WT_ETIMEDOUT);
	latch_open(&latches[1]);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.result, 0);
	wt_lock_release(told.lock);
	pthread_join(thread, NULL);
}

static void poll_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	struct latch latches[2] = { 0 };
	struct told told = { 0 };
	pthread_t thread;
	wt_lock *thief;
	int fd;

	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, pthread_create(&thread, NULL, release_elsewhere, latches) == 0);
	CHECK(verdict, latch_await(&latches[0]));
	CHECK(verdict, wt_lock_request(&told.lock, "a", 1, NULL, tell, &told, WT_FOREVER) == 0);
	wt_lock_on_stolen(told.lock, tell_stolen, &told);
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
	CHECK(verdict, !polls_readable(fd, 0));
	latch_open(&latches[1]);
	CHECK(verdict, polls_readable(fd, 10000));
	CHECK(verdict, wt_run_once(WT_NOW) == 1);
	CHECK(verdict, told.calls == 1);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !polls_readable(fd, 0));
	pthread_join(thread, NULL);
	CHECK(verdict, wt_lock_acquire(&thief, "a", 1, WT_LOCK_OPTIONS(.steal = true), WT_NOW) == 0);
	CHECK(verdict, polls_readable(fd, 10000));
	CHECK(verdict, wt_run_once(WT_NOW) == 1 && told.stolen == 1);
}

static void the_loops_descriptor_covers_locks(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(poll_descriptor, &verdict);
	assert_verdict(&verdict);
	assert_true(is_free());
}

/* ---- The ends of workers ---- */

struct job {
	struct verdict *verdict;
	struct latch *waiting;
	atomic_uint *calls;
	bool exits;
};

static void count_call(wt_lock *lock, int result, void *arg)
{
	const struct job *job = arg;

	CHECK(job->verdict, result == 0 || result == WT_ETIMEDOUT);
	(void)lock;
	atomic_fetch_add(job->calls, 1);
	if (job->exits)
		wt_exit(7);
}

static int request_in_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_lock *locks[2];

	(void)parent;
	(void)size;
	CHECK(job->verdict, wt_lock_request(&locks[0], "a", 1, NULL, count_call, (void *)data, WT_FOREVER) == 0);
	CHECK(job->verdict, wt_lock_request(&locks[1], "a", 1, NULL, count_call, (void *)data,
					    wt_after_ms(1000000)) == 0);
	latch_open(job->waiting);
	return wt_run();
}

/* [W5] */
static void terminate_takes_requests_back(void **state)
{
	struct latch waiting = { 0 };
	struct verdict verdict = { 0 };
	atomic_uint calls = 0;
	struct job job = { &verdict, &waiting, &calls, false };
	wt_lock *lock = take();
	wt_worker *worker;
	wt_time begun;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, request_in_worker, &job, sizeof job, NULL), 0);
	assert_true(latch_await(&waiting));
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_true(wt_now() - begun < PROMPTLY);
	wt_lock_release(lock);
	assert_true(is_free());
	assert_int_equal(atomic_load(&calls), 0);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
}

/* Left by a jump: what it held is released by the thread's end, and goes to the next. */
static void a_callback_may_end_its_worker(void **state)
{
	struct latch waiting = { 0 };
	struct verdict verdict = { 0 };
	atomic_uint calls = 0;
	struct job job = { &verdict, &waiting, &calls, true };
	wt_worker *worker;
	int code;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, request_in_worker, &job, sizeof job, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, 7);
	assert_int_equal(atomic_load(&calls), 1);
	assert_true(is_free());
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
}

/* ---- Stress ---- */

enum { THREADS = 4, NAMES = 2 };

struct storm {
	struct verdict *verdict;
	atomic_int *inside; /* for each name: who is known to hold it, and was not robbed */
	atomic_ulong *granted, *refused, *cancelled;
	uint64_t random;
	unsigned left, pending;
	bool thieves;
	struct storm_request {
		struct storm *storm;
		wt_lock *lock;
		size_t name;
	} requests[8];
};

static void storm_begin(struct storm *s);

static void storm_told(wt_lock *lock, int result, void *arg)
{
	struct storm_request *r = arg;
	struct storm *s = r->storm;

	CHECK(s->verdict, lock == r->lock);
	CHECK(s->verdict, result == 0 || result == WT_ETIMEDOUT);
	atomic_fetch_add(result ? s->refused : s->granted, 1);
	if (!result && !s->thieves) {
		CHECK(s->verdict, atomic_fetch_add(&s->inside[r->name], 1) == 0);
		sched_yield();
		CHECK(s->verdict, atomic_fetch_sub(&s->inside[r->name], 1) == 1);
	}
	wt_lock_release(lock);
	r->lock = NULL;
	s->pending--;
	storm_begin(s);
}

/* Up to eight at a time; now and then one is taken back, whether it was granted meanwhile or not. */
static void storm_begin(struct storm *s)
{
	while (s->left && s->pending < 8) {
		struct storm_request *r = s->requests;
		uint64_t choice = support_random(&s->random);
		bool thief = s->thieves && choice % 5 == 0;
		int err;

		while (r->lock)
			r++;
		*r = (struct storm_request){ .storm = s, .name = choice / 64 % NAMES };
		err = wt_lock_request(&r->lock, &r->name, sizeof r->name, thief ? WT_LOCK_OPTIONS(.steal = true) : NULL,
				      storm_told, r, wt_after_ns(choice / 1024 % 300000));
		CHECK(s->verdict, err == 0 || err == WT_ETIMEDOUT);
		s->left--;
		if (!err && choice % 7 == 0) {
			wt_lock_release(r->lock);
			r->lock = NULL;
			atomic_fetch_add(s->cancelled, 1);
		} else if (!err) {
			s->pending++;
		}
	}
}

static void *storm_run(void *arg)
{
	struct storm *s = arg;

	storm_begin(s);
	CHECK(s->verdict, wt_run() == 0);
	CHECK(s->verdict, s->pending == 0 && s->left == 0);
	return NULL;
}

static void storm(bool thieves)
{
	atomic_int inside[NAMES] = { 0 };
	atomic_ulong granted = 0, refused = 0, cancelled = 0;
	uint64_t seed = support_seed();
	struct verdict verdict = { 0 };
	pthread_t threads[THREADS];
	struct storm storms[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		storms[i] = (struct storm){ .verdict = &verdict, .inside = inside, .granted = &granted,
					    .refused = &refused, .cancelled = &cancelled, .random = seed + i,
					    .left = 10000 / support_slowdown(), .thieves = thieves };
		assert_int_equal(pthread_create(&threads[i], NULL, storm_run, &storms[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_true(granted > 0);
	print_message("# %lu granted, %lu refused, %lu taken back\n", (unsigned long)granted, (unsigned long)refused,
		      (unsigned long)cancelled);
	for (size_t name = 0; name < NAMES; name++) {
		wt_lock *lock;

		assert_int_equal(wt_lock_acquire(&lock, &name, sizeof name, NULL, WT_NOW), 0);
		wt_lock_release(lock);
	}
}

/* Taken back, timed out and granted at the same moments: each request ends once, and none is inside with another. */
static void cancel_and_deadline_race_the_grant(void **state)
{
	(void)state;
	storm(false);
}

/* The same with thieves: nothing is lost, though nothing is exclusive any more. */
static void theft_races_everything(void **state)
{
	(void)state;
	storm(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_tells_of_the_grant_and_lives_until_then),
		TEST(what_is_free_is_told_by_the_loop_all_the_same),
		TEST(what_may_not_wait_says_so_at_once),
		TEST(a_request_times_out_and_never_early),
		TEST(a_grant_before_the_deadline_counts),
		TEST(a_request_that_is_taken_back_is_not_told),
		TEST(a_callback_may_release_any_lock),
		TEST(the_loop_tells_a_holder_that_it_was_robbed),
		TEST(a_grant_is_told_before_the_theft),
		TEST(a_release_elsewhere_wakes_the_loop),
		TEST(the_loops_descriptor_covers_locks),
		TEST(terminate_takes_requests_back),
		TEST(a_callback_may_end_its_worker),
		TEST(cancel_and_deadline_race_the_grant),
		TEST(theft_races_everything),
	};

	return cmocka_run_group_tests_name("lock_request", tests, NULL, NULL);
}
