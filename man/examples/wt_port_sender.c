/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

#define WORKERS 3

/* Posts what it was told through a sender of its own. */
static int teller(wt_port *parent, const void *data, size_t size)
{
	wt_sender *sender;
	int err = wt_worker_data_take_sender(0, &sender);

	if (!err)
		err = wt_sender_post(sender, data, size);
	wt_sender_close(sender);
	return err;
}

/* Whatever happens, the sender is the worker's, or closed. */
static int start(wt_worker **worker, wt_port *port, int number)
{
	wt_sender *sender;
	const wt_transfer list[] = { WT_MOVE(&sender) };
	int err = wt_port_sender(port, &sender);

	if (!err)
		err = wt_worker_create(
			worker, teller, &number, sizeof number,
			WT_WORKER_OPTIONS(.transfer = list,
					  .transfer_count = 1));
	wt_sender_close(sender);
	return err;
}

int main(void)
{
	wt_worker *workers[WORKERS] = { NULL };
	wt_port *in, *out;
	wt_message message;
	int sum = 0;
	int err = wt_channel_create(&out, &in, NULL);

	for (int i = 0; i < WORKERS && !err; i++)
		err = start(&workers[i], out, i + 1);
	/* Only the senders are left on that side. */
	wt_port_close(out);

	/* Until the last of them is closed. */
	while (!err) {
		err = wt_port_receive(in, &message, WT_FOREVER);
		if (!err)
			sum += *(const int *)message.data;
	}
	printf("sum %d, then %s\n", sum, wt_err_name(err));
	for (int i = 0; i < WORKERS; i++)
		wt_worker_destroy(workers[i]);
	wt_port_close(in);
	return err != WT_ECLOSED;
}
