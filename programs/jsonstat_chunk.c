/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memrchr */
#include "jsonstat_chunk.h"

#include <stdlib.h>
#include <string.h>

#include "whole.h"

/* What is being read. */
struct text {
	char *bytes;
	size_t size;
	size_t room;
};

void chunker_init(struct chunker *chunker, int fd, size_t size)
{
	*chunker = (struct chunker){ .fd = fd, .size = size };
}

void chunker_free(struct chunker *chunker)
{
	free(chunker->rest);
}

/* Read until the room is full or the file ends. */
static int fill(struct chunker *chunker, struct text *text)
{
	size_t done;
	int err;

	if (chunker->ended)
		return 0;
	err = whole_read(chunker->fd, text->bytes + text->size, text->room - text->size, &done);
	text->size += done;
	chunker->ended = !err && text->size < text->room;
	return err;
}

static int make_room(struct text *text, size_t room)
{
	char *bytes = realloc(text->bytes, room);

	if (!bytes)
		return WT_ENOMEM;
	text->bytes = bytes;
	text->room = room;
	return 0;
}

/* Keep what is behind `from` for the next chunk. */
static int keep_rest(struct chunker *chunker, const struct text *text, size_t from)
{
	size_t size = text->size - from;

	if (!size)
		return 0;
	chunker->rest = malloc(size);
	if (!chunker->rest)
		return WT_ENOMEM;
	memcpy(chunker->rest, text->bytes + from, size);
	chunker->rest_size = size;
	return 0;
}

/* Begin with what is left of the last chunk. */
static int take_rest(struct chunker *chunker, struct text *text)
{
	int err = make_room(text, chunker->size > chunker->rest_size ? chunker->size : chunker->rest_size);

	if (err)
		return err;
	if (chunker->rest_size)
		memcpy(text->bytes, chunker->rest, chunker->rest_size);
	text->size = chunker->rest_size;
	free(chunker->rest);
	chunker->rest = NULL;
	chunker->rest_size = 0;
	return 0;
}

/* Read on to the end of the line, and keep what follows. */
static int skip_line(struct chunker *chunker, struct text *text)
{
	const char *end = NULL;
	int err = 0;

	while (!err && !end && !(chunker->ended && !text->size)) {
		text->size = 0;
		err = fill(chunker, text);
		end = memchr(text->bytes, '\n', text->size);
	}
	if (!err && end)
		err = keep_rest(chunker, text, (size_t)(end - text->bytes) + 1);
	return err ? err : WT_ERANGE;
}

/* Read until there is at least one whole line, or the last; *size is that of the whole lines. */
static int read_lines(struct chunker *chunker, struct text *text, size_t *size)
{
	const char *end;
	int err = fill(chunker, text);

	while (!err && !chunker->ended && !memchr(text->bytes, '\n', text->size)) {
		if (text->room >= CHUNK_LINE_MAX)
			return skip_line(chunker, text);
		err = make_room(text, 2 * text->room < CHUNK_LINE_MAX ? 2 * text->room : CHUNK_LINE_MAX);
		if (!err)
			err = fill(chunker, text);
	}
	if (err)
		return err;
	if (!text->size)
		return WT_ECLOSED;
	end = chunker->ended ? NULL : memrchr(text->bytes, '\n', text->size);
	*size = end ? (size_t)(end - text->bytes) + 1 : text->size;
	return 0;
}

static void free_chunk(void *bytes, void *arg)
{
	free(bytes);
}

int chunker_next(struct chunker *chunker, wt_buffer **chunk)
{
	struct text text = { NULL, 0, 0 };
	size_t size = 0;
	int err = take_rest(chunker, &text);

	*chunk = NULL;
	if (!err)
		err = read_lines(chunker, &text, &size);
	if (!err)
		err = keep_rest(chunker, &text, size);
	if (!err)
		err = wt_buffer_wrap(chunk, text.bytes, size, free_chunk, NULL);
	if (err)
		free(text.bytes);
	return err;
}
