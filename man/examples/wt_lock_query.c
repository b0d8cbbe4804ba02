/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void granted(wt_lock *lock, int result, void *arg)
{
	/* not called: the request is taken back */
}

static int print_locks(void)
{
	wt_lock_snapshot *snapshot;
	int err = wt_lock_query(&snapshot);

	for (size_t i = 0; i < wt_lock_snapshot_count(snapshot); i++) {
		const wt_lock_info *info =
			wt_lock_snapshot_at(snapshot, i);

		printf("%.*s: thread %d %s\n", (int)info->name_size,
		       (const char *)info->name, (int)info->thread_id,
		       info->pending ? "waits" : "holds");
	}
	wt_lock_snapshot_destroy(snapshot);
	return err;
}

int main(void)
{
	wt_lock *apple, *pear, *again;

	if (wt_lock_acquire(&pear, "pear", 4, NULL, WT_FOREVER) ||
	    wt_lock_acquire(&apple, "apple", 5, NULL, WT_FOREVER) ||
	    wt_lock_request(&again, "pear", 4, NULL, granted, NULL,
			    WT_FOREVER))
		return 1;
	if (print_locks())
		return 1;
	wt_lock_release(again);
	wt_lock_release(pear);
	wt_lock_release(apple);
	return 0;
}
