/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>
#include <wt/buffer.h>
#include <wt/loop.h>
#include <wt/message.h>
#include <wt/pool.h>
#include <wt/shared.h>
#include <wt/thread.h>
#include <wt/timer.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"

/* ---- Waiting ---- */

static void a_wait_brings_result_and_reply(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_DOUBLE, .value = 21 });
	wt_message reply;
	int result = 1;

	(void)state;
	assert_int_equal(wt_task_wait(task, &result, &reply, pools_soon()), 0);
	assert_int_equal(result, 0);
	assert_int_equal(reply.size, sizeof(int));
	assert_int_equal(reply.type, 5);
	assert_int_equal(*(const int *)reply.data, 42);
	assert_int_equal(wt_task_wait(task, &result, &reply, WT_NOW), 0);
	assert_int_equal(*(const int *)reply.data, 42);
	wt_task_release(task);
	wt_pool_destroy(pool);
}

static int reply_badly(wt_task *task, void *arg)
{
	wt_buffer *none = NULL;
	wt_transfer list[] = { WT_MOVE(&none) };

	(void)arg;
	if (wt_task_reply(task, &(wt_outgoing){ .data = "kept", .size = 4 }) != 0)
		return -1;
	if (wt_task_reply(task, NULL) != WT_EINVAL || wt_task_reply(task, &(wt_outgoing){ .size = 1 }) != WT_EINVAL)
		return -2;
	if (wt_task_reply(task, &(wt_outgoing){ .data = "", .size = SIZE_MAX }) != WT_EOVERFLOW ||
	    wt_task_progress(task, &(wt_outgoing){ .data = "", .size = SIZE_MAX }) != WT_EOVERFLOW)
		return -3;
	return wt_task_reply(task, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }) == WT_EDETACHED ? 0 : -4;
}

/* [M3] */
static void a_refused_reply_leaves_the_one_before(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_badly });
	wt_message reply;
	int result;

	(void)state;
	assert_int_equal(wt_task_wait(task, &result, &reply, pools_soon()), 0);
	assert_int_equal(result, 0);
	assert_int_equal(reply.size, 4);
	assert_memory_equal(reply.data, "kept", 4);
	wt_task_release(task);
	wt_pool_destroy(pool);
}

/* Replies of these sizes, one after the other; the last byte of each says which. */
struct replies {
	const size_t *sizes;
	unsigned count;
};

static int reply_often(wt_task *task, void *arg)
{
	const struct replies *replies = arg;
	unsigned char bytes[4096] = { 0 };
	int err = 0;

	for (unsigned i = 0; i < replies->count && !err; i++) {
		bytes[replies->sizes[i] - 1] = (unsigned char)(i + 1);
		err = wt_task_reply(task, &(wt_outgoing){ .data = bytes, .size = replies->sizes[i] });
	}
	return err;
}

static void the_last_of_several_replies_counts(void **state)
{
	static const size_t sizes[] = { 8, 4096, 3000, 4, 2000, 2001 };
	wt_pool *pool = pools_create(1);

	(void)state;
	for (unsigned count = 1; count <= sizeof sizes / sizeof sizes[0]; count++) {
		struct replies replies = { .sizes = sizes, .count = count };
		wt_task *task = pools_submit(
			pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_often, .arg = &replies });
		wt_message reply;

		assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
		assert_int_equal(reply.size, sizes[count - 1]);
		assert_int_equal(((const unsigned char *)reply.data)[reply.size - 1], count);
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
}

static void a_wait_ends_with_its_deadline(void **state)
{
	struct latch gate = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .gate = &gate, .value = -3 });
	wt_message reply = { .size = 1 };

	(void)state;
	assert_int_equal(wt_task_wait(task, NULL, &reply, WT_NOW), WT_EAGAIN);
	assert_null(reply.data);
	assert_int_equal(wt_task_wait(task, NULL, NULL, wt_after_ms(2)), WT_ETIMEDOUT);
	assert_int_equal(wt_task_wait(task, NULL, NULL, -1), WT_EINVAL);
	latch_open(&gate);
	assert_int_equal(pools_result(task), -3);
	wt_pool_destroy(pool);
}

