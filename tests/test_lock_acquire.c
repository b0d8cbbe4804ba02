/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <wt/lock.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"
#include "thread.h"

#define MS     ((wt_time)1000000)
#define SHARED WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED)

/* ---- Threads that wait ---- */

/* How many of the threads that are `counted` are in the line, and about to sleep. */
static atomic_uint entered;
static _Thread_local bool counted;

/* The next thread that comes to a point is held there, until told to go on. */
static struct gate {
	atomic_bool closed;
	struct latch held, go;
} gates[WTI_YIELD_ENDING + 1];

static void hook(enum wti_yield_point point, void *object)
{
	struct gate *gate = &gates[point];

	(void)object;
	if (!counted && point != WTI_YIELD_WAKING)
		return;
	if (point == WTI_YIELD_ARMED)
		atomic_fetch_add(&entered, 1);
	if (atomic_exchange(&gate->closed, false)) {
		latch_open(&gate->held);
		latch_await(&gate->go);
	}
}

static struct gate *hold_at(enum wti_yield_point point)
{
	struct gate *gate = &gates[point];

	gate->held = gate->go = (struct latch){ 0 };
	atomic_store(&gate->closed, true);
	return gate;
}

static bool has_entered(void *arg)
{
	return atomic_load(&entered) >= *(unsigned *)arg;
}

struct sleeper {
	const wt_lock_options *options;
	wt_time deadline;
	pthread_t thread;
	int result;
	bool stolen;
	unsigned position; /* of its entry */
	struct latch done; /* its acquire has returned */
	struct latch go;   /* it may release */
};

static void *sleep_for_lock(void *arg)
{
	struct sleeper *s = arg;
	wt_lock *lock;

	counted = true;
	s->result = wt_lock_acquire(&lock, "a", 1, s->options, s->deadline);
	latch_open(&s->done);
	latch_await(&s->go);
	s->stolen = wt_lock_is_stolen(lock);
	wt_lock_release(lock);
	return NULL;
}

static bool is_in_line(void *arg)
{
	struct sleeper *s = arg;

	return has_entered(&s->position) || latch_is_open(&s->done);
}

/* Start one, and return when it is in the line, or through. */
static void start_sleeper(struct sleeper *s, const wt_lock_options *options, wt_time deadline)
{
	*s = (struct sleeper){ .options = options, .deadline = deadline, .position = atomic_load(&entered) + 1 };
	assert_int_equal(pthread_create(&s->thread, NULL, sleep_for_lock, s), 0);
	assert_true(await(is_in_line, s));
}

static int end_sleeper(struct sleeper *s)
{
	latch_open(&s->go);
	pthread_join(s->thread, NULL);
	return s->result;
}

static wt_lock *take(void)
{
	wt_lock *lock;

	assert_int_equal(wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER), 0);
	assert_true(wt_lock_is_held(lock));
	return lock;
}

static bool is_free(void)
{
	wt_lock *lock;
	int err = wt_lock_acquire(&lock, "a", 1, NULL, WT_NOW);

	wt_lock_release(lock);
	return err == 0;
}

static int acquire_setup(void **state)
{
	int err = support_setup(state);

	atomic_store(&entered, 0);
	for (size_t i = 0; i < sizeof gates / sizeof *gates; i++)
		atomic_store(&gates[i].closed, false);
	wti_yield_hook = hook;
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, acquire_setup, support_teardown)

static void one_that_waits_gets_it_when_it_is_released(void **state)
{
	wt_lock *lock = take();
	struct sleeper s;

	(void)state;
	start_sleeper(&s, NULL, WT_FOREVER);
	assert_false(latch_is_open(&s.done));
	wt_lock_release(lock);
	assert_true(latch_await(&s.done));
	assert_int_equal(s.result, 0);
	assert_false(is_free());
	assert_int_equal(end_sleeper(&s), 0);
	assert_false(s.stolen);
	assert_true(is_free());
}

