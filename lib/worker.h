/* SPDX-License-Identifier: MIT
 *
 * Workers. One struct serves the creator, the worker's thread and whoever
 * joins or terminates; it is freed when both the handle is destroyed and the
 * thread is over.
 *
 * worker.c         create, post, join, terminate, destroy: any thread
 * worker_events.c  online, messages, error, exit: the creator's loop
 * worker_run.c     entry, exit, failure, cleanups: the worker's own thread
 * worker_limits.c  what it was given, and where the system lets it run
 * worker_stats.c   its accounts
 * worker_created.c who else hears of a new one: the creator's thread
 * worker_stream.c  its standard streams, as its creator captures and feeds them
 * worker_argv.c    its arguments
 * process.c        what runs when the process ends
 *
 * How a worker ends is decided once, by `state` (W3):
 *
 *	RUNNING --entry left, wt_exit, wt_fail--> ENDING ------.
 *	   |                                                    +--> ENDED
 *	   '-----terminate, destroy, the creator's end--> TERMINATING
 *
 * The outcome is written by the worker's thread before ENDED, and read by
 * others after they have seen it. The worker's thread is then past all user
 * code, its ports are closed and its own workers have ended.
 */
#ifndef WTI_WORKER_H
#define WTI_WORKER_H

#include <setjmp.h>
#include <wt/worker.h>

#include "list.h"
#include "misuse.h"
#include "poke.h"
#include "port.h"
#include "source.h"
#include "thread.h"
#include "waiters.h"

enum wti_worker_state {
	WTI_WORKER_RUNNING,
	WTI_WORKER_ENDING,
	WTI_WORKER_TERMINATING,
	WTI_WORKER_ENDED
};

/* What the worker's thread does next; a jump out of user code goes on with the following one. */
enum wti_worker_phase {
	WTI_PHASE_ENTRY,
	WTI_PHASE_FAILURE_HOOK,
	WTI_PHASE_EXIT_HANDLERS,
	WTI_PHASE_CLEANUPS,
	WTI_PHASE_OVER
};

enum {
	WTI_FAILURE_MAX = 256, /* bytes of a failure's message, with its end */
	WTI_DEFER_RESERVED = 8 /* deferred cleanups that need no memory */
};

/* A function to run at the worker's end. */
struct wti_final {
	void (*fn)(void *arg);
	void *arg;
	struct wti_final *below;
};

/* What the worker writes, as its creator hears of it. */
struct wti_worker_output {
	wt_port *port; /* the creator's end, set at create; NULL: not captured */
	void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg);
	void *arg;
};

struct wt_worker {
	WTI_HANDLE

	/* Set at create. */
	wt_entry *entry;
	void *host; /* whose worker it is: its entry, the library's own, finds it here; or NULL */
	void (*skipped)(void *host); /* see struct wti_worker_program */
	void *data;
	size_t size;
	int64_t destroy_timeout;
	size_t stack_size;
	int cpu;  /* WT_CPU(n), or 0 */
	int nice; /* or 0 */
	pthread_t pthread;    /* of a thread of its own: one that was hired is nobody's to join */
	struct wti_hand *hand; /* the thread, as the crew has it */
	bool hired;            /* the thread has had other work before */
	bool stays;            /* the thread may have other work afterwards, as far as the options go */
	wt_port *port; /* the creator's end */
	struct wti_cargo *cargo; /* in the same block: what came with the data; NULL: nothing; the worker's thread's from `loaded` on */
	const char *name; /* in the same block, behind `data` */
	int argc;
	char **argv;   /* in the same block; NULL: none. The worker's to change */
	wt_port *feed; /* the creator's end of the worker's standard input; NULL: it is not fed */

