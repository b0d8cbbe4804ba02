/* SPDX-License-Identifier: MIT
 *
 * What a member of a gzip file has before and after its deflated bytes
 * (RFC 1952).
 */
#ifndef GZIP_FRAME_H
#define GZIP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	GZIP_HEADER = 10,
	GZIP_TRAILER = 8
};

/* The header; where it is `named`, the file's name and its NUL are to follow. `mtime` in seconds, 0 where not known. */
void gzip_header(unsigned char *bytes, bool named, int64_t mtime, int level);

/* `size` is that of the data, of which the trailer has the lower 32 bits. */
void gzip_trailer(unsigned char *bytes, uint32_t crc, uint64_t size);

#endif
