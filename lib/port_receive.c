/* SPDX-License-Identifier: MIT */
#include "barrier.h"
#include "broadcast.h"
#include "call.h"
#include "fork.h"
#include "loop.h"
#include "port.h"
#include "ring_next.h"
#include "seam.h"
#include "trace.h"
#include "wait.h"

/* Messages: drained in a row, they are a stream. Bytes, the mean of a drain: who posts as much is not let get ahead. */
#define PORT_DRAIN_RUN   32
#define PORT_DRAIN_LARGE 512

/* Messages between two sleeps: of fewer, who posts each pays for the sleep, by a locked instruction; of more, who sleeps. */
#define PORT_SELDOM    8

/* ---- Views ---- */

void wti_port_offer_room(wt_port *port)
{
	wti_ring_flush(&port->inbox);
	if (!port->inbox.read_limited)
		return; /* and owes nobody */
	wti_list_remove(&port->owing);
	if (wti_waiters_any(&port->senders))
		wti_waiters_wake(&port->senders);
	if (wti_port_drain_wanted(port->peer))
		wti_port_tell_drain(port->peer);
}

static void port_pay_owed(struct wti_thread *self)
{
	while (!wti_list_empty(&self->owing))
		wti_port_offer_room(wti_list_entry(self->owing.next, wt_port, owing));
}

/*
 * Senders are woken at half empty, so that each wake is worth several
 * messages. Below that it is owed, until this thread does not find what it looks
 * for, which might be what they are to send, or ends a turn. A program that
 * sleeps by polling the descriptor is to run its loop before.
 */
static WTI_COLD void port_offer_half(wt_port *port)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	if (!wti_waiters_any(&port->senders) && !wti_port_drain_wanted(port->peer))
		return;
	if (wti_ring_used(&port->inbox) <= port->inbox.limit / 2) {
		wti_port_offer_room(port);
	} else if (wti_list_empty(&port->owing)) {
		self->pay_owed = port_pay_owed;
		wti_list_append(&self->owing, &port->owing);
		if (!self->loop_running)
			wti_parker_event_signal(&self->parker);
	}
}

static void port_release_read(wt_port *port)
{
	wti_ring_release(&port->inbox, port->inbox.read);
	if (wti_unlikely(port->inbox.read_limited))
		port_offer_half(port);
}

void wti_port_release_view(wt_port *port, struct wti_list *dropped)
{
	if (port->pins)
		return;
	port->view = 0;
	port_release_read(port);
	wti_list_move_all(dropped, &port->inbox.dropped);
}

/*
 * On a list of our own, and pinned as in a callback: a deleter that closes the
 * port, or destroys its worker, has that done when we are out of it.
 */
static WTI_COLD void port_destroy_dropped(wt_port *port)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_list_move_all(&dropped, &port->inbox.dropped);
	port->pins++;
	wti_cargo_destroy_all(&dropped);
	port->pins--;
}

/* Nobody holds what was read any more. */
static inline void port_give_back(wt_port *port)
{
	port->view = 0;
	if (wti_likely(wti_ring_release_short(&port->inbox)))
		return;
	port_release_read(port);
	if (wti_unlikely(!wti_list_empty(&port->inbox.dropped)))
		port_destroy_dropped(port);
}

void wti_port_end_view(wt_port *port)
{
	if (wti_likely(!port->pins))
		port_give_back(port);
}

/* The view of a record that was taken, which is the latest from now on. */
static WTI_INLINE wt_message port_view(wt_port *port, struct wti_thread *self, const struct wti_record *record)
{
	port->view = ++self->views;
	if (!port->pins)
		port->oldest = port->view;
	self->port_last = port;
	wti_store(&port->received, wti_load(&port->received) + 1);
	wti_store(&port->received_bytes, wti_load(&port->received_bytes) + record->size);
	return (wt_message){
		.data = record->data,
		.size = record->size,
		.type = record->type,
		.transfer_count = record->cargo ? record->cargo->count : 0,
		.port = port,
		.call = record->cargo ? wti_cargo_call(record->cargo) : 0,
		.serial = port->view,
		.cargo = record->cargo,
	};
}

/* In a timeline: the record that was read last arrives, in a callback or without one. */
static WTI_COLD void port_trace(const wt_port *port, struct wti_thread *self, enum wti_trace_kind kind, size_t size)
{
	wti_trace_arrive(self, kind, port->inbox.trace, port->inbox.read, size);
}

