/* SPDX-License-Identifier: MIT */
#include "check_pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

struct pixels pixels_from_cmyk(struct pixels pixels)
{
	struct pixels rgb;

	if (pixels.channels != 4)
		return pixels;
	rgb = pixels_create(pixels.width, pixels.height, 3);
	for (size_t i = 0; i < pixels.width * pixels.height; i++)
		for (size_t c = 0; c < 3; c++)
			rgb.bytes[3 * i + c] =
				(unsigned char)lround(pixels.bytes[4 * i + c] * pixels.bytes[4 * i + 3] / 255.0);
	free(pixels.bytes);
	return rgb;
}

static double sinc(double x)
{
	return x == 0 ? 1 : sin(PI * x) / (PI * x);
}

/* How much the source's pixel k counts for the target's pixel i. */
static double weight(size_t k, size_t i, double step)
{
	double x = ((double)k + 0.5 - ((double)i + 0.5) * step) / step;

	return fabs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

/* The source's pixels that count for the target's pixel i, and some that do not. */
static void window(size_t i, double step, size_t length, size_t *begin, size_t *end)
{
	double first = floor(((double)i + 0.5) * step - 3 * step), last = ceil(((double)i + 0.5) * step + 3 * step);

	*begin = first > 0 ? (size_t)first : 0;
	*end = last < (double)length ? (size_t)last : length;
}

static void shrink_pixel(const struct pixels *from, struct pixels *to, size_t x, size_t y)
{
	double across = (double)from->width / (double)to->width, down = (double)from->height / (double)to->height;
	double sums[3] = { 0, 0, 0 }, total = 0;
	size_t left, right, top, bottom;

	window(x, across, from->width, &left, &right);
	window(y, down, from->height, &top, &bottom);
	for (size_t row = top; row < bottom; row++) {
		double row_weight = weight(row, y, down);

		for (size_t column = left; column < right; column++) {
			double part = row_weight * weight(column, x, across);

			total += part;
			for (size_t c = 0; c < from->channels; c++)
				sums[c] += part * from->bytes[(row * from->width + column) * from->channels + c];
		}
	}
	for (size_t c = 0; c < to->channels; c++)
		to->bytes[(y * to->width + x) * to->channels + c] =
			(unsigned char)fmin(fmax(round(sums[c] / total), 0), 255);
}

struct pixels pixels_shrink(const struct pixels *pixels, size_t width, size_t height)
{
	struct pixels small = pixels_create(width, height, pixels->channels);

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			shrink_pixel(pixels, &small, x, y);
	return small;
}

struct pixels pixels_turn(const struct pixels *from, int orientation)
{
	size_t width = from->width, height = from->height;
	struct pixels to = orientation >= 5 ? pixels_create(height, width, from->channels) :
					      pixels_create(width, height, from->channels);

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			/* Where row 0 and column 0 are to be seen, in Exif's words. */
			size_t places[9][2] = {
				{ x, y },
				{ x, y },                           /* 1: top, left */
				{ width - 1 - x, y },               /* 2: top, right */
				{ width - 1 - x, height - 1 - y },  /* 3: bottom, right */
				{ x, height - 1 - y },              /* 4: bottom, left */
				{ y, x },                           /* 5: left, top */
				{ height - 1 - y, x },              /* 6: right, top */
				{ height - 1 - y, width - 1 - x },  /* 7: right, bottom */
				{ y, width - 1 - x },               /* 8: left, bottom */
			};
			const size_t *place = places[orientation];

			memcpy(to.bytes + (place[1] * to.width + place[0]) * to.channels,
			       from->bytes + (y * width + x) * from->channels, from->channels);
		}
	return to;
}

double pixels_psnr(const struct pixels *a, const struct pixels *b)
{
	size_t samples = a->width * a->height * a->channels;
	double sum = 0;

	if (a->width != b->width || a->height != b->height || a->channels != b->channels)
		return 0;
	for (size_t i = 0; i < samples; i++)
		sum += (a->bytes[i] - b->bytes[i]) * (a->bytes[i] - b->bytes[i]);
	return sum == 0 ? 99 : 10 * log10(255.0 * 255.0 * (double)samples / sum);
}
