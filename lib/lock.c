/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <string.h>

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "hash.h"
#include "mutex.h"
#include "seam.h"

enum { LOCK_BUCKETS_LOG2 = 8 };

/* Requests whose names have hashes of one kind, in the order in which they came; under the mutex. */
struct lock_bucket {
	struct wti_list held;
	struct wti_list pending;
};

static struct wti_mutex lock_mutex = WTI_MUTEX_INIT(WTI_RANK_LOCKS);
static struct lock_bucket lock_buckets[1 << LOCK_BUCKETS_LOG2];
static uint64_t lock_serial; /* under the mutex: of the latest request or grant */
static pthread_once_t lock_once = PTHREAD_ONCE_INIT;

static void lock_init(void)
{
	for (size_t i = 0; i < sizeof lock_buckets / sizeof *lock_buckets; i++) {
		wti_list_init(&lock_buckets[i].held);
		wti_list_init(&lock_buckets[i].pending);
	}
}

static struct lock_bucket *lock_bucket(const struct wt_lock *lock)
{
	return &lock_buckets[wti_hash_bucket(lock->hash, LOCK_BUCKETS_LOG2)];
}

static struct wt_lock *lock_of(struct wti_list *link)
{
	return wti_list_entry(link, struct wt_lock, link);
}

static bool lock_same_name(const struct wt_lock *a, const struct wt_lock *b)
{
	return a->hash == b->hash && a->name_size == b->name_size &&
	       (!a->name_size || memcmp(a->name, b->name, a->name_size) == 0);
}

static bool lock_conflicts(const struct wt_lock *a, const struct wt_lock *b)
{
	return lock_same_name(a, b) && (a->mode == WT_LOCK_EXCLUSIVE || b->mode == WT_LOCK_EXCLUSIVE);
}

/* ---- Granting, under the mutex ---- */

/* Whether one of the list conflicts: of the owner's own, or of anybody's. */
static bool lock_conflicts_with(const struct wti_list *list, const struct wt_lock *lock, bool own)
{
	for (struct wti_list *link = list->next; link != list; link = link->next)
		if (lock_conflicts(lock_of(link), lock) && (!own || lock_of(link)->owner == lock->owner))
			return true;
	return false;
}

static bool lock_is_compatible(const struct lock_bucket *bucket, const struct wt_lock *lock)
{
	return !lock_conflicts_with(&bucket->held, lock, false);
}

static bool lock_is_first(const struct lock_bucket *bucket, const struct wt_lock *lock)
{
	for (struct wti_list *link = bucket->pending.next; link != &bucket->pending; link = link->next)
		if (lock_same_name(lock_of(link), lock))
			return false;
	return true;
}

/* Whether this request would wait for its own thread, which could not release meanwhile, nor run its loop. */
static bool lock_waits_for_itself(const struct lock_bucket *bucket, const struct wt_lock *lock)
{
	return lock_conflicts_with(&bucket->held, lock, true) || lock_conflicts_with(&bucket->pending, lock, true);
}

static void lock_hold(struct lock_bucket *bucket, struct wt_lock *lock)
{
	wti_list_append(&bucket->held, &lock->link);
	lock->serial = ++lock_serial;
}

/* By its owner, who need not be told. */
static void lock_take(struct lock_bucket *bucket, struct wt_lock *lock)
{
	lock_hold(bucket, lock);
	lock->sleeps = false;
	wti_store(&lock->state, WTI_LOCK_HELD); /* relaxed: for itself */
}

/*
 * Change the state, and let the owner know. One that sleeps may return as
 * soon as it sees the state, and end; so its parker gets the token first, and
 * only its address is used after the mutex. In a loop it cannot go: to free
 * the lock it needs the mutex.
 */
static void lock_tell(struct wt_lock *lock, enum wti_lock_state state, struct wti_sleepers *sleepers)
{
	if (lock->sleeps) {
		lock->sleeps = false;
		wti_sleepers_unpark(sleepers, &lock->owner->parker);
		WTI_YIELD(WTI_YIELD_WAKING, lock);
		wti_store_rel(&lock->state, state); /* pairs with acquire_ready [lock-state] */
		return;
	}
	/* seq_cst: published before the look at the source [source-1]; also [lock-state] */
	wti_store_sc(&lock->state, state);
	wti_source_notify(&lock->source);
}

