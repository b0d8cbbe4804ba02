/* SPDX-License-Identifier: MIT
 *
 * Counters. A snapshot's `size` is set by the caller to sizeof the struct;
 * fields that this version of the library does not know become 0.
 */
#ifndef WT_STATS_H
#define WT_STATS_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

struct wt_port_stats {
	size_t size;         /* of this struct: set by the caller */
	uint64_t received;   /* messages handed over from this port's queue */
	uint64_t dropped;    /* messages in this port's queue that were destroyed instead: damaged, or never read */
	uint64_t undelivered; /* messages posted on this port that the other end's queue dropped */
	uint64_t refused;    /* posts on this port that found no room */
	size_t queued;       /* bytes in this port's queue now, as the limit counts them */
	size_t high_water;   /* the most that there were, as far as was seen: now and then, at each refusal, and here */
	size_t limit;        /* of bytes in this port's queue; 0: without */
};

/*
 * Read the counters of a port; those that others are changing at the moment
 * may be of slightly different moments. Owner.
 *
 * Returns 0; WT_EINVAL for NULL or an impossible size; WT_EOWNER.
 */
WT_API WT_NODISCARD int wt_port_stats(const wt_port *port, struct wt_port_stats *stats);

WT_END_DECLS

#endif
