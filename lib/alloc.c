/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base.h"
#include "hash.h"

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

const struct wti_alloc_ops *WTI_REPLACED wti_heap = &wti_heap_libc;

enum {
	ALLOC_PAGE = 4096,
	ALLOC_COLOURS_LOG = 2, /* of the lines by which a block may be moved: 0 to 3 */
	ALLOC_SKIP_MAX = ((1 << ALLOC_COLOURS_LOG) - 1) * WTI_CACHE_LINE /* bytes */
};

/*
 * Enough for `size` bytes from the first line on, or from one up to `skip` bytes behind it. calloc and a shift rather
 * than aligned_alloc and memset: large blocks come from the system zeroed, and their pages are then not touched until
 * used.
 */
static void *alloc_raw(size_t size, size_t skip)
{
	return size > WTI_SIZE_MAX ? NULL : wti_alloc_zeroed(sizeof(void *) + WTI_CACHE_LINE + skip + size);
}

/* The first line in what was allocated, and so many bytes on. The word before it remembers what to free. */
static void *alloc_lines(void *raw, size_t skip)
{
	uintptr_t block = wti_round_up((uintptr_t)raw + sizeof raw, WTI_CACHE_LINE) + skip;

	((void **)block)[-1] = raw;
	return (void *)block;
}

void *wti_alloc_lines(size_t size)
{
	void *raw = alloc_raw(size, 0);

	return raw ? alloc_lines(raw, 0) : NULL;
}

/* The colours of slabs (Bonwick), by the number of the page: this hash spreads what lies at equal distances. */
void *wti_alloc_lines_apart(size_t size)
{
	void *raw = alloc_raw(size, ALLOC_SKIP_MAX);

	if (!raw)
		return NULL;
	return alloc_lines(raw, WTI_CACHE_LINE * wti_hash_bucket((uintptr_t)raw / ALLOC_PAGE, ALLOC_COLOURS_LOG));
}

void wti_free_lines(void *block)
{
	if (block)
		wti_free(((void **)block)[-1]);
}