/* An error for a message that cannot be made whole; it is then dropped. */
static int port_decode(wt_port *port)
{
	int err = WTI_FAULT(WTI_FAULT_DECODE);

	if (wti_unlikely(err))
		wti_store(&port->dropped, wti_load(&port->dropped) + 1);
	return err;
}

bool wti_port_is_mine(struct wti_thread *self, const wt_port *port)
{
	if (self->port_last == port)
		return true;
	for (struct wti_list *link = self->ports.next; link != &self->ports; link = link->next)
		if (wti_list_entry(link, wt_port, owned) == port)
			return true;
	return false;
}

/* Views that callbacks hold stay valid together with those that came after them. */
int wti_port_cargo(struct wti_thread *self, const wt_message *message, struct wti_cargo **cargo)
{
	const wt_port *port = message->port;

	if (!port || !wti_port_is_mine(self, port) || !port->view)
		return WT_EINVAL;
	if (message->serial < port->oldest || message->serial > port->view)
		return WT_EINVAL;
	*cargo = message->cargo;
	return 0;
}

void wt_message_release(wt_message *message)
{
	struct wti_thread *self = wti_thread_peek();
	wt_port *port;

	if (!message || !self)
		return;
	port = message->port;
	if (!port) {
		wti_broadcast_release(self, message);
		return;
	}
	if (wti_reply_release(self, message) || !wti_port_is_mine(self, port) || port->view != message->serial)
		return;
	wti_port_end_view(port);
	if (!wti_forked()) /* in a deleter: who waits for room is not in the child, maybe who has a lock is not, either */
		wti_port_offer_room(port);
	*message = (wt_message){ 0 };
}

/* ---- Receiving ---- */

static bool port_receive_ready(void *what)
{
	return wti_port_is_readable(what);
}

/* Whether so few messages came since this thread slept for them that it will soon sleep again. */
static inline bool port_comes_seldom(const wt_port *port)
{
	return wti_load(&port->received) - port->slept_at < PORT_SELDOM && wti_barrier_is_asymmetric();
}

static WTI_APART void port_end_brief(wt_port *port)
{
	wti_source_collect(wti_load(&port->source.owner));
	wti_source_prolong(&port->source);
}

static bool port_hears_close(wt_port *port)
{
	/* Ended first, then the ring: see wti_port_is_readable. */
	return !port->closing && !port->close_told && wti_port_peer_has_ended(port) && !wti_ring_ready(&port->inbox);
}

/* With the last message the close is due, and nobody will notify. */
static WTI_APART void port_look_for_close(wt_port *port)
{
	if (!port_hears_close(port))
		return;
	port->ending = false;
	wti_loop_watch(&port->source);
}

/*
 * Owner, after messages were taken, but not by the loop. Whoever posts writes the
 * source's state as long as it is brief: that is not worth it where there is no
 * sleep.
 */
static inline void port_took(wt_port *port)
{
	if (wti_unlikely(wti_source_is_brief(&port->source)) && !port_comes_seldom(port))
		port_end_brief(port);
	if (wti_unlikely(port->ending))
		port_look_for_close(port);
}

/*
 * Who sleeps for nearly each message has a brief source, and needs no barrier
 * for its sleeps but for the first. Where there is no such barrier, nothing
 * has to be spared.
 */
bool wti_port_arm(wt_port *port)
{
	bool seldom = port_comes_seldom(port);
	bool ordered;

	if (!seldom)
		port_end_brief(port);
	port->slept_at = wti_load(&port->received);
	/* A notification that has arrived already must not stand for the next one. */
	wti_source_collect(wti_load(&port->source.owner));
	ordered = seldom ? wti_source_arm_brief(&port->source) : wti_source_arm(&port->source);
	wti_port_offer_room(port);
	return ordered;
}

void wti_port_disarm(wt_port *port)
{
	wti_source_disarm(&port->source);
	/* It may have been armed for the loop, or a select, which is to look by itself from now on. */
	if (wti_port_wants_loop(port) || port->selected)
		wti_loop_watch(&port->source);
}

static bool port_receive_arm(void *what)
{
	wt_port *port = what;

	wti_source_note_sleep(wti_load(&port->source.owner));
	if (wti_port_arm(port) || wti_barrier_heavy())
		return true;
	wti_source_end_brief(&port->source);
	return false;
}

