/* SPDX-License-Identifier: MIT
 *
 * A task as a handle: what its submitter does with it, and what its worker
 * does.
 */
#include "fork.h"
#include "loop.h"
#include "message.h"
#include "pool.h"
#include "transfer.h"
#include "wait.h"

/* ---- The submitter ---- */

static struct wti_thread *task_owner(const struct wt_task *task)
{
	struct wti_thread *self = wti_thread_peek();

	return self && wti_load(&task->client->source.owner) == self ? self : NULL;
}

/* Whether the submitter still has a handle of it, to wait with. */
static bool task_has_handle(const struct wt_task *task)
{
	return task->own->state != WTI_TASK_FREE && !task->own->done && !task->own->told;
}

static bool task_wait_ready(void *what)
{
	return wti_pool_came_back(what);
}

static bool task_wait_arm(void *what)
{
	struct wti_pool_client *client = what;

	/* A notification that has arrived already must not stand for the next one. */
	wti_source_collect(wti_load(&client->source.owner));
	wti_source_arm(&client->source);
	wti_ring_flush(&client->back);
	return false;
}

static void task_wait_disarm(void *what)
{
	struct wti_pool_client *client = what;

	wti_source_disarm(&client->source);
	wti_loop_watch(&client->source);
}

static int64_t task_wait_crowded(void *what)
{
	return wti_pool_crowded(what);
}

static const void *task_wait_object(void *what)
{
	const struct wti_pool_client *client = what;

	return client->pool;
}

static const struct wti_wait_ops task_wait_ops = {
	.name = "task",
	.kind = "pool",
	.object = task_wait_object,
	.ready = task_wait_ready,
	.crowded = task_wait_crowded,
	.arm = task_wait_arm,
	.disarm = task_wait_disarm,
};

int wti_pool_task_await(struct wt_task *task, wt_time deadline)
{
	struct wti_pool_client *client = task->client;
	struct wti_thread *self = wti_load(&client->source.owner);
	uint32_t generation = task->own->generation;
	int err = wti_thread_terminating(self) ? WT_ETERMINATED : 0;

	while (!err && task->own->state != WTI_TASK_FINISHED) {
		wti_pool_pull(client);
		if (wti_forked())
			return WT_EFORKED; /* in a deleter, as what follows */
		if (!task_has_handle(task) || task->own->generation != generation)
			return WT_EINVAL; /* it was released, or the pool destroyed */
		if (task->own->state == WTI_TASK_FINISHED)
			return 0;
		err = wti_wait(self, &task_wait_ops, client, deadline);
	}
	return err;
}

/* The wait, and what it brings. */
static int task_wait(struct wt_task *task, int *result, wt_message *reply, wt_time deadline)
{
	bool on_worker = wti_pool_is_inside(task->client->pool, wti_load(&task->client->source.owner));
	int err = wti_pool_task_await(task, on_worker ? WT_NOW : deadline);

	if (err)
		return on_worker && err == WT_EAGAIN && deadline != WT_NOW ? WT_EDEADLK : err;
	if (result)
		*result = task->own->result;
	if (reply)
		wti_pool_reply_show(task->own, reply);
	return 0;
}

int wt_task_wait(wt_task *task, int *result, wt_message *reply, wt_time deadline)
{
	struct wti_pool_client *client;
	int err;

	WTI_USES(task, TASK);
	if (reply)
		*reply = (wt_message){ 0 };
	if (!task || deadline < 0)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (!task_owner(task))
		return WT_EOWNER;
	if (!task_has_handle(task))
		return WT_EINVAL;
	client = task->client;
	wti_pool_client_enter(client);
	err = task_wait(task, result, reply, deadline);
	wti_pool_client_leave(client);
	return err;
}

