/* SPDX-License-Identifier: MIT
 *
 * What the system says of this process.
 */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stddef.h>

/* Descriptors open, threads running, resident bytes of this process. */
unsigned support_open_fds(void);
unsigned support_threads(void);
size_t support_resident(void);

/* Write to stderr where each thread stands, as far as the system tells. */
void support_dump_threads(void);

#endif
