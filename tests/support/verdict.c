/* SPDX-License-Identifier: MIT */
#include "support/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void verdict_fail(struct verdict *verdict, const char *file, int line, const char *format, ...)
{
	char text[sizeof verdict->text];
	va_list args;
	int n = snprintf(text, sizeof text, "%s:%d: ", file, line);

	va_start(args, format);
	if (n > 0 && (size_t)n < sizeof text)
		vsnprintf(text + n, sizeof text - (size_t)n, format, args);
	va_end(args);
	if (atomic_exchange(&verdict->failed, 1) == 0)
		memcpy(verdict->text, text, sizeof text);
}
