/* SPDX-License-Identifier: MIT
 *
 * A worker computes a Fibonacci number and posts it to the main thread.
 *
 *	$ fibonacci 40
 *	Fibonacci result: 102334155
 *	Worker exited with code 0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

/* The largest number whose Fibonacci number fits 64 bits. */
#define FIBONACCI_MAX 93

static uint64_t fibonacci(unsigned n)
{
	return n <= 1 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Runs in the worker: `data` is its own copy of the number that main passed to wt_worker_create. */
static int fibonacci_worker(wt_port *parent, const void *data, size_t size)
{
	unsigned n = *(const unsigned *)data;
	uint64_t result = fibonacci(n);

	(void)size;
	return wt_port_post(parent, &result, sizeof result);
}

/* These run in main, called by wt_run. */
static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	(void)worker;
	(void)arg;
	printf("Fibonacci result: %" PRIu64 "\n", *(const uint64_t *)message->data);
}

static void on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	(void)worker;
	(void)arg;
	fprintf(stderr, "Worker error: %s\n", failure->message);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	printf("Worker exited with code %d\n", code);
	*(int *)arg = code;
}

static int parse(const char *text, unsigned *n)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text < '0' || *text > '9')
		return fprintf(stderr, "fibonacci: '%s' is not a number from 0 to %d\n", text, FIBONACCI_MAX), -1;
	if (value > FIBONACCI_MAX)
		return fprintf(stderr, "fibonacci: the result for %s does not fit 64 bits; the largest is %d\n", text,
			       FIBONACCI_MAX),
		       -1;
	*n = (unsigned)value;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned n;
	wt_worker *worker;
	int code = 1;
	int err;

	if (argc != 2)
		return fprintf(stderr, "usage: fibonacci N\n"), 2;
	if (parse(argv[1], &n))
		return 2;
	err = wt_worker_create(&worker, fibonacci_worker, &n, sizeof n, NULL);
	if (err)
		return fprintf(stderr, "fibonacci: worker: %s\n", wt_strerror(err)), 1;
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_error(worker, on_error, NULL);
	wt_worker_on_exit(worker, on_exit_, &code);
	err = wt_run();
	if (err)
		fprintf(stderr, "fibonacci: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err || code ? 1 : 0;
}
