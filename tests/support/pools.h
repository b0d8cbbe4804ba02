/* SPDX-License-Identifier: MIT
 *
 * A pool whose tasks do what their input says.
 */
#ifndef SUPPORT_POOLS_H
#define SUPPORT_POOLS_H

#include <wt/pool.h>
#include <wt/time.h>

#include "support/support.h"

struct wti_pool_client;

enum pools_op {
	POOLS_NOTHING,  /* return `value` */
	POOLS_DOUBLE,   /* reply with twice the value */
	POOLS_AWAIT,    /* until the gate is open */
	POOLS_SLEEP,    /* until it is to end */
	POOLS_HEED,     /* until wt_task_cancelled */
	POOLS_SPIN,     /* until the gate is open, without ever looking whether it is to end */
	POOLS_FAIL,     /* wt_fail(value) */
	POOLS_EXIT,     /* wt_exit(value) */
	POOLS_PROGRESS, /* send the numbers below `value` */
	POOLS_CALL      /* return call(task, arg) */
};

struct pools_input {
	enum pools_op op;
	int value;
	struct latch *begun; /* opened when the task begins, or NULL */
	struct latch *gate;
	int (*call)(wt_task *task, void *arg);
	void *arg;
};

/* The task function. */
int pools_task(wt_task *task, wt_message *input, void *state);

/* A pool of so many workers, which are there. Runner only, like the others. */
wt_pool *pools_create(unsigned workers);
wt_pool *pools_create_with(const wt_pool_options *options);

/* Submit what wt_task_wait is to wait for. */
wt_task *pools_submit(wt_pool *pool, struct pools_input input);
wt_task *pools_submit_with(wt_pool *pool, struct pools_input input, const wt_task_options *options);

/* The result, for which it waits some seconds; the handle is given back. */
int pools_result(wt_task *task);

/* The statistics. */
struct wt_pool_stats pools_stats(wt_pool *pool);

/* The calling thread's part of the pool, whose next submits are not timed. */
struct wti_pool_client *pools_untimed(wt_pool *pool);

/* The pool's one worker, which is at a task, takes what waits behind that at once: it believes that those are short. */
void pools_believe_in_short_tasks(wt_pool *pool);

/* A moment that no busy machine reaches. */
wt_time pools_soon(void);

#endif
