/* SPDX-License-Identifier: MIT
 *
 * Runs one schedule: fibres in one thread, of which one goes on until it
 * blocks, ends, or is preempted at a schedule point, as a strategy decides.
 * The same decisions give the same schedule.
 *
 * Time stands still while anything can run. When nothing can, all store
 * buffers become visible, and then the clock goes on to the earliest moment
 * that somebody waits for; if there is none, the schedule is a deadlock. So
 * deadlines are exact, and a wake that was lost is found at once.
 *
 * Signals, and with them the pokes of workers that are being ended, are not
 * there: the claim of one is refused.
 */
#ifndef SCHED_SCHEDULER_H
#define SCHED_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/site.h"

struct store_buffer;

enum { SCHED_FIBRES = 8 };

#define SCHED_EPOCH 1000000000 /* ns: when each schedule begins */

/*
 * Who can make the next step: a fibre by its number; by that and SCHED_FIBRES,
 * its store buffer; by that and twice as much, the system, which ends the
 * fibre's sleep in a futex for no reason.
 */
typedef unsigned sched_agent;

enum { SCHED_AGENTS = 3 * SCHED_FIBRES };

struct sched_strategy {
	/*
	 * Which of the agents, by index; two at least. `going`: the first of
	 * them is the running fibre, so that any other one is a preemption.
	 */
	unsigned (*next)(const sched_agent *agents, unsigned count, bool going);
	/* The running fibre is left with so many stores in its buffer: how many become visible now. */
	unsigned (*drain)(unsigned pending);
	bool everywhere;   /* preempt also where no conflict is known */
	bool buffer_steps; /* buffers are among the agents also where the running fibre has blocked */
	bool forgets;      /* places of conflict are not looked for, unless the schedule is printed */
};

/* What the schedules have, apart from preemptions. */
struct sched_model {
	const char *name;
	bool late;       /* stores may be */
	bool membarrier; /* the system has it */
	bool spurious;   /* sleeps may end for no reason */
	int processors;  /* with two of them, the library polls before it sleeps */
};

/* Set once, before the first schedule. */
extern struct sched_model sched_model;
extern uint64_t sched_shown; /* print the schedule with this number; 0: none */

/* Run `fn` as the first fibre, and all that it starts, to their ends. */
void sched_execute(const struct sched_strategy *strategy, void (*fn)(void));

/* ---- For the seams; the calling fibre ---- */

/* A schedule point before an access. */
void sched_point(struct sched_site *site, const volatile void *address, bool write);

/* The same before a call of the system or of a lock, for all of which a processor empties its buffer. */
void sched_operation(struct sched_site *site, const volatile void *address);

/* Whether the memory is there, else the schedule has failed. */
void sched_look(const volatile void *address);

enum sched_wait {
	SCHED_RUNS,
	SCHED_WAITS_FUTEX,
	SCHED_WAITS_LOCK,
	SCHED_WAITS_END,        /* of a fibre */
	SCHED_WAITS_DESCRIPTOR,
	SCHED_WAITS_LATCH,      /* a scenario's own */
	SCHED_ENDED
};

/* Block on the object until it is woken, 0, or the clock has come to the deadline, -ETIMEDOUT. */
int sched_block(enum sched_wait wait, const volatile void *object, int64_t deadline);

/* Let so many of those that block on it go on; returns how many. */
unsigned sched_wake(enum sched_wait wait, const volatile void *object, unsigned count);

/* Others come first, if there are any. */
void sched_step_back(void);

/* Who goes on is open, and no preemption. */
void sched_rest(void);

int64_t sched_now(void);

/* The clock goes on by so many nanoseconds, whoever can run: as where a processor was taken away for so long. */
void sched_leap(int64_t by);

/* Empty the store buffer of the calling fibre, at a schedule point if there is something in it, or without; or all. */
void sched_drain_own(void);
void sched_drain_now(void);
void sched_drain_all(void);
bool sched_is_pending(const void *address, size_t size);

/* While it is on, the fibre is not preempted. Nests. */
void sched_calm(int by);

/*
 * While it is on, nothing is to be decided: each fibre goes on until it blocks,
 * then the first that can, and all that is stored is seen. Nests, of whatever
 * fibres. For what is there before a scenario begins, and goes after it.
 */
void sched_hush(int by);

/* Hushed: the others go on until each of them blocks. */
void sched_settle(void);

/* A new fibre: its number, or -EAGAIN. `attach`: the library makes its record of it before it can be preempted. */
int sched_spawn(const char *name, void *(*fn)(void *arg), void *arg, bool attach);
int sched_await_end(unsigned fibre, int64_t deadline);

/* The number of the calling fibre. */
unsigned sched_current(void);

/* What it has of its own: locks, a bit for each rank; what POSIX has under a key; stores that the others do not see. */
unsigned *sched_ranks_held(void);
const void **sched_specific(void);
struct store_buffer *sched_buffer(void);
bool sched_in_own_frame(const volatile void *address);

/* Whether all other fibres have ended, or are not there yet, or all are hushed: nothing is a schedule point. */
bool sched_is_alone(void);

/* Whether the strategy preempts also where no conflict is known. */
bool sched_is_everywhere(void);

/* ---- The verdict ---- */

enum sched_mark {
	SCHED_PARKED,    /* a fibre slept in a futex */
	SCHED_POLLED,    /* ... on a descriptor */
	SCHED_CONTENDED, /* a lock was held by another fibre */
	SCHED_LATE,      /* a fibre was left with a store in its buffer */
	SCHED_SPURIOUS,  /* a sleep ended for no reason */
	SCHED_ARMED,     /* a sleep was announced */
	SCHED_WOKEN,     /* from here on: what scenarios see */
	SCHED_TIMED_OUT,
	SCHED_FULL,
	SCHED_CLOSED,
	SCHED_DELIVERED,
	SCHED_DROPPED,
	SCHED_TERMINATED,
	SCHED_GRANTED,
	SCHED_IN_FLIGHT,
	SCHED_HIRED,
	SCHED_CANCELLED,
	SCHED_FAILED,
	SCHED_REPLACED,
	SCHED_MARKS
};

/* The schedule came to this state; does not count while the fibre is calm, or all are hushed. */
void sched_reached(enum sched_mark mark);

/* Called with the failure in the report, before the process ends; NULL: nothing. */
extern void (*sched_failed)(void);

/* This schedule is wrong. Ends the process. */
void sched_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
