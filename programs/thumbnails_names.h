/* SPDX-License-Identifier: MIT
 *
 * Where the thumbnail of each file goes: into one folder, under the file's
 * own name. No two may meet there, nor may one replace a file that is read.
 */
#ifndef THUMBNAILS_NAMES_H
#define THUMBNAILS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct name {
	const char *input;
	char *output;
	const char *taken;  /* the input that the output is, or whose output has the same name; NULL: none */
	bool taken_by_twin; /* the latter */
};

/* Returns the names of so many inputs, in their order; NULL: out of memory. */
struct name *names_create(char *const *inputs, size_t count, const char *folder);

void names_destroy(struct name *names, size_t count);

#endif
