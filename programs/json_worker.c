/* SPDX-License-Identifier: MIT */
#include "json_worker.h"

#include "json_message.h"
#include "utf8.h"

/* Of containers in each other: 0 for a number, 1 for [], 2 for [[]]. The parser bounds it. */
static int worker_depth(json_t *value)
{
	int deepest = 0;
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(value, i, child) {
		int depth = worker_depth(child);

		deepest = depth > deepest ? depth : deepest;
	}
	json_object_foreach(value, key, child) {
		int depth = worker_depth(child);

		deepest = depth > deepest ? depth : deepest;
	}
	return json_is_array(value) || json_is_object(value) ? deepest + 1 : 0;
}

/* The value itself and all that are in it. */
static json_int_t worker_values(json_t *value)
{
	json_int_t values = 1;
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(value, i, child)
		values += worker_values(child);
	json_object_foreach(value, key, child)
		values += worker_values(child);
	return values;
}

static const char *worker_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	case JSON_NULL:
		break;
	}
	return "null";
}

static json_t *worker_answer_to(const wt_message *message)
{
	json_int_t line = (json_int_t)message->type;
	json_error_t error;
	json_t *document = json_message_decode(message, &error);

	if (!document) {
		utf8_mend(error.text); /* it quotes the document up to a byte that may be inside of a character */
		return json_pack("{s:I, s:{s:s, s:i}}", "line", line, "error", "text", error.text, "column",
				 error.column);
	}
	return json_pack("{s:I, s:s, s:i, s:I, s:o}", "line", line, "type", worker_type(document), "depth",
			 worker_depth(document), "values", worker_values(document), "document", document);
}

/* Without an answer main would wait for ever: a worker that cannot give it fails. */
static void worker_answer(wt_port *parent, const wt_message *message, const struct json_settings *settings)
{
	json_t *answer = worker_answer_to(message);
	int err = WT_ENOMEM;

	if (answer)
		err = json_message_post(parent, answer, message->type,
					json_spoils(settings->spoil_answers, message->type));
	json_decref(answer);
	if (err)
		wt_fail(err, "no answer to line %u: %s", (unsigned)message->type, wt_strerror(err));
}

static int worker_receive_all(wt_port *parent, const struct json_settings *settings)
{
	wt_message message;
	int err;

	while ((err = wt_port_receive(parent, &message, WT_FOREVER)) == 0 && message.type != JSON_MESSAGE_END)
		worker_answer(parent, &message, settings);
	return err;
}

/* The worker has nothing to wait for without this handler, and ends. */
static void worker_on_message(wt_port *parent, wt_message *message, void *arg)
{
	const struct json_settings *settings = arg;

	if (message->type == JSON_MESSAGE_END)
		wt_port_on_message(parent, NULL, NULL);
	else
		worker_answer(parent, message, settings);
}

int json_worker(wt_port *parent, const void *data, size_t size)
{
	struct json_settings settings = *(const struct json_settings *)data;

	if (settings.blocking)
		return worker_receive_all(parent, &settings);
	wt_port_on_message(parent, worker_on_message, &settings);
	return wt_run();
}

bool json_spoils(uint32_t each, uint32_t line)
{
	return each && line % each == 0;
}
