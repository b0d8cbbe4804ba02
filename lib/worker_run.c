/* SPDX-License-Identifier: MIT
 *
 * The worker's own thread: it runs the entry, then what was registered for
 * the end, then takes everything apart. User code may leave from anywhere by
 * a jump (wt_exit, wt_fail, wt_checkpoint); the jump lands in worker_phases,
 * which goes on with the phase that follows. What was to be run is taken off
 * its list before it runs, so each phase advances whatever the code does.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crew.h"
#include "fork.h"
#include "seam.h"
#include "slot.h"
#include "trace.h"
#include "transfer.h"
#include "worker.h"

static struct wt_worker *run_self(void)
{
	struct wti_thread *self = wti_thread_peek();

	return self ? self->worker : NULL;
}

/* ---- The end, from within ---- */

static WT_NORETURN void run_unwind(struct wt_worker *worker)
{
#ifdef WTI_DEBUG
	if (worker->thread.deleters) {
		fprintf(stderr, "libwt: worker %s: a deleter leaves by a jump\n", worker->name);
		abort();
	}
#endif
	longjmp(worker->unwind, 1);
}

void wt_exit(int code)
{
	struct wt_worker *worker = run_self();

	if (!worker)
		exit(code);
	worker->exited = true;
	worker->exit_code = code;
	run_unwind(worker);
}

/* Whether the worker ends by itself: decided here, once, against a terminate that comes at the same moment (W3). */
static bool run_begin_end(struct wt_worker *worker)
{
	uint32_t expected = wti_load(&worker->state);

	if (WTI_MUTANT(WTI_MUTANT_END_UNDECIDED))
		return expected != WTI_WORKER_TERMINATING;
	if (expected != WTI_WORKER_RUNNING)
		return expected == WTI_WORKER_ENDING; /* decided before: a swap would only take the creator its line */
	/* Relaxed: only the thread itself acts on it. */
	return wti_cas(&worker->state, &expected, WTI_WORKER_ENDING);
}

void wt_fail(int code, const char *format, ...)
{
	struct wt_worker *worker = run_self();
	char message[WTI_FAILURE_MAX]; /* first here: the arguments may lie in the message of an earlier failure */
	va_list args;

	va_start(args, format);
	if (!format || vsnprintf(message, WTI_FAILURE_MAX, format, args) < 0)
		message[0] = '\0';
	va_end(args);
	if (!worker) {
		fprintf(stderr, "%s\n", message);
		exit(1);
	}
	if (worker->phase < WTI_PHASE_CLEANUPS) {
		worker->failed = true;
		worker->exited = false;
		worker->failure_code = code ? code : WT_EINVAL;
		memcpy(worker->failure_message, message, sizeof message);
	}
	run_unwind(worker);
}

void wt_checkpoint(void)
{
	struct wti_thread *self = wti_thread_peek();

	if (self && wti_thread_terminating(self) && self->worker && !wti_slots_any(self))
		run_unwind(self->worker);
}

void wt_set_exit_code(int code)
{
	struct wt_worker *worker = run_self();

	if (worker)
		worker->exit_code = code;
}

int wt_exit_code(void)
{
	struct wt_worker *worker = run_self();

	return worker ? worker->exit_code : 0;
}

void wt_on_failure(void (*fn)(wt_failure *failure, void *arg), void *arg)
{
	struct wt_worker *worker = run_self();

	if (!worker)
		return;
	worker->failure_hook = fn;
	worker->failure_hook_arg = arg;
}

/* ---- What is registered for the end ---- */

static void final_push(struct wti_final **top, struct wti_final *final, void (*fn)(void *arg), void *arg)
{
	*final = (struct wti_final){ .fn = fn, .arg = arg, .below = *top };
	*top = final;
}

static bool final_is_reserved(const struct wt_worker *worker, const struct wti_final *final)
{
	return final >= worker->reserved && final < worker->reserved + WTI_DEFER_RESERVED;
}

