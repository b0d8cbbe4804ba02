/* SPDX-License-Identifier: MIT */
#include "gzip_frame.h"

enum {
	FRAME_DEFLATE = 8,
	FRAME_NAMED = 8,
	FRAME_BEST = 2,
	FRAME_FAST = 4,
	FRAME_UNIX = 3
};

static void frame_put32(unsigned char *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
}

void gzip_header(unsigned char *bytes, bool named, int64_t mtime, int level)
{
	bytes[0] = 0x1f;
	bytes[1] = 0x8b;
	bytes[2] = FRAME_DEFLATE;
	bytes[3] = named ? FRAME_NAMED : 0;
	/* A time that does not fit is not known. */
	frame_put32(bytes + 4, mtime > 0 && mtime <= UINT32_MAX ? (uint32_t)mtime : 0);
	bytes[8] = level == 9 ? FRAME_BEST : level == 1 ? FRAME_FAST : 0;
	bytes[9] = FRAME_UNIX;
}

void gzip_trailer(unsigned char *bytes, uint32_t crc, uint64_t size)
{
	frame_put32(bytes, crc);
	frame_put32(bytes + 4, (uint32_t)size);
}