/* Grant what can be granted now of the name that `like` has: all shared ones up to the first exclusive one, or that. */
static void lock_grant(struct lock_bucket *bucket, const struct wt_lock *like, struct wti_sleepers *sleepers)
{
	struct wti_list *link, *next;
	bool shared = false;

	for (link = bucket->pending.next; link != &bucket->pending; link = next) {
		struct wt_lock *lock = lock_of(link);

		next = link->next;
		if (!lock_same_name(lock, like))
			continue;
		if (shared ? lock->mode != WT_LOCK_SHARED : !lock_is_compatible(bucket, lock))
			return;
		wti_list_remove(link);
		lock_hold(bucket, lock);
		shared = lock->mode == WT_LOCK_SHARED;
		lock_tell(lock, WTI_LOCK_HELD, sleepers);
		if (!shared)
			return;
	}
}

static void lock_steal(struct lock_bucket *bucket, const struct wt_lock *thief, struct wti_sleepers *sleepers)
{
	struct wti_list *link, *next;

	for (link = bucket->held.next; link != &bucket->held; link = next) {
		next = link->next;
		if (!lock_same_name(lock_of(link), thief))
			continue;
		wti_list_remove(link);
		lock_tell(lock_of(link), WTI_LOCK_STOLEN, sleepers);
	}
}

static int lock_enter(struct lock_bucket *bucket, struct wt_lock *lock, bool available)
{
	if (lock_is_first(bucket, lock) && lock_is_compatible(bucket, lock)) {
		lock_take(bucket, lock);
		return 0;
	}
	if (available)
		return WT_EAGAIN;
	if (lock->sleeps && lock_waits_for_itself(bucket, lock))
		return WT_EDEADLK;
	lock->serial = ++lock_serial;
	wti_list_append(&bucket->pending, &lock->link);
	return 0;
}

/* Take it off its list; those behind it may have waited for it alone. */
static void lock_leave(struct lock_bucket *bucket, struct wt_lock *lock, struct wti_sleepers *sleepers)
{
	bool listed = !wti_list_empty(&lock->link);

	wti_list_remove(&lock->link);
	wti_store(&lock->state, WTI_LOCK_LEFT); /* relaxed: by its owner */
	if (listed)
		lock_grant(bucket, lock, sleepers);
}

/* ---- What the owner does ---- */

int wti_lock_enter(struct wt_lock *lock, bool available, bool steal)
{
	struct lock_bucket *bucket = lock_bucket(lock);
	struct wti_sleepers sleepers = { .count = 0 };
	int err = 0;

	pthread_once(&lock_once, lock_init);
	wti_mutex_lock(&lock_mutex);
	if (steal) {
		lock_steal(bucket, lock, &sleepers);
		lock_take(bucket, lock);
	} else {
		err = lock_enter(bucket, lock, available);
	}
	wti_mutex_unlock(&lock_mutex);
	wti_sleepers_wake(&sleepers);
	return err;
}

bool wti_lock_withdraw(struct wt_lock *lock)
{
	struct wti_sleepers sleepers = { .count = 0 };
	bool pending;

	wti_mutex_lock(&lock_mutex);
	pending = wti_load(&lock->state) == WTI_LOCK_PENDING;
	if (pending && WTI_MUTANT(WTI_MUTANT_WITHDRAWN_BLOCKS))
		wti_list_remove(&lock->link);
	if (pending)
		lock_leave(lock_bucket(lock), lock, &sleepers);
	wti_mutex_unlock(&lock_mutex);
	wti_sleepers_wake(&sleepers);
	return pending;
}

void wti_lock_pass(void)
{
	wti_mutex_lock(&lock_mutex);
	wti_mutex_unlock(&lock_mutex);
}

void wti_lock_free(struct wt_lock *lock)
{
	struct wti_sleepers sleepers = { .count = 0 };

	WTI_ENDED(lock);
	wti_mutex_lock(&lock_mutex);
	lock_leave(lock_bucket(lock), lock, &sleepers);
	wti_mutex_unlock(&lock_mutex);
	wti_sleepers_wake(&sleepers);
	wti_lock_silence(lock);
	wti_source_detach(&lock->source);
	wti_source_destroy(&lock->source);
	wti_list_remove(&lock->owned);
	wti_free_late(lock);
}

