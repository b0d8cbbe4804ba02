/* SPDX-License-Identifier: MIT */
#include "wtsum_queue.h"

#include "output.h"
#include "wtsum_hash.h"

#include <stdlib.h>
#include <string.h>

/*
 * So many small files may be done while a large one before them is not. The
 * pool's own limit would not do: it counts what waits for a worker, not what
 * waits to be told.
 */
enum { QUEUE_FILES = 8192 };

struct queue_slot {
	struct wtsum_queue *queue;
	char *name;
	bool done;
	int error;
	unsigned char digest[WTSUM_DIGEST];
	unsigned char expected[WTSUM_DIGEST];
};

struct wtsum_queue {
	wt_pool *pool;
	struct progress *progress;
	wtsum_hashed_fn *hashed; /* NULL: nobody wants to hear any more */
	void *arg;
	/* Positions, taken modulo the number of slots: what lies between them has been added and not been told. */
	size_t told;
	size_t added;
	struct queue_slot slots[QUEUE_FILES];
};

int wtsum_queue_create(struct wtsum_queue **queue, unsigned jobs, struct progress *progress)
{
	int err = WT_ENOMEM;

	*queue = calloc(1, sizeof **queue);
	if (!*queue)
		return err;
	(*queue)->progress = progress;
	err = wt_pool_create(&(*queue)->pool, wtsum_hash,
			     WT_POOL_OPTIONS(.name = "wtsum", .max_workers = jobs, .init = wtsum_hasher_init,
					     .fini = wtsum_hasher_fini));
	if (err) {
		free(*queue);
		*queue = NULL;
	}
	return err;
}

void wtsum_queue_on_hashed(struct wtsum_queue *queue, wtsum_hashed_fn *hashed, void *arg)
{
	queue->hashed = hashed;
	queue->arg = arg;
}

static void queue_tell(struct wtsum_queue *queue, struct queue_slot *slot)
{
	struct wtsum_hashed file = {
		.name = slot->name,
		.error = slot->error,
		.digest = slot->digest,
		.expected = slot->expected,
	};

	if (queue->hashed)
		queue->hashed(&file, queue->arg);
	free(slot->name);
}

static void queue_tell_done(struct wtsum_queue *queue)
{
	while (queue->told != queue->added) {
		struct queue_slot *slot = &queue->slots[queue->told % QUEUE_FILES];

		if (!slot->done)
			return;
		queue_tell(queue, slot);
		queue->told++;
	}
}

static void queue_on_progress(wt_task *task, wt_message *message, void *arg)
{
	const struct queue_slot *slot = arg;

	(void)task;
	progress_add(slot->queue->progress, *(const uint64_t *)message->data);
}

static void queue_on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct queue_slot *slot = arg;

	(void)task;
	slot->done = true;
	slot->error = result;
	if (result == 0) {
		const struct wtsum_digest *digest = reply->data;

		memcpy(slot->digest, digest->bytes, sizeof slot->digest);
		progress_add(slot->queue->progress, digest->untold);
	}
	queue_tell_done(slot->queue);
}

/* Let the loop call back what has come, or wait for something until `deadline`. */
static int queue_turn(wt_time deadline)
{
	int calls = wt_run_once(deadline);

	return calls < 0 && calls != WT_EAGAIN ? calls : 0;
}

static int queue_submit(struct wtsum_queue *queue, struct queue_slot *slot)
{
	wt_outgoing input = { .data = slot->name, .size = strlen(slot->name) + 1 };
	const wt_task_options *options = WT_TASK_OPTIONS(.on_progress = queue_on_progress);

	return wt_pool_submit(queue->pool, &input, queue_on_done, slot, options, NULL);
}

/* Fill the next slot, which is free. */
static int queue_put(struct wtsum_queue *queue, const char *name, const unsigned char *expected)
{
	struct queue_slot *slot = &queue->slots[queue->added % QUEUE_FILES];
	int err;

	*slot = (struct queue_slot){ .queue = queue, .name = strdup(name) };
	if (!slot->name)
		return WT_ENOMEM;
	if (expected)
		memcpy(slot->expected, expected, sizeof slot->expected);
	err = queue_submit(queue, slot);
	if (err)
		free(slot->name);
	else
		queue->added++;
	return err;
}

int wtsum_queue_add(struct wtsum_queue *queue, const char *name, const unsigned char *expected)
{
	/* Standard input has its end once: who reads it second must find nothing. */
	size_t most = strcmp(name, "-") == 0 ? 1 : QUEUE_FILES;
	int err = 0;

	while (!err && queue->added - queue->told >= most && !output_has_failed())
		err = queue_turn(WT_FOREVER);
	if (output_has_failed())
		return err;
	if (!err)
		err = queue_put(queue, name, expected);
	return err ? err : queue_turn(WT_NOW);
}

int wtsum_queue_finish(struct wtsum_queue *queue)
{
	int err = 0;

	/* Where nobody hears of it, what has not begun need not. */
	while (!err && queue->told != queue->added && !output_has_failed())
		err = queue_turn(WT_FOREVER);
	return err;
}

void wtsum_queue_destroy(struct wtsum_queue *queue)
{
	if (!queue)
		return;
	queue->hashed = NULL;
	wt_pool_destroy(queue->pool);
	free(queue);
}
