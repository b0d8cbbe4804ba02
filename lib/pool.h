/* SPDX-License-Identifier: MIT
 *
 * Pools. Three kinds of threads meet in one: submitters, workers, and the
 * keeper, a worker of the pool's creator that makes and ends the pool's
 * workers and otherwise sleeps.
 *
 * The way of a task. Each thread that submits has a client, with a queue for
 * each priority that it alone fills, without a lock, and records that it alone
 * hands out. Workers empty the queues under the pool's lock: one task where
 * tasks are long, some together where they are short. What a worker has taken
 * and not begun is its hold, from which others can take it away again. A
 * finished task goes back to its client through a ring, and the client, a
 * source of its thread's loop, tells it. So a record has one owner at a time,
 * the submitter or a worker, and a task that a worker has taken comes back
 * exactly once, whatever becomes of the worker.
 *
 * That a worker does not end may not hold up the submitter: then the keeper
 * tells the result by a verdict, and the record stays the worker's until it
 * gives it back. A verdict names the record's generation: one that comes too
 * late says nothing.
 *
 * pool.c         create, ready, close, destroy
 * pool_client.c  a thread's part of a pool: records, and the end of either
 * pool_queue.c   queues: filling, taking, taking away, room, calls for help
 * pool_submit.c  submit
 * pool_room.c    room in bounded queues
 * pool_message.c replies and progress
 * pool_done.c    what comes back, on the submitter's thread; pool_back.h: its short way there
 * pool_task.c    handles: wait, cancel, release; reply, progress, finish
 * pool_worker.c  a worker's life
 * pool_run.c     a run of a task
 * pool_keeper.c  the keeper's
 * pool_map.c     many calls at once; pool_each.c: one on each worker
 * pool_stats.c   accounts
 */
#ifndef WTI_POOL_H
#define WTI_POOL_H

#include <wt/pool.h>

#include "atomic.h"
#include "cargo.h"
#include "deadline.h"
#include "gather.h"
#include "histogram.h"
#include "list.h"
#include "misuse.h"
#include "mutex.h"
#include "ring.h"
#include "source.h"
#include "thread.h"
#include "waiters.h"

enum {
	WTI_TASK_INLINE = 32, /* bytes of an input, and of a reply, that need no block */
	WTI_POOL_LEVELS = WT_PRIORITY_MAX - WT_PRIORITY_MIN + 1,
	WTI_POOL_LEVEL = -WT_PRIORITY_MIN, /* of priority 0 */
	WTI_POOL_HOLD = 64,   /* tasks that a worker takes together at the most */
	WTI_POOL_NAP = 500000, /* ns */
	WTI_POOL_SHORT = 400,     /* ns: a run below that is of a short task */
	WTI_POOL_STRIDE_MAX = 64, /* of so many short tasks one is timed */
	WTI_TASK_STAMPED = 128    /* a task's weight: only its submit was timed */
};

/* A task that takes part in a wt_pool_map has this size, and its data is the map. */
#define WTI_TASK_MAP SIZE_MAX

struct wti_pool_client;
struct wti_pool_map;
struct wti_pool_worker;

/* ---- Tasks ---- */

/* A reply or a progress message. A struct wti_cargo and its items follow, then the bytes. */
struct wti_pool_message {
	struct wti_list link;      /* the client's: not told yet */
	struct wti_cargo_view view;
	struct wt_task *task;
	struct wti_pool_message *beneath; /* of a failure: the reply, or NULL, which goes with it */
	uint32_t generation;       /* of the task */
	uint32_t type;
	size_t size;               /* bytes */
	bool explains;             /* it is the text of a failure, with its end, in the place of a reply */
};

enum wti_task_state {
	WTI_TASK_FREE,
	WTI_TASK_SUBMITTED,
	WTI_TASK_FINISHED, /* its result is known */
	WTI_TASK_TELLING   /* its callback has been called, and has not returned */
};

/* The submitter's part of a record. */
struct wti_pool_own {
	/* Set at create. */
	WTI_CACHE_ALIGNED struct wt_task *task;

	/* Owner only, but for `link`; what a worker that has the task reads does not change meanwhile. */
	wt_task_done_fn *done;
	void *arg;
	struct wti_list link; /* free; finished and not told; under the pool's lock: returned by a worker */
	uint64_t ticket;      /* its place in its queue */
	uint32_t generation;  /* of this use of the record: the client's submits, of which this is one; workers read it */
	int result;
	uint8_t state;        /* enum wti_task_state */
	uint8_t bits;         /* of the entry */
	bool away;            /* a queue or a worker has it, or what it brought is still being destroyed */
	bool told;            /* nobody waits for it: callback called, handle given back; false where it is free */
	uint8_t level;
	bool block;           /* the record has one */
	bool progress;        /* the record's on_progress is to be called */
	bool cancelled;       /* the record's `cancelled` is set */
};

/* Of wt_task.parts: what of its second line is in use. */
enum {
	WTI_TASK_BLOCK = 1,   /* `data`; else the input is in `bytes` */
	WTI_TASK_CARGO = 2,   /* at the start of the block */
	WTI_TASK_LIMITED = 4  /* `run_timeout` */
};

