/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* Of each worker its own. */
static int open_database(void **state, const void *data, size_t size)
{
	*state = fopen(data, "r");
	return *state ? 0 : -errno;
}

static void close_database(void *state)
{
	fclose(state);
}

/* Fills the buffer from it, and gives it back. */
static int look_up(wt_task *task, wt_message *input, void *state)
{
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	const wt_outgoing reply = { .transfer = list,
				    .transfer_count = 1 };
	int err = wt_message_take_buffer(input, 0, &buffer);

	if (err)
		return err;
	if (fread(wt_buffer_data(buffer), wt_buffer_size(buffer), 1, state))
		err = wt_task_reply(task, &reply);
	else
		err = -EIO;
	wt_buffer_destroy(buffer);
	return err;
}

static void on_done(wt_task *task, int result, wt_message *reply,
		    void *arg)
{
	wt_buffer *buffer;

	if (!result)
		result = wt_message_take_buffer(reply, 0, &buffer);
	if (result) {
		printf("no bytes: %s\n", wt_strerror(result));
		return;
	}
	printf("%zu bytes\n", wt_buffer_size(buffer));
	wt_buffer_destroy(buffer);
}

static int move(wt_pool *pool)
{
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	int err = wt_buffer_create(&buffer, 1 << 20);

	if (!err)
		err = wt_pool_submit(pool,
				     &(wt_outgoing){ .transfer = list,
						     .transfer_count = 1 },
				     on_done, NULL, NULL, NULL);
	if (!err)
		err = wt_run();
	wt_buffer_destroy(buffer);
	return err;
}

static int scale(size_t begin, size_t end, void *arg)
{
	double *array = arg;

	for (size_t i = begin; i < end; i++)
		array[i] *= 2;
	return 0;
}

static int map(wt_pool *pool)
{
	double array[] = { 1, 2, 3 };
	const size_t count = sizeof array / sizeof array[0];
	int err;

	err = wt_pool_map(pool, &(wt_range){ .end = count }, scale, array,
			  WT_FOREVER);
	printf("%g %g %g\n", array[0], array[1], array[2]);
	return err;
}

int main(void)
{
	const char *path = "/dev/zero";
	wt_pool *pool;
	int err;

	err = wt_pool_create(&pool, look_up,
			     WT_POOL_OPTIONS(.init = open_database,
					     .fini = close_database,
					     .data = path,
					     .data_size = strlen(path) + 1));
	if (!err)
		err = move(pool);
	if (!err)
		err = map(pool);
	wt_pool_destroy(pool);
	return err != 0;
}
