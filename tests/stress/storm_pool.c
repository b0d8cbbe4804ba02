/* SPDX-License-Identifier: MIT
 *
 * Threads submit tasks that succeed, fail, take their worker with them, finish
 * later or go on until they are cancelled; with priorities, time limits, room
 * or none; and cancel some, whenever. The pool is closed, or destroyed over
 * their heads. Each task comes back once, with a result that it can have had.
 */
#include <sched.h>
#include <stdlib.h>

#include "stress/crowd.h"
#include "support/element.h"

enum { POOL_SUBMITTERS = 3, POOL_WORKERS = 4, POOL_AHEAD = 40, POOL_SIZE = 400, POOL_RESULT = -77 };

enum pool_op {
	POOL_SUCCEEDS,   /* and replies with what came */
	POOL_RETURNS,    /* POOL_RESULT */
	POOL_PROGRESSES, /* as many messages as its sequence number says, up to 7 */
	POOL_PENDS,      /* finishes from a timer of its worker */
	POOL_FAILS,      /* wt_fail */
	POOL_EXITS,      /* wt_exit */
	POOL_HEEDS,      /* goes on until it is cancelled, or its time is up */
	POOL_SLEEPS,     /* the same, without looking */
	POOL_OPS
};

struct pool_storm {
	struct storm_round *round;
	wt_pool_options options;
	bool destroys;  /* with tasks in it; else it is closed, and empty */
	unsigned harsh; /* one task in so many does not end by itself, or ends its worker */
	wt_pool *pool;
	atomic_uint submitting;
	struct pool_submitter {
		struct pool_storm *storm;
		uint64_t random;
		uint64_t submitted;
		unsigned pending;
		bool drain_wanted;
	} submitter[POOL_SUBMITTERS];
};

/* The submitter's account of one task, on its heap or its stack. */
struct pool_errand {
	struct pool_submitter *submitter;
	enum pool_op op;
	uint64_t sequence;
	bool cancelled, limited; /* it may have been ended by its submitter, or by its run timeout */
	bool listens;            /* to its progress */
	unsigned progress;
};

/* ---- A task, on its worker ---- */

static void pool_finish(wt_timer *timer, void *arg)
{
	wt_timer_destroy(timer);
	if (wt_task_finish(arg, POOL_RESULT))
		wt_fail(1, "a task that pends could not be finished");
}

static int pool_pend(wt_task *task)
{
	wt_timer *timer;
	int err = wt_timer_create(&timer, wt_after_us(50), 0, pool_finish, task);

	return err ? err : WT_TASK_PENDING;
}

static int pool_progress(wt_task *task, uint64_t sequence)
{
	for (uint64_t i = 0; i < sequence % 8; i++) {
		int err = wt_task_progress(task, &(wt_outgoing){ .data = &i, .size = sizeof i });

		if (err)
			return err;
	}
	return 0;
}

static int pool_heed(wt_task *task)
{
	while (!wt_task_cancelled(task))
		sched_yield();
	return POOL_RESULT;
}

/* What it is to do is the type of its input. */
static int pool_task(wt_task *task, wt_message *input, void *state)
{
	uint32_t producer;
	uint64_t sequence;

	(void)state;
	if (!element_check(input->data, input->size, &producer, &sequence))
		return WT_EUNDECODABLE;
	switch ((enum pool_op)input->type) {
	case POOL_SUCCEEDS:
		return wt_task_reply(task, &(wt_outgoing){ .data = input->data, .size = input->size });
	case POOL_PROGRESSES:
		return pool_progress(task, sequence);
	case POOL_PENDS:
		return pool_pend(task);
	case POOL_FAILS:
		wt_fail(POOL_RESULT, "a storm");
	case POOL_EXITS:
		wt_exit(3);
	case POOL_HEEDS:
		return pool_heed(task);
	case POOL_SLEEPS:
		return wt_sleep(WT_FOREVER) ? POOL_RESULT : 0;
	default:
		return POOL_RESULT;
	}
}

/* ---- What comes back ---- */

/* Whether the end of another task on the same worker, by failure or by force, may have taken that away. */
static bool pool_may_lose_worker(const struct pool_errand *errand)
{
	return errand->op >= POOL_PENDS && errand->submitter->storm->options.concurrent_tasks > 1;
}

static bool pool_result_is_right(const struct pool_errand *errand, int result)
{
	const struct pool_storm *storm = errand->submitter->storm;

	if (result == WT_ECANCELED)
		return errand->cancelled || storm->destroys;
	if (result == WT_ETIMEDOUT)
		return errand->limited;
	if (result == WT_EWORKER)
		return errand->op == POOL_EXITS || pool_may_lose_worker(errand);
	switch (errand->op) {
	case POOL_SUCCEEDS:
	case POOL_PROGRESSES:
		return result == 0;
	case POOL_EXITS:
		return false;
	default:
		return result == POOL_RESULT;
	}
}