/*
 * A record's other part, which goes to the worker: two lines, of which only
 * the first is written, sent and read for a task with a short input and a
 * short reply; for one that is brief, see below, a submit and a run write
 * neither, and both sides keep what they have in their caches. The submitter's
 * part lies elsewhere, so that it stays in the submitter's cache.
 */
struct wt_task {
	/* Written by the submitter before it is queued. */
	_Alignas(2 * WTI_CACHE_LINE) size_t size; /* bytes */
	struct wti_pool_client *client;
	struct wti_pool_own *own;
	wt_task_progress_fn *on_progress; /* owner only */
	uint32_t type;
	_Atomic(uint32_t) cancelled;  /* set by the submitter, read by the worker */
	bool returned;                /* under the pool's lock: on its list of those */
	uint8_t weight;               /* tasks that its times stand for, or WTI_TASK_STAMPED; 0: it is not timed */
	uint8_t parts;
	/* Of the input, then of the reply: half of them are in the first line. */
	_Alignas(16) unsigned char bytes[WTI_TASK_INLINE];

	/* The same, where they are needed. */
	const void *data;
	void *block;                  /* an input that is not in `bytes`, with what came with it */
	int64_t submitted_at;         /* ns, where it is timed */
	int64_t run_timeout;          /* ns */

	/* The reply and the result, where the entry said so and there is nothing else to keep them in. */
	union {
		struct wti_pool_message *message; /* written by the worker */
		struct {
			uint32_t size;
			uint32_t type;
		} brief; /* in `bytes` */
	} reply;
	int32_t outcome;
	uint32_t late;                /* the bits of an entry for which there was no memory */

	WTI_HANDLE
};

#ifndef WTI_DEBUG /* which has a handle there */
_Static_assert(sizeof(struct wt_task) + sizeof(struct wti_pool_own) == 3 * WTI_CACHE_LINE,
	       "what a queued task costs beside its input is promised");
#endif

/* Its input, or the map of a task that has the size WTI_TASK_MAP. */
static inline const void *wti_pool_task_data(const struct wt_task *task)
{
	return task->parts & WTI_TASK_BLOCK ? task->data : task->bytes;
}

/* Of wti_pool_place.word: the record's address, and of a brief task ... */
enum {
	WTI_PLACE_SIZE = 31,   /* ... the bytes of its input */
	WTI_PLACE_BRIEF = 64,  /* ... that it is one */
	WTI_PLACE_BITS = 2 * WTI_CACHE_LINE - 1,
	WTI_PLACE_BYTES = 16
};

/*
 * A task in a queue, and then in a worker's hold. One that is brief is here
 * with all that its worker has to know: an input of two words at most, in a pool
 * that has no limits, without a timeline, whose times are not taken. Of another
 * one that is in the record.
 * Kept because it measures better: a record's line came from the worker's cache
 * for each submit, and went there for each run. Empty tasks were 1.28 times as
 * many with two workers and 1.21 times with one, the medians of three runs of 13
 * rounds (1.47, 1.28, 1.19; 1.21, 1.24, 1.03; AMD). A task that waits takes 228
 * bytes for 204, or beside an input of 64 bytes 244 for 220; and a queue that
 * grows copies four times as much.
 */
struct wti_pool_place {
	uint64_t word;       /* 0: it was withdrawn */
	uint32_t generation;
	uint32_t type;       /* of a brief task's input */
	unsigned char bytes[WTI_PLACE_BYTES]; /* of that input */
};

static inline struct wt_task *wti_place_task(const struct wti_pool_place *place)
{
	return (struct wt_task *)(uintptr_t)(place->word & ~(uint64_t)WTI_PLACE_BITS);
}

static inline bool wti_place_is_brief(const struct wti_pool_place *place)
{
	return (place->word & WTI_PLACE_BRIEF) != 0;
}

static inline size_t wti_place_size(const struct wti_pool_place *place)
{
	return place->word & WTI_PLACE_SIZE;
}

/* What comes back through the client's ring: the address of the submitter's part, and what it is. */
enum {
	WTI_ENTRY_BRIEF = 1,    /* the task has a short reply, which follows */
	WTI_ENTRY_RESULT = 2,   /* its result follows; else it is 0 */
	WTI_ENTRY_PROGRESS = 4, /* the address of a message instead; its other bits are part of that */
	WTI_ENTRY_VERDICT = 8,  /* a result from the keeper, while a worker keeps the record */
	WTI_ENTRY_REPLY = 16,   /* the task has a reply, a message */
	WTI_ENTRY_UNRUN = 32,   /* no worker has begun it: what came with the input is there still */
	WTI_ENTRY_BITS = WTI_CACHE_LINE - 1
};

/* As long as it has something to say: the worker does not write into the record, whose lines stay where they are. */
struct wti_pool_entry {
	uint64_t word;       /* address and bits */
	int32_t result;
	uint32_t extra;      /* of a brief reply its type, of a verdict the generation */
	unsigned char bytes[WTI_TASK_INLINE]; /* of a brief reply */
};

