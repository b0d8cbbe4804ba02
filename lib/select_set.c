/* SPDX-License-Identifier: MIT */
#include "select_set.h"

#include "alloc.h"
#include "barrier.h"
#include "seam.h"
#include "wait.h"

enum {
	SET_IDLE_LOOKS = 8, /* in vain, after which a port is quiet */
	SET_QUIET_MAX = 32, /* quiet ones that stay hot: they are armed together, for the price of one barrier */
	SET_MOST = 1 << 20  /* ports; for more than that, a copy is too much memory */
};

/* ---- Which ports ---- */

static bool set_equals(const struct wti_select_set *set, wt_port *const *ports, size_t count)
{
	return set && set->count == count && memcmp(set->ports, ports, count * sizeof *ports) == 0;
}

bool wti_select_set_is(const struct wti_thread *self, wt_port *const *ports, size_t count)
{
	const struct wti_select_set *set = self->select_set;

	return set && !self->loop_running && set->serial && set->serial == self->select_serial && set->passes == self->loop_passes &&
	       set_equals(set, ports, count);
}

static void set_thread_end(struct wti_thread *self)
{
	wti_free(self->select_set);
	self->select_set = NULL;
}

static struct wti_select_set *set_make_room(struct wti_thread *self, size_t count)
{
	struct wti_select_set *set = self->select_set;

	if (set && set->room >= count)
		return set;
	set_thread_end(self);
	if (count > SET_MOST)
		return NULL;
	set = wti_alloc(sizeof *set + count * sizeof *set->ports);
	if (!set)
		return NULL;
	set->room = count;
	self->select_set = set;
	self->end[WTI_END_SELECT] = set_thread_end;
	return set;
}

static void set_copy(struct wti_thread *self, wt_port *const *ports, size_t count)
{
	struct wti_select_set *set = set_make_room(self, count);

	if (!set)
		return;
	set->serial = 0;
	set->passes = self->loop_passes;
	set->count = count;
	set->last = count;
	memcpy(set->ports, ports, count * sizeof *ports);
}

/* ---- Which of them are hot ---- */

/* A port of the set; or NULL for what else is hot. One of an earlier set, which nobody asks for, is taken off. */
static wt_port *set_port(const struct wti_thread *self, struct wti_list *link)
{
	struct wti_source *source = wti_list_entry(link, struct wti_source, hot);
	wt_port *port = wti_container_of(source, wt_port, source);

	if (source->ops != &wti_port_source_ops)
		return NULL;
	if (port->selected == self->select_serial)
		return port;
	if (!wti_port_wants_loop(port)) {
		wti_source_prolong(source);
		wti_list_remove(&source->hot);
	}
	return NULL;
}

/* A walk of the ports of the set that are hot begins at self->hot.next; NULL is its end. */
static wt_port *set_next(struct wti_thread *self, struct wti_list **at)
{
	wt_port *port = NULL;

	while (!port && *at != &self->hot) {
		struct wti_list *link = *at;

		/* Before a look that may take this one off the list; so may what is done with the port. */
		*at = link->next;
		port = set_port(self, link);
	}
	return port;
}

static bool set_is_quiet(wt_port *port)
{
	/* What the loop would find is not to be forgotten either, nor what it would find when a callback has returned. */
	return !port->pins && !wti_port_is_readable(port) && !port->source.ops->ready(&port->source);
}

/* It stays hot, so that nobody says when there is something: the loop is to look, so the program is to come in. */
static void set_disarm_port(wt_port *port)
{
	if (!wti_source_is_armed(&port->source))
		return;
	wti_source_disarm(&port->source);
	if (wti_port_wants_loop(port))
		wti_parker_event_signal(&wti_load(&port->source.owner)->parker);
}

/* `asleep`: this thread has announced its sleep, and all that it waits for stays armed. */
static void set_settle(wt_port *port, bool asleep)
{
	if (set_is_quiet(port))
		wti_source_leave(&port->source);
	else if (!asleep)
		set_disarm_port(port);
}

/* One that is not looked at any more, for a sleep or because it was quiet for long. */
static void set_let_go(wt_port *port, bool rests)
{
	port->source.rests = rests;
	set_settle(port, false);
}

/* The barrier that they were to have was refused. */
static void set_end_brief(struct wti_thread *self)
{
	struct wti_list *at = self->hot.next;
	wt_port *port;

	while ((port = set_next(self, &at)))
		wti_source_end_brief(&port->source);
}

/* Those that were quiet for so long need not be looked at: who posts will say so. */
static void set_cool(struct wti_thread *self)
{
	struct wti_list *at = self->hot.next;
	wt_port *port;
	bool armed = true;

	while ((port = set_next(self, &at)))
		if (port->source.idle_passes >= SET_IDLE_LOOKS)
			armed &= wti_source_arm_brief(&port->source);
	armed = armed || wti_barrier_heavy();
	if (!armed)
		set_end_brief(self);
	at = self->hot.next;
	while ((port = set_next(self, &at)))
		if (armed && port->source.idle_passes >= SET_IDLE_LOOKS)
			set_let_go(port, false);
		else
			set_disarm_port(port);
}

