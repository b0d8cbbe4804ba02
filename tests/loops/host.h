/* SPDX-License-Identifier: MIT
 *
 * One loop that programs bring along, with the glue of examples/loops, as
 * tests/loops/scenarios.c sees it. Each host_*.c implements it; all state is
 * the calling thread's.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>

typedef void host_fn(void *arg);

/* Make a loop for this thread and start the glue. */
bool host_open(void);

/* Have the loop call the function once, which keeps it going until then. */
void host_after(int ms, host_fn *fn, void *arg);

/* Until neither the host nor libwt has anything left; or, in a worker, it is to end. */
void host_run(void);

void host_close(void);

#endif
