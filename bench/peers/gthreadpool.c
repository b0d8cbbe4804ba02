// SPDX-License-Identifier: MIT
/* GLib's GThreadPool, with a GAsyncQueue for what comes back. */
#include <glib.h>

struct job_head {
	char none[1];
};

#include "jobs.h"

static GThreadPool *pool;
static GAsyncQueue *back;

static void run(void *job, void *arg)
{
	(void)arg;
	job_run(job);
	g_async_queue_push(back, job);
}

static void jobs_open(void)
{
	back = g_async_queue_new();
	pool = g_thread_pool_new(run, NULL, (int)tasks_workers(), TRUE, NULL);
}

static void jobs_close(void)
{
	g_thread_pool_free(pool, FALSE, TRUE);
	g_async_queue_unref(back);
}

static void jobs_submit(struct job *job)
{
	g_thread_pool_push(pool, job, NULL);
}

static struct job *jobs_receive(void)
{
	return g_async_queue_pop(back);
}

static const char *jobs_version(void)
{
	static char text[32];

	g_snprintf(text, sizeof text, "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
	return text;
}
