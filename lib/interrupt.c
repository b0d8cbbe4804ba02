/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <wt/thread.h>

#include "fork.h"
#include "poke.h"
#include "thread.h"

/* Of one call, on its stack. */
struct wti_interrupt {
	sigset_t mask; /* of the thread, while the computation runs */
	jmp_buf back;
};

/* What a signal's frame has is the system's mask, which is shorter than the C library's type. */
#define INTERRUPT_MASK_SIZE ((_NSIG - 1) / 8)

static bool interrupt_in_handler(const struct wti_interrupt *armed, const ucontext_t *context)
{
	return memcmp(&context->uc_sigmask, &armed->mask, INTERRUPT_MASK_SIZE) != 0;
}

static void interrupt_handler(int signal, siginfo_t *info, void *context)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_interrupt *armed = self ? wti_load(&self->interrupt) : NULL;

	(void)signal;
	(void)info;
	if (!armed || !wti_thread_terminating(self) || interrupt_in_handler(armed, context))
		return;
	wti_store(&self->interrupt, NULL);
	longjmp(armed->back, 1);
}

static void interrupt_install(void)
{
	wti_poke_claim(interrupt_handler);
}

void wti_interrupt_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, interrupt_install);
}

/*
 * The accesses of the armed word are relaxed: the thread and its own handler
 * see each other's in program order, from which the compiler cannot move them,
 * for it knows neither setjmp nor fn.
 */
static int interrupt_run(struct wti_thread *self, void (*fn)(void *arg), void *arg)
{
	struct wti_interrupt armed;
	int saved = errno;

	pthread_sigmask(SIG_SETMASK, NULL, &armed.mask);
	if (setjmp(armed.back)) {
		/* The handler did not return, which would have put both back. */
		pthread_sigmask(SIG_SETMASK, &armed.mask, NULL);
		errno = saved;
		return WT_ETERMINATED;
	}
	wti_store(&self->interrupt, &armed);
	fn(arg);
	wti_store(&self->interrupt, NULL);
	return 0;
}

int wt_interruptible(void (*fn)(void *arg), void *arg)
{
	struct wti_thread *self = wti_thread_peek();

	if (!fn)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	if (!self || !self->worker) {
		fn(arg);
		return 0;
	}
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	if (!wti_poke_signal())
		return WT_ENOTSUP;
	if (wti_load(&self->interrupt))
		return WT_EBUSY;
	return interrupt_run(self, fn, arg);
}