void wti_lock_each(void (*fn)(const struct wt_lock *lock, void *arg), void *arg)
{
	pthread_once(&lock_once, lock_init);
	wti_mutex_lock(&lock_mutex);
	for (size_t i = 0; i < sizeof lock_buckets / sizeof *lock_buckets; i++) {
		struct lock_bucket *bucket = &lock_buckets[i];

		for (struct wti_list *link = bucket->held.next; link != &bucket->held; link = link->next)
			fn(lock_of(link), arg);
		for (struct wti_list *link = bucket->pending.next; link != &bucket->pending; link = link->next)
			fn(lock_of(link), arg);
	}
	wti_mutex_unlock(&lock_mutex);
}

/* ---- Making one ---- */

static int lock_check(wt_lock_options *to, const void *name, size_t name_size, const wt_lock_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (err)
		return err;
	if (!name && name_size)
		return WT_EINVAL;
	if (name_size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	if (to->mode != WT_LOCK_EXCLUSIVE && to->mode != WT_LOCK_SHARED)
		return WT_EINVAL;
	if (to->steal && (to->if_available || to->mode == WT_LOCK_SHARED))
		return WT_EINVAL;
	return 0;
}

static void lock_thread_end(struct wti_thread *self)
{
	if (WTI_MUTANT(WTI_MUTANT_LOCK_OF_THE_DEAD))
		return;
	while (!wti_list_empty(&self->locks))
		wti_lock_free(wti_list_entry(self->locks.next, struct wt_lock, owned));
}

static struct wt_lock *lock_make(struct wti_thread *self, const void *name, size_t name_size, int mode)
{
	struct wt_lock *lock = wti_alloc_zeroed(sizeof *lock + name_size);

	if (!lock)
		return NULL;
	if (name_size)
		memcpy(lock + 1, name, name_size);
	lock->owner = self;
	lock->name = lock + 1;
	lock->name_size = name_size;
	lock->hash = wti_hash(name, name_size);
	lock->mode = mode;
	wti_store(&lock->state, WTI_LOCK_PENDING);
	wti_list_init(&lock->link);
	wti_source_init(&lock->source, &wti_lock_source_ops, self);
	self->end[WTI_END_LOCKS] = lock_thread_end;
	wti_list_append(&self->locks, &lock->owned);
	return lock;
}

int wti_lock_create(struct wt_lock **lock, wt_lock_options *read, const void *name, size_t name_size,
		    const wt_lock_options *options, wt_time deadline)
{
	struct wti_thread *self;
	int err = deadline < 0 ? WT_EINVAL : lock_check(read, name, name_size, options);

	if (err)
		return err;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	*lock = lock_make(self, name, name_size, read->mode);
	if (!*lock)
		return WT_ENOMEM;
	WTI_MADE(*lock, LOCK);
	WTI_NAMED(*lock, 0, name, name_size);
	return 0;
}

/* ---- The public faces ---- */

void wt_lock_options_init(wt_lock_options *options)
{
	if (options)
		*options = (wt_lock_options){ .size = sizeof *options };
}

void wt_lock_release(wt_lock *lock)
{
	WTI_ENDS(lock, LOCK);
	if (wti_lock_is_own(lock))
		wti_lock_free(lock);
}

static bool lock_has_state(const wt_lock *lock, enum wti_lock_state state)
{
	/* pairs with lock_tell [lock-state]: who sees the grant sees what the holder before has written */
	return wti_lock_is_own(lock) && wti_load_acq(&lock->state) == (uint32_t)state;
}

bool wt_lock_is_held(const wt_lock *lock)
{
	WTI_USES(lock, LOCK);
	return lock_has_state(lock, WTI_LOCK_HELD);
}

bool wt_lock_is_stolen(const wt_lock *lock)
{
	WTI_USES(lock, LOCK);
	return lock_has_state(lock, WTI_LOCK_STOLEN);
}

const void *wt_lock_name(const wt_lock *lock, size_t *size)
{
	WTI_USES(lock, LOCK);
	if (size)
		*size = lock ? lock->name_size : 0;
	return lock ? lock->name : NULL;
}

int wt_lock_mode(const wt_lock *lock)
{
	WTI_USES(lock, LOCK);
	return lock ? lock->mode : WT_LOCK_EXCLUSIVE;
}
