/* SPDX-License-Identifier: MIT
 *
 * Threads by their ids. Those that libwt did not start are entered with their
 * record, workers when they first want to hear of thread messages: a spawn
 * costs nothing here. The end of the record takes a thread out.
 *
 * One mutex holds the registry, and all that threads reach each other by
 * through it: mailboxes (thread_message.h) and names (thread_name.c). Who
 * has found a thread may use its record until giving the mutex back.
 */
#ifndef WTI_THREAD_REGISTRY_H
#define WTI_THREAD_REGISTRY_H

#include "base.h"

struct wti_thread;

void wti_registry_lock(void);
void wti_registry_unlock(void);

/* Under the mutex: the thread with this id, or NULL. */
struct wti_thread *wti_registry_find(uint64_t id);

/* Show each thread, under the mutex: `fn` may not call back. */
void wti_registry_each(void (*fn)(struct wti_thread *thread, void *arg), void *arg);

/* Owner, without the mutex. Enter again, leave again: nothing happens. */
void wti_registry_enter(struct wti_thread *self);
void wti_registry_leave(struct wti_thread *self);

#endif
