/* SPDX-License-Identifier: MIT
 *
 * gzip over a pool, in the manner of pigz: the blocks of a file are deflated
 * in parallel, and make one member that any gunzip reads.
 *
 *	$ wtzip -9 large.log
 *	$ tar c folder | wtzip >folder.tar.gz
 */
#include "complain.h"
#include "descriptors.h"
#include "wtzip_compress.h"
#include "wtzip_expand.h"
#include "wtzip_names.h"
#include "wtzip_options.h"
#include "wtzip_partial.h"
#include "wtzip_source.h"
#include "wtzip_target.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <wt.h>

struct wtzip {
	struct wtzip_options options;
	/* Each made when the first file needs it. */
	struct wtzip_compressor *compressor;
	struct wtzip_expander *expander;
	bool broken; /* standard output takes no more */
};

/* ---- Compress ---- */

static int wtzip_deflate(struct wtzip *wtzip, struct wtzip_job *job, const struct wtzip_source *source)
{
	bool save = wtzip->options.names != WTZIP_NO_NAMES;
	const char *name = save && source->path ? wtzip_names_last(source->path) : NULL;
	/* Of what comes through a pipe there is no time. */
	int64_t mtime = save && S_ISREG(source->status.st_mode) ? (int64_t)source->status.st_mtime : 0;

	return wtzip_compress(wtzip->compressor, job, name, mtime);
}

static int wtzip_compress_file(struct wtzip *wtzip, struct wtzip_job *job, struct wtzip_source *source)
{
	uint64_t size = S_ISREG(source->status.st_mode) ? (uint64_t)source->status.st_size : UINT64_MAX;
	int err = wtzip->compressor ? 0 : wtzip_compressor_create(&wtzip->compressor, &wtzip->options, size);
	char *path = source->path ? wtzip_names_compressed(source->path) : NULL;
	int status;

	if (!err && source->path && !path)
		err = WT_ENOMEM;
	status = err ? wtzip_job_error(job, err) : wtzip_target_open(job, path, source, &wtzip->options);
	if (!status)
		status = wtzip_target_close(job, source, &wtzip->options, wtzip_deflate(wtzip, job, source));
	free(path);
	return status;
}

/* ---- Decompress ---- */

/* Where the name and the time that were saved are wanted, take them; the path is to be freed. */
static char *wtzip_restore(const struct wtzip_options *options, struct wtzip_source *source, const char *saved,
			   int64_t mtime)
{
	if (options->names != WTZIP_NAMES)
		saved = NULL;
	else if (mtime)
		source->status.st_mtim = (struct timespec){ .tv_sec = (time_t)mtime };
	return wtzip_names_expanded(source->path, saved);
}

static int wtzip_inflate(struct wtzip *wtzip, struct wtzip_job *job, struct wtzip_source *source)
{
	const char *saved;
	int64_t mtime;
	char *path = NULL;
	int status = wtzip_expand_begin(wtzip->expander, job, &saved, &mtime);

	if (status)
		return status;
	if (!wtzip_target_is_stream(source, &wtzip->options)) {
		path = wtzip_restore(&wtzip->options, source, saved, mtime);
		if (!path)
			return wtzip_job_error(job, WT_ENOMEM);
	}
	status = wtzip_target_open(job, path, source, &wtzip->options);
	if (!status)
		status = wtzip_target_close(job, source, &wtzip->options, wtzip_expand(wtzip->expander, job));
	free(path);
	return status;
}

static int wtzip_expand_file(struct wtzip *wtzip, struct wtzip_job *job, struct wtzip_source *source)
{
	int err = wtzip->expander ? 0 : wtzip_expander_create(&wtzip->expander);

	if (err)
		return wtzip_job_error(job, err);
	if (!source->path && !wtzip->options.force && isatty(STDIN_FILENO)) {
		complain_of("compressed data not read from a terminal. Use -f to force decompression.");
		return WTZIP_FAILED;
	}
	return wtzip_inflate(wtzip, job, source);
}

/* ---- Files ---- */

static int wtzip_file(struct wtzip *wtzip, const char *name)
{
	struct wtzip_source source;
	struct progress progress;
	struct wtzip_job job = { .progress = &progress };
	int status;

	if (!wtzip_source_open(&source, name, &wtzip->options, &status))
		return status;
	job.in = source.fd;
	job.in_name = source.label;
	progress_begin(&progress, wtzip->options.decompress ? "decompressing" : "compressing",
		       S_ISREG(source.status.st_mode) ? (uint64_t)source.status.st_size : 0);
	if (wtzip->options.decompress)
		status = wtzip_expand_file(wtzip, &job, &source);
	else
		status = wtzip_compress_file(wtzip, &job, &source);
	progress_hide(&progress);
	wtzip->broken = job.broken && job.out == STDOUT_FILENO;
	wtzip_source_close(&source);
	return status;
}

/* An error weighs more than a warning. */
static int wtzip_worse(int status, int other)
{
	return status == WTZIP_FAILED || other == WTZIP_FAILED ? WTZIP_FAILED : status | other;
}

static int wtzip_files(struct wtzip *wtzip, char *const *names)
{
	int status = WTZIP_DONE;

	for (; *names && !wtzip->broken; names++)
		status = wtzip_worse(status, wtzip_file(wtzip, *names));
	return status;
}

int main(int argc, char **argv)
{
	char name[] = "-";
	char *const input[] = { name, NULL };
	struct wtzip wtzip = { .broken = false };
	int status;

	descriptors_reserve();
	setlocale(LC_CTYPE, "");
	/* A reader that goes away and a limit that is reached are errors like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	status = wtzip_options_parse(&wtzip.options, argc, argv);
	if (status >= 0)
		return status;
	wtzip_partial_watch();
	status = wtzip_files(&wtzip, optind < argc ? argv + optind : input);
	wtzip_compressor_destroy(wtzip.compressor);
	wtzip_expander_destroy(wtzip.expander);
	if (close(STDOUT_FILENO) && errno != EBADF) {
		complain("stdout", -errno);
		return WTZIP_FAILED;
	}
	return status;
}
