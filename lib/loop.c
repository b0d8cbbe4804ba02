/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <wt/loop.h>

#include "barrier.h"
#include "deadline.h"
#include "fork.h"
#include "seam.h"
#include "wait.h"

enum {
	LOOP_IDLE_PASSES = 8,  /* without work, after which a source is quiet: bridges a busy sender's pauses */
	LOOP_QUIET_MAX = 32,   /* quiet ones that stay hot: they are cooled together, for the price of one barrier */
	LOOP_IDLE_LONG = 1024, /* passes: one that is quiet for so long has cost 10 us of looks, as the barrier does */
	LOOP_STREAM = 4        /* messages of one port, and then nothing: with more of them, the next come soon */
};

static struct wti_source *loop_source(struct wti_list *link)
{
	return wti_list_entry(link, struct wti_source, hot);
}

void wti_loop_watch(struct wti_source *source)
{
	struct wti_thread *self = wti_load(&source->owner);

	wti_source_heat(source);
	if (!self->loop_running)
		wti_parker_event_signal(&self->parker);
}

void wti_loop_release(struct wti_thread *self, enum wti_hold kind)
{
	wti_store(&self->loop_holds[kind], wti_load(&self->loop_holds[kind]) - 1);
	/* A program that polls the descriptor may wait for nothing else: it is to look at wt_loop_alive again. */
	if (--self->loop_refs == 0 && !self->loop_running)
		wti_parker_event_signal(&self->parker);
}

void wti_loop_set_hold(struct wti_thread *self, enum wti_hold kind, _Atomic(bool) *held, bool hold)
{
	if (wti_load(held) == hold)
		return;
	wti_store(held, hold);
	if (hold)
		wti_loop_hold(self, kind);
	else
		wti_loop_release(self, kind);
}

/* What a pass left over: those that were not looked at come first next time. */
static void loop_put_back(struct wti_thread *self)
{
	wti_list_move_all(&self->turn, &self->hot);
	wti_list_move_all(&self->hot, &self->turn);
}

/* As wti_source_arm, or wti_source_arm_brief. */
static bool loop_arm_source(struct wti_source *source, bool brief)
{
	bool ordered = brief ? wti_source_arm_brief(source) : wti_source_arm(source);

	if (source->ops->sleeps)
		source->ops->sleeps(source, true);
	return ordered;
}

static void loop_disarm_source(struct wti_source *source)
{
	wti_source_disarm(source);
	if (source->ops->sleeps)
		source->ops->sleeps(source, false);
}

static void loop_disarm_all(struct wti_thread *self)
{
	for (struct wti_list *link = self->hot.next; link != &self->hot; link = link->next)
		loop_disarm_source(loop_source(link));
}

/* Arm those that were idle for so many passes. Whether the looks that follow are ordered. */
static bool loop_arm_idle(struct wti_thread *self, unsigned passes, bool brief)
{
	bool ordered = true;

	for (struct wti_list *link = self->hot.next; link != &self->hot; link = link->next)
		if (loop_source(link)->idle_passes >= passes)
			ordered &= loop_arm_source(loop_source(link), brief);
	if (ordered || wti_barrier_heavy())
		return true;
	for (struct wti_list *link = self->hot.next; link != &self->hot; link = link->next)
		wti_source_end_brief(loop_source(link));
	return false;
}

/* Cool those that were idle for so many passes; with 0 for a sleep. */
static void loop_cool(struct wti_thread *self, unsigned passes)
{
	struct wti_list *link;

	loop_put_back(self);
	if (!loop_arm_idle(self, passes, true)) {
		loop_disarm_all(self); /* they stay hot: looked at, not waited for */
		return;
	}
	wti_list_move_all(&self->turn, &self->hot);
	while ((link = wti_list_pop(&self->turn))) {
		struct wti_source *source = loop_source(link);

		wti_list_append(&self->hot, link);
		if (source->idle_passes < passes)
			continue;
		source->rests = !passes;
		wti_source_cool(source);
	}
}

/* A brief one goes as soon as it is quiet. Whether there is something after all. */
static bool loop_let_go(struct wti_source *source)
{
	wti_source_arm(source);
	wti_source_cool(source);
	return !wti_list_empty(&source->hot);
}

/* Whether it has something for a turn; what has not is on its way out. */
static bool loop_look(struct wti_source *source)
{
	if (source->ops->ready(source))
		return true;
	source->idle_passes++;
	return wti_source_is_brief(source) && loop_let_go(source);
}

/* The one behind this one, as far as it is known, comes soon. */
static void loop_approach(const struct wti_thread *self)
{
	struct wti_source *source = loop_source(self->turn.next);

	if (!wti_list_empty(&self->turn) && source->ops->approach)
		source->ops->approach(source);
}

