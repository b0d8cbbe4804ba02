/* SPDX-License-Identifier: MIT */
#include <wt/thread.h>

#include "fork.h"
#include "wait.h"

/* Nothing is waited for but the time. */
static bool sleep_ready(void *what)
{
	(void)what;
	return false;
}

/* Nobody makes it ready: no look to be ordered. */
static bool sleep_arm(void *what)
{
	(void)what;
	return true;
}

static void sleep_disarm(void *what)
{
	(void)what;
}

static const struct wti_wait_ops sleep_ops = {
	.name = "time",
	.ready = sleep_ready,
	.arm = sleep_arm,
	.disarm = sleep_disarm,
	.hopeless = true,
};

int wt_sleep(wt_time deadline)
{
	struct wti_thread *self;
	int err;

	if (deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	err = wti_wait(self, &sleep_ops, NULL, deadline);
	return err == WT_ETERMINATED ? err : 0;
}
