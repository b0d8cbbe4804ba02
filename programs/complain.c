/* SPDX-License-Identifier: MIT */
#include "complain.h"

#include "quoted.h"

#include <error.h>
#include <string.h>
#include <wt.h>

/* libwt's own errors begin far above any errno; its words for the others are about its calls, not about files. */
enum { COMPLAIN_ERRNO_MAX = 4095 };

void complain(const char *name, int err)
{
	error(0, 0, "%s: %s", quoted(name), -err <= COMPLAIN_ERRNO_MAX ? strerror(-err) : wt_strerror(err));
}
