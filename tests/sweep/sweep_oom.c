/* SPDX-License-Identifier: MIT
 *
 * Refuses memory: the library's own allocations, and address space.
 */
#include "sweep/sweep.h"

#include <wt/error.h>

#include "crew.h"

static bool oom_expected(int err)
{
	return err == WT_ENOMEM;
}

static long oom_held(void)
{
	return atomic_load(&support_counts.bytes);
}

int main(void)
{
	static const struct sweep_kind kind = {
		.refuse = support_fail_allocations,
		.refused = support_allocations_failed,
		.expected = oom_expected,
		.held = oom_held,
	};

	wti_crew_max = 0; /* threads are counted */
	support_count();
	return sweep_run(&kind);
}
