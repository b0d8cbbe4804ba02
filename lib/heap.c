/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "fork.h"
#include "thread.h"

static const struct wti_arena_ops *heap_kind(void)
{
	const struct wti_arena_ops *jemalloc = wti_arena_jemalloc();

	return jemalloc ? jemalloc : &wti_arena_libc;
}

/* ---- Begin and end ---- */

static void heap_end(struct wti_thread *self)
{
	struct wti_arena *arena = self->heap.arena;

	self->heap.arena = NULL;
	self->end[WTI_END_HEAP] = NULL;
	arena->ops->end(arena, wti_load(&self->heap.peak));
}

static WTI_COLD bool heap_begin(struct wti_thread *self)
{
	const struct wti_arena_ops *kind = heap_kind();

	self->heap.arena = kind->begin();
	if (!self->heap.arena && kind != &wti_arena_libc)
		self->heap.arena = wti_arena_libc.begin(); /* jemalloc has 4,086 arenas, and threads may be more */
	if (!self->heap.arena)
		return false;
	self->end[WTI_END_HEAP] = heap_end;
	return true;
}

/* ---- Accounts ---- */

/* Only the owner writes: a load and a store, no read-modify-write. */
static void heap_count(_Atomic(uint64_t) *counter)
{
	wti_store(counter, wti_load(counter) + 1);
}

static void *heap_refuse(struct wti_thread_heap *heap)
{
	heap_count(&heap->refused);
	return NULL;
}

/* Whether blocks of `more` bytes may take the place of `less`. Sizes are far below overflow. */
static bool heap_has_room(const struct wti_thread_heap *heap, size_t less, size_t more)
{
	return !heap->limit || more <= less || wti_load(&heap->now) - less + more <= heap->limit;
}

static void heap_account(struct wti_thread_heap *heap, size_t less, size_t more)
{
	size_t now = wti_load(&heap->now) - less + more;

	wti_store(&heap->now, now);
	if (now > wti_load(&heap->peak))
		wti_store(&heap->peak, now);
}

/* ---- Blocks ---- */

static void *heap_alloc(size_t size, bool zeroed)
{
	struct wti_thread *self = wti_thread_self();
	struct wti_thread_heap *heap;
	const struct wti_arena_ops *ops;
	size_t taken;
	void *block;

	if (!self)
		return NULL;
	heap = &self->heap;
	if (!heap->arena && !heap_begin(self))
		return heap_refuse(heap);
	ops = heap->arena->ops;
	taken = ops->size_for(size);
	if (!taken || !heap_has_room(heap, 0, taken))
		return heap_refuse(heap);
	block = ops->alloc(heap->arena, size, zeroed);
	if (!block)
		return heap_refuse(heap);
	heap_account(heap, 0, taken);
	heap_count(&heap->allocations);
	return block;
}

#ifdef WTI_DEBUG
static void heap_check_own(const struct wti_arena *arena, const void *block, const char *caller)
{
	if (arena && arena->ops->owns(arena, block))
		return;
	fprintf(stderr, "libwt: %s: the block is not of this thread's heap\n", caller);
	abort();
}
#else
static void heap_check_own(const struct wti_arena *arena, const void *block, const char *caller)
{
	(void)arena;
	(void)block;
	(void)caller;
}
#endif

/* The heap that a block is to be given back to or resized in; NULL where the thread has none. */
static struct wti_thread_heap *heap_of(const void *block, const char *caller)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_arena *arena = self ? self->heap.arena : NULL;

	heap_check_own(arena, block, caller);
	return arena ? &self->heap : NULL;
}

static void *heap_resize(struct wti_thread_heap *heap, void *block, size_t size)
{
	const struct wti_arena_ops *ops = heap->arena->ops;
	size_t before = ops->size_of(block);
	size_t after = ops->size_for(size);
	void *resized;

	if (!after || !heap_has_room(heap, before, after))
		return heap_refuse(heap);
	resized = ops->resize(heap->arena, block, size);
	if (!resized)
		return heap_refuse(heap);
	heap_account(heap, before, after);
	return resized;
}

void *wt_alloc(size_t size)
{
	return heap_alloc(size, false);
}

void *wt_calloc(size_t count, size_t size)
{
	size_t total;

	/* Too large to be said: too large to be had. */
	return heap_alloc(__builtin_mul_overflow(count, size, &total) ? SIZE_MAX : total, true);
}

void *wt_realloc(void *block, size_t size)
{
	struct wti_thread_heap *heap;

	if (!block || wti_forked())
		return heap_alloc(size, false);
	heap = heap_of(block, "wt_realloc");
	return heap ? heap_resize(heap, block, size) : NULL;
}

void wt_free(void *block)
{
	struct wti_thread_heap *heap;

	if (!block || wti_forked())
		return;
	heap = heap_of(block, "wt_free");
	if (!heap)
		return;
	heap_account(heap, heap->arena->ops->size_of(block), 0);
	heap_count(&heap->frees);
	heap->arena->ops->free(heap->arena, block);
}

char *wt_strdup(const char *string)
{
	size_t size;
	char *copy;

	if (!string)
		return NULL;
	size = strlen(string) + 1;
	copy = wt_alloc(size);
	return copy ? memcpy(copy, string, size) : NULL;
}

/* ---- What is known of it ---- */

static void heap_read(const struct wti_thread_heap *heap, struct wt_heap_stats *stats)
{
	stats->now = wti_load(&heap->now);
	stats->peak = wti_load(&heap->peak);
	stats->limit = heap->limit;
	stats->allocations = wti_load(&heap->allocations);
	stats->frees = wti_load(&heap->frees);
	stats->refused = wti_load(&heap->refused);
}

int wt_heap_stats(struct wt_heap_stats *stats)
{
	const struct wti_thread *self = wti_thread_peek();
	struct wt_heap_stats read = { 0 };

	if (wti_forked())
		return WT_EFORKED;
	if (self)
		heap_read(&self->heap, &read);
	return wti_snapshot_write(stats, &read, sizeof read);
}

const char *wt_heap_backend(void)
{
	return heap_kind()->name;
}
