/* SPDX-License-Identifier: MIT
 *
 * Dictionaries from byte strings to byte strings, copied on write. Many may
 * hold one; who changes it and is not alone gets a copy of its own first. So a
 * snapshot costs a count, and a copy an array of pointers, for the entries are
 * counted as well and never change.
 *
 * A holder may read without a lock, and lets no two threads use one hold at
 * the same time. NULL is an empty dictionary, wherever one is asked for.
 */
#ifndef WTI_DICTIONARY_H
#define WTI_DICTIONARY_H

#include <stdalign.h>

#include "atomic.h"
#include "base.h"

/* A key with its value. */
struct wti_entry {
	_Atomic(uint32_t) holders;
	size_t key_size;
	size_t size;
	alignas(max_align_t) unsigned char value[]; /* of `size` bytes; the key follows */
};

/* With one hold; NULL where memory is short. The sizes may be 0; their sum is at most WTI_SIZE_MAX. */
struct wti_entry *wti_entry_create(const void *key, size_t key_size, const void *value, size_t size);

/* NULL is none, and returned or ignored. */
struct wti_entry *wti_entry_hold(struct wti_entry *entry);
void wti_entry_release(struct wti_entry *entry);

struct wti_dictionary;

/* An empty one that is not NULL, with one hold; NULL where memory is short. */
struct wti_dictionary *wti_dictionary_create(void);

struct wti_dictionary *wti_dictionary_hold(struct wti_dictionary *dictionary);
void wti_dictionary_release(struct wti_dictionary *dictionary);

/* The entry of this key, which stays while the dictionary is held and not changed; NULL if there is none. */
struct wti_entry *wti_dictionary_find(const struct wti_dictionary *dictionary, const void *key, size_t key_size);

/*
 * Put an entry in, or take the one of this key out; the one that was there
 * goes to *old, to be released by the caller, or NULL. The first takes the
 * caller's hold over. 0, or WT_ENOMEM: nothing changed, and *old is NULL.
 */
int wti_dictionary_put(struct wti_dictionary **dictionary, struct wti_entry *entry, struct wti_entry **old);
int wti_dictionary_take(struct wti_dictionary **dictionary, const void *key, size_t key_size, struct wti_entry **old);

#endif