static void port_receive_disarm(void *what)
{
	wti_port_disarm(what);
}

#ifdef WTI_TESTING
static bool port_receive_data_only(void *what)
{
	wt_port *port = what;

	return wti_ring_ready(&port->inbox);
}
#endif

static const void *port_receive_object(void *what)
{
	return what;
}

/* Of an answer: how far the other end has read what was posted to it. */
static uint64_t port_receive_progress(void *what)
{
	const wt_port *port = what;

	return wti_ring_progress(&port->peer->inbox);
}

static const struct wti_wait_ops port_receive_ops = {
	.name = "message",
	.kind = "port",
	.object = port_receive_object,
	.ready = port_receive_ready,
	.arm = port_receive_arm,
	.disarm = port_receive_disarm,
	.progress = port_receive_progress,
#ifdef WTI_TESTING
	.data_only = port_receive_data_only,
#endif
};

/* How many messages the run had that is over now. */
static uint64_t port_end_run(wt_port *port)
{
	uint64_t received = wti_load(&port->received);
	uint64_t run = received - port->run_from;

	port->run_from = received;
	return run;
}

/* Whether something was posted from this end since this was called last. */
static bool port_note_posted(wt_port *port)
{
	uint64_t posted = wti_ring_tail_guess(&port->peer->inbox);
	bool has = posted != port->run_posted;

	port->run_posted = posted;
	return has;
}

/*
 * Who waits at the other end posts nothing until something is posted to it. So either all that it posted lies here, or,
 * where nothing does and nothing was posted to it since the last look, nothing comes: there is nobody to let get ahead.
 * Others who post from that end are overlooked. Its waits_at is in a line of the other core: nobody looks who would not
 * pause.
 */
unsigned wti_port_pauses(wt_port *port, uint64_t *waits_at)
{
	uint64_t run = port_end_run(port);
	unsigned pauses = wti_wait_pauses_after(run);
	bool answered = pauses && port_note_posted(port);
	int64_t ahead;

	if (answered)
		pauses = wti_wait_pauses_answered(run);
	if (!pauses)
		return 0;
	*waits_at = wti_load_guess(&port->peer->waits_at);
	ahead = (int64_t)(*waits_at - port->inbox.read);
	return ahead > 0 || (ahead == 0 && !answered && !wti_ring_ready(&port->inbox)) ? 0 : pauses;
}

/*
 * Until the other end's owner has posted what it had to, and waits itself: it may wait for an answer to what lies here.
 * Kept because it measures better: streams of 1000 messages of 8 bytes that end in an answer were 1.07 to 1.10 times as
 * fast in four runs of 5 to 9 rounds (AMD, a word 55 ns to the other CPU), those of 10000 1.02 to 1.04 times; of 100 they
 * took 1.03 times as long. Drained, those of 100 and 1000 were 1.37 to 1.45 times as fast in three runs of 7 to 9 rounds,
 * 1.07 to 1.21 times in two where a word takes 300 ns.
 */
static void port_gather(wt_port *port)
{
	uint64_t waits_at = 0;
	unsigned pauses = wti_port_pauses(port, &waits_at);

	wti_wait_gather_while(pauses, &port->peer->waits_at, waits_at);
}

/* For who pauses at the other end. */
static inline void port_tell_wait(wt_port *port)
{
	wti_store_guess(&port->waits_at, wti_ring_tail_guess(&port->peer->inbox));
}

/* The ring is empty: wait, or say why none will come. 0 when a message is there. */
static int port_await_message(wt_port *port, struct wti_thread *self, wt_time deadline)
{
	int err;

	wti_port_offer_room(port);
	if (deadline == WT_NOW) {
		port_end_run(port);
	} else {
		port_tell_wait(port);
		port_gather(port);
	}
	err = wti_wait(self, &port_receive_ops, port, deadline);
	if (!err && !wti_ring_ready(&port->inbox))
		err = WT_ECLOSED;
	return err;
}

static inline int port_take(wt_port *port, struct wti_thread *self, struct wti_record *record, wt_time deadline)
{
	int err;

	while (wti_unlikely(!wti_ring_next(&port->inbox, record))) {
		err = port_await_message(port, self, deadline);
		if (err)
			return err;
	}
	err = port_decode(port);
	if (wti_unlikely(err)) {
		wti_port_end_view(port);
		port_took(port);
	}
	return err;
}

