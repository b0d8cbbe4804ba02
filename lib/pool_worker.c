/* SPDX-License-Identifier: MIT
 *
 * A worker's life: init, tasks, fini. It lives on its thread's loop, in which
 * the pool's work is a source like any other; so tasks may use ports and
 * timers, finish later, and submit to their own pool.
 */
#include <wt/loop.h>
#include <wt/thread.h>

#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "os.h"
#include "pool.h"
#include "seam.h"
#include "wait.h"
#include "worker.h"

enum {
	WORKER_TINY = 100,       /* ns, with a look at the clock: what one worker does as fast as it is submitted ... */
	WORKER_ALONE = 2048,     /* ... unless so many wait */
	WORKER_TURN = 64,        /* tasks, before the loop looks at its other sources */
	WORKER_HELD = 10000,     /* ns of work that are taken together */
	WORKER_OVERHEAD = 60     /* ns of a task besides its run */
};

void wti_pool_worker_hold(struct wti_pool_worker *worker)
{
	wti_add(&worker->holders, 1);
}

void wti_pool_worker_release(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;

	/* counter: who frees has seen all that the others did */
	if (wti_sub_acqrel(&worker->holders, 1) != 1)
		return;
	wti_source_destroy(&worker->source);
	wti_free_lines(worker);
	wti_pool_release(pool);
}

/* ---- The hold ---- */

/* Under the lock, where somebody took from the hold at the same moment, or the worker is to halt. */
static WTI_COLD bool worker_claim_slowly(struct wti_pool_worker *worker, struct wti_pool_run *run, uint32_t next)
{
	bool claimed;

	wti_mutex_lock_soon(&worker->pool->lock);
	claimed = next < wti_load(&worker->end) && !(wti_load(&worker->attention) & WTI_POOL_HALT);
	if (!claimed) {
		wti_pool_run_withdraw(run);
		wti_store(&worker->next, next);
	}
	wti_mutex_unlock(&worker->pool->lock);
	return claimed;
}

/* The next task of the hold, published in `run`. NULL: there is none. */
static const struct wti_pool_place *worker_claim(struct wti_pool_worker *worker, struct wti_pool_run *run)
{
	uint32_t next = wti_load(&worker->next);
	const struct wti_pool_place *place = &worker->hold[next];

	if (next >= wti_load(&worker->end))
		return NULL;
	wti_pool_run_publish(run, place);
	WTI_YIELD(WTI_YIELD_CLAIMING, worker);
	/* pairs with wti_pool_raid [pool-hold] and keeper_doom [pool-halt]: claimed, then a look who else wants it */
	if (wti_barrier_is_asymmetric())
		wti_store_rel(&worker->next, next + 1); /* [pool-hold] */
	else
		wti_store_sc(&worker->next, next + 1); /* [pool-hold] */
	wti_barrier_light();
	if (wti_likely(next < wti_load_sc(&worker->end) &&                          /* [pool-hold] */
		       !(wti_load_sc(&worker->attention) & WTI_POOL_HALT))) /* [pool-halt] */
		return place;
	return worker_claim_slowly(worker, run, next) ? place : NULL;
}

/* How many tasks to take together: as much work as may wait behind a task that turns out to be long. */
static unsigned worker_share(const struct wti_pool_worker *worker)
{
	int64_t share;

	if (!worker->estimate || worker->run_count > 1)
		return 1;
	share = WORKER_HELD / (worker->estimate + WORKER_OVERHEAD);
	if (share < 1)
		return 1;
	return share < WTI_POOL_HOLD ? (unsigned)share : WTI_POOL_HOLD;
}

/* What tasks take, as far as it knows, or others do, is so short that one worker does them as fast as they come. */
static bool worker_has_tiny_tasks(const struct wti_pool_worker *worker)
{
	int64_t expected = worker->estimate ? worker->estimate : wti_load(&worker->pool->estimate);

	return expected && expected < WORKER_TINY;
}