/* Put all of them on the hot list, in the order of the search. False where one is there twice: it has one index only. */
static bool set_heat(struct wti_select_set *set, size_t first)
{
	for (size_t i = 0; i < set->count; i++) {
		size_t at = (first + i) % set->count;
		wt_port *port = set->ports[at];

		if (port->selected == set->serial)
			return false;
		port->selected = set->serial;
		port->select_index = at;
		wti_list_remove(&port->source.hot);
		wti_source_heat(&port->source);
		port->source.idle_passes = SET_IDLE_LOOKS;
	}
	return true;
}

static bool set_watch(struct wti_thread *self, struct wti_select_set *set)
{
	wti_source_collect(self);
	set->serial = ++self->select_serial;
	if (set_heat(set, self->select_next)) {
		set_cool(self);
		return true;
	}
	set->serial = 0;
	return false;
}

bool wti_select_set_keep(struct wti_thread *self, wt_port *const *ports, size_t count)
{
	struct wti_select_set *set = self->select_set;

	/* In a callback, ports are on the list of what the pass has still to look at, and may be let go in it. */
	if (self->loop_running)
		return false;
	if (!set_equals(set, ports, count)) {
		set_copy(self, ports, count);
		return false;
	}
	if (set->passes == self->loop_passes)
		return set_watch(self, set);
	/* Who runs the loop between the calls would pay for a barrier in each. */
	set->passes = self->loop_passes;
	return false;
}

/* ---- Searching them ---- */

/* One that is brief goes as soon as it is quiet, as from the loop. */
static bool set_look(wt_port *port, bool asleep)
{
	if (wti_port_is_readable(port))
		return true;
	port->source.idle_passes++;
	if (!wti_source_is_brief(&port->source))
		return false;
	wti_source_arm(&port->source);
	set_settle(port, asleep);
	return wti_port_is_readable(port);
}

/* So that it comes last. */
static void set_put_last(struct wti_thread *self, wt_port *port)
{
	wti_list_remove(&port->source.hot);
	wti_list_append(&self->hot, &port->source.hot);
}

/* A port that has something, which is then the last that the next search comes to; or NULL. */
static wt_port *set_search(struct wti_thread *self, bool asleep)
{
	struct wti_list *at;
	unsigned quiet = 0;
	wt_port *port;

	wti_source_collect(self);
	at = self->hot.next;
	while ((port = set_next(self, &at))) {
		if (set_look(port, asleep)) {
			set_put_last(self, port);
			return port;
		}
		quiet += port->source.idle_passes >= SET_IDLE_LOOKS && !wti_list_empty(&port->source.hot);
	}
	if (quiet >= SET_QUIET_MAX && (!asleep || WTI_MUTANT(WTI_MUTANT_COOL_ASLEEP)))
		set_cool(self);
	return NULL;
}

/* ---- Waiting for them ---- */

struct set_wait {
	struct wti_thread *self;
	wt_port *found; /* NULL: none yet */
	bool asleep;    /* the ports are armed */
	bool rests;     /* those that are quiet are to be let go, as from the loop */
	bool slept;     /* or was about to */
};

static bool set_ready(void *what)
{
	struct set_wait *wait = what;

	if (!wait->found)
		wait->found = set_search(wait->self, wait->asleep);
	return wait->found != NULL;
}

static bool set_arm(void *what)
{
	struct set_wait *wait = what;
	bool often = wti_wait_sleeps_often(wait->self);
	struct wti_list *at;
	wt_port *port;
	bool ordered = true;

	wait->asleep = true;
	wait->slept = true;
	if (often)
		wti_source_note_sleep(wait->self);
	wti_source_collect(wait->self);
	at = wait->self->hot.next;
	while ((port = set_next(wait->self, &at))) {
		ordered &= often ? wti_source_arm_brief(&port->source) : wti_source_arm(&port->source);
		wti_port_offer_room(port);
	}
	ordered = ordered || wti_barrier_heavy();
	if (!ordered)
		set_end_brief(wait->self);
	wait->rests = ordered && often;
	return ordered;
}

static void set_disarm(void *what)
{
	struct set_wait *wait = what;
	struct wti_list *at = wait->self->hot.next;
	wt_port *port;

	wait->asleep = false;
	while ((port = set_next(wait->self, &at)))
		if (wait->rests && wti_source_is_armed(&port->source))
			set_let_go(port, true);
		else
			set_disarm_port(port);
}

static const struct wti_wait_ops set_ops = {
	.name = "ports",
	.ready = set_ready,
	.arm = set_arm,
	.disarm = set_disarm,
};

/* What was notified since the last call comes before the port that it found. */
static void set_collect(struct wti_thread *self)
{
	const struct wti_select_set *set = self->select_set;

	wti_source_collect(self);
	if (set->last < set->count && !wti_list_empty(&set->ports[set->last]->source.hot))
		set_put_last(self, set->ports[set->last]);
}

int wti_select_set_wait(struct wti_thread *self, size_t *found, wt_time deadline)
{
	struct set_wait wait = { .self = self };
	int err;

	set_collect(self);
	self->select_set->passes = ++self->loop_passes;
	err = wti_wait(self, &set_ops, &wait, deadline);
	if (err)
		return err;
	if (wait.slept)
		wait.found->slept_at = wti_load(&wait.found->received);
	wti_source_served(&wait.found->source);
	*found = wait.found->select_index;
	self->select_set->last = *found;
	return 0;
}
