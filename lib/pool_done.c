/* SPDX-License-Identifier: MIT
 *
 * What comes back from the workers, and how the submitter's loop tells it.
 * Entries come through the client's ring; where there is no memory for one,
 * the record itself is pushed on a stack. A wait (pool_task.c) takes entries
 * out as well, and leaves what it does not wait for to the loop.
 */
#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "pool.h"

enum { DONE_SHARE = 1000 }; /* tasks that are told in a turn */

/* ---- Sending back ---- */

static WTI_COLD void done_push_late(struct wti_pool_client *client, struct wt_task *task, uint32_t bits)
{
	struct wt_task *top = wti_load(&client->late);

	task->entry_bits = bits;
	do {
		task->link.next = (struct wti_list *)(void *)top;
		/* pairs with done_pull_late [pool-late]; seq_cst, so that the owner finds it after arming [source-1] */
	} while (!wti_cas_sc(&client->late, &top, task));
}

void wti_pool_back(struct wt_task *task, uint32_t bits)
{
	struct wti_pool_client *client = task->client;
	uint64_t entry = (uint64_t)(uintptr_t)task | bits;

	if (wti_unlikely(wti_ring_post(&client->back, &entry, sizeof entry, 0) != 0))
		done_push_late(client, task, bits);
	wti_source_notify(&client->source);
}

int wti_pool_judge(struct wt_task *task, uint32_t generation, int result)
{
	struct wti_pool_client *client = task->client;
	const struct wti_pool_verdict verdict = {
		.entry = (uint64_t)(uintptr_t)task | WTI_ENTRY_VERDICT,
		.generation = generation,
		.result = result,
	};
	int err = wti_ring_post(&client->back, &verdict, sizeof verdict, 0);

	wti_source_notify(&client->source);
	return err;
}

/* ---- Taking in ---- */

void wti_pool_unawait(struct wti_pool_client *client, struct wt_task *task)
{
	if (task->told || !task->done)
		return;
	if (--client->awaited == 0)
		wti_loop_release(wti_load(&client->source.owner));
}

void wti_pool_reply_drop(struct wt_task *task)
{
	if (task->reply)
		wti_pool_message_free(task->reply);
	task->reply = NULL;
	task->reply_size = 0;
	task->entry_bits = 0;
}

/* What came with the input, of a task that no worker has run. */
void wti_pool_input_drop(struct wt_task *task)
{
	struct wti_list dropped;

	if (wti_unlikely(task->size == WTI_TASK_MAP)) {
		wti_pool_map_release((struct wti_pool_map *)(uintptr_t)task->data);
		task->size = 0;
	}
	if (wti_likely(!task->cargo))
		return;
	wti_list_init(&dropped);
	wti_cargo_drop(task->cargo, &dropped);
	task->cargo = NULL;
	wti_cargo_destroy_all(&dropped);
}

void wti_pool_finished(struct wti_pool_client *client, struct wt_task *task, int result)
{
	task->state = WTI_TASK_FINISHED;
	task->result = result;
	wti_list_init(&task->link);
	if (task->told)
		wti_pool_reply_drop(task);
	else if (task->done)
		wti_list_append(&client->untold, &task->link);
}

void wti_pool_withdrawn(struct wti_pool_client *client, struct wt_task *task)
{
	wti_store(&client->withdrawn, wti_load(&client->withdrawn) + 1);
	task->away = false;
	task->entry_bits = 0;
	wti_pool_input_drop(task);
	wti_pool_finished(client, task, WT_ECANCELED);
}

/* The record is the owner's again. */
static void done_accept(struct wti_pool_client *client, struct wt_task *task, uint32_t bits)
{
	task->away = false;
	wti_pool_input_drop(task);
	if (task->state == WTI_TASK_SUBMITTED) {
		task->entry_bits = bits;
		wti_pool_finished(client, task, bits & WTI_ENTRY_RESULT ? task->outcome : 0);
	} else if (bits & WTI_ENTRY_REPLY && task->reply) {
		wti_pool_reply_drop(task); /* it was judged before */
	}
	wti_pool_task_put(client, task);
}

static void done_accept_verdict(struct wti_pool_client *client, struct wt_task *task,
				const struct wti_pool_verdict *verdict)
{
	if (task->generation != verdict->generation || task->state != WTI_TASK_SUBMITTED)
		return;
	task->entry_bits = 0;
	wti_pool_finished(client, task, verdict->result);
	wti_pool_task_put(client, task);
}

static void done_accept_message(struct wti_pool_client *client, struct wti_pool_message *message)
{
	const struct wt_task *task = message->task;

	if (task->generation == message->generation && task->state == WTI_TASK_SUBMITTED && task->on_progress)
		wti_list_append(&client->messages, &message->link);
	else
		wti_pool_message_free(message);
}

