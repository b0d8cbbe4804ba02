/* SPDX-License-Identifier: MIT */
#include "encrypt_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const unsigned metrics_statuses[ENCRYPT_STATUSES] = { 200, 400, 404, 405, 413, 500, 503 };

void encrypt_metrics_count(struct encrypt_metrics *metrics, unsigned status)
{
	for (size_t i = 0; i < ENCRYPT_STATUSES; i++)
		metrics->answers[i] += metrics_statuses[i] == status;
}

static void metrics_head(FILE *page, const char *name, const char *type, const char *help)
{
	fprintf(page, "# HELP encrypt_%s %s\n# TYPE encrypt_%s %s\n", name, help, name, type);
}

static void metrics_requests(FILE *page, const struct encrypt_metrics *metrics)
{
	metrics_head(page, "requests_total", "counter", "Answers, by their status.");
	for (size_t i = 0; i < ENCRYPT_STATUSES; i++)
		fprintf(page, "encrypt_requests_total{code=\"%u\"} %" PRIu64 "\n", metrics_statuses[i],
			metrics->answers[i]);
	metrics_head(page, "requests_in_flight", "gauge", "Requests that have begun and were not answered.");
	fprintf(page, "encrypt_requests_in_flight %zu\n", metrics->active);
}

static void metrics_gauges(FILE *page, const struct wt_pool_stats *stats)
{
	metrics_head(page, "queue_length", "gauge", "Tasks that wait for a worker.");
	fprintf(page, "encrypt_queue_length %zu\n", stats->queued);
	metrics_head(page, "tasks_running", "gauge", "Tasks that a worker is at.");
	fprintf(page, "encrypt_tasks_running %zu\n", stats->running);
	metrics_head(page, "workers", "gauge", "Worker threads.");
	fprintf(page, "encrypt_workers %u\n", stats->workers);
	metrics_head(page, "worker_utilization", "gauge", "Part of their time that workers have spent in tasks.");
	fprintf(page, "encrypt_worker_utilization %.6f\n", stats->utilization);
}

static void metrics_counters(FILE *page, const struct wt_pool_stats *stats)
{
	metrics_head(page, "tasks_total", "counter", "Tasks, by how they ended.");
	fprintf(page, "encrypt_tasks_total{result=\"completed\"} %" PRIu64 "\n", stats->completed);
	fprintf(page, "encrypt_tasks_total{result=\"failed\"} %" PRIu64 "\n", stats->failed);
	fprintf(page, "encrypt_tasks_total{result=\"cancelled\"} %" PRIu64 "\n", stats->cancelled);
	fprintf(page, "encrypt_tasks_total{result=\"refused\"} %" PRIu64 "\n", stats->refused);
	metrics_head(page, "workers_failed_total", "counter", "Workers that ended by failure.");
	fprintf(page, "encrypt_workers_failed_total %" PRIu64 "\n", stats->workers_failed);
}

static double metrics_seconds(int64_t time)
{
	return (double)time / 1e9;
}

static void metrics_times(FILE *page, const char *name, const char *help, const struct wt_pool_times *times)
{
	metrics_head(page, name, "summary", help);
	fprintf(page, "encrypt_%s{quantile=\"0.5\"} %.9f\n", name, metrics_seconds(times->p50));
	fprintf(page, "encrypt_%s{quantile=\"0.9\"} %.9f\n", name, metrics_seconds(times->p90));
	fprintf(page, "encrypt_%s{quantile=\"0.99\"} %.9f\n", name, metrics_seconds(times->p99));
	fprintf(page, "encrypt_%s{quantile=\"0.999\"} %.9f\n", name, metrics_seconds(times->p999));
	fprintf(page, "encrypt_%s_sum %.9f\n", name, metrics_seconds(times->mean) * (double)times->count);
	fprintf(page, "encrypt_%s_count %" PRIu64 "\n", name, times->count);
}

static void metrics_pool(FILE *page, wt_pool *pool)
{
	struct wt_pool_stats stats = { .size = sizeof stats };

	if (!pool || wt_pool_stats(pool, &stats))
		return;
	metrics_gauges(page, &stats);
	metrics_counters(page, &stats);
	metrics_times(page, "task_wait_seconds", "From the submit of a task to its start.", &stats.wait);
	metrics_times(page, "task_run_seconds", "From the start of a task to its end.", &stats.run);
}

char *encrypt_metrics_page(const struct encrypt_metrics *metrics, wt_pool *pool, size_t *size)
{
	char *text = NULL;
	FILE *page = open_memstream(&text, size);
	int failed;

	if (!page)
		return NULL;
	metrics_requests(page, metrics);
	metrics_pool(page, pool);
	failed = ferror(page);
	if (fclose(page) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}
