/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdio.h>
#include <wt.h>

static int ticker(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	for (int tick = 1; tick <= 3; tick++) {
		int err = wt_port_post(parent, &tick, sizeof tick);

		if (err)
			return err;
		/* A pause that ends at once when the worker must. */
		err = wt_port_receive(parent, &message, wt_after_ms(10));
		if (err != WT_ETIMEDOUT)
			return err;
	}
	return 0;
}

static void on_tick(wt_worker *worker, wt_message *message, void *arg)
{
	const int *tick = message->data;

	printf("tick %d\n", *tick);
}

int main(void)
{
	struct pollfd fds[1] = { { .events = POLLIN } };
	wt_worker *worker;
	int err = wt_worker_create(&worker, ticker, NULL, 0, NULL);

	if (!err)
		err = wt_loop_fd(&fds[0].fd);
	if (err) {
		fprintf(stderr, "ticker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_message(worker, on_tick, NULL);

	/* The program's own loop, with more in fds than this. */
	while (wt_loop_alive()) {
		if (poll(fds, 1, -1) < 1)
			continue;
		err = wt_run_once(WT_NOW);
		if (err < 0 && err != WT_EAGAIN)
			break;
	}
	wt_worker_destroy(worker);
	return 0;
}