/* Under the lock: the workers that have begun it. */
static bool task_cancel_running(struct wt_task *task)
{
	struct wt_pool *pool = task->client->pool;
	bool found = false;

	/* Relaxed: a hint to the task; who must not miss it is told through its run. */
	wti_store(&task->cancelled, 1);
	task->own->cancelled = true;
	for (struct wti_list *link = pool->workers.next; link != &pool->workers; link = link->next) {
		struct wti_pool_worker *worker = wti_list_entry(link, struct wti_pool_worker, link);

		for (unsigned i = 0; i < worker->run_count; i++) {
			struct wti_pool_run *run = &worker->runs[i];
			uint64_t serial = wti_load_acq(&run->serial); /* pairs with wti_pool_run_publish [pool-run] */

			if (serial & 1 && wti_load_acq(&run->task) == task) { /* [pool-run] */
				run->cancelled = serial;
				found = true;
			}
		}
	}
	return found;
}

bool wti_pool_task_withdraw(struct wt_task *task)
{
	struct wt_pool *pool = task->client->pool;
	bool withdrawn;

	if (task->own->state != WTI_TASK_SUBMITTED)
		return false;
	wti_mutex_lock_soon(&pool->lock);
	withdrawn = wti_pool_withdraw(task->client, task);
	wti_mutex_unlock(&pool->lock);
	if (wti_load(&pool->returned_count))
		wti_pool_call(pool); /* what was held beside it */
	if (!withdrawn)
		return false;
	wti_pool_room_offer(pool);
	wti_pool_withdrawn(task->client, task->own);
	if (!wti_forked())
		wti_loop_watch(&task->client->source);
	return true;
}

/* Its worker is told, if there is one. */
static void task_cancel_begun(struct wt_task *task)
{
	struct wt_pool *pool = task->client->pool;
	bool running;

	wti_mutex_lock_soon(&pool->lock);
	running = task_cancel_running(task);
	wti_mutex_unlock(&pool->lock);
	if (running)
		wti_pool_ask(pool);
}

int wt_task_cancel(wt_task *task)
{
	struct wti_pool_client *client;

	WTI_USES(task, TASK);
	if (!task)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (!task_owner(task))
		return WT_EOWNER;
	if (task->own->state != WTI_TASK_SUBMITTED)
		return 0;
	client = task->client;
	wti_pool_client_enter(client);
	if (!wti_pool_task_withdraw(task))
		task_cancel_begun(task);
	wti_pool_client_leave(client);
	return 0;
}

int wt_task_failure(const wt_task *task, wt_failure *failure)
{
	const struct wti_pool_own *own;

	WTI_USES(task, TASK);
	if (!task || !failure)
		return WT_EINVAL;
	*failure = (wt_failure){ 0 };
	if (wti_forked())
		return WT_EFORKED;
	if (!task_owner(task))
		return WT_EOWNER;
	own = task->own;
	if (own->state < WTI_TASK_FINISHED || !(own->bits & WTI_ENTRY_REPLY))
		return WT_EAGAIN;
	failure->message = wti_pool_message_text(task->reply.message);
	if (!failure->message)
		return WT_EAGAIN;
	failure->code = own->result;
	return 0;
}

void wti_pool_task_release(struct wt_task *task)
{
	struct wti_pool_client *client = task->client;

	if (!task_has_handle(task))
		return;
	wti_pool_client_enter(client);
	task->own->told = true;
	if (task->own->state == WTI_TASK_FINISHED)
		wti_pool_reply_drop(task->own);
	wti_pool_task_put(client, task->own);
	wti_pool_client_leave(client);
}

void wt_task_release(wt_task *task)
{
	WTI_ENDS(task, TASK);
	if (!task || wti_forked() || !task_owner(task) || !task_has_handle(task))
		return;
	WTI_ENDED(task);
	wti_pool_task_release(task);
}

/* ---- The worker ---- */

/* A short one is kept with the entry. */
static bool task_reply_briefly(struct wti_pool_run *run, const wt_outgoing *reply, size_t size)
{
	if (reply->transfer_count || size > WTI_TASK_INLINE)
		return false;
	wti_outgoing_copy(run->entry.bytes, reply);
	run->entry.extra = reply->type;
	run->brief = size;
	return true;
}

static int task_check_reply(const wt_outgoing *reply, size_t *size)
{
	int err = wti_outgoing_check(reply, size);

	return err ? err : wti_transfer_check(reply->transfer, reply->transfer_count, &(struct wti_route){ 0 });
}

