/* SPDX-License-Identifier: MIT
 *
 * The work of encrypt_server, in a pool: the body of a request in, the answer
 * to it out. A worker parses the body and hashes what is in it, so that the
 * thread which has all connections does neither.
 */
#ifndef ENCRYPT_TASK_H
#define ENCRYPT_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <wt.h>

/* For tests. */
struct encrypt_hooks {
	int64_t delay; /* ns that each task sleeps before it begins */
	char fail[64]; /* the worker fails where this is to be hashed; "": never */
};

struct encrypt_options;

int encrypt_pool_create(wt_pool **pool, const struct encrypt_options *options);

/*
 * Submit a body of `size` bytes, from malloc (NULL for 0 bytes), which is the
 * caller's no more, whatever this returns. `done` gets a reply whose type is
 * the status of HTTP, and whose bytes are the answer's body; or an error, and
 * no reply, when the worker failed. Returns as wt_pool_submit.
 */
int encrypt_submit(wt_pool *pool, char *body, size_t size, wt_task_done_fn *done, void *arg);

#endif
