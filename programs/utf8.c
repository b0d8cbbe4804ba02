/* SPDX-License-Identifier: MIT */
#include "utf8.h"

#include <stddef.h>
#include <stdint.h>

/* The bytes that one beginning with this byte has; 0: none begins so. */
static size_t utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf8 ? 4 : 0;
}

/* The bytes of the character here; 0 when it is none: cut, longer than it need be, or half of a surrogate pair. */
static size_t utf8_character(const unsigned char *bytes)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = utf8_length(bytes[0]);
	uint32_t code = bytes[0];

	if (length < 2)
		return length;
	code &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* the end of the text, too */
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	return code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? length : 0;
}

void utf8_mend(char *text)
{
	while (*text) {
		size_t length = utf8_character((const unsigned char *)text);

		if (!length) {
			*text = '?';
			length = 1;
		}
		text += length;
	}
}