static void threads_get_it_in_the_order_they_came(void **state)
{
	enum { SLEEPERS = 8 };
	wt_lock *lock = take();
	struct sleeper sleepers[SLEEPERS];

	(void)state;
	for (int i = 0; i < SLEEPERS; i++)
		start_sleeper(&sleepers[i], NULL, WT_FOREVER);
	wt_lock_release(lock);
	for (int i = 0; i < SLEEPERS; i++) {
		assert_true(latch_await(&sleepers[i].done));
		for (int j = i + 1; j < SLEEPERS; j++)
			assert_false(latch_is_open(&sleepers[j].done));
		assert_int_equal(end_sleeper(&sleepers[i]), 0);
	}
}

/* More than can be woken after the mutex is given back. */
static void a_crowd_of_shared_ones_gets_it_at_once(void **state)
{
	enum { CROWD = 50 };
	static struct sleeper sleepers[CROWD];
	wt_lock *lock = take();

	(void)state;
	for (int i = 0; i < CROWD; i++)
		start_sleeper(&sleepers[i], SHARED, WT_FOREVER);
	wt_lock_release(lock);
	for (int i = 0; i < CROWD; i++)
		assert_true(latch_await(&sleepers[i].done));
	assert_false(is_free());
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(end_sleeper(&sleepers[i]), 0);
	assert_true(is_free());
}

static void what_need_not_wait_does_not(void **state)
{
	wt_lock *lock = take(), *other = lock;
	struct sleeper s;

	(void)state;
	assert_int_equal(wt_lock_acquire(&other, "a", 1, NULL, WT_NOW), WT_EAGAIN);
	assert_null(other);
	assert_int_equal(wt_lock_acquire(&other, "a", 1, WT_LOCK_OPTIONS(.if_available = true), WT_FOREVER), WT_EAGAIN);
	/* A moment that has passed is early enough for what is free. */
	assert_int_equal(wt_lock_acquire(&other, "b", 1, NULL, 1), 0);
	wt_lock_release(other);
	wt_lock_release(lock);
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, SHARED, WT_NOW), 0);
	/* Not available while somebody waits, though it could be shared. */
	start_sleeper(&s, NULL, WT_FOREVER);
	assert_int_equal(wt_lock_acquire(&other, "a", 1, SHARED, WT_NOW), WT_EAGAIN);
	wt_lock_release(lock);
	assert_int_equal(end_sleeper(&s), 0);
}

static void a_timeout_is_never_early_and_lets_others_through(void **state)
{
	wt_time at;
	wt_lock *lock;
	struct sleeper s[3];

	(void)state;
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, SHARED, WT_FOREVER), 0);
	at = wt_after_ms(30);
	start_sleeper(&s[0], NULL, at);
	start_sleeper(&s[1], SHARED, WT_FOREVER);
	assert_true(latch_await(&s[0].done));
	assert_true(wt_now() >= at);
	assert_int_equal(end_sleeper(&s[0]), WT_ETIMEDOUT);
	assert_true(latch_await(&s[1].done)); /* what it stood behind is gone */
	assert_int_equal(end_sleeper(&s[1]), 0);
	wt_lock_release(lock);
	lock = take();
	start_sleeper(&s[2], NULL, 1);
	assert_int_equal(end_sleeper(&s[2]), WT_ETIMEDOUT);
	wt_lock_release(lock);
	assert_true(is_free());
}

static void a_thread_does_not_wait_for_itself(void **state)
{
	wt_lock *lock = take(), *again;

	(void)state;
	assert_int_equal(wt_lock_acquire(&again, "a", 1, NULL, WT_FOREVER), WT_EDEADLK);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, SHARED, wt_after_ms(1000000)), WT_EDEADLK);
	assert_null(again);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, WT_LOCK_OPTIONS(.steal = true), WT_FOREVER), 0);
	assert_true(wt_lock_is_stolen(lock));
	wt_lock_release(lock);
	wt_lock_release(again);
	assert_int_equal(wt_lock_acquire(&lock, "a", 1, SHARED, WT_FOREVER), 0);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, SHARED, WT_FOREVER), 0); /* once more is no harm */
	wt_lock_release(again);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, NULL, WT_FOREVER), WT_EDEADLK);
	wt_lock_release(lock);
	assert_true(is_free());
}

static void not_told(wt_lock *lock, int result, void *arg)
{
	(void)lock;
	(void)result;
	*(bool *)arg = true;
}

