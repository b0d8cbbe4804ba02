/* SPDX-License-Identifier: MIT
 *
 * Decompression: of all the members that an input has, one after the other,
 * on one thread. One thread.
 */
#ifndef WTZIP_EXPAND_H
#define WTZIP_EXPAND_H

#include "wtzip_job.h"

struct wtzip_expander;

/* Returns 0, or WT_ENOMEM. */
int wtzip_expander_create(struct wtzip_expander **expander);

/*
 * Read the first header, before there need be an output. *name (NULL: none)
 * and *mtime (0: none) are what it has saved; the name lasts until the next
 * of these. Returns the status; what failed was complained of.
 */
int wtzip_expand_begin(struct wtzip_expander *expander, struct wtzip_job *job, const char **name, int64_t *mtime);

/* Write the rest of it out. WTZIP_WARNED: it is all there, and something follows that is not gzip's. */
int wtzip_expand(struct wtzip_expander *expander, struct wtzip_job *job);

/* NULL is ignored. */
void wtzip_expander_destroy(struct wtzip_expander *expander);

#endif
