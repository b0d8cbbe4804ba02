/* SPDX-License-Identifier: MIT
 *
 * What is asked: which aggregates of which paths, and by which path the
 * documents are grouped. Not changed once it is made: workers read it.
 */
#ifndef JSONSTAT_QUERY_H
#define JSONSTAT_QUERY_H

#include <jansson.h>

/* A path to a value: ".name.name", or "." for the document itself. Its names are the text's, cut at the dots. */
struct path {
	char *text;   /* as it was given */
	char *names;  /* each with a zero at its end */
	size_t count; /* of names */
};

enum aggregate {
	AGGREGATE_COUNT, /* of values that are not null */
	AGGREGATE_SUM,   /* of numbers, as the other three */
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_MEAN,
	AGGREGATE_DISTINCT, /* how many different values that are not null */
	AGGREGATES
};

struct column {
	enum aggregate aggregate;
	struct path path;
};

struct query {
	struct column *columns;
	size_t count;
	struct path *group; /* NULL: all documents are one group */
};

/* The name of an option, and of a column: "count". */
const char *aggregate_name(enum aggregate aggregate);

/* Return 0; -1 when the text is not a path; -2 when out of memory. */
int query_add(struct query *query, enum aggregate aggregate, const char *path);
int query_group(struct query *query, const char *path);

/* The value at the end of the path; null where there is none. Borrowed from the document. */
json_t *path_value(const struct path *path, json_t *document);

void query_free(struct query *query);

#endif
