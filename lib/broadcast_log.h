/* SPDX-License-Identifier: MIT
 *
 * What was posted under one name, once for all who receive it: a log of
 * records in chunks, and a cursor for each endpoint.
 *
 * A writer appends under the lock and publishes by one store of `tail`. A
 * cursor moves within a chunk without lock or read-modify-write: it reads up
 * to the tail that it saw last, and looks for a new one when it has come
 * there. It takes the lock to go on into another chunk.
 *
 * A chunk counts the cursors that are in it or have still to come. The last
 * one that leaves frees it. So that nobody keeps memory for what is not for
 * him, a cursor does not wait for
 *	a closed chunk whose records are all its own (it skips its own anyway);
 *	chunks that its limit forbids it: the writer lets them go when it
 *	  starts another one, and notes how much that was.
 * A cursor with a limit so keeps no more than that limit, the chunk that it
 * is in, and the newest.
 *
 * A record that is large, or carries something, has a chunk of its own, which
 * is closed from the start: it is freed as soon as the last one has read it.
 *
 * Positions and limits count bytes of records with their headers, in 64 bits
 * that do not wrap.
 *
 * broadcast_log.c     chunks, and those who write them
 * broadcast_cursor.c  those who read them
 */
#ifndef WTI_BROADCAST_LOG_H
#define WTI_BROADCAST_LOG_H

#include "atomic.h"
#include "base.h"
#include "list.h"
#include "mutex.h"

struct wti_cargo;

#define WTI_LOG_UNLIMITED SIZE_MAX

enum {
	WTI_CHUNK_MIN = 4096, /* bytes of the first chunk; each that is filled is followed by a larger one */
	WTI_CHUNK_MAX = 65536,
	WTI_CHUNK_SOLO = 16384 /* records above this have a chunk of their own */
};

enum wti_log_kind {
	WTI_LOG_BYTES,
	WTI_LOG_CARGO, /* a struct wti_cargo, then the bytes */
	WTI_LOG_LINK   /* the chunk ends here */
};

/* In front of each record's payload. Written before the tail that covers it, then constant. */
struct wti_log_header {
	uint64_t author; /* number of the cursor that it is not for */
	uint64_t size;   /* bytes of the payload */
	uint32_t type;
	uint32_t kind;   /* enum wti_log_kind */
};

/* What one cursor posted into a chunk. They lie at the chunk's end, the first one last. */
struct wti_log_share {
	uint64_t author;
	uint64_t bytes;
	uint64_t records;
};

struct wti_chunk {
	/* Set when it is made. */
	size_t size; /* bytes of data */
	bool solo;   /* one record, and closed */

	/* Under the lock. */
	struct wti_list link; /* wti_log.chunks; then the list of those to be freed */
	uint64_t serial;      /* of the chunks of its log */
	uint64_t begin;       /* position of its first record */
	size_t used;          /* bytes of its records */
	unsigned shares;
	unsigned visitors;    /* a count: cursors in it, and those that have still to come */
	bool closed;          /* no record is added */

	/* Records, then shares from the other end. */
	_Alignas(uint64_t) unsigned char data[];
};

struct wti_log {
	/* Atomic: how far records are written. By writers under the lock; cursors read it. */
	WTI_CACHE_ALIGNED _Atomic(uint64_t) tail;

	/* Under the lock. */
	WTI_CACHE_ALIGNED struct wti_mutex lock; /* WTI_RANK_TOPIC */
	struct wti_list chunks;  /* oldest first */
	struct wti_list cursors; /* in no order */
	struct wti_chunk *spare; /* of WTI_CHUNK_MAX, or NULL */
	size_t next_size;        /* of the next chunk */
	uint64_t end;            /* as `tail`, but for what is being written */
	uint64_t records;        /* so far */
	uint64_t chunk_serial;
	uint64_t author_serial;
	unsigned readers;        /* cursors that were not expelled */
};

/* Why a cursor holds a chunk that it may have left. */
enum wti_log_keep {
	WTI_KEEP_VIEW, /* a message that was received */
	WTI_KEEP_PIN,  /* a message that a callback has */
	WTI_KEEP_COUNT
};

struct wti_cursor {
	/* Set when it joins. */
	struct wti_log *log;
	uint64_t author;
	size_t limit;  /* bytes that may wait, or WTI_LOG_UNLIMITED */
	bool expels;   /* above the limit it gets nothing any more, instead of losing the oldest */

	/* Under the lock. */
	struct wti_list link;         /* wti_log.cursors */
	struct wti_chunk *chunk;      /* it is in; NULL: it waits for `next`. Changed by the owner, who reads it without */
	struct wti_chunk *next;       /* the first that it has still to come to; NULL: one that is not made yet */
	uint64_t ahead;               /* bytes for it in closed chunks from `next` on */
	uint64_t own_bytes;           /* that it posted itself since it joined */
	uint64_t own_records;
	uint64_t let_go_bytes;        /* in chunks that it will not come to any more; the owner adds them to `passed` */
	uint64_t let_go_records;
	uint64_t share_serial;        /* of the latest chunk that it posted in */
	struct wti_log_share *share;  /* there */
	bool expelled;

