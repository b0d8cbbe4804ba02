// SPDX-License-Identifier: MIT
/* The ideal: as many threads as workers, each of which does its part of the tasks in a plain loop. */
#include "../request.h"
#include "../tasks.h"

#include <pthread.h>

static struct tasks tasks;
static bool hash;
static pthread_barrier_t barrier;

static void *loop(void *arg)
{
	struct request request = { 0 };
	uint64_t index = (uint64_t)(uintptr_t)arg;
	volatile uint64_t result;

	pthread_barrier_wait(&barrier);
	for (uint64_t i = index; i < tasks.total - tasks.warmup; i += tasks_workers()) {
		if (hash) {
			request_stamp(&request, i);
			request_hash(request.bytes, sizeof request.bytes, request.hash);
		} else {
			result = tasks_run(tasks.steps, i);
			(void)result;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[TASKS_WORKERS_MAX];
	struct bench_args args;
	int64_t start;

	bench_parse(&args, argc, argv);
	hash = bench_is(args.work, "poolhash");
	if (!hash && !bench_is(args.work, "pool"))
		bench_unknown(&args);
	tasks_open(&tasks, &args);
	pthread_barrier_init(&barrier, NULL, tasks_workers() + 1);
	for (uintptr_t i = 0; i < tasks_workers(); i++)
		if (pthread_create(&threads[i], NULL, loop, (void *)i) != 0)
			bench_die("pthread_create", 0);
	start = bench_now();
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < tasks_workers(); i++)
		pthread_join(threads[i], NULL);
	bench_report_rate(NULL, tasks.total - tasks.warmup, bench_now() - start);
	return 0;
}
