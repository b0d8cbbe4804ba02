/* SPDX-License-Identifier: MIT
 *
 * Makes small pictures of JPEG files on all processors: `thumbnails --help`.
 *
 * Each file is a task of a pool: its worker reads, shrinks and writes it. The
 * main thread decides the names, and hears of each task on its loop.
 */
#include "descriptors.h"
#include "progress.h"
#include "thumbnails_make.h"
#include "thumbnails_names.h"
#include "thumbnails_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

struct run {
	const struct options *options;
	wt_pool *pool;
	struct progress progress;
	size_t failed; /* files */
};

/* What a task is told of: its arg. */
struct file {
	struct run *run;
	const struct name *name;
};

/* Runs in a worker. The input is the form, and the names of the two files, each with its zero. */
static int make(wt_task *task, wt_message *input, void *state)
{
	const struct thumbnail_form *form = input->data;
	const char *from = (const char *)(form + 1);
	const char *to = from + strlen(from) + 1;
	char problem[PICTURE_PROBLEM_SIZE];
	int err;

	if (!thumbnail_make(from, to, form, problem))
		return 0;
	err = wt_task_reply(task, &(wt_outgoing){ .data = problem, .size = strlen(problem) + 1 });
	return err ? err : -EIO;
}

/* ---- the rest runs in the main thread ---- */

static void report(struct run *run, const char *name, const char *problem)
{
	progress_hide(&run->progress);
	fprintf(stderr, "thumbnails: %s: %s\n", name, problem);
	run->failed++;
}

/* A worker that did not get as far as to say what was wrong has left only an error. */
static void on_made(wt_task *task, int result, wt_message *reply, void *arg)
{
	const struct file *file = arg;

	if (result)
		report(file->run, file->name->input, reply->size ? reply->data : wt_strerror(result));
	progress_add(&file->run->progress, 1);
}

static void report_taken(struct run *run, const struct name *name)
{
	progress_hide(&run->progress);
	fprintf(stderr, "thumbnails: %s: its thumbnail would replace %s%s\n", name->input,
		name->taken_by_twin ? "that of " : "", name->taken);
	run->failed++;
	progress_add(&run->progress, 1);
}

static int submit(struct run *run, struct file *file, const struct name *name)
{
	struct iovec parts[] = {
		{ (void *)&run->options->form, sizeof run->options->form },
		{ (void *)name->input, strlen(name->input) + 1 },
		{ name->output, strlen(name->output) + 1 },
	};
	const wt_outgoing input = { .iov = parts, .iovcnt = sizeof parts / sizeof *parts };

	*file = (struct file){ run, name };
	return wt_pool_submit(run->pool, &input, on_made, file, NULL, NULL);
}

static int run_files(struct run *run, const struct name *names, struct file *files)
{
	const struct options *options = run->options;
	int err = wt_pool_create(&run->pool, make,
				 WT_POOL_OPTIONS(.name = "thumbnails", .max_workers = options->workers));

	if (err)
		return err;
	progress_begin(&run->progress, "thumbnails", options->file_count);
	for (size_t i = 0; i < options->file_count && !err; i++)
		if (names[i].taken)
			report_taken(run, &names[i]);
		else
			err = submit(run, &files[i], &names[i]);
	if (!err)
		err = wt_run();
	wt_pool_destroy(run->pool);
	progress_hide(&run->progress);
	return err;
}

/* Returns an error that was the end of all. */
static int run_options(struct run *run)
{
	const struct options *options = run->options;
	struct name *names = names_create(options->files, options->file_count, options->folder);
	struct file *files = calloc(options->file_count, sizeof *files);
	int err = names && files ? run_files(run, names, files) : WT_ENOMEM;

	free(files);
	names_destroy(names, options->file_count);
	return err;
}

int main(int argc, char **argv)
{
	struct options options;
	struct run run = { .options = &options };
	int code, err;

	descriptors_reserve();
	code = options_read(&options, argc, argv);
	if (code >= 0)
		return code;
	err = run_options(&run);
	if (err)
		fprintf(stderr, "thumbnails: %s\n", wt_strerror(err));
	return err || run.failed;
}
