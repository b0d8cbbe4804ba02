// SPDX-License-Identifier: MIT
/*
 * Tasks for pools: what one does, and the check of its result. BENCH_WORKERS of the environment says how many workers the
 * pool has, two without it, BENCH_WINDOW how many tasks are under way, without it as many as a channel holds, and
 * BENCH_STEPS how long a task takes: so many steps of a generator, each of which waits for the one before. All of them
 * together are one multiplication and one addition, by which main checks each result.
 */
#ifndef BENCH_TASKS_H
#define BENCH_TASKS_H

#include "harness.h"

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TASKS_WORKERS_USUAL = 2, TASKS_WORKERS_MAX = 64 };

static const uint64_t tasks_factor = UINT64_C(6364136223846793005);
static const uint64_t tasks_addend = UINT64_C(1442695040888963407);

struct tasks {
	/* Read by the workers. */
	uint64_t steps;
	uint64_t factor; /* of all steps together */
	uint64_t addend;
	uint64_t total;  /* tasks, with those before the clock starts */
	uint64_t warmup;
	uint64_t window; /* under way at the most */
	/* Main's: a line that workers read must not be one that it writes. */
	char other_line[BENCH_LINE];
	uint64_t submitted;
	uint64_t finished;
	uint64_t sum; /* of their inputs: each has come back once */
	int64_t start;
	int64_t elapsed;
};

static inline unsigned tasks_workers(void)
{
	const char *text = getenv("BENCH_WORKERS");
	unsigned long workers = text ? strtoul(text, NULL, 10) : TASKS_WORKERS_USUAL;

	if (!workers || workers > TASKS_WORKERS_MAX)
		bench_die("BENCH_WORKERS", 0);
	return (unsigned)workers;
}

static inline uint64_t tasks_window(const struct bench_args *args)
{
	const char *text = getenv("BENCH_WINDOW");
	uint64_t window = text ? strtoull(text, NULL, 10) : args->capacity;

	if (!window)
		bench_die("BENCH_WINDOW", 0);
	return window;
}

static inline uint64_t tasks_run(uint64_t steps, uint64_t x)
{
	for (uint64_t i = 0; i < steps; i++)
		x = x * tasks_factor + tasks_addend;
	return x;
}

static inline void tasks_open(struct tasks *tasks, const struct bench_args *args)
{
	const char *steps = getenv("BENCH_STEPS");

	memset(tasks, 0, sizeof *tasks);
	tasks->steps = steps ? strtoull(steps, NULL, 10) : 0;
	tasks->factor = 1;
	for (uint64_t i = 0; i < tasks->steps; i++) {
		tasks->factor *= tasks_factor;
		tasks->addend = tasks->addend * tasks_factor + tasks_addend;
	}
	tasks->warmup = args->warmup;
	tasks->total = args->warmup + args->count;
	tasks->window = tasks_window(args);
}

/* The warm-up comes back whole before the next: nothing that is timed was done before the clock starts. */
static inline bool tasks_may_submit(const struct tasks *tasks)
{
	uint64_t part = tasks->finished < tasks->warmup ? tasks->warmup : tasks->total;

	return tasks->submitted < part && tasks->submitted - tasks->finished < tasks->window;
}

/* One has come back. */
static inline void tasks_check(struct tasks *tasks, uint64_t input, uint64_t result)
{
	if (result != input * tasks->factor + tasks->addend)
		bench_die("a task has a wrong result", (int)input);
	tasks->sum += input;
	if (++tasks->finished == tasks->warmup)
		tasks->start = bench_now();
	if (tasks->finished == tasks->total)
		tasks->elapsed = bench_now() - tasks->start;
}

static inline void tasks_report(const struct tasks *tasks, const char *version)
{
	if (tasks->sum != tasks->total * (tasks->total - 1) / 2)
		bench_die("tasks are missing, or came twice", 0);
	bench_report_rate(version, tasks->total - tasks->warmup, tasks->elapsed);
}

#ifdef __cplusplus
}
#endif

#endif
