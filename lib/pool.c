/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <string.h>

#include <wt/worker.h>

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "os.h"
#include "wait.h"
#include "worker.h"

#define POOL_IDLE_TIMEOUT    10000000000 /* ns */
#define POOL_CANCEL_GRACE    1000000000  /* ns */
#define POOL_AGING           100000000   /* ns */
#define POOL_DESTROY_TIMEOUT 1000000000  /* ns */

enum {
	POOL_WORKERS_MAX = 65536,
	POOL_CONCURRENT_MAX = 65536,
	POOL_TRIES = 1000 /* looks at its end for what a worker is about to give back */
};

/* ---- Lifetime ---- */

void wti_pool_hold(struct wt_pool *pool)
{
	wti_add(&pool->holders, 1);
}

static void pool_free(struct wt_pool *pool)
{
	wti_pool_clients_free(pool);
	wti_source_destroy(&pool->keeper_source);
	wti_waiters_destroy(&pool->room);
	wti_waiters_destroy(&pool->waiters);
	wti_mutex_destroy(&pool->lock);
	wti_free_lines_late(pool);
}

void wti_pool_release(struct wt_pool *pool)
{
	/* counter: who frees has seen all that the others did */
	if (wti_sub_acqrel(&pool->holders, 1) == 1)
		pool_free(pool);
}

/* ---- A thread's end ---- */

static void pool_thread_end(struct wti_thread *self)
{
	if (self->pool_worker)
		wti_pool_worker_end(self);
	if (self->worker && self->worker->entry == wti_pool_keeper_entry)
		wti_pool_keeper_end(self);
	while (!wti_list_empty(&self->pools))
		wti_pool_destroy(wti_list_entry(self->pools.next, struct wt_pool, owned), false);
	wti_pool_clients_end(self);
}

void wti_pool_enter_end(struct wti_thread *self)
{
	self->end[WTI_END_POOLS] = pool_thread_end;
	self->unwound[WTI_END_POOLS] = wti_pool_clients_unwound;
}

/* ---- Create ---- */

void wt_pool_options_init(wt_pool_options *options)
{
	if (options)
		*options = (wt_pool_options){ .size = sizeof *options };
}

