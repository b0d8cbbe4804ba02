/* SPDX-License-Identifier: MIT */
#include "wtzip_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct names_suffix {
	const char *compressed;
	const char *expanded;
} names_suffixes[] = {
	{ ".gz", "" },
	{ ".tgz", ".tar" },
};

const char *wtzip_names_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The suffix that a name has after something else; NULL: none. */
static const struct names_suffix *names_suffix(const char *name)
{
	size_t length = strlen(wtzip_names_last(name));

	for (size_t i = 0; i < sizeof names_suffixes / sizeof *names_suffixes; i++) {
		size_t size = strlen(names_suffixes[i].compressed);

		if (length > size && strcasecmp(name + strlen(name) - size, names_suffixes[i].compressed) == 0)
			return &names_suffixes[i];
	}
	return NULL;
}

bool wtzip_names_is_compressed(const char *name)
{
	return names_suffix(name);
}

/* The first bytes of one, and all of the other. */
static char *names_join(const char *first, size_t length, const char *second)
{
	size_t size = length + strlen(second) + 1;
	char *name = malloc(size);

	if (name)
		snprintf(name, size, "%.*s%s", (int)length, first, second);
	return name;
}

char *wtzip_names_compressed(const char *name)
{
	return names_join(name, strlen(name), names_suffixes[0].compressed);
}

/* A name that was saved elsewhere must not lead out of the folder. */
static bool names_is_usable(const char *saved)
{
	return *saved && strcmp(saved, ".") != 0 && strcmp(saved, "..") != 0;
}

char *wtzip_names_expanded(const char *name, const char *saved)
{
	const struct names_suffix *suffix = names_suffix(name);
	const char *last = wtzip_names_last(name);

	if (saved && names_is_usable(wtzip_names_last(saved)))
		return names_join(name, (size_t)(last - name), wtzip_names_last(saved));
	return names_join(name, strlen(name) - strlen(suffix->compressed), suffix->expanded);
}
