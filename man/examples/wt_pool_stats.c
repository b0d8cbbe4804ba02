/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static int nap(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return wt_sleep(wt_after_ms(5));
}

int main(void)
{
	struct wt_pool_stats stats = { .size = sizeof stats };
	int64_t median = 0;
	wt_pool *pool;
	int err = wt_pool_create(&pool, nap, NULL);

	for (int i = 0; !err && i < 10; i++)
		err = wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL);
	if (!err)
		err = wt_pool_close(pool, WT_FOREVER);
	if (!err)
		err = wt_pool_stats(pool, &stats);
	if (!err)
		err = wt_pool_percentile(pool, WT_POOL_RUN, 50, &median);
	printf("%" PRIu64 " tasks, ", stats.completed);
	printf("half of them took %s\n",
	       median >= 5000000 ? "5 ms or more" : "less than 5 ms");
	wt_pool_destroy(pool);
	return err != 0;
}
