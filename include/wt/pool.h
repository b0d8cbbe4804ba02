/* SPDX-License-Identifier: MIT
 *
 * Pools: workers that run tasks. A program gives the pool one task function;
 * each submit brings an input, copied or moved, and each task comes back once,
 * with a result and maybe a reply: to a callback on the submitter's loop, or
 * to wt_task_wait.
 *
 *	wt_pool_create(&pool, hash_file, NULL);
 *	wt_pool_submit(pool, &(wt_outgoing){ .data = path, .size = length }, on_hash, NULL, NULL, NULL);
 *	wt_run();
 *
 * The pool belongs to the thread that created it, and ends with it. Any thread
 * may submit; a task belongs to the thread that submitted it.
 */
#ifndef WT_POOL_H
#define WT_POOL_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/stats.h>
#include <wt/thread.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* ---- The pool ---- */

/*
 * The work of a task, on a worker. `input` is valid until the task has
 * finished: its bytes are the worker's to read, what came with it is to be
 * taken by wt_message_take_*. `state` is what this worker's init made. The
 * return value is the task's result, 0 or an error, by custom negative, or
 * WT_TASK_PENDING: the task goes on, and wt_task_finish will end it.
 *
 * It runs as a callback of the worker's loop, and may submit to its own pool.
 */
typedef int wt_task_fn(wt_task *task, wt_message *input, void *state);

/* What a task function returns that has not finished. */
enum { WT_TASK_PENDING = INT32_MAX };

enum {
	WT_PRIORITY_MIN = -3,
	WT_PRIORITY_MAX = 3
};

/* Zero means the default in every field. Durations are in nanoseconds, WT_FOREVER is without an end. */
typedef struct wt_pool_options {
	size_t size;              /* of this struct: set by WT_POOL_OPTIONS or wt_pool_options_init */
	const char *name;         /* copied; its workers are "<name>-<n>"; default "pool" */
	unsigned min_workers;     /* kept when there is nothing to do; default 1 */
	unsigned max_workers;     /* default as many as processors, or min_workers if that is more */
	int64_t idle_timeout;     /* after so long without a task, a worker above min_workers ends; default 10 s */
	size_t queue_tasks;       /* tasks that may wait; default without a limit */
	size_t queue_bytes;       /* bytes of input that may wait; default without a limit */
	unsigned concurrent_tasks; /* that one worker may have begun and not finished: see WT_TASK_PENDING; default 1 */
	int64_t run_timeout;      /* from the start of a task's run; default without */
	int64_t cancel_grace;     /* how long a running task that was cancelled may go on; default 1 s */
	int64_t aging;            /* a task that has waited so long counts as one priority higher; default 100 ms */
	uint64_t recycle_tasks;   /* a worker ends after so many, and another takes its place; default never */
	size_t recycle_heap;      /* the same when its heap (wt/heap.h) has grown to more bytes; default never */
	int (*init)(void **state, const void *data, size_t size); /* on each worker, first of all; 0 or an error */
	void (*fini)(void *state); /* on each worker at its end, however it ends, if its init had succeeded */
	const void *data;         /* workerData of each worker, copied; also given to init; may be NULL */
	size_t data_size;
	const char *const *env;   /* of each worker, as in wt_worker_options */
	size_t stack_size;        /* the same */
	size_t heap_limit;        /* the same */
	int64_t destroy_timeout;  /* how long wt_pool_destroy waits for tasks that do not end; default 1 s */
	int nice;                 /* of each worker, as in wt_worker_options */
	int zero;                 /* must be 0 */
} wt_pool_options;

#ifndef __cplusplus
#define WT_POOL_OPTIONS(...) (&(const wt_pool_options){ .size = sizeof(wt_pool_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_pool_options_init(wt_pool_options *options);

/*
 * Create a pool whose tasks are done by `fn`. Returns at once: min_workers are
 * on their way (see wt_pool_ready). One more thread, which sleeps, looks after
 * them. The pool itself does not keep a loop alive; its tasks do. The calling
 * thread owns it: when that ends, the pool does.
 *
 * Returns 0; WT_EINVAL (NULL pool or fn, NULL data with a size, negative times,
 * min_workers above max_workers, one of them or concurrent_tasks above 65536,
 * what a worker's options may not be);
 * WT_E2BIG; WT_EOVERFLOW; WT_ETERMINATED; WT_ENOMEM; WT_EAGAIN when the system
 * has no thread left. On failure *pool is NULL and nothing was started.
 */
