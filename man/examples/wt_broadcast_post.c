/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int announce(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *broadcast;
	int err = wt_broadcast_open(&broadcast, "news", 4, NULL);

	(void)parent;
	if (!err)
		err = wt_broadcast_post(broadcast, data, size);
	return err; /* the end of the worker closes the endpoint */
}

int main(void)
{
	static const char text[] = "hello, all";
	wt_broadcast *listener[2];
	wt_message message;
	wt_worker *worker;
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		err = wt_broadcast_open(&listener[i], "news", 4, NULL);
	if (!err)
		err = wt_worker_create(&worker, announce, text,
				       sizeof text, NULL);
	if (err)
		return 1;
	for (int i = 0; i < 2 && !err; i++) {
		err = wt_broadcast_receive(listener[i], &message,
					   WT_FOREVER);
		if (!err)
			printf("%d: %s\n", i, (const char *)message.data);
		wt_broadcast_close(listener[i]);
	}
	wt_worker_destroy(worker);
	return err != 0;
}
