/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "crew.h"
#include "os.h"
#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

struct tally {
	unsigned calls;
	unsigned cancelled;
	unsigned other;
	wt_pool *destroy; /* in the first callback */
};

static void count_result(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct tally *tally = arg;
	wt_pool *pool = tally->destroy;

	(void)task;
	(void)reply;
	tally->calls++;
	tally->cancelled += result == WT_ECANCELED;
	tally->other += result != 0 && result != WT_ECANCELED;
	tally->destroy = NULL;
	wt_pool_destroy(pool);
}

static void submit_to(wt_pool *pool, struct pools_input input, struct tally *tally)
{
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, count_result,
					tally, NULL, NULL),
			 0);
}

/* ---- Create ---- */

static void min_workers_come_by_themselves(void **state)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 3, .max_workers = 5, .name = "abc"));

	(void)state;
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	assert_int_equal(pools_stats(pool).workers, 3);
	wt_pool_destroy(pool);
}

static void a_pool_alone_does_not_keep_the_loop_alive(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_int_equal(wt_run(), 0);
	wt_pool_destroy(pool);
}

static void it_can_be_destroyed_as_soon_as_it_is_created(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		wt_pool_destroy(pools_create_with(WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2)));
}

static void bad_options_are_refused(void **state)
{
	static const wt_pool_options bad[] = {
		{ .size = sizeof bad[0], .min_workers = 3, .max_workers = 2 },
		{ .size = sizeof bad[0], .min_workers = UINT_MAX, .max_workers = UINT_MAX },
		{ .size = sizeof bad[0], .max_workers = UINT_MAX },
		{ .size = sizeof bad[0], .concurrent_tasks = UINT_MAX },
		{ .size = sizeof bad[0], .run_timeout = -1 },
		{ .size = sizeof bad[0], .idle_timeout = -1 },
		{ .size = sizeof bad[0], .cancel_grace = -1 },
		{ .size = sizeof bad[0], .aging = -1 },
		{ .size = sizeof bad[0], .destroy_timeout = -1 },
		{ .size = sizeof bad[0], .data_size = 1 },
		{ .size = sizeof bad[0], .zero = 1 },
		{ .size = sizeof bad[0], .stack_size = 1 },
		{ .size = sizeof bad[0], .nice = 99 },
		{ .size = 1 },
	};
	wt_pool *pool;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		pool = (wt_pool *)&pool;
		assert_int_equal(wt_pool_create(&pool, pools_task, &bad[i]), WT_EINVAL);
		assert_null(pool);
	}
	assert_int_equal(wt_pool_create(&pool, pools_task, WT_POOL_OPTIONS(.data = "", .data_size = SIZE_MAX)),
			 WT_EOVERFLOW);
	assert_int_equal(wt_pool_create(NULL, pools_task, NULL), WT_EINVAL);
	assert_int_equal(wt_pool_create(&pool, NULL, NULL), WT_EINVAL);
	assert_int_equal(wt_pool_ready(NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_pool_close(NULL, WT_NOW), WT_EINVAL);
	wt_pool_options_init(NULL);
	assert_int_equal(wt_pool_clear(NULL, NULL), WT_EINVAL);
	wt_pool_destroy(NULL);
}

/* ---- Memory ---- */

/* A thread that has never called libwt, when there is no memory for its record, or for its part in a pool. */
struct stranger {
	wt_pool *pool;
	bool known; /* has a record */
	struct verdict verdict;
};

static int map_nothing(size_t begin, size_t end, void *arg)
{
	(void)begin;
	(void)end;
	(void)arg;
	return 0;
}

static void each_nothing(void *state, void *arg)
{
	(void)state;
	(void)arg;
}

static void never_drained(wt_pool *pool, void *arg)
{
	(void)pool;
	verdict_fail(&((struct stranger *)arg)->verdict, __FILE__, __LINE__, "drained");
}

