/* SPDX-License-Identifier: MIT
 *
 * Submit. With empty tasks it is the submitter that is the slower side, and
 * its instructions are what a task costs. So the usual submit is one function
 * that calls two others, for a record and to queue it, and whatever seldom
 * happens lies out of line: blocks, the clock, a queue that has to grow.
 * Kept because it measures better: with what pool_done.c does for the same
 * reason, 720 instructions a task became 600, and 16.7 million a second 18.5.
 */
#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "loop.h"
#include "message.h"
#include "os.h"
#include "pool.h"
#include "trace.h"
#include "transfer.h"

static const wt_outgoing submit_empty;
static const wt_task_options submit_usual;
static const wt_task_options submit_unlimited = { .run_timeout = WT_FOREVER };

/* What one submit is about. */
struct submission {
	const wt_outgoing *input;
	const wt_task_options *options;
	wt_task_done_fn *done;
	void *arg;
	/* Found on the way. */
	struct wti_pool_client *client;
	size_t size; /* bytes of the input */
};

void wt_task_options_init(wt_task_options *options)
{
	if (options)
		*options = (wt_task_options){ .size = sizeof *options };
}

static int submit_read_options(wt_task_options *to, const wt_task_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (err)
		return err;
	if (to->priority < WT_PRIORITY_MIN || to->priority > WT_PRIORITY_MAX || to->zero || to->run_timeout < 0 ||
	    to->wait_until < 0)
		return WT_EINVAL;
	return 0;
}

