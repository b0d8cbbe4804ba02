/* SPDX-License-Identifier: MIT */
#include "ring_bias.h"

#include "mutex.h"
#include "os.h"
#include "wait.h"

enum {
	BIAS_RECORD_MAX = 512, /* bytes: with larger records there is next to nothing to gain */
	BIAS_PATIENCE_MAX = 1 << 14,
	BIAS_WORTH = 4096,   /* messages for which to do without a swap spares what its end takes */
	BIAS_LOOKS = 64,     /* at one who is inside, before the first sleep */
	BIAS_PAUSES = 8,     /* before each */
	BIAS_NAP = 50000,    /* ns */
	BIAS_UNSAFE = 1000000 /* ns */
};

/* ---- Names ---- */

struct wti_bias_place wti_bias_places[WTI_BIAS_NAMES + 1];
bool wti_bias_taken[WTI_BIAS_NAMES + 1];

static struct wti_mutex bias_lock = WTI_MUTEX_INIT(WTI_RANK_BIAS);

/* After its last call. */
static void bias_give_name_back(struct wti_thread *self)
{
	wti_mutex_lock(&bias_lock);
	wti_bias_taken[self->bias_name] = false;
	wti_mutex_unlock(&bias_lock);
}

/* Under the lock; 0: there is none. */
static uint32_t bias_find_name(void)
{
	for (uint32_t name = 1; name <= WTI_BIAS_NAMES; name++)
		if (!wti_bias_taken[name])
			return name;
	return 0;
}

static bool bias_get_name(struct wti_thread *self)
{
	if (self->bias_name)
		return true;
	wti_mutex_lock(&bias_lock);
	self->bias_name = bias_find_name();
	wti_bias_taken[self->bias_name] = true;
	wti_mutex_unlock(&bias_lock);
	if (!self->bias_name)
		return false;
	/* pairs with bias_await_outside [ring-inside]: who reads what this thread says sees the last one's tail, too */
	wti_store_rel(&wti_bias_places[self->bias_name].inside, NULL);
	self->gone = bias_give_name_back;
	return true;
}

/* ---- The beginning ---- */

static void bias_begin(struct wti_ring *ring, const struct wti_thread *self, size_t record)
{
	uint64_t tail;

	wti_mutex_lock_soon(&ring->grow_lock);
	tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	if (!(tail & WTI_TAIL_BIASED)) {
		wti_store(&ring->bias, self->bias_name);
		ring->bias_worth = WTI_RING_POSITION(tail) + BIAS_WORTH * record;
		while (!wti_cas_acqrel(&ring->tail, &tail, tail | WTI_TAIL_BIASED)) /* [ring-tail] */
			;
	}
	wti_mutex_unlock(&ring->grow_lock);
}

/* How often this one has found no room since another one did. Relaxed: a bias that comes too soon, or late, is one. */
static unsigned bias_count_visit(struct wti_ring *ring, uint32_t visitor)
{
	unsigned visits = 0;

	if (wti_load(&ring->visitor) == visitor)
		visits = wti_load(&ring->visits);
	else
		wti_store(&ring->visitor, visitor);
	if (visits < UINT16_MAX)
		wti_store(&ring->visits, (uint16_t)++visits);
	return visits;
}

/* While the ring is dirty all reserve under grow_lock, and each record is a visit. */
static bool bias_may_begin(struct wti_ring *ring, size_t record)
{
	return ring->producers == WTI_RING_MANY && record <= BIAS_RECORD_MAX && wti_barrier_is_asymmetric() &&
	       !(wti_load(&ring->tail) & WTI_TAIL_BIASED) && !wti_load(&ring->dirty);
}

void wti_bias_visit(struct wti_ring *ring, size_t record)
{
	struct wti_thread *self = wti_thread_peek();

	/* By the end of its id: of two threads that are not told apart either may get the ring. */
	if (!self || !bias_may_begin(ring, record) ||
	    bias_count_visit(ring, (uint32_t)self->id) <= wti_load(&ring->patience))
		return;
	wti_store(&ring->visits, 0);
	if (bias_get_name(self))
		bias_begin(ring, self, record);
}

/* ---- The end ---- */

static void bias_sleep(struct wti_ring *ring, int64_t ns)
{
	int64_t until = wti_os->clock() + ns;

	/* Nobody wakes it: who is inside is not to have to look. */
	while (wti_os->clock() < until)
		wti_os->futex_wait(&ring->bias, WTI_BIAS_NOBODY, until);
}

/* Some instructions, but the thread that is inside may have lost its processor. */
static void bias_await_outside(struct wti_ring *ring, const struct wti_bias_place *place)
{
	int looks = 0;

	/* pairs with wti_bias_leave [ring-inside] */
	while (wti_load_acq(&place->inside) == ring && !WTI_MUTANT(WTI_MUTANT_BIAS_NO_WAIT)) {
		if (looks++ < BIAS_LOOKS)
			wti_wait_gather(BIAS_PAUSES);
		else
			bias_sleep(ring, BIAS_NAP);
	}
}

static void bias_learn(struct wti_ring *ring, bool worth)
{
	unsigned patience = wti_load(&ring->patience);

	if (worth)
		patience = patience / 2 > wti_ring_patience ? patience / 2 : wti_ring_patience;
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
	wti_store_sc(&ring->bias, WTI_BIAS_NOBODY); /* pairs with wti_bias_enter [ring-bias] */
	/*
	 * Where the system refuses the barrier, which it does only if it was told to after we asked: a store is seen by all
	 * within a moment, of which this is a thousand times the length.
	 */
	if (!WTI_MUTANT(WTI_MUTANT_BIAS_NO_BARRIER) && !wti_barrier_heavy())
		bias_sleep(ring, BIAS_UNSAFE);
	bias_await_outside(ring, &wti_bias_places[name]);
	tail = wti_load_acq(&ring->tail); /* [ring-tail] */
	bias_learn(ring, (int64_t)(WTI_RING_POSITION(tail) - ring->bias_worth) >= 0);
	/* Nobody else moves it. pairs with ring_reserve [ring-tail] */
	wti_store_rel(&ring->tail, tail & ~WTI_TAIL_BIASED);
}
