/* SPDX-License-Identifier: MIT
 *
 * The child of a fork has one thread, a copy of what the others were in the
 * middle of, and locks that nobody will give back. So libwt ends with the fork
 * (P2): from the first use on, a handler that fork calls in the child takes
 * the record of its thread away and raises a flag.
 *
 * Most calls need the record, and look at the flag only where they find none.
 * Those that need none (posting, atomics, ports and workers by their handle)
 * look at it first: a load of a word that never changes.
 *
 * A callback of the program may fork, and return in the child into the library
 * that called it. There the record, which the frames below still have, says
 * that the thread is to end, and who called back looks at the flag and touches
 * nothing any more: the locks, and the descriptors that are still the parent's.
 */
#ifndef WTI_FORK_H
#define WTI_FORK_H

#include <wt/error.h>

#include "atomic.h"
#include "base.h"

extern _Atomic(bool) wti_fork_happened;

/* Relaxed: the only thread that ever sees it set is the one that set it. */
static inline bool wti_forked(void)
{
	return wti_unlikely(wti_load(&wti_fork_happened));
}

/* Why there is no record, or one that does not own: the fork, if there was one. */
static inline int wti_fork_error(int otherwise)
{
	return wti_forked() ? WT_EFORKED : otherwise;
}

/* Enter the handler, if that has not been done. First use of anything that a child could inherit. 0 or WT_ENOMEM. */
int wti_fork_prepare(void);

#endif
