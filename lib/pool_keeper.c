/* SPDX-License-Identifier: MIT
 *
 * The keeper: a thread that makes the pool's workers, ends those that are to
 * end, and replaces those that have. It looks when it is asked to, and at the
 * moments that it has set itself.
 *
 * A worker is ended for the sake of one task. It must not meet another one,
 * which the worker has begun meanwhile: so the keeper has it halt first, which
 * the worker looks at after each claim, and then looks whether it is that task
 * still. Tag [pool-halt].
 */
#include <stdio.h>

#include <wt/loop.h>
#include <wt/worker.h>

#include "alloc.h"
#include "barrier.h"
#include "fork.h"
#include "loop.h"
#include "os.h"
#include "pool.h"
#include "seam.h"
#include "worker.h"

#define KEEPER_BACKOFF     10000000    /* ns, after the first failure; doubled after each other one ... */
#define KEEPER_BACKOFF_MAX 10000000000 /* ... up to this */
#define KEEPER_ZOMBIE      100000000   /* ns from its termination on, after which an open pool's worker does not end */
#define KEEPER_IDLE        10000000    /* ns between looks for idle workers, at the least */
#define KEEPER_AGAIN       1000000     /* ns, after which something that the system refused is tried again */
#define KEEPER_TRIES       1000        /* ... so often, one behind the other, where nobody does later */

/* Soon after this look of the keeper's. */
struct keeper_look {
	struct wt_pool *pool;
	int64_t now;
	int64_t next; /* the next look */
	unsigned make; /* workers */
	bool doomed;   /* one of them is */
};

static void keeper_look_at(struct keeper_look *look, int64_t at)
{
	if (at < look->next)
		look->next = at;
}

/* ---- Asking ---- */

void wti_pool_ask(struct wt_pool *pool)
{
	wti_store_sc(&pool->asked, 1); /* pairs with keeper_ready [source-1] */
	wti_source_notify(&pool->keeper_source);
}

void wti_pool_ask_at(struct wt_pool *pool, int64_t at)
{
	if (at < wti_load_sc(&pool->keeper_at)) /* pairs with keeper_look [pool-at] */
		wti_pool_ask(pool);
}

void wti_pool_attend(struct wti_pool_worker *worker, uint32_t bits)
{
	wti_store_sc(&worker->attention, wti_load(&worker->attention) | bits); /* pairs with worker_ready [source-1] */
}

/* ---- Failures ---- */

static int64_t keeper_double(int64_t backoff)
{
	if (!backoff)
		return KEEPER_BACKOFF;
	return backoff < KEEPER_BACKOFF_MAX / 2 ? backoff * 2 : KEEPER_BACKOFF_MAX;
}

void wti_pool_note_failure(struct wt_pool *pool, int error)
{
	pool->past.workers_failed++;
	pool->backoff = keeper_double(pool->backoff);
	pool->retry_at = wti_os->clock() + pool->backoff;
	/* WT_EAGAIN would say that the queue is full. */
	pool->last_error = error && error != WT_EAGAIN ? error : WT_EWORKER;
	pool->resting = true;
}

static void keeper_work_again(struct wt_pool *pool)
{
	pool->backoff = 0;
	pool->resting = false;
	if (pool->state == WTI_POOL_OPEN)
		wti_store_sc(&pool->refusal, 0); /* pairs with room_ready [waiters-1] */
}

void wti_pool_note_init(struct wti_pool_worker *worker, int error)
{
	struct wt_pool *pool = worker->pool;

	if (worker->state != WTI_POOL_STARTING)
		return; /* it is to end */
	pool->starting--;
	if (error) {
		pool->alive--;
		worker->state = WTI_POOL_OVER;
		wti_pool_note_failure(pool, error);
	} else {
		worker->state = WTI_POOL_READY;
		worker->ready_since = wti_os->clock();
		worker->each_seen = pool->each_last;
		pool->past.workers_started++;
		keeper_work_again(pool);
	}
	wti_pool_update_call(pool);
}

/* Nobody is there, nor will be soon: those who wait hear why. */
static void keeper_refuse(struct wt_pool *pool)
{
	if (!pool->backoff || pool->alive)
		return;
	if (pool->state == WTI_POOL_OPEN)
		wti_store_sc(&pool->refusal, pool->last_error); /* pairs with room_ready, pool_is_ready [waiters-1] */
	wti_pool_refuse_queued(pool, pool->last_error);
}

