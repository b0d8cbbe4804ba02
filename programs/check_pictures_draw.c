/* SPDX-License-Identifier: MIT */
#include "check_pictures.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct pixels pixels_create(size_t width, size_t height, size_t channels)
{
	struct pixels pixels = { width, height, channels, malloc(width * height * channels) };

	if (!pixels.bytes) {
		fprintf(stderr, "check_pictures: out of memory\n");
		exit(1);
	}
	return pixels;
}

static unsigned char to_byte(double value)
{
	return value <= 0 ? 0 : value >= 255 ? 255 : (unsigned char)(value + 0.5);
}

/* From -1 to 1. */
static double noise(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return (double)(*state >> 8) / (1 << 23) - 1;
}

/* Of a colour at a place from 0 to 1: a gradient, rings that get narrower outwards, a disc and bars. */
static double brightness(double x, double y, size_t colour)
{
	double phase = (double)colour * 0.7;
	double value = 90 + 80 * x * (colour == 0) + 80 * y * (colour == 1) + 40 * (1 - x) * (colour == 2);
	double distance = hypot(x - 0.5, y - 0.5);

	value += 35 * cos(220 * distance * distance + phase);
	if (hypot(x - 0.25, y - 0.3) < 0.12)
		value = colour == 1 ? 210 : 40;
	if (x > 0.7 && y > 0.65 && fmod(x, 0.06) < 0.03)
		value = 235 - 60 * (double)colour;
	return value;
}

/* In CMYK as much as possible is black, so that the conversion has something to do; stored inverted. */
static void to_cmyk(unsigned char *pixel)
{
	unsigned brightest = 1;

	for (size_t c = 0; c < 3; c++)
		brightest = pixel[c] > brightest ? pixel[c] : brightest;
	for (size_t c = 0; c < 3; c++)
		pixel[c] = (unsigned char)(pixel[c] * 255U / brightest);
	pixel[3] = (unsigned char)brightest;
}

struct pixels pixels_draw(size_t width, size_t height, size_t channels)
{
	struct pixels pixels = pixels_create(width, height, channels);
	unsigned char *pixel = pixels.bytes;
	uint32_t state = 1;

	for (size_t i = 0; i < width * height; i++, pixel += channels) {
		double x = ((double)(i % width) + 0.5) / (double)width;
		double y = ((double)(i / width) + 0.5) / (double)height;

		for (size_t c = 0; c < channels && c < 3; c++)
			pixel[c] = to_byte(brightness(x, y, c) + 6 * noise(&state));
		if (channels == 4)
			to_cmyk(pixel);
	}
	return pixels;
}