static void add_value(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	*(int *)arg += result ? result : *(const int *)reply->data;
}

/* Waiting for one delivers nothing of the others: that is the loop's. */
static void a_wait_leaves_callbacks_to_the_loop(void **state)
{
	wt_pool *pool = pools_create(2);
	struct pools_input input = { .op = POOLS_DOUBLE, .value = 1 };
	int sum = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, add_value,
						&sum, NULL, NULL),
				 0);
	assert_int_equal(pools_result(pools_submit(pool, input)), 0);
	assert_int_equal(sum, 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(sum, 200);
	wt_pool_destroy(pool);
}

static void a_released_task_goes_on_unheard(void **state)
{
	struct latch begun = { 0 };
	wt_pool *pool = pools_create(1);

	(void)state;
	wt_task_release(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING, .begun = &begun }));
	assert_true(latch_await(&begun));
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL), 0); /* nobody hears of this one at all */
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	wt_pool_destroy(pool);
}

/* ---- Inputs and replies ---- */

static int echo(wt_task *task, wt_message *input, void *state)
{
	(void)state;
	return wt_task_reply(task, &(wt_outgoing){ .data = input->data, .size = input->size, .type = input->type });
}

static void bytes_of_any_size_come_and_go(void **state)
{
	static unsigned char bytes[100000];
	static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 24, 31, 32, 33, 64, 1000, sizeof bytes };
	wt_pool *pool;
	wt_task *task;
	wt_message reply;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, echo, NULL), 0);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = sizes[i], .type = 9 }, NULL,
						NULL, NULL, &task),
				 0);
		assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
		assert_int_equal(reply.size, sizes[i]);
		assert_int_equal(reply.type, 9);
		assert_non_null(reply.data);
		assert_memory_equal(reply.data, bytes, sizes[i]);
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
}

static int reply_with_buffer(wt_task *task, wt_buffer *buffer)
{
	return wt_task_reply(task,
			     &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1 });
}

static int pass_buffer_on(wt_task *task, wt_message *input, void *state)
{
	wt_buffer *buffer;
	wt_shared *shared;
	int err;

	(void)state;
	if (wt_message_take_shared(input, 0, &shared) != WT_EINVAL)
		return 1;
	err = wt_message_take_buffer(input, 0, &buffer);
	if (err)
		return err;
	((char *)wt_buffer_data(buffer))[0]++;
	return reply_with_buffer(task, buffer);
}

static void buffers_move_to_a_task_and_back(void **state)
{
	wt_pool *pool;
	wt_buffer *buffer, *back;
	void *address;
	wt_task *task;
	wt_message reply;
	int result;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, pass_buffer_on, NULL), 0);
	assert_int_equal(wt_buffer_create(&buffer, 4096), 0);
	address = wt_buffer_data(buffer);
	*(char *)address = 'a';
	assert_int_equal(wt_pool_submit(pool,
					&(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							.transfer_count = 1 },
					NULL, NULL, NULL, &task),
			 0);
	assert_null(buffer);
	assert_int_equal(wt_task_wait(task, &result, &reply, pools_soon()), 0);
	assert_int_equal(result, 0);
	assert_int_equal(reply.transfer_count, 1);
	assert_int_equal(wt_message_take_buffer(&reply, 0, &back), 0);
	assert_ptr_equal(wt_buffer_data(back), address);
	assert_int_equal(*(char *)address, 'b');
	assert_int_equal(wt_message_take_buffer(&reply, 0, &buffer), WT_EDETACHED);
	wt_task_release(task);
	assert_int_equal(wt_message_take_buffer(&reply, 0, &buffer), WT_EINVAL);
	wt_buffer_destroy(back);
	wt_pool_destroy(pool);
}

