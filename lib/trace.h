/* SPDX-License-Identifier: MIT
 *
 * The timeline of WT_TRACE (wt_trace(7)): each thread notes what it does in a
 * log of its own, its track, and the process's end writes all of them to a
 * file. The variable is read once, by the first thread that gets a record.
 *
 * Switched off, which it is but for that variable, a thread's track is NULL
 * and a queue has no number: a port's ring, the topic of broadcasts, a
 * thread's mailbox. Who passes one of these moments looks at one of the two,
 * which lie beside what it reads anyhow.
 *
 * Who may call what. A thread notes in its own track only, without a lock:
 * it writes the event, then how many there are (track.h). Any thread may note
 * while another one writes the file; what comes too late for it is left out.
 *
 * What can fail. Nothing that a caller hears of. Where memory for a track is
 * short, or all tracks together have as many events as are kept, the track is
 * full for good: what comes is counted and not kept, so a track is the
 * beginning of what its thread did, never a part with holes. The count stands
 * in the file. Nothing is printed.
 *
 * What ends. Slices that a jump leaves (wt_exit, wt_fail, a terminate) are
 * closed by wti_trace_unwind. Tracks outlive their threads: nothing of one is
 * freed, for the process's end reads it. A forked child has none, and does not
 * write. A process that does not come to its exit handlers writes nothing.
 */
#ifndef WTI_TRACE_H
#define WTI_TRACE_H

#include "base.h"
#include "probe.h"
#include "thread.h"

enum wti_trace_kind {
	/* A slice begins, until the next WTI_TRACE_END that is not of one in it. */
	WTI_TRACE_ENTRY,   /* a worker's function; id: of its thread */
	WTI_TRACE_HANDLER, /* a callback has a message */
	WTI_TRACE_TASK,    /* a task's function */
	WTI_TRACE_WAIT,    /* id: for what, a constant string */
	WTI_TRACE_PARK,    /* asleep, within a wait */
	WTI_TRACE_END,     /* value: what it came to */
	/* A moment. */
	WTI_TRACE_CREATE,  /* of a worker */
	WTI_TRACE_POST,    /* a message is about to be published */
	WTI_TRACE_RECEIVE, /* a message was received without a callback */
	WTI_TRACE_SUBMIT,  /* of a task */
	WTI_TRACE_KINDS
};

/* What is noted. `object` and `id` are the same at both ends of an arrow. */
struct wti_event {
	int64_t at;      /* CLOCK_MONOTONIC ns */
	uint64_t id;     /* of a message: which one of its queue; of a task: its address; else see above */
	int64_t value;   /* of a message that arrives: its bytes; of an end: the result */
	uint32_t object; /* of a message: its queue's number; of a task: its record's generation */
	uint32_t kind;   /* enum wti_trace_kind */
};

/* The calling thread's track, if there is to be a timeline; its id and name are known. */
void wti_trace_enter(struct wti_thread *self);

/* The number of a queue that is being made, by which its messages are known; 0: there is no timeline. */
uint32_t wti_trace_queue(void);

/* Note an event of now, or of `event->at`. The thread has a track. */
void wti_trace_note(struct wti_thread *self, struct wti_event event);
void wti_trace_note_at(struct wti_thread *self, const struct wti_event *event);

/* The calling thread, which gets a record if it has none, posts a message to the queue of that number, which is not 0. */
void wti_trace_posted(uint32_t queue, uint64_t id, int64_t at);

/* Close all slices that are open: the frames that would are gone. */
void wti_trace_unwind(struct wti_thread *self);

/* ---- The moments ---- */

static inline void wti_trace_mark(struct wti_thread *self, enum wti_trace_kind kind, uint64_t id)
{
	if (wti_unlikely(self->track != NULL))
		wti_trace_note(self, (struct wti_event){ .kind = kind, .id = id });
}

static inline void wti_trace_end(struct wti_thread *self, int result)
{
	if (wti_unlikely(self->track != NULL))
		wti_trace_note(self, (struct wti_event){ .kind = WTI_TRACE_END, .value = result });
}

/* Now, and under a lock: a thread that has no record does not get one here, which would take others. */
static inline void wti_trace_post(uint32_t queue, uint64_t id)
{
	struct wti_thread *self = wti_unlikely(queue) ? wti_thread_peek() : NULL;

	if (self && self->track)
		wti_trace_note(self, (struct wti_event){ .kind = WTI_TRACE_POST, .object = queue, .id = id });
}

/* In a callback, which WTI_TRACE_END ends, or without one. */
static inline void wti_trace_arrive(struct wti_thread *self, enum wti_trace_kind kind, uint32_t queue, uint64_t id,
				    size_t size)
{
	if (wti_unlikely(self->track != NULL))
		wti_trace_note(self, (struct wti_event){ .kind = kind, .object = queue, .id = id,
							 .value = (int64_t)size });
}

static inline void wti_trace_task(struct wti_thread *self, enum wti_trace_kind kind, const void *task,
				  uint32_t generation)
{
	if (wti_unlikely(self->track != NULL))
		wti_trace_note(self, (struct wti_event){ .kind = kind, .id = (uintptr_t)task,
							 .object = generation });
}

#endif
