/* SPDX-License-Identifier: MIT */
#include "dictionary.h"

#include <string.h>
#include <wt/error.h>

#include "alloc.h"

enum { DICTIONARY_ROOM = 8 }; /* entries, at first; then always half as many again */

struct wti_dictionary {
	_Atomic(uint32_t) holders;
	/* Of the one holder, once it is alone; else they do not change. */
	size_t count;
	size_t room;
	struct wti_entry *entries[]; /* by key */
};

/* ---- Entries ---- */

struct wti_entry *wti_entry_create(const void *key, size_t key_size, const void *value, size_t size)
{
	struct wti_entry *entry = wti_alloc(sizeof *entry + key_size + size);

	if (!entry)
		return NULL;
	wti_store(&entry->holders, 1);
	entry->key_size = key_size;
	entry->size = size;
	if (size)
		memcpy(entry->value, value, size);
	if (key_size)
		memcpy(entry->value + size, key, key_size);
	return entry;
}

struct wti_entry *wti_entry_hold(struct wti_entry *entry)
{
	if (entry)
		wti_add(&entry->holders, 1); /* relaxed: the caller has a hold, or the dictionary's */
	return entry;
}

void wti_entry_release(struct wti_entry *entry)
{
	/* counter: who frees has seen that all the others are done */
	if (entry && wti_sub_acqrel(&entry->holders, 1) == 1)
		wti_free(entry);
}

/* By bytes, and of two that begin alike the shorter first. */
static int entry_compare(const struct wti_entry *entry, const void *key, size_t key_size)
{
	size_t common = entry->key_size < key_size ? entry->key_size : key_size;
	int order = common ? memcmp(entry->value + entry->size, key, common) : 0;

	if (order)
		return order;
	return entry->key_size < key_size ? -1 : entry->key_size > key_size;
}

/* ---- The holds ---- */

static struct wti_dictionary *dictionary_make(size_t room)
{
	struct wti_dictionary *dictionary = wti_alloc(sizeof *dictionary + room * sizeof *dictionary->entries);

	if (!dictionary)
		return NULL;
	wti_store(&dictionary->holders, 1);
	dictionary->count = 0;
	dictionary->room = room;
	return dictionary;
}

struct wti_dictionary *wti_dictionary_create(void)
{
	return dictionary_make(DICTIONARY_ROOM);
}

struct wti_dictionary *wti_dictionary_hold(struct wti_dictionary *dictionary)
{
	if (dictionary)
		wti_add(&dictionary->holders, 1); /* relaxed: the caller has a hold */
	return dictionary;
}

void wti_dictionary_release(struct wti_dictionary *dictionary)
{
	/* counter: who frees has seen that all the others are done */
	if (!dictionary || wti_sub_acqrel(&dictionary->holders, 1) != 1)
		return;
	for (size_t i = 0; i < dictionary->count; i++)
		wti_entry_release(dictionary->entries[i]);
	wti_free(dictionary);
}

/* ---- Reading and changing ---- */

/* Where the entry of this key is, or would be; true if it is there. */
static bool dictionary_search(const struct wti_dictionary *dictionary, const void *key, size_t key_size, size_t *index)
{
	size_t low = 0, high = dictionary ? dictionary->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = entry_compare(dictionary->entries[middle], key, key_size);

		if (order == 0) {
			*index = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

struct wti_entry *wti_dictionary_find(const struct wti_dictionary *dictionary, const void *key, size_t key_size)
{
	size_t index;

	return dictionary_search(dictionary, key, key_size, &index) ? dictionary->entries[index] : NULL;
}

static bool dictionary_is_alone(struct wti_dictionary *dictionary)
{
	/* counter: those that have released it are done reading; nobody but us could add a hold */
	return wti_load_acq(&dictionary->holders) == 1;
}

/* Give the caller a dictionary that it may change, with room for so many. 0 or WT_ENOMEM. */
static int dictionary_own(struct wti_dictionary **dictionary, size_t count)
{
	struct wti_dictionary *old = *dictionary, *own;

	if (old && old->room >= count && dictionary_is_alone(old))
		return 0;
	own = dictionary_make(count + count / 2 + DICTIONARY_ROOM);
	if (!own)
		return WT_ENOMEM;
	*dictionary = own;
	if (!old)
		return 0;
	own->count = old->count;
	for (size_t i = 0; i < old->count; i++)
		own->entries[i] = wti_entry_hold(old->entries[i]);
	wti_dictionary_release(old);
	return 0;
}

int wti_dictionary_put(struct wti_dictionary **dictionary, struct wti_entry *entry, struct wti_entry **old)
{
	size_t count = *dictionary ? (*dictionary)->count : 0;
	size_t index;
	bool found = dictionary_search(*dictionary, entry->value + entry->size, entry->key_size, &index);
	struct wti_entry **place;

	*old = NULL;
	if (dictionary_own(dictionary, count + !found) != 0)
		return WT_ENOMEM;
	place = &(*dictionary)->entries[index];
	if (found)
		*old = *place;
	else
		memmove(place + 1, place, (count - index) * sizeof *place);
	*place = entry;
	(*dictionary)->count = count + !found;
	return 0;
}

int wti_dictionary_take(struct wti_dictionary **dictionary, const void *key, size_t key_size, struct wti_entry **old)
{
	size_t index;
	struct wti_entry **place;

	*old = NULL;
	if (!dictionary_search(*dictionary, key, key_size, &index))
		return 0;
	if (dictionary_own(dictionary, (*dictionary)->count) != 0)
		return WT_ENOMEM;
	place = &(*dictionary)->entries[index];
	*old = *place;
	memmove(place, place + 1, (--(*dictionary)->count - index) * sizeof *place);
	return 0;
}
