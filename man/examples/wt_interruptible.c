/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <wt.h>

struct search {
	unsigned limit;
	unsigned found;
};

/* Pure computation: it calls nothing, and keeps nothing open. */
static void longest_collatz(void *arg)
{
	struct search *search = arg;
	unsigned best = 0;

	for (unsigned i = 1; i != search->limit; i++) {
		unsigned steps = 0;

		for (unsigned long n = i; n > 1; steps++)
			n = n % 2 ? 3 * n + 1 : n / 2;
		if (steps > best) {
			best = steps;
			search->found = i;
		}
	}
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	const unsigned *limit = data;
	struct search search = { .limit = *limit };
	int err = wt_interruptible(longest_collatz, &search);

	if (err) /* what is in `search` is worth nothing */
		return err;
	return wt_port_post(parent, &search.found, sizeof search.found);
}

static int run(unsigned limit)
{
	wt_message message;
	wt_worker *worker;
	int err = wt_worker_create(&worker, worker_main, &limit,
				   sizeof limit, NULL);

	if (err)
		return err;
	if (!limit) { /* no end: give it a moment, then end it */
		err = wt_sleep(wt_after_ms(50));
		if (!err)
			err = wt_worker_terminate(worker,
						  wt_after_ms(5000));
		if (!err)
			printf("ended\n");
	} else {
		err = wt_port_receive(wt_worker_port(worker), &message,
				      wt_after_ms(5000));
		if (!err)
			printf("%u\n", *(const unsigned *)message.data);
	}
	wt_worker_destroy(worker);
	return err;
}

int main(void)
{
	int err = run(10000);

	if (!err)
		err = run(0);
	if (err)
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
	return err != 0;
}
