/* SPDX-License-Identifier: MIT
 *
 * What the library knows of itself at this moment, as text: for people who
 * look for the reason why nothing moves.
 */
#ifndef WT_DUMP_H
#define WT_DUMP_H

#include <stdio.h>
#include <wt/base.h>

WT_BEGIN_DECLS

/*
 * Write to `stream` a line for each thread, worker, port, pool, broadcast,
 * timer and lock of the process: who waits for what, and what keeps each loop
 * alive. wt_dump(3) has the form of the lines. No thread is stopped for it, so
 * lines may be of slightly different moments. The stream remains the caller's;
 * it is flushed.
 *
 * Returns 0; WT_EINVAL for NULL; WT_ENOMEM, and nothing is written; what the
 * stream failed with, and some may have been written. Any thread.
 */
WT_API WT_NODISCARD int wt_dump(FILE *stream);

/*
 * Have such a dump written to descriptor 2 whenever this signal comes: a
 * thread of its own does that, from now on until the process ends. It is one
 * signal for the process; asking for it again changes nothing.
 *
 * Returns 0; WT_EINVAL for what is no signal, or none that can be handled, or
 * that comes again at once, such as SIGSEGV and SIGPIPE; WT_EBUSY: the program
 * handles or ignores it, or another one was chosen; WT_EAGAIN or WT_ENOMEM: the
 * system has no more threads. Any thread.
 */
WT_API WT_NODISCARD int wt_dump_on_signal(int signo);

WT_END_DECLS

#endif