/* ---- Ending a worker ---- */

/* One moment of a run, for which task, generation and deadline belong to the serial. */
struct keeper_run {
	uint64_t serial; /* 0: not under way */
	struct wt_task *task;
	uint32_t generation;
	int64_t deadline;
};

static struct keeper_run keeper_read_run(struct wti_pool_run *run)
{
	struct keeper_run seen = { .serial = wti_load_acq(&run->serial) }; /* from wti_pool_run_publish [pool-run] */

	seen.task = wti_load_acq(&run->task);             /* [pool-run] */
	seen.generation = wti_load_acq(&run->generation); /* [pool-run] */
	seen.deadline = wti_load_sc(&run->deadline);      /* pairs with run_begin_clock [pool-at] */
	if (!(seen.serial & 1) || wti_load(&run->serial) != seen.serial)
		seen.serial = 0;
	return seen;
}

/*
 * Under the lock: the worker goes on. It may have armed its source and then
 * looked, and have passed over work because it was to halt; who submitted that
 * work has called nobody where the worker was not known to sleep then.
 */
static void keeper_unhalt(struct wti_pool_worker *worker)
{
	/* [pool-halt]; pairs with worker_ready [source-1] */
	wti_store_sc(&worker->attention, wti_load(&worker->attention) & ~(uint32_t)WTI_POOL_HALT);
	wti_source_notify(&worker->source);
}

/* Under the lock: the worker is to be terminated, if it is at that run still. */
static void keeper_doom(struct keeper_look *look, struct wti_pool_worker *worker, struct wti_pool_run *run,
			uint64_t serial, int reason)
{
	struct wt_pool *pool = look->pool;

	wti_pool_attend(worker, WTI_POOL_HALT); /* pairs with worker_claim [pool-halt] */
	if (!wti_barrier_heavy() || (wti_load_sc(&run->serial) != serial && /* [pool-halt] */
				     !WTI_MUTANT(WTI_MUTANT_POOL_DOOM_NO_RECHECK))) {
		keeper_unhalt(worker);
		keeper_look_at(look, look->now + KEEPER_AGAIN);
		return;
	}
	worker->state = WTI_POOL_DOOMED;
	worker->reason = reason;
	worker->reason_run = run;
	pool->alive--;
	wti_pool_worker_unlist(worker);
	wti_pool_worker_rest(worker, WTI_POOL_ASLEEP);
	wti_pool_raid(worker, false);
	wti_pool_update_call(pool);
	look->doomed = true;
}

/* When this run has to end, or WT_FOREVER. */
static int64_t keeper_run_end(struct keeper_look *look, struct wti_pool_run *run, const struct keeper_run *seen,
			      int *reason)
{
	int64_t end = seen->deadline;

	*reason = WT_ETIMEDOUT;
	if (run->cancelled != seen->serial)
		return end;
	if (run->doomed != seen->serial) {
		run->doomed = seen->serial;
		run->doom_at = wti_deadline_after(look->now, look->pool->options.cancel_grace);
	}
	if (run->doom_at >= end)
		return end;
	*reason = WT_ECANCELED;
	return run->doom_at;
}

static void keeper_examine_runs(struct keeper_look *look, struct wti_pool_worker *worker)
{
	for (unsigned i = 0; i < worker->run_count && worker->state == WTI_POOL_READY; i++) {
		struct wti_pool_run *run = &worker->runs[i];
		struct keeper_run seen = keeper_read_run(run);
		int reason;
		int64_t end;

		if (!seen.serial)
			continue;
		end = keeper_run_end(look, run, &seen, &reason);
		if (end <= look->now)
			keeper_doom(look, worker, run, seen.serial, reason);
		else
			keeper_look_at(look, end);
	}
}

/*
 * Whether the worker is at this run. If not, it is about to look whether it has
 * the task, which may have been taken out of its hold, and is another one's
 * then, or on the list of those that were returned.
 */
static bool keeper_is_claimed(struct wti_pool_run *run, const struct keeper_run *seen)
{
	return wti_load(&run->claimed) == seen->serial || WTI_MUTANT(WTI_MUTANT_POOL_JUDGE_UNCLAIMED);
}

