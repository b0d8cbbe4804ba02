/* SPDX-License-Identifier: MIT
 *
 * A histogram of times, in the manner of Tene's HdrHistogram: each power of
 * two is cut into sixteen equal buckets, so that a value is known to a
 * sixteenth whatever its size, in a fixed number of words.
 *
 * One thread adds, any thread reads; each word is right for itself, and a sum
 * over them may be of slightly different moments.
 */
#ifndef WTI_HISTOGRAM_H
#define WTI_HISTOGRAM_H

#include "atomic.h"
#include "base.h"

enum {
	WTI_HISTOGRAM_BITS = 4, /* 2^4 buckets for each power of two */
	WTI_HISTOGRAM_POWERS = 44, /* up to 2^47 ns, a day and a half; what is above counts there */
	WTI_HISTOGRAM_BUCKETS = (WTI_HISTOGRAM_POWERS + 1) << WTI_HISTOGRAM_BITS
};

struct wti_histogram {
	_Atomic(uint64_t) count;
	_Atomic(int64_t) sum;
	_Atomic(int64_t) min; /* of count > 0 */
	_Atomic(int64_t) max;
	_Atomic(uint64_t) bucket[WTI_HISTOGRAM_BUCKETS];
};

/* The bucket of a value, and the highest value in a bucket. Negative values count as 0. */
unsigned wti_histogram_bucket(int64_t value);
int64_t wti_histogram_value(unsigned bucket);

/* The writer: add a value that stands for `weight` of them. */
void wti_histogram_add(struct wti_histogram *histogram, int64_t value, uint64_t weight);

/* The writer of `to`: add or take away all of `from`. min and max are joined, and stay when taken away. */
void wti_histogram_join(struct wti_histogram *to, const struct wti_histogram *from);
void wti_histogram_subtract(struct wti_histogram *to, const struct wti_histogram *from);

/* The value that `percent` of those added do not exceed; 0 where there are none. */
int64_t wti_histogram_percentile(const struct wti_histogram *histogram, double percent);

#endif
