/* SPDX-License-Identifier: MIT */
#include "encrypt_body.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Whether these bytes in quotes are a JSON string that stands for themselves: ASCII, and nothing to be escaped. */
static bool body_is_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
			return false;
	return true;
}

/*
 * Most bodies are nothing but one plain text, and a parser that looks at each
 * byte in turn takes ten times as long for them as the hash. False: it may be
 * something else, or nothing.
 */
static bool body_read_plain(struct encrypt_body *body, const char *json, size_t size)
{
	static const char head[] = "{\"data\":\"", tail[] = "\"}";
	const size_t around = sizeof head - 1 + sizeof tail - 1;

	if (size < around || memcmp(json, head, sizeof head - 1) != 0 ||
	    memcmp(json + size - (sizeof tail - 1), tail, sizeof tail - 1) != 0)
		return false;
	body->text = json + sizeof head - 1;
	body->size = size - around;
	return body_is_plain(body->text, body->size);
}

static int body_refuse(char reason[ENCRYPT_REASON_SIZE], const char *why)
{
	snprintf(reason, ENCRYPT_REASON_SIZE, "%s", why);
	return -1;
}

static int body_read_data(struct encrypt_body *body, char reason[ENCRYPT_REASON_SIZE])
{
	const json_t *data = json_object_get(body->document, "data");

	if (!json_is_object(body->document))
		return body_refuse(reason, "not a JSON object");
	if (!data)
		return body_refuse(reason, "\"data\" is missing");
	if (!json_is_string(data))
		return body_refuse(reason, "\"data\" is not a string");
	body->text = json_string_value(data);
	body->size = json_string_length(data);
	return 0;
}

int encrypt_body_read(struct encrypt_body *body, const char *json, size_t size, char reason[ENCRYPT_REASON_SIZE])
{
	json_error_t error;

	*body = (struct encrypt_body){ .document = NULL };
	if (body_read_plain(body, json, size))
		return 0;
	body->document = json_loadb(json, size, JSON_ALLOW_NUL, &error);
	if (body->document)
		return body_read_data(body, reason);
	snprintf(reason, ENCRYPT_REASON_SIZE, "malformed JSON, line %d, column %d: %s", error.line, error.column,
		 error.text);
	utf8_mend(reason); /* it quotes the body up to a byte that may be inside of a character */
	return -1;
}

void encrypt_body_forget(struct encrypt_body *body)
{
	json_decref(body->document);
}
