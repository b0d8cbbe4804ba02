/* SPDX-License-Identifier: MIT
 *
 * The library's memory while the scheduler runs it: an arena that is given
 * back whole between two schedules. No address is used twice in a schedule,
 * and those that were freed are remembered, so that each access of an atomic
 * tells whether it comes too late; AddressSanitizer is told of both, and sees
 * the other accesses, too. The arena lies at the same place in every process:
 * what depends on addresses is replayed with the rest.
 */
#ifndef SCHED_MEMORY_H
#define SCHED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "alloc.h"

extern const struct wti_alloc_ops memory_ops;

/* Zeroed, with this alignment, a power of two. NULL: the arena is too small for the scenario. */
void *memory_alloc(size_t size, size_t alignment);
void memory_free(void *block);

/* A schedule begins: with the arena as it was after memory_keep. */
void memory_begin(void);
/* What is allocated now was made once, and stays. */
void memory_keep(void);
/* It has ended: fails when something is left. */
void memory_check(void);

/* Of the arena; what is not is the program's, or a frame's. */
enum memory_state { MEMORY_ELSEWHERE, MEMORY_THERE, MEMORY_GONE };

enum memory_state memory_state(const volatile void *address);

#endif
