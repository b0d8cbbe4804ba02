// SPDX-License-Identifier: MIT
/* How the memory of an idle worker or thread is measured: the process's resident set before and after 200 of them. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "harness.h"

#include <stdio.h>
#include <time.h>

enum { MEMORY_WORKERS = 200 };

/* From smaps_rollup, which counts pages: the counters of /proc/self/status lag behind by a batch for each thread. */
static inline double memory_resident_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	double kib = -1;

	if (!file)
		bench_die("/proc/self/smaps_rollup", 0);
	while (kib < 0 && fgets(line, sizeof line, file)) {
		if (sscanf(line, "Rss: %lf kB", &kib) != 1)
			kib = -1;
	}
	fclose(file);
	if (kib < 0)
		bench_die("Rss in /proc/self/smaps_rollup", 0);
	return kib;
}

/* Lets threads that have said they are there go to sleep: nothing tells from outside that they do. */
static inline void memory_settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
}

#endif
