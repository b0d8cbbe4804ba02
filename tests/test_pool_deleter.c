/* SPDX-License-Identifier: MIT
 *
 * A deleter may use the library: also that of what came with a task, on its
 * submitter's thread, in the middle of a call of the pool; and it may destroy
 * that pool. With AddressSanitizer what is freed too early shows as well.
 */
#include <pthread.h>
#include <wt/buffer.h>
#include <wt/loop.h>
#include <wt/pool.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/transfer.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

/* ---- A buffer whose deleter does something ---- */

/* What the deleter knows; the test has filled in what it needs. */
struct act {
	void (*fn)(struct act *act);
	wt_pool *pool; /* NULL once it was destroyed */
	wt_task *task;
	int result;
	unsigned told; /* by callbacks */
};

static void run_act(void *data, void *arg)
{
	struct act *act = arg;

	(void)data;
	act->fn(act);
}

static wt_buffer *wrap_act(struct act *act)
{
	static char block[8];
	wt_buffer *buffer;

	return wt_buffer_wrap(&buffer, block, sizeof block, run_act, act) ? NULL : buffer;
}

/* Submit what does nothing, with such a buffer; `done` NULL: it has a handle. */
static wt_task *submit_act(struct act *act, wt_task_done_fn *done)
{
	const struct pools_input input = { .op = POOLS_NOTHING };
	wt_buffer *buffer = wrap_act(act);
	wt_task *task;

	assert_non_null(buffer);
	assert_int_equal(wt_pool_submit(act->pool,
					&(wt_outgoing){ .data = &input,
							.size = sizeof input,
							.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							.transfer_count = 1 },
					done, act, NULL, &task),
			 0);
	return task;
}

/* The worker: send one, as the reply or by the way. */
static int send_act(wt_task *task, struct act *act, int (*send)(wt_task *task, const wt_outgoing *message))
{
	wt_buffer *buffer = wrap_act(act);

	if (!buffer)
		return WT_ENOMEM;
	return send(task,
		    &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1 });
}

static int reply_act(wt_task *task, void *act)
{
	return send_act(task, act, wt_task_reply);
}

static int tell_act(wt_task *task, void *act)
{
	return send_act(task, act, wt_task_progress);
}

static void note(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct act *act = arg;

	(void)task;
	(void)reply;
	act->told++;
	act->result = result;
}

/* ---- A pool whose worker is busy ---- */

static struct latch begun, gate;

static wt_task *make_busy(struct act *act, void (*fn)(struct act *act))
{
	wt_task *busy;

	begun = gate = (struct latch){ 0 };
	*act = (struct act){ .fn = fn, .pool = pools_create(1) };
	busy = pools_submit(act->pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	return busy;
}

static void destroy_pool(struct act *act)
{
	latch_open(&gate); /* the busy worker ends with the pool */
	wt_pool_destroy(act->pool);
	act->pool = NULL;
}

/* ---- Destroy ---- */

static void an_input_that_was_cleared_may_destroy_the_pool(void **state)
{
	struct act act;

	(void)state;
	wt_task_release(make_busy(&act, destroy_pool));
	submit_act(&act, note);
	assert_int_equal(wt_pool_clear(act.pool, NULL), 0);
	latch_open(&gate);
	assert_int_equal(wt_run(), 0);
	assert_null(act.pool);
	assert_true(act.told == 0 || (act.told == 1 && act.result == WT_ECANCELED)); /* before the pool's end, or not */
}

/* The wait is for another task, whose handle is dead. */
static void an_input_may_destroy_the_pool_in_a_wait(void **state)
{
	wt_task *busy;
	struct act act;

	(void)state;
	busy = make_busy(&act, destroy_pool);
	wt_task_release(submit_act(&act, NULL));
	assert_int_equal(wt_pool_clear(act.pool, NULL), 0);
	assert_int_equal(wt_task_wait(busy, NULL, NULL, pools_soon()), WT_EINVAL);
	assert_null(act.pool);
}

static void an_input_that_is_taken_back_may_destroy_the_pool(void **state)
{
	struct act act;

	(void)state;
	wt_task_release(make_busy(&act, destroy_pool));
	assert_int_equal(wt_task_cancel(submit_act(&act, NULL)), 0);
	assert_null(act.pool);
}

static void a_reply_may_destroy_the_pool_when_it_is_released(void **state)
{
	struct act act = { .fn = destroy_pool, .pool = pools_create(1) };
	wt_task *task =
		pools_submit(act.pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_act, .arg = &act });

	(void)state;
	assert_int_equal(wt_task_wait(task, NULL, NULL, pools_soon()), 0);
	wt_task_release(task);
	assert_null(act.pool);
}

