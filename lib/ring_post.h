/* SPDX-License-Identifier: MIT
 *
 * The short way of a ring's producer, inline, which nearly each message takes:
 * bytes are reserved by one swap of the tail, where nothing stands in the way,
 * written, and published. What may stand there, and how it is met, is in
 * ring.c, which has the rest.
 */
#ifndef WTI_RING_POST_H
#define WTI_RING_POST_H

#include <wt/error.h>

#include "barrier.h"
#include "probe.h"
#include "record.h"
#include "ring.h"
#include "ring_bias.h"
#include "seam.h"

/*
 * So many bytes ahead of a reservation the producer asks for the line, which
 * comes from the consumer's cache. Kept because it measures better: 64-byte
 * messages went from 28 to 42 million a second, 8-byte ones from 34 to 38;
 * with twice or four times the distance a fifth of that is lost again.
 */
#define WTI_RING_AHEAD          256

/* Bytes that a producer owns between reserve and commit. */
struct wti_ring_place {
	uint64_t end; /* the tail as this reservation left it */
	_Atomic(uint64_t) *header;
	_Atomic(uint64_t)
		*after; /* WTI_RING_SINGLE_ZEROES: the header behind the record, to be zero before the commit */
	bool linked;    /* as in struct wti_ring_slot */
};

/* Where the bytes in use begin, as far as this extent is concerned. */
static inline uint64_t wti_ring_low(uint64_t head, uint64_t start)
{
	if (WTI_MUTANT(WTI_MUTANT_COMPARE_NUMBERS))
		return head < start ? start : head;
	return (int64_t)(head - start) < 0 ? start : head;
}

/* Bytes that the limit counts, with the ends of the ring where they were read. */
static inline size_t wti_ring_charged(struct wti_ring *ring, uint64_t position, uint64_t head)
{
	/* pairs with ring_give_back [ring-padding]: a head that is older than the discount is not combined with it */
	return position - head - wti_load_acq(&ring->padding) + wti_load(&ring->outline);
}

/*
 * Whether `size` more bytes at `position` keep within the limit. Padding is
 * counted before the tail moves over it, and discounted after the head did:
 * the sum may be too small for a moment, so it refuses nothing that fits.
 */
static inline bool wti_ring_within_limit(struct wti_ring *ring, uint64_t position, uint64_t head, size_t size)
{
	if (wti_likely(!ring->limited))
		return true;
	return (int64_t)(wti_ring_charged(ring, position, head) + size) <= (int64_t)ring->limit;
}

/* Refuse what will never fit, before anything is allocated for it. */
static inline int wti_ring_check_size(const struct wti_ring *ring, size_t record)
{
	return ring->limited && record > ring->limit ? WT_EMSGSIZE : 0;
}

/* Move the tail of a ring that is biased, to this thread: else false. Since then nobody else has moved it. */
static WTI_INLINE bool wti_ring_advance_biased(struct wti_ring *ring, uint64_t tail, size_t pad, size_t record)
{
	struct wti_bias_place *place = wti_bias_enter(ring);

	if (wti_unlikely(!place))
		return false;
	WTI_YIELD(WTI_YIELD_INSIDE, ring);
	if (wti_unlikely(pad))
		wti_add(&ring->padding, pad);
	wti_store_rel(&ring->tail, tail + pad + record); /* [ring-tail] */
	wti_bias_leave(place);
	return true;
}

/* Move the tail from where it was read; false when another producer did, or where the ring is another's own. */
static WTI_INLINE bool wti_ring_advance(struct wti_ring *ring, uint64_t *tail, size_t pad, size_t record)
{
	if (ring->producers != WTI_RING_MANY) {
		if (pad)
			wti_add(&ring->padding, pad);
		wti_store(&ring->tail, *tail + pad + record);
		return true;
	}
	if (*tail & WTI_TAIL_BIASED)
		return wti_ring_advance_biased(ring, *tail, pad, record);
	if (wti_likely(!pad))
		return wti_cas_acqrel(&ring->tail, tail, *tail + record); /* [ring-tail] */
	wti_add(&ring->padding, pad);
	if (wti_cas_acqrel(&ring->tail, tail, *tail + pad + record)) /* [ring-tail] */
		return true;
	wti_sub(&ring->padding, pad);
	return false;
}

/* An extent as a producer reads it. */
struct wti_extent_seen {
	struct wti_segment *segment;
	uint64_t start;
	size_t size;
};

static inline struct wti_extent_seen wti_extent_see(const struct wti_ring *ring, int index)
{
	return (struct wti_extent_seen){
		.segment = wti_load(&ring->extent[index].segment),
		.start = wti_load(&ring->extent[index].start),
		.size = wti_load(&ring->extent_size[index]),
	};
}

/*
 * The extent that a tail names, chosen by a jump, to which GCC and clang hold
 * as long as both sides load. It is nearly always the one that it was before,
 * so that the processor reads what lies there together with the tail; by
 * arithmetic it would have to wait for the tail first, and that for the swap of
 * the post before, which lets no later read begin.
 * Kept because it measures better: 8-byte messages went from 58 million a
 * second to 78, as with one producer; 64-byte ones from 54 to 73.
 */
static inline struct wti_extent_seen wti_ring_extent(const struct wti_ring *ring, uint64_t tail)
{
	return tail & 1 ? wti_extent_see(ring, 1) : wti_extent_see(ring, 0);
}

