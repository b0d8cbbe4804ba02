/* SPDX-License-Identifier: MIT
 *
 * Tasks that are brief, all in their place in the queue: which are, and that
 * they are like others, also in records that others have used.
 */
#include <string.h>
#include <wt/buffer.h>
#include <wt/loop.h>
#include <wt/pool.h>

#include "pool.h"
#include "support/pools.h"
#include "support/support.h"
#include "support/transfer.h"

/* Those of a submitter that has few tasks at a time: each is used once in so many. */
enum { RECORDS = 64 };

/* ---- What is in a place ---- */

/* 0; or 1, where the bytes are not aligned to 8. */
static int return_input(wt_task *task, wt_message *input, void *state)
{
	(void)state;
	if ((uintptr_t)input->data % 8)
		return 1;
	return wt_task_reply(task,
			     &(wt_outgoing){ .data = input->data, .size = input->size, .type = input->type });
}

static wt_pool *create(wt_task_fn *fn, const wt_pool_options *options)
{
	wt_pool *pool;

	assert_int_equal(wt_pool_create(&pool, fn, options), 0);
	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	return pool;
}

/* One that was not the first: there are records, and places. */
static wt_pool *create_used(wt_task_fn *fn, const wt_pool_options *options)
{
	wt_pool *pool = create(fn, options);
	wt_task *task;

	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), 0);
	pools_result(task);
	pools_untimed(pool);
	return pool;
}

static bool is_brief(wt_pool *pool, const wt_outgoing *input, const wt_task_options *options)
{
	const struct wti_pool_client *client = wti_pool_client_find(pool, wti_thread_peek());
	const struct wti_pool_queue *queue = &client->queue[WTI_POOL_LEVEL];
	wt_task *task;
	bool brief;

	assert_int_equal(wt_pool_submit(pool, input, NULL, NULL, options, &task), 0);
	brief = wti_place_is_brief(&queue->places[(wti_load(&client->tail[WTI_POOL_LEVEL]) - 1) & queue->mask]);
	assert_int_equal(pools_result(task), 0);
	return brief;
}

static bool word_is_brief(wt_pool *pool, const wt_task_options *options)
{
	uint64_t word = 1;

	return is_brief(pool, &(wt_outgoing){ .data = &word, .size = sizeof word }, options);
}

static void two_words_are_brief(void **state)
{
	static const unsigned char bytes[2 * WTI_TASK_INLINE];
	wt_pool *pool = create_used(return_input, NULL);

	(void)state;
	assert_true(is_brief(pool, NULL, NULL));
	for (size_t size = 0; size <= sizeof bytes; size++)
		assert_int_equal(is_brief(pool, &(wt_outgoing){ .data = bytes, .size = size }, NULL),
				 size <= WTI_PLACE_BYTES);
	wt_pool_destroy(pool);
}

static void what_is_timed_is_not_brief(void **state)
{
	wt_pool *pool = create_used(return_input, NULL);

	(void)state;
	assert_true(word_is_brief(pool, NULL));
	pools_untimed(pool)->stamp = 0;
	assert_false(word_is_brief(pool, NULL));
	wt_pool_destroy(pool);
}

static void what_is_more_than_bytes_is_not_brief(void **state)
{
	uint64_t word = 1;
	const struct iovec iov = { .iov_base = &word, .iov_len = sizeof word };
	wt_pool *pool = create_used(return_input, NULL);
	wt_buffer *buffer;
	const wt_transfer list = WT_MOVE(&buffer);

	(void)state;
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	assert_false(is_brief(pool, &(wt_outgoing){ .iov = &iov, .iovcnt = 1 }, NULL));
	assert_false(is_brief(pool, &(wt_outgoing){ .transfer = &list, .transfer_count = 1 }, NULL));
	assert_false(word_is_brief(pool, WT_TASK_OPTIONS(.priority = 0)));
	assert_true(word_is_brief(pool, NULL));
	wt_pool_destroy(pool);
}

