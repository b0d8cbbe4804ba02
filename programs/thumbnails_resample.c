/* SPDX-License-Identifier: MIT */
#include "thumbnails_resample.h"

#include <math.h>
#include <stdlib.h>

#define PI    3.14159265358979323846
#define LOBES 3.0 /* of the filter, to each side */

/* Which pixels of the source make each pixel of the target, along one direction. */
struct axis {
	size_t source;
	size_t target;
	size_t taps;    /* room for the weights of one pixel */
	size_t *first;  /* the first source pixel of each */
	size_t *count;  /* how many there are */
	float *weights; /* taps for each target pixel; those that count add up to 1 */
};

struct resampler {
	struct axis across;
	struct axis down;
	size_t channels;
	size_t y;      /* the next row of the source */
	size_t oldest; /* the first target row that still wants source rows */
	float *row;    /* a source row, as wide as the target */
	float *target; /* sums so far */
};

static double lanczos(double x)
{
	if (fabs(x) < 1e-9)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	return LOBES * sin(PI * x) * sin(PI * x / LOBES) / (PI * PI * x * x);
}

static void axis_weigh(struct axis *axis, size_t i, double step)
{
	double centre = ((double)i + 0.5) * step;
	double begin = floor(centre - LOBES * step), end = ceil(centre + LOBES * step);
	size_t first = begin > 0 ? (size_t)begin : 0;
	size_t last = end < (double)axis->source ? (size_t)end : axis->source;
	float *weights = axis->weights + i * axis->taps;
	double sum = 0;

	for (size_t k = first; k < last; k++)
		sum += lanczos(((double)k + 0.5 - centre) / step);
	for (size_t k = first; k < last; k++)
		weights[k - first] = (float)(lanczos(((double)k + 0.5 - centre) / step) / sum);
	axis->first[i] = first;
	axis->count[i] = last - first;
}

static int axis_init(struct axis *axis, struct resample_length length)
{
	double step = length.covers / (double)length.target;

	if (step < 1)
		step = 1;
	axis->source = length.source;
	axis->target = length.target;
	axis->taps = (size_t)ceil(2 * LOBES * step) + 2;
	axis->first = calloc(axis->target, sizeof *axis->first);
	axis->count = calloc(axis->target, sizeof *axis->count);
	axis->weights = calloc(axis->target, axis->taps * sizeof *axis->weights);
	if (!axis->first || !axis->count || !axis->weights)
		return -1;
	for (size_t i = 0; i < axis->target; i++)
		axis_weigh(axis, i, step);
	return 0;
}

static void axis_free(struct axis *axis)
{
	free(axis->first);
	free(axis->count);
	free(axis->weights);
}

struct resampler *resampler_create(struct resample_length width, struct resample_length height, size_t channels)
{
	struct resampler *resampler = calloc(1, sizeof *resampler);
	size_t samples = width.target * channels;

	if (!resampler)
		return NULL;
	resampler->channels = channels;
	resampler->row = malloc(samples * sizeof *resampler->row);
	resampler->target = calloc(height.target, samples * sizeof *resampler->target);
	if (!resampler->row || !resampler->target || axis_init(&resampler->across, width) ||
	    axis_init(&resampler->down, height)) {
		resampler_destroy(resampler);
		return NULL;
	}
	return resampler;
}

void resampler_destroy(struct resampler *resampler)
{
	if (!resampler)
		return;
	axis_free(&resampler->across);
	axis_free(&resampler->down);
	free(resampler->row);
	free(resampler->target);
	free(resampler);
}

/* One pixel of a row: its part of the source times the weights. */
static void sum_pixel(const struct axis *across, size_t i, size_t channels, const unsigned char *row, float *pixel)
{
	const unsigned char *source = row + across->first[i] * channels;
	const float *weights = across->weights + i * across->taps;

	for (size_t c = 0; c < channels; c++) {
		float sum = 0;

		for (size_t k = 0; k < across->count[i]; k++)
			sum += weights[k] * (float)source[k * channels + c];
		pixel[c] = sum;
	}
}

/* Add the row to a row of the target. */
static void add_row(struct resampler *resampler, size_t i)
{
	const struct axis *down = &resampler->down;
	size_t samples = resampler->across.target * resampler->channels;
	float weight = down->weights[i * down->taps + resampler->y - down->first[i]];
	float *sums = resampler->target + i * samples;

	for (size_t k = 0; k < samples; k++)
		sums[k] += weight * resampler->row[k];
}

void resampler_row(struct resampler *resampler, const unsigned char *row)
{
	const struct axis *across = &resampler->across, *down = &resampler->down;
	size_t y = resampler->y;

	for (size_t i = 0; i < across->target; i++)
		sum_pixel(across, i, resampler->channels, row, resampler->row + i * resampler->channels);
	while (resampler->oldest < down->target && down->first[resampler->oldest] + down->count[resampler->oldest] <= y)
		resampler->oldest++;
	for (size_t i = resampler->oldest; i < down->target && down->first[i] <= y; i++)
		add_row(resampler, i);
	resampler->y++;
}

void resampler_read(const struct resampler *resampler, unsigned char *pixels)
{
	size_t samples = resampler->across.target * resampler->down.target * resampler->channels;

	for (size_t i = 0; i < samples; i++) {
		float value = resampler->target[i] + 0.5F;

		pixels[i] = value <= 0 ? 0 : value >= 255 ? 255 : (unsigned char)value;
	}
}
