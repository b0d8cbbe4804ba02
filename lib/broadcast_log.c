/* SPDX-License-Identifier: MIT */
#include "broadcast_log.h"

#include "alloc.h"
#include "barrier.h"
#include "cargo.h"

/* ---- Chunks ---- */

static struct wti_chunk *chunk_of(struct wti_list *link)
{
	return wti_list_entry(link, struct wti_chunk, link);
}

static struct wti_log_header *chunk_header(struct wti_chunk *chunk, size_t offset)
{
	return (struct wti_log_header *)(void *)(chunk->data + offset);
}

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
	*chunk_header(chunk, chunk->used) = (struct wti_log_header){ .kind = WTI_LOG_LINK };
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

/* ---- The log, under the lock ---- */

static void log_retire(struct wti_log *log, struct wti_chunk *chunk, struct wti_list *retired)
{
	wti_list_remove(&chunk->link);
	if (log->spare || chunk->solo || chunk->size != WTI_CHUNK_MAX)
		wti_list_append(retired, &chunk->link);
	else
		log->spare = chunk;
}

static void log_leave_chunk(struct wti_log *log, struct wti_chunk *chunk, struct wti_list *retired)
{
	if (--chunk->visitors == 0)
		log_retire(log, chunk, retired);
}

static struct wti_chunk *log_newest(struct wti_log *log)
{
	return wti_list_empty(&log->chunks) ? NULL : chunk_of(log->chunks.prev);
}

/* The next chunk that waits for this cursor, from `link` on. */
static struct wti_chunk *log_await(struct wti_log *log, struct wti_list *link, const struct wti_cursor *cursor)
{
	for (; link != &log->chunks; link = link->next)
		if (chunk_awaits(chunk_of(link), cursor))
			return chunk_of(link);
	return NULL;
}

/* Nothing waits for it any more from `next` on. */
static void log_forget(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired)
{
	while (cursor->next) {
		struct wti_chunk *chunk = cursor->next;

		cursor->next = log_await(log, chunk->link.next, cursor);
		log_leave_chunk(log, chunk, retired);
	}
	cursor->ahead = 0;
}

static void log_expel(struct wti_log *log, struct wti_cursor *cursor, struct wti_list *retired)
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

		if (cursor->ahead - lost.bytes <= cursor->limit)
			return;
		cursor->next = log_await(log, chunk->link.next, cursor);
		cursor->ahead -= lost.bytes;
		cursor->let_go_bytes += lost.bytes;
		cursor->let_go_records += lost.records;
		log_leave_chunk(log, chunk, retired);
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
		log_leave_chunk(log, closed, retired);
		return;
	}
	cursor->ahead += chunk_for(closed, cursor->author).bytes;
}

static void log_close_newest(struct wti_log *log, struct wti_list *retired)
{
	struct wti_chunk *chunk = log_newest(log);

	if (!chunk || chunk->closed)
		return;
	chunk_end(chunk);
	chunk->visitors++; /* ours, so that it stays for the loop */
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next) {
		struct wti_cursor *cursor = wti_list_entry(link, struct wti_cursor, link);

		if (!cursor->expelled)
			log_account(log, cursor, chunk, retired);
	}
	log_leave_chunk(log, chunk, retired);
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
			cursor->ahead += chunk_for(chunk, cursor->author).bytes;
	}
}

static void log_limit_all(struct wti_log *log, struct wti_list *retired)
{
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next) {
		struct wti_cursor *cursor = wti_list_entry(link, struct wti_cursor, link);

		if (cursor->expelled || cursor->ahead <= cursor->limit)
			continue;
		if (cursor->expels)
			log_expel(log, cursor, retired);
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
	const struct wti_chunk *chunk = log_newest(log);

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

static void log_drop_cargo(struct wti_chunk *chunk)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_cargo_drop((struct wti_cargo *)(void *)(chunk_header(chunk, 0) + 1), &dropped);
	wti_cargo_destroy_all(&dropped);
}

