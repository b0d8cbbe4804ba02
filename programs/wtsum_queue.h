/* SPDX-License-Identifier: MIT
 *
 * Files that are being hashed: in parallel, and told in the order in which
 * they were added. How many there are at once is limited, so memory is. One
 * thread, whose loop runs inside of add and finish.
 */
#ifndef WTSUM_QUEUE_H
#define WTSUM_QUEUE_H

#include "progress.h"

struct wtsum_queue;

struct wtsum_hashed {
	const char *name;
	int error; /* 0; the negative errno, or WT_E number, why there is no digest */
	unsigned char *digest;
	unsigned char *expected; /* what was given to add; zeros without */
};

typedef void wtsum_hashed_fn(const struct wtsum_hashed *file, void *arg);

/*
 * Calls hashed(file, arg) for each file. `jobs` is the number of workers, 0
 * for one on each processor; `progress` gets the bytes hashed. Returns 0 or
 * an error, as the others do.
 */
int wtsum_queue_create(struct wtsum_queue **queue, unsigned jobs, struct progress *progress);

/* Who hears of the files from now on. There must be none in the queue. */
void wtsum_queue_on_hashed(struct wtsum_queue *queue, wtsum_hashed_fn *hashed, void *arg);

/* Hash one more; waits while too many are under way, and leaves it out where standard output has failed.
 * `expected` may be NULL. */
int wtsum_queue_add(struct wtsum_queue *queue, const char *name, const unsigned char *expected);

/* Wait until all that were added have been told, or standard output has failed. */
int wtsum_queue_finish(struct wtsum_queue *queue);

/* What has not been told is not told any more. NULL is ignored. */
void wtsum_queue_destroy(struct wtsum_queue *queue);

#endif
