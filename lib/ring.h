/* SPDX-License-Identifier: MIT
 *
 * The queue of one port: many producers, one consumer, records of any length
 * that are written once, in place, and read in place. In the spirit of
 * Aeron's many-to-one ring buffer and of the Linux BPF ring buffer.
 *
 * Who may call what. wti_ring_post and its kin: any thread, together, also
 * with the consumer's calls (with `single`: one thread at a time, ordered by
 * the program). The calls under "Consumer": one thread at a time, which the
 * port's ownership orders. Create and destroy: alone.
 *
 * What is guaranteed. A producer's records come out in its order, each once.
 * A producer that stalls between reserve and commit holds back later records,
 * never other producers; one whose own the ring is holds them back where it
 * stalls in the few instructions that move the tail (ring_bias.h). Posting is lock-free but when the ring grows, or is
 * dirty (see below), which takes a lock among the producers that found it full;
 * and when a thread posts where another one has posted all for a while.
 *
 * What happens when it is full. Below `limit` it grows: a new segment is
 * linked behind the present one, up to WTI_SEGMENT_MAX each, or
 * WTI_SEGMENT_LARGE (ring_grow.c). From WTI_SEGMENT_MAX on
 * a producer first lets a consumer that is reading get ahead, for a fraction
 * of a millisecond at most, and, where there are several, yields its processor
 * up to four times to one that does not get on: the two then stay in one. At
 * the limit a
 * post is refused with WT_EAGAIN, having changed nothing. A refusal means
 * that there was no room at some moment of the call. What the limit counts
 * are messages, with their headers; where the ring pads or links, or a payload
 * goes out of line, producers that post at the same moment may each let one
 * more through. A record that is abandoned or shortened while others lie behind
 * it counts no more for what it gave up, though that is free only later.
 *
 * How it works. A position is a count of bytes since the ring was made, 64
 * bits, compared by difference, so that its wrap is harmless. A producer
 * reserves by moving `tail` (one compare-and-swap), writes the payload, and
 * commits by writing the record's header, which is zero until then. Where one
 * thread posts all for a while, it moves the tail by a plain store, until
 * another one comes (ring_bias.h). The consumer stops at a zero header; what it has read it zeroes, in batches,
 * before it moves `head` past it. A single producer reserves without a
 * read-modify-write, and, but where AMD made the processor, the consumer then
 * zeroes nothing: the producer does the next header before it commits.
 *
 * Large messages, where nothing else has come for a whole turn of the segment,
 * the consumer does not zero (where AMD made the processor it does: see
 * ring_read.c): `dirty` is set before `head` moves past them. A
 * producer that finds no room by the last head before that, `clean_head`,
 * reserves under the lock among producers, and zeroes the header behind its
 * record before the tail moves, if it lies where others cannot be, a turn
 * behind clean_head. When all that was not zeroed has been used and zeroed
 * again, the consumer clears `dirty`, under that lock.
 *
 * `tail` carries the present extent's index in its low bit. A producer reads
 * tail, then that extent, then swaps tail: success proves that no other
 * segment was linked meanwhile (of its own ring a thread knows it), so a
 * segment's memory is only touched by who owns bytes in it, and can be freed
 * once the consumer has passed its end.
 *
 * After any call that posts, successful or not, the caller looks whether the
 * consumer sleeps (wti_source_notify): a commit is the first half of that
 * handshake, also that of a LINK record.
 */
#ifndef WTI_RING_H
#define WTI_RING_H

#include <sys/uio.h>

#include "atomic.h"
#include "base.h"
#include "list.h"
#include "mutex.h"
#include "segment.h"

enum {
	WTI_SEGMENT_MIN = 256,                 /* bytes */
	WTI_SEGMENT_DEFAULT = 1024,            /* bytes: the first, for rings without a wish */
	WTI_SEGMENT_MAX = 256 * 1024,          /* bytes: no linked segment is larger, but for ... */
	WTI_SEGMENT_LARGE = 2048 * 1024,       /* ... one for a stream of large messages */
	WTI_RECORD_MAX = WTI_SEGMENT_MAX / 8   /* bytes with header: larger payloads go out of line */
};

