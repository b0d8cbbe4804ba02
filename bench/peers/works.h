// SPDX-License-Identifier: MIT
/*
 * The works over any queue in C. A peer includes this once, after it has defined what is below as static functions, so
 * that its calls inline as they would in a user's program:
 *
 *	struct channel;		what both ends share; one consumer, args->producers producers
 *	struct sender;		a producer's end
 *	struct receiver;	the consumer's end
 *
 *	channel_open(channel, args)			by the consumer's thread, before any end is opened
 *	channel_close(channel)				by the consumer's thread, after all ends are closed
 *	sender_open(sender, channel), sender_close	by the producer's thread
 *	sender_send(sender, data, size)			data may be reused when it returns
 *	receiver_open(receiver, channel), receiver_close
 *	receiver_receive(receiver, &size)		a view, valid until the next call
 *	peer_version()					NULL when only the driver knows it
 */
#ifndef BENCH_WORKS_H
#define BENCH_WORKS_H

#include <pthread.h>

struct works_producer {
	const struct bench_args *args;
	struct channel *channel;
	unsigned index;
};

static void *works_produce(void *arg)
{
	struct works_producer *producer = arg;
	const struct bench_args *args = producer->args;
	uint64_t total = args->warmup + args->count;
	struct sender sender;
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };

	sender_open(&sender, producer->channel);
	for (uint64_t i = 0; i < total; i++) {
		if (i == args->warmup)
			bench_barrier();
		bench_stamp(data, args->size, producer->index, i);
		sender_send(&sender, data, args->size);
	}
	sender_close(&sender);
	return NULL;
}

static void works_consume(struct receiver *receiver, struct bench_checker *check, uint64_t count)
{
	const void *data;
	size_t size;

	for (uint64_t i = 0; i < count; i++) {
		data = receiver_receive(receiver, &size);
		bench_check(check, data, size);
	}
}

static void works_stream(const struct bench_args *args)
{
	struct works_producer producers[BENCH_PRODUCERS_MAX];
	pthread_t threads[BENCH_PRODUCERS_MAX];
	struct bench_checker check = { .size = args->size };
	struct channel channel;
	struct receiver receiver;
	int64_t start, end;

	bench_barrier_open(args);
	channel_open(&channel, args);
	receiver_open(&receiver, &channel);
	for (unsigned i = 0; i < args->producers; i++) {
		producers[i] = (struct works_producer){ args, &channel, i };
		if (pthread_create(&threads[i], NULL, works_produce, &producers[i]))
			bench_die("pthread_create", 0);
	}
	works_consume(&receiver, &check, args->producers * args->warmup);
	start = bench_now();
	bench_barrier();
	works_consume(&receiver, &check, args->producers * args->count);
	end = bench_now();
	for (unsigned i = 0; i < args->producers; i++)
		pthread_join(threads[i], NULL);
	receiver_close(&receiver);
	channel_close(&channel);
	bench_check_end(&check, args);
	bench_report_rate(peer_version(), args->producers * args->count, end - start);
}

/* An experiment: one thread does both in turn, so that no cache line moves. */
static void works_turns(struct sender *sender, struct receiver *receiver, const struct bench_args *args,
			struct bench_checker *check, uint64_t turns)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };

	for (uint64_t i = 0; i < turns; i++) {
		for (uint64_t j = 0; j < BENCH_TURN; j++) {
			bench_stamp(data, args->size, 0, check->next[0] + j);
			sender_send(sender, data, args->size);
		}
		works_consume(receiver, check, BENCH_TURN);
	}
}

static void works_alone(const struct bench_args *args)
{
	struct bench_checker check = { .size = args->size };
	uint64_t turns = args->count / BENCH_TURN + 1;
	struct channel channel;
	struct receiver receiver;
	struct sender sender;
	int64_t start;

	channel_open(&channel, args);
	receiver_open(&receiver, &channel);
	sender_open(&sender, &channel);
	works_turns(&sender, &receiver, args, &check, turns / 10 + 1);
	start = bench_now();
	works_turns(&sender, &receiver, args, &check, turns);
	bench_report_rate(peer_version(), turns * BENCH_TURN, bench_now() - start);
	sender_close(&sender);
	receiver_close(&receiver);
	channel_close(&channel);
	if (check.wrong)
		bench_die("alone: wrong payload", 0);
}

struct works_pair {
	const struct bench_args *args;
	struct channel there, back;
	struct sender sender;
	struct receiver receiver;
	pthread_barrier_t opened; /* the consumer opens its channel, then the producer its end */
};

static void *works_echo(void *arg)
{
	struct works_pair *pair = arg;
	uint64_t total = bench_trips_total(pair->args);
	struct sender sender;
	struct receiver receiver;
	const void *data;
	size_t size;

	bench_pin(1);
	channel_open(&pair->there, pair->args);
	receiver_open(&receiver, &pair->there);
	pthread_barrier_wait(&pair->opened);
	sender_open(&sender, &pair->back);
	for (uint64_t i = 0; i < total; i++) {
		data = receiver_receive(&receiver, &size);
		bench_settle();
		sender_send(&sender, data, size);
	}
	pthread_barrier_wait(&pair->opened);
	sender_close(&sender);
	receiver_close(&receiver);
	pthread_barrier_wait(&pair->opened);
	channel_close(&pair->there);
	return NULL;
}

static void works_trip(void *arg, uint64_t sequence)
{
	struct works_pair *pair = arg;
	const void *data;
	uint64_t answer;
	size_t size;

	sender_send(&pair->sender, &sequence, sizeof sequence);
	data = receiver_receive(&pair->receiver, &size);
	memcpy(&answer, data, sizeof answer);
	if (size != sizeof answer || answer != sequence)
		bench_die("round trip: wrong answer", 0);
}

static void works_pingpong(const struct bench_args *args)
{
	struct works_pair pair = { .args = args };
	pthread_t thread;

	bench_pin(0);
	pthread_barrier_init(&pair.opened, NULL, 2);
	channel_open(&pair.back, args);
	receiver_open(&pair.receiver, &pair.back);
	if (pthread_create(&thread, NULL, works_echo, &pair))
		bench_die("pthread_create", 0);
	pthread_barrier_wait(&pair.opened);
	sender_open(&pair.sender, &pair.there);
	bench_trips(args, peer_version(), works_trip, &pair);
	pthread_barrier_wait(&pair.opened);
	sender_close(&pair.sender);
	receiver_close(&pair.receiver);
	pthread_barrier_wait(&pair.opened);
	channel_close(&pair.back);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(&args, argc, argv);
	if (bench_is(args.work, "stream") && bench_is(args.variant, "alone"))
		works_alone(&args);
	else if (bench_is(args.work, "stream") || bench_is(args.work, "fanin"))
		works_stream(&args);
	else if (bench_is(args.work, "pingpong"))
		works_pingpong(&args);
#ifdef BENCH_BROADCAST_H
	else if (bench_is(args.work, "broadcast"))
		broadcast_run(&args, peer_version());
#endif
	else
		bench_unknown(&args);
	return 0;
}

#endif
