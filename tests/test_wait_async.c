/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <poll.h>
#include <pthread.h>
#include <wt/atomics.h>
#include <wt/loop.h>
#include <wt/shared.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "thread.h"

#define CELLS 64
#define MS ((wt_time)1000000)

static wt_shared *make(void)
{
	wt_shared *shared;

	assert_int_equal(wt_shared_create(&shared, CELLS * 8, 0), 0);
	return shared;
}

static size_t notify(wt_shared *shared, size_t index, size_t count)
{
	size_t woken = 12345;

	assert_int_equal(wt_atomics_notify(shared, WT_I32, index, count, &woken), 0);
	return woken;
}

/* What the callback of one wait was told. */
struct told {
	unsigned position; /* from 1, among all of this thread; 0: not called */
	int result;
	wt_shared *shared;
	wt_time when;
	void (*then)(struct told *told);
};

static _Thread_local unsigned positions;

static void tell(wt_shared *shared, int result, void *arg)
{
	struct told *told = arg;

	told->position = ++positions;
	told->result = result;
	told->shared = shared;
	told->when = wt_now();
	if (told->then)
		told->then(told);
}

static void begin(wt_shared *shared, size_t index, struct told *told, wt_time deadline)
{
	*told = (struct told){ .result = 1 };
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, index, 0, tell, told, deadline), 0);
}

static int async_setup(void **state)
{
	positions = 0;
	return support_setup(state);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, async_setup, support_teardown)

/* [A1] */
static void a_notify_completes_the_wait_on_its_own_loop(void **state)
{
	wt_shared *shared = make();
	struct told told;

	(void)state;
	begin(shared, 3, &told, WT_FOREVER);
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_int_equal(notify(shared, 3, 1), 1);
	assert_int_equal(told.position, 0); /* not before the loop runs */
	assert_int_equal(notify(shared, 3, 1), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.position, 1);
	assert_int_equal(told.result, 0);
	assert_ptr_equal(told.shared, shared);
	assert_false(wt_loop_alive());
	wt_shared_release(shared);
}

/* [A1] What needs no wait is answered at once, and calls nobody. */
static void a_wait_that_is_over_at_once_says_so(void **state)
{
	wt_shared *shared = make();
	struct told told = { 0 };

	(void)state;
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 1, tell, &told, WT_FOREVER), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 1, tell, &told, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, tell, &told, WT_NOW), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, tell, &told, wt_now() - 1), WT_ETIMEDOUT);
	assert_int_equal(wt_atomics_store(shared, WT_I64, 0, INT64_C(1) << 32), 0);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I64, 0, 0, tell, &told, WT_FOREVER), WT_EAGAIN);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.position, 0);
	assert_int_equal(notify(shared, 0, WT_ALL), 0);
	wt_shared_release(shared);
}

/* [A1] */
static void a_wait_times_out_and_never_early(void **state)
{
	wt_shared *shared = make();
	struct told told[3];
	wt_time now = wt_now();

	(void)state;
	begin(shared, 0, &told[0], now + 12 * MS);
	begin(shared, 0, &told[1], now + 4 * MS);
	begin(shared, 0, &told[2], now + 8 * MS);
	assert_int_equal(wt_run(), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(told[i].result, WT_ETIMEDOUT);
	assert_int_equal(told[1].position, 1);
	assert_int_equal(told[2].position, 2);
	assert_int_equal(told[0].position, 3);
	assert_true(told[1].when >= now + 4 * MS);
	assert_true(told[0].when >= now + 12 * MS);
	assert_int_equal(notify(shared, 0, WT_ALL), 0);
	wt_shared_release(shared);
}

/* [A1] Notified in time, told after it: it was counted, so that is what it hears. */
static void a_wait_that_was_counted_does_not_time_out(void **state)
{
	wt_shared *shared = make();
	struct told told;

	(void)state;
	begin(shared, 0, &told, wt_after_ms(5));
	assert_int_equal(notify(shared, 0, 1), 1);
	for (wt_time end = wt_after_ms(10); wt_now() < end;)
		wt_atomics_pause();
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.position, 1);
	assert_int_equal(told.result, 0);
	wt_shared_release(shared);
}

