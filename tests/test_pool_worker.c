/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/resource.h>
#include <wt/environment.h>
#include <wt/heap.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "pool.h"
#include "seam.h"
#include "support/pools.h"
#include "support/support.h"

static const wt_pool_options one = { .size = sizeof one, .min_workers = 1, .max_workers = 1 };

/* ---- A task that ends its worker ---- */

/* [Q5] */
static void a_failure_is_its_tasks_result_and_the_others_go_on(void **state)
{
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *tasks[20];
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });

	(void)state;
	assert_true(latch_await(&begun));
	for (int i = 0; i < 20; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = i == 5 ? POOLS_FAIL :
									     i == 9 ? POOLS_EXIT :
										      POOLS_NOTHING,
								    .value = i == 5 ? -123 : 0 });
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pools_result(tasks[i]), i == 5 ? -123 : i == 9 ? WT_EWORKER : 0);
	assert_int_equal(pools_stats(pool).failed, 2);
	wt_pool_destroy(pool);
}

/* [Q5] */
static void many_workers_may_fail(void **state)
{
	wt_pool *pool = pools_create(2);

	(void)state;
	for (unsigned i = 0; i < 200 / support_slowdown() + 5; i++) {
		wt_task *a = pools_submit(pool, (struct pools_input){ .op = POOLS_FAIL, .value = -7 });
		wt_task *b = pools_submit(pool, (struct pools_input){ .op = POOLS_DOUBLE, .value = 1 });

		assert_int_equal(pools_result(a), -7);
		assert_int_equal(pools_result(b), 0);
	}
	wt_pool_destroy(pool);
}

/* ---- Time ---- */

/* [Q5] */
static void a_run_timeout_counts_from_the_start_of_the_run(void **state)
{
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create_with(&one);
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	wt_task *waiting, *late;

	(void)state;
	assert_true(latch_await(&begun));
	waiting = pools_submit_with(pool, (struct pools_input){ .op = POOLS_NOTHING },
				    WT_TASK_OPTIONS(.run_timeout = 30000000000));
	late = pools_submit_with(pool, (struct pools_input){ .op = POOLS_SLEEP },
				 WT_TASK_OPTIONS(.run_timeout = 10000000));
	assert_int_equal(wt_sleep(wt_after_ms(30)), 0);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(waiting), 0);
	assert_int_equal(pools_result(late), WT_ETIMEDOUT);
	assert_int_equal(pools_stats(pool).timed_out, 1);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	wt_pool_destroy(pool);
}

/* Longer than the clock goes is for ever, for a run as for what comes after a cancel. */
static void a_timeout_beyond_the_clock_never_comes(void **state)
{
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .cancel_grace = WT_FOREVER - 1));
	struct latch begun = { 0 };
	wt_task *task;

	(void)state;
	task = pools_submit_with(pool, (struct pools_input){ .op = POOLS_NOTHING, .value = 3 },
				 WT_TASK_OPTIONS(.run_timeout = WT_FOREVER - 1));
	assert_int_equal(pools_result(task), 3);
	task = pools_submit(pool, (struct pools_input){ .op = POOLS_HEED, .begun = &begun });
	assert_true(latch_await(&begun));
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	assert_int_equal(pools_stats(pool).timed_out, 0);
	wt_pool_destroy(pool);
}

static void a_pool_has_a_timeout_for_all(void **state)
{
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2, .run_timeout = 10000000));

	(void)state;
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_SLEEP })), WT_ETIMEDOUT);
	assert_int_equal(pools_result(pools_submit_with(pool, (struct pools_input){ .op = POOLS_SLEEP },
							WT_TASK_OPTIONS(.run_timeout = 5000000))),
			 WT_ETIMEDOUT);
	wt_pool_destroy(pool);
}

static bool has_no_zombie(void *arg)
{
	return pools_stats(arg).zombies == 0;
}

