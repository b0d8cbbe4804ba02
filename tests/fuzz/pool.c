/* SPDX-License-Identifier: MIT
 *
 * Operations on a pool, of which a run has one at the most: each task comes
 * back once, with what became of it.
 */
#include <string.h>

#include "fuzz/world.h"

enum { TASKS = 24 };

static struct job {
	wt_task *handle; /* of one without a callback */
	unsigned owner;  /* actor */
	unsigned ran, told;
	bool refused;   /* the pool has not taken it */
	bool cancelled; /* somebody is about to do that, or has */
	int result;     /* as its function returns it */
	unsigned way;
} job[TASKS];
static unsigned jobs;
static wt_pool *pool;
static unsigned pool_creator, pool_users;
static unsigned pool_clearing; /* calls under way */
static bool pool_closing;      /* or closed */
static bool pool_ending, pool_created;

void pool_begin(void)
{
	memset(job, 0, sizeof job);
	jobs = 0;
	pool = NULL;
	pool_users = pool_clearing = 0;
	pool_closing = pool_ending = pool_created = false;
}

void pool_check(void)
{
	for (unsigned i = 0; i < jobs; i++)
		FUZZ_CHECK(job[i].ran <= 1 && job[i].told <= 1);
}

/* ---- A task ---- */

static int pool_task(wt_task *task, wt_message *input, void *state)
{
	struct job *self;
	unsigned number;

	(void)state;
	FUZZ_CHECK(input->size == sizeof number);
	memcpy(&number, input->data, sizeof number);
	self = &job[number];
	FUZZ_CHECK(number < jobs && !self->ran++ && !self->refused && !self->told);
	if (self->way & 1)
		FUZZ_CHECK(wt_task_reply(task, &(wt_outgoing){ .data = &number, .size = sizeof number }) == 0);
	if (self->way & 2 && wt_sleep(wt_after_ms(1)))
		return WT_ETERMINATED;
	return self->result;
}

/* Its own result; or what became of it instead. */
static bool pool_explains(const struct job *of, int result)
{
	switch (result) {
	case WT_ECANCELED:
		return of->cancelled || pool_ending;
	case WT_EAGAIN: /* the pool can start no worker */
		return !of->ran;
	case WT_EWORKER:
		return true;
	case WT_ETERMINATED: /* where it slept */
		return of->ran && of->way & 2;
	default:
		return of->ran && result == of->result;
	}
}

static void pool_judge(struct job *of, int result, const wt_message *reply)
{
	fuzz_show("task %u: %d", (unsigned)(of - job), result);
	FUZZ_CHECK(!of->told++ && !of->refused);
	FUZZ_CHECK(pool_explains(of, result));
	if (result == of->result && of->way & 1)
		FUZZ_CHECK(reply->size == sizeof(unsigned) && *(const unsigned *)reply->data == (unsigned)(of - job));
}

static void pool_on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct job *of = arg;

	(void)task;
	FUZZ_CHECK(wt_thread_id() == world.actor[of->owner].id);
	pool_judge(of, result, reply);
}

/* ---- Operations ---- */

void pool_create(struct actor *self, const struct operation *op)
{
	wt_pool_options options = { .size = sizeof options, .min_workers = 1 + op->a % 2 };
	wt_pool *created;
	int err;

	if (pool_created)
		return;
	pool_created = true;
	pool_creator = self->number;
	options.max_workers = options.min_workers;
	options.queue_tasks = op->b % 3;
	err = wt_pool_create(&created, pool_task, &options);
	sched_drain_own();
	pool = created; /* from now on others use it */
	fuzz_show("%u creates a pool: %d", self->number, err);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || (err == WT_ETERMINATED && actor_is_terminated(self)));
}

static bool pool_use(void)
{
	if (!pool || pool_ending)
		return false;
	pool_users++;
	return true;
}

