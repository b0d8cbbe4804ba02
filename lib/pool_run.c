/* SPDX-License-Identifier: MIT
 *
 * One run of a task, on its worker: begun, seen by others while it is under
 * way, timed now and then, finished once. What its time tells decides how many
 * tasks are taken together, and how many are timed.
 */
#include "pool.h"

#include <string.h>

#include "fork.h"
#include "os.h"
#include "pool_back.h"
#include "trace.h"

enum {
	RUN_LONG = 10000,  /* ns: longer tasks are timed each, and those between short and long ... */
	RUN_STRIDE = 16    /* ... one of so many */
};

/*
 * One that takes much longer than others may only have lost its processor in
 * the middle: then the next one is timed as well, and believed with it.
 */
static void run_estimate(struct wti_pool_worker *worker, int64_t time)
{
	int64_t before = worker->outlier;

	worker->outlier = 0;
	if (!worker->estimate)
		worker->estimate = time + 1;
	else if (time <= 4 * worker->estimate)
		worker->estimate += (time - worker->estimate) / 8;
	else if (before)
		worker->estimate = (time < before ? time : before) + 1;
	else
		worker->outlier = time;
}

/* How long tasks take decides how many are taken together, and how many are timed. */
static void run_learn(struct wti_pool_worker *worker, int64_t time)
{
	uint32_t stride = 1;
	int64_t known;

	run_estimate(worker, time);
	if (worker->estimate < WTI_POOL_SHORT)
		stride = WTI_POOL_STRIDE_MAX;
	else if (worker->estimate < RUN_LONG)
		stride = RUN_STRIDE;
	/* Relaxed: a hint. Written when it changes only: each submit reads the line. */
	if (wti_load(&worker->pool->stride) != stride)
		wti_store(&worker->pool->stride, stride);
	known = wti_load(&worker->pool->estimate);
	if (worker->estimate > known + known / 4 || worker->estimate < known - known / 4)
		wti_store(&worker->pool->estimate, worker->estimate);
}

static void run_count_up(_Atomic(uint64_t) *word)
{
	wti_store(word, wti_load(word) + 1);
}

static WTI_INLINE void run_count(struct wti_pool_accounts *accounts, int result, bool forced)
{
	if (!result)
		run_count_up(&accounts->completed);
	else if (result == WT_ECANCELED)
		run_count_up(&accounts->cancelled);
	else if (result == WT_ETIMEDOUT && forced)
		run_count_up(&accounts->timed_out);
	else
		run_count_up(&accounts->failed);
}

void wti_pool_account(struct wti_pool_accounts *accounts, int result, bool forced)
{
	run_count(accounts, result, forced);
}

static bool run_is_timed(const struct wti_pool_run *run)
{
	return run->weight && run->weight != WTI_TASK_STAMPED;
}

static WTI_APART void run_end_clock(struct wti_pool_worker *worker, const struct wti_pool_run *run)
{
	int64_t time = wti_os->clock() - run->began;

	if (run_is_timed(run))
		wti_histogram_add(&worker->accounts.run, time, run->weight);
	run_learn(worker, time);
}

/* Under the lock: the keeper may have found that the worker was sooner, or had no memory. */
static WTI_APART bool run_is_judged_indeed(struct wti_pool_worker *worker, const struct wti_pool_run *run,
					  uint64_t serial)
{
	bool judged;

	wti_mutex_lock_soon(&worker->pool->lock);
	judged = wti_load(&run->judged) == serial;
	wti_mutex_unlock(&worker->pool->lock);
	return judged;
}

/* It is over, for others to see; whether a verdict was told of it, which has been counted. */
static WTI_INLINE bool run_withdraw(struct wti_pool_worker *worker, struct wti_pool_run *run)
{
	uint64_t serial = wti_load(&run->serial);

	WTI_YIELD(WTI_YIELD_WITHDRAWING, worker);
	/* pairs with keeper_overtakes [pool-judged]: withdrawn, then a look; one of the two sees the other */
	if (wti_barrier_is_asymmetric())
		wti_pool_run_withdraw(run);
	else
		wti_store_sc(&run->serial, serial + 1); /* [pool-run] [pool-judged] */
	wti_barrier_light();
	return wti_unlikely(wti_load_sc(&run->judged) == serial) && run_is_judged_indeed(worker, run, serial);
}

