/* SPDX-License-Identifier: MIT
 *
 * What comes back from the workers, and how the submitter's loop tells it.
 * Entries come through the client's ring; where there is no memory for one,
 * the record itself is pushed on a stack. A wait (pool_task.c) takes entries
 * out as well, and leaves what it does not wait for to the loop.
 *
 * The usual entry is taken, told and its record freed without a look at more
 * than it needs: see pool_submit.c.
 */
#include <string.h>

#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "pool.h"
#include "pool_back.h"
#include "ring_next.h"
#include "wait.h"

enum {
	DONE_SHARE = 1000,       /* tasks that are told in a turn */
	DONE_CROWDED_MIN = 300,  /* ns that a task runs: with shorter ones it is the submitter who has most to do */
	DONE_GATHER = 128,       /* tasks under way */
	DONE_GATHER_PAUSES = 48, /* a microsecond or two */
	DONE_NAP_MIN = 20000,    /* ns */
	DONE_NAP_MAX = 1000000
};

/* ---- Sending back ---- */

/* What the entry says goes into the record: it is the caller's. */
static void done_keep(struct wt_task *task, const struct wti_pool_entry *entry, size_t brief)
{
	task->outcome = entry->word & WTI_ENTRY_RESULT ? entry->result : 0;
	if (!(entry->word & WTI_ENTRY_BRIEF))
		return;
	task->reply.brief.size = (uint32_t)brief;
	task->reply.brief.type = entry->extra;
	memcpy(task->bytes, entry->bytes, brief);
}

static WTI_COLD void done_push_late(struct wti_pool_client *client, struct wt_task *task, uint32_t bits)
{
	struct wt_task *top = wti_load(&client->late);

	task->late = bits;
	do {
		task->submitted_at = (int64_t)(uintptr_t)top; /* of no use any more */
		/* pairs with done_pull_late [pool-late]; seq_cst, so that the owner finds it after arming [source-1] */
	} while (!wti_cas_sc(&client->late, &top, task));
}

void wti_pool_back(struct wt_task *task, struct wti_pool_entry *entry, size_t brief)
{
	struct wti_pool_client *client = task->client;
	size_t size = wti_pool_entry_size(entry->word, brief);

	entry->word |= (uint64_t)(uintptr_t)task->own;
	if (wti_unlikely(wti_ring_post(&client->back, entry, size, 0) != 0)) {
		done_keep(task, entry, brief);
		done_push_late(client, task, entry->word & WTI_ENTRY_BITS);
	}
	wti_source_notify(&client->source);
}

int wti_pool_judge(struct wt_task *task, uint32_t generation, int result)
{
	struct wti_pool_client *client = task->client;
	const struct wti_pool_entry verdict = {
		.word = (uint64_t)(uintptr_t)task->own | WTI_ENTRY_VERDICT,
		.result = result,
		.extra = generation,
	};
	int err = wti_ring_post(&client->back, &verdict, WTI_POOL_ENTRY_HEAD, 0);

	wti_source_notify(&client->source);
	return err;
}

/* ---- Taking in ---- */

void wti_pool_unawait(struct wti_pool_client *client, struct wti_pool_own *own)
{
	if (own->told || !own->done)
		return;
	if (--client->awaited == 0)
		wti_loop_release(wti_load(&client->source.owner), WTI_HOLD_TASK);
}

void wti_pool_reply_drop(struct wti_pool_own *own)
{
	bool reply = own->bits & WTI_ENTRY_REPLY;

	own->bits = 0; /* first: a deleter may have this called again */
	if (reply)
		wti_pool_message_free(own->task->reply.message);
}

void wti_pool_input_discard(struct wt_task *task)
{
	if (task->size == WTI_TASK_MAP) {
		wti_pool_map_release((struct wti_pool_map *)(uintptr_t)task->data);
		task->size = 0;
	}
	if (!(task->parts & WTI_TASK_CARGO))
		return;
	task->parts &= (uint8_t)~WTI_TASK_CARGO;
	wti_cargo_discard(task->block);
}

void wti_pool_finished(struct wti_pool_client *client, struct wti_pool_own *own, int result)
{
	own->state = WTI_TASK_FINISHED;
	own->result = result;
	if (own->told)
		wti_pool_reply_drop(own);
	else if (own->done)
		wti_list_append(&client->untold, &own->link);
}

