/* SPDX-License-Identifier: MIT */
#include "sweep/sweep.h"

#include <string.h>
#include <wt.h>

#include "sweep/operations.h"

static wt_time soon(void)
{
	return wt_after_ms(20000);
}

/* The size of the input, in a reply that is as long; and a progress message. */
static int task_echo(wt_task *task, wt_message *input, void *state)
{
	wt_buffer *buffer = NULL;
	int err = input->transfer_count ? wt_message_take_buffer(input, 0, &buffer) : 0;

	(void)state;
	if (!err)
		err = wt_task_progress(task, &(wt_outgoing){ .data = input->data, .size = input->size });
	if (!err && buffer)
		err = wt_task_reply(task, &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							  .transfer_count = 1 });
	else if (!err)
		err = wt_task_reply(task, &(wt_outgoing){ .data = input->data, .size = input->size });
	wt_buffer_destroy(buffer);
	return err;
}

static const size_t task_sizes[] = { 0, 8, 32, 33, 5000 };

enum { TASK_SIZES = sizeof task_sizes / sizeof *task_sizes };

static char bytes[5000];

static int wait_for(wt_task *task, size_t size)
{
	wt_message reply;
	int result = 0;
	int err = wt_task_wait(task, &result, &reply, soon());

	CHECKED(err == 0);
	CHECKED(result || reply.size == size);
	wt_task_release(task);
	return result;
}

enum { TASK_CODE = -77 };

/* Its reply is short, which takes no memory until the text of the failure comes to it. */
static int task_fails(wt_task *task, wt_message *input, void *state)
{
	int err = wt_task_reply(task, &(wt_outgoing){ .data = "short", .size = 5 });

	(void)input;
	(void)state;
	if (!err)
		wt_fail(TASK_CODE, "%s", "why");
	return err;
}

static int judge_failure(const wt_task *task, const wt_message *reply)
{
	wt_failure why;
	int err = wt_task_failure(task, &why);

	CHECKED(reply->size == 5 && memcmp(reply->data, "short", 5) == 0);
	CHECKED(!err || err == WT_EAGAIN);
	CHECKED(err || (why.code == TASK_CODE && strcmp(why.message, "why") == 0));
	return err ? WT_ENOMEM : 0;
}

/* Why a task failed is told, or not; that it did, and its reply, are. */
int pool_failure(void)
{
	wt_task *task = NULL;
	wt_message reply;
	wt_pool *pool;
	int result = 0;
	int err = wt_pool_create(&pool, task_fails, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));

	if (!err)
		err = wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task);
	if (!err) {
		CHECKED(wt_task_wait(task, &result, &reply, soon()) == 0);
		err = result == TASK_CODE ? judge_failure(task, &reply) : result;
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
	return err;
}

/* What was accepted ends once, with its result or with why it has none. */
int pool_tasks(void)
{
	wt_task *tasks[TASK_SIZES] = { NULL };
	wt_pool *pool;
	int err = wt_pool_create(&pool, task_echo, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));

	CHECKED(err ? !pool : pool != NULL);
	for (size_t i = 0; pool && i < TASK_SIZES; i++) {
		int result = wt_pool_submit(pool, &(wt_outgoing){ .data = bytes, .size = task_sizes[i] }, NULL, NULL, NULL,
					    &tasks[i]);

		CHECKED(result ? !tasks[i] : tasks[i] != NULL);
		err = err ? err : result;
	}
	for (size_t i = 0; i < TASK_SIZES; i++) {
		int result = tasks[i] ? wait_for(tasks[i], task_sizes[i]) : 0;

		err = err ? err : result;
	}
	wt_pool_destroy(pool);
	return err;
}

struct told {
	int done;
	int progress;
	int result;
};

static void tell_progress(wt_task *task, wt_message *message, void *arg)
{
	(void)task;
	(void)message;
	((struct told *)arg)->progress++;
}

static void tell_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct told *told = arg;
	wt_buffer *buffer = NULL;

	(void)task;
	told->done++;
	told->result = result;
	if (!result && reply->transfer_count)
		told->result = wt_message_take_buffer(reply, 0, &buffer);
	wt_buffer_destroy(buffer);
}

/* [M3] A buffer that goes there and back, with progress on the way. */
int pool_callbacks(void)
{
	struct told told = { 0 };
	wt_buffer *buffer = NULL;
	wt_pool *pool;
	int err = wt_pool_create(&pool, task_echo, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1));

	if (!err)
		err = wt_buffer_create(&buffer, 100);
	if (!err) {
		err = wt_pool_submit(pool,
				     &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1 },
				     tell_done, &told, WT_TASK_OPTIONS(.on_progress = tell_progress), NULL);
		CHECKED(err ? buffer != NULL : buffer == NULL);
	}
	if (!err) {
		err = wt_run();
		CHECKED(err || told.done == 1);
		CHECKED(err || told.result || told.progress == 1);
		err = err ? err : told.result;
	}
	wt_buffer_destroy(buffer);
	wt_pool_destroy(pool);
	return err;
}

static int mark(size_t begin, size_t end, void *arg)
{
	memset((char *)arg + begin, 1, end - begin);
	return 0;
}

/* Without workers the caller does it alone. */
int pool_maps(void)
{
	char marks[1000] = { 0 };
	wt_pool *pool;
	int err = wt_pool_create(&pool, task_echo, WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 2));

	if (err)
		return err;
	err = wt_pool_map(pool, &(wt_range){ .end = sizeof marks, .grain = 10 }, mark, marks, soon());
	CHECKED(err || (marks[0] == 1 && memcmp(marks, marks + 1, sizeof marks - 1) == 0));
	wt_pool_destroy(pool);
	return err;
}
