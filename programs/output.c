/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "complain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int output_errno;

bool output_has_failed(void)
{
	if (!ferror(stdout))
		return false;
	if (!output_errno)
		output_errno = errno;
	return true;
}

bool output_is_out(void)
{
	if (!output_has_failed() && fflush(stdout) == 0)
		return true;
	complain_of("write error: %s", strerror(output_errno ? output_errno : errno));
	return false;
}
