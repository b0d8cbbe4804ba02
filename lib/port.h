/* SPDX-License-Identifier: MIT
 *
 * Ports. A channel is one block that holds both ends; each end has a ring,
 * its inbox, in which the other end posts. The block lives until both handles
 * are closed: a poster needs nothing but the handle it posts through.
 *
 * Two words say what has ended. `closed`: nobody will read this end's inbox,
 * so posts to it are refused. `peer_ended`: nobody will post from the other
 * end any more, neither the port nor a sender made of it, so that this end
 * hears of the close once it has read everything.
 *
 * An end has an owner, its thread; or it is in flight, in a message that
 * nobody has taken yet; or it is closed. In flight it has no owner in its
 * source, and producers go on posting.
 *
 * port.c           create, handlers, liveness
 * port_post.c      post and send
 * port_receive.c   views, receive, drain, the loop's turn
 * port_close.c     close by the owner, by the peer's owner, by the thread's end
 * port_transfer.c  ports that move, and what is dropped on the way
 * port_drain.c     on_drain, for senders that do not wait
 */
#ifndef WTI_PORT_H
#define WTI_PORT_H

#include <wt/port.h>

#include "cargo.h"
#include "misuse.h"
#include "ring.h"
#include "source.h"
#include "thread.h"
#include "waiters.h"

struct wti_channel;

/* Whether a post on this end was refused, and the owner is to hear when there is room. */
enum wti_drain {
	WTI_DRAIN_NONE,
	WTI_DRAIN_WANTED, /* refused; who empties the other end's inbox tells */
	WTI_DRAIN_DUE     /* told; the owner's loop calls on_drain */
};

/*
 * Ordered by who touches what. A message to a port that was quiet costs the poster one line that the owner writes, too
 * (the first), one that it alone writes (the ring's tail), and the record's; the owner the first, the record's, and three
 * of its own. Who finds nothing, and waits, also has the tail of the inbox that it posts to, and `waits_at`.
 * Kept because it measures better: a message to any of 4096 ports went from 290 ns to 230.
 */
struct wt_port {
	/* One line for all that posters look at: here, through the peer, and in the source, whose lock ends it. */
	struct wt_port *peer; /* set at create */
	/*
	 * Atomic: this end is closed. Set once by the owner; seq_cst, then a
	 * look at the peer's source, who looks here after arming [source-1].
	 */
	_Atomic(uint32_t) closed;
	_Atomic(uint32_t) peer_ended; /* in the same way, by who gives up the last of the peer's `posters` */
	struct wti_source source;  /* the owner's lock and links are in it, too */

	/* Owner only, the rest of the source's line, and the next one: what a turn of the loop touches. */
	unsigned pins;          /* callbacks that hold a view: nothing is released meanwhile */
	bool started;           /* the loop calls on_message */
	_Atomic(bool) refd;     /* keeps the loop alive; read by any thread */
	bool close_told;        /* the close event is over, or nobody wants it any more */
	bool closing : 1;       /* wt_port_close was called; handing over up to close_tail, then on_close */
	bool traced : 1;        /* there is a timeline; in one byte with `closing`: a receive looks at all three at once */
	bool ending : 1;        /* its peer has ended, and the loop does not look: who takes the last message tells it */
	bool gap_watched;       /* before_turn is due when there is no gap any more, also without a message */
	bool drained_large;     /* by wt_port_drain when it found something last: see port_gather_to_drain */
	wt_port_fn *on_message;
	void *on_message_arg;
	uint64_t view;          /* serial of the latest view, of all of the thread's ports; 0 when it is over */
	uint64_t oldest;        /* serial of the first view that may be valid still: pins keep several */
	void (*on_drain)(wt_port *port, void *arg);
	/* What is due before the loop hands over a message; false: not now, and the port may be gone. May be NULL. */
	bool (*before_turn)(wt_port *port, unsigned *calls);
	/* Atomic, written by who may empty the inbox only: messages handed over, and their bytes. */
	_Atomic(uint64_t) received;
	_Atomic(uint64_t) received_bytes;

