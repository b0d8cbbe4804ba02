/* SPDX-License-Identifier: MIT */
#include "wtzip_target.h"

#include "complain.h"
#include "quoted.h"
#include "wtzip_partial.h"

#include <errno.h>
#include <unistd.h>

bool wtzip_target_is_stream(const struct wtzip_source *source, const struct wtzip_options *options)
{
	return !source->path || options->to_stdout || options->test;
}

/* Bytes that nobody can read do no good to a terminal. */
static int target_open_output(struct wtzip_job *job, const struct wtzip_options *options)
{
	if (!options->decompress && !options->force && isatty(STDOUT_FILENO)) {
		complain_of("compressed data not written to a terminal. Use -f to force compression.");
		return WTZIP_FAILED;
	}
	job->out = STDOUT_FILENO;
	job->out_name = "stdout";
	return WTZIP_DONE;
}

/* Make way for the new file. What a header has saved as its name may be the source's own. */
static int target_clear(const char *path, const struct wtzip_source *source)
{
	struct stat status;

	if (lstat(path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (status.st_dev == source->status.st_dev && status.st_ino == source->status.st_ino)
		return -EEXIST;
	return unlink(path) ? -errno : 0;
}

static int target_create(struct wtzip_job *job, const char *path, const struct wtzip_source *source, bool force)
{
	int fd = force ? target_clear(path, source) : 0;

	if (fd == 0)
		fd = wtzip_partial_create(path);
	if (fd == -EEXIST) {
		complain_of("%s already exists; not overwritten", quoted(path));
		return WTZIP_WARNED;
	}
	if (fd < 0) {
		complain(path, fd);
		return WTZIP_FAILED;
	}
	job->out = fd;
	job->out_name = path;
	return WTZIP_DONE;
}

int wtzip_target_open(struct wtzip_job *job, const char *path, const struct wtzip_source *source,
		      const struct wtzip_options *options)
{
	job->out = -1;
	if (options->test)
		return WTZIP_DONE;
	if (wtzip_target_is_stream(source, options))
		return target_open_output(job, options);
	return target_create(job, path, source, options->force);
}

static int target_keep(struct wtzip_job *job, const struct wtzip_source *source, const struct wtzip_options *options)
{
	int err = wtzip_partial_keep(job->out, &source->status);

	if (err) {
		complain(job->out_name, err);
		return WTZIP_FAILED;
	}
	if (!options->keep && unlink(source->path)) {
		complain(source->path, -errno);
		return WTZIP_FAILED;
	}
	return WTZIP_DONE;
}

int wtzip_target_close(struct wtzip_job *job, const struct wtzip_source *source, const struct wtzip_options *options,
		       int status)
{
	int kept;

	if (wtzip_target_is_stream(source, options))
		return status;
	if (status == WTZIP_FAILED) {
		wtzip_partial_drop(job->out);
		return status;
	}
	kept = target_keep(job, source, options);
	return kept ? kept : status;
}
