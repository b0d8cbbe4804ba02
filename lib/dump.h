/* SPDX-License-Identifier: MIT
 *
 * The state of the library as text, a line for each object. It is written
 * while everybody works: what is described is kept by the lock under which it
 * was found, and of it only what may be read by any thread is looked at. The
 * locks are those of the registries, then the owner's of what a thread owns,
 * then of the object itself; nothing is allocated under them, and the program
 * is not called.
 *
 * dump.c         the whole of it: memory for it, its way into the stream
 * dump_thread.c  threads, workers; who owns what
 * dump_owned.c   ports, pools, broadcasts, timers
 * dump_signal.c  a dump whenever a signal comes
 */
#ifndef WTI_DUMP_H
#define WTI_DUMP_H

#include "base.h"
#include "text.h"

struct wti_thread;

/* The whole of it, in a block for wti_free. 0 or WT_ENOMEM. */
int wti_dump_make(struct wti_text *text);

/* All threads, then all workers, each with what it owns. `now`: CLOCK_MONOTONIC, ns. */
void wti_dump_threads(struct wti_text *text, int64_t now);

/* Under the locks by which the thread was found: what it owns. */
void wti_dump_owned(struct wti_text *text, struct wti_thread *thread, int64_t now);

/* A field: a time in ns, in seconds; an address, of `kind` where that is not NULL; yes or no. */
void wti_dump_seconds(struct wti_text *text, const char *name, int64_t time);
void wti_dump_address(struct wti_text *text, const char *name, const char *kind, const void *address);
void wti_dump_bool(struct wti_text *text, const char *name, bool value);

#endif
