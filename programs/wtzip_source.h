/* SPDX-License-Identifier: MIT
 *
 * A file to compress or decompress, or standard input.
 */
#ifndef WTZIP_SOURCE_H
#define WTZIP_SOURCE_H

#include "wtzip_options.h"

#include <sys/stat.h>

struct wtzip_source {
	char *path;        /* of the file, which may have a suffix more than was asked for; NULL: standard input */
	const char *label; /* what it is called in messages */
	int fd;
	struct stat status;
};

/*
 * Open it, if it is one that may be worked on. "-" is standard input. Where it
 * is not, says why, and *status is the one to end with.
 */
bool wtzip_source_open(struct wtzip_source *source, const char *name, const struct wtzip_options *options,
		       int *status);

void wtzip_source_close(struct wtzip_source *source);

#endif
