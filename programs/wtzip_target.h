/* SPDX-License-Identifier: MIT
 *
 * Where the result goes: a new file in place of the source, standard output,
 * or nowhere.
 */
#ifndef WTZIP_TARGET_H
#define WTZIP_TARGET_H

#include "wtzip_job.h"
#include "wtzip_options.h"
#include "wtzip_source.h"

/* Whether the result is not to be a file. */
bool wtzip_target_is_stream(const struct wtzip_source *source, const struct wtzip_options *options);

/*
 * Give the job its output. `path` is that of the new file, and stays the
 * caller's, until the job is finished; it is not looked at for a stream.
 * Returns the status; what failed was complained of.
 */
int wtzip_target_open(struct wtzip_job *job, const char *path, const struct wtzip_source *source,
		      const struct wtzip_options *options);

/*
 * The job has ended with this status: keep the new file and remove the source,
 * or the other way round. Returns the status that it now has.
 */
int wtzip_target_close(struct wtzip_job *job, const struct wtzip_source *source, const struct wtzip_options *options,
		       int status);

#endif
