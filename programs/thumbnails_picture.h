/* SPDX-License-Identifier: MIT
 *
 * A small picture in memory, from a JPEG file and to one.
 */
#ifndef THUMBNAILS_PICTURE_H
#define THUMBNAILS_PICTURE_H

#include <stddef.h>
#include <stdio.h>
#include "thumbnails_exif.h"

struct picture {
	size_t width; /* in pixels */
	size_t height;
	size_t channels;        /* 1: grey; 3: red, green and blue */
	unsigned char *pixels;  /* from the top left, without gaps */
	unsigned char *profile; /* the ICC profile that tells what the colours mean; NULL: none */
	unsigned profile_size;
};

/* The largest picture that is wanted. */
struct picture_box {
	size_t width;
	size_t height;
};

/* Room for what went wrong, in words. */
#define PICTURE_PROBLEM_SIZE 200

/*
 * Read a JPEG file and make it fit into the box, keeping its proportions; one
 * that fits is not made larger. It is turned as its Exif data say. Returns 0,
 * or -1 with the problem; the picture is to be freed in both cases.
 */
int picture_read(struct picture *picture, FILE *file, struct picture_box box, char *problem);

/* Write a JPEG file; quality from 1 to 100. Returns 0, or -1 with the problem. */
int picture_write(const struct picture *picture, FILE *file, int quality, char *problem);

/* Turn it for showing. Returns 0, or -1 when out of memory. */
int picture_turn(struct picture *picture, struct orientation orientation);

void picture_free(struct picture *picture);

#endif
