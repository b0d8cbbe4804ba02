/* SPDX-License-Identifier: MIT */
#include "jsonstat_table.h"

#include "jsonstat_cell.h"
#include "jsonstat_grow.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const unsigned char *group;
	size_t size;
	const struct cell *cells;
};

void table_init(struct table *table, const struct query *query)
{
	*table = (struct table){ .query = query };
}

/* The cells of a group, which may be new. */
static struct cell *table_row(struct table *table, const void *group, size_t size)
{
	size_t columns = table->query->count, known = table->groups.count, place;
	struct cell *cells;

	if (keys_add(&table->groups, group, size, &place))
		return NULL;
	if (place < known)
		return table->cells + place * columns;
	cells = grow(table->cells, &table->cells_room, (known + 1) * columns, sizeof *cells);
	if (!cells) {
		table->groups.count = known; /* the key has no cells to be freed */
		return NULL;
	}
	table->cells = cells;
	return memset(cells + known * columns, 0, columns * sizeof *cells);
}

/* Without grouping, all are in one of no name. */
static struct cell *table_row_of(struct table *table, json_t *document)
{
	const struct path *group = table->query->group;

	table->scratch.size = 0;
	if (group && value_append(&table->scratch, path_value(group, document)))
		return NULL;
	return table_row(table, group ? (void *)table->scratch.bytes : "", table->scratch.size);
}

int table_take(struct table *part, json_t *document)
{
	const struct query *query = part->query;
	struct cell *row = table_row_of(part, document);

	if (!row)
		return -1;
	for (size_t i = 0; i < query->count; i++) {
		const struct column *column = &query->columns[i];
		const json_t *value = path_value(&column->path, document);

		if (cell_take(&row[i], column->aggregate, value, &part->scratch))
			return -1;
	}
	return 0;
}

int table_merge(struct table *table, const struct table *part)
{
	const struct query *query = table->query;

	for (size_t place = 0; place < part->groups.count; place++) {
		size_t size;
		const unsigned char *group = keys_at(&part->groups, place, &size);
		struct cell *row = table_row(table, group, size);

		for (size_t i = 0; i < query->count; i++)
			if (!row ||
			    cell_merge(&row[i], query->columns[i].aggregate, &part->cells[place * query->count + i]))
				return -1;
	}
	return 0;
}

static int by_group(const void *a, const void *b)
{
	const struct row *first = a, *second = b;

	return value_compare(first->group, first->size, second->group, second->size);
}

static void print_row(const struct query *query, const struct row *row, FILE *file)
{
	const char *between = "{";

	if (query->group) {
		fputs("{\"", file);
		value_print_text(file, query->group->text);
		fputs("\":", file);
		value_print(file, row->group);
		between = ",";
	}
	for (size_t i = 0; i < query->count; i++) {
		fprintf(file, "%s\"%s(", between, aggregate_name(query->columns[i].aggregate));
		value_print_text(file, query->columns[i].path.text);
		fputs(")\":", file);
		cell_print(&row->cells[i], query->columns[i].aggregate, file);
		between = ",";
	}
	fputs("}\n", file);
}

int table_print(struct table *table, FILE *file)
{
	const struct query *query = table->query;
	struct row *rows;

	/* Of no documents there is no group, but there is an answer. */
	if (!query->group && !table_row(table, "", 0))
		return -1;
	rows = calloc(table->groups.count + 1, sizeof *rows);
	if (!rows)
		return -1;
	for (size_t i = 0; i < table->groups.count; i++) {
		rows[i].group = keys_at(&table->groups, i, &rows[i].size);
		rows[i].cells = table->cells + i * query->count;
	}
	qsort(rows, table->groups.count, sizeof *rows, by_group);
	for (size_t i = 0; i < table->groups.count; i++)
		print_row(query, &rows[i], file);
	free(rows);
	return 0;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->groups.count * table->query->count; i++)
		cell_free(&table->cells[i]);
	free(table->cells);
	keys_free(&table->groups);
	free(table->scratch.bytes);
}
