// SPDX-License-Identifier: MIT
/* Several threads that post on one port, and one consumer, who owns the channel. */
#include "ways.h"

#include <pthread.h>

struct fanin_producer {
	const struct bench_args *args;
	wt_port *port;
	unsigned index;
};

static void *fanin_produce(void *arg)
{
	struct fanin_producer *producer = arg;

	ways_produce(producer->port, producer->args, producer->index);
	return NULL;
}

int main(int argc, char **argv)
{
	struct fanin_producer producers[BENCH_PRODUCERS_MAX];
	pthread_t threads[BENCH_PRODUCERS_MAX];
	struct bench_checker check = { 0 };
	struct bench_args args;
	wt_port *consumer, *shared;
	int64_t elapsed;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "fanin"))
		bench_unknown(&args);
	check.size = args.size;
	bench_barrier_open(&args);
	ways_must("wt_channel_create", wt_channel_create(&consumer, &shared, NULL));
	for (unsigned i = 0; i < args.producers; i++) {
		producers[i] = (struct fanin_producer){ &args, shared, i };
		ways_must("pthread_create", pthread_create(&threads[i], NULL, fanin_produce, &producers[i]));
	}
	ways_measure(consumer, &args, &check, &elapsed);
	for (unsigned i = 0; i < args.producers; i++)
		pthread_join(threads[i], NULL);
	wt_port_close(shared);
	wt_port_close(consumer);
	bench_check_end(&check, &args);
	bench_report_rate(NULL, args.producers * args.count, elapsed);
	return 0;
}