/*
 * Marked, then a look: pairs with run_withdraw [pool-judged]. A worker that has
 * not withdrawn the run by then finds the mark, and leaves the counting to us.
 * Where the system refuses the barrier, both may count.
 */
static bool keeper_overtakes(struct wti_pool_run *run, uint64_t serial)
{
	WTI_YIELD(WTI_YIELD_JUDGING, run);
	wti_store_sc(&run->judged, serial); /* [pool-judged] */
	wti_barrier_heavy();
	return wti_load_sc(&run->serial) == serial || WTI_MUTANT(WTI_MUTANT_POOL_JUDGE_NO_LOOK); /* [pool-judged] */
}

/* The result of a run that the worker does not give back is told. False: it is to be tried again. */
static bool keeper_judge_run(struct wti_pool_worker *worker, struct wti_pool_run *run)
{
	struct wt_pool *pool = worker->pool;
	struct keeper_run seen = keeper_read_run(run);
	int result = worker->reason && worker->reason_run == run ? worker->reason : WT_EWORKER;
	bool counts, told;

	if (!seen.serial || wti_load(&run->judged) == seen.serial)
		return true;
	if (pool->state == WTI_POOL_ENDED && result == WT_EWORKER)
		result = WT_ECANCELED;
	if (!keeper_is_claimed(run, &seen))
		return false;
	counts = keeper_overtakes(run, seen.serial);
	/* Also where the worker is sooner, of which the submitter drops what comes last. */
	told = wti_pool_judge(seen.task, seen.generation, result) == 0;
	if (told && counts)
		wti_pool_account(&pool->past, result, true);
	else
		wti_store(&run->judged, 0); /* a worker that saw the mark waits for the lock, and looks again */
	return told;
}

/* False where there was no memory for it, or the worker is between two tasks. */
static bool keeper_judge(struct wti_pool_worker *worker)
{
	bool done = true;

	for (unsigned i = 0; i < worker->run_count; i++)
		done &= keeper_judge_run(worker, &worker->runs[i]);
	return done;
}

/* Until when a worker that was terminated is waited for. */
static int64_t keeper_patience(const struct wt_pool *pool, int64_t terminated_at)
{
	return wti_deadline_after(terminated_at,
				  pool->state == WTI_POOL_ENDED ? pool->options.destroy_timeout : KEEPER_ZOMBIE);
}

static void keeper_examine_doomed(struct keeper_look *look, struct wti_pool_worker *worker)
{
	struct wt_pool *pool = look->pool;
	int64_t until = keeper_patience(pool, worker->terminated_at);

	if (!worker->terminated_at || worker->zombie)
		return;
	if (look->now < until) {
		keeper_look_at(look, until);
		return;
	}
	if (!keeper_judge(worker)) {
		keeper_look_at(look, look->now + KEEPER_AGAIN);
		return;
	}
	worker->zombie = true;
	pool->zombies++;
	wti_pool_each_give_up(worker);
}

static void keeper_doom_for_end(struct wti_pool_worker *worker)
{
	if (worker->state != WTI_POOL_STARTING && worker->state != WTI_POOL_READY)
		return;
	if (worker->state == WTI_POOL_STARTING) {
		worker->pool->starting--;
		worker->each_seen = worker->pool->each_last; /* it was counted for none */
	}
	worker->state = WTI_POOL_DOOMED;
	worker->pool->alive--;
}

static void keeper_examine(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;

	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		if (pool->state == WTI_POOL_ENDED)
			keeper_doom_for_end(worker);
		if (worker->state == WTI_POOL_READY)
			keeper_examine_runs(look, worker);
		else if (worker->state == WTI_POOL_DOOMED)
			keeper_examine_doomed(look, worker);
	}
}

static struct wti_pool_worker *keeper_next_doomed(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;

	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		if (worker->state == WTI_POOL_DOOMED && !worker->terminated_at) {
			worker->terminated_at = look->now;
			keeper_look_at(look, keeper_patience(pool, look->now));
			return worker;
		}
	}
	return NULL;
}

static void keeper_terminate(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;
	struct wti_pool_worker *worker;

	for (;;) {
		wti_mutex_lock_soon(&pool->lock);
		worker = keeper_next_doomed(look);
		wti_mutex_unlock(&pool->lock);
		if (!worker)
			return;
		wti_worker_stop(worker->worker);
	}
}

