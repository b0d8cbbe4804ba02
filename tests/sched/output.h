/* SPDX-License-Identifier: MIT
 *
 * The process's standard output and error as the scheduler has them, and the
 * C library's streams before them.
 */
#ifndef SCHED_OUTPUT_H
#define SCHED_OUTPUT_H

#include <stdio.h>
#include <sys/uio.h>

/* A schedule begins. */
void output_begin(void);

/* What was written to it so far: a string. */
const char *output_written(int fd);

/* For lib/os.h's table. A write takes a few bytes, so that a line needs several. */
ssize_t output_write(int fd, const struct iovec *pieces, int count);
int output_await_room(int fd, int milliseconds);
int output_open_stream(FILE **stream, void *cookie, const char *mode, cookie_io_functions_t functions);

#endif
