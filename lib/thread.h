/* SPDX-License-Identifier: MIT
 *
 * The record of one thread that uses libwt: one it started, the main thread,
 * or any other that called in. Made at the first call that needs it, freed
 * by the thread's end. Each band belongs to the module that it names; the
 * record only keeps what they need one of for each thread.
 */
#ifndef WTI_THREAD_H
#define WTI_THREAD_H

#include "atomic.h"
#include "base.h"
#include "heap.h"
#include "list.h"
#include "loop_time.h"
#include "owned.h"
#include "park.h"

struct wti_deadline;
struct wti_reply;
struct wti_interrupt;
struct wti_mailbox;
struct wti_dictionary;
struct wti_entry;
struct wti_environment;
struct wti_pool_client;
struct wti_pool_worker;
struct wti_select_set;
struct wti_source;
struct wti_stream;
struct wti_thread;
struct wti_track;
struct wti_wait_ops;
struct wt_broadcast;
struct wt_port;
struct wt_sender;
struct wt_worker;

/* The standard streams, by their descriptors. */
enum wti_stdio {
	WTI_STDIN,
	WTI_STDOUT,
	WTI_STDERR,
	WTI_STDIO_COUNT
};

/* What happens at a thread's end, in this order; each module enters its own when it has something to end. */
enum wti_thread_end {
	WTI_END_POOLS,   /* its tasks are given back, its pools ended: before the workers that these have */
	WTI_END_SLOTS,   /* messages that are being written are abandoned: others wait behind them */
	WTI_END_MESSAGES, /* those who post here by id wait: not also for what follows */
	WTI_END_NAMES,
	WTI_END_WORKERS, /* nested workers are stopped: they may still post here */
	WTI_END_PORTS,
	WTI_END_BROADCASTS,
	WTI_END_REPLY,
	WTI_END_FLIGHT, /* ports that nobody can reach any more are found: those just closed held them */
	WTI_END_SELECT,
	WTI_END_WAITS,  /* pending asynchronous waits are taken back */
	WTI_END_LOCKS,  /* after nested workers, which may have worked under them */
	WTI_END_TIMERS,
	WTI_END_ENVIRONMENT,
	WTI_END_STREAMS, /* what is written until here is flushed; their buffers may be blocks of the heap */
	WTI_END_HEAP,   /* last: any of the others may have had blocks of it */
	WTI_END_COUNT
};

/* What keeps a thread's loop alive. */
enum wti_hold {
	WTI_HOLD_PORT,
	WTI_HOLD_WORKER,
	WTI_HOLD_TIMER,
	WTI_HOLD_BROADCAST,
	WTI_HOLD_LOCK,    /* a request that was not granted yet */
	WTI_HOLD_WAIT,    /* for a cell */
	WTI_HOLD_MESSAGE, /* to a thread, whose outcome is not known yet */
	WTI_HOLD_TASK,    /* whose result was not told yet */
	WTI_HOLD_DRAIN,   /* somebody is to be told of room */
	WTI_HOLD_SERVICE, /* it serves a pool: as its keeper, or one of its workers */
	WTI_HOLD_COUNT
};

/* As many as there is room for beside the top of the stack. */
#define WTI_READY_GUESSES 13

struct wti_thread {
	/* Set at create. */
	uint64_t id;
	const char *name;
	struct wt_worker *worker; /* whose thread this is, or NULL */

	/* Atomic. With what is above, a line that the owner leaves to its wakers while it is awake. */
	struct wti_parker parker;

	/* interrupt.c, the owner and its signal handler. Armed: the computation to jump out of, or NULL. */
	_Atomic(struct wti_interrupt *) interrupt;

	/* source.c: a line of those who push. Guesses, which are explained there: how many did, and the latest of them. */
	WTI_CACHE_ALIGNED _Atomic(struct wti_source *) ready; /* stack of sources: pushed by anyone, taken by the owner */
	_Atomic(uint32_t) ready_pushes;
	_Atomic(uint32_t) ready_guess[WTI_READY_GUESSES];

	/* Atomic: set once by whoever terminates, read by the owner all the time. */
	WTI_CACHE_ALIGNED _Atomic(uint32_t) terminating;
	uint32_t bias_name; /* ring_bias.c, owner only: what a ring of its own is biased to; 0: there was none yet */

