/* SPDX-License-Identifier: MIT
 *
 * on_drain: who was refused, and does not wait, hears once when there is room
 * again. The refused post announces that it wants to hear, then looks at the
 * queue once more; who empties the queue gives room back, then looks whether
 * somebody wants to hear. Tag [drain-1]; the refused side has the heavy
 * barrier, so that the receiver pays one load.
 *
 * NONE -> WANTED by a refused post, WANTED -> DUE by whoever sees the queue
 * half empty, DUE -> NONE by the owner's loop, right before it calls. So a
 * refusal is followed by a call, and a call answers all refusals before it.
 */
#include "loop.h"
#include "port.h"

/* What the owner itself was refused keeps its loop alive until it hears. */
static void drain_note_own(wt_port *port)
{
	struct wti_thread *self = wti_thread_peek();

	if (!self || wti_load(&port->source.owner) != self)
		return;
	port->drain_own = true;
	if (port->on_drain)
		wti_loop_set_hold(self, WTI_HOLD_DRAIN, &port->drain_held, true);
}

/* Relaxed, here and below: which of two sizes counts that are refused at once, nobody can tell. */
static void drain_note_size(wt_port *port, size_t size)
{
	if (size > wti_load(&port->refused_size))
		wti_store(&port->refused_size, size);
}

/*
 * Half empty, so that each call is worth several messages, and with room for
 * what was refused: else a large message would be refused and announced in
 * turn. A queue that will not be read any more keeps nobody waiting either.
 */
static bool drain_has_room(wt_port *port)
{
	wt_port *receiver = port->peer;

	if (wti_port_is_closed(receiver))
		return true;
	/* Room first: its look is the one that must not pass the announcement. */
	return wti_ring_has_room(&receiver->inbox, wti_load(&port->refused_size)) &&
	       wti_ring_used(&receiver->inbox) <= receiver->inbox.limit / 2;
}

static void drain_tell(wt_port *port)
{
	uint32_t expected = WTI_DRAIN_WANTED;

	/* pairs with wti_port_drain_due [source-1]: published before the look at the source; [drain-1] */
	if (wti_cas_sc(&port->drain, &expected, WTI_DRAIN_DUE))
		wti_source_notify(&port->source);
}

void wti_port_tell_drain(wt_port *port)
{
	if (drain_has_room(port))
		drain_tell(port);
}

void wti_port_note_refusal(wt_port *port, size_t size)
{
	uint32_t expected = WTI_DRAIN_NONE;

	wti_add(&port->refused, 1);
	if (wti_port_is_closed(port))
		return; /* refused to a sender, which has no loop */
	drain_note_own(port);
	drain_note_size(port, size);
	/*
	 * pairs with wti_port_drain_wanted [drain-1]: announced before the look at
	 * the queue. Where it was announced already, whoever did so looks.
	 */
	if (!wti_cas_sc(&port->drain, &expected, WTI_DRAIN_WANTED) || WTI_MUTANT(WTI_MUTANT_DRAIN_NO_RECHECK))
		return;
	/* Without the barrier the receiver may have missed it: rather a call too many. */
	if (!wti_barrier_heavy() || drain_has_room(port))
		drain_tell(port);
}

bool wti_port_drain_due(wt_port *port)
{
	/* pairs with wti_port_tell_drain [source-1]: the look after arming */
	return port->on_drain && wti_load_sc(&port->drain) == WTI_DRAIN_DUE;
}

void wti_port_forget_drain(wt_port *port, struct wti_thread *self)
{
	wti_loop_set_hold(self, WTI_HOLD_DRAIN, &port->drain_held, false);
	port->drain_own = false;
	/* Only where there is something: to a port that ends, these words lie in a line that is long gone. */
	if (wti_load(&port->refused_size))
		wti_store(&port->refused_size, 0);
	/* Relaxed: a call that comes of it all the same is answered by nobody. */
	if (wti_load(&port->drain) != WTI_DRAIN_NONE)
		wti_store(&port->drain, WTI_DRAIN_NONE);
}

void wti_port_turn_drain(wt_port *port, unsigned *calls)
{
	/* First, so that a post that the handler makes, and is refused, is heard of again. */
	wti_port_forget_drain(port, wti_load(&port->source.owner));
	++*calls;
	port->on_drain(port, port->on_drain_arg); /* may close it: the port is not touched again */
}

void wt_port_on_drain(wt_port *port, void (*fn)(wt_port *port, void *arg), void *arg)
{
	struct wti_thread *self = wti_port_own(port);

	WTI_USES(port, PORT);
	if (!self)
		return;
	port->on_drain = fn;
	port->on_drain_arg = arg;
	if (!fn)
		wti_loop_set_hold(self, WTI_HOLD_DRAIN, &port->drain_held, false);
	else if (port->drain_own)
		wti_loop_set_hold(self, WTI_HOLD_DRAIN, &port->drain_held, true);
	wti_loop_watch(&port->source);
}
