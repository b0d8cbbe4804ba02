/* SPDX-License-Identifier: MIT */
#include "sched/scheduler.h"

#include <errno.h>

#include "sched/memory.h"
#include "sched/schedule.h"
#include "thread.h"

enum { SCHED_STEPS = 200000 /* a schedule with more does not end */ };

struct sched_model sched_model;

/* ---- Who goes on ---- */

static unsigned sched_number(const struct sched_fibre *fibre)
{
	return (unsigned)(fibre - sched_fibre);
}

static void sched_drain(struct sched_fibre *fibre, unsigned count)
{
	if (count)
		sched_print("-- %u of %u stores of %s become visible", count, fibre->buffer.count, fibre->name);
	store_buffer_drain(&fibre->buffer, count);
}

void sched_drain_now(void)
{
	sched_drain(sched_running, sched_running->buffer.count);
}

void sched_drain_all(void)
{
	for (unsigned i = 0; i < sched_count; i++)
		sched_drain(&sched_fibre[i], sched_fibre[i].buffer.count);
}

bool sched_is_pending(const void *address, size_t size)
{
	for (unsigned i = 0; i < sched_count; i++)
		if (store_buffer_has(&sched_fibre[i].buffer, (uintptr_t)address, size))
			return true;
	return false;
}

/* What happens to others while something can run. */
static unsigned sched_collect_others(sched_agent *agents)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].buffer.count && &sched_fibre[i] != sched_running)
			agents[count++] = i + SCHED_FIBRES;
	for (unsigned i = 0; i < sched_count && sched_model.spurious; i++)
		if (sched_fibre[i].wait == SCHED_WAITS_FUTEX)
			agents[count++] = i + 2 * SCHED_FIBRES;
	return count;
}

/* The running fibre first, if it goes on; then the others; then what happens to them. */
static unsigned sched_collect(sched_agent *agents, enum sched_step step)
{
	unsigned count = 0;

	if (step == SCHED_GOES_ON)
		agents[count++] = sched_number(sched_running);
	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].wait == SCHED_RUNS && (&sched_fibre[i] != sched_running || step == SCHED_STOPS))
			agents[count++] = i;
	if (count && (step == SCHED_GOES_ON || sched_strategy->buffer_steps))
		count += sched_collect_others(agents + count);
	return count;
}

static void sched_switch(struct sched_fibre *next)
{
	struct sched_fibre *from = sched_running;

	if (from->buffer.count) {
		sched_drain(from, sched_hushes ? from->buffer.count : sched_strategy->drain(from->buffer.count));
		if (from->buffer.count)
			sched_reached(SCHED_LATE);
	}
	from->self = wti_thread_self_ptr;
	from->error = errno;
	sched_running = next;
	wti_thread_self_ptr = next->self;
	errno = next->error;
	fibre_switch(from->fibre, next->fibre, from->wait == SCHED_ENDED);
}

static void sched_release(struct sched_fibre *fibre, int result)
{
	fibre->wait = SCHED_RUNS;
	fibre->deadline = INT64_MAX;
	fibre->result = result;
}

/* With all who wait for that moment, or one before it. */
static void sched_go_on_to(int64_t time)
{
	sched_time = time;
	sched_print("-- the clock goes on to %lld", (long long)(time - SCHED_EPOCH));
	for (unsigned i = 0; i < sched_count; i++) {
		struct sched_fibre *fibre = &sched_fibre[i];

		if (fibre->wait == SCHED_RUNS || fibre->wait == SCHED_ENDED || fibre->deadline > time)
			continue;
		sched_release(fibre, -ETIMEDOUT);
	}
}

/* To the earliest moment that somebody waits for. */
static bool sched_advance(void)
{
	int64_t earliest = INT64_MAX;

	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].wait != SCHED_ENDED && sched_fibre[i].deadline < earliest)
			earliest = sched_fibre[i].deadline;
	if (earliest == INT64_MAX)
		return false;
	sched_go_on_to(earliest);
	return true;
}

static void sched_leave(void)
{
	struct sched_fibre *last = sched_running;

	sched_running = NULL;
	fibre_switch(last->fibre, &sched_thread, true);
}

/* Nothing can run. */
static void sched_idle(void)
{
	sched_drain_all();
	if (!sched_live)
		sched_leave();
	if (!sched_advance())
		sched_fail_deadlock();
}

/* One step of a store buffer, or, in the bounded search, all of it; or a sleep's end. */
static void sched_happen(sched_agent agent)
{
	struct sched_fibre *owner = &sched_fibre[agent % SCHED_FIBRES];

	if (agent < 2 * SCHED_FIBRES) {
		sched_drain(owner, sched_strategy->buffer_steps ? 1 : owner->buffer.count);
		return;
	}
	sched_print("-- %s wakes for no reason", owner->name);
	sched_reached(SCHED_SPURIOUS);
	sched_release(owner, 0);
}

static sched_agent sched_pick(const sched_agent *agents, unsigned count, enum sched_step step)
{
	return agents[count == 1 || sched_hushes ? 0 : sched_strategy->next(agents, count, step == SCHED_GOES_ON)];
}

