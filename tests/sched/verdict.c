/* SPDX-License-Identifier: MIT
 *
 * What is known of a schedule: the states that it came to, what it did, for
 * who reads that, and why it is wrong.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sched/access.h"
#include "sched/report.h"
#include "sched/schedule.h"

struct sched_report *sched_report;
uint64_t sched_shown;
void (*sched_failed)(void);

bool sched_tells;

static unsigned verdict_marks; /* reached in this schedule */
bool sched_verbose;

/* ---- The verdict ---- */

void sched_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sched_report->failure, sizeof sched_report->failure, format, args);
	va_end(args);
	if (sched_verbose)
		printf("# %s\n", sched_report->failure);
	fflush(stdout);
	if (sched_failed)
		sched_failed();
	_exit(1);
}

void sched_reached(enum sched_mark mark)
{
	if (!sched_is_calm())
		verdict_marks |= 1u << mark;
}

void sched_verdict_begin(void)
{
	verdict_marks = 0;
	sched_verbose = ++sched_report->executed == sched_shown;
}

void sched_verdict_end(void)
{
	for (unsigned i = 0; i < SCHED_MARKS; i++)
		sched_report->reached[i] += verdict_marks >> i & 1;
}

/* ---- For who reads the schedule ---- */

static const char *verdict_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void sched_print(const char *format, ...)
{
	va_list args;

	if (!sched_verbose)
		return;
	va_start(args, format);
	printf("# %-10s ", sched_running->name);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

void sched_print_site(const struct sched_site *site, bool interesting)
{
	sched_tells = interesting && sched_verbose;
	if (interesting)
		sched_print("%s:%d %s", verdict_base(site->file), site->line, site->what);
}

void sched_print_value(const void *value, unsigned size)
{
	uint64_t bits = 0;

	memcpy(&bits, value, size < sizeof bits ? size : sizeof bits);
	sched_print("    = %#llx", (unsigned long long)bits);
}

static const char *const verdict_wait_names[] = {
	[SCHED_RUNS] = "runs",
	[SCHED_WAITS_FUTEX] = "sleeps",
	[SCHED_WAITS_LOCK] = "waits for a lock",
	[SCHED_WAITS_END] = "waits for another's end",
	[SCHED_WAITS_DESCRIPTOR] = "waits for a descriptor",
	[SCHED_WAITS_LATCH] = "waits for a latch",
	[SCHED_ENDED] = "has ended",
};

const char *sched_wait_name(enum sched_wait wait)
{
	return verdict_wait_names[wait];
}

void sched_fail_deadlock(void)
{
	char text[400] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sched_count && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i ? ", " : "", sched_fibre[i].name,
					 verdict_wait_names[sched_fibre[i].wait]);
	sched_fail("deadlock: %s", text);
}
