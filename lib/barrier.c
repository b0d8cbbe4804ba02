/* SPDX-License-Identifier: MIT */
#include "barrier.h"

#include <pthread.h>

#include "os.h"
#include "seam.h"

#if defined(__SANITIZE_THREAD__)
#define BARRIER_VISIBLE_ONLY 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BARRIER_VISIBLE_ONLY 1
#endif
#endif

_Atomic(bool) wti_barrier_asymmetric;

static void barrier_decide(void)
{
#ifndef BARRIER_VISIBLE_ONLY
	wti_store(&wti_barrier_asymmetric, wti_os->barrier_register() == 0);
#endif
}

void wti_barrier_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, barrier_decide);
}

bool wti_barrier_heavy(void)
{
	if (!wti_barrier_is_asymmetric() || WTI_MUTANT(WTI_MUTANT_NO_HEAVY_BARRIER))
		return true;
	return wti_os->barrier() == 0;
}
