/* SPDX-License-Identifier: MIT
 *
 * Accounts. Each worker writes its own; those of workers that have ended are
 * added to the pool's past. What was there at the last reset is kept, and
 * taken away from every later sum: nobody writes another thread's words.
 */
#include <wt/stats.h>

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "os.h"
#include "pool.h"

static void stats_add(_Atomic(uint64_t) *to, const _Atomic(uint64_t) *from)
{
	wti_store(to, wti_load(to) + wti_load(from));
}

static void stats_join(struct wti_pool_accounts *to, const struct wti_pool_accounts *from)
{
	stats_add(&to->completed, &from->completed);
	stats_add(&to->failed, &from->failed);
	stats_add(&to->cancelled, &from->cancelled);
	stats_add(&to->timed_out, &from->timed_out);
	stats_add(&to->submitted, &from->submitted);
	stats_add(&to->refused, &from->refused);
	to->lifetime += from->lifetime;
	to->workers_started += from->workers_started;
	to->workers_failed += from->workers_failed;
	to->recycled += from->recycled;
	wti_histogram_join(&to->wait, &from->wait);
	wti_histogram_join(&to->run, &from->run);
}

static void stats_take(_Atomic(uint64_t) *to, const _Atomic(uint64_t) *from)
{
	wti_store(to, wti_load(to) - wti_load(from));
}

static void stats_subtract(struct wti_pool_accounts *to, const struct wti_pool_accounts *from)
{
	stats_take(&to->completed, &from->completed);
	stats_take(&to->failed, &from->failed);
	stats_take(&to->cancelled, &from->cancelled);
	stats_take(&to->timed_out, &from->timed_out);
	stats_take(&to->submitted, &from->submitted);
	stats_take(&to->refused, &from->refused);
	to->lifetime -= from->lifetime;
	to->workers_started -= from->workers_started;
	to->workers_failed -= from->workers_failed;
	to->recycled -= from->recycled;
	wti_histogram_subtract(&to->wait, &from->wait);
	wti_histogram_subtract(&to->run, &from->run);
}

static int64_t stats_lifetime(const struct wti_pool_worker *worker, int64_t now)
{
	return worker->ready_since ? now - worker->ready_since : 0;
}

void wti_pool_accounts_bury(struct wt_pool *pool, struct wti_pool_worker *worker)
{
	worker->accounts.lifetime = stats_lifetime(worker, wti_os->clock());
	stats_join(&pool->past, &worker->accounts);
}

/* Under the lock: all that was counted since the pool was created. */
static void stats_sum(struct wt_pool *pool, struct wti_pool_accounts *sum)
{
	int64_t now = wti_os->clock();

	stats_join(sum, &pool->past);
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		const struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		stats_join(sum, &worker->accounts);
		sum->lifetime += stats_lifetime(worker, now);
	}
	for (struct wti_pool_client *client = wti_load(&pool->clients); client; client = client->next) {
		stats_add(&sum->submitted, &client->submitted);
		stats_add(&sum->cancelled, &client->withdrawn);
		stats_add(&sum->refused, &client->refused);
	}
}

/* Since the last reset: to be freed by the caller; NULL: no memory. */
static struct wti_pool_accounts *stats_read(struct wt_pool *pool)
{
	struct wti_pool_accounts *sum = wti_alloc_zeroed(sizeof *sum);

	if (!sum)
		return NULL;
	wti_mutex_lock_soon(&pool->lock);
	stats_sum(pool, sum);
	stats_subtract(sum, &pool->reset);
	wti_mutex_unlock(&pool->lock);
	return sum;
}

static struct wt_pool_times stats_times(const struct wti_histogram *histogram)
{
	uint64_t count = wti_load(&histogram->count);
	struct wt_pool_times times = { .count = count };

