/* SPDX-License-Identifier: MIT
 *
 * The command line of thumbnails.
 */
#ifndef THUMBNAILS_OPTIONS_H
#define THUMBNAILS_OPTIONS_H

#include "thumbnails_make.h"

struct options {
	struct thumbnail_form form;
	const char *folder; /* where they go */
	unsigned workers;   /* 0: as many as there are processors */
	char *const *files;
	size_t file_count;
};

/* Returns -1 when the program is to go on; otherwise it has said why not, and this is its exit code. */
int options_read(struct options *options, int argc, char **argv);

#endif
