/* SPDX-License-Identifier: MIT
 *
 * The producers' half of the ring, but for its short way (ring_post.h);
 * ring_read.c is the consumer's.
 */
#include "ring.h"

#include <string.h>
#include <wt/error.h>

#include "alloc.h"
#include "barrier.h"
#include "os.h"
#include "record.h"
#include "ring_bias.h"
#include "ring_grow.h"
#include "ring_post.h"
#include "seam.h"
#include "trace.h"

/*
 * Bytes: of a record of more than the first, each line is asked for, a record
 * ahead; the processor does so by itself when it stores in a row, but late.
 * Kept because it measures better: 256-byte messages went from 33 to 39
 * million a second; with one producer, those of 1024 from 11 to 16. Of small
 * ones the single line is most, and a loop costs more than it brings; from the
 * second size on the copy is by then ahead of what was asked for.
 */
#define RING_AHEAD_EACH 128
#define RING_AHEAD_MAX  4096

/*
 * Larger payloads are copied in pieces of so many bytes, and the lines of the
 * next piece are asked for before each.
 * Kept because it measures better: 16 KiB messages went from 0.86 million a
 * second to 0.96, with one producer from 0.93 to 1.07; 4 KiB ones from 3.2 to
 * 3.6, and to 4.5. Without the asking the pieces are worth less than half.
 */
#define RING_COPY_PIECE 1024

/*
 * Bytes: of what is larger the lines are not asked for each, and it is copied
 * whole, where AMD made the processor. From 2112 bytes on the C library copies
 * by one instruction there, which writes whole lines without a look at what was
 * in them; if they are asked for, each comes from the consumer's cache first.
 * Smaller ones are copied line by line, and gain as well: why was not found.
 * Kept because it measures better: messages of 1, 2, 4, 8 and 16 KiB were 1.26,
 * 1.35, 1.30, 1.31 and 1.23 times as fast, the median of three runs of 11 to 15
 * rounds, with one producer 1.32, 1.28, 1.18, 1.30 and 1.20 times. Without the
 * asking, those of 256 and 512 bytes lose a tenth.
 */
#define RING_ASK_MAX_AMD 640

/* Bytes of several messages in one reservation: the receiver may begin with them while the next are written. */
#define RING_POST_MAX 8192

/* No error: somebody else has made the reservation. */
#define RING_TAKEN 1

/*
 * Who zeroes what: see ring_read.c. And the largest segment: see ring_grow.c; a limit is not to be met in it first. What
 * ring_read.c leaves as it is lies in segments of WTI_SEGMENT_MAX.
 */
static void ring_suit_processor(struct wti_ring *ring, bool single)
{
	ring->largest = WTI_SEGMENT_MAX;
	if (wti_os->cpu_is_amd()) {
		if (ring->limit >= 2 * (size_t)WTI_SEGMENT_LARGE)
			ring->largest = WTI_SEGMENT_LARGE;
		ring->producers = single ? WTI_RING_SINGLE : WTI_RING_MANY;
		ring->zeroes = WTI_RING_ZEROES_ALL;
	} else {
		ring->producers = single ? WTI_RING_SINGLE_ZEROES : WTI_RING_MANY;
		ring->zeroes = single ? WTI_RING_ZEROES_NONE : WTI_RING_ZEROES_SMALL;
	}
}

