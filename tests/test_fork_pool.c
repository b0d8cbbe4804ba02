/* SPDX-License-Identifier: MIT
 *
 * Forks around a pool: tests/test_fork.c has the rest.
 */
#include "fork.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt.h>

#include "support/child.h"
#include "support/forks.h"
#include "support/pools.h"
#include "support/support.h"

/* ---- What a child may be asked ---- */

static void never_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)result;
	(void)reply;
	(void)arg;
	_exit(99);
}

static void never_drained(wt_pool *pool, void *arg)
{
	(void)pool;
	(void)arg;
	_exit(99);
}

static void never_each(void *state, void *arg)
{
	(void)state;
	(void)arg;
	_exit(99);
}

static int never_map(size_t begin, size_t end, void *arg)
{
	(void)begin;
	(void)end;
	(void)arg;
	_exit(99);
}

/* Made by the parent, used in the child: a task that runs, one that waits, one that has ended. */
struct world {
	wt_pool *pool;
	struct latch begun;
	struct latch gate;
	wt_task *running, *waiting, *done;
};

static int child_of_pool(struct world *world)
{
	struct wt_pool_stats stats = { .size = sizeof stats };
	int64_t time;
	wt_pool *other;
	size_t cleared;

	EXPECT_FORKED(wt_pool_create(&other, pools_task, NULL));
	EXPECT(!other);
	EXPECT_FORKED(wt_pool_ready(world->pool, WT_FOREVER));
	EXPECT_FORKED(wt_pool_close(world->pool, WT_FOREVER));
	EXPECT_FORKED(wt_pool_clear(world->pool, &cleared));
	EXPECT_FORKED(wt_pool_on_drain(world->pool, never_drained, NULL));
	EXPECT(!wt_pool_needs_drain(world->pool));
	EXPECT_FORKED(wt_pool_each(world->pool, never_each, NULL, WT_FOREVER));
	EXPECT_FORKED(wt_pool_map(world->pool, &(wt_range){ .end = 9 }, never_map, NULL, WT_FOREVER));
	EXPECT_FORKED(wt_pool_stats(world->pool, &stats));
	EXPECT_FORKED(wt_pool_percentile(world->pool, WT_POOL_RUN, 50, &time));
	wt_pool_reset_stats(world->pool);
	return 0;
}

static int child_of_tasks(struct world *world)
{
	wt_task *tasks[] = { world->running, world->waiting, world->done };
	wt_message reply;
	wt_failure failure;
	wt_task *other;
	int result;

	EXPECT_FORKED(wt_pool_submit(world->pool, NULL, never_done, NULL, NULL, &other));
	EXPECT(!other);
	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
		EXPECT_FORKED(wt_task_wait(tasks[i], &result, &reply, WT_FOREVER));
		EXPECT_FORKED(wt_task_failure(tasks[i], &failure));
		EXPECT_FORKED(wt_task_cancel(tasks[i]));
		EXPECT_FORKED(wt_task_reply(tasks[i], &(wt_outgoing){ 0 }));
		EXPECT_FORKED(wt_task_progress(tasks[i], &(wt_outgoing){ 0 }));
		EXPECT_FORKED(wt_task_finish(tasks[i], 0));
		EXPECT(!wt_task_cancelled(tasks[i]));
		wt_task_release(tasks[i]);
	}
	return 0;
}

static int child_of(struct world *world)
{
	int failed;

	alarm(20); /* no call hangs */
	errno = ENOTTY;
	failed = child_of_tasks(world) || child_of_pool(world);
	wt_pool_destroy(world->pool);
	EXPECT(errno == ENOTTY);
	return failed;
}

