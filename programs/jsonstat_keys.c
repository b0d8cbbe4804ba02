/* SPDX-License-Identifier: MIT */
#include "jsonstat_keys.h"

#include "jsonstat_grow.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 16

/* FNV-1a. */
static uint64_t hash_of(const unsigned char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

/* The slot that has the key, or the free one where it belongs. */
static size_t *find_slot(const struct keys *keys, uint64_t hash, const void *bytes, size_t size)
{
	size_t mask = keys->slot_count - 1;
	size_t i = (hash ^ hash >> 32) & mask;

	for (; keys->slots[i]; i = (i + 1) & mask) {
		const struct key *key = &keys->list[keys->slots[i] - 1];

		if (key->hash == hash && key->size == size && !memcmp(keys->bytes + key->begin, bytes, size))
			break;
	}
	return &keys->slots[i];
}

/* Twice as many slots, when half of them are taken. */
static int grow_slots(struct keys *keys)
{
	size_t count = keys->slot_count ? 2 * keys->slot_count : SLOTS_FIRST;
	size_t *slots;

	if (keys->count < keys->slot_count / 2)
		return 0;
	slots = calloc(count, sizeof *slots);
	if (!slots)
		return -1;
	free(keys->slots);
	keys->slots = slots;
	keys->slot_count = count;
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *key = &keys->list[i];

		*find_slot(keys, key->hash, keys->bytes + key->begin, key->size) = i + 1;
	}
	return 0;
}

static int append(struct keys *keys, uint64_t hash, const void *bytes, size_t size)
{
	struct key *list = grow(keys->list, &keys->list_room, keys->count + 1, sizeof *list);
	unsigned char *all;

	if (!list)
		return -1;
	keys->list = list;
	all = grow(keys->bytes, &keys->bytes_room, keys->bytes_used + size, 1);
	if (!all)
		return -1;
	keys->bytes = all;
	memcpy(all + keys->bytes_used, bytes, size);
	list[keys->count++] = (struct key){ .hash = hash, .begin = keys->bytes_used, .size = size };
	keys->bytes_used += size;
	return 0;
}

int keys_add(struct keys *keys, const void *bytes, size_t size, size_t *place)
{
	uint64_t hash = hash_of(bytes, size);
	size_t *slot;

	if (grow_slots(keys))
		return -1;
	slot = find_slot(keys, hash, bytes, size);
	if (!*slot) {
		if (append(keys, hash, bytes, size))
			return -1;
		*slot = keys->count;
	}
	*place = *slot - 1;
	return 0;
}

const unsigned char *keys_at(const struct keys *keys, size_t place, size_t *size)
{
	*size = keys->list[place].size;
	return keys->bytes + keys->list[place].begin;
}

void keys_free(struct keys *keys)
{
	free(keys->list);
	free(keys->bytes);
	free(keys->slots);
}