static void where_there_are_limits_nothing_is_brief(void **state)
{
	const wt_pool_options *const limits[] = {
		WT_POOL_OPTIONS(.queue_tasks = 100),
		WT_POOL_OPTIONS(.queue_bytes = 10000),
		WT_POOL_OPTIONS(.run_timeout = 60000000000),
	};

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		wt_pool *pool = create_used(return_input, limits[i]);

		assert_false(word_is_brief(pool, NULL));
		wt_pool_destroy(pool);
	}
}

static void where_there_are_priorities_nothing_is_brief(void **state)
{
	wt_pool *pool = create_used(return_input, NULL);

	(void)state;
	assert_true(word_is_brief(pool, NULL));
	(void)is_brief(pool, NULL, WT_TASK_OPTIONS(.priority = 1));
	assert_false(word_is_brief(pool, NULL));
	wt_pool_destroy(pool);
}

static void a_bad_input_is_refused_all_the_same(void **state)
{
	wt_pool *pool = create_used(return_input, NULL);
	wt_task *task = (wt_task *)&pool;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .size = 8 }, NULL, NULL, NULL, &task), WT_EINVAL);
	assert_null(task);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .zero = 1 }, NULL, NULL, NULL, NULL), WT_EINVAL);
	assert_int_equal(wt_pool_close(pool, pools_soon()), 0);
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), WT_ECLOSED);
	assert_null(task);
	wt_pool_destroy(pool);
}

/* Each has the latest one's client at hand, which may be another pool's. */
static int return_one(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return 1;
}

static int return_two(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return 2;
}

static void a_brief_task_goes_to_its_pool(void **state)
{
	wt_pool *one = create(return_one, NULL);
	wt_pool *two = create(return_two, NULL);

	(void)state;
	for (int i = 0; i < RECORDS; i++) {
		wt_task *tasks[2];

		pools_untimed(one);
		pools_untimed(two);
		assert_int_equal(wt_pool_submit(one, NULL, NULL, NULL, NULL, &tasks[0]), 0);
		assert_int_equal(wt_pool_submit(two, NULL, NULL, NULL, NULL, &tasks[1]), 0);
		assert_int_equal(pools_result(tasks[0]), 1);
		assert_int_equal(pools_result(tasks[1]), 2);
	}
	wt_pool_destroy(two);
	wt_pool_destroy(one);
}

/* What a task took before it on the same worker is not taken for its own. */
static void brief_tasks_are_not_timed(void **state)
{
	enum { TASKS = 2 * RECORDS, STRIDE = 64 };
	wt_pool *pool = create_used(return_one, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	wt_task *task;

	(void)state;
	wt_pool_reset_stats(pool);
	wti_store(&pool->stride, STRIDE);
	pools_untimed(pool)->stamp = 0;
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), 0);
	assert_int_equal(pools_result(task), 1);
	for (int i = 0; i < TASKS; i++) {
		pools_untimed(pool);
		assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), 0);
		assert_int_equal(pools_result(task), 1);
	}
	assert_int_equal(pools_stats(pool).completed, 0);
	assert_int_equal(pools_stats(pool).failed, TASKS + 1);
	assert_int_equal(pools_stats(pool).run.count, STRIDE);
	assert_int_equal(pools_stats(pool).wait.count, STRIDE);
	wt_pool_destroy(pool);
}

/* ---- What arrives ---- */

struct echo {
	unsigned char bytes[1000];
	size_t size;
	uint32_t type;
	unsigned told;
};

static void take_echo(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct echo *echo = arg;

	(void)task;
	assert_int_equal(result, 0);
	assert_int_equal((uintptr_t)reply->data % 8, 0);
	assert_int_equal(reply->size, echo->size);
	assert_int_equal(reply->type, echo->type);
	assert_memory_equal(reply->data, echo->bytes, echo->size);
	echo->told++;
}

