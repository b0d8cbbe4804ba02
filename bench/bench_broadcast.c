// SPDX-License-Identifier: MIT
/*
 * One poster, who owns an endpoint of a name, and several threads that have opened the same. Variants:
 *
 *	post	one post and one receive a message; what waits is not bounded
 *	window	the same, but receivers acknowledge, so that no more waits for any of them than a bounded peer holds
 */
#include "ways.h"

#include <pthread.h>

enum { ACKNOWLEDGED = 4 }; /* so often in a window */

struct broadcast_receiver {
	const struct bench_args *args;
	wt_port *acknowledge; /* NULL: not asked for */
	uint64_t index;
	pthread_t thread;
};

static const char broadcast_name[] = "bench";
static pthread_barrier_t broadcast_opened;

static uint64_t broadcast_window(const struct bench_args *args)
{
	return args->capacity / ACKNOWLEDGED;
}

static void broadcast_acknowledge(const struct broadcast_receiver *receiver)
{
	ways_must("wt_port_post", wt_port_post(receiver->acknowledge, &receiver->index, sizeof receiver->index));
}

static wt_broadcast *broadcast_open(void)
{
	wt_broadcast *broadcast;

	ways_must("wt_broadcast_open", wt_broadcast_open(&broadcast, broadcast_name, sizeof broadcast_name, NULL));
	return broadcast;
}

static void broadcast_consume(wt_broadcast *broadcast, const struct broadcast_receiver *receiver,
			      struct bench_checker *check, uint64_t count)
{
	uint64_t window = broadcast_window(receiver->args);
	wt_message message;

	while (count--) {
		ways_must("wt_broadcast_receive", wt_broadcast_receive(broadcast, &message, WT_FOREVER));
		bench_check(check, message.data, message.size);
		if (receiver->acknowledge && check->next[0] % window == 0)
			broadcast_acknowledge(receiver);
	}
}

static void *broadcast_receive(void *arg)
{
	struct broadcast_receiver *receiver = arg;
	const struct bench_args *args = receiver->args;
	struct bench_checker check = { .size = args->size };
	wt_broadcast *broadcast = broadcast_open();

	pthread_barrier_wait(&broadcast_opened);
	broadcast_consume(broadcast, receiver, &check, args->warmup);
	bench_barrier();
	broadcast_consume(broadcast, receiver, &check, args->count);
	if (check.wrong)
		bench_die("broadcast: wrong payload", 0);
	wt_broadcast_close(broadcast);
	return NULL;
}

struct broadcast_poster {
	const struct bench_args *args;
	wt_broadcast *broadcast;
	wt_port *acknowledged; /* NULL: not asked for */
	uint64_t taken[BENCH_PRODUCERS_MAX]; /* by each, as far as it has said */
};

static uint64_t broadcast_slowest(const struct broadcast_poster *poster)
{
	uint64_t least = poster->taken[0];

	for (unsigned i = 1; i < poster->args->producers; i++)
		least = poster->taken[i] < least ? poster->taken[i] : least;
	return least;
}

static void broadcast_await_window(struct broadcast_poster *poster, uint64_t sequence)
{
	wt_message message;
	uint64_t index;

	while (sequence - broadcast_slowest(poster) >= poster->args->capacity) {
		ways_must("wt_port_receive", wt_port_receive(poster->acknowledged, &message, WT_FOREVER));
		memcpy(&index, message.data, sizeof index);
		poster->taken[index] += broadcast_window(poster->args);
	}
}

static void broadcast_post(struct broadcast_poster *poster, uint64_t from, uint64_t to)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };
	uint64_t window = broadcast_window(poster->args);

	for (uint64_t i = from; i < to; i++) {
		if (poster->acknowledged && i % window == 0)
			broadcast_await_window(poster, i);
		bench_stamp(data, poster->args->size, 0, i);
		ways_must("wt_broadcast_post", wt_broadcast_post(poster->broadcast, data, poster->args->size));
	}
}

static void broadcast_start(struct broadcast_receiver *receivers, const struct bench_args *args, wt_port *acknowledge)
{
	pthread_barrier_init(&broadcast_opened, NULL, args->producers + 1);
	for (unsigned i = 0; i < args->producers; i++) {
		struct broadcast_receiver *receiver = &receivers[i];

		*receiver = (struct broadcast_receiver){ .args = args, .acknowledge = acknowledge, .index = i };
		ways_must("pthread_create", pthread_create(&receiver->thread, NULL, broadcast_receive, receiver));
	}
	pthread_barrier_wait(&broadcast_opened);
}

int main(int argc, char **argv)
{
	struct broadcast_receiver receivers[BENCH_PRODUCERS_MAX];
	struct broadcast_poster poster = { 0 };
	wt_port *acknowledge = NULL;
	struct bench_args args;
	int64_t start;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "broadcast"))
		bench_unknown(&args);
	bench_barrier_open(&args);
	if (bench_is(args.variant, "window"))
		ways_must("wt_channel_create", wt_channel_create(&poster.acknowledged, &acknowledge, NULL));
	poster.args = &args;
	poster.broadcast = broadcast_open();
	broadcast_start(receivers, &args, acknowledge);
	broadcast_post(&poster, 0, args.warmup);
	bench_barrier();
	start = bench_now();
	broadcast_post(&poster, args.warmup, args.warmup + args.count);
	for (unsigned i = 0; i < args.producers; i++)
		pthread_join(receivers[i].thread, NULL);
	bench_report_rate(NULL, args.producers * args.count, bench_now() - start);
	wt_port_close(acknowledge);
	wt_port_close(poster.acknowledged);
	wt_broadcast_close(poster.broadcast);
	return 0;
}
