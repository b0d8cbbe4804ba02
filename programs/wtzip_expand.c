/* SPDX-License-Identifier: MIT */
#include "wtzip_expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>
#include <zlib.h>

enum {
	EXPAND_IN = 128 * 1024,
	EXPAND_OUT = 256 * 1024,
	EXPAND_NAME = 4096,
	/* The format of gzip and no other. */
	EXPAND_GZIP = MAX_WBITS + 16,
	EXPAND_MAGIC_0 = 0x1f,
	EXPAND_MAGIC_1 = 0x8b
};

struct wtzip_expander {
	z_stream stream;
	gz_header header;
	bool ended; /* the input has been read to its end */
	unsigned char name[EXPAND_NAME];
	unsigned char in[EXPAND_IN];
	unsigned char out[EXPAND_OUT];
};

int wtzip_expander_create(struct wtzip_expander **created)
{
	struct wtzip_expander *expander = calloc(1, sizeof *expander);

	*created = NULL;
	if (!expander)
		return WT_ENOMEM;
	if (inflateInit2(&expander->stream, EXPAND_GZIP) != Z_OK) {
		free(expander);
		return WT_ENOMEM;
	}
	*created = expander;
	return 0;
}

void wtzip_expander_destroy(struct wtzip_expander *expander)
{
	if (!expander)
		return;
	(void)inflateEnd(&expander->stream);
	free(expander);
}

/* ---- Steps ---- */

/* Have `least` bytes of input, 1 or 2, unless there are no more. */
static int expand_fill(struct wtzip_expander *expander, struct wtzip_job *job, size_t least)
{
	z_stream *stream = &expander->stream;
	size_t room = EXPAND_IN - stream->avail_in;
	size_t length;
	int status;

	if (stream->avail_in >= least || expander->ended)
		return WTZIP_DONE;
	memmove(expander->in, stream->next_in, stream->avail_in);
	stream->next_in = expander->in;
	status = wtzip_job_read(job, expander->in + stream->avail_in, room, &length);
	if (status)
		return status;
	stream->avail_in += (uInt)length;
	expander->ended = length < room;
	progress_add(job->progress, length);
	return WTZIP_DONE;
}

/* Read and inflate some. *result is inflate's; what came of it lies at the start of `out`. */
static int expand_step(struct wtzip_expander *expander, struct wtzip_job *job, int flush, int *result)
{
	z_stream *stream = &expander->stream;
	int status = expand_fill(expander, job, 1);

	if (status)
		return status;
	stream->next_out = expander->out;
	stream->avail_out = EXPAND_OUT;
	*result = inflate(stream, flush);
	/* Nothing to read, and nothing that was still to be written. */
	if (*result == Z_BUF_ERROR && expander->ended)
		return wtzip_job_fail(job, "unexpected end of file");
	if (*result == Z_MEM_ERROR)
		return wtzip_job_error(job, WT_ENOMEM);
	return WTZIP_DONE;
}

/* ---- Members ---- */

int wtzip_expand_begin(struct wtzip_expander *expander, struct wtzip_job *job, const char **name, int64_t *mtime)
{
	z_stream *stream = &expander->stream;

	stream->next_in = expander->in;
	stream->avail_in = 0;
	expander->ended = false;
	/* The last byte of the name stays NUL, however long it is. */
	expander->header = (gz_header){ .name = expander->name, .name_max = EXPAND_NAME - 1 };
	if (inflateReset(stream) != Z_OK || inflateGetHeader(stream, &expander->header) != Z_OK)
		return wtzip_job_fail(job, "cannot begin");
	while (!expander->header.done) {
		int result;
		/* Z_BLOCK stops before the first block. */
		int status = expand_step(expander, job, Z_BLOCK, &result);

		if (status)
			return status;
		if (result == Z_DATA_ERROR || expander->header.done < 0)
			return wtzip_job_fail(job, "not in gzip format");
	}
	*name = (const char *)expander->header.name;
	*mtime = (int64_t)expander->header.time;
	return WTZIP_DONE;
}

static int expand_corrupt(struct wtzip_expander *expander, struct wtzip_job *job)
{
	char what[80];

	snprintf(what, sizeof what, "invalid compressed data: %s", expander->stream.msg ? expander->stream.msg : "?");
	return wtzip_job_fail(job, what);
}

static int expand_member(struct wtzip_expander *expander, struct wtzip_job *job)
{
	int result = Z_OK;

	while (result != Z_STREAM_END) {
		int status = expand_step(expander, job, Z_NO_FLUSH, &result);

		if (!status)
			status = wtzip_job_write(job, expander->out, EXPAND_OUT - expander->stream.avail_out);
		if (status)
			return status;
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return expand_corrupt(expander, job);
	}
	return WTZIP_DONE;
}

/* Tapes and disks fill up what is left of a block with zeros. */
static int expand_rest(struct wtzip_expander *expander, struct wtzip_job *job)
{
	z_stream *stream = &expander->stream;
	int status = expand_fill(expander, job, 1);

	while (!status && stream->avail_in && !*stream->next_in) {
		stream->next_in++;
		stream->avail_in--;
		status = expand_fill(expander, job, 1);
	}
	if (status || !stream->avail_in)
		return status;
	return wtzip_job_warn(job, "decompression OK, trailing garbage ignored");
}

/* What begins like a member is taken for one, even if there is no more of it. */
static bool expand_is_member(const z_stream *stream)
{
	return stream->avail_in && stream->next_in[0] == EXPAND_MAGIC_0 &&
	       (stream->avail_in == 1 || stream->next_in[1] == EXPAND_MAGIC_1);
}

int wtzip_expand(struct wtzip_expander *expander, struct wtzip_job *job)
{
	int status = expand_member(expander, job);

	while (!status) {
		status = expand_fill(expander, job, 2);
		if (status)
			break;
		if (!expand_is_member(&expander->stream))
			return expand_rest(expander, job);
		(void)inflateReset(&expander->stream);
		status = expand_member(expander, job);
	}
	return status;
}
