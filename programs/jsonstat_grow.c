/* SPDX-License-Identifier: MIT */
#include "jsonstat_grow.h"

#include <stdint.h>
#include <stdlib.h>

#define ROOM_FIRST 8

void *grow(void *array, size_t *room, size_t needed, size_t element)
{
	size_t more = *room ? *room : ROOM_FIRST;
	void *moved;

	if (array && needed <= *room)
		return array;
	while (more < needed && more <= SIZE_MAX / 2)
		more *= 2;
	if (more < needed || more > SIZE_MAX / element)
		return NULL;
	moved = realloc(array, more * element);
	if (moved)
		*room = more;
	return moved;
}
