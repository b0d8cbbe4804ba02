/* SPDX-License-Identifier: MIT
 *
 * Queues. A client's queue is an array that its owner fills without a lock,
 * and that workers empty under the pool's: a task is published by its tail.
 *
 * A task that has not begun can be taken back: from its place in a queue,
 * which then is empty, or from a worker's hold. What comes out of a hold, or
 * out of the hands of a worker that ends, goes on the pool's list of returned
 * tasks, which are taken first.
 */
#include "alloc.h"
#include "os.h"
#include "pool.h"
#include "seam.h"

enum { QUEUE_FIRST = 64 }; /* places */

/* As good as for ever: tens of years, of which all priorities together and a wait do not overflow. */
#define QUEUE_AGING_MAX (INT64_MAX / (2 * WTI_POOL_LEVELS))

/* ---- Filling ---- */

/* The workers read places and mask under the lock only. */
static int queue_grow(struct wti_pool_client *client, unsigned level, uint64_t tail)
{
	struct wti_pool_queue *queue = &client->queue[level];
	size_t count = queue->places ? 2 * (queue->mask + 1) : QUEUE_FIRST;
	struct wti_pool_place *places;
	struct wti_pool_place *old = queue->places;

	places = wti_alloc(count * sizeof *places);
	if (!places)
		return WT_ENOMEM;
	wti_mutex_lock_soon(&client->pool->lock);
	for (uint64_t i = wti_load(&client->head[level]); i != tail; i++)
		places[i & (count - 1)] = old[i & queue->mask];
	queue->places = places;
	queue->mask = count - 1;
	wti_mutex_unlock(&client->pool->lock);
	wti_free(old);
	return 0;
}

int wti_pool_queue_reserve_slow(struct wti_pool_client *client, unsigned level)
{
	/* pairs with queue_first and queue_take [pool-head]: what lay there has been read */
	client->queue[level].head_seen = wti_load_acq(&client->head[level]);
	return wti_pool_queue_has_place(client, level) ? 0 : queue_grow(client, level, wti_load(&client->tail[level]));
}

/* ---- Looking ---- */

static bool queue_client_has_work(struct wti_pool_client *client)
{
	for (unsigned level = 0; level < WTI_POOL_LEVELS; level++)
		/* pairs with wti_pool_queue_publish [pool-call], after worker_sleeps */
		if (wti_load_sc(&client->tail[level]) != wti_load(&client->head[level]))
			return true;
	return false;
}

static struct wti_pool_client *queue_clients(struct wt_pool *pool)
{
	return wti_load_acq(&pool->clients); /* pairs with client_enter [pool-clients]: the client is made */
}

bool wti_pool_has_work(struct wt_pool *pool)
{
	/* pairs with wti_pool_return [pool-call] */
	if (wti_load_sc(&pool->returned_count))
		return true;
	for (struct wti_pool_client *client = queue_clients(pool); client; client = client->next)
		if (queue_client_has_work(client))
			return true;
	return false;
}

static size_t queue_length(const struct wti_pool_client *client, unsigned level)
{
	return (size_t)(wti_load(&client->tail[level]) - wti_load(&client->head[level]));
}

size_t wti_pool_count(struct wt_pool *pool, size_t most)
{
	size_t count = wti_load(&pool->returned_count);

	for (struct wti_pool_client *client = queue_clients(pool); client && count < most; client = client->next)
		for (unsigned level = 0; level < WTI_POOL_LEVELS; level++)
			count += queue_length(client, level);
	return count < most ? count : most;
}

/* ---- Taking ---- */

/* The first task there, which stays; places of those that were withdrawn are passed. */
static const struct wti_pool_place *queue_first(struct wti_pool_client *client, unsigned level)
{
	const struct wti_pool_queue *queue = &client->queue[level];
	uint64_t head = wti_load(&client->head[level]);
	uint64_t tail = wti_load_acq(&client->tail[level]); /* pairs with wti_pool_queue_publish [pool-tail] */

	while (head != tail && !queue->places[head & queue->mask].word)
		head++;
	wti_store_rel(&client->head[level], head); /* pairs with wti_pool_queue_reserve_slow [pool-head] */
	return head != tail ? &queue->places[head & queue->mask] : NULL;
}

