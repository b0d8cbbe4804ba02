/* SPDX-License-Identifier: MIT
 *
 * Deadlines. A call that can wait takes one, as its last argument or among its options.
 */
#ifndef WT_TIME_H
#define WT_TIME_H

#include <wt/base.h>

WT_BEGIN_DECLS

/* A moment of CLOCK_MONOTONIC, in nanoseconds. Negative values are refused with WT_EINVAL. */
typedef int64_t wt_time;

/* Look once and do not wait: where nothing is there, the call returns WT_EAGAIN. */
#define WT_NOW ((wt_time)0)

/* Wait without a limit. */
#define WT_FOREVER ((wt_time)INT64_MAX)

/* The present moment. Any thread; async-signal-safe. */
WT_API wt_time wt_now(void);

/*
 * The moment that lies so far ahead of now. A span too large to represent
 * gives WT_FOREVER. Any thread; async-signal-safe.
 */
WT_API wt_time wt_after_ns(uint64_t nanoseconds);
WT_API wt_time wt_after_us(uint64_t microseconds);
WT_API wt_time wt_after_ms(uint64_t milliseconds);

WT_END_DECLS

#endif
