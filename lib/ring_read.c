/* SPDX-License-Identifier: MIT
 *
 * The consumer's half of the ring, but for its short way (ring_next.h).
 */
#include "ring.h"

#include "alloc.h"
#include "barrier.h"
#include "cargo.h"
#include "record.h"
#include "ring_grow.h"
#include "ring_next.h"
#include "seam.h"

/* The consumer gives bytes back in steps of at most this: small against the cache, large against a line. */
#define RING_BATCH_MAX WTI_RING_STEP

/*
 * A message of WTI_RING_LARGE bytes is large. It is given back by itself, and
 * left as it is where so many in a row were like that, which is more than a
 * turn.
 * Kept because it measures better: the zeroes took each line of a message from
 * the producer's cache once more. 16 KiB messages went from 0.99 million a
 * second to 1.07, as with one producer, 10 KB ones from 1.6 to 1.7.
 * Not where AMD made the processor: there the producer is slow to write what
 * the consumer has only read, and sooner has what that wrote last. With the
 * zeroes, those of 16 KiB were 1.39 times as fast in 31 rounds, those of 8 KiB
 * 1.34 and 1.45 times. So there all is zeroed also for one producer, who could
 * do without: 64-byte messages were 1.63 times as fast in 11 rounds, those of
 * 8, 256 and 1024 bytes 1.03, 1.12 and 1.17 times.
 */
#define RING_LARGE_RUN (WTI_SEGMENT_MAX / WTI_RING_LARGE)

/* In the count of these: the last one was read since something was given back, and is the next to be. */
#define RING_LARGE_READ 1
#define RING_LARGE_ONE 2

/* The interval between two looks for the high-water mark has doubled so often at most. */
#define RING_LOOKS_MAX 25

/* The consumer goes on there. */
static void ring_read_in(struct wti_ring *ring, struct wti_segment *segment)
{
	ring->read_segment = segment;
	ring->read_size = (uint32_t)segment->size;
}

/* From now on a record that is more than a message's bytes may lie between `done` and `read`. */
static inline void ring_mix(struct wti_ring *ring)
{
	ring->mixed = true;
	ring->due = ring->done;
}

static inline size_t ring_padding_done(const struct wti_ring *ring)
{
	return ring->padding_done * sizeof(uint64_t);
}

static inline void ring_add_padding(struct wti_ring *ring, size_t bytes)
{
	ring->padding_done = (uint16_t)(ring->padding_done + bytes / sizeof(uint64_t));
}

static WTI_COLD bool ring_first(struct wti_ring *ring)
{
	/* pairs with grow_first [ring-first] */
	struct wti_segment *first = wti_load_acq(&ring->first);

	if (!first)
		return false;
	ring_read_in(ring, first);
	ring->done_segment = first;
	return true;
}

/*
 * Pass over a record that is none. With nothing held before it, it is released
 * at once: there may not be a message for long.
 */
static WTI_COLD void ring_pass(struct wti_ring *ring, struct wti_segment *segment, uint64_t header)
{
	bool held = ring->done != ring->read;

	if (wti_header_kind(header) == WTI_RECORD_LINK)
		ring_read_in(ring, segment->next);
	ring_mix(ring);
	ring->read += wti_record_size(wti_header_payload(header));
	if (!held)
		wti_ring_release(ring, ring->read);
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
		/* pairs with wti_ring_publish, grow_link [ring-commit]: what was written before it; [source-1] */
		header = wti_load_sc(wti_segment_at(segment, ring->read_size, ring->read));
		if (wti_likely(wti_header_is_message(header))) /* or 0 */
			return header;
		ring_pass(ring, segment, header);
	}
}

bool wti_ring_ready(struct wti_ring *ring)
{
	return ring_settle(ring) != 0;
}

bool wti_ring_ready_beyond(struct wti_ring *ring, unsigned count)
{
	uint64_t header = ring_settle(ring);
	struct wti_segment *segment = ring->read_segment;
	uint64_t at = ring->read;

	/* One that is not seen here is not missed, but met in its turn. Behind the last one is a zero. */
	while (header && count-- && wti_header_kind(header) != WTI_RECORD_LINK) {
		at += wti_record_size(wti_header_payload(header));
		/* pairs with wti_ring_publish [ring-commit]: behind a slot that was committed with less than it had lies a PAD */
		header = wti_load_acq(wti_segment_at(segment, ring->read_size, at));
	}
	return header != 0;
}

