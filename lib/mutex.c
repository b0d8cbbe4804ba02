/* SPDX-License-Identifier: MIT */
#include "mutex.h"

#include "atomic.h"

enum { MUTEX_TRIES = 100 };

#ifdef WTI_DEBUG

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One bit for each rank that this thread holds. */
static _Thread_local unsigned mutex_held;

void wti_mutex_check_rank(const struct wti_mutex *mutex)
{
	if (mutex_held >> mutex->rank) {
		fprintf(stderr, "libwt: lock of rank %d taken while %#x are held\n", (int)mutex->rank, mutex_held);
		abort();
	}
}

static void mutex_note_lock(const struct wti_mutex *mutex)
{
	wti_mutex_check_rank(mutex);
	mutex_held |= 1u << mutex->rank;
}

static void mutex_note_unlock(const struct wti_mutex *mutex)
{
	mutex_held &= ~(1u << mutex->rank);
}

#else

static void mutex_note_lock(const struct wti_mutex *mutex)
{
	(void)mutex;
}

static void mutex_note_unlock(const struct wti_mutex *mutex)
{
	(void)mutex;
}

#endif

/* A normal mutex: none of these calls can fail when used as the header says. */
void wti_mutex_init(struct wti_mutex *mutex, enum wti_rank rank)
{
	pthread_mutex_init(&mutex->mutex, NULL);
#ifdef WTI_DEBUG
	mutex->rank = rank;
#else
	(void)rank;
#endif
}

void wti_mutex_destroy(struct wti_mutex *mutex)
{
	pthread_mutex_destroy(&mutex->mutex);
}

void wti_mutex_lock(struct wti_mutex *mutex)
{
	mutex_note_lock(mutex);
	pthread_mutex_lock(&mutex->mutex);
}

void wti_mutex_lock_soon(struct wti_mutex *mutex)
{
	mutex_note_lock(mutex);
	for (int i = 0; i < MUTEX_TRIES; i++) {
		if (pthread_mutex_trylock(&mutex->mutex) == 0)
			return;
		wti_cpu_relax();
	}
	pthread_mutex_lock(&mutex->mutex);
}

void wti_mutex_unlock(struct wti_mutex *mutex)
{
	pthread_mutex_unlock(&mutex->mutex);
	mutex_note_unlock(mutex);
}
