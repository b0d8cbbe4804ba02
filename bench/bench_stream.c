// SPDX-License-Identifier: MIT
/* One producer, a worker that posts on its parent port, and one consumer, its creator. */
#include "ways.h"

static int stream_produce(wt_port *parent, const void *data, size_t size)
{
	const struct bench_args *const *args = data;

	(void)size;
	ways_produce(parent, *args, 0);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench_args args;
	const struct bench_args *shared = &args;
	struct bench_checker check = { 0 };
	wt_worker *worker;
	int64_t elapsed;
	int code;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "stream"))
		bench_unknown(&args);
	check.size = args.size;
	args.producers = 1;
	bench_barrier_open(&args);
	ways_must("wt_worker_create",
		  wt_worker_create(&worker, stream_produce, &shared, sizeof shared,
				   ways_has(&args, "single")
					   ? WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.single_producer = true))
					   : NULL));
	ways_measure(wt_worker_port(worker), &args, &check, &elapsed);
	ways_must("wt_worker_join", wt_worker_join(worker, &code, WT_FOREVER));
	wt_worker_destroy(worker);
	bench_check_end(&check, &args);
	bench_report_rate(NULL, args.count, elapsed);
	return 0;
}
