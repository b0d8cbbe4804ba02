/* SPDX-License-Identifier: MIT */
#include "histogram.h"

enum {
	HISTOGRAM_STEPS = 1 << WTI_HISTOGRAM_BITS,
	HISTOGRAM_WHOLE = 1000000000 /* parts of all that were added: in so many a share is counted */
};

unsigned wti_histogram_bucket(int64_t value)
{
	uint64_t v = value > 0 ? (uint64_t)value : 0;
	unsigned power;

	if (v < HISTOGRAM_STEPS)
		return (unsigned)v;
	power = 63 - (unsigned)__builtin_clzll(v) - WTI_HISTOGRAM_BITS;
	if (power >= WTI_HISTOGRAM_POWERS)
		return WTI_HISTOGRAM_BUCKETS - 1;
	return ((power + 1) << WTI_HISTOGRAM_BITS) + (unsigned)((v >> power) & (HISTOGRAM_STEPS - 1));
}

int64_t wti_histogram_value(unsigned bucket)
{
	unsigned power = bucket >> WTI_HISTOGRAM_BITS;
	uint64_t step = bucket & (HISTOGRAM_STEPS - 1);

	if (!power)
		return (int64_t)step;
	return (int64_t)(((HISTOGRAM_STEPS + step + 1) << (power - 1)) - 1);
}

/* There is one writer: no read-modify-write is needed. */
static void histogram_count(_Atomic(uint64_t) *word, uint64_t n)
{
	wti_store(word, wti_load(word) + n);
}

static void histogram_extremes(struct wti_histogram *histogram, int64_t min, int64_t max)
{
	if (!wti_load(&histogram->count) || min < wti_load(&histogram->min))
		wti_store(&histogram->min, min);
	if (max > wti_load(&histogram->max))
		wti_store(&histogram->max, max);
}

void wti_histogram_add(struct wti_histogram *histogram, int64_t value, uint64_t weight)
{
	histogram_extremes(histogram, value, value);
	histogram_count(&histogram->bucket[wti_histogram_bucket(value)], weight);
	histogram_count(&histogram->count, weight);
	wti_store(&histogram->sum, wti_load(&histogram->sum) + value * (int64_t)weight);
}

void wti_histogram_join(struct wti_histogram *to, const struct wti_histogram *from)
{
	uint64_t count = wti_load(&from->count);

	if (!count)
		return;
	histogram_extremes(to, wti_load(&from->min), wti_load(&from->max));
	for (unsigned i = 0; i < WTI_HISTOGRAM_BUCKETS; i++)
		histogram_count(&to->bucket[i], wti_load(&from->bucket[i]));
	histogram_count(&to->count, count);
	wti_store(&to->sum, wti_load(&to->sum) + wti_load(&from->sum));
}

void wti_histogram_subtract(struct wti_histogram *to, const struct wti_histogram *from)
{
	for (unsigned i = 0; i < WTI_HISTOGRAM_BUCKETS; i++)
		histogram_count(&to->bucket[i], 0 - wti_load(&from->bucket[i]));
	histogram_count(&to->count, 0 - wti_load(&from->count));
	wti_store(&to->sum, wti_load(&to->sum) - wti_load(&from->sum));
}

/*
 * How many are below the last of that share of `total`, which is not 0. In whole
 * numbers: a product of doubles may lie above the whole one that it stands for.
 */
static uint64_t histogram_rank(uint64_t total, double percent)
{
	uint64_t parts = (uint64_t)(percent * (HISTOGRAM_WHOLE / 100) + 0.5);
	uint64_t rest = total % HISTOGRAM_WHOLE * parts;
	uint64_t share = total / HISTOGRAM_WHOLE * parts + (rest + HISTOGRAM_WHOLE - 1) / HISTOGRAM_WHOLE;

	return share ? share - 1 : 0;
}

/* Counted in the buckets themselves, which may have been read at another moment than the count. */
int64_t wti_histogram_percentile(const struct wti_histogram *histogram, double percent)
{
	uint64_t total = 0;
	uint64_t seen = 0;
	uint64_t rank;

	for (unsigned i = 0; i < WTI_HISTOGRAM_BUCKETS; i++)
		total += wti_load(&histogram->bucket[i]);
	if (!total)
		return 0;
	rank = histogram_rank(total, percent);
	if (rank >= total)
		rank = total - 1;
	for (unsigned i = 0; i < WTI_HISTOGRAM_BUCKETS; i++) {
		seen += wti_load(&histogram->bucket[i]);
		if (seen > rank)
			return wti_histogram_value(i);
	}
	return wti_histogram_value(WTI_HISTOGRAM_BUCKETS - 1);
}
