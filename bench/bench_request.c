// SPDX-License-Identifier: MIT
/* A worker for each request: the SHA-256 of 1 KiB, which the creator then has. */
#include "request.h"
#include "ways.h"

static int request_entry(wt_port *parent, const void *data, size_t size)
{
	unsigned char hash[REQUEST_HASH];

	request_hash(data, size, hash);
	return wt_port_post(parent, hash, sizeof hash);
}

static void request_trip(void *arg, uint64_t sequence)
{
	struct request *request = arg;
	wt_worker *worker;
	wt_message message;

	request_stamp(request, sequence);
	ways_must("wt_worker_create",
		  wt_worker_create(&worker, request_entry, request->bytes, sizeof request->bytes, NULL));
	ways_must("wt_port_receive", wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER));
	request_check(request, message.data, message.size);
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
}

int main(int argc, char **argv)
{
	static struct request request;
	struct bench_args args;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "request"))
		bench_unknown(&args);
	bench_trips(&args, NULL, request_trip, &request);
	return 0;
}
