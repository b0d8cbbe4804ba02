/* SPDX-License-Identifier: MIT
 *
 * Check mode: lists of checksums, read and compared with the files they name.
 */
#ifndef WTSUM_CHECK_H
#define WTSUM_CHECK_H

#include "wtsum_line.h"
#include "wtsum_queue.h"

struct wtsum_check_options {
	bool ignore_missing;
	bool quiet;
	bool status;
	bool strict;
	bool warn;
};

/*
 * Check the lists that these are the names of. Returns 0, and *status is 1
 * where something did not match or could not be read; or an error that ended
 * it before all had been told.
 */
int wtsum_check(struct wtsum_queue *queue, const struct wtsum_check_options *options, char *const *lists,
		struct progress *progress, int *status);

#endif
