/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdio.h>
#include <wt.h>

/* On a worker, as the work callback of uv_queue_work is. */
static int work(wt_task *task, wt_message *input, void *state)
{
	const int steps = *(const int *)input->data;
	int err = 0;

	for (int step = 1; !err && step <= steps; step++) {
		wt_outgoing news = { .data = &step, .size = sizeof step };

		err = wt_task_progress(task, &news);
	}
	return err;
}

/* On the loop's thread, in place of a uv_async_t's callback. */
static void on_progress(wt_task *task, wt_message *news, void *arg)
{
	printf("step %d\n", *(const int *)news->data);
}

/* On the loop's thread, as after_work is. */
static void after_work(wt_task *task, int result, wt_message *reply,
		       void *arg)
{
	printf("%s\n", result ? wt_strerror(result) : "done");
}

/* The program's loop: uv_poll_start does the same with this fd. */
static int run_loop(int fd)
{
	struct pollfd fds[1] = { { .fd = fd, .events = POLLIN } };
	int err = 0;

	while (wt_loop_alive() && (err >= 0 || err == WT_EAGAIN))
		if (poll(fds, 1, -1) == 1)
			err = wt_run_once(WT_NOW);
	return err < 0 && err != WT_EAGAIN ? err : 0;
}

int main(void)
{
	const int steps = 3;
	const wt_outgoing input = { .data = &steps, .size = sizeof steps };
	wt_pool *pool;
	int fd;
	int err = wt_pool_create(&pool, work, NULL);

	if (!err)
		err = wt_loop_fd(&fd);
	if (!err)
		err = wt_pool_submit(
			pool, &input, after_work, NULL,
			WT_TASK_OPTIONS(.on_progress = on_progress), NULL);
	if (!err)
		err = run_loop(fd);
	wt_pool_destroy(pool);
	return err != 0;
}