void wti_pool_withdrawn(struct wti_pool_client *client, struct wti_pool_own *own)
{
	wti_store(&client->withdrawn, wti_load(&client->withdrawn) + 1);
	own->bits = 0;
	wti_list_init(&own->link);
	wti_pool_finished(client, own, WT_ECANCELED);
	wti_pool_input_drop(own->task); /* its deleter may cancel the task, wait for it and release it */
	own->away = false;
	wti_pool_task_put(client, own);
}

/* The record is the owner's again, once deleters of what nobody sees have run; what the entry said is kept in it. */
static void done_accept(struct wti_pool_client *client, struct wti_pool_own *own, uint32_t bits)
{
	own->bits = (uint8_t)bits;
	if (own->state == WTI_TASK_SUBMITTED)
		wti_pool_finished(client, own, own->task->outcome);
	else
		wti_pool_reply_drop(own); /* it was judged before */
	if (wti_unlikely(bits & WTI_ENTRY_UNRUN))
		wti_pool_input_drop(own->task);
	own->away = false;
	if (own->state != WTI_TASK_TELLING) /* else who tells that verdict puts it, or client_forget */
		wti_pool_task_put(client, own);
}

static void done_accept_verdict(struct wti_pool_client *client, struct wti_pool_own *own,
				const struct wti_pool_entry *verdict)
{
	if (own->generation != verdict->extra || own->state != WTI_TASK_SUBMITTED)
		return;
	own->bits = 0;
	wti_pool_finished(client, own, verdict->result);
}

static void done_accept_message(struct wti_pool_client *client, struct wti_pool_message *message)
{
	const struct wti_pool_own *own = message->task->own;

	if (own->generation == message->generation && own->state == WTI_TASK_SUBMITTED && own->progress)
		wti_list_append(&client->messages, &message->link);
	else
		wti_pool_message_free(message);
}

/* An entry, taken out of the ring. */
struct done_entry {
	struct wti_pool_entry entry;
	size_t brief; /* bytes of a reply */
};

static inline struct wti_pool_own *done_own(uint64_t word)
{
	return (struct wti_pool_own *)(uintptr_t)(word & ~(uint64_t)WTI_ENTRY_BITS);
}

static inline void done_release(struct wti_pool_client *client)
{
	if (wti_unlikely(!wti_ring_release_short(&client->back)))
		wti_ring_release(&client->back, client->back.read);
}

/* For a wait, and for what is not told at once: by the short way of the ring, too, where that goes. */
static bool done_take(struct wti_pool_client *client, struct done_entry *taken)
{
	unsigned char *to = (unsigned char *)&taken->entry;
	struct wti_record record = wti_ring_next_short(&client->back);

	if (!record.data && !wti_ring_next(&client->back, &record))
		return false;
	taken->entry.word = *(const uint64_t *)record.data;
	taken->brief = 0;
	if (record.size > sizeof taken->entry.word) {
		wti_opaque(to); /* a compiler that knows the object checks each word of the copy by a call */
		wti_copy_short(to, record.data, record.size);
		taken->brief = record.size - WTI_POOL_ENTRY_HEAD;
	}
	done_release(client);
	return true;
}

static void done_accept_entry(struct wti_pool_client *client, const struct done_entry *taken)
{
	uint64_t word = taken->entry.word;

	if (word & WTI_ENTRY_PROGRESS) {
		done_accept_message(client, (void *)(uintptr_t)(word & ~(uint64_t)WTI_ENTRY_PROGRESS));
	} else if (word & WTI_ENTRY_VERDICT) {
		done_accept_verdict(client, done_own(word), &taken->entry);
	} else {
		done_keep(done_own(word)->task, &taken->entry, taken->brief);
		done_accept(client, done_own(word), word & WTI_ENTRY_BITS);
	}
}

static WTI_COLD void done_pull_late(struct wti_pool_client *client)
{
	/* pairs with done_push_late [pool-late] */
	struct wt_task *task = wti_xchg_acqrel(&client->late, NULL);

	while (task && !wti_forked()) {
		struct wt_task *below = (struct wt_task *)(uintptr_t)task->submitted_at;

		done_accept(client, task->own, task->late);
		task = below;
	}
}

bool wti_pool_came_back(struct wti_pool_client *client)
{
	/* pairs with done_push_late [source-1] */
	return wti_ring_ready(&client->back) || wti_load_sc(&client->late);
}

void wti_pool_pull(struct wti_pool_client *client)
{
	struct done_entry taken;

	while (!wti_forked() && done_take(client, &taken))
		done_accept_entry(client, &taken);
	if (!wti_forked() && wti_load(&client->late))
		done_pull_late(client);
}