/* [A1] */
static void waits_of_one_thread_complete_in_the_order_they_came(void **state)
{
	wt_shared *shared = make();
	struct told told[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		begin(shared, 1, &told[i], i % 2 ? WT_FOREVER : wt_after_ms(1000000));
	assert_int_equal(notify(shared, 1, 3), 3);
	assert_int_equal(wt_run_once(WT_NOW), 3);
	assert_int_equal(notify(shared, 1, 0), 0);
	assert_int_equal(notify(shared, 1, WT_ALL), 7);
	assert_int_equal(wt_run(), 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(told[i].position, i + 1);
		assert_int_equal(told[i].result, 0);
	}
	wt_shared_release(shared);
}

/* ---- With threads that sleep ---- */

static atomic_uint entered;
static _Thread_local bool counted;

static void count_entered(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_ARMED && counted)
		atomic_fetch_add(&entered, 1);
}

static bool has_entered(void *arg)
{
	return atomic_load(&entered) >= *(unsigned *)arg;
}

struct sleeper {
	wt_shared *shared;
	pthread_t thread;
	int result;
	struct latch done;
};

static void *sleep_on_cell(void *arg)
{
	struct sleeper *s = arg;

	counted = true;
	s->result = wt_atomics_wait(s->shared, WT_I32, 2, 0, WT_FOREVER);
	latch_open(&s->done);
	return NULL;
}

/* [A1] One list for both kinds, in the order of arrival. */
static void sleepers_and_asynchronous_waits_are_in_one_list(void **state)
{
	enum { EACH = 4 };
	wt_shared *shared = make();
	struct sleeper sleepers[EACH];
	struct told told[EACH];

	(void)state;
	atomic_store(&entered, 0);
	wti_yield_hook = count_entered;
	for (unsigned i = 0; i < EACH; i++) {
		unsigned next = i + 1;

		begin(shared, 2, &told[i], WT_FOREVER);
		sleepers[i] = (struct sleeper){ .shared = shared };
		assert_int_equal(pthread_create(&sleepers[i].thread, NULL, sleep_on_cell, &sleepers[i]), 0);
		assert_true(await(has_entered, &next));
	}
	for (unsigned i = 0; i < EACH; i++) {
		assert_int_equal(notify(shared, 2, 1), 1);
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_int_equal(told[i].position, i + 1);
		assert_false(latch_is_open(&sleepers[i].done));
		assert_int_equal(notify(shared, 2, 1), 1);
		assert_true(latch_await(&sleepers[i].done));
		if (i + 1 < EACH)
			assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	}
	for (int i = 0; i < EACH; i++) {
		pthread_join(sleepers[i].thread, NULL);
		assert_int_equal(sleepers[i].result, 0);
	}
	wt_shared_release(shared);
}

/* ---- Inside callbacks ---- */

static struct told *again_told;

static void begin_again(struct told *told)
{
	if (told->position < 5)
		if (wt_atomics_wait_async(told->shared, WT_I32, 0, 0, tell, again_told, wt_after_ms(1)))
			told->result = 77;
}

static void a_callback_may_wait_anew(void **state)
{
	wt_shared *shared = make();
	struct told told;

	(void)state;
	again_told = &told;
	begin(shared, 0, &told, wt_after_ms(1));
	told.then = begin_again;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told.position, 5);
	assert_int_equal(told.result, WT_ETIMEDOUT);
	wt_shared_release(shared);
}

static void use_memory(struct told *told)
{
	if (wt_atomics_add(told->shared, WT_I32, 0, 1, NULL))
		told->result = 77;
}

/* [A2] The wait's hold is the last, and lasts until its callback has returned. */
static void a_wait_holds_its_memory(void **state)
{
	wt_shared *shared = make();
	void *cell = wt_shared_data(shared);
	struct told told[2];
	size_t woken;

	(void)state;
	begin(shared, 0, &told[0], WT_FOREVER);
	begin(shared, 0, &told[1], wt_after_ms(2));
	told[0].then = told[1].then = use_memory;
	wt_shared_release(shared);
	assert_int_equal(wt_notify(cell, 1, &woken), 0);
	assert_int_equal(woken, 1);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told[0].result, 0);
	assert_int_equal(told[1].result, WT_ETIMEDOUT);
}