void wti_ring_init(struct wti_ring *ring, size_t capacity, size_t limit, bool single)
{
	uint32_t size = WTI_SEGMENT_MIN;

	if (!capacity)
		capacity = WTI_SEGMENT_DEFAULT;
	while (size < capacity && size < WTI_SEGMENT_MAX)
		size *= 2;
	memset(ring, 0, sizeof *ring);
	ring->limit = limit;
	ring->limited = limit != WTI_NO_LIMIT;
	ring->read_limited = ring->limited;
	ring->capacity = size;
	wti_store(&ring->patience, wti_ring_patience);
	wti_store(&ring->bias, WTI_BIAS_NOBODY);
	ring->special = ring->limited;
	ring_suit_processor(ring, single);
	wti_mutex_init(&ring->grow_lock, WTI_RANK_RING);
	ring->read = wti_ring_origin;
	ring->done = wti_ring_origin;
	ring->due = wti_ring_origin;
	ring->dirty_seen = wti_ring_origin;
	wti_store(&ring->tail, wti_ring_origin);
	wti_store(&ring->head, wti_ring_origin);
	wti_store(&ring->head_seen, wti_ring_origin);
	for (int i = 0; i < 2; i++)
		wti_store(&ring->extent[i].start, wti_ring_origin);
	wti_ring_begin_run(ring);
	wti_list_init(&ring->dropped);
}

void wti_ring_trace(struct wti_ring *ring, uint32_t port)
{
	ring->trace = port;
	ring->special = ring->limited || port;
}

void wti_ring_post_under_lock(struct wti_ring *ring)
{
	ring->under_lock = true;
}

/* Whether the lines of so many bytes that will be written are worth to be asked for. */
static inline bool ring_is_to_ask(size_t size)
{
	return size <= RING_ASK_MAX_AMD || !wti_os->cpu_is_amd();
}

/*
 * Ask for lines that will be written by the reservations behind this one, which ends at the position `end`; not for those
 * that the consumer may have still to read, or to zero, from `low` on.
 */
static inline void ring_ask_ahead(const struct wti_extent_seen *extent, uint64_t end, size_t record, uint64_t low)
{
	uint64_t ahead = end + (record > WTI_RING_AHEAD ? record : WTI_RING_AHEAD);
	size_t back = 0;

	if (wti_likely(record <= RING_AHEAD_EACH || record > RING_AHEAD_MAX || !ring_is_to_ask(record))) {
		wti_prefetch_write(wti_segment_at(extent->segment, extent->size, end + WTI_RING_AHEAD));
		return;
	}
	if (ahead - low > extent->size)
		return;
	do {
		wti_prefetch_write(wti_segment_at(extent->segment, extent->size, ahead - back));
		back += WTI_CACHE_LINE;
	} while (back < record);
}

/* Bytes to pass at `position`: what is left of the segment, where the record does not fit in there. */
static inline size_t ring_pad(uint64_t position, size_t size, size_t record)
{
	size_t room = size - (position & (size - 1));

	return record > room ? room : 0;
}

/* A reservation that has moved the tail, past padding first: what is to be written, and the padding. */
static inline void ring_take(const struct wti_extent_seen *extent, uint64_t position, size_t pad, size_t record,
			     struct wti_ring_place *place)
{
	place->header = wti_segment_at(extent->segment, extent->size, position + pad);
	place->after = wti_segment_at(extent->segment, extent->size, position + pad + record);
	if (wti_unlikely(pad)) {
		wti_store(place->header, 0);
		/* pairs with wti_ring_next [ring-commit]; only the record behind it needs the look */
		wti_store_rel(wti_segment_at(extent->segment, extent->size, position),
			      wti_header(WTI_RECORD_PAD, pad - WTI_HEADER_SIZE, 0));
	}
}

/*
 * Under grow_lock, while the ring is dirty: as ring_reserve, with what is free
 * but perhaps not zero. False where there is no room either. The header behind
 * is zeroed first: before the tail moves only those can write there who reserve
 * by clean_head, and that far they cannot; after it has, others may.
 */
