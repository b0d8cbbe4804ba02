/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* A worker that lives on handlers: its entry ends with wt_run. */
static void on_number(wt_port *parent, wt_message *message, void *arg)
{
	const int *n = message->data;
	int square = *n * *n;

	if (wt_port_post(parent, &square, sizeof square) || *n == 3)
		wt_stop(); /* wt_run returns when this handler has */
}

static int squares(wt_port *parent, const void *data, size_t size)
{
	wt_port_on_message(parent, on_number, NULL);
	return wt_run();
}

static void on_square(wt_worker *worker, wt_message *message, void *arg)
{
	const int *square = message->data;

	printf("%d\n", *square);
}

int main(void)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, squares, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_message(worker, on_square, NULL);
	for (int n = 1; n <= 3 && !err; n++)
		err = wt_worker_post(worker, &n, sizeof n);

	/* As wt_run, with room for other work between the turns. */
	while (!err && wt_loop_alive()) {
		int called = wt_run_once(wt_after_ms(100));

		if (called < 0 && called != WT_ETIMEDOUT)
			err = called;
	}
	wt_worker_destroy(worker);
	return err != 0;
}