/* ---- Telling ---- */

void wti_pool_reply_show(struct wti_pool_own *own, wt_message *message)
{
	struct wt_task *task = own->task;
	struct wti_pool_message *reply = own->bits & WTI_ENTRY_REPLY ? task->reply.message : NULL;

	*message = (wt_message){ 0 };
	if (reply && reply->explains)
		reply = reply->beneath;
	if (reply)
		wti_pool_message_show(reply, message);
	else if (own->bits & WTI_ENTRY_BRIEF)
		*message = (wt_message){
			.data = task->bytes,
			.size = task->reply.brief.size,
			.type = task->reply.brief.type,
		};
}

static WTI_INLINE void done_tell(struct wti_pool_client *client, struct wti_pool_own *own, wt_message *reply)
{
	wti_pool_unawait(client, own);
	own->told = true;
	own->state = WTI_TASK_TELLING;
	own->done(own->task, own->result, reply, own->arg);
	if (wti_forked())
		return;
	wti_pool_reply_drop(own);
	own->state = WTI_TASK_FINISHED; /* one of which only the verdict was told is still away */
	wti_pool_task_put(client, own);
}

static void done_tell_task(struct wti_pool_client *client, struct wti_pool_own *own)
{
	wt_message reply;

	wti_pool_reply_show(own, &reply);
	done_tell(client, own, &reply);
}

/* Whether it is a task's end, with a short reply or none, that is to be told by a callback. */
static inline bool done_is_usual(const struct wti_pool_own *own, uint64_t word)
{
	if (word & WTI_ENTRY_BITS & ~(uint64_t)(WTI_ENTRY_BRIEF | WTI_ENTRY_RESULT))
		return false;
	return own->state == WTI_TASK_SUBMITTED && own->done;
}

/* The next one is told soon. */
static inline void done_approach(const struct wti_pool_client *client)
{
	const struct wti_record next = wti_ring_peek_short(&client->back, client->back.read);

	if (next.data)
		wti_prefetch_write(done_own(((const struct wti_pool_entry *)next.data)->word));
}

/*
 * The usual entry, told at once from where it lies, but for a reply: the
 * callback may have the ring released. False: nothing has changed.
 * Kept because it measures better: see pool_submit.c.
 */
static WTI_INLINE bool done_tell_entry(struct wti_pool_client *client)
{
	uint64_t read = client->back.read;
	struct wti_record record = wti_ring_peek_short(&client->back, read);
	const struct wti_pool_entry *entry = record.data;
	_Alignas(16) unsigned char bytes[WTI_TASK_INLINE];
	struct wti_pool_own *own;
	wt_message reply = { 0 };

	if (wti_unlikely(!entry))
		return false;
	own = done_own(entry->word);
	if (wti_unlikely(!done_is_usual(own, entry->word)))
		return false;
	own->away = false;
	own->bits = 0;
	own->result = entry->word & WTI_ENTRY_RESULT ? entry->result : 0;
	if (entry->word & WTI_ENTRY_BRIEF) {
		reply = (wt_message){ .data = bytes, .size = record.size - WTI_POOL_ENTRY_HEAD, .type = entry->extra };
		if (wti_likely(wti_is_short(reply.size))) /* wti_copy would be called here, not inline */
			wti_copy_short(bytes, entry->bytes, reply.size);
		else
			memcpy(bytes, entry->bytes, reply.size);
	}
	wti_ring_take_short(&client->back, read, &record);
	done_release(client);
	done_approach(client);
	done_tell(client, own, &reply);
	return true;
}

static void done_tell_message(struct wti_pool_client *client, struct wti_pool_message *message)
{
	struct wt_task *task = message->task;
	const struct wti_pool_own *own = task->own;
	wt_message shown;

	if (own->generation == message->generation && own->state != WTI_TASK_FREE && !own->told && own->progress) {
		wti_pool_message_show(message, &shown);
		wti_list_append(&client->shown, &message->link);
		task->on_progress(task, &shown, own->arg);
		if (wti_forked())
			return;
		wti_list_remove(&message->link);
	}
	wti_pool_message_free(message);
}

