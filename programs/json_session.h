/* SPDX-License-Identifier: MIT
 *
 * Main's side of the conversation, in two styles: handlers, with some
 * documents under way at any time, or one request and its answer after the
 * other, blocking.
 */
#ifndef JSON_SESSION_H
#define JSON_SESSION_H

#include "json_documents.h"
#include "json_report.h"
#include "json_worker.h"

/*
 * Send all documents to a worker of its own, and report the answers. Returns
 * 0; after it said on stderr what went wrong, a negative number.
 */
int json_session_run(struct json_documents *documents, struct json_report *report,
		     const struct json_settings *settings);

#endif
