/* SPDX-License-Identifier: MIT */
#include "wtzip_compress.h"

#include "gzip_frame.h"
#include "wtzip_block.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* While one block of a worker is deflated, others are read and written. */
enum { COMPRESS_BLOCKS_EACH = 4 };

struct wtzip_compressor {
	wt_pool *pool;
	int level;
	size_t block; /* bytes of input in each */
	size_t most;  /* blocks, in tasks and spare */
	/* The blocks under way, in the order of the input: a ring of `most`. */
	wt_task **tasks;
	size_t first;
	size_t count;
	wt_buffer **spare; /* buffers that no task has */
	size_t spares;
	/* The end of the input before the next block. */
	size_t window;
	unsigned char before[WTZIP_WINDOW];
	/* Of what has been written. */
	uint32_t crc;
	uint64_t size;
};

/* A pool that has them from the start is 2 % faster over half a second than one that finds that it needs them. */
static unsigned compress_workers(const struct wtzip_options *options, uint64_t size)
{
	uint64_t blocks = size / options->block + 1;

	return blocks < options->jobs ? (unsigned)blocks : options->jobs;
}

static int compress_open_pool(struct wtzip_compressor *compressor, const struct wtzip_options *options, uint64_t size)
{
	const wt_pool_options *pool = WT_POOL_OPTIONS(
		.name = "wtzip", .min_workers = compress_workers(options, size), .max_workers = options->jobs,
		.init = wtzip_stream_init, .fini = wtzip_stream_fini, .data = &options->level,
		.data_size = sizeof options->level);

	return wt_pool_create(&compressor->pool, wtzip_block_deflate, pool);
}

int wtzip_compressor_create(struct wtzip_compressor **created, const struct wtzip_options *options, uint64_t size)
{
	struct wtzip_compressor *compressor = calloc(1, sizeof *compressor);
	int err = WT_ENOMEM;

	*created = NULL;
	if (!compressor)
		return err;
	compressor->level = options->level;
	compressor->block = options->block;
	compressor->most = options->jobs * (size_t)COMPRESS_BLOCKS_EACH;
	compressor->tasks = calloc(compressor->most, sizeof(wt_task *));
	compressor->spare = calloc(compressor->most, sizeof(wt_buffer *));
	if (compressor->tasks && compressor->spare)
		err = compress_open_pool(compressor, options, size);
	if (err)
		wtzip_compressor_destroy(compressor);
	else
		*created = compressor;
	return err;
}

void wtzip_compressor_destroy(struct wtzip_compressor *compressor)
{
	if (!compressor)
		return;
	wt_pool_destroy(compressor->pool);
	while (compressor->spares)
		wt_buffer_destroy(compressor->spare[--compressor->spares]);
	free(compressor->spare);
	free(compressor->tasks);
	free(compressor);
}

/* ---- Blocks ---- */

/* Take the first block under way out of its task, which may have to end first. */
static int compress_take(struct wtzip_compressor *compressor, wt_buffer **buffer)
{
	wt_task *task = compressor->tasks[compressor->first];
	wt_message reply;
	int result = 0;
	int err = wt_task_wait(task, &result, &reply, WT_FOREVER);

	if (!err)
		err = result;
	if (!err)
		err = wt_message_take_buffer(&reply, 0, buffer);
	wt_task_release(task);
	compressor->first = (compressor->first + 1) % compressor->most;
	compressor->count--;
	return err;
}

static int compress_write(struct wtzip_compressor *compressor, struct wtzip_job *job, const struct wtzip_block *block)
{
	compressor->crc = (uint32_t)crc32_combine(compressor->crc, block->crc, (z_off_t)block->size);
	compressor->size += block->size;
	progress_add(job->progress, block->size);
	return wtzip_job_write(job, block->out, block->deflated);
}

/* Write what the first block under way has become; its buffer is there for another. */
static int compress_settle(struct wtzip_compressor *compressor, struct wtzip_job *job)
{
	wt_buffer *buffer;
	int err = compress_take(compressor, &buffer);
	int status;

	if (err)
		return wtzip_job_error(job, err);
	status = compress_write(compressor, job, wtzip_block_of(buffer));
	compressor->spare[compressor->spares++] = buffer;
	return status;
}