static void *ask_without_memory(void *arg)
{
	struct stranger *stranger = arg;
	wt_pool *pool = stranger->pool, *other;
	int all = stranger->known ? 0 : WT_ENOMEM;
	size_t cleared;
	wt_task *task;

	if (stranger->known)
		CHECK(&stranger->verdict, wt_run_once(WT_NOW) == 0);
	support_fail_allocations(1, 0);
	CHECK(&stranger->verdict, wt_pool_create(&other, pools_task, NULL) == WT_ENOMEM && !other);
	CHECK(&stranger->verdict, wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task) == WT_ENOMEM && !task);
	CHECK(&stranger->verdict, wt_pool_map(pool, &(wt_range){ .end = 9 }, map_nothing, NULL, WT_FOREVER) == WT_ENOMEM);
	CHECK(&stranger->verdict, wt_pool_on_drain(pool, never_drained, stranger) == WT_ENOMEM);
	CHECK(&stranger->verdict, wt_pool_ready(pool, WT_FOREVER) == all);
	CHECK(&stranger->verdict, wt_pool_clear(pool, &cleared) == all && !cleared);
	CHECK(&stranger->verdict, wt_pool_each(pool, each_nothing, NULL, WT_FOREVER) == all);
	support_fail_allocations(0, 0);
	return NULL;
}

/* [P1] */
static void strangers_without_memory_are_told(void **state)
{
	wt_pool *pool;

	(void)state;
	support_count();
	pool = pools_create(1);
	for (int known = 0; known < 2; known++) {
		struct stranger stranger = { .pool = pool, .known = known };
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, ask_without_memory, &stranger), 0);
		pthread_join(thread, NULL);
		assert_verdict(&stranger.verdict);
	}
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING, .value = 3 })), 3);
	wt_pool_destroy(pool);
}

/* ---- Close ---- */

static void close_finishes_what_is_queued_and_takes_nothing_new(void **state)
{
	struct latch gate = { 0 };
	struct tally tally = { 0 };
	wt_pool *pool = pools_create(1);

	(void)state;
	submit_to(pool, (struct pools_input){ .op = POOLS_AWAIT, .gate = &gate }, &tally);
	for (int i = 0; i < 20; i++)
		submit_to(pool, (struct pools_input){ .op = POOLS_NOTHING }, &tally);
	assert_int_equal(wt_pool_close(pool, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL), WT_ECLOSED);
	latch_open(&gate);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	assert_int_equal(wt_pool_close(pool, WT_NOW), 0);
	assert_int_equal(pools_stats(pool).workers, 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(tally.calls, 21);
	assert_int_equal(tally.cancelled + tally.other, 0);
	wt_pool_destroy(pool);
}

struct racer {
	wt_pool *pool;
	pthread_t thread;
	unsigned accepted;
	unsigned most; /* submits; 0: until it is refused */
	struct latch done;
	struct tally tally;
	struct verdict *verdict;
};

static void *submit_and_run(void *arg)
{
	struct racer *racer = arg;
	struct pools_input input = { .op = POOLS_NOTHING };
	int err = 0;

	while (!err && !(racer->most && racer->accepted == racer->most)) {
		err = wt_pool_submit(racer->pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, count_result,
				     &racer->tally, NULL, NULL);
		racer->accepted += !err;
		if (racer->accepted % 64 == 0)
			(void)!wt_run_once(WT_NOW);
	}
	latch_open(&racer->done);
	CHECK(racer->verdict, err == (racer->most ? 0 : WT_ECLOSED));
	CHECK(racer->verdict, wt_run() == 0);
	CHECK(racer->verdict, racer->tally.calls == racer->accepted);
	CHECK(racer->verdict, racer->tally.other == 0);
	return NULL;
}

enum { RACERS = 3 };

static void start_racers(struct racer *racers, unsigned most, struct verdict *verdict)
{
	wt_pool *pool = pools_create(2);

	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .pool = pool, .verdict = verdict, .most = most };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, submit_and_run, &racers[i]), 0);
	}
}