static bool ring_reserve_unclean(struct wti_ring *ring, size_t record, struct wti_ring_place *place)
{
	uint64_t tail = wti_load_acq(&ring->tail); /* as in ring_reserve [ring-tail] */
	struct wti_extent_seen extent;
	uint64_t position, low, end;
	size_t pad;

	do {
		extent = wti_ring_extent(ring, tail);
		position = WTI_RING_POSITION(tail);
		pad = ring_pad(position, extent.size, record);
		low = wti_ring_low(ring->dirty_seen, extent.start);
		end = position + pad + record;
		if (end + WTI_HEADER_SIZE - low > extent.size) {
			ring->dirty_seen = wti_load_acq(&ring->head); /* pairs with ring_give_back [ring-head] */
			low = wti_ring_low(ring->dirty_seen, extent.start);
			if (end + WTI_HEADER_SIZE - low > extent.size)
				return false;
		}
		/* Not below: there it is zero, or somebody else's already. */
		if (end - wti_ring_low(ring->clean_head, extent.start) >= extent.size &&
		    !WTI_MUTANT(WTI_MUTANT_UNCLEAN))
			wti_store(wti_segment_at(extent.segment, extent.size, end), 0);
	} while (!wti_ring_advance(ring, &tail, pad, record));
	place->end = tail + pad + record;
	/* The header that the next reservation will zero, before a swap that waits for the line. */
	if (end + record - low <= extent.size)
		wti_prefetch_write(wti_segment_at(extent.segment, extent.size, end + record));
	ring_take(&extent, position, pad, record, place);
	WTI_YIELD(WTI_YIELD_RESERVED, ring);
	return true;
}

static bool ring_reserve_dirty(struct wti_ring *ring, size_t record, struct wti_ring_place *place)
{
	bool taken;

	wti_mutex_lock_soon(&ring->grow_lock);
	wti_bias_end(ring);
	/* pairs with ring_begin_dirt [ring-dirty]: clean_head is written */
	taken = wti_load_acq(&ring->dirty) && ring_reserve_unclean(ring, record, place);
	wti_mutex_unlock(&ring->grow_lock);
	return taken;
}

/* The ends as a producer has read them, the head no later than what is zero. */
struct ring_ends {
	uint64_t tail;
	uint64_t head;
	int result; /* 0: look again; RING_TAKEN: the place is reserved; or an error */
};

/* There was no room, or is none. */
static WTI_COLD struct ring_ends ring_make_room(struct wti_ring *ring, size_t record, struct ring_ends seen,
						struct wti_ring_place *place)
{
	uint64_t head, tail;

	wti_bias_visit(ring, record);
	if (wti_load(&ring->dirty) && ring_reserve_dirty(ring, record, place))
		return (struct ring_ends){ .result = RING_TAKEN };
	head = wti_load_acq(&ring->head); /* pairs with ring_give_back [ring-head]: what is free is zero, or ... */
	tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	/* ... pairs with ring_begin_dirt [ring-dirty]; cleared, all is zero again */
	if (wti_unlikely(wti_load_acq(&ring->dirty)))
		head = seen.head;
	/* A refusal must speak of one moment: both ends unchanged since they were read. */
	if ((head != seen.head || tail != seen.tail) && !WTI_MUTANT(WTI_MUTANT_STALE_FULL)) {
		wti_ring_note_use(ring);
		wti_store_rel(&ring->head_seen, head); /* pairs with ring_reserve [ring-seen] */
		return (struct ring_ends){ .tail = tail, .head = head };
	}
	if (!wti_ring_within_limit(ring, WTI_RING_POSITION(seen.tail), seen.head, record)) {
		wti_ring_note_use(ring);
		return (struct ring_ends){ .result = WT_EAGAIN };
	}
	seen.result = wti_ring_grow(ring, tail, record);
	place->linked = true;
	seen.tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	return seen;
}

/* The ring is another thread's own, or was a moment ago: not any more. The tail. */
static WTI_COLD uint64_t ring_end_bias(struct wti_ring *ring)
{
	wti_mutex_lock_soon(&ring->grow_lock);
	wti_bias_end(ring);
	wti_mutex_unlock(&ring->grow_lock);
	return wti_load_acq(&ring->tail); /* [ring-tail] */
}

