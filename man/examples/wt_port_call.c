/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Answers each request with the square of its number. */
static int squarer(wt_port *parent, const void *data, size_t size)
{
	wt_message request;
	int err;

	while (!(err = wt_port_receive(parent, &request, WT_FOREVER))) {
		const int *n = request.data;
		int square = *n * *n;
		wt_outgoing reply = { .data = &square,
				      .size = sizeof square };

		err = wt_message_reply(&request, &reply);
		/* Too late for the one who asked is no reason to end. */
		if (err && err != WT_ETIMEDOUT)
			break;
	}
	return err == WT_ECLOSED ? 0 : err;
}

static int ask(wt_port *port, int n)
{
	const wt_outgoing request = { .data = &n, .size = sizeof n };
	wt_message reply;
	int err = wt_port_call(port, &request, &reply, wt_after_ms(5000));

	if (err)
		return err;
	printf("%d squared is %d\n", n, *(const int *)reply.data);
	wt_message_release(&reply);
	return 0;
}

int main(void)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, squarer, NULL, 0, NULL);

	for (int n = 7; n < 10 && !err; n++)
		err = ask(wt_worker_port(worker), n);
	if (err)
		fprintf(stderr, "call: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err != 0;
}
