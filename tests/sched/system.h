/* SPDX-License-Identifier: MIT
 *
 * The operating system as the scheduler has it: lib/os.h's table, with fibres
 * for threads and a clock that stands still while anything runs.
 */
#ifndef SCHED_SYSTEM_H
#define SCHED_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "os.h"

extern const struct wti_os_ops system_ops;

/* A schedule begins. */
void system_begin(void);

/* As poll(2) for one descriptor of the library: whether it became readable by the deadline. */
bool system_poll(int fd, int64_t deadline);

/* Call what the library has registered last for the process's end, if anything. */
void system_exit(void);

#endif