static void a_reply_that_nobody_awaits_may_destroy_the_pool_in_a_wait(void **state)
{
	struct act act = { .fn = destroy_pool, .pool = pools_create(1) };
	wt_task *other;

	(void)state;
	wt_task_release(
		pools_submit(act.pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_act, .arg = &act }));
	other = pools_submit(act.pool, (struct pools_input){ .op = POOLS_NOTHING });
	assert_int_equal(wt_task_wait(other, NULL, NULL, pools_soon()), WT_EINVAL);
	assert_null(act.pool);
}

static void a_progress_message_may_destroy_the_pool_in_a_wait(void **state)
{
	struct act act = { .fn = destroy_pool, .pool = pools_create(1) };
	wt_task *task = pools_submit(act.pool, (struct pools_input){ .op = POOLS_CALL, .call = tell_act, .arg = &act });

	(void)state;
	assert_int_equal(wt_task_wait(task, NULL, NULL, pools_soon()), WT_EINVAL);
	assert_null(act.pool);
}

/* The caller does its part until the worker is at one, which ends when the pool does. */
static int meet(size_t begin, size_t end, void *caller)
{
	(void)begin;
	(void)end;
	if (wt_thread_id() == *(uint64_t *)caller)
		return latch_await(&begun) ? 0 : -1;
	latch_open(&begun);
	return wt_sleep(WT_FOREVER);
}

static void a_map_ends_where_the_pool_is_destroyed_in_it(void **state)
{
	struct act act = { .fn = destroy_pool, .pool = pools_create(1) };
	uint64_t caller = wt_thread_id();

	(void)state;
	begun = (struct latch){ 0 };
	wt_task_release(
		pools_submit(act.pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_act, .arg = &act }));
	assert_int_equal(wt_pool_map(act.pool, &(wt_range){ .end = 100, .grain = 1 }, meet, &caller, pools_soon()),
			 WT_EINVAL);
	assert_null(act.pool);
}

/* ---- The task itself ---- */

/* One that no worker had: its record must not be another one's before the deleter has returned. */
static void release_and_submit(struct act *act)
{
	const struct pools_input nothing = { .op = POOLS_NOTHING };

	wt_task_release(act->task);
	act->task = NULL;
	act->result = wt_pool_submit(act->pool, &(wt_outgoing){ .data = &nothing, .size = sizeof nothing }, NULL, NULL,
				     NULL, &act->task);
}

/* Each record in turn is the one that would be used next. */
static void submit_until_it_is_next(struct act *act)
{
	for (int i = 0; i < 200; i++) {
		wt_task *task = pools_submit(act->pool, (struct pools_input){ .op = POOLS_NOTHING });

		assert_int_equal(wt_task_cancel(task), 0);
		wt_task_release(task);
	}
}

static void a_deleter_may_release_its_task_and_submit(void **state)
{
	wt_task *busy, *other;
	struct act act;

	(void)state;
	busy = make_busy(&act, release_and_submit);
	act.task = submit_act(&act, NULL);
	submit_until_it_is_next(&act);
	other = pools_submit(act.pool, (struct pools_input){ .op = POOLS_NOTHING });
	assert_int_equal(wt_pool_clear(act.pool, NULL), 0);
	assert_int_equal(wt_task_wait(other, &act.result, NULL, pools_soon()), 0); /* takes in the first, too */
	assert_int_equal(act.result, WT_ECANCELED);
	wt_task_release(other);
	/* It was not told of another one's end. */
	assert_int_equal(wt_task_wait(act.task, NULL, NULL, WT_NOW), WT_EAGAIN);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(act.task), 0);
	assert_int_equal(pools_untimed(act.pool)->used, 0);
	wt_pool_destroy(act.pool);
}