/* [Q5] */
static void a_worker_that_does_not_end_is_replaced(void **state)
{
	struct latch gate = { 0 };
	wt_pool *pool = pools_create_with(&one);

	(void)state;
	assert_int_equal(pools_result(pools_submit_with(pool, (struct pools_input){ .op = POOLS_SPIN, .gate = &gate },
							WT_TASK_OPTIONS(.run_timeout = 5000000))),
			 WT_ETIMEDOUT);
	assert_int_equal(pools_stats(pool).zombies, 1);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	latch_open(&gate);
	assert_true(await(has_no_zombie, pool));
	assert_int_equal(pools_stats(pool).timed_out, 1);
	assert_int_equal(pools_stats(pool).workers, 1);
	wt_pool_destroy(pool);
}

/* [Q5] One by which there are more than the pool needs, so that none is made in its place. */
static void a_worker_that_does_not_end_is_not_forgotten(void **state)
{
	struct latch begun[2] = { { 0 } }, gates[3] = { { 0 } };
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 2));
	wt_task *busy[2], *stuck;

	(void)state;
	for (int i = 0; i < 2; i++) {
		busy[i] = pools_submit(pool, (struct pools_input){
						     .op = POOLS_AWAIT, .begun = &begun[i], .gate = &gates[i] });
		assert_true(latch_await(&begun[i]));
	}
	latch_open(&gates[0]);
	assert_int_equal(pools_result(busy[0]), 0);
	stuck = pools_submit_with(pool, (struct pools_input){ .op = POOLS_SPIN, .gate = &gates[2] },
				  WT_TASK_OPTIONS(.run_timeout = 5000000));
	latch_open(&gates[1]);
	assert_int_equal(pools_result(busy[1]), 0);
	assert_int_equal(pools_result(stuck), WT_ETIMEDOUT);
	latch_open(&gates[2]);
	assert_true(await(has_no_zombie, pool));
	wt_pool_destroy(pool);
}

/* ---- The end of the pool, while the worker is about to claim a task ---- */

static struct latch claiming, resumed;

static void stop_at_claim(enum wti_yield_point point, void *worker)
{
	(void)worker;
	if (point != WTI_YIELD_CLAIMING)
		return;
	latch_open(&claiming);
	latch_await(&resumed);
}

struct told {
	unsigned calls;
	int results; /* their sum */
};

static void note_result(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct told *told = arg;

	(void)task;
	(void)reply;
	told->calls++;
	told->results += result;
}

static bool has_one_holder(void *pool)
{
	return wti_load(&((wt_pool *)pool)->holders) == 1;
}

/* A pool, held, that was destroyed when its worker had come to where the hook stops it. */
static wt_pool *destroy_at(wti_yield_fn *hook, struct latch *there, struct told *told)
{
	const struct pools_input nothing = { .op = POOLS_NOTHING };
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .destroy_timeout = 1000000));

	*there = resumed = (struct latch){ 0 };
	wti_yield_hook = hook;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &nothing, .size = sizeof nothing }, note_result,
					told, NULL, NULL),
			 0);
	assert_true(latch_await(there));
	wti_pool_hold(pool); /* its accounts are read once it is gone */
	wt_pool_destroy(pool);
	wti_yield_hook = NULL;
	return pool;
}

static void what_a_worker_has_not_claimed_is_cancelled_once(void **state)
{
	struct told told = { 0 };
	wt_pool *pool = destroy_at(stop_at_claim, &claiming, &told);

	(void)state;
	assert_int_equal(told.results, WT_ECANCELED);
	assert_int_equal(wti_load(&pool->past.cancelled), 1);
	latch_open(&resumed);
	assert_true(await(has_one_holder, pool));
	wti_pool_release(pool);
}

/* ---- The end of the pool, while the worker is about to be done with a task ---- */

static struct latch withdrawing;

/* The worker goes on once the pool has found it at its task; the pool, once it is not at it any more. */
static void end_before_the_verdict(enum wti_yield_point point, void *object)
{
	struct wti_pool_run *run = object;

	if (point == WTI_YIELD_WITHDRAWING) {
		latch_open(&withdrawing);
		latch_await(&resumed);
	} else if (point == WTI_YIELD_JUDGING) {
		latch_open(&resumed);
		while (wti_load(&run->serial) & 1)
			wti_os->yield();
	}
}

