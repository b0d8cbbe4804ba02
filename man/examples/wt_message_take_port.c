/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <wt.h>

/* Sends a buffer, the reading end of a pipe, and a port. */
static int send_three(wt_port *to, wt_port **port)
{
	int pipe_fds[2];
	wt_buffer *buffer;
	const wt_transfer list[] = { WT_MOVE(&buffer),
				     WT_MOVE(&pipe_fds[0]),
				     WT_MOVE(port) };
	const wt_outgoing message = { .transfer = list,
				      .transfer_count = 3 };
	int err;

	if (pipe(pipe_fds))
		return -errno;
	err = wt_buffer_create(&buffer, 100);
	if (!err)
		err = wt_port_send(to, &message, WT_NOW);
	if (err) {
		wt_buffer_destroy(buffer);
		close(pipe_fds[0]);
	}
	close(pipe_fds[1]);
	return err;
}

static int look_at(wt_message *message, size_t index)
{
	wt_buffer *buffer;
	int fd;
	int err;

	switch (wt_message_transfer_kind(message, index)) {
	case WT_TRANSFER_BUFFER:
		err = wt_message_take_buffer(message, index, &buffer);
		printf("a buffer of %zu bytes\n", wt_buffer_size(buffer));
		wt_buffer_destroy(buffer);
		return err;
	case WT_TRANSFER_FD:
		err = wt_message_take_fd(message, index, &fd);
		if (err)
			return err;
		printf("a descriptor\n");
		close(fd);
		return 0;
	default:
		printf("something that nobody takes\n");
		return 0;
	}
}

int main(void)
{
	wt_port *a = NULL, *b = NULL, *left = NULL, *given = NULL;
	wt_message message;
	int err = wt_channel_create(&a, &b, NULL);

	if (!err)
		err = wt_channel_create(&left, &given, NULL);
	if (!err)
		err = send_three(a, &given);
	if (!err)
		err = wt_port_receive(b, &message, WT_NOW);
	for (size_t i = 0; !err && i < message.transfer_count; i++)
		err = look_at(&message, i);

	/* The port was left in the message, and is closed with it. */
	if (!err) {
		wt_message_release(&message);
		err = wt_port_receive(left, &message, WT_NOW);
		printf("the other end: %s\n", wt_err_name(err));
	}
	wt_port_close(given);
	wt_port_close(left);
	wt_port_close(a);
	wt_port_close(b);
	return err != WT_ECLOSED;
}