/* ---- Idle workers ---- */

/* Those that slept longest are last on the list. */
static struct wti_pool_worker *keeper_next_idle(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;
	struct wti_pool_worker *worker;
	int64_t until;

	if (pool->state != WTI_POOL_OPEN || pool->alive <= pool->options.min_workers || wti_list_empty(&pool->idle) ||
	    pool->options.idle_timeout == WT_FOREVER)
		return NULL;
	worker = wti_list_entry(pool->idle.prev, struct wti_pool_worker, idle);
	until = wti_deadline_after(worker->idle_since, pool->options.idle_timeout);
	if (until > look->now) {
		keeper_look_at(look, until);
		return NULL;
	}
	wti_list_remove(&worker->idle);
	wti_pool_attend(worker, WTI_POOL_RETIRE);
	wti_pool_update_call(pool);
	wti_pool_worker_hold(worker);
	return worker;
}

static int64_t keeper_idle_period(const struct wt_pool *pool)
{
	return pool->options.idle_timeout > KEEPER_IDLE ? pool->options.idle_timeout : KEEPER_IDLE;
}

/* Under the lock: more than needed, but none sleeps yet. It may, and nobody would say so. */
static void keeper_watch_idle(struct keeper_look *look)
{
	const struct wt_pool *pool = look->pool;

	if (pool->state == WTI_POOL_OPEN && pool->alive > pool->options.min_workers &&
	    pool->options.idle_timeout != WT_FOREVER)
		keeper_look_at(look, wti_deadline_after(look->now, keeper_idle_period(pool)));
}

static void keeper_retire(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;
	struct wti_pool_worker *worker;

	do {
		wti_mutex_lock_soon(&pool->lock);
		worker = keeper_next_idle(look);
		wti_mutex_unlock(&pool->lock);
		if (worker) {
			wti_source_notify(&worker->source);
			wti_pool_worker_release(worker);
		}
	} while (worker);
}

/* ---- New workers ---- */

static void keeper_on_exit(wt_worker *thread, int code, void *arg);

static size_t keeper_worker_size(const struct wt_pool *pool)
{
	return sizeof(struct wti_pool_worker) + pool->options.concurrent_tasks * sizeof(struct wti_pool_run);
}

static struct wti_pool_worker *keeper_alloc(struct wt_pool *pool)
{
	struct wti_pool_worker *worker = wti_alloc_lines(keeper_worker_size(pool));

	if (!worker)
		return NULL;
	worker->pool = pool;
	worker->run_count = pool->options.concurrent_tasks;
	wti_list_init(&worker->link);
	wti_list_init(&worker->idle);
	wti_store(&worker->holders, 2);
	wti_pool_worker_prepare(worker);
	wti_pool_hold(pool);
	return worker;
}

static void keeper_enter(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;

	wti_mutex_lock_soon(&pool->lock);
	wti_list_append(&pool->workers, &worker->link);
	worker->number = ++pool->made;
	pool->alive++;
	pool->starting++;
	if (pool->state != WTI_POOL_OPEN)
		wti_pool_attend(worker, WTI_POOL_RETIRE);
	wti_pool_update_call(pool);
	wti_mutex_unlock(&pool->lock);
}

static int keeper_start(struct wti_pool_worker *worker)
{
	const struct wt_pool *pool = worker->pool;
	const struct wti_worker_program program = {
		.entry = wti_pool_worker_entry,
		.host = worker,
		.skipped = wti_pool_worker_skipped,
		.data = pool->options.data,
		.size = pool->options.data_size,
	};
	wt_worker_options options = {
		.size = sizeof options,
		.stack_size = pool->options.stack_size,
		.heap_limit = pool->options.heap_limit,
		.nice = pool->options.nice,
		.env = pool->share_env ? WT_SHARE_ENV : NULL,
		.destroy_timeout = 1, /* who destroys the pool has waited */
	};
	char name[64];

	snprintf(name, sizeof name, "%.40s-%u", pool->options.name, worker->number);
	options.name = name;
	return wti_worker_create(&worker->worker, &program, &options);
}

