/* SPDX-License-Identifier: MIT
 *
 * What a worker was given, and where the system would not have it run. A
 * refusal is no failure: the worker runs where the system lets it.
 */
#include <wt/stats.h>

#include "error.h"
#include "fork.h"
#include "os.h"
#include "worker.h"

void wti_worker_place(struct wt_worker *worker)
{
	if (worker->cpu)
		worker->cpu_error = wti_os->thread_pin(worker->cpu - 1);
	if (worker->nice)
		worker->nice_error = wti_os->thread_nice(worker->nice);
}

int wt_worker_limits(const wt_worker *worker, struct wt_worker_limits *limits)
{
	struct wt_worker_limits read = { 0 };

	WTI_USES(worker, WORKER);
	if (!worker)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	read.stack_size = worker->stack_size;
	read.heap_limit = worker->thread.heap.limit;
	read.cpu = worker->cpu;
	read.nice = worker->nice;
	if (wti_worker_was_online(worker)) {
		read.cpu_error = worker->cpu_error;
		read.nice_error = worker->nice_error;
	}
	return wti_snapshot_write(limits, &read, sizeof read);
}
