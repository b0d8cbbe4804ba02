/* SPDX-License-Identifier: MIT
 *
 * Whether a text is JSON (RFC 8259), to the letter.
 */
#ifndef SUPPORT_JSON_H
#define SUPPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* `size` bytes at `text`: one value, and white space around it. Where it is none, *at is where. */
bool json_is_valid(const char *text, size_t size, size_t *at);

#endif
