/* SPDX-License-Identifier: MIT
 *
 * What the command line of encrypt_server says.
 */
#ifndef ENCRYPT_OPTIONS_H
#define ENCRYPT_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "encrypt_task.h"

struct encrypt_options {
	const char *address; /* numeric, IPv4 or IPv6 */
	unsigned port;       /* 0: any that is free */
	unsigned workers;    /* 0: as many as there are processors */
	size_t queue_max;    /* tasks that may wait */
	size_t body_max;     /* bytes of a request's body */
	int64_t grace;       /* ns that requests have to finish once the server is to stop */
	struct encrypt_hooks hooks;
};

/* Returns 0; 1 when help was printed; -1 after it said what is wrong. */
int encrypt_options_parse(struct encrypt_options *options, int argc, char **argv);

#endif