/* A buffer for the next block. */
static int compress_buffer(struct wtzip_compressor *compressor, struct wtzip_job *job, wt_buffer **buffer)
{
	int status = WTZIP_DONE;
	int err;

	if (compressor->count == compressor->most)
		status = compress_settle(compressor, job);
	if (status)
		return status;
	if (compressor->spares) {
		*buffer = compressor->spare[--compressor->spares];
		return WTZIP_DONE;
	}
	err = wtzip_block_create(buffer, compressor->block);
	return err ? wtzip_job_error(job, err) : WTZIP_DONE;
}

/* Give a block what lies before it, and keep its own end for the next. */
static void compress_chain(struct wtzip_compressor *compressor, struct wtzip_block *block)
{
	block->window = compressor->window;
	memcpy(block->in - block->window, compressor->before, block->window);
	compressor->window = block->size < WTZIP_WINDOW ? block->size : WTZIP_WINDOW;
	memcpy(compressor->before, block->in + block->size - compressor->window, compressor->window);
}

static int compress_submit(struct wtzip_compressor *compressor, struct wtzip_job *job, wt_buffer **buffer)
{
	size_t next = (compressor->first + compressor->count) % compressor->most;
	wt_transfer list[] = { WT_MOVE(buffer) };
	wt_outgoing input = { .transfer = list, .transfer_count = 1 };
	int err = wt_pool_submit(compressor->pool, &input, NULL, NULL, NULL, &compressor->tasks[next]);

	if (err)
		return wtzip_job_error(job, err);
	compressor->count++;
	return WTZIP_DONE;
}

/* Read one more block and give it to a worker. The first that is not full is the last: it may be empty. */
static int compress_next(struct wtzip_compressor *compressor, struct wtzip_job *job, bool *last)
{
	wt_buffer *buffer;
	struct wtzip_block *block;
	int status = compress_buffer(compressor, job, &buffer);

	if (status)
		return status;
	block = wtzip_block_of(buffer);
	status = wtzip_job_read(job, block->in, compressor->block, &block->size);
	if (!status) {
		*last = block->last = block->size < compressor->block;
		compress_chain(compressor, block);
		status = compress_submit(compressor, job, &buffer);
	}
	if (status)
		compressor->spare[compressor->spares++] = buffer;
	return status;
}

/* After a failure: nobody wants the blocks under way, but their buffers are good for the next file. */
static void compress_abandon(struct wtzip_compressor *compressor)
{
	while (compressor->count) {
		wt_buffer *buffer;

		/* It fails only for a task that is another thread's. */
		(void)!wt_task_cancel(compressor->tasks[compressor->first]);
		if (compress_take(compressor, &buffer) == 0)
			compressor->spare[compressor->spares++] = buffer;
	}
}

/* ---- The member ---- */

static int compress_head(struct wtzip_compressor *compressor, struct wtzip_job *job, const char *name, int64_t mtime)
{
	unsigned char header[GZIP_HEADER];
	int status;

	compressor->window = 0;
	compressor->crc = 0;
	compressor->size = 0;
	gzip_header(header, name, mtime, compressor->level);
	status = wtzip_job_write(job, header, sizeof header);
	return status || !name ? status : wtzip_job_write(job, name, strlen(name) + 1);
}

static int compress_foot(struct wtzip_compressor *compressor, struct wtzip_job *job)
{
	unsigned char trailer[GZIP_TRAILER];

	gzip_trailer(trailer, compressor->crc, compressor->size);
	return wtzip_job_write(job, trailer, sizeof trailer);
}

int wtzip_compress(struct wtzip_compressor *compressor, struct wtzip_job *job, const char *name, int64_t mtime)
{
	bool last = false;
	int status = compress_head(compressor, job, name, mtime);

	while (!status && !last)
		status = compress_next(compressor, job, &last);
	while (!status && compressor->count)
		status = compress_settle(compressor, job);
	if (!status)
		status = compress_foot(compressor, job);
	compress_abandon(compressor);
	return status;
}
