/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <wt.h>

/* Beats until it is told to end. */
static int heart(wt_port *parent, const void *data, size_t size)
{
	wt_time next = wt_now();
	int err = 0;

	while (!err) {
		err = wt_port_post(parent, "tick", sizeof "tick");
		next += 5000000; /* from beat to beat: no drift */
		if (!err)
			err = wt_sleep(next);
	}
	return err;
}

int main(void)
{
	wt_message message;
	wt_worker *worker;
	int err = wt_worker_create(&worker, heart, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	for (int i = 0; i < 3 && !err; i++) {
		err = wt_port_receive(wt_worker_port(worker), &message,
				      wt_after_ms(5000));
		if (!err)
			printf("%s\n", (const char *)message.data);
	}
	wt_worker_destroy(worker);
	return err != 0;
}
