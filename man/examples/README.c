/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static uint64_t fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* The worker: a thread of its own, with its own copy of the data. */
static int compute(wt_port *parent, const void *data, size_t size)
{
	uint64_t result = fibonacci(*(const unsigned *)data);

	return wt_port_post(parent, &result, sizeof result);
}

/* In main, called by wt_run. */
static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	printf("%" PRIu64 "\n", *(const uint64_t *)message->data);
}

int main(void)
{
	unsigned n = 30;
	wt_worker *worker;
	int err = wt_worker_create(&worker, compute, &n, sizeof n, NULL);

	wt_worker_on_message(worker, on_message, NULL);
	if (!err)
		err = wt_run(); /* until the worker has ended */
	wt_worker_destroy(worker);
	return err != 0;
}
