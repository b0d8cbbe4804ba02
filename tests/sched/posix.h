/* SPDX-License-Identifier: MIT
 *
 * The few calls of POSIX threads that the library makes outside of wti_os, as
 * replace.h names them.
 */
#ifndef SCHED_POSIX_H
#define SCHED_POSIX_H

/* The calling fibre ends: what it has set under the key is destroyed. */
void posix_end(void);

#endif
