/* SPDX-License-Identifier: MIT
 *
 * Makes an image smaller: a Lanczos filter as wide as the step between the
 * target's pixels asks for, first along each row as it comes, then down the
 * columns. Rows are not kept: only the target is in memory. One thread.
 */
#ifndef THUMBNAILS_RESAMPLE_H
#define THUMBNAILS_RESAMPLE_H

#include <stddef.h>

/* One direction of the image, in pixels. */
struct resample_length {
	size_t source;
	double covers; /* of the source's pixels, how many the image covers: its last one may hang over the edge */
	size_t target; /* not more than the source */
};

struct resampler;

/* For so many samples in each pixel. NULL: out of memory. */
struct resampler *resampler_create(struct resample_length width, struct resample_length height, size_t channels);

/* The next row of the source, from the top. */
void resampler_row(struct resampler *resampler, const unsigned char *row);

/* After the last row: write the target's rows, without gaps. */
void resampler_read(const struct resampler *resampler, unsigned char *pixels);

/* NULL is ignored. */
void resampler_destroy(struct resampler *resampler);

#endif
