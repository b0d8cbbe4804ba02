/* SPDX-License-Identifier: MIT
 *
 * Records are used again: a task has nothing of the one before it, whether
 * either is brief, comes back late, or out of a worker's hold.
 */
#include <string.h>
#include <wt/buffer.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/thread.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"
#include "support/transfer.h"

enum {
	USES = 128, /* more than a submitter has records that has few tasks at a time */
	GATES = 3,  /* a task with a lower number spins at the gate with that, and heeds nothing */
	NINE = 9    /* the result of one that has nothing to do */
};

static struct latch begun[GATES], gate[GATES];

/* The input that was seen last. */
static size_t seen_size;
static uint32_t seen_type;

static int obey(wt_task *task, wt_message *input, void *state)
{
	int number = *(const unsigned char *)input->data;

	(void)task;
	(void)state;
	seen_size = input->size;
	seen_type = input->type;
	if (number >= GATES)
		return number;
	latch_open(&begun[number]);
	while (!latch_is_open(&gate[number]))
		;
	return 0;
}

/* ---- One worker, and what it is given ---- */

static wt_task *submit(wt_pool *pool, unsigned char number, size_t size, uint32_t type)
{
	unsigned char bytes[64] = { number };
	wt_task *task;

	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = size, .type = type }, NULL, NULL,
					NULL, &task),
			 0);
	return task;
}

static wt_task *submit_brief(wt_pool *pool, unsigned char number)
{
	pools_untimed(pool);
	return submit(pool, number, 8, 0);
}

static void submit_told(wt_pool *pool, unsigned char number, wt_task_done_fn *done, void *arg)
{
	pools_untimed(pool);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &number, .size = 1 }, done, arg, NULL, NULL), 0);
}

static wt_pool *create(wt_task_fn *fn, int64_t cancel_grace)
{
	wt_pool *pool;

	memset(begun, 0, sizeof begun);
	memset(gate, 0, sizeof gate);
	assert_int_equal(wt_pool_create(&pool, fn,
					WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1,
							.cancel_grace = cancel_grace)),
			 0);
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	assert_int_equal(pools_result(submit(pool, NINE, 1, 0)), NINE);
	return pool;
}

/* Each record has been that of a task that was timed. */
static void use_timed(wt_pool *pool, size_t size)
{
	for (int i = 0; i < USES; i++) {
		pools_untimed(pool)->stamp = 0;
		assert_int_equal(pools_result(submit(pool, NINE, size, 0)), NINE);
	}
	wt_pool_reset_stats(pool);
}

static void count(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)result;
	(void)reply;
	++*(unsigned *)arg;
}

/* ---- Verdicts ---- */

static bool has_no_zombie(void *pool)
{
	return pools_stats(pool).zombies == 0;
}

/* The worker gives the record back when the result was told long since. */
static void a_verdict_is_told_once(void **state)
{
	wt_pool *pool = create(obey, 5000000);
	struct wti_pool_client *client = pools_untimed(pool);
	unsigned told = 0;
	wt_task *task;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = "\0spins..", .size = 8 }, count, &told, NULL,
					&task),
			 0);
	assert_true(latch_await(&begun[0]));
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told, 1);
	assert_int_equal(client->used, 1);
	latch_open(&gate[0]);
	assert_true(await(has_no_zombie, pool));
	while (client->used)
		(void)!wt_run_once(wt_after_ms(5));
	assert_int_equal(told, 1);
	wt_pool_destroy(pool);
}

/* ---- Out of a hold ---- */

/* The worker is at one task, and another, which was in its hold behind that, is on the list of those to be taken next. */
static wt_task *return_one(wt_pool *pool, unsigned char number)
{
	wt_task *first = submit_brief(pool, 0), *second, *other, *task;

	assert_true(latch_await(&begun[0]));
	pools_believe_in_short_tasks(pool);
	second = submit_brief(pool, 1);
	other = submit_brief(pool, NINE);
	pools_untimed(pool);
	task = submit(pool, number, 3, 77);
	latch_open(&gate[0]);
	assert_true(latch_await(&begun[1]));
	assert_int_equal(wt_task_cancel(other), 0);
	assert_int_equal(wti_load(&pool->returned_count), 1);
	latch_open(&gate[1]);
	assert_int_equal(pools_result(first), 0);
	assert_int_equal(pools_result(second), 0);
	assert_int_equal(pools_result(other), WT_ECANCELED);
	return task;
}

static void a_task_that_was_taken_back_can_be_judged(void **state)
{
	wt_pool *pool = create(obey, 5000000);
	wt_task *task = return_one(pool, 2);

	(void)state;
	assert_true(latch_await(&begun[2]));
	assert_int_equal(seen_size, 3);
	assert_int_equal(seen_type, 77);
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	latch_open(&gate[2]);
	wt_pool_destroy(pool);
}

static void a_task_that_was_taken_back_has_its_own_input_and_no_times(void **state)
{
	wt_pool *pool = create(obey, 0);

	(void)state;
	use_timed(pool, 64);
	assert_int_equal(pools_result(return_one(pool, 33)), 33);
	assert_int_equal(pools_stats(pool).run.count, 0);
	wt_pool_destroy(pool);
}

/* ---- What is dropped ---- */