	/* Messages for the owner of this end; its last line is the owner's. */
	struct wti_ring inbox;

	/* Threads that wait for room in the inbox. */
	struct wti_waiters senders;
	_Atomic(uint64_t) refused;    /* posts from this end that found no room in the other's */
	_Atomic(size_t) refused_size; /* bytes of the largest of them since on_drain was called */
	_Atomic(uint32_t) drain;      /* enum wti_drain: see port_drain.c */

	/* Set at create. */
	struct wti_channel *channel;
	struct wt_worker *worker; /* whose creator's end this is, or NULL */

	/* Atomic. */
	_Atomic(uint32_t) posters; /* a reference count: the port itself, its senders, and open slots of guests */
	_Atomic(uint32_t) guests;  /* slots that other threads than the owner have open on it */

	/* Whose requests came here and have no reply yet. How many is written under calls_lock (WTI_RANK_CALLS). */
	_Atomic(uint32_t) calling;
	struct wti_mutex calls_lock;
	struct wti_list calls; /* under the lock: call.c */

	/* In flight. Under the lock of port_transfer.c. */
	struct wti_list flight; /* of all that are in flight, in a queue */
	wt_port *carrier;       /* whose inbox that is */
	uint64_t walk;          /* the latest search for cycles that came by */

	/* What it is in a transfer list. */
	struct wti_transferable transferable;

	/* Atomic, written by who may empty the inbox only: messages that were destroyed instead of handed over. */
	_Atomic(uint64_t) dropped;

	/*
	 * Atomic, written by the owner, read by that of the other end before and while it pauses: how far had been posted
	 * from this end when a receive last found nothing, and waited. A guess; in a line that neither touches for a message.
	 */
	_Atomic(uint64_t) waits_at;

	/* Owner only, from here on, and written at each wait: not in the line of waits_at. */
	WTI_CACHE_ALIGNED struct wti_list owned; /* wti_thread.ports */
	struct wti_list owing;  /* wti_thread.owing: there is room that senders were not told of yet */
	uint64_t run_from;      /* `received` where the run began, mostly as all was taken */
	uint64_t run_posted;    /* how far had been posted from this end when wti_port_pauses looked last */
	uint64_t slept_at;      /* `received` when the owner slept last for this one, or for one of several */
	uint64_t close_tail;
	uint64_t selected;      /* serial of the set of wt_select that watches it, or that did; 0: none */
	size_t select_index;    /* there */
	bool drain_own;         /* a post of the owner's own was refused since on_drain was called */
	_Atomic(bool) drain_held; /* and keeps the loop alive until it is */
	void (*on_message_error)(wt_port *port, int error, void *arg);
	void *on_message_error_arg;
	void (*on_close)(wt_port *port, void *arg);
	void *on_close_arg;
	void *on_drain_arg;

	WTI_HANDLE
};

struct wti_channel {
	struct wt_port end[2];
	_Atomic(uint32_t) handles; /* a reference count: ends not closed yet, senders, open slots of guests, calls */
};

/* Both owners' records must outlive the ports, or close them. Owned by threads that need not be the caller. */
int wti_channel_create(struct wti_thread *owner_a, struct wti_thread *owner_b, const wt_channel_options *options,
		       wt_port **a, wt_port **b);

/* Free a channel that no thread has seen yet. */
void wti_channel_discard(wt_port *a);

/* The calling thread's record if it owns the port and the port is not closed, else NULL. */
struct wti_thread *wti_port_own(const wt_port *port);

/* Owner: keep the loop alive by this port, or not. */
void wti_port_set_ref(wt_port *port, struct wti_thread *self, bool ref);

/* Have the owner's end close it, too. */
void wti_port_enlist(wt_port *port, struct wti_thread *owner);

/* The owner has this end no more: it forgets it wherever it kept it. */
void wti_port_delist(wt_port *port, struct wti_thread *owner);

