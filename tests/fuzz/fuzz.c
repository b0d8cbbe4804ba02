/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wt.h>

#include "crew.h"
#include "sched/memory.h"
#include "sched/report.h"
#include "sched/system.h"
#include "seam.h"

static struct sched_report fuzz_report;
static struct fuzz_input fuzz_present, fuzz_schedule;
static bool fuzz_shows;

/* Of the next change in the schedule. */
static uint64_t fuzz_gap;     /* decisions before it */
static unsigned fuzz_choice;  /* who goes on then */
static unsigned fuzz_chosen;  /* at the latest one */
static unsigned fuzz_running; /* who went on last, by number */

/* ---- Input ---- */

unsigned fuzz_byte(struct fuzz_input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->next++;
}

uint64_t fuzz_number(struct fuzz_input *input)
{
	unsigned bytes = fuzz_byte(input) % 9;
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)fuzz_byte(input) << 8 * i;
	return number;
}

struct fuzz_input fuzz_bytes(struct fuzz_input *input, size_t size)
{
	struct fuzz_input taken = { input->next, size < input->size ? size : input->size };

	input->next += taken.size;
	input->size -= taken.size;
	return taken;
}

void fuzz_show(const char *format, ...)
{
	va_list args;

	if (!fuzz_shows)
		return;
	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

/* ---- The schedule ---- */

/* Gaps of up to 127 by ones, then by sixteens. */
static void fuzz_plan(void)
{
	unsigned gap = fuzz_byte(&fuzz_schedule);
	bool more = fuzz_schedule.size;

	fuzz_gap = more ? (gap < 128 ? gap : (gap - 120) * 16) : UINT64_MAX;
	fuzz_choice = fuzz_byte(&fuzz_schedule);
}

void fuzz_set_schedule(struct fuzz_input schedule)
{
	fuzz_schedule = schedule;
	fuzz_plan();
}

/* Round about, so that no fibre waits for others that give way to each other. */
static unsigned fuzz_follower(const sched_agent *agents, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (agents[i] > fuzz_running && agents[i] < SCHED_FIBRES)
			return i;
	return 0;
}

static unsigned fuzz_next(const sched_agent *agents, unsigned count, bool going)
{
	unsigned index;

	if (fuzz_gap) {
		fuzz_gap--;
		fuzz_chosen = 0;
		index = going ? 0 : fuzz_follower(agents, count);
	} else {
		fuzz_chosen = fuzz_choice;
		index = (fuzz_choice & 0x7f) % count;
		fuzz_plan();
	}
	if (agents[index] < SCHED_FIBRES)
		fuzz_running = agents[index];
	return index;
}

/* A change that the schedule asks for may leave all stores in the buffer. */
static unsigned fuzz_drain(unsigned pending)
{
	return fuzz_chosen & 0x80 ? 0 : pending;
}

static const struct sched_strategy fuzz_strategy = {
	.next = fuzz_next,
	.drain = fuzz_drain,
	.everywhere = true,
	.forgets = true,
};

/* ---- A run ---- */

/* So that libFuzzer keeps the input, and ends. */
static void fuzz_fail(void)
{
	fprintf(stderr, "%s\n", fuzz_report.failure);
	abort();
}

static void fuzz_run(void)
{
	fuzz_target.run(&fuzz_present);
}

static void fuzz_execute(void (*fn)(void))
{
	fuzz_running = 0;
	fuzz_chosen = 0;
	if (fuzz_shows)
		sched_shown = fuzz_report.executed + 1;
	sched_execute(&fuzz_strategy, fn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_present = (struct fuzz_input){ data, size };
	fuzz_set_schedule((struct fuzz_input){ 0 });
	sched_model.late = sched_model.spurious = false;
	if (fuzz_target.is_scheduled) {
		unsigned model = fuzz_byte(&fuzz_present);

		sched_model.late = model & FUZZ_LATE;
		sched_model.spurious = model & FUZZ_SPURIOUS;
	}
	fuzz_execute(fuzz_run);
	if (fuzz_target.check)
		fuzz_target.check();
	memory_check();
	return 0;
}

/* ---- What the library makes once ---- */

static int fuzz_warm_worker(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void fuzz_warm_up(void)
{
	static _Atomic(uint32_t) cell;
	wt_worker *worker;
	wt_lock *lock;

	(void)wt_getenv("PATH");
	FUZZ_CHECK(wt_worker_create(&worker, fuzz_warm_worker, NULL, 0, NULL) == 0);
	FUZZ_CHECK(wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	wt_worker_destroy(worker);
	FUZZ_CHECK(wt_lock_acquire(&lock, NULL, 0, NULL, WT_NOW) == 0);
	wt_lock_release(lock);
	FUZZ_CHECK(wt_notify(&cell, 1, NULL) == 0);
}

/* The process's variables are the same everywhere: none. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char *nothing[] = { NULL };
	const char *mutant = getenv("WT_MUTANT");

	(void)argc;
	(void)argv;
	fuzz_shows = getenv("WT_FUZZ_SHOW");
	environ = nothing;
	sched_report = &fuzz_report;
	sched_failed = fuzz_fail;
	sched_model = (struct sched_model){ .name = "fuzz", .membarrier = true, .processors = 1 };
	wti_os = &system_ops;
	wti_heap = &memory_ops;
	wti_crew_max = 0;
	fuzz_set_schedule((struct fuzz_input){ 0 });
	sched_execute(&fuzz_strategy, fuzz_warm_up);
	memory_keep();
	wti_mutant = mutant ? atoi(mutant) : 0;
	return 0;
}
