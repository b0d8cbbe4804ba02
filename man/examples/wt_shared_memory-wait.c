/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static void release(void *shared)
{
	wt_shared_release(shared);
}

/* Stores first, then notifies. */
static int entry(wt_port *parent, const void *data, size_t size)
{
	wt_shared *shared;
	size_t woken;
	int err;

	err = wt_worker_data_take_shared(0, &shared);
	if (!err)
		err = wt_defer(release, shared);
	if (!err)
		err = wt_atomics_store(shared, WT_I32, 0, 42);
	if (!err)
		err = wt_atomics_notify(shared, WT_I32, 0, 1, &woken);
	return err;
}

static int start(wt_worker **started, wt_shared *shared)
{
	wt_worker *worker;
	int err;
	const wt_transfer list[] = { WT_SHARE(shared) };

	err = wt_worker_create(&worker, entry, NULL, 0,
			       WT_WORKER_OPTIONS(.transfer = list,
						 .transfer_count = 1));
	*started = worker;
	return err;
}

static int await(wt_shared *shared, int64_t busy, wt_time deadline)
{
	int err;
	int64_t seen;

	for (;;) {
		err = wt_atomics_load(shared, WT_I32, 0, &seen);
		if (err || seen != busy)
			break;
		err = wt_atomics_wait(shared, WT_I32, 0, busy, deadline);
		if (err && err != WT_EAGAIN)
			break;
	}
	if (!err)
		printf("%" PRId64 "\n", seen);
	return err;
}

int main(void)
{
	wt_worker *worker = NULL;
	wt_shared *shared;
	int err = wt_shared_create(&shared, sizeof(int32_t), 0);

	if (!err)
		err = start(&worker, shared);
	if (!err)
		err = await(shared, 0, wt_after_ms(10000));
	wt_worker_destroy(worker);
	wt_shared_release(shared);
	return err != 0;
}
