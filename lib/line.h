/* SPDX-License-Identifier: MIT
 *
 * Whole lines of many threads on standard output and standard error. Each
 * descriptor has a turn, which a thread takes for one write: what the thread
 * hands in arrives with nothing of another thread's in between, however many
 * system calls it needs. Where both descriptors lead to one pipe or file there
 * are two turns all the same: a write to one may come in the middle of a write
 * to the other. Those who write past this file have no turn at all.
 *
 * The turn is no mutex, for it is held as long as the system takes, for ever
 * on a pipe that nobody reads, and terminate must reach those who wait for it
 * as well as the one who writes (W5): they wait as for any other thing, in the
 * order of their arrival, and it is left by the signal that ends its system
 * call. A thread that is to end writes what finds room at once, and waits for
 * the turn a moment only.
 *
 * A write that fails in the middle of a line, and a thread whose last line has
 * no end, leave the descriptor in the middle of a line. Whoever writes next
 * ends it first.
 */
#ifndef WTI_LINE_H
#define WTI_LINE_H

#include <stddef.h>
#include <sys/uio.h>

enum { WTI_LINE_PIECES = 2 }; /* at the most */

/*
 * Write the pieces, which are in use until the return, to descriptor 1 or 2.
 * Blocks. Any thread, with no lock held. 0 when all is written; else WT_ENOMEM,
 * WT_ETERMINATED for one that is to end, or what the system said: some of it
 * may have been written.
 */
int wti_line_write(int fd, const struct iovec *pieces, size_t count);

#endif
