// SPDX-License-Identifier: MIT
/*
 * What the work transfer writes into a buffer before it hands it over: a number at its beginning and the inverse at its
 * end, so that a buffer that is another one, an older one or not all there shows.
 */
#ifndef BENCH_ENDS_H
#define BENCH_ENDS_H

#include "harness.h"

static inline void ends_stamp(void *data, size_t size, uint64_t id)
{
	uint64_t inverse = ~id;

	memcpy(data, &id, sizeof id);
	memcpy((unsigned char *)data + size - sizeof inverse, &inverse, sizeof inverse);
}

static inline void ends_check(const void *data, size_t size, uint64_t id)
{
	uint64_t first, last;

	memcpy(&first, data, sizeof first);
	memcpy(&last, (const unsigned char *)data + size - sizeof last, sizeof last);
	if (first != id || last != ~id)
		bench_die("round trip: wrong payload", 0);
}

/* A buffer is written all over at first, so that what is copied is memory, not the one page of zeros. */
static inline void ends_fill(void *data, size_t size)
{
	memset(data, 1, size);
}

#endif