static void cancel_and_wait(struct act *act)
{
	if (wt_task_cancel(act->task) == 0)
		act->result = wt_task_wait(act->task, NULL, NULL, WT_NOW);
}

/* Taken back once, and finished then. */
static void a_deleter_may_cancel_its_task_and_wait(void **state)
{
	wt_task *busy, *before;
	struct act act;

	(void)state;
	busy = make_busy(&act, cancel_and_wait);
	act.result = -1;
	before = pools_submit(act.pool, (struct pools_input){ .op = POOLS_NOTHING });
	act.task = submit_act(&act, NULL);
	assert_int_equal(wt_task_cancel(act.task), 0);
	assert_int_equal(act.result, 0);
	assert_int_equal(pools_result(act.task), WT_ECANCELED);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(before), 0);
	assert_int_equal(pools_stats(act.pool).cancelled, 1);
	assert_int_equal(pools_untimed(act.pool)->used, 0);
	wt_pool_destroy(act.pool);
}

/* The same of one that was cleared. */
static void a_deleter_may_wait_for_its_task(void **state)
{
	wt_task *busy;
	struct act act;

	(void)state;
	busy = make_busy(&act, cancel_and_wait);
	act.result = -1;
	act.task = submit_act(&act, NULL);
	assert_int_equal(wt_pool_clear(act.pool, NULL), 0);
	assert_int_equal(pools_result(act.task), WT_ECANCELED);
	assert_int_equal(act.result, 0);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_stats(act.pool).cancelled, 1);
	wt_pool_destroy(act.pool);
}

/* Two entries of one wait: the first's deleter releases the task that is waited for, the second's submits the next. */
static void release_it(struct act *act)
{
	wt_task_release(act->task);
}

static void submit_one(struct act *act)
{
	act->task = pools_submit(act->pool, (struct pools_input){ .op = POOLS_NOTHING });
}

static void a_wait_is_not_for_the_next_task_with_that_record(void **state)
{
	struct act act, other;
	wt_task *busy;

	(void)state;
	busy = make_busy(&act, release_it);
	other = (struct act){ .fn = submit_one, .pool = act.pool };
	act.task = submit_act(&act, NULL);
	wt_task_release(submit_act(&other, NULL));
	for (int i = 0; i < 61; i++)
		wt_task_release(pools_submit(act.pool, (struct pools_input){ .op = POOLS_NOTHING }));
	assert_int_equal(wt_pool_clear(act.pool, NULL), 0);
	assert_int_equal(wt_task_wait(act.task, NULL, NULL, pools_soon()), WT_EINVAL);
	assert_non_null(other.task);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(other.task), 0);
	assert_int_equal(pools_untimed(act.pool)->used, 0);
	wt_pool_destroy(act.pool);
}

/* ---- In a submit ---- */

enum { PLACES = 64 }; /* of a queue, at first */

static void submit_told(struct act *act)
{
	const struct pools_input nothing = { .op = POOLS_NOTHING };

	act->result = wt_pool_submit(act->pool, &(wt_outgoing){ .data = &nothing, .size = sizeof nothing }, note, act,
				     NULL, NULL);
}

/* A port goes along whose last message, with the buffer, is still held: that ends with the move. */
static int submit_with_view(struct act *act)
{
	const struct pools_input nothing = { .op = POOLS_NOTHING };
	wt_port *near_end, *far_end;
	wt_buffer *buffer = wrap_act(act);
	wt_pool *pool = act->pool;
	wt_message message;
	int err;

	assert_int_equal(wt_channel_create(&near_end, &far_end, NULL), 0);
	assert_int_equal(wt_port_send(near_end,
				      &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
						      .transfer_count = 1 },
				      WT_NOW),
			 0);
	assert_int_equal(wt_port_receive(far_end, &message, WT_NOW), 0);
	err = wt_pool_submit(pool,
			     &(wt_outgoing){ .data = &nothing,
					     .size = sizeof nothing,
					     .transfer = (wt_transfer[]){ WT_MOVE(&far_end) },
					     .transfer_count = 1 },
			     note, act, NULL, NULL);
	wt_port_close(near_end);
	return err;
}

