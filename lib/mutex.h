/* SPDX-License-Identifier: MIT
 *
 * Locks with ranks. A thread that holds a lock takes only locks of a higher
 * rank; debug builds abort where it does not. No lock is ever held while
 * user code runs, or while the library waits for anything but a lock, or, in
 * ring_bias.c, for a thread to be past a few instructions.
 */
#ifndef WTI_MUTEX_H
#define WTI_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

enum wti_rank {
	WTI_RANK_DUMP,    /* which signal asks for dumps, held while its thread is made: holds no other */
	WTI_RANK_ENVIRONMENT, /* variables that threads share, held while one is read or set */
	WTI_RANK_HOOKS,   /* what is to be called for new workers, held while one is looked up */
	WTI_RANK_PROCESS, /* the list of all workers, held while each is told to end */
	WTI_RANK_STREAMS, /* which FILEs workers have, held while one comes or goes, or another thread uses it */
	WTI_RANK_POKE,    /* the signals that a worker gets when it is told to end: started, ended */
	WTI_RANK_LOCKS,   /* who holds and awaits named locks, held while they are granted and their owners told */
	WTI_RANK_THREADS, /* threads by id and by name, held while a message is packed, taken, ended, and its thread woken */
	WTI_RANK_CALLS,   /* who waits for a reply, held while it is packed and its caller is woken */
	WTI_RANK_OWNED,   /* what a thread owns, held while one of it comes or goes, or is described */
	WTI_RANK_TOPICS,  /* which names are open for broadcasts, held while one is looked up */
	WTI_RANK_TOPIC,   /* one of them: its log and endpoints, held while a message is copied, and their owners are woken */
	WTI_RANK_CELLS,   /* who waits on the cells of one bucket, held while they are taken off and woken */
	WTI_RANK_POOL,    /* a pool's queues and workers, held while tasks change hands and workers are woken */
	WTI_RANK_WAITERS, /* who waits for a thing, held while they are woken */
	WTI_RANK_SOURCE,  /* who owns a port or worker, held while the owner is woken, or a dead queue is emptied */
	WTI_RANK_FLIGHT,  /* which ports lie in messages: taken last, holds no other */
	WTI_RANK_RING,    /* the growth of a ring, reservations while it is dirty, and whose own it is: holds no other */
	WTI_RANK_BIAS,    /* names for those whose own a ring may be: holds no other */
	WTI_RANK_ARENA,   /* arenas between two heaps: taken with nothing else held, holds no other */
	WTI_RANK_CREW,    /* threads without work: taken with nothing else held, holds no other */
	WTI_RANK_COUNT
};

struct wti_mutex {
	pthread_mutex_t mutex;
#ifdef WTI_DEBUG
	enum wti_rank rank;
#endif
};

void wti_mutex_init(struct wti_mutex *mutex, enum wti_rank rank);
void wti_mutex_destroy(struct wti_mutex *mutex);
void wti_mutex_lock(struct wti_mutex *mutex);
void wti_mutex_unlock(struct wti_mutex *mutex);

/* The same as wti_mutex_lock, for a lock that is held for less than a sleep takes: tries for a moment first. */
void wti_mutex_lock_soon(struct wti_mutex *mutex);

/* Nothing, but that a debug build aborts where wti_mutex_lock would: for who does without the lock at times. */
#ifdef WTI_DEBUG
void wti_mutex_check_rank(const struct wti_mutex *mutex);
#else
static inline void wti_mutex_check_rank(const struct wti_mutex *mutex)
{
	(void)mutex;
}
#endif

/* A lock that exists before anything runs. */
#ifdef WTI_DEBUG
#define WTI_MUTEX_INIT(r) { .mutex = PTHREAD_MUTEX_INITIALIZER, .rank = (r) }
#else
#define WTI_MUTEX_INIT(r) { .mutex = PTHREAD_MUTEX_INITIALIZER }
#endif

#endif
