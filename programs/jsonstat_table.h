/* SPDX-License-Identifier: MIT
 *
 * The answer, or a part of it: a row for each group, a cell for each column.
 *
 * A worker makes the table of a chunk of the input; the tables are then
 * merged in the order of the input. Numbers to be added are kept one by one
 * until then, so that they are added in the order of the input, as jq does:
 * doubles that are added in another order give another sum.
 */
#ifndef JSONSTAT_TABLE_H
#define JSONSTAT_TABLE_H

#include "jsonstat_keys.h"
#include "jsonstat_query.h"
#include "jsonstat_value.h"

struct cell {
	uint64_t count;  /* of values that were taken */
	double number;   /* their sum, least or greatest; in a part, no sum as yet */
	double *numbers; /* in a part, those to be added */
	size_t numbers_room;
	struct keys *distinct; /* the different ones; NULL: none as yet */
};

struct table {
	const struct query *query;
	struct keys groups;
	struct cell *cells; /* those of the columns for each group, by its place among the keys */
	size_t cells_room;
	struct value_bytes scratch;
};

void table_init(struct table *table, const struct query *query);

/* Return 0, or -1 when out of memory; the table is then worth nothing. */
int table_take(struct table *part, json_t *document);
int table_merge(struct table *table, const struct table *part);

/* A line of JSON for each group, in order of the groups. Returns 0, or -1 when out of memory. */
int table_print(struct table *table, FILE *file);

void table_free(struct table *table);

#endif
