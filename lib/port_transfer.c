/* SPDX-License-Identifier: MIT
 *
 * Ports that move. What moves is the right to receive; the channel stays
 * where it is, and those who post notice nothing (T1). A port in flight has no
 * owner in its source, so nobody is woken for it; who takes it becomes the
 * owner under the source's lock, and looks at the queue by itself before it
 * sleeps.
 *
 * A port that was packed lies in the inbox of another, its carrier. Where
 * carriers form a cycle, a port in a queue that only this port could empty,
 * nobody will ever take any of them. All ports in flight are therefore on one
 * list; when a thread ends, which is when handles disappear, and at the end of
 * the process, the carriers are followed from each, and one port of each
 * cycle is emptied: that drops the next one, and so on round to itself (T4).
 */
#include "fork.h"
#include "os.h"
#include "port.h"
#include "slot.h"

static struct wti_mutex flight_lock = WTI_MUTEX_INIT(WTI_RANK_FLIGHT);
static struct wti_list flight_ports = { &flight_ports, &flight_ports }; /* under the lock */
static uint64_t flight_walks;  /* under the lock: searches so far */
static pthread_once_t flight_once = PTHREAD_ONCE_INIT;

/* ---- The ports in flight ---- */

static void flight_process_end(void)
{
	if (!wti_forked()) /* a child has a copy, and not the threads that might hold the lock */
		wti_flight_thread_end(NULL);
}

/* Without memory for the handler, what lies in a cycle at the very end is left to the system. */
static void flight_register(void)
{
	(void)wti_os->at_exit(flight_process_end);
}

static void flight_enter(wt_port *port, wt_port *carrier)
{
	pthread_once(&flight_once, flight_register);
	wti_mutex_lock(&flight_lock);
	port->carrier = carrier;
	port->walk = 0;
	wti_list_append(&flight_ports, &port->flight);
	wti_mutex_unlock(&flight_lock);
}

static void flight_leave(wt_port *port)
{
	wti_mutex_lock(&flight_lock);
	wti_list_remove(&port->flight);
	wti_mutex_unlock(&flight_lock);
}

static wt_port *flight_port(struct wti_list *link)
{
	return wti_list_entry(link, wt_port, flight);
}

static bool flight_has(const wt_port *port)
{
	return !wti_list_empty(&port->flight);
}

/*
 * Follow the carriers from `port`, up to one that has an owner, or that this
 * sweep (the walks after `first`) has come by before. On a cycle the walk meets
 * itself. A carrier outlives what lies in its inbox, and that leaves the list
 * when it is dropped: all that are met here exist.
 */
static wt_port *flight_find_cycle(wt_port *port, uint64_t first)
{
	uint64_t walk = ++flight_walks;

	while (flight_has(port) && port->walk <= first) {
		port->walk = walk;
		port = port->carrier;
	}
	return flight_has(port) && port->walk == walk ? port : NULL;
}

/*
 * One port of each cycle, taken off the list, and held: who sent the last of
 * it may be about to look whether it came too late, and then empties with us.
 * Linked as what was dropped is, for that begins only when we close the port.
 */
static void flight_take_cycles(struct wti_list *found)
{
	uint64_t first;
	struct wti_list *link, *next;

	wti_mutex_lock(&flight_lock);
	first = flight_walks;
	for (link = flight_ports.next; link != &flight_ports; link = next) {
		wt_port *port = flight_find_cycle(flight_port(link), first);

		if (port)
			wti_list_append(found, &port->transferable.link);
		next = link->next;
	}
	for (link = found->next; link != found; link = link->next) {
		wt_port *port = wti_list_entry(link, wt_port, transferable.link);

		wti_list_remove(&port->flight);
		wti_channel_hold(port->channel);
	}
	wti_mutex_unlock(&flight_lock);
}

