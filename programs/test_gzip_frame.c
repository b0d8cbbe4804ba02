/* SPDX-License-Identifier: MIT
 *
 * Headers and trailers, byte by byte; above all what the trailer has of a
 * length that is larger than its field.
 */
#include "gzip_frame.h"

#include <stdio.h>
#include <string.h>

static int tests;
static int failed;

static void expect(const char *name, const void *bytes, const void *expected, size_t size)
{
	int same = memcmp(bytes, expected, size) == 0;

	printf("%s %d - %s\n", same ? "ok" : "not ok", ++tests, name);
	failed |= !same;
}

static void expect_header(const char *name, int64_t mtime, int level, const char *expected)
{
	unsigned char bytes[GZIP_HEADER];

	gzip_header(bytes, false, mtime, level);
	expect(name, bytes, expected, GZIP_HEADER);
}

static void expect_trailer(const char *name, uint64_t size, const char *expected)
{
	unsigned char bytes[GZIP_TRAILER];

	gzip_trailer(bytes, UINT32_C(0x89abcdef), size);
	expect(name, bytes, expected, GZIP_TRAILER);
}

int main(void)
{
	unsigned char bytes[GZIP_HEADER];

	gzip_header(bytes, true, 0, 6);
	expect("a name", bytes, "\x1f\x8b\x08\x08\0\0\0\0\0\x03", GZIP_HEADER);
	expect_header("a time", 0x12345678, 6, "\x1f\x8b\x08\0\x78\x56\x34\x12\0\x03");
	expect_header("the last time that fits", UINT32_MAX, 6, "\x1f\x8b\x08\0\xff\xff\xff\xff\0\x03");
	expect_header("a time after it", (int64_t)UINT32_MAX + 1, 6, "\x1f\x8b\x08\0\0\0\0\0\0\x03");
	expect_header("a time before 1970", -1, 6, "\x1f\x8b\x08\0\0\0\0\0\0\x03");
	expect_header("the fastest level", 0, 1, "\x1f\x8b\x08\0\0\0\0\0\x04\x03");
	expect_header("the best level", 0, 9, "\x1f\x8b\x08\0\0\0\0\0\x02\x03");
	expect_trailer("nothing", 0, "\xef\xcd\xab\x89\0\0\0\0");
	expect_trailer("4 GiB less a byte", UINT32_MAX, "\xef\xcd\xab\x89\xff\xff\xff\xff");
	expect_trailer("4 GiB", UINT64_C(1) << 32, "\xef\xcd\xab\x89\0\0\0\0");
	expect_trailer("8 GiB and 5 bytes", (UINT64_C(1) << 33) + 5, "\xef\xcd\xab\x89\x05\0\0\0");
	printf("1..%d\n", tests);
	return failed;
}
