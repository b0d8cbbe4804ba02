/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdio.h>
#include <wt.h>

#define LAST 200000
#define STEP 10000

static bool is_prime(unsigned n)
{
	for (unsigned d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n >= 2;
}

/* On a worker: the number of primes in one piece of the range. */
static int count(wt_task *task, wt_message *input, void *state)
{
	unsigned first = *(const unsigned *)input->data;
	unsigned primes = 0;
	wt_outgoing reply = { .data = &primes, .size = sizeof primes };

	for (unsigned n = first; n < first + STEP; n++)
		primes += is_prime(n);
	return wt_task_reply(task, &reply);
}

/* On the main thread, called by wt_run, once for each task. */
static void on_done(wt_task *task, int result, wt_message *reply,
		    void *arg)
{
	unsigned *total = arg;

	if (result)
		fprintf(stderr, "pool: a task: %s\n", wt_strerror(result));
	else
		*total += *(const unsigned *)reply->data;
}

int main(void)
{
	wt_pool *pool;
	unsigned total = 0;
	int err = wt_pool_create(&pool, count, NULL);

	for (unsigned first = 0; !err && first < LAST; first += STEP) {
		wt_outgoing input = { .data = &first,
				      .size = sizeof first };

		err = wt_pool_submit(pool, &input, on_done, &total, NULL,
				     NULL);
	}
	if (!err)
		err = wt_run(); /* until all are done */
	if (!err)
		printf("%u primes below %d\n", total, LAST);
	else
		fprintf(stderr, "pool: %s\n", wt_strerror(err));
	wt_pool_destroy(pool);
	return err != 0;
}
