// SPDX-License-Identifier: MIT
/*
 * What a message costs in streams of different length: BENCH_LENGTH messages, an answer, and so on until COUNT messages were
 * sent, or once where that is less. The clock runs at the producer, from the first post to the last answer.
 */
#include "ways.h"

#include <stdlib.h>

struct length {
	struct bench_args args;
	uint64_t messages; /* of a stream */
	uint64_t streams;  /* that are timed, after one of args.warmup messages */
	int64_t elapsed;   /* the producer's */
};

static void length_stream(wt_port *port, const struct bench_args *args, uint64_t from, uint64_t to)
{
	wt_message message;

	ways_post_each(port, args, 0, from, to);
	ways_must("wt_port_receive", wt_port_receive(port, &message, WT_FOREVER));
}

static int length_produce(wt_port *parent, const void *data, size_t size)
{
	struct length *const *shared = data;
	struct length *length = *shared;
	uint64_t next = length->args.warmup;
	int64_t start;

	(void)size;
	length_stream(parent, &length->args, 0, next);
	start = bench_now();
	for (uint64_t i = 0; i < length->streams; i++, next += length->messages)
		length_stream(parent, &length->args, next, next + length->messages);
	length->elapsed = bench_now() - start;
	return 0;
}

static void length_take(wt_port *port, const struct bench_args *args, struct bench_checker *check, uint64_t messages)
{
	ways_consume(port, args, check, messages);
	ways_must("wt_port_post", wt_port_post(port, "", 1));
}

static void length_consume(wt_port *port, const struct length *length)
{
	struct bench_checker check = { .size = length->args.size };

	length_take(port, &length->args, &check, length->args.warmup);
	for (uint64_t i = 0; i < length->streams; i++)
		length_take(port, &length->args, &check, length->messages);
	if (check.wrong)
		bench_die("length: wrong payload", 0);
}

int main(int argc, char **argv)
{
	const char *messages = getenv("BENCH_LENGTH");
	struct length length = { .messages = messages ? strtoull(messages, NULL, 10) : 0 };
	struct length *shared = &length;
	wt_channel_options options;
	wt_worker *worker;

	bench_parse(&length.args, argc, argv);
	if (!bench_is(length.args.work, "length") || !length.messages)
		bench_unknown(&length.args);
	length.streams = length.args.count < length.messages ? 1 : length.args.count / length.messages;
	wt_channel_options_init(&options);
	options.single_producer = ways_has(&length.args, "single");
	ways_must("wt_worker_create", wt_worker_create(&worker, length_produce, &shared, sizeof shared,
						       WT_WORKER_OPTIONS(.channel = &options)));
	length_consume(wt_worker_port(worker), &length);
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	bench_report_each(NULL, length.streams * length.messages, length.elapsed);
	return 0;
}
