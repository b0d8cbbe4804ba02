/* SPDX-License-Identifier: MIT
 *
 * The schedule that runs, shared by those who make it: scheduler.c decides who
 * goes on, schedule.c makes the fibres, verdict.c says what came of it.
 */
#ifndef SCHED_SCHEDULE_H
#define SCHED_SCHEDULE_H

#include "sched/fibre.h"
#include "sched/scheduler.h"
#include "sched/store_buffer.h"

struct wti_thread;

enum { SCHED_NAME = 16 };

struct sched_fibre {
	struct fibre *fibre;
	char name[SCHED_NAME];
	void *(*fn)(void *arg);
	void *arg;
	bool attach;

	/* What a thread has of its own. */
	struct wti_thread *self;
	const void *specific;
	int error; /* errno */
	struct store_buffer buffer;
	unsigned ranks;

	unsigned calm;
	enum sched_wait wait;
	const volatile void *object; /* that it blocks on */
	int64_t deadline;
	int result;
};

extern struct fibre sched_thread; /* who runs the schedules, on the process's own stack */
extern struct sched_fibre sched_fibre[SCHED_FIBRES];
extern unsigned sched_count, sched_live;
extern struct sched_fibre *sched_running; /* NULL: none, no schedule runs */
extern const struct sched_strategy *sched_strategy;
extern int64_t sched_time;
extern unsigned sched_steps; /* so far */
extern unsigned sched_hushes;
extern bool sched_verbose; /* this schedule is printed */

/* What the running fibre is about to do. */
enum sched_step {
	SCHED_GOES_ON,
	SCHED_STOPS, /* it blocks, or has ended; but time may bring it back */
	SCHED_STEPS_BACK
};

/* Whether the running fibre is not preempted. */
static inline bool sched_is_calm(void)
{
	return sched_running->calm || sched_hushes;
}

/* Returns when it is the calling fibre's turn; never, when it has ended. */
void sched_choose(enum sched_step step);

/* ---- verdict.c ---- */

/* A schedule begins, and ends. */
void sched_verdict_begin(void);
void sched_verdict_end(void);

/* For who reads the schedule: a line of the running fibre's; its present access, if that is of interest. */
void sched_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void sched_print_site(const struct sched_site *site, bool interesting);
const char *sched_wait_name(enum sched_wait wait);

void sched_fail_deadlock(void) __attribute__((noreturn));

#endif