/* ---- The ends of threads ---- */

struct job {
	wt_shared *shared;
	struct verdict *verdict;
	struct latch *waiting;
	atomic_int *calls;
};

static void count_call(wt_shared *shared, int result, void *arg)
{
	(void)shared;
	(void)result;
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void exit_in_callback(wt_shared *shared, int result, void *arg)
{
	count_call(shared, result, arg);
	wt_exit(7);
}

static int wait_in_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;

	(void)parent;
	(void)size;
	CHECK(job->verdict, wt_atomics_wait_async(job->shared, WT_I32, 0, 0, count_call, job->calls, WT_FOREVER) == 0);
	CHECK(job->verdict, wt_atomics_wait_async(job->shared, WT_I32, 0, 0, count_call, job->calls,
						  wt_after_ms(1000000)) == 0);
	latch_open(job->waiting);
	return wt_run();
}

/* [W5] [A1] */
static void terminate_takes_pending_waits_back(void **state)
{
	wt_shared *shared = make();
	struct verdict verdict = { 0 };
	struct latch waiting = { 0 };
	atomic_int calls = 0;
	struct job job = { shared, &verdict, &waiting, &calls };
	wt_worker *worker;
	wt_time begun;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, wait_in_worker, &job, sizeof job, NULL), 0);
	assert_true(latch_await(&waiting));
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_true(wt_now() - begun < 100 * MS * (support_slowdown() > 1 ? 10 : 1));
	assert_int_equal(notify(shared, 0, WT_ALL), 0);
	assert_int_equal(atomic_load(&calls), 0);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
	wt_shared_release(shared);
}

static int exit_from_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;

	(void)parent;
	(void)size;
	CHECK(job->verdict, wt_atomics_wait_async(job->shared, WT_I32, 0, 0, exit_in_callback, job->calls,
						  WT_FOREVER) == 0);
	CHECK(job->verdict, wt_atomics_wait_async(job->shared, WT_I32, 0, 0, exit_in_callback, job->calls,
						  wt_after_ms(1)) == 0);
	CHECK(job->verdict, wt_atomics_wait_async(job->shared, WT_I32, 1, 0, exit_in_callback, job->calls,
						  wt_after_ms(1)) == 0);
	latch_open(job->waiting);
	return wt_run();
}

/* Left by a jump, from the callback of a notify or of a timeout: what it held is freed (the sanitizers look). */
static void a_callback_may_end_its_worker(void **state)
{
	(void)state;
	for (int by_notify = 0; by_notify < 2; by_notify++) {
		wt_shared *shared = make();
		struct verdict verdict = { 0 };
		struct latch waiting = { 0 };
		atomic_int calls = 0;
		struct job job = { shared, &verdict, &waiting, &calls };
		wt_worker *worker;
		int code;

		assert_int_equal(wt_worker_create(&worker, exit_from_worker, &job, sizeof job, NULL), 0);
		assert_true(latch_await(&waiting));
		if (by_notify)
			notify(shared, 0, WT_ALL);
		wt_shared_release(shared);
		assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
		assert_int_equal(code, 7);
		assert_int_equal(atomic_load(&calls), 1);
		assert_verdict(&verdict);
		wt_worker_destroy(worker);
	}
}

/* ---- The program's own loop ---- */

static bool readable(int fd, int timeout)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout) == 1;
}

static void *notify_soon(void *arg)
{
	if (wt_atomics_notify(arg, WT_I32, 0, 1, NULL))
		return arg;
	return NULL;
}

