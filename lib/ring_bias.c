/* SPDX-License-Identifier: MIT */
#include "ring_bias.h"

#include "list.h"
#include "mutex.h"
#include "os.h"
#include "wait.h"

enum {
	BIAS_PATIENCE_MAX = 1 << 14,
	BIAS_WORTH = 65536,  /* bytes posted in a bias that pay for its end */
	BIAS_LOOKS = 64,     /* at one who is inside, before the first sleep */
	BIAS_PAUSES = 8,     /* before each */
	BIAS_NAP = 50000,    /* ns */
	BIAS_UNSAFE = 1000000 /* ns */
};

/* ---- Threads that had a ring of their own ---- */

static struct wti_mutex bias_lock = WTI_MUTEX_INIT(WTI_RANK_BIAS);
static struct wti_list bias_threads = { &bias_threads, &bias_threads }; /* under it: wti_thread.biased */

/* It posts no more: who ends a bias of its need not wait for it. */
static void bias_forget(struct wti_thread *self)
{
	wti_mutex_lock(&bias_lock);
	wti_list_remove(&self->biased);
	wti_mutex_unlock(&bias_lock);
}

static void bias_enlist(struct wti_thread *self)
{
	if (self->gone)
		return;
	self->gone = bias_forget;
	wti_mutex_lock(&bias_lock);
	wti_list_append(&bias_threads, &self->biased);
	wti_mutex_unlock(&bias_lock);
}

/* Under bias_lock. NULL: it has ended. */
static const struct wti_thread *bias_find(uint32_t name)
{
	for (struct wti_list *link = bias_threads.next; link != &bias_threads; link = link->next) {
		const struct wti_thread *thread = wti_list_entry(link, struct wti_thread, biased);

		if (wti_bias_name(thread) == name)
			return thread;
	}
	return NULL;
}

/* ---- The beginning ---- */

static void bias_begin(struct wti_ring *ring, struct wti_thread *self)
{
	uint64_t tail;

	bias_enlist(self);
	wti_mutex_lock_soon(&ring->grow_lock);
	tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	if (!(tail & WTI_TAIL_BIASED)) {
		wti_store(&ring->bias, (uint32_t)wti_bias_name(self));
		ring->bias_from = WTI_RING_POSITION(tail);
		while (!wti_cas_acqrel(&ring->tail, &tail, tail | WTI_TAIL_BIASED)) /* [ring-tail] */
			;
	}
	wti_mutex_unlock(&ring->grow_lock);
}

/* How many times this one has found no room since another one did. Relaxed: if one is lost, it only takes longer. */
static unsigned bias_count_visit(struct wti_ring *ring, uint32_t name)
{
	unsigned visits = 0;

	if (wti_load(&ring->visitor) == name)
		visits = wti_load(&ring->visits);
	else
		wti_store(&ring->visitor, name);
	if (visits < UINT16_MAX)
		wti_store(&ring->visits, (uint16_t)++visits);
	return visits;
}

void wti_bias_visit(struct wti_ring *ring)
{
	struct wti_thread *self = wti_thread_peek();

	if (ring->producers != WTI_RING_MANY || wti_load(&ring->tail) & WTI_TAIL_BIASED ||
	    !wti_barrier_is_asymmetric())
		return;
	if (!self || wti_bias_name(self) > UINT32_MAX)
		return;
	if (bias_count_visit(ring, (uint32_t)wti_bias_name(self)) <= wti_load(&ring->patience))
		return;
	wti_store(&ring->visits, 0);
	bias_begin(ring, self);
}

/* ---- The end ---- */

static void bias_sleep(struct wti_ring *ring, int64_t ns)
{
	int64_t until = wti_os->clock() + ns;

	/* Nobody wakes it: who is inside is not to have to look. */
	while (wti_os->clock() < until)
		wti_os->futex_wait(&ring->bias, 0, until);
}

/* Some instructions, but the thread that is inside may have lost its processor. */
static void bias_await_outside(struct wti_ring *ring, uint32_t name)
{
	const struct wti_thread *thread;
	int looks = 0;

	wti_mutex_lock(&bias_lock);
	thread = bias_find(name);
	/* pairs with wti_bias_leave [ring-inside] */
	while (thread && wti_load_acq(&thread->inside) == ring && !WTI_MUTANT(WTI_MUTANT_BIAS_NO_WAIT)) {
		if (looks++ < BIAS_LOOKS)
			wti_wait_gather(BIAS_PAUSES);
		else
			bias_sleep(ring, BIAS_NAP);
	}
	wti_mutex_unlock(&bias_lock);
}

static void bias_learn(struct wti_ring *ring, uint64_t posted)
{
	unsigned patience = wti_load(&ring->patience);

	if (posted >= BIAS_WORTH)
		patience = wti_ring_patience;
	else if (patience < BIAS_PATIENCE_MAX)
		patience *= 2;
	wti_store(&ring->patience, (uint16_t)patience);
}

void wti_bias_end(struct wti_ring *ring)
{
	uint64_t tail = wti_load_acq(&ring->tail); /* pairs with bias_begin [ring-tail]: the name */
	uint32_t name = wti_load(&ring->bias);

	if (!(tail & WTI_TAIL_BIASED) || wti_bias_is_mine(ring))
		return;
	wti_store_sc(&ring->bias, 0); /* pairs with wti_bias_enter [ring-bias] */
	/*
	 * Where the system refuses the barrier, which it does only if it was told to after we asked: a store is seen by all
	 * within a moment, of which this is a thousand times the length.
	 */
	if (!WTI_MUTANT(WTI_MUTANT_BIAS_NO_BARRIER) && !wti_barrier_heavy())
		bias_sleep(ring, BIAS_UNSAFE);
	bias_await_outside(ring, name);
	tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	bias_learn(ring, WTI_RING_POSITION(tail) - ring->bias_from);
	/* Nobody else moves it. pairs with ring_reserve [ring-tail] */
	wti_store_rel(&ring->tail, tail & ~WTI_TAIL_BIASED);
}
