/* SPDX-License-Identifier: MIT */
#include "support/seams.h"

#include <string.h>

struct seams seams;

static bool seams_holds; /* before any thread could come there */
static enum wti_yield_point seams_point;
static atomic_bool seams_taken; /* one has come there */

static void seams_hook(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_ARMED)
		latch_open(&seams.armed);
	if (!seams_holds || point != seams_point || atomic_exchange(&seams_taken, true))
		return;
	latch_open(&seams.there);
	CHECK(&seams.verdict, latch_await(&seams.go));
}

static void seams_begin(bool holds, enum wti_yield_point point)
{
	memset(&seams, 0, sizeof seams);
	seams_holds = holds;
	seams_point = point;
	atomic_store(&seams_taken, false);
	wti_yield_hook = seams_hook;
}

void seams_hold(enum wti_yield_point point)
{
	seams_begin(true, point);
}

void seams_watch(void)
{
	seams_begin(false, WTI_YIELD_ARMED);
}

void seams_end(void)
{
	wti_yield_hook = NULL;
	assert_verdict(&seams.verdict);
}
