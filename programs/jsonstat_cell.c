/* SPDX-License-Identifier: MIT */
#include "jsonstat_cell.h"

#include "jsonstat_grow.h"

#include <inttypes.h>
#include <stdlib.h>

static int take_count(struct cell *cell, const json_t *value, struct value_bytes *scratch)
{
	cell->count += !json_is_null(value);
	return 0;
}

static int take_later(struct cell *cell, const json_t *value, struct value_bytes *scratch)
{
	double *numbers;

	if (!json_is_number(value))
		return 0;
	numbers = grow(cell->numbers, &cell->numbers_room, cell->count + 1, sizeof *numbers);
	if (!numbers)
		return -1;
	cell->numbers = numbers;
	numbers[cell->count++] = json_number_value(value);
	return 0;
}

/* Of equal numbers jq's min is the first, its max the last: 0 and -0 are equal. */
static void keep_min(struct cell *cell, double number)
{
	if (cell->count++ == 0 || number < cell->number)
		cell->number = number;
}

static void keep_max(struct cell *cell, double number)
{
	if (cell->count++ == 0 || number >= cell->number)
		cell->number = number;
}

static int take_min(struct cell *cell, const json_t *value, struct value_bytes *scratch)
{
	if (json_is_number(value))
		keep_min(cell, json_number_value(value));
	return 0;
}

static int take_max(struct cell *cell, const json_t *value, struct value_bytes *scratch)
{
	if (json_is_number(value))
		keep_max(cell, json_number_value(value));
	return 0;
}

static int keep_distinct(struct cell *cell, const void *bytes, size_t size)
{
	size_t place;

	if (!cell->distinct)
		cell->distinct = calloc(1, sizeof *cell->distinct);
	if (!cell->distinct || keys_add(cell->distinct, bytes, size, &place))
		return -1;
	cell->count = cell->distinct->count;
	return 0;
}

static int take_distinct(struct cell *cell, const json_t *value, struct value_bytes *scratch)
{
	if (json_is_null(value))
		return 0;
	scratch->size = 0;
	if (value_append(scratch, value))
		return -1;
	return keep_distinct(cell, scratch->bytes, scratch->size);
}

static int merge_count(struct cell *cell, const struct cell *part)
{
	cell->count += part->count;
	return 0;
}

/* One by one, in the order of the input. */
static int merge_sum(struct cell *cell, const struct cell *part)
{
	for (size_t i = 0; i < part->count; i++)
		cell->number = cell->count++ ? cell->number + part->numbers[i] : part->numbers[i];
	return 0;
}

static int merge_min(struct cell *cell, const struct cell *part)
{
	if (part->count)
		keep_min(cell, part->number);
	return 0;
}

static int merge_max(struct cell *cell, const struct cell *part)
{
	if (part->count)
		keep_max(cell, part->number);
	return 0;
}

static int merge_distinct(struct cell *cell, const struct cell *part)
{
	for (size_t i = 0; i < part->count; i++) {
		size_t size;
		const unsigned char *bytes = keys_at(part->distinct, i, &size);

		if (keep_distinct(cell, bytes, size))
			return -1;
	}
	return 0;
}

static void print_count(const struct cell *cell, FILE *file)
{
	fprintf(file, "%" PRIu64, cell->count);
}

static void print_number(const struct cell *cell, FILE *file)
{
	if (cell->count)
		value_print_number(file, cell->number);
	else
		fputs("null", file);
}

static void print_mean(const struct cell *cell, FILE *file)
{
	if (cell->count)
		value_print_number(file, cell->number / (double)cell->count);
	else
		fputs("null", file);
}

static const struct {
	int (*take)(struct cell *cell, const json_t *value, struct value_bytes *scratch);
	int (*merge)(struct cell *cell, const struct cell *part);
	void (*print)(const struct cell *cell, FILE *file);
} aggregates[AGGREGATES] = {
	[AGGREGATE_COUNT] = { take_count, merge_count, print_count },
	[AGGREGATE_SUM] = { take_later, merge_sum, print_number },
	[AGGREGATE_MIN] = { take_min, merge_min, print_number },
	[AGGREGATE_MAX] = { take_max, merge_max, print_number },
	[AGGREGATE_MEAN] = { take_later, merge_sum, print_mean },
	[AGGREGATE_DISTINCT] = { take_distinct, merge_distinct, print_count },
};

int cell_take(struct cell *cell, enum aggregate aggregate, const json_t *value, struct value_bytes *scratch)
{
	return aggregates[aggregate].take(cell, value, scratch);
}

int cell_merge(struct cell *cell, enum aggregate aggregate, const struct cell *part)
{
	return aggregates[aggregate].merge(cell, part);
}

void cell_print(const struct cell *cell, enum aggregate aggregate, FILE *file)
{
	aggregates[aggregate].print(cell, file);
}

void cell_free(struct cell *cell)
{
	free(cell->numbers);
	if (cell->distinct)
		keys_free(cell->distinct);
	free(cell->distinct);
}