/* [P2] The parent's pool goes on. */
static void every_call_on_a_pool_in_a_forked_child_says_so_or_does_nothing(void **state)
{
	struct world world = { 0 };
	pid_t child;

	(void)state;
	world.pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_tasks = 1));
	world.done = pools_submit(world.pool, (struct pools_input){ .op = POOLS_NOTHING, .value = 4 });
	assert_int_equal(wt_task_wait(world.done, NULL, NULL, pools_soon()), 0);
	world.running = pools_submit(world.pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &world.begun,
								       .gate = &world.gate, .value = 5 });
	assert_true(latch_await(&world.begun));
	world.waiting = pools_submit(world.pool, (struct pools_input){ .op = POOLS_NOTHING, .value = 6 });
	child = fork();
	if (!child)
		_exit(child_of(&world));
	assert_child_ends(child, 0);
	latch_open(&world.gate);
	assert_int_equal(pools_result(world.done), 4);
	assert_int_equal(pools_result(world.running), 5);
	assert_int_equal(pools_result(world.waiting), 6);
	wt_pool_destroy(world.pool);
}

/* ---- Forks in a callback of the thread that submits ---- */

static void fork_at_first(int *calls)
{
	if (++*calls == 1)
		fork_here();
}

static void fork_when_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)result;
	(void)reply;
	fork_at_first(arg);
}

static void fork_at_progress(wt_task *task, wt_message *message, void *arg)
{
	(void)task;
	(void)message;
	fork_at_first(arg);
}

static void fork_when_drained(wt_pool *pool, void *arg)
{
	(void)pool;
	fork_at_first(arg);
}

/* The others leave the caller a part. */
struct parts {
	struct latch forked;
	int calls;
};

static int fork_in_map(size_t begin, size_t end, void *arg)
{
	struct parts *parts = arg;

	(void)begin;
	(void)end;
	if (!wt_is_main_thread())
		return latch_await(&parts->forked) ? 0 : WT_ETIMEDOUT;
	fork_at_first(&parts->calls);
	latch_open(&parts->forked);
	return 0;
}

static void submit_with_done(wt_pool *pool, struct pools_input input, wt_task_done_fn *done, int *calls,
			     const wt_task_options *options)
{
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, done, calls,
					options, NULL),
			 0);
}

static void fork_under_done(wt_pool *pool)
{
	int calls = 0, err;

	for (int i = 0; i < 3; i++)
		submit_with_done(pool, (struct pools_input){ .op = POOLS_NOTHING }, fork_when_done, &calls, NULL);
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_int_equal(calls, 3);
	assert_child_ends(forked, 0);
}

static void ignore_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)result;
	(void)reply;
	(void)arg;
}

static void fork_under_progress(wt_pool *pool)
{
	int calls = 0, err;

	submit_with_done(pool, (struct pools_input){ .op = POOLS_PROGRESS, .value = 3 }, ignore_done, &calls,
			 WT_TASK_OPTIONS(.on_progress = fork_at_progress));
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_int_equal(calls, 3);
	assert_child_ends(forked, 0);
}

static void fork_under_a_map(wt_pool *pool)
{
	struct parts parts = { 0 };
	int err = wt_pool_map(pool, &(wt_range){ .end = 100, .grain = 1 }, fork_in_map, &parts, pools_soon());

	end_child(err, parts.calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
}

static void fork_under_a_drain(void)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .queue_tasks = 1));
	struct latch begun = { 0 }, gate = { 0 };
	int calls = 0, err;
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });

	assert_true(latch_await(&begun));
	submit_with_done(pool, (struct pools_input){ .op = POOLS_NOTHING }, ignore_done, NULL, NULL);
	assert_int_equal(wt_pool_on_drain(pool, fork_when_drained, &calls), 0);
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL), WT_EAGAIN);
	latch_open(&gate);
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_int_equal(calls, 1);
	assert_child_ends(forked, 0);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(pool);
}

/* Results are told by the destroy itself; in the child it leaves the pool as it is. */
static void fork_under_a_destroy(void)
{
	wt_pool *pool = pools_create(1);
	int calls = 0;

	for (int i = 0; i < 3; i++)
		submit_with_done(pool, (struct pools_input){ .op = POOLS_NOTHING }, fork_when_done, &calls, NULL);
	wt_pool_destroy(pool);
	end_child(forked ? 0 : WT_EFORKED, calls);
	assert_int_equal(calls, 3);
	assert_child_ends(forked, 0);
}