static WTI_COLD int port_take_traced(wt_port *port, struct wti_thread *self, struct wti_record *record,
				     wt_time deadline)
{
	int err = port_take(port, self, record, deadline);

	if (!err)
		port_trace(port, self, WTI_TRACE_RECEIVE, record->size);
	return err;
}

static int port_receive_record(wt_port *port, struct wti_thread *self, struct wti_record *record, wt_time deadline)
{
	if (wti_unlikely(!port || deadline < 0))
		return WT_EINVAL;
	if (wti_unlikely(!self || wti_load(&port->source.owner) != self))
		return wti_fork_error(WT_EOWNER);
	if (wti_thread_terminating(self))
		return wti_fork_error(WT_ETERMINATED);
	wti_port_end_view(port);
	if (wti_unlikely(wti_forked())) /* by a deleter, as below */
		return WT_EFORKED;
	/* Closed also where a deleter has done it just now. */
	if (wti_unlikely(port->closing || port->traced))
		return port->closing ? WT_ECLOSED : port_take_traced(port, self, record, deadline);
	return port_take(port, self, record, deadline);
}

static WTI_INLINE void port_hand_out(wt_port *port, struct wti_thread *self, const struct wti_record *record,
				     wt_message *message)
{
	WTI_PROBE3(receive, &port->inbox, port->inbox.read, record->size);
	*message = port_view(port, self, record);
}

static inline bool port_has_nothing_in_the_way(const wt_port *port, const struct wti_thread *self,
					       const wt_message *message, wt_time deadline)
{
	if (wti_unlikely(!port || !self || !message || deadline < 0))
		return false;
	if (wti_unlikely(wti_load(&port->source.owner) != self || wti_thread_terminating(self)))
		return false;
	return !(port->pins || port->closing || port->traced || port->ending || WTI_MAY_FAULT());
}

/* The next message, if it is no more than bytes. */
static WTI_INLINE bool port_receive_next(wt_port *port, struct wti_thread *self, wt_message *message)
{
	const struct wti_record record = wti_ring_next_short(&port->inbox);

	if (wti_unlikely(!record.data))
		return false;
	port_hand_out(port, self, &record, message);
	return true;
}

/* The next message, whatever came with it. */
static bool port_receive_next_any(wt_port *port, struct wti_thread *self, wt_message *message)
{
	struct wti_record record;

	if (port_receive_next(port, self, message))
		return true;
	if (!wti_ring_next(&port->inbox, &record))
		return false;
	port_hand_out(port, self, &record, message);
	return true;
}

/* Nobody is owed room, which comes first, and no stream is under way, which is let get ahead. */
static inline bool port_may_glance(const wt_port *port, const struct wti_thread *self, wt_time deadline)
{
	return deadline != WT_NOW && !port->inbox.read_limited && wti_list_empty(&self->owing) &&
	       !wti_wait_pauses_after(wti_load(&port->received) - port->run_from) && wti_wait_may_glance(self);
}

/*
 * The ring is empty: true if there is something soon. An answer, mostly, which the thread that asked takes from here the
 * short way; behind a wait it takes as many instructions again.
 * Kept because it measures better: round trips, awake, were 1.32 times as fast in 13 rounds, with one producer 1.23
 * times, those of the transfer benchmark with 8 bytes 1.31, with a buffer 1.02 to 1.11 (AMD). With four times the looks
 * there is no difference.
 */
static bool port_glance(wt_port *port, const struct wti_thread *self, wt_time deadline)
{
	if (!port_may_glance(port, self, deadline))
		return false;
	port_tell_wait(port);
	port_end_run(port);
	wti_ring_begin_run(&port->inbox);
	WTI_YIELD(WTI_YIELD_GLANCING, port);
	return wti_ring_glance(&port->inbox, WTI_WAIT_GLANCES);
}

/*
 * Whatever is in the way.
 * Begins a line because it measures better: 16 bytes behind the beginning of one, where the linker had put it once,
 * round trips took 1.3 times as long (AMD).
 */
static WTI_APART WTI_LINE_OF_CODE int port_receive_any(wt_port *port, struct wti_thread *self, wt_message *message,
						       wt_time deadline)
{
	struct wti_record record;
	int err;

	if (!message)
		return WT_EINVAL;
	err = port_receive_record(port, self, &record, deadline);
	if (wti_unlikely(err)) {
		*message = (wt_message){ 0 };
		return err;
	}
	port_hand_out(port, self, &record, message);
	port_took(port);
	return 0;
}

