/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base.h"

/*
 * clang holds that malloc and its kin leave errno alone, and drops a store that
 * would restore it; not for a function that it cannot know.
 */
static void *(*const volatile libc_malloc)(size_t size) = malloc;
static void *(*const volatile libc_calloc)(size_t count, size_t size) = calloc;
static void *(*const volatile libc_realloc)(void *block, size_t size) = realloc;

static void *libc_alloc(size_t size)
{
	int saved = errno;
	void *block = libc_malloc(size);

	errno = saved; /* the program's, not ours to change */
	return block;
}

static void *libc_alloc_zeroed(size_t size)
{
	int saved = errno;
	void *block = libc_calloc(1, size);

	errno = saved;
	return block;
}

static void *libc_resize(void *block, size_t size)
{
	int saved = errno;
	void *resized = libc_realloc(block, size);

	errno = saved;
	return resized;
}

static void libc_free(void *block)
{
	free(block);
}

const struct wti_alloc_ops wti_heap_libc = {
	.alloc = libc_alloc,
	.alloc_zeroed = libc_alloc_zeroed,
	.resize = libc_resize,
	.free = libc_free,
};

const struct wti_alloc_ops *wti_heap = &wti_heap_libc;

/*
 * calloc and a shift rather than aligned_alloc and memset: large blocks come
 * from the system zeroed, and their pages are then not touched until used.
 * The word before the block remembers what to free.
 */
void *wti_alloc_lines(size_t size)
{
	void *raw;
	uintptr_t block;

	if (size > WTI_SIZE_MAX)
		return NULL;
	raw = wti_alloc_zeroed(size + WTI_CACHE_LINE + sizeof raw);
	if (!raw)
		return NULL;
	block = wti_round_up((uintptr_t)raw + sizeof raw, WTI_CACHE_LINE);
	((void **)block)[-1] = raw;
	return (void *)block;
}

void wti_free_lines(void *block)
{
	if (block)
		wti_free(((void **)block)[-1]);
}
