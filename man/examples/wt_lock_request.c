/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void granted(wt_lock *lock, int result, void *arg)
{
	wt_lock **next = arg;

	printf("%s\n", result ? wt_strerror(result) : "granted");
	wt_lock_release(lock);
	*next = NULL;
}

int main(void)
{
	wt_lock *first, *next;
	int err = wt_lock_acquire(&first, "a", 1, NULL, WT_FOREVER);

	if (err)
		return 1;
	err = wt_lock_request(&next, "a", 1, NULL, granted, &next,
			      wt_after_ms(60000));
	if (!err) {
		printf("waiting\n");
		wt_lock_release(first);
		err = wt_run(); /* until the request is over */
	}
	return err != 0;
}
