/* SPDX-License-Identifier: MIT */
#include "park.h"

#include <wt/error.h>

#include "probe.h"
#include "seam.h"

enum {
	PARK_EMPTY,  /* the owner is awake, no wake is kept */
	PARK_ASLEEP, /* the owner sleeps, or is about to */
	PARK_TOKEN,  /* a wake is kept */
	PARK_QUIET   /* the same, and the descriptor has not heard of it */
};

void wti_parker_init(struct wti_parker *parker)
{
	wti_store(&parker->state, PARK_EMPTY);
	wti_store(&parker->event_fd, -1);
	parker->event_at = INT64_MAX;
}

void wti_parker_destroy(struct wti_parker *parker)
{
	if (wti_load(&parker->event_fd) >= 0)
		wti_os->event_close(&parker->event);
}

/*
 * All states change by read-modify-writes of one word, so coherence alone
 * orders a park against an unpark; acquire and release carry what the waker
 * wrote before.
 */
int wti_park(struct wti_parker *parker, int64_t deadline)
{
	uint32_t expected = PARK_EMPTY;
	int err;

	/* pairs with wti_unpark [park-1]: what was written before the wake is seen after it */
	if (!wti_cas_acqrel(&parker->state, &expected, PARK_ASLEEP)) {
		wti_xchg_acqrel(&parker->state, PARK_EMPTY); /* [park-1] */
		return 0;
	}
	WTI_PROBE1(park_begin, parker);
	do {
		/* Its result is not asked: returns of every kind lead to the same look at the word. */
		wti_os->futex_wait(&parker->state, PARK_ASLEEP, deadline);
		if (wti_load(&parker->state) != PARK_ASLEEP || WTI_MUTANT(WTI_MUTANT_TRUST_FUTEX))
			break;
	} while (deadline == INT64_MAX || wti_os->clock() < deadline);

	/* pairs with wti_unpark [park-1]; a token given since the look is taken, too */
	err = wti_xchg_acqrel(&parker->state, PARK_EMPTY) != PARK_ASLEEP ? 0 : WT_ETIMEDOUT;
	WTI_PROBE2(park_end, parker, err);
	return err;
}

void wti_unpark(struct wti_parker *parker)
{
	uint32_t old;
	int fd;

	if (WTI_MUTANT(WTI_MUTANT_WAKE_ASLEEP_ONLY) && wti_load(&parker->state) != PARK_ASLEEP)
		return;
	/* pairs with wti_park, and with park_make_face for the descriptor [park-1] */
	old = wti_xchg_acqrel(&parker->state, PARK_TOKEN);
	fd = wti_load(&parker->event_fd);
	if (old == PARK_ASLEEP) {
		WTI_PROBE1(wake, parker);
		wti_os->futex_wake(&parker->state, 1);
	}
	if (old != PARK_TOKEN && fd >= 0)
		wti_os->event_signal(fd);
}

bool wti_unpark_token(struct wti_parker *parker)
{
	/* pairs with wti_park [park-1] */
	return wti_xchg_acqrel(&parker->state, PARK_QUIET) == PARK_ASLEEP;
}

void wti_unpark_sleeper(struct wti_parker *parker)
{
	WTI_PROBE1(wake, parker);
	wti_os->futex_wake(&parker->state, 1);
}

void wti_sleepers_unpark(struct wti_sleepers *sleepers, struct wti_parker *parker)
{
	if (!wti_unpark_token(parker))
		return;
	if (sleepers->count < sizeof sleepers->parker / sizeof *sleepers->parker)
		sleepers->parker[sleepers->count++] = parker;
	else
		wti_unpark_sleeper(parker);
}

void wti_sleepers_wake(struct wti_sleepers *sleepers)
{
	for (unsigned i = 0; i < sleepers->count; i++)
		wti_unpark_sleeper(sleepers->parker[i]);
}

static int park_make_face(struct wti_parker *parker)
{
	int err = wti_os->event_create(&parker->event);

	if (err)
		return err;
	wti_store(&parker->event_fd, parker->event.signal);
	wti_xchg_acqrel(&parker->state, PARK_EMPTY); /* [park-1]: who gives a token from now on knows the descriptor */
	/* Of those that did not, the first look must find what they came for. */
	wti_os->event_signal(parker->event.signal);
	return 0;
}

int wti_parker_event_fd(struct wti_parker *parker)
{
	int err = wti_load(&parker->event_fd) < 0 ? park_make_face(parker) : 0;

	return err ? err : parker->event.fd;
}

void wti_parker_event_signal(struct wti_parker *parker)
{
	int fd = wti_load(&parker->event_fd);

	if (fd >= 0)
		wti_os->event_signal(fd);
}

void wti_parker_event_clear(struct wti_parker *parker)
{
	if (wti_load(&parker->event_fd) < 0)
		return;
	wti_os->event_clear(&parker->event);
	/* After the clear: a wake between the two leaves the descriptor readable. pairs with wti_unpark [park-1] */
	wti_xchg_acqrel(&parker->state, PARK_EMPTY);
}

void wti_parker_event_timer(struct wti_parker *parker, int64_t at)
{
	if (wti_load(&parker->event_fd) < 0 || parker->event_at == at)
		return;
	parker->event_at = at;
	wti_os->event_alarm(&parker->event, at);
}
