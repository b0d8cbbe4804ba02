/* SPDX-License-Identifier: MIT
 *
 * What main does with the answers: print those to lines, compare those to
 * made-up documents with what was sent, and report what is malformed, in
 * either direction, on stderr. Main only.
 */
#ifndef JSON_REPORT_H
#define JSON_REPORT_H

#include <stdint.h>
#include <wt.h>

#include "json_documents.h"
#include "progress.h"

struct json_report {
	const struct json_documents *documents;
	struct progress progress;
	uint64_t answers;             /* all of them */
	uint64_t equal;               /* that brought back the document that was sent */
	uint64_t malformed_documents; /* that the worker could not decode */
	uint64_t malformed_answers;   /* that main could not */
};

/* Take an answer in. The message stays the caller's. */
void json_report_answer(struct json_report *report, const wt_message *message);

/* Say something on stderr, beside the bar. */
void json_report_say(struct json_report *report, const char *format, ...) WT_PRINTF(2, 3);

#endif
