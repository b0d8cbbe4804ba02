/* SPDX-License-Identifier: MIT
 *
 * The command line of infer.
 */
#ifndef INFER_OPTIONS_H
#define INFER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct options {
	bool train; /* else run */
	const char *data;
	const char *model;
	/* to train */
	unsigned hidden; /* neurons between inputs and outputs */
	unsigned epochs; /* at most */
	unsigned seed;
	/* to run */
	unsigned workers; /* 0: as many as there are processors */
	unsigned batch;   /* samples that a worker gets at a time */
	bool outputs;     /* print them */
};

/* Returns -1 when the program is to go on; otherwise it has said why not, and this is its exit code. */
int options_read(struct options *options, int argc, char **argv);

#endif
