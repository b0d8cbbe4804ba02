/* SPDX-License-Identifier: MIT
 *
 * A worker's standard streams, from its creator's side. What is captured comes
 * through a channel whose far end is a sender in the worker's thread record,
 * not a port: a port would be closed together with the others, and what
 * deleters write while that happens would be lost. What is fed goes through a
 * channel whose far end is the worker's port; its end is a message, for any
 * thread may say it, and only the owner may close.
 */
#include "fork.h"
#include "sender.h"
#include "stream.h"
#include "worker.h"

/* ---- Capture ---- */

static int streams_capture(struct wt_worker *worker, struct wti_thread *self, enum wti_stdio kind)
{
	struct wti_worker_output *output = &worker->output[kind];
	wt_port *far;
	int err = wti_channel_create(self, self, NULL, &output->port, &far);

	if (err)
		return err;
	err = wti_sender_create(&worker->thread.captured[kind], far);
	wti_port_close_now(far);
	if (err)
		return err;
	output->port->worker = worker;
	output->port->before_turn = wti_worker_before_messages;
	return 0;
}

void wti_worker_end_streams(struct wt_worker *worker)
{
	for (int kind = 0; kind < WTI_STDIO_COUNT; kind++) {
		wt_sender_close(worker->thread.captured[kind]);
		worker->thread.captured[kind] = NULL;
	}
}

static void streams_hear(wt_port *port, wt_message *message, void *arg)
{
	const struct wti_worker_output *output = arg;
	struct wt_worker *worker = port->worker;

	wti_worker_enter(worker);
	if (output->fn)
		output->fn(worker, message->data, message->size, output->arg);
	wti_worker_leave(worker);
}

/* As with messages: the worker itself keeps the loop alive. */
static void streams_set_handler(struct wt_worker *worker, enum wti_stdio kind,
				void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg), void *arg)
{
	struct wti_worker_output *output;

	if (!wti_worker_is_own(worker) || !worker->output[kind].port)
		return;
	output = &worker->output[kind];
	output->fn = fn;
	output->arg = arg;
	wt_port_on_message(output->port, fn ? streams_hear : NULL, output);
	wt_port_unref(output->port);
}

void wt_worker_on_stdout(wt_worker *worker, void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg),
			 void *arg)
{
	WTI_USES(worker, WORKER);
	streams_set_handler(worker, WTI_STDOUT, fn, arg);
}

void wt_worker_on_stderr(wt_worker *worker, void (*fn)(wt_worker *worker, const void *data, size_t size, void *arg),
			 void *arg)
{
	WTI_USES(worker, WORKER);
	streams_set_handler(worker, WTI_STDERR, fn, arg);
}

wt_port *wt_worker_stdout(wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return worker ? worker->output[WTI_STDOUT].port : NULL;
}

wt_port *wt_worker_stderr(wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return worker ? worker->output[WTI_STDERR].port : NULL;
}

/* ---- Feed ---- */

static int streams_feed(struct wt_worker *worker, struct wti_thread *self)
{
	return wti_channel_create(self, &worker->thread, NULL, &worker->feed, &worker->thread.fed);
}

int wt_worker_feed_stdin(wt_worker *worker, const void *data, size_t size)
{
	WTI_USES(worker, WORKER);
	if (!worker || (!data && size))
		return WT_EINVAL;
	if (!worker->feed || wti_forked())
		return wti_fork_error(WT_ENOTSUP);
	/* Relaxed: who feeds after another thread's end knows of that by other means, which order this load, too. */
	if (wti_load(&worker->feed_ended))
		return WT_ECLOSED;
	return size ? wt_port_post(worker->feed, data, size) : 0;
}

int wt_worker_end_stdin(wt_worker *worker)
{
	const wt_outgoing end = { .type = WTI_FEED_END };
	int err;

	WTI_USES(worker, WORKER);
	if (!worker)
		return WT_EINVAL;
	if (!worker->feed || wti_forked())
		return wti_fork_error(WT_ENOTSUP);
	if (wti_load(&worker->feed_ended))
		return 0;
	err = wt_port_send(worker->feed, &end, WT_NOW);
	if (err && err != WT_ECLOSED)
		return err;
	wti_store(&worker->feed_ended, 1);
	return 0;
}

/* ---- Their life ---- */

int wti_worker_lay_streams(struct wt_worker *worker, struct wti_thread *self, const wt_worker_options *options)
{
	int err = 0;

	if (options->feed_stdin)
		err = streams_feed(worker, self);
	if (!err && options->capture_stdout)
		err = streams_capture(worker, self, WTI_STDOUT);
	if (!err && options->capture_stderr)
		err = streams_capture(worker, self, WTI_STDERR);
	if (err)
		wti_worker_discard_streams(worker);
	return err;
}

static void streams_close_outputs(struct wt_worker *worker)
{
	for (int kind = 0; kind < WTI_STDIO_COUNT; kind++)
		if (worker->output[kind].port)
			wti_port_close_silently(worker->output[kind].port);
}

void wti_worker_give_up_streams(struct wt_worker *worker)
{
	if (worker->feed)
		wti_port_close_silently(worker->feed);
	streams_close_outputs(worker);
}

void wti_worker_discard_streams(struct wt_worker *worker)
{
	if (worker->feed)
		wti_channel_discard(worker->feed);
	streams_close_outputs(worker);
	wti_worker_end_streams(worker);
}
