/* SPDX-License-Identifier: MIT
 *
 * How a port ends. Its owner closes it: at once, or, inside its own message
 * callback, once what was queued then is handed over (C2); then comes its own
 * close event, if one was asked for, and the handle is gone. Or its peer is
 * closed: it stays until its owner closes it, but leaves the loop after the
 * close event (C1). Or its thread ends: at once and without an event (C4).
 *
 * What its messages carried and nobody took is collected on the list
 * `dropped` on the way, and destroyed last, by whoever began.
 */
#include "call.h"
#include "fork.h"
#include "loop.h"
#include "port.h"
#include "seam.h"
#include "select_set.h"
#include "slot.h"

void wti_port_leave_posters(wt_port *port)
{
	/* counter: what every one of them posted is seen by who finds the end */
	if (wti_sub_acqrel(&port->posters, 1) != 1)
		return;
	/* pairs with wti_port_peer_has_ended [source-1]: published before the look at the peer's source */
	wti_store_sc(&port->peer->peer_ended, 1);
	wti_source_notify(&port->peer->source);
}

void wti_port_announce_close(wt_port *port)
{
	bool uncalled = WTI_MUTANT(WTI_MUTANT_CALLERS_SEEN_EARLY) && !wti_load(&port->calling);

	/*
	 * pairs with wti_port_is_closed [waiters-1]: published before the look at
	 * those who wait for room, and [close-1]: before the last look at the queue.
	 */
	wti_store_sc(&port->closed, 1);
	if (wti_waiters_any(&port->senders))
		wti_waiters_wake(&port->senders);
	if (wti_port_drain_wanted(port->peer))
		wti_port_tell_drain(port->peer);
	if (!uncalled)
		wti_calls_wake(port);
	wti_calls_wake(port->peer);
}

void wti_port_leave_loop(wt_port *port, struct wti_thread *self)
{
	wti_port_set_ref(port, self, false);
	wti_port_forget_drain(port, self);
	port->started = false;
}

void wti_port_drop_queue(wt_port *port, struct wti_list *dropped)
{
	struct wti_record record;

	port->view = 0;
	wti_ring_release(&port->inbox, port->inbox.read);
	while (wti_ring_next(&port->inbox, &record)) {
		wti_store(&port->dropped, wti_load(&port->dropped) + 1);
		wti_ring_release(&port->inbox, port->inbox.read);
	}
	wti_list_move_all(dropped, &port->inbox.dropped);
}

/* The owner's last touch of its end. */
static void port_release_handle(wt_port *port, struct wti_list *dropped)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	WTI_ENDED(port);
	wti_list_remove(&port->owing);
	wti_port_delist(port, self);
	wti_source_detach(&port->source);
	wti_port_drop_dead(port, dropped);
	wti_channel_release(port->channel, dropped);
}

void wti_port_tell_close(wt_port *port, unsigned *calls)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	port->close_told = true;
	wti_port_leave_loop(port, self);
	if (port->on_close) {
		++*calls;
		port->on_close(port, port->on_close_arg); /* may close it: the port is not touched again */
	}
}

static void port_end_now(wt_port *port)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	port_release_handle(port, &dropped);
	wti_cargo_destroy_all(&dropped);
}

/* As wti_port_drop_queue, for those who hold no list. */
static void port_empty(wt_port *port)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_port_drop_queue(port, &dropped);
	wti_cargo_destroy_all(&dropped);
}

/*
 * What is dropped is counted before the peer hears of the end, for it may ask
 * at once; deleters may take their time, and run after that.
 */
static void port_end_queue(wt_port *port)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_port_drop_queue(port, &dropped);
	wti_port_leave_posters(port);
	wti_cargo_destroy_all(&dropped);
}

void wti_port_finish_close(wt_port *port, unsigned *calls)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	/* Still within the share of a turn that ended: the next turn goes on. A gap ends it: its producer stalls. */
	if (port->started && port->on_message && wti_port_has_parting(port) && wti_ring_ready(&port->inbox))
		return;
	wti_port_leave_loop(port, self);
	port_empty(port);
	if (!port->on_close || port->close_told) {
		port_end_now(port);
		return;
	}
	if (!calls)
		return; /* not the loop's turn: the event waits for it */
	port->close_told = true;
	++*calls;
	port->on_close(port, port->on_close_arg);
	if (!wti_forked())
		port_end_now(port);
}

static void port_abandon_slots(wt_port *port, struct wti_thread *self)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_slots_abandon(self, port, &dropped);
	wti_cargo_destroy_all(&dropped);
}

static void port_close(wt_port *port, struct wti_thread *self)
{
	port->closing = true; /* first: a deleter may close it again, or select */
	wti_select_set_leave(self, port);
	port_abandon_slots(port, self);
	port->close_tail = port->pins ? wti_ring_tail(&port->inbox) : port->inbox.read;
	wti_port_announce_close(port);
	if (port->pins) {
		wti_port_leave_posters(port); /* the callback may take its time, and what is queued is handed over */
		wti_loop_watch(&port->source);
		return; /* the turn or the drain that we are in goes on with it */
	}
	wti_port_leave_loop(port, self);
	port_end_queue(port);
	if (port->on_close && !port->close_told)
		wti_loop_watch(&port->source);
	else
		port_end_now(port);
}

void wt_port_close(wt_port *port)
{
	struct wti_thread *self = wti_port_own(port);

	WTI_ENDS(port, PORT);
	if (self && !port->worker)
		port_close(port, self);
}

void wti_port_close_silently(wt_port *port)
{
	port->on_close = NULL;
	port->on_message = NULL;
	port->on_message_error = NULL;
	port->on_drain = NULL;
	port->started = false;
	port->before_turn = NULL;
	port->worker = NULL; /* may be gone before the port is */
	port_close(port, wti_load(&port->source.owner));
}

void wti_port_close_now(wt_port *port)
{
	struct wti_thread *self = wti_load(&port->source.owner);
	bool closing = port->closing;

	port->closing = true; /* as in port_close */
	port->pins = 0;
	port_abandon_slots(port, self);
	wti_port_leave_loop(port, self);
	if (closing) {
		port_empty(port);
	} else {
		wti_port_announce_close(port);
		port_end_queue(port);
	}
	port_end_now(port);
}