	if (!count)
		return times;
	times.min = wti_histogram_percentile(histogram, 0);
	times.mean = wti_load(&histogram->sum) / (int64_t)count;
	times.max = wti_histogram_percentile(histogram, 100);
	times.p50 = wti_histogram_percentile(histogram, 50);
	times.p90 = wti_histogram_percentile(histogram, 90);
	times.p99 = wti_histogram_percentile(histogram, 99);
	times.p999 = wti_histogram_percentile(histogram, 99.9);
	return times;
}

static size_t stats_running(const struct wti_pool_worker *worker)
{
	size_t running = 0;

	for (unsigned i = 0; i < worker->run_count; i++)
		running += wti_load(&worker->runs[i].serial) & 1;
	return running;
}

static size_t stats_held(const struct wti_pool_worker *worker)
{
	uint32_t next = wti_load(&worker->next);
	uint32_t end = wti_load(&worker->end);

	return next < end ? end - next : 0;
}

void wti_pool_stats_now(struct wt_pool *pool, struct wt_pool_stats *stats)
{
	stats->workers = pool->alive - pool->starting;
	stats->zombies = pool->zombies;
	stats->queued = wti_pool_count(pool, SIZE_MAX);
	stats->queued_bytes = wti_load(&pool->queued_bytes);
	stats->idle = pool->napping;
	for (struct wti_list *link = pool->idle.next; link != &pool->idle; link = link->next)
		stats->idle++;
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		const struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		stats->running += stats_running(worker);
		stats->queued += stats_held(worker);
	}
}

static void stats_fill(struct wt_pool_stats *stats, const struct wti_pool_accounts *sum)
{
	int64_t busy = wti_load(&sum->run.sum);

	stats->submitted = wti_load(&sum->submitted);
	stats->completed = wti_load(&sum->completed);
	stats->failed = wti_load(&sum->failed);
	stats->cancelled = wti_load(&sum->cancelled);
	stats->timed_out = wti_load(&sum->timed_out);
	stats->refused = wti_load(&sum->refused);
	stats->workers_started = sum->workers_started;
	stats->workers_failed = sum->workers_failed;
	stats->recycled = sum->recycled;
	if (sum->lifetime > 0)
		stats->utilization = busy < sum->lifetime ? (double)busy / (double)sum->lifetime : 1;
	stats->wait = stats_times(&sum->wait);
	stats->run = stats_times(&sum->run);
}

int wt_pool_stats(wt_pool *pool, struct wt_pool_stats *out)
{
	struct wt_pool_stats stats = { 0 };
	struct wti_pool_accounts *sum;

	WTI_USES(pool, POOL);
	if (!pool || !out)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	sum = stats_read(pool);
	if (!sum)
		return WT_ENOMEM;
	wti_mutex_lock_soon(&pool->lock);
	wti_pool_stats_now(pool, &stats);
	wti_mutex_unlock(&pool->lock);
	stats_fill(&stats, sum);
	wti_free(sum);
	return wti_snapshot_write(out, &stats, sizeof stats);
}

/* What has been counted so far lies in the past and is not counted any more. */
void wt_pool_reset_stats(wt_pool *pool)
{
	WTI_USES(pool, POOL);
	if (!pool || wti_forked())
		return;
	wti_mutex_lock_soon(&pool->lock);
	pool->reset = (struct wti_pool_accounts){ 0 };
	stats_sum(pool, &pool->reset);
	wti_mutex_unlock(&pool->lock);
}

int wt_pool_percentile(wt_pool *pool, int which, double percent, int64_t *time)
{
	struct wti_pool_accounts *sum;

	WTI_USES(pool, POOL);
	if (!pool || !time || (which != WT_POOL_WAIT && which != WT_POOL_RUN) || !(percent >= 0 && percent <= 100))
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	sum = stats_read(pool);
	if (!sum)
		return WT_ENOMEM;
	*time = wti_histogram_percentile(which == WT_POOL_WAIT ? &sum->wait : &sum->run, percent);
	wti_free(sum);
	return 0;
}
