/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

#define TASKS 3

static int count_lines(wt_task *task, wt_message *path, void *state)
{
	FILE *file = fopen(path->data, "r");
	unsigned long lines = 0;
	wt_outgoing reply = { .data = &lines, .size = sizeof lines };
	int c;

	if (!file)
		return -errno;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return wt_task_reply(task, &reply);
}

static void on_count(wt_task *task, int result, wt_message *reply,
		     void *arg)
{
	if (!result)
		printf("%s: told\n", (const char *)arg);
}

static int tell(int argc, char **argv)
{
	wt_pool *pool;
	int err;

	err = wt_pool_create(&pool, count_lines, NULL);
	for (int i = 1; !err && i < argc; i++) {
		wt_outgoing input = { .data = argv[i],
				      .size = strlen(argv[i]) + 1 };

		err = wt_pool_submit(pool, &input, on_count, argv[i], NULL,
				     NULL);
	}
	if (!err)
		err = wt_run();
	wt_pool_destroy(pool);
	return err;
}

static int submit_all(wt_pool *pool, char *path, wt_task **tasks)
{
	const wt_outgoing input = { .data = path,
				    .size = strlen(path) + 1 };
	int err = 0;

	for (int i = 0; !err && i < TASKS; i++)
		err = wt_pool_submit(pool, &input, NULL, NULL, NULL,
				     &tasks[i]);
	return err;
}

/* Each answer in its turn. */
static int wait_for(wt_task *const *tasks)
{
	unsigned long lines;
	wt_message reply;
	int result;
	int err = 0;

	for (int i = 0; !err && i < TASKS; i++) {
		err = wt_task_wait(tasks[i], &result, &reply, WT_FOREVER);
		if (!err && !result) {
			memcpy(&lines, reply.data, sizeof lines);
			printf("%d: %lu\n", i, lines);
		}
		wt_task_release(tasks[i]);
	}
	return err;
}

static int in_order(char *path)
{
	const wt_outgoing input = { .data = path,
				    .size = strlen(path) + 1 };
	wt_task *tasks[TASKS];
	wt_pool *pool;
	int err;

	err = wt_pool_create(&pool, count_lines,
			     WT_POOL_OPTIONS(.queue_tasks = 1000));
	if (!err)
		err = submit_all(pool, path, tasks);
	if (!err)
		err = wait_for(tasks);
	if (!err)
		err = wt_pool_submit(pool, &input, on_count, path,
				     WT_TASK_OPTIONS(.wait_until = WT_FOREVER),
				     NULL);
	if (!err)
		err = wt_run();
	wt_pool_destroy(pool);
	return err;
}

int main(void)
{
	static char path[] = "/dev/null";
	char *argv[] = { "lines", path, NULL };
	int err = tell(2, argv);

	if (!err)
		err = in_order(path);
	return err != 0;
}
