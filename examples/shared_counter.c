/* SPDX-License-Identifier: MIT
 *
 * Workers share two counters: one hands out the work, the other takes the
 * results. Nobody gets more than it can do, and no message is sent.
 *
 *	$ shared_counter 1000000
 *	78498 primes below 1000000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define WORKERS 4
#define BLOCK 1000 /* numbers that a worker takes at a time */
#define LIMIT_MAX 100000000

/* The cells of the shared memory, each of 64 bits. */
enum { NEXT, PRIMES, CELLS };

static void release(void *shared)
{
	wt_shared_release(shared);
}

static bool is_prime(int64_t n)
{
	for (int64_t d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n >= 2;
}

static int64_t count_primes(int64_t from, int64_t end)
{
	int64_t count = 0;

	for (int64_t n = from; n < end; n++)
		count += is_prime(n);
	return count;
}

/* Take blocks until there are no more. The counters came along with the limit; this worker's hold is its to release. */
static int counter(wt_port *parent, const void *data, size_t size)
{
	const int64_t *limit = data;
	wt_shared *counters;
	int64_t from;
	int err = wt_worker_data_take_shared(0, &counters);

	if (!err)
		err = wt_defer(release, counters);
	while (!err) {
		err = wt_atomics_add(counters, WT_I64, NEXT, BLOCK, &from);
		if (err || from >= *limit)
			break;
		int64_t end = from + BLOCK < *limit ? from + BLOCK : *limit;
		err = wt_atomics_add(counters, WT_I64, PRIMES, count_primes(from, end), NULL);
		wt_checkpoint();
	}
	return err;
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	if (code)
		*(int *)arg = 1;
	wt_worker_destroy(worker);
}

static int start(wt_shared *counters, int64_t limit, int *failed)
{
	const wt_transfer list[] = { WT_SHARE(counters) };
	wt_worker *worker;
	int err = wt_worker_create(&worker, counter, &limit, sizeof limit,
				   WT_WORKER_OPTIONS(.transfer = list, .transfer_count = 1));

	if (!err)
		wt_worker_on_exit(worker, on_exit_, failed);
	return err;
}

static int count(int64_t limit)
{
	wt_shared *counters;
	int64_t primes = 0;
	int failed = 0;
	int err = wt_shared_create(&counters, CELLS * sizeof(int64_t), 0);

	if (err)
		return fprintf(stderr, "shared_counter: memory: %s\n", wt_strerror(err)), 1;
	for (int i = 0; i < WORKERS && !err; i++)
		err = start(counters, limit, &failed);
	if (!err)
		err = wt_run();
	if (!err)
		err = wt_atomics_load(counters, WT_I64, PRIMES, &primes);
	wt_shared_release(counters);
	if (err || failed)
		return fprintf(stderr, "shared_counter: %s\n", err ? wt_strerror(err) : "a worker failed"), 1;
	printf("%" PRId64 " primes below %" PRId64 "\n", primes, limit);
	return 0;
}

int main(int argc, char **argv)
{
	char *end;
	unsigned long limit;

	if (argc != 2)
		return fprintf(stderr, "usage: shared_counter LIMIT\n"), 2;
	limit = strtoul(argv[1], &end, 10);
	if (end == argv[1] || *end || *argv[1] < '0' || *argv[1] > '9' || limit > LIMIT_MAX)
		return fprintf(stderr, "shared_counter: '%s' is not a number from 0 to %d\n", argv[1], LIMIT_MAX), 2;
	return count((int64_t)limit);
}
