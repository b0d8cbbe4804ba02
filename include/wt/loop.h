/* SPDX-License-Identifier: MIT
 *
 * The calling thread's event loop: it calls the handlers of the ports and
 * workers that this thread owns. Every thread has one; all of these calls
 * speak of the caller's own.
 */
#ifndef WT_LOOP_H
#define WT_LOOP_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * Call handlers until nothing ref'd is left or wt_stop is called. A worker
 * that lives on handlers ends its entry with `return wt_run();`.
 *
 * Returns 0; WT_ETERMINATED when this worker is being terminated; WT_EBUSY
 * inside a callback; WT_ENOMEM when the thread could not be given a loop.
 */
WT_API WT_NODISCARD int wt_run(void);

/*
 * Call the handlers of what is ready; when nothing is, wait for something
 * until `deadline`. Returns the number of handlers called; 0 when nothing
 * ref'd is left to wait for; WT_EAGAIN (WT_NOW) or WT_ETIMEDOUT when nothing
 * became ready; else as wt_run, and WT_EINVAL.
 */
WT_API WT_NODISCARD int wt_run_once(wt_time deadline);

/* Make this thread's wt_run return after the present callback, or its next one return at once. */
WT_API void wt_stop(void);

/* Whether anything ref'd is left for wt_run to wait for. */
WT_API bool wt_loop_alive(void);

/*
 * A descriptor that polls readable, level-triggered, while handlers are ready
 * to be called, and when what was ref'd last goes away outside of them: put it
 * into the program's own loop and call wt_run_once(WT_NOW) when it is readable.
 * It belongs to libwt and closes with the thread; do not read, write or close it.
 *
 * Returns 0; WT_EINVAL; WT_ENOMEM; WT_ENOTSUP; or the negative errno for
 * which no descriptor could be made.
 */
WT_API WT_NODISCARD int wt_loop_fd(int *fd);

WT_END_DECLS

#endif
