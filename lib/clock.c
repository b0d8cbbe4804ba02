/* SPDX-License-Identifier: MIT */
#include <wt/time.h>

#include "os.h"

wt_time wt_now(void)
{
	return wti_os->clock();
}

wt_time wt_after_ns(uint64_t nanoseconds)
{
	wt_time now = wti_os->clock();

	if (nanoseconds >= (uint64_t)(WT_FOREVER - now))
		return WT_FOREVER;
	return now + (wt_time)nanoseconds;
}

/* The multiplied span, or one so large that wt_after_ns makes WT_FOREVER of it. */
static uint64_t clock_scale(uint64_t count, uint64_t unit)
{
	uint64_t nanoseconds;

	return __builtin_mul_overflow(count, unit, &nanoseconds) ? UINT64_MAX : nanoseconds;
}

wt_time wt_after_us(uint64_t microseconds)
{
	return wt_after_ns(clock_scale(microseconds, 1000));
}

wt_time wt_after_ms(uint64_t milliseconds)
{
	return wt_after_ns(clock_scale(milliseconds, 1000000));
}
