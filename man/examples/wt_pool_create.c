/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

struct counter {
	char unit[8]; /* of workerData */
	int tasks;
};

static int init(void **state, const void *data, size_t size)
{
	struct counter *counter = wt_calloc(1, sizeof *counter);

	if (!counter)
		return WT_ENOMEM;
	memcpy(counter->unit, data, size);
	*state = counter;
	return 0;
}

static void fini(void *state)
{
	wt_free(state);
}

static int task_fn(wt_task *task, wt_message *input, void *state)
{
	struct counter *counter = state;
	const int *number = input->data;
	char line[64];
	wt_outgoing reply = { .data = line };

	counter->tasks++;
	reply.size = (size_t)snprintf(line, sizeof line, "%d %s", *number,
				      counter->unit);
	return wt_task_reply(task, &reply);
}

int main(void)
{
	wt_pool *pool;
	wt_task *task;
	wt_message reply;
	int number = 42;
	wt_outgoing input = { .data = &number, .size = sizeof number };
	int err;

	err = wt_pool_create(&pool, task_fn,
			     WT_POOL_OPTIONS(.max_workers = 2,
					     .init = init, .fini = fini,
					     .data = "km",
					     .data_size = sizeof "km"));
	if (err)
		return fprintf(stderr, "pool: %s\n", wt_strerror(err)), 1;
	err = wt_pool_submit(pool, &input, NULL, NULL, NULL, &task);
	if (!err)
		err = wt_task_wait(task, NULL, &reply, WT_FOREVER);
	if (!err)
		printf("%.*s\n", (int)reply.size,
		       (const char *)reply.data);
	wt_pool_destroy(pool);
	return err != 0;
}
