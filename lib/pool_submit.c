/* SPDX-License-Identifier: MIT
 *
 * Submit. With empty tasks the submitter's instructions are much of what a
 * task costs. So the usual submit looks at all that might be in its way, before
 * it changes anything, and calls nothing but, as the last thing, for help;
 * whatever is in the way lies out of line, as do options, blocks, the clock, the
 * timeline, and a queue that has to grow. What lies there gets values rather
 * than the submission, which then need not be in memory.
 * Kept because it measures better: with what pool_done.c does for the same
 * reason, 720 instructions a task became 600, and 16.7 million a second 18.5;
 * then, with options out of line and the list of records in line, 590 became
 * 530, and 5 % more tasks a second. With the short ways here, in pool_done.c
 * and pool_back.h, empty tasks were 1.24 times as many, the median of three
 * runs of 13 rounds (1.34, 1.09, 1.24 with two workers, 1.34, 1.16, 1.23 with
 * one; AMD): where one side at a time runs, and the other waits, a submit took
 * 16.8 ns for 23, a run 30 for 36, and to tell a result 13.5 for 20. With the
 * usual run in one piece (pool_run.c), and a submit that saves three registers
 * rather than six, 75 instructions fewer, they were 1.14 times as many with two
 * workers and with one (13 rounds, AMD, a word 55 ns to the other CPU).
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
static const struct wti_route submit_route;
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
	struct wti_list dropped; /* where something is moved: what is to be destroyed behind all else */
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

static inline int submit_check(struct submission *s)
{
	size_t size;
	int err = wti_outgoing_check(s->input, &size);

	if (err)
		return err;
	s->size = size;
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return wti_transfer_check(s->input->transfer, s->input->transfer_count, &submit_route);
}

/* An input that is short and alone lies in the record. */
static bool submit_is_inline(const struct submission *s)
{
	return s->size <= WTI_TASK_INLINE && !s->input->transfer_count;
}

/* 0; or WT_ENOMEM, and the record is free again. */
static WTI_APART int submit_make_block(const wt_outgoing *input, size_t size, struct wti_pool_own *own)
{
	size_t cargo = input->transfer_count ? wti_cargo_size(input->transfer_count) : 0;

	own->task->block = wti_alloc(cargo + size);
	own->block = own->task->block != NULL;
	if (own->block)
		return 0;
	own->told = true;
	wti_pool_task_put(own->task->client, own);
	return WT_ENOMEM;
}

/* All that can fail for want of memory; what was made stays for the next submit. */
static WTI_INLINE int submit_make(struct submission *s, struct wti_pool_own **made)
{
	int err = wti_pool_queue_reserve(s->client, (unsigned)(s->options->priority + WTI_POOL_LEVEL));
	struct wti_pool_own *own;

	if (wti_unlikely(err))
		return err;
	if (wti_unlikely(!wti_pool_task_reserve(s->client)))
		return WT_ENOMEM;
	own = wti_pool_task_get(s->client);
	wti_pool_prefetch_task(s->client);
	if (!submit_is_inline(s) && wti_unlikely(submit_make_block(s->input, s->size, own) != 0))
		return WT_ENOMEM;
	*made = own;
	return 0;
}

/* From here on nothing fails. */
static WTI_COLD void submit_fill_block(const wt_outgoing *input, struct wt_task *task, struct wti_list *dropped)
{
	unsigned char *bytes = task->block;

	task->parts = WTI_TASK_BLOCK;
	if (input->transfer_count) {
		task->parts |= WTI_TASK_CARGO;
		wti_list_init(dropped);
		wti_transfer_pack(task->block, 0, input, NULL, dropped);
		bytes += wti_cargo_size(input->transfer_count);
	}
	wti_outgoing_copy(bytes, input);
	task->data = bytes;
}