/* ---- Clients ---- */

/* What waits at one level. Filled by the owner, emptied under the pool's lock. */
struct wti_pool_queue {
	struct wti_pool_place *places; /* owner, under the pool's lock; read under it */
	size_t mask;
	uint64_t head_seen;     /* owner: a head of the past */
};

struct wti_pool_slab;

struct wti_pool_client {
	/* Set at create. */
	struct wt_pool *pool;
	struct wti_pool_client *next; /* of all, never removed */

	/* Written by the owner: behind the last task of each level. */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) tail[WTI_POOL_LEVELS];
	/* Written under the pool's lock. */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) head[WTI_POOL_LEVELS];

	/* Workers and keeper to owner. */
	struct wti_source source;
	struct wti_ring back;           /* entries */
	_Atomic(struct wt_task *) late; /* those for whose entry there was no memory: a stack, linked by `submitted_at` */

	/* Under the pool's lock. */
	bool orphan;       /* its thread has ended, and another may have it */

	/* Atomic: written by the owner, read for the accounts. */
	_Atomic(uint64_t) submitted;
	_Atomic(uint64_t) withdrawn; /* cancelled before a worker had them */
	_Atomic(uint64_t) refused;
	_Atomic(uint32_t) drain;     /* enum wti_pool_drain */

	/* Owner only. */
	struct wti_list mine;        /* wti_thread.pool_clients */
	struct wti_pool_queue queue[WTI_POOL_LEVELS];
	struct wti_pool_slab *slabs;
	struct wti_list free;        /* records: wti_pool_own.link */
	struct wti_list untold;      /* finished: wti_pool_own.link */
	struct wti_list messages;    /* progress that a wait came across: wti_pool_message.link */
	struct wti_list shown;       /* messages in a callback */
	size_t used;                 /* records that are not free */
	size_t awaited;              /* tasks that keep the loop alive */
	unsigned callbacks;          /* turns on the stack: what has come back is told in them */
	unsigned inside;             /* those, and calls in which deleters may run */
	bool ending;                 /* to leave the pool when they have returned */
	unsigned stamp;              /* submits until one is timed */
	_Atomic(bool) drain_held;    /* on_drain is due and keeps the loop alive */
	void (*on_drain)(wt_pool *pool, void *arg);
	void *on_drain_arg;
};

/* Whether a submit found no room, and the owner is to hear when there is. */
enum wti_pool_drain { WTI_POOL_DRAIN_NONE, WTI_POOL_DRAIN_WANTED, WTI_POOL_DRAIN_DUE };

/* ---- Workers ---- */

/* Written by one worker, read by any thread, each word for itself. */
struct wti_pool_accounts {
	_Atomic(uint64_t) completed;
	_Atomic(uint64_t) failed;
	_Atomic(uint64_t) cancelled;
	_Atomic(uint64_t) timed_out;
	/* Of a sum, and of the pool's past: under its lock. */
	_Atomic(uint64_t) submitted;
	_Atomic(uint64_t) refused;
	int64_t lifetime; /* of the workers, ns */
	uint64_t workers_started;
	uint64_t workers_failed;
	uint64_t recycled;
	struct wti_histogram wait;
	struct wti_histogram run;
};

/* A task that a worker has begun. */
struct wti_pool_run {
	/* Written by the worker, read under the pool's lock. Odd: under way. */
	_Atomic(uint64_t) serial;
	_Atomic(struct wt_task *) task;
	_Atomic(uint32_t) generation;
	_Atomic(int64_t) deadline;    /* of its run; WT_FOREVER: none */
	_Atomic(uint64_t) claimed;    /* the serial whose task is the worker's: published before that is decided */

	/* Written under the pool's lock, read by the worker. */
	_Atomic(uint64_t) judged;     /* the serial for which a verdict is told and counted [pool-judged] */

	/* Under the pool's lock. */
	uint64_t cancelled;  /* the serial that was cancelled */

	/* Keeper only. */
	uint64_t doomed;     /* the serial that is to end ... */
	int64_t doom_at;     /* ... then, unless it ends by itself */

	/* The worker's. */
	wt_message input;
	_Alignas(16) unsigned char bytes[WTI_PLACE_BYTES]; /* of a brief input */
	struct wti_cargo_view view;
	int64_t began;       /* ns; 0: not looked at the clock */
	uint8_t parts;       /* the record's; 0 for one that is brief */
	uint8_t weight;      /* the same */
	uint8_t replied;     /* WTI_ENTRY_BRIEF, WTI_ENTRY_REPLY, or 0 */
	bool finished;       /* by wt_task_finish, inside */
	bool inside;         /* its function has not returned */
	bool closing;        /* it has, and the thread has the task no more; deleters of its input may run */
	int result;          /* of wt_task_finish */
	struct wti_pool_entry entry; /* being written */
	size_t brief;        /* bytes of a brief reply */
};

enum wti_pool_worker_state {
	WTI_POOL_STARTING,
	WTI_POOL_READY,
	WTI_POOL_DOOMED, /* to be terminated */
	WTI_POOL_OVER    /* it takes no more tasks, and its thread is past them */
};

