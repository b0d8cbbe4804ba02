/* SPDX-License-Identifier: MIT */
#include "sched/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "owned.h"
#include "sched/explore.h"
#include "sched/memory.h"
#include "sched/system.h"
#include "seam.h"

enum { TRIAL_SECONDS = 600 /* a process that takes longer hangs outside of all schedule points */ };

const struct sched_model trial_models[] = {
	[TRIAL_SC] = { "stores at once", .membarrier = true, .spurious = true, .processors = 1 },
	[TRIAL_BARRIER] = { "late stores, membarrier", .late = true, .membarrier = true, .processors = 1 },
	[TRIAL_NO_BARRIER] = { "late stores, no membarrier", .late = true, .processors = 1 },
	[TRIAL_POLLING] = { "late stores, polling", .late = true, .membarrier = true, .processors = 2 },
};

const char *const trial_mark_names[] = {
	[SCHED_PARKED] = "parked",
	[SCHED_POLLED] = "polled",
	[SCHED_CONTENDED] = "contended",
	[SCHED_LATE] = "late",
	[SCHED_SPURIOUS] = "woken for no reason",
	[SCHED_ARMED] = "armed",
	[SCHED_WOKEN] = "woken",
	[SCHED_TIMED_OUT] = "timed out",
	[SCHED_FULL] = "full",
	[SCHED_CLOSED] = "closed",
	[SCHED_DELIVERED] = "delivered",
	[SCHED_DROPPED] = "dropped",
	[SCHED_TERMINATED] = "terminated",
	[SCHED_GRANTED] = "granted",
	[SCHED_IN_FLIGHT] = "in flight",
	[SCHED_HIRED] = "hired",
	[SCHED_CANCELLED] = "cancelled",
	[SCHED_FAILED] = "failed",
	[SCHED_REPLACED] = "replaced",
};

/* ---- In the process that runs the schedules ---- */

/* A change of what a thread owns is no atomic access, and may still be met between its look and its first step. */
static void trial_yield(enum wti_yield_point point, void *object)
{
	if (point == WTI_YIELD_ARMED)
		sched_reached(SCHED_ARMED);
	if (point == WTI_YIELD_CHANGING)
		sched_point(SCHED_SITE("change"), &((struct wti_owned *)object)->changing, false);
}

static void trial_set_up(const struct trial *trial, struct sched_report *report)
{
	sched_report = report;
	sched_model = trial_models[trial->model];
	sched_shown = trial->shown;
	wti_os = &system_ops;
	wti_heap = &memory_ops;
	wti_yield_hook = trial_yield;
	wti_mutant = trial->mutant;
	wti_crew_max = 0;
	alarm(TRIAL_SECONDS);
}

static void trial_search(const struct trial *trial)
{
	void (*fn)(void) = trial->scenario->run;

	if (trial->everywhere)
		explore_everywhere();
	sched_model.spurious = trial_models[trial->model].spurious && trial->scenario->size == SCENARIO_SMALL;
	explore_warm_up(fn);
	if (trial->limit)
		explore_bounded(fn, trial->bound, trial->limit);
	sched_model.spurious = trial_models[trial->model].spurious;
	if (trial->random)
		pct_run(fn, trial->seed, trial->random);
	sched_report->passed = true;
}

/* ---- In the one that started it ---- */

void trial_run(const struct trial *trial, struct sched_report *report)
{
	int status = 0;
	pid_t child;

	memset(report, 0, sizeof *report);
	fflush(stdout);
	child = fork();
	if (child < 0)
		abort();
	if (child == 0) {
		trial_set_up(trial, report);
		trial_search(trial);
		fflush(stdout);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(report->failure, sizeof report->failure, "%s", strsignal(WTERMSIG(status)));
	else if (!report->passed && !report->failure[0])
		snprintf(report->failure, sizeof report->failure, "exit status %d", WEXITSTATUS(status));
}