/* One more reason to keep the channel's memory; the last one that is given back frees it. */
void wti_channel_hold(struct wti_channel *channel);
void wti_channel_release(struct wti_channel *channel, struct wti_list *dropped);

/* ---- port_post.c ---- */

/* A message on its way from one end. */
struct wti_sending {
	wt_port *port;   /* the end it is sent from */
	const wt_sender *sender; /* that sends it, while the end itself may be closed; NULL: the port */
	uint64_t call;   /* of a request, or 0 */
	const wt_outgoing *message;
	size_t size;     /* of the message's bytes: written by wti_port_send */
	bool refused;    /* there was no room for it a moment ago */
};

int wti_port_send(struct wti_sending *sending, wt_time deadline);
int wti_sender_post(wt_port *port, const void *data, size_t size);

/* Wait until a message of `size` bytes may find room in the receiver's inbox. As wt_port_send. */
int wti_port_await_room(wt_port *receiver, size_t size, wt_time deadline);

/* After a record was published in the inbox of `receiver`: wake it, or, if it is too late, empty the inbox. */
void wti_port_published(wt_port *receiver, struct wti_list *dropped);

/* After room in the inbox of `receiver` was given back by a poster. */
void wti_port_gave_room(wt_port *receiver);

/* ---- port_receive.c ---- */

extern const struct wti_source_ops wti_port_source_ops;

/* Whether this end has been closed, or is to be once its messages are handed over. Any thread. */
static inline bool wti_port_is_closed(const wt_port *port)
{
	/* pairs with wti_port_announce_close [source-1]: the receiver looks here after it armed */
	return wti_load_sc(&port->closed) != 0;
}

/* Whether nobody will post to this end any more. Any thread. */
static inline bool wti_port_peer_has_ended(const wt_port *port)
{
	/* pairs with wti_port_leave_posters [source-1]: as above */
	return wti_load_sc(&port->peer_ended) != 0;
}

/* Whether a receive would return something else than WT_EAGAIN. Owner. */
static inline bool wti_port_is_readable(wt_port *port)
{
	/* Ended first: what was posted before the end is then in the ring. */
	return wti_port_peer_has_ended(port) || wti_ring_ready(&port->inbox);
}

/*
 * Whether there is something in the inbox, where a look found nothing ready:
 * it was reserved, and holds back what is behind it. Who publishes it, or gives
 * it up, notifies the source. Owner.
 */
static inline bool wti_port_has_gap(wt_port *port)
{
	return wti_ring_tail(&port->inbox) != port->inbox.read;
}

/* Owner: whether the loop is to look at it. */
static inline bool wti_port_wants_loop(const wt_port *port)
{
	return port->started || wti_load(&port->refd) || port->on_close || port->on_drain || port->closing ||
	       port->gap_watched;
}

/*
 * Owner, before a sleep that a message is to end: announce it, as wti_source_arm. Where the barrier that it asks for is
 * refused, wti_source_end_brief. And after it.
 */
bool wti_port_arm(wt_port *port);
void wti_port_disarm(wt_port *port);

/* Whether this thread owns such a port. Only the address is looked at: a message may be older than its port's end. */
bool wti_port_is_mine(struct wti_thread *self, const wt_port *port);

/*
 * What came with a message that is valid still, or with none: 0, and NULL
 * where nothing did; else WT_EINVAL.
 */
int wti_port_cargo(struct wti_thread *self, const wt_message *message, struct wti_cargo **cargo);

/* Whether it is the latest view of the port that the thread received from last: nothing else has its serial. */
static inline bool wti_port_shows(const struct wti_thread *self, const wt_message *message)
{
	const wt_port *port = message->port;

	return port && self->port_last == port && port->view && port->view == message->serial;
}

/* Owner: end the present view, unless a callback still holds it. What it carried is put on `dropped`, or destroyed. */
void wti_port_release_view(wt_port *port, struct wti_list *dropped);
void wti_port_end_view(wt_port *port);

/* Owner: wake senders if there is room, as after a release. */
void wti_port_offer_room(wt_port *port);

