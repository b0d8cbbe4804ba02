/* SPDX-License-Identifier: MIT
 *
 * Posting and sending, by any thread that knows the port, or a sender made of
 * it, to be open.
 */
#include "fork.h"
#include "message.h"
#include "port.h"
#include "ring_post.h"
#include "seam.h"
#include "transfer.h"
#include "wait.h"

void wti_port_gave_room(wt_port *receiver)
{
	if (wti_waiters_any(&receiver->senders))
		wti_waiters_wake(&receiver->senders);
	if (wti_port_drain_wanted(receiver->peer))
		wti_port_tell_drain(receiver->peer);
}

/*
 * The receiver may have closed between our look and our commit, and its inbox
 * may have been emptied up to our record: what lies here or behind us, which
 * may be more than bytes, is not to wait for this end's close (C5).
 */
static WTI_COLD void port_came_late(wt_port *receiver)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_port_drop_dead(receiver, &dropped);
	wti_cargo_destroy_all(&dropped);
}

/* Whether there is more to do after a message was published: the receiver may sleep, or be gone. */
static inline bool port_is_to_be_told(const wt_port *receiver)
{
	return !wti_source_is_quiet(&receiver->source) || wti_port_is_closed(receiver);
}

/* Returns 0, for the end of a function: for a call in its middle a post would save registers, each time. */
static WTI_APART int port_tell(wt_port *receiver)
{
	wti_source_notify(&receiver->source);
	if (wti_unlikely(wti_port_is_closed(receiver)) && !WTI_MUTANT(WTI_MUTANT_LATE_COMMIT))
		port_came_late(receiver);
	return 0;
}

/* After a short post, for its end. */
static WTI_INLINE int port_posted(wt_port *receiver)
{
	WTI_YIELD(WTI_YIELD_COMMITTED, receiver);
	return wti_unlikely(port_is_to_be_told(receiver)) ? port_tell(receiver) : 0;
}

/* After an attempt to post, which may have published something even where it failed. */
static inline void port_published(wt_port *receiver, int err)
{
	WTI_YIELD(WTI_YIELD_COMMITTED, receiver);
	if (wti_unlikely(port_is_to_be_told(receiver)))
		port_tell(receiver);
	/* What failed may have taken room for a moment, in which another sender found none. */
	if (wti_unlikely(err))
		wti_port_gave_room(receiver);
}

void wti_port_published(wt_port *receiver, struct wti_list *dropped)
{
	WTI_YIELD(WTI_YIELD_COMMITTED, receiver);
	wti_source_notify(&receiver->source);
	if (wti_port_is_closed(receiver) && !WTI_MUTANT(WTI_MUTANT_LATE_COMMIT)) /* pairs with port_close.c [close-1] */
		wti_port_drop_dead(receiver, dropped);
}

/* What the program is told; a refusal is noted. */
static inline int port_answer(wt_port *port, int err, size_t size)
{
	if (wti_unlikely(err == WT_EAGAIN || err == WT_ETIMEDOUT))
		wti_port_note_refusal(port, size);
	return err;
}

/* Whether nothing can be posted: of a port, also because it is closed itself. */
static inline bool port_refuses(const wt_port *port, const wt_sender *sender)
{
	return wti_port_is_closed(port->peer) || (!sender && wti_port_is_closed(port));
}

/*
 * Of a port that was quiet the receiver has the record's line, too, and the first locked instruction behind the
 * record would wait for it. Of another one the posts before have asked for it, and the receiver is reading there.
 * Kept because it measures better: messages to any of 4096 ports went from 5.5 million a second to 5.8, to any of 256
 * from 6.3 to 6.45. Asked for at each post, a stream of 8 bytes loses a third.
 */
static inline void port_approach(wt_port *receiver)
{
	if (wti_unlikely(wti_source_approach(&receiver->source)))
		wti_ring_approach_post(&receiver->inbox);
}

