/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <error.h>
#include <stdio.h>

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
	error(0, output_errno ? output_errno : errno, "write error");
	return false;
}
