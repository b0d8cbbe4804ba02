/* SPDX-License-Identifier: MIT
 *
 * A message whose outcome the loop tells. It is settled before the callback
 * runs, and nothing of it is touched afterwards.
 */
#include "loop.h"
#include "post_to_thread.h"

static void async_complete(struct wti_errand *errand, unsigned *calls)
{
	void (*fn)(int result, void *arg) = errand->fn;
	void *arg = errand->arg;
	int result = wti_errand_settle(errand, WT_ETIMEDOUT);

	++*calls;
	fn(result, arg);
}

static bool async_ready(struct wti_source *source)
{
	return wti_errand_is_done(wti_container_of(source, struct wti_errand, source));
}

static void async_turn(struct wti_source *source, unsigned *calls)
{
	async_complete(wti_container_of(source, struct wti_errand, source), calls);
}

static const struct wti_source_ops async_source_ops = { .turn = async_turn, .ready = async_ready };

/* Handled when the time was up: it is told so. */
static void async_due(struct wti_deadline *deadline, unsigned *calls)
{
	async_complete(wti_container_of(deadline, struct wti_errand, deadline), calls);
}

/* The owner's own, and cannot fail. */
static void async_begin(struct wti_errand *errand, wt_time deadline)
{
	if (deadline != WT_FOREVER)
		wti_deadline_add(errand->owner, &errand->deadline, deadline);
	errand->refd = true;
	wti_loop_hold(errand->owner, WTI_HOLD_MESSAGE);
	wti_loop_watch(&errand->source);
}

int wt_post_to_thread_async(uint64_t id, const wt_outgoing *message, wt_time deadline,
			    void (*fn)(int result, void *arg), void *arg)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_errand *errand;
	int err;

	if (!fn)
		return WT_EINVAL;
	if (self && self->messages_over)
		return WT_ENOTSUP;
	err = wti_post_create(&errand, id, message, deadline);
	if (err)
		return err;
	errand->fn = fn;
	errand->arg = arg;
	wti_source_init(&errand->source, &async_source_ops, errand->owner);
	wti_deadline_init(&errand->deadline, async_due);
	err = wti_post_enter(errand, id, message, deadline);
	if (!err)
		async_begin(errand, deadline);
	return err;
}
