/* SPDX-License-Identifier: MIT
 *
 * Several stacks in one thread. ucontext, which every tool knows: the price of
 * its two system calls a switch is small, since a schedule has few switches.
 * AddressSanitizer is told of each one, and then checks the fibres' frames as
 * it does a thread's. valgrind takes two stacks for two with
 * --max-stackframe=100000, which is less than one has; ThreadSanitizer sees one
 * thread, and has nothing to say.
 */
#ifndef SCHED_FIBRE_H
#define SCHED_FIBRE_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

struct fibre {
	ucontext_t context;
	void *stack; /* made once; NULL: the thread's own */
	void *fake;  /* the sanitizer's */
	uintptr_t top; /* the innermost frame, while it does not run */
};

/* Anew: `fn` is called by the first switch to it, and never returns. */
void fibre_make(struct fibre *fibre, void (*fn)(void));

/* Go on with `to`; returns when somebody switches back. `last`: nobody will. */
void fibre_switch(struct fibre *from, struct fibre *to, bool last);

/* The first thing that a fibre does. */
void fibre_begin(void);

/* Whether the address lies in its stack, and whether in a frame that is gone (of one that does not run). */
bool fibre_owns(const struct fibre *fibre, uintptr_t address);
bool fibre_has_left(const struct fibre *fibre, uintptr_t address);

#endif
