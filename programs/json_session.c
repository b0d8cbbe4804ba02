/* SPDX-License-Identifier: MIT */
#include "json_session.h"

#include <stdbool.h>

#include "json_message.h"

/* Documents under way at once, so that a long file is not all in memory, and neither side waits for each. */
#define WINDOW 64

struct session {
	struct json_documents *documents;
	struct json_report *report;
	const struct json_settings *settings;
	wt_worker *worker;
	size_t waiting; /* documents that were not answered yet */
	bool ended;     /* the worker was told that no more will come */
	int err;        /* the first thing that went wrong */
};

static void session_failed(struct session *session, const char *what, int err)
{
	if (!session->err)
		json_report_say(session->report, "%s: %s", what, wt_strerror(err));
	session->err = session->err ? session->err : err;
}

static int session_post(struct session *session, const struct json_item *item)
{
	wt_port *port = wt_worker_port(session->worker);
	bool spoil = json_spoils(session->settings->spoil_requests, item->line);
	int err;

	if (item->text)
		return json_message_post_text(port, item->text, spoil ? item->size / 2 : item->size, item->line);
	err = json_message_post(port, item->document, item->line, spoil);
	json_decref(item->document);
	return err;
}

static void session_end(struct session *session)
{
	int err = json_message_post_end(wt_worker_port(session->worker));

	session->ended = true;
	if (err && err != WT_ECLOSED)
		session_failed(session, "the end", err);
}

/* Send the next document, or the end. A worker that has gone says so itself. */
static void session_send_next(struct session *session)
{
	struct json_item item;
	int got = json_documents_next(session->documents, &item);
	int err = got > 0 ? session_post(session, &item) : 0;

	if (got < 0)
		session_failed(session, "read", got);
	else if (err && err != WT_ECLOSED)
		session_failed(session, "request", err);
	if (got <= 0 || err)
		session_end(session);
	else
		session->waiting++;
}

static void session_take(struct session *session, const wt_message *message)
{
	session->waiting--;
	json_report_answer(session->report, message);
}

/* ---- handlers ---- */

static void session_fill(struct session *session)
{
	while (!session->ended && session->waiting < WINDOW)
		session_send_next(session);
}

static void session_on_message(wt_worker *worker, wt_message *message, void *arg)
{
	struct session *session = arg;

	(void)worker;
	session_take(session, message);
	session_fill(session);
}

/* The library could not hand over an answer; there will be no other to that document. */
static void session_on_message_error(wt_worker *worker, int error, void *arg)
{
	struct session *session = arg;

	(void)worker;
	session->waiting--;
	session_failed(session, "an answer was lost", error);
	session_fill(session);
}

static void session_on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	struct session *session = arg;

	json_report_say(session->report, "%s: %s", wt_worker_name(worker), failure->message);
	session->err = failure->code;
}

static void session_on_exit(wt_worker *worker, int code, void *arg)
{
	struct session *session = arg;

	(void)worker;
	if (code)
		session_failed(session, "worker", code);
}

static void session_run_handlers(struct session *session)
{
	int err;

	wt_worker_on_message(session->worker, session_on_message, session);
	wt_worker_on_message_error(session->worker, session_on_message_error, session);
	wt_worker_on_error(session->worker, session_on_error, session);
	wt_worker_on_exit(session->worker, session_on_exit, session);
	session_fill(session);
	err = wt_run();
	if (err)
		session_failed(session, "loop", err);
}

/* ---- blocking ---- */

/* Without an answer: the worker may have failed, and says why. */
static void session_judge_end(struct session *session)
{
	wt_failure failure;
	int code = 0;
	int err = wt_worker_join(session->worker, &code, WT_FOREVER);

	if (!wt_worker_failure(session->worker, &failure))
		session_on_error(session->worker, &failure, session);
	else if (err || code)
		session_failed(session, "worker", err ? err : code);
}

static void session_run_blocking(struct session *session)
{
	wt_port *port = wt_worker_port(session->worker);
	wt_message message;
	int err = 0;

	session_send_next(session);
	while (session->waiting && (err = wt_port_receive(port, &message, WT_FOREVER)) == 0) {
		session_take(session, &message);
		session_send_next(session);
	}
	if (err && err != WT_ECLOSED)
		session_failed(session, "answer", err);
	if (!session->ended)
		session_end(session);
	session_judge_end(session);
}

int json_session_run(struct json_documents *documents, struct json_report *report,
		     const struct json_settings *settings)
{
	struct session session = { .documents = documents, .report = report, .settings = settings };
	int err = wt_worker_create(&session.worker, json_worker, settings, sizeof *settings,
				   WT_WORKER_OPTIONS(.name = "json"));

	if (err) {
		session_failed(&session, "worker", err);
		return err;
	}
	if (settings->blocking)
		session_run_blocking(&session);
	else
		session_run_handlers(&session);
	wt_worker_destroy(session.worker);
	return session.err;
}
