// SPDX-License-Identifier: MIT
/* oneTBB: an arena of workers beside main, a task for each job, and a concurrent queue for what comes back. */
#include <oneapi/tbb.h>

struct job_head {
	char none[1];
};

#include "jobs.h"

namespace tbb = oneapi::tbb;

static tbb::global_control *control;
static tbb::task_arena *arena;
static tbb::concurrent_bounded_queue<struct job *> *back;

static void jobs_open(void)
{
	control = new tbb::global_control(tbb::global_control::max_allowed_parallelism, tasks_workers() + 1);
	arena = new tbb::task_arena(static_cast<int>(tasks_workers()) + 1, 1);
	back = new tbb::concurrent_bounded_queue<struct job *>;
}

static void jobs_close(void)
{
	delete back;
	delete arena;
	delete control;
}

static void jobs_submit(struct job *job)
{
	arena->enqueue([job] {
		job_run(job);
		back->push(job);
	});
}

static struct job *jobs_receive(void)
{
	struct job *job;

	back->pop(job);
	return job;
}

static const char *jobs_version(void)
{
	return TBB_VERSION_STRING;
}
