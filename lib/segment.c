/* SPDX-License-Identifier: MIT */
#include "segment.h"

#include <string.h>

#include "alloc.h"

struct wti_segment *wti_segment_create(size_t size)
{
	struct wti_segment *segment = wti_alloc_lines(sizeof *segment + size);

	if (segment)
		segment->size = size;
	return segment;
}

void wti_segment_destroy(struct wti_segment *segment)
{
	wti_free_lines(segment);
}

void wti_segment_zero(struct wti_segment *segment, uint64_t from, uint64_t to)
{
	unsigned char *bytes = (unsigned char *)segment->words;
	size_t offset = from & (segment->size - 1);
	size_t length = to - from;
	size_t first = segment->size - offset;

	if (length <= first) {
		memset(bytes + offset, 0, length);
	} else {
		memset(bytes + offset, 0, first);
		memset(bytes, 0, length - first);
	}
}
