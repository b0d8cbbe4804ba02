/* SPDX-License-Identifier: MIT
 *
 * Waits on a cell that the loop completes. One is a waiter in the table like
 * any thread's, with a source that its notify makes ready, and a deadline.
 * Whichever comes first detaches all of it; then the callback runs. The
 * record stays on the thread's list until the callback has returned: one that
 * leaves it by a jump has it freed by the thread's end.
 */
#include "alloc.h"
#include "deadline.h"
#include "fork.h"
#include "loop.h"
#include "os.h"
#include "wait_notify.h"

struct async_wait {
	struct wti_cell_waiter waiter;
	struct wti_source source;
	struct wti_deadline deadline;
	struct wti_list pending; /* wti_thread.waits */
	bool over;               /* nothing will come, and the loop does not wait for it */
	wt_shared *shared;       /* with a hold (A2) */
	wt_atomics_wait_fn *fn;
	void *arg;
};

/* Nobody else knows of the wait afterwards. True when a notify had reached it. */
static bool async_detach(struct async_wait *wait)
{
	struct wti_thread *self = wait->waiter.thread;
	bool woken = !wti_cell_leave(&wait->waiter);

	wti_source_detach(&wait->source);
	wti_deadline_remove(self, &wait->deadline);
	wti_loop_release(self, WTI_HOLD_WAIT);
	wait->over = true;
	return woken;
}

static void async_free(struct async_wait *wait)
{
	wti_list_remove(&wait->pending);
	wti_source_destroy(&wait->source);
	wt_shared_release(wait->shared);
	wti_free(wait);
}

/* Also where both have come at once: what was counted as woken is told so. */
static void async_complete(struct async_wait *wait, unsigned *calls)
{
	int result = async_detach(wait) ? 0 : WT_ETIMEDOUT;

	++*calls;
	wait->fn(wait->shared, result, wait->arg);
	async_free(wait);
}

static bool async_ready(struct wti_source *source)
{
	return wti_cell_woken(&wti_container_of(source, struct async_wait, source)->waiter);
}

static void async_turn(struct wti_source *source, unsigned *calls)
{
	async_complete(wti_container_of(source, struct async_wait, source), calls);
}

static const struct wti_source_ops async_source_ops = { .turn = async_turn, .ready = async_ready };

static void async_due(struct wti_deadline *deadline, unsigned *calls)
{
	async_complete(wti_container_of(deadline, struct async_wait, deadline), calls);
}

static void async_thread_end(struct wti_thread *self)
{
	struct wti_list *link;

	while ((link = wti_list_pop(&self->waits))) {
		struct async_wait *wait = wti_list_entry(link, struct async_wait, pending);

		if (!wait->over)
			async_detach(wait);
		async_free(wait);
	}
}

/* Entered in the table, and from then on the loop's; what follows is the owner's own and cannot fail. */
static int async_begin(struct async_wait *wait, const struct wti_cell *cell, uint64_t expected, wt_time deadline)
{
	struct wti_thread *self = wait->waiter.thread;
	int err;

	wti_source_init(&wait->source, &async_source_ops, self);
	wti_source_arm(&wait->source);
	wti_deadline_init(&wait->deadline, async_due);
	wait->waiter.source = &wait->source;
	wt_shared_hold(wait->shared); /* first: see cell_wait_arm */
	err = wti_cell_enter(cell, expected, &wait->waiter);
	if (err) {
		wt_shared_release(wait->shared);
		wti_source_destroy(&wait->source);
		return err;
	}
	self->end[WTI_END_WAITS] = async_thread_end;
	wti_list_init(&wait->pending);
	wti_list_append(&self->waits, &wait->pending);
	if (deadline != WT_FOREVER)
		wti_deadline_add(self, &wait->deadline, deadline);
	wti_loop_hold(self, WTI_HOLD_WAIT);
	return 0;
}

static int async_start(const struct async_wait *given, const struct wti_cell *cell, uint64_t expected, wt_time deadline)
{
	struct async_wait *wait = wti_alloc(sizeof *wait);
	int err;

	if (!wait)
		return WT_ENOMEM;
	*wait = *given;
	err = async_begin(wait, cell, expected, deadline);
	if (err)
		wti_free(wait);
	return err;
}

int wt_atomics_wait_async(wt_shared *shared, int type, size_t index, int64_t expected, wt_atomics_wait_fn *fn,
			  void *arg, wt_time deadline)
{
	struct async_wait given = { .shared = shared, .fn = fn, .arg = arg };
	struct wti_cell cell;
	int err = wti_cell_find(&cell, shared, type, index);

	WTI_USES(shared, SHARED);
	if (err)
		return err;
	if (!fn || deadline < 0 || !wti_cell_can_wait(cell.width))
		return WT_EINVAL;
	given.waiter.thread = wti_thread_self();
	if (!given.waiter.thread)
		return wti_fork_error(WT_ENOMEM);
	if (wti_thread_terminating(given.waiter.thread))
		return WT_ETERMINATED;
	/* Nothing to wait for: the answer is that of a wait with WT_NOW. */
	if (deadline <= wti_os->clock())
		return wt_atomics_wait(shared, type, index, expected, WT_NOW);
	return async_start(&given, &cell, (uint64_t)expected, deadline);
}