/* More than there are places and records at first, brief ones and others in turn. */
static void inputs_of_all_sizes_come_as_they_were(void **state)
{
	static struct echo echoes[7 * RECORDS];
	enum { ECHOES = sizeof echoes / sizeof *echoes };
	wt_pool *pool = create_used(return_input, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2));

	(void)state;
	memset(echoes, 0, sizeof echoes);
	for (unsigned i = 0; i < ECHOES; i++) {
		struct echo *echo = &echoes[i];

		echo->size = i % 7 ? i * 5 % (2 * WTI_TASK_INLINE + 1) : i * 5 % (sizeof echo->bytes + 1);
		echo->type = i * 0x01010101u;
		for (size_t k = 0; k < echo->size; k++)
			echo->bytes[k] = (unsigned char)(i + k);
		pools_untimed(pool);
		assert_int_equal(wt_pool_submit(pool,
						&(wt_outgoing){ .data = echo->bytes, .size = echo->size,
								.type = echo->type },
						take_echo, echo, NULL, NULL),
				 0);
		if (i % 100 == 99)
			assert_int_equal(wt_run(), 0);
	}
	assert_int_equal(wt_run(), 0);
	for (unsigned i = 0; i < ECHOES; i++)
		assert_int_equal(echoes[i].told, 1);
	wt_pool_destroy(pool);
}

/* What a callback has of a reply is not the ring's, which the wait in it goes on to read. */
static void wait_in_callback(wt_task *task, int result, wt_message *reply, void *arg)
{
	uint64_t seen;

	(void)task;
	assert_int_equal(result, 0);
	for (uint64_t i = 0; i < RECORDS; i++) {
		wt_task *other;

		assert_int_equal(wt_pool_submit(arg, &(wt_outgoing){ .data = &i, .size = sizeof i }, NULL, NULL, NULL,
						&other),
				 0);
		assert_int_equal(pools_result(other), 0);
	}
	memcpy(&seen, reply->data, sizeof seen);
	assert_int_equal(reply->size, sizeof seen);
	assert_int_equal(seen, 0x5eed5eed5eed5eed);
}

static void a_reply_stays_while_its_callback_waits_for_others(void **state)
{
	uint64_t word = 0x5eed5eed5eed5eed;
	wt_pool *pool = create_used(return_input, NULL);

	(void)state;
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &word, .size = sizeof word }, wait_in_callback,
					pool, NULL, NULL),
			 0);
	assert_int_equal(wt_run(), 0);
	wt_pool_destroy(pool);
}

/* ---- Taken away from a worker that has not begun them ---- */

static struct latch held_begun[2], held_gate[2];

/* 0 and 1: waits for a gate; else that is the result. */
static int await_gate(wt_task *task, wt_message *input, void *state)
{
	int number = *(const int *)input->data;

	(void)task;
	(void)state;
	if (number > 1)
		return number;
	latch_open(&held_begun[number]);
	return latch_await(&held_gate[number]) ? 0 : WT_ETIMEDOUT;
}

static wt_task *submit_number(wt_pool *pool, int number)
{
	wt_task *task;

	pools_untimed(pool);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &number, .size = sizeof number }, NULL, NULL,
					NULL, &task),
			 0);
	return task;
}

