/* SPDX-License-Identifier: MIT
 *
 * Arrows: which event at one end belongs to which one at the other. Only
 * pairs are arrows. What was posted and not received, or noted at one end and
 * dropped at the other, has none.
 */
#ifndef WTI_TRACE_FLOW_H
#define WTI_TRACE_FLOW_H

#include "track.h"

/* What an arrow is of. */
enum wti_flow_family {
	WTI_FLOW_NONE,
	WTI_FLOW_MESSAGE,
	WTI_FLOW_TASK,
	WTI_FLOW_WORKER
};

/* Of both ends, sorted so that the two of a pair are neighbours. */
struct wti_flow_end;

struct wti_flows {
	struct wti_flow_end *end; /* NULL: none, or no memory to know them */
	size_t count;
};

/* An arrow as seen from one of its ends. */
struct wti_flow {
	uint64_t number;   /* the same at both ends, and of no other arrow of the file */
	int64_t span;      /* ns from one to the other */
	bool arrives;
};

/* The events of all tracks, up to `seen` of each. */
void wti_flows_make(struct wti_flows *flows, const struct wti_track *tracks);
void wti_flows_free(struct wti_flows *flows);

/* The arrow that begins or ends at this event; false: none does. */
bool wti_flows_find(const struct wti_flows *flows, const struct wti_event *event, struct wti_flow *flow);

enum wti_flow_family wti_flow_family(const struct wti_event *event);

#endif
