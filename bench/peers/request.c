// SPDX-License-Identifier: MIT
/* A thread for each request, as programs without a library do it. */
#include "../request.h"

#include <pthread.h>

static void *request_thread(void *arg)
{
	struct request *request = arg;

	request_hash(request->bytes, sizeof request->bytes, request->hash);
	return NULL;
}

static void request_trip(void *arg, uint64_t sequence)
{
	struct request *request = arg;
	pthread_t thread;
	int error;

	request_stamp(request, sequence);
	error = pthread_create(&thread, NULL, request_thread, request);
	if (error)
		bench_die("pthread_create", error);
	pthread_join(thread, NULL);
	request_check(request, request->hash, sizeof request->hash);
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
