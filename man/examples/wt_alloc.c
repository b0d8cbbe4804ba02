/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <wt.h>

/* Makes its buffer larger and larger, as a parser of bad input may. */
static int parse(wt_port *parent, const void *data, size_t size)
{
	char *text = NULL;

	for (size_t room = 1024;; room *= 2) {
		char *larger = wt_realloc(text, room);

		if (!larger)
			wt_fail(WT_ENOMEM, "no room for %zu KiB",
				room / 1024);
		text = larger; /* never freed: the heap goes as a whole */
	}
}

int main(void)
{
	struct wt_heap_stats stats = { .size = sizeof stats };
	wt_failure failure;
	wt_worker *worker;
	int err;

	err = wt_worker_create(&worker, parse, NULL, 0,
			       WT_WORKER_OPTIONS(.heap_limit = 1 << 20));
	if (!err)
		err = wt_worker_join(worker, NULL, WT_FOREVER);
	if (!err)
		err = wt_worker_failure(worker, &failure);
	if (!err)
		printf("%s: %s\n", failure.message,
		       wt_err_name(failure.code));
	wt_worker_destroy(worker);

	/* The main thread has a heap of its own. */
	if (!err)
		err = wt_heap_stats(&stats);
	if (!err)
		printf("main goes on, with %zu bytes of blocks\n",
		       stats.now);
	return err != 0;
}
