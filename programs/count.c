/* SPDX-License-Identifier: MIT */
#include "count.h"

#include <errno.h>
#include <stdlib.h>

bool count_parse(const char *text, unsigned long least, unsigned long most, unsigned long *count)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*count = strtoul(text, &end, 10);
	return !*end && !errno && *count >= least && *count <= most;
}