static int pool_give(struct actor *self, struct job *of, const struct operation *op)
{
	unsigned number = (unsigned)(of - job);
	wt_outgoing input = { .data = &number, .size = sizeof number };
	wt_task_options options = { .size = sizeof options, .priority = op->a % 7 - 3 };

	options.wait_until = world_deadline(op->c);
	*of = (struct job){ .owner = self->number, .way = op->b, .result = op->b & 4 ? 5 : 0 };
	of->cancelled = pool_clearing;
	if (op->b & 8)
		return wt_pool_submit(pool, &input, pool_on_done, of, &options, NULL);
	return wt_pool_submit(pool, &input, NULL, NULL, &options, &of->handle);
}

void pool_submit(struct actor *self, const struct operation *op)
{
	struct job *of = &job[jobs];
	int err;

	if (jobs == TASKS || !pool_use())
		return;
	jobs++;
	err = pool_give(self, of, op);
	fuzz_show("%u submits task %u: %d", self->number, (unsigned)(of - job), err);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || err == WT_ETIMEDOUT || err == WT_ECLOSED ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	FUZZ_CHECK(!err || !of->ran);
	of->refused = err;
	if (pool_closing) /* which it may have crossed */
		of->cancelled = true;
	world_unuse(&pool_users);
}

static void pool_wait(struct actor *self, struct job *of, wt_time deadline)
{
	wt_message reply;
	wt_failure why;
	int result, err;

	err = wt_task_wait(of->handle, &result, &reply, deadline);
	fuzz_show("%u waits for task %u: %d", self->number, (unsigned)(of - job), err);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || err == WT_ETIMEDOUT ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	if (err)
		return;
	pool_judge(of, result, &reply);
	FUZZ_CHECK(wt_task_failure(of->handle, &why) == WT_EAGAIN && !why.message); /* none of these tasks fails */
	wt_task_release(of->handle);
	of->handle = NULL;
}

static int pool_close(wt_time deadline)
{
	pool_closing = true;
	return wt_pool_close(pool, deadline);
}

static int pool_clear(void)
{
	int err;

	for (unsigned i = 0; i < jobs; i++)
		job[i].cancelled = true;
	pool_clearing++;
	err = wt_pool_clear(pool, NULL);
	pool_clearing--;
	return err;
}

/* Wait for one of one's own, cancel it, or give it up; close the pool, or empty its queue. */
void pool_finish(struct actor *self, const struct operation *op)
{
	struct job *of = jobs ? &job[op->a % jobs] : NULL;
	bool own = of && of->handle && of->owner == self->number;
	int err;

	if (own && op->b % 4 == 0) {
		pool_wait(self, of, world_deadline(op->c));
	} else if (own && op->b % 4 == 1) {
		of->cancelled = true;
		FUZZ_CHECK(wt_task_cancel(of->handle) == 0);
	} else if (own && op->b % 4 == 2) {
		wt_task_release(of->handle);
		of->handle = NULL;
	} else if (pool_use()) {
		err = op->b & 8 ? pool_close(world_deadline(op->c)) : pool_clear();
		FUZZ_CHECK(err == 0 || err == WT_EAGAIN || err == WT_ETIMEDOUT ||
			   (err == WT_ETERMINATED && actor_is_terminated(self)));
		world_unuse(&pool_users);
	}
}

/* The handles of the calling thread go with it. */
static void pool_end(struct actor *self)
{
	pool_ending = true;
	world_await_unused(&pool_users);
	for (unsigned i = 0; i < jobs; i++)
		if (job[i].owner == self->number)
			job[i].handle = NULL;
}

void pool_destroy(struct actor *self, const struct operation *op)
{
	(void)op;
	if (!pool || pool_ending || pool_creator != self->number || pool_users)
		return;
	fuzz_show("%u destroys the pool", self->number);
	pool_end(self);
	wt_pool_destroy(pool);
	pool = NULL;
}

/* The library destroys what is not destroyed here, and forgets the tasks of a thread that ends. */
void pool_leave(struct actor *self)
{
	if (pool && !pool_ending && pool_creator == self->number) {
		pool_end(self);
		if (self->tidies)
			wt_pool_destroy(pool);
		pool = NULL;
	}
	for (unsigned i = 0; i < jobs; i++) {
		if (job[i].owner == self->number && job[i].handle && self->tidies)
			wt_task_release(job[i].handle);
		if (job[i].owner == self->number)
			job[i].handle = NULL;
	}
}