#define WTI_NO_LIMIT SIZE_MAX

struct wti_cargo;

/* How many producers there are. */
enum wti_ring_producers {
	WTI_RING_MANY,
	WTI_RING_SINGLE,
	WTI_RING_SINGLE_ZEROES /* one, which zeroes the header behind each of its records; the consumer nothing */
};

/* What the consumer zeroes as it gives it back. */
enum wti_ring_zeroes {
	WTI_RING_ZEROES_ALL,
	WTI_RING_ZEROES_SMALL, /* and what is large, where it is not left: see above */
	WTI_RING_ZEROES_NONE   /* WTI_RING_SINGLE_ZEROES */
};

/* A segment while records are reserved in it. Read by producers beside a change: see above. */
struct wti_extent {
	_Atomic(struct wti_segment *) segment;
	_Atomic(uint64_t) start;   /* the first position in it */
};

/*
 * A message takes one line of the ring on either side, and the record's. So either has there what it asks of what was
 * set at create, and the consumer the size of its segment. The lines beside those two are hardly used: processors fetch
 * them in pairs.
 * Kept because it measures better: messages to any of 256 ports went from 5.6 million a second to 6.3, to any of 4096
 * from 5.0 to 5.6. With the producers' line beside one that the receiver writes, streams of 8 bytes lost up to a
 * seventh.
 */
struct wti_ring {
	/* Producers, when it is full. */
	WTI_CACHE_ALIGNED struct wti_mutex grow_lock; /* WTI_RANK_RING */
	struct wti_segment *last;             /* under grow_lock: where records are reserved now */
	_Atomic(struct wti_segment *) first;  /* producer to consumer, once */
	uint64_t dirty_seen;                  /* under grow_lock: a head of the past, also one behind clean_head */

	/* Producers, each post. tail: position | WTI_TAIL_BIASED | index of the extent, moved by CAS, or as in ring_bias.h. */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) tail;
	_Atomic(uint64_t) head_seen; /* a head of the past, none behind clean_head: spares the consumer's line */
	struct wti_extent extent[2];
	_Atomic(uint32_t) extent_size[2]; /* bytes; 0: none yet */
	_Atomic(uint32_t) bias; /* whose own it is, or WTI_BIAS_NOBODY: see ring_bias.h */
	/* Set at create. */
	bool limited;    /* `limit` is one */
	uint8_t producers; /* enum wti_ring_producers */
	bool special;    /* limited or traced: a post does more than reserve and publish */
	_Atomic(uint8_t) dirty; /* written by the consumer; cleared under grow_lock: what is free is not all zero */

	/* Producers, when it is full, and the consumer's returns. */
	WTI_CACHE_ALIGNED _Atomic(struct wti_segment *) spare; /* consumer to producer: a list of used ones, zeroed */
	_Atomic(size_t) outline;              /* payload bytes out of line, unreleased */
	_Atomic(size_t) padding;              /* bytes of PAD and LINK records, unreleased: not charged to the limit */
	_Atomic(uint16_t) stood_still;        /* waits in a row in which the head did: see wti_ring_grow */
	_Atomic(uint16_t) unwaited;           /* so many growths until the next wait */
	uint32_t trace;                       /* set at create: see wti_ring_trace */
	_Atomic(size_t) high_water;           /* the most bytes in use that were seen, now and then, and at each refusal */
	_Atomic(uint32_t) visitor;            /* who found no room last, so many times in a row: see wti_bias_visit */
	_Atomic(uint16_t) visits;
	_Atomic(uint16_t) patience;           /* visits after which it is that one's own; written under grow_lock */
	uint64_t bias_worth;                  /* under grow_lock: it is worth its end if it lasts up to this position */
	size_t limit;                         /* set at create: bytes, or WTI_NO_LIMIT */
	uint32_t capacity;                    /* set at create: bytes of the first segment */
	uint32_t largest;                     /* set at create: bytes of the largest one, where large messages stream */
	bool under_lock;                      /* see wti_ring_post_under_lock */
	_Atomic(uint16_t) streamed;           /* waits of large messages that found room: see ring_grow.c */
	uint64_t clean_head;                  /* consumer, before it sets `dirty`: the last head before which all was zeroed */
	/* Consumer, where `mixed`. */
	struct wti_segment *done_segment;     /* where `done` lies; else it is in read_segment */
	struct wti_list dropped;       /* objects that released records carried, and nobody took: wti_transferable.link */

	/* Consumer. */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) head; /* written by it: below, bytes are free and, but for `dirty`, zero */
	uint64_t read;                 /* the next record */
	uint64_t done;                 /* released up to here; head follows in batches */
	uint64_t due;                  /* a release up to here or beyond does more than to move `done`: see ring_set_due */
	struct wti_segment *read_segment;
	uint32_t read_size;            /* of that, in bytes */
	uint16_t padding_done;         /* words of padding between head and done, which lie in one segment */
	uint8_t large;                 /* large messages in a row, as ring_read.c counts them */
	uint8_t dirt;                  /* enum ring_dirt of ring_read.c: how `dirty` came and will go */
	uint32_t look_in;              /* so many releases until the use is noted; one in vain may count three times */
	uint8_t looks;                 /* since the last flush */
	bool mixed;                    /* something else than plain messages may lie between `done` and `read` */
	bool read_limited;             /* set at create, as `limited` */
	uint8_t zeroes;                /* set at create: enum wti_ring_zeroes */
};

