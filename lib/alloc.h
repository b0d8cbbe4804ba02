/* SPDX-License-Identifier: MIT
 *
 * The allocation seam: all memory of the library itself comes from here, so
 * that a test can count the calls or fail the n-th.
 */
#ifndef WTI_ALLOC_H
#define WTI_ALLOC_H

#include <stddef.h>

#include "seam.h"

struct wti_alloc_ops {
	void *(*alloc)(size_t size);
	void *(*alloc_zeroed)(size_t size);
	void *(*resize)(void *block, size_t size); /* NULL: no memory, and the block is as it was; size is not 0 */
	void (*free)(void *block); /* NULL is ignored */
};

/* The table in use; a test puts its own here while nothing is allocated, or one that frees alike. */
extern const struct wti_alloc_ops *WTI_REPLACED wti_heap;
extern const struct wti_alloc_ops wti_heap_libc;

static inline void *wti_alloc(size_t size)
{
	return wti_heap->alloc(size);
}

static inline void *wti_alloc_zeroed(size_t size)
{
	return wti_heap->alloc_zeroed(size);
}

static inline void *wti_resize(void *block, size_t size)
{
	return wti_heap->resize(block, size);
}

static inline void wti_free(void *block)
{
	wti_heap->free(block);
}

/* Zeroed, and aligned to a cache line; to be freed by wti_free_lines. */
void *wti_alloc_lines(size_t size);
void wti_free_lines(void *block);

/*
 * The same for blocks of which there may be thousands, and few of them busy: of those that lie whole pages apart, as
 * every so many-th does, not all begin at the same place of a page. All such places share one set of the nearest cache,
 * which has room for some twelve lines, and to the processor a load there is one of what the other block stores.
 * Kept because it measures better: where every 256th of 4096 ports was busy, 16 of them, messages went from 13 million
 * a second to 17, as many as with any other 16.
 */
void *wti_alloc_lines_apart(size_t size);

#endif
