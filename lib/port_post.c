/* SPDX-License-Identifier: MIT
 *
 * Posting and sending, by any thread that knows the port to be open.
 */
#include "port.h"
#include "seam.h"
#include "wait.h"

/* After an attempt to post, which may have published something even where it failed. */
static inline void port_published(wt_port *receiver, int err)
{
	WTI_YIELD(WTI_YIELD_COMMITTED, receiver);
	wti_source_notify(&receiver->source);
	/* What failed may have taken room for a moment, in which another sender found none. */
	if (wti_unlikely(err) && wti_waiters_any(&receiver->senders))
		wti_waiters_wake(&receiver->senders);
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

int wt_port_post(wt_port *port, const void *data, size_t size)
{
	wt_port *receiver;
	int err;

	if (wti_unlikely(!port || (!data && size)))
		return WT_EINVAL;
	receiver = port->peer;
	if (wti_unlikely(wti_port_is_closed(receiver) || wti_port_is_closed(port)))
		return WT_ECLOSED;
#ifdef WTI_TESTING
	if (WTI_MUTANT(WTI_MUTANT_WAKE_AT_RESERVE))
		return port_post_mutant(receiver, data, size);
#endif
	err = wti_ring_post(&receiver->inbox, data, size, 0);
	port_published(receiver, err);
	return err;
}

int wt_port_post_many(wt_port *port, const struct iovec *messages, size_t count, size_t *posted)
{
	size_t n = 0;
	int err = 0;

	if (posted)
		*posted = 0;
	if (!port || (!messages && count))
		return WT_EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!messages[i].iov_base && messages[i].iov_len)
			return WT_EINVAL;
	if (wti_port_is_closed(port->peer) || wti_port_is_closed(port))
		return WT_ECLOSED;
	if (count) {
		err = wti_ring_post_many(&port->peer->inbox, messages, count, &n);
		port_published(port->peer, err);
	}
	if (posted)
		*posted = n;
	return err;
}

/* A send that waits for room in the other end's inbox. */
struct port_send {
	wt_port *receiver;
	size_t size;
	struct wti_waiter waiter;
};

static bool port_send_ready(void *what)
{
	struct port_send *send = what;

	return wti_port_is_closed(send->receiver) || wti_ring_has_room(&send->receiver->inbox, send->size);
}

static void port_send_arm(void *what)
{
	struct port_send *send = what;

	wti_waiters_add(&send->receiver->senders, &send->waiter);
}

static void port_send_disarm(void *what)
{
	struct port_send *send = what;

	wti_waiters_remove(&send->receiver->senders, &send->waiter);
}

static const struct wti_wait_ops port_send_ops = {
	.ready = port_send_ready,
	.arm = port_send_arm,
	.disarm = port_send_disarm,
};

static int port_await_room(wt_port *receiver, size_t size, wt_time deadline)
{
	struct wti_thread *self = wti_thread_self();
	struct port_send send = { .receiver = receiver, .size = size };

	if (!self)
		return WT_ENOMEM;
	if (wti_load(&receiver->source.owner) == self)
		return WT_EDEADLK;
	wti_waiter_init(&send.waiter, self);
	return wti_wait(self, &port_send_ops, &send, deadline);
}

static int port_check_outgoing(const wt_outgoing *message, size_t *size)
{
	size_t sum = 0;

	if (message->zero || message->reserved[0] || message->reserved[1] || message->reserved[2] ||
	    message->reserved[3])
		return WT_EINVAL;
	if ((message->iov || message->iovcnt) && (message->data || message->size))
		return WT_EINVAL;
	if (message->iovcnt && !message->iov)
		return WT_EINVAL;
	if (!message->data && message->size)
		return WT_EINVAL;
	for (size_t i = 0; i < message->iovcnt; i++) {
		if (!message->iov[i].iov_base && message->iov[i].iov_len)
			return WT_EINVAL;
		if (__builtin_add_overflow(sum, message->iov[i].iov_len, &sum))
			return WT_EOVERFLOW;
	}
	*size = message->iovcnt ? sum : message->size;
	return 0;
}

static int port_try_send(wt_port *port, const wt_outgoing *message, size_t size)
{
	wt_port *receiver = port->peer;
	int err;

	if (wti_port_is_closed(receiver) || wti_port_is_closed(port))
		return WT_ECLOSED;
	if (message->iovcnt)
		err = wti_ring_post_iov(&receiver->inbox, message->iov, message->iovcnt, size, message->type);
	else
		err = wti_ring_post(&receiver->inbox, message->data, size, message->type);
	port_published(receiver, err);
	return err;
}

int wt_port_send(wt_port *port, const wt_outgoing *message, wt_time deadline)
{
	size_t size;
	int err;

	if (!port || !message || deadline < 0)
		return WT_EINVAL;
	err = port_check_outgoing(message, &size);
	if (err)
		return err;
	for (;;) {
		err = port_try_send(port, message, size);
		if (err != WT_EAGAIN || deadline == WT_NOW)
			return err;
		err = port_await_room(port->peer, size, deadline);
		if (err)
			return err;
	}
}
