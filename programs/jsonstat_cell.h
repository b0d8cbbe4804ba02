/* SPDX-License-Identifier: MIT
 *
 * What each aggregate does with its cell of the table.
 */
#ifndef JSONSTAT_CELL_H
#define JSONSTAT_CELL_H

#include "jsonstat_table.h"

/* Return 0, or -1 when out of memory. */
int cell_take(struct cell *cell, enum aggregate aggregate, const json_t *value, struct value_bytes *scratch);
int cell_merge(struct cell *cell, enum aggregate aggregate, const struct cell *part);

void cell_print(const struct cell *cell, enum aggregate aggregate, FILE *file);

void cell_free(struct cell *cell);

#endif