/* One that is not short, or stands in another's place. */
static WTI_APART int task_reply(struct wti_pool_run *run, struct wt_task *task, const wt_outgoing *reply)
{
	struct wti_pool_message *old = run->replied == WTI_ENTRY_REPLY ? task->reply.message : NULL;
	struct wti_pool_message *made = NULL;
	struct wti_list dropped;
	size_t size;
	int err;

	err = task_check_reply(reply, &size);
	if (err)
		return err;
	wti_list_init(&dropped);
	if (!task_reply_briefly(run, reply, size)) {
		err = wti_pool_message_make(&made, reply, &dropped);
		if (err)
			return err;
	}
	if (made)
		task->reply.message = made;
	run->replied = made ? WTI_ENTRY_REPLY : WTI_ENTRY_BRIEF;
	/* Last: a deleter may reply again, or finish the task. */
	wti_cargo_destroy_all(&dropped);
	if (old && !wti_forked())
		wti_pool_message_free(old);
	return 0;
}

/* Whether it is bytes alone, few enough to be kept with the entry, and no other reply is to be freed. */
static inline bool task_reply_is_usual(const struct wti_pool_run *run, const wt_outgoing *reply)
{
	return wti_is_short(reply->size) && reply->size <= WTI_TASK_INLINE && !reply->transfer_count &&
	       wti_outgoing_is_one_piece(reply) && run->replied != WTI_ENTRY_REPLY;
}

int wt_task_reply(wt_task *task, const wt_outgoing *reply)
{
	struct wti_pool_run *run;

	if (wti_unlikely(!task || !reply))
		return WT_EINVAL;
	run = wti_pool_run_find(task);
	if (wti_unlikely(!run))
		return wti_fork_error(WT_EOWNER);
	if (wti_unlikely(!task_reply_is_usual(run, reply)))
		return task_reply(run, task, reply);
	wti_copy_short(run->entry.bytes, reply->data, reply->size);
	run->entry.extra = reply->type;
	run->brief = reply->size;
	run->replied = WTI_ENTRY_BRIEF;
	return 0;
}

int wt_task_progress(wt_task *task, const wt_outgoing *message)
{
	struct wti_pool_message *made;
	struct wti_pool_run *run;
	struct wti_list dropped;
	uint64_t entry;
	int err;

	if (!task || !message)
		return WT_EINVAL;
	run = wti_pool_run_find(task);
	if (!run)
		return wti_fork_error(WT_EOWNER);
	wti_list_init(&dropped);
	err = wti_pool_message_make(&made, message, &dropped);
	if (err)
		return err;
	made->task = task;
	made->generation = wti_load(&run->generation);
	entry = (uint64_t)(uintptr_t)made | WTI_ENTRY_PROGRESS;
	err = wti_ring_post(&task->client->back, &entry, sizeof entry, 0);
	if (err)
		wti_pool_message_free(made);
	else
		wti_source_notify(&task->client->source);
	wti_cargo_destroy_all(&dropped); /* last, as in a reply */
	return err;
}

bool wt_task_cancelled(const wt_task *task)
{
	const struct wti_thread *self = wti_thread_peek();

	if (!task || !wti_pool_run_find(task))
		return false;
	/* Relaxed: nothing is read through them. */
	return wti_load(&task->cancelled) || wti_thread_terminating(self);
}

int wt_task_finish(wt_task *task, int result)
{
	struct wti_pool_worker *worker;
	struct wti_pool_run *run;

	if (!task || result == WT_TASK_PENDING)
		return WT_EINVAL;
	run = wti_pool_run_find(task);
	if (!run || run->finished)
		return wti_fork_error(WT_EOWNER);
	run->finished = true;
	run->result = result;
	if (run->inside)
		return 0; /* when its function returns */
	worker = wti_thread_peek()->pool_worker;
	wti_pool_run_finish(worker, run, result);
	if (!wti_forked())
		wti_loop_watch(&worker->source); /* it may begin another one */
	return 0;
}