/* A record's bytes and what the sender said of them. */
struct wti_record {
	const void *data; /* 8-byte aligned, valid until released */
	size_t size;      /* bytes */
	uint32_t type;
	struct wti_cargo *cargo; /* what came with it, or NULL */
};

/* A record that is being written by who reserved it. */
struct wti_ring_slot {
	unsigned char *payload;   /* where to write; aligned to 8 bytes */
	size_t size;              /* bytes there */
	_Atomic(uint64_t) *header;
	uint64_t end;             /* the tail behind it */
	size_t record;            /* bytes in the ring */
	bool outline;             /* the payload is a block of its own */
	bool linked;              /* the ring has grown: what was posted behind the link is free to go, before this record */
};

/* Where the ring is found empty more often than this, nobody looks at it for the high-water mark: a look takes the
 * producers their line. */
#define WTI_RING_FIRST_LOOK 64

static inline void wti_ring_begin_run(struct wti_ring *ring)
{
	ring->look_in = WTI_RING_FIRST_LOOK;
	ring->looks = 0;
}

/* No memory is taken before the first post. `limit` is WTI_NO_LIMIT or below WTI_SIZE_MAX; capacity 0 is the default. */
void wti_ring_init(struct wti_ring *ring, size_t capacity, size_t limit, bool single);

/* Before the first post: the messages are those of the port with this number in a timeline; 0: there is none. */
void wti_ring_trace(struct wti_ring *ring, uint32_t port);

/* Before the first post: some who post hold a lock that others wait for, so nobody yields to the consumer. */
void wti_ring_post_under_lock(struct wti_ring *ring);

/* Drop what is left, and free all memory. Objects that the records carried go on the list. */
void wti_ring_destroy(struct wti_ring *ring, struct wti_list *dropped);

/*
 * Post a copy of `size` bytes. 0; WT_EAGAIN at the limit; WT_EMSGSIZE for
 * what can never fit; WT_EOVERFLOW; WT_ENOMEM.
 */
int wti_ring_post(struct wti_ring *ring, const void *data, size_t size, uint32_t type);

/* The same for bytes gathered from `iov`, whose sum is `size`. */
int wti_ring_post_iov(struct wti_ring *ring, const struct iovec *iov, size_t count, size_t size, uint32_t type);

/* Post several messages, as wti_ring_post each; *posted counts those before the one that failed. */
int wti_ring_post_many(struct wti_ring *ring, const struct iovec *messages, size_t count, size_t *posted);

