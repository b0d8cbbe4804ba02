// SPDX-License-Identifier: MIT
/*
 * Limits of a round trip: two words that both sides spin on, and two words that both sides sleep on. For the work transfer
 * they spin, and each writes the ends of one buffer in turn.
 */
#include "../ends.h"
#include "../harness.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS_BEFORE_YIELD = 1000 };

struct pair {
	const struct bench_args *args;
	unsigned char *buffer; /* whose turn it is may touch it */
	_Alignas(128) _Atomic uint32_t there;
	_Alignas(128) _Atomic uint32_t back;
};

/* Each word counts the trips; release and acquire, as a payload beside it would need. */
static void flag_set(_Atomic uint32_t *flag, uint32_t value)
{
	atomic_store_explicit(flag, value, memory_order_release);
}

static void flag_wait(_Atomic uint32_t *flag, uint32_t value)
{
	for (unsigned spins = 1; atomic_load_explicit(flag, memory_order_acquire) != value; spins++) {
		if (spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
}

static void futex_set(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load_explicit(word, memory_order_acquire) != value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value - 1, NULL, NULL, 0);
}

static void *flag_echo(void *arg)
{
	struct pair *pair = arg;
	uint32_t total = (uint32_t)bench_trips_total(pair->args);

	bench_pin(1);
	for (uint32_t i = 1; i <= total; i++) {
		flag_wait(&pair->there, i);
		bench_settle();
		flag_set(&pair->back, i);
	}
	return NULL;
}

static void *futex_echo(void *arg)
{
	struct pair *pair = arg;
	uint32_t total = (uint32_t)bench_trips_total(pair->args);

	bench_pin(1);
	for (uint32_t i = 1; i <= total; i++) {
		futex_wait(&pair->there, i);
		bench_settle();
		futex_set(&pair->back, i);
	}
	return NULL;
}

static void *buffer_echo(void *arg)
{
	struct pair *pair = arg;
	size_t size = pair->args->size;
	uint32_t total = (uint32_t)bench_trips_total(pair->args);

	for (uint32_t i = 1; i <= total; i++) {
		flag_wait(&pair->there, i);
		ends_check(pair->buffer, size, 2 * (uint64_t)i - 1);
		ends_stamp(pair->buffer, size, 2 * (uint64_t)i);
		flag_set(&pair->back, i);
	}
	return NULL;
}

static void flag_trip(void *arg, uint64_t sequence)
{
	struct pair *pair = arg;

	flag_set(&pair->there, (uint32_t)sequence + 1);
	flag_wait(&pair->back, (uint32_t)sequence + 1);
}

static void futex_trip(void *arg, uint64_t sequence)
{
	struct pair *pair = arg;

	futex_set(&pair->there, (uint32_t)sequence + 1);
	futex_wait(&pair->back, (uint32_t)sequence + 1);
}

static void buffer_trip(void *arg, uint64_t sequence)
{
	struct pair *pair = arg;
	size_t size = pair->args->size;
	uint32_t number = (uint32_t)sequence + 1;

	ends_stamp(pair->buffer, size, 2 * (uint64_t)number - 1);
	flag_set(&pair->there, number);
	flag_wait(&pair->back, number);
	ends_check(pair->buffer, size, 2 * (uint64_t)number);
}

struct pair_way {
	const char *works, *variant;
	void *(*echo)(void *arg);
	bench_trip *trip;
};

static const struct pair_way pair_ways[] = {
	{ "pingpong waitnotify", "flag", flag_echo, flag_trip },
	{ "pingpong waitnotify", "futex", futex_echo, futex_trip },
	{ "transfer", "buffer", buffer_echo, buffer_trip },
};

static const struct pair_way *pair_way(const struct bench_args *args)
{
	for (size_t i = 0; i < sizeof pair_ways / sizeof *pair_ways; i++) {
		if (strstr(pair_ways[i].works, args->work) && bench_is(args->variant, pair_ways[i].variant))
			return &pair_ways[i];
	}
	bench_unknown(args);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	struct pair pair = { .args = &args };
	const struct pair_way *way;
	pthread_t thread;

	bench_parse(&args, argc, argv);
	way = pair_way(&args);
	if (bench_is(args.work, "transfer")) {
		pair.buffer = malloc(args.size);
		if (!pair.buffer)
			bench_die("malloc", 0);
		ends_fill(pair.buffer, args.size);
	}
	bench_pin(0);
	if (pthread_create(&thread, NULL, way->echo, &pair))
		bench_die("pthread_create", 0);
	bench_trips(&args, NULL, way->trip, &pair);
	pthread_join(thread, NULL);
	free(pair.buffer);
	return 0;
}
