/* SPDX-License-Identifier: MIT */
#include "broadcast_log.h"

#include "alloc.h"
#include "barrier.h"
#include "cargo.h"
#include "seam.h"

/* ---- Chunks ---- */

static struct wti_log_share *chunk_share(struct wti_chunk *chunk, unsigned index)
{
	return (struct wti_log_share *)(void *)(chunk->data + chunk->size) - index - 1;
}

static struct wti_chunk *chunk_make(size_t size, bool solo)
{
	struct wti_chunk *chunk = wti_alloc(sizeof *chunk + size);

	if (!chunk)
		return NULL;
	*chunk = (struct wti_chunk){ .size = size, .solo = solo, .closed = solo };
	wti_list_init(&chunk->link);
	return chunk;
}

static size_t chunk_room(const struct wti_chunk *chunk)
{
	return chunk->size - chunk->used - chunk->shares * sizeof(struct wti_log_share) - sizeof(struct wti_log_header);
}

/* Bytes of data that such a record needs: with it its share, and the mark at the chunk's end. */
static size_t chunk_need(size_t payload)
{
	return wti_log_cost(payload) + sizeof(struct wti_log_share) + sizeof(struct wti_log_header);
}

static void chunk_end(struct wti_chunk *chunk)
{
	*wti_chunk_header(chunk, chunk->used) = (struct wti_log_header){ .kind = WTI_LOG_LINK };
	chunk->closed = true;
}

/* Whether nothing in it is for this author. */
static bool chunk_is_own(struct wti_chunk *chunk, uint64_t author)
{
	return chunk->shares == 1 && chunk_share(chunk, 0)->author == author;
}

/* Whether it is waited for by a cursor that has still to come there. */
static bool chunk_awaits(struct wti_chunk *chunk, const struct wti_cursor *cursor)
{
	return !chunk->closed || !chunk_is_own(chunk, cursor->author);
}

/* What of it is for this author to read. */
static struct wti_log_share chunk_for(struct wti_chunk *chunk, uint64_t author)
{
	struct wti_log_share sum = { .author = author };

	for (unsigned i = 0; i < chunk->shares; i++) {
		const struct wti_log_share *share = chunk_share(chunk, i);

		if (share->author == author)
			continue;
		sum.bytes += share->bytes;
		sum.records += share->records;
	}
	return sum;
}

uint64_t wti_chunk_weight(struct wti_chunk *chunk, const struct wti_cursor *cursor)
{
	return cursor->limit == WTI_LOG_UNLIMITED ? 0 : chunk_for(chunk, cursor->author).bytes;
}

/* ---- The log, under the lock ---- */

static void log_retire(struct wti_log *log, struct wti_chunk *chunk, struct wti_list *retired)
{
	wti_list_remove(&chunk->link);
	if (log->spare || chunk->solo || chunk->size != WTI_CHUNK_MAX)
		wti_list_append(retired, &chunk->link);
	else
		log->spare = chunk;
}

void wti_log_leave(struct wti_log *log, struct wti_chunk *chunk, struct wti_list *retired)
{
	if (--chunk->visitors == 0)
		log_retire(log, chunk, retired);
}

struct wti_chunk *wti_log_newest(struct wti_log *log)
{
	return wti_list_empty(&log->chunks) ? NULL : wti_chunk_of(log->chunks.prev);
}

struct wti_chunk *wti_log_await(struct wti_log *log, struct wti_list *link, const struct wti_cursor *cursor)
{
	for (; link != &log->chunks; link = link->next)
		if (chunk_awaits(wti_chunk_of(link), cursor))
			return wti_chunk_of(link);
	return NULL;
}

/* Nothing waits for it any more from `next` on. */
static void log_forget(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired)
{
	while (cursor->next) {
		struct wti_chunk *chunk = cursor->next;

		cursor->next = wti_log_await(log, chunk->link.next, cursor);
		wti_log_leave(log, chunk, retired);
	}
	cursor->ahead = 0;
}

void wti_log_expel(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired)
{
	cursor->expelled = true;
	log->readers--;
	log_forget(log, cursor, retired);
}