/* Take `record` bytes for the calling producer. Every reservation leaves room for one LINK. */
static inline int ring_reserve(struct wti_ring *ring, size_t record, struct wti_ring_place *place)
{
	struct ring_ends ends = {
		/* pairs with grow_link, grow_first [ring-tail]: the extent named is described */
		.tail = wti_load_acq(&ring->tail),
		/* pairs with ring_make_room [ring-seen]: the consumer's zeroing, as the first reader saw it */
		.head = wti_load_acq(&ring->head_seen),
	};

	place->linked = false;
	for (;;) {
		struct wti_extent_seen extent = wti_ring_extent(ring, ends.tail);
		uint64_t position = WTI_RING_POSITION(ends.tail);
		uint64_t low = wti_ring_low(ends.head, extent.start);
		size_t pad = ring_pad(position, extent.size, record);
		size_t link = WTI_MUTANT(WTI_MUTANT_NO_ROOM_FOR_LINK) ? 0 : WTI_HEADER_SIZE;

		if (wti_unlikely(position - low + pad + record + link > extent.size ||
				 !wti_ring_within_limit(ring, position, ends.head, record))) {
			ends = ring_make_room(ring, record, ends, place);
			if (ends.result)
				return ends.result == RING_TAKEN ? 0 : ends.result;
			continue;
		}
		if (wti_unlikely(!wti_ring_advance(ring, &ends.tail, pad, record))) {
			if (ends.tail & WTI_TAIL_BIASED)
				ends.tail = ring_end_bias(ring);
			continue;
		}
		place->end = ends.tail + pad + record;
		ring_ask_ahead(&extent, place->end, record, low);
		ring_take(&extent, position, pad, record, place);
		WTI_YIELD(WTI_YIELD_RESERVED, ring);
		return 0;
	}
}

/* The time is that before the publication, the rest is done after it: see below. */
static WTI_COLD void ring_commit_traced(const struct wti_ring *ring, const struct wti_ring_place *place,
					uint64_t header)
{
	int64_t now = wti_os->clock();

	wti_ring_commit_untraced(ring, place, header);
	wti_trace_posted(ring->trace, WTI_RING_POSITION(place->end), now);
}

/* Of a timeline; 0: there is none. Not read without need: it lies in a line that the consumer writes. */
static inline uint32_t ring_trace(const struct wti_ring *ring)
{
	return wti_unlikely(ring->special) ? ring->trace : 0;
}

/* Publish the record. Nothing that can fail, allocate or reach user code stands between reserve and this. */
static WTI_INLINE void ring_commit(struct wti_ring *ring, const struct wti_ring_place *place, uint64_t header)
{
	if (wti_unlikely(ring_trace(ring)))
		ring_commit_traced(ring, place, header);
	else
		wti_ring_commit_untraced(ring, place, header);
}

/* Ask for lines that will be written, which may lie behind the segment: a number, for no pointer may. */
static inline void ring_ask(uintptr_t from, size_t size)
{
	for (size_t i = 0; i < size; i += WTI_CACHE_LINE)
		wti_prefetch_write((const void *)(from + i));
}

/* The last piece asks for the beginning of the next record, if that lies behind it. */
static void ring_copy_large(unsigned char *to, const unsigned char *from, size_t size)
{
	while (size) {
		size_t piece = size < RING_COPY_PIECE ? size : RING_COPY_PIECE;

		ring_ask((uintptr_t)to + piece, piece);
		memcpy(to, from, piece);
		to += piece;
		from += piece;
		size -= piece;
	}
}

static inline void ring_copy(void *to, const void *from, size_t size)
{
	if (wti_likely(size <= RING_AHEAD_MAX - WTI_HEADER_SIZE || !ring_is_to_ask(size)))
		wti_copy(to, from, size);
	else
		ring_copy_large(to, from, size);
}

static void ring_gather(unsigned char *to, const struct iovec *iov, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ring_copy(to, iov[i].iov_base, iov[i].iov_len);
		to += iov[i].iov_len;
	}
}

static bool ring_is_outline(size_t size)
{
	return size > WTI_RECORD_MAX - WTI_HEADER_SIZE;
}

