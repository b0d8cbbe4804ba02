// SPDX-License-Identifier: MIT
/* A pool; main submits, each time that a task comes back, the next one. */
#include "request.h"
#include "tasks.h"
#include "ways.h"

static struct tasks pool_tasks;
static wt_pool *pool;

/* ---- Steps ---- */

static int pool_step(wt_task *task, wt_message *input, void *state)
{
	uint64_t result = tasks_run(pool_tasks.steps, *(const uint64_t *)input->data);

	(void)state;
	return wt_task_reply(task, &(wt_outgoing){ .data = &result, .size = sizeof result });
}

static void pool_submit_steps(void);

static void pool_stepped(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	ways_must("a task", result);
	tasks_check(&pool_tasks, (uint64_t)(uintptr_t)arg, *(const uint64_t *)reply->data);
	pool_submit_steps();
}

static void pool_submit_steps(void)
{
	while (tasks_may_submit(&pool_tasks)) {
		uint64_t input = pool_tasks.submitted++;

		ways_must("wt_pool_submit",
			  wt_pool_submit(pool, &(wt_outgoing){ .data = &input, .size = sizeof input }, pool_stepped,
					 (void *)(uintptr_t)input, NULL, NULL));
	}
}

/* ---- Hashes ---- */

static int pool_hash(wt_task *task, wt_message *input, void *state)
{
	unsigned char hash[REQUEST_HASH];

	(void)state;
	request_hash(input->data, input->size, hash);
	return wt_task_reply(task, &(wt_outgoing){ .data = hash, .size = sizeof hash });
}

static void pool_submit_hashes(void);

static void pool_hashed(wt_task *task, int result, wt_message *reply, void *arg)
{
	static struct request request;
	uint64_t input = (uint64_t)(uintptr_t)arg;

	(void)task;
	ways_must("a task", result);
	request_stamp(&request, input);
	request_check(&request, reply->data, reply->size);
	tasks_check(&pool_tasks, input, input);
	pool_submit_hashes();
}

static void pool_submit_hashes(void)
{
	static struct request request;

	while (tasks_may_submit(&pool_tasks)) {
		uint64_t input = pool_tasks.submitted++;

		request_stamp(&request, input);
		ways_must("wt_pool_submit",
			  wt_pool_submit(pool, &(wt_outgoing){ .data = request.bytes, .size = sizeof request.bytes },
					 pool_hashed, (void *)(uintptr_t)input, NULL, NULL));
	}
}

int main(int argc, char **argv)
{
	struct bench_args args;
	bool hash;

	bench_parse(&args, argc, argv);
	hash = bench_is(args.work, "poolhash");
	if (!hash && !bench_is(args.work, "pool"))
		bench_unknown(&args);
	tasks_open(&pool_tasks, &args);
	ways_must("wt_pool_create",
		  wt_pool_create(&pool, hash ? pool_hash : pool_step,
				 WT_POOL_OPTIONS(.min_workers = tasks_workers(), .max_workers = tasks_workers())));
	ways_must("wt_pool_ready", wt_pool_ready(pool, WT_FOREVER));
	if (hash)
		pool_submit_hashes();
	else
		pool_submit_steps();
	ways_must("wt_run", wt_run());
	tasks_report(&pool_tasks, NULL);
	wt_pool_destroy(pool);
	return 0;
}
