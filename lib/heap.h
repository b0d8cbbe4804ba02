/* SPDX-License-Identifier: MIT
 *
 * The heap of one thread: an arena, made when the thread first asks for a
 * block, the accounts of what was handed out, and the limit that they are
 * held against. It lies in the thread's record, and ends with the thread,
 * after everything else that might still use its blocks.
 *
 * The limit is exact because it is counted here, in what each block really
 * takes, before the arena is asked.
 */
#ifndef WTI_HEAP_H
#define WTI_HEAP_H

#include <wt/heap.h>

#include "atomic.h"

struct wti_arena;

struct wti_thread_heap {
	/* Set before the thread runs. */
	size_t limit; /* bytes; 0: without */

	/* Owner only. */
	struct wti_arena *arena; /* NULL: nothing was asked for, or all is freed */

	/* Atomic: written by the owner, read by any thread, each for itself; kept after the end. */
	_Atomic(size_t) now;  /* bytes in blocks; after the end, those that the end took back */
	_Atomic(size_t) peak;
	_Atomic(uint64_t) allocations;
	_Atomic(uint64_t) frees;
	_Atomic(uint64_t) refused;
};

#endif