/*
 * Under the lock: among how many workers what waits is divided. Not at all
 * where tasks are tiny: with a share of what is there it takes the last thirty
 * in ten bites, pulls the lines away from the submitter at each, and never
 * runs out, so that it never lets the submitter get ahead (worker_gather). But
 * what is in a hold calls nobody, so only where nobody is to be called: then
 * all are awake, or one naps, and whoever finds nothing takes from holds before
 * it sleeps, or ends.
 */
static unsigned worker_takers(const struct wti_pool_worker *worker)
{
	const struct wt_pool *pool = worker->pool;
	bool help = wti_load(&pool->call) || pool->resting;

	return !help && worker_has_tiny_tasks(worker) ? 1 : pool->alive + 1;
}

void wti_pool_worker_rest(struct wti_pool_worker *worker, enum wti_pool_rest rest)
{
	struct wt_pool *pool = worker->pool;
	enum wti_pool_rest old = wti_load(&worker->rest);

	if (worker->state != WTI_POOL_READY || worker->leaving)
		rest = WTI_POOL_ASLEEP; /* it takes no more: nobody is to count on it */
	if (old == rest)
		return;
	wti_store(&pool->awake, wti_load(&pool->awake) + (rest == WTI_POOL_AWAKE) - (old == WTI_POOL_AWAKE));
	pool->napping = pool->napping + (rest == WTI_POOL_NAPPING) - (old == WTI_POOL_NAPPING);
	wti_store(&worker->rest, rest);
	wti_pool_update_call(pool);
}

void wti_pool_worker_unlist(struct wti_pool_worker *worker)
{
	if (wti_load(&worker->woken))
		worker->pool->waking--;
	wti_store(&worker->woken, false);
	wti_list_remove(&worker->idle);
}

/* Under the lock: it does not wait to be called. It may not have slept since it said so: the loop has looked again. */
static void worker_note_awake(struct wti_pool_worker *worker)
{
	wti_pool_worker_unlist(worker);
	wti_pool_worker_rest(worker, WTI_POOL_AWAKE);
}

/*
 * All lines at once: where a task is not brief each comes from the submitter's cache, and singly took a quarter of an
 * empty task's time.
 */
static void worker_prefetch(const struct wti_pool_worker *worker, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		wti_prefetch(wti_place_task(&worker->hold[i]));
}

/* Fill the empty hold. False where there is nothing to do. */
static bool worker_fill(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;
	unsigned max = worker_share(worker);
	unsigned n;
	bool more;

	if (!wti_pool_has_work(pool) && !wti_load(&worker->woken))
		return false;
	wti_mutex_lock_soon(&pool->lock);
	worker_note_awake(worker);
	wti_store(&worker->next, 0);
	n = wti_pool_take(pool, worker->hold, max, worker_takers(worker));
	if (n)
		worker->takes_seen = ++pool->takes;
	wti_store_sc(&worker->end, n); /* pairs with wti_pool_raid [pool-hold] */
	more = n && wti_load(&pool->call) && !pool->waking;
	wti_mutex_unlock(&pool->lock);
	worker_prefetch(worker, n);
	wti_pool_room_offer(pool);
	if (more && wti_pool_has_work(pool))
		wti_pool_call(pool);
	return n != 0;
}

/* ---- The turn ---- */

/* Of one that is to be recycled. */
static WTI_COLD bool worker_is_worn(const struct wti_pool_worker *worker)
{
	const wt_pool_options *options = &worker->pool->options;
	struct wti_thread *self = wti_load(&worker->source.owner);

	return (options->recycle_tasks && worker->tasks >= options->recycle_tasks) ||
	       (options->recycle_heap && wti_load(&self->heap.now) > options->recycle_heap);
}

static inline bool worker_is_spent(const struct wti_pool_worker *worker)
{
	return wti_unlikely(worker->recycles) && worker_is_worn(worker);
}

