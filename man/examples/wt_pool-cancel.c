/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Has no end of its own. */
static int wait_long(wt_task *task, wt_message *input, void *state)
{
	while (!wt_task_cancelled(task))
		wt_checkpoint();
	return WT_ECANCELED;
}

static void on_done(wt_task *task, int result, wt_message *reply,
		    void *request)
{
	printf("%s: %s\n", (const char *)request, wt_err_name(result));
}

static int submit_and_cancel(wt_pool *pool, char *request)
{
	const wt_outgoing input = { .data = request, .size = 1 };
	wt_task *task;
	int err;

	err = wt_pool_submit(pool, &input, on_done, request,
			     WT_TASK_OPTIONS(.run_timeout = 2000000000),
			     &task);
	if (!err)
		err = wt_task_cancel(task);
	return err ? err : wt_run();
}

int main(void)
{
	static char request[] = "the request";
	wt_pool *pool;
	int err = wt_pool_create(&pool, wait_long, NULL);

	if (!err)
		err = submit_and_cancel(pool, request);
	wt_pool_destroy(pool);
	return err != 0;
}
