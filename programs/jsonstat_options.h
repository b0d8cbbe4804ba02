/* SPDX-License-Identifier: MIT
 *
 * The command line of jsonstat.
 */
#ifndef JSONSTAT_OPTIONS_H
#define JSONSTAT_OPTIONS_H

#include "jsonstat_query.h"

struct options {
	struct query query;
	unsigned workers; /* 0: as many as there are processors */
	size_t chunk;     /* bytes that a worker gets at a time */
	char *const *files;
	size_t file_count;
};

/* Returns -1 when the program is to go on; otherwise it has said why not, and this is its exit code. */
int options_read(struct options *options, int argc, char **argv);

#endif
