// SPDX-License-Identifier: MIT
/* The request that a thread of its own answers, and the check of the answer. */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include "harness.h"

#include <openssl/sha.h>

enum { REQUEST_SIZE = 1024, REQUEST_HASH = SHA256_DIGEST_LENGTH };

struct request {
	unsigned char bytes[REQUEST_SIZE];
	unsigned char hash[REQUEST_HASH];
};

static inline void request_hash(const void *bytes, size_t size, unsigned char *hash)
{
	SHA256((const unsigned char *)bytes, size, hash);
}

/* Each differs, so that no answer can be that of another. */
static inline void request_stamp(struct request *request, uint64_t sequence)
{
	memcpy(request->bytes, &sequence, sizeof sequence);
}

/* One of 64 is computed again: the check is not to be what is measured. */
static inline void request_check(const struct request *request, const void *hash, size_t size)
{
	unsigned char expected[REQUEST_HASH];
	uint64_t sequence;

	memcpy(&sequence, request->bytes, sizeof sequence);
	if (size != REQUEST_HASH)
		bench_die("request: wrong size", (int)size);
	if (sequence % 64)
		return;
	request_hash(request->bytes, sizeof request->bytes, expected);
	if (memcmp(hash, expected, REQUEST_HASH) != 0)
		bench_die("request: wrong hash", 0);
}

#endif