static void join_racers(struct racer *racers, struct verdict *verdict)
{
	for (int i = 0; i < RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	assert_verdict(verdict);
}

/* [Q1] Whatever was accepted finishes once. */
static void close_races_with_submits(void **state)
{
	struct verdict verdict = { 0 };
	struct racer racers[RACERS];

	(void)state;
	for (unsigned i = 0; i < 100 / support_slowdown() + 3; i++) {
		start_racers(racers, 0, &verdict);
		while (pools_stats(racers[0].pool).completed < 100)
			assert_int_equal(wt_sleep(wt_after_us(100)), 0);
		assert_int_equal(wt_pool_close(racers[0].pool, pools_soon()), 0);
		join_racers(racers, &verdict);
		wt_pool_destroy(racers[0].pool);
	}
}

/* [Q1] */
static void destroy_races_with_tasks_and_their_loops(void **state)
{
	struct verdict verdict = { 0 };
	struct racer racers[RACERS];

	(void)state;
	for (unsigned i = 0; i < 100 / support_slowdown() + 3; i++) {
		start_racers(racers, 300, &verdict);
		for (int j = 0; j < RACERS; j++)
			assert_true(latch_await(&racers[j].done));
		wt_pool_destroy(racers[0].pool);
		join_racers(racers, &verdict);
	}
}

/* ---- Destroy ---- */

/* [Q1] [Q6] */
static void destroy_ends_queued_and_running_tasks_once(void **state)
{
	struct latch begun = { 0 };
	struct tally tally = { 0 };
	wt_pool *pool = pools_create(1);

	(void)state;
	submit_to(pool, (struct pools_input){ .op = POOLS_SLEEP, .begun = &begun }, &tally);
	for (int i = 0; i < 100; i++)
		submit_to(pool, (struct pools_input){ .op = POOLS_NOTHING }, &tally);
	assert_true(latch_await(&begun));
	assert_int_equal(tally.calls, 0);
	wt_pool_destroy(pool);
	assert_int_equal(tally.calls, 101);
	assert_int_equal(tally.cancelled, 101);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(tally.calls, 101);
}

/* [Q6] */
static void a_callback_may_destroy_the_pool(void **state)
{
	struct tally tally = { 0 };
	wt_pool *pool = pools_create(2);

	(void)state;
	tally.destroy = pool;
	for (int i = 0; i < 50; i++)
		submit_to(pool, (struct pools_input){ .op = POOLS_DOUBLE, .value = i }, &tally);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(tally.calls, 50);
	assert_int_equal(tally.other, 0);
}

struct before {
	unsigned threads;
	long bytes;
};

/* Once there was a pool: what the process makes at the first is not one of its own. */
static void count_from_here(struct before *before)
{
	support_count();
	wt_pool_destroy(pools_create(1));
	*before = (struct before){ .threads = support_threads(), .bytes = atomic_load(&support_counts.bytes) };
}

static bool nothing_is_left(void *arg)
{
	const struct before *before = arg;

	return support_threads() <= before->threads && atomic_load(&support_counts.bytes) <= before->bytes;
}

/* [Q6] */
static void destroy_does_not_wait_for_ever(void **state)
{
	static struct latch begun, gate;
	struct tally tally = { 0 };
	struct before before;
	wt_pool *pool;

	(void)state;
	count_from_here(&before);
	pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .destroy_timeout = 20000000));
	submit_to(pool, (struct pools_input){ .op = POOLS_SPIN, .begun = &begun, .gate = &gate }, &tally);
	assert_true(latch_await(&begun));
	wt_pool_destroy(pool);
	assert_int_equal(tally.calls, 1);
	assert_int_equal(tally.cancelled, 1);
	latch_open(&gate);
	assert_true(await(nothing_is_left, &before)); /* what the worker needed, it has freed itself */
}

/* A thread that begins when the test lets it: it is told by the size of its stack. */
enum { LATE_STACK = 1 << 18 };

static struct late {
	const struct wti_os_ops *os;
	size_t stack_size;
	struct latch made, go;
	void *(*fn)(void *);
	void *arg;
} late;

static void *late_main(void *arg)
{
	struct late what = *(struct late *)arg;

	latch_open(&late.made);
	(void)latch_await(&late.go);
	return what.fn(what.arg);
}

