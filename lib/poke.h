/* SPDX-License-Identifier: MIT
 *
 * Pokes: the signals that end a worker's blocking system calls, and
 * interrupt.h's computations, once it was told to end.
 *
 * One poke is not enough: it may arrive just before the system call that it
 * is to end. So they repeat until the worker ends. Who tells it may not wait
 * (WT_NOW) and may be gone a moment later, so the repeating is the system's: a
 * timer for each worker that is being ended, which sends its signal to that
 * thread alone. It costs no thread and no descriptor, two system calls to set
 * up and one to stop, and dies with the process. A helper thread instead would
 * have to be there before memory or threads run out, be stopped at the
 * process's end, and be one more that a program did not ask for: a system that
 * can signal no single thread by a timer has it all the same
 * (os_posix_alarm.h), while workers are being ended.
 *
 * The system may refuse a timer (RLIMIT_SIGPENDING). Then each call that tells
 * the worker sends one poke, tries the timer again, and those that wait for
 * its end repeat both while they wait.
 *
 * The first poke comes a moment late: a worker that waits in libwt ends within
 * that moment by the wake alone, and is spared the signal.
 *
 * The worker's thread enters and leaves; any thread that keeps the worker alive
 * begins.
 */
#ifndef WTI_POKE_H
#define WTI_POKE_H

#include <signal.h>
#include <wt/time.h>

#include "base.h"
#include "mutex.h"
#include "os.h"

struct wti_poke {
	struct wti_mutex lock;

	/* Under the lock. */
	union wti_os_thread thread; /* who is poked, between enter and leave */
	bool entered;
	bool begun;
	bool ticking;
	union wti_os_ticker ticker; /* while ticking */
};

/* Claim the signal, with this handler: once, before the first worker's thread is made. */
void wti_poke_claim(void (*handler)(int signal, siginfo_t *info, void *context));

/* The signal, or 0 where none was free: nobody is poked then. */
int wti_poke_signal(void);

void wti_poke_init(struct wti_poke *poke);
void wti_poke_destroy(struct wti_poke *poke);

/*
 * The calling thread, which is `self`, is the one to poke, until it leaves. One that was told before it entered runs no
 * user code.
 */
void wti_poke_enter(struct wti_poke *poke, union wti_os_thread self);
void wti_poke_leave(struct wti_poke *poke);

/* Poke from now on; again does nothing, unless the system refused. */
void wti_poke_begin(struct wti_poke *poke);

/*
 * For one who waits for the worker until `deadline`: how long to wait before
 * calling this again. Sooner than the deadline where pokes have begun that
 * only the waiting can repeat.
 */
wt_time wti_poke_while_waiting(struct wti_poke *poke, wt_time deadline);

#endif
