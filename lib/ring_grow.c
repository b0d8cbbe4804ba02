/* SPDX-License-Identifier: MIT */
#include "ring_grow.h"

#include <wt/error.h>

#include "os.h"
#include "record.h"
#include "ring_bias.h"
#include "seam.h"
#include "wait.h"

/*
 * A producer looks how far the consumer is every so many pauses: in all, but
 * for the yields below, about what another segment takes (140 us where a pause
 * is 17 ns, three times that where it is 140 cycles), and not when it has not
 * moved for a few looks.
 * Each look costs the consumer the line of what it writes for each message; it
 * gives bytes back every 4096, which takes 5 us where messages are small.
 * Kept because it measures better: batches of 64-byte messages went from 54
 * million a second to 67, of 256-byte ones with one producer that are drained
 * from 29 to 41; looked at every 32 pauses, 8-byte ones lost a sixth.
 *
 * One that has not moved may wait for a processor, where more threads run than
 * there are: maybe for this one, which the producer then yields, a few times,
 * since others may be before it. Not on one processor: there one yield would do
 * for one producer, but of several each would fill the rest.
 * Kept because it measures better: of 2, 4 and 8 producers 2.1, 2.9 and 2.4
 * times as many messages came in 11 rounds (2 processors, of AMD), for without
 * it they are millions of bytes ahead, whose pages the system makes and takes
 * away: half the time was spent there. Fewer yields than 4 lose two fifths of
 * that, 8 bring no more.
 */
enum {
	GROW_PAUSES = 256, /* a few microseconds */
	GROW_LOOKS = 32,
	GROW_LOOKS_STILL = 4,
	GROW_YIELDS = 4, /* of one wait */
	GROW_UNWAITED_LOG = 6 /* of the growths without a wait after one in vain, at most */
};

/*
 * Where large messages come faster than they are read, again and again, a
 * segment that the L2 cache holds is too small: each line then comes from the
 * other processor's, and from what both share it comes sooner.
 * Kept because it measures better, where AMD made the processor (1 MiB of L2,
 * a word 55 ns to the other CPU): messages of 2, 4, 8, 10 and 16 KiB were 1.38,
 * 1.11, 1.26, 1.21 and 1.23 times as fast, medians of two or three runs of 9
 * rounds. In 1 MiB it would be 1.02 for 4 KiB and 1.13 for 16; and those of 8
 * bytes would lose 6 of 100 there. On other processors it was not measured.
 */
enum {
	GROW_LARGE = 2048,  /* bytes of a record that is large: those of 1 KiB gained nothing */
	GROW_STREAMED = 16  /* waits in each of which a quarter of the segment was read: more than a burst needs */
};

static bool grow_streams(const struct wti_ring *ring, size_t need)
{
	return need >= GROW_LARGE && ring->largest > WTI_SEGMENT_MAX && wti_load(&ring->streamed) >= GROW_STREAMED;
}

/* Relaxed: what is lost is one of many. */
static void grow_note_stream(struct wti_ring *ring, size_t need)
{
	unsigned streamed = wti_load(&ring->streamed);

	if (need >= GROW_LARGE && streamed < GROW_STREAMED)
		wti_store(&ring->streamed, (uint16_t)(streamed + 1));
}

/* Four times the last one, and room for four such records: a ring reaches its size in few steps. */
static size_t grow_size(const struct wti_ring *ring, size_t need)
{
	size_t size = ring->last ? ring->last->size * 4 : ring->capacity;

	if (grow_streams(ring, need))
		return ring->largest;
	while (size < need * 4)
		size *= 2;
	return size < WTI_SEGMENT_MAX ? size : WTI_SEGMENT_MAX;
}

/*
 * Used segments from WTI_SEGMENT_MAX on, of one size, linked by `next`. The
 * consumer adds, whoever grows the ring takes; each takes the whole list to
 * change it.
 */
static struct wti_segment *grow_take_spares(struct wti_ring *ring)
{
	/* pairs with grow_put_spares [ring-spare]: the consumer's zeroing comes before our use */
	return wti_xchg_acqrel(&ring->spare, NULL);
}

/* What the other side has put there meanwhile is more than is worth keeping. */
static void grow_put_spares(struct wti_ring *ring, struct wti_segment *list)
{
	/* pairs with grow_take_spares [ring-spare] */
	wti_ring_free_spares(wti_xchg_acqrel(&ring->spare, list));
}