static int pass_hold_on(wt_task *task, wt_message *input, void *state)
{
	wt_shared *shared, *again;
	int err = wt_message_take_shared(input, 0, &shared);

	(void)state;
	if (!err && wt_message_take_shared(input, 0, &again) != WT_EDETACHED)
		err = 1;
	if (!err)
		err = wt_task_reply(task, &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_SHARE(shared) },
							  .transfer_count = 1 });
	wt_shared_release(shared);
	return err;
}

/* A hold goes there and another comes back, each to be taken once. */
static void shared_memory_is_taken_once_by_a_task_and_of_its_reply(void **state)
{
	wt_pool *pool;
	wt_shared *shared, *taken, *again;
	wt_task *task;
	wt_message reply;
	int result;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, pass_hold_on, NULL), 0);
	assert_int_equal(wt_shared_create(&shared, 64, 0), 0);
	assert_int_equal(wt_pool_submit(pool,
					&(wt_outgoing){ .transfer = (wt_transfer[]){ WT_SHARE(shared) },
							.transfer_count = 1 },
					NULL, NULL, NULL, &task),
			 0);
	assert_int_equal(wt_task_wait(task, &result, &reply, pools_soon()), 0);
	assert_int_equal(result, 0);
	assert_int_equal(wt_message_take_shared(&reply, 0, &taken), 0);
	assert_int_equal(wt_message_take_shared(&reply, 0, &again), WT_EDETACHED);
	assert_ptr_equal(taken, shared);
	wt_task_release(task);
	wt_shared_release(shared);
	wt_shared_release(taken);
	wt_pool_destroy(pool);
}

static _Atomic(int) deleted;

static void count_deleted(void *block, void *arg)
{
	(void)block;
	(void)arg;
	wti_add(&deleted, 1);
}

static void destroy_pool(void *data, void *pool)
{
	(void)data;
	wt_pool_destroy(*(wt_pool **)pool);
	*(wt_pool **)pool = NULL;
}

/* With a buffer whose deleter destroys the pool. */
static int reply_with_the_end(wt_task *task, void *pool)
{
	static char block[8];
	wt_buffer *buffer;
	int err = wt_buffer_wrap(&buffer, block, sizeof block, destroy_pool, pool);

	return err ? err : reply_with_buffer(task, buffer);
}

static void take_nothing(wt_task *task, int result, wt_message *reply, void *told)
{
	(void)task;
	(void)reply;
	*(int *)told += result == 0;
}

static void a_reply_that_nobody_takes_may_destroy_the_pool(void **state)
{
	wt_pool *pool = pools_create(1);
	const struct pools_input input = { .op = POOLS_CALL, .call = reply_with_the_end, .arg = &pool };
	int told = 0;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, take_nothing, &told,
					NULL, NULL),
			 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(told, 1);
	assert_null(pool);
}

/* [T4] */
static void what_nobody_takes_is_destroyed_once(void **state)
{
	static char block[8];
	struct latch begun = { 0 }, gate = { 0 };
	struct pools_input input = { .op = POOLS_NOTHING };
	wt_pool *pool = pools_create(1);
	wt_task *tasks[4];
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });

	(void)state;
	wti_store(&deleted, 0);
	assert_true(latch_await(&begun));
	for (int i = 0; i < 4; i++) {
		wt_buffer *buffer;

		assert_int_equal(wt_buffer_wrap(&buffer, block, sizeof block, count_deleted, NULL), 0);
		assert_int_equal(wt_pool_submit(pool,
						&(wt_outgoing){ .data = &input,
								.size = sizeof input,
								.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
								.transfer_count = 1 },
						NULL, NULL, NULL, &tasks[i]),
				 0);
	}
	assert_int_equal(wt_task_cancel(tasks[0]), 0); /* never run */
	assert_int_equal(wti_load(&deleted), 1);
	wt_task_release(tasks[0]);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(tasks[1]), 0); /* run, and not taken */
	wt_task_release(tasks[2]);
	wt_pool_destroy(pool); /* the last two: run, or not */
	assert_int_equal(wti_load(&deleted), 4);
}

