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
#include "os.h"
#include "poke.h"
#include "thread.h"

#if defined(__linux__) && !defined(SS_AUTODISARM)
#define SS_AUTODISARM (1U << 31) /* <linux/signal.h> has it, and not beside <signal.h> */
#endif

/* Of one call, on its stack. */
struct wti_interrupt {
	sigset_t mask;    /* of the thread, while the computation runs */
	stack_t disarmed; /* the alternate signal stack that the handler's return would have armed again; or no size */
	jmp_buf back;
};

static bool interrupt_in_handler(const struct wti_interrupt *armed, const ucontext_t *context)
{
	return memcmp(&context->uc_sigmask, &armed->mask, WTI_OS_MASK_SIZE) != 0;
}

/*
 * On an alternate stack that the system took away for as long as the handler
 * runs. For the jump, which where it is checked asks the system whether we are
 * on one, it is back as a common one; behind it, as it was.
 */
static void interrupt_rearm(struct wti_interrupt *armed, const ucontext_t *context)
{
#ifdef SS_AUTODISARM
	const stack_t common = { .ss_sp = context->uc_stack.ss_sp, .ss_size = context->uc_stack.ss_size };

	if ((unsigned)context->uc_stack.ss_flags & SS_AUTODISARM && sigaltstack(&common, NULL) == 0)
		armed->disarmed = context->uc_stack;
#else
	(void)armed;
	(void)context;
#endif
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
	interrupt_rearm(armed, context);
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

	armed.disarmed.ss_size = 0;
	pthread_sigmask(SIG_SETMASK, NULL, &armed.mask);
	if (setjmp(armed.back)) {
		/* The handler did not return, which would have put all of it back. */
		if (armed.disarmed.ss_size)
			sigaltstack(&armed.disarmed, NULL);
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
