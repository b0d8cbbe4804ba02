/* SPDX-License-Identifier: MIT
 *
 * A round that does not end within WT_STRESS_HANG seconds (default 60) of its
 * deadline hangs: the watchdog prints which storm it is, its seed, its
 * parameters and where each thread stands, and aborts the process, so that a
 * debugger or a core shows the rest.
 */
#ifndef STRESS_WATCHDOG_H
#define STRESS_WATCHDOG_H

struct storm;
struct storm_round;

/* A round that is running. The runner's own, until watchdog_leave. */
struct watched {
	const struct storm *storm;
	const struct storm_round *round;
	struct watched *next; /* under the watchdog's mutex */
};

/* Any thread. The first call starts the watchdog's thread. */
void watchdog_watch(struct watched *watched);
void watchdog_leave(struct watched *watched);

#endif
