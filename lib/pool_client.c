/* SPDX-License-Identifier: MIT
 *
 * What a thread has of a pool that it submits to. A client outlives its
 * thread: workers may have tasks of it, and the next thread that comes takes it
 * over with them. So a pool has as many as there were submitters at the same
 * time, and they are freed with it.
 */
#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "pool.h"

enum { CLIENT_SLAB = 64 }; /* records */

struct wti_pool_slab {
	struct wti_pool_slab *next;
	struct wti_pool_own own[CLIENT_SLAB];
	/* From the first address on that is aligned for one. */
	unsigned char tasks[(CLIENT_SLAB + 1) * sizeof(struct wt_task)];
};

/* ---- Records ---- */

/* Memory is aligned to a line, a task to two. */
static struct wt_task *client_slab_tasks(struct wti_pool_slab *slab)
{
	return (struct wt_task *)wti_round_up((uintptr_t)slab->tasks, _Alignof(struct wt_task));
}

bool wti_pool_add_slab(struct wti_pool_client *client)
{
	struct wti_pool_slab *slab = wti_alloc_lines(sizeof *slab);
	struct wt_task *tasks;

	if (!slab)
		return false;
	slab->next = client->slabs;
	client->slabs = slab;
	tasks = client_slab_tasks(slab);
	for (unsigned i = 0; i < CLIENT_SLAB; i++) {
		tasks[i].client = client;
		tasks[i].own = &slab->own[i];
		slab->own[i].task = &tasks[i];
		wti_list_append(&client->free, &slab->own[i].link);
	}
	return true;
}

void wti_pool_task_clean(struct wti_pool_own *own)
{
	if (own->block)
		wti_free(own->task->block);
	if (own->cancelled)
		wti_store(&own->task->cancelled, 0);
	own->block = false;
	own->cancelled = false;
}

/* ---- Entering ---- */

static struct wti_pool_client *client_adopt(struct wt_pool *pool)
{
	/* Under the lock: nobody pushes. */
	for (struct wti_pool_client *client = wti_load(&pool->clients); client; client = client->next)
		if (client->orphan) {
			client->orphan = false;
			return client;
		}
	return NULL;
}

static struct wti_pool_client *client_make(struct wt_pool *pool)
{
	struct wti_pool_client *client = wti_alloc_lines(sizeof *client);

	if (!client)
		return NULL;
	client->pool = pool;
	wti_source_init(&client->source, &wti_pool_client_ops, NULL);
	wti_ring_init(&client->back, 0, WTI_NO_LIMIT, false);
	wti_ring_post_under_lock(&client->back); /* the pool's: tasks that are refused, or judged */
	wti_list_init(&client->mine);
	wti_list_init(&client->free);
	wti_list_init(&client->untold);
	wti_list_init(&client->messages);
	wti_list_init(&client->shown);
	return client;
}

static struct wti_pool_client *client_enter(struct wt_pool *pool)
{
	struct wti_pool_client *client;

	wti_mutex_lock_soon(&pool->lock);
	client = client_adopt(pool);
	wti_mutex_unlock(&pool->lock);
	if (client)
		return client;
	client = client_make(pool);
	if (!client)
		return NULL;
	wti_mutex_lock_soon(&pool->lock);
	client->next = wti_load(&pool->clients);
	/* pairs with queue_clients, wti_pool_room_offer [pool-clients] */
	wti_store_rel(&pool->clients, client);
	wti_mutex_unlock(&pool->lock);
	return client;
}

struct wti_pool_client *wti_pool_client_find(const struct wt_pool *pool, struct wti_thread *self)
{
	for (struct wti_list *link = self->pool_clients.next; link != &self->pool_clients; link = link->next) {
		struct wti_pool_client *client = wti_list_entry(link, struct wti_pool_client, mine);

		if (client->pool == pool)
			return client;
	}
	return NULL;
}

int wti_pool_client_get(struct wt_pool *pool, struct wti_thread *self, struct wti_pool_client **client)
{
	struct wti_pool_client *found = wti_pool_client_find(pool, self);

	if (!found) {
		found = client_enter(pool);
		if (!found)
			return WT_ENOMEM;
		wti_pool_hold(pool);
		wti_pool_enter_end(self);
		wti_source_attach(&found->source, self);
		wti_list_append(&self->pool_clients, &found->mine);
		wti_loop_watch(&found->source);
	}
	self->pool_client = found;
	*client = found;
	return 0;
}

/* ---- Leaving ---- */

static void client_detach(struct wti_pool_client *client)
{
	struct wti_thread *self = wti_load(&client->source.owner);

	wti_pool_drain_forget(client);
	client->on_drain = NULL;
	wti_store(&client->drain, WTI_POOL_DRAIN_NONE); /* the wish was this thread's */
	if (self->pool_client == client)
		self->pool_client = NULL;
	wti_list_remove(&client->mine);
	wti_source_detach(&client->source);
}