static int pool_check_options(const wt_pool_options *options)
{
	if (options->idle_timeout < 0 || options->run_timeout < 0 || options->cancel_grace < 0 || options->aging < 0 ||
	    options->destroy_timeout < 0)
		return WT_EINVAL;
	if (options->max_workers > POOL_WORKERS_MAX || options->min_workers > POOL_WORKERS_MAX ||
	    options->concurrent_tasks > POOL_CONCURRENT_MAX)
		return WT_EINVAL;
	if (options->max_workers && options->min_workers > options->max_workers)
		return WT_EINVAL;
	if ((options->data_size && !options->data) || options->zero)
		return WT_EINVAL;
	if (options->data_size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return wti_worker_check_options(&(wt_worker_options){
		.size = sizeof(wt_worker_options), .stack_size = options->stack_size, .nice = options->nice });
}

static void pool_default(int64_t *time, int64_t otherwise)
{
	if (!*time)
		*time = otherwise;
}

static void pool_complete_options(wt_pool_options *options)
{
	int processors = wti_os->cpu_count();

	if (!options->min_workers)
		options->min_workers = 1;
	if (!options->max_workers)
		options->max_workers = processors > 1 ? (unsigned)processors : 1;
	if (options->max_workers < options->min_workers)
		options->max_workers = options->min_workers;
	if (!options->concurrent_tasks)
		options->concurrent_tasks = 1;
	if (!options->name)
		options->name = "pool";
	pool_default(&options->idle_timeout, POOL_IDLE_TIMEOUT);
	pool_default(&options->cancel_grace, POOL_CANCEL_GRACE);
	pool_default(&options->aging, POOL_AGING);
	pool_default(&options->destroy_timeout, POOL_DESTROY_TIMEOUT);
}

static int pool_read_options(wt_pool_options *to, const wt_pool_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (!err)
		err = pool_check_options(to);
	if (!err)
		pool_complete_options(to);
	return err;
}

static void pool_init(struct wt_pool *pool)
{
	wti_mutex_init(&pool->lock, WTI_RANK_POOL);
	wti_waiters_init(&pool->room);
	wti_waiters_init(&pool->waiters);
	wti_list_init(&pool->workers);
	wti_list_init(&pool->idle);
	wti_list_init(&pool->returned);
	wti_list_init(&pool->eaches);
	wti_list_init(&pool->owned);
	wti_store(&pool->holders, 1);
	wti_store(&pool->stride, 1);
	wti_pool_keeper_prepare(pool);
}

/* Data and name lie behind the struct. */
static struct wt_pool *pool_alloc(wt_task_fn *fn, const wt_pool_options *options)
{
	size_t name = strlen(options->name) + 1;
	struct wt_pool *pool = wti_alloc_lines(sizeof *pool + options->data_size + name);
	unsigned char *rest;

	if (!pool)
		return NULL;
	rest = (unsigned char *)(pool + 1);
	pool->fn = fn;
	pool->options = *options;
	pool->options.data = options->data_size ? memcpy(rest, options->data, options->data_size) : NULL;
	pool->options.name = memcpy(rest + options->data_size, options->name, name);
	pool->processors = (unsigned)wti_os->cpu_count();
	pool->share_env = options->env == WT_SHARE_ENV;
	pool->special = wti_pool_is_bounded(pool) || (options->run_timeout && options->run_timeout != WT_FOREVER);
	pool->options.env = NULL; /* the keeper gets it, and its workers have theirs from it */
	pool_init(pool);
	WTI_MADE(pool, POOL);
	WTI_NAMED(pool, 0, pool->options.name, name - 1);
	return pool;
}

static int pool_start(struct wt_pool *pool, const char *const *env)
{
	const struct wti_worker_program program = {
		.entry = wti_pool_keeper_entry,
		.host = pool,
		.skipped = wti_pool_keeper_skipped,
	};
	const wt_worker_options options = {
		.size = sizeof options,
		.name = pool->options.name,
		.env = env,
	};
	int err;

	wti_pool_hold(pool); /* the keeper's thread has it, which may outlive the pool's handle */
	err = wti_worker_create(&pool->keeper, &program, &options);
	if (err) {
		wti_pool_release(pool);
		return err;
	}
	wt_worker_unref(pool->keeper);
	return 0;
}

int wt_pool_create(wt_pool **out, wt_task_fn *fn, const wt_pool_options *options)
{
	wt_pool_options read;
	struct wti_thread *self;
	struct wt_pool *pool;
	int err;

	if (!out)
		return WT_EINVAL;
	*out = NULL;
	if (!fn)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	err = pool_read_options(&read, options);
	if (err)
		return err;
	pool = pool_alloc(fn, &read);
	if (!pool)
		return WT_ENOMEM;
	err = pool_start(pool, read.env);
	if (err) {
		wti_pool_release(pool);
		return err;
	}
	pool->creator = self;
	wti_pool_enter_end(self);
	wti_owned_add(&self->owned, &self->pools, &pool->owned);
	WTI_OWED(pool);
	*out = pool;
	return 0;
}

/* ---- Waiting ---- */

static bool pool_wait_ready(void *what)
{
	struct wti_pool_wait *wait = what;

	return wait->ready(wait);
}

static bool pool_wait_arm(void *what)
{
	struct wti_pool_wait *wait = what;

	wti_waiters_add(&wait->pool->waiters, &wait->waiter);
	return false;
}

static void pool_wait_disarm(void *what)
{
	struct wti_pool_wait *wait = what;

	wti_waiters_remove(&wait->pool->waiters, &wait->waiter);
}

static const void *pool_wait_object(void *what)
{
	const struct wti_pool_wait *wait = what;

	return wait->pool;
}

static const struct wti_wait_ops pool_wait_ops = {
	.name = "pool",
	.kind = "pool",
	.object = pool_wait_object,
	.ready = pool_wait_ready,
	.arm = pool_wait_arm,
	.disarm = pool_wait_disarm,
};

int wti_pool_await(struct wti_pool_wait *wait, wt_time deadline)
{
	struct wti_thread *self = wti_thread_peek();

	wti_waiter_init(&wait->waiter, self);
	return wti_wait(self, &pool_wait_ops, wait, deadline);
}

static bool pool_is_over(struct wti_pool_wait *wait)
{
	return wti_load_sc(&wait->pool->over) != 0; /* pairs with keeper_publish [waiters-1] */
}

static bool pool_is_ready(struct wti_pool_wait *wait)
{
	struct wt_pool *pool = wait->pool;

	/* pairs with keeper_publish, keeper_refuse and pool_refuse [waiters-1] */
	return wti_load_sc(&pool->ready) ||      /* [waiters-1] */
	       wti_load_sc(&pool->refusal);      /* [waiters-1] */
}

int wti_pool_enter_wait(const struct wt_pool *pool, wt_time deadline)
{
	struct wti_thread *self;

	if (!pool || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	return wti_pool_is_inside(pool, self) ? WT_EDEADLK : 0;
}

int wt_pool_ready(wt_pool *pool, wt_time deadline)
{
	struct wti_pool_wait wait = { .pool = pool, .ready = pool_is_ready };
	int err = wti_pool_enter_wait(pool, deadline);

	WTI_USES(pool, POOL);
	if (err)
		return err;
	wti_pool_hold(pool);
	/* Again, where a worker has come between a refusal and the look at it. */
	do {
		err = wti_pool_await(&wait, deadline);
		if (!err)
			err = wti_load(&pool->refusal);
	} while (!err && !wti_load(&pool->ready));
	wti_pool_release(pool);
	return err;
}

/* ---- Close and destroy ---- */

/* Under the lock: nothing new is taken; workers end when there is nothing left. */
static void pool_refuse(struct wt_pool *pool, enum wti_pool_state state)
{
	if (state <= pool->state)
		return;
	pool->state = state;
	wti_store_sc(&pool->refusal, WT_ECLOSED); /* pairs with room_ready, pool_is_ready [waiters-1] */
	wti_pool_update_call(pool);
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		wti_pool_attend(worker, WTI_POOL_RETIRE);
		wti_source_notify(&worker->source);
	}
}

/* A submit that was not refused is either seen by the keeper, or sees that it has to call. */
static void pool_end(struct wt_pool *pool, enum wti_pool_state state)
{
	wti_mutex_lock_soon(&pool->lock);
	pool_refuse(pool, state);
	if (state == WTI_POOL_ENDED)
		wti_pool_refuse_queued(pool, WT_ECANCELED);
	wti_mutex_unlock(&pool->lock);
	wti_barrier_heavy(); /* before the keeper looks: pairs with wti_pool_queue_publish [pool-call] */
	wti_pool_room_offer(pool);
	if (wti_waiters_any(&pool->waiters))
		wti_waiters_wake(&pool->waiters);
	wti_pool_ask(pool);
}

int wt_pool_close(wt_pool *pool, wt_time deadline)
{
	struct wti_pool_wait wait = { .pool = pool, .ready = pool_is_over };
	int err = wti_pool_enter_wait(pool, deadline);

	WTI_USES(pool, POOL);
	if (err)
		return err;
	wti_pool_hold(pool);
	pool_end(pool, WTI_POOL_CLOSING);
	err = wti_pool_await(&wait, deadline);
	wti_pool_release(pool);
	return err;
}

int wt_pool_clear(wt_pool *pool, size_t *cleared)
{
	size_t count;

	WTI_USES(pool, POOL);
	if (cleared)
		*cleared = 0;
	if (!pool)
		return WT_EINVAL;
	if (!wti_thread_self())
		return wti_fork_error(WT_ENOMEM);
	wti_mutex_lock_soon(&pool->lock);
	count = wti_pool_refuse_queued(pool, WT_ECANCELED);
	wti_mutex_unlock(&pool->lock);
	wti_pool_room_offer(pool);
	if (cleared)
		*cleared = count;
	return 0;
}

/* A worker that was given up may be done with a task, and about to give it back. */
static void pool_tell_last(struct wti_pool_client *client)
{
	wti_pool_tell_all(client);
	for (int i = 0; i < POOL_TRIES && client->awaited && !wti_forked(); i++) {
		wti_os->yield();
		wti_pool_tell_all(client);
	}
}

/* Tell what has come back to the calling thread, and forget the handles that it has. */
static void pool_destroy_client(struct wti_pool_client *client, bool tell)
{
	if (tell)
		pool_tell_last(client);
	if (!client->inside)
		WTI_ENDED(client->pool);
	if (!wti_forked())
		wti_pool_client_end(client);
}

void wti_pool_destroy(struct wt_pool *pool, bool tell)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_pool_client *client = wti_pool_client_find(pool, self);
	struct wti_pool_wait wait = { .pool = pool, .ready = pool_is_over };

	wti_owned_remove(&pool->creator->owned, &pool->owned);
	pool_end(pool, WTI_POOL_ENDED);
	wti_waiter_init(&wait.waiter, self);
	(void)wti_wait_through(self, &pool_wait_ops, &wait, wt_after_ns((uint64_t)pool->options.destroy_timeout));
	wt_worker_destroy(pool->keeper);
	wti_pool_give_up_workers(pool);
	wti_store_sc(&pool->over, 1); /* pairs with pool_is_over [waiters-1] */
	if (wti_waiters_any(&pool->waiters))
		wti_waiters_wake(&pool->waiters);
	if (!client)
		WTI_ENDED(pool);
	wti_pool_release(pool); /* the client still has it */
	if (client)
		pool_destroy_client(client, tell);
}

void wt_pool_destroy(wt_pool *pool)
{
	struct wti_thread *self = wti_thread_peek();

	WTI_ENDS(pool, POOL);
	if (pool && self && pool->creator == self && !wti_list_empty(&pool->owned))
		wti_pool_destroy(pool, true);
}
