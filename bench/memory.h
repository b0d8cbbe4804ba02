// SPDX-License-Identifier: MIT
/* How the memory of an idle worker or thread is measured: the process's resident set before and after 200 of them. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMORY_WORKERS = 200 };

/* A line of a process's memory account: smaps_rollup counts pages, while /proc/PID/status lags behind. */
static inline double memory_field_kib(const char *path, const char *field)
{
	FILE *file = fopen(path, "r");
	size_t length = strlen(field);
	char line[256];
	double kib = -1;

	if (!file)
		bench_die(path, 0);
	while (kib < 0 && fgets(line, sizeof line, file)) {
		if (strncmp(line, field, length) == 0 && line[length] == ':')
			kib = strtod(line + length + 1, NULL);
	}
	fclose(file);
	if (kib < 0)
		bench_die(field, 0);
	return kib;
}

static inline double memory_resident_kib(void)
{
	return memory_field_kib("/proc/self/smaps_rollup", "Rss");
}

/* Lets threads that have said they are there go to sleep: nothing tells from outside that they do. */
static inline void memory_settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
}

#endif
