/* SPDX-License-Identifier: MIT
 *
 * How a port ends. Its owner closes it: at once, or, inside its own message
 * callback, once what was queued then is handed over (C2); then comes its own
 * close event, if one was asked for, and the handle is gone. Or its peer is
 * closed: it stays until its owner closes it, but leaves the loop after the
 * close event (C1). Or its thread ends: at once and without an event (C4).
 */
#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "port.h"

/* After this, posts to this end are refused, and the peer's owner will find that out. */
static void port_announce_close(wt_port *port)
{
	/* pairs with wti_port_is_closed [source-1]: published before the look at the peer's source, and [waiters-1] */
	wti_store_sc(&port->closed, 1);
	wti_source_notify(&port->peer->source);
	if (wti_waiters_any(&port->senders))
		wti_waiters_wake(&port->senders);
}

static void port_leave_loop(wt_port *port, struct wti_thread *self)
{
	if (port->refd)
		wti_loop_release(self);
	port->refd = false;
	port->started = false;
}

static void port_drop_queue(wt_port *port)
{
	struct wti_record record;

	wti_port_end_view(port);
	while (wti_ring_next(&port->inbox, &record))
		wti_ring_release(&port->inbox, port->inbox.read);
}

static void channel_free(struct wti_channel *channel)
{
	for (int i = 0; i < 2; i++) {
		wt_port *port = &channel->end[i];

		wti_ring_destroy(&port->inbox);
		wti_waiters_destroy(&port->senders);
		wti_source_destroy(&port->source);
	}
	wti_free_lines(channel);
}

/* The owner's last touch of its end. Messages that come after the drop are freed with the channel. */
static void port_release_handle(wt_port *port)
{
	struct wti_channel *channel = port->channel;
	struct wti_thread *self = wti_load(&port->source.owner);

	wti_list_remove(&port->owing);
	if (self->port_last == port)
		self->port_last = NULL;
	if (self->parent == port)
		self->parent = NULL;
	wti_list_remove(&port->owned);
	wti_source_detach(&port->source);
	/* counter: who frees has seen all that the other end's owner did */
	if (wti_sub_acqrel(&channel->handles, 1) == 1)
		channel_free(channel);
}

void wti_port_tell_close(wt_port *port, unsigned *calls)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	port->close_told = true;
	port_leave_loop(port, self);
	if (port->on_close) {
		++*calls;
		port->on_close(port, port->on_close_arg); /* may close it: the port is not touched again */
	}
}

void wti_port_finish_close(wt_port *port, unsigned *calls)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	/* Still within the share of a turn that ended: the next turn goes on. A gap ends it: its producer stalls. */
	if (port->started && port->on_message && (int64_t)(port->close_tail - port->inbox.read) > 0 && wti_ring_ready(&port->inbox))
		return;
	port_leave_loop(port, self);
	port_drop_queue(port);
	if (!port->on_close || port->close_told) {
		port_release_handle(port);
		return;
	}
	if (!calls)
		return; /* not the loop's turn: the event waits for it */
	port->close_told = true;
	++*calls;
	port->on_close(port, port->on_close_arg);
	if (!wti_forked())
		port_release_handle(port);
}

static void port_close(wt_port *port, struct wti_thread *self)
{
	port->closing = true;
	port->close_tail = port->pins ? wti_ring_tail(&port->inbox) : port->inbox.read;
	port_announce_close(port);
	if (port->pins) {
		wti_loop_watch(&port->source);
		return; /* the turn or the drain that we are in goes on with it */
	}
	port_leave_loop(port, self);
	port_drop_queue(port);
	if (port->on_close && !port->close_told)
		wti_loop_watch(&port->source);
	else
		port_release_handle(port);
}

void wt_port_close(wt_port *port)
{
	struct wti_thread *self = wti_thread_peek();

	if (!port || !self || wti_load(&port->source.owner) != self || port->worker || port->closing)
		return;
	port_close(port, self);
}

void wti_port_close_silently(wt_port *port)
{
	port->on_close = NULL;
	port->on_message = NULL;
	port->on_message_error = NULL;
	port->started = false;
	port->before_turn = NULL;
	port->worker = NULL; /* may be gone before the port is */
	port_close(port, wti_load(&port->source.owner));
}

void wti_port_close_now(wt_port *port)
{
	port->pins = 0;
	port_leave_loop(port, wti_load(&port->source.owner));
	if (!port->closing)
		port_announce_close(port);
	port->closing = true;
	port_drop_queue(port);
	port_release_handle(port);
}
