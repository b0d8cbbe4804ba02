/* SPDX-License-Identifier: MIT
 *
 * Included first, by the compiler's command line, in the build of the library
 * that the scheduler runs: what stands in for its atomics, its locks, and the
 * few calls of threads that go through no table. The others are in
 * tables that the scheduler fills: wti_os (system.c) and wti_heap (memory.c).
 * The stand-ins are in access.c, lock.c and posix.c.
 */
#ifndef SCHED_REPLACE_H
#define SCHED_REPLACE_H

#include <pthread.h>
#include <unistd.h>

#include "mutex.h"
#include "sched/site.h"

#define WTI_ATOMIC_SEAM "sched/atomic.h"

void sched_mutex_lock(struct sched_site *site, struct wti_mutex *mutex);
#define wti_mutex_lock(mutex) sched_mutex_lock(SCHED_SITE("lock"), mutex)
#define wti_mutex_lock_soon(mutex) sched_mutex_lock(SCHED_SITE("lock_soon"), mutex)

/* No other fibre comes between: who came second would wait for the first in the system, for ever. */
int sched_once(pthread_once_t *once, void (*fn)(void));
#define pthread_once(once, fn) sched_once(once, fn)

/* Of the fibre. The library has one key. */
int sched_key_create(pthread_key_t *key, void (*destructor)(void *value));
int sched_setspecific(pthread_key_t key, const void *value);
#define pthread_key_create(key, destructor) sched_key_create(key, destructor)
#define pthread_setspecific(key, value)     sched_setspecific(key, value)

pthread_t sched_self(void);
#define pthread_self() sched_self()

/* Only who the calling thread is: the first fibre is the process's main thread. */
long sched_syscall(long number, ...);
#define syscall(...) sched_syscall(__VA_ARGS__)

int sched_setname(pthread_t thread, const char *name);
#define pthread_setname_np(thread, name) sched_setname(thread, name)

#endif
