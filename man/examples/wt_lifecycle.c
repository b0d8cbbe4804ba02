/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void say(void *text)
{
	printf("%s\n", (const char *)text);
}

static int nested(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_defer(say, "3 nested worker's cleanup");

	/* Say that the cleanup stands, then wait to be ended. */
	if (!err)
		err = wt_port_post(parent, NULL, 0);
	while (!err)
		err = wt_port_receive(parent, &message, WT_FOREVER);
	return err;
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	wt_worker *child;
	wt_message message;
	int err = wt_defer(say, "2 deferred cleanup");

	if (!err)
		err = wt_on_exit(say, "1 exit handler");
	if (!err)
		err = wt_worker_create(&child, nested, NULL, 0, NULL);
	if (!err)
		err = wt_port_receive(wt_worker_port(child), &message,
				      WT_FOREVER);
	return err; /* its own end will end the child, too */
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("4 exit event, code %d\n", code);
	wt_worker_destroy(worker);
}

int main(void)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, worker_main, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_exit(worker, on_exit_, NULL);
	return wt_run() != 0;
}
