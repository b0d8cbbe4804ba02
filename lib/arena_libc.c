/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdalign.h>

#include "alloc.h"
#include "base.h"
#include "list.h"

struct libc_arena {
	struct wti_arena arena;
	struct wti_list blocks; /* all that are not free: libc_block.link */
};

/* In front of each block. */
struct libc_block {
	alignas(max_align_t) struct wti_list link;
	struct libc_arena *owner;
	size_t size;
};

static struct libc_block *libc_block_of(const void *block)
{
	return (struct libc_block *)block - 1;
}

static struct libc_arena *libc_arena_of(const struct wti_arena *arena)
{
	return wti_container_of(arena, struct libc_arena, arena);
}

static struct wti_arena *libc_begin(void)
{
	struct libc_arena *arena = wti_alloc(sizeof *arena);

	if (!arena)
		return NULL;
	arena->arena.ops = &wti_arena_libc;
	wti_list_init(&arena->blocks);
	return &arena->arena;
}

static void libc_end(struct wti_arena *base, size_t peak)
{
	struct libc_arena *arena = libc_arena_of(base);
	struct wti_list *link;

	(void)peak;
	while ((link = wti_list_pop(&arena->blocks)))
		wti_free(wti_list_entry(link, struct libc_block, link));
	wti_free(arena);
}

static size_t libc_size_for(size_t size)
{
	if (size > WTI_SIZE_MAX)
		return 0;
	return size ? wti_round_up(size, alignof(max_align_t)) : alignof(max_align_t);
}

static size_t libc_size_of(const void *block)
{
	return libc_block_of(block)->size;
}

static void *libc_alloc(struct wti_arena *base, size_t size, bool zeroed)
{
	struct libc_arena *arena = libc_arena_of(base);
	size_t taken = libc_size_for(size);
	struct libc_block *block = (zeroed ? wti_alloc_zeroed : wti_alloc)(sizeof *block + taken);

	if (!block)
		return NULL;
	block->owner = arena;
	block->size = taken;
	wti_list_append(&arena->blocks, &block->link);
	return block + 1;
}

static void *libc_resize(struct wti_arena *base, void *old, size_t size)
{
	struct libc_arena *arena = libc_arena_of(base);
	size_t taken = libc_size_for(size);
	struct libc_block *block = libc_block_of(old);
	struct libc_block *resized;

	wti_list_remove(&block->link); /* it may move */
	resized = wti_resize(block, sizeof *block + taken);
	if (resized) {
		block = resized;
		block->size = taken;
	}
	wti_list_append(&arena->blocks, &block->link);
	return resized ? block + 1 : NULL;
}

static void libc_free(struct wti_arena *base, void *block)
{
	(void)base;
	wti_list_remove(&libc_block_of(block)->link);
	wti_free(libc_block_of(block));
}

static bool libc_owns(const struct wti_arena *arena, const void *block)
{
	return libc_block_of(block)->owner == libc_arena_of(arena);
}

const struct wti_arena_ops wti_arena_libc = {
	.name = "libc",
	.begin = libc_begin,
	.end = libc_end,
	.size_for = libc_size_for,
	.size_of = libc_size_of,
	.alloc = libc_alloc,
	.resize = libc_resize,
	.free = libc_free,
	.owns = libc_owns,
};