void wti_flight_thread_end(struct wti_thread *self)
{
	struct wti_list found, dropped, *link;

	(void)self;
	wti_list_init(&found);
	wti_list_init(&dropped);
	flight_take_cycles(&found);
	while ((link = wti_list_pop(&found))) {
		wt_port *port = wti_list_entry(link, wt_port, transferable.link);

		wti_port_announce_close(port);
		wti_port_drop_dead(port, &dropped);
		wti_port_leave_posters(port);
		wti_channel_release(port->channel, &dropped);
		wti_cargo_destroy_all(&dropped); /* at last also the port itself, which lies in a queue of its cycle */
	}
}

/* ---- Dropped on the way ---- */

/*
 * At a record that is reserved and not committed the queue ends for us. Its
 * producer will look at `closed` when it has committed; the barrier sees to
 * it that it finds it set, or has committed by now: then we go on. So it does
 * with a producer that alone moves the tail, of which we may see nothing yet.
 */
static void port_drop_dead(wt_port *port, struct wti_list *dropped)
{
	bool lone = wti_ring_is_lone(&port->inbox); /* first: once it is not, all that the producer did is to be seen */

	wti_port_drop_queue(port, dropped);
	if (port->inbox.read == wti_ring_tail(&port->inbox) && !lone)
		return;
	wti_barrier_heavy();
	wti_port_drop_queue(port, dropped);
}

void wti_port_drop_dead(wt_port *port, struct wti_list *dropped)
{
	wti_mutex_lock(&port->source.lock);
	if (wti_port_is_closed(port) && !wti_load(&port->source.owner))
		port_drop_dead(port, dropped);
	wti_mutex_unlock(&port->source.lock);
}

static wt_port *port_of(struct wti_transferable *object)
{
	return wti_container_of(object, wt_port, transferable);
}

static void port_leave(struct wti_transferable *object)
{
	flight_leave(port_of(object));
}

/* Closed, so that its peer hears of it (C5); it may have been already, as one of a cycle. */
static void port_destroy(struct wti_transferable *object, struct wti_list *dropped)
{
	wt_port *port = port_of(object);
	bool tells = !wti_port_is_closed(port) && !WTI_MUTANT(WTI_MUTANT_UNDELIVERED_OPEN);

	WTI_ENDED(port);
	if (tells)
		wti_port_announce_close(port);
	wti_port_drop_dead(port, dropped);
	if (tells)
		wti_port_leave_posters(port);
	wti_channel_release(port->channel, dropped);
}

const struct wti_transferable_ops wti_port_transferable_ops = { .leave = port_leave, .destroy = port_destroy };

/* ---- From thread to thread ---- */

int wti_port_check_transfer(const wt_port *port)
{
	struct wti_thread *self = wti_thread_peek();

	if (!self || wti_load(&port->source.owner) != self)
		return WT_EOWNER;
	if (port->closing)
		return WT_ECLOSED;
	if (port->worker)
		return WT_EUNTRANSFERABLE;
	/* Relaxed: a guest that comes now would come too late at any moment. */
	if (port->pins || wti_load(&port->guests))
		return WT_EINUSE;
	return 0;
}

static void port_forget_handlers(wt_port *port)
{
	port->on_message = NULL;
	port->on_message_error = NULL;
	port->on_close = NULL;
	port->on_drain = NULL;
	port->close_told = false;
}

void wti_port_detach(wt_port *port, wt_port *carrier, struct wti_list *dropped)
{
	struct wti_thread *self = wti_load(&port->source.owner);

	wti_port_release_view(port, dropped);
	wti_port_offer_room(port);
	wti_slots_abandon(self, port, dropped);
	wti_port_leave_loop(port, self);
	port_forget_handlers(port);
	wti_port_delist(port, self);
	wti_source_detach(&port->source);
	if (carrier)
		flight_enter(port, carrier);
}

void wti_port_attach(wt_port *port, struct wti_thread *self)
{
	flight_leave(port);
	/* Serials of views rise with each: one that an earlier owner kept is not taken for one of ours. */
	if (self->views < port->oldest)
		self->views = port->oldest;
	wti_port_enlist(port, self);
	wti_source_attach(&port->source, self);
}
