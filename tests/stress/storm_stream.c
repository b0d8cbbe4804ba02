/* SPDX-License-Identifier: MIT
 *
 * Workers write lines of any length to streams that their creator captures, and
 * read what it feeds them, through as many hands as may be. Each byte arrives
 * once and in order; of a worker that is terminated meanwhile, a beginning.
 */
#include <stdio.h>
#include <string.h>

#include "stress/storm.h"

enum { STREAM_WORKERS = 4, STREAM_PIECE = 4000 };

enum stream_kind { STREAM_WRITES, STREAM_ECHOES, STREAM_IS_TERMINATED };

/* What a worker is told. */
struct stream_order {
	enum stream_kind kind;
	uint32_t bytes; /* to write */
	uint32_t piece; /* the longest write */
	uint64_t random;
	struct account *account;
};

/* Its creator's side. */
struct stream_reader {
	struct storm_round *round;
	struct stream_order order;
	wt_worker *worker;
	uint64_t read; /* of its standard output */
	uint64_t read_errors;
	bool exited;
};

/* The n-th byte of every stream; a line is 1 to 61 bytes. */
static unsigned char stream_byte(uint64_t n)
{
	return n % 61 == 60 || n % 7 == 6 ? '\n' : (unsigned char)('a' + n % 23);
}

/* ---- The worker ---- */

static bool stream_write(FILE *stream, uint64_t *written, size_t size)
{
	unsigned char bytes[STREAM_PIECE];

	for (size_t i = 0; i < size; i++)
		bytes[i] = stream_byte(*written + i);
	*written += size;
	return fwrite(bytes, 1, size, stream) == size;
}

static int stream_write_all(struct stream_order *order)
{
	uint64_t written = 0, errors = 0;

	while (written < order->bytes) {
		size_t size = random_pick(&order->random, 1, order->piece);

		if (!stream_write(wt_stdout(), &written, size))
			return 1;
		if (random_chance(&order->random, 4) && !stream_write(wt_stderr(), &errors, size))
			return 1;
		if (random_chance(&order->random, 8))
			fflush(wt_stdout());
	}
	account_owe(order->account, ACCOUNT_BYTES, written + errors);
	return 0;
}

static int stream_write_for_ever(struct stream_order *order)
{
	uint64_t written = 0;

	while (stream_write(wt_stdout(), &written, random_pick(&order->random, 1, order->piece)))
		wt_checkpoint();
	return 1;
}

static int stream_echo(void)
{
	char bytes[STREAM_PIECE];
	size_t size;

	while ((size = fread(bytes, 1, sizeof bytes, wt_stdin())) > 0)
		if (fwrite(bytes, 1, size, wt_stdout()) != size)
			return 1;
	return ferror(wt_stdin()) != 0;
}

static int stream_work(wt_port *parent, const void *data, size_t size)
{
	struct stream_order order = *(const struct stream_order *)data;

	(void)parent;
	(void)size;
	switch (order.kind) {
	case STREAM_WRITES:
		return stream_write_all(&order);
	case STREAM_ECHOES:
		return stream_echo();
	default:
		return stream_write_for_ever(&order);
	}
}

/* ---- Its creator ---- */

static void stream_read(struct stream_reader *reader, uint64_t *read, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != stream_byte(*read + i)) {
			verdict_fail(&reader->round->verdict, __FILE__, __LINE__, "byte %llu is '%c'",
				     (unsigned long long)(*read + i), bytes[i]);
			return;
		}
	*read += size;
	if (reader->order.kind != STREAM_IS_TERMINATED)
		account_pay(&reader->round->account, ACCOUNT_BYTES, size);
}

static void stream_on_stdout(wt_worker *worker, const void *data, size_t size, void *arg)
{
	struct stream_reader *reader = arg;

	(void)worker;
	CHECK(&reader->round->verdict, !reader->exited);
	stream_read(reader, &reader->read, data, size);
}

static void stream_on_stderr(wt_worker *worker, const void *data, size_t size, void *arg)
{
	struct stream_reader *reader = arg;

	(void)worker;
	CHECK(&reader->round->verdict, !reader->exited);
	stream_read(reader, &reader->read_errors, data, size);
}

static void stream_on_exit(wt_worker *worker, int code, void *arg)
{
	struct stream_reader *reader = arg;

	(void)worker;
	CHECK(&reader->round->verdict, !reader->exited);
	CHECK(&reader->round->verdict, code == 0 || reader->order.kind == STREAM_IS_TERMINATED);
	reader->exited = true;
	account_pay(&reader->round->account, ACCOUNT_WORKERS, 1);
}

static void stream_feed(struct stream_reader *reader)
{
	unsigned char bytes[STREAM_PIECE];
	uint64_t fed = 0;

	while (fed < reader->order.bytes) {
		size_t size = storm_pick(reader->round, 1, reader->order.piece);

		for (size_t i = 0; i < size; i++)
			bytes[i] = stream_byte(fed + i);
		STORM_OK(reader->round, wt_worker_feed_stdin(reader->worker, bytes, size));
		fed += size;
	}
	STORM_OK(reader->round, wt_worker_end_stdin(reader->worker));
	account_owe(&reader->round->account, ACCOUNT_BYTES, fed);
}

static void stream_start(struct stream_reader *reader)
{
	wt_worker_options options = { .size = sizeof options, .capture_stdout = true, .capture_stderr = true };

	options.feed_stdin = reader->order.kind == STREAM_ECHOES;
	if (!STORM_OK(reader->round,
		      wt_worker_create(&reader->worker, stream_work, &reader->order, sizeof reader->order, &options)))
		return;
	account_owe(&reader->round->account, ACCOUNT_WORKERS, 1);
	wt_worker_on_stdout(reader->worker, stream_on_stdout, reader);
	wt_worker_on_stderr(reader->worker, stream_on_stderr, reader);
	wt_worker_on_exit(reader->worker, stream_on_exit, reader);
	if (reader->order.kind == STREAM_ECHOES)
		stream_feed(reader);
}

static void stream_end(struct stream_reader *reader)
{
	if (reader->worker && reader->order.kind == STREAM_IS_TERMINATED)
		STORM_OK(reader->round, wt_worker_terminate(reader->worker, WT_FOREVER));
}

/* Some workers at a time, to their ends. */
static void stream_generation(struct storm_round *round, unsigned count, struct stream_order order)
{
	struct stream_reader readers[STREAM_WORKERS];

	for (unsigned i = 0; i < count; i++) {
		readers[i] = (struct stream_reader){ .round = round, .order = order };
		readers[i].order.kind = (enum stream_kind)storm_pick(round, STREAM_WRITES, STREAM_IS_TERMINATED);
		readers[i].order.random = storm_fork(round);
		stream_start(&readers[i]);
	}
	for (unsigned i = 0; i < count; i++)
		stream_end(&readers[i]);
	STORM_OK(round, wt_run());
	for (unsigned i = 0; i < count; i++) {
		CHECK(&round->verdict, readers[i].exited);
		wt_worker_destroy(readers[i].worker);
	}
}

static void stream_run(struct storm_round *round)
{
	struct stream_order order = { .account = &round->account };
	unsigned count = (unsigned)storm_pick(round, 1, STREAM_WORKERS);

	order.bytes = (uint32_t)storm_pick(round, 0, 200000);
	order.piece = (uint32_t)storm_pick(round, 1, STREAM_PIECE);
	storm_say(round, "%u workers at a time, %u bytes in pieces of up to %u", count, order.bytes, order.piece);
	do
		stream_generation(round, count, order);
	while (!storm_is_over(round));
}

const struct storm storm_stream = { "stream", stream_run };