/* Let go of chunks whose records it would lose to those behind them; the newest is not among them. */
static void log_limit(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired)
{
	while (cursor->ahead > cursor->limit && cursor->next->closed) {
		struct wti_chunk *chunk = cursor->next;
		struct wti_log_share lost = chunk_for(chunk, cursor->author);

		if (cursor->ahead - lost.bytes <= cursor->limit && !WTI_MUTANT(WTI_MUTANT_LIMIT_TAKES_ALL))
			return;
		cursor->next = wti_log_await(log, chunk->link.next, cursor);
		cursor->ahead -= lost.bytes;
		cursor->let_go_bytes += lost.bytes;
		cursor->let_go_records += lost.records;
		wti_log_leave(log, chunk, retired);
	}
}

/* A chunk was closed: one that it has still to come to counts against its limit, or is not for it at all. */
static void log_account(struct wti_log *log, struct wti_cursor *cursor, struct wti_chunk *closed,
			struct wti_list *retired)
{
	if (cursor->chunk == closed)
		return;
	if (!chunk_awaits(closed, cursor)) {
		if (cursor->next == closed)
			cursor->next = NULL;
		wti_log_leave(log, closed, retired);
		return;
	}
	cursor->ahead += wti_chunk_weight(closed, cursor);
}

static void log_close_newest(struct wti_log *log, struct wti_list *retired)
{
	struct wti_chunk *chunk = wti_log_newest(log);

	if (!chunk || chunk->closed)
		return;
	chunk_end(chunk);
	chunk->visitors++; /* ours, so that it stays for the loop */
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next) {
		struct wti_cursor *cursor = wti_list_entry(link, struct wti_cursor, link);

		if (!cursor->expelled)
			log_account(log, cursor, chunk, retired);
	}
	wti_log_leave(log, chunk, retired);
}

/* Have everybody whom it concerns come there. */
static void log_invite(struct wti_log *log, struct wti_chunk *chunk)
{
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next) {
		struct wti_cursor *cursor = wti_list_entry(link, struct wti_cursor, link);

		if (cursor->expelled || !chunk_awaits(chunk, cursor))
			continue;
		chunk->visitors++;
		if (!cursor->next)
			cursor->next = chunk;
		if (chunk->closed)
			cursor->ahead += wti_chunk_weight(chunk, cursor);
	}
}

static void log_limit_all(struct wti_log *log, struct wti_list *retired)
{
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next) {
		struct wti_cursor *cursor = wti_list_entry(link, struct wti_cursor, link);

		if (cursor->expelled || cursor->ahead <= cursor->limit)
			continue;
		if (cursor->expels)
			wti_log_expel(log, cursor, retired);
		else
			log_limit(log, cursor, retired);
	}
}

static void log_add_chunk(struct wti_log *log, struct wti_chunk *chunk)
{
	chunk->serial = ++log->chunk_serial;
	chunk->begin = log->end;
	chunk->visitors = 0;
	wti_list_append(&log->chunks, &chunk->link);
}

/* One that was filled is followed by a larger one, one that was closed almost empty by a smaller one. */
static void log_adapt(struct wti_log *log)
{
	const struct wti_chunk *chunk = wti_log_newest(log);

	if (!chunk || chunk->closed)
		return;
	if (chunk->used > chunk->size / 2)
		log->next_size = chunk->size < WTI_CHUNK_MAX ? 2 * chunk->size : WTI_CHUNK_MAX;
	else if (chunk->used < chunk->size / 4)
		log->next_size = chunk->size > WTI_CHUNK_MIN ? chunk->size / 2 : WTI_CHUNK_MIN;
}

/* ---- Writers ---- */

void wti_log_init(struct wti_log *log)
{
	wti_store(&log->tail, 0);
	wti_mutex_init(&log->lock, WTI_RANK_TOPIC);
	wti_list_init(&log->chunks);
	wti_list_init(&log->cursors);
	log->next_size = WTI_CHUNK_MIN;
}

void wti_log_destroy(struct wti_log *log)
{
	wti_free(log->spare);
	wti_mutex_destroy(&log->lock);
}

void wti_log_free(struct wti_list *retired)
{
	struct wti_list *link;

	while ((link = wti_list_pop(retired))) {
		struct wti_chunk *chunk = wti_chunk_of(link);

		if (chunk->solo && wti_chunk_header(chunk, 0)->kind == WTI_LOG_CARGO)
			wti_cargo_discard((struct wti_cargo *)(void *)(wti_chunk_header(chunk, 0) + 1));
		wti_free(chunk);
	}
}

bool wti_log_has_readers(const struct wti_log *log, const struct wti_cursor *author)
{
	return log->readers > (author->expelled ? 0u : 1u);
}