/* Take the top one off; false where there is none. */
static bool final_pop(struct wt_worker *worker, struct wti_final **top, struct wti_final *out)
{
	struct wti_final *final = *top;

	if (!final)
		return false;
	*out = *final;
	*top = final->below;
	if (final_is_reserved(worker, final))
		worker->reserved_used--;
	else
		wti_free(final);
	return true;
}

int wt_on_exit(void (*fn)(void *arg), void *arg)
{
	struct wt_worker *worker = run_self();
	struct wti_final *final;

	if (!fn)
		return WT_EINVAL;
	if (!worker || worker->phase >= WTI_PHASE_CLEANUPS)
		return wti_fork_error(WT_ENOTSUP); /* nobody would run it any more */
	final = wti_alloc(sizeof *final);
	if (!final)
		return WT_ENOMEM;
	final_push(&worker->exit_handlers, final, fn, arg);
	return 0;
}

int wt_defer(void (*fn)(void *arg), void *arg)
{
	struct wt_worker *worker = run_self();
	struct wti_final *final;

	if (!fn)
		return WT_EINVAL;
	if (!worker || worker->phase == WTI_PHASE_OVER)
		return wti_fork_error(WT_ENOTSUP); /* nobody would run it any more */
	/* The stack is last in, first out, so the reserved ones in use are always the first of them. */
	if (worker->reserved_used < WTI_DEFER_RESERVED)
		final = &worker->reserved[worker->reserved_used++];
	else
		final = wti_alloc(sizeof *final);
	if (!final)
		return WT_ENOMEM;
	final_push(&worker->cleanups, final, fn, arg);
	return 0;
}

void wt_defer_pop(bool run)
{
	struct wt_worker *worker = run_self();
	struct wti_final final;

	if (worker && final_pop(worker, &worker->cleanups, &final) && run)
		final.fn(final.arg);
}

/* ---- What the worker can ask ---- */

wt_port *wt_parent_port(void)
{
	struct wt_worker *worker = run_self();

	return worker ? worker->thread.parent : NULL;
}

const void *wt_worker_data(size_t *size)
{
	struct wt_worker *worker = run_self();

	if (size)
		*size = worker ? worker->size : 0;
	return worker ? worker->data : NULL;
}

/* A worker without a list has no cargo, of which nothing can be taken (WT_ERANGE). */
int wt_worker_data_take_port(size_t index, wt_port **port)
{
	struct wt_worker *worker = run_self();

	if (!port)
		return WT_EINVAL;
	*port = NULL;
	return worker ? wti_take_port(worker->cargo, index, port) : wti_fork_error(WT_ENOTSUP);
}

int wt_worker_data_take_buffer(size_t index, wt_buffer **buffer)
{
	struct wt_worker *worker = run_self();

	if (!buffer)
		return WT_EINVAL;
	*buffer = NULL;
	return worker ? wti_take_buffer(worker->cargo, index, buffer) : wti_fork_error(WT_ENOTSUP);
}

int wt_worker_data_take_sender(size_t index, wt_sender **sender)
{
	struct wt_worker *worker = run_self();

	if (!sender)
		return WT_EINVAL;
	*sender = NULL;
	return worker ? wti_take_sender(worker->cargo, index, sender) : wti_fork_error(WT_ENOTSUP);
}

int wt_worker_data_take_shared(size_t index, wt_shared **shared)
{
	struct wt_worker *worker = run_self();

	if (!shared)
		return WT_EINVAL;
	*shared = NULL;
	return worker ? wti_take_shared(worker->cargo, index, shared) : wti_fork_error(WT_ENOTSUP);
}

int wt_worker_data_take_fd(size_t index, int *fd)
{
	struct wt_worker *worker = run_self();

	if (!fd)
		return WT_EINVAL;
	*fd = -1;
	return worker ? wti_take_fd(worker->cargo, index, fd) : wti_fork_error(WT_ENOTSUP);
}

/* ---- The phases ---- */

