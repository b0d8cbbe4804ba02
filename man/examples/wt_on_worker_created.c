/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdio.h>
#include <wt.h>

static atomic_int workers;

static void count(wt_worker *worker, void *arg)
{
	atomic_fetch_add(&workers, 1);
}

static int nested(wt_port *parent, const void *data, size_t size)
{
	return 0;
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	wt_worker *child;

	return wt_worker_create(&child, nested, NULL, 0, NULL);
}

int main(void)
{
	wt_worker *worker;
	int code = 1;
	int err = wt_on_worker_created(count, NULL);

	if (!err)
		err = wt_worker_create(&worker, worker_main, NULL, 0,
				       NULL);
	if (err)
		return 1;
	err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	printf("%d workers\n", atomic_load(&workers));
	return err || code;
}
