/* SPDX-License-Identifier: MIT
 *
 * wt_interruptible: a computation that a poke ends by a jump out of its
 * middle. That is safe for pure computation alone, which the caller promises;
 * so the signal's handler jumps only while such a one runs on its thread
 * (wti_thread.interrupt, the armed word), and only if the thread was told to
 * end. It disarms first: of two pokes at once, one jumps.
 *
 * The handler does not jump either while it has interrupted another handler of
 * the program, such as a profiler's, which is no computation of ours: the
 * signals that are blocked there tell. The next poke comes soon.
 */
#ifndef WTI_INTERRUPT_H
#define WTI_INTERRUPT_H

/* Have the handler installed. Before the first worker's thread is made; again does nothing. */
void wti_interrupt_prepare(void);

#endif