#ifdef WTI_TESTING
/* The wrong version: whether to wake is decided by what the ring looked like before the commit. */
static int port_post_mutant(wt_port *receiver, const void *data, size_t size)
{
	bool was_empty = wti_ring_tail(&receiver->inbox) == receiver->inbox.read;
	int err = wti_ring_post(&receiver->inbox, data, size, 0);

	if (was_empty)
		port_published(receiver, err);
	return err;
}
#endif

static inline int port_post_typed(wt_port *receiver, const void *data, size_t size, uint32_t type)
{
	int err = wti_ring_post(&receiver->inbox, data, size, type);

	port_published(receiver, err);
	return err;
}

/* What is not short, or has something in its way. */
static WTI_APART int port_post_any(wt_port *port, const void *data, size_t size)
{
	return port_answer(port, port_post_typed(port->peer, data, size, 0), size);
}

static WTI_INLINE int port_post(wt_port *port, const void *data, size_t size)
{
	wt_port *receiver = port->peer;

#ifdef WTI_TESTING
	if (WTI_MUTANT(WTI_MUTANT_WAKE_AT_RESERVE))
		return port_post_mutant(receiver, data, size);
#endif
	port_approach(receiver);
	if (wti_unlikely(!wti_ring_post_short(&receiver->inbox, data, size)))
		return port_post_any(port, data, size);
	return port_posted(receiver);
}

int wti_sender_post(wt_port *port, const void *data, size_t size)
{
	if (wti_forked())
		return WT_EFORKED;
	return wti_port_is_closed(port->peer) ? WT_ECLOSED : port_post(port, data, size);
}

int wt_port_post(wt_port *port, const void *data, size_t size)
{
	WTI_USES(port, PORT);
	if (wti_unlikely(!port || (!data && size)))
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (wti_unlikely(port_refuses(port, NULL)))
		return WT_ECLOSED;
	return port_post(port, data, size);
}

int wt_port_post_many(wt_port *port, const struct iovec *messages, size_t count, size_t *posted)
{
	size_t n = 0;
	int err = 0;

	WTI_USES(port, PORT);
	if (posted)
		*posted = 0;
	if (!port || (!messages && count))
		return WT_EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!messages[i].iov_base && messages[i].iov_len)
			return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (port_refuses(port, NULL))
		return WT_ECLOSED;
	if (count) {
		err = wti_ring_post_many(&port->peer->inbox, messages, count, &n);
		port_published(port->peer, err);
	}
	if (posted)
		*posted = n;
	return port_answer(port, err, n < count ? messages[n].iov_len : 0);
}

/* ---- Waiting for room ---- */

/* A send that waits for room in the other end's inbox. */
struct port_room {
	wt_port *receiver;
	size_t size;
	struct wti_waiter waiter;
};

static bool port_room_ready(void *what)
{
	struct port_room *room = what;

	return wti_port_is_closed(room->receiver) || wti_ring_has_room(&room->receiver->inbox, room->size);
}

static bool port_room_arm(void *what)
{
	struct port_room *room = what;

	wti_waiters_add(&room->receiver->senders, &room->waiter);
	return false;
}

static void port_room_disarm(void *what)
{
	struct port_room *room = what;

	wti_waiters_remove(&room->receiver->senders, &room->waiter);
}

static const void *port_room_object(void *what)
{
	const struct port_room *room = what;

	return room->receiver->peer;
}

static const struct wti_wait_ops port_room_ops = {
	.name = "room",
	.kind = "port",
	.object = port_room_object,
	.ready = port_room_ready,
	.arm = port_room_arm,
	.disarm = port_room_disarm,
};

/*
 * Who polls a full ring finds room for one message, and then none again: the two
 * pull the line of the head back and forth for each. So the receiver is let
 * get ahead first, in proportion to what it has to read, as a sender is where a
 * receiver has read all.
 * Kept because it measures better: 8-byte messages with room for 1024 went
 * from 17 million a second to 48, 64-byte ones from 16 to 48.
 */
