/* SPDX-License-Identifier: MIT
 *
 * Compression over a pool: the input is cut into blocks, which are deflated
 * in parallel and written in their order. There are only so many blocks at
 * once, so memory has a limit, and they are used again and again. One thread.
 */
#ifndef WTZIP_COMPRESS_H
#define WTZIP_COMPRESS_H

#include "wtzip_job.h"
#include "wtzip_options.h"

struct wtzip_compressor;

/*
 * For inputs of which the first has `size` bytes, UINT64_MAX where that is not
 * known: as many workers as it has blocks begin at once. Returns 0 or a WT_E
 * number.
 */
int wtzip_compressor_create(struct wtzip_compressor **compressor, const struct wtzip_options *options, uint64_t size);

/*
 * Write one member: the input up to its end, with this name (NULL: none) and
 * time in its header. Returns the status; what failed was complained of.
 */
int wtzip_compress(struct wtzip_compressor *compressor, struct wtzip_job *job, const char *name, int64_t mtime);

/* NULL is ignored. */
void wtzip_compressor_destroy(struct wtzip_compressor *compressor);

#endif
