/* SPDX-License-Identifier: MIT
 *
 * An explicit arena of jemalloc's with an explicit thread cache, so that the
 * program's own malloc never meets the blocks of a heap.
 *
 * libwt is not linked with jemalloc: Debian's has static TLS, with which no
 * library can be loaded by dlopen. The symbols are weak. They are there when
 * the program itself is linked with jemalloc, or has it preloaded.
 *
 * An arena that was used goes to the idle ones and is never destroyed: that
 * would lose 2 MiB of address space and a page for good each time (jemalloc
 * 5.3 retains the arena's own memory), while an idle one costs about 150 KiB.
 * There are as many as there once were heaps at the same time.
 */
#include "arena.h"

#ifdef WTI_JEMALLOC

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "atomic.h"
#include "base.h"
#include "mutex.h"

#pragma weak mallocx
#pragma weak rallocx
#pragma weak sallocx
#pragma weak dallocx
#pragma weak nallocx
#pragma weak mallctl

/* A heap that was larger gives its pages back at its end: about 50 us, and more with more of them. */
#define JEMALLOC_PURGE_ABOVE ((size_t)256 << 10)

struct jemalloc_arena {
	struct wti_arena arena;
	unsigned index;
	unsigned tcache;
	bool cached; /* by it; else there was no memory for one, and the heap does without */
	int flags;   /* what of these there is, as jemalloc's calls take it */
	struct jemalloc_arena *next; /* under the lock: of the idle ones */
};

static struct wti_mutex jemalloc_lock = WTI_MUTEX_INIT(WTI_RANK_ARENA);
static struct jemalloc_arena *jemalloc_idle; /* under the lock; used last, taken first */

static const struct wti_arena_ops jemalloc_ops;

static struct jemalloc_arena *jemalloc_of(const struct wti_arena *arena)
{
	return wti_container_of(arena, struct jemalloc_arena, arena);
}

/* ---- Begin ---- */

static int jemalloc_read(const char *name, void *value, size_t size)
{
	return mallctl(name, value, &size, NULL, 0);
}

static bool jemalloc_make(struct jemalloc_arena *arena)
{
	if (jemalloc_read("arenas.create", &arena->index, sizeof arena->index) != 0)
		return false;
	arena->arena.ops = &jemalloc_ops;
	return true;
}

static struct jemalloc_arena *jemalloc_create(void)
{
	struct jemalloc_arena *arena = wti_alloc_zeroed(sizeof *arena);

	if (arena && !jemalloc_make(arena)) {
		wti_free(arena);
		return NULL;
	}
	return arena;
}

static struct jemalloc_arena *jemalloc_take_idle(void)
{
	struct jemalloc_arena *arena;

	wti_mutex_lock(&jemalloc_lock);
	arena = jemalloc_idle;
	if (arena)
		jemalloc_idle = arena->next;
	wti_mutex_unlock(&jemalloc_lock);
	return arena;
}

/*
 * For one heap. A cache that was flushed would be made again at its next use,
 * where jemalloc 5.3 has no way to say that memory is short, and aborts at the
 * use that follows.
 */
static void jemalloc_open_cache(struct jemalloc_arena *arena)
{
	arena->cached = jemalloc_read("tcache.create", &arena->tcache, sizeof arena->tcache) == 0;
	arena->flags = MALLOCX_ARENA(arena->index) |
		       (arena->cached ? MALLOCX_TCACHE(arena->tcache) : MALLOCX_TCACHE_NONE);
}

static struct wti_arena *jemalloc_begin(void)
{
	int saved = errno;
	struct jemalloc_arena *arena = jemalloc_take_idle();

	if (!arena)
		arena = jemalloc_create();
	if (arena)
		jemalloc_open_cache(arena);
	errno = saved;
	return arena ? &arena->arena : NULL;
}

/* ---- End ---- */

static int jemalloc_command(const struct jemalloc_arena *arena, const char *command)
{
	char name[40];

	snprintf(name, sizeof name, "arena.%u.%s", arena->index, command);
	return mallctl(name, NULL, NULL, NULL, 0);
}

/* The cache first: it may hold blocks of the arena. */
static bool jemalloc_empty(struct jemalloc_arena *arena)
{
	return (!arena->cached ||
		mallctl("tcache.destroy", NULL, NULL, &arena->tcache, sizeof arena->tcache) == 0) &&
	       jemalloc_command(arena, "reset") == 0;
}

static void jemalloc_end(struct wti_arena *base, size_t peak)
{
	struct jemalloc_arena *arena = jemalloc_of(base);
	int saved = errno;

	if (jemalloc_empty(arena)) {
		if (peak > JEMALLOC_PURGE_ABOVE)
			jemalloc_command(arena, "purge");
		wti_mutex_lock(&jemalloc_lock);
		arena->next = jemalloc_idle;
		jemalloc_idle = arena;
		wti_mutex_unlock(&jemalloc_lock);
	}
	errno = saved;
}

/* ---- Blocks ---- */

static size_t jemalloc_size_for(size_t size)
{
	return size > WTI_SIZE_MAX ? 0 : nallocx(size ? size : 1, 0);
}

static size_t jemalloc_size_of(const void *block)
{
	return sallocx(block, 0);
}

static void *jemalloc_alloc(struct wti_arena *base, size_t size, bool zeroed)
{
	int saved = errno;
	void *block = mallocx(size ? size : 1, jemalloc_of(base)->flags | (zeroed ? MALLOCX_ZERO : 0));

	errno = saved;
	return block;
}

static void *jemalloc_resize(struct wti_arena *base, void *block, size_t size)
{
	int saved = errno;
	void *resized = rallocx(block, size ? size : 1, jemalloc_of(base)->flags);

	errno = saved;
	return resized;
}

static void jemalloc_free(struct wti_arena *base, void *block)
{
	int saved = errno;

	dallocx(block, jemalloc_of(base)->flags);
	errno = saved;
}

static bool jemalloc_owns(const struct wti_arena *base, const void *block)
{
	unsigned index = 0;
	size_t size = sizeof index;

	return mallctl("arenas.lookup", &index, &size, &block, sizeof block) == 0 && index == jemalloc_of(base)->index;
}

static const struct wti_arena_ops jemalloc_ops = {
	.name = "jemalloc",
	.begin = jemalloc_begin,
	.end = jemalloc_end,
	.size_for = jemalloc_size_for,
	.size_of = jemalloc_size_of,
	.alloc = jemalloc_alloc,
	.resize = jemalloc_resize,
	.free = jemalloc_free,
	.owns = jemalloc_owns,
};

/* ---- Whether there is one ---- */

/* All of the calls, and a version that can reset arenas and make them by this name. */
static bool jemalloc_usable(void)
{
	const char *version = NULL;

	return mallocx && rallocx && sallocx && dallocx && nallocx && mallctl &&
	       jemalloc_read("version", &version, sizeof version) == 0 && strtol(version, NULL, 10) >= 5;
}

const struct wti_arena_ops *wti_arena_jemalloc(void)
{
	static _Atomic(int) known; /* 0: not asked yet; else 1 no, 2 yes */
	int usable = wti_load(&known);

	if (!usable) {
		usable = jemalloc_usable() ? 2 : 1;
		wti_store(&known, usable);
	}
	return usable == 2 ? &jemalloc_ops : NULL;
}

#else

#include <stddef.h>

const struct wti_arena_ops *wti_arena_jemalloc(void)
{
	return NULL;
}

#endif
