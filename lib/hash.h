/* SPDX-License-Identifier: MIT
 *
 * A hash of byte strings, for tables of names: FNV-1a (Fowler, Noll, Vo). Its
 * low bits are good, its high bits are not: a table mixes them.
 */
#ifndef WTI_HASH_H
#define WTI_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t wti_hash_bytes(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

/* One of 2^log2 buckets. The multiplier is 2^64 over the golden ratio (Knuth). */
static inline size_t wti_hash_bucket(uint64_t hash, unsigned log2)
{
	return (size_t)(hash * 0x9e3779b97f4a7c15 >> (64 - log2));
}

#endif
