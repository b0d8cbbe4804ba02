/* SPDX-License-Identifier: MIT
 *
 * What the creator's loop tells of a worker: online, then messages, then
 * error, then exit (W1). Messages come through the port, whose handler is
 * ours; online and the end come through the worker's own source.
 *
 * A callback may destroy the worker. Each one is bracketed: the last bracket
 * to close frees what was destroyed meanwhile.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fork.h"
#include "line.h"
#include "loop.h"
#include "worker.h"

void wti_worker_enter(struct wt_worker *worker)
{
	worker->callbacks++;
}

bool wti_worker_leave(struct wt_worker *worker)
{
	if (wti_forked())
		return false;
	if (--worker->callbacks == 0 && worker->destroyed) {
		wti_worker_finish_destroy(worker);
		return false;
	}
	return !worker->destroyed;
}

void wti_worker_report_failure(struct wt_worker *worker)
{
	char line[WTI_FAILURE_MAX + 160];
	struct iovec piece = { .iov_base = line };
	uint32_t unread = 0;

	/* Relaxed: of two who find that it was abandoned, and has ended, one reports. */
	if (!worker->failed || !wti_cas(&worker->failure_read, &unread, 1))
		return;
	snprintf(line, sizeof line, "libwt: worker %llu (%.63s) failed: %s (%d)", (unsigned long long)worker->thread.id,
		 worker->name, worker->failure_message, worker->failure_code);
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	piece.iov_len = strlen(line);
	line[piece.iov_len++] = '\n';
	wti_line_write(STDERR_FILENO, &piece, 1);
}

static bool events_tell_online(struct wt_worker *worker, unsigned *calls)
{
	/* pairs with wti_worker_run [source-1]: set before it notified */
	if (worker->online_told || !wti_load_sc(&worker->online))
		return true;
	worker->online_told = true;
	if (!worker->on_online)
		return true;
	++*calls;
	wti_worker_enter(worker);
	worker->on_online(worker, worker->on_online_arg);
	return wti_worker_leave(worker);
}

static bool events_tell_error(struct wt_worker *worker, unsigned *calls)
{
	wt_failure failure = { .code = worker->failure_code, .message = worker->failure_message };

	if (!worker->failed || worker->error_told)
		return true;
	worker->error_told = true;
	if (!worker->on_error) {
		wti_worker_report_failure(worker);
		return true;
	}
	wti_store(&worker->failure_read, 1);
	++*calls;
	wti_worker_enter(worker);
	worker->on_error(worker, &failure, worker->on_error_arg);
	return wti_worker_leave(worker);
}

static void events_tell_exit(struct wt_worker *worker, unsigned *calls)
{
	worker->exit_told = true;
	wt_worker_unref(worker);
	WTI_OWED(worker);
	/* Senders of the worker's may live on: what they post waits in the port (W1). */
	wt_port_stop(worker->port);
	if (!worker->on_exit)
		return;
	++*calls;
	wti_worker_enter(worker);
	worker->on_exit(worker, worker->code, worker->on_exit_arg);
	wti_worker_leave(worker);
}

static bool events_port_ready(wt_port *port)
{
	return port && wti_port_source_ops.ready(&port->source);
}

/* One whose handler has still to be called before the exit event, or NULL. */
static wt_port *events_port_pending(struct wt_worker *worker)
{
	if (events_port_ready(worker->port))
		return worker->port;
	for (int i = 0; i < WTI_STDIO_COUNT; i++)
		if (events_port_ready(worker->output[i].port))
			return worker->output[i].port;
	return NULL;
}

/*
 * Another thread, with a sender of the worker's, is in the middle of a post:
 * what the worker has posted behind it is still to come (W2).
 */
static bool events_is_held_up(struct wt_worker *worker)
{
	wt_port *port = worker->port;

	port->gap_watched = port->started && port->on_message && wti_port_has_gap(port);
	return port->gap_watched;
}

/* Hand over what the worker has left. False when that is not all, or the worker is gone. */
static bool events_turn_ports(struct wt_worker *worker, struct wti_thread *self, unsigned *calls)
{
	wt_port *port;

	while ((port = events_port_pending(worker))) {
		wti_worker_enter(worker);
		wti_port_source_ops.turn(&port->source, calls);
		if (!wti_worker_leave(worker) || wti_loop_interrupted(self) || events_port_ready(port))
			return false;
	}
	return !events_is_held_up(worker);
}

static void events_turn(struct wti_source *source, unsigned *calls)
{
	struct wt_worker *worker = wti_container_of(source, struct wt_worker, source);
	struct wti_thread *self = wti_load(&source->owner);

	if (!events_tell_online(worker, calls) || wti_loop_interrupted(self) || !wti_worker_has_ended(worker))
		return;
	if (!events_turn_ports(worker, self, calls))
		return;
	if (!events_tell_error(worker, calls) || wti_loop_interrupted(self))
		return;
	events_tell_exit(worker, calls);
}

