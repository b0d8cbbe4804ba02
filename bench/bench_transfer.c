// SPDX-License-Identifier: MIT
/*
 * A large buffer to a worker and back: moved, or its bytes posted as a copy. Each side writes both ends of what it sends
 * and checks both ends of what it receives. The third way sends the 8 bytes of its address, the fourth 8 bytes, however large
 * the buffer would be.
 */
#include "ends.h"
#include "ways.h"

struct end {
	const struct bench_args *args;
	wt_port *port;
	wt_buffer *buffer; /* move: at one end at a time; copy: what this end posts from */
	void *data;        /* address: the buffer's memory, at one end at a time */
};

struct way {
	const char *name;
	void (*send)(struct end *end, uint64_t id);
	void (*receive)(struct end *end, uint64_t id);
};

static wt_buffer *buffer_new(const struct bench_args *args)
{
	wt_buffer *buffer;

	ways_must("wt_buffer_create", wt_buffer_create(&buffer, args->size));
	ends_fill(wt_buffer_data(buffer), args->size);
	return buffer;
}

static void end_receive(struct end *end, wt_message *message)
{
	ways_must("wt_port_receive", wt_port_receive(end->port, message, WT_FOREVER));
}

static void end_check(const struct end *end, const void *data, size_t size, uint64_t id)
{
	if (size != end->args->size)
		bench_die("round trip: wrong size", 0);
	ends_check(data, size, id);
}

static void move_send(struct end *end, uint64_t id)
{
	wt_transfer list[] = { WT_MOVE(&end->buffer) };
	wt_outgoing message = { .transfer = list, .transfer_count = 1 };

	ends_stamp(wt_buffer_data(end->buffer), wt_buffer_size(end->buffer), id);
	ways_must("wt_port_send", wt_port_send(end->port, &message, WT_NOW));
}

static void move_receive(struct end *end, uint64_t id)
{
	wt_message message;

	end_receive(end, &message);
	ways_must("wt_message_take_buffer", wt_message_take_buffer(&message, 0, &end->buffer));
	end_check(end, wt_buffer_data(end->buffer), wt_buffer_size(end->buffer), id);
}

static void copy_send(struct end *end, uint64_t id)
{
	void *data = wt_buffer_data(end->buffer);
	size_t size = wt_buffer_size(end->buffer);

	ends_stamp(data, size, id);
	ways_must("wt_port_post", wt_port_post(end->port, data, size));
}

static void copy_receive(struct end *end, uint64_t id)
{
	wt_message message;

	end_receive(end, &message);
	end_check(end, message.data, message.size, id);
}

static void address_send(struct end *end, uint64_t id)
{
	ends_stamp(end->data, end->args->size, id);
	ways_must("wt_port_post", wt_port_post(end->port, &end->data, sizeof end->data));
}

static void address_receive(struct end *end, uint64_t id)
{
	wt_message message;

	end_receive(end, &message);
	memcpy(&end->data, message.data, sizeof end->data);
	end_check(end, end->data, end->args->size, id);
}

static void small_send(struct end *end, uint64_t id)
{
	ways_must("wt_port_post", wt_port_post(end->port, &id, sizeof id));
}

static void small_receive(struct end *end, uint64_t id)
{
	wt_message message;
	uint64_t answer;

	end_receive(end, &message);
	memcpy(&answer, message.data, sizeof answer);
	if (message.size != sizeof answer || answer != id)
		bench_die("round trip: wrong answer", 0);
}

static const struct way transfer_ways[] = {
	{ "move", move_send, move_receive },
	{ "copy", copy_send, copy_receive },
	{ "address", address_send, address_receive },
	{ "small", small_send, small_receive },
};

static const struct way *transfer_way(const struct bench_args *args)
{
	for (size_t i = 0; i < sizeof transfer_ways / sizeof *transfer_ways; i++) {
		if (bench_is(args->variant, transfer_ways[i].name))
			return &transfer_ways[i];
	}
	bench_unknown(args);
}

static int transfer_echo(wt_port *parent, const void *data, size_t size)
{
	const struct bench_args *const *args = data;
	const struct way *way = transfer_way(*args);
	struct end end = { *args, parent, NULL, NULL };
	uint64_t total = bench_trips_total(*args);

	(void)size;
	if (bench_is(way->name, "copy"))
		end.buffer = buffer_new(*args);
	for (uint64_t i = 0; i < total; i++) {
		way->receive(&end, 2 * i + 1);
		way->send(&end, 2 * i + 2);
	}
	wt_buffer_destroy(end.buffer);
	return 0;
}

struct transfer {
	const struct way *way;
	struct end end;
};

static void transfer_trip(void *arg, uint64_t sequence)
{
	struct transfer *transfer = arg;

	transfer->way->send(&transfer->end, 2 * sequence + 1);
	transfer->way->receive(&transfer->end, 2 * sequence + 2);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	const struct bench_args *shared = &args;
	struct transfer transfer;
	wt_worker *worker;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "transfer"))
		bench_unknown(&args);
	transfer.way = transfer_way(&args);
	ways_must("wt_worker_create", wt_worker_create(&worker, transfer_echo, &shared, sizeof shared, NULL));
	transfer.end = (struct end){ &args, wt_worker_port(worker), buffer_new(&args), NULL };
	transfer.end.data = wt_buffer_data(transfer.end.buffer);
	bench_trips(&args, NULL, transfer_trip, &transfer);
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	wt_buffer_destroy(transfer.end.buffer);
	return 0;
}