static int create_late(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	if (stack_size != late.stack_size)
		return late.os->thread_create(thread, stack_size, fn, arg);
	late.fn = fn;
	late.arg = arg;
	return late.os->thread_create(thread, stack_size, late_main, &late);
}

/* A pool is destroyed whose thread with this stack has not begun, and then does. */
static void destroy_before_thread(size_t stack_size)
{
	struct wti_os_ops os = *wti_os;
	struct before before;
	wt_pool *pool;

	count_from_here(&before);
	late = (struct late){ .os = wti_os, .stack_size = stack_size };
	os.thread_create = create_late;
	wti_os = &os;
	assert_int_equal(wt_pool_create(&pool, pools_task,
					WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .stack_size = LATE_STACK,
							.destroy_timeout = 1000000)),
			 0);
	assert_true(latch_await(&late.made));
	wt_pool_destroy(pool);
	wti_os = late.os;
	latch_open(&late.go);
	assert_true(await(nothing_is_left, &before));
}

/* [Q6] By its keeper, too, which is then gone: the thread finds that it has nothing to begin. */
static void a_worker_that_never_began_is_freed(void **state)
{
	(void)state;
	destroy_before_thread(LATE_STACK);
}

/* [Q6] Its thread is the last that has the pool. */
static void a_keeper_that_never_began_is_freed(void **state)
{
	unsigned max = wti_crew_max;

	(void)state;
	wti_crew_max = 0; /* a thread that is there would begin at once */
	destroy_before_thread(0);
	wti_crew_max = max;
}

static int entry_of_a_creator(wt_port *parent, const void *data, size_t size)
{
	struct latch *begun = *(struct latch *const *)data;
	struct pools_input input = { .op = POOLS_SLEEP, .begun = begun };
	wt_pool *pool;
	int err = wt_pool_create(&pool, pools_task, NULL);

	(void)parent;
	(void)size;
	if (!err)
		err = wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL, NULL,
				     NULL);
	if (err || !latch_await(begun))
		return 1;
	return 0;
}

static void a_pool_ends_with_its_creator(void **state)
{
	struct latch begun = { 0 };
	struct latch *address = &begun;
	wt_worker *worker;
	int code;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_of_a_creator, &address, sizeof address, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, pools_soon()), 0);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

static void *wait_for_a_task(void *arg)
{
	struct racer *racer = arg;
	struct pools_input input = { .op = POOLS_SLEEP };
	wt_task *task;
	int result = 0;

	CHECK(racer->verdict, wt_pool_submit(racer->pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL,
					     NULL, NULL, &task) == 0);
	CHECK(racer->verdict, wt_task_wait(task, &result, NULL, pools_soon()) == 0);
	CHECK(racer->verdict, result == WT_ECANCELED);
	wt_task_release(task);
	return NULL;
}

static void destroy_ends_the_waits_of_other_threads(void **state)
{
	struct verdict verdict = { 0 };
	struct racer racer = { .pool = pools_create(1), .verdict = &verdict };

	(void)state;
	assert_int_equal(pthread_create(&racer.thread, NULL, wait_for_a_task, &racer), 0);
	while (!pools_stats(racer.pool).running)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	wt_pool_destroy(racer.pool);
	pthread_join(racer.thread, NULL);
	assert_verdict(&verdict);
}

static void clear_cancels_what_waits(void **state)
{
	struct latch gate = { 0 };
	struct latch begun = { 0 };
	struct tally tally = { 0 };
	wt_pool *pool = pools_create(1);
	size_t cleared;

	(void)state;
	submit_to(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate }, &tally);
	assert_true(latch_await(&begun));
	for (int i = 0; i < 10; i++)
		submit_to(pool, (struct pools_input){ .op = POOLS_NOTHING }, &tally);
	assert_int_equal(wt_pool_clear(pool, &cleared), 0);
	assert_int_equal(cleared, 10);
	latch_open(&gate);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(tally.calls, 11);
	assert_int_equal(tally.cancelled, 10);
	assert_int_equal(pools_stats(pool).cancelled, 10);
	wt_pool_destroy(pool);
}