/* With nothing in the way, as far as was seen; the end of the view before this one may close the port, or fork. */
static WTI_APART int port_receive(wt_port *port, struct wti_thread *self, wt_message *message, wt_time deadline)
{
	port_give_back(port);
	if (wti_likely(!port->closing && !wti_forked())) {
		if (wti_likely(port_receive_next(port, self, message)) ||
		    (port_glance(port, self, deadline) && port_receive_next_any(port, self, message))) {
			port_took(port);
			return 0;
		}
	}
	return port_receive_any(port, self, message, deadline);
}

/*
 * Nearly each message takes the short way, here, in port_deliver and in wt_port_post: a look at what might be in the
 * way, and what the ring has inline.
 * Kept because it measures better: a message of 8 bytes, posted and received, went from 382 instructions to 259, with
 * the benchmark's. Three runs of 13 to 15 rounds, AMD: streams of 8 bytes were 1.37 to 1.45 times as fast, with one
 * producer 1.44 and 1.64 times, drained 1.46, in streams of 1000 1.49; those of 64 bytes 1.3 to 1.5 times; of two
 * producers 1.11 and 1.15.
 */
int wt_port_receive(wt_port *port, wt_message *message, wt_time deadline)
{
	struct wti_thread *self = wti_thread_peek();

	WTI_USES(port, PORT);
	if (wti_unlikely(!port_has_nothing_in_the_way(port, self, message, deadline)))
		return port_receive_any(port, self, message, deadline);
	if (wti_likely(wti_ring_release_short(&port->inbox)) && wti_likely(port_receive_next(port, self, message)))
		return 0;
	return port_receive(port, self, message, deadline);
}

/* ---- Handing over to callbacks ---- */

/* What a callback held is given back while it still counts as one: see port_destroy_dropped. */
static void port_unpin(wt_port *port, struct wti_thread *self)
{
	if (port->pins == 1) {
		port->oldest = self->views + 1;
		port_give_back(port);
	}
	port->pins--;
}

static WTI_INLINE void port_call(wt_port *port, wt_port_fn *fn, void *arg, wt_message *message, int err)
{
	WTI_PROBE3(handler_begin, &port->inbox, port->inbox.read, message->size);
	if (wti_likely(!err))
		fn(port, message, arg);
	else if (port->on_message_error)
		port->on_message_error(port, err, port->on_message_error_arg);
	WTI_PROBE1(handler_end, &port->inbox);
}

static WTI_COLD void port_call_traced(wt_port *port, wt_port_fn *fn, void *arg, wt_message *message, int err)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	port_trace(port, self, WTI_TRACE_HANDLER, message->size);
	port_call(port, fn, arg, message, err);
	wti_trace_end(self, err);
}

/* The callback is over, unless this is a forked child: then nothing is touched any more, and it is false. */
static inline bool port_called(wt_port *port, struct wti_thread *self)
{
	if (wti_forked())
		return false;
	port_unpin(port, self);
	return true;
}

/* The next record. A view that was received before stays until there is one. */
static bool port_next(wt_port *port, struct wti_record *record)
{
	if (wti_unlikely(port->view && !port->pins)) {
		if (!wti_ring_ready(&port->inbox))
			return false;
		wti_port_end_view(port);
	}
	return wti_ring_next(&port->inbox, record);
}

/* One that is more than a message's bytes, or of which there is more to tell. */
static WTI_APART bool port_deliver_any(wt_port *port, struct wti_thread *self, wt_port_fn *fn, void *arg)
{
	struct wti_record record;
	wt_message message;
	int err;

	if (!port_next(port, &record))
		return false;
	err = port_decode(port);
	if (wti_likely(!err)) {
		message = port_view(port, self, &record);
	} else {
		message.size = record.size;
		if (!port->pins)
			port->oldest = self->views + 1;
	}
	port->pins++;
	if (wti_unlikely(port->traced))
		port_call_traced(port, fn, arg, &message, err);
	else
		port_call(port, fn, arg, &message, err);
	return port_called(port, self);
}

static WTI_INLINE bool port_deliver_short(wt_port *port, struct wti_thread *self, wt_port_fn *fn, void *arg,
					  const struct wti_record *record)
{
	wt_message message = port_view(port, self, record);

	port->pins++;
	port_call(port, fn, arg, &message, 0);
	return port_called(port, self);
}

