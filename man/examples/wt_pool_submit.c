/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int square(wt_task *task, wt_message *input, void *state)
{
	int n = *(const int *)input->data;
	int result = n * n;
	wt_outgoing reply = { .data = &result, .size = sizeof result };

	(void)state;
	return wt_task_reply(task, &reply);
}

static void done(wt_task *task, int result, wt_message *reply, void *arg)
{
	wt_failure why;

	if (!result)
		*(long *)arg += *(const int *)reply->data;
	else if (wt_task_failure(task, &why) == 0)
		fprintf(stderr, "a task failed: %s\n", why.message);
}

int main(void)
{
	wt_pool *pool;
	long sum = 0;
	int err = wt_pool_create(&pool, square, NULL);

	for (int i = 1; !err && i <= 100; i++)
		err = wt_pool_submit(pool,
				     &(wt_outgoing){ .data = &i,
						     .size = sizeof i },
				     done, &sum, NULL, NULL);
	if (!err)
		err = wt_run(); /* until all are done */
	printf("%ld\n", sum);
	wt_pool_destroy(pool);
	return err != 0;
}
