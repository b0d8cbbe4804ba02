/* SPDX-License-Identifier: MIT
 *
 * What wtsum is asked to do.
 */
#ifndef WTSUM_OPTIONS_H
#define WTSUM_OPTIONS_H

#include "wtsum_check.h"
#include "wtsum_line.h"

struct wtsum_options {
	struct wtsum_style style;
	bool check;
	struct wtsum_check_options checks;
	unsigned jobs; /* workers; 0: as many as there are processors */
};

/*
 * Read the options; optind is then the first file. Does not return where help
 * was asked for, or an option is wrong.
 */
void wtsum_options_parse(struct wtsum_options *options, int argc, char **argv);

#endif
