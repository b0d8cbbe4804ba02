/* SPDX-License-Identifier: MIT */
#include "thumbnails_exif.h"

#include <stdint.h>
#include <string.h>

enum {
	EXIF_HEADER = 6, /* "Exif" and two zeros */
	TIFF_HEADER = 8,
	ENTRY_SIZE = 12,
	TAG_ORIENTATION = 0x0112,
	TYPE_SHORT = 3
};

/* The TIFF file in the marker; all offsets are from its begin. */
struct tiff {
	const unsigned char *data;
	size_t size;
	bool big_endian;
};

/* In the order of the tag's values, which begin with 1. */
static const struct orientation orientations[] = {
	{ false, false, false }, { false, true, false }, { false, true, true }, { false, false, true },
	{ true, false, false },  { true, false, true },  { true, true, true },  { true, true, false },
};

#define ORIENTATIONS (sizeof orientations / sizeof *orientations)

static uint32_t tiff_16(const struct tiff *tiff, size_t at)
{
	const unsigned char *p = tiff->data + at;

	return tiff->big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t tiff_32(const struct tiff *tiff, size_t at)
{
	uint32_t first = tiff_16(tiff, at), second = tiff_16(tiff, at + 2);

	return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

static bool tiff_open(struct tiff *tiff, const unsigned char *data, size_t size)
{
	if (size < EXIF_HEADER + TIFF_HEADER || memcmp(data, "Exif\0", EXIF_HEADER) != 0)
		return false;
	tiff->data = data + EXIF_HEADER;
	tiff->size = size - EXIF_HEADER;
	tiff->big_endian = tiff->data[0] == 'M';
	return memcmp(tiff->data, tiff->big_endian ? "MM\0*" : "II*", 4) == 0;
}

/* The tag's value in the first directory; 0 where it is not. */
static uint32_t tiff_orientation(const struct tiff *tiff)
{
	size_t directory = tiff_32(tiff, 4), entries, at;

	if (directory > tiff->size - 2)
		return 0;
	entries = tiff_16(tiff, directory);
	at = directory + 2;
	for (; entries > 0 && tiff->size - at >= ENTRY_SIZE; entries--, at += ENTRY_SIZE)
		if (tiff_16(tiff, at) == TAG_ORIENTATION)
			return tiff_16(tiff, at + 2) == TYPE_SHORT ? tiff_16(tiff, at + 8) : 0;
	return 0;
}

bool exif_read(const unsigned char *data, size_t size, struct orientation *orientation)
{
	struct tiff tiff;
	uint32_t value;

	if (!tiff_open(&tiff, data, size))
		return false;
	value = tiff_orientation(&tiff);
	*orientation = orientations[value >= 1 && value <= ORIENTATIONS ? value - 1 : 0];
	return true;
}