/* What it does when it has nothing to do. */
enum wti_pool_rest {
	WTI_POOL_ASLEEP,  /* until it is called; also one that has not begun, or is over */
	WTI_POOL_NAPPING, /* it looks by itself in a moment, and is not called */
	WTI_POOL_AWAKE    /* it takes tasks, or is at one */
};

/* What a worker is to look at before its next task. Changed under the pool's lock. */
enum {
	WTI_POOL_HALT = 1,   /* it is about to be terminated */
	WTI_POOL_RETIRE = 2, /* to end when it has nothing to do */
	WTI_POOL_EACH = 4    /* to call wt_pool_each's function */
};

struct wti_pool_worker {
	/* Set at create. */
	struct wt_pool *pool;

	/* Under the pool's lock. */
	struct wti_list link;  /* wt_pool.workers */
	struct wti_list idle;  /* wt_pool.idle */
	enum wti_pool_worker_state state;
	_Atomic(bool) woken;   /* counts as one that is waking; the worker reads it without */
	_Atomic(enum wti_pool_rest) rest; /* the worker reads it without */
	int64_t idle_since;
	int64_t ready_since;
	uint64_t each_seen;    /* the serial of the last wt_pool_each that it has begun */
	uint64_t each_now;     /* the one that it is at; 0: none */
	uint64_t takes_seen;   /* wt_pool.takes when it last took tasks, or began to nap */
	unsigned number;       /* for its name */
	int reason;            /* of its doom: the result of ... */
	struct wti_pool_run *reason_run; /* ... this run */

	/* Keeper only. */
	wt_worker *worker;
	int64_t terminated_at; /* 0: it was not */
	bool zombie;           /* counted as one */

	_Atomic(uint32_t) holders; /* a reference count: keeper, thread */
	_Atomic(uint32_t) attention;

	/*
	 * The hold: tasks next to end. The worker moves next forward, then looks
	 * at end; who takes from it moves end back, then looks at next, under the
	 * lock: the protocol of Cilk's deques (Frigo, Leiserson, Randall 1998),
	 * with the barrier on the rare side. Tag [pool-hold].
	 */
	WTI_CACHE_ALIGNED _Atomic(uint32_t) next;
	_Atomic(uint32_t) end;
	struct wti_pool_place hold[WTI_POOL_HOLD];

	struct wti_pool_accounts accounts;

	/* The worker's. */
	struct wti_source source;
	void *state_of_init;
	bool initialised;      /* fini is due */
	bool leaving;
	bool ending;           /* what is not finished ends with the worker */
	unsigned begun;        /* tasks begun and not finished */
	uint64_t tasks;        /* begun so far */
	int64_t estimate;      /* of a task's run, ns; 0: none yet */
	int64_t outlier;       /* a run that took much longer, the one before; or 0 */
	int64_t nap_until;     /* ns */
	struct wti_gather gather; /* for how long to wait before it looks at an empty queue again */
	uint64_t gathered_at;  /* `tasks` at the last time */
	bool recycles;         /* set at create: it ends after some tasks, or with some memory */
	unsigned run_count;
	struct wti_pool_run runs[]; /* concurrent_tasks of them */
};

/* ---- The pool ---- */

enum wti_pool_state {
	WTI_POOL_OPEN,
	WTI_POOL_CLOSING, /* what is queued is still done */
	WTI_POOL_ENDED    /* destroyed */
};

struct wt_pool {
	WTI_HANDLE

	/* Set at create. */
	wt_task_fn *fn;
	wt_pool_options options;   /* read and completed; data and name lie behind the pool */
	struct wti_thread *creator;
	unsigned processors;
	bool share_env;            /* with the keeper, which shares the creator's */

	/* Read at each submit, changed rarely. */
	WTI_CACHE_ALIGNED _Atomic(int) refusal; /* what submits return; 0: they are taken */
	_Atomic(uint32_t) call;       /* a worker sleeps, or there may be more of them: help is to be called */
	_Atomic(uint32_t) stride;     /* of so many tasks one is timed */
	_Atomic(int64_t) estimate;    /* of a task's run, ns */
	_Atomic(bool) prioritized;    /* there were tasks of other priorities than 0 */
	bool special;                 /* set at create: its queues are bounded, or its tasks' runs limited */
	_Atomic(struct wti_pool_client *) clients; /* pushed under the lock */
	_Atomic(int64_t) prioritized_at; /* ns */

	/* Bounded queues. */
	WTI_CACHE_ALIGNED _Atomic(size_t) queued; /* tasks, counted where there is a limit */
	_Atomic(size_t) queued_bytes;
	_Atomic(bool) full;           /* it was, and is more than half full still */
	struct wti_waiters room;      /* submitters that wait */

