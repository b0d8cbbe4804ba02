/* SPDX-License-Identifier: MIT */
#include "trace_flow.h"

#include <stdlib.h>

#include "alloc.h"

struct wti_flow_end {
	uint64_t id;
	int64_t at;
	uint64_t track;
	uint32_t object;
	uint16_t family;
	bool arrives;
};

static const struct {
	enum wti_flow_family family;
	bool arrives;
} flow_of_kind[WTI_TRACE_KINDS] = {
	[WTI_TRACE_ENTRY] = { WTI_FLOW_WORKER, true },
	[WTI_TRACE_HANDLER] = { WTI_FLOW_MESSAGE, true },
	[WTI_TRACE_TASK] = { WTI_FLOW_TASK, true },
	[WTI_TRACE_CREATE] = { WTI_FLOW_WORKER, false },
	[WTI_TRACE_POST] = { WTI_FLOW_MESSAGE, false },
	[WTI_TRACE_RECEIVE] = { WTI_FLOW_MESSAGE, true },
	[WTI_TRACE_SUBMIT] = { WTI_FLOW_TASK, false },
};

enum wti_flow_family wti_flow_family(const struct wti_event *event)
{
	return flow_of_kind[event->kind].family;
}

static struct wti_flow_end flow_end(const struct wti_track *track, const struct wti_event *event)
{
	return (struct wti_flow_end){
		.id = event->id,
		.at = event->at,
		.track = track->id,
		.object = event->object,
		.family = (uint16_t)wti_flow_family(event),
		.arrives = flow_of_kind[event->kind].arrives,
	};
}

static int flow_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Whether two ends are of the same thing. */
static int flow_compare_thing(const struct wti_flow_end *a, const struct wti_flow_end *b)
{
	int order = flow_order(a->family, b->family);

	if (!order)
		order = flow_order(a->object, b->object);
	return order ? order : flow_order(a->id, b->id);
}

/* One thing after the other; ids are used again, so each by its time, and where it begins before where it arrives. */
static int flow_compare(const void *left, const void *right)
{
	const struct wti_flow_end *a = left, *b = right;
	int order = flow_compare_thing(a, b);

	if (!order)
		order = (a->at > b->at) - (a->at < b->at);
	if (!order)
		order = flow_order(a->arrives, b->arrives);
	return order ? order : flow_order(a->track, b->track);
}

/* Count them, and put them down where there is room. */
static size_t flow_collect(const struct wti_track *tracks, struct wti_flow_end *to)
{
	const struct wti_event *event;
	size_t count = 0;

	for (const struct wti_track *track = tracks; track; track = track->next) {
		struct wti_track_place place = wti_track_begin(track);

		while ((event = wti_track_next(&place))) {
			if (wti_flow_family(event) == WTI_FLOW_NONE)
				continue;
			if (to)
				to[count] = flow_end(track, event);
			count++;
		}
	}
	return count;
}

void wti_flows_make(struct wti_flows *flows, const struct wti_track *tracks)
{
	size_t count = flow_collect(tracks, NULL);

	*flows = (struct wti_flows){ .end = count ? wti_alloc(count * sizeof *flows->end) : NULL };
	if (!flows->end)
		return;
	flows->count = flow_collect(tracks, flows->end);
	qsort(flows->end, flows->count, sizeof *flows->end, flow_compare);
}

void wti_flows_free(struct wti_flows *flows)
{
	wti_free(flows->end);
}

/* Where what arrives at `end` began, or NULL. */
static const struct wti_flow_end *flow_begin(const struct wti_flows *flows, const struct wti_flow_end *end)
{
	const struct wti_flow_end *begin = end;

	while (begin > flows->end && begin->arrives && flow_compare_thing(begin - 1, end) == 0)
		begin--;
	return begin->arrives ? NULL : begin;
}

/* How often what begins at `begin` arrives. */
static uint64_t flow_count(const struct wti_flows *flows, const struct wti_flow_end *begin)
{
	const struct wti_flow_end *end = begin + 1;

	while (end < flows->end + flows->count && end->arrives && flow_compare_thing(begin, end) == 0)
		end++;
	return (uint64_t)(end - begin - 1);
}

/* An arrow has the number of where it arrives. */
bool wti_flows_find(const struct wti_flows *flows, const struct wti_track *track, const struct wti_event *event,
		    struct wti_flow *flow)
{
	struct wti_flow_end key = flow_end(track, event);
	const struct wti_flow_end *found, *begin;

	if (key.family == WTI_FLOW_NONE || !flows->end)
		return false;
	found = bsearch(&key, flows->end, flows->count, sizeof key, flow_compare);
	if (!found)
		return false;
	begin = key.arrives ? flow_begin(flows, found) : found;
	*flow = (struct wti_flow){
		.number = (uint64_t)(found - flows->end) + !key.arrives,
		.count = key.arrives ? begin != NULL : flow_count(flows, found),
		.span = begin ? key.at - begin->at : 0,
		.arrives = key.arrives,
	};
	return flow->count != 0;
}
