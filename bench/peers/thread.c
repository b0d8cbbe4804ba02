// SPDX-License-Identifier: MIT
/* The limits of spawning: a bare thread created and joined, and the memory of a thread that sleeps. */
#include "../harness.h"
#include "../memory.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static sem_t thread_ready, thread_end;

static void *thread_nothing(void *arg)
{
	return arg;
}

static void *thread_idle(void *arg)
{
	sem_post(&thread_ready);
	sem_wait(&thread_end);
	return arg;
}

static void spawn_trip(void *arg, uint64_t sequence)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, thread_nothing, NULL);

	(void)arg;
	(void)sequence;
	if (error)
		bench_die("pthread_create", error);
	pthread_join(thread, NULL);
}

static void memory_of_idle(const struct bench_args *args)
{
	pthread_t threads[MEMORY_WORKERS];
	double before, after;

	sem_init(&thread_ready, 0, 0);
	sem_init(&thread_end, 0, 0);
	spawn_trip(NULL, 0);
	before = memory_resident_kib();
	for (unsigned i = 0; i < MEMORY_WORKERS; i++) {
		if (pthread_create(&threads[i], NULL, thread_idle, NULL))
			bench_die("pthread_create", 0);
	}
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		sem_wait(&thread_ready);
	memory_settle();
	after = memory_resident_kib();
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		sem_post(&thread_end);
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		pthread_join(threads[i], NULL);
	(void)args;
	bench_report_memory(NULL, (after - before) / MEMORY_WORKERS);
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(&args, argc, argv);
	if (bench_is(args.work, "spawn"))
		bench_trips(&args, NULL, spawn_trip, NULL);
	else if (bench_is(args.work, "memory"))
		memory_of_idle(&args);
	else
		bench_unknown(&args);
	return 0;
}
