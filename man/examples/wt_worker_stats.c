/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include <wt.h>

/* Keeps what it is sent. */
static void on_message(wt_port *port, wt_message *message, void *arg)
{
	void *copy = wt_alloc(message->size);

	if (!copy)
		wt_fail(WT_ENOMEM, "no room for %zu bytes", message->size);
	memcpy(copy, message->data, message->size);
	if (wt_port_post(port, NULL, 0))
		wt_exit(1);
}

static int keeper(wt_port *parent, const void *data, size_t size)
{
	wt_port_on_message(parent, on_message, NULL);
	return wt_run();
}

static int look(wt_worker *worker)
{
	struct wt_worker_stats stats = { .size = sizeof stats };
	struct wt_worker_limits limits = { .size = sizeof limits };
	int err = wt_worker_limits(worker, &limits);

	if (!err)
		err = wt_worker_stats(worker, &stats);
	if (err)
		return err;
	if (limits.nice_error)
		fprintf(stderr, "not nice: %s\n",
			wt_strerror(limits.nice_error));
	printf("state %d, %zu of %zu bytes\n", stats.state,
	       stats.heap_now, limits.heap_limit);
	return 0;
}

int main(void)
{
	static const char text[65536];
	wt_message message;
	wt_worker *worker;
	int err;

	err = wt_worker_create(&worker, keeper, NULL, 0,
			       WT_WORKER_OPTIONS(.heap_limit = 1 << 20,
						 .nice = 19));
	if (!err)
		err = wt_worker_post(worker, text, sizeof text);
	if (!err)
		err = wt_port_receive(wt_worker_port(worker), &message,
				      wt_after_ms(5000));
	if (!err)
		err = look(worker);
	if (!err)
		err = wt_worker_terminate(worker, wt_after_ms(5000));
	if (!err)
		err = look(worker);
	wt_worker_destroy(worker);
	return err != 0;
}
