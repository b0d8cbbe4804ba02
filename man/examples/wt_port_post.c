/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

enum { PLAIN, GREETING };

static int post_all(wt_port *port)
{
	const struct iovec parts[] = { { "hello, ", 7 }, { "world", 5 } };
	const wt_outgoing greeting = {
		.iov = parts,
		.iovcnt = 2,
		.type = GREETING,
	};
	const struct iovec batch[] = { { "one", 3 }, { "two", 3 }, { 0 } };
	int err = wt_port_post(port, "zero", 4);

	/* One message of two pieces, with a type to switch on. */
	if (!err)
		err = wt_port_send(port, &greeting, wt_after_ms(100));
	/* Three messages, the last one empty. */
	if (!err)
		err = wt_port_post_many(port, batch, 3, NULL);
	return err;
}

int main(void)
{
	wt_port *a, *b;
	wt_message message;
	int err = wt_channel_create(&a, &b, NULL);

	if (err) {
		fprintf(stderr, "channel: %s\n", wt_strerror(err));
		return 1;
	}
	err = post_all(a);
	if (err)
		fprintf(stderr, "post: %s\n", wt_strerror(err));
	while (wt_port_receive(b, &message, WT_NOW) == 0)
		printf("type %u: \"%.*s\"\n", message.type,
		       (int)message.size, (const char *)message.data);
	wt_port_close(a);
	wt_port_close(b);
	return err != 0;
}
