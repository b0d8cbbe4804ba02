/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* The consumer: its parent port is the queue. */
static int writer(wt_port *parent, const void *data, size_t size)
{
	wt_message line;
	int err;

	while ((err = wt_port_receive(parent, &line, WT_FOREVER)) == 0) {
		if (line.size == 0)
			return 0; /* the end of the queue */
		printf("%.*s\n", (int)line.size,
		       (const char *)line.data);
	}
	return err;
}

/* A producer: any thread, a pthread too. */
static int put(wt_worker *queue, const char *line)
{
	return wt_worker_post(queue, line, strlen(line));
}

int main(void)
{
	wt_worker *queue;
	int err = wt_worker_create(&queue, writer, NULL, 0, NULL);

	if (!err)
		err = put(queue, "no lock");
	if (!err)
		err = put(queue, "no condition");
	if (!err)
		err = wt_worker_post(queue, NULL, 0);
	if (!err)
		err = wt_worker_join(queue, NULL, WT_FOREVER);
	if (err)
		fprintf(stderr, "writer: %s\n", wt_strerror(err));
	wt_worker_destroy(queue);
	return err != 0;
}
