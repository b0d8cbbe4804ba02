/* SPDX-License-Identifier: MIT
 *
 * Ends a computation that would take centuries and knows nothing of libwt:
 * a recursive fibonacci(90). Prints how long the end took.
 */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static uint64_t fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

struct job {
	unsigned n;
	uint64_t result; /* of no use unless the computation was not interrupted */
};

static void compute(void *arg)
{
	struct job *job = arg;

	job->result = fibonacci(job->n);
}

static int fibonacci_worker(wt_port *parent, const void *data, size_t size)
{
	struct job job = { .n = 90 };
	int err = wt_port_post(parent, "starting", sizeof "starting");

	if (!err)
		err = wt_interruptible(compute, &job);
	if (!err)
		err = wt_port_post(parent, &job.result, sizeof job.result);
	return err;
}

/* Let the worker begin, then end it. */
static int run(wt_worker *worker, int *code, double *milliseconds)
{
	wt_message message;
	wt_time told;
	int err = wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(10000));

	if (!err)
		err = wt_sleep(wt_after_ms(20)); /* deep into the computation */
	if (err)
		return err;
	told = wt_now();
	err = wt_worker_terminate(worker, wt_after_ms(10000));
	*milliseconds = (double)(wt_now() - told) / 1e6;
	return err ? err : wt_worker_join(worker, code, WT_NOW);
}

int main(void)
{
	wt_worker *worker;
	double milliseconds = 0;
	int code = 0;
	int err = wt_worker_create(&worker, fibonacci_worker, NULL, 0, NULL);

	if (!err) {
		err = run(worker, &code, &milliseconds);
		wt_worker_destroy(worker);
	}
	if (err) {
		fprintf(stderr, "terminate: %s\n", wt_strerror(err));
		return 1;
	}
	printf("fibonacci(90) was ended in %.1f ms, exit code %d\n", milliseconds, code);
	return 0;
}
