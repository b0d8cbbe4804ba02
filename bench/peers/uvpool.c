// SPDX-License-Identifier: MIT
/* libuv's pool: uv_queue_work, and the loop calls back. */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct job_head {
	uv_work_t work;
};

#include "jobs.h"

static void run(uv_work_t *work)
{
	job_run((struct job *)work);
}

static void done(uv_work_t *work, int status)
{
	if (status)
		bench_die("uv_queue_work", status);
	job_done((struct job *)work);
}

static void jobs_open(void)
{
	char text[16];

	snprintf(text, sizeof text, "%u", tasks_workers());
	setenv("UV_THREADPOOL_SIZE", text, 1);
}

static void jobs_close(void)
{
	uv_loop_close(uv_default_loop());
}

static void jobs_submit(struct job *job)
{
	int error = uv_queue_work(uv_default_loop(), &job->head.work, run, done);

	if (error)
		bench_die("uv_queue_work", error);
}

static struct job *jobs_receive(void)
{
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return NULL;
}

static const char *jobs_version(void)
{
	return uv_version_string();
}