static WTI_INLINE void submit_fill_input(struct submission *s, const struct wti_pool_own *own)
{
	struct wt_task *task = own->task;

	task->size = s->size;
	task->type = s->input->type;
	task->parts = 0;
	if (wti_unlikely(own->block))
		submit_fill_block(s->input, task, &s->dropped);
	else if (wti_likely(!s->input->iovcnt && wti_is_short(s->size)))
		wti_copy_short(task->bytes, s->input->data, s->size);
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
static WTI_COLD void submit_stamp_slowly(struct wti_pool_client *client, int priority, struct wt_task *task)
{
	bool prioritized = submit_is_prioritized(client->pool, priority);

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
		submit_stamp_slowly(client, s->options->priority, task);
}

static void submit_limit(const struct submission *s, struct wt_task *task)
{
	int64_t limit = s->options->run_timeout ? s->options->run_timeout : s->client->pool->options.run_timeout;

	if (wti_likely(!limit || limit == WT_FOREVER))
		return;
	task->parts |= WTI_TASK_LIMITED;
	task->run_timeout = limit;
}

/* What the submitter has to know, whose loop is held for it. */
static WTI_INLINE void submit_fill_own(struct wti_pool_client *client, struct wti_pool_own *own, wt_task_done_fn *done,
				       void *arg, bool progress)
{
	struct wti_thread *self = wti_load(&client->source.owner);
	uint64_t submitted = wti_load(&client->submitted) + 1;

	wti_store(&client->submitted, submitted);
	own->generation = (uint32_t)submitted;
	own->done = done;
	own->arg = arg;
	own->progress = progress;
	own->state = WTI_TASK_SUBMITTED;
	own->away = true;
	if (done && client->awaited++ == 0)
		wti_loop_hold(self, WTI_HOLD_TASK);
	WTI_PROBE1(submit, own->task);
}

static WTI_INLINE void submit_fill(struct submission *s, struct wti_pool_own *own)
{
	submit_fill_input(s, own);
	submit_stamp(s, own->task);
	submit_limit(s, own->task);
	own->task->on_progress = s->options->on_progress;
	submit_fill_own(s->client, own, s->done, s->arg, s->options->on_progress != NULL);
	wti_trace_task(wti_load(&s->client->source.owner), WTI_TRACE_SUBMIT, own->task, own->generation);
}

/* The handle is the program's, if that has asked for it. */
static WTI_INLINE void submit_hand_out(struct wti_pool_own *own, wt_task **out)
{
	own->told = !own->done && !out;
	WTI_MADE(own->task, TASK);
	if (out)
		*out = own->task;
	if (out && !own->done)
		WTI_OWED(own->task);
}

/* What there is to know is in the record. */
static inline void submit_place(struct wti_pool_place *place, const struct wti_pool_own *own)
{
	place->word = (uintptr_t)own->task;
	place->generation = own->generation;
}

/* It goes its way. */
static WTI_INLINE void submit_queue(struct wti_pool_client *client, struct wti_pool_own *own, unsigned level)
{
	submit_place(wti_pool_queue_place(client, own, level), own);
	if (wti_pool_queue_publish(client, level, own->ticket))
		wti_pool_call(client->pool);
}

static inline int submit_get_client(wt_pool *pool, struct wti_pool_client **client)
{
	struct wti_thread *self = wti_thread_self();
	struct wti_pool_client *found = NULL;
	int err;

	if (wti_unlikely(!self))
		return wti_fork_error(WT_ENOMEM);
	*client = self->pool_client;
	if (wti_likely(*client && (*client)->pool == pool))
		return 0;
	err = wti_pool_client_get(pool, self, &found);
	*client = found;
	return err;
}

/* Everything up to the record: 0, or what wt_pool_submit returns. */
static WTI_INLINE int submit_prepare(wt_pool *pool, struct submission *s)
{
	int err = submit_check(s);

	if (wti_unlikely(err))
		return err;
	err = submit_get_client(pool, &s->client);
	if (wti_unlikely(err))
		return err;
	return wti_pool_is_bounded(pool) ? wti_pool_room_take(s->client, s->size, s->options->wait_until) : 0;
}

/* Whatever wt_pool_submit does, once the options are read. */
static WTI_INLINE int submit(wt_pool *pool, struct submission *s, wt_task **out)
{
	struct wti_pool_own *own;
	int err = submit_prepare(pool, s);

	if (wti_unlikely(err))
		return err;
	err = submit_make(s, &own);
	if (wti_unlikely(err)) {
		wti_pool_room_undo(s->client, s->size);
		return err;
	}
	submit_fill(s, own);
	submit_hand_out(own, out);
	submit_queue(s->client, own, (unsigned)(s->options->priority + WTI_POOL_LEVEL));
	/* Last: a deleter may submit, or destroy the pool. */
	if (wti_unlikely(s->input->transfer_count))
		wti_cargo_destroy_all(&s->dropped);
	return 0;
}

/* Apart, for they take more of the stack, and are zeroed there. */
static WTI_APART int submit_with_options(wt_pool *pool, struct submission s, const wt_task_options *options,
					 wt_task **out)
{
	wt_task_options read;
	int err = submit_read_options(&read, options);

	s.options = &read;
	return err ? err : submit(pool, &s, out);
}

/* Whatever is in the way. */
static WTI_APART int submit_any(wt_pool *pool, const wt_outgoing *input, wt_task_done_fn *done, void *arg,
				const wt_task_options *options, wt_task **out)
{
	struct submission s = { .input = input, .options = &submit_usual, .done = done, .arg = arg };
	int err;

	if (out)
		*out = NULL;
	if (!pool)
		return WT_EINVAL;
	err = wti_load(&pool->refusal);
	if (!err && !options)
		err = submit(pool, &s, out);
	else if (!err)
		err = submit_with_options(pool, s, options, out);
	return wti_unlikely(err) && wti_forked() ? WT_EFORKED : err;
}

/* ---- The short way ---- */

/* Few bytes, or none, in one piece. */
static inline bool submit_is_short(const wt_outgoing *input)
{
	return input->size <= WTI_TASK_INLINE && !input->transfer_count && wti_outgoing_is_one_piece(input);
}

/* The calling thread's client, if nothing is in the way of such an input there, or in the pool; nor a timeline. */
static WTI_INLINE struct wti_pool_client *submit_client_at_once(const wt_pool *pool)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_pool_client *client;

	if (wti_unlikely(!self || wti_load(&pool->refusal) || pool->special || wti_load(&pool->prioritized)))
		return NULL;
	if (wti_unlikely(self->track != NULL))
		return NULL;
	client = self->pool_client;
	if (wti_unlikely(!client || client->pool != pool || !client->stamp || wti_list_empty(&client->free)))
		return NULL;
	return wti_likely(wti_pool_queue_has_place(client, WTI_POOL_LEVEL)) ? client : NULL;
}

