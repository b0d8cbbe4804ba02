/* SPDX-License-Identifier: MIT
 *
 * Room in bounded queues: counted before a task is queued, given back when a
 * worker takes it. Who finds none is refused, or waits, and may be told when
 * the queue is half empty again (on_drain).
 *
 * That cannot be missed: the client notes its wish, then looks at the queue;
 * who gives room back counts, then looks at the wishes. Tags [pool-room] and,
 * for those who wait, [waiters-1].
 */
#include "fork.h"
#include "loop.h"
#include "pool.h"
#include "seam.h"
#include "wait.h"

/* ---- Counting ---- */

static bool room_charge(_Atomic(size_t) *used, size_t size, size_t limit)
{
	size_t before = wti_load(used);

	do {
		if (limit && (size > limit || before > limit - size))
			return false;
	} while (!wti_cas(used, &before, before + size));
	return true;
}

static bool room_take(struct wt_pool *pool, size_t size)
{
	if (!room_charge(&pool->queued, 1, pool->options.queue_tasks))
		return false;
	if (room_charge(&pool->queued_bytes, size, pool->options.queue_bytes))
		return true;
	wti_sub_sc(&pool->queued, 1); /* [pool-room] */
	return false;
}

static bool room_is_half(struct wt_pool *pool)
{
	size_t tasks = pool->options.queue_tasks ? pool->options.queue_tasks : SIZE_MAX;
	size_t bytes = pool->options.queue_bytes ? pool->options.queue_bytes : SIZE_MAX;

	/* pairs with wti_pool_room_give [pool-room] */
	return wti_load_sc(&pool->queued) <= tasks / 2 &&     /* [pool-room] */
	       wti_load_sc(&pool->queued_bytes) <= bytes / 2; /* [pool-room] */
}

static bool room_is_full(const struct wt_pool *pool)
{
	return (pool->options.queue_tasks && wti_load(&pool->queued) >= pool->options.queue_tasks) ||
	       (pool->options.queue_bytes && wti_load(&pool->queued_bytes) >= pool->options.queue_bytes);
}

void wti_pool_room_give(struct wt_pool *pool, const struct wti_pool_place *places, size_t count)
{
	size_t bytes = 0;

	if (!wti_pool_is_bounded(pool))
		return;
	for (size_t i = 0; i < count; i++)
		bytes += wti_pool_task_size(wti_place_task(&places[i])); /* none is brief where there is a limit */
	wti_sub_sc(&pool->queued_bytes, bytes); /* pairs with room_is_half [pool-room] */
	wti_sub_sc(&pool->queued, count);       /* the same [pool-room] */
}

/* ---- Drain ---- */

/* The wish is granted once: by whoever changes it. */
static void room_grant(struct wti_pool_client *client)
{
	uint32_t wanted = WTI_POOL_DRAIN_WANTED;

	/* pairs with room_wish [pool-room]; seq_cst, so that the owner finds it after arming [source-1] */
	if (wti_cas_sc(&client->drain, &wanted, WTI_POOL_DRAIN_DUE))
		wti_source_notify(&client->source);
}

/* All wishes, if it was full and is half empty. */
static void room_grant_all(struct wt_pool *pool)
{
	if (!wti_load_sc(&pool->full) || !room_is_half(pool)) /* pairs with room_wish [pool-room] */
		return;
	wti_store_sc(&pool->full, false); /* [pool-room] */
	/* pairs with client_enter [pool-clients] */
	for (struct wti_pool_client *client = wti_load_acq(&pool->clients); client; client = client->next)
		room_grant(client);
}

void wti_pool_room_offer(struct wt_pool *pool)
{
	if (!wti_pool_is_bounded(pool))
		return;
	/* pairs with room_arm [waiters-1] */
	if (wti_waiters_any(&pool->room))
		wti_waiters_wake(&pool->room);
	room_grant_all(pool);
}

/*
 * Owner: be told when it is half empty; it may be so already. The wish comes
 * first: whoever finds the queue full from now on, and half empty, finds it.
 */
static void room_wish(struct wti_pool_client *client)
{
	uint32_t none = WTI_POOL_DRAIN_NONE;

	wti_cas_sc(&client->drain, &none, WTI_POOL_DRAIN_WANTED); /* pairs with room_grant_all [pool-room] */
	if (client->on_drain)
		wti_loop_set_hold(wti_load(&client->source.owner), WTI_HOLD_DRAIN, &client->drain_held, true);
	wti_store_sc(&client->pool->full, true); /* [pool-room] */
	if (!WTI_MUTANT(WTI_MUTANT_POOL_DRAIN_NO_RECHECK))
		room_grant_all(client->pool);
}

