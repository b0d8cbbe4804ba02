/* SPDX-License-Identifier: MIT
 *
 * What the accesses of the library become: see atomic.h. Each is a schedule
 * point, and looks whether the memory is still there.
 */
#ifndef SCHED_ACCESS_H
#define SCHED_ACCESS_H

#include <stdbool.h>

#include "sched/site.h"

/* Through the calling fibre's own store buffer. */
void sched_load(struct sched_site *site, const volatile void *address, void *value, unsigned size);

/* `late`: it may wait in the store buffer. */
void sched_store(struct sched_site *site, volatile void *address, const void *value, unsigned size, bool late);

/* Before a read-modify-write: the buffer is empty afterwards, and nothing comes between. */
void sched_rmw(struct sched_site *site, volatile void *address);

/* What an operation found, for who reads the schedule. */
extern bool sched_tells; /* the present access is printed */
void sched_print_value(const void *value, unsigned size);

static inline void sched_tell(const void *value, unsigned size)
{
	if (sched_tells)
		sched_print_value(value, size);
}

#endif
