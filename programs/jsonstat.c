/* SPDX-License-Identifier: MIT
 *
 * Aggregates newline-delimited JSON on all processors: `jsonstat --help`.
 *
 * The main thread reads, and cuts the input into chunks of whole lines, which
 * move to the workers of a pool. A worker parses its lines and makes a table
 * of what is asked; the tables move back and are merged in the order of the
 * input.
 */
#include "descriptors.h"
#include "inorder.h"
#include "jsonstat_chunk.h"
#include "jsonstat_lines.h"
#include "jsonstat_options.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of the arguments. */
struct source {
	const char *name;
	uint64_t lines; /* merged so far */
};

struct run {
	const struct options *options;
	struct inorder inorder;
	struct table table;
	struct progress progress;
	uint64_t malformed; /* lines */
	bool failed;        /* to read a file */
};

/* ---- in the workers ---- */

static void destroy_lines(void *lines, void *arg)
{
	lines_destroy(lines);
}

/* The chunk came with the message; nothing did for a line that is too long. */
static int take_chunk(struct lines *lines, wt_message *input)
{
	wt_buffer *chunk;
	int err;

	if (!input->transfer_count) {
		lines->count = 1;
		return lines_add_malformed(lines, "longer than 64 MiB");
	}
	err = wt_message_take_buffer(input, 0, &chunk);
	if (err)
		return err;
	err = lines_take(lines, wt_buffer_data(chunk), wt_buffer_size(chunk));
	wt_buffer_destroy(chunk);
	return err;
}

static int reply_lines(wt_task *task, struct lines *lines)
{
	wt_buffer *buffer;
	int err = wt_buffer_wrap(&buffer, lines, sizeof *lines, destroy_lines, NULL);

	if (err) {
		lines_destroy(lines);
		return err;
	}
	const wt_transfer list[] = { WT_MOVE(&buffer) };

	err = wt_task_reply(task, &(wt_outgoing){ .transfer = list, .transfer_count = 1 });
	wt_buffer_destroy(buffer); /* NULL when it has moved */
	return err;
}

static int count_chunk(wt_task *task, wt_message *input, void *state)
{
	const struct query *query = *(const struct query *const *)input->data;
	struct lines *lines = lines_create(query);

	if (!lines || take_chunk(lines, input)) {
		lines_destroy(lines);
		return WT_ENOMEM;
	}
	return reply_lines(task, lines);
}

/* ---- in the main thread ---- */

static void report(struct run *run, const char *name, const char *problem)
{
	progress_hide(&run->progress);
	fprintf(stderr, "jsonstat: %s: %s\n", name, problem);
	run->failed = true;
}

static int merge(struct run *run, struct source *source, const struct lines *lines)
{
	if (lines->malformed_count)
		progress_hide(&run->progress);
	for (size_t i = 0; i < lines->malformed_count; i++)
		fprintf(stderr, "jsonstat: %s:%" PRIu64 ": %s\n", source->name,
			source->lines + lines->malformed[i].line, lines->malformed[i].problem);
	run->malformed += lines->malformed_count;
	source->lines += lines->count;
	progress_add(&run->progress, lines->bytes);
	return table_merge(&run->table, &lines->table) ? WT_ENOMEM : 0;
}

/* Wait for the oldest chunk, and add what it gives. */
static int merge_oldest(struct run *run)
{
	wt_message reply;
	wt_buffer *buffer;
	void *source;
	int result;
	int err = inorder_peek(&run->inorder, &result, &reply, &source);

	if (err)
		return err;
	err = result ? result : wt_message_take_buffer(&reply, 0, &buffer);
	inorder_pop(&run->inorder);
	if (err)
		return err;
	err = merge(run, source, wt_buffer_data(buffer));
	wt_buffer_destroy(buffer);
	return err;
}

