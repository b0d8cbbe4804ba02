/* SPDX-License-Identifier: MIT */
#include "sched/access.h"

#include <stdint.h>
#include <string.h>

#include "sched/scheduler.h"
#include "sched/store_buffer.h"

void sched_load(struct sched_site *site, const volatile void *address, void *value, unsigned size)
{
	sched_point(site, address, false);
	sched_look(address);
	store_buffer_load(sched_buffer(), address, value, size);
	sched_tell(value, size);
}

/*
 * A store that is seen at once, with all before it. What lies in a frame of its
 * own: the frame may end with the store still in the buffer. And where nobody
 * is left to see it late: what the fibre stored while others were there may
 * still be in its buffer, and would come after it.
 */
static bool access_is_ordered(const volatile void *address)
{
	return !sched_model.late || sched_is_alone() || sched_in_own_frame(address);
}

/* What no other fibre reads may be seen at once, too, unless an earlier store to it is late. */
static bool access_is_late(const struct sched_site *site, const volatile void *address, unsigned size)
{
	return site->shared || sched_is_everywhere() || store_buffer_has(sched_buffer(), (uintptr_t)address, size);
}

static void access_store_now(struct sched_site *site, volatile void *address, const void *value, unsigned size,
			     bool ordered)
{
	sched_point(site, address, true);
	sched_look(address);
	if (ordered)
		sched_drain_now();
	memcpy((void *)(uintptr_t)address, value, size);
}

/* To be preempted before it is the same as to be preempted while it waits in the buffer. */
static void access_store_later(struct sched_site *site, volatile void *address, const void *value, unsigned size)
{
	sched_calm(1);
	sched_point(site, address, true);
	sched_calm(-1);
	sched_look(address);
	store_buffer_add(sched_buffer(), address, value, size);
}

void sched_store(struct sched_site *site, volatile void *address, const void *value, unsigned size, bool late)
{
	bool ordered = !late || access_is_ordered(address);

	if (!ordered && access_is_late(site, address, size))
		access_store_later(site, address, value, size);
	else
		access_store_now(site, address, value, size, ordered);
	sched_tell(value, size);
}

void sched_rmw(struct sched_site *site, volatile void *address)
{
	sched_operation(site, address);
	sched_look(address);
}