void wti_ring_free_spares(struct wti_segment *list)
{
	while (list) {
		struct wti_segment *next = list->next;

		wti_segment_destroy(list);
		list = next;
	}
}

static struct wti_segment *grow_segment(struct wti_ring *ring, size_t size)
{
	struct wti_segment *spare;

	if (size < WTI_SEGMENT_MAX)
		return wti_segment_create(size);
	spare = grow_take_spares(ring);
	if (spare && spare->size != size) {
		wti_ring_free_spares(spare);
		spare = NULL;
	}
	if (!spare)
		return wti_segment_create(size);
	if (spare->next)
		grow_put_spares(ring, spare->next);
	return spare;
}

/* Describe the segment to producers that will find `index` in the tail; positions in it begin at `start`. */
static void grow_describe(struct wti_ring *ring, unsigned index, struct wti_segment *segment, uint64_t start)
{
	struct wti_extent *extent = &ring->extent[index];

	/* Relaxed: published by the swap of the tail, proven by that of the reader. */
	wti_store(&extent->segment, segment);
	wti_store(&ring->extent_size[index], (uint32_t)segment->size);
	wti_store(&extent->start, start);
	wti_store(wti_segment_at(segment, segment->size, start), 0);
}

/* Nobody else moves the tail of a ring without a segment: they come here, to the lock. */
static void grow_first(struct wti_ring *ring, struct wti_segment *segment, uint64_t tail)
{
	unsigned next = (unsigned)(tail & 1) ^ 1;

	grow_describe(ring, next, segment, tail & ~(uint64_t)7);
	wti_store_rel(&ring->first, segment); /* pairs with ring_first [ring-first]: its size is written */
	/* pairs with ring_reserve [ring-tail] */
	wti_store_rel(&ring->tail, (tail & ~(uint64_t)7) | (tail & WTI_TAIL_BIASED) | next);
}

/*
 * Close the last segment with a LINK record, for which every reservation
 * leaves room, and go on in `segment`. Other producers may take positions
 * meanwhile; they only make the swap fail.
 */
static void grow_link(struct wti_ring *ring, struct wti_segment *segment, uint64_t tail)
{
	struct wti_segment *last = ring->last;
	unsigned next = (unsigned)(tail & 1) ^ 1;
	uint64_t position;

	last->next = segment;
	wti_add(&ring->padding, WTI_HEADER_SIZE);
	do {
		position = tail & ~(uint64_t)7;
		grow_describe(ring, next, segment, position + WTI_HEADER_SIZE);
		/* pairs with ring_reserve [ring-tail]: the extent is described */
	} while (!wti_cas_acqrel(&ring->tail, &tail, (position + WTI_HEADER_SIZE) | (tail & WTI_TAIL_BIASED) | next));

	/* pairs with wti_ring_next [ring-commit]: `next` is written; seq_cst for the look that follows [source-1] */
	wti_store_sc(wti_segment_at(last, last->size, position), wti_header(WTI_RECORD_LINK, 0, 0));
}

/* The consumer stood still while a producer waited, or did not. Relaxed: what is lost costs one wait. */
static void grow_learn(struct wti_ring *ring, bool stood_still)
{
	unsigned times = wti_load(&ring->stood_still);

	if (!stood_still)
		times = 0;
	else if (times < GROW_UNWAITED_LOG)
		times++;
	wti_store(&ring->stood_still, (uint16_t)times);
	wti_store(&ring->unwaited, (uint16_t)(times ? 1u << times : 0));
}

/* The full segment as a producer found it: others may link one or two behind it while this one yields. */
struct grow_full {
	uint64_t tail;
	uint64_t start;
	uint32_t size;
};

static bool grow_is_still_full(struct wti_ring *ring, const struct grow_full *full)
{
	/* Relaxed: who posts looks again; under grow_lock nobody else writes either. */
	return !((wti_load(&ring->tail) ^ full->tail) & 1) &&
	       wti_load(&ring->extent[full->tail & 1].start) == full->start;
}

