// SPDX-License-Identifier: MIT
#include "harness.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIPS_PER_BATCH = 8 };

static pthread_barrier_t harness_barrier;
static int64_t harness_settle; /* ns */
static cpu_set_t harness_cpus; /* what the process may use, before any thread is pinned */

bool bench_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static uint64_t parse_number(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max) {
		fprintf(stderr, "'%s' is not a number from %" PRIu64 " to %" PRIu64 "\n", text, min, max);
		exit(2);
	}
	return value;
}

void bench_parse(struct bench_args *args, int argc, char **argv)
{
	const char *settle = getenv("BENCH_SETTLE");

	if (argc != 6) {
		fprintf(stderr, "usage: %s WORK VARIANT SIZE PRODUCERS COUNT\n", argv[0]);
		exit(2);
	}
	sched_getaffinity(0, sizeof harness_cpus, &harness_cpus);
	harness_settle = settle ? (int64_t)parse_number(settle, 0, 1000000) : 0;
	args->work = argv[1];
	args->variant = argv[2];
	if (bench_is(args->work, "transfer"))
		args->size = parse_number(argv[3], BENCH_BUFFER_MIN, BENCH_BUFFER_MAX);
	else
		args->size = parse_number(argv[3], sizeof(uint64_t), BENCH_SIZE_MAX);
	args->producers = (unsigned)parse_number(argv[4], 1, BENCH_PRODUCERS_MAX);
	args->count = parse_number(argv[5], 1, UINT64_C(1) << 40) / args->producers + 1;
	args->warmup = args->count / 10 + 1;
	args->capacity = args->size < 16384 ? 1024 : 64;
}

void bench_unknown(const struct bench_args *args)
{
	fprintf(stderr, "unknown: %s %s\n", args->work, args->variant);
	exit(2);
}

void bench_die(const char *what, int error)
{
	fprintf(stderr, "%s: error %d\n", what, error);
	exit(1);
}

int64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void bench_pin(unsigned cpu)
{
	const char *pin = getenv("BENCH_PIN");
	cpu_set_t set;
	unsigned seen = 0;
	int error;

	if (!pin || !bench_is(pin, "1"))
		return;
	/* The cpu-th of those that the process may use: in a container these are often not the first. */
	CPU_ZERO(&set);
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &harness_cpus) && seen++ == cpu)
			CPU_SET(i, &set);
	}
	error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
	if (error)
		bench_die("pinning a thread", error);
}

void bench_settle(void)
{
	int64_t end = harness_settle ? bench_now() + harness_settle : 0;

	while (end && bench_now() < end)
		;
}

static void report_begin(const char *version)
{
	printf("{\"version\": ");
	if (version)
		printf("\"%s\"", version);
	else
		printf("null");
}

void bench_report_rate(const char *version, uint64_t messages, int64_t elapsed)
{
	report_begin(version);
	printf(", \"rate\": %.1f, \"elapsed_ns\": %" PRId64 "}\n", (double)messages * 1e9 / (double)elapsed, elapsed);
}

void bench_report_each(const char *version, uint64_t messages, int64_t elapsed)
{
	report_begin(version);
	printf(", \"each_ns\": %.3f, \"elapsed_ns\": %" PRId64 "}\n", (double)elapsed / (double)messages, elapsed);
}

void bench_report_memory(const char *version, double kib)
{
	report_begin(version);
	printf(", \"kib\": %.2f}\n", kib);
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t of_thousand(const int64_t *sorted, uint64_t count, unsigned permille)
{
	return sorted[(count - 1) * permille / 1000];
}

uint64_t bench_trips_total(const struct bench_args *args)
{
	uint64_t batches = args->count / TRIPS_PER_BATCH + 1;

	return args->warmup + batches * TRIPS_PER_BATCH + args->count;
}

void bench_trips(const struct bench_args *args, const char *version, bench_trip *trip, void *arg)
{
	uint64_t batches = args->count / TRIPS_PER_BATCH + 1, sequence = 0;
	int64_t *batch_times = calloc(batches, sizeof *batch_times);
	int64_t *times = calloc(args->count, sizeof *times);
	int64_t start, before, after;

	if (!batch_times || !times)
		bench_die("calloc", 0);
	while (sequence < args->warmup)
		trip(arg, sequence++);

	start = before = bench_now();
	for (uint64_t i = 0; i < batches; i++) {
		for (unsigned j = 0; j < TRIPS_PER_BATCH; j++) {
			bench_settle();
			trip(arg, sequence++);
		}
		after = bench_now();
		batch_times[i] = after - before - 2 * TRIPS_PER_BATCH * harness_settle;
		before = after;
	}
	for (uint64_t i = 0; i < args->count; i++) {
		bench_settle();
		trip(arg, sequence++);
		after = bench_now();
		times[i] = after - before - 2 * harness_settle;
		before = after;
	}
	qsort(batch_times, batches, sizeof *batch_times, compare_times);
	qsort(times, args->count, sizeof *times, compare_times);
	report_begin(version);
	printf(", \"median_ns\": %.1f, \"p50_ns\": %" PRId64 ", \"p99_ns\": %" PRId64 ", \"p999_ns\": %" PRId64
	       ", \"elapsed_ns\": %" PRId64 "}\n",
	       (double)of_thousand(batch_times, batches, 500) / TRIPS_PER_BATCH, of_thousand(times, args->count, 500),
	       of_thousand(times, args->count, 990), of_thousand(times, args->count, 999), before - start);
	free(batch_times);
	free(times);
}

void bench_check_end(const struct bench_checker *check, const struct bench_args *args)
{
	uint64_t wrong = check->wrong;

	for (unsigned i = 0; i < args->producers; i++)
		wrong += check->next[i] != args->warmup + args->count;
	if (wrong) {
		fprintf(stderr, "%s %s: wrong payload\n", args->work, args->variant);
		exit(1);
	}
}

void bench_barrier_open(const struct bench_args *args)
{
	pthread_barrier_init(&harness_barrier, NULL, args->producers + 1);
}

void bench_barrier(void)
{
	pthread_barrier_wait(&harness_barrier);
}