/* [T4] The same, of tasks that somebody else takes out of the queue. */
static void what_a_cleared_task_brought_is_destroyed(void **state)
{
	static char block[8];
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	wt_buffer *buffer;
	wt_task *task;

	(void)state;
	wti_store(&deleted, 0);
	assert_true(latch_await(&begun));
	assert_int_equal(wt_buffer_wrap(&buffer, block, sizeof block, count_deleted, NULL), 0);
	assert_int_equal(wt_pool_submit(pool,
					&(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							.transfer_count = 1 },
					NULL, NULL, NULL, &task),
			 0);
	assert_int_equal(wt_pool_clear(pool, NULL), 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	assert_int_equal(wti_load(&deleted), 1);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	wt_pool_destroy(pool);
}

/* [M3] [Q3] */
static void a_refused_submit_leaves_everything(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_buffer *buffer, *none = NULL;
	wt_task *task;

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 16), 0);
	assert_int_equal(wt_pool_submit(pool,
					&(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer), WT_MOVE(&none) },
							.transfer_count = 2 },
					NULL, NULL, NULL, &task),
			 WT_EDETACHED);
	assert_non_null(buffer);
	assert_null(task);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .size = 1 }, NULL, NULL, NULL, &task), WT_EINVAL);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = "", .size = SIZE_MAX }, NULL, NULL, NULL, &task),
			 WT_EOVERFLOW);
	assert_int_equal(wt_pool_submit(NULL, NULL, NULL, NULL, NULL, &task), WT_EINVAL);
	wt_buffer_destroy(buffer);
	wt_pool_destroy(pool);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const wt_task_options bad[] = {
		{ .size = 1 },
		{ .size = sizeof bad[0], .priority = WT_PRIORITY_MIN - 1 },
		{ .size = sizeof bad[0], .priority = WT_PRIORITY_MAX + 1 },
		{ .size = sizeof bad[0], .zero = 1 },
		{ .size = sizeof bad[0], .run_timeout = -1 },
		{ .size = sizeof bad[0], .wait_until = -1 },
	};
	wt_pool *pool = pools_create(1);
	wt_task_options options = bad[1];
	wt_task *task;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		task = (wt_task *)&task;
		assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, &bad[i], &task), WT_EINVAL);
		assert_null(task);
	}
	assert_int_equal(pools_stats(pool).submitted, 0);
	wt_task_options_init(&options);
	assert_memory_equal(&options, WT_TASK_OPTIONS(), sizeof options);
	wt_task_options_init(NULL);
	wt_pool_destroy(pool);
}

/* What comes back cannot be lost for want of memory. */
static void without_memory_results_come_all_the_same(void **state)
{
	enum { MANY = 2000 };
	static wt_task *tasks[MANY];
	struct latch begun = { 0 }, gate = { 0 };
	wt_pool *pool;
	wt_task *busy;
	wt_message reply;
	int result;

	(void)state;
	support_count();
	pool = pools_create(1);
	busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	for (int i = 0; i < MANY; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = i % 2 ? POOLS_DOUBLE : POOLS_NOTHING,
								    .value = i });
	support_fail_allocations(1, 0);
	latch_open(&gate);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(wt_task_wait(tasks[i], &result, &reply, pools_soon()), 0);
		assert_int_equal(i % 2 ? *(const int *)reply.data : 2 * result, 2 * i);
		wt_task_release(tasks[i]);
	}
	assert_int_equal(pools_result(busy), 0);
	assert_true(support_allocations_failed());
	support_fail_allocations(0, 0);
	wt_pool_destroy(pool);
}