/* `still`: looks in a row at which the consumer had not moved. False where it had its chances. */
static bool grow_let_consume(const struct wti_ring *ring, int still, int *yields)
{
	if (still < GROW_LOOKS_STILL) {
		wti_wait_gather(GROW_PAUSES);
		return true;
	}
	if (ring->under_lock || *yields == GROW_YIELDS)
		return false;
	++*yields;
	wti_os->yield();
	return true;
}

/*
 * Whether the consumer, that had come to `from`, gives back a quarter of the segment that is full: looked at as long as it
 * goes on. In one before that it makes no room here, whatever it gives back.
 */
static bool grow_sees_room(struct wti_ring *ring, const struct grow_full *full, size_t need, uint64_t from)
{
	uint64_t enough = ((int64_t)(from - full->start) < 0 ? full->start : from) + full->size / 4;
	uint64_t head = from;
	int still = 0, yields = 0;

	for (int look = 0; look < GROW_LOOKS && grow_let_consume(ring, still, &yields); look++) {
		uint64_t last = head;

		WTI_YIELD(WTI_YIELD_FULL, ring);
		/* Relaxed: who posts looks at both again. */
		head = wti_load(&ring->head);
		/* Another producer has grown it: that one may have learnt. */
		if (!grow_is_still_full(ring, full))
			return true;
		if ((int64_t)(head - enough) >= 0) {
			grow_learn(ring, false);
			grow_note_stream(ring, need);
			return true;
		}
		still = head == last ? still + 1 : 0;
	}
	grow_learn(ring, still >= GROW_LOOKS_STILL);
	return false;
}

/*
 * A segment that is not outgrown is full. A consumer that reads it will have
 * made room by the time that another segment would take, whose memory is in no
 * cache and mostly in no page yet: the producer lets it get ahead. One that stands still
 * may be this very thread, and is waited for more and more rarely.
 */
static bool grow_finds_room(struct wti_ring *ring, const struct grow_full *full, size_t need)
{
	unsigned unwaited = wti_load(&ring->unwaited);

	if (full->size < WTI_SEGMENT_MAX || !wti_wait_may_poll())
		return false;
	if (full->size < ring->largest && grow_streams(ring, need))
		return false;
	if (unwaited) {
		wti_store(&ring->unwaited, (uint16_t)(unwaited - 1));
		return false;
	}
	return grow_sees_room(ring, full, need, wti_load(&ring->head));
}

int wti_ring_grow(struct wti_ring *ring, uint64_t tail, size_t need)
{
	const struct grow_full full = {
		.tail = tail,
		.start = wti_load(&ring->extent[tail & 1].start),
		.size = wti_load(&ring->extent_size[tail & 1]),
	};
	struct wti_segment *segment;
	uint64_t now;
	size_t size;
	int err = 0;

	if (grow_finds_room(ring, &full, need))
		return 0;
	wti_mutex_lock(&ring->grow_lock);
	if (!grow_is_still_full(ring, &full))
		goto out; /* someone else has linked one meanwhile */
	if (!WTI_MUTANT(WTI_MUTANT_BIAS_GROW))
		wti_bias_end(ring); /* its owner may find room for less, and move the tail over the link */
	now = wti_load(&ring->tail);
	size = grow_size(ring, need);
	segment = grow_segment(ring, size);
	if (!segment && size > WTI_SEGMENT_MAX) {
		wti_store(&ring->streamed, 0); /* it need not be: who posts waits for room as before */
		goto out;
	}
	if (!segment) {
		err = WT_ENOMEM;
		goto out;
	}
	if (ring->last)
		grow_link(ring, segment, now);
	else
		grow_first(ring, segment, now);
	ring->last = segment;
out:
	wti_mutex_unlock(&ring->grow_lock);
	return err;
}

void wti_ring_retire(struct wti_ring *ring, struct wti_segment *segment)
{
	struct wti_segment *list;

	/* Small ones were outgrown. */
	if (segment->size < WTI_SEGMENT_MAX) {
		wti_segment_destroy(segment);
		return;
	}
	list = grow_take_spares(ring);
	if (list && (list->size != segment->size || segment->size > WTI_SEGMENT_MAX)) {
		wti_ring_free_spares(list);
		list = NULL;
	}
	segment->next = list;
	if (list && list->next) { /* two are kept: with the one in use, less than a mebibyte; of WTI_SEGMENT_LARGE, one */
		wti_ring_free_spares(list->next);
		list->next = NULL;
	}
	grow_put_spares(ring, segment);
}