/* The queue's last place is not taken twice. */
static void a_submit_in_a_submit_loses_no_task(void **state)
{
	wt_task *tasks[PLACES - 1], *busy;
	struct act act;

	(void)state;
	busy = make_busy(&act, submit_told);
	for (int i = 0; i < PLACES - 1; i++)
		tasks[i] = pools_submit(act.pool, (struct pools_input){ .op = POOLS_NOTHING });
	assert_int_equal(submit_with_view(&act), 0);
	assert_int_equal(act.result, 0);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	for (int i = 0; i < PLACES - 1; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(act.told, 2);
	wt_pool_destroy(act.pool);
}

static void the_pool_may_be_destroyed_in_a_submit(void **state)
{
	struct act act = { .fn = destroy_pool, .pool = pools_create(1) };

	(void)state;
	assert_int_equal(submit_with_view(&act), 0);
	assert_null(act.pool);
	assert_true(act.told == 1 && (act.result == 0 || act.result == WT_ECANCELED));
}

/* ---- On the worker ---- */

static wt_task *the_task;

/* As the worker has the task no more when what it did not take of the input goes. */
static void finish_and_reply(struct act *act)
{
	act->result = wt_task_finish(the_task, 5);
	if (act->result == WT_EOWNER)
		act->result = wt_task_reply(the_task, &(wt_outgoing){ .data = "x", .size = 1 });
}

static int return_at_once(wt_task *task, wt_message *input, void *state)
{
	(void)input;
	(void)state;
	the_task = task;
	return 0;
}

static void a_task_is_finished_once(void **state)
{
	struct act act = { .fn = finish_and_reply }, none = { .fn = finish_and_reply };

	(void)state;
	assert_int_equal(wt_pool_create(&act.pool, return_at_once, WT_POOL_OPTIONS(.max_workers = 1)), 0);
	assert_int_equal(pools_result(submit_act(&act, NULL)), 0);
	assert_int_equal(act.result, WT_EOWNER);
	none.pool = act.pool;
	assert_int_equal(pools_result(submit_act(&none, NULL)), 0); /* the worker goes on */
	wt_pool_destroy(act.pool);
}

static void reply_again(struct act *act)
{
	act->told++;
	if (act->told == 1)
		act->result = wt_task_reply(the_task, &(wt_outgoing){ .data = "again", .size = 6 });
}

static int reply_twice(wt_task *task, void *act)
{
	int err = reply_act(task, act);

	the_task = task;
	return err ? err : wt_task_reply(task, &(wt_outgoing){ .data = "twice", .size = 6 });
}

static void the_deleter_of_a_reply_may_reply(void **state)
{
	struct act act = { .fn = reply_again, .pool = pools_create(1), .result = -1 };
	wt_task *task =
		pools_submit(act.pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_twice, .arg = &act });
	wt_message reply;

	(void)state;
	assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
	assert_int_equal(act.told, 1);
	assert_int_equal(act.result, 0);
	assert_string_equal(reply.data, "again");
	wt_task_release(task);
	wt_pool_destroy(act.pool);
}

/* ---- At the submitter's end ---- */

static struct verdict verdict;

static void *submit_and_end(void *arg)
{
	const struct pools_input input = { .op = POOLS_NOTHING };
	struct act *act = arg;

	for (int i = 0; i < PLACES; i++) {
		wt_buffer *buffer = wrap_act(act);
		wt_transfer list[] = { WT_MOVE(&buffer) };
		wt_outgoing outgoing = {
			.data = &input, .size = sizeof input, .transfer = list, .transfer_count = 1
		};

		CHECK(&verdict, buffer && wt_pool_submit(act->pool, &outgoing, note, act, NULL, NULL) == 0);
	}
	return NULL;
}

/* It takes over what the other had of the pool. */
static void *submit_and_run(void *arg)
{
	struct act *act = arg;

	submit_told(act);
	CHECK(&verdict, act->result == 0);
	CHECK(&verdict, wt_run() == 0);
	CHECK(&verdict, act->told == 1);
	return NULL;
}

static void never_told(wt_task *task, wt_message *message, void *arg)
{
	(void)task;
	(void)message;
	CHECK(&verdict, !arg);
}

