/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static uint64_t fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* The worker: runs in a thread of its own. */
static int fibonacci_worker(wt_port *parent, const void *data, size_t size)
{
	const unsigned *n = data;
	uint64_t result = fibonacci(*n);

	return wt_port_post(parent, &result, sizeof result);
}

/* The handlers: run in the main thread, inside wt_run. */
static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	const uint64_t *result = message->data;

	printf("Fibonacci result: %" PRIu64 "\n", *result);
}

static void on_error(wt_worker *worker, const wt_failure *why, void *arg)
{
	fprintf(stderr, "Worker error: %s\n", why->message);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("Worker exited with code %d\n", code);
}

int main(void)
{
	unsigned n = 30;
	wt_worker *worker;
	int err;

	err = wt_worker_create(&worker, fibonacci_worker, &n, sizeof n,
			       NULL);
	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_error(worker, on_error, NULL);
	wt_worker_on_exit(worker, on_exit_, NULL);
	err = wt_run();
	wt_worker_destroy(worker);
	return err != 0;
}
