/* SPDX-License-Identifier: MIT */
#include "sched/explore.h"
#include "sched/memory.h"
#include "sched/report.h"
#include "sched/scheduler.h"

enum {
	PCT_CHANGES = 3,  /* at the most: finds what needs that many moments to be in order */
	PCT_MEASURED = 16 /* schedules without changes: in the first, it may be, nobody waits for anybody */
};

static uint64_t pct_random_state;
static uint64_t pct_priority[SCHED_AGENTS];
static uint64_t pct_change[PCT_CHANGES]; /* the decision at which the highest priority is lost; 0: none */
static uint64_t pct_decisions;           /* in this schedule */
static uint64_t pct_length;              /* decisions of the longest schedule without changes */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t pct_random(void)
{
	uint64_t z = (pct_random_state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned pct_highest(const sched_agent *agents, unsigned count)
{
	unsigned best = 0;

	for (unsigned i = 1; i < count; i++)
		if (pct_priority[agents[i]] > pct_priority[agents[best]])
			best = i;
	return best;
}

static unsigned pct_next(const sched_agent *agents, unsigned count, bool going)
{
	unsigned best = pct_highest(agents, count);

	(void)going;
	pct_decisions++;
	for (unsigned i = 0; i < PCT_CHANGES; i++) {
		if (pct_change[i] != pct_decisions)
			continue;
		pct_priority[agents[best]] = i; /* below all that were drawn */
		best = pct_highest(agents, count);
	}
	if (agents[best] >= 2 * SCHED_FIBRES)
		pct_priority[agents[best]] = 0; /* once: else it would wake for ever */
	return best;
}

/* The buffer has a priority of its own. */
static unsigned pct_drain(unsigned pending)
{
	(void)pending;
	return 0;
}

static const struct sched_strategy pct_strategy = {
	.next = pct_next,
	.drain = pct_drain,
	.everywhere = true,
	.buffer_steps = true,
};

static void pct_seed(uint64_t seed)
{
	uint64_t changes;

	pct_random_state = seed;
	pct_decisions = 0;
	for (unsigned i = 0; i < SCHED_AGENTS; i++)
		pct_priority[i] = pct_random() | (uint64_t)1 << 63;
	changes = pct_random() % (PCT_CHANGES + 1);
	for (unsigned i = 0; i < PCT_CHANGES; i++)
		pct_change[i] = pct_length && i < changes ? 1 + pct_random() % pct_length : 0;
}

static void pct_execute(void (*fn)(void), uint64_t seed)
{
	pct_seed(seed);
	sched_execute(&pct_strategy, fn);
	memory_check();
}

/* How long they are: always the same, so that a seed replays a schedule. */
static void pct_measure(void (*fn)(void))
{
	uint64_t longest = 0;

	pct_length = 0;
	for (uint64_t seed = 0; seed < PCT_MEASURED; seed++) {
		pct_execute(fn, seed);
		if (pct_decisions > longest)
			longest = pct_decisions;
	}
	pct_length = longest + longest / 4; /* others are longer */
}

void pct_run(void (*fn)(void), uint64_t seed, uint64_t count)
{
	sched_report->phase = SCHED_RANDOM;
	sched_report->decisions = 0;
	pct_measure(fn);
	for (uint64_t i = 0; i < count; i++) {
		sched_report->seed = seed + i;
		sched_report->random++;
		pct_execute(fn, seed + i);
	}
}