static WTI_INLINE void run_account(struct wti_pool_worker *worker, const struct wti_pool_run *run, int result)
{
	if (wti_unlikely(run->began))
		run_end_clock(worker, run);
	run_count(&worker->accounts, result, worker->ending);
}

/* One that has parts: what came with its input, and its limit. False in a child that was forked in that. */
static WTI_APART bool run_close(struct wti_pool_run *run, struct wt_task *task)
{
	run->closing = true;
	if (run->parts & WTI_TASK_CARGO)
		wti_cargo_hide(&run->view);
	wti_pool_input_drop(task);
	if (wti_forked())
		return false;
	run->closing = false; /* nothing of the program's runs until it is withdrawn */
	if (run->parts & WTI_TASK_LIMITED)
		wti_store(&run->deadline, WT_FOREVER);
	return true;
}

/* Whatever is in the way. */
static WTI_APART void run_send_back(struct wti_pool_run *run, struct wt_task *task, uint32_t bits, int result,
				    size_t brief)
{
	run->entry.word = bits;
	run->entry.result = result;
	wti_pool_back(task, &run->entry, brief);
}

/*
 * Inline in the usual run, of a task that has no parts and succeeds.
 * Kept because it measures better: see pool_submit.c.
 */
static WTI_INLINE void run_finish(struct wti_pool_worker *worker, struct wti_pool_run *run, struct wt_task *task,
				  int result)
{
	uint32_t bits = run->replied | (result ? WTI_ENTRY_RESULT : 0);
	size_t brief = run->replied == WTI_ENTRY_BRIEF ? run->brief : 0;

	if (wti_unlikely(run->parts) && wti_unlikely(!run_close(run, task)))
		return;
	if (wti_likely(!run_withdraw(worker, run)))
		run_account(worker, run, result);
	worker->begun--;
	if (wti_unlikely(brief && !wti_is_short(brief)) ||
	    wti_unlikely(!wti_pool_back_short(task, bits, result, &run->entry, brief)))
		run_send_back(run, task, bits, result, brief);
}

void wti_pool_run_finish(struct wti_pool_worker *worker, struct wti_pool_run *run, int result)
{
	run_finish(worker, run, wti_load(&run->task), result);
}

/* The reply that the task has set, as a message; NULL: none. False where there is no memory for that. */
static bool run_take_reply(struct wti_pool_run *run, struct wti_pool_message **reply)
{
	const wt_outgoing brief = { .data = run->entry.bytes, .size = run->brief, .type = run->entry.extra };

	*reply = NULL;
	if (run->replied == WTI_ENTRY_BRIEF)
		return wti_pool_message_make(reply, &brief, NULL) == 0;
	if (run->replied == WTI_ENTRY_REPLY)
		*reply = wti_load(&run->task)->reply.message;
	return true;
}

void wti_pool_run_explain(struct wti_pool_run *run, const char *text)
{
	struct wti_pool_message *message;

	if (wti_pool_message_make(&message, &(wt_outgoing){ .data = text, .size = strlen(text) + 1 }, NULL) != 0)
		return;
	if (!run_take_reply(run, &message->beneath)) {
		wti_pool_message_free(message);
		return;
	}
	message->explains = true;
	wti_load(&run->task)->reply.message = message;
	run->replied = WTI_ENTRY_REPLY;
}

/* If it is to be timed, or has a limit; or where the one before it took long. */
static WTI_APART void run_begin_clock(struct wti_pool_worker *worker, struct wti_pool_run *run,
				      const struct wt_task *task)
{
	int64_t submitted_at = 0;
	wt_time deadline;

	if (!run_is_timed(run) && !(run->parts & WTI_TASK_LIMITED) && !worker->outlier)
		return;
	/* Read before the clock is: that line comes from the submitter's cache, which is no part of the run. */
	if (run_is_timed(run))
		submitted_at = task->submitted_at;
	wti_opaque(submitted_at);
	run->began = wti_os->clock();
	if (run_is_timed(run))
		wti_histogram_add(&worker->accounts.wait, run->began - submitted_at, run->weight);
	if (!(run->parts & WTI_TASK_LIMITED))
		return;
	deadline = wti_deadline_after(run->began, task->run_timeout);
	wti_store_sc(&run->deadline, deadline); /* before the look: pairs with keeper_look [pool-at] */
	wti_pool_ask_at(worker->pool, deadline);
}

