/* SPDX-License-Identifier: MIT */
#include "jsonstat_value.h"

#include <float.h>
#include "jsonstat_grow.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The first byte of each value, in jq's order. */
enum {
	END,
	TYPE_NULL,
	TYPE_FALSE,
	TYPE_TRUE,
	TYPE_NUMBER,
	TYPE_STRING,
	TYPE_ARRAY,
	TYPE_OBJECT
};

#define ESCAPE 1 /* the largest byte that is escaped in a string, by itself */

#define NUMBER_SIZE 8
#define SIGN ((uint64_t)1 << 63)

struct member {
	const char *key;
	size_t size;
	const json_t *value;
};

int value_compare(const void *first, size_t first_size, const void *second, size_t second_size)
{
	int order = memcmp(first, second, first_size < second_size ? first_size : second_size);

	return order ? order : first_size < second_size ? -1 : first_size > second_size;
}

static int append_bytes(struct value_bytes *to, const void *bytes, size_t size)
{
	unsigned char *grown = grow(to->bytes, &to->room, to->size + size, 1);

	if (!grown)
		return -1;
	to->bytes = grown;
	memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
	return 0;
}

static int append_byte(struct value_bytes *to, unsigned char byte)
{
	return append_bytes(to, &byte, 1);
}

static int append_number(struct value_bytes *to, double number)
{
	unsigned char bytes[1 + NUMBER_SIZE] = { TYPE_NUMBER };
	uint64_t bits;

	number += 0.0; /* -0 is equal to 0 */
	memcpy(&bits, &number, sizeof bits);
	bits = bits & SIGN ? ~bits : bits | SIGN;
	for (int i = NUMBER_SIZE; i > 0; i--, bits >>= 8)
		bytes[i] = (unsigned char)bits;
	return append_bytes(to, bytes, sizeof bytes);
}

/* How many bytes at the begin stand for themselves. */
static size_t plain_length(const char *string, size_t size)
{
	size_t length = 0;

	while (length < size && (unsigned char)string[length] > ESCAPE)
		length++;
	return length;
}

static int append_string(struct value_bytes *to, const char *string, size_t size)
{
	int err = append_byte(to, TYPE_STRING);

	while (size > 0 && !err) {
		size_t plain = plain_length(string, size);

		err = append_bytes(to, string, plain);
		if (plain < size && !err) {
			const unsigned char escaped[] = { ESCAPE, (unsigned char)(string[plain++] + 1) };

			err = append_bytes(to, escaped, sizeof escaped);
		}
		string += plain;
		size -= plain;
	}
	return err ? err : append_byte(to, END);
}

static int append_array(struct value_bytes *to, const json_t *array)
{
	int err = append_byte(to, TYPE_ARRAY);

	for (size_t i = 0; i < json_array_size(array) && !err; i++)
		err = value_append(to, json_array_get(array, i));
	return err ? err : append_byte(to, END);
}

static int by_key(const void *a, const void *b)
{
	const struct member *first = a, *second = b;

	return value_compare(first->key, first->size, second->key, second->size);
}

static int append_members(struct value_bytes *to, const struct member *members, size_t count)
{
	int err = append_byte(to, TYPE_OBJECT);

	for (size_t i = 0; i < count && !err; i++)
		err = append_string(to, members[i].key, members[i].size);
	if (!err)
		err = append_byte(to, END);
	for (size_t i = 0; i < count && !err; i++)
		err = value_append(to, members[i].value);
	return err;
}

static int append_object(struct value_bytes *to, json_t *object)
{
	size_t count = 0;
	struct member *members = malloc((json_object_size(object) + 1) * sizeof *members);
	int err;

	if (!members)
		return -1;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		members[count++] = (struct member){ json_object_iter_key(at), json_object_iter_key_len(at),
						    json_object_iter_value(at) };
	qsort(members, count, sizeof *members, by_key);
	err = append_members(to, members, count);
	free(members);
	return err;
}

int value_append(struct value_bytes *to, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return append_object(to, (json_t *)value);
	case JSON_ARRAY:
		return append_array(to, value);
	case JSON_STRING:
		return append_string(to, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
	case JSON_REAL:
		return append_number(to, json_number_value(value));
	case JSON_TRUE:
		return append_byte(to, TYPE_TRUE);
	case JSON_FALSE:
		return append_byte(to, TYPE_FALSE);
	case JSON_NULL:
		break;
	}
	return append_byte(to, TYPE_NULL);
}

void value_print_number(FILE *file, double number)
{
	char text[40];

	if (isnan(number)) {
		fputs("null", file);
		return;
	}
	if (isinf(number))
		number = number > 0 ? DBL_MAX : -DBL_MAX;
	for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	fputs(text, file);
}

static const unsigned char *print_number(FILE *file, const unsigned char *bytes)
{
	uint64_t bits = 0;
	double number;

	for (int i = 0; i < NUMBER_SIZE; i++)
		bits = bits << 8 | *bytes++;
	bits = bits & SIGN ? bits & ~SIGN : ~bits;
	memcpy(&number, &bits, sizeof number);
	value_print_number(file, number);
	return bytes;
}

static void print_character(FILE *file, unsigned char character)
{
	if (character < ' ')
		fprintf(file, "\\u%04x", (unsigned)character);
	else if (character == '"' || character == '\\')
		fprintf(file, "\\%c", character);
	else
		putc(character, file);
}

void value_print_text(FILE *file, const char *text)
{
	for (; *text; text++)
		print_character(file, (unsigned char)*text);
}

static const unsigned char *print_string(FILE *file, const unsigned char *bytes)
{
	putc('"', file);
	for (; *bytes != END; bytes++)
		if (*bytes == ESCAPE)
			print_character(file, (unsigned char)(*++bytes - 1));
		else
			print_character(file, *bytes);
	putc('"', file);
	return bytes + 1;
}

static const unsigned char *print_array(FILE *file, const unsigned char *bytes)
{
	const char *before = "[";

	for (; *bytes != END; before = ",") {
		fputs(before, file);
		bytes = value_print(file, bytes);
	}
	fputs(*before == '[' ? "[]" : "]", file);
	return bytes + 1;
}

/* Behind the zero that ends a list of strings: no other byte of them is zero. */
static const unsigned char *skip_keys(const unsigned char *bytes)
{
	while (*bytes != END)
		bytes += strlen((const char *)bytes) + 1;
	return bytes + 1;
}

static const unsigned char *print_object(FILE *file, const unsigned char *keys)
{
	const unsigned char *values = skip_keys(keys);
	const char *before = "{";

	for (; *keys != END; before = ",") {
		fputs(before, file);
		keys = value_print(file, keys);
		putc(':', file);
		values = value_print(file, values);
	}
	fputs(*before == '{' ? "{}" : "}", file);
	return values;
}

const unsigned char *value_print(FILE *file, const unsigned char *bytes)
{
	switch (*bytes++) {
	case TYPE_OBJECT:
		return print_object(file, bytes);
	case TYPE_ARRAY:
		return print_array(file, bytes);
	case TYPE_STRING:
		return print_string(file, bytes);
	case TYPE_NUMBER:
		return print_number(file, bytes);
	case TYPE_TRUE:
		fputs("true", file);
		return bytes;
	case TYPE_FALSE:
		fputs("false", file);
		return bytes;
	default:
		fputs("null", file);
		return bytes;
	}
}
