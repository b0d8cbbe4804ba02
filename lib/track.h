/* SPDX-License-Identifier: MIT
 *
 * One thread's log of events: a chain of chunks, written by the thread, read
 * by whoever ends the process. Inside of trace*.c only.
 */
#ifndef WTI_TRACK_H
#define WTI_TRACK_H

#include "atomic.h"
#include "trace.h"

struct wti_chunk {
	_Atomic(struct wti_chunk *) next; /* by the owner, once */
	_Atomic(uint32_t) count;          /* of events, by the owner, released after each */
	uint32_t capacity;
	struct wti_event event[];
};

struct wti_track {
	/* Set at create. */
	uint64_t id;              /* of the thread */
	struct wti_chunk *first;
	struct wti_track *next;   /* of all, the latest first */

	/* Atomic, by the owner. */
	_Atomic(uint64_t) dropped;

	/* Owner only. */
	struct wti_chunk *chunk; /* the last */
	unsigned depth;          /* slices that are open */
	bool full;

	/* Who writes the file: how many events it takes notice of. */
	uint64_t seen;

	char name[]; /* set at create */
};

/* A reader's place in a track. */
struct wti_track_place {
	const struct wti_chunk *chunk;
	uint32_t index;
	uint64_t left;
};

/* Every track there is, as their `next` has them. */
struct wti_track *wti_tracks(void);

/* How many threads have no track: there was no memory for it, or no room among the events that are kept. */
uint64_t wti_tracks_missing(void);

/* How many events the owner has noted so far. Any thread. */
uint64_t wti_track_count(const struct wti_track *track);

/* The beginning, up to track->seen; and the next event, or NULL. */
struct wti_track_place wti_track_begin(const struct wti_track *track);
const struct wti_event *wti_track_next(struct wti_track_place *place);

#endif
