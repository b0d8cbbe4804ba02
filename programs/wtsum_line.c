/* SPDX-License-Identifier: MIT */
#include "wtsum_line.h"

#include <string.h>

#define LINE_TAG "SHA256"

/* ---- Writing ---- */

static bool line_needs_escape(const char *name)
{
	return name[strcspn(name, "\n\r\\")];
}

static void line_write_name(FILE *out, const char *name, bool escape)
{
	if (!escape) {
		fputs(name, out);
		return;
	}
	for (; *name; name++) {
		if (*name == '\n')
			fputs("\\n", out);
		else if (*name == '\r')
			fputs("\\r", out);
		else if (*name == '\\')
			fputs("\\\\", out);
		else
			putc(*name, out);
	}
}

static void line_write_digest(FILE *out, const unsigned char *digest)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * WTSUM_DIGEST];

	for (int i = 0; i < WTSUM_DIGEST; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	fwrite(hex, 1, sizeof hex, out);
}

void wtsum_line_write(FILE *out, const struct wtsum_style *style, const char *name, const unsigned char *digest)
{
	bool escape = !style->zero && line_needs_escape(name);

	if (escape)
		putc('\\', out);
	if (style->tag) {
		fputs(LINE_TAG " (", out);
		line_write_name(out, name, escape);
		fputs(") = ", out);
		line_write_digest(out, digest);
	} else {
		line_write_digest(out, digest);
		fputs(style->binary ? " *" : "  ", out);
		line_write_name(out, name, escape);
	}
	putc(style->zero ? '\0' : '\n', out);
}

void wtsum_line_write_name(FILE *out, const char *name)
{
	bool escape = strchr(name, '\n');

	if (escape)
		putc('\\', out);
	line_write_name(out, name, escape);
}

/* ---- Reading ---- */

static bool line_is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static int line_hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static bool line_parse_digest(const char *hex, size_t length, unsigned char *digest)
{
	if (length != 2 * WTSUM_DIGEST)
		return false;
	for (int i = 0; i < WTSUM_DIGEST; i++) {
		int high = line_hex_digit(hex[2 * i]);
		int low = line_hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* The byte that a backslash and `letter` stand for; 0: none. */
static char line_escaped(char letter)
{
	return letter == 'n' ? '\n' : letter == 'r' ? '\r' : letter == '\\' ? '\\' : '\0';
}

/* Put the bytes that are meant in place of the escaped ones. */
static bool line_unescape(char *name, size_t length)
{
	char *to = name;

	for (size_t i = 0; i < length; i++) {
		char byte = name[i];

		if (byte == '\\')
			byte = ++i < length ? line_escaped(name[i]) : '\0';
		if (!byte)
			return false;
		*to++ = byte;
	}
	if (to < name + length)
		*to = '\0';
	return true;
}

/* NAME) = DIGEST, with the last parenthesis that there is. */
static bool line_parse_tagged(char *text, size_t length, bool escaped, struct wtsum_line *line)
{
	size_t end = length;
	char *digest;

	while (end && text[end - 1] != ')')
		end--;
	if (!end || (escaped && !line_unescape(text, end - 1)))
		return false;
	text[end - 1] = '\0';
	digest = text + end;
	while (line_is_blank(*digest))
		digest++;
	if (*digest++ != '=')
		return false;
	while (line_is_blank(*digest))
		digest++;
	line->name = text;
	return line_parse_digest(digest, (size_t)(text + length - digest), line->digest);
}

/* Where the name begins, after a digest and one blank; NULL where it cannot be told. */
static char *line_divide(char *rest, size_t length, enum wtsum_division *division)
{
	bool marked = length != 1 && (*rest == ' ' || *rest == '*');

	if (!marked && *division == WTSUM_BLANK_AND_MARK)
		return NULL;
	if (!marked)
		*division = WTSUM_BLANK;
	else if (*division == WTSUM_UNDECIDED)
		*division = WTSUM_BLANK_AND_MARK;
	return *division == WTSUM_BLANK ? rest : rest + 1;
}

static bool line_parse_usual(char *text, size_t length, bool escaped, enum wtsum_division *division,
			     struct wtsum_line *line)
{
	const char *end = text + length;
	char *blank = text + strcspn(text, " \t");

	/* A name has one byte at least. */
	if (!*blank || end - blank < 2 || !line_parse_digest(text, (size_t)(blank - text), line->digest))
		return false;
	blank++;
	line->name = line_divide(blank, (size_t)(end - blank), division);
	if (!line->name)
		return false;
	return !escaped || line_unescape(line->name, (size_t)(end - line->name));
}

bool wtsum_line_parse(char *text, size_t length, enum wtsum_division *division, struct wtsum_line *line)
{
	const char *end = text + length;
	bool escaped;

	while (line_is_blank(*text))
		text++;
	escaped = *text == '\\';
	if (escaped)
		text++;
	if (strncmp(text, LINE_TAG, strlen(LINE_TAG)) != 0)
		return line_parse_usual(text, (size_t)(end - text), escaped, division, line);
	text += strlen(LINE_TAG);
	if (*text == ' ')
		text++;
	return *text++ == '(' && line_parse_tagged(text, (size_t)(end - text), escaped, line);
}
