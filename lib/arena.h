/* SPDX-License-Identifier: MIT
 *
 * Where the blocks of one thread's heap come from (heap.h keeps the
 * accounts). An arena is used by one thread alone, and its end takes back
 * all of its blocks at once.
 *
 * arena_jemalloc.c  an arena of jemalloc's, where the program has jemalloc
 * arena_libc.c      blocks of the library's own allocator, in a list
 *
 * No call changes errno.
 */
#ifndef WTI_ARENA_H
#define WTI_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct wti_arena;

struct wti_arena_ops {
	const char *name;
	struct wti_arena *(*begin)(void); /* NULL: no memory, or no arena left */
	/* Free it with all of its blocks. `peak`: the most bytes that they ever had. */
	void (*end)(struct wti_arena *arena, size_t peak);
	size_t (*size_for)(size_t size); /* bytes that a block takes which is asked for with this size; 0: too many */
	size_t (*size_of)(const void *block); /* bytes that it takes: size_for the size it was asked for with */
	/* Sizes are those for which size_for is not 0. NULL: no memory. */
	void *(*alloc)(struct wti_arena *arena, size_t size, bool zeroed);
	void *(*resize)(struct wti_arena *arena, void *block, size_t size); /* NULL: the block is as it was */
	void (*free)(struct wti_arena *arena, void *block);
	bool (*owns)(const struct wti_arena *arena, const void *block); /* a block of this or another arena of its kind */
};

/* The part that both kinds begin with. */
struct wti_arena {
	const struct wti_arena_ops *ops;
};

extern const struct wti_arena_ops wti_arena_libc;

/* NULL where the program has no jemalloc, or the library was built without. */
const struct wti_arena_ops *wti_arena_jemalloc(void);

#endif
