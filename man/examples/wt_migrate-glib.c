/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

#define TEXTS 3

/* The worker function: FNV-1a of a text. */
static int hash(wt_task *task, wt_message *text, void *state)
{
	const unsigned char *bytes = text->data;
	uint32_t sum = 2166136261u;
	wt_outgoing reply = { .data = &sum, .size = sizeof sum };

	for (size_t i = 0; i < text->size; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	return wt_task_reply(task, &reply);
}

static int push(wt_pool *pool, const char *text, wt_task **task)
{
	const wt_outgoing input = { .data = text, .size = strlen(text) };

	return wt_pool_submit(pool, &input, NULL, NULL, NULL, task);
}

static int pop(wt_task *task, const char *text)
{
	wt_message reply;
	int result = 0;
	int err = wt_task_wait(task, &result, &reply, WT_FOREVER);

	if (!err && !result)
		printf("%08" PRIx32 " %s\n",
		       *(const uint32_t *)reply.data, text);
	wt_task_release(task);
	return err ? err : result;
}

int main(void)
{
	const char *const texts[TEXTS] = { "each", "in", "its turn" };
	wt_task *tasks[TEXTS] = { NULL };
	wt_pool *pool;
	int err = wt_pool_create(&pool, hash,
				 WT_POOL_OPTIONS(.max_workers = 2));

	for (int i = 0; !err && i < TEXTS; i++)
		err = push(pool, texts[i], &tasks[i]);
	for (int i = 0; !err && i < TEXTS; i++)
		err = pop(tasks[i], texts[i]);
	wt_pool_destroy(pool);
	return err != 0;
}