static void brief_tasks_that_are_taken_back_keep_their_inputs(void **state)
{
	enum { AFTER = 40 };
	wt_pool *pool = create(await_gate, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	wt_task *first, *second, *after[AFTER];

	(void)state;
	memset(held_begun, 0, sizeof held_begun);
	memset(held_gate, 0, sizeof held_gate);
	first = submit_number(pool, 0);
	assert_true(latch_await(&held_begun[0]));
	pools_believe_in_short_tasks(pool);
	second = submit_number(pool, 1);
	for (int i = 0; i < AFTER; i++)
		after[i] = submit_number(pool, 100 + i);
	latch_open(&held_gate[0]);
	assert_true(latch_await(&held_begun[1]));
	assert_int_equal(wt_task_cancel(after[0]), 0);
	assert_int_equal(wti_load(&pool->returned_count), AFTER - 1);
	latch_open(&held_gate[1]);
	assert_int_equal(pools_result(first), 0);
	assert_int_equal(pools_result(second), 0);
	assert_int_equal(pools_result(after[0]), WT_ECANCELED);
	for (int i = 1; i < AFTER; i++)
		assert_int_equal(pools_result(after[i]), 100 + i);
	wt_pool_destroy(pool);
}

/* One that was cancelled leaves its place empty, which is there until what waits before it is taken. */
static void places_of_cancelled_tasks_are_not_used_before_those_ahead(void **state)
{
	wt_pool *pool = create(await_gate, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	wt_task *busy, *ahead;

	(void)state;
	memset(held_begun, 0, sizeof held_begun);
	memset(held_gate, 0, sizeof held_gate);
	busy = submit_number(pool, 0);
	assert_true(latch_await(&held_begun[0]));
	ahead = submit_number(pool, 100);
	for (int i = 0; i < 4 * RECORDS; i++) {
		wt_task *task = submit_number(pool, 101);

		assert_int_equal(wt_task_cancel(task), 0);
		assert_int_equal(pools_result(task), WT_ECANCELED);
	}
	latch_open(&held_gate[0]);
	assert_int_equal(pools_result(busy), 0);
	assert_int_equal(pools_result(ahead), 100);
	wt_pool_destroy(pool);
}

/* ---- Replies and results ---- */

static int reply_badly(wt_task *task, wt_message *input, void *state)
{
	uint64_t word = 7;

	(void)input;
	(void)state;
	if (wt_task_reply(task, &(wt_outgoing){ .data = &word, .size = sizeof word }) != 0)
		return 1;
	if (wt_task_reply(task, &(wt_outgoing){ .size = sizeof word }) != WT_EINVAL)
		return 2;
	if (wt_task_reply(task, &(wt_outgoing){ .data = &input, .size = sizeof word, .zero = 1 }) != WT_EINVAL)
		return 3;
	return 0;
}

static void a_bad_reply_of_a_word_is_refused(void **state)
{
	wt_pool *pool = create_used(reply_badly, NULL);
	wt_message reply;
	wt_task *task;
	int result;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), 0);
	assert_int_equal(wt_task_wait(task, &result, &reply, pools_soon()), 0);
	assert_int_equal(result, 0);
	assert_int_equal(reply.size, sizeof(uint64_t));
	assert_int_equal(*(const uint64_t *)reply.data, 7);
	wt_task_release(task);
	wt_pool_destroy(pool);
}

static int reply_with_buffer(wt_task *task, wt_message *input, void *state)
{
	uint64_t word = 7;
	wt_buffer *buffer;
	const wt_transfer list = WT_MOVE(&buffer);
	int err = wt_buffer_create(&buffer, 8);

	(void)input;
	(void)state;
	if (err)
		return err;
	return wt_task_reply(task, &(wt_outgoing){ .data = &word, .size = sizeof word, .transfer = &list,
						   .transfer_count = 1 });
}

static void a_reply_of_a_word_brings_what_comes_with_it(void **state)
{
	wt_pool *pool = create_used(reply_with_buffer, NULL);
	wt_buffer *buffer;
	wt_message reply;
	wt_task *task;

	(void)state;
	assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task), 0);
	assert_int_equal(wt_task_wait(task, NULL, &reply, pools_soon()), 0);
	assert_int_equal(reply.size, sizeof(uint64_t));
	assert_int_equal(wt_message_take_buffer(&reply, 0, &buffer), 0);
	wt_buffer_destroy(buffer);
	wt_task_release(task);
	wt_pool_destroy(pool);
}

static void count_told(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	assert_int_equal(result, 100);
	++*(unsigned *)arg;
}

