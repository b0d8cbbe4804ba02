/* SPDX-License-Identifier: MIT
 *
 * Broadcasts. A topic is a name that somebody has open, found in one table:
 * it has the log of what is posted (broadcast_log.h), and goes with its last
 * endpoint. An endpoint is a cursor in that log and a source of its owner's.
 *
 * broadcast.c          names; open, close, the thread's end; handlers, liveness, counters
 * broadcast_post.c     posting
 * broadcast_receive.c  views, receive, the loop's turn
 */
#ifndef WTI_BROADCAST_H
#define WTI_BROADCAST_H

#include <wt/broadcast.h>

#include "broadcast_log.h"
#include "misuse.h"
#include "source.h"
#include "thread.h"

struct wti_topic {
	/* Set at create. */
	const void *name; /* in the same block */
	size_t name_size;
	uint64_t hash;
	uint32_t trace; /* its number in a timeline, or 0 */

	/* Under the lock of the table (WTI_RANK_TOPICS). */
	struct wti_topic *next; /* of its bucket */
	size_t opens;           /* a count of endpoints */

	struct wti_log log;
};

struct wt_broadcast {
	WTI_HANDLE

	/* Set at open. */
	struct wti_topic *topic;
	uint32_t trace; /* the topic's */

	/* Atomic: posts are refused. Set by the owner when its limit closes it. */
	_Atomic(uint32_t) closed;

	/* Posters look at its state; the owner's lock and links are in it, too. On a line of its own. */
	WTI_CACHE_ALIGNED struct wti_source source;

	/* Where it reads. */
	WTI_CACHE_ALIGNED struct wti_cursor cursor;

	/* Owner only, from here on. */
	uint64_t received;       /* messages handed over */
	uint64_t received_bytes; /* of those */
	uint64_t damaged;        /* messages that could not be made whole */
	struct wti_list owned;  /* wti_thread.broadcasts */
	uint64_t view;          /* serial of the message received last; 0 when it is given back */
	uint64_t empty_at;      /* position when there was last nothing to receive */
	uint64_t pinned;        /* serial of the message that a callback has, or 0 */
	bool delivering;        /* a callback of it is on the stack */
	_Atomic(bool) refd;     /* keeps the loop alive; read by any thread */
	bool closing;           /* wt_broadcast_close was called: it goes when the callback has returned */
	bool over;              /* closed by its limit */
	bool close_told;        /* and on_close is over */
	wt_broadcast_fn *on_message;
	void *on_message_arg;
	void (*on_message_error)(wt_broadcast *broadcast, int error, void *arg);
	void *on_message_error_arg;
	void (*on_close)(wt_broadcast *broadcast, void *arg);
	void *on_close_arg;
};

/* ---- broadcast.c ---- */

/* Owner: keep the loop alive by this endpoint, or not. */
void wti_broadcast_set_ref(wt_broadcast *broadcast, struct wti_thread *self, bool ref);

/* Owner: nothing is received any more, and what waits is lost. Posts are refused. */
void wti_broadcast_stop(wt_broadcast *broadcast);

/* Owner: the last touch of one that was closed, when no callback of it is on the stack. */
void wti_broadcast_free(wt_broadcast *broadcast);

/* ---- broadcast_receive.c ---- */

extern const struct wti_source_ops wti_broadcast_source_ops;

/* Owner: whether there is a message, once what is above the limit is lost; it may be closed by that. */
bool wti_broadcast_look(wt_broadcast *broadcast);

/* Owner: give back the message received last; and that of a callback, which is over. */
void wti_broadcast_end_view(wt_broadcast *broadcast);
void wti_broadcast_unpin(wt_broadcast *broadcast);

/* Whether the message is a valid one of an endpoint of this thread. */
bool wti_broadcast_is(struct wti_thread *self, const wt_message *message);

/* Give it back, if it is one that was received: the message is then empty. */
void wti_broadcast_release(struct wti_thread *self, wt_message *message);

#endif
