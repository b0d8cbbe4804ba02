/* SPDX-License-Identifier: MIT */
#include "port.h"

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "loop.h"
#include "select_set.h"
#include "trace.h"

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
	WTI_MADE(port, PORT);
	port->channel = channel;
	port->peer = peer;
	wti_source_init(&port->source, &wti_port_source_ops, owner);
	wti_ring_init(&port->inbox, options->capacity, options->limit ? options->limit : WTI_NO_LIMIT,
		      options->single_producer);
	wti_store(&port->waits_at, wti_ring_tail_guess(&port->inbox)); /* the other end's, too, as yet */
	port->run_posted = wti_ring_tail_guess(&port->inbox);
	wti_ring_trace(&port->inbox, wti_trace_queue());
	port->traced = port->inbox.trace != 0;
	wti_waiters_init(&port->senders);
	wti_mutex_init(&port->calls_lock, WTI_RANK_CALLS);
	wti_list_init(&port->calls);
	wti_list_init(&port->flight);
	wti_transferable_init(&port->transferable, &wti_port_transferable_ops);
	wti_store(&port->posters, 1);
	wti_list_init(&port->owned);
	wti_list_init(&port->owing);
}

/*
 * At the end of a thread: its ports are closed, so that their peers hear of
 * it. Those that a deleter makes meanwhile wait for the next round, in which a
 * worker comes before its creator's port.
 */
static void port_thread_end(struct wti_thread *self)
{
	struct wti_list ports, *link;

	wti_list_init(&ports);
	wti_owned_move_all(&self->owned, &ports, &self->ports);
	while ((link = wti_list_pop(&ports)))
		wti_port_close_now(wti_list_entry(link, wt_port, owned));
}

/* Callbacks that held views were left by a jump: what they held is free, a port that they closed goes on closing. */
static void port_thread_unwound(struct wti_thread *self)
{
	for (struct wti_list *link = self->ports.next; link != &self->ports; link = link->next)
		wti_list_entry(link, wt_port, owned)->pins = 0;
}

void wti_port_enlist(wt_port *port, struct wti_thread *owner)
{
	wti_owned_add(&owner->owned, &owner->ports, &port->owned);
	owner->end[WTI_END_PORTS] = port_thread_end;
	owner->end[WTI_END_FLIGHT] = wti_flight_thread_end;
	owner->unwound[WTI_END_PORTS] = port_thread_unwound;
}

void wti_port_delist(wt_port *port, struct wti_thread *owner)
{
	wti_select_set_leave(owner, port);
	if (owner->port_last == port)
		owner->port_last = NULL;
	if (owner->parent == port)
		owner->parent = NULL;
	if (owner->fed == port)
		owner->fed = NULL;
	wti_owned_remove(&owner->owned, &port->owned);
}

void wti_channel_hold(struct wti_channel *channel)
{
	wti_add(&channel->handles, 1); /* relaxed: who holds once more has a hold already */
}

static void channel_free(struct wti_channel *channel, struct wti_list *dropped)
{
	for (int i = 0; i < 2; i++) {
		wt_port *port = &channel->end[i];

		wti_ring_destroy(&port->inbox, dropped);
		wti_waiters_destroy(&port->senders);
		wti_mutex_destroy(&port->calls_lock);
		wti_source_destroy(&port->source);
	}
	wti_free_lines_late(channel);
}

void wti_channel_release(struct wti_channel *channel, struct wti_list *dropped)
{
	/* counter: who frees has seen all that the others did */
	if (wti_sub_acqrel(&channel->handles, 1) == 1)
		channel_free(channel, dropped);
}

int wti_channel_create(struct wti_thread *owner_a, struct wti_thread *owner_b, const wt_channel_options *options,
		       wt_port **a, wt_port **b)
{
	wt_channel_options read;
	struct wti_channel *channel;
	int err = port_read_options(&read, options);

	if (err)
		return err;
	channel = wti_alloc_lines_apart(sizeof *channel);
	if (!channel)
		return WT_ENOMEM;
	wti_store(&channel->handles, 2);
	*a = &channel->end[0];
	*b = &channel->end[1];
	port_init(*a, *b, channel, owner_a, &read);
	port_init(*b, *a, channel, owner_b, &read);
	wti_port_enlist(*a, owner_a);
	wti_port_enlist(*b, owner_b);
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
	int err;

	if (a)
		*a = NULL;
	if (b)
		*b = NULL;
	if (!a || !b || a == b)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	err = wti_channel_create(self, self, options, a, b);
	if (!err) {
		WTI_OWED(*a);
		WTI_OWED(*b);
	}
	return err;
}

/* ---- Handlers and liveness ---- */

struct wti_thread *wti_port_own(const wt_port *port)
{
	struct wti_thread *self = wti_thread_peek();

	if (!port || !self || wti_load(&port->source.owner) != self || port->closing)
		return NULL;
	return self;
}

void wti_port_set_ref(wt_port *port, struct wti_thread *self, bool ref)
{
	wti_loop_set_hold(self, WTI_HOLD_PORT, &port->refd, ref);
}

void wt_port_ref(wt_port *port)
{
	struct wti_thread *self = wti_port_own(port);

	WTI_USES(port, PORT);
	if (!self || port->close_told)
		return;
	wti_port_set_ref(port, self, true);
	wti_loop_watch(&port->source);
}

void wt_port_unref(wt_port *port)
{
	struct wti_thread *self = wti_port_own(port);

	WTI_USES(port, PORT);
	if (self)
		wti_port_set_ref(port, self, false);
}

bool wt_port_has_ref(const wt_port *port)
{
	WTI_USES(port, PORT);
	return wti_port_own(port) && wti_load(&port->refd);
}

void wt_port_start(wt_port *port)
{
	WTI_USES(port, PORT);
	if (!wti_port_own(port))
		return;
	port->started = true;
	wti_loop_watch(&port->source);
}

void wt_port_stop(wt_port *port)
{
	WTI_USES(port, PORT);
	if (wti_port_own(port))
		port->started = false;
}

void wt_port_on_message(wt_port *port, wt_port_fn *fn, void *arg)
{
	WTI_USES(port, PORT);
	if (!wti_port_own(port))
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
	WTI_USES(port, PORT);
	if (!wti_port_own(port))
		return;
	port->on_message_error = fn;
	port->on_message_error_arg = arg;
}

void wt_port_on_close(wt_port *port, void (*fn)(wt_port *port, void *arg), void *arg)
{
	WTI_USES(port, PORT);
	if (!wti_port_own(port))
		return;
	port->on_close = fn;
	port->on_close_arg = arg;
	wti_loop_watch(&port->source);
}
