/* SPDX-License-Identifier: MIT
 *
 * A set of byte strings, each with its place in the order of arrival. One thread.
 */
#ifndef JSONSTAT_KEYS_H
#define JSONSTAT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key {
	uint64_t hash;
	size_t begin; /* in the bytes of all keys */
	size_t size;
};

/* All zero: empty. */
struct keys {
	size_t count;
	struct key *list;
	size_t list_room;
	unsigned char *bytes;
	size_t bytes_used;
	size_t bytes_room;
	size_t *slots;     /* a hash table of places in the list, counted from 1; 0: free */
	size_t slot_count; /* 0, or a power of two */
};

/* Add a key that may be there already; *place is where it is, from 0. Returns 0, or -1 when out of memory. */
int keys_add(struct keys *keys, const void *bytes, size_t size, size_t *place);

/* The bytes of the key at that place. */
const unsigned char *keys_at(const struct keys *keys, size_t place, size_t *size);

void keys_free(struct keys *keys);

#endif
