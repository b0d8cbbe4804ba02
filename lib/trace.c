/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <pthread.h>
#include <string.h>

#include "alloc.h"
#include "fork.h"
#include "os.h"
#include "trace_file.h"
#include "trace_write.h"
#include "track.h"

enum {
	TRACE_NAME_MAX = 128,    /* bytes */
	TRACE_CHUNK_MIN = 32,    /* events: what a worker that does little takes */
	TRACE_CHUNK_MAX = 1024,
	TRACE_EVENTS = 1 << 20,  /* that are kept, if WT_TRACE_EVENTS does not say otherwise: 32 MiB */
	TRACE_EVENTS_MAX = 1 << 30
};

static pthread_once_t trace_once = PTHREAD_ONCE_INIT;
static bool trace_on; /* set once, in trace_prepare, which each thread that reads it has waited for */
static _Atomic(int64_t) trace_room;              /* events that may still be kept */
static _Atomic(struct wti_track *) trace_tracks; /* pushed, never taken off */
static _Atomic(uint64_t) trace_missing;          /* threads without a track */
static _Atomic(uint32_t) trace_queues;           /* the number of the latest */

static void trace_end(void)
{
	if (!wti_forked())
		wti_trace_write();
}

/* What WT_TRACE_EVENTS says, where that is a number. */
static int64_t trace_limit(void)
{
	const char *said = wti_os->variable("WT_TRACE_EVENTS");
	int64_t events = 0;

	if (!said || !*said)
		return TRACE_EVENTS;
	for (; *said; said++) {
		if (*said < '0' || *said > '9')
			return TRACE_EVENTS;
		events = events < TRACE_EVENTS_MAX ? events * 10 + (*said - '0') : TRACE_EVENTS_MAX;
	}
	return events;
}

static void trace_prepare(void)
{
	const char *path = wti_os->variable("WT_TRACE");

	if (!path || wti_trace_file_choose(path) != 0 || wti_os->at_exit(trace_end) < 0)
		return;
	wti_store(&trace_room, trace_limit());
	trace_on = true;
}

/* ---- Tracks ---- */

/* NULL where as many events as may be are kept, or promised. */
static struct wti_chunk *trace_chunk(uint32_t capacity)
{
	struct wti_chunk *chunk = NULL;

	if (wti_sub(&trace_room, capacity) >= capacity)
		chunk = wti_alloc(sizeof *chunk + capacity * sizeof chunk->event[0]);
	if (!chunk) {
		wti_add(&trace_room, capacity);
		return NULL;
	}
	wti_store(&chunk->next, NULL);
	wti_store(&chunk->count, 0);
	chunk->capacity = capacity;
	return chunk;
}

static struct wti_track *trace_track(const struct wti_thread *self)
{
	size_t length = strnlen(self->name, TRACE_NAME_MAX);
	struct wti_track *track = wti_alloc_zeroed(sizeof *track + length + 1);

	if (!track)
		return NULL;
	track->first = track->chunk = trace_chunk(TRACE_CHUNK_MIN);
	if (!track->first) {
		wti_free(track);
		return NULL;
	}
	track->id = self->id;
	memcpy(track->name, self->name, length);
	return track;
}

void wti_trace_enter(struct wti_thread *self)
{
	struct wti_track *track;

	pthread_once(&trace_once, trace_prepare);
	if (wti_likely(!trace_on))
		return;
	track = trace_track(self);
	if (!track) {
		wti_add(&trace_missing, 1);
		return;
	}
	track->next = wti_load(&trace_tracks);
	/* pairs with wti_tracks [trace-tracks]: the track is made */
	while (!wti_cas_acqrel(&trace_tracks, &track->next, track))
		;
	self->track = track;
}

uint32_t wti_trace_queue(void)
{
	return wti_unlikely(trace_on) ? wti_add(&trace_queues, 1) + 1 : 0;
}

/* ---- Events ---- */

/*
 * The chunk with room for one more, or NULL: from now on nothing is kept. The
 * caller may hold a lock of any rank (wti_trace_post). The allocator's own
 * locks come behind all of these: nobody who holds one of them calls the
 * library, and no handler of ours runs before a fork. So nothing waits in a
 * circle; the lock is held for longer once in some hundred events.
 */
static struct wti_chunk *trace_make_room(struct wti_track *track)
{
	struct wti_chunk *last = track->chunk;
	struct wti_chunk *chunk;

	if (wti_likely(wti_load(&last->count) < last->capacity))
		return last;
	chunk = trace_chunk(last->capacity < TRACE_CHUNK_MAX ? 2 * last->capacity : last->capacity);
	if (!chunk) {
		track->full = true;
		return NULL;
	}
	wti_store_rel(&last->next, chunk); /* pairs with wti_track_next [trace-chunk]: it is made */
	track->chunk = chunk;
	return chunk;
}

static void trace_keep(struct wti_chunk *chunk, const struct wti_event *event)
{
	uint32_t count = wti_load(&chunk->count);

	chunk->event[count] = *event;
	wti_store_rel(&chunk->count, count + 1); /* pairs with wti_track_count [trace-event]: it is written */
}

void wti_trace_note_at(struct wti_thread *self, const struct wti_event *event)
{
	struct wti_track *track = self->track;
	struct wti_chunk *chunk;

	if (event->kind < WTI_TRACE_END)
		track->depth++;
	else if (event->kind == WTI_TRACE_END)
		track->depth--;
	chunk = track->full ? NULL : trace_make_room(track);
	if (chunk)
		trace_keep(chunk, event);
	else
		wti_store(&track->dropped, wti_load(&track->dropped) + 1);
}

void wti_trace_note(struct wti_thread *self, struct wti_event event)
{
	event.at = wti_os->clock();
	wti_trace_note_at(self, &event);
}

void wti_trace_posted(uint32_t queue, uint64_t id, int64_t at)
{
	struct wti_thread *self = wti_thread_self();

	if (self && self->track)
		wti_trace_note_at(self, &(struct wti_event){ .kind = WTI_TRACE_POST, .object = queue, .id = id,
							     .at = at });
}

void wti_trace_unwind(struct wti_thread *self)
{
	while (self->track && self->track->depth)
		wti_trace_end(self, 0);
}

/* ---- Reading ---- */

struct wti_track *wti_tracks(void)
{
	return wti_load_acq(&trace_tracks); /* pairs with wti_trace_enter [trace-tracks] */
}

uint64_t wti_tracks_missing(void)
{
	return wti_load(&trace_missing);
}

uint64_t wti_track_count(const struct wti_track *track)
{
	const struct wti_chunk *chunk = track->first;
	uint64_t count = 0;

	while (chunk) {
		count += wti_load_acq(&chunk->count); /* pairs with trace_keep [trace-event] */
		chunk = wti_load_acq(&chunk->next);   /* pairs with trace_make_room [trace-chunk] */
	}
	return count;
}

struct wti_track_place wti_track_begin(const struct wti_track *track)
{
	return (struct wti_track_place){ .chunk = track->first, .left = track->seen };
}

const struct wti_event *wti_track_next(struct wti_track_place *place)
{
	if (!place->left)
		return NULL;
	place->left--;
	if (place->index == place->chunk->capacity) {
		place->chunk = wti_load_acq(&place->chunk->next); /* [trace-chunk], as in wti_track_count */
		place->index = 0;
	}
	return &place->chunk->event[place->index++];
}
