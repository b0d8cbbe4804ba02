/* SPDX-License-Identifier: MIT
 *
 * The process's end with workers running (W7). Every worker is on one list;
 * an exit handler, registered with the first of them, tells all to end and
 * waits a moment. It calls nobody back and frees nothing, for a worker that
 * does not end may still use it. Behind all handlers, those that are left lose
 * their streams.
 */
#include <unistd.h>

#include "fork.h"
#include "mutex.h"
#include "os.h"
#include "stream.h"
#include "worker.h"

/* ns: with what is around them, within the promised 500 ms */
#define PROCESS_END_TIMEOUT 380000000
#define PROCESS_OVER_TIMEOUT 70000000

static struct wti_mutex process_lock = WTI_MUTEX_INIT(WTI_RANK_PROCESS);
static struct wti_list process_workers = { &process_workers, &process_workers }; /* under the lock */
static _Atomic(uint32_t) process_count;  /* of them; sleepers wait for its fall, and only at the end */
static _Atomic(uint32_t) process_ending; /* the handler sleeps, or is about to */
static _Atomic(pid_t) process_id;        /* who registered the handler, or 0; written under the lock */

/*
 * Stop a worker, and give up its thread, which nobody will join any more: else
 * tools that look for leaked threads would find it.
 */
static void process_let_go(struct wt_worker *worker)
{
	WTI_EXCUSED(worker);
	wti_worker_stop(worker);
	/* pairs with worker_start [worker-thread]: which thread it is, is written, and whether it was hired */
	if (!wti_load_acq(&worker->thread_known) || worker->thread_taken)
		return;
	worker->thread_taken = true;
	wti_os->thread_detach(worker->pthread);
}

/*
 * Those that the thread which ends the process has created, and neither
 * destroyed nor asked (W8). Not where it would have to wait for room (W7).
 */
static void process_report(const struct wti_thread *self)
{
	for (const struct wti_list *link = self->workers.next; link != &self->workers; link = link->next) {
		struct wt_worker *worker = wti_list_entry(link, struct wt_worker, sibling);

		if (wti_worker_has_ended(worker) && !worker->on_error &&
		    wti_os->descriptor_await_room(STDERR_FILENO, 0) > 0)
			wti_worker_report_failure(worker);
	}
}

static void process_end(void)
{
	struct wti_thread *self = wti_thread_peek();
	wt_time deadline = wt_after_ns(PROCESS_END_TIMEOUT);
	uint32_t left = self && self->worker ? 1 : 0; /* a worker that called exit() does not end */
	uint32_t count;

	/* Relaxed: whoever forked has inherited what it needs to compare. */
	if (getpid() != wti_load(&process_id))
		return; /* a forked child has no workers, but a copy of their list */
	wti_mutex_lock(&process_lock);
	/* seq_cst: announced before the count is read; pairs with wti_process_remove [process-1] */
	wti_store_sc(&process_ending, 1);
	for (struct wti_list *link = process_workers.next; link != &process_workers; link = link->next)
		process_let_go(wti_list_entry(link, struct wt_worker, living));
	wti_mutex_unlock(&process_lock);
	wti_stream_end_process(); /* also of a worker that called exit(): told to end, it does not wait */
	/* pairs with wti_process_remove [process-1] */
	while ((count = wti_load_sc(&process_count)) > left && wti_os->clock() < deadline)
		wti_os->futex_wait(&process_count, count, deadline);
	if (self)
		process_report(self);
}

static bool process_leave_streams(void)
{
	bool all = true;

	wti_mutex_lock(&process_lock);
	for (struct wti_list *link = process_workers.next; link != &process_workers; link = link->next)
		if (!wti_stream_leave(&wti_list_entry(link, struct wt_worker, living)->thread))
			all = false;
	wti_mutex_unlock(&process_lock);
	return all;
}

/* Nobody waits for a worker any more, and the C library is about to end its streams. */
static void process_over(void)
{
	wt_time deadline = wt_after_ns(PROCESS_OVER_TIMEOUT);

	if (wti_forked() || getpid() != wti_load(&process_id))
		return;
	wti_stream_process_over();
	while (!process_leave_streams() && wti_os->clock() < deadline)
		wti_os->yield();
}

/* Under the lock, once: a forked child has no workers of its own. */
static int process_register(void)
{
	if (wti_os->at_exit(process_end) < 0)
		return WT_ENOMEM;
	wti_os->at_over(process_over);
	wti_store(&process_id, getpid());
	return 0;
}

int wti_process_add(struct wt_worker *worker)
{
	int err = 0;

	wti_mutex_lock(&process_lock);
	if (!wti_load(&process_id))
		err = process_register();
	if (!err) {
		wti_list_append(&process_workers, &worker->living);
		wti_store(&process_count, wti_load(&process_count) + 1);
	}
	wti_mutex_unlock(&process_lock);
	return err;
}

void wti_process_remove(struct wt_worker *worker)
{
	wti_mutex_lock(&process_lock);
	wti_list_remove(&worker->living);
	/* seq_cst: counted before the look; pairs with process_end [process-1] */
	wti_store_sc(&process_count, wti_load(&process_count) - 1);
	wti_mutex_unlock(&process_lock);
	if (wti_load_sc(&process_ending))
		wti_os->futex_wake(&process_count, 1);
}

void wti_process_each(void (*fn)(struct wt_worker *worker, void *arg), void *arg)
{
	wti_mutex_lock(&process_lock);
	for (struct wti_list *link = process_workers.next; link != &process_workers; link = link->next)
		fn(wti_list_entry(link, struct wt_worker, living), arg);
	wti_mutex_unlock(&process_lock);
}

bool wti_process_has_worker(uint64_t id)
{
	bool found = false;

	wti_mutex_lock(&process_lock);
	for (struct wti_list *link = process_workers.next; link != &process_workers && !found; link = link->next) {
		struct wt_worker *worker = wti_list_entry(link, struct wt_worker, living);

		found = worker->thread.id == id && !wti_worker_has_ended(worker);
	}
	wti_mutex_unlock(&process_lock);
	return found;
}

bool wti_process_take_thread(struct wt_worker *worker)
{
	bool taken;

	wti_mutex_lock(&process_lock);
	taken = !worker->thread_taken;
	worker->thread_taken = true;
	wti_mutex_unlock(&process_lock);
	return taken;
}