/* NULL is a line that is too long. The chunk is gone when this returns. */
static int submit(struct run *run, wt_buffer *chunk, struct source *source)
{
	const struct query *query = &run->options->query;
	const wt_transfer list[] = { WT_MOVE(&chunk) };
	const wt_outgoing input = {
		.data = &query, .size = sizeof(query), .transfer = list, .transfer_count = chunk ? 1 : 0
	};
	int err = 0;

	if (inorder_full(&run->inorder))
		err = merge_oldest(run);
	if (!err)
		err = inorder_submit(&run->inorder, &input, source);
	wt_buffer_destroy(chunk);
	return err;
}

/* What cannot be read of a file is reported; an error is the end of all. */
static int count_descriptor(struct run *run, struct source *source, int fd)
{
	struct chunker chunker;
	wt_buffer *chunk;
	int end, err = 0;

	chunker_init(&chunker, fd, run->options->chunk);
	do {
		end = chunker_next(&chunker, &chunk);
		if (!end || end == WT_ERANGE)
			err = submit(run, chunk, source);
	} while (!err && (!end || end == WT_ERANGE));
	chunker_free(&chunker);
	if (err || end == WT_ENOMEM)
		return err ? err : end;
	if (end != WT_ECLOSED)
		report(run, source->name, strerror(-end));
	return 0;
}

static int count_source(struct run *run, struct source *source)
{
	int fd, err;

	if (!strcmp(source->name, "-"))
		return count_descriptor(run, source, STDIN_FILENO);
	fd = open(source->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		report(run, source->name, strerror(errno));
		return 0;
	}
	err = count_descriptor(run, source, fd);
	close(fd);
	return err;
}

static int count_sources(struct run *run, struct source *sources, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = count_source(run, &sources[i]);
	while (!err && run->inorder.count)
		err = merge_oldest(run);
	return err;
}

/* The bytes of all; 0 when one is not a file. */
static uint64_t size_of(const struct source *sources, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++) {
		struct stat status;

		if (!strcmp(sources[i].name, "-") || stat(sources[i].name, &status) || !S_ISREG(status.st_mode))
			return 0;
		size += (uint64_t)status.st_size;
	}
	return size;
}

static int finish(struct run *run)
{
	progress_hide(&run->progress);
	if (run->malformed)
		fprintf(stderr, "jsonstat: %" PRIu64 " malformed line%s left out\n", run->malformed,
			run->malformed == 1 ? "" : "s");
	if (table_print(&run->table, stdout))
		return WT_ENOMEM;
	if (fflush(stdout) || ferror(stdout)) /* after a write that failed, a later one may not */
		report(run, "standard output", strerror(errno));
	return 0;
}

static int run_sources(struct run *run, struct source *sources, size_t count)
{
	int err = inorder_init(&run->inorder, count_chunk,
			       WT_POOL_OPTIONS(.name = "jsonstat", .min_workers = run->options->workers));

	if (err)
		return err;
	table_init(&run->table, &run->options->query);
	progress_begin(&run->progress, "jsonstat", size_of(sources, count));
	err = count_sources(run, sources, count);
	if (!err)
		err = finish(run);
	progress_hide(&run->progress);
	inorder_free(&run->inorder);
	table_free(&run->table);
	return err;
}

/* Returns an error that was the end of all. */
static int run_options(struct run *run)
{
	const struct options *options = run->options;
	size_t count = options->file_count ? options->file_count : 1;
	struct source *sources = calloc(count, sizeof *sources);
	int err = sources ? 0 : WT_ENOMEM;

	for (size_t i = 0; i < count && !err; i++)
		sources[i].name = options->file_count ? options->files[i] : "-";
	if (!err)
		err = run_sources(run, sources, count);
	free(sources);
	return err;
}

int main(int argc, char **argv)
{
	struct options options;
	struct run run = { .options = &options };
	int code;

	descriptors_reserve();
	code = options_read(&options, argc, argv);
	if (code < 0) {
		int err = run_options(&run);

		if (err)
			fprintf(stderr, "jsonstat: %s\n", wt_strerror(err));
		code = err || run.failed || run.malformed;
	}
	query_free(&options.query);
	return code;
}