/* Of what is there, not more than a fair share. */
static unsigned queue_share(size_t length, unsigned max, unsigned takers)
{
	size_t share = (length + takers - 1) / takers; /* 1, where there is anything */

	return share < max ? (unsigned)share : max;
}

static unsigned queue_take(struct wti_pool_client *client, unsigned level, struct wti_pool_place *places, unsigned max,
			   unsigned takers)
{
	const struct wti_pool_queue *queue = &client->queue[level];
	uint64_t head = wti_load(&client->head[level]);
	uint64_t tail = wti_load_acq(&client->tail[level]); /* pairs with wti_pool_queue_publish [pool-tail] */
	unsigned most = queue_share((size_t)(tail - head), max, takers);
	unsigned n = 0;

	for (; head != tail && n < most; head++) {
		const struct wti_pool_place *place = &queue->places[head & queue->mask];

		if (place->word)
			places[n++] = *place;
	}
	wti_store_rel(&client->head[level], head); /* pairs with wti_pool_queue_reserve_slow [pool-head] */
	wti_pool_room_give(client->pool, places, n);
	return n;
}

static struct wt_task *queue_task(struct wti_list *link)
{
	return wti_list_entry(link, struct wti_pool_own, link)->task;
}

static unsigned queue_take_returned(struct wt_pool *pool, struct wti_pool_place *places, unsigned max, unsigned takers)
{
	size_t count = wti_load(&pool->returned_count);
	unsigned most = queue_share(count, max, takers);
	unsigned n = 0;

	for (; n < most && !wti_list_empty(&pool->returned); n++) {
		struct wt_task *task = queue_task(wti_list_pop(&pool->returned));

		task->returned = false;
		places[n] = (struct wti_pool_place){ .word = (uintptr_t)task, .generation = task->own->generation };
	}
	wti_store(&pool->returned_count, count - n);
	return n;
}

/* After the one that was served last: submitters take turns. */
static struct wti_pool_client *queue_next_client(struct wt_pool *pool, struct wti_pool_client *client)
{
	return client->next ? client->next : queue_clients(pool);
}

static unsigned queue_take_fair(struct wt_pool *pool, struct wti_pool_place *places, unsigned max, unsigned takers)
{
	struct wti_pool_client *begin = pool->take_next ? pool->take_next : queue_clients(pool);
	struct wti_pool_client *client = begin;

	do {
		if (queue_length(client, WTI_POOL_LEVEL) && queue_first(client, WTI_POOL_LEVEL)) {
			pool->take_next = queue_next_client(pool, client);
			return queue_take(client, WTI_POOL_LEVEL, places, max, takers);
		}
		client = queue_next_client(pool, client);
	} while (client != begin);
	return 0;
}

/* ---- Priorities ---- */

/* A task's priority with what it has gained by waiting, in nanoseconds of it. */
static int64_t queue_rank(const struct wt_pool *pool, const struct wti_pool_place *place, unsigned level, int64_t now)
{
	const struct wt_task *task = wti_place_task(place);
	int64_t since = wti_load(&pool->prioritized_at);

	if (pool->options.aging >= QUEUE_AGING_MAX)
		return level;
	if (!wti_place_is_brief(place) && task->weight)
		since = task->submitted_at;
	return level * pool->options.aging + (now - since);
}

