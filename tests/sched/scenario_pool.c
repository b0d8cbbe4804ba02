/* SPDX-License-Identifier: MIT
 *
 * What the scenarios of pools share.
 */
#include "sched/scenario_pool.h"

#include "pool.h"

wt_pool *pool;
struct pool_account pool_account[POOL_TASKS];

/* Main's tasks, where they have no options, are brief and take the short way; those of other fibres do not. */
static void pool_make_brief(void)
{
	struct wti_pool_client *client = wti_thread_peek()->pool_client;

	SCENARIO_CHECK(wti_pool_add_slab(client));
	SCENARIO_CHECK(wti_pool_queue_reserve(client, WTI_POOL_LEVEL) == 0);
	client->stamp = POOL_TASKS + 1;
}

void pool_take_times(void)
{
	wti_thread_peek()->pool_client->stamp = 0;
}

void pool_open(wt_task_fn *fn, const wt_pool_options *options)
{
	for (unsigned i = 0; i < POOL_TASKS; i++)
		pool_account[i] = (struct pool_account){ .result = POOL_UNTOLD };
	sched_hush(1);
	SCENARIO_CHECK(wt_pool_create(&pool, fn, options) == 0);
	SCENARIO_CHECK(wt_pool_ready(pool, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_pool_on_drain(pool, NULL, NULL) == 0); /* its part for main is made */
	pool_make_brief();
	sched_settle();
	sched_hush(-1);
}

static void pool_check_accounts(unsigned workers)
{
	struct wt_pool_stats stats = { .size = sizeof stats };

	SCENARIO_CHECK(wt_pool_stats(pool, &stats) == 0);
	SCENARIO_CHECK(stats.queued == 0 && stats.running == 0);
	SCENARIO_CHECK(stats.completed + stats.failed + stats.cancelled + stats.timed_out == stats.submitted);
	SCENARIO_CHECK(stats.workers_started == workers);
}

void pool_destroy_quietly(void)
{
	sched_hush(1);
	sched_settle();
	wt_pool_destroy(pool);
	sched_hush(-1);
}

void pool_end(unsigned workers)
{
	sched_hush(1);
	sched_settle();
	pool_check_accounts(workers);
	pool_destroy_quietly();
	sched_hush(-1);
}

void pool_outlive(void)
{
	wti_pool_hold(pool);
}

void pool_check_past(void)
{
	const struct wti_pool_client *client = wti_load(&pool->clients);
	const struct wti_pool_accounts *past = &pool->past;
	uint64_t submitted = 0;

	for (; client; client = client->next)
		submitted += wti_load(&client->submitted);
	SCENARIO_CHECK(wti_load(&past->completed) + wti_load(&past->failed) + wti_load(&past->cancelled) +
			       wti_load(&past->timed_out) <=
		       submitted);
	sched_hush(1);
	wti_pool_release(pool);
	sched_hush(-1);
}

unsigned pool_begin(const wt_message *input)
{
	unsigned number = *(const unsigned *)input->data;

	SCENARIO_CHECK(input->size == sizeof number && number < POOL_TASKS);
	SCENARIO_CHECK(pool_account[number].ran++ == 0);
	return number;
}

int pool_do_nothing(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)state;
	pool_begin(input);
	return 0;
}

void pool_tell(unsigned number, int result)
{
	pool_account[number].told++;
	pool_account[number].result = result;
	sched_reached(result == WT_ECANCELED ? SCHED_CANCELLED : SCHED_DELIVERED);
}

static void pool_on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)reply;
	pool_tell(*(const unsigned *)arg, result);
}

unsigned *pool_number(unsigned number)
{
	static unsigned numbers[POOL_TASKS] = { 0, 1, 2 };

	return &numbers[number];
}

wt_outgoing pool_input(unsigned number)
{
	return (wt_outgoing){ .data = pool_number(number), .size = sizeof number };
}

int pool_try(unsigned number, const wt_task_options *options)
{
	wt_outgoing input = pool_input(number);

	return wt_pool_submit(pool, &input, pool_on_done, pool_number(number), options, NULL);
}

void pool_submit(unsigned number)
{
	SCENARIO_CHECK(pool_try(number, NULL) == 0);
}

wt_task *pool_submit_handle(unsigned number)
{
	wt_outgoing input = pool_input(number);
	wt_task *task;

	SCENARIO_CHECK(wt_pool_submit(pool, &input, NULL, NULL, NULL, &task) == 0);
	return task;
}

void pool_await(unsigned number, wt_task *task)
{
	int result;

	SCENARIO_CHECK(wt_task_wait(task, &result, NULL, WT_FOREVER) == 0);
	pool_tell(number, result);
	wt_task_release(task);
}

void pool_enter(void)
{
	sched_hush(1);
	SCENARIO_CHECK(wt_pool_on_drain(pool, NULL, NULL) == 0);
	sched_hush(-1);
}

void pool_submit_and_wait(void *number)
{
	unsigned mine = *(const unsigned *)number;

	pool_enter();
	pool_await(mine, pool_submit_handle(mine));
}

void pool_check_told(unsigned number, int result)
{
	SCENARIO_CHECK(pool_account[number].told == 1);
	SCENARIO_CHECK(pool_account[number].result == result);
}

void pool_check_done(unsigned number)
{
	SCENARIO_CHECK(pool_account[number].ran == 1);
	pool_check_told(number, 0);
}
