/* SPDX-License-Identifier: MIT
 *
 * Cuts a file into chunks of whole lines, each a buffer that can move to a
 * worker. One thread.
 */
#ifndef JSONSTAT_CHUNK_H
#define JSONSTAT_CHUNK_H

#include <wt.h>

/* A line longer than this is dropped. */
#define CHUNK_LINE_MAX ((size_t)64 << 20)

struct chunker {
	int fd;
	size_t size; /* of a chunk in bytes, unless a line is longer */
	char *rest;  /* the begin of a line that was behind the last chunk */
	size_t rest_size;
	bool ended;
};

/* At most CHUNK_LINE_MAX bytes; the descriptor stays the caller's. */
void chunker_init(struct chunker *chunker, int fd, size_t size);

/*
 * The next chunk. Returns 0; WT_ERANGE for a line that is too long, which it
 * has skipped; WT_ECLOSED at the end of the file; WT_ENOMEM; the negative of
 * the errno of reading. On failure *chunk is NULL.
 */
int chunker_next(struct chunker *chunker, wt_buffer **chunk);

void chunker_free(struct chunker *chunker);

#endif
