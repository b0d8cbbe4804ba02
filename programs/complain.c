/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* program_invocation_name */
#include "complain.h"

#include "quoted.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* libwt's own errors begin far above any errno; its words for the others are about its calls, not about files. */
enum { COMPLAIN_ERRNO_MAX = 4095 };

void complain_of(const char *format, ...)
{
	va_list args;

	fflush(stdout); /* both may be on one terminal */
	flockfile(stderr);
	fprintf(stderr, "%s: ", program_invocation_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	funlockfile(stderr);
}

void complain(const char *name, int err)
{
	complain_of("%s: %s", quoted(name), -err <= COMPLAIN_ERRNO_MAX ? strerror(-err) : wt_strerror(err));
}
