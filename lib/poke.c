/* SPDX-License-Identifier: MIT */
#include "poke.h"

#include "atomic.h"

#define POKE_FIRST  1000000  /* ns */
#define POKE_PERIOD 10000000 /* ns */

static _Atomic(int) poke_signal; /* relaxed: written before the first worker's thread is made */

void wti_poke_claim(void (*handler)(int signal, siginfo_t *info, void *context))
{
	int signal = wti_os->signal_claim(handler);

	if (signal > 0)
		wti_store(&poke_signal, signal);
}

int wti_poke_signal(void)
{
	return wti_load(&poke_signal);
}

void wti_poke_init(struct wti_poke *poke)
{
	wti_mutex_init(&poke->lock, WTI_RANK_POKE);
}

void wti_poke_destroy(struct wti_poke *poke)
{
	wti_mutex_destroy(&poke->lock);
}

/* Under the lock. */
static void poke_start(struct wti_poke *poke)
{
	int signal = wti_poke_signal();

	if (poke->ticking || !poke->begun || !poke->entered || !signal)
		return;
	poke->ticking = wti_os->ticker_create(&poke->ticker, poke->thread, signal, POKE_FIRST, POKE_PERIOD) == 0;
	if (!poke->ticking)
		wti_os->signal_send(poke->thread, signal);
}

void wti_poke_enter(struct wti_poke *poke, union wti_os_thread self)
{
	wti_mutex_lock(&poke->lock);
	poke->thread = self;
	poke->entered = true;
	wti_mutex_unlock(&poke->lock);
}

/* One that is on its way finds a thread that ignores it: it computes nothing for interrupt.h any more. */
void wti_poke_leave(struct wti_poke *poke)
{
	wti_mutex_lock(&poke->lock);
	poke->entered = false;
	if (poke->ticking)
		wti_os->ticker_delete(poke->ticker);
	poke->ticking = false;
	wti_mutex_unlock(&poke->lock);
}

void wti_poke_begin(struct wti_poke *poke)
{
	wti_mutex_lock(&poke->lock);
	poke->begun = true;
	poke_start(poke);
	wti_mutex_unlock(&poke->lock);
}

wt_time wti_poke_while_waiting(struct wti_poke *poke, wt_time deadline)
{
	bool by_us;
	wt_time again;

	wti_mutex_lock(&poke->lock);
	poke_start(poke);
	by_us = poke->begun && poke->entered && !poke->ticking && wti_poke_signal();
	wti_mutex_unlock(&poke->lock);
	if (!by_us || deadline == WT_NOW)
		return deadline;
	again = wt_after_ns(POKE_PERIOD);
	return again < deadline ? again : deadline;
}
