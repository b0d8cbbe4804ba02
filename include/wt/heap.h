/* SPDX-License-Identifier: MIT
 *
 * A heap for each thread. What a worker allocates here is its own, counts
 * against its heap_limit, and goes with it: all of it is freed when the
 * worker has ended, however it ends.
 *
 * On the main thread, and on threads that libwt did not start, the same calls
 * work, without a limit; the heap goes when the thread ends. Blocks that are
 * to outlive their thread, or to be freed on another one, are not for these
 * calls: a debug build aborts where a block is freed or resized on a thread
 * that did not allocate it.
 */
#ifndef WT_HEAP_H
#define WT_HEAP_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/*
 * Allocate `size` bytes, aligned for any type that fits; wt_calloc allocates
 * count * size, all zero. Also 0 bytes have an address of their own. The block
 * is the calling thread's until wt_free, or the thread's end.
 *
 * NULL when the worker's heap_limit or the system's memory does not suffice,
 * and nothing has changed: a worker that cannot go on without says so by
 * wt_fail(WT_ENOMEM, ...). Any thread.
 */
WT_API WT_NODISCARD void *wt_alloc(size_t size);
WT_API WT_NODISCARD void *wt_calloc(size_t count, size_t size);

/*
 * Make a block larger or smaller, also 0 bytes, and move it if need be; its
 * bytes are kept, up to the smaller size. NULL for `block` allocates. Returns
 * the block, or NULL as wt_alloc does: the old one is then as it was. The
 * thread that allocated the block.
 */
WT_API WT_NODISCARD void *wt_realloc(void *block, size_t size);

/* Give a block back. NULL is ignored. The thread that allocated the block. */
WT_API void wt_free(void *block);

/* A copy of the string, to be given back by wt_free; NULL as wt_alloc does, and for NULL. Any thread. */
WT_API WT_NODISCARD char *wt_strdup(const char *string);

struct wt_heap_stats {
	size_t size;          /* of this struct: set by the caller */
	size_t now;           /* bytes in blocks, each rounded up to what the allocator hands out for it */
	size_t peak;          /* the most that `now` was */
	size_t limit;         /* the worker's heap_limit, which `now` does not exceed; 0: without */
	uint64_t allocations; /* blocks handed out */
	uint64_t frees;       /* blocks given back */
	uint64_t refused;     /* calls that returned NULL for want of memory */
};

/* Read the accounts of the calling thread's heap. Returns 0, or WT_EINVAL for NULL or an impossible size. Any thread. */
WT_API WT_NODISCARD int wt_heap_stats(struct wt_heap_stats *stats);

/*
 * Where the blocks come from: "jemalloc", an arena of its own for each
 * thread, when the program is linked with jemalloc and libwt was built for it;
 * else "libc", malloc's blocks in a list. The string is static. Any thread.
 */
WT_API const char *wt_heap_backend(void);

WT_END_DECLS

#endif