static void a_cleared_task_drops_what_it_brought_when_it_is_told(void **state)
{
	wt_pool *pool = create(obey, 0);
	struct deleted deleted = { 0 };
	unsigned told = 0;
	wt_buffer *buffer = wrap_counted(&deleted);
	const wt_transfer list = WT_MOVE(&buffer);
	wt_task *busy = submit_brief(pool, 0);

	(void)state;
	assert_true(latch_await(&begun[0]));
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .transfer = &list, .transfer_count = 1 }, count, &told,
					NULL, NULL),
			 0);
	assert_int_equal(wt_pool_clear(pool, NULL), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told, 1);
	assert_deleted(&deleted, 1);
	latch_open(&gate[0]);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(pool);
}

static struct deleted replied;

static int reply_twice(wt_task *task, wt_message *input, void *state)
{
	uint64_t word = 7;
	wt_buffer *buffer = wrap_counted(&replied);
	const wt_transfer list = WT_MOVE(&buffer);
	int err = wt_task_reply(task, &(wt_outgoing){ .transfer = &list, .transfer_count = 1 });

	(void)input;
	(void)state;
	if (!err)
		err = wt_task_reply(task, &(wt_outgoing){ .data = &word, .size = sizeof word });
	return err ? err : NINE;
}

static void a_word_in_the_place_of_a_reply_drops_what_came_with_that(void **state)
{
	wt_pool *pool = create(reply_twice, 0);
	wt_message reply;
	wt_task *task;

	(void)state;
	atomic_store(&replied.count, 0);
	task = submit_brief(pool, NINE);
	assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
	assert_int_equal(*(const uint64_t *)reply.data, 7);
	assert_deleted(&replied, 1);
	wt_task_release(task);
	wt_pool_destroy(pool);
}

/* ---- Order ---- */

static int order[2];
static unsigned ordered;

static void note(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	(void)arg;
	order[ordered++ % 2] = result;
}

static void what_a_wait_took_in_is_told_first(void **state)
{
	wt_pool *pool = create(obey, 0);
	struct wti_pool_client *client = pools_untimed(pool);

	(void)state;
	ordered = 0;
	submit_told(pool, 11, note, NULL);
	assert_int_equal(pools_result(submit_brief(pool, 12)), 12);
	assert_false(wti_list_empty(&client->untold));
	submit_told(pool, 13, note, NULL);
	while (!wti_ring_ready(&client->back))
		assert_int_equal(wt_sleep(wt_after_ms(1)), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(ordered, 2);
	assert_int_equal(order[0], 11);
	assert_int_equal(order[1], 13);
	wt_pool_destroy(pool);
}

/* ---- Times and limits ---- */

/* It has waited since there are priorities, at the most: not since its record's last task was submitted. */
static void a_brief_task_has_no_age_of_the_one_before_it(void **state)
{
	wt_pool *pool = create(obey, 0);
	wt_task *busy;

	(void)state;
	ordered = 0;
	use_timed(pool, 1);
	assert_int_equal(wt_sleep(wt_after_ms(450)), 0); /* more than three priorities' worth */
	busy = submit_brief(pool, 0);
	assert_true(latch_await(&begun[0]));
	submit_told(pool, 11, note, NULL);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = "\x0c", .size = 1 }, note, NULL,
					WT_TASK_OPTIONS(.priority = 3), NULL),
			 0);
	latch_open(&gate[0]);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(order[0], 12);
	assert_int_equal(order[1], 11);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(pool);
}

static void short_tasks_are_not_timed_in_records_of_timed_ones(void **state)
{
	wt_pool *pool = create(obey, 0);

	(void)state;
	use_timed(pool, 1);
	for (int i = 0; i < USES; i++) {
		pools_untimed(pool);
		assert_int_equal(pools_result(submit(pool, NINE, 24, 0)), NINE);
	}
	assert_int_equal(pools_stats(pool).run.count, 0);
	assert_int_equal(pools_stats(pool).wait.count, 0);
	wt_pool_destroy(pool);
}

static int nap(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	return *(const unsigned char *)input->data ? NINE : wt_sleep(wt_after_ms(60));
}

static void a_brief_task_has_no_limit_of_the_one_before_it(void **state)
{
	wt_pool *pool = create(nap, 0);
	wt_task *task;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = "\x09", .size = 1 }, NULL, NULL,
					WT_TASK_OPTIONS(.run_timeout = 60000000000), &task),
			 0);
	assert_int_equal(pools_result(task), NINE);
	assert_int_equal(pools_result(submit_brief(pool, 0)), 0);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_verdict_is_told_once),
		TEST(a_task_that_was_taken_back_can_be_judged),
		TEST(a_task_that_was_taken_back_has_its_own_input_and_no_times),
		TEST(a_cleared_task_drops_what_it_brought_when_it_is_told),
		TEST(a_word_in_the_place_of_a_reply_drops_what_came_with_that),
		TEST(what_a_wait_took_in_is_told_first),
		TEST(a_brief_task_has_no_age_of_the_one_before_it),
		TEST(short_tasks_are_not_timed_in_records_of_timed_ones),
		TEST(a_brief_task_has_no_limit_of_the_one_before_it),
	};

	return cmocka_run_group_tests_name("pool_record", tests, NULL, NULL);
}