	/* For those who describe what it owns, the lists of ports, pools, broadcasts and timers below. */
	struct wti_owned owned;

	/* Owner only, from here on. */
	struct wti_track *track; /* trace.c: what it notes for a timeline; NULL: nothing */
	void (*end[WTI_END_COUNT])(struct wti_thread *self);
	void (*unwound[WTI_END_COUNT])(struct wti_thread *self); /* after a jump out of callbacks: they will not return */

	void (*gone)(struct wti_thread *self); /* after the last call of the thread; NULL: nothing is to be done */

	/* wait.c: what polling has brought so far. */
	unsigned poll_budget; /* looks; 0: not polled yet */
	unsigned poll_misses; /* polls in a row that ended in a sleep */
	unsigned poll_yielded; /* polls in a row that a yield ended */
	_Atomic(uint32_t) *starting; /* worker.c: the online word of the worker created last, or NULL */

	/* wait.c: what it sleeps for. Read by any thread, each word for itself. */
	_Atomic(const struct wti_wait_ops *) sleeps_for; /* NULL: it does not sleep in the library */
	_Atomic(const void *) sleeps_on;
	_Atomic(int64_t) sleeps_since;

	/* source.c, loop.c. */
	struct wti_list hot;  /* sources to look at: notified, or not armed yet */
	struct wti_list turn; /* those of them that this pass has still to look at */
	uint32_t ready_seen;  /* of ready_pushes, at the last collect */
	unsigned loop_stream; /* messages of one port after the other, since there was nothing to do */
	uint32_t loop_passes; /* of the loop over them, and of wt_select over a set that it watches, so far */
	uint32_t slept_pass;  /* loop_passes at the last wti_source_note_sleep */
	unsigned loop_refs;   /* what keeps wt_run going */
	bool loop_stop;       /* wt_stop was called */
	bool loop_running;    /* inside wt_run or wt_run_once */
	bool loop_rests;      /* asleep in it: what is quiet is to be let go */
	struct wti_loop_time loop_time; /* read by any thread */
	_Atomic(uint32_t) loop_holds[WTI_HOLD_COUNT]; /* loop_refs by their kinds: read by any thread */

	/* deadline.c. */
	struct wti_deadline *deadlines; /* the earliest: the root of a heap */
	uint64_t deadline_serial;       /* of the latest that was added */
	int64_t deadlines_from;         /* while they are called, one that is added is not before that; or 0 */

	/* port.c. */
	struct wt_port *parent;     /* a worker's end of its channel, or NULL once it is closed */
	struct wti_list ports;      /* owned: wt_port.owned */
	struct wti_list owing;      /* those with senders to be woken before this thread waits: wt_port.owing */
	void (*pay_owed)(struct wti_thread *self); /* wakes them; set with the first of them */
	unsigned drains;            /* wt_port_drain on the stack: its callbacks are not to run the loop */
	unsigned deleters;          /* cargo.c: objects are being destroyed: their deleters are not to run it either, nor to jump */
	bool leaving;               /* it ends: a child that a deleter forks then has nothing to go back to ... */
	int child_code;             /* ... and ends with this */
	uint64_t views;             /* handed out so far: the serial of the latest */
	struct wt_port *port_last;  /* the one that handed out the latest view, or NULL */

	/* slot.c. */
	struct wti_list slots;      /* open: wti_slot.link */
	struct wti_list slots_free; /* to be used again */
	uint64_t slots_opened;      /* so far: the serial of the latest */

	/* call.c. */
	struct wti_reply *reply; /* the latest, as long as it is valid, or NULL */

	/* cargo.c. */
	struct wti_list cargos;     /* of messages that no port holds: wti_cargo_view.link */

	/* pool.c, pool_client.c, pool_worker.c. */
	struct wti_list pools;        /* created here, not destroyed yet: wt_pool.owned */
	struct wti_list pool_clients; /* of the pools that it submits to: wti_pool_client.mine */
	struct wti_pool_client *pool_client; /* the one used last, or NULL */
	struct wti_pool_worker *pool_worker; /* what it is of a pool, or NULL */

