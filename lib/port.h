/* SPDX-License-Identifier: MIT
 *
 * Ports. A channel is one block that holds both ends; each end has a ring,
 * its inbox, in which the other end posts. The block lives until both handles
 * are closed: a poster needs nothing but the handle it posts through.
 *
 * port.c          create, handlers, liveness
 * port_post.c     post and send
 * port_receive.c  views, receive, drain, the loop's turn
 * port_close.c    close by the owner, by the peer's owner, by the thread's end
 */
#ifndef WTI_PORT_H
#define WTI_PORT_H

#include <wt/port.h>

#include "ring.h"
#include "source.h"
#include "thread.h"
#include "waiters.h"

struct wti_channel;

struct wt_port {
	/* Set at create. */
	struct wti_channel *channel;
	struct wt_port *peer;
	struct wt_worker *worker; /* whose creator's end this is, or NULL */

	/*
	 * Atomic: this end is closed. Set once by the owner; seq_cst, then a
	 * look at the peer's source, who looks here after arming [source-1].
	 */
	_Atomic(uint32_t) closed;

	/* Posters look at its state; the owner's lock and links are in it, too. */
	struct wti_source source;

	/* Messages for the owner of this end. */
	struct wti_ring inbox;

	/* Threads that wait for room in the inbox. */
	WTI_CACHE_ALIGNED struct wti_waiters senders;

	/* Owner only, from here on. */
	struct wti_list owned;  /* wti_thread.ports */
	struct wti_list owing;  /* wti_thread.owing: there is room that senders were not told of yet */
	uint64_t view;          /* serial of the latest view: another port may come to lie here, its views do not */
	uint64_t empty_at;      /* inbox position when it was last found empty */
	unsigned pins;          /* callbacks that hold a view: nothing is released meanwhile */
	bool started;           /* the loop calls on_message */
	bool refd;              /* keeps the loop alive */
	bool close_told;        /* the close event is over, or nobody wants it any more */
	/* What is due before the loop hands over a message; false: not now, and the port may be gone. May be NULL. */
	bool (*before_turn)(wt_port *port, unsigned *calls);
	bool closing;           /* wt_port_close was called; handing over up to close_tail, then on_close */
	uint64_t close_tail;
	wt_port_fn *on_message;
	void *on_message_arg;
	void (*on_message_error)(wt_port *port, int error, void *arg);
	void *on_message_error_arg;
	void (*on_close)(wt_port *port, void *arg);
	void *on_close_arg;
};

struct wti_channel {
	struct wt_port end[2];
	_Atomic(uint32_t) handles; /* ends not closed yet */
};

/* Both owners' records must outlive the ports, or close them. Owned by threads that need not be the caller. */
int wti_channel_create(struct wti_thread *owner_a, struct wti_thread *owner_b, const wt_channel_options *options,
		       wt_port **a, wt_port **b);

/* Free a channel that no thread has seen yet. */
void wti_channel_discard(wt_port *a);

/* ---- port_receive.c ---- */

extern const struct wti_source_ops wti_port_source_ops;

/* Whether this end has been closed, or is to be once its messages are handed over. Any thread. */
static inline bool wti_port_is_closed(const wt_port *port)
{
	/* pairs with wti_port_announce_close [source-1]: the receiver looks here after it armed */
	return wti_load_sc(&port->closed) != 0;
}

/* Owner: end the present view, unless a callback still holds it. */
void wti_port_end_view(wt_port *port);

/* Owner: wake senders if there is room, as after a release. */
void wti_port_offer_room(wt_port *port);

/* ---- port_close.c ---- */

/* Owner: the peer is closed and nothing is left to receive: no reason to stay in the loop. Then on_close, if any. */
void wti_port_tell_close(wt_port *port, unsigned *calls);

/* Owner: the end of a turn of a port that is closing; frees the port when it is done. */
void wti_port_finish_close(wt_port *port, unsigned *calls);

/* Owner: close without a call to anyone, also from inside a callback of the port. */
void wti_port_close_silently(wt_port *port);

/* The owner's end: close at once, whatever a callback that will not return was doing with it. */
void wti_port_close_now(wt_port *port);

#endif
