/* SPDX-License-Identifier: MIT
 *
 * Places in the code where a fibre may be preempted, and which of them need
 * it. A preemption is of use only before an access that another fibre's access
 * conflicts with: same address, one of them a write. Addresses change from one
 * schedule to the next, places do not, so it is places that are remembered.
 * What is found in one pass over all schedules takes effect in the next, so
 * that all schedules of a pass have the same points; a pass that found
 * something new is made again. What only counts how long tasks took is left
 * out: there is much of it, and nobody decides by it. (CHESS leaves out what it has proven free of
 * races: Musuvathi, Qadeer, Ball, Basler, Nainar, Neamtiu, OSDI 2008.)
 */
#ifndef SCHED_SITE_H
#define SCHED_SITE_H

#include <stdbool.h>

struct sched_site {
	const char *file;
	int line;
	const char *what;
	bool shared; /* a point in this pass */
	bool found;  /* a conflict was seen: a point in the next one */
	bool listed;
	bool known;  /* it was looked at whether it is ... */
	bool dull;   /* ... never a point: nothing depends on what is read there */
	struct sched_site *next;
};

/* The place where this stands. */
#define SCHED_SITE(text)                                                                                  \
	__extension__({                                                                                   \
		static struct sched_site sched_here = { .file = __FILE__, .line = __LINE__, .what = text }; \
		&sched_here;                                                                              \
	})

/* The fibre with this number is about to access the address, while others live. */
void sched_site_note(struct sched_site *site, const volatile void *address, unsigned fibre, bool write);

/* A schedule ends: what it did at which address is forgotten. */
void sched_site_forget(void);

/* A pass ends: whether the next one has more points. */
bool sched_site_promote(void);

#endif
