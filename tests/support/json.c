/* SPDX-License-Identifier: MIT */
#include "support/json.h"

#include <string.h>

enum { JSON_DEPTH = 32 };

struct json {
	const unsigned char *text;
	size_t size;
	size_t at;
	unsigned depth;
};

static bool json_value(struct json *json);

/* The byte that is next, or 0, which is none of a text's. */
static unsigned char json_peek(const struct json *json)
{
	return json->at < json->size ? json->text[json->at] : 0;
}

static bool json_take(struct json *json, unsigned char byte)
{
	if (json_peek(json) != byte)
		return false;
	json->at++;
	return true;
}

static void json_skip(struct json *json)
{
	while (json_peek(json) && strchr(" \t\r\n", json_peek(json)))
		json->at++;
}

static bool json_word(struct json *json, const char *word)
{
	for (; *word; word++)
		if (!json_take(json, (unsigned char)*word))
			return false;
	return true;
}

static bool json_digits(struct json *json)
{
	size_t begin = json->at;

	while (json_peek(json) >= '0' && json_peek(json) <= '9')
		json->at++;
	return json->at > begin;
}

static bool json_number(struct json *json)
{
	json_take(json, '-');
	if (!json_take(json, '0') && !json_digits(json))
		return false;
	if (json_take(json, '.') && !json_digits(json))
		return false;
	if (!json_take(json, 'e') && !json_take(json, 'E'))
		return true;
	if (!json_take(json, '+'))
		json_take(json, '-');
	return json_digits(json);
}

static bool json_escape(struct json *json)
{
	unsigned char byte = json_peek(json);

	json->at++;
	if (byte != 'u')
		return byte && strchr("\"\\/bfnrt", byte);
	for (int i = 0; i < 4; i++, json->at++)
		if (!json_peek(json) || !strchr("0123456789abcdefABCDEF", json_peek(json)))
			return false;
	return true;
}

/* The rest of a character that began with `lead`: no surrogate, nothing longer than need be. */
static bool json_character(struct json *json, unsigned char lead)
{
	unsigned code = lead < 0xe0 ? lead & 0x1f : lead < 0xf0 ? lead & 0x0f : lead & 0x07;
	unsigned rest = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	static const unsigned least[] = { 0, 0x80, 0x800, 0x10000 };

	if (lead < 0xc0 || lead > 0xf7)
		return false;
	for (unsigned i = 0; i < rest; i++, json->at++) {
		if ((json_peek(json) & 0xc0) != 0x80)
			return false;
		code = code << 6 | (json_peek(json) & 0x3f);
	}
	return code >= least[rest] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static bool json_string(struct json *json)
{
	if (!json_take(json, '"'))
		return false;
	while (json_peek(json) >= ' ' && json_peek(json) != '"') {
		unsigned char byte = json_peek(json);

		json->at++;
		if (byte == '\\' ? !json_escape(json) : byte >= 0x80 && !json_character(json, byte))
			return false;
	}
	return json_take(json, '"');
}

static bool json_member(struct json *json)
{
	json_skip(json);
	if (!json_string(json))
		return false;
	json_skip(json);
	return json_take(json, ':') && json_value(json);
}

static bool json_list(struct json *json, unsigned char end, bool (*element)(struct json *json))
{
	json_skip(json);
	if (json_take(json, end))
		return true;
	do {
		if (!element(json))
			return false;
		json_skip(json);
	} while (json_take(json, ','));
	return json_take(json, end);
}

static bool json_any(struct json *json)
{
	if (json_take(json, '{'))
		return json_list(json, '}', json_member);
	if (json_take(json, '['))
		return json_list(json, ']', json_value);
	switch (json_peek(json)) {
	case '"':
		return json_string(json);
	case 't':
		return json_word(json, "true");
	case 'f':
		return json_word(json, "false");
	case 'n':
		return json_word(json, "null");
	default:
		return json_number(json);
	}
}

static bool json_value(struct json *json)
{
	bool valid;

	json_skip(json);
	json->depth++;
	valid = json->depth < JSON_DEPTH && json_any(json);
	json->depth--;
	return valid;
}

bool json_is_valid(const char *text, size_t size, size_t *at)
{
	struct json json = { .text = (const unsigned char *)text, .size = size };
	bool valid = json_value(&json);

	json_skip(&json);
	*at = json.at;
	return valid && json.at == size;
}