	/*
	 * Atomic. A line that the creator looks at all the time while it waits: nothing is here that changes often.
	 * Kept because it measures better: with `poke` in it, the whole life of a worker took 4.65 us, now 4.35.
	 */
	WTI_CACHE_ALIGNED _Atomic(uint32_t) state; /* enum wti_worker_state */
	_Atomic(uint32_t) thread_known; /* set by the creator: `pthread` is written */
	_Atomic(uint32_t) loaded;   /* set by the creator: the cargo is packed, and the worker may begin */
	_Atomic(uint32_t) online;   /* set by the worker's thread before the entry runs */
	_Atomic(uint32_t) overdue;  /* it outlived the deadline of somebody who ended it */
	_Atomic(uint32_t) abandoned; /* its creator has destroyed it, and did not see its end */
	_Atomic(uint32_t) failure_read; /* somebody knows of the failure: no need to print it */
	_Atomic(uint32_t) feed_ended;   /* set by who ends its standard input */

	/* The same, but not looked at: what its thread writes costs nobody a line. */
	WTI_CACHE_ALIGNED struct wti_poke poke; /* signals, once it is told to end */
	_Atomic(int64_t) cpu_time; /* ns, once it has ended: set by the first who needs it */
	_Atomic(uint32_t) holders; /* the handle, the thread */
	struct wti_waiters joiners;
	struct wti_source source;   /* the creator's loop hears of online and ended */

	/* Written by the worker's thread before it is online. */
	int cpu_error;
	int nice_error;
	bool has_clock;
	clockid_t clock; /* of the thread's processor time */
	int64_t cpu_before; /* that the thread had used when it was hired, ns */

	/* The outcome: written by the worker's thread before ENDED. */
	int code;
	int64_t ended_at; /* CLOCK_MONOTONIC, ns */
	bool failed;
	int failure_code;
	char failure_message[WTI_FAILURE_MAX];

	/* Creator only. */
	struct wti_list sibling; /* wti_thread.workers */
	unsigned callbacks;      /* on the stack: destroy waits for them */
	bool destroyed;
	struct wti_list dropped; /* things whose holders its create has let go: destroyed once the hooks have run */
	_Atomic(bool) refd; /* keeps the creator's loop alive; read by any thread */
	bool online_told;
	bool error_told;
	bool exit_told;
	void (*on_online)(wt_worker *worker, void *arg);
	void *on_online_arg;
	void (*on_message)(wt_worker *worker, wt_message *message, void *arg);
	void *on_message_arg;
	void (*on_message_error)(wt_worker *worker, int error, void *arg);
	void *on_message_error_arg;
	void (*on_error)(wt_worker *worker, const wt_failure *failure, void *arg);
	void *on_error_arg;
	void (*on_exit)(wt_worker *worker, int code, void *arg);
	void *on_exit_arg;
	struct wti_worker_output output[WTI_STDIO_COUNT]; /* by enum wti_stdio */

	/* The worker's thread only. */
	enum wti_worker_phase phase;
	bool unwound;       /* left user code by a jump: the thread may be in the middle of anything */
	jmp_buf unwind;
	bool exited;        /* by wt_exit, later than any wt_fail */
	int exit_code;
	void (*failure_hook)(wt_failure *failure, void *arg);
	void *failure_hook_arg;
	struct wti_final *exit_handlers;
	struct wti_final *cleanups;
	unsigned reserved_used; /* of the following, which are taken and given back as a stack */
	struct wti_final reserved[WTI_DEFER_RESERVED];

	/* process.c, under its lock. */
	struct wti_list living;
	bool thread_taken; /* somebody has joined or detached the thread, or is to */

	/* The worker's thread, its wakers. */
	WTI_CACHE_ALIGNED struct wti_thread thread;
};

static inline bool wti_worker_has_ended(const struct wt_worker *worker)
{
	/* pairs with worker_publish_end [worker-end]: the outcome is written */
	return wti_load_sc(&worker->state) == WTI_WORKER_ENDED;
}

static inline bool wti_worker_was_online(const struct wt_worker *worker)
{
	/* pairs with worker_begin [worker-online]: what its thread wrote before is there */
	return wti_load_acq(&worker->online);
}

/* Whether it was told to end, and has not within the time that it was given. Any thread. */
static inline bool wti_worker_is_zombie(const struct wt_worker *worker)
{
	/* Relaxed: what has ended is no zombie, and the other way round nothing is concluded. */
	return wti_load(&worker->overdue) && wti_load(&worker->state) != WTI_WORKER_ENDED;
}

/* ---- worker.c ---- */

