/* SPDX-License-Identifier: MIT */
#include "thumbnails_picture.h"

#include <stdlib.h>
#include <string.h>

void picture_free(struct picture *picture)
{
	free(picture->pixels);
	free(picture->profile);
}

/* Where the pixel comes from that is shown at x, y. */
static const unsigned char *source_of(const struct picture *picture, struct orientation orientation, size_t x, size_t y)
{
	size_t column = orientation.turned ? y : x;
	size_t row = orientation.turned ? x : y;

	if (orientation.from_right)
		column = picture->width - 1 - column;
	if (orientation.from_bottom)
		row = picture->height - 1 - row;
	return picture->pixels + (row * picture->width + column) * picture->channels;
}

int picture_turn(struct picture *picture, struct orientation orientation)
{
	size_t width = orientation.turned ? picture->height : picture->width;
	size_t height = orientation.turned ? picture->width : picture->height;
	unsigned char *pixels, *to;

	if (!orientation.turned && !orientation.from_right && !orientation.from_bottom)
		return 0;
	pixels = to = malloc(width * height * picture->channels);
	if (!pixels)
		return -1;
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++, to += picture->channels)
			memcpy(to, source_of(picture, orientation, x, y), picture->channels);
	free(picture->pixels);
	picture->pixels = pixels;
	picture->width = width;
	picture->height = height;
	return 0;
}
