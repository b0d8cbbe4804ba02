/* SPDX-License-Identifier: MIT
 *
 * A call on each worker. It lies on its caller's stack and on the pool's list;
 * workers find it there by its serial, and never after it was taken off.
 */
#include "fork.h"
#include "pool.h"

struct wti_pool_each {
	struct wti_list link; /* under the pool's lock: wt_pool.eaches */
	uint64_t serial;
	void (*fn)(void *state, void *arg);
	void *arg;
	unsigned left;         /* under the lock: workers that have not returned */
	_Atomic(uint32_t) done;
};

struct each_wait {
	struct wti_pool_wait wait;
	struct wti_pool_each each;
};

static struct wti_pool_each *each_after(struct wt_pool *pool, uint64_t serial)
{
	for (struct wti_list *link = pool->eaches.next; link != &pool->eaches; link = link->next) {
		struct wti_pool_each *each = wti_list_entry(link, struct wti_pool_each, link);

		if (each->serial > serial)
			return each;
	}
	return NULL;
}

static void each_count(struct wti_pool_each *each)
{
	if (--each->left == 0)
		wti_store_sc(&each->done, 1); /* pairs with each_is_done [waiters-1] */
}

/* Under the lock: what the worker was at is over. */
static void each_returned(struct wti_pool_worker *worker)
{
	struct wti_pool_each *each = worker->each_now ? each_after(worker->pool, worker->each_now - 1) : NULL;

	if (each && each->serial == worker->each_now)
		each_count(each);
	worker->each_now = 0;
}

/* Under the lock: the next one for this worker, or NULL. */
static struct wti_pool_each *each_next(struct wti_pool_worker *worker)
{
	struct wti_pool_each *each = each_after(worker->pool, worker->each_seen);

	if (each)
		worker->each_now = worker->each_seen = each->serial;
	else
		/* pairs with wt_pool_each [pool-each] */
		wti_store_rel(&worker->attention, wti_load(&worker->attention) & ~(uint32_t)WTI_POOL_EACH);
	return each;
}

void wti_pool_each_run(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;
	struct wti_pool_each *each;
	struct wti_pool_each copy = { 0 };

	do {
		wti_mutex_lock_soon(&pool->lock);
		each_returned(worker);
		each = each_next(worker);
		if (each) {
			copy.fn = each->fn;
			copy.arg = each->arg;
		}
		wti_mutex_unlock(&pool->lock);
		if (wti_waiters_any(&pool->waiters))
			wti_waiters_wake(&pool->waiters);
		if (each)
			copy.fn(worker->state_of_init, copy.arg);
	} while (each && !wti_forked());
}

void wti_pool_each_leave(struct wti_pool_worker *worker)
{
	each_returned(worker);
	if (worker->state != WTI_POOL_READY && worker->state != WTI_POOL_DOOMED)
		return;
	while (each_next(worker))
		each_returned(worker);
}

void wti_pool_each_give_up(struct wti_pool_worker *worker)
{
	uint64_t now = worker->each_now;

	if (worker->state != WTI_POOL_READY && worker->state != WTI_POOL_DOOMED)
		return; /* it is counted in none that is not over for it */
	while (each_next(worker))
		each_returned(worker);
	worker->each_now = now;
}

/* Under the lock: for all that are there now. */
static int each_enter(struct wt_pool *pool, struct wti_pool_each *each)
{
	if (pool->state != WTI_POOL_OPEN)
		return WT_ECLOSED;
	each->serial = ++pool->each_last;
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		if (worker->state != WTI_POOL_READY)
			continue;
		each->left++;
		wti_pool_attend(worker, WTI_POOL_EACH); /* pairs with worker_heed [pool-each] */
		wti_source_notify(&worker->source);
	}
	wti_store(&each->done, each->left == 0);
	wti_list_append(&pool->eaches, &each->link);
	return 0;
}

static bool each_is_done(struct wti_pool_wait *wait)
{
	/* pairs with each_count [waiters-1] */
	return wti_load_sc(&wti_container_of(wait, struct each_wait, wait)->each.done) != 0;
}

int wt_pool_each(wt_pool *pool, void (*fn)(void *state, void *arg), void *arg, wt_time deadline)
{
	struct each_wait wait = {
		.wait = { .pool = pool, .ready = each_is_done },
		.each = { .fn = fn, .arg = arg },
	};
	int err = fn ? wti_pool_enter_wait(pool, deadline) : WT_EINVAL;

	WTI_USES(pool, POOL);
	if (err)
		return err;
	wti_list_init(&wait.each.link);
	wti_pool_hold(pool);
	wti_mutex_lock_soon(&pool->lock);
	err = each_enter(pool, &wait.each);
	wti_mutex_unlock(&pool->lock);
	if (!err)
		err = wti_pool_await(&wait.wait, deadline);
	wti_mutex_lock_soon(&pool->lock);
	wti_list_remove(&wait.each.link);
	wti_mutex_unlock(&pool->lock);
	wti_pool_release(pool);
	return err;
}
