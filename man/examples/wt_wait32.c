/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdio.h>
#include <wt.h>

#define WORKERS 3

static _Atomic(uint32_t) gate; /* 0: closed */
static atomic_int passed;

static int runner(wt_port *parent, const void *data, size_t size)
{
	while (atomic_load(&gate) == 0) {
		int err = wt_wait32(&gate, 0, WT_FOREVER);

		if (err && err != WT_EAGAIN)
			return err;
	}
	atomic_fetch_add(&passed, 1);
	return 0;
}

int main(void)
{
	wt_worker *workers[WORKERS] = { NULL };
	int err = 0;

	for (int i = 0; i < WORKERS && !err; i++)
		err = wt_worker_create(&workers[i], runner, NULL, 0, NULL);

	/* Change first, then notify: who is not asleep yet sees it. */
	atomic_store(&gate, 1);
	if (!err)
		err = wt_notify(&gate, WT_ALL, NULL);
	if (!err)
		err = wt_run(); /* until all have ended */
	printf("%d of %d have passed\n", atomic_load(&passed), WORKERS);
	for (int i = 0; i < WORKERS; i++)
		wt_worker_destroy(workers[i]);
	return err != 0;
}
