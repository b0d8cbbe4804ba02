/* SPDX-License-Identifier: MIT
 *
 * Moments at which something is to happen on whichever thread, for a system
 * that has no timer that a descriptor waits for, and none that signals one
 * thread. A thread of the library's own waits for them; it is there as long as
 * an alarm is, and blocks the signals that a worker blocks.
 *
 * Any thread may call; those of one alarm are the caller's to order.
 */
#ifndef WTI_OS_POSIX_ALARM_H
#define WTI_OS_POSIX_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

struct wti_alarm {
	/* Called when it is due, by the alarms' thread and under their lock: it neither blocks nor calls these functions. */
	void (*ring)(struct wti_alarm *alarm);

	/* Under the alarms' lock. */
	struct wti_list link;
	int64_t at;     /* INT64_MAX: never */
	int64_t period; /* ns to the next time; 0: never again */
	bool rung;
};

/* Add one that is never due. Can fail, with a negative errno, where the thread cannot be made. */
int wti_alarm_add(struct wti_alarm *alarm, void (*ring)(struct wti_alarm *alarm));

/* Due at `at` (CLOCK_MONOTONIC ns, INT64_MAX: never) instead. Returns whether it has rung since it was last set. */
bool wti_alarm_set(struct wti_alarm *alarm, int64_t at, int64_t period);

/* Whether it has rung since it was set. */
bool wti_alarm_has_rung(const struct wti_alarm *alarm);

/* It does not ring any more when this returns. */
void wti_alarm_remove(struct wti_alarm *alarm);

#endif