static void keeper_undo(struct wti_pool_worker *worker, int error)
{
	struct wt_pool *pool = worker->pool;

	wti_mutex_lock_soon(&pool->lock);
	wti_list_remove(&worker->link);
	wti_pool_note_init(worker, error);
	wti_mutex_unlock(&pool->lock);
	wti_pool_worker_release(worker); /* the thread's */
	wti_pool_worker_release(worker);
}

static void keeper_make(struct wt_pool *pool)
{
	struct wti_pool_worker *worker = keeper_alloc(pool);
	int err;

	if (!worker) {
		wti_mutex_lock_soon(&pool->lock);
		wti_pool_note_failure(pool, WT_ENOMEM);
		wti_mutex_unlock(&pool->lock);
		return;
	}
	keeper_enter(worker);
	err = keeper_start(worker);
	if (err)
		keeper_undo(worker, err);
	else
		wt_worker_on_exit(worker->worker, keeper_on_exit, worker);
}

/* Under the lock: after a failure no worker is made for a while. */
static void keeper_rest(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;

	if (!pool->resting)
		return;
	if (look->now < pool->retry_at) {
		keeper_look_at(look, pool->retry_at);
		return;
	}
	pool->resting = false;
	wti_pool_update_call(pool);
}

/* Under the lock: how many workers are missing. */
static unsigned keeper_missing(struct keeper_look *look)
{
	struct wt_pool *pool = look->pool;
	size_t room = pool->options.max_workers - pool->alive;
	size_t work = wti_pool_count(pool, (size_t)pool->options.max_workers + pool->starting + pool->waking);
	size_t least = pool->state == WTI_POOL_OPEN ? pool->options.min_workers : work != 0;
	size_t missing = pool->alive < least ? least - pool->alive : 0;
	size_t coming = pool->starting + pool->waking;

	/* Once it is over it stays so: whoever destroys it looks no further. What crossed the close is refused. */
	if (pool->state == WTI_POOL_ENDED || wti_load(&pool->over))
		return 0;
	if (wti_list_empty(&pool->idle) && work > coming && work - coming > missing)
		missing = work - coming < room ? work - coming : room;
	pool->wanted = false;
	if (pool->resting)
		return 0;
	/* After a failure, one tries alone. */
	return pool->backoff && missing ? 1 : (unsigned)missing;
}

/* ---- The end of workers, and of the pool ---- */

/* Under the lock: nobody is left who would do or finish anything. */
static bool keeper_is_over(struct wt_pool *pool)
{
	if (pool->state == WTI_POOL_OPEN || pool->alive || wti_pool_has_work(pool))
		return false;
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next)
		if (!wti_list_entry(link, struct wti_pool_worker, link)->zombie)
			return false;
	return true;
}

static bool keeper_is_ready(const struct wt_pool *pool)
{
	return pool->alive - pool->starting >= pool->options.min_workers;
}

static void keeper_publish(struct wt_pool *pool)
{
	if (keeper_is_ready(pool))
		wti_store_sc(&pool->ready, 1); /* pairs with pool_is_ready [waiters-1] */
	if (keeper_is_over(pool))
		wti_store_sc(&pool->over, 1); /* pairs with pool_is_over [waiters-1] */
}

static void keeper_bury(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;

	wti_list_remove(&worker->link);
	if (worker->zombie)
		pool->zombies--;
	wti_pool_accounts_bury(pool, worker);
}

static void keeper_on_exit(wt_worker *thread, int code, void *arg)
{
	struct wti_pool_worker *worker = arg;
	struct wt_pool *pool = worker->pool;

	(void)code;
	wti_mutex_lock_soon(&pool->lock);
	wti_pool_note_init(worker, WT_EWORKER); /* of one that has not begun */
	keeper_bury(worker);
	wti_mutex_unlock(&pool->lock);
	wt_worker_destroy(thread);
	wti_pool_ask(pool);
	wti_pool_worker_release(worker);
}

/*
 * Under the lock, which is let go in between: nobody tries again after this. A
 * worker that has not counted what it has claimed is about to.
 */
static void keeper_judge_at_last(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;

	for (int i = 0; i < KEEPER_TRIES && !keeper_judge(worker); i++) {
		wti_mutex_unlock(&pool->lock);
		wti_os->yield();
		wti_mutex_lock_soon(&pool->lock);
	}
}

