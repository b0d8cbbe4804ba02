/* SPDX-License-Identifier: MIT
 *
 * From where to where, and what they are called in messages. One thread.
 */
#ifndef WTZIP_JOB_H
#define WTZIP_JOB_H

#include "progress.h"

struct wtzip_job {
	int in;
	const char *in_name;
	int out; /* -1: nothing is kept */
	const char *out_name;
	bool broken; /* the output takes no more */
	struct progress *progress; /* of bytes read */
};

/* Statuses, as gzip ends with. */
enum {
	WTZIP_DONE = 0,
	WTZIP_FAILED = 1,
	WTZIP_WARNED = 2
};

/* These two complain where they fail, and return the status. */
int wtzip_job_read(struct wtzip_job *job, void *bytes, size_t size, size_t *done);
int wtzip_job_write(struct wtzip_job *job, const void *bytes, size_t size);

/* Complain of the input: what is wrong with it, or an error that its work met. Return WTZIP_FAILED, or WTZIP_WARNED. */
int wtzip_job_error(struct wtzip_job *job, int err);
int wtzip_job_fail(struct wtzip_job *job, const char *what);
int wtzip_job_warn(struct wtzip_job *job, const char *what);

#endif