void wti_ring_approach(struct wti_ring *ring)
{
	struct wti_segment *segment = ring->read_segment;

	wti_prefetch_write(&ring->head);
	if (segment)
		wti_prefetch_write(wti_segment_at(segment, ring->read_size, ring->read));
}

/* A record that is more than a message's bytes. */
static WTI_COLD void ring_unpack(struct wti_record *record, enum wti_record_kind kind)
{
	if (kind >= WTI_RECORD_OUTLINE) {
		const struct wti_outline *outline = record->data;

		record->size = outline->size;
		record->data = outline->block;
	}
	if (kind != WTI_RECORD_OUTLINE) {
		size_t size;

		record->cargo = (struct wti_cargo *)(uintptr_t)record->data;
		size = wti_cargo_bytes(record->cargo);
		record->data = (const unsigned char *)record->data + size;
		record->size -= size;
	}
}

/* In a row are those before which all has been given back: see ring_leaves. */
static void ring_count_large(struct wti_ring *ring, uint64_t start)
{
	uint64_t pending = start - wti_load(&ring->head) - ring_padding_done(ring);

	if (pending >= WTI_CACHE_LINE) {
		ring->large = 0;
		return;
	}
	if (ring->large < RING_LARGE_RUN * RING_LARGE_ONE)
		ring->large = (uint8_t)(ring->large + RING_LARGE_ONE);
	ring->large |= RING_LARGE_READ;
}

/* One that is large, or more than a message's bytes. */
static WTI_COLD void ring_next_other(struct wti_ring *ring, struct wti_record *record, enum wti_record_kind kind)
{
	if (record->size >= WTI_RING_LARGE)
		ring_count_large(ring, ring->read - wti_record_size(record->size));
	if (kind != WTI_RECORD_MESSAGE) {
		ring_mix(ring);
		ring_unpack(record, kind);
	}
}

bool wti_ring_next(struct wti_ring *ring, struct wti_record *record)
{
	uint64_t header = ring_settle(ring);
	_Atomic(uint64_t) *at;

	if (!header)
		return false;
	at = wti_segment_at(ring->read_segment, ring->read_size, ring->read);
	record->data = at + 1;
	record->size = wti_header_payload(header);
	record->type = wti_header_type(header);
	record->cargo = NULL;
	ring->read += wti_record_size(record->size);
	if (wti_unlikely(!wti_header_is_plain(header, WTI_RING_LARGE)))
		ring_next_other(ring, record, wti_header_kind(header));
	if (WTI_MUTANT(WTI_MUTANT_RELEASE_AT_READ))
		wti_ring_release(ring, ring->read);
	return true;
}

/* Where all is plain, the segment is the one that is read, and nothing else of the ring need be looked at. */
static inline void ring_zero(struct wti_ring *ring, uint64_t upto)
{
	struct wti_segment *segment = ring->mixed ? ring->done_segment : ring->read_segment;
	size_t size = ring->mixed ? segment->size : ring->read_size;

	wti_segment_zero(segment, size, wti_load(&ring->head), upto);
}

/* Each state is left for the next one at the end of a turn, but for the first two. */
enum ring_dirt {
	RING_CLEAN,
	RING_DIRTY,    /* the last that was given back was not zeroed */
	RING_CLEANING, /* since then all was, but for not yet a whole turn ... */
	RING_LAST_TURN /* ... which begins here at the latest */
};

/* Whether what is given back, as much as a large message, is one, like those before it, and is to stay as it is. */
static bool ring_leaves_large(struct wti_ring *ring)
{
	bool read = ring->large & RING_LARGE_READ;
	bool run = ring->large >= RING_LARGE_RUN * RING_LARGE_ONE;

	ring->large &= (uint8_t)~RING_LARGE_READ;
	if (!read && !ring->padding_done)
		ring->large = 0;
	return read && run && !ring->mixed && !ring->read_limited && ring->zeroes == WTI_RING_ZEROES_SMALL &&
	       ring->read_size == WTI_SEGMENT_MAX;
}

static inline bool ring_leaves(struct wti_ring *ring, size_t size)
{
	/* Of a large one as short as may be, a line is not given back yet. */
	if (wti_unlikely(size > WTI_RING_LARGE - WTI_CACHE_LINE))
		return ring_leaves_large(ring);
	/* Less than a line are what is left of a large one when all is given back. */
	if (size >= WTI_CACHE_LINE && !ring->padding_done)
		ring->large = 0;
	return false;
}

