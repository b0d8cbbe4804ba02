/* SPDX-License-Identifier: MIT
 *
 * A thread that is held between two steps of a protocol, and the sight of one
 * that has announced its sleep. One such arrangement at a time; a test's end
 * ends it.
 */
#ifndef SUPPORT_SEAMS_H
#define SUPPORT_SEAMS_H

#include "seam.h"
#include "support/support.h"

extern struct seams {
	struct latch armed; /* a thread has announced its sleep */
	struct latch there; /* one is held */
	struct latch go;    /* it may go on: to be opened by the test */
	struct verdict verdict;
} seams;

/* Hold the first thread that comes to the point from now on. */
void seams_hold(enum wti_yield_point point);

/* Hold nobody. */
void seams_watch(void);

/* The arrangement is over, and went well. Runner only. */
void seams_end(void);

#endif
