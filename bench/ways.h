// SPDX-License-Identifier: MIT
/*
 * The ways in which libwt's rows send and receive: one post and one receive a message unless the variant names another.
 *
 *	drain	the consumer takes what waits by wt_port_drain, and sleeps in wt_port_receive
 *	many	producers hand over WAYS_BATCH messages in one wt_port_post_many
 *	single	the channel is promised a single producer
 *	bounded	the channel holds what a bounded peer does, and a post waits for room
 */
#ifndef BENCH_WAYS_H
#define BENCH_WAYS_H

#include "harness.h"

#include <wt.h>

enum { WAYS_BATCH = 16 };

static inline bool ways_has(const struct bench_args *args, const char *way)
{
	return strstr(args->variant, way) != NULL;
}

/* What the limit of a channel counts: a header of 8 bytes and the payload, in whole words. */
static inline size_t ways_record_size(size_t payload)
{
	return sizeof(uint64_t) + ((payload + 7) & ~(size_t)7);
}

static inline void ways_must(const char *what, int error)
{
	if (error)
		bench_die(what, error);
}

static inline void ways_post_each(wt_port *port, const struct bench_args *args, unsigned index, uint64_t from,
				  uint64_t to)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };

	for (uint64_t i = from; i < to; i++) {
		bench_stamp(data, args->size, index, i);
		ways_must("wt_port_post", wt_port_post(port, data, args->size));
	}
}

static inline void ways_send_each(wt_port *port, const struct bench_args *args, unsigned index, uint64_t from,
				  uint64_t to)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };
	wt_outgoing message = { .data = data, .size = args->size };

	for (uint64_t i = from; i < to; i++) {
		bench_stamp(data, args->size, index, i);
		ways_must("wt_port_send", wt_port_send(port, &message, WT_FOREVER));
	}
}

static inline void ways_post_batches(wt_port *port, const struct bench_args *args, unsigned index, uint64_t from,
				     uint64_t to)
{
	_Alignas(64) unsigned char data[WAYS_BATCH * BENCH_SIZE_MAX] = { 0 };
	size_t stride = (args->size + BENCH_LINE - 1) / BENCH_LINE * BENCH_LINE;
	struct iovec messages[WAYS_BATCH];
	size_t count;

	for (uint64_t i = from; i < to; i += count) {
		count = to - i < WAYS_BATCH ? (size_t)(to - i) : (size_t)WAYS_BATCH;
		for (size_t j = 0; j < count; j++) {
			bench_stamp(data + j * stride, args->size, index, i + j);
			messages[j] = (struct iovec){ data + j * stride, args->size };
		}
		ways_must("wt_port_post_many", wt_port_post_many(port, messages, count, NULL));
	}
}

typedef void ways_poster(wt_port *port, const struct bench_args *args, unsigned index, uint64_t from, uint64_t to);

static inline ways_poster *ways_choose(const struct bench_args *args)
{
	if (ways_has(args, "many"))
		return ways_post_batches;
	return ways_has(args, "bounded") ? ways_send_each : ways_post_each;
}

/* All that one producer sends, with the barrier between warm-up and timed messages. */
static inline void ways_produce(wt_port *port, const struct bench_args *args, unsigned index)
{
	uint64_t total = args->warmup + args->count;
	ways_poster *post = ways_choose(args);

	post(port, args, index, 0, args->warmup);
	bench_barrier();
	post(port, args, index, args->warmup, total);
}

static inline void ways_check(wt_port *port, wt_message *message, void *check)
{
	(void)port;
	bench_check(check, message->data, message->size);
}

static inline void ways_consume(wt_port *port, const struct bench_args *args, struct bench_checker *check,
				uint64_t count)
{
	bool drain = ways_has(args, "drain");
	wt_message message;
	size_t drained;

	while (count) {
		drained = 0;
		if (drain)
			ways_must("wt_port_drain", wt_port_drain(port, ways_check, check, count, &drained));
		if (!drained) {
			ways_must("wt_port_receive", wt_port_receive(port, &message, WT_FOREVER));
			bench_check(check, message.data, message.size);
			drained = 1;
		}
		count -= drained;
	}
}

/* The consumer's side of a stream whose producers have been started. */
static inline void ways_measure(wt_port *port, const struct bench_args *args, struct bench_checker *check,
				int64_t *elapsed)
{
	int64_t start;

	ways_consume(port, args, check, args->producers * args->warmup);
	start = bench_now();
	bench_barrier();
	ways_consume(port, args, check, args->producers * args->count);
	*elapsed = bench_now() - start;
}

#endif