/* At most two words: one or two from either end, which may overlap; or less than one. Fewer branches than wti_copy. */
static inline void submit_copy_brief(unsigned char *to, const unsigned char *from, size_t size)
{
	if (wti_likely(size >= WTI_SHORT_MIN)) {
		memcpy(to, from, WTI_SHORT_MIN);
		memcpy(to + size - WTI_SHORT_MIN, from + size - WTI_SHORT_MIN, WTI_SHORT_MIN);
	} else if (size) {
		memcpy(to, from, size);
	}
}

static WTI_INLINE void submit_place_brief(struct wti_pool_place *place, const struct wti_pool_own *own,
					  const wt_outgoing *input)
{
	place->word = (uintptr_t)own->task | input->size | WTI_PLACE_BRIEF;
	place->generation = own->generation;
	place->type = input->type;
	submit_copy_brief(place->bytes, input->data, input->size);
}

/* One that is more than two words: it is in its record, as by submit_fill_input. */
static WTI_INLINE void submit_place_short(struct wti_pool_place *place, const struct wti_pool_client *client,
					  const struct wti_pool_own *own, const wt_outgoing *input)
{
	struct wt_task *task = own->task;

	wti_pool_prefetch_task(client);
	task->size = input->size;
	task->type = input->type;
	task->parts = 0;
	task->weight = 0;
	wti_copy_short(task->bytes, input->data, input->size);
	submit_place(place, own);
}

static WTI_APART int submit_call(struct wti_pool_client *client)
{
	wti_pool_call(client->pool);
	return 0;
}

static WTI_INLINE int submit_at_once(struct wti_pool_client *client, const wt_outgoing *input, wt_task_done_fn *done,
				     void *arg, wt_task **out)
{
	struct wti_pool_own *own = wti_pool_task_get(client);
	struct wti_pool_place *place = wti_pool_queue_place(client, own, WTI_POOL_LEVEL);

	client->stamp--;
	submit_fill_own(client, own, done, arg, false);
	submit_hand_out(own, out);
	if (wti_likely(input->size <= WTI_PLACE_BYTES))
		submit_place_brief(place, own, input);
	else
		submit_place_short(place, client, own, input);
	return wti_pool_queue_publish(client, WTI_POOL_LEVEL, own->ticket) ? submit_call(client) : 0;
}

int wt_pool_submit(wt_pool *pool, const wt_outgoing *input, wt_task_done_fn *done, void *arg,
		   const wt_task_options *options, wt_task **out)
{
	struct wti_pool_client *client = NULL;

	WTI_USES(pool, POOL);
	if (!input)
		input = &submit_empty;
	if (wti_likely(pool && !options && submit_is_short(input)))
		client = submit_client_at_once(pool);
	if (wti_unlikely(!client))
		return submit_any(pool, input, done, arg, options, out);
	return submit_at_once(client, input, done, arg, out);
}

int wti_pool_submit_map(struct wti_pool_client *client, struct wti_pool_map *map, struct wt_task **out)
{
	struct submission s = {
		.input = &submit_empty,
		.options = &submit_unlimited,
		.client = client,
	};
	struct wti_pool_own *own;
	int err = wti_load(&client->pool->refusal);

	if (!err && wti_pool_is_bounded(client->pool))
		err = wti_pool_room_take(client, 0, WT_NOW);
	if (err)
		return err;
	err = submit_make(&s, &own);
	if (err) {
		wti_pool_room_undo(client, 0);
		return err;
	}
	submit_fill(&s, own);
	*out = own->task;
	WTI_MADE(*out, TASK);
	(*out)->data = map;
	(*out)->size = WTI_TASK_MAP;
	(*out)->parts = WTI_TASK_BLOCK;
	submit_queue(client, own, WTI_POOL_LEVEL);
	return 0;
}
