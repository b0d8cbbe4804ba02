/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Count down, tell of each step, and reply with their number. */
static int count_down(wt_task *task, wt_message *input, void *state)
{
	int n = *(const int *)input->data;
	int steps = 0;
	wt_outgoing message = { .data = &n, .size = sizeof n };
	wt_outgoing reply = { .data = &steps, .size = sizeof steps };
	int err = 0;

	(void)state;
	for (; n && !err; n--, steps++) {
		if (wt_task_cancelled(task))
			return WT_ECANCELED;
		err = wt_task_progress(task, &message);
	}
	return err ? err : wt_task_reply(task, &reply);
}

static void on_progress(wt_task *task, wt_message *message, void *arg)
{
	(void)task;
	(void)arg;
	printf("%d ...\n", *(const int *)message->data);
}

static void done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)task;
	(void)arg;
	if (!result)
		printf("%d steps\n", *(const int *)reply->data);
}

int main(void)
{
	wt_pool *pool;
	int n = 3;
	wt_outgoing input = { .data = &n, .size = sizeof n };
	int err = wt_pool_create(&pool, count_down, NULL);

	if (!err)
		err = wt_pool_submit(
			pool, &input, done, NULL,
			WT_TASK_OPTIONS(.on_progress = on_progress), NULL);
	if (!err)
		err = wt_run();
	wt_pool_destroy(pool);
	return err != 0;
}
