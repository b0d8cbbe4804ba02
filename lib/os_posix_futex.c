/* SPDX-License-Identifier: MIT
 *
 * Futexes without the system's: those who sleep stand in a line under a lock,
 * both found by the address that they sleep on (the parking lot of WebKit and
 * Linux's own table). The word is compared under that lock, and a wake takes
 * it, too: who changes the word and then wakes finds a sleeper in the line, or
 * the sleeper, who comes later, the changed word.
 *
 * A sleeper is a frame on its thread's stack. The wake's last touch of it is
 * under the lock, which the sleeper needs to return; of the word a wake uses
 * the address alone. First come, first woken.
 */
#include <errno.h>
#include <stdbool.h>

#include "atomic.h"
#include "hash.h"
#include "list.h"
#include "os_posix.h"
#include "os_system.h"

enum { FUTEX_BUCKETS_LOG2 = 6, FUTEX_BUCKETS = 1 << FUTEX_BUCKETS_LOG2 };

struct futex_bucket {
	WTI_CACHE_ALIGNED pthread_mutex_t lock;
	struct wti_list sleepers; /* under the lock: futex_sleeper.link */
};

struct futex_sleeper {
	const void *word;
	pthread_cond_t woken_cond;

	/* Under the bucket's lock. */
	struct wti_list link;
	bool woken; /* and off the list */
};

static struct futex_bucket futex_table[FUTEX_BUCKETS];

static void futex_table_init(void)
{
	for (int i = 0; i < FUTEX_BUCKETS; i++) {
		pthread_mutex_init(&futex_table[i].lock, NULL);
		wti_list_init(&futex_table[i].sleepers);
	}
}

static struct futex_bucket *futex_bucket(const void *word)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, futex_table_init);
	return &futex_table[wti_hash_bucket((uintptr_t)word, FUTEX_BUCKETS_LOG2)];
}

/* Under the lock, which is given back meanwhile. */
static int futex_sleep(struct futex_bucket *bucket, struct futex_sleeper *sleeper, int64_t deadline)
{
	int err = wti_posix_cond_init(&sleeper->woken_cond);

	if (err)
		return err;
	wti_list_append(&bucket->sleepers, &sleeper->link);
	while (!sleeper->woken && !err)
		err = wti_posix_cond_wait(&sleeper->woken_cond, &bucket->lock, deadline);
	if (!sleeper->woken)
		wti_list_remove(&sleeper->link);
	pthread_cond_destroy(&sleeper->woken_cond);
	return sleeper->woken ? 0 : err;
}

/*
 * To wait for a condition is a cancellation point, which a futex is not; and
 * who were cancelled here would leave its frame in the line.
 */
int wti_system_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	struct futex_bucket *bucket = futex_bucket(word);
	struct futex_sleeper sleeper = { .word = word };
	int result = -EAGAIN;
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&bucket->lock);
	/* Relaxed: the lock orders it after the store of a waker that came first. */
	if (wti_load(word) == value)
		result = futex_sleep(bucket, &sleeper, deadline);
	pthread_mutex_unlock(&bucket->lock);
	pthread_setcancelstate(cancel, &cancel);
	return result;
}

int wti_system_futex_wake(_Atomic(uint32_t) *word, int count)
{
	struct futex_bucket *bucket = futex_bucket(word);
	struct wti_list *link, *next;
	int woken = 0;

	pthread_mutex_lock(&bucket->lock);
	for (link = bucket->sleepers.next; link != &bucket->sleepers && woken < count; link = next) {
		struct futex_sleeper *sleeper = wti_list_entry(link, struct futex_sleeper, link);

		next = link->next;
		if (sleeper->word != word)
			continue;
		wti_list_remove(link);
		sleeper->woken = true;
		pthread_cond_signal(&sleeper->woken_cond);
		woken++;
	}
	pthread_mutex_unlock(&bucket->lock);
	return woken;
}

#ifdef WTI_TESTING
unsigned wti_posix_futex_sleepers(const _Atomic(uint32_t) *word)
{
	struct futex_bucket *bucket = futex_bucket(word);
	unsigned count = 0;

	pthread_mutex_lock(&bucket->lock);
	for (struct wti_list *link = bucket->sleepers.next; link != &bucket->sleepers; link = link->next)
		count += wti_list_entry(link, struct futex_sleeper, link)->word == word;
	pthread_mutex_unlock(&bucket->lock);
	return count;
}
#endif
