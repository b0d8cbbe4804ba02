/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include "os.h"

/* Times as much. */
#define GATHER_AS_GOOD 0.97
#define GATHER_BETTER  1.1
#define GATHER_UNUSUAL 8

/* The pauses of a wait that is tried. */
static unsigned gather_trial(const struct wti_gather *gather)
{
	if (gather->shorter)
		return gather->pauses > WTI_GATHER_MIN ? gather->pauses / 2 : 0;
	return gather->pauses ? gather->pauses * 2 : WTI_GATHER_MIN;
}

static void gather_enter(struct wti_gather *gather, enum wti_gather_phase phase)
{
	gather->phase = (uint8_t)phase;
	gather->waits = 0;
	gather->now = (struct wti_gather_yield){ .time = wti_os->clock() };
}

/*
 * What either brought in the same time is compared, where a coarse clock may have
 * seen no time at all; and what it brought at once: where things come rarely,
 * the time that passes between them has nothing to do with the waits.
 */
static bool gather_was_worth_it(const struct wti_gather *gather)
{
	double now = (double)gather->now.things;
	double usual = (double)gather->usual.things;
	double now_rate = now * (double)gather->usual.time;
	double usual_rate = usual * (double)gather->now.time;

	if (gather->shorter)
		return now >= usual || now_rate >= usual_rate * GATHER_AS_GOOD;
	return now > usual * GATHER_BETTER && now_rate > usual_rate * GATHER_BETTER;
}

/* Nothing else is better, for now. */
static void gather_rest_longer(struct wti_gather *gather)
{
	gather->rest = gather->rest ? gather->rest * 2 : WTI_GATHER_SOON;
	if (gather->rest > WTI_GATHER_SELDOM)
		gather->rest = WTI_GATHER_SELDOM;
}

/* A trial is over: where twice was not worth it, half is tried soon. */
static void gather_judge(struct wti_gather *gather)
{
	bool worth_it = gather_was_worth_it(gather);
	bool half_is_left = !gather->shorter && gather->pauses;

	gather_enter(gather, WTI_GATHER_RESTS);
	if (worth_it) {
		gather->pauses = gather_trial(gather);
		gather->rest = 0;
	} else if (half_is_left) {
		gather->shorter = true;
		gather->waits = gather->rest;
	} else {
		gather->shorter = false;
		gather_rest_longer(gather);
	}
}

/* Twice where there is nothing to halve, half where it may not be longer. */
static void gather_choose(struct wti_gather *gather)
{
	if (!gather->pauses)
		gather->shorter = false;
	else if (gather->pauses >= WTI_GATHER_MAX)
		gather->shorter = true;
}

/* Some waits were timed. */
static WTI_APART void gather_end_phase(struct wti_gather *gather)
{
	gather->now.time = wti_os->clock() - gather->now.time;
	if (gather->phase == WTI_GATHER_MEASURES) {
		gather->usual = gather->now;
		gather_choose(gather);
		gather_enter(gather, WTI_GATHER_TRIES);
	} else {
		gather_judge(gather);
	}
}

/* So many more in as many waits, or so many fewer, that what was learned may hold no more: trials come sooner again. */
static void gather_note_change(struct wti_gather *gather)
{
	uint64_t usual = gather->usual.things;
	uint64_t now = gather->now.things;

	if (now > GATHER_UNUSUAL * usual || GATHER_UNUSUAL * now < usual)
		gather->rest /= 2;
	gather->now.things = 0;
}

unsigned wti_gather_next(struct wti_gather *gather, unsigned brought)
{
	gather->waits++;
	gather->now.things += brought;
	if (gather->phase == WTI_GATHER_RESTS) {
		if (gather->waits % WTI_GATHER_TIMED == 0)
			gather_note_change(gather);
		if (gather->waits >= WTI_GATHER_SOON + gather->rest)
			gather_enter(gather, WTI_GATHER_MEASURES);
	} else if (gather->waits == WTI_GATHER_TIMED) {
		gather_end_phase(gather);
	}
	return gather->phase == WTI_GATHER_TRIES ? gather_trial(gather) : gather->pauses;
}
