/* SPDX-License-Identifier: MIT */
#include "waiters.h"

#include "thread.h"

void wti_waiters_init(struct wti_waiters *waiters)
{
	wti_store(&waiters->count, 0);
	wti_mutex_init(&waiters->lock, WTI_RANK_WAITERS);
	wti_list_init(&waiters->list);
}

void wti_waiters_destroy(struct wti_waiters *waiters)
{
	wti_mutex_destroy(&waiters->lock);
}

void wti_waiter_init(struct wti_waiter *waiter, struct wti_thread *thread)
{
	wti_list_init(&waiter->link);
	waiter->thread = thread;
}

void wti_waiters_add(struct wti_waiters *waiters, struct wti_waiter *waiter)
{
	wti_mutex_lock(&waiters->lock);
	/* Under the lock: the links of one that is listed change with its neighbours. */
	if (wti_list_empty(&waiter->link)) {
		wti_list_append(&waiters->list, &waiter->link);
		/* seq_cst: the waiter's next look must not pass it. pairs with wti_waiters_any [waiters-1] */
		wti_store_sc(&waiters->count, wti_load(&waiters->count) + 1);
	}
	wti_mutex_unlock(&waiters->lock);
}

void wti_waiters_remove(struct wti_waiters *waiters, struct wti_waiter *waiter)
{
	wti_mutex_lock(&waiters->lock);
	if (!wti_list_empty(&waiter->link)) {
		wti_list_remove(&waiter->link);
		wti_store(&waiters->count, wti_load(&waiters->count) - 1);
	}
	wti_mutex_unlock(&waiters->lock);
}

/* Under the lock a waiter cannot leave, so its thread's parker stays. */
void wti_waiters_wake(struct wti_waiters *waiters)
{
	wti_mutex_lock(&waiters->lock);
	for (struct wti_list *link = waiters->list.next; link != &waiters->list; link = link->next)
		wti_unpark(&wti_list_entry(link, struct wti_waiter, link)->thread->parker);
	wti_mutex_unlock(&waiters->lock);
}

void wti_waiters_wake_first(struct wti_waiters *waiters)
{
	wti_mutex_lock(&waiters->lock);
	if (!wti_list_empty(&waiters->list))
		wti_unpark(&wti_list_entry(waiters->list.next, struct wti_waiter, link)->thread->parker);
	wti_mutex_unlock(&waiters->lock);
}
