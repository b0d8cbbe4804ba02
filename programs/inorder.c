/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_getaffinity */
#include "inorder.h"

#include <sched.h>
#include <stdlib.h>

/* For each worker: the task that it runs, and the next. */
#define TASKS_PER_WORKER 2

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

int inorder_init(struct inorder *inorder, wt_task_fn *fn, const wt_pool_options *options)
{
	wt_pool_options own = *options;
	int err;

	if (!own.min_workers)
		own.min_workers = processors();
	own.max_workers = own.min_workers;
	*inorder = (struct inorder){ .room = (size_t)TASKS_PER_WORKER * own.min_workers };
	inorder->entries = calloc(inorder->room, sizeof *inorder->entries);
	if (!inorder->entries)
		return WT_ENOMEM;
	err = wt_pool_create(&inorder->pool, fn, &own);
	if (err)
		free(inorder->entries);
	return err;
}

bool inorder_full(const struct inorder *inorder)
{
	return inorder->count == inorder->room;
}

int inorder_submit(struct inorder *inorder, const wt_outgoing *input, void *tag)
{
	struct inorder_entry *entry = &inorder->entries[(inorder->first + inorder->count) % inorder->room];
	int err = wt_pool_submit(inorder->pool, input, NULL, NULL, NULL, &entry->task);

	if (err)
		return err;
	entry->tag = tag;
	inorder->count++;
	return 0;
}

int inorder_peek(struct inorder *inorder, int *result, wt_message *reply, void **tag)
{
	const struct inorder_entry *entry = &inorder->entries[inorder->first];

	if (!inorder->count)
		return WT_EAGAIN;
	*tag = entry->tag;
	return wt_task_wait(entry->task, result, reply, WT_FOREVER);
}

void inorder_pop(struct inorder *inorder)
{
	wt_task_release(inorder->entries[inorder->first].task);
	inorder->first = (inorder->first + 1) % inorder->room;
	inorder->count--;
}

void inorder_free(struct inorder *inorder)
{
	while (inorder->count)
		inorder_pop(inorder);
	wt_pool_destroy(inorder->pool);
	free(inorder->entries);
}
