/* SPDX-License-Identifier: MIT
 *
 * Reads and writes that do not come back half done.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include <stddef.h>

/* Read until `size` bytes are there or the input has ended. *done is their number. Returns 0, or the negative errno. */
int whole_read(int fd, void *bytes, size_t size, size_t *done);

/* Write them all. Returns 0, or the negative errno. */
int whole_write(int fd, const void *bytes, size_t size);

#endif
