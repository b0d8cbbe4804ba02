/* SPDX-License-Identifier: MIT */
#include "quoted.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* The length of the printable character at `text`; 0 where there is none. */
static size_t quoted_printable(const char *text)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t length = mbrtowc(&wide, text, strlen(text), &state);

	if (length == (size_t)-1 || length == (size_t)-2 || !iswprint((wint_t)wide))
		return 0;
	return length;
}

static bool quoted_is_plain(const char *name)
{
	if (!*name || strchr("#~", *name) || strcmp(name, "{") == 0 || strcmp(name, "}") == 0 ||
	    strpbrk(name, " !\"$&'()*:;<=>?[\\^`|"))
		return false;
	while (*name) {
		size_t length = quoted_printable(name);

		if (!length)
			return false;
		name += length;
	}
	return true;
}

/* A name with an apostrophe reads best in double quotes, where nothing in it is special in them. */
static bool quoted_fits_double(const char *name)
{
	if (!strchr(name, '\'') || strpbrk(name, "!\"$&()*;<=>?[\\^`|"))
		return false;
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

static void quoted_escape(FILE *out, unsigned char byte)
{
	static const char bytes[] = "\a\b\f\n\r\t\v";
	const char *found = byte ? strchr(bytes, byte) : NULL;

	if (found)
		fprintf(out, "\\%c", "abfnrtv"[found - bytes]);
	else
		fprintf(out, "\\%03o", byte);
}

/* Within single quotes; what is not printable within $'', apart. */
static void quoted_single(FILE *out, const char *name)
{
	bool escaping = false;

	putc('\'', out);
	while (*name) {
		size_t length = quoted_printable(name);

		if (escaping != !length)
			fputs(length ? "''" : "'$'", out);
		escaping = !length;
		if (!length)
			quoted_escape(out, (unsigned char)*name++);
		else if (*name == '\'')
			fputs("'\\''", out), name++;
		else
			fwrite(name, 1, length, out), name += length;
	}
	putc('\'', out);
}

static void quoted_write(FILE *out, const char *name)
{
	if (quoted_is_plain(name))
		fputs(name, out);
	else if (quoted_fits_double(name))
		fprintf(out, "\"%s\"", name);
	else
		quoted_single(out, name);
}

const char *quoted(const char *name)
{
	static char *text;
	size_t size;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return name;
	quoted_write(out, name);
	/* Without memory for all of it there is none. */
	return fclose(out) == 0 && text ? text : name;
}
