/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

static void free_table(void *table)
{
	printf("table freed\n");
	free(table);
}

static void say_goodbye(void *name)
{
	printf("goodbye from %s\n", (const char *)name);
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int *table = calloc(1000, sizeof *table);
	int err;

	if (!table)
		return WT_ENOMEM;
	err = wt_defer(free_table, table);
	if (!err)
		err = wt_on_exit(say_goodbye, "the exit handler");
	if (!err)
		err = wt_port_post(parent, NULL, 0);
	/* However this ends, the table is freed. */
	return err ? err : wt_port_receive(parent, &message, WT_FOREVER);
}

static int start(wt_worker **worker)
{
	wt_message message;
	int err = wt_worker_create(worker, worker_main, NULL, 0, NULL);

	/* Its first message says that both are registered. */
	if (err)
		return err;
	return wt_port_receive(wt_worker_port(*worker), &message,
			       WT_FOREVER);
}

int main(void)
{
	wt_worker *worker;
	int err = start(&worker);

	if (!err)
		err = wt_worker_post(worker, NULL, 0);
	if (!err)
		err = wt_worker_join(worker, NULL, WT_FOREVER);
	wt_worker_destroy(worker);
	if (err)
		return 1;

	printf("-- and when it is terminated:\n");
	err = start(&worker);
	if (!err)
		err = wt_worker_terminate(worker, WT_FOREVER);
	wt_worker_destroy(worker);
	return err != 0;
}
