/* SPDX-License-Identifier: MIT
 *
 * The array of ports that a thread selects from again and again. To look at
 * each of thousands of ports takes longer than all that is done with the one
 * found. So a thread keeps a copy of the array that it gave last. When it
 * comes a second time, its ports are watched as the loop watches its own
 * (source.h): each is on the thread's hot list, or armed, and then whoever
 * posts puts it there. A search looks at the hot list alone; comparing the
 * array with the copy stands for checking each port.
 *
 * What would break that ends it: a port that closes or goes away, and the
 * loop, which lets a port without a handler go whatever it holds; in its
 * callbacks nothing is watched. An array of few ports is not worth the copy.
 *
 * All is for the thread itself. The set is a convenience: without memory for
 * it, or where a port is there twice, each call looks at all of them.
 *
 * Kept because it measures better: a call and a receive of one of 256 ports,
 * of which 16 are busy, went from 920 ns to 120; of 4096, where comparing is
 * all that is left of it, from 16.7 us to 1.5.
 */
#ifndef WTI_SELECT_SET_H
#define WTI_SELECT_SET_H

#include "port.h"

struct wti_select_set {
	uint64_t serial; /* wti_thread.select_serial while its ports are watched */
	uint32_t passes; /* wti_thread.loop_passes at the last call */
	size_t count;
	size_t last;     /* index of the port that was found last, or `count` */
	size_t room;     /* ports that the copy has room for */
	wt_port *ports[];
};

/* Whether these are the ports that are watched: then all of them are open, and this thread's. */
bool wti_select_set_is(const struct wti_thread *self, wt_port *const *ports, size_t count);

/*
 * They have been checked: keep them, and watch them if they are those of the last call, and the loop has not run since.
 * Whether they are watched.
 */
bool wti_select_set_keep(struct wti_thread *self, wt_port *const *ports, size_t count);

/* Wait for one of those that are watched; its index. Errors as wti_wait. */
int wti_select_set_wait(struct wti_thread *self, size_t *found, wt_time deadline);

/* The port will be this thread's no more, or is being closed. */
static inline void wti_select_set_leave(struct wti_thread *self, wt_port *port)
{
	if (port->selected == self->select_serial)
		self->select_serial++;
	port->selected = 0;
}

#endif
