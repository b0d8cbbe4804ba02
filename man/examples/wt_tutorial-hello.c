/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <wt.h>

/* Runs in a thread of its own. What it returns is its exit code. */
static int hello(wt_port *parent, const void *data, size_t size)
{
	const int *number = data;

	printf("Hello from a worker, which was given %d\n", *number);
	return 0;
}

int main(void)
{
	wt_worker *worker;
	int number = 42, code = 0;
	int err = wt_worker_create(&worker, hello, &number, sizeof number,
				   NULL);

	if (err) {
		fprintf(stderr, "hello: %s\n", wt_strerror(err));
		return 1;
	}
	err = wt_worker_join(worker, &code, WT_FOREVER);
	if (!err)
		printf("The worker has ended with code %d\n", code);
	wt_worker_destroy(worker);
	return err != 0;
}
