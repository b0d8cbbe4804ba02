/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

/* Looks for a number whose square ends in 444. */
static int search(wt_port *parent, const void *data, size_t size)
{
	const uint64_t *start = data;

	for (uint64_t n = *start;; n++) {
		if (n * n % 1000 == 444)
			return wt_port_post(parent, &n, sizeof n);
		wt_checkpoint(); /* cheap enough for an inner loop */
	}
}

static int never(wt_port *parent, const void *data, size_t size)
{
	uint64_t n = 0;

	/* For those who would rather return than be unwound. */
	while (!wt_terminating())
		n++;
	return 0;
}

int main(void)
{
	wt_worker *finder, *idler;
	wt_message message;
	uint64_t from = 100;
	int code;
	int err;

	err = wt_worker_create(&finder, search, &from, sizeof from, NULL);
	if (!err)
		err = wt_worker_create(&idler, never, NULL, 0, NULL);
	if (err)
		return 1;
	err = wt_port_receive(wt_worker_port(finder), &message,
			      wt_after_ms(5000));
	if (!err) {
		const uint64_t *found = message.data;

		printf("found %" PRIu64 "\n", *found);
	}
	if (!err)
		err = wt_worker_terminate(idler, wt_after_ms(5000));
	if (!err)
		err = wt_worker_join(idler, &code, WT_NOW);
	if (!err)
		printf("the other one was ended: code %d\n", code);
	wt_worker_destroy(finder);
	wt_worker_destroy(idler);
	return err != 0;
}