static void ring_begin_dirt(struct wti_ring *ring, uint64_t head)
{
	ring->clean_head = head;
	wti_store_rel(&ring->dirty, 1); /* pairs with ring_make_room, ring_reserve_dirty [ring-dirty]: before the head moves */
}

/* All that is free is zero. Not while a producer zeroes what is free, which by then may be a record of another. */
static void ring_end_dirt(struct wti_ring *ring)
{
	ring->dirt = RING_CLEAN;
	wti_mutex_lock_soon(&ring->grow_lock);
	wti_store_rel(&ring->dirty, 0); /* pairs with ring_make_room [ring-dirty]: after all was zeroed */
	wti_mutex_unlock(&ring->grow_lock);
}

/* Zero it or not, from `head` on. */
static WTI_COLD void ring_give_back_dirty(struct wti_ring *ring, uint64_t head, uint64_t upto, bool leaves)
{
	bool turns = (head ^ upto) & ~(uint64_t)(WTI_SEGMENT_MAX - 1);

	if (!leaves)
		ring_zero(ring, upto);
	if (ring->dirt == RING_CLEAN)
		ring_begin_dirt(ring, head);
	if (leaves)
		ring->dirt = RING_DIRTY;
	else if (ring->dirt == RING_DIRTY)
		ring->dirt = RING_CLEANING;
	else if (turns && ring->dirt == RING_LAST_TURN)
		ring_end_dirt(ring);
	else if (turns)
		ring->dirt = RING_LAST_TURN;
}

/* Zero what was released, then let producers have it, up to the position `upto`. */
static void ring_give_back(struct wti_ring *ring, uint64_t upto)
{
	uint64_t head = wti_load(&ring->head);
	bool leaves = ring_leaves(ring, upto - head);

	if (wti_unlikely(leaves || ring->dirt))
		ring_give_back_dirty(ring, head, upto, leaves);
	else if (wti_likely(ring->zeroes != WTI_RING_ZEROES_NONE))
		ring_zero(ring, upto);
	/*
	 * pairs with ring_make_room [ring-head]. A look whether senders wait for
	 * room follows, and must not pass it: as for a commit. [ring-room]
	 */
	if (!ring->read_limited || wti_barrier_is_asymmetric())
		wti_store_rel(&ring->head, upto);
	else
		wti_store_sc(&ring->head, upto);
	if (wti_unlikely(ring->padding_done && (upto == ring->done || !ring->read_limited))) {
		wti_sub_acqrel(&ring->padding, ring_padding_done(ring)); /* pairs with wti_ring_charged [ring-padding]: after the head */
		ring->padding_done = 0;
	}
}

/* An eighth of the segment, at least a line so that a step of whole lines is not empty. */
static inline size_t ring_batch_size(const struct wti_ring *ring)
{
	size_t size = ring->read_size / 8;

	if (size < WTI_CACHE_LINE)
		return WTI_CACHE_LINE;
	return size < RING_BATCH_MAX ? size : RING_BATCH_MAX;
}

/*
 * Where a batch is full; at once where each release is given back, or is to be looked at. To be called when `head` or
 * `mixed` has changed: too late is wrong, and ring_mix does what cannot wait; too early, as in a larger segment, is not.
 */
static inline void ring_set_due(struct wti_ring *ring)
{
	bool always = ring->mixed || ring->read_limited;

	ring->due = always ? ring->done : wti_load(&ring->head) + ring_batch_size(ring);
}

void wti_ring_flush(struct wti_ring *ring)
{
	wti_ring_begin_run(ring);
	if (ring->done == wti_load(&ring->head))
		return;
	ring_give_back(ring, ring->done);
	ring_set_due(ring);
}

static void ring_drop_cargo(struct wti_ring *ring, struct wti_cargo *cargo)
{
	wti_cargo_drop(cargo, &ring->dropped);
}

static void ring_release_outline(struct wti_ring *ring, const struct wti_outline *outline)
{
	wti_ring_note_use(ring);
	wti_sub(&ring->outline, outline->charged);
	wti_free(outline->block);
}

static WTI_COLD void ring_release_link(struct wti_ring *ring)
{
	struct wti_segment *old = ring->done_segment;
	struct wti_segment *next = old->next;

	ring->done += WTI_HEADER_SIZE;
	ring_add_padding(ring, WTI_HEADER_SIZE);
	ring_give_back(ring, ring->done);
	if (wti_unlikely(ring->dirt)) {
		wti_segment_zero(old, old->size, 0, old->size);
		ring_end_dirt(ring);
	}
	ring->done_segment = next;
	wti_ring_retire(ring, old);
}

