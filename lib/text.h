/* SPDX-License-Identifier: MIT
 *
 * Text for people, written into memory of a fixed size, also under a lock:
 * nothing is allocated, and what has no room is only counted. Whoever finds
 * `size` above `room` makes more room and begins again.
 */
#ifndef WTI_TEXT_H
#define WTI_TEXT_H

#include <stddef.h>

struct wti_text {
	char *bytes; /* no end is written behind them */
	size_t room;
	size_t size; /* of the whole text, also where that is more than the room */
};

void wti_text_add(struct wti_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In double quotes, on one line: what is not printable ASCII, a quote and a backslash as \xHH. */
void wti_text_add_quoted(struct wti_text *text, const void *bytes, size_t size);

#endif