/*
 * Call back for one record. The pin keeps its view whatever the callback
 * does; it is in the port, not on the stack, since the callback may not
 * return (wt_exit). False when there was no record, and in a forked child.
 */
static bool port_deliver(wt_port *port, wt_port_fn *fn, void *arg)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	if (wti_likely(!port->view && !port->traced && !WTI_MAY_FAULT())) {
		const struct wti_record record = wti_ring_next_short(&port->inbox);

		if (wti_likely(record.data != NULL))
			return port_deliver_short(port, self, fn, arg, &record);
	}
	return port_deliver_any(port, self, fn, arg);
}

/* Closing, or in a timeline; or, in a test, with faults. */
static inline bool port_is_special(const wt_port *port)
{
	return port->traced || port->closing || WTI_MAY_FAULT();
}

#define PORT_TURN_FEW 16

/*
 * The tail, from producers' cache line, only where it may matter: they would have to take that back for their next post.
 * Up to a few messages the share is WTI_TURN_MIN, whatever they have reserved.
 * Kept because it measures better: messages to any of 2 to 16 ports went from 85 ns to 60, to any of 64 from 116 to 97.
 */
static uint64_t port_turn_end(wt_port *port)
{
	return wti_ring_ready_beyond(&port->inbox, PORT_TURN_FEW) ? wti_ring_tail(&port->inbox) : port->inbox.read;
}

static void port_turn_messages(wt_port *port, struct wti_thread *self, unsigned *calls)
{
	uint64_t tail = port_turn_end(port);
	unsigned n = 0;

	if (self->port_last != port)
		self->loop_stream = 0;
	while (port->started && port->on_message && !wti_loop_interrupted(self) &&
	       wti_loop_within_share(tail, port->inbox.read, n)) {
		if (port->closing && !wti_port_has_parting(port))
			break;
		if (!port_deliver(port, port->on_message, port->on_message_arg))
			break;
		n++;
	}
	self->loop_stream += n;
	*calls += n;
}

static void port_turn(struct wti_source *source, unsigned *calls)
{
	wt_port *port = wti_container_of(source, wt_port, source);
	struct wti_thread *self = wti_load(&source->owner);

	if (port->before_turn && !port->before_turn(port, calls))
		return;
	port_turn_messages(port, self, calls);
	if (wti_forked())
		return;
	if (port->closing) {
		if (!wti_loop_interrupted(self))
			wti_port_finish_close(port, calls);
		return;
	}
	wti_port_offer_room(port);
	if (wti_loop_interrupted(self))
		return;
	if (wti_port_drain_due(port))
		wti_port_turn_drain(port, calls);
	else if (port_hears_close(port))
		wti_port_tell_close(port, calls);
}

static bool port_gap_is_over(wt_port *port)
{
	return wti_ring_ready(&port->inbox) || !wti_port_has_gap(port);
}

static bool port_ready(struct wti_source *source)
{
	wt_port *port = wti_container_of(source, wt_port, source);

	/* One that a callback below us holds is in its turn already. */
	if (port->pins)
		return false;
	if (port->closing)
		return true;
	return (port->started && port->on_message && wti_ring_ready(&port->inbox)) || port_hears_close(port) ||
	       wti_port_drain_due(port) || (port->gap_watched && port_gap_is_over(port));
}

static void port_leave(struct wti_source *source)
{
	wt_port *port = wti_container_of(source, wt_port, source);

	port->ending = !port->close_told && wti_port_peer_has_ended(port);
}

static bool port_holds(struct wti_source *source)
{
	wt_port *port = wti_container_of(source, wt_port, source);

	return !port->pins && ((port->closing && !port->close_told) || (port->on_close && port_hears_close(port)));
}

static void port_approach(struct wti_source *source)
{
	wt_port *port = wti_container_of(source, wt_port, source);

	wti_prefetch_write(&port->view);
	wti_ring_approach(&port->inbox);
}

const struct wti_source_ops wti_port_source_ops = {
	.brief = true,
	.turn = port_turn,
	.ready = port_ready,
	.leave = port_leave,
	.holds = port_holds,
	.approach = port_approach,
};