	/* select.c, select_set.c. */
	size_t select_next; /* where the next search begins */
	struct wti_select_set *select_set; /* the ports of the last call, or NULL */
	uint64_t select_serial; /* of the set that is watched; another one when it is so no more */

	/* worker.c. */
	struct wti_list workers;    /* created here, not destroyed yet: wt_worker.sibling */

	/* wait_async.c. */
	struct wti_list waits;      /* not told yet, or left in their callback by a jump */

	/* lock.c. */
	struct wti_list locks;      /* requested here, not released yet: wt_lock.owned */

	/* thread_message.c. */
	struct wti_mailbox *mailbox;  /* written under the registry's mutex; NULL: it never had a listener */
	struct wti_list errands;      /* posted here by id, and not over yet: wti_errand.own */
	struct wti_list serving;      /* whose listener runs here, the innermost last: wti_errand.link */
	unsigned serving_depth;       /* listeners on the stack: they are not to run the loop */
	bool messages_over;           /* its end has begun: no listener, request or name is to come */

	/* thread_registry.c. */
	bool registered;
	struct wti_thread *registry_next; /* under its mutex */

	/* thread_name.c. */
	struct wti_list names;        /* registered here: thread_name.own */

	/* broadcast.c. */
	struct wti_list broadcasts; /* opened here, not closed yet: wt_broadcast.owned */
	struct wt_broadcast *broadcast_last; /* the one that handed out the latest view, or NULL */

	/* timer.c. */
	struct wti_list timers;     /* created here, not destroyed yet: wt_timer.owned */

	/* environment.c, environment_data.c. Written by the creator before the thread runs. */
	struct wti_dictionary *variables;         /* its own; NULL: shared, or not asked for yet */
	struct wti_environment *variables_shared; /* with its creator or a worker, or NULL */
	struct wti_entry *variable_read;          /* what wt_getenv returned last */
	struct wti_dictionary *environment_data;

	/* stream.c. Where they lead is written by the creator before the thread runs. */
	struct wti_stream *streams[WTI_STDIO_COUNT]; /* made at first use */
	struct wt_sender *captured[WTI_STDIO_COUNT]; /* or NULL: to the descriptor */
	struct wt_port *fed;                         /* a worker's end of what it is fed; NULL: nothing, or closed */

	/* heap.c: its limit is set at create; any thread reads its accounts. */
	struct wti_thread_heap heap;
};

/*
 * libwt's only thread-local. With glibc initial-exec, so that a look costs one
 * load and no call; others, as musl, have no room for it in a library that is
 * loaded by dlopen.
 */
#ifdef __GLIBC__
#define WTI_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define WTI_TLS_MODEL
#endif
extern _Thread_local struct wti_thread *wti_thread_self_ptr WTI_TLS_MODEL;

struct wti_thread *wti_thread_attach(void);

/* The calling thread's record; NULL only where memory for it is short, or in a forked child. */
static inline struct wti_thread *wti_thread_self(void)
{
	struct wti_thread *self = wti_thread_self_ptr;

	return wti_likely(self != NULL) ? self : wti_thread_attach();
}

/* The same for those who ask without needing one: NULL when the thread never called in. */
static inline struct wti_thread *wti_thread_peek(void)
{
	return wti_thread_self_ptr;
}

/* A record for a worker's thread, made by its creator; entered by the thread itself. */
void wti_thread_init(struct wti_thread *thread, struct wt_worker *worker);
void wti_thread_enter(struct wti_thread *thread);

/* The thread has left its callbacks by a jump: put what they held in order, so that it can go on. */
void wti_thread_unwind(struct wti_thread *thread);

/* The owner's end: run what was entered in `end`. The record is no longer the thread's own afterwards. */
void wti_thread_leave(struct wti_thread *thread);
void wti_thread_destroy(struct wti_thread *thread);

/* Whether the thread was told to end. Relaxed: those who must not miss it look again after they announced. */
static inline bool wti_thread_terminating(const struct wti_thread *self)
{
	return wti_unlikely(wti_load(&self->terminating));
}

/* The owner: what it owes to others is given to them. */
static inline void wti_thread_pay(struct wti_thread *self)
{
	if (wti_unlikely(!wti_list_empty(&self->owing)))
		self->pay_owed(self);
}

#endif
