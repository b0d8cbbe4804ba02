/* SPDX-License-Identifier: MIT */
#include "sched/explore.h"

#include "sched/memory.h"
#include "sched/report.h"
#include "sched/scheduler.h"

enum {
	EXPLORE_PASSES = 20,
	EXPLORE_MOST = 1000000 /* schedules with the least number of preemptions: with more, a scenario is too large */
};

/* In the present schedule. */
static unsigned explore_position; /* decisions made */
static unsigned explore_bound, explore_spent; /* preemptions, allowed and made */

/*
 * The decisions up to here are those of the schedule before, all but the last
 * one; from there on, each is the first choice. Without preemptions left there
 * is nothing to decide, now and whenever this is replayed.
 */
static unsigned explore_decide(unsigned count, bool free)
{
	struct sched_decision *decision = &sched_report->decision[explore_position];

	if (!free && explore_spent == explore_bound)
		return 0;
	if (explore_position == SCHED_DECISIONS)
		sched_fail("more decisions than there is room for");
	if (explore_position == sched_report->decisions) {
		*decision = (struct sched_decision){ .count = (uint16_t)count, .free = free };
		sched_report->decisions++;
	}
	if (decision->count != count || decision->free != free)
		sched_fail("the same decisions led elsewhere: the scenario depends on something else");
	explore_position++;
	explore_spent += !free && decision->taken;
	return decision->taken;
}

static unsigned explore_next(const sched_agent *agents, unsigned count, bool going)
{
	(void)agents;
	return explore_decide(count, !going);
}

static unsigned explore_drain(unsigned pending)
{
	return explore_decide(pending + 1, true);
}

static struct sched_strategy explore_strategy = {
	.next = explore_next,
	.drain = explore_drain,
};

void explore_everywhere(void)
{
	explore_strategy.everywhere = true;
}

static void explore_execute(void (*fn)(void))
{
	explore_position = 0;
	explore_spent = 0;
	sched_execute(&explore_strategy, fn);
	memory_check();
}

/* The last decision that has another choice takes it. False: there is none. */
static bool explore_advance(void)
{
	unsigned spent = explore_spent;

	while (sched_report->decisions) {
		struct sched_decision *decision = &sched_report->decision[sched_report->decisions - 1];

		spent -= !decision->free && decision->taken;
		if (decision->taken + 1u < decision->count && (decision->free || spent < explore_bound)) {
			decision->taken++;
			return true;
		}
		sched_report->decisions--;
	}
	return false;
}

/* False when there are more than the limit. */
static bool explore_pass(void (*fn)(void), uint64_t limit)
{
	uint64_t *schedules = &sched_report->schedules[explore_bound];
	bool more = true;

	*schedules = 0;
	sched_report->decisions = 0;
	while (more && *schedules < limit) {
		++*schedules;
		explore_execute(fn);
		more = explore_advance();
	}
	return !more;
}

void explore_warm_up(void (*fn)(void))
{
	sched_report->phase = SCHED_FIRST;
	explore_bound = 0;
	sched_execute(&explore_strategy, fn);
	memory_keep();
	for (int i = 1; i < EXPLORE_WARM_UPS; i++) {
		sched_site_promote();
		sched_report->decisions = 0;
		explore_execute(fn);
	}
	sched_site_promote();
}

/* The pass again, until it has found no more points. */
static bool explore_all(void (*fn)(void), uint64_t limit)
{
	bool complete = false;

	for (int pass = 0; pass < EXPLORE_PASSES; pass++) {
		complete = explore_pass(fn, limit);
		if (!sched_site_promote())
			return complete;
	}
	return false;
}

/* How many there are with one more preemption, if they go on growing as they did; they grow more slowly. */
static uint64_t explore_estimate(void)
{
	uint64_t last = sched_report->schedules[explore_bound];

	return explore_bound ? last * last / sched_report->schedules[explore_bound - 1] : last;
}

void explore_bounded(void (*fn)(void), unsigned least, uint64_t limit)
{
	sched_report->phase = SCHED_BOUNDED;
	for (explore_bound = 0; explore_bound < SCHED_BOUNDS; explore_bound++) {
		sched_report->bound = explore_bound;
		if (!explore_all(fn, explore_bound <= least ? EXPLORE_MOST : limit))
			return;
		sched_report->complete++;
		if (explore_bound >= least && explore_estimate() > limit)
			return;
	}
}