/* Another thread may have it as soon as it is an orphan. */
static void client_give_up(struct wti_pool_client *client)
{
	struct wt_pool *pool = client->pool;

	client_detach(client);
	wti_mutex_lock_soon(&pool->lock);
	client->orphan = true;
	wti_mutex_unlock(&pool->lock);
	wti_pool_release(pool);
}

void wti_pool_client_leave(struct wti_pool_client *client)
{
	if (--client->inside || wti_forked())
		return;
	if (client->ending)
		wti_pool_client_end(client);
	else if (!client->used && wti_load(&client->pool->refusal) == WT_ECLOSED &&
		 wti_load_sc(&client->pool->over)) /* pairs with keeper_publish [waiters-1] */
		client_give_up(client);
}

/* Nobody waits for the task any more: it is recycled now, or when it comes back. */
static void client_forget(struct wti_pool_client *client, struct wti_pool_own *own)
{
	wti_pool_unawait(client, own);
	own->told = true;
	own->done = NULL;
	own->progress = false;
	if (own->away)
		(void)wti_pool_task_withdraw(own->task); /* which puts it */
	if (own->state != WTI_TASK_SUBMITTED && own->state != WTI_TASK_FREE) {
		wti_list_remove(&own->link);
		wti_pool_reply_drop(own);
		own->state = WTI_TASK_FINISHED; /* also where a callback that told it was left */
	}
	wti_pool_task_put(client, own);
}

/* `inside`: but for those in a callback, which will return. */
static void client_forget_all(struct wti_pool_client *client, bool inside)
{
	for (struct wti_pool_slab *slab = client->slabs; slab; slab = slab->next)
		for (unsigned i = 0; i < CLIENT_SLAB && !wti_forked(); i++) {
			struct wti_pool_own *own = &slab->own[i];

			if (own->state != WTI_TASK_FREE && !(inside && own->state == WTI_TASK_TELLING))
				client_forget(client, own);
		}
}

static void client_drop_messages(struct wti_pool_client *client)
{
	struct wti_list *link;

	wti_list_move_all(&client->messages, &client->shown);
	while (!wti_forked() && (link = wti_list_pop(&client->messages)))
		wti_pool_message_free(wti_list_entry(link, struct wti_pool_message, link));
}

void wti_pool_clients_unwound(struct wti_thread *self)
{
	for (struct wti_list *link = self->pool_clients.next; link != &self->pool_clients; link = link->next) {
		struct wti_pool_client *client = wti_list_entry(link, struct wti_pool_client, mine);

		client->callbacks = client->inside = 0; /* tasks whose callback was left end with the others */
	}
}

void wti_pool_client_end(struct wti_pool_client *client)
{
	bool inside = client->inside != 0;
	uint64_t before;

	if (client->ending && !inside)
		WTI_ENDED(client->pool); /* in one of its callbacks, which are over only now */
	wti_pool_client_enter(client);
	do {
		before = wti_load(&client->submitted);
		wti_pool_pull(client);
		client_forget_all(client, inside);
		if (!inside)
			client_drop_messages(client);
	} while (before != wti_load(&client->submitted) && !inside && !wti_forked()); /* by deleters */
	if (wti_forked())
		return;
	client->inside--;
	client->ending = inside;
	if (!inside)
		client_give_up(client);
}

void wti_pool_clients_end(struct wti_thread *self)
{
	while (!wti_list_empty(&self->pool_clients)) {
		struct wti_pool_client *client = wti_list_entry(self->pool_clients.next, struct wti_pool_client, mine);

		client->callbacks = client->inside = 0;
		wti_pool_client_end(client);
		if (wti_forked())
			return;
	}
}

/* ---- Freeing ---- */

static void client_free(struct wti_pool_client *client)
{
	struct wti_pool_slab *slab;
	struct wti_list dropped;

	wti_pool_pull(client);
	client_forget_all(client, false);
	client_drop_messages(client);
	for (unsigned level = 0; level < WTI_POOL_LEVELS; level++)
		wti_free(client->queue[level].places);
	while ((slab = client->slabs)) {
		client->slabs = slab->next;
		wti_free_lines_late(slab);
	}
	wti_list_init(&dropped);
	wti_ring_destroy(&client->back, &dropped);
	wti_source_destroy(&client->source);
	wti_free_lines(client);
}

void wti_pool_clients_free(struct wt_pool *pool)
{
	struct wti_pool_client *client = wti_load(&pool->clients);

	while (client) {
		struct wti_pool_client *next = client->next;

		client_free(client);
		client = next;
	}
}