WT_API WT_NODISCARD int wt_pool_create(wt_pool **pool, wt_task_fn *fn, const wt_pool_options *options);

/*
 * Wait until min_workers have begun and their init has returned. Any thread
 * but the pool's workers.
 *
 * Returns 0; where there is no worker, the error that init returned, or
 * WT_EWORKER, if it did not return, or returned WT_EAGAIN, or the system has no
 * thread left; WT_ECLOSED; WT_EAGAIN or WT_ETIMEDOUT;
 * WT_ETERMINATED; WT_EDEADLK on a worker of the pool; WT_EINVAL.
 */
WT_API WT_NODISCARD int wt_pool_ready(wt_pool *pool, wt_time deadline);

/*
 * Take no new tasks, and wait until all that were submitted have finished;
 * with WT_NOW, only the former. A task whose submit crosses this call may end
 * with WT_ECANCELED. The pool then has no workers; what its tasks
 * brought is still told and can be waited for. May be called again. Any thread
 * but the pool's workers.
 *
 * Returns 0; WT_EAGAIN or WT_ETIMEDOUT while there are tasks; WT_ETERMINATED;
 * WT_EDEADLK on a worker of the pool; WT_EINVAL.
 */
WT_API WT_NODISCARD int wt_pool_close(wt_pool *pool, wt_time deadline);

/*
 * Cancel all tasks that wait in the queue, whoever submitted them; each ends
 * with WT_ECANCELED. Their number goes to *cleared (may be NULL). Any thread.
 * Returns 0; WT_EINVAL.
 */
WT_API WT_NODISCARD int wt_pool_clear(wt_pool *pool, size_t *cleared);

/*
 * End the pool: tasks that wait are cancelled, running ones cancelled and their
 * workers terminated, for which it waits up to the destroy_timeout; then all is
 * freed but what a worker that has not ended still needs. Tasks that have not
 * finished by themselves end with WT_ECANCELED, each once. Those of the calling
 * thread are told before this returns, by their callbacks; those of other
 * threads by their loops and waits. In a callback of the pool it may be called
 * as well. After it the calling thread's handles of tasks are dead, too. NULL
 * is ignored. Creator.
 */
WT_API void wt_pool_destroy(wt_pool *pool);

/* ---- Submitting ---- */

/*
 * Called by the submitter's loop when a task has finished: its result, and
 * the reply, which is empty (NULL data) where there was none. Both handle and
 * reply are valid until it returns. The task may be submitted to the pool again
 * only by a new submit.
 */
typedef void wt_task_done_fn(wt_task *task, int result, wt_message *reply, void *arg);

/* Called by the submitter's loop for each message of wt_task_progress, in order, before the task is done. */
typedef void wt_task_progress_fn(wt_task *task, wt_message *message, void *arg);

/* Zero means the default in every field. */
typedef struct wt_task_options {
	size_t size;         /* of this struct: set by WT_TASK_OPTIONS or wt_task_options_init */
	int priority;        /* WT_PRIORITY_MIN to WT_PRIORITY_MAX, the higher the sooner; default 0 */
	int zero;            /* must be 0 */
	int64_t run_timeout; /* nanoseconds from the start of the run, WT_FOREVER without; default the pool's */
	wt_time wait_until;  /* how long to wait for room in a bounded queue; default WT_NOW */
	wt_task_progress_fn *on_progress; /* with the arg of the submit; may be NULL */
} wt_task_options;

#ifndef __cplusplus
#define WT_TASK_OPTIONS(...) (&(const wt_task_options){ .size = sizeof(wt_task_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_task_options_init(wt_task_options *options);

/*
 * Submit a task with a copy of the input's bytes, and what its transfer list
 * moves; NULL is an empty input. With `done`, the task keeps this thread's loop
 * alive until that has been called. Without it, and with `task`, the result is
 * for wt_task_wait, and the handle must be given back by wt_task_release.
 * Without both nobody hears of it. `task` may be NULL; with `done` the handle
 * ends by itself, when that has returned. Any thread.
 *
 * Returns 0; WT_EINVAL; WT_E2BIG; WT_EOVERFLOW; WT_ECLOSED when the pool is
 * closed; WT_EAGAIN when the queue is full, or WT_ETIMEDOUT when it was until
 * wait_until; WT_EMSGSIZE for an input that never fits; WT_EDEADLK where a
 * worker of the pool would wait for room in its queue; WT_ETERMINATED; WT_ENOMEM;
 * when the pool has no worker, what wt_pool_ready returns; what wt_port_send
 * returns for a bad transfer list. On failure nothing has changed, and *task is NULL.
 */
