/* SPDX-License-Identifier: MIT
 *
 * What the scenarios of pools share: a pool whose workers sleep when the
 * scenario begins, tasks with numbers, and an account of each.
 */
#ifndef SCHED_SCENARIO_POOL_H
#define SCHED_SCENARIO_POOL_H

#include "sched/scenario.h"

enum { POOL_TASKS = 3, POOL_UNTOLD = 1 /* no result */ };

#define POOL_MS 1000000 /* ns */

extern wt_pool *pool; /* main's */

/* Of each task: how often it was begun and told, and with what. */
extern struct pool_account {
	unsigned ran, told;
	int result;
} pool_account[POOL_TASKS];

/* Hushed: a pool whose min_workers sleep. */
void pool_open(wt_task_fn *fn, const wt_pool_options *options);

/* Main's next tasks are timed, and not brief, until the pool has learnt that they are short. */
void pool_take_times(void);

/* Hushed: the end of the pool, which has nothing to do; the workers that it had in all are so many. */
void pool_end(unsigned workers);

/* Hushed: the end of the pool, with whatever is left. */
void pool_destroy_quietly(void);

/* The accounts outlast the end of the pool; then, hushed: no task was counted twice, and they go. */
void pool_outlive(void);
void pool_check_past(void);

/* Hushed: another fibre's part of the pool is made. */
void pool_enter(void);

/* The number of the task, which begins. */
unsigned pool_begin(const wt_message *input);

/* A task that does nothing. */
int pool_do_nothing(wt_task *task, wt_message *input, void *state);

/* What a submit of it takes: the number, which outlasts it; the input. And what its callback does. */
unsigned *pool_number(unsigned number);
wt_outgoing pool_input(unsigned number);
void pool_tell(unsigned number, int result);

/* Submit the task with this number: to be told by the loop; to be waited for. As wt_pool_submit. */
int pool_try(unsigned number, const wt_task_options *options);
void pool_submit(unsigned number);
wt_task *pool_submit_handle(unsigned number);

/* Wait for a task, account for it, and give the handle back. */
void pool_await(unsigned number, wt_task *task);

/* A fibre that submits the task with this number, an unsigned, and waits for it. */
void pool_submit_and_wait(void *number);

/* The task was begun once and ended with 0; was told once, with this result. */
void pool_check_done(unsigned number);
void pool_check_told(unsigned number, int result);

#endif
