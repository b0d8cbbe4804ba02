/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

#define COUNT 1000

struct batch {
	size_t next, count;
	long items[COUNT];
};

static void send_more(wt_port *port, void *arg)
{
	struct batch *batch = arg;

	while (batch->next < batch->count) {
		const long *item = &batch->items[batch->next];
		int err = wt_port_post(port, item, sizeof *item);

		if (err == WT_EAGAIN)
			return; /* to be called again */
		if (err)
			break;
		batch->next++;
	}
	wt_port_close(port);
}

/* Receives slowly enough for the limit to be met. */
static int add(wt_port *parent, const void *data, size_t size)
{
	wt_port *in;
	wt_message message;
	long sum = 0;
	int err = wt_worker_data_take_port(0, &in);

	if (!err)
		err = wt_sleep(wt_after_ms(5));
	while (!err && (err = wt_port_receive(in, &message, WT_FOREVER)) == 0)
		sum += *(const long *)message.data;
	return err == WT_ECLOSED ? wt_port_post(parent, &sum, sizeof sum)
				 : err;
}

static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	printf("%ld\n", *(const long *)message->data);
}

static int start(wt_worker **worker, wt_port **in)
{
	const wt_transfer list[] = { WT_MOVE(in) };
	int err = wt_worker_create(worker, add, NULL, 0,
				   WT_WORKER_OPTIONS(.transfer = list,
						     .transfer_count = 1));

	wt_worker_on_message(*worker, on_message, NULL);
	return err;
}

int main(void)
{
	static struct batch batch = { .count = COUNT };
	wt_worker *worker = NULL;
	wt_port *port, *in;
	int err = wt_channel_create(&port, &in,
				    WT_CHANNEL_OPTIONS(.limit = 1024));

	for (size_t i = 0; i < COUNT; i++)
		batch.items[i] = (long)i;
	if (!err)
		err = start(&worker, &in);
	if (!err) {
		wt_port_on_drain(port, send_more, &batch);
		send_more(port, &batch);
		err = wt_run();
	}
	wt_worker_destroy(worker);
	return err != 0;
}