static void worker_leave(struct wti_pool_worker *worker)
{
	wti_mutex_lock_soon(&worker->pool->lock);
	worker->leaving = true;
	wti_pool_worker_rest(worker, WTI_POOL_ASLEEP);
	wti_mutex_unlock(&worker->pool->lock);
	wt_stop();
}

/* Whether to go on after a look at what the keeper and others want of it. */
static bool worker_heed(struct wti_pool_worker *worker)
{
	uint32_t attention = wti_load_acq(&worker->attention); /* pairs with wt_pool_each [pool-each] */

	if (attention & WTI_POOL_EACH)
		wti_pool_each_run(worker);
	if (wti_forked())
		return false;
	if (attention & WTI_POOL_HALT) {
		/* The keeper decides under the lock. */
		wti_mutex_lock_soon(&worker->pool->lock);
		attention = wti_load(&worker->attention);
		wti_mutex_unlock(&worker->pool->lock);
		if (attention & WTI_POOL_HALT)
			return false;
	}
	return true;
}

/* What its tasks have submitted, be it to its own pool, is told by its loop. */
static bool worker_awaits_tasks(const struct wti_pool_worker *worker)
{
	struct wti_thread *self = wti_load(&worker->source.owner);

	for (struct wti_list *link = self->pool_clients.next; link != &self->pool_clients; link = link->next)
		if (wti_list_entry(link, struct wti_pool_client, mine)->awaited)
			return true;
	return false;
}

static bool worker_is_done(struct wti_pool_worker *worker)
{
	if (worker->begun || worker_awaits_tasks(worker))
		return false;
	return worker_is_spent(worker) || wti_load(&worker->attention) & WTI_POOL_RETIRE;
}

static bool worker_has_hold(const struct wti_pool_worker *worker)
{
	return wti_load(&worker->next) < wti_load(&worker->end);
}

static bool worker_may_begin(const struct wti_pool_worker *worker)
{
	return worker->begun < worker->run_count && !(worker_is_spent(worker) && worker->tasks);
}

/* Begin one task. False where there is none to begin now. */
static bool worker_step(struct wti_pool_worker *worker)
{
	const struct wti_pool_place *place;
	struct wti_pool_run *run;

	if (wti_unlikely(wti_load(&worker->attention)) && !worker_heed(worker))
		return false;
	if (wti_unlikely(!worker_may_begin(worker)))
		return false;
	if (!worker_has_hold(worker) && !worker_fill(worker))
		return false;
	run = wti_pool_run_free(worker);
	place = worker_claim(worker, run);
	if (place)
		wti_pool_run_task(worker, run, place);
	return place != NULL;
}

/*
 * The queue is empty. A worker that takes each short task as it comes pulls the
 * lines that it shares with the submitter back and forth: the submitter then
 * takes three times as long. So let it get some tasks ahead, for as long as is
 * worth it: see gather.h.
 * Kept because it measures better than to wait the longer, up to 25 us, as long
 * as 4 to 128 came: empty tasks took 75 ns each, rather than 6200, with 4 of
 * them under way, 50 rather than 2700 with 6, 285 rather than 470 with one; with
 * 32 and more it is as before (three runs, AMD, a word 55 ns to the other CPU).
 */
static void worker_gather(struct wti_pool_worker *worker)
{
	unsigned brought = (unsigned)(worker->tasks - worker->gathered_at);

	worker->gathered_at = worker->tasks;
	if (brought && worker->estimate < WTI_POOL_SHORT)
		wti_wait_gather(wti_gather_next(&worker->gather, brought));
}

/* Nothing else that runs on its loop would keep it from looking when the nap is over. */
static bool worker_does_only_tasks(const struct wti_pool_worker *worker)
{
	const struct wti_thread *self = wti_load(&worker->source.owner);

	return !worker->begun && self->loop_refs == 1 && !self->mailbox && wti_list_empty(&self->ports) &&
	       wti_list_empty(&self->timers) && wti_list_empty(&self->broadcasts) &&
	       wti_list_empty(&self->pool_clients);
}