/*
 * What is due, and one look at each hot source; the number of callbacks made. Quiet ones are cooled where they are many
 * enough to share the barrier, or have been looked at for as much as it costs. Not each time from then on: there may
 * be no barrier.
 * Kept because it measures better than many alone: messages to one of 16 ports went from 26 million a second to 32,
 * as many as to one of 1, to 16 of 32 from 16 to 19.
 */
static unsigned loop_pass(struct wti_thread *self)
{
	struct wti_list *link;
	unsigned calls = 0;
	unsigned quiet = 0;
	bool paid = false;

	wti_thread_pay(self); /* the turn before has ended, and there may be no sleep for long */
	self->loop_passes++;
	loop_put_back(self);
	wti_deadlines_run(self, &calls);
	wti_source_collect(self);
	wti_list_move_all(&self->turn, &self->hot);
	while (!wti_loop_interrupted(self) && (link = wti_list_pop(&self->turn))) {
		struct wti_source *source = loop_source(link);

		wti_list_append(&self->hot, link);
		loop_approach(self);
		if (loop_look(source)) {
			wti_source_served(source);
			source->ops->turn(source, &calls); /* may have freed it */
		} else {
			quiet += source->idle_passes >= LOOP_IDLE_PASSES;
			paid |= source->idle_passes % LOOP_IDLE_LONG == 0;
		}
	}
	if (quiet >= LOOP_QUIET_MAX || paid)
		loop_cool(self, LOOP_IDLE_PASSES);
	return calls;
}

static bool loop_ready(void *what)
{
	struct wti_thread *self = what;

	wti_source_collect(self);
	for (struct wti_list *link = self->hot.next; link != &self->hot; link = link->next)
		if (loop_source(link)->ops->ready(loop_source(link)))
			return true;
	return false;
}

static bool loop_arm(void *what)
{
	struct wti_thread *self = what;
	bool often = wti_wait_sleeps_often(self);
	bool ordered;

	if (often)
		wti_source_note_sleep(self);
	wti_source_collect(self);
	ordered = loop_arm_idle(self, 0, often);
	self->loop_rests = ordered && often;
	return ordered;
}

static void loop_let_rest(struct wti_source *source)
{
	source->rests = true;
	wti_source_cool(source);
}

/*
 * Where the thread sleeps often, what is armed still is quiet, and is let go: a
 * sleep is longer than all the passes in which a source is looked at in vain.
 * So before the next sleep the one alone is to be armed that ended this one,
 * and which is brief. A pool's stay, for they are asked before each sleep
 * whether it is to be a nap.
 * Kept because it measures better than behind each sleep: who wakes up for good
 * is then told of what it would see, and the wakes that are left over end its
 * next sleeps in vain. The whole life of a worker, by handlers, took 12.5 us
 * so, and takes 7.0.
 */
static void loop_disarm(void *what)
{
	struct wti_thread *self = what;
	struct wti_list *link, *next;

	for (link = self->hot.next; link != &self->hot; link = next) {
		struct wti_source *source = loop_source(link);

		next = link->next;
		if (source->ops->crowded || source->ops->sleeps || !self->loop_rests)
			loop_disarm_source(source);
		else if (wti_source_is_armed(source))
			loop_let_rest(source);
	}
}

static int64_t loop_source_crowded(struct wti_source *source)
{
	return source->ops->crowded ? source->ops->crowded(source) : WTI_WAIT_FREE;
}

static bool loop_is_alone(const struct wti_thread *self, const struct wti_source *source)
{
	return self->hot.next == &source->hot && self->hot.prev == &source->hot;
}

/*
 * The crowded one alone may be slept over: what is quiet is armed, and would
 * end the sleep; others that are busy would be late.
 */
static int64_t loop_crowded(void *what)
{
	struct wti_thread *self = what;

	for (struct wti_list *link = self->hot.next; link != &self->hot; link = link->next) {
		struct wti_source *source = loop_source(link);
		int64_t nap = loop_source_crowded(source);

		if (nap == WTI_WAIT_FREE)
			continue;
		if (!loop_is_alone(self, source))
			loop_cool(self, LOOP_IDLE_PASSES);
		return loop_is_alone(self, source) ? nap : 0;
	}
	return WTI_WAIT_FREE;
}

static const struct wti_wait_ops loop_wait_ops = {
	.name = "loop",
	.ready = loop_ready,
	.arm = loop_arm,
	.disarm = loop_disarm,
	.crowded = loop_crowded,
	.loop = true,
};

/*
 * Nothing is there. In the middle of a stream to one port, whoever posts is to get some ahead: see wti_wait_gather. Of
 * many ports each has lines of its own, and a pause would only take time.
 * Kept because it measures better: 8-byte messages to one handler went from 13.5 million a second to 17.
 */
