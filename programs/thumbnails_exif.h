/* SPDX-License-Identifier: MIT
 *
 * Which way up a camera was held, as Exif 2.3 tells it in its orientation tag.
 */
#ifndef THUMBNAILS_EXIF_H
#define THUMBNAILS_EXIF_H

#include <stdbool.h>
#include <stddef.h>

/* How to find the source of a pixel that is shown. */
struct orientation {
	bool turned;     /* its row and column change places ... */
	bool from_right; /* ... and then are counted from the other end */
	bool from_bottom;
};

/*
 * Whether the contents of an APP1 marker are Exif data. If so, the
 * orientation is set; one that is not valid leaves the image as it is.
 */
bool exif_read(const unsigned char *data, size_t size, struct orientation *orientation);

#endif
