/* SPDX-License-Identifier: MIT
 *
 * Checksum lines, as sha256sum writes and reads them: the usual ones, those
 * of BSD's tools with --tag, and the older ones with a single blank. Where a
 * name has a newline, a carriage return or a backslash, these are written as
 * \n, \r and \\, and the line begins with a backslash.
 */
#ifndef WTSUM_LINE_H
#define WTSUM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { WTSUM_DIGEST = 32 };

struct wtsum_style {
	bool binary; /* mark the names by '*' */
	bool tag;
	bool zero; /* lines end with NUL, and names are written as they are */
};

void wtsum_line_write(FILE *out, const struct wtsum_style *style, const char *name, const unsigned char *digest);

/* A name alone, for people: only where it would take two lines is anything escaped. */
void wtsum_line_write_name(FILE *out, const char *name);

struct wtsum_line {
	unsigned char digest[WTSUM_DIGEST];
	char *name; /* within the line that was parsed */
};

/*
 * How digest and name are divided. A name may begin with a blank in the one
 * and not in the other, so the first line decides for all that follow.
 */
enum wtsum_division {
	WTSUM_UNDECIDED,
	WTSUM_BLANK_AND_MARK,
	WTSUM_BLANK
};

/* Take a line of `length` bytes and a NUL apart, in place. Returns whether it is one. */
bool wtsum_line_parse(char *text, size_t length, enum wtsum_division *division, struct wtsum_line *line);

#endif
