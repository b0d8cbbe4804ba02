/* SPDX-License-Identifier: MIT
 *
 * One scenario under one memory model, in a process of its own: what the
 * library decides once is decided anew, and what fails, crashes or hangs takes
 * nothing with it.
 */
#ifndef SCHED_TRIAL_H
#define SCHED_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/report.h"
#include "sched/scenario.h"

enum trial_model {
	TRIAL_SC,         /* stores are seen at once, and sleeps may end for no reason */
	TRIAL_BARRIER,    /* they may be late; the sleeper makes all see them (membarrier) */
	TRIAL_NO_BARRIER, /* they may be late, and everyone is on their own */
	TRIAL_POLLING,    /* as TRIAL_BARRIER, on two processors; by chance only: a poll has hundreds of points */
	TRIAL_MODELS
};

extern const struct sched_model trial_models[TRIAL_MODELS];

struct trial {
	const struct scenario *scenario;
	enum trial_model model;
	int mutant;
	unsigned bound;  /* preemptions of which all schedules are made */
	uint64_t limit;  /* schedules with more than that; 0: none, nor those */
	bool everywhere; /* preempt at places without conflict, too */
	uint64_t seed;
	uint64_t random; /* schedules by chance */
	uint64_t shown;  /* print this one, counted from 1; 0: none */
};

extern const char *const trial_mark_names[SCHED_MARKS];

/* Run it; the result is in the report. The same trial does the same: to see a schedule, make it again. */
void trial_run(const struct trial *trial, struct sched_report *report);

#endif
