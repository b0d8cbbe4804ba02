/* SPDX-License-Identifier: MIT */
#include "wtzip_job.h"

#include "complain.h"
#include "quoted.h"
#include "whole.h"

int wtzip_job_read(struct wtzip_job *job, void *bytes, size_t size, size_t *done)
{
	int err = whole_read(job->in, bytes, size, done);

	return err ? wtzip_job_error(job, err) : WTZIP_DONE;
}

int wtzip_job_write(struct wtzip_job *job, const void *bytes, size_t size)
{
	int err = job->out < 0 ? 0 : whole_write(job->out, bytes, size);

	if (!err)
		return WTZIP_DONE;
	job->broken = true;
	progress_hide(job->progress);
	complain(job->out_name, err);
	return WTZIP_FAILED;
}

int wtzip_job_error(struct wtzip_job *job, int err)
{
	progress_hide(job->progress);
	complain(job->in_name, err);
	return WTZIP_FAILED;
}

int wtzip_job_warn(struct wtzip_job *job, const char *what)
{
	progress_hide(job->progress);
	complain_of("%s: %s", quoted(job->in_name), what);
	return WTZIP_WARNED;
}

int wtzip_job_fail(struct wtzip_job *job, const char *what)
{
	wtzip_job_warn(job, what);
	return WTZIP_FAILED;
}
