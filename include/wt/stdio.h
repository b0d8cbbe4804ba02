/* SPDX-License-Identifier: MIT
 *
 * Standard streams of each worker's own. What a worker writes reaches the
 * process's standard output and standard error in whole lines, or its creator
 * (wt/worker.h: capture_stdout, capture_stderr); what it reads its creator
 * feeds (feed_stdin).
 */
#ifndef WT_STDIO_H
#define WT_STDIO_H

#include <stdio.h>
#include <wt/base.h>

WT_BEGIN_DECLS

/*
 * The calling worker's standard output and standard error: streams of its own,
 * made at first use, flushed and closed by its end, after its deferred cleanups,
 * however it ends. NULL only where memory for that first use ran out. On any
 * other thread they are the C library's own stdout and stderr. Any thread.
 *
 * The streams are line-buffered. Captured, each newline, each fflush and each
 * full buffer hands on what there is. Otherwise a line goes to the process's
 * descriptor 1 or 2 when its newline is written, in one piece; what follows the
 * last newline waits, also through fflush, until the line ends or the stream
 * does. A write may block as one to the descriptor does; it fails with EINTR
 * when the worker is told to end meanwhile, and its line may then be cut.
 */
WT_API FILE *wt_stdout(void);
WT_API FILE *wt_stderr(void);

/*
 * The calling worker's standard input, likewise: what its creator feeds, in
 * that order, and then the end of the file; the end at once where it is not to
 * be fed. A read waits for more, and fails with EINTR when the worker is told to
 * end. On any other thread it is the C library's own stdin. Any thread.
 */
WT_API FILE *wt_stdin(void);

WT_END_DECLS

#endif
