/* SPDX-License-Identifier: MIT */
#include "slot.h"

#include "alloc.h"
#include "fork.h"
#include "port.h"

/* One that is open, on its thread's list; or one to be used again. */
struct slot {
	struct wti_list link; /* wti_thread.slots, slots_free */
	uint64_t serial;      /* differs with each use */
	wt_port *port;
	bool guest;
	struct wti_ring_slot ring;
};

static struct slot *slot_of(struct wti_list *link)
{
	return wti_list_entry(link, struct slot, link);
}

static wt_port *slot_receiver(const struct slot *slot)
{
	return slot->port->peer;
}

/* ---- The thread's slots ---- */

static void slot_put_back(struct wti_thread *self, struct slot *slot)
{
	wti_list_remove(&slot->link);
	wti_list_append(&self->slots_free, &slot->link);
}

static void slot_leave_port(const struct slot *slot, struct wti_list *dropped)
{
	if (!slot->guest)
		return;
	wti_sub(&slot->port->guests, 1);
	wti_port_leave_posters(slot->port);
	wti_channel_release(slot->port->channel, dropped);
}

/* The record is committed or abandoned: what it held back is free to go. */
static void slot_close(struct wti_thread *self, struct slot *slot, struct wti_list *dropped)
{
	wt_port *receiver = slot_receiver(slot);

	wti_port_published(receiver, dropped);
	wti_port_gave_room(receiver);
	slot_put_back(self, slot);
	slot_leave_port(slot, dropped);
}

static void slot_abandon(struct wti_thread *self, struct slot *slot, struct wti_list *dropped)
{
	wti_ring_abandon(&slot_receiver(slot)->inbox, &slot->ring);
	slot_close(self, slot, dropped);
}

static void slot_abandon_all(struct wti_thread *self)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	while (!wti_list_empty(&self->slots))
		slot_abandon(self, slot_of(self->slots.next), &dropped);
	wti_cargo_destroy_all(&dropped);
}

static void slot_thread_end(struct wti_thread *self)
{
	struct wti_list *link;

	slot_abandon_all(self);
	while ((link = wti_list_pop(&self->slots_free)))
		wti_free(slot_of(link));
}

void wti_slots_abandon(struct wti_thread *self, const wt_port *port, struct wti_list *dropped)
{
	struct wti_list *link, *next;

	for (link = self->slots.next; link != &self->slots; link = next) {
		next = link->next;
		if (slot_of(link)->port == port)
			slot_abandon(self, slot_of(link), dropped);
	}
}

/* A record of one to be opened. On no list. */
static struct slot *slot_get(struct wti_thread *self)
{
	struct wti_list *link = wti_list_pop(&self->slots_free);
	struct slot *slot = link ? slot_of(link) : wti_alloc(sizeof *slot);

	if (slot)
		wti_list_init(&slot->link);
	self->end[WTI_END_SLOTS] = slot_thread_end;
	self->unwound[WTI_END_SLOTS] = slot_abandon_all; /* the frames that wrote them are gone */
	return slot;
}

/* The one that the program's struct speaks of; NULL when it is outdated or another port's. */
static struct slot *slot_find(const wt_port *port, const wt_slot *slot)
{
	struct wti_thread *self = wti_thread_peek();

	if (!self || !port || !slot)
		return NULL;
	for (struct wti_list *link = self->slots.next; link != &self->slots; link = link->next) {
		struct slot *open = slot_of(link);

		if ((uintptr_t)open == slot->reserved[0] && open->serial == slot->reserved[1])
			return open->port == port ? open : NULL;
	}
	return NULL;
}

/* ---- Reserve, commit, abandon ---- */

/*
 * Where the ring has grown on the way, others may have posted behind the link
 * before it could be passed: they have notified in vain, and who reserves does
 * it for them. What failed may have taken room for a moment, too.
 */
static int slot_try(struct slot *slot, wt_port *receiver, size_t size)
{
	int err = wti_ring_reserve(&receiver->inbox, size, &slot->ring);

	if (err || slot->ring.linked)
		wti_source_notify(&receiver->source);
	if (err)
		wti_port_gave_room(receiver);
	return err;
}

static int slot_reserve(struct slot *slot, wt_port *port, size_t size, wt_time deadline)
{
	wt_port *receiver = port->peer;

	for (;;) {
		int err = WT_ECLOSED;

		if (!wti_port_is_closed(receiver) && !wti_port_is_closed(port))
			err = slot_try(slot, receiver, size);
		if (err == WT_EAGAIN && deadline != WT_NOW) {
			err = wti_port_await_room(receiver, size, deadline);
			if (!err)
				continue;
		}
		if (err == WT_EAGAIN || err == WT_ETIMEDOUT)
			wti_port_note_refusal(port, size);
		return err;
	}
}

static void slot_open(struct wti_thread *self, struct slot *slot, wt_port *port)
{
	slot->port = port;
	slot->serial = ++self->slots_opened;
	slot->guest = wti_load(&port->source.owner) != self;
	if (slot->guest) {
		/* Relaxed: read by an owner who knows that nobody uses the port any more; its own hold keeps the others up. */
		wti_add(&port->guests, 1);
		wti_add(&port->posters, 1);
		wti_channel_hold(port->channel);
	}
	wti_list_append(&self->slots, &slot->link);
}

int wt_port_reserve(wt_port *port, size_t size, wt_slot *slot, wt_time deadline)
{
	struct wti_thread *self;
	struct slot *made;
	int err;

	WTI_USES(port, PORT);
	if (!slot)
		return WT_EINVAL;
	*slot = (wt_slot){ 0 };
	if (!port || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	made = self ? slot_get(self) : NULL;
	if (!made)
		return wti_fork_error(WT_ENOMEM);
	err = slot_reserve(made, port, size, deadline);
	if (err) {
		slot_put_back(self, made);
		return err;
	}
	slot_open(self, made, port);
	slot->data = made->ring.payload;
	slot->size = size;
	slot->reserved[0] = (uintptr_t)made;
	slot->reserved[1] = made->serial;
	return 0;
}

int wt_port_commit(wt_port *port, wt_slot *slot)
{
	struct slot *open = slot_find(port, slot);
	struct wti_thread *self = wti_thread_peek();
	struct wti_list dropped;
	int err = 0;

	if (!open || slot->size > open->ring.size || slot->zero)
		return wti_fork_error(WT_EINVAL);
	wti_list_init(&dropped);
	if (wti_port_is_closed(port->peer)) {
		slot_abandon(self, open, &dropped);
		err = WT_ECLOSED;
	} else {
		wti_ring_commit(&port->peer->inbox, &open->ring, slot->size, slot->type, false);
		slot_close(self, open, &dropped);
	}
	*slot = (wt_slot){ 0 };
	wti_cargo_destroy_all(&dropped);
	return err;
}

void wt_port_abandon(wt_port *port, wt_slot *slot)
{
	struct slot *open = slot_find(port, slot);
	struct wti_list dropped;

	if (!open)
		return;
	wti_list_init(&dropped);
	slot_abandon(wti_thread_peek(), open, &dropped);
	*slot = (wt_slot){ 0 };
	wti_cargo_destroy_all(&dropped);
}
