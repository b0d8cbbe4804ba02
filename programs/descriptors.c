/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void descriptors_reserve(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* For the direction in which it is not used. */
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		/* A descriptor that is opened gets the lowest number that is free. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
			abort();
	}
}
