/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <wt.h>

/* The first worker: posts the numbers to 100, and ends. */
static int count(wt_port *parent, const void *data, size_t size)
{
	wt_port *out;
	int err = wt_worker_data_take_port(0, &out);

	for (int n = 1; !err && n <= 100; n++)
		err = wt_port_post(out, &n, sizeof n);
	return err; /* its end closes its port */
}

/* The second: adds up what comes until no more can come. */
static int add(wt_port *parent, const void *data, size_t size)
{
	wt_port *in;
	wt_message message;
	int sum = 0;
	int err = wt_worker_data_take_port(0, &in);

	while (!err) {
		err = wt_port_receive(in, &message, WT_FOREVER);
		if (!err)
			sum += *(const int *)message.data;
	}
	if (err != WT_ECLOSED)
		return err;
	return wt_port_post(parent, &sum, sizeof sum);
}

/* The worker gets the port along with its data: it moves there. */
static int start(wt_worker **worker, wt_entry *entry, wt_port **port)
{
	const wt_transfer list[] = { WT_MOVE(port) };

	return wt_worker_create(worker, entry, NULL, 0,
				WT_WORKER_OPTIONS(.transfer = list,
						  .transfer_count = 1));
}

int main(void)
{
	wt_port *a = NULL, *b = NULL;
	wt_worker *counter = NULL, *adder = NULL;
	wt_message message;
	int err = wt_channel_create(&a, &b, NULL);

	if (!err)
		err = start(&counter, count, &a); /* now a is NULL */
	if (!err)
		err = start(&adder, add, &b);
	if (!err)
		err = wt_port_receive(wt_worker_port(adder), &message,
				      WT_FOREVER);
	if (!err)
		printf("The sum is %d\n", *(const int *)message.data);
	else
		fprintf(stderr, "channel: %s\n", wt_strerror(err));
	wt_worker_destroy(counter);
	wt_worker_destroy(adder);
	wt_port_close(a); /* what was not moved is still ours */
	wt_port_close(b);
	return err != 0;
}