/* Its loop would have to tell of the first request, and cannot while it waits for the second. */
static void a_thread_does_not_wait_behind_its_own_request(void **state)
{
	struct sleeper holder = { .options = SHARED, .deadline = WT_FOREVER };
	wt_lock *request, *again;
	bool told = false;

	(void)state;
	assert_int_equal(pthread_create(&holder.thread, NULL, sleep_for_lock, &holder), 0);
	assert_true(latch_await(&holder.done));
	assert_int_equal(wt_lock_request(&request, "a", 1, NULL, not_told, &told, WT_FOREVER), 0);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, SHARED, WT_FOREVER), WT_EDEADLK);
	wt_lock_release(request);
	assert_int_equal(wt_lock_acquire(&again, "a", 1, SHARED, WT_FOREVER), 0);
	wt_lock_release(again);
	assert_int_equal(end_sleeper(&holder), 0);
	assert_false(told);
	assert_true(is_free());
}

static void a_holder_can_see_that_it_was_robbed(void **state)
{
	wt_lock *first = take(), *thief;
	struct sleeper s;

	(void)state;
	start_sleeper(&s, NULL, WT_FOREVER);
	wt_lock_release(first);
	assert_true(latch_await(&s.done));
	assert_int_equal(wt_lock_acquire(&thief, "a", 1, WT_LOCK_OPTIONS(.steal = true), WT_FOREVER), 0);
	assert_int_equal(end_sleeper(&s), 0);
	assert_true(s.stolen);
	assert_true(wt_lock_is_held(thief));
	wt_lock_release(thief);
}

/* ---- Sleeping and waking ---- */

static void a_sleep_that_is_interrupted_goes_on(void **state)
{
	wt_lock *lock = take();
	struct sleeper s;

	(void)state;
	support_fail_os(SUPPORT_FUTEX_WAIT, 0);
	start_sleeper(&s, NULL, WT_FOREVER);
	for (int i = 0; i < 100; i++) {
		assert_false(latch_is_open(&s.done));
		sched_yield();
	}
	wt_lock_release(lock);
	assert_int_equal(end_sleeper(&s), 0);
}

static void a_grant_before_the_sleep_is_not_lost(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_BEFORE_ARM, WTI_YIELD_ARMED };

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		wt_lock *lock = take();
		struct sleeper s = { .deadline = WT_FOREVER };
		struct gate *gate = hold_at(points[i]);

		assert_int_equal(pthread_create(&s.thread, NULL, sleep_for_lock, &s), 0);
		assert_true(latch_await(&gate->held));
		wt_lock_release(lock);
		latch_open(&gate->go);
		assert_int_equal(end_sleeper(&s), 0);
	}
}

/* A thread that polls is held between two looks. */
static struct gate polling;

static void yield_at_gate(void)
{
	if (counted && atomic_exchange(&polling.closed, false)) {
		latch_open(&polling.held);
		latch_await(&polling.go);
	}
	wti_os_real.yield();
}

static int return_at_once(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	(void)word;
	(void)value;
	(void)deadline;
	return 0;
}

/* Polling, or, where there is one processor, in the line. */
static bool polls_or_sleeps(void *arg)
{
	return latch_is_open(&polling.held) || has_entered(arg);
}

/* One that was granted the lock is shown the middle of that; it must not go, for the granter needs its parker still. */
static void meet_the_middle_of_a_grant(struct sleeper *holder, struct sleeper *s)
{
	struct gate *waking = hold_at(WTI_YIELD_WAKING);

	latch_open(&holder->go);
	assert_true(latch_await(&waking->held));
	latch_open(&polling.go);
	for (int i = 0; i < 1000; i++) {
		assert_false(latch_is_open(&s->done));
		sched_yield();
	}
	latch_open(&waking->go);
	assert_int_equal(end_sleeper(s), 0);
	pthread_join(holder->thread, NULL);
}

