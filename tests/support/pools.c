/* SPDX-License-Identifier: MIT */
#include "support/pools.h"

#include <string.h>
#include <wt/thread.h>

#include "pool.h"

wt_time pools_soon(void)
{
	return wt_after_ms(20000);
}

static int pools_spin(struct latch *gate)
{
	while (!latch_is_open(gate))
		;
	return 0;
}

static int pools_progress(wt_task *task, int count)
{
	int err = 0;

	for (int i = 0; i < count && !err; i++)
		err = wt_task_progress(task, &(wt_outgoing){ .data = &i, .size = sizeof i, .type = 7 });
	return err;
}

static int pools_heed(wt_task *task)
{
	while (!wt_task_cancelled(task))
		if (wt_sleep(wt_after_ms(1)) != 0)
			break;
	return WT_ECANCELED;
}

static int pools_double(wt_task *task, int value)
{
	int twice = 2 * value;

	return wt_task_reply(task, &(wt_outgoing){ .data = &twice, .size = sizeof twice, .type = 5 });
}

int pools_task(wt_task *task, wt_message *message, void *state)
{
	struct pools_input input;

	(void)state;
	memcpy(&input, message->data, sizeof input);
	if (input.begun)
		latch_open(input.begun);
	switch (input.op) {
	case POOLS_NOTHING:
		return input.value;
	case POOLS_DOUBLE:
		return pools_double(task, input.value);
	case POOLS_AWAIT:
		return latch_await(input.gate) ? input.value : WT_ETIMEDOUT;
	case POOLS_SLEEP:
		return wt_sleep(WT_FOREVER);
	case POOLS_HEED:
		return pools_heed(task);
	case POOLS_SPIN:
		return pools_spin(input.gate);
	case POOLS_FAIL:
		wt_fail(input.value, "as it was told");
	case POOLS_EXIT:
		wt_exit(input.value);
	case POOLS_PROGRESS:
		return pools_progress(task, input.value);
	case POOLS_CALL:
		return input.call(task, input.arg);
	}
	return WT_EINVAL;
}

wt_pool *pools_create_with(const wt_pool_options *options)
{
	wt_pool *pool;

	assert_int_equal(wt_pool_create(&pool, pools_task, options), 0);
	assert_non_null(pool);
	return pool;
}

wt_pool *pools_create(unsigned workers)
{
	wt_pool *pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = workers, .max_workers = workers));

	assert_int_equal(wt_pool_ready(pool, pools_soon()), 0);
	return pool;
}

wt_task *pools_submit_with(wt_pool *pool, struct pools_input input, const wt_task_options *options)
{
	wt_task *task;

	assert_int_equal(wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, NULL, NULL,
					options, &task),
			 0);
	assert_non_null(task);
	return task;
}

wt_task *pools_submit(wt_pool *pool, struct pools_input input)
{
	return pools_submit_with(pool, input, NULL);
}

int pools_result(wt_task *task)
{
	int result = 1;

	assert_int_equal(wt_task_wait(task, &result, NULL, pools_soon()), 0);
	wt_task_release(task);
	return result;
}

struct wt_pool_stats pools_stats(wt_pool *pool)
{
	struct wt_pool_stats stats = { .size = sizeof stats };

	assert_int_equal(wt_pool_stats(pool, &stats), 0);
	return stats;
}

struct wti_pool_client *pools_untimed(wt_pool *pool)
{
	enum { UNTIMED = 1000 }; /* submits until one is timed */
	struct wti_pool_client *client;

	assert_int_equal(wt_pool_on_drain(pool, NULL, NULL), 0); /* it is made */
	client = wti_pool_client_find(pool, wti_thread_peek());
	assert_non_null(client);
	client->stamp = UNTIMED;
	return client;
}

void pools_believe_in_short_tasks(wt_pool *pool)
{
	struct wti_pool_worker *worker = wti_list_entry(pool->workers.next, struct wti_pool_worker, link);

	worker->estimate = 50;
	worker->outlier = 0;
}