/* One that is about to end does not nap, either: nobody is called for what it would have looked for. */
static bool worker_may_nap(const struct wti_pool_worker *worker)
{
	return worker_has_tiny_tasks(worker) && wti_load(&worker->pool->awake) > 1 &&
	       worker_may_begin(worker) && !wti_load(&worker->attention) && worker_does_only_tasks(worker) &&
	       wti_pool_count(worker->pool, WORKER_ALONE) < WORKER_ALONE;
}

/* Under the lock: whether another one has taken tasks since this one did, or napped, and some other is there still. */
static bool worker_is_overtaken(const struct wti_pool_worker *worker)
{
	const struct wt_pool *pool = worker->pool;

	return pool->takes != worker->takes_seen && wti_load(&pool->awake) > 1;
}

/*
 * One worker does the shortest tasks as fast as they are submitted; a second
 * one only pulls the lines away from it, and takes the submitter's processor.
 * So it naps, if another one has taken tasks after it, and not too much waits.
 * It is there when that one falls behind, or is at a task that turns out to be
 * long; for then it is the last that takes tasks, and naps no more.
 */
static bool worker_naps(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;
	bool nap;

	if (wti_likely(!worker_may_nap(worker)))
		return false;
	wti_mutex_lock_soon(&pool->lock);
	worker_note_awake(worker);
	nap = worker_is_overtaken(worker);
	if (nap) {
		worker->takes_seen = pool->takes;
		worker->nap_until = wti_os->clock() + WTI_POOL_NAP;
		wti_pool_worker_rest(worker, WTI_POOL_NAPPING);
	}
	wti_mutex_unlock(&pool->lock);
	return nap;
}

/* Before it begins anything: while it napped, who submitted called nobody. */
static void worker_end_nap(struct wti_pool_worker *worker)
{
	struct wt_pool *pool = worker->pool;

	if (wti_likely(wti_load(&worker->rest) != WTI_POOL_NAPPING))
		return;
	wti_mutex_lock_soon(&pool->lock);
	worker_note_awake(worker);
	/* Nobody has taken anything meanwhile: what is in a hold waits behind a task that turned out to be long. */
	if (pool->takes == worker->takes_seen)
		wti_pool_raid_all(pool);
	wti_mutex_unlock(&pool->lock);
	/* pairs with wti_pool_queue_publish [pool-call]: the nap is over, then a look for what came while it was not */
	if (!WTI_MUTANT(WTI_MUTANT_POOL_NAP_NO_LOOK) && (!wti_barrier_heavy() || wti_pool_has_work(pool)))
		wti_pool_call(pool);
}

/* What is left of its nap, in ns; not above 0: it has none. */
static int64_t worker_nap_left(const struct wti_pool_worker *worker)
{
	return wti_load(&worker->rest) == WTI_POOL_NAPPING ? worker->nap_until - wti_os->clock() : 0;
}

/* Between two holds. */
static void worker_pause(struct wti_pool_worker *worker, bool found_nothing)
{
	if (!worker_naps(worker) && found_nothing)
		worker_gather(worker);
}

static void worker_turn(struct wti_source *source, unsigned *calls)
{
	struct wti_pool_worker *worker = wti_container_of(source, struct wti_pool_worker, source);
	struct wti_thread *self = wti_load(&source->owner);
	unsigned n = 0;

	worker_end_nap(worker);
	while (n < WORKER_TURN && !wti_loop_interrupted(self) && worker_step(worker)) {
		if (wti_forked())
			return;
		n++;
	}
	*calls += n;
	if (wti_forked())
		return;
	if (!worker_has_hold(worker))
		worker_pause(worker, n < WORKER_TURN);
	/* One that is spent leaves its hold to others. */
	if (worker_is_done(worker) &&
	    (worker_is_spent(worker) || (!worker_has_hold(worker) && !wti_pool_has_work(worker->pool)))) {
		worker_leave(worker);
		++*calls;
	}
}