/* Account for a payload out of line, if the limit has room for it and its record. */
static int ring_charge_outline(struct wti_ring *ring, size_t size)
{
	size_t used = wti_load(&ring->outline);
	size_t record = wti_record_size(sizeof(struct wti_outline));

	do {
		/* pairs with wti_ring_flush [ring-head] */
		uint64_t head = wti_load_acq(&ring->head);

		if (!wti_ring_within_limit(ring, wti_ring_tail(ring), head, size + record))
			return WT_EAGAIN;
	} while (!wti_cas(&ring->outline, &used, used + size));
	return 0;
}

/* A block for a payload out of line, charged to the limit. */
static int ring_reserve_outline(struct wti_ring *ring, size_t size, struct wti_outline *outline)
{
	int err;

	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	err = wti_ring_check_size(ring, wti_record_size(sizeof *outline) + size);
	if (err)
		return err;
	err = ring_charge_outline(ring, size);
	if (err)
		return err;
	*outline = (struct wti_outline){ .block = wti_alloc(size), .size = size, .charged = size };
	if (outline->block)
		return 0;
	wti_sub_sc(&ring->outline, size); /* [ring-room] */
	return WT_ENOMEM;
}

static void ring_drop_outline(struct wti_ring *ring, const struct wti_outline *outline)
{
	wti_free(outline->block);
	wti_sub_sc(&ring->outline, outline->charged); /* before the look whether senders wait [ring-room] */
}

/* Copy to a block first, so that only the record remains to be reserved and written. */
static WTI_COLD int ring_post_outline(struct wti_ring *ring, const struct iovec *iov, size_t count, size_t size,
				      uint32_t type)
{
	struct wti_outline outline;
	struct wti_ring_place place;
	int err = ring_reserve_outline(ring, size, &outline);

	if (err)
		return err;
	ring_gather(outline.block, iov, count);
	err = ring_reserve(ring, wti_record_size(sizeof outline), &place);
	if (err) {
		ring_drop_outline(ring, &outline);
		return err;
	}
	memcpy(wti_ring_payload(&place), &outline, sizeof outline);
	ring_commit(ring, &place, wti_header(WTI_RECORD_OUTLINE, sizeof outline, type));
	return 0;
}

/* One that is not short, or in whose way there is something. */
static WTI_APART int ring_post_any(struct wti_ring *ring, const void *data, size_t size, uint32_t type)
{
	struct wti_ring_place place;
	int err;

	if (wti_unlikely(ring_is_outline(size))) {
		struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };

		return ring_post_outline(ring, &iov, 1, size, type);
	}
	err = wti_ring_check_size(ring, wti_record_size(size));
	if (wti_unlikely(err))
		return err;
	err = ring_reserve(ring, wti_record_size(size), &place);
	if (wti_unlikely(err))
		return err;
	ring_copy(wti_ring_payload(&place), data, size);
	ring_commit(ring, &place, wti_header(WTI_RECORD_MESSAGE, size, type));
	return 0;
}

int wti_ring_post(struct wti_ring *ring, const void *data, size_t size, uint32_t type)
{
	if (wti_is_short(size) && wti_likely(!ring_trace(ring)) &&
	    wti_likely(wti_ring_post_at_once(ring, data, size, type, ring->limited)))
		return 0;
	return ring_post_any(ring, data, size, type);
}

int wti_ring_post_iov(struct wti_ring *ring, const struct iovec *iov, size_t count, size_t size, uint32_t type)
{
	struct wti_ring_place place;
	int err;

	if (ring_is_outline(size))
		return ring_post_outline(ring, iov, count, size, type);
	err = wti_ring_check_size(ring, wti_record_size(size));
	if (err)
		return err;
	err = ring_reserve(ring, wti_record_size(size), &place);
	if (err)
		return err;
	ring_gather(wti_ring_payload(&place), iov, count);
	ring_commit(ring, &place, wti_header(WTI_RECORD_MESSAGE, size, type));
	return 0;
}