WT_API WT_NODISCARD int wt_pool_submit(wt_pool *pool, const wt_outgoing *input, wt_task_done_fn *done, void *arg,
				       const wt_task_options *options, wt_task **task);

/*
 * Wait for a task that was submitted without `done`, and read its result and
 * its reply, which is valid until the handle is released; each of the two may
 * be NULL. May be called again. Submitter.
 *
 * Returns 0 when the task has finished; WT_EAGAIN or WT_ETIMEDOUT; WT_EINVAL,
 * also for a task with `done`; WT_EOWNER; WT_EDEADLK on a worker of the same
 * pool, whose other workers may all be waiting for the like; WT_ETERMINATED.
 */
WT_API WT_NODISCARD int wt_task_wait(wt_task *task, int *result, wt_message *reply, wt_time deadline);

/*
 * Why a task that has finished failed, if it ended its worker by wt_fail: the
 * code, which is its result, and the text, which is valid as long as handle and
 * reply are. Submitter, also in `done`.
 *
 * Returns 0; WT_EAGAIN when it has not finished, or not by wt_fail, or there
 * was no memory for the text; WT_EINVAL; WT_EOWNER.
 */
WT_API WT_NODISCARD int wt_task_failure(const wt_task *task, wt_failure *failure);

/*
 * Cancel a task. One that waits leaves the queue and ends with WT_ECANCELED. A
 * running one sees it in wt_task_cancelled, and ends with what it returns; if
 * it goes on for longer than the cancel_grace, its worker is terminated and
 * replaced, and it ends with WT_ECANCELED. One that has finished is left
 * alone. `done` is called as ever, and not from inside this call. Submitter.
 *
 * Returns 0; WT_EINVAL for NULL; WT_EOWNER.
 */
WT_API WT_NODISCARD int wt_task_cancel(wt_task *task);

/*
 * Give back the handle of a task that was submitted without `done`. The task
 * itself goes on if it has not finished; nobody hears of it. NULL, and a task
 * with `done`, are left alone. Submitter.
 */
WT_API void wt_task_release(wt_task *task);

/*
 * Whether the queue is full, or was, and has not fallen to half of its limits
 * since: submitters should pause. Where it is, this thread's on_drain will be
 * called. Any thread.
 */
WT_API bool wt_pool_needs_drain(wt_pool *pool);

/*
 * Called by the calling thread's loop once after one of its submits was
 * refused for want of room, or wt_pool_needs_drain was true for it, as soon as
 * the queue is at most half full; also if it was by the time that the handler
 * was set. While it is due it keeps the loop alive. NULL removes it. Each
 * thread has its own. Any thread. Returns 0; WT_EINVAL; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_pool_on_drain(wt_pool *pool, void (*fn)(wt_pool *pool, void *arg), void *arg);

/* ---- Inside a task: on the worker that runs it, until it has finished ---- */

/*
 * Set the task's reply, copied or with a transfer list, instead of an earlier
 * one. The submitter gets it with the result.
 *
 * Returns 0; WT_EINVAL; WT_EOWNER elsewhere; WT_EOVERFLOW; WT_ENOMEM; what
 * wt_port_send returns for a bad transfer list. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_task_reply(wt_task *task, const wt_outgoing *reply);

/* Send a message to the submitter's on_progress at once; dropped where it has none. Errors as wt_task_reply. */
WT_API WT_NODISCARD int wt_task_progress(wt_task *task, const wt_outgoing *message);

/* Whether the task was cancelled, or its worker is to end. One relaxed load or two. False elsewhere. */
WT_API bool wt_task_cancelled(const wt_task *task);

/*
 * Finish a task whose function has returned WT_TASK_PENDING, or is about to.
 * Handle and input are dead afterwards.
 *
 * Returns 0; WT_EINVAL for NULL or a result of WT_TASK_PENDING; WT_EOWNER where this thread does not
 * have that task.
 */
