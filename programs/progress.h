/* SPDX-License-Identifier: MIT
 *
 * A bar on stderr for work that takes long: drawn only on a terminal, only
 * after half a second, at most ten times a second. One thread.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <wt.h>

struct progress {
	const char *what; /* what is being done, shown before the bar; a literal */
	uint64_t total;   /* of any unit; 0: not known */
	uint64_t done;
	wt_time next;     /* the moment of the next drawing; WT_FOREVER: never */
	bool drawn;       /* a bar is on the line */
};

void progress_begin(struct progress *progress, const char *what, uint64_t total);

/* So much more is done. */
void progress_add(struct progress *progress, uint64_t done);

/* Take the bar off the line. Before a message to stderr too: it comes back with the next step. */
void progress_hide(struct progress *progress);

#endif
