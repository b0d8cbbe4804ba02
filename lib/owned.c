/* SPDX-License-Identifier: MIT */
#include "owned.h"

#include "os.h"

_Atomic(uint32_t) wti_owned_walkers;

void wti_owned_init(struct wti_owned *owned)
{
	wti_mutex_init(&owned->lock, WTI_RANK_OWNED);
	wti_store(&owned->changing, 0);
}

void wti_owned_destroy(struct wti_owned *owned)
{
	wti_mutex_destroy(&owned->lock);
}

void wti_owned_wake_walker(struct wti_owned *owned)
{
	wti_os->futex_wake(&owned->changing, 1);
}

bool wti_owned_walk_begin(void)
{
	wti_barrier_init(); /* who walks and who owns are to agree on it, and this may be the first call of all */
	/* pairs with wti_owned_begin_alone [owned-walk]: said before the look at what is under way */
	wti_add_sc(&wti_owned_walkers, 1);
	if (wti_barrier_heavy())
		return true;
	wti_owned_walk_end();
	return false;
}

void wti_owned_walk_end(void)
{
	/* pairs with wti_owned_begin_alone [owned-walk]: a change without the lock comes after what was read */
	wti_sub_acqrel(&wti_owned_walkers, 1);
}

/* A change that began before is waited for; it takes some instructions, but its thread may have lost its processor. */
void wti_owned_lock(struct wti_owned *owned)
{
	wti_mutex_lock(&owned->lock);
	/* pairs with wti_owned_end_alone [owned-change] */
	while (wti_load_acq(&owned->changing) && !WTI_MUTANT(WTI_MUTANT_OWNED_NO_WAIT))
		wti_os->futex_wait(&owned->changing, 1, INT64_MAX);
}

void wti_owned_unlock(struct wti_owned *owned)
{
	wti_mutex_unlock(&owned->lock);
}
