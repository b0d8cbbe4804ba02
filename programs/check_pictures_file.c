/* SPDX-License-Identifier: MIT */
#include "check_pictures.h"

#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_file(const char *name, const char *mode)
{
	FILE *file = fopen(name, mode);

	if (!file) {
		perror(name);
		exit(1);
	}
	return file;
}

/* libjpeg's own error handler says what is wrong and exits. */
struct pixels pixels_read(const char *name)
{
	FILE *file = open_file(name, "rb");
	struct jpeg_decompress_struct info;
	struct jpeg_error_mgr errors;
	struct pixels pixels;

	info.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&info);
	jpeg_stdio_src(&info, file);
	jpeg_read_header(&info, TRUE);
	info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : info.num_components == 3 ? JCS_RGB : JCS_CMYK;
	jpeg_start_decompress(&info);
	pixels = pixels_create(info.output_width, info.output_height, (size_t)info.output_components);
	while (info.output_scanline < info.output_height) {
		JSAMPROW row = pixels.bytes + info.output_scanline * pixels.width * pixels.channels;

		jpeg_read_scanlines(&info, &row, 1);
	}
	jpeg_finish_decompress(&info);
	jpeg_destroy_decompress(&info);
	fclose(file);
	return pixels;
}

/* A directory of one entry, the orientation, behind one of another tag. */
static void write_exif(j_compress_ptr info, int orientation, int big)
{
	static const unsigned char little_endian[] = {
		'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0, 2, 0, 0x00, 0x01, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0,
		0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	static const unsigned char big_endian[] = {
		'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, '*', 0, 0, 0, 8, 0, 2, 0x01, 0x00, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0,
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	enum { ORIENTATION = 36 };
	unsigned char data[sizeof little_endian];

	memcpy(data, big ? big_endian : little_endian, sizeof data);
	data[ORIENTATION + big] = (unsigned char)orientation;
	jpeg_write_marker(info, JPEG_APP0 + 1, data, sizeof data);
}

static void write_ways(j_compress_ptr info, char *const *ways)
{
	static const unsigned char profile[] = "not a real profile, but kept as it is";

	for (; *ways; ways++) {
		if (!strncmp(*ways, "exif=", 5))
			write_exif(info, atoi(*ways + 5), 0);
		else if (!strncmp(*ways, "exif-big=", 9))
			write_exif(info, atoi(*ways + 9), 1);
		else if (!strcmp(*ways, "profile"))
			jpeg_write_icc_profile(info, profile, sizeof profile);
	}
}

static int has_way(char *const *ways, const char *way)
{
	while (*ways && strcmp(*ways, way) != 0)
		ways++;
	return *ways != NULL;
}

void pixels_write(const struct pixels *pixels, const char *name, char *const *ways)
{
	static const J_COLOR_SPACE spaces[] = { JCS_UNKNOWN, JCS_GRAYSCALE, JCS_UNKNOWN, JCS_RGB, JCS_CMYK };
	FILE *file = open_file(name, "wb");
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr errors;

	info.err = jpeg_std_error(&errors);
	jpeg_create_compress(&info);
	jpeg_stdio_dest(&info, file);
	info.image_width = (JDIMENSION)pixels->width;
	info.image_height = (JDIMENSION)pixels->height;
	info.input_components = (int)pixels->channels;
	info.in_color_space = spaces[pixels->channels];
	jpeg_set_defaults(&info);
	jpeg_set_quality(&info, 92, TRUE);
	if (has_way(ways, "progressive"))
		jpeg_simple_progression(&info);
	jpeg_start_compress(&info, TRUE);
	write_ways(&info, ways);
	while (info.next_scanline < info.image_height) {
		JSAMPROW row = pixels->bytes + info.next_scanline * pixels->width * pixels->channels;

		jpeg_write_scanlines(&info, &row, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	if (fclose(file)) {
		perror(name);
		exit(1);
	}
}
