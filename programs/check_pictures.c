/* SPDX-License-Identifier: MIT
 *
 * Called by check-thumbnails:
 *
 *	check_pictures make FILE WIDTH HEIGHT CHANNELS [WAY]...
 *	check_pictures size FILE
 *	check_pictures psnr SOURCE ORIENTATION THUMBNAIL
 *
 * The second prints width, height and channels; the third, how near the
 * thumbnail is to the source, reduced to the same size by the reference.
 */
#include "check_pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t number(const char *text)
{
	return strtoul(text, NULL, 10);
}

static void make(char **argv)
{
	struct pixels pixels = pixels_draw(number(argv[1]), number(argv[2]), number(argv[3]));

	pixels_write(&pixels, argv[0], argv + 4);
	free(pixels.bytes);
}

static void print_size(const char *file)
{
	struct pixels pixels = pixels_read(file);

	printf("%zu %zu %zu\n", pixels.width, pixels.height, pixels.channels);
	free(pixels.bytes);
}

static void print_psnr(char **argv)
{
	struct pixels source = pixels_from_cmyk(pixels_read(argv[0]));
	struct pixels thumbnail = pixels_read(argv[2]);
	int orientation = (int)number(argv[1]);
	size_t width = orientation >= 5 ? thumbnail.height : thumbnail.width;
	size_t height = orientation >= 5 ? thumbnail.width : thumbnail.height;
	struct pixels shrunk = pixels_shrink(&source, width, height);
	struct pixels turned = pixels_turn(&shrunk, orientation);

	printf("%.2f\n", pixels_psnr(&turned, &thumbnail));
	free(turned.bytes);
	free(shrunk.bytes);
	free(thumbnail.bytes);
	free(source.bytes);
}

int main(int argc, char **argv)
{
	if (argc >= 6 && !strcmp(argv[1], "make"))
		make(argv + 2);
	else if (argc == 3 && !strcmp(argv[1], "size"))
		print_size(argv[2]);
	else if (argc == 5 && !strcmp(argv[1], "psnr"))
		print_psnr(argv + 2);
	else
		return 2;
	return 0;
}
