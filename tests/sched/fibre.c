/* SPDX-License-Identifier: MIT */
#include "sched/fibre.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sched/sanitizer.h"

#ifdef SCHED_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#define fibre_tell_leave(fake, to)  __sanitizer_start_switch_fiber(fake, fibre_low(to), fibre_size(to))
#define fibre_tell_arrive(fake)     __sanitizer_finish_switch_fiber(fake, &fibre_left, &fibre_left_size)
#else
#define fibre_tell_leave(fake, to)  ((void)(fake), (void)(to))
#define fibre_tell_arrive(fake)     ((void)(fake))
#endif

enum { FIBRE_STACK = 256 * 1024, FIBRE_GUARD = 4096 };

#ifdef SCHED_ADDRESS_SANITIZER
/* Of the one that was left last: the thread's own stack is known to the sanitizer only. */
static const void *fibre_left;
static size_t fibre_left_size;
static const void *fibre_thread;
static size_t fibre_thread_size;

static const void *fibre_low(const struct fibre *fibre)
{
	return fibre->stack ? (const char *)fibre->stack + FIBRE_GUARD : fibre_thread;
}

static size_t fibre_size(const struct fibre *fibre)
{
	return fibre->stack ? FIBRE_STACK : fibre_thread_size;
}
#endif

static void fibre_map(struct fibre *fibre)
{
	char *stack = mmap(NULL, FIBRE_GUARD + FIBRE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED || mprotect(stack, FIBRE_GUARD, PROT_NONE) < 0 || getcontext(&fibre->context) < 0)
		abort();
	fibre->stack = stack;
}

void fibre_make(struct fibre *fibre, void (*fn)(void))
{
	if (!fibre->stack)
		fibre_map(fibre);
	fibre->context.uc_stack.ss_sp = (char *)fibre->stack + FIBRE_GUARD;
	fibre->context.uc_stack.ss_size = FIBRE_STACK;
	fibre->context.uc_link = NULL;
	fibre->fake = NULL;
	fibre->top = (uintptr_t)fibre->stack + FIBRE_GUARD + FIBRE_STACK;
	makecontext(&fibre->context, fn, 0);
}

void fibre_switch(struct fibre *from, struct fibre *to, bool last)
{
	from->top = (uintptr_t)__builtin_frame_address(0);
	fibre_tell_leave(last ? NULL : &from->fake, to);
	swapcontext(&from->context, &to->context);
	fibre_tell_arrive(from->fake);
}

void fibre_begin(void)
{
	fibre_tell_arrive(NULL);
#ifdef SCHED_ADDRESS_SANITIZER
	if (!fibre_thread) {
		fibre_thread = fibre_left;
		fibre_thread_size = fibre_left_size;
	}
#endif
}

bool fibre_owns(const struct fibre *fibre, uintptr_t address)
{
	uintptr_t stack = (uintptr_t)fibre->stack;

	return stack && address >= stack && address < stack + FIBRE_GUARD + FIBRE_STACK;
}

bool fibre_has_left(const struct fibre *fibre, uintptr_t address)
{
	return fibre_owns(fibre, address) && address < fibre->top;
}
