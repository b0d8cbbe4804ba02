/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include <wt.h>

#define SIZE ((size_t)16 << 20)

/* On either side: the buffer goes to whoever has the other port. */
static int give(wt_port *port, wt_buffer **buffer)
{
	const wt_transfer list[] = { WT_MOVE(buffer) };
	const wt_outgoing message = { .transfer = list,
				      .transfer_count = 1 };

	return wt_port_send(port, &message, WT_NOW);
}

static int take(wt_port *port, wt_buffer **buffer)
{
	wt_message message;
	int err = wt_port_receive(port, &message, WT_FOREVER);

	if (!err)
		err = wt_message_take_buffer(&message, 0, buffer);
	return err;
}

/* Fills the buffer that it is given, and gives it back. */
static int fill(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = NULL;
	int err = take(parent, &buffer);

	if (!err) {
		memset(wt_buffer_data(buffer), 'x', SIZE);
		err = give(parent, &buffer);
	}
	wt_buffer_destroy(buffer);
	return err;
}

int main(void)
{
	wt_worker *worker = NULL;
	wt_buffer *buffer = NULL;
	int err = wt_buffer_create(&buffer, SIZE);
	const char *bytes = wt_buffer_data(buffer);

	if (!err)
		err = wt_worker_create(&worker, fill, NULL, 0, NULL);
	if (!err)
		err = give(wt_worker_port(worker), &buffer);
	if (!err) {
		printf("It is %s\n", buffer ? "still here" : "gone");
		err = take(wt_worker_port(worker), &buffer);
	}
	if (!err)
		printf("It is back, %s, and ends in '%c'\n",
		       wt_buffer_data(buffer) == bytes ? "where it was"
						       : "elsewhere",
		       bytes[SIZE - 1]);
	else
		fprintf(stderr, "buffer: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	wt_buffer_destroy(buffer);
	return err != 0;
}