/* Also not told yet, they are finished: to cancel them does nothing to those that wait. */
static void results_that_came_without_memory_are_not_cancelled(void **state)
{
	enum { MANY = 2000, WAITING = 300 };
	static wt_task *tasks[MANY], *waiting[WAITING];
	struct latch begun[2] = { { 0 } }, gate[2] = { { 0 } }, last = { 0 };
	wt_pool *pool;
	wt_task *busy[2];

	(void)state;
	support_count();
	pool = pools_create(1);
	busy[0] = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun[0], .gate = &gate[0] });
	assert_true(latch_await(&begun[0]));
	for (int i = 0; i < MANY; i++)
		tasks[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING,
								    .begun = i == MANY - 1 ? &last : NULL });
	support_fail_allocations(1, 0);
	latch_open(&gate[0]);
	assert_true(latch_await(&last));
	assert_true(support_allocations_failed());
	support_fail_allocations(0, 0);
	busy[1] = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun[1], .gate = &gate[1] });
	assert_true(latch_await(&begun[1]));
	for (int i = 0; i < WAITING; i++)
		waiting[i] = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
	for (int i = 0; i < MANY; i++)
		assert_int_equal(wt_task_cancel(tasks[i]), 0);
	latch_open(&gate[1]);
	for (int i = 0; i < WAITING; i++)
		assert_int_equal(pools_result(waiting[i]), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	assert_int_equal(pools_result(busy[0]), 0);
	assert_int_equal(pools_result(busy[1]), 0);
	wt_pool_destroy(pool);
}

/* One that is cancelled before it begins has not shown what came with it. */
static void a_cancelled_task_drops_what_it_brought(void **state)
{
	static char block[8];
	struct pools_input input = { .op = POOLS_NOTHING };
	wt_pool *pool = pools_create(2);
	unsigned rounds = 2000 / support_slowdown() + 10;

	(void)state;
	wti_store(&deleted, 0);
	for (unsigned i = 0; i < rounds; i++) {
		wt_buffer *buffer;
		wt_task *task;

		assert_int_equal(wt_buffer_wrap(&buffer, block, sizeof block, count_deleted, NULL), 0);
		assert_int_equal(wt_pool_submit(pool,
						&(wt_outgoing){ .data = &input,
								.size = sizeof input,
								.transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
								.transfer_count = 1 },
						NULL, NULL, NULL, &task),
				 0);
		assert_int_equal(wt_task_cancel(task), 0);
		(void)pools_result(task);
	}
	wt_pool_destroy(pool);
	assert_int_equal(wti_load(&deleted), rounds);
}

/* ---- Progress ---- */

static void check_progress(wt_task *task, wt_message *message, void *arg)
{
	int *next = arg;

	(void)task;
	assert_int_equal(message->type, 7);
	assert_int_equal(*(const int *)message->data, *next);
	++*next;
}

static void check_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	assert_int_equal(result, 0);
	assert_int_equal(*(int *)arg, 10);
	*(int *)arg = 100;
}

static void progress_comes_in_order_and_before_the_end(void **state)
{
	wt_pool *pool = pools_create(1);
	struct pools_input input = { .op = POOLS_PROGRESS, .value = 10 };
	int next = 0;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, check_done, &next,
					WT_TASK_OPTIONS(.on_progress = check_progress), NULL),
			 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(next, 100);
	assert_int_equal(pools_result(pools_submit(pool, input)), 0); /* nobody wants it */
	wt_pool_destroy(pool);
}

/* ---- Cancel ---- */

/* [Q4] */
static void a_queued_task_is_removed(void **state)
{
	struct latch begun = { 0 }, gate = { 0 }, never = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *busy = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING, .begun = &never });

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(pools_stats(pool).queued, 1);
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_stats(pool).queued, 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	latch_open(&gate);
	assert_int_equal(pools_result(busy), 0);
	assert_false(latch_is_open(&never));
	wt_pool_destroy(pool);
}

/* [Q4] */
static void a_running_task_sees_it(void **state)
{
	struct latch begun = { 0 };
	wt_pool *pool = pools_create(1);
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_HEED, .begun = &begun });

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	assert_int_equal(pools_stats(pool).workers_started, 1);
	wt_pool_destroy(pool);
}

