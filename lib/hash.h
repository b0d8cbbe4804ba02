/* SPDX-License-Identifier: MIT
 *
 * Hashes, for tables of names and of addresses.
 */
#ifndef WTI_HASH_H
#define WTI_HASH_H

#include "base.h"

/* FNV-1a (Fowler, Noll, Vo). Its low bits are weak in short strings: take a bucket by wti_hash_bucket. */
static inline uint64_t wti_hash(const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3;
	return hash;
}

/*
 * Which of 2^log2 buckets, for a hash or an address. The multiplier is 2^64
 * over the golden ratio (Knuth): its high bits depend on all of the number.
 */
static inline size_t wti_hash_bucket(uint64_t hash, unsigned log2)
{
	return (size_t)(hash * 0x9e3779b97f4a7c15 >> (64 - log2));
}

#endif