static bool worker_ready(struct wti_source *source)
{
	struct wti_pool_worker *worker = wti_container_of(source, struct wti_pool_worker, source);
	uint32_t attention = wti_load_sc(&worker->attention); /* pairs with wti_pool_attend [source-1] */

	if (attention & WTI_POOL_EACH)
		return true;
	/* It begins nothing, so what waits is not for it: it sleeps until the keeper has ended it, or takes that back. */
	if (wti_unlikely(attention & WTI_POOL_HALT))
		return false;
	if (attention & WTI_POOL_RETIRE && worker_is_done(worker))
		return true;
	if (!worker_may_begin(worker))
		return worker_is_done(worker);
	if (wti_unlikely(worker_nap_left(worker) > 0))
		return false;
	return worker_has_hold(worker) || wti_pool_has_work(worker->pool);
}

/* The loop is about to sleep: let those who submit know, and do not leave others' holds behind. */
static void worker_sleeps(struct wti_source *source, bool asleep)
{
	struct wti_pool_worker *worker = wti_container_of(source, struct wti_pool_worker, source);
	struct wt_pool *pool = worker->pool;
	bool available = worker_may_begin(worker);

	wti_mutex_lock_soon(&pool->lock);
	wti_pool_worker_unlist(worker);
	if (wti_load(&worker->attention) & WTI_POOL_HALT)
		available = false; /* under the lock it is decided: see keeper_doom */
	if (asleep && available) {
		worker->idle_since = wti_os->clock();
		/* The last one in front: the others may retire. */
		wti_list_append(pool->idle.next, &worker->idle);
		wti_pool_raid_all(pool);
	}
	wti_pool_worker_rest(worker, asleep ? WTI_POOL_ASLEEP : WTI_POOL_AWAKE);
	/* pairs with wti_pool_queue_publish [pool-call]: the loop looks again after this */
	wti_pool_update_call(pool);
	wti_mutex_unlock(&pool->lock);
}

/*
 * The loop has nothing to do: what is left of the nap. One that was woken for
 * tasks that another one was quicker to take begins one here. Otherwise it
 * sleeps, is called for the next task, is late again, and on the submitter's
 * processor keeps it from its work each time, for milliseconds on end.
 */
static int64_t worker_crowded(struct wti_source *source)
{
	struct wti_pool_worker *worker = wti_container_of(source, struct wti_pool_worker, source);
	int64_t left;

	if (wti_load(&worker->rest) != WTI_POOL_NAPPING)
		worker_naps(worker);
	left = worker_nap_left(worker);
	return left > 0 ? left : WTI_WAIT_FREE;
}

static const struct wti_source_ops worker_source_ops = {
	.turn = worker_turn,
	.ready = worker_ready,
	.sleeps = worker_sleeps,
	.crowded = worker_crowded,
};

/* ---- The end ---- */

/* What its tasks end with when the worker does; why, if one of them has failed, goes with that. */
static int worker_result(struct wti_pool_worker *worker, struct wti_pool_run *run, struct wt_worker *thread)
{
	int result;

	wti_mutex_lock_soon(&worker->pool->lock);
	result = wti_pool_run_verdict(worker, run, WT_EWORKER);
	wti_mutex_unlock(&worker->pool->lock);
	if (result != WT_EWORKER || !thread->failed || thread->exited || !run->inside)
		return result;
	wti_store(&thread->failure_read, 1); /* the submitter hears of it */
	wti_pool_run_explain(run, thread->failure_message);
	return thread->failure_code;
}

static void worker_end_runs(struct wti_pool_worker *worker, struct wt_worker *thread)
{
	worker->ending = true;
	for (unsigned i = 0; i < worker->run_count; i++) {
		struct wti_pool_run *run = &worker->runs[i];

		if (wti_load(&run->serial) & 1)
			wti_pool_run_finish(worker, run, worker_result(worker, run, thread));
	}
}