/* [Q4] */
static void one_that_does_not_heed_loses_its_worker(void **state)
{
	struct latch begun = { 0 };
	wt_pool *pool = pools_create_with(
		WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .cancel_grace = 5000000));
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_SLEEP, .begun = &begun });

	(void)state;
	assert_true(latch_await(&begun));
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_result(task), WT_ECANCELED);
	assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	assert_int_equal(pools_stats(pool).workers_started, 2);
	wt_pool_destroy(pool);
}

/* [Q4] */
static void a_finished_task_is_left_alone(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING, .value = -9 });

	(void)state;
	assert_int_equal(wt_task_wait(task, NULL, NULL, pools_soon()), 0);
	assert_int_equal(wt_task_cancel(task), 0);
	assert_int_equal(pools_result(task), -9);
	assert_int_equal(wt_task_cancel(NULL), WT_EINVAL);
	wt_task_release(NULL);
	wt_pool_destroy(pool);
}

/* [Q4] The workers that the cancelled tasks lose must not cost another task its own. */
static void cancel_races_with_start_and_end(void **state)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2, .cancel_grace = 1));
	unsigned cancelled = 0;

	(void)state;
	for (unsigned i = 0; i < 3000 / support_slowdown() + 10; i++) {
		wt_task *victim = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
		wt_task *other = pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING });
		int result;

		for (volatile unsigned spin = 0; spin < i % 512; spin++)
			;
		assert_int_equal(wt_task_cancel(victim), 0);
		result = pools_result(victim);
		assert_true(result == 0 || result == WT_ECANCELED);
		cancelled += result != 0;
		assert_int_equal(pools_result(other), 0);
	}
	assert_int_equal(pools_stats(pool).cancelled, cancelled);
	wt_pool_destroy(pool);
}

/* ---- Why a task failed ---- */

/* The bytes at `arg`, with their end, are its reply; none where it is NULL. */
static int reply_and_fail(wt_task *task, void *arg)
{
	if (arg && wt_task_reply(task, &(wt_outgoing){ .data = arg, .size = strlen(arg) + 1, .type = 3 }) != 0)
		return -1;
	wt_fail(-6, "no %d", 7);
}

static void assert_fails(const wt_task *task, const wt_message *reply, const char *expected)
{
	wt_failure why;

	assert_int_equal(wt_task_failure(task, &why), 0);
	assert_int_equal(why.code, -6);
	assert_string_equal(why.message, "no 7");
	assert_int_equal(reply->size, expected ? strlen(expected) + 1 : 0);
	assert_int_equal(reply->type, expected ? 3 : 0);
	if (expected)
		assert_string_equal(reply->data, expected);
}

static char *const failing_replies[] = { NULL, (char *)"in the entry",
					 (char *)"in a message, for it is longer than an entry" };

enum { FAILING = sizeof failing_replies / sizeof *failing_replies };

/* [Q5] */
static void a_task_that_fails_says_why_beside_its_reply(void **state)
{
	wt_pool *pool = pools_create(1);
	wt_failure why;
	wt_message reply;

	(void)state;
	for (int i = 0; i < FAILING; i++) {
		wt_task *task = pools_submit(pool, (struct pools_input){ .op = POOLS_CALL, .call = reply_and_fail,
									 .arg = failing_replies[i] });

		assert_int_equal(wt_task_failure(task, &why), WT_EAGAIN); /* it has not been waited for */
		assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
		assert_fails(task, &reply, failing_replies[i]);
		assert_fails(task, &reply, failing_replies[i]);
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
}

static void count_failure(wt_task *task, int result, wt_message *reply, void *arg)
{
	int *calls = arg;

	assert_int_equal(result, -6);
	assert_fails(task, reply, failing_replies[*calls]);
	++*calls;
}

/* [Q5] */
static void a_callback_may_ask_why_its_task_failed(void **state)
{
	wt_pool *pool = pools_create(1);
	int calls = 0;

	(void)state;
	for (int i = 0; i < FAILING; i++) {
		struct pools_input input = { .op = POOLS_CALL, .call = reply_and_fail, .arg = failing_replies[i] };

		assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input },
						count_failure, &calls, NULL, NULL),
				 0);
		assert_int_equal(wt_run(), 0);
	}
	assert_int_equal(calls, FAILING);
	wt_pool_destroy(pool);
}

