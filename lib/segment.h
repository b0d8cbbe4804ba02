/* SPDX-License-Identifier: MIT
 *
 * A piece of a ring's memory: a power of two of bytes, used circularly, that
 * starts on a cache line. A position of the ring lies at its low bits.
 */
#ifndef WTI_SEGMENT_H
#define WTI_SEGMENT_H

#include "atomic.h"
#include "base.h"

enum {
	WTI_SEGMENT_MAPPED = 128 * 1024 /* bytes: from this size on a segment is a map of its own, not a block */
};

struct wti_segment {
	struct wti_segment *next; /* where the LINK record leads; written before that is committed */
	size_t size;              /* bytes of `words` */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) words[];
};

/* All zero; NULL without memory. `size` is a power of two, at least a cache line. */
struct wti_segment *wti_segment_create(size_t size);
void wti_segment_destroy(struct wti_segment *segment);

/* The word at a position. */
static inline _Atomic(uint64_t) *wti_segment_at(struct wti_segment *segment, size_t size, uint64_t position)
{
	/* Of all bytes those where a word begins: one operation, and no shift. */
	return (_Atomic(uint64_t) *)(void *)((unsigned char *)segment->words + (position & (size - sizeof *segment->words)));
}

/* Zero the bytes of the positions [from, to), at most one turn of the segment, which has `size` of them. */
void wti_segment_zero(struct wti_segment *segment, size_t size, uint64_t from, uint64_t to);

#endif