WT_API WT_NODISCARD int wt_task_finish(wt_task *task, int result);

/* ---- Many at once ---- */

typedef struct wt_range {
	size_t begin;
	size_t end;   /* not in it */
	size_t grain; /* the most that one call gets; 0: by the number of workers */
} wt_range;

/* Called with a part of the range, on workers and on the caller. 0, or an error that ends the map. */
typedef int wt_map_fn(size_t begin, size_t end, void *arg);

/*
 * Call fn(begin, end, arg) for all of the range, in parts of at most `grain`,
 * on this thread and as many workers as are free, and wait until all calls
 * have returned. Also inside a task of this pool. Any thread.
 *
 * Returns 0; the first error that fn returned, after which no more parts were
 * begun; WT_EWORKER when a worker ended in the middle of a part; WT_EINVAL;
 * WT_ENOMEM. WT_ETIMEDOUT (no part is begun after the deadline), WT_ETERMINATED:
 * calls of fn on workers may go on, with `arg`, after this has returned, and end with
 * those workers at the latest.
 */
WT_API WT_NODISCARD int wt_pool_map(wt_pool *pool, const wt_range *range, wt_map_fn *fn, void *arg, wt_time deadline);

/*
 * Call fn(state, arg) once on each worker that the pool has, between its
 * tasks, and wait until all have returned. Any thread but the pool's workers.
 *
 * Returns 0; WT_EAGAIN or WT_ETIMEDOUT: those that have not begun will not;
 * WT_ETERMINATED; WT_EDEADLK on a worker of the pool; WT_ECLOSED; WT_EINVAL;
 * WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_pool_each(wt_pool *pool, void (*fn)(void *state, void *arg), void *arg, wt_time deadline);

/* ---- Statistics ---- */

/* Of a time that many tasks took, ns. Quantiles are those of a histogram, at most a sixteenth too high. */
struct wt_pool_times {
	uint64_t count; /* of tasks; where tasks are short only one of up to 64 is timed, and counts for as many */
	int64_t min;
	int64_t mean;
	int64_t max;
	int64_t p50;
	int64_t p90;
	int64_t p99;
	int64_t p999;
};

struct wt_pool_stats {
	size_t size;          /* of this struct: set by the caller */
	unsigned workers;     /* online and initialised */
	unsigned idle;        /* of those, asleep */
	unsigned zombies;     /* terminated ones that have not ended */
	unsigned zero;
	size_t queued;        /* tasks that wait */
	size_t queued_bytes;  /* of their inputs; 0 where the queue has no limit */
	size_t running;       /* tasks that have begun and not finished */
	/* Since the pool was created, or wt_pool_reset_stats. */
	uint64_t submitted;
	uint64_t completed;   /* finished with 0 */
	uint64_t failed;      /* finished with anything else, but for the following */
	uint64_t cancelled;   /* with WT_ECANCELED */
	uint64_t timed_out;   /* with WT_ETIMEDOUT by their run timeout */
	uint64_t refused;     /* submits that found no room */
	uint64_t workers_started;
	uint64_t workers_failed; /* that ended by failure, whose init failed, or that could not be made */
	uint64_t recycled;
	double utilization;   /* time in tasks, of the time of all workers: 0 to 1 */
	struct wt_pool_times wait; /* from submit to start */
	struct wt_pool_times run;  /* from start to finish */
};

/*
 * Read the accounts of a pool. They go on while they are read. Any thread.
 * Returns 0; WT_EINVAL for NULL or an impossible size.
 */
WT_API WT_NODISCARD int wt_pool_stats(wt_pool *pool, struct wt_pool_stats *stats);

/* Count from now on. Any thread. */
WT_API void wt_pool_reset_stats(wt_pool *pool);

enum {
	WT_POOL_WAIT = 0, /* from submit to start */
	WT_POOL_RUN = 1   /* from start to finish */
};

/*
 * The time that `percent` of the tasks, 0 to 100, did not exceed, in *time, ns;
 * 0 where none was counted. Any thread. Returns 0; WT_EINVAL.
 */
WT_API WT_NODISCARD int wt_pool_percentile(wt_pool *pool, int which, double percent, int64_t *time);

WT_END_DECLS

#endif
