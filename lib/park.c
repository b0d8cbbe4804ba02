/* SPDX-License-Identifier: MIT */
#include "park.h"

#include <wt/error.h>

#include "os.h"

enum {
	PARK_EMPTY,  /* the owner is awake, no wake is kept */
	PARK_ASLEEP, /* the owner sleeps, or is about to */
	PARK_TOKEN   /* a wake is kept */
};

void wti_parker_init(struct wti_parker *parker)
{
	wti_store(&parker->state, PARK_EMPTY);
	wti_store(&parker->event_fd, -1);
}

void wti_parker_destroy(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);

	if (fd >= 0)
		wti_os->event_close(fd);
}

/*
 * All states change by read-modify-writes of one word, so coherence alone
 * orders a park against an unpark; acquire and release carry what the waker
 * wrote before.
 */
int wti_park(struct wti_parker *parker, int64_t deadline)
{
	uint32_t expected = PARK_EMPTY;

	/* pairs with wti_unpark [park-1]: what was written before the wake is seen after it */
	if (!wti_cas_acqrel(&parker->state, &expected, PARK_ASLEEP)) {
		wti_xchg_acqrel(&parker->state, PARK_EMPTY); /* [park-1] */
		return 0;
	}
	do {
		/* Its result is not asked: returns of every kind lead to the same look at the word. */
		wti_os->futex_wait(&parker->state, PARK_ASLEEP, deadline);
		if (wti_load(&parker->state) != PARK_ASLEEP)
			break;
	} while (deadline == INT64_MAX || wti_os->clock() < deadline);

	/* pairs with wti_unpark [park-1]; a token given since the look is taken, too */
	return wti_xchg_acqrel(&parker->state, PARK_EMPTY) == PARK_TOKEN ? 0 : WT_ETIMEDOUT;
}

void wti_unpark(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);
	/* pairs with wti_park [park-1] */
	uint32_t old = wti_xchg_acqrel(&parker->state, PARK_TOKEN);

	if (old == PARK_ASLEEP)
		wti_os->futex_wake(&parker->state, 1);
	if (old != PARK_TOKEN && fd >= 0)
		wti_os->event_signal(fd);
}

int wti_parker_event_fd(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);

	if (fd < 0) {
		fd = wti_os->event_create();
		wti_store(&parker->event_fd, fd < 0 ? -1 : fd);
		/* Wakers that do not know the descriptor yet leave a token: the first look must find it. */
		if (fd >= 0)
			wti_os->event_signal(fd);
	}
	return fd;
}

void wti_parker_event_signal(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);

	if (fd >= 0)
		wti_os->event_signal(fd);
}

void wti_parker_event_clear(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);

	if (fd < 0)
		return;
	wti_os->event_clear(fd);
	/* After the clear: a wake between the two leaves the descriptor readable. pairs with wti_unpark [park-1] */
	wti_xchg_acqrel(&parker->state, PARK_EMPTY);
}