/*
 * Reserve a record with room for `size` bytes, to be written and committed or
 * abandoned by the caller; later records wait for it. Errors as wti_ring_post.
 */
int wti_ring_reserve(struct wti_ring *ring, size_t size, struct wti_ring_slot *slot);

/*
 * Publish it with `size` bytes, at most those reserved. With `cargo` the payload begins
 * with a struct wti_cargo, and the commit is seq_cst: see port_transfer.c.
 */
void wti_ring_commit(struct wti_ring *ring, const struct wti_ring_slot *slot, size_t size, uint32_t type, bool cargo);

/* Give it back; where more was reserved behind it, the consumer passes over it. */
void wti_ring_abandon(struct wti_ring *ring, const struct wti_ring_slot *slot);

/* Whether a message of `size` bytes would find room now. Any thread. */
bool wti_ring_has_room(struct wti_ring *ring, size_t size);

/* How many messages of `size` bytes the limit allows. Any thread. */
size_t wti_ring_holds(const struct wti_ring *ring, size_t size);

/* Note the bytes in use, for the high-water mark. Any thread. */
void wti_ring_note_use(struct wti_ring *ring);

/* Bytes in use: reserved records and payloads out of line. Any thread; of the moment. */
size_t wti_ring_used(struct wti_ring *ring);

/* The position up to which records are reserved at this moment. Any thread. */
uint64_t wti_ring_tail(struct wti_ring *ring);

#define WTI_RING_POSITION(tail) ((tail) & ~(uint64_t)7)
#define WTI_TAIL_BIASED         ((uint64_t)2)

/* The same as a guess: relaxed, and no point of a schedule. Any thread. */
static inline uint64_t wti_ring_tail_guess(const struct wti_ring *ring)
{
	return WTI_RING_POSITION(wti_load_guess(&ring->tail));
}

/* Whether one thread moves the tail by a plain store, which its later looks can pass. Any thread. */
static inline bool wti_ring_is_lone(const struct wti_ring *ring)
{
	return ring->producers != WTI_RING_MANY || wti_load(&ring->tail) & WTI_TAIL_BIASED;
}

/* Bytes: in steps of so many, at most, what was small messages is given back. */
#define WTI_RING_STEP 4096

/* How far the consumer has given back; 0 where it still has less than a step. Any thread; of the moment. */
static inline uint64_t wti_ring_progress(const struct wti_ring *ring)
{
	/* Relaxed: what is told wrongly makes a poll shorter, or longer. */
	uint64_t head = wti_load(&ring->head);

	return (int64_t)(wti_load(&ring->tail) - head) < WTI_RING_STEP ? 0 : head | 1;
}

/*
 * Ask for the line of the record that is posted next, as far as can be told: the three words need not belong together,
 * and the segment may be gone. Any thread.
 */
static inline void wti_ring_approach_post(struct wti_ring *ring)
{
	uint64_t tail = wti_load_guess(&ring->tail);
	struct wti_segment *segment = wti_load_guess(&ring->extent[tail & 1].segment);
	uint32_t size = wti_load_guess(&ring->extent_size[tail & 1]);

	if (segment && size)
		wti_prefetch_write(wti_segment_at(segment, size, tail));
}

/* Consumer: the next record, which stays valid until it is released. False when none is committed. */
bool wti_ring_next(struct wti_ring *ring, struct wti_record *record);

/* Consumer: whether wti_ring_next would find a record. */
bool wti_ring_ready(struct wti_ring *ring);

/* Consumer: whether there are more records than that, as far as they lie in one segment; where that ends sooner, true. */
bool wti_ring_ready_beyond(struct wti_ring *ring, unsigned count);

/* Consumer: ask for the cache lines of the next record and of what is written for it; again, when some have come. */
void wti_ring_approach(struct wti_ring *ring);

/* Consumer: release every record before the position `upto`, at most ring->read. What they carried: ring->dropped. */
void wti_ring_release(struct wti_ring *ring, uint64_t upto);

/* Consumer: let producers have all that was released, now rather than with the next batch. */
void wti_ring_flush(struct wti_ring *ring);

#endif
