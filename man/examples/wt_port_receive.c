/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int countdown(wt_port *parent, const void *data, size_t size)
{
	const int *from = data;

	for (int n = *from; n > 0; n--) {
		int err = wt_port_post(parent, &n, sizeof n);

		if (err)
			return err;
	}
	return 0;
}

static void add(wt_port *port, wt_message *message, void *arg)
{
	const int *n = message->data;
	int *sum = arg;

	*sum += *n;
}

int main(void)
{
	wt_worker *worker;
	wt_port *port;
	wt_message message;
	size_t drained;
	int from = 10, sum = 0;
	int err;

	err = wt_worker_create(&worker, countdown, &from, sizeof from,
			       NULL);
	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}

	/* One message, waiting for it. */
	port = wt_worker_port(worker);
	err = wt_port_receive(port, &message, wt_after_ms(5000));
	if (!err)
		printf("first: %d\n", *(const int *)message.data);

	/* The rest, once all of it is there. */
	if (!err)
		err = wt_worker_join(worker, NULL, wt_after_ms(5000));
	if (!err)
		err = wt_port_drain(port, add, &sum, 0, &drained);
	if (!err)
		printf("%zu more, sum %d\n", drained, sum);

	/* The worker has ended, so no other message can come. */
	err = wt_port_receive(port, &message, WT_FOREVER);
	printf("then: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err != WT_ECLOSED;
}
