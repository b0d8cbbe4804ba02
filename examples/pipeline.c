/* SPDX-License-Identifier: MIT
 *
 * Three workers in a row. The first makes blocks of bytes, the second changes
 * them, the third adds up a checksum. Each block is a buffer that moves from
 * one to the next: it is never copied, and one worker has it at a time. The
 * ports between them have a limit, so that a fast stage waits for a slow one
 * instead of filling the memory.
 *
 *	$ pipeline 1000 65536
 *	65536000 bytes, Adler-32 75793068
 *	pipeline: 210 MB/s
 *
 * The second line goes to standard error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define BLOCKS_MAX 1000000
#define SIZE_LARGEST (16 << 20)

/* Bytes that may wait between two stages: a few messages, which are small because the blocks are not in them. */
#define LIMIT 256

#define ADLER_MODULUS 65521

/* What the first stage is told; its port comes along. */
struct job {
	size_t blocks;
	size_t size; /* of a block, in bytes */
};

/* What the last stage tells main. */
struct result {
	uint64_t bytes;
	uint32_t checksum;
};

/* The ends of the two channels between the stages; NULL once a worker has them. */
struct ports {
	wt_port *made;      /* the first stage sends here ... */
	wt_port *to_change; /* ... and the second receives */
	wt_port *changed;   /* the second stage sends here ... */
	wt_port *to_check;  /* ... and the third receives */
};

enum { MAKE, CHANGE, CHECK, STAGES };

/* Move the block on, waiting for room. It is gone when this returns: to the next stage, or destroyed. */
static int pass_on(wt_port *out, wt_buffer *block)
{
	const wt_transfer list[] = { WT_MOVE(&block) };
	const wt_outgoing message = { .transfer = list, .transfer_count = 1 };
	int err = wt_port_send(out, &message, WT_FOREVER);

	wt_buffer_destroy(block); /* NULL after a send that succeeded */
	return err;
}

/* Wait for the next block. WT_ECLOSED: the stage before has ended, and this was its last. */
static int take_next(wt_port *in, wt_buffer **block)
{
	wt_message message;
	int err = wt_port_receive(in, &message, WT_FOREVER);

	if (!err)
		err = wt_message_take_buffer(&message, 0, block);
	return err;
}

static int make(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_buffer *block;
	wt_port *out;
	uint32_t next = 0;
	int err = wt_worker_data_take_port(0, &out);

	for (size_t n = 0; n < job->blocks && !err; n++) {
		err = wt_buffer_create(&block, job->size);
		if (err)
			break;
		unsigned char *bytes = wt_buffer_data(block);
		for (size_t i = 0; i < job->size; i++)
			bytes[i] = (unsigned char)(next++ >> 4);
		err = pass_on(out, block);
	}
	return err;
}

static int change(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *block;
	wt_port *in, *out;
	int err = wt_worker_data_take_port(0, &in);

	if (!err)
		err = wt_worker_data_take_port(1, &out);
	while (!err) {
		err = take_next(in, &block);
		if (err)
			return err == WT_ECLOSED ? 0 : err;
		unsigned char *bytes = wt_buffer_data(block);
		for (size_t i = 0; i < wt_buffer_size(block); i++)
			bytes[i] = (unsigned char)~bytes[i];
		err = pass_on(out, block);
	}
	return err;
}

/* Adler-32: the low half is the sum of the bytes, the high half that of the sums. 64 bits hold those of any block. */
static uint32_t adler32(uint32_t checksum, const unsigned char *bytes, size_t size)
{
	uint64_t low = checksum & 0xffff, high = checksum >> 16;

	for (size_t i = 0; i < size; i++) {
		low += bytes[i];
		high += low;
	}
	return (uint32_t)(high % ADLER_MODULUS << 16 | low % ADLER_MODULUS);
}

static int check(wt_port *parent, const void *data, size_t size)
{
	struct result result = { .checksum = 1 };
	wt_buffer *block;
	wt_port *in;
	int err = wt_worker_data_take_port(0, &in);

	while (!err && (err = take_next(in, &block)) == 0) {
		result.bytes += wt_buffer_size(block);
		result.checksum = adler32(result.checksum, wt_buffer_data(block), wt_buffer_size(block));
		wt_buffer_destroy(block);
	}
	return err == WT_ECLOSED ? wt_port_post(parent, &result, sizeof result) : err;
}