/* User code has returned. In a forked child it ends as by wt_exit: what follows here is the parent's. */
static void run_check_fork(int code)
{
	if (wti_forked())
		exit(code);
}

static void run_entry(struct wt_worker *worker)
{
	int code;

	if (wti_thread_terminating(&worker->thread)) {
		if (worker->host)
			worker->skipped(worker->host);
		return;
	}
	WTI_PROBE2(entry_begin, worker->thread.id, worker->name);
	wti_trace_mark(&worker->thread, WTI_TRACE_ENTRY, worker->thread.id);
	code = worker->entry(worker->thread.parent, worker->data, worker->size);
	run_check_fork(code);
	wti_trace_end(&worker->thread, code);
	WTI_PROBE2(entry_end, worker->thread.id, code);
	if (code)
		worker->exit_code = code;
}

static void run_failure_hook(struct wt_worker *worker)
{
	void (*hook)(wt_failure *failure, void *arg) = worker->failure_hook;
	wt_failure failure = { .code = worker->failure_code, .message = worker->failure_message };

	if (!worker->failed || !hook)
		return;
	worker->failure_hook = NULL;
	hook(&failure, worker->failure_hook_arg);
	run_check_fork(1);
	worker->failure_code = failure.code;
	worker->failed = failure.code != 0;
}

static void run_finals(struct wt_worker *worker, struct wti_final **top)
{
	struct wti_final final;

	while (final_pop(worker, top, &final)) {
		final.fn(final.arg);
		run_check_fork(worker->exit_code);
	}
}

/* Exit handlers that a terminated worker skips. */
static void run_drop(struct wt_worker *worker, struct wti_final **top)
{
	struct wti_final final;

	while (final_pop(worker, top, &final))
		;
}

static void run_phase(struct wt_worker *worker)
{
	bool by_itself = worker->phase == WTI_PHASE_ENTRY || run_begin_end(worker);

	switch (worker->phase) {
	case WTI_PHASE_ENTRY:
		run_entry(worker);
		break;
	case WTI_PHASE_FAILURE_HOOK:
		WTI_YIELD(WTI_YIELD_ENDING, worker);
		if (by_itself)
			run_failure_hook(worker);
		break;
	case WTI_PHASE_EXIT_HANDLERS:
		if (by_itself)
			run_finals(worker, &worker->exit_handlers);
		else
			run_drop(worker, &worker->exit_handlers);
		break;
	case WTI_PHASE_CLEANUPS:
		run_finals(worker, &worker->cleanups);
		break;
	case WTI_PHASE_OVER:
		break;
	}
}

/*
 * Leaving user code by a jump ends the phase that it was in, but for those
 * that run a list, which go on with what is left of it.
 */
static void worker_left_phase(struct wt_worker *worker)
{
	worker->unwound = true;
	wti_thread_unwind(&worker->thread);
	if (worker->phase < WTI_PHASE_EXIT_HANDLERS)
		worker->phase++;
}

static void worker_phases(struct wt_worker *worker)
{
	if (setjmp(worker->unwind))
		worker_left_phase(worker);
	while (worker->phase != WTI_PHASE_OVER) {
		run_phase(worker);
		worker->phase++;
	}
}

/* The code that W3 says. */
static int worker_outcome(const struct wt_worker *worker)
{
	if (wti_load(&worker->state) == WTI_WORKER_TERMINATING || (worker->failed && !worker->exited))
		return 1;
	return worker->exit_code;
}

/* The last that others hear of the worker; it may be gone when this returns, but for our own hold. */
static void worker_publish_end(struct wt_worker *worker)
{
	worker->code = worker_outcome(worker);
	if (wti_load(&worker->state) == WTI_WORKER_TERMINATING)
		worker->failed = false;
	/*
	 * pairs with wti_worker_has_ended [worker-end]; seq_cst for the looks that
	 * follow [source-1] [waiters-1] [worker-abandoned]
	 */
	wti_store_sc(&worker->state, WTI_WORKER_ENDED);
	wti_source_notify(&worker->source);
	if (wti_waiters_any(&worker->joiners))
		wti_waiters_wake(&worker->joiners);
	/*
	 * pairs with worker_abandon [worker-abandoned]. The thread's record is left: to
	 * wait for its turn it gets another one, which ends with it, for it is not kept.
	 */
	if (wti_unlikely(wti_load_sc(&worker->abandoned)))
		wti_worker_report_failure(worker);
}