static WTI_COLD void ring_release_special(struct wti_ring *ring, void *payload, uint64_t header)
{
	const struct wti_outline *outline = payload;

	switch (wti_header_kind(header)) {
	case WTI_RECORD_CARGO:
		ring_drop_cargo(ring, payload);
		break;
	case WTI_RECORD_OUTLINE_CARGO:
		ring_drop_cargo(ring, outline->block);
		ring_release_outline(ring, outline);
		break;
	case WTI_RECORD_OUTLINE:
		ring_release_outline(ring, outline);
		break;
	default:
		ring_add_padding(ring, wti_record_size(wti_header_payload(header)));
	}
	ring->done += wti_record_size(wti_header_payload(header));
}

static void ring_release_one(struct wti_ring *ring)
{
	struct wti_segment *segment = ring->done_segment;
	_Atomic(uint64_t) *at = wti_segment_at(segment, segment->size, ring->done);
	uint64_t header = wti_load(at);

	if (wti_likely(wti_header_kind(header) == WTI_RECORD_MESSAGE))
		ring->done += wti_record_size(wti_header_payload(header));
	else if (wti_header_kind(header) == WTI_RECORD_LINK)
		ring_release_link(ring);
	else
		ring_release_special(ring, at + 1, header);
}

/* Plain messages need no look at each. */
static inline void ring_release_to(struct wti_ring *ring, uint64_t upto)
{
	if (wti_likely(!ring->mixed)) {
		ring->done = upto;
		return;
	}
	while (ring->done != upto)
		ring_release_one(ring);
	ring->mixed = upto != ring->read;
}

/* More rarely the longer the ring has not been empty: each look costs the producers their line. */
static WTI_COLD void ring_look(struct wti_ring *ring)
{
	wti_ring_note_use(ring);
	ring->look_in = (uint32_t)WTI_RING_FIRST_LOOK << ring->looks;
	if (ring->looks < RING_LOOKS_MAX)
		ring->looks++;
}

/*
 * The short way for one record that came with a single thing, which was taken: nothing else is to be given back, and no
 * batch is full.
 */
static inline bool ring_release_taken(struct wti_ring *ring, uint64_t upto)
{
	uint64_t due = wti_load(&ring->head) + ring_batch_size(ring);
	const struct wti_cargo *cargo;
	const _Atomic(uint64_t) *at;
	uint64_t header;

	if (ring->done_segment != ring->read_segment || ring->read_limited || ring->look_in == 1)
		return false;
	if (upto != ring->read || (int64_t)(upto - due) >= 0)
		return false;
	at = wti_segment_at(ring->read_segment, ring->read_size, ring->done);
	header = wti_load(at);
	cargo = (const struct wti_cargo *)(const void *)(at + 1);
	if (wti_header_kind(header) != WTI_RECORD_CARGO || cargo->count != 1 || cargo->items[0].kind)
		return false;
	if (ring->done + wti_record_size(wti_header_payload(header)) != upto)
		return false;
	ring->look_in--;
	ring->done = upto;
	ring->mixed = false;
	ring->due = due;
	return true;
}

void wti_ring_release(struct wti_ring *ring, uint64_t upto)
{
	uint64_t pending;

	if (ring->mixed && ring_release_taken(ring, upto))
		return;
	if (wti_unlikely(--ring->look_in == 0))
		ring_look(ring);
	ring_release_to(ring, upto);
	pending = ring->done - wti_load(&ring->head);
	if (pending && ring->read_limited)
		ring_give_back(ring, ring->done);
	else if (pending >= ring_batch_size(ring))
		/* Whole lines only: the last one may be the one that a producer writes now. */
		ring_give_back(ring, ring->done & ~(uint64_t)(WTI_CACHE_LINE - 1));
	ring_set_due(ring);
}

void wti_ring_destroy(struct wti_ring *ring, struct wti_list *dropped)
{
	struct wti_record record;

	while (wti_ring_next(ring, &record))
		wti_ring_release(ring, ring->read);
	wti_ring_release(ring, ring->read);
	wti_list_move_all(dropped, &ring->dropped);
	wti_segment_destroy(ring->done_segment);
	wti_ring_free_spares(wti_load(&ring->spare));
	wti_mutex_destroy(&ring->grow_lock);
}
