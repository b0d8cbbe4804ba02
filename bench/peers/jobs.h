// SPDX-License-Identifier: MIT
/*
 * The works pool and poolhash for pools whose tasks are structs of the program's own. A peer includes this after it has
 * defined
 *
 *	struct job_head			what the pool itself needs in a job, first in it; may be empty
 *	void jobs_open(void), jobs_close(void)
 *	void jobs_submit(struct job *)	have a worker call job_run, and then have main call job_done, or
 *	struct job *jobs_receive(void)	a job that has come back, for which it waits; NULL: job_done was called
 *	const char *jobs_version(void)
 */
#ifndef BENCH_PEERS_JOBS_H
#define BENCH_PEERS_JOBS_H

#include "../request.h"
#include "../tasks.h"

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

struct job {
	struct job_head head;
	struct job *next;
	uint64_t input;
	uint64_t result;
	unsigned char hash[REQUEST_HASH];
	unsigned char bytes[]; /* of a hash */
};

static struct tasks jobs_tasks;
static bool jobs_hash;
static struct job *jobs_free;
static struct request jobs_request;

static void jobs_open(void);
static void jobs_close(void);
static void jobs_submit(struct job *job);
static struct job *jobs_receive(void);
static const char *jobs_version(void);

/* The worker's part. */
static inline void job_run(struct job *job)
{
	if (jobs_hash)
		request_hash(job->bytes, REQUEST_SIZE, job->hash);
	else
		job->result = tasks_run(jobs_tasks.steps, job->input);
}

static struct job *job_get(void)
{
	struct job *job = jobs_free;

	if (job) {
		jobs_free = job->next;
		return job;
	}
	job = (struct job *)calloc(1, sizeof *job + (jobs_hash ? REQUEST_SIZE : 0));
	if (!job)
		bench_die("calloc", 0);
	return job;
}

static inline void jobs_fill(void)
{
	while (tasks_may_submit(&jobs_tasks)) {
		struct job *job = job_get();

		job->input = jobs_tasks.submitted++;
		if (jobs_hash) {
			request_stamp(&jobs_request, job->input);
			memcpy(job->bytes, jobs_request.bytes, REQUEST_SIZE);
		}
		jobs_submit(job);
	}
}

/* Main's part. */
static inline void job_done(struct job *job)
{
	if (jobs_hash) {
		request_stamp(&jobs_request, job->input);
		request_check(&jobs_request, job->hash, REQUEST_HASH);
		job->result = job->input;
	}
	tasks_check(&jobs_tasks, job->input, job->result);
	job->next = jobs_free;
	jobs_free = job;
	jobs_fill();
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(&args, argc, argv);
	jobs_hash = bench_is(args.work, "poolhash");
	if (!jobs_hash && !bench_is(args.work, "pool"))
		bench_unknown(&args);
	tasks_open(&jobs_tasks, &args);
	jobs_open();
	jobs_fill();
	while (jobs_tasks.finished < jobs_tasks.total) {
		struct job *job = jobs_receive();

		if (job)
			job_done(job);
	}
	tasks_report(&jobs_tasks, jobs_version());
	jobs_close();
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