/* [Q1] Whether it is told by its worker or by the pool, the worker counts it. */
static void a_task_that_ends_before_the_verdict_is_told_once(void **state)
{
	struct told told = { 0 };
	wt_pool *pool = destroy_at(end_before_the_verdict, &withdrawing, &told);

	(void)state;
	assert_int_equal(told.calls, 1);
	assert_true(await(has_one_holder, pool));
	assert_int_equal(wti_load(&pool->past.cancelled), 0);
	wti_pool_release(pool);
}

/* A task whose result was told by its pool, and that comes back while its callback waits for another one. */
struct late_return {
	wt_pool *pool;
	struct latch gate;
	size_t used; /* records, in the callback */
	int result;
	unsigned state;
};

static void await_own_return(wt_task *task, int result, wt_message *reply, void *arg)
{
	const struct pools_input nothing = { .op = POOLS_NOTHING };
	struct late_return *late = arg;
	wt_time until = pools_soon();

	(void)reply;
	late->result = result;
	latch_open(&late->gate);
	while (task->own->away && wt_now() < until)
		assert_int_equal(pools_result(pools_submit(late->pool, nothing)), 0);
	late->state = task->own->state;
	late->used = task->client->used;
}

/* [Q1] Else another task would have it, too. */
static void a_record_that_comes_back_in_its_callback_is_free_behind_it(void **state)
{
	struct late_return late = { .pool = pools_create_with(&one) };
	const struct pools_input input = { .op = POOLS_SPIN, .gate = &late.gate };
	struct wti_pool_client *client = pools_untimed(late.pool);

	(void)state;
	assert_int_equal(wt_pool_submit(late.pool, &(wt_outgoing){ .data = &input, .size = sizeof input },
					await_own_return, &late, WT_TASK_OPTIONS(.run_timeout = 5000000), NULL),
			 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(late.result, WT_ETIMEDOUT);
	assert_int_equal(late.state, WTI_TASK_TELLING);
	assert_int_equal(late.used, 1);
	assert_int_equal(client->used, 0);
	wt_pool_destroy(late.pool);
}

/* ---- init and fini ---- */

static _Atomic(int) inits, finis;
static _Atomic(int) init_result;

struct own_state {
	int number;
	size_t size;
};

static int init_worker(void **state, const void *data, size_t size)
{
	struct own_state *own = wt_alloc(sizeof *own);

	if (!own || size != 3 || memcmp(data, "abc", 3) != 0 || wt_worker_data(NULL) != data)
		return -1;
	own->number = wti_add(&inits, 1) + 1;
	own->size = size;
	*state = own;
	return wti_load(&init_result);
}

static void fini_worker(void *state)
{
	struct own_state *own = state;

	if (own->size == 3)
		wti_add(&finis, 1);
	wt_free(own);
}

static int tell_number(wt_task *task, wt_message *input, void *state)
{
	const struct own_state *own = state;

	(void)task;
	if (*(const int *)input->data)
		wt_fail(-2, "in a task");
	return own->number;
}

static wt_pool_options with_init(void)
{
	wt_pool_options options;

	wt_pool_options_init(&options);
	options.min_workers = options.max_workers = 1;
	options.init = init_worker;
	options.fini = fini_worker;
	options.data = "abc";
	options.data_size = 3;
	wti_store(&inits, 0);
	wti_store(&finis, 0);
	wti_store(&init_result, 0);
	return options;
}

static int number_of(wt_pool *pool, int fail)
{
	wt_task *task;
	int result = 1;

	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &fail, .size = sizeof fail }, NULL, NULL, NULL,
					&task),
			 0);
	assert_int_equal(wt_task_wait(task, &result, NULL, pools_soon()), 0);
	wt_task_release(task);
	return result;
}