/* All that a program which polls the descriptor does; on a thread of its own, whose descriptors go with it. */
static void *poll_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	wt_shared *shared;
	struct told told[2] = { 0 };
	pthread_t thread;
	void *failed;
	int fd;

	CHECK(verdict, wt_shared_create(&shared, 64, 0) == 0);
	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, wt_atomics_wait_async(shared, WT_I32, 0, 0, tell, &told[0], wt_after_ms(1000000)) == 0);
	CHECK(verdict, wt_atomics_wait_async(shared, WT_I32, 1, 0, tell, &told[1], wt_after_ms(10)) == 0);
	while (!told[1].position) {
		CHECK(verdict, readable(fd, 10000));
		CHECK(verdict, wt_run_once(WT_NOW) >= 0 || !told[1].position);
	}
	CHECK(verdict, told[1].result == WT_ETIMEDOUT);
	CHECK(verdict, !readable(fd, 0));
	CHECK(verdict, pthread_create(&thread, NULL, notify_soon, shared) == 0);
	CHECK(verdict, readable(fd, 10000));
	CHECK(verdict, wt_run_once(WT_NOW) == 1);
	CHECK(verdict, told[0].position == 2 && told[0].result == 0);
	pthread_join(thread, &failed);
	CHECK(verdict, !failed);
	CHECK(verdict, !readable(fd, 0));
	wt_shared_release(shared);
	return NULL;
}

static void the_loops_descriptor_covers_waits(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, poll_descriptor, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

/* ---- Bad input, exhaustion ---- */

static void bad_input_is_refused(void **state)
{
	wt_shared *shared = make();
	struct told told = { 0 };

	(void)state;
	assert_int_equal(wt_atomics_wait_async(NULL, WT_I32, 0, 0, tell, &told, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I16, 0, 0, tell, &told, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_atomics_wait_async(shared, 99, 0, 0, tell, &told, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, NULL, &told, WT_FOREVER), WT_EINVAL);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, tell, &told, -1), WT_EINVAL);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I64, CELLS, 0, tell, &told, WT_FOREVER), WT_ERANGE);
	assert_false(wt_loop_alive());
	assert_int_equal(notify(shared, 0, WT_ALL), 0);
	wt_shared_release(shared);
}

static void without_memory_no_wait_begins(void **state)
{
	wt_shared *shared = make();
	struct told told = { 0 };

	(void)state;
	support_fail_allocations(1, 1);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, tell, &told, WT_FOREVER), WT_ENOMEM);
	assert_false(wt_loop_alive());
	assert_int_equal(notify(shared, 0, WT_ALL), 0);
	begin(shared, 0, &told, WT_FOREVER);
	assert_int_equal(notify(shared, 0, WT_ALL), 1);
	assert_int_equal(wt_run(), 0);
	wt_shared_release(shared);
}

struct stranger {
	wt_shared *shared;
	struct told told;
	struct latch deferred; /* it has a cleanup */
	int err;
};

static void *begin_as_a_stranger(void *arg)
{
	struct stranger *stranger = arg;

	support_fail_allocations(1, 0);
	stranger->err = wt_atomics_wait_async(stranger->shared, WT_I32, 0, 0, tell, &stranger->told, WT_FOREVER);
	support_fail_allocations(0, 0);
	return NULL;
}

/* [P1] */
static void a_thread_without_memory_for_its_record_begins_no_wait(void **state)
{
	struct stranger stranger = { .shared = make() };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, begin_as_a_stranger, &stranger), 0);
	pthread_join(thread, NULL);
	assert_int_equal(stranger.err, WT_ENOMEM);
	assert_int_equal(notify(stranger.shared, 0, WT_ALL), 0);
	wt_shared_release(stranger.shared);
}

static void begin_in_cleanup(void *arg)
{
	struct stranger *stranger = arg;

	stranger->err = wt_atomics_wait_async(stranger->shared, WT_I32, 0, 0, tell, &stranger->told, WT_FOREVER);
}

static int sleep_with_cleanup(wt_port *parent, const void *data, size_t size)
{
	struct stranger *stranger = *(struct stranger *const *)data;
	int err = wt_defer(begin_in_cleanup, stranger);

	(void)parent;
	(void)size;
	latch_open(&stranger->deferred);
	return err ? err : wt_sleep(WT_FOREVER);
}