/* One at a time, so that the next look finds what has become first. */
static unsigned queue_take_best(struct wt_pool *pool, struct wti_pool_place *places)
{
	struct wti_pool_client *best = NULL;
	unsigned best_level = 0;
	int64_t best_rank = 0;
	int64_t now = wti_os->clock();

	for (struct wti_pool_client *client = queue_clients(pool); client; client = client->next)
		for (unsigned level = 0; level < WTI_POOL_LEVELS; level++) {
			const struct wti_pool_place *first = queue_length(client, level) ? queue_first(client, level) : NULL;
			int64_t rank = first ? queue_rank(pool, first, level, now) : 0;

			if (first && (!best || rank > best_rank)) {
				best = client;
				best_level = level;
				best_rank = rank;
			}
		}
	return best ? queue_take(best, best_level, places, 1, 1) : 0;
}

unsigned wti_pool_take(struct wt_pool *pool, struct wti_pool_place *places, unsigned max, unsigned takers)
{
	unsigned n = 0;

	if (wti_load(&pool->returned_count))
		n = queue_take_returned(pool, places, max, takers);
	if (n || !queue_clients(pool))
		return n;
	/* pairs with submit_is_prioritized [pool-aging]: since when */
	return wti_load_acq(&pool->prioritized) ? queue_take_best(pool, places) :
						  queue_take_fair(pool, places, max, takers);
}

/* ---- Taking back ---- */

/* What a brief task is goes into the record, which is the caller's. */
static void queue_unfold(const struct wti_pool_place *place)
{
	struct wt_task *task = wti_place_task(place);

	if (!wti_place_is_brief(place))
		return;
	task->size = wti_place_size(place);
	task->type = place->type;
	task->parts = 0;
	task->weight = 0;
	memcpy(task->bytes, place->bytes, sizeof place->bytes);
}

void wti_pool_return(struct wt_pool *pool, const struct wti_pool_place *place)
{
	struct wt_task *task = wti_place_task(place);

	queue_unfold(place);
	task->returned = true;
	wti_list_append(&pool->returned, &task->own->link);
	wti_store_sc(&pool->returned_count, wti_load(&pool->returned_count) + 1); /* [pool-call] */
}

/*
 * The worker moves next, then looks at end; here end moves back to next, and
 * then next is looked at again. What the worker has claimed by then is its own.
 */
bool wti_pool_raid(struct wti_pool_worker *worker, bool own)
{
	uint32_t end = wti_load(&worker->end);
	/* pairs with worker_claim [pool-hold]: who finds all of it claimed sees what was claimed last */
	uint32_t next = wti_load_acq(&worker->next);

	if (next >= end)
		return true;
	wti_store_sc(&worker->end, next); /* pairs with worker_claim [pool-hold] */
	if (!own && !wti_barrier_heavy()) {
		wti_store(&worker->end, end);
		return false;
	}
	if (!WTI_MUTANT(WTI_MUTANT_POOL_RAID_NO_RECHECK))
		next = wti_load_sc(&worker->next); /* [pool-hold] */
	if (next > end)
		next = end;
	wti_store_sc(&worker->end, next); /* what the worker claimed meanwhile stays [pool-hold] */
	for (uint32_t i = next; i < end; i++)
		wti_pool_return(worker->pool, &worker->hold[i]);
	return true;
}

void wti_pool_raid_all(struct wt_pool *pool)
{
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next)
		wti_pool_raid(wti_list_entry(link, struct wti_pool_worker, link), false);
}

bool wti_pool_withdraw(struct wti_pool_client *client, struct wt_task *task)
{
	struct wt_pool *pool = client->pool;
	const struct wti_pool_own *own = task->own;
	struct wti_pool_queue *queue = &client->queue[own->level];
	struct wti_pool_place *place = &queue->places[own->ticket & queue->mask];

	if (!task->returned && (int64_t)(own->ticket - wti_load(&client->head[own->level])) >= 0) {
		wti_pool_room_give(pool, place, 1);
		place->word = 0;
		queue_first(client, own->level);
		return true;
	}
	if (!task->returned)
		wti_pool_raid_all(pool);
	if (!task->returned)
		return false;
	task->returned = false;
	wti_list_remove(&task->own->link);
	wti_store(&pool->returned_count, wti_load(&pool->returned_count) - 1);
	return true;
}