static int submit_check(struct submission *s)
{
	int err = wti_outgoing_check(s->input, &s->size);

	if (err)
		return err;
	if (s->size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return wti_transfer_check(s->input->transfer, s->input->transfer_count, &(struct wti_route){ 0 });
}

/* An input that is short and alone lies in the record. */
static bool submit_is_inline(const struct submission *s)
{
	return s->size <= WTI_TASK_INLINE && !s->input->transfer_count;
}

/* 0; or WT_ENOMEM, and the record is free again. */
static WTI_COLD int submit_make_block(const struct submission *s, struct wti_pool_own *own)
{
	size_t cargo = s->input->transfer_count ? wti_cargo_size(s->input->transfer_count) : 0;

	own->block = wti_alloc(cargo + s->size);
	if (own->block)
		return 0;
	own->told = true;
	wti_pool_task_put(s->client, own);
	return WT_ENOMEM;
}

/* All that can fail for want of memory; what was made stays for the next submit. */
static inline __attribute__((always_inline)) int submit_make(struct submission *s, struct wt_task **made)
{
	int err = wti_pool_queue_reserve(s->client, (unsigned)(s->options->priority + WTI_POOL_LEVEL));
	struct wti_pool_own *own;

	if (wti_unlikely(err))
		return err;
	own = wti_pool_task_get(s->client);
	if (wti_unlikely(!own))
		return WT_ENOMEM;
	if (wti_unlikely(!submit_is_inline(s)) && submit_make_block(s, own) != 0)
		return WT_ENOMEM;
	*made = own->task;
	return 0;
}

/* From here on nothing fails. */
static WTI_COLD void submit_fill_block(const struct submission *s, struct wt_task *task)
{
	unsigned char *bytes = task->own->block;
	struct wti_list dropped;

	task->parts = WTI_TASK_BLOCK;
	if (s->input->transfer_count) {
		wti_list_init(&dropped);
		task->parts |= WTI_TASK_CARGO;
		task->cargo = task->own->block;
		wti_transfer_pack(task->cargo, 0, s->input, NULL, &dropped);
		bytes += wti_cargo_size(s->input->transfer_count);
		wti_cargo_destroy_all(&dropped);
	}
	wti_outgoing_copy(bytes, s->input);
	task->data = bytes;
}

static void submit_fill_input(const struct submission *s, struct wt_task *task)
{
	task->size = s->size;
	task->type = s->input->type;
	task->parts = 0;
	if (wti_unlikely(task->own->block != NULL))
		submit_fill_block(s, task);
	else
		wti_outgoing_copy(task->bytes, s->input);
}

/* A task of another priority than 0 has the pool look at the clock for each, from now on. */
static bool submit_is_prioritized(struct wt_pool *pool, int priority)
{
	if (wti_load(&pool->prioritized))
		return true;
	if (!priority)
		return false;
	wti_store(&pool->prioritized_at, wti_os->clock());
	wti_store_rel(&pool->prioritized, true); /* pairs with wti_pool_take [pool-aging] */
	return true;
}

/* For one that is timed, or may be. */
static WTI_COLD void submit_stamp_slowly(const struct submission *s, struct wt_task *task)
{
	struct wti_pool_client *client = s->client;
	bool prioritized = submit_is_prioritized(client->pool, s->options->priority);

	if (client->stamp) {
		client->stamp--;
	} else {
		task->weight = (uint8_t)wti_load(&client->pool->stride);
		client->stamp = task->weight - 1u;
	}
	if (prioritized && !task->weight)
		task->weight = WTI_TASK_STAMPED;
	if (task->weight)
		task->submitted_at = wti_os->clock();
}

static inline void submit_stamp(const struct submission *s, struct wt_task *task)
{
	struct wti_pool_client *client = s->client;

	task->weight = 0;
	if (wti_likely(client->stamp && !s->options->priority && !wti_load(&client->pool->prioritized)))
		client->stamp--;
	else
		submit_stamp_slowly(s, task);
}

static void submit_limit(const struct submission *s, struct wt_task *task)
{
	int64_t limit = s->options->run_timeout ? s->options->run_timeout : s->client->pool->options.run_timeout;

	if (wti_likely(!limit || limit == WT_FOREVER))
		return;
	task->parts |= WTI_TASK_LIMITED;
	task->run_timeout = limit;
}

static inline __attribute__((always_inline)) void submit_fill(const struct submission *s, struct wt_task *task)
{
	struct wti_pool_client *client = s->client;
	struct wti_pool_own *own = task->own;

	submit_fill_input(s, task);
	submit_stamp(s, task);
	submit_limit(s, task);
	task->level = (uint8_t)(s->options->priority + WTI_POOL_LEVEL);
	wti_store(&task->generation, wti_load(&task->generation) + 1);
	wti_store(&task->cancelled, 0);
	own->done = s->done;
	own->arg = s->arg;
	own->on_progress = s->options->on_progress;
	own->state = WTI_TASK_SUBMITTED;
	own->away = true;
	if (s->done && client->awaited++ == 0)
		wti_loop_hold(wti_load(&client->source.owner), WTI_HOLD_TASK);
	wti_store(&client->submitted, wti_load(&client->submitted) + 1);
	WTI_PROBE1(submit, task);
	wti_trace_task(wti_load(&client->source.owner), WTI_TRACE_SUBMIT, task, &task->generation);
}

static int submit_get_client(wt_pool *pool, struct wti_pool_client **client)
{
	struct wti_thread *self = wti_thread_self();

	if (wti_unlikely(!self))
		return wti_fork_error(WT_ENOMEM);
	if (wti_likely(self->pool_client && self->pool_client->pool == pool)) {
		*client = self->pool_client;
		return 0;
	}
	return wti_pool_client_get(pool, self, client);
}

/* Everything up to the record: 0, or what wt_pool_submit returns. */
static int submit_prepare(wt_pool *pool, struct submission *s)
{
	int err = submit_check(s);

	if (wti_unlikely(err))
		return err;
	err = submit_get_client(pool, &s->client);
	if (wti_unlikely(err))
		return err;
	return wti_pool_is_bounded(pool) ? wti_pool_room_take(s->client, s->size, s->options->wait_until) : 0;
}

int wt_pool_submit(wt_pool *pool, const wt_outgoing *input, wt_task_done_fn *done, void *arg,
		   const wt_task_options *options, wt_task **out)
{
	struct submission s = {
		.input = input ? input : &submit_empty,
		.options = &submit_usual,
		.done = done,
		.arg = arg,
	};
	wt_task_options read;
	struct wt_task *task;
	int err;

	WTI_USES(pool, POOL);
	if (out)
		*out = NULL;
	if (!pool)
		return WT_EINVAL;
	err = wti_load(&pool->refusal);
	if (!err && wti_unlikely(options != NULL)) {
		err = submit_read_options(&read, options);
		s.options = &read;
	}
	if (wti_likely(!err))
		err = submit_prepare(pool, &s);
	if (wti_unlikely(err))
		return wti_forked() ? WT_EFORKED : err;
	err = submit_make(&s, &task);
	if (wti_unlikely(err)) {
		wti_pool_room_undo(s.client, s.size);
		return err;
	}
	submit_fill(&s, task);
	task->own->told = !done && !out;
	WTI_MADE(task, TASK);
	if (out)
		*out = task;
	if (out && !done)
		WTI_OWED(task);
	wti_pool_queue_push(s.client, task);
	return 0;
}

int wti_pool_submit_map(struct wti_pool_client *client, struct wti_pool_map *map, struct wt_task **out)
{
	struct submission s = {
		.input = &submit_empty,
		.options = &submit_unlimited,
		.client = client,
	};
	int err = wti_load(&client->pool->refusal);

	if (!err && wti_pool_is_bounded(client->pool))
		err = wti_pool_room_take(client, 0, WT_NOW);
	if (err)
		return err;
	err = submit_make(&s, out);
	if (err) {
		wti_pool_room_undo(client, 0);
		return err;
	}
	submit_fill(&s, *out);
	(*out)->own->told = false;
	WTI_MADE(*out, TASK);
	(*out)->data = map;
	(*out)->size = WTI_TASK_MAP;
	(*out)->parts = WTI_TASK_BLOCK;
	wti_pool_queue_push(client, *out);
	return 0;
}
