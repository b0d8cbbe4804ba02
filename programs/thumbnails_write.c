/* SPDX-License-Identifier: MIT */
#include "thumbnails_picture.h"

#include <string.h>
#include "thumbnails_failure.h"

/* From this quality on, colours are stored as finely as brightness: on small pictures halving them shows. */
#define FINE_COLOURS 90

struct writing {
	struct failure failure;
	struct jpeg_compress_struct info;
};

static void writing_start(struct writing *writing, const struct picture *picture, FILE *file, int quality)
{
	j_compress_ptr info = &writing->info;

	jpeg_create_compress(info);
	jpeg_stdio_dest(info, file);
	info->image_width = (JDIMENSION)picture->width;
	info->image_height = (JDIMENSION)picture->height;
	info->input_components = (int)picture->channels;
	info->in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(info);
	jpeg_set_quality(info, quality, TRUE);
	info->optimize_coding = TRUE;
	if (quality >= FINE_COLOURS)
		info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(info, TRUE);
	if (picture->profile)
		jpeg_write_icc_profile(info, picture->profile, picture->profile_size);
}

static int writing_run(struct writing *writing, const struct picture *picture, FILE *file, int quality)
{
	j_compress_ptr info = &writing->info;

	if (setjmp(writing->failure.caller))
		return -1;
	writing_start(writing, picture, file, quality);
	while (info->next_scanline < info->image_height) {
		JSAMPROW row = picture->pixels + info->next_scanline * picture->width * picture->channels;

		jpeg_write_scanlines(info, &row, 1);
	}
	jpeg_finish_compress(info);
	return 0;
}

int picture_write(const struct picture *picture, FILE *file, int quality, char *problem)
{
	struct writing writing;
	int err;

	memset(&writing, 0, sizeof writing);
	writing.info.err = failure_init(&writing.failure, problem);
	err = writing_run(&writing, picture, file, quality);
	jpeg_destroy_compress(&writing.info);
	return err;
}