static void queue_refuse_task(struct wt_task *task, int result)
{
	struct wti_pool_entry entry = { .word = WTI_ENTRY_RESULT | WTI_ENTRY_UNRUN, .result = result };

	wti_pool_back(task, &entry, 0);
}

static size_t queue_refuse(struct wti_pool_client *client, unsigned level, int result)
{
	const struct wti_pool_place *first;
	size_t count = 0;

	while ((first = queue_first(client, level))) {
		const struct wti_pool_place place = *first;

		/* pairs with wti_pool_queue_reserve_slow [pool-head] */
		wti_store_rel(&client->head[level], wti_load(&client->head[level]) + 1);
		wti_pool_room_give(client->pool, &place, 1);
		queue_refuse_task(wti_place_task(&place), result);
		count++;
	}
	return count;
}

size_t wti_pool_refuse_queued(struct wt_pool *pool, int result)
{
	size_t count = wti_load(&pool->returned_count);
	struct wti_list *link;

	while ((link = wti_list_pop(&pool->returned))) {
		struct wt_task *task = queue_task(link);

		task->returned = false;
		queue_refuse_task(task, result);
	}
	wti_store(&pool->returned_count, 0);
	for (struct wti_pool_client *client = queue_clients(pool); client; client = client->next)
		for (unsigned level = 0; level < WTI_POOL_LEVELS; level++)
			count += queue_refuse(client, level, result);
	for (size_t i = 0; i < count; i++)
		wti_pool_account(&pool->past, result, false);
	return count;
}

/* ---- Help ---- */

/* While one works and another one naps, which looks for what the first leaves, nobody is called. */
static bool queue_is_watched(const struct wt_pool *pool)
{
	return pool->napping && wti_load(&pool->awake);
}

void wti_pool_update_call(struct wt_pool *pool)
{
	bool more = pool->alive < pool->options.max_workers && !pool->resting;
	bool help = more || !wti_list_empty(&pool->idle);

	/* pairs with wti_pool_queue_publish [pool-call]: who announces its sleep, or the end, then looks for work */
	wti_store_sc(&pool->call, pool->state != WTI_POOL_OPEN || (help && !queue_is_watched(pool)));
}

/* One worker at a time is enough where it has not looked yet: it calls for the next one itself. */
static struct wti_pool_worker *queue_choose_helper(struct wt_pool *pool)
{
	size_t work = wti_pool_count(pool, (size_t)pool->waking + pool->starting + 1);
	struct wti_pool_worker *worker;

	if (wti_load(&pool->over) || pool->state == WTI_POOL_ENDED) {
		/* They came when it was closed already, or out of the hold of a worker that has ended with it. */
		wti_pool_refuse_queued(pool, WT_ECANCELED);
		return NULL;
	}
	if (work <= pool->waking)
		return NULL;
	if (wti_list_empty(&pool->idle)) {
		if (pool->alive < pool->options.max_workers && work > pool->starting && !pool->resting)
			pool->wanted = true;
		return NULL;
	}
	worker = wti_list_entry(wti_list_pop(&pool->idle), struct wti_pool_worker, idle);
	wti_store(&worker->woken, true);
	pool->waking++;
	wti_pool_update_call(pool);
	wti_pool_worker_hold(worker);
	return worker;
}

void wti_pool_call(struct wt_pool *pool)
{
	struct wti_pool_worker *worker;
	bool wanted, open;

	wti_mutex_lock_soon(&pool->lock);
	worker = queue_choose_helper(pool);
	wanted = pool->wanted;
	open = pool->state == WTI_POOL_OPEN;
	wti_mutex_unlock(&pool->lock);
	if (!open)
		wti_pool_room_offer(pool); /* of what was refused */
	if (wanted)
		wti_pool_ask(pool);
	if (!worker)
		return;
	wti_source_notify(&worker->source);
	wti_pool_worker_release(worker);
}