static void pool_come_back(struct pool_errand *errand, int result, wt_message *reply)
{
	struct pool_submitter *submitter = errand->submitter;
	struct storm_round *round = submitter->storm->round;
	uint64_t sequence = UINT64_MAX;
	uint32_t producer;

	if (!pool_result_is_right(errand, result))
		verdict_fail(&round->verdict, __FILE__, __LINE__, "a task of kind %d came back with %s", errand->op,
			     wt_strerror(result));
	if (errand->op == POOL_SUCCEEDS && result == 0)
		CHECK(&round->verdict,
		      element_check(reply->data, reply->size, &producer, &sequence) && sequence == errand->sequence);
	if (errand->op == POOL_PROGRESSES && result == 0 && errand->listens)
		CHECK(&round->verdict, errand->progress == errand->sequence % 8);
	account_pay(&round->account, ACCOUNT_TASKS, 1);
}

static void pool_on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct pool_errand *errand = arg;

	(void)task;
	pool_come_back(errand, result, reply);
	errand->submitter->pending--;
	free(errand);
}

static void pool_on_progress(wt_task *task, wt_message *message, void *arg)
{
	struct pool_errand *errand = arg;

	(void)task;
	CHECK(&errand->submitter->storm->round->verdict, *(const uint64_t *)message->data == errand->progress);
	errand->progress++;
}

static void pool_on_drain(wt_pool *pool, void *arg)
{
	struct pool_submitter *submitter = arg;

	(void)pool;
	submitter->drain_wanted = false;
}

/* ---- A submitter ---- */

static void pool_choose_task(struct pool_submitter *submitter, struct pool_errand *errand, wt_task_options *options)
{
	uint64_t *random = &submitter->random;

	*errand = (struct pool_errand){ .submitter = submitter, .sequence = submitter->submitted };
	errand->op = (enum pool_op)(random_chance(random, submitter->storm->harsh)
					    ? random_pick(random, POOL_FAILS, POOL_OPS - 1)
					    : random_pick(random, POOL_SUCCEEDS, POOL_PENDS));
	errand->limited = errand->op >= POOL_HEEDS || random_chance(random, 20);
	wt_task_options_init(options);
	options->priority = (int)random_pick(random, 0, 6) + WT_PRIORITY_MIN;
	options->run_timeout = errand->limited ? (int64_t)random_pick(random, 1, 3000000) : 0;
	options->wait_until = random_chance(random, 2) ? WT_NOW : wt_after_us(random_pick(random, 0, 500));
}

static int pool_submit(struct pool_submitter *submitter, struct pool_errand *errand, wt_task_done_fn *done,
		       const wt_task_options *options, wt_task **task)
{
	_Alignas(8) unsigned char bytes[POOL_SIZE];
	wt_outgoing input = { .data = bytes, .type = (uint32_t)errand->op };
	wt_buffer *buffer = NULL;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	int err;

	input.size = random_pick(&submitter->random, 16, sizeof bytes);
	element_fill(bytes, input.size, 0, errand->sequence);
	if (random_chance(&submitter->random, 4)) {
		buffer = storm_buffer(submitter->storm->round, 16);
		input.transfer = list;
		input.transfer_count = 1;
	}
	err = wt_pool_submit(submitter->storm->pool, &input, done, errand, options, task);
	wt_buffer_destroy(buffer);
	if (!err) {
		submitter->submitted++;
		account_owe(&submitter->storm->round->account, ACCOUNT_TASKS, 1);
	} else if (err == WT_EAGAIN || err == WT_ETIMEDOUT) {
		submitter->drain_wanted = true;
	} else {
		STORM_OK(submitter->storm->round, err);
	}
	return err;
}

static void pool_maybe_cancel(struct pool_submitter *submitter, struct pool_errand *errand, wt_task *task)
{
	if (!random_chance(&submitter->random, 6))
		return;
	errand->cancelled = true;
	STORM_OK(submitter->storm->round, wt_task_cancel(task));
}

static void pool_submit_for_callback(struct pool_submitter *submitter)
{
	struct pool_errand *errand = malloc(sizeof *errand);
	wt_task_options options;
	wt_task *task;

	CHECK(&submitter->storm->round->verdict, errand);
	if (!errand)
		return;
	pool_choose_task(submitter, errand, &options);
	errand->listens = true;
	options.on_progress = pool_on_progress;
	if (pool_submit(submitter, errand, pool_on_done, &options, &task)) {
		free(errand);
		return;
	}
	submitter->pending++;
	pool_maybe_cancel(submitter, errand, task);
}

static void pool_submit_and_wait(struct pool_submitter *submitter)
{
	struct pool_errand errand;
	wt_task_options options;
	wt_message reply;
	wt_task *task;
	int result = 0;

	pool_choose_task(submitter, &errand, &options);
	if (pool_submit(submitter, &errand, NULL, &options, &task))
		return;
	pool_maybe_cancel(submitter, &errand, task);
	if (STORM_OK(submitter->storm->round, wt_task_wait(task, &result, &reply, WT_FOREVER)))
		pool_come_back(&errand, result, &reply);
	wt_task_release(task);
}

