/* SPDX-License-Identifier: MIT
 *
 * Waiting for one of many ports. The search goes round from behind the last
 * find, so that a busy port does not hide the others. While the thread polls,
 * each look is at some of them only; once it has announced its sleep at all,
 * all are looked at. Where the same many are asked for again, select_set.c
 * knows which of them to look at.
 */
#include "barrier.h"
#include "fork.h"
#include "port.h"
#include "seam.h"
#include "select_set.h"
#include "wait.h"

#define SELECT_LOOK 64 /* ports per look of a poll */

struct selection {
	wt_port *const *ports;
	size_t count;
	size_t next;  /* where the search goes on */
	size_t found; /* SIZE_MAX: none yet */
	bool armed;
};

static bool select_search(struct selection *selection, size_t looks)
{
	for (size_t i = 0; i < looks; i++) {
		size_t at = selection->next;

		selection->next = at + 1 < selection->count ? at + 1 : 0;
		if (wti_port_is_readable(selection->ports[at])) {
			selection->found = at;
			return true;
		}
	}
	return false;
}

static bool select_ready(void *what)
{
	struct selection *selection = what;
	bool part = !selection->armed && selection->count > SELECT_LOOK;

	return selection->found != SIZE_MAX || select_search(selection, part ? SELECT_LOOK : selection->count);
}

static bool select_arm(void *what)
{
	struct selection *selection = what;
	bool ordered = true;

	selection->armed = true;
	wti_source_note_sleep(wti_load(&selection->ports[0]->source.owner));
	for (size_t i = 0; i < selection->count; i++)
		ordered &= wti_port_arm(selection->ports[i]);
	ordered = ordered || wti_barrier_heavy();
	for (size_t i = 0; i < selection->count && !ordered; i++)
		wti_source_end_brief(&selection->ports[i]->source);
	return ordered;
}

static void select_disarm(void *what)
{
	struct selection *selection = what;

	selection->armed = false;
	for (size_t i = 0; i < selection->count; i++)
		wti_port_disarm(selection->ports[i]);
}

static const struct wti_wait_ops select_ops = {
	.name = "ports",
	.ready = select_ready,
	.arm = select_arm,
	.disarm = select_disarm,
};

static int select_check(struct wti_thread *self, wt_port *const *ports, size_t count)
{
	if (!ports || !count)
		return WT_EINVAL;
	for (size_t i = 0; i < count; i++) {
		WTI_USES_BY(ports[i], PORT, "wt_select", false);
		if (!ports[i])
			return WT_EINVAL;
		if (!self || wti_load(&ports[i]->source.owner) != self)
			return wti_fork_error(WT_EOWNER);
		if (ports[i]->closing)
			return WT_ECLOSED;
	}
	return 0;
}

static int select_each(struct wti_thread *self, struct selection *selection, size_t *ready, wt_time deadline)
{
	int err;

	selection->next = self->select_next % selection->count;
	if (!wti_thread_terminating(self))
		select_search(selection, selection->count);
	err = wti_wait(self, &select_ops, selection, deadline);
	*ready = selection->found;
	return err;
}

static int select_any(struct wti_thread *self, wt_port *const *ports, size_t count, size_t *ready, wt_time deadline)
{
	struct selection selection = { .ports = ports, .count = count, .found = SIZE_MAX };
	bool watched = ports && self && wti_select_set_is(self, ports, count);

	if (!watched) {
		int err = select_check(self, ports, count);

		if (err)
			return err;
		watched = count > wti_select_few && wti_select_set_keep(self, ports, count);
	}
	if (watched)
		return wti_select_set_wait(self, ready, deadline);
	return select_each(self, &selection, ready, deadline);
}

int wt_select(wt_port *const *ports, size_t count, size_t *ready, wt_time deadline)
{
	struct wti_thread *self = wti_thread_peek();
	size_t found = SIZE_MAX;
	int err;

	if (!ready)
		return WT_EINVAL;
	*ready = SIZE_MAX;
	if (deadline < 0)
		return WT_EINVAL;
	err = select_any(self, ports, count, &found, deadline);
	if (err)
		return err;
	self->select_next = found + 1;
	*ready = found;
	return 0;
}