static void *ask_as_stranger(void *task)
{
	wt_failure why;

	return wt_task_failure(task, &why) == WT_EOWNER ? task : NULL;
}

static void what_has_not_failed_has_no_failure(void **state)
{
	static const struct pools_input inputs[] = {
		{ .op = POOLS_NOTHING, .value = -6 }, { .op = POOLS_DOUBLE }, { .op = POOLS_EXIT, .value = 3 }
	};
	wt_pool *pool = pools_create(1);

	(void)state;
	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
		wt_task *task = pools_submit(pool, inputs[i]);
		wt_failure why = { .code = 1 };
		pthread_t thread;
		void *refused;

		assert_int_equal(wt_task_wait(task, NULL, NULL, pools_soon()), 0);
		assert_int_equal(wt_task_failure(task, &why), WT_EAGAIN);
		assert_true(!why.code && !why.message);
		assert_int_equal(wt_task_failure(task, NULL), WT_EINVAL);
		assert_int_equal(wt_task_failure(NULL, &why), WT_EINVAL);
		assert_int_equal(pthread_create(&thread, NULL, ask_as_stranger, task), 0);
		assert_int_equal(pthread_join(thread, &refused), 0);
		assert_non_null(refused);
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
}

/* ---- Tasks that finish later ---- */

static void finish_later(wt_timer *timer, void *arg)
{
	wt_task *task = arg;

	if (wt_task_finish(task, -4) != 0 || wt_task_finish(task, 0) != WT_EOWNER)
		wt_fail(-1, "finish");
	wt_timer_destroy(timer);
}

static int begin_only(wt_task *task, wt_message *input, void *state)
{
	wt_timer *timer;
	int milliseconds = *(const int *)input->data;

	(void)state;
	if (!milliseconds)
		return wt_task_finish(task, -5) ? -1 : WT_TASK_PENDING;
	return wt_timer_create(&timer, wt_after_ms((uint64_t)milliseconds), 0, finish_later, task) ? -1 : WT_TASK_PENDING;
}

static void tasks_of_one_worker_wait_side_by_side(void **state)
{
	wt_pool *pool;
	wt_task *tasks[20];
	int milliseconds = 50;
	wt_time began;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, begin_only,
					WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .concurrent_tasks = 20)),
			 0);
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	began = wt_now();
	for (int i = 0; i < 20; i++)
		assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &milliseconds, .size = sizeof(int) }, NULL,
						NULL, NULL, &tasks[i]),
				 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pools_result(tasks[i]), -4);
	assert_true(wt_now() - began >= 50000000);
	milliseconds = 0;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &milliseconds, .size = sizeof(int) }, NULL, NULL,
					NULL, &tasks[0]),
			 0);
	assert_int_equal(pools_result(tasks[0]), -5);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	wt_pool_destroy(pool);
}

static void pending_tasks_end_with_the_pool(void **state)
{
	wt_pool *pool;
	wt_task *task;
	int milliseconds = 1000000;
	int result;

	(void)state;
	assert_int_equal(wt_pool_create(&pool, begin_only, NULL), 0);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &milliseconds, .size = sizeof(int) }, NULL, NULL,
					WT_TASK_OPTIONS(.run_timeout = 5000000), &task),
			 0);
	assert_int_equal(wt_task_wait(task, &result, NULL, pools_soon()), 0);
	assert_int_equal(result, WT_ETIMEDOUT);
	wt_task_release(task);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &milliseconds, .size = sizeof(int) }, NULL, NULL,
					NULL, NULL),
			 0);
	wt_pool_destroy(pool);
}

/* ---- Whose it is ---- */

