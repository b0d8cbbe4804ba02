/* SPDX-License-Identifier: MIT
 *
 * In place of lib/mutex.c: locks of fibres. Who holds which is kept here, so
 * that the library's struct needs nothing for it. Not fair: who is woken may
 * find that another one was faster.
 */
#include <stdint.h>

#include "mutex.h"
#include "sched/replace.h"
#include "sched/scheduler.h"

enum { LOCK_HELD_MOST = SCHED_FIBRES * WTI_RANK_COUNT };

/* All that are held. */
static struct lock_held {
	const struct wti_mutex *mutex; /* NULL: none */
	unsigned fibre;
} lock_held[LOCK_HELD_MOST];

static struct lock_held *lock_find(const struct wti_mutex *mutex)
{
	for (unsigned i = 0; i < LOCK_HELD_MOST; i++)
		if (lock_held[i].mutex == mutex)
			return &lock_held[i];
	return NULL;
}

#ifdef WTI_DEBUG
static unsigned lock_bit(const struct wti_mutex *mutex)
{
	return 1u << mutex->rank;
}

void wti_mutex_check_rank(const struct wti_mutex *mutex)
{
	unsigned held = *sched_ranks_held();

	if (held >> mutex->rank)
		sched_fail("a lock of rank %d is taken while %#x are held", (int)mutex->rank, held);
}

static void lock_note(const struct wti_mutex *mutex)
{
	wti_mutex_check_rank(mutex);
	*sched_ranks_held() |= lock_bit(mutex);
}

static void lock_note_unlock(const struct wti_mutex *mutex)
{
	*sched_ranks_held() &= ~lock_bit(mutex);
}
#else
static void lock_note(const struct wti_mutex *mutex)
{
	(void)mutex;
}

static void lock_note_unlock(const struct wti_mutex *mutex)
{
	(void)mutex;
}
#endif

void wti_mutex_init(struct wti_mutex *mutex, enum wti_rank rank)
{
#ifdef WTI_DEBUG
	mutex->rank = rank;
#else
	(void)mutex;
	(void)rank;
#endif
}

void wti_mutex_destroy(struct wti_mutex *mutex)
{
	if (lock_find(mutex))
		sched_fail("a lock is destroyed that is held");
}

void sched_mutex_lock(struct sched_site *site, struct wti_mutex *mutex)
{
	sched_operation(site, mutex);
	sched_look(mutex);
	lock_note(mutex);
	while (lock_find(mutex)) {
		sched_reached(SCHED_CONTENDED);
		sched_block(SCHED_WAITS_LOCK, mutex, INT64_MAX);
	}
	*lock_find(NULL) = (struct lock_held){ mutex, sched_current() };
}

void wti_mutex_unlock(struct wti_mutex *mutex)
{
	struct lock_held *held = lock_find(mutex);

	if (!held || held->fibre != sched_current())
		sched_fail("a lock is given back by who does not hold it");
	sched_drain_own();
	held->mutex = NULL;
	lock_note_unlock(mutex);
	sched_wake(SCHED_WAITS_LOCK, mutex, SCHED_FIBRES);
}