/* [W5] */
static void a_terminated_worker_begins_no_wait(void **state)
{
	struct stranger stranger = { .shared = make() }, *given = &stranger;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, sleep_with_cleanup, &given, sizeof given, NULL), 0);
	assert_true(latch_await(&stranger.deferred));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(stranger.err, WT_ETERMINATED);
	assert_int_equal(notify(stranger.shared, 0, WT_ALL), 0);
	wt_worker_destroy(worker);
	wt_shared_release(stranger.shared);
}

/* ---- Stress ---- */

struct storm {
	wt_shared *shared;
	struct verdict *verdict;
	atomic_ulong *woken, *notified;
	atomic_uint *running;
	uint64_t random;
	unsigned left; /* waits still to begin */
	unsigned pending;
};

static void storm_told(wt_shared *shared, int result, void *arg);

static void storm_begin(struct storm *s)
{
	while (s->left && s->pending < 8) {
		uint64_t span = support_random(&s->random) % 200000; /* ns */
		int err = wt_atomics_wait_async(s->shared, WT_I64, support_random(&s->random) % 3, 0, storm_told, s,
						wt_after_ns(span));

		CHECK(s->verdict, err == 0 || err == WT_ETIMEDOUT);
		s->left--;
		s->pending += err == 0;
	}
}

static void storm_told(wt_shared *shared, int result, void *arg)
{
	struct storm *s = arg;

	CHECK(s->verdict, shared == s->shared);
	CHECK(s->verdict, result == 0 || result == WT_ETIMEDOUT);
	if (result == 0)
		atomic_fetch_add(s->woken, 1);
	s->pending--;
	storm_begin(s);
}

static void *storm_wait(void *arg)
{
	struct storm *s = arg;

	storm_begin(s);
	CHECK(s->verdict, wt_run() == 0);
	CHECK(s->verdict, s->pending == 0 && s->left == 0);
	atomic_fetch_sub(s->running, 1);
	return NULL;
}

static void *storm_notify(void *arg)
{
	struct storm *s = arg;

	while (atomic_load(s->running)) {
		size_t woken;

		CHECK(s->verdict, wt_atomics_notify(s->shared, WT_I64, support_random(&s->random) % 3,
						    support_random(&s->random) % 4, &woken) == 0);
		atomic_fetch_add(s->notified, woken);
		if (support_random(&s->random) % 4)
			wti_os->yield();
	}
	return NULL;
}

/* [A1] */
static void counts_balance_when_time_runs_out_meanwhile(void **state)
{
	enum { THREADS = 3 };
	atomic_ulong woken = 0, notified = 0;
	atomic_uint running = THREADS - 1;
	uint64_t seed = support_seed();
	struct verdict verdict = { 0 };
	wt_shared *shared = make();
	pthread_t threads[THREADS];
	struct storm storms[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		storms[i] = (struct storm){ shared, &verdict, &woken, &notified, &running, seed + i,
					    20000 / support_slowdown(), 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, i ? storm_wait : storm_notify, &storms[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_int_equal(atomic_load(&woken), atomic_load(&notified));
	assert_true(atomic_load(&woken) > 0);
	wt_shared_release(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_notify_completes_the_wait_on_its_own_loop),
		TEST(a_wait_that_is_over_at_once_says_so),
		TEST(a_wait_times_out_and_never_early),
		TEST(a_wait_that_was_counted_does_not_time_out),
		TEST(waits_of_one_thread_complete_in_the_order_they_came),
		TEST(sleepers_and_asynchronous_waits_are_in_one_list),
		TEST(a_callback_may_wait_anew),
		TEST(a_wait_holds_its_memory),
		TEST(terminate_takes_pending_waits_back),
		TEST(a_callback_may_end_its_worker),
		TEST(the_loops_descriptor_covers_waits),
		TEST(bad_input_is_refused),
		TEST(without_memory_no_wait_begins),
		TEST(a_thread_without_memory_for_its_record_begins_no_wait),
		TEST(a_terminated_worker_begins_no_wait),
		TEST(counts_balance_when_time_runs_out_meanwhile),
	};

	return cmocka_run_group_tests_name("wait_async", tests, NULL, NULL);
}