void wti_log_free(struct wti_list *retired)
{
	struct wti_list *link;

	while ((link = wti_list_pop(retired))) {
		struct wti_chunk *chunk = chunk_of(link);

		if (chunk->solo && chunk_header(chunk, 0)->kind == WTI_LOG_CARGO)
			log_drop_cargo(chunk);
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
	struct wti_chunk *chunk = log_newest(log);

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
	header = chunk_header(chunk, chunk->used);
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
	*chunk_header(chunk, 0) = (struct wti_log_header){ .size = payload, .type = type, .kind = kind };
	*at = chunk_header(chunk, 0) + 1;
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
	chunk_header(solo, 0)->author = author->author;
	*share = (struct wti_log_share){ .author = author->author };
	log_count(author, share, solo->used);
	log_invite(log, solo);
	log_limit_all(log, retired);
}

void wti_log_publish(struct wti_log *log)
{
	/*
	 * pairs with cursor_catch_up [log-tail]: records and links before the tail. The look at who sleeps must
	 * not pass it: see ring_publish. pairs with wti_source_arm [source-1]
	 */
	if (wti_barrier_is_asymmetric())
		wti_store_rel(&log->tail, log->end); /* [log-tail] */
	else
		wti_store_sc(&log->tail, log->end); /* [log-tail] */
}

/* ---- Cursors ---- */

void wti_cursor_join(struct wti_cursor *cursor, struct wti_log *log, size_t limit, bool expels)
{
	struct wti_chunk *chunk;

	*cursor = (struct wti_cursor){ .log = log, .limit = limit, .expels = expels };
	wti_mutex_lock(&log->lock);
	cursor->author = ++log->author_serial;
	cursor->position = cursor->tail = cursor->passed = log->end;
	cursor->passed_records = log->records;
	wti_list_init(&cursor->link);
	wti_list_append(&log->cursors, &cursor->link);
	log->readers++;
	chunk = log_newest(log);
	if (chunk && !chunk->closed) {
		cursor->chunk = chunk;
		cursor->offset = chunk->used;
		chunk->visitors++;
	}
	wti_mutex_unlock(&log->lock);
}

static bool cursor_keeps(const struct wti_cursor *cursor, const struct wti_chunk *chunk)
{
	return cursor->kept[WTI_KEEP_VIEW] == chunk || cursor->kept[WTI_KEEP_PIN] == chunk;
}

/* Under the lock: the writer's notes become the owner's. */
static void cursor_fold(struct wti_cursor *cursor)
{
	cursor->passed += cursor->let_go_bytes;
	cursor->passed_records += cursor->let_go_records;
	cursor->dropped += cursor->let_go_records;
	cursor->let_go_bytes = 0;
	cursor->let_go_records = 0;
}

/* Under the lock: go to `next`, or to the end where there is none, for what comes after it is not for us. */
static void cursor_enter_next(struct wti_log *log, struct wti_cursor *cursor)
{
	struct wti_chunk *chunk = cursor->next;

	cursor->chunk = chunk;
	cursor->offset = 0;
	cursor->tail = log->end;
	cursor->position = chunk ? chunk->begin : cursor->tail;
	if (!chunk)
		return;
	if (chunk->closed)
		cursor->ahead -= chunk_for(chunk, cursor->author).bytes;
	cursor->next = log_await(log, chunk->link.next, cursor);
}

static WTI_COLD void cursor_cross(struct wti_cursor *cursor)
{
	struct wti_log *log = cursor->log;
	struct wti_chunk *left = cursor->chunk;
	struct wti_list retired;

	wti_list_init(&retired);
	wti_mutex_lock(&log->lock);
	cursor_fold(cursor);
	cursor_enter_next(log, cursor);
	if (left && !cursor_keeps(cursor, left))
		log_leave_chunk(log, left, &retired);
	wti_mutex_unlock(&log->lock);
	wti_log_free(&retired);
}

/* Look for a new tail: false when all is read. One who has read a record of its own chunk does not keep it for that. */
static bool cursor_catch_up(struct wti_cursor *cursor)
{
	/* pairs with wti_log_publish [log-tail]; seq_cst: also the look after arming [source-1] */
	cursor->tail = wti_load_sc(&cursor->log->tail);
	if (cursor->position == cursor->tail && cursor->chunk && cursor->chunk->solo && cursor->offset)
		cursor_cross(cursor);
	return cursor->position != cursor->tail;
}

/* The next record for it, or NULL. */
static struct wti_log_header *cursor_peek(struct wti_cursor *cursor)
{
	struct wti_log_header *header;
	size_t cost;

	for (;;) {
		if (cursor->position == cursor->tail && !cursor_catch_up(cursor))
			return NULL;
		header = cursor->chunk ? chunk_header(cursor->chunk, cursor->offset) : NULL;
		if (wti_unlikely(!header || header->kind == WTI_LOG_LINK)) {
			cursor_cross(cursor);
			continue;
		}
		if (wti_likely(header->author != cursor->author))
			return header;
		cost = wti_log_cost(header->size);
		cursor->offset += cost;
		cursor->position += cost;
	}
}

static void cursor_pass(struct wti_cursor *cursor, const struct wti_log_header *header)
{
	size_t cost = wti_log_cost(header->size);

	cursor->offset += cost;
	cursor->position += cost;
	cursor->passed += cost;
	cursor->passed_records++;
}

bool wti_cursor_ready(struct wti_cursor *cursor)
{
	return cursor_peek(cursor) != NULL;
}

bool wti_cursor_next(struct wti_cursor *cursor, struct wti_log_record *record)
{
	struct wti_log_header *header = cursor_peek(cursor);

	if (!header)
		return false;
	*record = (struct wti_log_record){ .data = header + 1, .size = header->size, .type = header->type };
	if (wti_unlikely(header->kind == WTI_LOG_CARGO)) {
		size_t size;

		record->cargo = (struct wti_cargo *)(header + 1);
		size = wti_cargo_size(record->cargo->count);
		record->data = (const unsigned char *)record->data + size;
		record->size -= size;
	}
	cursor_pass(cursor, header);
	return true;
}

/* Lose the oldest until `passed` has come so far. What the writer has let go meanwhile counts when we cross it. */
static void cursor_lose(struct wti_cursor *cursor, uint64_t passed)
{
	struct wti_log_header *header;

	while (cursor->passed < passed && (header = cursor_peek(cursor))) {
		if (cursor->passed >= passed)
			return;
		cursor_pass(cursor, header);
		cursor->dropped++;
	}
}

bool wti_cursor_trim(struct wti_cursor *cursor)
{
	struct wti_log *log = cursor->log;
	uint64_t all;
	bool above, expelled;

	/* Its own records are counted here, so this may be too much; relaxed, for the lock comes next. */
	if (wti_load(&log->tail) - cursor->position <= cursor->limit)
		return false;
	wti_mutex_lock(&log->lock);
	all = log->end - cursor->own_bytes;
	above = all - cursor->passed - cursor->let_go_bytes > cursor->limit;
	expelled = cursor->expelled || (above && cursor->expels);
	wti_mutex_unlock(&log->lock);
	if (above && !expelled)
		cursor_lose(cursor, all - cursor->limit);
	return expelled;
}

void wti_cursor_leave(struct wti_cursor *cursor)
{
	struct wti_log *log = cursor->log;
	struct wti_chunk *chunk = cursor->chunk;
	struct wti_list retired;

	wti_list_init(&retired);
	wti_mutex_lock(&log->lock);
	cursor->dropped += log->records - cursor->own_records - cursor->passed_records;
	if (!cursor->expelled)
		log_expel(log, cursor, &retired);
	cursor->chunk = NULL;
	wti_list_remove(&cursor->link);
	if (chunk && !cursor_keeps(cursor, chunk))
		log_leave_chunk(log, chunk, &retired);
	wti_mutex_unlock(&log->lock);
	wti_log_free(&retired);
}

void wti_cursor_unkeep_slow(struct wti_cursor *cursor, enum wti_log_keep why)
{
	struct wti_chunk *chunk = cursor->kept[why];
	struct wti_log *log = cursor->log;
	struct wti_list retired;

	cursor->kept[why] = NULL;
	if (chunk == cursor->chunk) {
		cursor_peek(cursor); /* leaves a chunk of one record */
		return;
	}
	if (cursor_keeps(cursor, chunk))
		return;
	wti_list_init(&retired);
	wti_mutex_lock(&log->lock);
	log_leave_chunk(log, chunk, &retired);
	wti_mutex_unlock(&log->lock);
	wti_log_free(&retired);
}

void wti_cursor_backlog(struct wti_cursor *cursor, struct wti_backlog *backlog)
{
	struct wti_log *log = cursor->log;

	wti_mutex_lock(&log->lock);
	*backlog = (struct wti_backlog){ .dropped = cursor->dropped };
	if (!wti_list_empty(&cursor->link)) {
		backlog->dropped += cursor->let_go_records;
		backlog->bytes = log->end - cursor->own_bytes - cursor->passed - cursor->let_go_bytes;
	}
	wti_mutex_unlock(&log->lock);
}
