/* SPDX-License-Identifier: MIT
 *
 * Arrays that grow by doubling.
 */
#ifndef JSONSTAT_GROW_H
#define JSONSTAT_GROW_H

#include <stddef.h>

/*
 * Make room for `needed` elements of so many bytes, of which there is *room
 * now. Returns the array, which may have moved; NULL when out of memory, and
 * then it is as it was. What is new is not initialised.
 */
void *grow(void *array, size_t *room, size_t needed, size_t element);

#endif
