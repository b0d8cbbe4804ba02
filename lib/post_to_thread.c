/* SPDX-License-Identifier: MIT
 *
 * A thread that posts and waits. Meanwhile it serves what is posted to itself,
 * or two that post to each other would wait for ever. A listener that posts
 * from inside such a wait makes another one; those beyond a limit only wait, for
 * messages that keep coming must not fill the stack.
 */
#include "post_to_thread.h"

#include "fork.h"
#include "loop.h"
#include "os.h"
#include "thread_registry.h"
#include "wait.h"
#include "worker.h"

enum { POST_NESTING_MAX = 32 };

/* ---- Either way ---- */

int wti_post_create(struct wti_errand **errand, uint64_t id, const wt_outgoing *message, wt_time deadline)
{
	struct wti_thread *self;

	if (!message || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	if (id == self->id)
		return WT_ESAMETHREAD;
	return wti_errand_create(errand, self, message);
}

static int post_late(wt_time deadline)
{
	return deadline != WT_FOREVER && deadline <= wti_os->clock() ? WT_ETIMEDOUT : 0;
}

/* Not in the registry, so without a listener; but the main thread is there always, and a worker until it has ended. */
static int post_why_not_found(uint64_t id)
{
	return id == 0 || wti_process_has_worker(id) ? WT_ENOLISTENER : WT_ESRCH;
}

int wti_post_enter(struct wti_errand *errand, uint64_t id, const wt_outgoing *message, wt_time deadline)
{
	int err = wti_errand_enter(errand, id, message, deadline == WT_NOW ? WT_EAGAIN : post_late(deadline));

	if (err == WT_ESRCH)
		err = post_why_not_found(id);
	return err ? wti_errand_settle(errand, err) : 0;
}

/* ---- Waiting ---- */

/* A deleter must not be left by a jump, as a listener may be. */
static bool post_serves(const struct wti_thread *self)
{
	return self->mailbox && self->serving_depth < POST_NESTING_MAX && !self->deleters;
}

static bool post_ready(void *what)
{
	struct wti_errand *errand = what;
	struct wti_thread *self = errand->owner;

	return wti_errand_is_done(errand) || (post_serves(self) && wti_mailbox_waiting(self->mailbox));
}

/*
 * The errand was announced when it was entered, the mailbox is now. Who changes
 * either holds the mutex: after it, that was before and is seen, or it sees us.
 */
static bool post_arm(void *what)
{
	struct wti_errand *errand = what;
	struct wti_thread *self = errand->owner;

	wti_source_collect(self);
	if (post_serves(self))
		wti_source_arm(&self->mailbox->source);
	wti_registry_lock();
	wti_registry_unlock();
	return true;
}

static void post_disarm(void *what)
{
	struct wti_errand *errand = what;
	struct wti_thread *self = errand->owner;

	if (!post_serves(self))
		return;
	wti_source_disarm(&self->mailbox->source);
	wti_loop_watch(&self->mailbox->source); /* it may have been armed for the loop */
}

static const struct wti_wait_ops post_ops = {
	.name = "outcome",
	.ready = post_ready,
	.arm = post_arm,
	.disarm = post_disarm,
};

static int post_serve(struct wti_thread *self, wt_time deadline)
{
	wti_mailbox_serve(self);
	if (wti_forked())
		return WT_EFORKED;
	return post_late(deadline);
}

static int post_await(struct wti_errand *errand, wt_time deadline)
{
	int err;

	do {
		err = wti_wait(errand->owner, &post_ops, errand, deadline);
		if (!err && !wti_errand_is_done(errand))
			err = post_serve(errand->owner, deadline);
	} while (!err && !wti_errand_is_done(errand));
	return err;
}

static int post_finish(struct wti_errand *errand, wt_time deadline)
{
	int err = post_await(errand, deadline);
	int result;

	if (err == WT_EFORKED)
		return err;
	result = wti_errand_settle(errand, err);
	return err == WT_ETERMINATED ? err : result;
}

int wt_post_to_thread(uint64_t id, const wt_outgoing *message, wt_time deadline)
{
	struct wti_errand *errand;
	int err = wti_post_create(&errand, id, message, deadline);

	if (err)
		return err;
	errand->sleeps = true;
	err = wti_post_enter(errand, id, message, deadline);
	return err ? err : post_finish(errand, deadline);
}
