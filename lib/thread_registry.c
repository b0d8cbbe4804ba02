/* SPDX-License-Identifier: MIT */
#include "thread_registry.h"

#include "mutex.h"
#include "thread.h"

/* Ids are given one after the other: their low bits spread them evenly. */
enum { REGISTRY_BUCKETS = 64 };

static struct wti_mutex registry_mutex = WTI_MUTEX_INIT(WTI_RANK_THREADS);
static struct wti_thread *registry_buckets[REGISTRY_BUCKETS]; /* under the mutex: chains of registry_next */

void wti_registry_lock(void)
{
	wti_mutex_lock(&registry_mutex);
}

void wti_registry_unlock(void)
{
	wti_mutex_unlock(&registry_mutex);
}

/* The link that leads to the thread of this id, or the one at the end of the chain. */
static struct wti_thread **registry_link(uint64_t id)
{
	struct wti_thread **link = &registry_buckets[id % REGISTRY_BUCKETS];

	while (*link && (*link)->id != id)
		link = &(*link)->registry_next;
	return link;
}

struct wti_thread *wti_registry_find(uint64_t id)
{
	return *registry_link(id);
}

void wti_registry_each(void (*fn)(struct wti_thread *thread, void *arg), void *arg)
{
	wti_registry_lock();
	for (int i = 0; i < REGISTRY_BUCKETS; i++)
		for (struct wti_thread *thread = registry_buckets[i]; thread; thread = thread->registry_next)
			fn(thread, arg);
	wti_registry_unlock();
}

void wti_registry_enter(struct wti_thread *self)
{
	if (self->registered)
		return;
	self->registered = true;
	wti_registry_lock();
	*registry_link(self->id) = self;
	wti_registry_unlock();
}

void wti_registry_leave(struct wti_thread *self)
{
	if (!self->registered)
		return;
	self->registered = false;
	wti_registry_lock();
	*registry_link(self->id) = self->registry_next;
	self->registry_next = NULL;
	wti_registry_unlock();
}
