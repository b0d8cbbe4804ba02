/* SPDX-License-Identifier: MIT
 *
 * What a thread can ask about itself, and how a worker ends from within.
 */
#ifndef WT_THREAD_H
#define WT_THREAD_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* Whether this is the process's first thread. Any thread. */
WT_API bool wt_is_main_thread(void);

/* 0 for the main thread; every other thread has a number that is never used again. Any thread. */
WT_API uint64_t wt_thread_id(void);

/*
 * The worker's name; "main" on the main thread, "" on a thread that libwt did
 * not start. Lives as long as the thread. Any thread.
 */
WT_API const char *wt_thread_name(void);

/* The port to the thread that created this worker; NULL on any other thread. */
WT_API wt_port *wt_parent_port(void);

/* The workerData copied at create; NULL, and *size 0, on any other thread. `size` may be NULL. */
WT_API const void *wt_worker_data(size_t *size);

/*
 * The arguments that this worker was created with, its own copy, writable and
 * with a NULL behind the last, and their number in *argc, which may be NULL.
 * They last until the worker ends. NULL, and *argc 0, where it was given none,
 * and on any other thread.
 */
WT_API char **wt_argv(int *argc);

/*
 * Take what came with this worker's data at `index`, as wt_message_take_port
 * does. What it has not taken when it ends is destroyed.
 *
 * Return 0; WT_ENOTSUP outside of a worker; else as wt_message_take_port.
 */
WT_API WT_NODISCARD int wt_worker_data_take_port(size_t index, wt_port **port);
WT_API WT_NODISCARD int wt_worker_data_take_buffer(size_t index, wt_buffer **buffer);
WT_API WT_NODISCARD int wt_worker_data_take_sender(size_t index, wt_sender **sender);
WT_API WT_NODISCARD int wt_worker_data_take_shared(size_t index, wt_shared **shared);
WT_API WT_NODISCARD int wt_worker_data_take_fd(size_t index, int *fd);

/*
 * End this worker now, with this exit code: exit handlers and deferred
 * cleanups run, frames between here and the worker's entry are left by a
 * jump. On the main thread and foreign ones this is exit(code).
 */
WT_API WT_NORETURN void wt_exit(int code);

/* Why a worker failed. */
typedef struct wt_failure {
	int code;            /* the code given to wt_fail */
	const char *message; /* formatted, at most 255 bytes; lives as long as the worker's handle */
} wt_failure;

/*
 * End this worker as failed: its creator gets an error event, then exit with
 * code 1. `code` is a WT_E number or one of the program's own, not 0 (taken
 * as WT_EINVAL). On other threads: print the message to stderr and exit(1).
 */
WT_API WT_NORETURN void wt_fail(int code, const char *format, ...) WT_PRINTF(2, 3);

/* The exit code of a worker that returns 0 and never calls wt_exit. Ignored outside of a worker. */
WT_API void wt_set_exit_code(int code);
WT_API int wt_exit_code(void);

/*
 * Let `fn` see this worker's failure before its creator does. It may change
 * failure->code, and swallow the failure by making it 0: the worker then ends
 * as if it had returned 0. NULL removes it. Ignored outside of a worker.
 */
WT_API void wt_on_failure(void (*fn)(wt_failure *failure, void *arg), void *arg);

/*
 * Run `fn` when this worker ends by return, exit or failure, not when it is
 * terminated; the last one added runs first, before the deferred cleanups. It
 * may post, and change the exit code by wt_set_exit_code.
 *
 * Returns 0; WT_EINVAL for a NULL fn; WT_ENOTSUP outside of a worker, and in
 * its deferred cleanups; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_on_exit(void (*fn)(void *arg), void *arg);

/*
 * Run `fn` when this worker ends, however it ends; the last one added runs
 * first. Blocking calls in it return WT_ETERMINATED at once when the worker
 * is being terminated. The first 8 that are pending never fail.
 *
 * Returns 0; WT_EINVAL for a NULL fn; WT_ENOTSUP outside of a worker, and in
 * deleters at its end, after these; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_defer(void (*fn)(void *arg), void *arg);

/* Take the last deferred cleanup back, and run it now if `run`. Nothing happens where there is none. */
WT_API void wt_defer_pop(bool run);

/*
 * End this worker here if it is being terminated; else return. One relaxed
 * load, for the inside of long loops. Does nothing outside of a worker.
 */
WT_API void wt_checkpoint(void);

/* Whether this worker is being terminated; false outside of a worker. */
WT_API bool wt_terminating(void);

/*
 * Run fn(arg), which promises to be pure computation: it calls nothing of the
 * C library or of libwt, takes no lock, allocates nothing, opens nothing, and
 * what it writes is worthless until it returns. Terminating this worker jumps
 * out of it, anywhere in the middle. Outside of a worker it just runs.
 *
 * Returns 0 after fn returned; WT_ETERMINATED when this worker was told to end
 * before or meanwhile; WT_EBUSY inside of fn; WT_EINVAL for a NULL fn;
 * WT_ENOTSUP when the process had no signal left, and WT_EFORKED: fn did not run.
 */
WT_API WT_NODISCARD int wt_interruptible(void (*fn)(void *arg), void *arg);

/*
 * Sleep until `deadline`, never less. Any thread.
 *
 * Returns 0; WT_ETERMINATED as soon as this worker is being terminated;
 * WT_EINVAL for a negative deadline; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_sleep(wt_time deadline);

WT_END_DECLS

#endif