/* What the worker has not taken. */
static void worker_drop_cargo(struct wt_worker *worker)
{
	if (worker->cargo)
		wti_cargo_discard(worker->cargo);
}

/* A thread that has come to its end in order is for the next worker. */
static bool worker_may_stay(const struct wt_worker *worker)
{
	return worker->stays && !worker->unwound && !wti_thread_terminating(&worker->thread);
}

/* Nobody is to join it from now on: where we do not get it, the process's end has it. */
static void worker_keep_new_thread(struct wt_worker *worker)
{
	if (wti_crew_keep(worker->hand) && wti_process_take_thread(worker))
		wti_os->thread_detach(pthread_self());
}

/*
 * A thread that was hired is nobody's to join, so that the system calls by which it stays (0.3 us) can be made once the
 * end is told, while the creator looks at that. Told to end in between, as by every destroy, it has ended all the same.
 * Before, it blocks its signals again: the program may deal with those for which the worker was there in another way.
 */
static void worker_end(struct wt_worker *worker)
{
	bool stays = worker_may_stay(worker) && wti_crew_reset();
	bool hired = worker->hired;
	struct wti_hand *hand = worker->hand;

	if (stays && !hired)
		worker_keep_new_thread(worker);
	worker_publish_end(worker);
	wti_worker_settle_accounts(worker);
	wti_process_remove(worker);
	wti_worker_release(worker);
	if (stays && hired)
		wti_crew_keep(hand);
}

static void worker_tear_down(void *arg)
{
	struct wt_worker *worker = arg;

	if (wti_forked())
		return;
	if (worker->phase != WTI_PHASE_OVER) {
		/* pthread_exit: as good as wt_exit. */
		worker_left_phase(worker);
		worker_phases(worker);
	}
	worker->thread.leaving = true;
	worker->thread.child_code = worker->exit_code;
	worker_drop_cargo(worker);
	wti_thread_leave(&worker->thread);
	wti_poke_leave(&worker->poke); /* not before: streams are flushed there, into pipes that may be full */
	wti_worker_end_streams(worker);
	wti_worker_end_accounts(worker);
	worker_end(worker);
}

/* The creator is about to pack it; a terminate meanwhile changes nothing about that. */
static void worker_await_cargo(struct wt_worker *worker)
{
	/* pairs with worker_load [worker-cargo]: the items are written */
	while (worker->cargo && !wti_load_acq(&worker->loaded))
		wti_park(&worker->thread.parker, WT_FOREVER);
}

static void worker_begin(struct wt_worker *worker)
{
	char shown[16]; /* the system's own limit */

	wti_thread_enter(&worker->thread);
	wti_poke_enter(&worker->poke, wti_crew_thread(worker->hand));
	worker_await_cargo(worker);
	shown[0] = '\0';
	strncat(shown, worker->name, sizeof shown - 1);
	pthread_setname_np(pthread_self(), shown);
	wti_worker_place(worker);
	wti_worker_begin_accounts(worker);
	/* pairs with events_tell_online [source-1] and wti_worker_was_online [worker-online] */
	wti_store_sc(&worker->online, 1);
	wti_source_notify(&worker->source);
}

void wti_worker_run(void *arg)
{
	struct wt_worker *worker = arg;

	/* Also where user code leaves by pthread_exit. */
	pthread_cleanup_push(worker_tear_down, worker);
	worker_begin(worker);
	worker_phases(worker);
	pthread_cleanup_pop(1);
}
