/* SPDX-License-Identifier: MIT
 *
 * The work that the programs of this folder have in common: a worker reads a
 * file and computes what cksum(1) prints for it, while the host's loop runs.
 */
#ifndef CKSUM_H
#define CKSUM_H

#include <stdbool.h>
#include <stdint.h>
#include <wt.h>

struct cksum {
	const char *name;
	wt_worker *worker;
	uint64_t bytes; /* so far */
	uint32_t crc;   /* once ended */
	bool ended;     /* the worker's exit has been delivered */
	int code;       /* its exit code */
};

/* Start the worker. Its events come to the calling thread's loop. Returns 0 or a negative error, which it prints. */
int cksum_start(struct cksum *cksum, const char *name);

/* Show on stderr how far it is. */
void cksum_show(const struct cksum *cksum);

/* Print the line, if there is one, and destroy the worker. Returns the program's exit status. */
int cksum_finish(struct cksum *cksum);

#endif
