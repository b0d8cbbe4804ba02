/* SPDX-License-Identifier: MIT
 *
 * One thumbnail, from file to file. Any thread.
 */
#ifndef THUMBNAILS_MAKE_H
#define THUMBNAILS_MAKE_H

#include "thumbnails_picture.h"

/* How all of them are made. */
struct thumbnail_form {
	struct picture_box box;
	int quality; /* 1 to 100 */
};

/*
 * Returns 0 when the output is whole; -1 with the problem (PICTURE_PROBLEM_SIZE
 * bytes) when there is none, and what had its name before is untouched.
 */
int thumbnail_make(const char *input, const char *output, const struct thumbnail_form *form, char *problem);

#endif
