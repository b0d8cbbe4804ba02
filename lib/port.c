/* SPDX-License-Identifier: MIT */
#include "port.h"

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "loop.h"
#include "seam.h"
#include "wait.h"

static int port_read_options(wt_channel_options *to, const wt_channel_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (err)
		return err;
	if (to->capacity > WTI_SIZE_MAX || to->limit > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return 0;
}

static void port_init(wt_port *port, wt_port *peer, struct wti_channel *channel, struct wti_thread *owner,
		      const wt_channel_options *options)
{
	port->channel = channel;
	port->peer = peer;
	wti_source_init(&port->source, &wti_port_source_ops, owner);
	wti_ring_init(&port->inbox, options->capacity, options->limit ? options->limit : WTI_NO_LIMIT,
		      options->single_producer);
	wti_waiters_init(&port->senders);
	wti_list_init(&port->owned);
	wti_list_init(&port->owing);
	wti_list_append(&owner->ports, &port->owned);
}

/* At the end of a thread: its ports are closed, so that their peers hear of it. */
static void port_thread_end(struct wti_thread *self)
{
	struct wti_list *link;

	while ((link = wti_list_pop(&self->ports)))
		wti_port_close_now(wti_list_entry(link, wt_port, owned));
}

/* Callbacks that held views were left by a jump: what they held is free, a port that they closed goes on closing. */
static void port_thread_unwound(struct wti_thread *self)
{
	for (struct wti_list *link = self->ports.next; link != &self->ports; link = link->next)
		wti_list_entry(link, wt_port, owned)->pins = 0;
}

static void port_enlist_ends(struct wti_thread *owner)
{
	owner->end[WTI_END_PORTS] = port_thread_end;
	owner->unwound[WTI_END_PORTS] = port_thread_unwound;
}

int wti_channel_create(struct wti_thread *owner_a, struct wti_thread *owner_b, const wt_channel_options *options,
		       wt_port **a, wt_port **b)
{
	wt_channel_options read;
	struct wti_channel *channel;
	int err = port_read_options(&read, options);

	if (err)
		return err;
	channel = wti_alloc_lines(sizeof *channel);
	if (!channel)
		return WT_ENOMEM;
	wti_store(&channel->handles, 2);
	*a = &channel->end[0];
	*b = &channel->end[1];
	port_init(*a, *b, channel, owner_a, &read);
	port_init(*b, *a, channel, owner_b, &read);
	port_enlist_ends(owner_a);
	port_enlist_ends(owner_b);
	return 0;
}

void wti_channel_discard(wt_port *a)
{
	wt_port *b = a->peer;

	wti_port_close_now(a);
	wti_port_close_now(b);
}

void wt_channel_options_init(wt_channel_options *options)
{
	if (options)
		*options = (wt_channel_options){ .size = sizeof *options };
}

int wt_channel_create(wt_port **a, wt_port **b, const wt_channel_options *options)
{
	struct wti_thread *self;

	if (a)
		*a = NULL;
	if (b)
		*b = NULL;
	if (!a || !b || a == b)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	return wti_channel_create(self, self, options, a, b);
}

/* ---- Posting ---- */

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
	if (wti_forked())
		return WT_EFORKED;
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
	if (wti_forked())
		return WT_EFORKED;
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
	if (wti_forked())
		return WT_EFORKED;
	for (;;) {
		err = port_try_send(port, message, size);
		if (err != WT_EAGAIN || deadline == WT_NOW)
			return err;
		err = port_await_room(port->peer, size, deadline);
		if (err)
			return err;
	}
}

/* ---- Handlers and liveness ---- */

/* The calling thread's record if it owns the port and the port is not closed, else NULL. */
static struct wti_thread *port_own(const wt_port *port)
{
	struct wti_thread *self = wti_thread_peek();

	if (!port || !self || wti_load(&port->source.owner) != self || port->closing)
		return NULL;
	return self;
}

static void port_set_ref(wt_port *port, struct wti_thread *self, bool ref)
{
	if (port->refd == ref)
		return;
	port->refd = ref;
	if (ref)
		wti_loop_hold(self);
	else
		wti_loop_release(self);
}

void wt_port_ref(wt_port *port)
{
	struct wti_thread *self = port_own(port);

	if (!self || port->close_told)
		return;
	port_set_ref(port, self, true);
	wti_loop_watch(&port->source);
}

void wt_port_unref(wt_port *port)
{
	struct wti_thread *self = port_own(port);

	if (self)
		port_set_ref(port, self, false);
}

bool wt_port_has_ref(const wt_port *port)
{
	return port_own(port) && port->refd;
}

void wt_port_start(wt_port *port)
{
	if (!port_own(port))
		return;
	port->started = true;
	wti_loop_watch(&port->source);
}

void wt_port_stop(wt_port *port)
{
	if (port_own(port))
		port->started = false;
}

void wt_port_on_message(wt_port *port, wt_port_fn *fn, void *arg)
{
	if (!port_own(port))
		return;
	port->on_message = fn;
	port->on_message_arg = arg;
	if (fn) {
		wt_port_ref(port);
		wt_port_start(port);
	} else {
		wt_port_unref(port);
		wt_port_stop(port);
	}
}

void wt_port_on_message_error(wt_port *port, void (*fn)(wt_port *port, int error, void *arg), void *arg)
{
	if (!port_own(port))
		return;
	port->on_message_error = fn;
	port->on_message_error_arg = arg;
}

void wt_port_on_close(wt_port *port, void (*fn)(wt_port *port, void *arg), void *arg)
{
	if (!port_own(port))
		return;
	port->on_close = fn;
	port->on_close_arg = arg;
	wti_loop_watch(&port->source);
}
