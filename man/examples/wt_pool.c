/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* On a worker: the lines of a file, or why they cannot be counted. */
static int count_lines(wt_task *task, wt_message *path, void *state)
{
	FILE *file = fopen(path->data, "r");
	unsigned long lines = 0;
	int c;

	if (!file)
		return -errno;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return wt_task_reply(task, &(wt_outgoing){ .data = &lines,
						   .size = sizeof lines });
}

/* On the main thread, in wt_run. */
static void on_count(wt_task *task, int result, wt_message *reply,
		     void *arg)
{
	const char *path = arg;
	unsigned long lines;

	if (result) {
		printf("%s: %s\n", path, wt_strerror(result));
		return;
	}
	memcpy(&lines, reply->data, sizeof lines);
	printf("%s: %lu lines\n", path, lines);
}

static int submit(wt_pool *pool, char *path)
{
	return wt_pool_submit(pool,
			      &(wt_outgoing){ .data = path,
					      .size = strlen(path) + 1 },
			      on_count, path, NULL, NULL);
}

int main(int argc, char **argv)
{
	static char nothing[] = "/dev/null";
	wt_pool *pool;
	int err = wt_pool_create(&pool, count_lines, NULL);

	if (!err && argc < 2)
		err = submit(pool, nothing);
	for (int i = 1; !err && i < argc; i++)
		err = submit(pool, argv[i]);
	if (!err)
		err = wt_run(); /* until each has been told */
	wt_pool_destroy(pool);
	return err != 0;
}
