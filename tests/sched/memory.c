/* SPDX-License-Identifier: MIT */
#include "sched/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base.h"
#include "sched/sanitizer.h"
#include "sched/scheduler.h"

/* Where nothing else is: not the sanitizer's shadow, and not beyond what valgrind maps. */
#ifdef SCHED_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define MEMORY_BASE ((char *)0x200000000000)
#else
#define MEMORY_BASE ((char *)0x80000000000)
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum {
	MEMORY_SIZE = 64 << 20,
	MEMORY_GRAIN = 16,
	MEMORY_FRESH = 0xa5, /* what is not zeroed by contract */
	MEMORY_FREED = 0xdd
};

/* Before each block. */
struct memory_block {
	size_t size;
	size_t magic;
};

static char *memory_base;
static size_t memory_used, memory_kept; /* bytes */
static long memory_blocks, memory_blocks_kept;
static unsigned char memory_freed[MEMORY_SIZE / MEMORY_GRAIN]; /* a flag for each grain */

static void memory_map(void)
{
	void *base = mmap(MEMORY_BASE, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (base != MEMORY_BASE)
		abort();
	memory_base = base;
	ASAN_POISON_MEMORY_REGION(memory_base, MEMORY_SIZE);
}

static struct memory_block *memory_head(void *block)
{
	return (struct memory_block *)block - 1;
}

static void *memory_take(size_t size, size_t alignment, int fill)
{
	size_t at;
	struct memory_block *head;

	if (!memory_base)
		memory_map();
	if (size > MEMORY_SIZE)
		return NULL;
	at = wti_round_up(memory_used + sizeof *head, alignment);
	if (at + size > MEMORY_SIZE)
		return NULL;
	memory_used = wti_round_up(at + size, MEMORY_GRAIN) + MEMORY_GRAIN; /* a gap: the sanitizer's red zone */
	memory_blocks++;
	ASAN_UNPOISON_MEMORY_REGION(memory_base + at - sizeof *head, sizeof *head + size);
	head = memory_head(memory_base + at);
	*head = (struct memory_block){ .size = size, .magic = size ^ MEMORY_FRESH };
	memset(head + 1, fill, size);
	return head + 1;
}

void *memory_alloc(size_t size, size_t alignment)
{
	return memory_take(size, alignment, 0);
}

static void memory_mark(const void *block, size_t size, bool freed)
{
	size_t grain = (size_t)((const char *)block - memory_base) / MEMORY_GRAIN;

	memset(memory_freed + grain, freed, (size + MEMORY_GRAIN - 1) / MEMORY_GRAIN);
}

void memory_free(void *block)
{
	struct memory_block *head;

	if (!block)
		return;
	head = memory_head(block);
	if (memory_state(block) != MEMORY_THERE || head->magic != (head->size ^ MEMORY_FRESH))
		sched_fail("a block is freed twice, or was none");
	if (sched_is_pending(block, head->size))
		sched_fail("a store is late for a block that is freed");
	memset(block, MEMORY_FREED, head->size);
	memory_mark(block, head->size, true);
	ASAN_POISON_MEMORY_REGION(block, head->size);
	memory_blocks--;
}

enum memory_state memory_state(const volatile void *address)
{
	uintptr_t offset = (uintptr_t)address - (uintptr_t)MEMORY_BASE;

	if (offset >= MEMORY_SIZE)
		return MEMORY_ELSEWHERE;
	return memory_freed[offset / MEMORY_GRAIN] ? MEMORY_GONE : MEMORY_THERE;
}

static void *memory_op_alloc(size_t size)
{
	return memory_take(size, MEMORY_GRAIN, MEMORY_FRESH);
}

static void *memory_op_alloc_zeroed(size_t size)
{
	return memory_take(size, MEMORY_GRAIN, 0);
}

/* The fibre's own stores to it come before. */
static void memory_op_free(void *block)
{
	sched_drain_own();
	memory_free(block);
}

static void *memory_op_resize(void *block, size_t size)
{
	void *resized = memory_op_alloc(size);
	size_t old = block ? memory_head(block)->size : 0;

	if (!resized)
		return NULL;
	if (old)
		memcpy(resized, block, old < size ? old : size);
	memory_op_free(block);
	return resized;
}

const struct wti_alloc_ops memory_ops = {
	.alloc = memory_op_alloc,
	.alloc_zeroed = memory_op_alloc_zeroed,
	.resize = memory_op_resize,
	.free = memory_op_free,
};

void memory_begin(void)
{
	size_t size = memory_used - memory_kept;

	if (!memory_base)
		memory_map();
	memory_mark(memory_base + memory_kept, size, false);
	ASAN_POISON_MEMORY_REGION(memory_base + memory_kept, size);
	memory_used = memory_kept;
}

void memory_keep(void)
{
	memory_kept = memory_used;
	memory_blocks_kept = memory_blocks;
}

void memory_check(void)
{
	if (memory_blocks != memory_blocks_kept)
		sched_fail("%ld blocks are left", memory_blocks - memory_blocks_kept);
}
