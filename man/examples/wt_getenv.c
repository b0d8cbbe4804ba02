/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	int err;

	printf("worker: %s\n", wt_getenv("GREETING"));
	err = wt_setenv("GREETING", "good night");
	printf("worker: %s\n", wt_getenv("GREETING"));
	return err;
}

int main(void)
{
	wt_worker *worker;
	int code = 1;
	int err = wt_setenv("GREETING", "good morning");

	if (!err)
		err = wt_worker_create(&worker, worker_main, NULL, 0,
				       NULL);
	if (err)
		return 1;
	err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	printf("main: %s\n", wt_getenv("GREETING"));
	return err || code;
}