/* The loop comes across the result of one that is to be waited for. */
static void a_result_that_the_loop_takes_in_can_be_waited_for(void **state)
{
	wt_pool *pool = create(await_gate, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	unsigned told = 0;

	(void)state;
	for (int i = 0; i < RECORDS; i++) {
		wt_task *task = submit_number(pool, 101);

		pools_untimed(pool);
		assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &(int){ 100 }, .size = sizeof(int) },
						count_told, &told, NULL, NULL),
				 0);
		assert_int_equal(wt_run(), 0);
		assert_int_equal(told, i + 1);
		assert_int_equal(wt_task_wait(task, NULL, NULL, WT_NOW), 0);
		assert_int_equal(pools_result(task), 101);
	}
	wt_pool_destroy(pool);
}

static void count_progress(wt_task *task, wt_message *message, void *arg)
{
	(void)task;
	(void)message;
	++*(unsigned *)arg;
}

static int progress_at_gate(wt_task *task, wt_message *input, void *state)
{
	(void)state;
	if (!input->size)
		return 0;
	if (wt_task_progress(task, &(wt_outgoing){ .data = "on", .size = 2 }) != 0)
		return 1;
	return latch_await(&held_gate[0]) ? 0 : WT_ETIMEDOUT;
}

static void expect_progress_before(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	assert_int_equal(result, 0);
	assert_int_equal(*(unsigned *)arg, 1);
	++*(unsigned *)arg;
}

/* A wait has come across the progress, and the end has come since: the loop tells them in order. */
static void what_a_wait_took_in_is_told_before_what_has_come_since(void **state)
{
	wt_pool *pool = create_used(progress_at_gate, WT_POOL_OPTIONS(.min_workers = 2, .max_workers = 2));
	struct wti_pool_client *client = pools_untimed(pool);
	unsigned heard = 0;

	(void)state;
	memset(held_gate, 0, sizeof held_gate);
	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = "", .size = 1 }, expect_progress_before, &heard,
					WT_TASK_OPTIONS(.on_progress = count_progress), NULL),
			 0);
	while (wti_list_empty(&client->messages)) {
		wt_task *other;

		assert_int_equal(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &other), 0);
		assert_int_equal(pools_result(other), 0);
	}
	latch_open(&held_gate[0]);
	while (!wti_ring_ready(&client->back))
		assert_int_equal(wt_sleep(wt_after_ms(1)), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(heard, 2);
	wt_pool_destroy(pool);
}

/* ---- Records that others have used ---- */

static int heed_or_tell(wt_task *task, wt_message *input, void *state)
{
	const int *number = input->data;

	(void)state;
	if (input->size != sizeof *number)
		return wt_task_cancelled(task);
	latch_open(&held_begun[0]);
	while (!wt_task_cancelled(task))
		if (wt_sleep(wt_after_ms(1)) != 0)
			break;
	return WT_ECANCELED;
}

static void use_all_records(wt_pool *pool, const wt_outgoing *input)
{
	for (int i = 0; i < 2 * RECORDS; i++) {
		wt_task *task;

		pools_untimed(pool);
		assert_int_equal(wt_pool_submit(pool, input, NULL, NULL, NULL, &task), 0);
		assert_int_equal(pools_result(task), 0);
	}
}

static void a_record_of_a_cancelled_task_is_as_new(void **state)
{
	wt_pool *pool = create_used(heed_or_tell, NULL);
	wt_task *task;

	(void)state;
	for (int options = 0; options < 2; options++) {
		memset(held_begun, 0, sizeof held_begun);
		task = submit_number(pool, 0);
		assert_true(latch_await(&held_begun[0]));
		assert_int_equal(wt_task_cancel(task), 0);
		assert_int_equal(pools_result(task), WT_ECANCELED);
		use_all_records(pool, options ? &(wt_outgoing){ .data = "a task of twenty-four..", .size = 24 } : NULL);
	}
	wt_pool_destroy(pool);
}

static int send_progress(wt_task *task, wt_message *input, void *state)
{
	(void)input;
	(void)state;
	return wt_task_progress(task, &(wt_outgoing){ .data = "on", .size = 2 });
}

static void end_nothing(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	(void)arg;
	assert_int_equal(result, 0);
}

