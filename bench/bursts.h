// SPDX-License-Identifier: MIT
/*
 * The work select: one thread has many ports open, another posts a burst of messages to ports in an order that looks
 * random, and waits for an answer before the next. BENCH_PORTS of the environment says how many ports there are, and
 * BENCH_BUSY how many of them get messages, if not all: every so many-th. Each message is a word that names its port and its
 * number there, so that one which comes twice, not at all, or out of another port shows. The Go, Rust and JavaScript
 * programs repeat this.
 */
#ifndef BENCH_BURSTS_H
#define BENCH_BURSTS_H

#include "harness.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { BURSTS_PORTS_MAX = 4096, BURSTS_LENGTH = 64, BURSTS_PORT_SHIFT = 48 };

struct bursts {
	unsigned ports, busy;
	uint64_t warmup, total; /* bursts; the first of them before the clock starts */
	/* The poster's. */
	_Alignas(128) uint64_t random;
	uint64_t posted[BURSTS_PORTS_MAX];
	int64_t elapsed;
	/* The receiver's. */
	_Alignas(128) uint64_t received; /* messages of all ports */
	uint64_t next[BURSTS_PORTS_MAX];
};

static inline unsigned bursts_number(const char *name, unsigned otherwise)
{
	const char *number = getenv(name);

	return number ? (unsigned)strtoul(number, NULL, 10) : otherwise;
}

static inline void bursts_open(struct bursts *bursts, const struct bench_args *args)
{
	memset(bursts, 0, sizeof *bursts);
	bursts->ports = bursts_number("BENCH_PORTS", 1);
	bursts->busy = bursts_number("BENCH_BUSY", bursts->ports);
	if (!bench_is(args->work, "select") || !bursts->busy || bursts->busy > bursts->ports ||
	    bursts->ports > BURSTS_PORTS_MAX)
		bench_unknown(args);
	bursts->warmup = args->count / BURSTS_LENGTH / 10 + 1;
	bursts->total = args->count / BURSTS_LENGTH + 1 + bursts->warmup;
}

/* For ports that are descriptors. */
static inline void bursts_allow_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static inline unsigned bursts_choose(const struct bursts *bursts, uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*random >> 33) % bursts->busy * (bursts->ports / bursts->busy);
}

/* The poster's part: post and await are what it has of the queue. */
static inline void bursts_produce(struct bursts *bursts, void (*post)(unsigned port, uint64_t word),
				  void (*await_answer)(void))
{
	int64_t start = 0;
	unsigned port;

	for (uint64_t i = 0; i < bursts->total; i++) {
		if (i == bursts->warmup)
			start = bench_now();
		for (unsigned j = 0; j < BURSTS_LENGTH; j++) {
			port = bursts_choose(bursts, &bursts->random);
			post(port, (uint64_t)port << BURSTS_PORT_SHIFT | bursts->posted[port]++);
		}
		await_answer();
	}
	bursts->elapsed = bench_now() - start;
}

/* The receiver's: whether a burst is complete, and wants its answer. */
static inline bool bursts_check(struct bursts *bursts, unsigned port, uint64_t word)
{
	if (word != ((uint64_t)port << BURSTS_PORT_SHIFT | bursts->next[port]++))
		bench_die("a wrong message, or out of order, of port", (int)port);
	return ++bursts->received % BURSTS_LENGTH == 0;
}

static inline bool bursts_are_over(const struct bursts *bursts)
{
	return bursts->received == bursts->total * BURSTS_LENGTH;
}

/* After the poster has ended. */
static inline void bursts_report(const struct bursts *bursts, const char *version)
{
	bench_report_rate(version, (bursts->total - bursts->warmup) * BURSTS_LENGTH, bursts->elapsed);
}

#endif
