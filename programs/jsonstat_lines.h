/* SPDX-License-Identifier: MIT
 *
 * What a worker makes of a chunk of lines. Any thread.
 */
#ifndef JSONSTAT_LINES_H
#define JSONSTAT_LINES_H

#include "jsonstat_table.h"

/* A line that is no JSON value. */
struct malformed {
	size_t line; /* in the chunk, from 1 */
	char *problem;
};

struct lines {
	struct table table;
	size_t count; /* of lines */
	size_t bytes;
	struct malformed *malformed;
	size_t malformed_count;
	size_t malformed_room;
};

/* NULL: out of memory. */
struct lines *lines_create(const struct query *query);

/* Return 0, or -1 when out of memory. */
int lines_take(struct lines *lines, const char *text, size_t size);
int lines_add_malformed(struct lines *lines, const char *problem);

/* NULL is ignored. */
void lines_destroy(struct lines *lines);

#endif