static bool events_ready(struct wti_source *source)
{
	struct wt_worker *worker = wti_container_of(source, struct wt_worker, source);

	if (worker->callbacks)
		return false;
	/* seq_cst: the look after arming [source-1] */
	return (!worker->online_told && wti_load_sc(&worker->online)) ||
	       (!worker->exit_told && !worker->port->gap_watched && wti_worker_has_ended(worker));
}

const struct wti_source_ops wti_worker_source_ops = {
	.turn = events_turn,
	.ready = events_ready,
};

/* ---- Handlers ---- */

void wti_worker_silence(struct wt_worker *worker)
{
	worker->on_online = NULL;
	worker->on_message = NULL;
	worker->on_message_error = NULL;
	if (worker->on_error)
		wti_store(&worker->failure_read, 1); /* the program has its own way, though it did not wait for it */
	worker->on_error = NULL;
	worker->on_exit = NULL;
	wt_port_stop(worker->port);
	for (int i = 0; i < WTI_STDIO_COUNT; i++)
		wt_port_stop(worker->output[i].port);
}

bool wti_worker_is_own(const struct wt_worker *worker)
{
	struct wti_thread *self = wti_thread_peek();

	return worker && self && wti_load(&worker->source.owner) == self && !worker->destroyed;
}

void wt_worker_on_online(wt_worker *worker, void (*fn)(wt_worker *worker, void *arg), void *arg)
{
	WTI_USES(worker, WORKER);
	if (!wti_worker_is_own(worker))
		return;
	worker->on_online = fn;
	worker->on_online_arg = arg;
}

bool wti_worker_before_messages(wt_port *port, unsigned *calls)
{
	struct wt_worker *worker = port->worker;
	struct wti_thread *self = wti_load(&worker->source.owner);

	if (worker->destroyed)
		return true;
	if (port->gap_watched) {
		port->gap_watched = false;
		wti_loop_watch(&worker->source);
	}
	return events_tell_online(worker, calls) && !wti_loop_interrupted(self);
}

static void events_message(wt_port *port, wt_message *message, void *arg)
{
	struct wt_worker *worker = port->worker;

	(void)arg;
	wti_worker_enter(worker);
	if (worker->on_message)
		worker->on_message(worker, message, worker->on_message_arg);
	wti_worker_leave(worker);
}

static void events_message_error(wt_port *port, int error, void *arg)
{
	struct wt_worker *worker = port->worker;

	(void)arg;
	wti_worker_enter(worker);
	if (worker->on_message_error)
		worker->on_message_error(worker, error, worker->on_message_error_arg);
	wti_worker_leave(worker);
}

/* The worker itself keeps the loop alive, so the port need not. */
void wt_worker_on_message(wt_worker *worker, void (*fn)(wt_worker *worker, wt_message *message, void *arg), void *arg)
{
	WTI_USES(worker, WORKER);
	if (!wti_worker_is_own(worker))
		return;
	worker->on_message = fn;
	worker->on_message_arg = arg;
	wt_port_on_message(worker->port, fn ? events_message : NULL, NULL);
	wt_port_on_message_error(worker->port, fn ? events_message_error : NULL, NULL);
	wt_port_unref(worker->port);
}

void wt_worker_on_message_error(wt_worker *worker, void (*fn)(wt_worker *worker, int error, void *arg), void *arg)
{
	WTI_USES(worker, WORKER);
	if (!wti_worker_is_own(worker))
		return;
	worker->on_message_error = fn;
	worker->on_message_error_arg = arg;
}

void wt_worker_on_error(wt_worker *worker, void (*fn)(wt_worker *worker, const wt_failure *failure, void *arg),
			void *arg)
{
	WTI_USES(worker, WORKER);
	if (!wti_worker_is_own(worker))
		return;
	worker->on_error = fn;
	worker->on_error_arg = arg;
}

void wt_worker_on_exit(wt_worker *worker, void (*fn)(wt_worker *worker, int code, void *arg), void *arg)
{
	WTI_USES(worker, WORKER);
	if (!wti_worker_is_own(worker))
		return;
	worker->on_exit = fn;
	worker->on_exit_arg = arg;
}

static void worker_set_ref(wt_worker *worker, bool ref)
{
	wti_loop_set_hold(wti_load(&worker->source.owner), WTI_HOLD_WORKER, &worker->refd, ref);
}

void wt_worker_ref(wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	if (wti_worker_is_own(worker) && !worker->exit_told)
		worker_set_ref(worker, true);
}

void wt_worker_unref(wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	if (wti_worker_is_own(worker))
		worker_set_ref(worker, false);
}

bool wt_worker_has_ref(const wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return wti_worker_is_own(worker) && wti_load(&worker->refd);
}