static int use_another_threads(wt_task *task, void *arg)
{
	wt_task *other = arg;

	if (wt_task_wait(other, NULL, NULL, WT_NOW) != WT_EOWNER || wt_task_cancel(other) != WT_EOWNER)
		return -1;
	if (wt_task_reply(other, &(wt_outgoing){ 0 }) != WT_EOWNER || wt_task_cancelled(other))
		return -2;
	if (wt_task_finish(other, 0) != WT_EOWNER || wt_task_finish(task, WT_TASK_PENDING) != WT_EINVAL)
		return -3;
	/* The first one counts, and not what is returned. */
	return wt_task_finish(task, 7) == 0 && wt_task_finish(task, 8) == WT_EOWNER ? 0 : -4;
}

static void a_task_belongs_to_its_submitter_and_its_worker(void **state)
{
	struct latch gate = { 0 };
	wt_pool *pool = pools_create(2);
	wt_task *other = pools_submit(pool, (struct pools_input){ .op = POOLS_AWAIT, .gate = &gate });

	(void)state;
	assert_int_equal(pools_result(pools_submit(
				 pool, (struct pools_input){ .op = POOLS_CALL, .call = use_another_threads, .arg = other })),
			 7);
	assert_int_equal(wt_task_reply(other, &(wt_outgoing){ 0 }), WT_EOWNER);
	assert_int_equal(wt_task_progress(other, &(wt_outgoing){ 0 }), WT_EOWNER);
	assert_int_equal(wt_task_finish(other, 0), WT_EOWNER);
	assert_false(wt_task_cancelled(other));
	assert_int_equal(wt_task_reply(NULL, &(wt_outgoing){ 0 }), WT_EINVAL);
	assert_int_equal(wt_task_progress(other, NULL), WT_EINVAL);
	assert_int_equal(wt_task_wait(NULL, NULL, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_task_wait(other, NULL, NULL, -1), WT_EINVAL);
	assert_int_equal(wt_task_cancel(NULL), WT_EINVAL);
	assert_int_equal(wt_task_finish(NULL, 0), WT_EINVAL);
	assert_false(wt_task_cancelled(NULL));
	wt_task_release(NULL);
	latch_open(&gate);
	assert_int_equal(pools_result(other), 0);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_brings_result_and_reply),
		TEST(a_wait_ends_with_its_deadline),
		TEST(a_wait_leaves_callbacks_to_the_loop),
		TEST(a_released_task_goes_on_unheard),
		TEST(bytes_of_any_size_come_and_go),
		TEST(buffers_move_to_a_task_and_back),
		TEST(shared_memory_is_taken_once_by_a_task_and_of_its_reply),
		TEST(a_reply_that_nobody_takes_may_destroy_the_pool),
		TEST(what_nobody_takes_is_destroyed_once),
		TEST(what_a_cleared_task_brought_is_destroyed),
		TEST(a_refused_submit_leaves_everything),
		TEST(options_that_make_no_sense_are_refused),
		TEST(a_refused_reply_leaves_the_one_before),
		TEST(the_last_of_several_replies_counts),
		TEST(without_memory_results_come_all_the_same),
		TEST(results_that_came_without_memory_are_not_cancelled),
		TEST(a_cancelled_task_drops_what_it_brought),
		TEST(progress_comes_in_order_and_before_the_end),
		TEST(a_queued_task_is_removed),
		TEST(a_running_task_sees_it),
		TEST(one_that_does_not_heed_loses_its_worker),
		TEST(a_finished_task_is_left_alone),
		TEST(cancel_races_with_start_and_end),
		TEST(tasks_of_one_worker_wait_side_by_side),
		TEST(pending_tasks_end_with_the_pool),
		TEST(a_task_belongs_to_its_submitter_and_its_worker),
		TEST(a_task_that_fails_says_why_beside_its_reply),
		TEST(a_callback_may_ask_why_its_task_failed),
		TEST(what_has_not_failed_has_no_failure),
	};

	return cmocka_run_group_tests_name("pool_task", tests, NULL, NULL);
}