bool wti_pool_drain_due(struct wti_pool_client *client)
{
	/* pairs with room_grant [pool-room] */
	return client->on_drain && wti_load_sc(&client->drain) == WTI_POOL_DRAIN_DUE;
}

void wti_pool_drain_forget(struct wti_pool_client *client)
{
	wti_loop_set_hold(wti_load(&client->source.owner), WTI_HOLD_DRAIN, &client->drain_held, false);
}

void wti_pool_drain_tell(struct wti_pool_client *client)
{
	wti_store(&client->drain, WTI_POOL_DRAIN_NONE);
	wti_pool_drain_forget(client);
	client->on_drain(client->pool, client->on_drain_arg);
}

bool wt_pool_needs_drain(wt_pool *pool)
{
	struct wti_thread *self = wti_thread_self();
	struct wti_pool_client *client;

	WTI_USES(pool, POOL);
	if (!pool || !self || !wti_pool_is_bounded(pool))
		return false;
	if (!wti_load_sc(&pool->full) && !room_is_full(pool)) /* [pool-room] */
		return false;
	if (wti_pool_client_get(pool, self, &client) != 0)
		return true;
	room_wish(client);
	return wti_load_sc(&client->drain) == WTI_POOL_DRAIN_WANTED; /* [pool-room] */
}

int wt_pool_on_drain(wt_pool *pool, void (*fn)(wt_pool *pool, void *arg), void *arg)
{
	struct wti_thread *self;
	struct wti_pool_client *client;
	int err;

	WTI_USES(pool, POOL);
	if (!pool)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	err = wti_pool_client_get(pool, self, &client);
	if (err)
		return err;
	client->on_drain = fn;
	client->on_drain_arg = arg;
	if (!fn)
		wti_pool_drain_forget(client);
	else if (wti_load(&client->drain) != WTI_POOL_DRAIN_NONE)
		room_wish(client);
	wti_loop_watch(&client->source);
	return 0;
}

/* ---- Waiting ---- */

struct room_wait {
	struct wti_pool_client *client;
	size_t size;
	bool taken;
	struct wti_waiter waiter;
};

/* Taking is the look: of several that wait, each wants the same room. */
static bool room_ready(void *what)
{
	struct room_wait *wait = what;

	if (!wait->taken)
		wait->taken = wti_load_sc(&wait->client->pool->refusal) == 0 && /* pairs with pool_refuse [waiters-1] */
			      room_take(wait->client->pool, wait->size);
	return wait->taken || wti_load_sc(&wait->client->pool->refusal) != 0; /* [waiters-1] */
}

static bool room_arm(void *what)
{
	struct room_wait *wait = what;

	wti_waiters_add(&wait->client->pool->room, &wait->waiter);
	return false;
}

static void room_disarm(void *what)
{
	struct room_wait *wait = what;

	wti_waiters_remove(&wait->client->pool->room, &wait->waiter);
}

static const void *room_object(void *what)
{
	const struct room_wait *wait = what;

	return wait->client->pool;
}

static const struct wti_wait_ops room_ops = {
	.name = "room",
	.kind = "pool",
	.object = room_object,
	.ready = room_ready,
	.arm = room_arm,
	.disarm = room_disarm,
};

static void room_undo(struct wt_pool *pool, size_t size)
{
	wti_sub_sc(&pool->queued_bytes, size); /* [pool-room] */
	wti_sub_sc(&pool->queued, 1);          /* [pool-room] */
	wti_pool_room_offer(pool);
}

static int room_await(struct wti_pool_client *client, size_t size, wt_time deadline)
{
	struct wti_thread *self = wti_load(&client->source.owner);
	struct room_wait wait = { .client = client, .size = size };
	int err;

	if (wti_pool_is_inside(client->pool, self))
		return WT_EDEADLK;
	wti_waiter_init(&wait.waiter, self);
	err = wti_wait(self, &room_ops, &wait, deadline);
	if (err && wait.taken)
		room_undo(client->pool, size);
	if (!err && !wait.taken)
		err = wti_load(&client->pool->refusal);
	return err;
}

int wti_pool_room_take(struct wti_pool_client *client, size_t size, wt_time deadline)
{
	struct wt_pool *pool = client->pool;

	if (pool->options.queue_bytes && size > pool->options.queue_bytes)
		return WT_EMSGSIZE;
	if (room_take(pool, size))
		return 0;
	wti_store(&client->refused, wti_load(&client->refused) + 1);
	if (deadline != WT_NOW)
		return room_await(client, size, deadline);
	room_wish(client);
	return WT_EAGAIN;
}

/* A task that was not queued after all. */
void wti_pool_room_undo(struct wti_pool_client *client, size_t size)
{
	if (wti_pool_is_bounded(client->pool))
		room_undo(client->pool, size);
}