/* This author's share of the newest chunk, which has room for it. */
static struct wti_log_share *log_share(struct wti_cursor *author, struct wti_chunk *chunk)
{
	if (author->share_serial == chunk->serial)
		return author->share;
	author->share_serial = chunk->serial;
	author->share = chunk_share(chunk, chunk->shares++);
	*author->share = (struct wti_log_share){ .author = author->author };
	return author->share;
}

static void log_count(struct wti_cursor *author, struct wti_log_share *share, size_t cost)
{
	share->bytes += cost;
	share->records++;
	author->own_bytes += cost;
	author->own_records++;
	author->log->end += cost;
	author->log->records++;
}

/* The newest chunk, if the record fits. */
static struct wti_chunk *log_fitting(struct wti_log *log, size_t payload)
{
	struct wti_chunk *chunk = wti_log_newest(log);

	if (!chunk || chunk->closed || chunk_room(chunk) < wti_log_cost(payload) + sizeof(struct wti_log_share))
		return NULL;
	return chunk;
}

static struct wti_chunk *log_take_fresh(struct wti_log *log, struct wti_chunk **fresh, size_t payload)
{
	struct wti_chunk *chunk = *fresh;

	log_adapt(log);
	if (!chunk && log->spare && log->next_size == WTI_CHUNK_MAX) {
		chunk = log->spare;
		log->spare = NULL;
		chunk->used = 0;
		chunk->shares = 0;
		chunk->closed = false;
	}
	if (!chunk || chunk->size < chunk_need(payload))
		return NULL;
	*fresh = NULL;
	return chunk;
}

void *wti_log_append(struct wti_cursor *author, size_t payload, uint32_t type, struct wti_chunk **fresh,
		     struct wti_list *retired)
{
	struct wti_log *log = author->log;
	struct wti_chunk *chunk = log_fitting(log, payload);
	struct wti_log_header *header;

	if (wti_unlikely(!chunk)) {
		chunk = log_take_fresh(log, fresh, payload);
		if (!chunk)
			return NULL;
		log_close_newest(log, retired);
		log_add_chunk(log, chunk);
		log_invite(log, chunk);
		log_limit_all(log, retired);
	}
	header = wti_chunk_header(chunk, chunk->used);
	*header = (struct wti_log_header){ .author = author->author, .size = payload, .type = type };
	log_count(author, log_share(author, chunk), wti_log_cost(payload));
	chunk->used += wti_log_cost(payload);
	return header + 1;
}

size_t wti_log_wanted(const struct wti_log *log, size_t payload)
{
	size_t size = log->next_size;

	while (size < chunk_need(payload))
		size *= 2;
	return size;
}

struct wti_chunk *wti_log_make(size_t size)
{
	return chunk_make(size, false);
}

struct wti_chunk *wti_log_make_solo(size_t payload, uint32_t type, enum wti_log_kind kind, void **at)
{
	struct wti_chunk *chunk = chunk_make(chunk_need(payload), true);

	if (!chunk)
		return NULL;
	*wti_chunk_header(chunk, 0) = (struct wti_log_header){ .size = payload, .type = type, .kind = kind };
	*at = wti_chunk_header(chunk, 0) + 1;
	chunk->used = wti_log_cost(payload);
	chunk_end(chunk);
	return chunk;
}

void wti_log_append_solo(struct wti_cursor *author, struct wti_chunk *solo, struct wti_list *retired)
{
	struct wti_log *log = author->log;
	struct wti_log_share *share = chunk_share(solo, solo->shares++);

	log_adapt(log);
	log_close_newest(log, retired);
	log_add_chunk(log, solo);
	wti_chunk_header(solo, 0)->author = author->author;
	*share = (struct wti_log_share){ .author = author->author };
	log_count(author, share, solo->used);
	log_invite(log, solo);
	log_limit_all(log, retired);
}

void wti_log_publish(struct wti_log *log)
{
	/*
	 * pairs with cursor_catch_up [log-tail]: records and links before the tail. The look at who sleeps must
	 * not pass it: see wti_ring_publish. pairs with wti_source_arm [source-1]
	 */
	if (wti_barrier_is_asymmetric())
		wti_store_rel(&log->tail, log->end); /* [log-tail] */
	else
		wti_store_sc(&log->tail, log->end); /* [log-tail] */
}
