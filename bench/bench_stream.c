// SPDX-License-Identifier: MIT
/*
 * One producer, a worker that posts on its parent port, and one consumer, its creator. The variant "alone" is an
 * experiment for "Where the rest of the time goes" in README.md.
 */
#include "ways.h"

static int stream_produce(wt_port *parent, const void *data, size_t size)
{
	const struct bench_args *const *args = data;

	(void)size;
	ways_produce(parent, *args, 0);
	return 0;
}

/* ---- One thread does both in turn: what the instructions cost when no cache line moves ---- */

static void alone_turns(wt_port *const ends[2], const struct bench_args *args, struct bench_checker *check,
			uint64_t turns)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };

	for (uint64_t i = 0; i < turns; i++) {
		for (uint64_t j = 0; j < BENCH_TURN; j++) {
			bench_stamp(data, args->size, 0, check->next[0] + j);
			ways_must("wt_port_post", wt_port_post(ends[0], data, args->size));
		}
		ways_consume(ends[1], args, check, BENCH_TURN);
	}
}

static void stream_alone(const struct bench_args *args, const wt_channel_options *options)
{
	struct bench_checker check = { .size = args->size };
	uint64_t turns = args->count / BENCH_TURN + 1;
	wt_port *ends[2];
	int64_t start;

	ways_must("wt_channel_create", wt_channel_create(&ends[0], &ends[1], options));
	alone_turns(ends, args, &check, turns / 10 + 1);
	start = bench_now();
	alone_turns(ends, args, &check, turns);
	bench_report_rate(NULL, turns * BENCH_TURN, bench_now() - start);
	wt_port_close(ends[0]);
	wt_port_close(ends[1]);
	if (check.wrong)
		bench_die("alone: wrong payload", 0);
}

static void stream(const struct bench_args *args, const wt_channel_options *options)
{
	struct bench_checker check = { .size = args->size };
	wt_worker *worker;
	int64_t elapsed;

	bench_barrier_open(args);
	ways_must("wt_worker_create", wt_worker_create(&worker, stream_produce, &args, sizeof args,
						       WT_WORKER_OPTIONS(.channel = options)));
	ways_measure(wt_worker_port(worker), args, &check, &elapsed);
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	bench_check_end(&check, args);
	bench_report_rate(NULL, args->count, elapsed);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	wt_channel_options options;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "stream") || args.producers != 1)
		bench_unknown(&args);
	wt_channel_options_init(&options);
	options.single_producer = ways_has(&args, "single");
	if (ways_has(&args, "bounded"))
		options.limit = args.capacity * ways_record_size(args.size);
	(ways_has(&args, "alone") ? stream_alone : stream)(&args, &options);
	return 0;
}
