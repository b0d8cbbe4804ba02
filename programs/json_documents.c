/* SPDX-License-Identifier: MIT */
#include "json_documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a made-up document has beside its text: {"line":1,"odd":true,"text":""}, or a little more. */
#define FRAME_BYTES 36

static size_t documents_without_end(const char *text, size_t size)
{
	while (size && (text[size - 1] == '\n' || text[size - 1] == '\r'))
		size--;
	return size;
}

static int documents_next_line(struct json_documents *documents, struct json_item *item)
{
	do {
		ssize_t got;

		errno = 0;
		got = getline(&documents->text, &documents->room, documents->file);
		if (got < 0 && feof(documents->file))
			return 0;
		if (got < 0)
			return errno ? -errno : -EIO;
		if (documents->line == UINT32_MAX)
			return -EOVERFLOW;
		documents->line++;
		item->text = documents->text;
		item->size = documents_without_end(documents->text, (size_t)got);
	} while (strspn(item->text, " \t\r\n") >= item->size);
	item->line = documents->line;
	return 1;
}

static int documents_next_made(struct json_documents *documents, struct json_item *item)
{
	if (documents->line == documents->count)
		return 0;
	item->line = ++documents->line;
	item->document = json_documents_made(documents, item->line);
	return item->document ? 1 : -ENOMEM;
}

int json_documents_next(struct json_documents *documents, struct json_item *item)
{
	*item = (struct json_item){ .text = NULL };
	if (documents->file)
		return documents_next_line(documents, item);
	return documents_next_made(documents, item);
}

json_t *json_documents_made(const struct json_documents *documents, uint32_t line)
{
	size_t size = documents->size > FRAME_BYTES ? documents->size - FRAME_BYTES : 0;
	char *text = malloc(size + 1);
	json_t *made = NULL;

	if (!text)
		return NULL;
	memset(text, 'a' + (int)(line % 26), size);
	made = json_pack("{s:I, s:b, s:s%}", "line", (json_int_t)line, "odd", (int)(line & 1), "text", text, size);
	free(text);
	return made;
}

void json_documents_free(struct json_documents *documents)
{
	free(documents->text);
	if (documents->file && documents->file != stdin)
		fclose(documents->file);
}