int wti_pool_run_verdict(const struct wti_pool_worker *worker, const struct wti_pool_run *run, int otherwise)
{
	if (worker->reason && worker->reason_run == run)
		return worker->reason;
	return worker->pool->state == WTI_POOL_ENDED ? WT_ECANCELED : otherwise;
}

/* As with an entry (W3): once the worker is being terminated, what the function returns does not count. */
static WTI_COLD int run_overtaken(struct wti_pool_worker *worker, struct wti_pool_run *run, int result)
{
	wti_mutex_lock_soon(&worker->pool->lock);
	result = wti_pool_run_verdict(worker, run, result);
	wti_mutex_unlock(&worker->pool->lock);
	worker->ending = true;
	return result;
}

static int run_call(struct wti_pool_worker *worker, struct wti_pool_run *run, struct wt_task *task)
{
	if (wti_unlikely(run->parts && task->size == WTI_TASK_MAP))
		return wti_pool_map_run((struct wti_pool_map *)(uintptr_t)task->data);
	return worker->pool->fn(task, &run->input, worker->state_of_init);
}

/* Its function is called; in a timeline, too. The record may be another task's when that returns. */
static int run_call_traced(struct wti_pool_worker *worker, struct wti_pool_run *run, struct wt_task *task)
{
	struct wti_thread *self = wti_load(&worker->source.owner);
	int result;

	WTI_PROBE1(task_begin, task);
	wti_trace_task(self, WTI_TRACE_TASK, task, wti_load(&run->generation));
	result = run_call(worker, run, task);
	wti_trace_end(self, result);
	WTI_PROBE2(task_end, task, result);
	return result;
}

/* The input is shown, and what is to be known about the task is read. */
static WTI_INLINE void run_open(struct wti_pool_run *run, const struct wti_pool_place *place)
{
	const struct wt_task *task = wti_place_task(place);

	/* In the order of the struct: few stores. */
	run->began = 0;
	run->parts = 0;
	run->weight = 0;
	run->replied = 0;
	run->finished = false;
	if (wti_likely(wti_place_is_brief(place))) {
		memcpy(run->bytes, place->bytes, sizeof run->bytes);
		run->input = (wt_message){ .data = run->bytes, .size = wti_place_size(place), .type = place->type };
		return;
	}
	run->parts = task->parts;
	run->weight = task->weight;
	run->input = (wt_message){ .data = wti_pool_task_data(task), .size = task->size, .type = task->type };
	if (wti_unlikely(run->parts & WTI_TASK_CARGO))
		wti_cargo_show(wti_thread_peek(), &run->view, task->block, &run->input);
}

void wti_pool_run_task(struct wti_pool_worker *worker, struct wti_pool_run *run, const struct wti_pool_place *place)
{
	struct wt_task *task = wti_place_task(place);
	int result;

	wti_store(&run->claimed, wti_load(&run->serial)); /* relaxed: keeper_is_claimed learns no more from it */
	worker->begun++;
	worker->tasks++;
	run_open(run, place);
	if (wti_unlikely(wti_load(&task->cancelled))) {
		wti_pool_run_finish(worker, run, WT_ECANCELED);
		return;
	}
	if (wti_unlikely(run->weight || run->parts || worker->outlier))
		run_begin_clock(worker, run, task);
	run->inside = true;
	result = run_call_traced(worker, run, task);
	if (wti_forked())
		return;
	run->inside = false;
	if (wti_unlikely(run->finished))
		result = run->result;
	if (wti_unlikely(wti_thread_terminating(wti_load(&worker->source.owner))))
		result = run_overtaken(worker, run, result);
	if (wti_likely(!result))
		run_finish(worker, run, task, 0);
	else if (result != WT_TASK_PENDING)
		wti_pool_run_finish(worker, run, result);
}
