/* SPDX-License-Identifier: MIT
 *
 * A parallel for. The range is cut by whoever is free: caller and workers
 * take part after part by moving `next`. Workers come to it through tasks, one
 * for each that might help; those that have not begun when nothing is left to
 * take are withdrawn again. So the caller never waits for a worker that is
 * not at one of its parts, and a map inside a task cannot lock up: who waits,
 * waits for a part that began later than what it is itself part of.
 */
#include "alloc.h"
#include "fork.h"
#include "os.h"
#include "pool.h"

enum { MAP_PARTS = 8 }; /* for each worker, where the grain is left to us */

struct wti_pool_map {
	/* Set at create. */
	size_t end;
	size_t grain;
	wt_map_fn *fn;
	void *arg;
	wt_time deadline;

	/* Atomic: whoever takes part. */
	_Atomic(uint32_t) holders; /* a reference count: the caller, the tasks */
	_Atomic(size_t) next;      /* where the next part begins */
	_Atomic(size_t) open;      /* parts that have begun and not returned */
	_Atomic(int) error;        /* the first; no part begins any more */

	/* The caller. */
	size_t count;
	struct wt_task *tasks[];
};

void wti_pool_map_release(struct wti_pool_map *map)
{
	/* counter: who frees has seen all that the others did */
	if (wti_sub_acqrel(&map->holders, 1) == 1)
		wti_free(map);
}

static bool map_take(struct wti_pool_map *map, size_t *begin, size_t *end)
{
	size_t next = wti_load(&map->next);
	size_t left;

	do {
		if (next >= map->end)
			return false;
		left = map->end - next;
	} while (!wti_cas(&map->next, &next, next + (left < map->grain ? left : map->grain)));
	*begin = next;
	*end = next + (left < map->grain ? left : map->grain);
	return true;
}

static void map_fail(struct wti_pool_map *map, int error)
{
	int none = 0;

	wti_cas(&map->error, &none, error);
}

static bool map_is_late(const struct wti_pool_map *map)
{
	return map->deadline != WT_FOREVER && wti_os->clock() >= map->deadline;
}

/* What the parts have written is seen by the caller through the tasks that come back. */
int wti_pool_map_run(struct wti_pool_map *map)
{
	struct wti_thread *self = wti_thread_peek();
	size_t begin;
	size_t end;
	int err;

	while (!wti_load(&map->error) && !map_is_late(map) && !wti_thread_terminating(self) &&
	       map_take(map, &begin, &end)) {
		wti_add(&map->open, 1);
		err = map->fn(begin, end, map->arg);
		if (wti_forked())
			return 0;
		wti_sub(&map->open, 1);
		if (err)
			map_fail(map, err);
	}
	return 0;
}

static size_t map_parts(const struct wti_pool_map *map, const wt_range *range)
{
	size_t length = range->end - range->begin;

	return length / map->grain + (length % map->grain != 0);
}

static size_t map_grain(const struct wt_pool *pool, const wt_range *range)
{
	size_t grain = (range->end - range->begin) / (MAP_PARTS * (size_t)(pool->options.max_workers + 1));

	if (range->grain)
		return range->grain;
	return grain ? grain : 1;
}

static struct wti_pool_map *map_make(const struct wt_pool *pool, const wt_range *range)
{
	struct wti_pool_map *map = wti_alloc_zeroed(sizeof *map + pool->options.max_workers * sizeof map->tasks[0]);

	if (!map)
		return NULL;
	map->end = range->end;
	map->grain = map_grain(pool, range);
	wti_store(&map->next, range->begin);
	wti_store(&map->holders, 1);
	return map;
}

/* Without a worker, or room in the queue, the caller does it alone. */
static void map_call_workers(struct wti_pool_map *map, struct wti_pool_client *client, size_t parts)
{
	size_t most = client->pool->options.max_workers;

	while (map->count < most && map->count + 1 < parts) {
		wti_add(&map->holders, 1);
		if (wti_pool_submit_map(client, map, &map->tasks[map->count]) != 0) {
			wti_pool_map_release(map);
			return;
		}
		map->count++;
	}
}

static int map_await(struct wti_pool_map *map)
{
	int err = 0;

	for (size_t i = 0; i < map->count; i++)
		(void)wti_pool_task_withdraw(map->tasks[i]);
	for (size_t i = 0; i < map->count && !err; i++)
		err = wti_pool_task_await(map->tasks[i], map->deadline);
	if (err)
		map_fail(map, err);
	for (size_t i = 0; i < map->count; i++)
		wti_pool_task_release(map->tasks[i]);
	return err;
}

static int map_result(const struct wti_pool_map *map, int err)
{
	if (err)
		return err;
	if (wti_load(&map->error))
		return wti_load(&map->error);
	if (wti_load(&map->open))
		return WT_EWORKER;
	if (wti_thread_terminating(wti_thread_peek()))
		return WT_ETERMINATED;
	return wti_load(&map->next) < map->end ? WT_ETIMEDOUT : 0;
}

static int map_do(struct wti_pool_map *map, struct wti_pool_client *client, const wt_range *range)
{
	int err;

	map_call_workers(map, client, map_parts(map, range));
	wti_pool_map_run(map);
	if (wti_forked())
		return WT_EFORKED;
	err = map_await(map);
	return map_result(map, err);
}

int wt_pool_map(wt_pool *pool, const wt_range *range, wt_map_fn *fn, void *arg, wt_time deadline)
{
	struct wti_thread *self;
	struct wti_pool_client *client;
	struct wti_pool_map *map;
	int err;

	WTI_USES(pool, POOL);
	if (!pool || !range || !fn || range->begin > range->end || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (deadline == WT_NOW)
		return range->begin == range->end ? 0 : WT_EAGAIN;
	err = wti_pool_client_get(pool, self, &client);
	if (err)
		return err;
	map = map_make(pool, range);
	if (!map)
		return WT_ENOMEM;
	map->fn = fn;
	map->arg = arg;
	map->deadline = deadline;
	wti_pool_client_enter(client);
	err = map_do(map, client, range);
	wti_pool_client_leave(client);
	wti_pool_map_release(map);
	return err;
}