/* ---- the rest runs in main ---- */

static int open_ports(struct ports *ports)
{
	const wt_channel_options *options = WT_CHANNEL_OPTIONS(.limit = LIMIT, .single_producer = true);
	int err = wt_channel_create(&ports->made, &ports->to_change, options);

	if (!err)
		err = wt_channel_create(&ports->changed, &ports->to_check, options);
	return err;
}

/* Those that are left: a worker closes what it was given. */
static void close_ports(struct ports *ports)
{
	wt_port_close(ports->made);
	wt_port_close(ports->to_change);
	wt_port_close(ports->changed);
	wt_port_close(ports->to_check);
}

static int start(wt_worker **workers, struct ports *ports, const struct job *job)
{
	const wt_transfer first[] = { WT_MOVE(&ports->made) };
	const wt_transfer second[] = { WT_MOVE(&ports->to_change), WT_MOVE(&ports->changed) };
	const wt_transfer third[] = { WT_MOVE(&ports->to_check) };
	int err = wt_worker_create(&workers[MAKE], make, job, sizeof *job,
				   WT_WORKER_OPTIONS(.name = "make", .transfer = first, .transfer_count = 1));

	if (!err)
		err = wt_worker_create(&workers[CHANGE], change, NULL, 0,
				       WT_WORKER_OPTIONS(.name = "change", .transfer = second, .transfer_count = 2));
	if (!err)
		err = wt_worker_create(&workers[CHECK], check, NULL, 0,
				       WT_WORKER_OPTIONS(.name = "check", .transfer = third, .transfer_count = 1));
	return err;
}

/*
 * The result counts only if every stage has ended well: one that failed looks to the next like one that is done.
 * When a stage fails, those before it find their ports closed; the last that failed knows why.
 */
static int finish(wt_worker *const *workers, struct result *result)
{
	wt_message message;
	int received = wt_port_receive(wt_worker_port(workers[CHECK]), &message, WT_FOREVER);

	if (!received)
		*result = *(const struct result *)message.data;
	for (int i = STAGES - 1; i >= 0; i--) {
		int code = 0;
		int err = wt_worker_join(workers[i], &code, WT_FOREVER);

		if (!err)
			err = code;
		if (err)
			return fprintf(stderr, "pipeline: %s: %s\n", wt_worker_name(workers[i]), wt_strerror(err)), err;
	}
	if (received)
		fprintf(stderr, "pipeline: no result: %s\n", wt_strerror(received));
	return received;
}

static int run(const struct job *job)
{
	wt_worker *workers[STAGES] = { NULL };
	struct ports ports = { NULL, NULL, NULL, NULL };
	struct result result = { 0, 0 };
	wt_time begin = wt_now();
	int err = open_ports(&ports);

	if (!err)
		err = start(workers, &ports, job);
	if (err)
		fprintf(stderr, "pipeline: %s\n", wt_strerror(err));
	else
		err = finish(workers, &result);
	for (int i = 0; i < STAGES; i++)
		wt_worker_destroy(workers[i]);
	close_ports(&ports);
	if (err)
		return 1;
	printf("%" PRIu64 " bytes, Adler-32 %08" PRIx32 "\n", result.bytes, result.checksum);
	fprintf(stderr, "pipeline: %.0f MB/s\n", (double)result.bytes * 1e3 / (double)(wt_now() - begin));
	return 0;
}

static int parse(const char *text, size_t max, size_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text < '0' || *text > '9' || value > max)
		return fprintf(stderr, "pipeline: '%s' is not a number from 0 to %zu\n", text, max), -1;
	*number = value;
	return 0;
}

int main(int argc, char **argv)
{
	struct job job;

	if (argc != 3)
		return fprintf(stderr, "usage: pipeline BLOCKS SIZE\n"), 2;
	if (parse(argv[1], BLOCKS_MAX, &job.blocks) || parse(argv[2], SIZE_LARGEST, &job.size))
		return 2;
	return run(&job);
}
