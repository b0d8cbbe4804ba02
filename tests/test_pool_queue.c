/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/thread.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

/* ---- The oracle: each task of each submitter comes back once ---- */

enum { SUBMITTERS = 4, TASKS = 20000 };

struct submitter {
	wt_pool *pool;
	pthread_t thread;
	uint32_t index;
	uint64_t seed;
	unsigned tasks;
	unsigned returned;
	unsigned cancelled;
	unsigned char *seen;
	struct verdict *verdict;
};

struct element {
	unsigned char bytes[24];
};

/* The reply is the element itself, and the result says whose it is. */
static int return_element(wt_task *task, wt_message *input, void *state)
{
	uint32_t producer;
	uint64_t sequence;

	(void)state;
	if (!element_check(input->data, input->size, &producer, &sequence))
		return -1;
	if (sequence % 5 == 0)
		return 1000 + (int)producer;
	return wt_task_reply(task, &(wt_outgoing){ .data = input->data, .size = input->size });
}

static void take_element(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct submitter *submitter = arg;
	uint32_t producer = submitter->index;
	uint64_t sequence;

	(void)task;
	submitter->returned++;
	if (result == WT_ECANCELED) {
		submitter->cancelled++;
		return;
	}
	if (!reply->data) {
		CHECK(submitter->verdict, result == 1000 + (int)submitter->index);
		return;
	}
	CHECK(submitter->verdict, result == 0);
	CHECK(submitter->verdict, element_check(reply->data, reply->size, &producer, &sequence));
	CHECK(submitter->verdict, producer == submitter->index && sequence < submitter->tasks);
	CHECK(submitter->verdict, !submitter->seen[sequence]);
	submitter->seen[sequence] = 1;
}

static void *submit_elements(void *arg)
{
	struct submitter *submitter = arg;
	uint64_t random = submitter->seed + submitter->index;
	struct element element;
	wt_task *task;

	for (unsigned i = 0; i < submitter->tasks; i++) {
		int priority = (int)(support_random(&random) % 3) - 1;

		element_fill(element.bytes, sizeof element.bytes, submitter->index, i);
		CHECK(submitter->verdict,
		      wt_pool_submit(submitter->pool, &(wt_outgoing){ .data = &element, .size = sizeof element },
				     take_element, submitter,
				     submitter->index % 2 ? NULL : WT_TASK_OPTIONS(.priority = priority), &task) == 0);
		if (support_random(&random) % 16 == 0)
			CHECK(submitter->verdict, wt_task_cancel(task) == 0);
		if (support_random(&random) % 64 == 0)
			(void)!wt_run_once(WT_NOW);
	}
	CHECK(submitter->verdict, wt_run() == 0);
	CHECK(submitter->verdict, submitter->returned == submitter->tasks);
	return NULL;
}

/* [Q1] */
static void each_task_comes_back_once(void **state)
{
	static unsigned char seen[SUBMITTERS][TASKS];
	struct verdict verdict = { 0 };
	struct submitter submitters[SUBMITTERS];
	unsigned cancelled = 0;
	wt_pool *pool;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, return_element, WT_POOL_OPTIONS(.min_workers = 3, .max_workers = 3)), 0);
	memset(seen, 0, sizeof seen);
	for (uint32_t i = 0; i < SUBMITTERS; i++) {
		submitters[i] = (struct submitter){
			.pool = pool,
			.index = i,
			.seed = support_seed(),
			.tasks = TASKS / support_slowdown(),
			.seen = seen[i],
			.verdict = &verdict,
		};
		assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_elements, &submitters[i]), 0);
	}
	for (uint32_t i = 0; i < SUBMITTERS; i++) {
		pthread_join(submitters[i].thread, NULL);
		cancelled += submitters[i].cancelled;
	}
	assert_verdict(&verdict);
	assert_int_equal(pools_stats(pool).submitted, SUBMITTERS * (TASKS / support_slowdown()));
	assert_int_equal(pools_stats(pool).cancelled, cancelled);
	wt_pool_destroy(pool);
}

/* ---- Order ---- */

struct log {
	int order[64];
	_Atomic(unsigned) count;
};

struct entry {
	struct log *log;
	int number;
};

static int write_log(wt_task *task, void *arg)
{
	struct entry *entry = arg;

	(void)task;
	entry->log->order[wti_add(&entry->log->count, 1)] = entry->number;
	return 0;
}

/* One worker, kept busy until the gate opens. */
struct held {
	wt_pool *pool;
	struct latch begun;
	struct latch gate;
	wt_task *task;
};

static void hold_pool(struct held *held, const wt_pool_options *options)
{
	*held = (struct held){ .pool = pools_create_with(options) };
	held->task = pools_submit(held->pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &held->begun,
								      .gate = &held->gate });
	assert_true(latch_await(&held->begun));
}

static void release_pool(struct held *held)
{
	latch_open(&held->gate);
	assert_int_equal(pools_result(held->task), 0);
}

static void submit_entries(wt_pool *pool, struct entry *entries, const int *priorities, wt_task **tasks, int count)
{
	for (int i = 0; i < count; i++)
		tasks[i] = pools_submit_with(
			pool, (struct pools_input){ .op = POOLS_CALL, .call = write_log, .arg = &entries[i] },
			WT_TASK_OPTIONS(.priority = priorities[i]));
}

