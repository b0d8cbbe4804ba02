/* SPDX-License-Identifier: MIT
 *
 * Messages that are written in place. An open slot holds back all that is
 * posted behind it, so none is ever forgotten: the thread that reserved it
 * keeps a list, and abandons what is left there when it ends, or closes or
 * transfers the port.
 *
 * A thread other than the port's owner is a guest there: for as long as its
 * slot is open it holds the channel, is one of those that post from there, and
 * keeps the port from being moved.
 */
#ifndef WTI_SLOT_H
#define WTI_SLOT_H

#include <wt/port.h>

#include "list.h"
#include "thread.h"

/* Abandon the slots that this thread has open on the port. What comes of it goes on `dropped`. */
void wti_slots_abandon(struct wti_thread *self, const wt_port *port, struct wti_list *dropped);

/* Whether this thread has any open: it is not to be unwound. */
static inline bool wti_slots_any(const struct wti_thread *self)
{
	return !wti_list_empty(&self->slots);
}

#endif
