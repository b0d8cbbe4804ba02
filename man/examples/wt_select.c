/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

#define WORKERS 3

/* Posts the numbers from 1 to its own, and ends. */
static int teller(wt_port *parent, const void *data, size_t size)
{
	const int *last = data;
	int err = 0;

	for (int n = 1; n <= *last && !err; n++)
		err = wt_port_post(parent, &n, sizeof n);
	return err;
}

/* Receive what comes, from whom it comes, until all have ended. */
static int add_up(wt_port **ports, size_t count, int *sum)
{
	wt_message message;
	size_t ready;

	while (count) {
		int err = wt_select(ports, count, &ready, WT_FOREVER);

		if (err)
			return err;
		err = wt_port_receive(ports[ready], &message, WT_NOW);
		if (!err)
			*sum += *(const int *)message.data;
		else if (err == WT_ECLOSED)
			ports[ready] = ports[--count];
		else
			return err;
	}
	return 0;
}

int main(void)
{
	wt_worker *workers[WORKERS] = { NULL };
	wt_port *ports[WORKERS];
	int sum = 0;
	int err = 0;

	for (int i = 0; i < WORKERS && !err; i++) {
		int last = 10 * (i + 1);

		err = wt_worker_create(&workers[i], teller, &last,
				       sizeof last, NULL);
		ports[i] = wt_worker_port(workers[i]);
	}
	if (!err)
		err = add_up(ports, WORKERS, &sum);
	for (int i = 0; i < WORKERS; i++)
		wt_worker_destroy(workers[i]);
	if (err) {
		fprintf(stderr, "select: %s\n", wt_strerror(err));
		return 1;
	}
	printf("sum %d\n", sum);
	return 0;
}