static void run_entries(const wt_pool_options *options, const int *priorities, int count, unsigned pause,
			struct log *log)
{
	struct held held;
	struct entry entries[16];
	wt_task *tasks[16];

	for (int i = 0; i < count; i++)
		entries[i] = (struct entry){ .log = log, .number = i };
	hold_pool(&held, options);
	submit_entries(held.pool, entries, priorities, tasks, 1);
	assert_int_equal(wt_sleep(wt_after_ms(pause)), 0);
	submit_entries(held.pool, entries + 1, priorities + 1, tasks + 1, count - 1);
	release_pool(&held);
	for (int i = 0; i < count; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	wt_pool_destroy(held.pool);
	assert_int_equal(log->count, count);
}

/* [Q2] */
static void one_submitters_tasks_are_begun_in_order(void **state)
{
	static const int priorities[10] = { 0 };
	struct log log = { 0 };

	(void)state;
	run_entries(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1), priorities, 10, 0, &log);
	for (int i = 0; i < 10; i++)
		assert_int_equal(log.order[i], i);
}

/* [Q2] */
static void the_higher_priority_is_first(void **state)
{
	static const int priorities[6] = { 0, -3, 3, 0, 1, 3 };
	static const int order[6] = { 2, 5, 4, 0, 3, 1 };
	static const wt_time agings[] = { WT_FOREVER, WT_FOREVER - 1, WT_FOREVER / 5, WT_FOREVER / 6, 1000000000000 };

	(void)state;
	for (size_t i = 0; i < sizeof agings / sizeof agings[0]; i++) {
		struct log log = { 0 };

		run_entries(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .aging = agings[i]), priorities, 6, 0,
			    &log);
		assert_memory_equal(log.order, order, sizeof order);
	}
}

/* [Q2] */
static void who_has_waited_long_enough_is_first(void **state)
{
	static const int priorities[3] = { -3, 3, 3 };
	struct log log = { 0 };

	(void)state;
	run_entries(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .aging = 1000000), priorities, 3, 20, &log);
	assert_int_equal(log.order[0], 0);
}

/* ---- Holds ---- */

static int open_and_nap(wt_task *task, wt_message *input, void *state)
{
	int op = *(const int *)input->data;

	(void)task;
	(void)state;
	return op ? wt_sleep(wt_after_ms((uint64_t)op)) : 0;
}

/* Short tasks are taken together; those behind a long one are not left to wait for it. */
static void what_is_held_behind_a_long_task_is_taken_away(void **state)
{
	wt_pool *pool;
	wt_task *tasks[64];
	int op = 0;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, open_and_nap, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2)), 0);
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 64; i++) {
			op = i == 7 ? 200 : 0;
			assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &op, .size = sizeof op }, NULL,
							NULL, NULL, &tasks[i]),
					 0);
		}
		for (int i = 0; i < 64; i++)
			if (i != 7)
				assert_int_equal(wt_task_wait(tasks[i], NULL, NULL, pools_soon()), 0);
		/* The others are done, and it sleeps still, unless the machine was very busy. */
		for (int i = 0; i < 64; i++)
			assert_int_equal(pools_result(tasks[i]), 0);
		if (round == 1)
			break;
	}
	wt_pool_destroy(pool);
}

/*
 * Cancelling one task takes all back that a worker holds: those do not come to
 * run either when the queue is cleared.
 */
static void what_was_taken_back_can_be_cleared(void **state)
{
	enum { BEFORE = 7, AFTER = 40 };
	struct held held;
	struct latch begun = { 0 }, gate = { 0 };
	wt_task *before[BEFORE], *busy, *after[AFTER];
	size_t cleared;

	(void)state;
	hold_pool(&held, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	for (int i = 0; i < BEFORE; i++)
		before[i] = pools_submit(held.pool, (struct pools_input){ .op = POOLS_NOTHING });
	busy = pools_submit(held.pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	for (int i = 0; i < AFTER; i++)
		after[i] = pools_submit(held.pool, (struct pools_input){ .op = POOLS_NOTHING });
	release_pool(&held);
	assert_true(latch_await(&begun));
	assert_int_equal(wt_task_cancel(after[0]), 0);
	assert_int_equal(wt_pool_clear(held.pool, &cleared), 0);
	assert_int_equal(cleared, AFTER - 1);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	for (int i = 0; i < BEFORE; i++)
		assert_int_equal(pools_result(before[i]), 0);
	for (int i = 0; i < AFTER; i++)
		assert_int_equal(pools_result(after[i]), WT_ECANCELED);
	assert_int_equal(pools_stats(held.pool).cancelled, AFTER);
	wt_pool_destroy(held.pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_task_comes_back_once),
		TEST(one_submitters_tasks_are_begun_in_order),
		TEST(the_higher_priority_is_first),
		TEST(who_has_waited_long_enough_is_first),
		TEST(what_is_held_behind_a_long_task_is_taken_away),
		TEST(what_was_taken_back_can_be_cleared),
	};

	return cmocka_run_group_tests_name("pool_queue", tests, NULL, NULL);
}