/* How many of the messages go into one reservation, and its bytes. */
static size_t ring_batch(const struct wti_ring *ring, const struct iovec *messages, size_t count, size_t *bytes)
{
	size_t most = ring->limit < RING_POST_MAX ? ring->limit : RING_POST_MAX;
	size_t n = 0;

	*bytes = 0;
	while (n < count && !ring_is_outline(messages[n].iov_len)) {
		size_t record = wti_record_size(messages[n].iov_len);

		if (record > most - *bytes)
			break;
		*bytes += record;
		n++;
	}
	return n;
}

/* As ring_commit_traced, for a batch that begins at the position `end`. */
static WTI_COLD void ring_publish_batch_traced(struct wti_ring *ring, _Atomic(uint64_t) *at, uint64_t end,
					       const struct iovec *messages, size_t count)
{
	int64_t now = wti_os->clock();

	wti_ring_publish(at, wti_header(WTI_RECORD_MESSAGE, messages[0].iov_len, 0));
	for (size_t i = 0; i < count; i++) {
		end += wti_record_size(messages[i].iov_len);
		wti_trace_posted(ring->trace, end, now);
	}
}

/* As ring_ask_ahead, for the message in a batch that follows the one at `header`. */
static inline void ring_ask_batch(_Atomic(uint64_t) *header, size_t size, size_t next)
{
	const unsigned char *at = (const unsigned char *)header + wti_record_size(size);

	if (next <= RING_AHEAD_EACH || !ring_is_to_ask(next))
		return;
	ring_ask((uintptr_t)at, next);
}

/*
 * One reservation for all: the first header is committed last, and holds
 * back the others until then.
 */
static int ring_post_batch(struct wti_ring *ring, const struct iovec *messages, size_t count, size_t bytes)
{
	struct wti_ring_place place;
	_Atomic(uint64_t) *header;
	uint64_t end;
	int err = ring_reserve(ring, bytes, &place);

	if (err)
		return err;
	header = place.header;
	end = WTI_RING_POSITION(place.end) - bytes;
	for (size_t i = 0; i < count; i++) {
		size_t size = messages[i].iov_len;

		if (i + 1 < count)
			ring_ask_batch(header, size, messages[i + 1].iov_len);
		wti_copy((unsigned char *)(header + 1), messages[i].iov_base, size);
		if (i)
			wti_store(header, wti_header(WTI_RECORD_MESSAGE, size, 0));
		header += wti_record_size(size) / sizeof *header;
		end += wti_record_size(size);
		WTI_PROBE2(post, ring, end);
	}
	wti_ring_zero_after(ring, &place);
	if (wti_unlikely(ring_trace(ring)))
		ring_publish_batch_traced(ring, place.header, end - bytes, messages, count);
	else
		wti_ring_publish(place.header, wti_header(WTI_RECORD_MESSAGE, messages[0].iov_len, 0));
	return 0;
}

int wti_ring_post_many(struct wti_ring *ring, const struct iovec *messages, size_t count, size_t *posted)
{
	size_t n = 0;
	int err = 0;

	while (n < count) {
		size_t bytes;
		size_t batch = ring_batch(ring, messages + n, count - n, &bytes);

		if (batch > 1 && ring_post_batch(ring, messages + n, batch, bytes) == 0) {
			n += batch;
			continue;
		}
		/* A large one, or no room for many: go on singly, to stop at the very one that fails. */
		err = wti_ring_post(ring, messages[n].iov_base, messages[n].iov_len, 0);
		if (err)
			break;
		n++;
	}
	*posted = n;
	return err;
}

/* ---- Written in place ---- */

static inline void ring_hand_out(struct wti_ring *ring, const struct wti_ring_place *place, size_t payload,
				 struct wti_ring_slot *slot)
{
	/* Now, not at the commit: by then the same producer may have written its next record there. */
	wti_ring_zero_after(ring, place);
	*slot = (struct wti_ring_slot){
		.payload = wti_ring_payload(place),
		.size = payload,
		.header = place->header,
		.end = place->end,
		.record = wti_record_size(payload),
		.linked = place->linked,
	};
}

