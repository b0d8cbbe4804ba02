/* SPDX-License-Identifier: MIT
 *
 * Tests of forked children, which go on in this program: what a child finds
 * wrong it says on stderr, and its exit status tells the parent.
 */
#ifndef FORKS_H
#define FORKS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* In the child: which expectation fails, or none (0). */
#define EXPECT(condition)                                                                           \
	do {                                                                                        \
		if (!(condition)) {                                                                 \
			dprintf(2, "%s:%d: in the child: %s\n", __FILE__, __LINE__, #condition);    \
			return 1;                                                                   \
		}                                                                                   \
	} while (0)
#define EXPECT_FORKED(call) EXPECT((call) == WT_EFORKED)

/* The child of a fork in a callback, which returns in the child as in the parent: 0 there. */
extern pid_t forked;

/* Fork into it. The child does not outlive a hang by more than twenty seconds. */
void fork_here(void);

/* In the child: the loop, or the call, has ended with `err`, after so many calls of the callback; once is right. */
void end_child(int err, int calls);

/* Wait for a child. Runner only. */
void assert_child_ends(pid_t child, int expected);

#endif
