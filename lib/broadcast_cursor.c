/* SPDX-License-Identifier: MIT
 *
 * The readers of a log: see broadcast_log.h.
 */
#include "broadcast_log.h"

#include "cargo.h"
#include "seam.h"

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
	chunk = wti_log_newest(log);
	if (chunk && !chunk->closed) {
		cursor->chunk = chunk;
		cursor->offset = chunk->used;
		chunk->visitors += !WTI_MUTANT(WTI_MUTANT_CHUNK_UNCOUNTED);
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
		cursor->ahead -= wti_chunk_weight(chunk, cursor);
	cursor->next = wti_log_await(log, chunk->link.next, cursor);
}

static WTI_COLD void cursor_cross(struct wti_cursor *cursor)
{
	struct wti_log *log = cursor->log;
	struct wti_chunk *left = cursor->chunk;
	struct wti_list retired;

	wti_list_init(&retired);
	wti_mutex_lock(&log->lock);
	cursor_fold(cursor);
	cursor->out = cursor->expelled;
	cursor_enter_next(log, cursor);
	if (left && !cursor_keeps(cursor, left))
		wti_log_leave(log, left, &retired);
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
		header = cursor->chunk ? wti_chunk_header(cursor->chunk, cursor->offset) : NULL;
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
		size = wti_cargo_bytes(record->cargo);
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

	if (wti_unlikely(cursor->out))
		return true; /* its position says nothing any more */
	/*
	 * Its own records are counted here, so this may be too much. pairs with wti_log_publish [log-tail]; seq_cst: a
	 * close by the limit may be all that the look after arming finds [source-1]
	 */
	if (wti_load_sc(&log->tail) - cursor->position <= cursor->limit)
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
		wti_log_expel(log, cursor, &retired);
	cursor->chunk = NULL;
	wti_list_remove(&cursor->link);
	if (chunk && !cursor_keeps(cursor, chunk))
		wti_log_leave(log, chunk, &retired);
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
	wti_log_leave(log, chunk, &retired);
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
