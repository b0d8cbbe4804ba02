/* SPDX-License-Identifier: MIT */
#include "support/forks.h"

#include <sys/wait.h>
#include <unistd.h>
#include <wt/error.h>

#include "support/support.h"

pid_t forked;

void fork_here(void)
{
	forked = fork();
	if (!forked)
		alarm(20);
}

void end_child(int err, int calls)
{
	if (forked)
		return;
	if (err != WT_EFORKED || calls != 1)
		dprintf(2, "in the child: %d after %d calls\n", err, calls);
	_exit(err == WT_EFORKED && calls == 1 ? 0 : 1);
}

void assert_child_ends(pid_t child, int expected)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
		fail_msg("the child's status is %#x, not an exit with %d", (unsigned)status, expected);
}
