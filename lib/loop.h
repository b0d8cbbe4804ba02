/* SPDX-License-Identifier: MIT
 *
 * One thread's event loop, over the sources that it owns.
 *
 * The loop looks at the sources on the thread's hot list. A source gets there
 * by its notification, or by its owner (wti_loop_watch); one that stays quiet
 * for some passes is armed and leaves. So a pass costs what is ready or was
 * so a moment ago, not what exists, and a busy port is polled, not notified.
 * Before the thread sleeps it arms all of them; if it sleeps often, what it was
 * not woken for leaves, too. It sleeps no longer than until the earliest
 * deadline (deadline.h).
 *
 * Nothing of a pass is on the stack: a callback may leave by a jump (wt_exit)
 * or destroy any object, also the one that called it.
 */
#ifndef WTI_LOOP_H
#define WTI_LOOP_H

#include "source.h"
#include "thread.h"

/* Owner: have the loop look at this source, which may have become ready by the owner's own doing. */
void wti_loop_watch(struct wti_source *source);

/*
 * Owner: one more or one less reason of this kind for wt_run to go on. Kinds are counted for those who ask what keeps a
 * loop alive; the loop itself looks at the sum.
 */
static inline void wti_loop_hold(struct wti_thread *self, enum wti_hold kind)
{
	self->loop_refs++;
	wti_store(&self->loop_holds[kind], wti_load(&self->loop_holds[kind]) + 1);
}

void wti_loop_release(struct wti_thread *self, enum wti_hold kind);

/* The same where `held` says which of the two was last: a reason is there once, or not. Any thread may read it. */
void wti_loop_set_hold(struct wti_thread *self, enum wti_hold kind, _Atomic(bool) *held, bool hold);

/* A turn serves at least this many messages where there are as many. */
#define WTI_TURN_MIN 1000

/*
 * A turn's share after `n` messages: what was there when it began, up to the
 * position `tail`, or WTI_TURN_MIN if that is more (M7). A handler that posts
 * to its own thread does not keep the others waiting.
 */
static inline bool wti_loop_within_share(uint64_t tail, uint64_t position, unsigned n)
{
	return n < WTI_TURN_MIN || (int64_t)(tail - position) > 0;
}

/* Whether the turn of a source is to end after the present callback. */
static inline bool wti_loop_interrupted(const struct wti_thread *self)
{
	return self->loop_stop || wti_thread_terminating(self);
}

#endif
