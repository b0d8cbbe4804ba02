/* SPDX-License-Identifier: MIT
 *
 * What the test of thumbnails needs: pictures to shrink, and a slow and exact
 * way to do it. On any error these functions say so and exit.
 */
#ifndef CHECK_PICTURES_H
#define CHECK_PICTURES_H

#include <stddef.h>

struct pixels {
	size_t width;
	size_t height;
	size_t channels; /* 1, 3, or 4 for CMYK as Adobe has it: inverted */
	unsigned char *bytes;
};

struct pixels pixels_create(size_t width, size_t height, size_t channels);

/* A drawing of gradients, waves of all lengths, hard edges and some noise. */
struct pixels pixels_draw(size_t width, size_t height, size_t channels);

struct pixels pixels_read(const char *file);

/* "progressive", "exif=6", "exif-big=6", "profile" change how the file is written; NULL ends the list. */
void pixels_write(const struct pixels *pixels, const char *file, char *const *ways);

/* In red, green and blue, if they are not. */
struct pixels pixels_from_cmyk(struct pixels pixels);

/* Lanczos with three lobes, each pixel computed by itself, in doubles. */
struct pixels pixels_shrink(const struct pixels *pixels, size_t width, size_t height);

/* As Exif's orientation says that it is to be shown. */
struct pixels pixels_turn(const struct pixels *pixels, int orientation);

/* The peak signal-to-noise ratio, dB; of equal pictures 99. */
double pixels_psnr(const struct pixels *a, const struct pixels *b);

#endif
