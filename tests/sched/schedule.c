/* SPDX-License-Identifier: MIT
 *
 * One schedule: its fibres, from their births to their ends.
 */
#include <errno.h>
#include <stdio.h>

#include "sched/memory.h"
#include "sched/posix.h"
#include "sched/report.h"
#include "sched/schedule.h"
#include "sched/system.h"
#include "thread.h"

struct fibre sched_thread;
struct sched_fibre sched_fibre[SCHED_FIBRES];
unsigned sched_count, sched_live;
struct sched_fibre *sched_running;
const struct sched_strategy *sched_strategy;
int64_t sched_time;
unsigned sched_steps;
unsigned sched_hushes;

static struct fibre sched_stack[SCHED_FIBRES];

/* ---- Fibres ---- */

static void sched_attach(struct sched_fibre *self)
{
	self->calm++;
	if (self->attach && !wti_thread_self())
		sched_fail("no record for %s", self->name);
	self->calm--;
}

static void sched_end(struct sched_fibre *self)
{
	posix_end();
	if (self->ranks)
		sched_fail("%s ends with a lock", self->name);
	sched_operation(SCHED_SITE("end"), self);
	sched_print("-- has ended");
	self->wait = SCHED_ENDED;
	sched_live--;
	sched_wake(SCHED_WAITS_END, self, SCHED_FIBRES);
	sched_choose(SCHED_STOPS);
}

static void sched_trampoline(void)
{
	struct sched_fibre *self = sched_running;

	fibre_begin();
	sched_attach(self);
	self->fn(self->arg);
	sched_end(self);
}

int sched_spawn(const char *name, void *(*fn)(void *arg), void *arg, bool attach)
{
	struct sched_fibre *fibre;

	if (sched_count == SCHED_FIBRES)
		return -EAGAIN;
	fibre = &sched_fibre[sched_count];
	*fibre = (struct sched_fibre){
		.fibre = &sched_stack[sched_count],
		.fn = fn,
		.arg = arg,
		.attach = attach,
		.deadline = INT64_MAX,
	};
	snprintf(fibre->name, sizeof fibre->name, "%s", name);
	fibre_make(fibre->fibre, sched_trampoline);
	sched_live++;
	return (int)sched_count++;
}

int sched_await_end(unsigned fibre, int64_t deadline)
{
	struct sched_fibre *other = &sched_fibre[fibre];

	while (other->wait != SCHED_ENDED) {
		int err = sched_now() < deadline ? sched_block(SCHED_WAITS_END, other, deadline) : -ETIMEDOUT;

		if (err)
			return err;
	}
	return 0;
}

/* ---- One schedule ---- */

static void *sched_first(void *arg)
{
	void (*fn)(void) = *(void (**)(void))arg;

	fn();
	return NULL;
}

void sched_execute(const struct sched_strategy *strategy, void (*fn)(void))
{
	sched_strategy = strategy;
	sched_count = sched_live = 0;
	sched_time = SCHED_EPOCH;
	sched_steps = 0;
	sched_hushes = 0;
	sched_verdict_begin();
	memory_begin();
	system_begin();
	sched_site_forget();
	sched_spawn("main", sched_first, &fn, true);
	sched_running = &sched_fibre[0];
	wti_thread_self_ptr = NULL;
	fibre_switch(&sched_thread, sched_fibre[0].fibre, false);
	wti_thread_self_ptr = NULL;
	sched_verdict_end();
}
