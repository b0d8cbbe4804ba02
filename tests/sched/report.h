/* SPDX-License-Identifier: MIT
 *
 * What the process that runs the schedules tells the one that started it. In
 * memory that both have, so that it is there also when the first one crashes.
 */
#ifndef SCHED_REPORT_H
#define SCHED_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/scheduler.h"

/* One decision of a schedule. */
struct sched_decision {
	uint16_t taken;
	uint16_t count; /* choices there were */
	bool free;      /* none of them is a preemption */
};

enum { SCHED_DECISIONS = 1 << 16, SCHED_BOUNDS = 7 };

enum sched_phase {
	SCHED_FIRST,   /* one schedule without choices, so that what is made once is there */
	SCHED_BOUNDED, /* all of them, up to a number of preemptions */
	SCHED_RANDOM
};

struct sched_report {
	enum sched_phase phase;
	uint64_t executed;                /* schedules begun, of all kinds */
	unsigned bound;                   /* preemptions at the most, at present */
	uint64_t schedules[SCHED_BOUNDS]; /* made with up to so many */
	unsigned complete;                /* they were all for the numbers below this */
	uint64_t random;                  /* schedules by chance */
	uint64_t seed;                    /* of the present one */
	uint64_t reached[SCHED_MARKS];    /* schedules that came to the state */
	bool passed;
	char failure[512];
	unsigned decisions; /* of the present schedule */
	struct sched_decision decision[SCHED_DECISIONS];
};

extern struct sched_report *sched_report;

#endif
