/* SPDX-License-Identifier: MIT
 *
 * The consumer's half of the ring.
 */
#include "ring.h"

#include "alloc.h"
#include "barrier.h"
#include "record.h"
#include "ring_grow.h"

/* The consumer gives bytes back in steps of at most this: small against the cache, large against a line. */
#define RING_BATCH_MAX 4096

static WTI_COLD bool ring_first(struct wti_ring *ring)
{
	/* pairs with grow_first [ring-first] */
	struct wti_segment *first = wti_load_acq(&ring->first);

	ring->read_segment = first;
	ring->done_segment = first;
	return first != NULL;
}

/*
 * The header of the next record that is one, or 0; pads and links are passed.
 * seq_cst for the consumer that has just announced its sleep: this look must
 * not pass the announcement.
 */
static inline uint64_t ring_settle(struct wti_ring *ring)
{
	for (;;) {
		struct wti_segment *segment = ring->read_segment;
		uint64_t header;

		if (wti_unlikely(!segment) && !ring_first(ring))
			return 0;
		segment = ring->read_segment;
		/* pairs with ring_commit, grow_link [ring-commit]: what was written before it; [source-1] */
		header = wti_load_sc(wti_segment_at(segment, segment->size, ring->read));
		if (wti_likely(!header || wti_header_kind(header) <= WTI_RECORD_OUTLINE))
			return header;
		if (wti_header_kind(header) == WTI_RECORD_LINK)
			ring->read_segment = segment->next;
		ring->read += wti_record_size(wti_header_payload(header));
	}
}

bool wti_ring_ready(struct wti_ring *ring)
{
	return ring_settle(ring) != 0;
}

bool wti_ring_next(struct wti_ring *ring, struct wti_record *record)
{
	uint64_t header = ring_settle(ring);
	_Atomic(uint64_t) *at;

	if (!header)
		return false;
	at = wti_segment_at(ring->read_segment, ring->read_segment->size, ring->read);
	record->data = at + 1;
	record->size = wti_header_payload(header);
	record->type = wti_header_type(header);
	ring->read += wti_record_size(record->size);
	if (wti_unlikely(wti_header_kind(header) == WTI_RECORD_OUTLINE)) {
		const struct wti_outline *outline = record->data;

		record->size = outline->size;
		record->data = outline->block;
	}
	return true;
}

/* Zero what was released, then let producers have it, up to the position `upto`. */
static void ring_give_back(struct wti_ring *ring, uint64_t upto)
{
	if (!ring->single)
		wti_segment_zero(ring->done_segment, wti_load(&ring->head), upto);
	/*
	 * pairs with ring_reserve [ring-head]. A look whether senders wait for
	 * room follows, and must not pass it: as for a commit. [ring-room]
	 */
	if (ring->limit == WTI_NO_LIMIT || wti_barrier_is_asymmetric())
		wti_store_rel(&ring->head, upto);
	else
		wti_store_sc(&ring->head, upto);
	if (wti_unlikely(ring->padding_done && upto == ring->done)) {
		wti_sub_acqrel(&ring->padding, ring->padding_done); /* pairs with ring_charged [ring-padding]: after the head */
		ring->padding_done = 0;
	}
}

void wti_ring_flush(struct wti_ring *ring)
{
	if (ring->done != wti_load(&ring->head))
		ring_give_back(ring, ring->done);
}

static void ring_release_outline(struct wti_ring *ring, const struct wti_outline *outline)
{
	wti_sub(&ring->outline, outline->size);
	wti_free(outline->block);
}

static WTI_COLD void ring_release_link(struct wti_ring *ring)
{
	struct wti_segment *old = ring->done_segment;
	struct wti_segment *next = old->next;

	ring->done += WTI_HEADER_SIZE;
	ring->padding_done += WTI_HEADER_SIZE;
	ring_give_back(ring, ring->done);
	ring->done_segment = next;
	wti_ring_retire(ring, old);
}

static inline void ring_release_one(struct wti_ring *ring)
{
	struct wti_segment *segment = ring->done_segment;
	_Atomic(uint64_t) *at = wti_segment_at(segment, segment->size, ring->done);
	uint64_t header = wti_load(at);

	if (wti_unlikely(wti_header_kind(header) == WTI_RECORD_LINK)) {
		ring_release_link(ring);
		return;
	}
	if (wti_unlikely(wti_header_kind(header) == WTI_RECORD_OUTLINE))
		ring_release_outline(ring, (const struct wti_outline *)(at + 1));
	else if (wti_unlikely(wti_header_kind(header) == WTI_RECORD_PAD))
		ring->padding_done += wti_record_size(wti_header_payload(header));
	ring->done += wti_record_size(wti_header_payload(header));
}

/* An eighth of the segment, at least a line so that a step of whole lines is not empty. */
static inline size_t ring_batch_size(const struct wti_segment *segment)
{
	size_t size = segment->size / 8;

	if (size < WTI_CACHE_LINE)
		return WTI_CACHE_LINE;
	return size < RING_BATCH_MAX ? size : RING_BATCH_MAX;
}

void wti_ring_release(struct wti_ring *ring, uint64_t upto)
{
	uint64_t pending;

	while (ring->done != upto)
		ring_release_one(ring);
	pending = ring->done - wti_load(&ring->head);
	if (!pending)
		return;
	if (ring->limit != WTI_NO_LIMIT)
		ring_give_back(ring, ring->done);
	else if (pending >= ring_batch_size(ring->done_segment))
		/* Whole lines only: the last one may be the one that a producer writes now. */
		ring_give_back(ring, ring->done & ~(uint64_t)(WTI_CACHE_LINE - 1));
}

void wti_ring_destroy(struct wti_ring *ring)
{
	struct wti_record record;

	while (wti_ring_next(ring, &record))
		wti_ring_release(ring, ring->read);
	wti_ring_release(ring, ring->read);
	wti_segment_destroy(ring->done_segment);
	wti_ring_free_spares(wti_load(&ring->spare));
	wti_mutex_destroy(&ring->grow_lock);
}