static void who_does_not_ask_hears_of_no_progress(void **state)
{
	wt_pool *pool = create_used(send_progress, NULL);
	unsigned heard = 0;

	(void)state;
	for (int i = 0; i < 2 * RECORDS; i++) {
		assert_int_equal(wt_pool_submit(pool, NULL, end_nothing, &heard,
						WT_TASK_OPTIONS(.on_progress = count_progress), NULL),
				 0);
		assert_int_equal(wt_run(), 0);
	}
	assert_int_equal(heard, 2 * RECORDS);
	for (int i = 0; i < 2 * RECORDS; i++) {
		pools_untimed(pool);
		assert_int_equal(wt_pool_submit(pool, NULL, end_nothing, &heard, NULL, NULL), 0);
		assert_int_equal(wt_run(), 0);
	}
	assert_int_equal(heard, 2 * RECORDS);
	wt_pool_destroy(pool);
}

static void submit_buffer(wt_pool *pool, struct deleted *deleted)
{
	wt_buffer *buffer = wrap_counted(deleted);
	const wt_transfer list = WT_MOVE(&buffer);
	wt_task *task;

	assert_non_null(buffer);
	assert_int_equal(wt_pool_submit(pool,
					&(wt_outgoing){ .data = &(int){ 2 }, .size = sizeof(int), .transfer = &list,
							.transfer_count = 1 },
					NULL, NULL, NULL, &task),
			 0);
	assert_int_equal(pools_result(task), 2);
}

/* What came with the input of a task before is not dropped once more with one that is cleared, or cancelled. */
static void a_brief_task_that_did_not_run_drops_nothing(void **state)
{
	wt_pool *pool = create(await_gate, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));
	wt_task *busy, *waiting[2 * RECORDS];
	struct deleted deleted = { 0 };

	(void)state;
	memset(held_begun, 0, sizeof held_begun);
	memset(held_gate, 0, sizeof held_gate);
	for (int i = 0; i < 2 * RECORDS; i++)
		submit_buffer(pool, &deleted);
	assert_deleted(&deleted, 2 * RECORDS);
	busy = submit_number(pool, 0);
	assert_true(latch_await(&held_begun[0]));
	for (int i = 0; i < 2 * RECORDS; i++)
		waiting[i] = submit_number(pool, 100);
	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(wt_task_cancel(waiting[i]), 0);
	assert_int_equal(wt_pool_clear(pool, NULL), 0);
	for (int i = 0; i < 2 * RECORDS; i++)
		assert_int_equal(pools_result(waiting[i]), WT_ECANCELED);
	latch_open(&held_gate[0]);
	assert_int_equal(pools_result(busy), 0);
	assert_deleted(&deleted, 2 * RECORDS);
	wt_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_words_are_brief),
		TEST(what_is_timed_is_not_brief),
		TEST(what_is_more_than_bytes_is_not_brief),
		TEST(where_there_are_limits_nothing_is_brief),
		TEST(where_there_are_priorities_nothing_is_brief),
		TEST(a_bad_input_is_refused_all_the_same),
		TEST(a_brief_task_goes_to_its_pool),
		TEST(brief_tasks_are_not_timed),
		TEST(inputs_of_all_sizes_come_as_they_were),
		TEST(a_reply_stays_while_its_callback_waits_for_others),
		TEST(brief_tasks_that_are_taken_back_keep_their_inputs),
		TEST(places_of_cancelled_tasks_are_not_used_before_those_ahead),
		TEST(a_bad_reply_of_a_word_is_refused),
		TEST(a_reply_of_a_word_brings_what_comes_with_it),
		TEST(a_result_that_the_loop_takes_in_can_be_waited_for),
		TEST(what_a_wait_took_in_is_told_before_what_has_come_since),
		TEST(a_record_of_a_cancelled_task_is_as_new),
		TEST(who_does_not_ask_hears_of_no_progress),
		TEST(a_brief_task_that_did_not_run_drops_nothing),
	};

	return cmocka_run_group_tests_name("pool_brief", tests, NULL, NULL);
}