static void port_let_receive(const wt_port *receiver, size_t size)
{
	wti_wait_gather(wti_wait_pauses_after(wti_ring_holds(&receiver->inbox, size)));
}

int wti_port_await_room(wt_port *receiver, size_t size, wt_time deadline)
{
	struct wti_thread *self = wti_thread_self();
	struct port_room room = { .receiver = receiver, .size = size };

	if (!self)
		return WT_ENOMEM;
	if (wti_load(&receiver->source.owner) == self)
		return WT_EDEADLK;
	port_let_receive(receiver, size);
	wti_waiter_init(&room.waiter, self);
	return wti_wait(self, &port_room_ops, &room, deadline);
}

/* ---- Sending ---- */

/* Bytes of the record's payload. False where they cannot be counted. */
static bool port_sending_payload(const struct wti_sending *sending, size_t *payload)
{
	size_t items;

	if (!sending->call && !sending->message->transfer_count) {
		*payload = sending->size;
		return true;
	}
	items = sending->message->transfer_count + (sending->call != 0);
	return !__builtin_add_overflow(sending->size, wti_cargo_size(items), payload);
}

static int port_try_plain(wt_port *receiver, const struct wti_sending *sending)
{
	const wt_outgoing *message = sending->message;

	if (message->iovcnt)
		return wti_ring_post_iov(&receiver->inbox, message->iov, message->iovcnt, sending->size, message->type);
	return wti_ring_post(&receiver->inbox, message->data, sending->size, message->type);
}

/*
 * All that can fail comes first: the list is checked, then there is room, and
 * only then are the things given up (M3).
 */
static int port_try_cargo(wt_port *receiver, const struct wti_sending *sending, size_t payload,
			  struct wti_list *dropped)
{
	const wt_outgoing *message = sending->message;
	const struct wti_route route = {
		.source = sending->sender ? NULL : sending->port,
		.sender = sending->sender,
		.target = receiver,
	};
	struct wti_ring_slot slot;
	int err = wti_transfer_check(message->transfer, message->transfer_count, &route);

	if (err)
		return err;
	err = wti_ring_reserve(&receiver->inbox, payload, &slot);
	if (err && WTI_MUTANT(WTI_MUTANT_MOVE_BEFORE_ROOM))
		wti_transfer_lose(message->transfer, message->transfer_count);
	if (err)
		return err;
	/* Before the pack: the bytes may lie in a view of a port that moves. */
	wti_outgoing_copy(slot.payload + payload - sending->size, message);
	wti_transfer_pack((struct wti_cargo *)(void *)slot.payload, sending->call, message, receiver, dropped);
	wti_ring_commit(&receiver->inbox, &slot, payload, message->type, true);
	return 0;
}

static int port_try_send(const struct wti_sending *sending, size_t payload, struct wti_list *dropped)
{
	wt_port *receiver = sending->port->peer;
	int err;

	if (port_refuses(sending->port, sending->sender))
		return WT_ECLOSED;
	if (payload == sending->size) {
		err = port_try_plain(receiver, sending);
		port_published(receiver, err);
		return err;
	}
	err = port_try_cargo(receiver, sending, payload, dropped);
	wti_port_published(receiver, dropped);
	if (err)
		wti_port_gave_room(receiver);
	return err;
}

static int port_send(const struct wti_sending *sending, size_t payload, wt_time deadline)
{
	struct wti_list dropped;
	int err;

	wti_list_init(&dropped);
	for (bool refused = sending->refused;; refused = false) {
		err = refused ? WT_EAGAIN : port_try_send(sending, payload, &dropped);
		if (err != WT_EAGAIN || deadline == WT_NOW)
			break;
		err = wti_port_await_room(sending->port->peer, payload, deadline);
		if (err)
			break;
	}
	wti_cargo_destroy_all(&dropped);
	return port_answer(sending->port, err, payload);
}

