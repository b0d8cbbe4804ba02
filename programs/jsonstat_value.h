/* SPDX-License-Identifier: MIT
 *
 * JSON values as byte strings that are equal where jq finds the values equal,
 * and whose order is that of jq's sort: null, false, true, numbers, strings,
 * arrays, objects.
 *
 * A byte tells the type. A number's eight bytes are those of the double, the
 * most significant first, changed so that negative ones come first and in
 * order. A string ends with a zero; a byte 0 or 1 in it is 1 and the byte plus
 * one. An array is its elements and a zero. An object is its keys in order, as strings, a
 * zero, and its values in the order of the keys.
 */
#ifndef JSONSTAT_VALUE_H
#define JSONSTAT_VALUE_H

#include <jansson.h>
#include <stdio.h>

struct value_bytes {
	unsigned char *bytes;
	size_t size;
	size_t room;
};

/* Append the value. Returns 0, or -1 when out of memory. */
int value_append(struct value_bytes *to, const json_t *value);

/* Which of two values, or strings, comes first: negative, 0 or positive, as memcmp. */
int value_compare(const void *first, size_t first_size, const void *second, size_t second_size);

/* Print the value that begins there, as JSON. Returns where it ends. */
const unsigned char *value_print(FILE *file, const unsigned char *bytes);

/* Print a number with as few digits as tell it from all others; infinite and undefined ones as jq does. */
void value_print_number(FILE *file, double number);

/* Print text as it stands between a string's quotes. */
void value_print_text(FILE *file, const char *text);

#endif
