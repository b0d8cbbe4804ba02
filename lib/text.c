/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_PIECE = 256 }; /* bytes that one call adds at the most: longer ones are cut */

static void text_put(struct wti_text *text, const char *bytes, size_t size)
{
	size_t room = text->size < text->room ? text->room - text->size : 0;

	if (size && size <= room)
		memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
}

void wti_text_add(struct wti_text *text, const char *format, ...)
{
	char piece[TEXT_PIECE];
	va_list list;
	int size;

	va_start(list, format);
	size = vsnprintf(piece, sizeof piece, format, list);
	va_end(list);
	if (size > 0)
		text_put(text, piece, (size_t)size < sizeof piece ? (size_t)size : sizeof piece - 1);
}

static void text_put_byte(struct wti_text *text, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char escape[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
	char plain = (char)byte;

	if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
		text_put(text, escape, sizeof escape);
	else
		text_put(text, &plain, 1);
}

void wti_text_add_quoted(struct wti_text *text, const void *bytes, size_t size)
{
	text_put(text, "\"", 1);
	for (size_t i = 0; i < size; i++)
		text_put_byte(text, ((const unsigned char *)bytes)[i]);
	text_put(text, "\"", 1);
}