static void run_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

/* A message of one task, which a wait for another comes across, has the buffer. */
static void *end_with_message(void *arg)
{
	struct act *act = arg;
	const struct pools_input tell = { .op = POOLS_CALL, .call = tell_act, .arg = act };
	const struct pools_input nothing = { .op = POOLS_NOTHING };
	wt_task *tells, *other;

	CHECK(&verdict, wt_pool_submit(act->pool, &(wt_outgoing){ .data = &tell, .size = sizeof tell }, NULL, NULL,
				       WT_TASK_OPTIONS(.on_progress = never_told), &tells) == 0);
	CHECK(&verdict, wt_pool_submit(act->pool, &(wt_outgoing){ .data = &nothing, .size = sizeof nothing }, NULL,
				       NULL, NULL, &other) == 0);
	CHECK(&verdict, wt_task_wait(other, NULL, NULL, pools_soon()) == 0);
	wt_task_release(tells);
	wt_task_release(other);
	return NULL;
}

static void what_a_message_submits_at_the_end_ends_too(void **state)
{
	wt_pool *pool = pools_create(1);
	struct act ended = { .fn = submit_told, .pool = pool, .result = -1 }, next = { .pool = pool };

	(void)state;
	verdict = (struct verdict){ 0 };
	run_thread(end_with_message, &ended);
	assert_int_equal(ended.result, 0);
	run_thread(submit_and_run, &next);
	assert_int_equal(ended.told, 0);
	wt_pool_destroy(pool);
}

/* What a deleter submits then goes with the rest: nobody else hears of it. */
static void what_a_deleter_submits_at_the_end_ends_too(void **state)
{
	struct act act, ended, next;
	wt_task *busy;

	(void)state;
	verdict = (struct verdict){ 0 };
	busy = make_busy(&act, NULL);
	ended = (struct act){ .fn = submit_told, .pool = act.pool, .result = -1 };
	next = (struct act){ .pool = act.pool };
	run_thread(submit_and_end, &ended);
	assert_int_equal(ended.result, 0);
	latch_open(&gate);
	run_thread(submit_and_run, &next);
	assert_int_equal(ended.told, 0);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(act.pool);
}

/* ---- No deleter, but a call in which some may run ---- */

static int run_the_loop(size_t begin, size_t end, void *arg)
{
	struct act *act = arg;

	(void)begin;
	(void)end;
	if (!wt_is_main_thread())
		return 0;
	submit_told(act);
	return act->result ? act->result : wt_run();
}

static void the_loop_may_run_in_a_map(void **state)
{
	struct act act = { .pool = pools_create(1) };

	(void)state;
	assert_int_equal(wt_pool_map(act.pool, &(wt_range){ .end = 1 }, run_the_loop, &act, pools_soon()), 0);
	assert_int_equal(act.told, 1);
	wt_pool_destroy(act.pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_input_that_was_cleared_may_destroy_the_pool),
		TEST(an_input_may_destroy_the_pool_in_a_wait),
		TEST(an_input_that_is_taken_back_may_destroy_the_pool),
		TEST(a_reply_may_destroy_the_pool_when_it_is_released),
		TEST(a_reply_that_nobody_awaits_may_destroy_the_pool_in_a_wait),
		TEST(a_progress_message_may_destroy_the_pool_in_a_wait),
		TEST(a_map_ends_where_the_pool_is_destroyed_in_it),
		TEST(a_deleter_may_release_its_task_and_submit),
		TEST(a_deleter_may_cancel_its_task_and_wait),
		TEST(a_deleter_may_wait_for_its_task),
		TEST(a_wait_is_not_for_the_next_task_with_that_record),
		TEST(a_submit_in_a_submit_loses_no_task),
		TEST(the_pool_may_be_destroyed_in_a_submit),
		TEST(a_task_is_finished_once),
		TEST(the_deleter_of_a_reply_may_reply),
		TEST(what_a_deleter_submits_at_the_end_ends_too),
		TEST(what_a_message_submits_at_the_end_ends_too),
		TEST(the_loop_may_run_in_a_map),
	};

	return cmocka_run_group_tests_name("pool_deleter", tests, NULL, NULL);
}