/* ---- From inside ---- */

static int wait_inside(wt_task *task, void *arg)
{
	wt_pool *pool = *(wt_pool **)arg;
	struct pools_input input = { .op = POOLS_NOTHING };
	wt_task *other;
	int err = wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL, NULL, &other);

	(void)task;
	if (err)
		return err;
	err = wt_task_wait(other, NULL, NULL, WT_FOREVER);
	wt_task_release(other);
	if (err != WT_EDEADLK)
		return -1;
	return wt_pool_ready(pool, WT_NOW) == WT_EDEADLK && wt_pool_close(pool, WT_NOW) == WT_EDEADLK ? 0 : -2;
}

static void a_worker_does_not_wait_for_its_own_pool(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	assert_int_equal(pools_result(pools_submit(
				 pool, (struct pools_input){ .op = POOLS_CALL, .call = wait_inside, .arg = &pool })),
			 0);
	wt_pool_destroy(pool);
}

static int submit_inside(wt_task *task, void *arg)
{
	struct racer *racer = arg;
	struct pools_input input = { .op = POOLS_NOTHING };

	(void)task;
	return wt_pool_submit(racer->pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, count_result,
			      &racer->tally, NULL, NULL);
}

static void a_task_may_submit_to_its_own_pool_of_one(void **state)
{
	struct racer racer = { .pool = pools_create(1) };

	(void)state;
	assert_int_equal(pools_result(pools_submit(racer.pool, (struct pools_input){ .op = POOLS_CALL,
										     .call = submit_inside,
										     .arg = &racer })),
			 0);
	/* The worker's own loop tells it. */
	assert_int_equal(wt_pool_close(racer.pool, pools_soon()), 0);
	wt_pool_destroy(racer.pool);
	assert_int_equal(racer.tally.calls, 1);
}

/* ---- Termination ---- */

static int submit_and_block(wt_port *parent, const void *data, size_t size)
{
	const struct racer *racer = *(struct racer *const *)data;
	struct pools_input input = { .op = POOLS_SLEEP };
	wt_task *task;
	int err = wt_pool_submit(racer->pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL, NULL,
				 &task);

	(void)parent;
	(void)size;
	CHECK(racer->verdict, err == 0);
	CHECK(racer->verdict, wt_task_wait(task, NULL, NULL, WT_FOREVER) == WT_ETERMINATED);
	CHECK(racer->verdict, wt_pool_close(racer->pool, WT_FOREVER) == WT_ETERMINATED);
	return 0;
}

/* [W5] */
static void terminate_ends_a_wait(void **state)
{
	struct verdict verdict = { 0 };
	struct racer racer = { .pool = pools_create(1), .verdict = &verdict };
	struct racer *address = &racer;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, submit_and_block, &address, sizeof address, NULL), 0);
	while (!pools_stats(racer.pool).running)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	assert_int_equal(wt_worker_terminate(worker, pools_soon()), 0);
	wt_worker_destroy(worker);
	wt_pool_destroy(racer.pool);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(min_workers_come_by_themselves),
		TEST(a_pool_alone_does_not_keep_the_loop_alive),
		TEST(it_can_be_destroyed_as_soon_as_it_is_created),
		TEST(bad_options_are_refused),
		TEST(strangers_without_memory_are_told),
		TEST(close_finishes_what_is_queued_and_takes_nothing_new),
		TEST(close_races_with_submits),
		TEST(destroy_races_with_tasks_and_their_loops),
		TEST(destroy_ends_queued_and_running_tasks_once),
		TEST(a_callback_may_destroy_the_pool),
		TEST(destroy_does_not_wait_for_ever),
		TEST(a_worker_that_never_began_is_freed),
		TEST(a_keeper_that_never_began_is_freed),
		TEST(a_pool_ends_with_its_creator),
		TEST(destroy_ends_the_waits_of_other_threads),
		TEST(clear_cancels_what_waits),
		TEST(a_worker_does_not_wait_for_its_own_pool),
		TEST(a_task_may_submit_to_its_own_pool_of_one),
		TEST(terminate_ends_a_wait),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
