/* SPDX-License-Identifier: MIT
 *
 * One worker for each argument; results are printed as they come.
 *
 *	$ parallel_fibonacci 35 20 30
 *	fibonacci(20) = 6765
 *	fibonacci(30) = 832040
 *	fibonacci(35) = 9227465
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define FIBONACCI_MAX 93

struct result {
	unsigned n;
	uint64_t value;
};

static uint64_t fibonacci(unsigned n)
{
	return n <= 1 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static int fibonacci_worker(wt_port *parent, const void *data, size_t size)
{
	struct result result = { .n = *(const unsigned *)data };

	(void)size;
	result.value = fibonacci(result.n);
	return wt_port_post(parent, &result, sizeof result);
}

static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	const struct result *result = message->data;

	(void)worker;
	(void)arg;
	printf("fibonacci(%u) = %" PRIu64 "\n", result->n, result->value);
	fflush(stdout);
}

/* A worker that has ended is not needed any more; its own callback may destroy it. */
static void on_exit_(wt_worker *worker, int code, void *arg)
{
	if (code)
		*(int *)arg = 1;
	wt_worker_destroy(worker);
}

static int start(const char *text, int *failed)
{
	wt_worker *worker;
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	unsigned n = (unsigned)value;
	int err;

	if (end == text || *end || *text < '0' || *text > '9' || value > FIBONACCI_MAX)
		return fprintf(stderr, "parallel_fibonacci: '%s' is not a number from 0 to %d\n", text, FIBONACCI_MAX),
		       2;
	err = wt_worker_create(&worker, fibonacci_worker, &n, sizeof n, NULL);
	if (err)
		return fprintf(stderr, "parallel_fibonacci: worker: %s\n", wt_strerror(err)), 1;
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_exit(worker, on_exit_, failed);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		return fprintf(stderr, "usage: parallel_fibonacci N...\n"), 2;
	/* Workers that run when main returns, as after a bad argument, are ended by the library. */
	for (int i = 1; i < argc; i++) {
		int status = start(argv[i], &failed);

		if (status)
			return status;
	}
	return wt_run() || failed ? 1 : 0;
}
