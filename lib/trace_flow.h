/* SPDX-License-Identifier: MIT
 *
 * Arrows: which event at one end belongs to which one at the other. What has
 * one end only is no arrow: what was posted and not received, or noted at one
 * end and dropped at the other. A broadcast has as many as it has receivers.
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

/* Of both ends, sorted so that all of one thing are neighbours: where it begins, then where it arrives. */
struct wti_flow_end;

struct wti_flows {
	struct wti_flow_end *end; /* NULL: none, or no memory to know them */
	size_t count;
};

/* Arrows as seen from one of their ends: where a thing arrives there is one. */
struct wti_flow {
	uint64_t number; /* of the first; those that follow have the next ones. The same at both ends, and of no other */
	uint64_t count;
	int64_t span;    /* of one that arrives: ns on the way */
	bool arrives;
};

/* The events of all tracks, up to `seen` of each. */
void wti_flows_make(struct wti_flows *flows, const struct wti_track *tracks);
void wti_flows_free(struct wti_flows *flows);

/* The arrows that begin at this event of the track, or the one that ends there; false: none does. */
bool wti_flows_find(const struct wti_flows *flows, const struct wti_track *track, const struct wti_event *event,
		    struct wti_flow *flow);

enum wti_flow_family wti_flow_family(const struct wti_event *event);

#endif
