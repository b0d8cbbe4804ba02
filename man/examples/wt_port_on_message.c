/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void on_message(wt_port *port, wt_message *message, void *arg)
{
	printf("message: %s\n", (const char *)message->data);
}

static void on_close(wt_port *port, void *arg)
{
	printf("closed\n");
	wt_port_close(port);
}

int main(void)
{
	wt_port *a, *b;
	int err = wt_channel_create(&a, &b, NULL);

	if (err) {
		fprintf(stderr, "channel: %s\n", wt_strerror(err));
		return 1;
	}
	/* The message handler starts b, and keeps wt_run going. */
	wt_port_on_message(b, on_message, NULL);
	wt_port_on_close(b, on_close, NULL);

	err = wt_port_post(a, "one", sizeof "one");
	if (!err)
		err = wt_port_post(a, "two", sizeof "two");
	wt_port_close(a);

	/* Returns once b is closed: nothing else is left to wait for. */
	if (!err)
		err = wt_run();
	return err != 0;
}
