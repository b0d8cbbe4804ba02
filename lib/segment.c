/* SPDX-License-Identifier: MIT */
#include "segment.h"

#include <string.h>

#include "alloc.h"
#include "os.h"

/* Header and words lie on cache lines, so that a map of whole pages holds them as a block does. */
static size_t segment_bytes(size_t size)
{
	return wti_round_up(sizeof(struct wti_segment) + size, 4096);
}

/*
 * Large ones come from the system and go back there, so that a port's memory
 * leaves the process with its backlog. From a heap they would not: glibc
 * takes blocks of a size that was freed before from its own arena, whose top
 * any later block keeps up (1.2 GiB resident after 1 GiB had drained).
 */
static struct wti_segment *segment_map(size_t size)
{
	void *memory;

	if (wti_os->memory_reserve(&memory, segment_bytes(size)) < 0)
		return NULL;
	if (wti_os->memory_commit(memory, segment_bytes(size)) < 0) {
		wti_os->memory_release(memory, segment_bytes(size));
		return NULL;
	}
	return memory;
}

struct wti_segment *wti_segment_create(size_t size)
{
	struct wti_segment *segment;

	if (size >= WTI_SEGMENT_MAPPED)
		segment = segment_map(size);
	else
		segment = wti_alloc_lines(sizeof *segment + size);
	if (segment)
		segment->size = size;
	return segment;
}

void wti_segment_destroy(struct wti_segment *segment)
{
	if (segment && segment->size >= WTI_SEGMENT_MAPPED)
		wti_os->memory_release(segment, segment_bytes(segment->size));
	else
		wti_free_lines(segment);
}

void wti_segment_zero(struct wti_segment *segment, size_t size, uint64_t from, uint64_t to)
{
	unsigned char *bytes = (unsigned char *)segment->words;
	size_t offset = from & (size - 1);
	size_t length = to - from;
	size_t first = size - offset;

	if (length <= first) {
		memset(bytes + offset, 0, length);
	} else {
		memset(bytes + offset, 0, first);
		memset(bytes, 0, length - first);
	}
}