void sched_choose(enum sched_step step)
{
	sched_agent agents[SCHED_AGENTS];

	for (;;) {
		unsigned count = sched_collect(agents, step);
		sched_agent agent;

		if (!count) {
			if (step == SCHED_STEPS_BACK)
				return;
			sched_idle();
			continue;
		}
		agent = sched_pick(agents, count, step);
		if (agent >= SCHED_FIBRES) {
			sched_happen(agent);
			continue;
		}
		if (&sched_fibre[agent] != sched_running)
			sched_switch(&sched_fibre[agent]);
		return;
	}
}

/* ---- Points ---- */

static bool sched_frame_is_gone(const struct sched_fibre *fibre, uintptr_t address)
{
	if (fibre->wait == SCHED_ENDED)
		return fibre_owns(fibre->fibre, address);
	return fibre_has_left(fibre->fibre, address);
}

void sched_look(const volatile void *address)
{
	enum memory_state state = memory_state(address);

	if (state == MEMORY_THERE)
		return;
	if (state == MEMORY_GONE)
		sched_fail("an access to memory that was freed");
	for (unsigned i = 0; i < sched_count; i++)
		if (&sched_fibre[i] != sched_running && sched_frame_is_gone(&sched_fibre[i], (uintptr_t)address))
			sched_fail("an access to a frame of %s that is gone", sched_fibre[i].name);
}

/* Also where late stores may have to become visible: it is the last moment to see what comes before that. */
static bool sched_is_point(const struct sched_site *site, bool write)
{
	if (sched_is_calm() || site->dull)
		return false;
	return site->shared || sched_strategy->everywhere || (write && sched_running->buffer.count);
}

static void sched_point_at(struct sched_site *site, bool write)
{
	if (++sched_steps > SCHED_STEPS)
		sched_fail("the schedule does not end");
	if (sched_is_point(site, write))
		sched_choose(SCHED_GOES_ON);
	sched_print_site(site, (site->shared || site->found) && !sched_is_calm());
}

void sched_point(struct sched_site *site, const volatile void *address, bool write)
{
	if (sched_is_alone()) {
		sched_print_site(site, false);
		return;
	}
	if (!sched_strategy->forgets || sched_verbose)
		sched_site_note(site, address, sched_number(sched_running), write);
	sched_point_at(site, write);
}

void sched_operation(struct sched_site *site, const volatile void *address)
{
	sched_point(site, address, true);
	sched_drain_now();
}

void sched_drain_own(void)
{
	if (!sched_running->buffer.count)
		return;
	if (!sched_is_calm())
		sched_choose(SCHED_GOES_ON);
	sched_drain_now();
}

int sched_block(enum sched_wait wait, const volatile void *object, int64_t deadline)
{
	struct sched_fibre *self = sched_running;

	sched_print("-- %s", sched_wait_name(wait));
	self->wait = wait;
	self->object = object;
	self->deadline = deadline;
	self->result = 0;
	sched_choose(SCHED_STOPS);
	return self->result;
}

/* Those that were made first come first: nothing of the library has two sleepers on one word. */
unsigned sched_wake(enum sched_wait wait, const volatile void *object, unsigned count)
{
	unsigned woken = 0;

	for (unsigned i = 0; i < sched_count && woken < count; i++) {
		struct sched_fibre *fibre = &sched_fibre[i];

		if (fibre->wait != wait || fibre->object != object)
			continue;
		sched_print("-- wakes %s", fibre->name);
		sched_release(fibre, 0);
		woken++;
	}
	return woken;
}

void sched_step_back(void)
{
	sched_drain_now();
	if (!sched_running->calm)
		sched_choose(SCHED_STEPS_BACK);
}

/* As one that stops, and is ready at once. */
void sched_rest(void)
{
	sched_choose(SCHED_STOPS);
}

int64_t sched_now(void)
{
	return sched_time;
}

void sched_leap(int64_t by)
{
	sched_go_on_to(sched_time + by);
}

void sched_calm(int by)
{
	sched_running->calm += (unsigned)by;
}

void sched_hush(int by)
{
	sched_drain_all();
	sched_hushes += (unsigned)by;
}

static bool sched_others_run(void)
{
	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].wait == SCHED_RUNS && &sched_fibre[i] != sched_running)
			return true;
	return false;
}

void sched_settle(void)
{
	while (sched_others_run())
		sched_step_back();
}

unsigned sched_current(void)
{
	return sched_number(sched_running);
}

unsigned *sched_ranks_held(void)
{
	return &sched_running->ranks;
}

const void **sched_specific(void)
{
	return &sched_running->specific;
}

struct store_buffer *sched_buffer(void)
{
	return &sched_running->buffer;
}

bool sched_is_alone(void)
{
	return sched_live < 2 || sched_hushes;
}

bool sched_in_own_frame(const volatile void *address)
{
	return fibre_owns(sched_running->fibre, (uintptr_t)address);
}

bool sched_is_everywhere(void)
{
	return sched_strategy->everywhere;
}