/* One that polls, and one that sleeps and is always about to take a token. */
static void nobody_goes_in_the_middle_of_a_grant(void **state)
{
	static struct wti_os_ops os_table;

	(void)state;
	os_table = wti_os_real;
	os_table.yield = yield_at_gate;
	os_table.futex_wait = return_at_once;
	wti_os = &os_table;
	for (int polls = 0; polls < 2; polls++) {
		struct sleeper holder = { .deadline = WT_FOREVER }, s = { .deadline = WT_FOREVER };
		unsigned next = atomic_load(&entered) + 1;

		polling.held = polling.go = (struct latch){ 0 };
		atomic_store(&polling.closed, polls);
		assert_int_equal(pthread_create(&holder.thread, NULL, sleep_for_lock, &holder), 0);
		assert_true(latch_await(&holder.done));
		assert_int_equal(pthread_create(&s.thread, NULL, sleep_for_lock, &s), 0);
		assert_true(await(polls_or_sleeps, &next));
		meet_the_middle_of_a_grant(&holder, &s);
	}
}

/* Granted between the end of its time and its look at the table. */
static void a_grant_at_the_deadline_is_kept(void **state)
{
	wt_lock *lock = take();
	struct sleeper s = { .deadline = wt_after_ms(5) };
	struct gate *gate = hold_at(WTI_YIELD_ARMED);

	(void)state;
	assert_int_equal(pthread_create(&s.thread, NULL, sleep_for_lock, &s), 0);
	assert_true(latch_await(&gate->held));
	while (wt_now() < s.deadline)
		sched_yield();
	wt_lock_release(lock);
	assert_false(is_free());
	latch_open(&gate->go);
	assert_int_equal(end_sleeper(&s), 0);
	assert_true(is_free());
}

/* ---- Ends ---- */

struct job {
	struct verdict *verdict;
	int *result;
};

static int wait_in_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_lock *lock;

	(void)parent;
	(void)size;
	counted = true;
	*job->result = wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER);
	CHECK(job->verdict, (*job->result == 0) == (lock != NULL));
	/* Once it is told to end, it gets none, not even one that is free. */
	if (*job->result)
		CHECK(job->verdict, wt_lock_acquire(&lock, "free", 4, NULL, WT_FOREVER) == WT_ETERMINATED);
	return 0;
}

/* [W5] */
static void terminate_ends_a_wait_and_takes_it_off_the_line(void **state)
{
	wt_lock *lock = take();
	struct verdict verdict = { 0 };
	unsigned one = 1;
	int result = 1;
	struct job job = { &verdict, &result };
	struct sleeper behind;
	wt_worker *worker;
	wt_time begun;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, wait_in_worker, &job, sizeof job, NULL), 0);
	assert_true(await(has_entered, &one));
	start_sleeper(&behind, NULL, WT_FOREVER);
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_true(wt_now() - begun < PROMPTLY);
	assert_int_equal(result, WT_ETERMINATED);
	assert_verdict(&verdict);
	wt_lock_release(lock);
	assert_int_equal(end_sleeper(&behind), 0);
	wt_worker_destroy(worker);
	assert_true(is_free());
}

static void end_with_lock(void *arg)
{
	wt_lock *lock;

	if (wt_lock_acquire(&lock, "a", 1, NULL, WT_FOREVER) == 0)
		atomic_fetch_add((atomic_uint *)arg, 1);
}

static int die_with_lock(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	end_with_lock(*(void *const *)data);
	return 0;
}

/* [W5] Told to end while it waits, holds, or has been granted it this moment: the others get it in any case. */
static void the_end_of_a_holder_races_those_who_wait(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300 / support_slowdown() + 20; i++) {
		enum { WORKERS = 4 };
		atomic_uint granted = 0;
		void *at = &granted;
		wt_worker *workers[WORKERS];
		wt_lock *lock = take();

		for (int j = 0; j < WORKERS; j++)
			assert_int_equal(wt_worker_create(&workers[j], die_with_lock, &at, sizeof at, NULL), 0);
		for (unsigned j = 0; j < i % 50 * 20; j++)
			sched_yield();
		wt_lock_release(lock);
		for (unsigned j = 0; j < i % 7 * 50; j++)
			wti_cpu_relax();
		assert_int_equal(wt_worker_terminate(workers[i % WORKERS], WT_FOREVER), 0);
		lock = take();
		wt_lock_release(lock);
		for (int j = 0; j < WORKERS; j++) {
			assert_int_equal(wt_worker_join(workers[j], NULL, WT_FOREVER), 0);
			wt_worker_destroy(workers[j]);
		}
		assert_true(atomic_load(&granted) >= WORKERS - 1);
		assert_true(is_free());
	}
}

