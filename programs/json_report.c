/* SPDX-License-Identifier: MIT */
#include "json_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "json_message.h"

void json_report_say(struct json_report *report, const char *format, ...)
{
	va_list args;

	progress_hide(&report->progress);
	fputs("json_messages: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void report_malformed_answer(struct json_report *report, const wt_message *message, const json_error_t *error)
{
	report->malformed_answers++;
	json_report_say(report, "line %u: malformed answer, column %d: %s", (unsigned)message->type, error->column,
			error->text);
}

static void report_malformed_document(struct json_report *report, const wt_message *message, json_t *answer)
{
	const char *text = "no reason given";
	int column = 0;

	json_unpack(answer, "{s:{s:s, s:i}}", "error", "text", &text, "column", &column);
	report->malformed_documents++;
	json_report_say(report, "line %u: malformed document, column %d: %s", (unsigned)message->type, column, text);
}

static void report_compare(struct json_report *report, const wt_message *message, json_t *answer)
{
	json_t *sent = json_documents_made(report->documents, message->type);

	if (sent && json_equal(json_object_get(answer, "document"), sent))
		report->equal++;
	else
		json_report_say(report, "line %u: another document came back", (unsigned)message->type);
	json_decref(sent);
}

static void report_good(struct json_report *report, const wt_message *message, json_t *answer)
{
	if (!report->documents->file) {
		report_compare(report, message, answer);
		return;
	}
	fwrite(message->data, 1, message->size, stdout);
	putchar('\n');
}

void json_report_answer(struct json_report *report, const wt_message *message)
{
	json_error_t error;
	json_t *answer = json_message_decode(message, &error);

	report->answers++;
	progress_add(&report->progress, 1);
	if (!answer)
		report_malformed_answer(report, message, &error);
	else if (json_object_get(answer, "error"))
		report_malformed_document(report, message, answer);
	else
		report_good(report, message, answer);
	json_decref(answer);
}
