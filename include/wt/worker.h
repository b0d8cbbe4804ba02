/* SPDX-License-Identifier: MIT
 *
 * Workers: threads that share nothing by accident, talk to their creator
 * through a channel, and end cleanly.
 *
 * Posting, join, terminate, id and name are for any thread that knows the
 * worker to exist; handlers, ref/unref and destroy belong to its creator.
 */
#ifndef WT_WORKER_H
#define WT_WORKER_H

#include <wt/base.h>
#include <wt/environment.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * A worker's program. `parent` is its port to the creator, `data` its own
 * copy of workerData (aligned for any type; NULL when size is 0). The return
 * value is the exit code; negative WT_E numbers are as good as any other.
 */
typedef int wt_entry(wt_port *parent, const void *data, size_t size);

enum {
	WT_THREAD = 0, /* a thread of this process */
	WT_PROCESS = 1 /* a process of its own: WT_ENOTSUP as yet */
};

/* Zero means the default in every field. */
typedef struct wt_worker_options {
	size_t size;       /* of this struct: set by WT_WORKER_OPTIONS or wt_worker_options_init */
	const char *name;  /* copied; the system shows its first 15 bytes; default "worker-<id>" */
	size_t stack_size; /* bytes, rounded up to pages; default the system's; WT_EINVAL below its minimum */
	size_t heap_limit; /* bytes of the worker's heap (wt/heap.h) at the most; default no limit */
	const wt_channel_options *channel; /* of the channel between creator and worker */
	int64_t destroy_timeout; /* nanoseconds that wt_worker_destroy waits for the end; default 1 s */
	int isolation;     /* WT_THREAD */
	bool fresh_thread; /* a thread of its own: default may be one that an earlier worker left */
	const wt_transfer *transfer; /* what goes along with workerData (wt/transfer.h); may be NULL */
	size_t transfer_count;       /* at most 65536 */
	int cpu;           /* WT_CPU(n): only on processor n; default where its creator may run */
	int nice;          /* -20 to 19, as in setpriority(2); default that of its creator */
	const char *const *env; /* "NAME=value", ..., NULL: copied; or WT_SHARE_ENV; default a copy of the creator's */
	bool capture_stdout; /* its wt_stdout() leads to wt_worker_on_stdout; default descriptor 1 */
	bool capture_stderr; /* its wt_stderr() to wt_worker_on_stderr; default descriptor 2 */
	bool feed_stdin;     /* its wt_stdin() reads what wt_worker_feed_stdin feeds; default the end of the file */
	int argc;            /* strings in argv */
	char *const *argv;   /* copied for its wt_argv() */
} wt_worker_options;

/* Processor n, counted from 0, as options have it: in them, 0 is none. */
#define WT_CPU(n) ((n) + 1)

#ifndef __cplusplus
#define WT_WORKER_OPTIONS(...) (&(const wt_worker_options){ .size = sizeof(wt_worker_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_worker_options_init(wt_worker_options *options);

/*
 * Start a worker that runs `entry` with a copy of `size` bytes at `data`. The
 * calling thread becomes its owner: the handlers below are called by this
 * thread's loop, which the worker keeps alive until its exit is delivered.
 *
 * Returns 0; WT_EINVAL (NULL worker or entry, NULL data with a size, a
 * negative destroy_timeout or cpu, a nice value or a stack that the system
 * does not know, something in env that is not a variable, a negative argc or
 * a NULL among so many elements of argv); WT_E2BIG;
 * WT_EOVERFLOW; WT_ENOTSUP for WT_PROCESS; WT_ETERMINATED when the calling
 * worker is being terminated; WT_ENOMEM; WT_EAGAIN when the system has no thread
 * left; what wt_port_send returns for a bad transfer list. On failure *worker is
 * NULL and nothing was started.
 */
WT_API WT_NODISCARD int wt_worker_create(wt_worker **worker, wt_entry *entry, const void *data, size_t size,
					 const wt_worker_options *options);

/*
 * The events, in this order: online once, messages, error at most once, exit
 * once and last. NULL removes a handler. Without a handler for error a
 * failure is written to stderr in one line; without one for messages they
 * wait in wt_worker_port. Creator.
 */
WT_API void wt_worker_on_online(wt_worker *worker, void (*fn)(wt_worker *worker, void *arg), void *arg);
WT_API void wt_worker_on_message(wt_worker *worker, void (*fn)(wt_worker *worker, wt_message *message, void *arg),
				 void *arg);
WT_API void wt_worker_on_message_error(wt_worker *worker, void (*fn)(wt_worker *worker, int error, void *arg),
				       void *arg);
WT_API void wt_worker_on_error(wt_worker *worker, void (*fn)(wt_worker *worker, const wt_failure *failure, void *arg),
			       void *arg);
WT_API void wt_worker_on_exit(wt_worker *worker, void (*fn)(wt_worker *worker, int code, void *arg), void *arg);