static int ring_reserve_record(struct wti_ring *ring, size_t payload, struct wti_ring_slot *slot)
{
	struct wti_ring_place place;
	int err = wti_ring_check_size(ring, wti_record_size(payload));

	if (!err)
		err = ring_reserve(ring, wti_record_size(payload), &place);
	if (!err)
		ring_hand_out(ring, &place, payload, slot);
	return err;
}

static int ring_reserve_any(struct wti_ring *ring, size_t size, struct wti_ring_slot *slot)
{
	struct wti_outline outline;
	int err;

	if (!ring_is_outline(size))
		return ring_reserve_record(ring, size, slot);
	err = ring_reserve_outline(ring, size, &outline);
	if (err)
		return err;
	err = ring_reserve_record(ring, sizeof outline, slot);
	if (err) {
		ring_drop_outline(ring, &outline);
		return err;
	}
	memcpy(slot->payload, &outline, sizeof outline);
	slot->payload = outline.block;
	slot->size = size;
	slot->outline = true;
	return 0;
}

/*
 * What is short, and has nothing in its way, without much ado, as wti_ring_post does.
 * Kept because it measures better: with the commit, which is as short where it can be, and some less in transfer.c, it
 * spares each side of a buffer to and fro some 170 of 1270 instructions; three runs were 1.07, 1.13 and 1.24 times as
 * fast.
 */
int wti_ring_reserve(struct wti_ring *ring, size_t size, struct wti_ring_slot *slot)
{
	struct wti_ring_place place;

	if (wti_unlikely(size > WTI_SHORT_MAX))
		return ring_reserve_any(ring, size, slot);
	place = wti_ring_reserve_at_once(ring, wti_record_size(size), ring->limited);
	if (wti_unlikely(!place.header))
		return ring_reserve_any(ring, size, slot);
	ring_hand_out(ring, &place, size, slot);
	return 0;
}

/* The record's own bytes, which for a payload out of line hold the struct wti_outline. */
static void *ring_slot_outline(const struct wti_ring_slot *slot)
{
	return (void *)(slot->header + 1);
}

/*
 * Move the tail back to where it was before these bytes, if it has not moved since. That may end a gap, which the owner
 * looks for after arming: seq_cst for the look that follows [source-1].
 */
static bool ring_take_back(struct wti_ring *ring, uint64_t tail, size_t rest)
{
	struct wti_bias_place *place;
	bool taken;

	if (!(tail & WTI_TAIL_BIASED))
		return wti_cas_sc(&ring->tail, &tail, tail - rest); /* [ring-tail] */
	place = wti_bias_enter(ring);
	if (!place)
		return false;
	taken = wti_load(&ring->tail) == tail;
	if (taken)
		wti_store_sc(&ring->tail, tail - rest); /* [ring-tail] */
	wti_bias_leave(place);
	return taken;
}

/*
 * Give the end of the record, from `keep` bytes on, back: as if it had not
 * been reserved, if nothing was reserved behind it; else the consumer passes
 * over it, and the limit does not count it.
 */
static void ring_cut(struct wti_ring *ring, const struct wti_ring_slot *slot, size_t keep)
{
	size_t rest = slot->record - keep;
	_Atomic(uint64_t) *at = slot->header + keep / sizeof *at;
	if (!rest)
		return;
	/* Free bytes are zero, and so is the header behind the last record. The consumer may look at the first word. */
	wti_store(at, 0);
	memset((void *)(uintptr_t)(at + 1), 0, rest - WTI_HEADER_SIZE);
	if (ring_take_back(ring, slot->end, rest))
		return;
	wti_add(&ring->padding, rest);
	/* pairs with ring_settle [ring-commit]; it may uncover records: seq_cst for the look that follows [source-1] */
	wti_store_sc(at, wti_header(WTI_RECORD_PAD, rest - WTI_HEADER_SIZE, 0));
}

