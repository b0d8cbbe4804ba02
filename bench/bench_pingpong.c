// SPDX-License-Identifier: MIT
/* A message of 8 bytes to a worker and back. */
#include "ways.h"

static int pingpong_echo(wt_port *parent, const void *data, size_t size)
{
	const struct bench_args *const *args = data;
	uint64_t total = bench_trips_total(*args);
	wt_message message;

	(void)size;
	bench_pin(1);
	for (uint64_t i = 0; i < total; i++) {
		ways_must("wt_port_receive", wt_port_receive(parent, &message, WT_FOREVER));
		bench_settle();
		ways_must("wt_port_post", wt_port_post(parent, message.data, message.size));
	}
	return 0;
}

static void pingpong_trip(void *arg, uint64_t sequence)
{
	wt_port *port = arg;
	wt_message message;
	uint64_t answer;

	ways_must("wt_port_post", wt_port_post(port, &sequence, sizeof sequence));
	ways_must("wt_port_receive", wt_port_receive(port, &message, WT_FOREVER));
	memcpy(&answer, message.data, sizeof answer);
	if (message.size != sizeof answer || answer != sequence)
		bench_die("round trip: wrong answer", 0);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	const struct bench_args *shared = &args;
	wt_channel_options options;
	wt_worker *worker;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "pingpong"))
		bench_unknown(&args);
	bench_pin(0);
	wt_channel_options_init(&options);
	options.single_producer = ways_has(&args, "single");
	ways_must("wt_worker_create", wt_worker_create(&worker, pingpong_echo, &shared, sizeof shared,
						       WT_WORKER_OPTIONS(.channel = &options)));
	bench_trips(&args, NULL, pingpong_trip, wt_worker_port(worker));
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	return 0;
}
