/* SPDX-License-Identifier: MIT
 *
 * The slow side of a ring: room is made by linking a segment, and segments
 * come back from the consumer. Only ring.c and ring_read.c call these.
 */
#ifndef WTI_RING_GROW_H
#define WTI_RING_GROW_H

#include "ring.h"

/*
 * Make room for a record of `need` bytes after finding none in the extent
 * that `tail` names. 0: try again, there is a new segment or someone made
 * room; WT_ENOMEM. Any producer.
 */
int wti_ring_grow(struct wti_ring *ring, uint64_t tail, size_t need);

void wti_ring_free_spares(struct wti_segment *list);

/* The consumer has passed the end of this segment, and zeroed it: keep it for the next growth, or free it. */
void wti_ring_retire(struct wti_ring *ring, struct wti_segment *segment);

#endif
