/* SPDX-License-Identifier: MIT */
#include "wtzip_block.h"

#include <stdlib.h>
#include <zlib.h>

enum {
	/* What a flush adds to the bound of a whole stream, and more. */
	BLOCK_FLUSH = 16,
	/* Raw deflate with the largest window: the frame is not the block's affair. */
	BLOCK_RAW = -MAX_WBITS,
	BLOCK_MEMORY = 8
};

static size_t block_room(size_t size)
{
	return deflateBound(NULL, size) + BLOCK_FLUSH;
}

int wtzip_block_create(wt_buffer **buffer, size_t size)
{
	struct wtzip_block *block;
	int err = wt_buffer_create(buffer, sizeof *block + WTZIP_WINDOW + size + block_room(size));

	if (err)
		return err;
	/* The buffer's address stays, and so do these. */
	block = wtzip_block_of(*buffer);
	block->in = block->bytes + WTZIP_WINDOW;
	block->out = block->in + size;
	return 0;
}

struct wtzip_block *wtzip_block_of(wt_buffer *buffer)
{
	return wt_buffer_data(buffer);
}

int wtzip_stream_init(void **state, const void *data, size_t size)
{
	z_stream *stream = calloc(1, sizeof *stream);

	(void)size;
	if (!stream)
		return WT_ENOMEM;
	if (deflateInit2(stream, *(const int *)data, Z_DEFLATED, BLOCK_RAW, BLOCK_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(stream);
		return WT_ENOMEM;
	}
	*state = stream;
	return 0;
}

void wtzip_stream_fini(void *state)
{
	z_stream *stream = state;

	(void)deflateEnd(stream);
	free(stream);
}

/* Whether all of the input is in the output, which ends at a byte. */
static bool block_deflate(z_stream *stream, struct wtzip_block *block)
{
	int wanted = block->last ? Z_STREAM_END : Z_OK;

	if (deflateReset(stream) != Z_OK)
		return false;
	if (block->window && deflateSetDictionary(stream, block->in - block->window, (uInt)block->window) != Z_OK)
		return false;
	stream->next_in = block->in;
	stream->avail_in = (uInt)block->size;
	stream->next_out = block->out;
	stream->avail_out = (uInt)block_room(block->size);
	if (deflate(stream, block->last ? Z_FINISH : Z_SYNC_FLUSH) != wanted)
		return false;
	block->deflated = (size_t)(stream->next_out - block->out);
	block->crc = (uint32_t)crc32(0, block->in, (uInt)block->size);
	return stream->avail_in == 0 && stream->avail_out > 0;
}

int wtzip_block_deflate(wt_task *task, wt_message *input, void *stream)
{
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	int err = wt_message_take_buffer(input, 0, &buffer);

	if (err)
		return err;
	if (!block_deflate(stream, wtzip_block_of(buffer)))
		err = WT_EOVERFLOW;
	else
		err = wt_task_reply(task, &(wt_outgoing){ .transfer = list, .transfer_count = 1 });
	/* NULL where it has moved. */
	wt_buffer_destroy(buffer);
	return err;
}