	WTI_CACHE_ALIGNED struct wti_mutex lock; /* WTI_RANK_POOL */
	/* Under it. */
	enum wti_pool_state state;
	struct wti_list workers;
	struct wti_list idle;         /* the last to fall asleep first */
	struct wti_list returned;     /* tasks that workers gave back: wti_pool_own.link */
	_Atomic(size_t) returned_count;
	struct wti_pool_client *take_next; /* where the next look for work begins */
	unsigned alive;               /* workers that take tasks, or will */
	unsigned starting;            /* of those, not initialised yet */
	unsigned waking;              /* woken ones that have not looked yet */
	_Atomic(unsigned) awake;      /* workers whose `rest` is that; without the lock a hint */
	unsigned napping;             /* the same, under the lock only */
	uint64_t takes;               /* how often a worker has taken tasks */
	unsigned made;                /* workers so far: for their names */
	struct wti_list eaches;       /* calls on each worker, under way: wti_pool_each.link */
	uint64_t each_last;           /* the serial of the latest */
	bool wanted;                  /* somebody asked for a worker */
	bool resting;                 /* one could not be made: none is made before ... */
	int64_t retry_at;             /* ... that time, ns */
	int64_t backoff;              /* ns; 0: the last one succeeded */
	int last_error;               /* of the last that failed */
	unsigned zombies;
	struct wti_pool_accounts past;  /* of workers that have ended */
	struct wti_pool_accounts reset; /* what is not counted any more */

	_Atomic(uint32_t) over;       /* closed or ended, and no worker is left */
	_Atomic(uint32_t) ready;      /* min_workers have been there */
	struct wti_waiters waiters;   /* for over, ready, each */

	_Atomic(uint32_t) holders;    /* a reference count: the handle, clients with a thread, workers, calls */

	/* The keeper. */
	wt_worker *keeper;            /* creator only */
	struct wti_source keeper_source;
	_Atomic(uint32_t) asked;      /* the keeper is to look */
	_Atomic(int64_t) keeper_at;   /* when it looks by itself, ns */
	struct wti_deadline keeper_deadline;

	/* Creator only. */
	struct wti_list owned;        /* wti_thread.pools */
};

/* ---- pool.c ---- */

void wti_pool_hold(struct wt_pool *pool);
void wti_pool_release(struct wt_pool *pool);

/* Whether the calling thread is a worker of the pool: it is not to wait for its tasks. */
static inline bool wti_pool_is_inside(const struct wt_pool *pool, const struct wti_thread *self)
{
	return self->pool_worker && self->pool_worker->pool == pool;
}

/* A thread that waits for something of the pool, told by its `waiters`. */
struct wti_pool_wait {
	struct wt_pool *pool;
	bool (*ready)(struct wti_pool_wait *wait); /* by seq_cst accesses: see waiters.h */
	struct wti_waiter waiter;
};

/* What every call that waits for the pool begins with: 0, or what it returns. */
int wti_pool_enter_wait(const struct wt_pool *pool, wt_time deadline);

/* 0; WT_EAGAIN, WT_ETIMEDOUT; WT_ETERMINATED. */
int wti_pool_await(struct wti_pool_wait *wait, wt_time deadline);

/* Creator: wt_pool_destroy; `tell`: call the callbacks of what has not been told. */
void wti_pool_destroy(struct wt_pool *pool, bool tell);

/* A thread's end: give back what its worker had begun, end the pools that it created, leave those that it submits to. */
void wti_pool_enter_end(struct wti_thread *self);

/* ---- pool_client.c ---- */

/* The calling thread's client, made where there is none. 0, WT_ENOMEM. */
int wti_pool_client_get(struct wt_pool *pool, struct wti_thread *self, struct wti_pool_client **client);

/* The one that it has, or NULL. */
struct wti_pool_client *wti_pool_client_find(const struct wt_pool *pool, struct wti_thread *self);

/* Owner: forget all handles, tell nothing, and leave the pool; inside, with the last leave. */
void wti_pool_client_end(struct wti_pool_client *client);

/* More records. False: no memory. */
WTI_COLD bool wti_pool_add_slab(struct wti_pool_client *client);

/* Owner: make sure of a record. False: no memory. */
static inline bool wti_pool_task_reserve(struct wti_pool_client *client)
{
	return wti_likely(!wti_list_empty(&client->free)) || wti_pool_add_slab(client);
}

/* For tasks that are not brief: the next records are written soon, and workers' caches have copies of them. */
static inline void wti_pool_prefetch_task(const struct wti_pool_client *client)
{
	const struct wti_list *ahead = client->free.next->next->next;

	if (ahead != &client->free)
		wti_prefetch_write(wti_list_entry(ahead, struct wti_pool_own, link)->task);
}

/* Owner: a record, of which it has made sure; its state is that of a free one. */
static inline struct wti_pool_own *wti_pool_task_get(struct wti_pool_client *client)
{
	struct wti_list *link = client->free.next;

	wti_list_remove(link);
	client->used++;
	return wti_list_entry(link, struct wti_pool_own, link);
}

/* Owner: free the block of an input, and take a cancellation back: nobody else has the record. */
WTI_COLD void wti_pool_task_clean(struct wti_pool_own *own);

/*
 * Owner: the record is nobody's any more. Or it is still away, somebody has the handle, or it is free already, and
 * nothing happens. Not while it is told, but by who does that.
 */
