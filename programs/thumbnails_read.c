/* SPDX-License-Identifier: MIT */
#include "thumbnails_picture.h"

#include <stdlib.h>
#include <string.h>
#include "thumbnails_failure.h"
#include "thumbnails_resample.h"

enum {
	PIXELS_MAX = 1 << 28, /* a progressive file needs up to six bytes of memory for each */
	SCANS_MAX = 1000,     /* a small file can have many, each of which costs a pass over the whole image */
	SCALE_FULL = 8,       /* libjpeg scales by eighths */
	MARGIN = 2,           /* how much larger than the target libjpeg's image is, to leave something to the filter */
	RGB = 3
};

/* All that reading needs and makes, where a jump leaves it intact. */
struct reading {
	struct failure failure;
	struct jpeg_progress_mgr progress;
	struct jpeg_decompress_struct info;
	struct orientation orientation;
	struct resampler *resampler;
	struct picture *picture;
};

static void reading_scans(j_common_ptr info)
{
	if (((j_decompress_ptr)info)->input_scan_number > SCANS_MAX)
		failure_raise(info, "too many scans");
}

static void reading_header(struct reading *reading, FILE *file)
{
	j_decompress_ptr info = &reading->info;

	jpeg_create_decompress(info);
	reading->progress.progress_monitor = reading_scans;
	info->progress = &reading->progress;
	jpeg_stdio_src(info, file);
	jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff); /* Exif */
	jpeg_save_markers(info, JPEG_APP0 + 2, 0xffff); /* ICC */
	jpeg_read_header(info, TRUE);
	if ((size_t)info->image_width * info->image_height > PIXELS_MAX)
		failure_raise((j_common_ptr)info, "more than 268435456 pixels");
}

static void reading_markers(struct reading *reading)
{
	jpeg_saved_marker_ptr marker = reading->info.marker_list;
	struct picture *picture = reading->picture;
	bool found = false;

	for (; marker && !found; marker = marker->next)
		found = marker->marker == JPEG_APP0 + 1 &&
			exif_read(marker->data, marker->data_length, &reading->orientation);
	/* That of a CMYK image tells nothing of the colours that it is converted to. */
	if (reading->info.num_components <= RGB)
		jpeg_read_icc_profile(&reading->info, &picture->profile, &picture->profile_size);
}

/* The length of a side when the image is made smaller by a factor, at least one pixel. */
static size_t shrunk(size_t length, double factor)
{
	size_t result = (size_t)((double)length * factor + 0.5);

	return result ? result : 1;
}

/* The size of the picture: before it is turned, so that the box is turned instead. */
static void reading_fit(struct reading *reading, struct picture_box box)
{
	const struct jpeg_decompress_struct *info = &reading->info;
	bool turned = reading->orientation.turned;
	double across = (double)(turned ? box.height : box.width) / info->image_width;
	double down = (double)(turned ? box.width : box.height) / info->image_height;
	double factor = across < down ? across : down;

	if (factor > 1)
		factor = 1;
	reading->picture->width = shrunk(info->image_width, factor);
	reading->picture->height = shrunk(info->image_height, factor);
}

/* Let libjpeg do most of the work: the smallest of its fast scales that leaves enough for the resampler. */
static void reading_scale(struct reading *reading)
{
	j_decompress_ptr info = &reading->info;

	info->scale_denom = SCALE_FULL;
	for (info->scale_num = 1; info->scale_num < SCALE_FULL; info->scale_num *= 2) {
		jpeg_calc_output_dimensions(info);
		if (info->output_width >= MARGIN * reading->picture->width &&
		    info->output_height >= MARGIN * reading->picture->height)
			return;
	}
}

static void reading_start(struct reading *reading)
{
	j_decompress_ptr info = &reading->info;

	if (info->num_components == 1)
		info->out_color_space = JCS_GRAYSCALE;
	else if (info->num_components == RGB)
		info->out_color_space = JCS_RGB;
	else
		info->out_color_space = JCS_CMYK;
	jpeg_start_decompress(info);
	reading->picture->channels = info->num_components == 1 ? 1 : RGB;
}

static void reading_resampler(struct reading *reading)
{
	j_decompress_ptr info = &reading->info;
	double scale = (double)info->scale_num / info->scale_denom;
	struct picture *picture = reading->picture;
	struct resample_length width = { info->output_width, info->image_width * scale, picture->width };
	struct resample_length height = { info->output_height, info->image_height * scale, picture->height };

	reading->resampler = resampler_create(width, height, picture->channels);
	picture->pixels = malloc(picture->width * picture->height * picture->channels);
	if (!reading->resampler || !picture->pixels)
		failure_raise((j_common_ptr)info, "out of memory");
}

/* In place, without a profile. Those that Adobe's programs write are inverted. */
static void reading_from_cmyk(const struct reading *reading, unsigned char *row)
{
	unsigned flip = reading->info.saw_Adobe_marker ? 0 : 255;
	unsigned char *to = row;

	for (size_t x = 0; x < reading->info.output_width; x++, row += 4, to += RGB) {
		unsigned white = row[3] ^ flip;

		for (size_t c = 0; c < RGB; c++)
			to[c] = (unsigned char)(((row[c] ^ flip) * white + 127) / 255);
	}
}

static void reading_rows(struct reading *reading)
{
	j_decompress_ptr info = &reading->info;
	JDIMENSION size = info->output_width * (JDIMENSION)info->output_components;
	JSAMPARRAY rows = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, size, 1);

	while (info->output_scanline < info->output_height) {
		jpeg_read_scanlines(info, rows, 1);
		if (info->out_color_space == JCS_CMYK)
			reading_from_cmyk(reading, rows[0]);
		resampler_row(reading->resampler, rows[0]);
	}
	resampler_read(reading->resampler, reading->picture->pixels);
	jpeg_finish_decompress(info);
}

static int reading_run(struct reading *reading, FILE *file, struct picture_box box)
{
	if (setjmp(reading->failure.caller))
		return -1;
	reading_header(reading, file);
	reading_markers(reading);
	reading_fit(reading, box);
	reading_scale(reading);
	reading_start(reading);
	reading_resampler(reading);
	reading_rows(reading);
	if (picture_turn(reading->picture, reading->orientation))
		failure_raise((j_common_ptr)&reading->info, "out of memory");
	return 0;
}

int picture_read(struct picture *picture, FILE *file, struct picture_box box, char *problem)
{
	struct reading reading;
	int err;

	memset(picture, 0, sizeof *picture);
	memset(&reading, 0, sizeof reading);
	reading.picture = picture;
	reading.info.err = failure_init(&reading.failure, problem);
	err = reading_run(&reading, file, box);
	resampler_destroy(reading.resampler);
	jpeg_destroy_decompress(&reading.info);
	return err;
}
