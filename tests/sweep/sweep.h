/* SPDX-License-Identifier: MIT
 *
 * Sweeps: each operation of the table is run with its first resource refused,
 * then its second, and so on until none was refused any more; once with that
 * one request refused, and once with all from there on. Whatever was refused,
 * the operation says so or does without, keeps its guarantees, and leaves
 * nothing; and the library works again as soon as the refusals end (P1).
 *
 * sweep_oom refuses memory, sweep_os what the system gives. A module adds its
 * operations as rows of the table in operations.c.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "support/support.h"

/* ---- Operations ---- */

/*
 * Run what the name says from its beginning to its end. Everything may be
 * refused, at any time, on any thread. Returns 0, or the first error that a
 * call gave; in both cases what was made has been taken apart again. What must
 * hold in spite of errors is CHECKed on sweep_verdict.
 */
struct sweep_operation {
	const char *name;
	int (*run)(void);
};

extern const struct sweep_operation sweep_operations[];
extern const size_t sweep_operation_count;
extern struct verdict sweep_verdict;

/* ---- What is refused ---- */

struct sweep_kind {
	/* Refuse from the n-th request on that comes now (1: the next), `count` of them (0: all); none where n is 0. */
	void (*refuse)(unsigned long n, unsigned long count);
	bool (*refused)(void);    /* whether one was, since then */
	bool (*expected)(int err); /* whether an operation may say this where one was refused */
	long (*held)(void);       /* what is to be the same after an operation as before it */
};

/* Sweep all operations, and print the results as TAP. The program's status. */
int sweep_run(const struct sweep_kind *kind);

#endif