	/* Owner only. */
	WTI_CACHE_ALIGNED size_t offset; /* in the chunk */
	uint64_t position;
	uint64_t tail;                /* as it was seen last */
	uint64_t passed;              /* bytes for it that were read or lost; began as the tail: the difference waits */
	uint64_t passed_records;      /* the same for records */
	uint64_t dropped;             /* records that it lost */
	bool out;                     /* it had been expelled when it last crossed: its position says nothing any more */
	struct wti_chunk *kept[WTI_KEEP_COUNT];
};

struct wti_log_record {
	const void *data;
	size_t size;
	uint32_t type;
	struct wti_cargo *cargo; /* or NULL */
};

/* Bytes that a record takes, as limits count them. */
static inline size_t wti_log_cost(size_t payload)
{
	return sizeof(struct wti_log_header) + wti_round_up(payload, sizeof(uint64_t));
}

void wti_log_init(struct wti_log *log);

/* When all cursors have left. */
void wti_log_destroy(struct wti_log *log);

/* Free chunks that nobody visits any more, and what their records carried. With no lock held. */
void wti_log_free(struct wti_list *retired);

/* ---- Writers. Under the lock, but for those that make a chunk ---- */

/* Whether anybody but this cursor would read a record. */
bool wti_log_has_readers(const struct wti_log *log, const struct wti_cursor *author);

/*
 * Room for a payload in the newest chunk, or in `*fresh`, which is then taken
 * and NULL. NULL where there is none: give the lock back, make one, and try
 * again. Chunks that nobody will visit go to `retired`. The payload is
 * written, and published, before the lock is given back.
 */
void *wti_log_append(struct wti_cursor *author, size_t payload, uint32_t type, struct wti_chunk **fresh,
		     struct wti_list *retired);

/* Bytes of the chunk that it wants. */
size_t wti_log_wanted(const struct wti_log *log, size_t payload);

/* Without the lock. NULL: no memory. One that was not taken is to be freed with those that retired. */
struct wti_chunk *wti_log_make(size_t size);

/* One for a record of its own, with its payload at *at: it is written before the chunk is appended. */
struct wti_chunk *wti_log_make_solo(size_t payload, uint32_t type, enum wti_log_kind kind, void **at);
void wti_log_append_solo(struct wti_cursor *author, struct wti_chunk *solo, struct wti_list *retired);

/* Show readers what was appended, before the look at who of them sleeps. */
void wti_log_publish(struct wti_log *log);

/* ---- Between the two. Under the lock ---- */

static inline struct wti_chunk *wti_chunk_of(struct wti_list *link)
{
	return wti_list_entry(link, struct wti_chunk, link);
}

static inline struct wti_log_header *wti_chunk_header(struct wti_chunk *chunk, size_t offset)
{
	return (struct wti_log_header *)(void *)(chunk->data + offset);
}

/* Bytes in it that count against this cursor's limit, if it has one. */
uint64_t wti_chunk_weight(struct wti_chunk *chunk, const struct wti_cursor *cursor);

/* The newest chunk, or NULL. */
struct wti_chunk *wti_log_newest(struct wti_log *log);

/* The first chunk from `link` on that waits for this cursor, or NULL. */
struct wti_chunk *wti_log_await(struct wti_log *log, struct wti_list *link, const struct wti_cursor *cursor);

/* One visitor less. */
void wti_log_leave(struct wti_log *log, struct wti_chunk *chunk, struct wti_list *retired);

/* The cursor comes to no other chunk. */
void wti_log_expel(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired);

/* ---- Cursors. Owner, without the lock ---- */

/* From now on it reads what others append. */
void wti_cursor_join(struct wti_cursor *cursor, struct wti_log *log, size_t limit, bool expels);

/* It reads nothing any more: what waits is lost and counted. What it keeps stays. */
void wti_cursor_leave(struct wti_cursor *cursor);

/* Whether there is a record for it. Goes past its own. */
bool wti_cursor_ready(struct wti_cursor *cursor);

/* Take that record: false when there is none. */
bool wti_cursor_next(struct wti_cursor *cursor, struct wti_log_record *record);

/* Lose the oldest records above the limit; true when it expels, and that was passed. For cursors with one. */
bool wti_cursor_trim(struct wti_cursor *cursor);

/* Keep the chunk of the record just taken; and not any more. */
static inline void wti_cursor_keep(struct wti_cursor *cursor, enum wti_log_keep why)
{
	cursor->kept[why] = cursor->chunk;
}

void wti_cursor_unkeep_slow(struct wti_cursor *cursor, enum wti_log_keep why);

static inline void wti_cursor_unkeep(struct wti_cursor *cursor, enum wti_log_keep why)
{
	struct wti_chunk *chunk = cursor->kept[why];

	if (wti_likely(chunk && chunk == cursor->chunk && !chunk->solo))
		cursor->kept[why] = NULL;
	else if (chunk)
		wti_cursor_unkeep_slow(cursor, why);
}

/* How far records are written, for a fair turn. Relaxed: any moment will do. */
static inline uint64_t wti_log_tail(struct wti_log *log)
{
	return wti_load(&log->tail);
}

/* Bytes that wait for it, and how many records it lost so far. */
struct wti_backlog {
	uint64_t bytes;
	uint64_t dropped;
};

void wti_cursor_backlog(struct wti_cursor *cursor, struct wti_backlog *backlog);

#endif
