/* SPDX-License-Identifier: MIT
 *
 * The SHA-256 of one file: what the pool's workers do.
 */
#ifndef WTSUM_HASH_H
#define WTSUM_HASH_H

#include "wtsum_line.h"

#include <stdint.h>
#include <wt.h>

/* The reply to a task. */
struct wtsum_digest {
	unsigned char bytes[WTSUM_DIGEST];
	uint64_t untold; /* bytes read since the last progress message */
};

/* The input is the file's name and its NUL; "-" is standard input. Progress messages are uint64_t: bytes read. */
int wtsum_hash(wt_task *task, wt_message *input, void *hasher);

/* A worker's own buffer and context. */
int wtsum_hasher_init(void **hasher, const void *data, size_t size);
void wtsum_hasher_fini(void *hasher);

#endif