/*
 * As ring_reserve (ring.c), for a record that has nothing in its way: no full
 * ring, no end of the segment, no other producer. Without a header where
 * something has: then nothing has changed, and that goes into it.
 * Kept because it measures better than a call of that for all, which keeps the
 * place in memory: 8-byte messages went from 52 million a second to 58, 64-byte
 * ones from 47 to 54, with one producer from 71 to 77.
 */
static WTI_INLINE struct wti_ring_place wti_ring_reserve_at_once(struct wti_ring *ring, size_t record, bool limited)
{
	uint64_t tail = wti_load_acq(&ring->tail);      /* as in ring_reserve [ring-tail] */
	uint64_t head = wti_load_acq(&ring->head_seen); /* as there [ring-seen] */
	struct wti_extent_seen extent = wti_ring_extent(ring, tail);
	uint64_t position = WTI_RING_POSITION(tail);
	uint64_t used = position - wti_ring_low(head, extent.start);
	size_t offset = position & (extent.size - 1);

	if (wti_unlikely(used + record + WTI_HEADER_SIZE > extent.size || offset + record > extent.size))
		return (struct wti_ring_place){ .header = NULL };
	if (limited && (wti_ring_check_size(ring, record) || !wti_ring_within_limit(ring, position, head, record)))
		return (struct wti_ring_place){ .header = NULL };
	if (wti_unlikely(!wti_ring_advance(ring, &tail, 0, record)))
		return (struct wti_ring_place){ .header = NULL };
	wti_prefetch_write(wti_segment_at(extent.segment, extent.size, offset + record + WTI_RING_AHEAD));
	WTI_YIELD(WTI_YIELD_RESERVED, ring);
	return (struct wti_ring_place){
		.end = tail + record,
		.header = wti_segment_at(extent.segment, extent.size, offset),
		.after = wti_segment_at(extent.segment, extent.size, offset + record),
	};
}

/*
 * pairs with wti_ring_next_short, ring_settle [ring-commit]: payload before
 * header. The producer will look whether the consumer sleeps, which must not
 * pass this store: the consumer's heavy barrier sees to that, or, where there
 * is none, seq_cst. pairs with wti_source_arm [source-1]
 */
static inline void wti_ring_publish(_Atomic(uint64_t) *at, uint64_t header)
{
	if (wti_barrier_is_asymmetric() || WTI_MUTANT(WTI_MUTANT_COMMIT_RELEASE))
		wti_store_rel(at, header); /* [ring-commit] */
	else
		wti_store_sc(at, header); /* [ring-commit] */
}

/* The same for a record with cargo: its producer looks at `closed` as well, which must not pass this store. [close-1] */
static inline void wti_ring_publish_cargo(_Atomic(uint64_t) *at, uint64_t header)
{
	wti_store_sc(at, header); /* [ring-commit] */
}

static inline unsigned char *wti_ring_payload(const struct wti_ring_place *place)
{
	return (unsigned char *)(place->header + 1);
}

/* Before the commit, where that is the producer's part. */
static inline void wti_ring_zero_after(const struct wti_ring *ring, const struct wti_ring_place *place)
{
	if (wti_unlikely(ring->producers == WTI_RING_SINGLE_ZEROES))
		wti_store(place->after, 0);
}

static WTI_INLINE void wti_ring_commit_untraced(const struct wti_ring *ring, const struct wti_ring_place *place,
						uint64_t header)
{
	/* With the extent's mark in it, to spare an instruction. */
	WTI_PROBE2(post, ring, place->end);
	wti_ring_zero_after(ring, place);
	wti_ring_publish(place->header, header);
}

/* A short message, if nothing is in its way; false: nothing has changed. */
static WTI_INLINE bool wti_ring_post_at_once(struct wti_ring *ring, const void *data, size_t size, uint32_t type,
					     bool limited)
{
	const struct wti_ring_place place = wti_ring_reserve_at_once(ring, wti_record_size(size), limited);

	if (wti_unlikely(!place.header))
		return false;
	wti_copy_short(wti_ring_payload(&place), data, size);
	wti_ring_commit_untraced(ring, &place, wti_header(WTI_RECORD_MESSAGE, size, type));
	return true;
}

/*
 * The short way of wti_ring_reserve, for a ring that has no limit and no timeline. Without a header: nothing has
 * changed, and that is to do it.
 */
static WTI_INLINE struct wti_ring_place wti_ring_reserve_short(struct wti_ring *ring, size_t payload)
{
	if (wti_unlikely(payload > WTI_SHORT_MAX || ring->special))
		return (struct wti_ring_place){ .header = NULL };
	return wti_ring_reserve_at_once(ring, wti_record_size(payload), false);
}

/* What was written there begins with a struct wti_cargo. */
static WTI_INLINE void wti_ring_commit_cargo_short(const struct wti_ring *ring, const struct wti_ring_place *place,
						   size_t payload, uint32_t type)
{
	WTI_PROBE2(post, ring, place->end);
	wti_ring_zero_after(ring, place);
	wti_ring_publish_cargo(place->header, wti_header(WTI_RECORD_CARGO, payload, type));
}

/*
 * The short way to post, as wti_ring_post without a type: for a short message, to a ring that has no limit and no
 * timeline, with nothing in the way. False: nothing has changed, and wti_ring_post is to do it.
 * Kept because it measures better: see port_receive.c.
 */
static WTI_INLINE bool wti_ring_post_short(struct wti_ring *ring, const void *data, size_t size)
{
	return wti_likely(wti_is_short(size) && !ring->special) && wti_ring_post_at_once(ring, data, size, 0, false);
}

#endif
