/* SPDX-License-Identifier: MIT
 *
 * What wtzip is asked to do.
 */
#ifndef WTZIP_OPTIONS_H
#define WTZIP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether names and times go into headers, and are taken from there. */
enum wtzip_names {
	WTZIP_USUAL_NAMES, /* into them, not from them */
	WTZIP_NAMES,
	WTZIP_NO_NAMES
};

struct wtzip_options {
	int level; /* 1 to 9 */
	bool decompress;
	bool test;      /* decompress, and keep nothing of it */
	bool to_stdout;
	bool keep;
	bool force;
	enum wtzip_names names;
	unsigned jobs;  /* workers, at least 1 */
	size_t block;   /* bytes of input for one task */
};

/*
 * Read the options; optind is then the first file. Returns -1, or the status
 * with which to end: help was asked for and given, or an option is wrong and
 * was complained of.
 */
int wtzip_options_parse(struct wtzip_options *options, int argc, char **argv);

#endif
