/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

enum { READY, NUMBER }; /* the cells */

static int reader(wt_port *parent, const void *data, size_t size)
{
	wt_shared *shared;
	int64_t number;
	int err = wt_worker_data_take_shared(0, &shared);

	if (err)
		return err;
	/* Sleep while it is 0; WT_EAGAIN: it is not any more. */
	err = wt_atomics_wait(shared, WT_I32, READY, 0, WT_FOREVER);
	if (!err || err == WT_EAGAIN)
		err = wt_atomics_load(shared, WT_I32, NUMBER, &number);
	if (!err)
		printf("the number is %" PRId64 "\n", number);
	wt_shared_release(shared);
	return err;
}

static int start(wt_worker **worker, wt_shared *shared)
{
	const wt_transfer list[] = { WT_SHARE(shared) };

	return wt_worker_create(worker, reader, NULL, 0,
				WT_WORKER_OPTIONS(.transfer = list,
						  .transfer_count = 1));
}

static int publish(wt_shared *shared, int64_t number)
{
	int err = wt_atomics_store(shared, WT_I32, NUMBER, number);

	if (!err)
		err = wt_atomics_store(shared, WT_I32, READY, 1);
	if (!err)
		err = wt_atomics_notify(shared, WT_I32, READY, WT_ALL,
					NULL);
	return err;
}

int main(void)
{
	wt_shared *shared;
	wt_worker *worker = NULL;
	int code = 1;
	int err = wt_shared_create(&shared, 2 * sizeof(int32_t), 0);

	if (!err)
		err = start(&worker, shared);
	if (!err)
		err = publish(shared, 42);
	if (!err)
		err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	wt_shared_release(shared);
	return err || code;
}
