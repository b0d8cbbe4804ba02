/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdio.h>
#include <wt.h>

static int no_task(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return WT_ENOTSUP; /* this pool only maps */
}

static int add(size_t begin, size_t end, void *arg)
{
	_Atomic(size_t) *sum = arg;
	size_t part = 0;

	for (size_t i = begin; i < end; i++)
		part += i;
	atomic_fetch_add(sum, part);
	return 0;
}

int main(void)
{
	static _Atomic(size_t) sum;
	const wt_range range = {
		.begin = 1, .end = 1000001, .grain = 10000
	};
	wt_pool *pool;
	int err = wt_pool_create(&pool, no_task, NULL);

	if (!err)
		err = wt_pool_map(pool, &range, add, &sum, WT_FOREVER);
	printf("%zu\n", sum);
	wt_pool_destroy(pool);
	return err != 0;
}