static inline void wti_pool_task_put(struct wti_pool_client *client, struct wti_pool_own *own)
{
	if (own->away || !own->told)
		return;
	if (wti_unlikely(own->block | own->cancelled))
		wti_pool_task_clean(own);
	WTI_ENDED(own->task);
	own->told = false;
	own->state = WTI_TASK_FREE;
	wti_list_append(&client->free, &own->link);
	client->used--;
}

/*
 * Owner: in between the client stays, though a callback or a deleter may destroy the pool, from which handles are dead.
 * With the last leave it is given up if that has happened, or the pool has ended and nothing is to come from it.
 */
static inline void wti_pool_client_enter(struct wti_pool_client *client)
{
	client->inside++;
}

void wti_pool_client_leave(struct wti_pool_client *client);

/* A thread's end, and the end of a jump out of callbacks. */
void wti_pool_clients_end(struct wti_thread *self);
void wti_pool_clients_unwound(struct wti_thread *self);

/* The pool is freed: so are its clients. */
void wti_pool_clients_free(struct wt_pool *pool);

/* ---- pool_queue.c ---- */

/* Owner: whether there is a place, as far as it knows. */
static inline bool wti_pool_queue_has_place(const struct wti_pool_client *client, unsigned level)
{
	const struct wti_pool_queue *queue = &client->queue[level];

	return queue->places && wti_load(&client->tail[level]) - queue->head_seen <= queue->mask;
}

/* The same as the next one, where it knows of none. */
int wti_pool_queue_reserve_slow(struct wti_pool_client *client, unsigned level);

/* Owner: make sure of a place at that level. 0 or WT_ENOMEM. */
static inline int wti_pool_queue_reserve(struct wti_pool_client *client, unsigned level)
{
	return wti_likely(wti_pool_queue_has_place(client, level)) ? 0 : wti_pool_queue_reserve_slow(client, level);
}

/* Wake a worker, or ask for one, if there is work for it. Lock not held. */
void wti_pool_call(struct wt_pool *pool);

/*
 * Owner: publish the place that is behind `tail`. True: call for help. The look
 * at `call` must not pass the tail: see source.h, whose handshake this is, with
 * `call` for the state.
 */
static WTI_INLINE bool wti_pool_queue_publish(struct wti_pool_client *client, unsigned level, uint64_t tail)
{
	bool quiet = WTI_MUTANT(WTI_MUTANT_POOL_CALL_WHEN_EMPTY) && tail != wti_load(&client->head[level]);

	/* pairs with queue_first [pool-tail]: the place and its record; and with worker_sleeps [pool-call] */
	if (wti_barrier_is_asymmetric())
		wti_store_rel(&client->tail[level], tail + 1);
	else
		wti_store_sc(&client->tail[level], tail + 1);
	wti_barrier_light();
	return wti_unlikely(wti_load_sc(&client->pool->call)) && !quiet; /* [pool-call] */
}

/* The line of the place so far ahead is asked for: workers have read what was there. */
#define WTI_POOL_QUEUE_AHEAD 8

/* Owner: the next place at that level, for this record: to be written and published. */
static inline struct wti_pool_place *wti_pool_queue_place(struct wti_pool_client *client, struct wti_pool_own *own,
							  unsigned level)
{
	struct wti_pool_queue *queue = &client->queue[level];
	uint64_t tail = wti_load(&client->tail[level]);

	own->ticket = tail;
	own->level = (uint8_t)level;
	wti_prefetch_write(&queue->places[(tail + WTI_POOL_QUEUE_AHEAD) & queue->mask]);
	return &queue->places[tail & queue->mask];
}

/* Whether there may be something to take. Any thread; seq_cst, so that a look after an announcement tells. */
bool wti_pool_has_work(struct wt_pool *pool);

/* Tasks that wait, but no more than `most` are counted. Without the lock a hint, which may be too large. */
size_t wti_pool_count(struct wt_pool *pool, size_t most);

/* Under the lock: take the next tasks, `max` at the most and not more than a fair share for each of `takers`. */
unsigned wti_pool_take(struct wt_pool *pool, struct wti_pool_place *places, unsigned max, unsigned takers);

/* Under the lock: take a task of this client away from the queue or a hold. False where a worker has begun it. */
bool wti_pool_withdraw(struct wti_pool_client *client, struct wt_task *task);

/* Under the lock: a task that was taken and not begun comes back, in front of the others; wti_pool_call calls help. */
void wti_pool_return(struct wt_pool *pool, const struct wti_pool_place *place);

/* Under the lock: take all of a hold away, to be returned; `own`: the worker itself does. False: the system refused. */
bool wti_pool_raid(struct wti_pool_worker *worker, bool own);

/* Under the lock: the same of all holds, as far as the system lets. */
void wti_pool_raid_all(struct wt_pool *pool);

/* Under the lock: all that waits ends with `result`. Returns their number. */
size_t wti_pool_refuse_queued(struct wt_pool *pool, int result);

/* Under the lock: who sleeps, or how many there are, has changed. */
void wti_pool_update_call(struct wt_pool *pool);