/* ---- Stress ---- */

enum { NAMES = 3, THREADS = 6 };

/* Who is inside: what the lock is to keep, written without anything else. */
struct room {
	atomic_int readers, writers;
	unsigned plain; /* the sanitizer watches it */
};

struct visitor {
	struct room *rooms;
	struct verdict *verdict;
	atomic_ulong *granted, *refused;
	uint64_t random;
	unsigned rounds;
};

static void visit(struct visitor *v, struct room *room, bool shared)
{
	if (shared) {
		atomic_fetch_add(&room->readers, 1);
		CHECK(v->verdict, atomic_load(&room->writers) == 0);
		CHECK(v->verdict, room->plain < UINT32_MAX);
		atomic_fetch_sub(&room->readers, 1);
		return;
	}
	CHECK(v->verdict, atomic_fetch_add(&room->writers, 1) == 0);
	CHECK(v->verdict, atomic_load(&room->readers) == 0);
	room->plain++;
	atomic_fetch_sub(&room->writers, 1);
}

static void *visit_rooms(void *arg)
{
	struct visitor *v = arg;

	for (unsigned i = 0; i < v->rounds; i++) {
		size_t name = support_random(&v->random) % NAMES;
		bool shared = support_random(&v->random) % 2;
		wt_time deadline = wt_after_ns(support_random(&v->random) % 200000);
		wt_lock *lock;
		int err;

		if (support_random(&v->random) % 4 == 0)
			deadline = support_random(&v->random) % 2 ? WT_FOREVER : WT_NOW;
		err = wt_lock_acquire(&lock, &name, sizeof name, shared ? SHARED : NULL, deadline);
		CHECK(v->verdict, err == 0 || (err == WT_ETIMEDOUT && deadline != WT_FOREVER) ||
					  (err == WT_EAGAIN && deadline == WT_NOW));
		CHECK(v->verdict, err != WT_ETIMEDOUT || wt_now() >= deadline);
		atomic_fetch_add(err ? v->refused : v->granted, 1);
		if (err)
			continue;
		visit(v, &v->rooms[name], shared);
		wt_lock_release(lock);
	}
	return NULL;
}

/* Deadlines that race grants: nobody is inside with whom it must not be, and none is lost (it would hang). */
static void what_conflicts_is_never_held_together(void **state)
{
	struct room rooms[NAMES] = { 0 };
	atomic_ulong granted = 0, refused = 0;
	uint64_t seed = support_seed();
	struct verdict verdict = { 0 };
	pthread_t threads[THREADS];
	struct visitor visitors[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		visitors[i] = (struct visitor){ rooms, &verdict, &granted, &refused, seed + i,
						20000 / support_slowdown() };
		assert_int_equal(pthread_create(&threads[i], NULL, visit_rooms, &visitors[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_true(granted > 0);
	print_message("# %lu granted, %lu refused\n", (unsigned long)granted, (unsigned long)refused);
	for (size_t name = 0; name < NAMES; name++) {
		wt_lock *lock;

		assert_int_equal(wt_lock_acquire(&lock, &name, sizeof name, NULL, WT_NOW), 0);
		wt_lock_release(lock);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_waits_gets_it_when_it_is_released),
		TEST(threads_get_it_in_the_order_they_came),
		TEST(a_crowd_of_shared_ones_gets_it_at_once),
		TEST(what_need_not_wait_does_not),
		TEST(a_timeout_is_never_early_and_lets_others_through),
		TEST(a_thread_does_not_wait_for_itself),
		TEST(a_thread_does_not_wait_behind_its_own_request),
		TEST(a_holder_can_see_that_it_was_robbed),
		TEST(a_sleep_that_is_interrupted_goes_on),
		TEST(a_grant_before_the_sleep_is_not_lost),
		TEST(nobody_goes_in_the_middle_of_a_grant),
		TEST(a_grant_at_the_deadline_is_kept),
		TEST(terminate_ends_a_wait_and_takes_it_off_the_line),
		TEST(the_end_of_a_holder_races_those_who_wait),
		TEST(what_conflicts_is_never_held_together),
	};

	return cmocka_run_group_tests_name("lock_acquire", tests, NULL, NULL);
}
