/* SPDX-License-Identifier: MIT */
#include "jsonstat_lines.h"

#include "jsonstat_grow.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct lines *lines_create(const struct query *query)
{
	struct lines *lines = calloc(1, sizeof *lines);

	if (lines)
		table_init(&lines->table, query);
	return lines;
}

int lines_add_malformed(struct lines *lines, const char *problem)
{
	struct malformed *list = grow(lines->malformed, &lines->malformed_room, lines->malformed_count + 1,
				      sizeof *list);
	char *text = strdup(problem);

	if (list)
		lines->malformed = list;
	if (!list || !text) {
		free(text);
		return -1;
	}
	/* It may quote the line, which is not to reach a terminal as it is. */
	for (char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	list[lines->malformed_count++] = (struct malformed){ lines->count, text };
	return 0;
}

static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* All numbers become doubles, which is what jq has. */
static int take_line(struct lines *lines, const char *line, size_t size)
{
	json_error_t error;
	json_t *document;
	int err;

	lines->count++;
	if (is_blank(line, size))
		return 0;
	document = json_loadb(line, size, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
	if (!document && json_error_code(&error) == json_error_out_of_memory)
		return -1;
	if (!document)
		return lines_add_malformed(lines, error.text);
	err = table_take(&lines->table, document);
	json_decref(document);
	return err;
}

int lines_take(struct lines *lines, const char *text, size_t size)
{
	lines->bytes += size;
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		if (take_line(lines, text, length))
			return -1;
		length += end != NULL;
		text += length;
		size -= length;
	}
	return 0;
}

void lines_destroy(struct lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->malformed_count; i++)
		free(lines->malformed[i].problem);
	free(lines->malformed);
	table_free(&lines->table);
	free(lines);
}
