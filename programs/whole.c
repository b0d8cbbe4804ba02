/* SPDX-License-Identifier: MIT */
#include "whole.h"

#include <errno.h>
#include <unistd.h>

int whole_read(int fd, void *bytes, size_t size, size_t *done)
{
	*done = 0;
	while (*done < size) {
		ssize_t length = read(fd, (char *)bytes + *done, size - *done);

		if (length == 0)
			return 0;
		if (length > 0)
			*done += (size_t)length;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int whole_write(int fd, const void *bytes, size_t size)
{
	while (size) {
		ssize_t length = write(fd, bytes, size);

		if (length < 0 && errno != EINTR)
			return -errno;
		if (length > 0) {
			bytes = (const char *)bytes + length;
			size -= (size_t)length;
		}
	}
	return 0;
}