/*
 * Owner: what had come is taken, and more is waited for, or is to be drained: for how many pauses those who post are let
 * get ahead, which depends on what came since this was asked last, on whether anybody has posted from this end meanwhile,
 * and on whether the other end's owner waits itself. The answer is good as long as the other end's waits_at is *waits_at.
 */
unsigned wti_port_pauses(wt_port *port, uint64_t *waits_at);

/* ---- port_drain.c ---- */

/* A post, send or reserve of so many bytes on this end found no room. Any thread that may post. */
void wti_port_note_refusal(wt_port *port, size_t size);

/* Whether somebody is to be told, after room was given back: as wti_waiters_any. */
static inline bool wti_port_drain_wanted(wt_port *port)
{
	wti_barrier_light();
	return wti_load_sc(&port->drain) == WTI_DRAIN_WANTED; /* pairs with wti_port_note_refusal [drain-1] */
}

/* Tell, if the other end's inbox is at most half full and has room. Any thread that keeps the port. */
void wti_port_tell_drain(wt_port *port);

/* Owner: whether on_drain is to be called; and the call, after which the port may be gone. */
bool wti_port_drain_due(wt_port *port);
void wti_port_turn_drain(wt_port *port, unsigned *calls);

/* Owner: forget it, with what it did to the loop. */
void wti_port_forget_drain(wt_port *port, struct wti_thread *self);

/* ---- port_transfer.c ---- */

/* 0, or why this port cannot be sent away by the calling thread: WT_EOWNER, WT_ECLOSED, WT_EUNTRANSFERABLE, WT_EINUSE. */
int wti_port_check_transfer(const wt_port *port);

/*
 * Owner, after the check: give the port up. It is in flight, in the inbox of
 * `carrier`, or, with NULL, in the hands of a thread. What its view carried
 * is put on `dropped`.
 */
void wti_port_detach(wt_port *port, wt_port *carrier, struct wti_list *dropped);

/* Make the calling thread the owner of one that it took. */
void wti_port_attach(wt_port *port, struct wti_thread *self);

extern const struct wti_transferable_ops wti_port_transferable_ops;

/*
 * Empty the inbox of a port that is closed and has no owner any more. Any
 * thread that keeps the channel: the one that closed it, and whoever sees
 * after a commit that it was too late. Where a record is reserved and not
 * committed, the one who commits it goes on.
 */
void wti_port_drop_dead(wt_port *port, struct wti_list *dropped);

/* A thread's end: destroy the ports in flight that lie in each other's queues, so that nobody can ever take them. */
void wti_flight_thread_end(struct wti_thread *self);

/* ---- port_close.c ---- */

/*
 * Posts to this end are refused from now on, and everybody who waits for room
 * or a reply finds that out. When the queue is dropped, wti_port_leave_posters
 * is to follow.
 */
void wti_port_announce_close(wt_port *port);

/* One that posts from this end less; the last one tells the other end. */
void wti_port_leave_posters(wt_port *port);

/* Owner: it is no reason any more for the loop to go on. */
void wti_port_leave_loop(wt_port *port, struct wti_thread *self);

/* Owner: whether a port that its callback closed has still to hand over what was queued then. */
static inline bool wti_port_has_parting(const wt_port *port)
{
	return (int64_t)(port->close_tail - port->inbox.read) > 0;
}

/* Consumer: drop all that is in the inbox. */
void wti_port_drop_queue(wt_port *port, struct wti_list *dropped);

/* Owner: the peer is closed and nothing is left to receive: no reason to stay in the loop. Then on_close, if any. */
void wti_port_tell_close(wt_port *port, unsigned *calls);

/* Owner: the end of a turn of a port that is closing; frees the port when it is done. */
void wti_port_finish_close(wt_port *port, unsigned *calls);

/* Owner: close without a call to anyone, also from inside a callback of the port. */
void wti_port_close_silently(wt_port *port);

/* The owner's end: close at once, whatever a callback that will not return was doing with it. */
void wti_port_close_now(wt_port *port);

#endif
