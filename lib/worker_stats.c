/* SPDX-License-Identifier: MIT
 *
 * The accounts of a worker, for any thread to read while it runs and after.
 * Each is a word that its owner writes; nobody stops for a reader.
 */
#include <wt/stats.h>

#include "error.h"
#include "fork.h"
#include "os.h"
#include "worker.h"

static int64_t worker_read_clock(const struct wt_worker *worker)
{
	int64_t time = 0;

	/* A thread that had other work before has used time for that, too. */
	return worker->has_clock && wti_os->thread_time(worker->clock, &time) == 0 ? time - worker->cpu_before : 0;
}

void wti_worker_begin_accounts(struct wt_worker *worker)
{
	worker->has_clock = wti_os->thread_clock(&worker->clock) == 0;
	if (worker->hired)
		worker->cpu_before = worker_read_clock(worker);
}

void wti_worker_end_accounts(struct wt_worker *worker)
{
	worker->cpu_time = worker_read_clock(worker);
	worker->ended_at = wti_os->clock();
}

static int stats_state(const struct wt_worker *worker)
{
	if (wti_worker_has_ended(worker))
		return WT_WORKER_EXITED;
	return wti_load(&worker->state) == WTI_WORKER_RUNNING ? WT_WORKER_ONLINE : WT_WORKER_ENDING;
}

/*
 * The clock of a thread that is gone may by now be another thread's. What it
 * says counts if the worker has not ended even after that.
 */
static int64_t stats_cpu_time(const struct wt_worker *worker)
{
	int64_t time = wti_worker_has_ended(worker) ? 0 : worker_read_clock(worker);

	return wti_worker_has_ended(worker) ? worker->cpu_time : time;
}

static void stats_read_loop(const struct wt_worker *worker, struct wt_worker_stats *stats)
{
	int64_t end = wti_worker_has_ended(worker) ? worker->ended_at : 0;
	struct wti_loop_share share = wti_loop_time_read(&worker->thread.loop_time, end);

	stats->loop_idle = share.idle;
	stats->loop_active = share.active;
}

static void stats_read_heap(const struct wt_worker *worker, struct wt_worker_stats *stats)
{
	stats->heap_now = wti_load(&worker->thread.heap.now);
	stats->heap_peak = wti_load(&worker->thread.heap.peak);
	if (stats->heap_peak < stats->heap_now)
		stats->heap_peak = stats->heap_now; /* read between the two stores */
}

/* The ports keep their counters for as long as the worker's handle does. */
static void stats_read_channel(const struct wt_worker *worker, struct wt_worker_stats *stats)
{
	wt_port *out = worker->port;
	wt_port *in = out->peer;

	stats->messages_in = wti_load(&in->received);
	stats->bytes_in = wti_load(&in->received_bytes);
	stats->messages_out = wti_load(&out->received);
	stats->bytes_out = wti_load(&out->received_bytes);
	stats->queue_high_water = wti_load(&in->inbox.high_water);
}

int wt_worker_stats(const wt_worker *worker, struct wt_worker_stats *stats)
{
	struct wt_worker_stats read = { .state = WT_WORKER_STARTING };

	WTI_USES(worker, WORKER);
	if (!worker)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (wti_worker_was_online(worker)) {
		read.state = stats_state(worker);
		read.zombie = wti_worker_is_zombie(worker);
		read.cpu_time = stats_cpu_time(worker);
		stats_read_loop(worker, &read);
		stats_read_heap(worker, &read);
		stats_read_channel(worker, &read);
	}
	return wti_snapshot_write(stats, &read, sizeof read);
}