/* Set the worker's end going, unless it has begun. Any thread that keeps the worker alive. */
void wti_worker_stop(struct wt_worker *worker);

/* Give one hold back; the last one frees. */
void wti_worker_release(struct wt_worker *worker);

/* Stop, wait for at most its destroy_timeout, and give up the handle. Creator, outside of the worker's callbacks. */
void wti_worker_finish_destroy(struct wt_worker *worker);

/* ---- worker_events.c ---- */

extern const struct wti_source_ops wti_worker_source_ops;

/* The creator's thread, unless it has destroyed the worker. */
bool wti_worker_is_own(const struct wt_worker *worker);

/* Around each callback. Leave is false when the worker was destroyed, and is no more, and in a forked child. */
void wti_worker_enter(struct wt_worker *worker);
bool wti_worker_leave(struct wt_worker *worker);

/* The creator's port before it hands messages over: online comes first. */
bool wti_worker_before_messages(wt_port *port, unsigned *calls);

/* Creator: call no handler from now on. */
void wti_worker_silence(struct wt_worker *worker);

/* wt_worker_create, of a worker with a host. */
struct wti_worker_program {
	wt_entry *entry;
	void *host;
	/* With a host: called in the place of the entry by a thread that was told to end before it began. */
	void (*skipped)(void *host);
	const void *data;
	size_t size;
};
int wti_worker_check_options(const wt_worker_options *options);
int wti_worker_create(wt_worker **worker, const struct wti_worker_program *program, const wt_worker_options *options);

/* One line on stderr for a failure that nobody has asked for (W8). */
void wti_worker_report_failure(struct wt_worker *worker);

/* ---- worker_run.c ---- */

/* The thread's function; `arg` is the worker. */
void wti_worker_run(void *arg);

/* ---- worker_limits.c ---- */

/* The worker's thread, before it is online: go where the options say, or note why not. */
void wti_worker_place(struct wt_worker *worker);

/* ---- worker_stats.c ---- */

/*
 * The worker's thread: before it is online; before ENDED, as late as possible; after that, before it gives up its hold.
 * The last is a look at the clock, which takes too long for those who wait for the end.
 */
void wti_worker_begin_accounts(struct wt_worker *worker);
void wti_worker_end_accounts(struct wt_worker *worker);
void wti_worker_settle_accounts(struct wt_worker *worker);

/* ---- worker_created.c ---- */

/* Creator: the worker exists, call the process's hooks. */
void wti_worker_created(struct wt_worker *worker);

/* ---- worker_stream.c ---- */

/* Creator: lay what it captures and feeds. 0 or WT_ENOMEM, and nothing is laid. */
int wti_worker_lay_streams(struct wt_worker *worker, struct wti_thread *self, const wt_worker_options *options);

/* The worker's thread, past all user code: nothing more is written. */
void wti_worker_end_streams(struct wt_worker *worker);

/* Creator: hear no more of them, and feed no more; of one that never ran, everything goes. */
void wti_worker_give_up_streams(struct wt_worker *worker);
void wti_worker_discard_streams(struct wt_worker *worker);

/* ---- worker_argv.c ---- */

/* Bytes that a copy of the arguments takes, keeping what follows aligned; 0 where none are given. 0 or an error. */
int wti_worker_argv_size(const wt_worker_options *options, size_t *size);

/* Copy them to where there is so much room. */
void wti_worker_argv_copy(struct wt_worker *worker, void *to, const wt_worker_options *options);

/* ---- process.c ---- */

/* Register the worker with the process, and with that the handler for its end. 0 or WT_ENOMEM. */
int wti_process_add(struct wt_worker *worker);

/* Show each worker that has not ended, the oldest first, under the lock of their list: `fn` may not call back. */
void wti_process_each(void (*fn)(struct wt_worker *worker, void *arg), void *arg);

/* Whether a worker with this thread id has not ended. */
bool wti_process_has_worker(uint64_t id);

/* The worker's thread is past all that could disturb the process's end. */
void wti_process_remove(struct wt_worker *worker);

/* Whether the caller is the one to join or detach the worker's thread; the process's end may have been first. */
bool wti_process_take_thread(struct wt_worker *worker);

#endif