/* [P2] The child returns from the callback, and from what called it. */
static void a_child_leaves_the_callback_that_it_was_forked_in(void **state)
{
	wt_pool *pool = pools_create(2);

	(void)state;
	fork_under_done(pool);
	fork_under_progress(pool);
	fork_under_a_map(pool);
	fork_under_a_drain();
	fork_under_a_destroy();
	wt_pool_destroy(pool);
}

/* ---- Programs: forks in a worker ---- */

static int worker_forked_status;

/* The child of a worker has no pool: it ends when the function that forked has returned. */
static void fork_in_worker(void)
{
	forked = fork();
	if (!forked)
		alarm(20);
	else if (forked < 0 || waitpid(forked, &worker_forked_status, 0) != forked)
		worker_forked_status = -1;
}

static int fork_in_init(void **worker_state, const void *data, size_t size)
{
	(void)worker_state;
	(void)data;
	(void)size;
	fork_in_worker();
	return 0;
}

static void fork_in_each(void *worker_state, void *arg)
{
	(void)worker_state;
	(void)arg;
	fork_in_worker();
}

static int fork_in_task(wt_task *task, void *arg)
{
	(void)task;
	(void)arg;
	fork_in_worker();
	return 0;
}

/* Only workers run the first part: the caller waits in another one. */
static int fork_in_part(size_t begin, size_t end, void *arg)
{
	struct latch *done = arg;

	(void)begin;
	(void)end;
	if (wt_is_main_thread())
		return latch_await(done) ? 0 : WT_ETIMEDOUT;
	if (!latch_is_open(done))
		fork_in_worker();
	latch_open(done);
	return 0;
}

/* 42, or what was wrong. */
static int end_program(wt_pool *pool, int err)
{
	wt_pool_destroy(pool);
	if (err || worker_forked_status) {
		fprintf(stderr, "err %d, the child's status %#x\n", err, (unsigned)worker_forked_status);
		return 1;
	}
	return 42;
}

static int program_pool(wt_pool **pool, int (*init)(void **, const void *, size_t))
{
	worker_forked_status = -1;
	return wt_pool_create(pool, pools_task, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .init = init)) ||
	       wt_pool_ready(*pool, wt_after_ms(20000));
}

static int init_forks(void)
{
	wt_pool *pool;
	int err = program_pool(&pool, fork_in_init);

	return end_program(pool, err);
}

static int each_forks(void)
{
	wt_pool *pool;
	int err = program_pool(&pool, NULL);

	if (!err)
		err = wt_pool_each(pool, fork_in_each, NULL, wt_after_ms(20000));
	return end_program(pool, err);
}

static int task_forks(void)
{
	struct pools_input input = { .op = POOLS_CALL, .call = fork_in_task };
	wt_pool *pool;
	wt_task *task;
	int err = program_pool(&pool, NULL);

	if (!err)
		err = wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL, NULL, &task);
	if (!err)
		err = wt_task_wait(task, NULL, NULL, wt_after_ms(20000));
	return end_program(pool, err);
}

static int part_forks(void)
{
	struct latch done = { 0 };
	wt_pool *pool;
	int err = program_pool(&pool, NULL);

	if (!err)
		err = wt_pool_map(pool, &(wt_range){ .end = 10, .grain = 1 }, fork_in_part, &done, wt_after_ms(20000));
	return end_program(pool, err);
}

static const struct child_program programs[] = {
	{ "init_forks", init_forks },
	{ "each_forks", each_forks },
	{ "task_forks", task_forks },
	{ "part_forks", part_forks },
};

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) /* which do not survive a fork in a thread */
/* [P2] */
static void a_child_of_a_worker_ends_with_the_function_that_forked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
		struct child_result result;

		child_run(programs[i].name, &result);
		if (result.status != 42)
			fail_msg("%s: status %d\n%s", programs[i].name, result.status, result.errors);
	}
}
#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_call_on_a_pool_in_a_forked_child_says_so_or_does_nothing),
		TEST(a_child_leaves_the_callback_that_it_was_forked_in),
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
		TEST(a_child_of_a_worker_ends_with_the_function_that_forked),
#endif
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