/* ---- pool_submit.c ---- */

/* Owner: submit a task of a map, for which it waits. As wt_pool_submit. */
int wti_pool_submit_map(struct wti_pool_client *client, struct wti_pool_map *map, struct wt_task **task);

/* ---- pool_task.c ---- */

/* Owner, inside, or when the pool is freed: cancel the task, if it has not begun. */
bool wti_pool_task_withdraw(struct wt_task *task);

/* Owner, inside: wait for the task, wherever. As wt_task_wait, also on a worker of the pool. */
int wti_pool_task_await(struct wt_task *task, wt_time deadline);

/* Owner: give the handle back, unless that is dead. */
void wti_pool_task_release(struct wt_task *task);

/* ---- pool_room.c ---- */

static inline bool wti_pool_is_bounded(const struct wt_pool *pool)
{
	return pool->options.queue_tasks || pool->options.queue_bytes;
}

/* Room for a task of so many bytes, waiting for it until the deadline. As wt_pool_submit. */
int wti_pool_room_take(struct wti_pool_client *client, size_t size, wt_time deadline);

/* Bytes of its input. */
static inline size_t wti_pool_task_size(const struct wt_task *task)
{
	return task->size == WTI_TASK_MAP ? 0 : task->size;
}

/* Under the lock: these tasks have left the queue. */
void wti_pool_room_give(struct wt_pool *pool, const struct wti_pool_place *places, size_t count);

/* After that, without the lock: wake those who wait for room. */
void wti_pool_room_offer(struct wt_pool *pool);

/* Owner: of a task that was not queued after all. */
void wti_pool_room_undo(struct wti_pool_client *client, size_t size);

/* Owner: on_drain. */
bool wti_pool_drain_due(struct wti_pool_client *client);
void wti_pool_drain_tell(struct wti_pool_client *client);
void wti_pool_drain_forget(struct wti_pool_client *client);

/* ---- pool_done.c ---- */

extern const struct wti_source_ops wti_pool_client_ops;

/*
 * The task is its client's again, with this entry, whose word has the bits, and
 * `brief` bytes of reply. Whoever has the record; cannot fail.
 */
void wti_pool_back(struct wt_task *task, struct wti_pool_entry *entry, size_t brief);

/* Tell the result of a task that a worker keeps. 0 or WT_ENOMEM. */
int wti_pool_judge(struct wt_task *task, uint32_t generation, int result);

/* Owner: look at all that has come back, without telling it. */
void wti_pool_pull(struct wti_pool_client *client);

/* Whether the workers have need of all processors: as wti_wait_ops.crowded. Owner. */
int64_t wti_pool_crowded(const struct wti_pool_client *client);

/* Whether something has come back. Owner. */
bool wti_pool_came_back(struct wti_pool_client *client);

/* Owner: the task has finished; to be told by the loop. */
void wti_pool_finished(struct wti_pool_client *client, struct wti_pool_own *own, int result);

/* Owner: the same, of one that was taken away from the queue. */
void wti_pool_withdrawn(struct wti_pool_client *client, struct wti_pool_own *own);

/* Whoever has the record: drop what came with the input and was not taken, if that has not been done. */
WTI_COLD void wti_pool_input_discard(struct wt_task *task);

static inline void wti_pool_input_drop(struct wt_task *task)
{
	if (wti_unlikely(task->size == WTI_TASK_MAP || task->parts & WTI_TASK_CARGO))
		wti_pool_input_discard(task);
}

/* Owner: tell all that has come back. */
void wti_pool_tell_all(struct wti_pool_client *client);

/* Owner: the task's loop need not wait for it any more. */
void wti_pool_unawait(struct wti_pool_client *client, struct wti_pool_own *own);

/* Owner: the reply, as a message, and its end. */
void wti_pool_reply_show(struct wti_pool_own *own, wt_message *message);
void wti_pool_reply_drop(struct wti_pool_own *own);

/* ---- pool_message.c ---- */

/*
 * Check, then make a block with the bytes; the cargo is packed into it. Onto `dropped`, NULL where there is none, what
 * is to be destroyed when the message is where it belongs. 0 or an error.
 */
int wti_pool_message_make(struct wti_pool_message **made, const wt_outgoing *message, struct wti_list *dropped);
void wti_pool_message_free(struct wti_pool_message *message);
void wti_pool_message_show(struct wti_pool_message *message, wt_message *to);

/* The text of a failure, or NULL: it is none. */
const char *wti_pool_message_text(struct wti_pool_message *message);

/* ---- pool_worker.c ---- */

/* The worker's program; its host is the struct wti_pool_worker, which its thread gives back in either case. */
int wti_pool_worker_entry(wt_port *parent, const void *data, size_t size);
void wti_pool_worker_skipped(void *host);

/* Under the lock: what it does from now on. */
void wti_pool_worker_rest(struct wti_pool_worker *worker, enum wti_pool_rest rest);

/* Under the lock: it is not to be called, and if it was, it does not count as one that is waking any more. */
void wti_pool_worker_unlist(struct wti_pool_worker *worker);