static void pool_turn(struct pool_submitter *submitter, bool wait)
{
	int n = wt_run_once(wait ? wt_after_us(200) : WT_NOW);

	if (n < 0 && n != WT_EAGAIN && n != WT_ETIMEDOUT)
		STORM_OK(submitter->storm->round, n);
}

static void pool_submit_all(void *arg)
{
	struct pool_submitter *submitter = arg;
	struct pool_storm *storm = submitter->storm;

	while (!storm_is_over(storm->round)) {
		if (random_chance(&submitter->random, 4))
			pool_submit_and_wait(submitter);
		else
			pool_submit_for_callback(submitter);
		while (submitter->drain_wanted && random_chance(&submitter->random, 2)) {
			STORM_OK(storm->round, wt_pool_on_drain(storm->pool, pool_on_drain, submitter));
			pool_turn(submitter, true);
		}
		do
			pool_turn(submitter, submitter->pending > POOL_AHEAD);
		while (submitter->pending > POOL_AHEAD);
	}
	STORM_OK(storm->round, wt_pool_on_drain(storm->pool, NULL, NULL));
	/* From here on this thread does not know the pool. What is pending comes back by the loop. */
	atomic_fetch_sub(&storm->submitting, 1);
	STORM_OK(storm->round, wt_run());
	CHECK(&storm->round->verdict, submitter->pending == 0);
}

/* ---- The round ---- */

/* A worker that was given up keeps the input of its task until it ends, which on a busy machine may be after the pool. */
static void pool_await_inputs(struct storm_round *round)
{
	while (!account_is_even(&round->account, ACCOUNT_DELETERS) && !atomic_load(&round->verdict.failed))
		STORM_OK(round, wt_sleep(wt_after_us(200)));
}

static void pool_choose(struct pool_storm *storm)
{
	struct storm_round *round = storm->round;
	wt_pool_options *options = &storm->options;

	wt_pool_options_init(options);
	options->min_workers = (unsigned)storm_pick(round, 1, POOL_WORKERS);
	options->max_workers = (unsigned)storm_pick(round, options->min_workers, POOL_WORKERS);
	options->queue_tasks = storm_chance(round, 2) ? 0 : storm_pick(round, 1, 30);
	options->queue_bytes = storm_chance(round, 3) ? storm_pick(round, POOL_SIZE * 2, 10000) : 0;
	options->concurrent_tasks = (unsigned)storm_pick(round, 1, 3);
	options->idle_timeout = (int64_t)storm_pick(round, 1, 20) * 1000000;
	options->cancel_grace = (int64_t)storm_pick(round, 1, 2000) * 1000;
	options->recycle_tasks = storm_chance(round, 3) ? storm_pick(round, 1, 100) : 0;
	options->destroy_timeout = WT_FOREVER;
	storm->destroys = storm_chance(round, 2);
	storm->harsh = (unsigned)storm_pick(round, 4, 60);
	storm_say(round,
		  "%u to %u workers, %u tasks of each at a time, room for %zu tasks, %zu bytes, recycled after %llu, "
		  "1 in %u harsh, then %s",
		  options->min_workers, options->max_workers, options->concurrent_tasks, options->queue_tasks,
		  options->queue_bytes, (unsigned long long)options->recycle_tasks, storm->harsh,
		  storm->destroys ? "destroyed" : "closed");
}

static void pool_end(struct pool_storm *storm)
{
	struct wt_pool_stats stats = { .size = sizeof stats };

	while (atomic_load(&storm->submitting))
		STORM_OK(storm->round, wt_sleep(wt_after_us(200)));
	if (!storm->destroys) {
		STORM_OK(storm->round, wt_pool_close(storm->pool, WT_FOREVER));
		STORM_OK(storm->round, wt_pool_stats(storm->pool, &stats));
		/* One that was terminated and has not ended is still in the function of a task that has come back. */
		CHECK(&storm->round->verdict, stats.queued == 0);
		CHECK(&storm->round->verdict, stats.running <= stats.zombies * (size_t)storm->options.concurrent_tasks);
		CHECK(&storm->round->verdict,
		      stats.submitted == stats.completed + stats.failed + stats.cancelled + stats.timed_out);
	}
	wt_pool_destroy(storm->pool);
}

static void pool_run(struct storm_round *round)
{
	struct pool_storm storm = { .round = round };
	struct crowd crowd = { .round = round };
	unsigned submitters = (unsigned)storm_pick(round, 1, POOL_SUBMITTERS);

	pool_choose(&storm);
	if (!STORM_OK(round, wt_pool_create(&storm.pool, pool_task, &storm.options)))
		return;
	for (unsigned i = 0; i < submitters; i++) {
		storm.submitter[i] = (struct pool_submitter){ .storm = &storm, .random = storm_fork(round) };
		atomic_fetch_add(&storm.submitting, 1);
		if (!crowd_add(&crowd, pool_submit_all, &storm.submitter[i]))
			atomic_fetch_sub(&storm.submitting, 1);
	}
	pool_end(&storm);
	crowd_join(&crowd);
	pool_await_inputs(round);
}

const struct storm storm_pool = { "pool", pool_run };