static void loop_gather(struct wti_thread *self, wt_time deadline)
{
	if (self->loop_stream > LOOP_STREAM && deadline != WT_NOW)
		wti_wait_gather(wti_wait_pauses_after(self->loop_stream));
	self->loop_stream = 0;
}

/* Wait until a source is ready, or something is due; which of them, the next pass finds out. */
static int loop_wait(struct wti_thread *self, wt_time deadline)
{
	wt_time next = wti_deadlines_next(self);
	int err;

	loop_gather(self, deadline);
	if (deadline < next)
		return wti_wait(self, &loop_wait_ops, self, deadline);
	err = wti_wait(self, &loop_wait_ops, self, next);
	return err == WT_ETIMEDOUT ? 0 : err;
}

/*
 * Before control goes back to a program that polls the descriptor: arm
 * everything, and leave the descriptor readable only for what is ready.
 * Cleared first, so that a wake that comes while we arm is not lost.
 */
static void loop_rest(struct wti_thread *self)
{
	loop_put_back(self);
	if (wti_load(&self->parker.event_fd) < 0)
		return;
	wti_parker_event_clear(&self->parker);
	wti_source_collect(self);
	loop_cool(self, 0);
	if (wti_list_empty(&self->hot))
		wti_source_note_sleep(self);
	if (WTI_MUTANT(WTI_MUTANT_CLEAR_AFTER_LOOK))
		wti_parker_event_clear(&self->parker);
	wti_parker_event_timer(&self->parker, wti_deadlines_next(self));
	if (!wti_list_empty(&self->hot) || wti_thread_terminating(self) || wti_deadlines_due(self))
		wti_parker_event_signal(&self->parker);
}

static bool loop_any_holds(const struct wti_list *list)
{
	for (struct wti_list *link = list->next; link != list; link = link->next) {
		struct wti_source *source = loop_source(link);

		if (source->ops->holds && source->ops->holds(source))
			return true;
	}
	return false;
}

static bool loop_alive(struct wti_thread *self)
{
	if (self->loop_refs)
		return true;
	wti_source_collect(self);
	return loop_any_holds(&self->hot) || loop_any_holds(&self->turn);
}

static int loop_enter(struct wti_thread *self)
{
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (self->loop_running || self->drains || self->deleters || self->serving_depth)
		return WT_EBUSY;
	self->loop_running = true;
	wti_loop_time_run(&self->loop_time);
	return 0;
}

/* What may sleep next is the program, which we do not see. */
static void loop_leave(struct wti_thread *self)
{
	self->loop_stop = false;
	self->loop_running = false;
	wti_thread_pay(self);
	loop_rest(self);
	/* Also without a pass: what it has let go, a select is to look at again. */
	self->select_serial++;
}

int wt_run(void)
{
	struct wti_thread *self = wti_thread_self();
	int err = loop_enter(self);

	if (err)
		return err;
	while (!err && !self->loop_stop && loop_alive(self)) {
		if (wti_thread_terminating(self))
			err = WT_ETERMINATED;
		else if (!loop_pass(self) && !self->loop_stop && loop_alive(self))
			err = loop_wait(self, WT_FOREVER);
	}
	if (wti_forked())
		return WT_EFORKED;
	if (wti_thread_terminating(self))
		err = WT_ETERMINATED;
	loop_leave(self);
	return err;
}

/* A pass, and if it found nothing, a wait and another one. */
static int loop_once(struct wti_thread *self, wt_time deadline, unsigned *calls)
{
	int err = 0;

	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	*calls = loop_pass(self);
	while (!err && !*calls && !self->loop_stop && loop_alive(self)) {
		err = loop_wait(self, deadline);
		if (!err)
			*calls = loop_pass(self);
	}
	return *calls ? 0 : err;
}

int wt_run_once(wt_time deadline)
{
	struct wti_thread *self;
	unsigned calls = 0;
	int err;

	if (deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	err = loop_enter(self);
	if (err)
		return err;
	err = loop_once(self, deadline, &calls);
	if (wti_forked())
		return WT_EFORKED;
	loop_leave(self);
	return err ? err : (int)(calls & INT32_MAX);
}

void wt_stop(void)
{
	struct wti_thread *self = wti_thread_self();

	if (self)
		self->loop_stop = true;
}

bool wt_loop_alive(void)
{
	struct wti_thread *self = wti_thread_peek();

	return self && loop_alive(self);
}

int wt_loop_fd(int *fd)
{
	struct wti_thread *self;
	int result;

	if (!fd)
		return WT_EINVAL;
	*fd = -1;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	result = wti_parker_event_fd(&self->parker);
	if (result < 0)
		return result;
	*fd = result;
	return 0;
}
