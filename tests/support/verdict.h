/* SPDX-License-Identifier: MIT
 *
 * Verdicts that any thread may give, and one thread reads.
 */
#ifndef SUPPORT_VERDICT_H
#define SUPPORT_VERDICT_H

#include <stdatomic.h>

/* The first failed check of any thread. */
struct verdict {
	atomic_int failed;
	char text[256];
};

void verdict_fail(struct verdict *verdict, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define CHECK(verdict, condition)                                                        \
	do {                                                                             \
		if (!(condition))                                                        \
			verdict_fail((verdict), __FILE__, __LINE__, "%s", #condition);   \
	} while (0)

#endif
