/* SPDX-License-Identifier: MIT
 *
 * For how long to let the other side get ahead, learned. Who takes things as
 * they come pulls the lines that it shares with who brings them back and forth;
 * it may get more of them where it waits now and then, and takes some together.
 * How long is worth it depends on how fast they come and on how many can be
 * under way: where all of those have come, to wait is in vain.
 *
 * So it is tried. Whoever has taken all that was there tells how many that
 * were, and hears how long to wait now. Now and then some waits are timed, and
 * then some that are twice as long, or half as long: twice is kept where that
 * brought a tenth more at once and in the same time, half where it brought no
 * less at once, or hardly less in the same time. The less comes of trials, the
 * rarer they are, until what comes changes much.
 */
#ifndef WTI_GATHER_H
#define WTI_GATHER_H

#include <stdint.h>

#include "base.h"

enum {
	WTI_GATHER_MIN = 32,      /* pauses of the processor, unless none: a microsecond or so */
	WTI_GATHER_MAX = 1024,    /* pauses */
	WTI_GATHER_TIMED = 8,     /* waits that are timed together */
	WTI_GATHER_SOON = 4,      /* waits between two trials, besides those that are timed ... */
	WTI_GATHER_SELDOM = 1024  /* ... and so many more at the most, but between twice and the half behind it */
};

enum wti_gather_phase {
	WTI_GATHER_RESTS,
	WTI_GATHER_MEASURES, /* times usual waits */
	WTI_GATHER_TRIES     /* times others */
};

/* What some waits brought. */
struct wti_gather_yield {
	uint64_t things;
	int64_t time; /* ns; while it is under way, when that began */
};

/* Zeroed, it has learned nothing. One thread at a time; nothing fails. */
struct wti_gather {
	unsigned pauses;   /* of a usual wait */
	unsigned waits;    /* in this phase */
	unsigned rest;     /* waits between trials, beyond WTI_GATHER_SOON */
	uint8_t phase;     /* enum wti_gather_phase */
	bool shorter;      /* half is tried, or will be; else twice */
	struct wti_gather_yield usual; /* the last that was measured */
	struct wti_gather_yield now;
};

/* So many things were taken since the last call: for how many pauses to wait now. */
unsigned wti_gather_next(struct wti_gather *gather, unsigned brought);

#endif
