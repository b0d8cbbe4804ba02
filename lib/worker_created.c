/* SPDX-License-Identifier: MIT
 *
 * What the process wants to hear of each new worker. Whoever creates one
 * goes through the list hook by hook: it finds the next by its number, and
 * holds neither lock nor memory while the hook runs, which may change the list
 * or leave by a jump, but for that of a pool's keeper, whose thread is not the
 * program's.
 */
#include "alloc.h"
#include "fork.h"
#include "mutex.h"
#include "worker.h"

struct created_hook {
	struct wti_list link;
	uint64_t number; /* rising along the list */
	void (*fn)(wt_worker *worker, void *arg);
	void *arg;
};

static struct wti_mutex created_lock = WTI_MUTEX_INIT(WTI_RANK_HOOKS);
static struct wti_list created_hooks = { &created_hooks, &created_hooks }; /* under the lock */
static uint64_t created_last; /* under the lock: the latest number */
/*
 * Of hooks; written under the lock. Relaxed: who creates a worker after one
 * was set, or takes that off, knows of it by other means, which order this
 * load, too.
 */
static _Atomic(uint32_t) created_count;

static struct created_hook *created_hook(struct wti_list *link)
{
	return wti_list_entry(link, struct created_hook, link);
}

/* The first hook after this number, copied; false where there is none. */
static bool created_next(uint64_t number, struct created_hook *copy)
{
	struct wti_list *link;
	bool found;

	wti_mutex_lock(&created_lock);
	link = created_hooks.next;
	while (link != &created_hooks && created_hook(link)->number <= number)
		link = link->next;
	found = link != &created_hooks;
	if (found)
		*copy = *created_hook(link);
	wti_mutex_unlock(&created_lock);
	return found;
}

void wti_worker_created(struct wt_worker *worker)
{
	struct created_hook hook = { .number = 0 };

	if (!wti_load(&created_count))
		return;
	while (created_next(hook.number, &hook))
		hook.fn(worker, hook.arg);
}

int wt_on_worker_created(void (*fn)(wt_worker *worker, void *arg), void *arg)
{
	struct created_hook *hook;
	int err;

	if (!fn)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	err = wti_fork_prepare();
	if (err)
		return err;
	hook = wti_alloc(sizeof *hook);
	if (!hook)
		return WT_ENOMEM;
	*hook = (struct created_hook){ .fn = fn, .arg = arg };
	wti_mutex_lock(&created_lock);
	hook->number = ++created_last;
	wti_list_append(&created_hooks, &hook->link);
	wti_store(&created_count, wti_load(&created_count) + 1);
	wti_mutex_unlock(&created_lock);
	return 0;
}

/* The latest with this function and argument, taken off; NULL where there is none. */
static struct created_hook *created_take(void (*fn)(wt_worker *worker, void *arg), const void *arg)
{
	for (struct wti_list *link = created_hooks.prev; link != &created_hooks; link = link->prev) {
		struct created_hook *hook = created_hook(link);

		if (hook->fn != fn || hook->arg != arg)
			continue;
		wti_list_remove(link);
		wti_store(&created_count, wti_load(&created_count) - 1);
		return hook;
	}
	return NULL;
}

void wt_off_worker_created(void (*fn)(wt_worker *worker, void *arg), void *arg)
{
	struct created_hook *hook;

	if (wti_forked() || !wti_load(&created_count))
		return; /* none: then this may be the first use, after which a child could find the lock taken */
	wti_mutex_lock(&created_lock);
	hook = created_take(fn, arg);
	wti_mutex_unlock(&created_lock);
	wti_free(hook);
}