void wti_pool_give_up_workers(struct wt_pool *pool)
{
	struct wti_list *link;

	for (;;) {
		struct wti_pool_worker *worker;

		wti_mutex_lock_soon(&pool->lock);
		wti_pool_refuse_queued(pool, WT_ECANCELED);
		link = wti_list_pop(&pool->workers);
		if (link) {
			worker = wti_list_entry(link, struct wti_pool_worker, link);
			wti_pool_raid(worker, false);
			keeper_judge_at_last(worker);
			wti_pool_each_give_up(worker);
			keeper_bury(worker);
		}
		wti_mutex_unlock(&pool->lock);
		wti_pool_room_offer(pool);
		if (!link)
			return;
		wti_pool_worker_release(worker);
	}
}

/* ---- Looking ---- */

static void keeper_look(struct wt_pool *pool)
{
	struct keeper_look look = { .pool = pool, .now = wti_os->clock(), .next = WT_FOREVER };

	/* Who begins a run from now on asks: pairs with run_begin_clock [pool-at] */
	wti_store_sc(&pool->keeper_at, WT_FOREVER);
	wti_mutex_lock_soon(&pool->lock);
	keeper_examine(&look);
	keeper_rest(&look);
	look.make = keeper_missing(&look);
	wti_mutex_unlock(&pool->lock);
	keeper_terminate(&look);
	while (look.make--)
		keeper_make(pool);
	keeper_retire(&look);
	wti_mutex_lock_soon(&pool->lock);
	keeper_watch_idle(&look);
	keeper_refuse(pool);
	keeper_rest(&look);
	keeper_publish(pool);
	wti_mutex_unlock(&pool->lock);
	if (look.doomed || wti_load(&pool->returned_count))
		wti_pool_call(pool); /* for what a worker held, or was called for, that is to end */
	wti_pool_room_offer(pool);
	if (wti_waiters_any(&pool->waiters))
		wti_waiters_wake(&pool->waiters);
	wti_deadline_remove(wti_thread_peek(), &pool->keeper_deadline);
	if (look.next != WT_FOREVER)
		wti_deadline_add(wti_thread_peek(), &pool->keeper_deadline, look.next);
	wti_store_sc(&pool->keeper_at, look.next); /* [pool-at] */
}

static void keeper_due(struct wti_deadline *deadline, unsigned *calls)
{
	++*calls;
	keeper_look(wti_container_of(deadline, struct wt_pool, keeper_deadline));
}

static bool keeper_ready(struct wti_source *source)
{
	struct wt_pool *pool = wti_container_of(source, struct wt_pool, keeper_source);

	return wti_load_sc(&pool->asked) != 0; /* pairs with wti_pool_ask [source-1] */
}

static void keeper_turn(struct wti_source *source, unsigned *calls)
{
	struct wt_pool *pool = wti_container_of(source, struct wt_pool, keeper_source);

	++*calls;
	/* pairs with wti_pool_ask [source-1]: what is asked for from now on is another look */
	wti_store_sc(&pool->asked, 0);
	keeper_look(pool);
}

static const struct wti_source_ops keeper_source_ops = { .turn = keeper_turn, .ready = keeper_ready };

void wti_pool_keeper_prepare(struct wt_pool *pool)
{
	wti_source_init(&pool->keeper_source, &keeper_source_ops, NULL);
	wti_deadline_init(&pool->keeper_deadline, keeper_due);
	wti_store(&pool->asked, 1);
	wti_store(&pool->keeper_at, WT_FOREVER);
}

void wti_pool_keeper_end(struct wti_thread *self)
{
	struct wt_pool *pool = self->worker->host;

	wti_source_detach(&pool->keeper_source);
	wti_deadline_remove(self, &pool->keeper_deadline);
	wti_pool_release(pool);
}

void wti_pool_keeper_skipped(void *host)
{
	wti_pool_release(host);
}

int wti_pool_keeper_entry(wt_port *parent, const void *data, size_t size)
{
	struct wti_thread *self = wti_thread_peek();
	struct wt_pool *pool = self->worker->host;

	(void)data;
	(void)size;
	wti_pool_enter_end(self);
	wti_source_attach(&pool->keeper_source, self);
	wt_port_close(parent);
	wti_loop_hold(self, WTI_HOLD_SERVICE);
	wti_loop_watch(&pool->keeper_source);
	return wt_run();
}