/*
 * Who drains what has come since the last time is there again soon, for less
 * each time, and each look at the tail takes the producer its line. So where a
 * stream has been drained, it is let get ahead before the next look, for some
 * microseconds at most and none where nothing is there.
 * Kept because it measures better: 8-byte messages 37 million a second without
 * it, 55 with it; 64-byte ones 38, and 50. Not for large ones, of which the
 * receiver has to fetch line after line: 1 KiB messages were 1.31 to 1.37 times
 * as fast without it in five runs of 5 rounds, those of 16 KiB 0.99 to 1.21
 * times (AMD). Whether they are large the drain before tells, so that a stream
 * of small ones behind them has its pauses soon.
 */
static void port_gather_to_drain(wt_port *port)
{
	uint64_t run = wti_load(&port->received) - port->run_from;

	if (run >= PORT_DRAIN_RUN && !port->drained_large && wti_ring_ready(&port->inbox))
		port_gather(port);
}

/* So many messages were drained, of so many bytes. Behind large ones a stream of small ones is another run. */
static void port_learn_size(wt_port *port, uint64_t messages, uint64_t bytes)
{
	bool large = bytes >= messages * PORT_DRAIN_LARGE;

	if (!messages)
		return;
	if (port->drained_large && !large)
		port_end_run(port);
	port->drained_large = large;
}

/*
 * Hand over messages up to the position `tail`, `most` of them at most, as long as nothing is in the way, each as
 * port_deliver does. How many there were.
 * Kept because it measures better than a call for each: 39 instructions less of 120; messages of 8, 64 and 256 bytes,
 * drained, were 1.18, 1.14 and 1.11 times as many (AMD).
 */
static size_t port_deliver_run(wt_port *port, wt_port_fn *fn, void *arg, uint64_t tail, size_t most)
{
	struct wti_thread *self = wti_load(&port->source.owner);
	size_t n = 0;

	while (!port->view && !port_is_special(port) && n < most && (int64_t)(tail - port->inbox.read) > 0) {
		const struct wti_record record = wti_ring_next_short(&port->inbox);

		if (wti_unlikely(!record.data) || !port_deliver_short(port, self, fn, arg, &record))
			break;
		n++;
	}
	return n;
}

/* Hand over what waits now, `max` at most if that is not 0. How many there were. */
static size_t port_drain(wt_port *port, wt_port_fn *fn, void *arg, size_t max)
{
	/* Where nothing is, the tail is left with producers. */
	uint64_t tail = wti_ring_ready(&port->inbox) ? wti_ring_tail(&port->inbox) : port->inbox.read;
	uint64_t received = wti_load(&port->received);
	uint64_t bytes = wti_load(&port->received_bytes);
	size_t most = max ? max : SIZE_MAX;
	size_t n = port_deliver_run(port, fn, arg, tail, most);

	/* A callback that closes the port has all that was queued then handed over, whatever `max` is. */
	while (port->closing ? wti_port_has_parting(port) : (int64_t)(tail - port->inbox.read) > 0 && n < most) {
		if (wti_forked() || !port_deliver(port, fn, arg))
			break;
		n++;
		n += port_deliver_run(port, fn, arg, tail, most - n);
	}
	if (wti_forked())
		return n;
	port_learn_size(port, wti_load(&port->received) - received, wti_load(&port->received_bytes) - bytes);
	/* There is a backlog: nobody has to be let get ahead. */
	if (max && n == max)
		port_end_run(port);
	return n;
}

int wt_port_drain(wt_port *port, wt_port_fn *fn, void *arg, size_t max, size_t *drained)
{
	struct wti_thread *self = wti_thread_peek();
	size_t n;
	int err = 0;

	WTI_USES(port, PORT);
	if (drained)
		*drained = 0;
	if (!port || !fn)
		return WT_EINVAL;
	if (!self || wti_load(&port->source.owner) != self)
		return wti_fork_error(WT_EOWNER);
	if (port->closing)
		return WT_ECLOSED;
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	wti_port_end_view(port);
	if (wti_forked())
		return WT_EFORKED;
	port_gather_to_drain(port);
	self->drains++;
	n = port_drain(port, fn, arg, max);
	if (wti_forked())
		return WT_EFORKED;
	self->drains--;
	if (drained)
		*drained = n;
	if (!n && wti_port_peer_has_ended(port) && !wti_ring_ready(&port->inbox))
		err = WT_ECLOSED;
	if (port->closing) {
		if (!port->pins)
			wti_port_finish_close(port, NULL);
	} else {
		port_took(port);
		wti_port_offer_room(port);
	}
	if (!n)
		port_pay_owed(self); /* of other ports */
	return err;
}