static void each_worker_has_a_state_with_an_end(void **state)
{
	wt_pool_options options = with_init();
	wt_pool *pool;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, tell_number, &options), 0);
	assert_int_equal(number_of(pool, 0), 1);
	assert_int_equal(number_of(pool, 0), 1);
	assert_int_equal(number_of(pool, 1), -2);
	assert_int_equal(number_of(pool, 0), 2);
	assert_int_equal(wti_load(&finis), 1);
	wt_pool_destroy(pool);
	assert_int_equal(wti_load(&finis), 2);
}

static void a_failing_init_is_told_and_not_repeated_without_end(void **state)
{
	wt_pool_options options = with_init();
	wt_pool *pool;
	int err;

	(void)state;
	wti_store(&init_result, -66);
	assert_int_equal(wt_pool_create(&pool, tell_number, &options), 0);
	assert_int_equal(wt_pool_ready(pool, pools_soon()), -66);
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL), -66);
	assert_int_equal(wt_sleep(wt_after_ms(50)), 0);
	assert_true(wti_load(&inits) < 6); /* after 10, 20, 40 ms */
	assert_int_equal(wti_load(&finis), 0);
	assert_true(pools_stats(pool).workers_failed >= 1);
	/* It works as soon as init does. */
	wti_store(&init_result, 0);
	do {
		assert_int_equal(wt_sleep(wt_after_ms(5)), 0);
		err = wt_pool_submit(pool, &(wt_outgoing){ .data = &(int){ 0 }, .size = sizeof(int) }, NULL, NULL, NULL,
				     NULL);
	} while (err == -66);
	assert_int_equal(err, 0);
	assert_true(number_of(pool, 0) > 1);
	wt_pool_destroy(pool);
}

static void workers_that_fail_after_other_tasks_are_counted(void **state)
{
	wt_pool *pool = pools_create(1);

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		wt_task *good = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
		wt_task *bad = pools_submit(pool, (struct pools_input){ .op = POOLS_FAIL, .value = -5 });

		assert_int_equal(wt_task_wait(bad, NULL, NULL, pools_soon()), 0);
		wt_task_release(good);
		wt_task_release(bad);
		while (pools_stats(pool).workers_failed < i)
			assert_int_equal(wt_sleep(wt_after_us(100)), 0);
		assert_int_equal(pools_stats(pool).workers_failed, i);
	}
	wt_pool_destroy(pool);
}

static int init_the_first(void **state, const void *data, size_t size)
{
	(void)state;
	(void)data;
	(void)size;
	return wti_add(&inits, 1) ? -68 : 0;
}

static int64_t processor_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
}

/* One is there, and does the work; the keeper waits before it tries again, and does not wait busily. */
static void a_second_worker_that_fails_leaves_the_first(void **state)
{
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool;
	wt_task *busy, *waiting;
	int64_t before;

	(void)state;
	wti_store(&inits, 0);
	pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 4, .init = init_the_first));
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	waiting = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
	while (!pools_stats(pool).workers_failed)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	assert_int_equal(wt_task_wait(waiting, NULL, NULL, WT_NOW), WT_EAGAIN);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(waiting), 0);
	before = processor_time();
	assert_int_equal(wt_sleep(wt_after_ms(200)), 0);
	assert_true(processor_time() - before < 100000000);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	wt_pool_destroy(pool);
}

static void tasks_that_wait_for_a_worker_hear_why_there_is_none(void **state)
{
	wt_pool_options options = with_init();
	wt_pool *pool;
	wt_task *tasks[3] = { NULL };
	int result, err = 0;

	(void)state;
	wti_store(&init_result, -67);
	assert_int_equal(wt_pool_create(&pool, tell_number, &options), 0);
	for (int i = 0; i < 3 && !err; i++)
		err = wt_pool_submit(pool, NULL, NULL, NULL, NULL, &tasks[i]);
	assert_true(err == 0 || err == -67);
	for (int i = 0; i < 3 && tasks[i]; i++) {
		assert_int_equal(wt_task_wait(tasks[i], &result, NULL, pools_soon()), 0);
		assert_int_equal(result, -67);
		wt_task_release(tasks[i]);
	}
	wt_pool_destroy(pool);
}

/* ---- Naps ---- */

