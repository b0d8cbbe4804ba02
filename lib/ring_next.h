/* SPDX-License-Identifier: MIT
 *
 * The short way of a ring's consumer, inline, which nearly each message takes:
 * the one that was read is given back, and the next one taken, where both are
 * a message's bytes alone and nothing else is due. Where it is not so these
 * leave it to wti_ring_release and wti_ring_next (ring_read.c), which may
 * always be called instead.
 */
#ifndef WTI_RING_NEXT_H
#define WTI_RING_NEXT_H

#include "record.h"
#include "ring.h"
#include "seam.h"

/* Bytes: what is as large may be given back without zeroes, and is counted for that. */
#define WTI_RING_LARGE 8192

/* Release every record before ring->read; false: wti_ring_release is to do it. */
static inline bool wti_ring_release_short(struct wti_ring *ring)
{
	uint64_t read = ring->read;

	if (wti_unlikely(ring->look_in == 1 || (int64_t)(read - ring->due) >= 0))
		return false;
	ring->look_in--;
	ring->done = read;
	return true;
}

/* The record at the position `read`, ring->read, which is left there; without `data`: wti_ring_next is to look for it. */
static inline struct wti_record wti_ring_peek_short(const struct wti_ring *ring, uint64_t read)
{
	struct wti_segment *segment = ring->read_segment;
	_Atomic(uint64_t) *at;
	uint64_t header;

	if (wti_unlikely(!segment) || WTI_MUTANT(WTI_MUTANT_RELEASE_AT_READ))
		return (struct wti_record){ .data = NULL };
	at = wti_segment_at(segment, ring->read_size, read);
	header = wti_load_acq(at); /* pairs with wti_ring_publish [ring-commit]: what was written before it */
	if (wti_unlikely(!wti_header_is_plain(header, WTI_RING_LARGE)))
		return (struct wti_record){ .data = NULL };
	return (struct wti_record){
		.data = at + 1,
		.size = wti_header_payload(header),
		.type = wti_header_type(header),
	};
}

/* The record that was seen there is taken. */
static inline void wti_ring_take_short(struct wti_ring *ring, uint64_t read, const struct wti_record *record)
{
	ring->read = read + wti_record_size(record->size);
}

/* The next record, as wti_ring_next; without `data`: that is to look for it. */
static inline struct wti_record wti_ring_next_short(struct wti_ring *ring)
{
	uint64_t read = ring->read; /* once: the loads of each message wait for it */
	struct wti_record record = wti_ring_peek_short(ring, read);

	if (wti_likely(record.data != NULL))
		wti_ring_take_short(ring, read, &record);
	return record;
}

/* Look so many times, with a pause before each: true as soon as there is something that wti_ring_next may find. */
static inline bool wti_ring_glance(const struct wti_ring *ring, unsigned looks)
{
	struct wti_segment *segment = ring->read_segment;

	if (wti_unlikely(!segment))
		return false;
	while (looks--) {
		wti_cpu_relax();
		/* relaxed: who finds something looks again */
		if (wti_load(wti_segment_at(segment, ring->read_size, ring->read)))
			return true;
	}
	return false;
}

#endif
