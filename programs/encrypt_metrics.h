/* SPDX-License-Identifier: MIT
 *
 * What encrypt_server tells of itself, in the text format of Prometheus.
 */
#ifndef ENCRYPT_METRICS_H
#define ENCRYPT_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <wt.h>

enum { ENCRYPT_STATUSES = 7 };

struct encrypt_metrics {
	uint64_t answers[ENCRYPT_STATUSES]; /* by status, in an order of their own */
	size_t active;                      /* requests that have begun and were not answered */
};

void encrypt_metrics_count(struct encrypt_metrics *metrics, unsigned status);

/* The page, from malloc: the caller's. NULL without memory. The pool may be gone, and NULL. */
char *encrypt_metrics_page(const struct encrypt_metrics *metrics, wt_pool *pool, size_t *size);

#endif
