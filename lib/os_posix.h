/* SPDX-License-Identifier: MIT
 *
 * What the files of the other system share: one that has what POSIX promises,
 * and none of Linux's own calls.
 *
 *   os_posix.c        threads, processors, signals
 *   os_posix_futex.c  sleepers, by the address that they sleep on
 *   os_posix_event.c  a pipe
 *   os_posix_alarm.c  a thread that waits for moments, for events and signals
 */
#ifndef WTI_OS_POSIX_H
#define WTI_OS_POSIX_H

#include <pthread.h>
#include <stdint.h>

/* A condition whose deadlines are those of os.h. 0 or a negative errno. */
int wti_posix_cond_init(pthread_cond_t *cond);

/* Wait for it, until `deadline` (INT64_MAX: no limit). 0, also for no reason, or -ETIMEDOUT. */
int wti_posix_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline);

#ifdef WTI_TESTING
/* How many sleep on the word. */
unsigned wti_posix_futex_sleepers(const _Atomic(uint32_t) *word);
#endif

#endif