/* Under the lock. It fails where it never came to work: that would be repeated for ever. */
static void worker_sign_off(struct wti_pool_worker *worker, struct wt_worker *thread)
{
	struct wt_pool *pool = worker->pool;
	int error = thread->failed ? thread->failure_code : WT_EWORKER;

	wti_pool_raid(worker, true);
	wti_pool_raid_all(pool); /* as before a sleep: others counted on it (worker_takers) */
	wti_pool_worker_unlist(worker);
	wti_pool_each_leave(worker);
	if (worker->leaving && worker_is_spent(worker))
		pool->past.recycled++;
	if (worker->state == WTI_POOL_STARTING) {
		wti_store(&thread->failure_read, 1); /* who waits for the pool hears of it */
		wti_pool_note_init(worker, error);
	} else if (thread->failed && !worker->tasks) {
		wti_pool_note_failure(pool, error);
	} else if (thread->failed) {
		pool->past.workers_failed++;
	}
	if (worker->state == WTI_POOL_READY)
		pool->alive--;
	worker->state = WTI_POOL_OVER;
	wti_pool_worker_rest(worker, WTI_POOL_ASLEEP);
	wti_pool_update_call(pool);
}

void wti_pool_worker_end(struct wti_thread *self)
{
	struct wti_pool_worker *worker = self->pool_worker;
	struct wt_pool *pool = worker->pool;

	self->pool_worker = NULL;
	wti_mutex_lock_soon(&pool->lock);
	worker_sign_off(worker, self->worker);
	wti_mutex_unlock(&pool->lock);
	if (wti_waiters_any(&pool->waiters))
		wti_waiters_wake(&pool->waiters);
	worker_end_runs(worker, self->worker);
	wti_source_detach(&worker->source);
	wti_pool_call(pool);
	wti_pool_ask(pool);
	wti_pool_worker_release(worker);
}

/* ---- The program ---- */

static void worker_fini(void *arg)
{
	struct wti_pool_worker *worker = arg;

	if (worker->initialised && worker->pool->options.fini)
		worker->pool->options.fini(worker->state_of_init);
}

static int worker_init(struct wti_pool_worker *worker, const void *data, size_t size)
{
	struct wt_pool *pool = worker->pool;
	int err = wt_defer(worker_fini, worker);

	if (!err && pool->options.init)
		err = pool->options.init(&worker->state_of_init, data, size);
	if (wti_forked())
		return err;
	worker->initialised = !err;
	wti_mutex_lock_soon(&pool->lock);
	wti_pool_note_init(worker, err);
	wti_mutex_unlock(&pool->lock);
	if (!err)
		wti_pool_ask(pool); /* others may wait for this one */
	return err;
}

static void worker_enter(struct wti_pool_worker *worker, struct wti_thread *self)
{
	self->pool_worker = worker;
	wti_pool_enter_end(self);
	wti_source_attach(&worker->source, self);
}

int wti_pool_worker_entry(wt_port *parent, const void *data, size_t size)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_pool_worker *worker = self->worker->host;
	int err;

	worker_enter(worker, self);
	wt_port_close(parent);
	err = worker_init(worker, data, size);
	if (err || wti_forked())
		return 0;
	wti_loop_hold(self, WTI_HOLD_SERVICE);
	wti_loop_watch(&worker->source);
	while (!worker->leaving && !err)
		err = wt_run();
	return 0;
}

void wti_pool_worker_skipped(void *host)
{
	wti_pool_worker_release(host);
}

void wti_pool_worker_prepare(struct wti_pool_worker *worker)
{
	const wt_pool_options *options = &worker->pool->options;

	worker->recycles = options->recycle_tasks || options->recycle_heap;
	wti_source_init(&worker->source, &worker_source_ops, NULL);
	for (unsigned i = 0; i < worker->run_count; i++) {
		wti_store(&worker->runs[i].deadline, WT_FOREVER);
		wti_list_init(&worker->runs[i].view.link);
	}
}