int wti_port_send(struct wti_sending *sending, wt_time deadline)
{
	size_t payload;
	int err;

	if (!sending->message || deadline < 0)
		return WT_EINVAL;
	err = wti_outgoing_check(sending->message, &sending->size);
	if (err)
		return err;
	if (sending->message->transfer_count > WTI_TRANSFER_MAX)
		return WT_EINVAL;
	if (!port_sending_payload(sending, &payload))
		return WT_EOVERFLOW;
	if (wti_forked())
		return WT_EFORKED;
	return port_send(sending, payload, deadline);
}

/* No error: the message is more than bytes in one piece and a type. */
#define PORT_IS_MORE 1

/* What needs no wait, and is no more than that. WT_EAGAIN, or PORT_IS_MORE: it is left to those below. */
static inline int port_send_at_once(wt_port *port, const wt_outgoing *message, wt_time deadline)
{
	if (wti_unlikely(!message || deadline < 0 || message->transfer_count || !wti_outgoing_is_one_piece(message)))
		return PORT_IS_MORE;
	if (wti_forked())
		return WT_EFORKED;
	if (wti_unlikely(port_refuses(port, NULL)))
		return WT_ECLOSED;
	port_approach(port->peer);
	return port_post_typed(port->peer, message->data, message->size, message->type);
}

static WTI_APART int port_send_any(wt_port *port, const wt_outgoing *message, wt_time deadline, bool refused)
{
	return wti_port_send(&(struct wti_sending){ .port = port, .message = message, .refused = refused }, deadline);
}

/* A buffer, and perhaps short bytes, if nothing is in its way; false: nothing has changed. */
static inline bool port_send_buffer(wt_port *receiver, const wt_outgoing *message)
{
	size_t payload = wti_cargo_size(1) + message->size;
	struct wti_ring_place place;

	if (!wti_outgoing_is_one_piece(message) || message->size > WTI_SHORT_MAX ||
	    !wti_transfer_is_one_buffer(message->transfer, message->transfer_count))
		return false;
	port_approach(receiver);
	place = wti_ring_reserve_short(&receiver->inbox, payload);
	if (!place.header)
		return false;
	wti_copy(wti_ring_payload(&place) + wti_cargo_size(1), message->data, message->size);
	wti_transfer_pack_buffer((struct wti_cargo *)(void *)wti_ring_payload(&place), message->transfer);
	wti_ring_commit_cargo_short(&receiver->inbox, &place, payload, message->type);
	return true;
}

/*
 * Of what is more than bytes the usual is a buffer that moves.
 * Kept because it measures better: with the receiver's part (port_receive_next_any, ring_release_taken,
 * wti_port_shows) a message with a buffer, behind a wait, went from some 980 instructions to 620, the benchmark's
 * included and the wait not; 8 bytes take 290. A buffer to and fro, with both ends written and read, was 1.30, 1.26 and
 * 1.24 times as fast in three runs of 13 rounds (AMD).
 */
static WTI_APART int port_send_more(wt_port *port, const wt_outgoing *message, wt_time deadline)
{
	wt_port *receiver = port->peer;

	if (!message || deadline < 0 || wti_forked() || port_refuses(port, NULL) || !port_send_buffer(receiver, message))
		return port_send_any(port, message, deadline, false);
	return port_posted(receiver);
}

/*
 * Kept because it measures better: of a message of 64 bytes to a port with a limit 263 instructions became 197, and
 * streams were 1.16 and 1.17 times as fast in 9 and 15 rounds; of 8 bytes 1.02 times.
 */
int wt_port_send(wt_port *port, const wt_outgoing *message, wt_time deadline)
{
	int err;

	WTI_USES(port, PORT);
	if (wti_unlikely(!port))
		return WT_EINVAL;
	err = port_send_at_once(port, message, deadline);
	if (wti_unlikely(err == PORT_IS_MORE))
		return port_send_more(port, message, deadline);
	return wti_unlikely(err == WT_EAGAIN) ? port_send_any(port, message, deadline, true) : err;
}