/* One entry, if there is one. */
static bool done_pull_one(struct wti_pool_client *client)
{
	struct wti_record record;
	struct wti_pool_verdict entry = { 0 };
	uint32_t bits;
	void *address;

	if (!wti_ring_next(&client->back, &record))
		return false;
	entry.entry = *(const uint64_t *)record.data;
	if (record.size == sizeof entry)
		entry = *(const struct wti_pool_verdict *)record.data;
	wti_ring_release(&client->back, client->back.read);
	bits = entry.entry & WTI_ENTRY_BITS;
	address = (void *)(uintptr_t)(entry.entry & ~(uint64_t)WTI_ENTRY_BITS);
	if (bits & WTI_ENTRY_PROGRESS)
		done_accept_message(client, address);
	else if (bits & WTI_ENTRY_VERDICT)
		done_accept_verdict(client, address, &entry);
	else
		done_accept(client, address, bits);
	return true;
}

static WTI_COLD bool done_pull_late(struct wti_pool_client *client)
{
	/* pairs with done_push_late [pool-late] */
	struct wt_task *task = wti_xchg_acqrel(&client->late, NULL);

	while (task) {
		struct wt_task *below = (struct wt_task *)(void *)task->link.next;

		done_accept(client, task, task->entry_bits);
		task = below;
	}
	return true;
}

bool wti_pool_came_back(struct wti_pool_client *client)
{
	/* pairs with done_push_late [source-1] */
	return wti_ring_ready(&client->back) || wti_load_sc(&client->late);
}

void wti_pool_pull(struct wti_pool_client *client)
{
	while (done_pull_one(client))
		;
	if (wti_load(&client->late))
		done_pull_late(client);
}

/* ---- Telling ---- */

void wti_pool_reply_show(struct wt_task *task, wt_message *message)
{
	*message = (wt_message){ 0 };
	if (wti_likely(!(task->entry_bits & WTI_ENTRY_REPLY)))
		return;
	if (task->reply)
		wti_pool_message_show(task->reply, message);
	else
		*message = (wt_message){
			.data = task->bytes + WTI_TASK_INLINE - wti_round_up(task->reply_size, 8),
			.size = task->reply_size,
			.type = task->reply_type,
		};
}

static void done_tell_task(struct wti_pool_client *client, struct wt_task *task)
{
	wt_message reply;

	wti_pool_reply_show(task, &reply);
	wti_pool_unawait(client, task);
	task->told = true;
	task->state = WTI_TASK_TELLING;
	task->done(task, task->result, &reply, task->arg);
	if (wti_forked())
		return;
	if (wti_unlikely(task->entry_bits & WTI_ENTRY_REPLY))
		wti_pool_reply_drop(task);
	wti_pool_task_put(client, task);
}

static void done_tell_message(struct wti_pool_client *client, struct wti_pool_message *message)
{
	struct wt_task *task = message->task;
	wt_message shown;

	if (task->generation == message->generation && !task->told && task->on_progress) {
		wti_pool_message_show(message, &shown);
		wti_list_append(&client->shown, &message->link);
		task->on_progress(task, &shown, task->arg);
		if (wti_forked())
			return;
		wti_list_remove(&message->link);
	}
	wti_pool_message_free(message);
}

static bool done_tell_next(struct wti_pool_client *client)
{
	struct wti_list *link;

	for (;;) {
		link = wti_list_pop(&client->messages);
		if (wti_unlikely(link != NULL)) {
			done_tell_message(client, wti_list_entry(link, struct wti_pool_message, link));
			return true;
		}
		link = wti_list_pop(&client->untold);
		if (link) {
			done_tell_task(client, wti_list_entry(link, struct wt_task, link));
			return true;
		}
		if (!done_pull_one(client) && !(wti_load(&client->late) && done_pull_late(client)))
			return false;
	}
}

void wti_pool_tell_all(struct wti_pool_client *client)
{
	client->callbacks++;
	while (done_tell_next(client) && !wti_forked())
		;
	client->callbacks--;
}

static bool client_ready(struct wti_source *source)
{
	struct wti_pool_client *client = wti_container_of(source, struct wti_pool_client, source);

	if (client->callbacks)
		return false;
	return !wti_list_empty(&client->untold) || !wti_list_empty(&client->messages) || wti_pool_came_back(client) ||
	       wti_pool_drain_due(client);
}

static void client_turn(struct wti_source *source, unsigned *calls)
{
	struct wti_pool_client *client = wti_container_of(source, struct wti_pool_client, source);
	struct wti_thread *self = wti_load(&source->owner);
	unsigned n = 0;

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
	client->callbacks--;
	wti_pool_client_leave(client);
}

const struct wti_source_ops wti_pool_client_ops = {
	.turn = client_turn,
	.ready = client_ready,
};