/*
 * What a worker writes to its wt_stdout() or wt_stderr() where its creator
 * captures that: `fn` is called with each piece, in order, and with the last
 * before the error and exit events. The bytes are valid until it returns. NULL
 * removes the handler; without one they wait in wt_worker_stdout and
 * wt_worker_stderr. Ignored where it is not captured. Creator.
 */
WT_API void wt_worker_on_stdout(wt_worker *worker,
				void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg), void *arg);
WT_API void wt_worker_on_stderr(wt_worker *worker,
				void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg), void *arg);

/*
 * The port at which it arrives, a message for each piece, to be received from
 * instead: WT_ECLOSED after the last. It lives until wt_worker_destroy and is not
 * to be closed. NULL for NULL, and where it is not captured. Any thread; the
 * port is the creator's.
 */
WT_API wt_port *wt_worker_stdout(wt_worker *worker);
WT_API wt_port *wt_worker_stderr(wt_worker *worker);

/*
 * Let the worker read a copy of `size` bytes from its wt_stdin(), after what it
 * was fed before; or, once it has read all, the end of the file. Never waits.
 * Any thread; what one thread feeds while another ends may not be read.
 *
 * Return 0, for an end also where it was ended before, or the worker has;
 * WT_EINVAL for NULL, also with a size; WT_ENOTSUP without the option
 * feed_stdin; WT_ECLOSED for what the worker will not read any more; WT_EOVERFLOW;
 * WT_ENOMEM. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_worker_feed_stdin(wt_worker *worker, const void *data, size_t size);
WT_API WT_NODISCARD int wt_worker_end_stdin(wt_worker *worker);

/* Post to the worker: wt_port_post on wt_worker_port(worker). Any thread. */
WT_API WT_NODISCARD int wt_worker_post(wt_worker *worker, const void *data, size_t size);

/* The creator's end of the channel; it lives until wt_worker_destroy and is not to be closed. NULL for NULL. */
WT_API wt_port *wt_worker_port(wt_worker *worker);

/*
 * Wait until the worker has ended, and read its exit code (`code` may be
 * NULL). Delivers no events and consumes none; may be called again. Any
 * thread but the worker itself, for which it is WT_EDEADLK.
 *
 * Returns 0; WT_EAGAIN or WT_ETIMEDOUT while it runs; WT_ETERMINATED when the
 * caller is itself being terminated; WT_EINVAL; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_worker_join(wt_worker *worker, int *code, wt_time deadline);

/*
 * Tell the worker to end, and wait for it as wt_worker_join does. Its blocked
 * libwt calls return WT_ETERMINATED, wt_checkpoint ends it, wt_interruptible
 * is left, and blocking system calls fail with EINTR, by a signal that comes
 * again every 10 ms until it has ended. Exit handlers are skipped, and its
 * exit code is 1 unless it had begun to end by itself. WT_ETIMEDOUT: it meets
 * none of these, nothing is lost, and its exit will be told if it ends. On
 * the worker itself the call does not wait: it returns 0 and the worker ends
 * at its next checkpoint or blocking call. Errors as wt_worker_join.
 */
WT_API WT_NODISCARD int wt_worker_terminate(wt_worker *worker, wt_time deadline);

/*
 * Terminate, wait for at most the destroy_timeout, and free. A worker that
 * has not ended by then keeps what it needs and frees it at its end. No
 * handler is called once this has returned. In the worker's own callbacks the
 * wait and the rest happen when the callback returns. NULL is ignored. Creator.
 */
WT_API void wt_worker_destroy(wt_worker *worker);

/* Why the worker failed. Returns 0; WT_EAGAIN when it has not ended, or not by failure; WT_EINVAL. Any thread. */
WT_API WT_NODISCARD int wt_worker_failure(wt_worker *worker, wt_failure *failure);

/* Whether the worker keeps its creator's wt_run from returning. Creator. */
WT_API void wt_worker_ref(wt_worker *worker);
WT_API void wt_worker_unref(wt_worker *worker);
WT_API bool wt_worker_has_ref(const wt_worker *worker);

/* The worker's thread id, as it reads in wt_thread_id; 0 for NULL. Any thread. */
WT_API uint64_t wt_worker_id(const wt_worker *worker);

/* The worker's name; "" for NULL. Lives as long as the handle. Any thread. */
WT_API const char *wt_worker_name(const wt_worker *worker);

/*
 * Call `fn` for each worker that this process creates from now on, nested
 * ones as well: on the creating thread, when the worker exists and before
 * wt_worker_create returns. It may do what the worker's creator may, but not
 * destroy it. A pool's workers are created on a thread of the pool's, which it
 * must not end (wt_exit, wt_fail, wt_checkpoint). Several are called in the order in which they were set. Any thread.
 *
 * Returns 0; WT_EINVAL for a NULL fn; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_on_worker_created(void (*fn)(wt_worker *worker, void *arg), void *arg);

/*
 * Take back what was set with these arguments, the latest if that was done
 * several times. A call that has begun on another thread may still be
 * running afterwards. Any thread.
 */
WT_API void wt_off_worker_created(void (*fn)(wt_worker *worker, void *arg), void *arg);

WT_END_DECLS

#endif