/* Its block keeps its size, and so does what it is charged with. */
static void ring_resize_outline(const struct wti_ring_slot *slot, size_t size)
{
	struct wti_outline outline = { .block = slot->payload, .size = size, .charged = slot->size };

	memcpy(ring_slot_outline(slot), &outline, sizeof outline);
}

static inline void ring_publish_slot(const struct wti_ring_slot *slot, uint64_t header, bool cargo)
{
	if (cargo)
		wti_ring_publish_cargo(slot->header, header);
	else
		wti_ring_publish(slot->header, header);
}

/* One out of line, shortened, or traced. */
static WTI_APART void ring_commit_any(struct wti_ring *ring, const struct wti_ring_slot *slot, size_t size,
				      uint32_t type, bool cargo)
{
	enum wti_record_kind kind = cargo ? WTI_RECORD_CARGO : WTI_RECORD_MESSAGE;
	uint64_t end = WTI_RING_POSITION(slot->end);
	int64_t now = ring_trace(ring) ? wti_os->clock() : 0;
	uint64_t header;

	if (slot->outline) {
		ring_resize_outline(slot, size);
		kind = cargo ? WTI_RECORD_OUTLINE_CARGO : WTI_RECORD_OUTLINE;
		header = wti_header(kind, sizeof(struct wti_outline), type);
	} else {
		ring_cut(ring, slot, wti_record_size(size));
		end -= slot->record - wti_record_size(size);
		header = wti_header(kind, size, type);
	}
	WTI_PROBE2(post, ring, end);
	ring_publish_slot(slot, header, cargo);
	if (now)
		wti_trace_posted(ring->trace, end, now);
}

void wti_ring_commit(struct wti_ring *ring, const struct wti_ring_slot *slot, size_t size, uint32_t type, bool cargo)
{
	if (wti_unlikely(slot->outline || slot->size != size || ring_trace(ring))) {
		ring_commit_any(ring, slot, size, type, cargo);
		return;
	}
	WTI_PROBE2(post, ring, WTI_RING_POSITION(slot->end));
	ring_publish_slot(slot, wti_header(cargo ? WTI_RECORD_CARGO : WTI_RECORD_MESSAGE, size, type), cargo);
}

void wti_ring_abandon(struct wti_ring *ring, const struct wti_ring_slot *slot)
{
	if (slot->outline)
		ring_drop_outline(ring, &(struct wti_outline){ .block = slot->payload, .charged = slot->size });
	ring_cut(ring, slot, 0);
}

/* ---- Accounts ---- */

void wti_ring_note_use(struct wti_ring *ring)
{
	size_t used = wti_ring_used(ring);
	size_t high = wti_load(&ring->high_water);

	/* The tail is read after the head: the two together may never have been. */
	if (used > ring->limit)
		used = ring->limit;
	while (used > high && !wti_cas(&ring->high_water, &high, used))
		;
}

/* Bytes that the limit counts for a message. */
static size_t ring_charge(size_t size)
{
	return ring_is_outline(size) ? wti_record_size(sizeof(struct wti_outline)) + size : wti_record_size(size);
}

size_t wti_ring_holds(const struct wti_ring *ring, size_t size)
{
	return ring->limit / ring_charge(size);
}

bool wti_ring_has_room(struct wti_ring *ring, size_t size)
{
	/* seq_cst: a sender that has announced its wait looks here; pairs with ring_give_back [ring-room] */
	uint64_t head = wti_load_sc(&ring->head);

	return wti_ring_within_limit(ring, wti_ring_tail(ring), head, ring_charge(size));
}

size_t wti_ring_used(struct wti_ring *ring)
{
	/* Head first: it never passes the tail that is read after it. [ring-head] */
	uint64_t head = wti_load_acq(&ring->head);

	size_t used = wti_ring_charged(ring, wti_ring_tail(ring), head);

	return (int64_t)used < 0 ? 0 : used;
}

uint64_t wti_ring_tail(struct wti_ring *ring)
{
	/* pairs with ring_cut [source-1]: whether a gap is over, looked for after arming */
	return WTI_RING_POSITION(wti_load_sc(&ring->tail));
}
