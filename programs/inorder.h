/* SPDX-License-Identifier: MIT
 *
 * A pool whose replies are wanted in the order of the submits: a queue of
 * handles, of which the oldest is waited for. What is in flight at a time is
 * bounded by the number of workers. One thread.
 */
#ifndef INORDER_H
#define INORDER_H

#include <wt.h>

struct inorder_entry {
	wt_task *task;
	void *tag; /* the caller's */
};

struct inorder {
	wt_pool *pool;
	struct inorder_entry *entries;
	size_t room;
	size_t first; /* the oldest of those in flight */
	size_t count; /* of them */
};

/*
 * Create the pool, with as many workers as min_workers says, or one for each
 * processor where it says 0. As wt_pool_create; on failure there is nothing to
 * be freed.
 */
int inorder_init(struct inorder *inorder, wt_task_fn *fn, const wt_pool_options *options);

/* Whether there is no room: the oldest is to be taken first. */
bool inorder_full(const struct inorder *inorder);

/* Submit a task. As wt_pool_submit; the tag comes back with the reply. */
int inorder_submit(struct inorder *inorder, const wt_outgoing *input, void *tag);

/*
 * Wait for the oldest task and look at its result and reply, which stay until
 * inorder_pop. Returns what wt_task_wait does; WT_EAGAIN when none is in flight.
 */
int inorder_peek(struct inorder *inorder, int *result, wt_message *reply, void **tag);

/* Done with the oldest. */
void inorder_pop(struct inorder *inorder);

/* Forget those in flight, and end the pool. */
void inorder_free(struct inorder *inorder);

#endif