/* As if the clock had said that tasks take no time; it is the worker's. */
static int take_no_time(wt_task *task, void *gate)
{
	(void)task;
	if (gate)
		latch_await(gate);
	wti_thread_peek()->pool_worker->estimate = 1;
	return 0;
}

/* When the last of all naps is to end, or was. */
static int64_t last_nap(wt_pool *pool)
{
	int64_t last = 0;

	wti_mutex_lock_soon(&pool->lock);
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		const struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		last = worker->nap_until > last ? worker->nap_until : last;
	}
	wti_mutex_unlock(&pool->lock);
	return last;
}

static bool one_has_napped(void *pool)
{
	return last_nap(pool) != 0;
}

static void do_short_tasks(wt_pool *pool, int count)
{
	while (count--)
		assert_int_equal(pools_result(pools_submit(
					 pool, (struct pools_input){ .op = POOLS_CALL, .call = take_no_time })), 0);
}

/* The second worker has taken a task after the first one, whose task is short, and is at it: the first one naps. */
static void a_long_task_among_short_ones_holds_up_nobody(void **state)
{
	struct latch first_begun = { 0 }, first_gate = { 0 }, second_begun = { 0 }, second_gate = { 0 };
	wt_pool *pool = pools_create(2);
	wt_task *first = pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = take_no_time,
								  .arg = &first_gate, .begun = &first_begun });
	wt_task *second;
	int64_t nap;

	(void)state;
	assert_true(latch_await(&first_begun));
	second = pools_submit(pool,
			      (struct pools_input){ .op = POOLS_AWAIT, .begun = &second_begun, .gate = &second_gate });
	assert_true(latch_await(&second_begun));
	latch_open(&first_gate);
	assert_int_equal(pools_result(first), 0);
	assert_true(await(one_has_napped, pool));
	do_short_tasks(pool, 1);
	/* It is the last that takes tasks now. */
	nap = last_nap(pool);
	do_short_tasks(pool, 20);
	assert_true(last_nap(pool) == nap);
	latch_open(&second_gate);
	assert_int_equal(pools_result(second), 0);
	wt_pool_destroy(pool);
}

/* ---- Number and age ---- */

static bool has_one_worker(void *arg)
{
	return pools_stats(arg).workers == 1;
}

static void workers_come_as_needed_and_go_when_idle(void **state)
{
	struct latch gate = { 0 };
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 4, .idle_timeout = 5000000));
	wt_task *tasks[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .gate = &gate });
	while (pools_stats(pool).running < 4)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	assert_int_equal(pools_stats(pool).workers, 4);
	latch_open(&gate);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	assert_true(await(has_one_worker, pool));
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	wt_pool_destroy(pool);
}

/* Two workers are idle for longer than those of the test before are. */
static void expect_workers_to_stay(wt_time idle_timeout)
{
	struct latch gate = { 0 };
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 2, .idle_timeout = idle_timeout));
	wt_task *tasks[2];

	for (int i = 0; i < 2; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .gate = &gate });
	while (pools_stats(pool).running < 2)
		assert_int_equal(wt_sleep(wt_after_us(100)), 0);
	latch_open(&gate);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	assert_int_equal(wt_sleep(wt_after_ms(50)), 0);
	assert_int_equal(pools_stats(pool).workers, 2);
	wt_pool_destroy(pool);
}

static void without_an_idle_timeout_workers_stay(void **state)
{
	(void)state;
	expect_workers_to_stay(WT_FOREVER);
	expect_workers_to_stay(WT_FOREVER - 1); /* beyond the clock */
}

static int set_variable(wt_task *task, void *arg)
{
	(void)task;
	return wt_setenv("WT_TEST_POOL", arg);
}