void wti_pool_worker_hold(struct wti_pool_worker *worker);
void wti_pool_worker_release(struct wti_pool_worker *worker);

/* The worker's thread ends. */
void wti_pool_worker_end(struct wti_thread *self);

/* Before its thread is made. */
void wti_pool_worker_prepare(struct wti_pool_worker *worker);

/* ---- pool_run.c ---- */

/* The run of a task on the calling thread; NULL: it does not have it. */
static inline struct wti_pool_run *wti_pool_run_find(const struct wt_task *task)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_pool_worker *worker = self ? self->pool_worker : NULL;

	if (!worker)
		return NULL;
	for (struct wti_pool_run *run = worker->runs; run != worker->runs + worker->run_count; run++)
		if (wti_load(&run->task) == task && wti_load(&run->serial) & 1 && !run->closing)
			return run;
	return NULL;
}

/* The worker: one that is not under way. It has begun fewer tasks than it may. */
static inline struct wti_pool_run *wti_pool_run_free(struct wti_pool_worker *worker)
{
	struct wti_pool_run *run = worker->runs;

	while (wti_load(&run->serial) & 1)
		run++;
	return run;
}

/*
 * The worker: the task is under way, for others to see, or is not any more.
 * Released each: who sees a part of this run also sees that the one before it is over.
 */
static inline void wti_pool_run_publish(struct wti_pool_run *run, const struct wti_pool_place *place)
{
	wti_store_rel(&run->task, wti_place_task(place));       /* pairs with keeper_read_run [pool-run] */
	wti_store_rel(&run->generation, place->generation);     /* the same [pool-run] */
	wti_store_rel(&run->serial, wti_load(&run->serial) + 1); /* the same [pool-run] */
}

static inline void wti_pool_run_withdraw(struct wti_pool_run *run)
{
	wti_store_rel(&run->serial, wti_load(&run->serial) + 1); /* pairs with keeper_read_run [pool-run] */
}

/* The worker: call the task's function, once it is published; finish it, unless it is pending. */
void wti_pool_run_task(struct wti_pool_worker *worker, struct wti_pool_run *run, const struct wti_pool_place *place);

/* The worker: the task has finished. */
void wti_pool_run_finish(struct wti_pool_worker *worker, struct wti_pool_run *run, int result);

/*
 * Under the lock: what a task ends with that has not finished when its worker
 * is to end, or has only because of that. `otherwise`: if not for its sake.
 */
int wti_pool_run_verdict(const struct wti_pool_worker *worker, const struct wti_pool_run *run, int otherwise);

/* The worker, at its end: the task failed, with this text. Without memory the submitter does not hear why. */
void wti_pool_run_explain(struct wti_pool_run *run, const char *text);

/* A result on accounts that the caller alone writes. `forced`: it is the pool's, not the task's own. */
void wti_pool_account(struct wti_pool_accounts *accounts, int result, bool forced);

/* ---- pool_keeper.c ---- */

/* Its program; its host is the pool, which its thread gives back in either case. */
int wti_pool_keeper_entry(wt_port *parent, const void *data, size_t size);
void wti_pool_keeper_skipped(void *host);
void wti_pool_keeper_end(struct wti_thread *self);

/* Before its thread is made. */
void wti_pool_keeper_prepare(struct wt_pool *pool);

/* Have the keeper look. Any thread that holds the pool. */
void wti_pool_ask(struct wt_pool *pool);

/* Have the keeper look at that time, or before. */
void wti_pool_ask_at(struct wt_pool *pool, int64_t at);

/* Under the lock: a worker's init has succeeded, or not. A worker could not be made, or ended before its first task. */
void wti_pool_note_init(struct wti_pool_worker *worker, int error);
void wti_pool_note_failure(struct wt_pool *pool, int error);

/* Creator, when the keeper has ended: give up what is left of the workers. */
void wti_pool_give_up_workers(struct wt_pool *pool);

/* Under the lock: the worker is to look at this before its next task. Its source is to be notified. */
void wti_pool_attend(struct wti_pool_worker *worker, uint32_t bits);

/* ---- pool_map.c ---- */

/* The worker: do parts of it. Its result. */
int wti_pool_map_run(struct wti_pool_map *map);
void wti_pool_map_release(struct wti_pool_map *map);

/* ---- pool_each.c ---- */

/* Under the lock: the worker ends, and will not call what is left for it. */
void wti_pool_each_leave(struct wti_pool_worker *worker);

/* Under the lock: nobody waits for the worker to begin any. For what it is in, the caller does. */
void wti_pool_each_give_up(struct wti_pool_worker *worker);

/* The worker: call the functions that wt_pool_each has for it. */
void wti_pool_each_run(struct wti_pool_worker *worker);

/* ---- pool_stats.c ---- */

/* Under the lock: what is there at this moment, into a struct that is zero. */
void wti_pool_stats_now(struct wt_pool *pool, struct wt_pool_stats *stats);

/* Under the lock: the worker's accounts go into the past. */
void wti_pool_accounts_bury(struct wt_pool *pool, struct wti_pool_worker *worker);

#endif
