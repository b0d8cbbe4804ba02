/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Each report is printed without the other one in between. */
static int report(wt_port *parent, const void *data, size_t size)
{
	wt_lock *lock;
	int err = wt_lock_acquire(&lock, "report", 6, NULL, WT_FOREVER);

	if (err)
		return err;
	printf("begin\n");
	printf("...\n");
	printf("end\n");
	wt_lock_release(lock);
	return 0;
}

int main(void)
{
	wt_worker *workers[2] = { NULL, NULL };
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		err = wt_worker_create(&workers[i], report, NULL, 0, NULL);
	if (!err)
		err = wt_run();
	for (int i = 0; i < 2; i++)
		wt_worker_destroy(workers[i]);
	return err != 0;
}