/* What was taken out of the ring before: messages, or a task. */
static WTI_COLD void done_tell_listed(struct wti_pool_client *client)
{
	struct wti_list *link = wti_list_pop(&client->messages);

	if (link)
		done_tell_message(client, wti_list_entry(link, struct wti_pool_message, link));
	else
		done_tell_task(client, wti_list_entry(wti_list_pop(&client->untold), struct wti_pool_own, link));
}

/* Whatever it is. */
static WTI_APART bool done_tell_any(struct wti_pool_client *client)
{
	struct done_entry taken;

	while (!wti_forked()) {
		if (!wti_list_empty(&client->messages) || !wti_list_empty(&client->untold)) {
			done_tell_listed(client);
			return true;
		}
		if (done_take(client, &taken))
			done_accept_entry(client, &taken);
		else if (wti_load(&client->late))
			done_pull_late(client);
		else
			return false;
	}
	return false;
}

static WTI_INLINE bool done_tell_next(struct wti_pool_client *client)
{
	if (wti_likely(wti_list_empty(&client->messages) && wti_list_empty(&client->untold)) &&
	    wti_likely(done_tell_entry(client)))
		return true;
	return done_tell_any(client);
}

void wti_pool_tell_all(struct wti_pool_client *client)
{
	wti_pool_client_enter(client);
	client->callbacks++;
	while (done_tell_next(client) && !wti_forked())
		;
	client->callbacks--;
	client->inside--; /* who calls ends it */
}

static bool client_ready(struct wti_source *source)
{
	struct wti_pool_client *client = wti_container_of(source, struct wti_pool_client, source);

	if (client->callbacks)
		return false;
	return !wti_list_empty(&client->untold) || !wti_list_empty(&client->messages) || wti_pool_came_back(client) ||
	       wti_pool_drain_due(client);
}

/* All that was there is told: let some results get ahead, where many are under way. */
static void client_gather(const struct wti_pool_client *client)
{
	int64_t estimate = wti_load(&client->pool->estimate);

	if (client->used >= DONE_GATHER && estimate && estimate < DONE_CROWDED_MIN)
		wti_wait_gather(DONE_GATHER_PAUSES);
}

static void client_turn(struct wti_source *source, unsigned *calls)
{
	struct wti_pool_client *client = wti_container_of(source, struct wti_pool_client, source);
	struct wti_thread *self = wti_load(&source->owner);
	unsigned n = 0;

	wti_pool_client_enter(client);
	client->callbacks++;
	while (n < DONE_SHARE && !wti_loop_interrupted(self) && done_tell_next(client)) {
		n++;
		if (wti_forked())
			return;
	}
	if (wti_pool_drain_due(client) && !wti_loop_interrupted(self)) {
		n++;
		wti_pool_drain_tell(client);
		if (wti_forked())
			return;
	}
	*calls += n;
	wti_ring_flush(&client->back);
	if (n < DONE_SHARE)
		client_gather(client);
	client->callbacks--;
	wti_pool_client_leave(client);
}

/*
 * With tasks away for all processors, a submitter that polls takes one of them
 * from a worker; and where tasks are short, one that is woken for each takes
 * more time than they do. If the workers have enough to do, it sleeps for a
 * moment, and finds some at once: two workers and tasks of a microsecond, from
 * 0.5 to 2 million a second. The moment is a part of the time for which a task
 * waits in such a queue anyway.
 */
int64_t wti_pool_crowded(const struct wti_pool_client *client)
{
	const struct wt_pool *pool = client->pool;
	int64_t estimate = wti_load(&pool->estimate);
	int64_t ahead;

	if (client->used < pool->processors || pool->options.max_workers < pool->processors ||
	    estimate < DONE_CROWDED_MIN)
		return WTI_WAIT_FREE;
	if (__builtin_mul_overflow(estimate, (int64_t)client->used, &ahead))
		ahead = INT64_MAX;
	ahead /= 2 * (int64_t)pool->options.max_workers;
	if (ahead < DONE_NAP_MIN && estimate < DONE_NAP_MIN)
		return WTI_WAIT_FREE; /* one will be back soon, and its worker would have nothing to do */
	if (ahead < DONE_NAP_MIN || estimate > DONE_NAP_MAX)
		return 0;
	return ahead < DONE_NAP_MAX ? ahead : DONE_NAP_MAX;
}

static int64_t client_crowded(struct wti_source *source)
{
	return wti_pool_crowded(wti_container_of(source, struct wti_pool_client, source));
}

const struct wti_source_ops wti_pool_client_ops = {
	.turn = client_turn,
	.ready = client_ready,
	.crowded = client_crowded,
};
