/* SPDX-License-Identifier: MIT
 *
 * A block of a file, deflated by itself: what the pool's workers do. Each is
 * a piece of one deflate stream that ends at a byte, and looks back at the
 * 32 KiB before it, so that the pieces put one after the other are the stream,
 * hardly larger than if it had been made at once.
 *
 * A block is one wt_buffer, which moves to a worker and back, with room for
 * all that either side puts into it.
 */
#ifndef WTZIP_BLOCK_H
#define WTZIP_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <wt.h>

/* How far back a deflate stream looks. */
enum { WTZIP_WINDOW = 32 * 1024 };

struct wtzip_block {
	size_t window; /* bytes of input that lie before this block's, at most WTZIP_WINDOW */
	size_t size;   /* bytes of input */
	bool last;     /* of its stream */
	uint32_t crc;      /* of the input; from here on it is the worker's to fill */
	size_t deflated;   /* bytes of output */
	unsigned char *in; /* `size` bytes, and before them the window */
	unsigned char *out;
	unsigned char bytes[];
};

/* A buffer with a block for up to `size` bytes of input. Returns 0, or WT_ENOMEM. */
int wtzip_block_create(wt_buffer **buffer, size_t size);

struct wtzip_block *wtzip_block_of(wt_buffer *buffer);

/* The task: the buffer with the block comes with the input, and goes back with the reply. */
int wtzip_block_deflate(wt_task *task, wt_message *input, void *stream);

/* A worker's own stream; the data is the level, an int. */
int wtzip_stream_init(void **stream, const void *data, size_t size);
void wtzip_stream_fini(void *stream);

#endif