static void workers_share_the_environment_where_that_is_asked_for(void **state)
{
	static const struct {
		const char *const *env;
		bool shared;
	} kinds[] = { { NULL, false }, { WT_SHARE_ENV, true } };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		wt_pool *pool = pools_create_with(
			WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .env = kinds[i].env));
		struct pools_input input = { .op = POOLS_CALL, .call = set_variable, .arg = (void *)"theirs" };

		assert_int_equal(wt_setenv("WT_TEST_POOL", "mine"), 0);
		assert_int_equal(pools_result(pools_submit(pool, input)), 0);
		assert_string_equal(wt_getenv("WT_TEST_POOL"), kinds[i].shared ? "theirs" : "mine");
		wt_pool_destroy(pool);
	}
	assert_int_equal(wt_unsetenv("WT_TEST_POOL"), 0);
}

static void a_worker_is_recycled_after_its_tasks(void **state)
{
	wt_pool_options options = with_init();
	wt_pool *pool;

	(void)state;
	options.recycle_tasks = 3;
	assert_int_equal(wt_pool_create(&pool, tell_number, &options), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(number_of(pool, 0), i / 3 + 1);
	wt_pool_destroy(pool);
	assert_int_equal(wti_load(&inits), wti_load(&finis));
}

static int allocate(wt_task *task, void *arg)
{
	(void)task;
	(void)arg;
	return wt_alloc(100000) ? 0 : -1;
}

static void a_worker_is_recycled_when_its_heap_has_grown(void **state)
{
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .recycle_heap = 150000));

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(pools_result(pools_submit(
					 pool, (struct pools_input){ .op = POOLS_CALL, .call = allocate })),
				 0);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	assert_int_equal(pools_stats(pool).recycled, 3);
	wt_pool_destroy(pool);
}

/* ---- Waits for more ---- */

static void believe_in_short_tasks(void *state, void *arg)
{
	(void)state;
	(void)arg;
	wti_thread_peek()->pool_worker->estimate = 1;
}

static void read_gather(void *state, void *arg)
{
	(void)state;
	*(struct wti_gather *)arg = wti_thread_peek()->pool_worker->gather;
}

/* One that is told of nothing has timed nothing. Now and then there are two tasks by the next look. */
static void a_worker_learns_what_its_waits_have_brought(void **state)
{
	struct wti_gather gather;
	wt_pool *pool = pools_create_with(&one);

	(void)state;
	assert_int_equal(wt_pool_each(pool, believe_in_short_tasks, NULL, pools_soon()), 0);
	pools_untimed(pool);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_DOUBLE })), 0);
	assert_int_equal(wt_pool_each(pool, read_gather, &gather, pools_soon()), 0);
	assert_in_range(gather.usual.things, WTI_GATHER_TIMED, 10 * WTI_GATHER_TIMED);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_its_tasks_result_and_the_others_go_on),
		TEST(many_workers_may_fail),
		TEST(a_run_timeout_counts_from_the_start_of_the_run),
		TEST(a_timeout_beyond_the_clock_never_comes),
		TEST(a_pool_has_a_timeout_for_all),
		TEST(a_worker_that_does_not_end_is_replaced),
		TEST(a_worker_that_does_not_end_is_not_forgotten),
		TEST(what_a_worker_has_not_claimed_is_cancelled_once),
		TEST(a_task_that_ends_before_the_verdict_is_told_once),
		TEST(a_record_that_comes_back_in_its_callback_is_free_behind_it),
		TEST(each_worker_has_a_state_with_an_end),
		TEST(a_failing_init_is_told_and_not_repeated_without_end),
		TEST(a_second_worker_that_fails_leaves_the_first),
		TEST(workers_that_fail_after_other_tasks_are_counted),
		TEST(tasks_that_wait_for_a_worker_hear_why_there_is_none),
		TEST(a_long_task_among_short_ones_holds_up_nobody),
		TEST(workers_come_as_needed_and_go_when_idle),
		TEST(without_an_idle_timeout_workers_stay),
		TEST(workers_share_the_environment_where_that_is_asked_for),
		TEST(a_worker_is_recycled_after_its_tasks),
		TEST(a_worker_is_recycled_when_its_heap_has_grown),
		TEST(a_worker_learns_what_its_waits_have_brought),
	};

	return cmocka_run_group_tests_name("pool_worker", tests, NULL, NULL);
}
