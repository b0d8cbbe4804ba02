// SPDX-License-Identifier: MIT
/*
 * What every benchmark program in C and C++ shares: arguments, clock, payload, timing of round trips, the result line.
 *
 * A program is called as
 *
 *	program WORK VARIANT SIZE PRODUCERS COUNT
 *
 * runs the work once, and prints one line of JSON. It exits 1 without a result when a payload was wrong, and 2 when it
 * does not know the work or the variant. Nothing here may differ between libwt and a peer; the Go and Rust programs
 * repeat the payload and the timing in their own language.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	BENCH_PRODUCERS_MAX = 64,
	BENCH_SIZE_MAX = 16384,      /* of a message */
	BENCH_BUFFER_MIN = 16,       /* of what the work transfer sends to and fro: see ends.h */
	BENCH_BUFFER_MAX = 16 << 20,
	BENCH_LINE = 64,
	BENCH_TURN = 16, /* messages that the variant alone sends before it receives them; a bounded queue holds them */
};

struct bench_args {
	const char *work;
	const char *variant;
	size_t size; /* bytes a message, or of the buffer that goes to and fro */
	unsigned producers;
	uint64_t count;  /* messages a producer sends while timed, or round trips, or spawns */
	uint64_t warmup; /* the same before the clock starts */
	size_t capacity; /* messages that a bounded queue holds */
};

/* COUNT is the total; a producer's share of it is in .count. Exits with usage when the arguments make no sense. */
void bench_parse(struct bench_args *args, int argc, char **argv);

bool bench_is(const char *a, const char *b);
__attribute__((noreturn)) void bench_unknown(const struct bench_args *args);
__attribute__((noreturn)) void bench_die(const char *what, int error);

int64_t bench_now(void);      /* nanoseconds of CLOCK_MONOTONIC */
void bench_pin(unsigned cpu); /* this thread to one CPU, when the driver asks by BENCH_PIN=1 */

/*
 * Before a round trip's message is sent, each way: where the driver asks by BENCH_SETTLE for so many nanoseconds, compute
 * for so long, that the other side is asleep for certain. bench_trips does it for its side, and takes the time of both out.
 */
void bench_settle(void);

/* The result lines. Version may be NULL, the driver then knows it. */
void bench_report_rate(const char *version, uint64_t messages, int64_t elapsed);
void bench_report_each(const char *version, uint64_t messages, int64_t elapsed); /* the time of one message */
void bench_report_memory(const char *version, double kib);

/*
 * Times count round trips (or spawns). The median is over batches of 8, so that reading the clock (about 25 ns) does not
 * show; the percentiles (50, 99, 99.9) are over single trips and contain one reading. Trips are numbered from 0; the other
 * side has bench_trips_total() of them to answer.
 */
typedef void bench_trip(void *arg, uint64_t sequence);
uint64_t bench_trips_total(const struct bench_args *args);
void bench_trips(const struct bench_args *args, const char *version, bench_trip *trip, void *arg);

/*
 * The payload: a word that names producer and sequence, then in the first bytes of each cache line and in the last eight
 * bytes the same word plus a multiple of the offset. So each line is written by the producer and read by the consumer,
 * and loss, duplicates, reordering and torn messages show, while a language without vector instructions is not slower
 * for the check alone.
 */
static const uint64_t bench_offset_factor = UINT64_C(0x9e3779b97f4a7c15);

static inline void bench_stamp(void *data, size_t size, unsigned producer, uint64_t sequence)
{
	uint64_t id = (uint64_t)producer << 56 | sequence;
	unsigned char *bytes = (unsigned char *)data;
	uint64_t word;

	for (size_t offset = 0; offset < size; offset += BENCH_LINE) {
		word = id + offset * bench_offset_factor;
		memcpy(bytes + offset, &word, sizeof word);
	}
	word = id + (size - sizeof word) * bench_offset_factor;
	memcpy(bytes + size - sizeof word, &word, sizeof word);
}

struct bench_checker {
	size_t size;
	uint64_t wrong;
	uint64_t next[BENCH_PRODUCERS_MAX]; /* the sequence that each producer must bring next */
};

static inline void bench_check(struct bench_checker *check, const void *data, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)data;
	uint64_t id, word, bad;
	unsigned producer;

	if (size != check->size) {
		check->wrong++;
		return;
	}
	memcpy(&id, bytes, sizeof id);
	producer = (unsigned)(id >> 56) % BENCH_PRODUCERS_MAX;
	bad = id ^ ((uint64_t)producer << 56 | check->next[producer]++);
	for (size_t offset = BENCH_LINE; offset < size; offset += BENCH_LINE) {
		memcpy(&word, bytes + offset, sizeof word);
		bad |= word ^ (id + offset * bench_offset_factor);
	}
	memcpy(&word, bytes + size - sizeof word, sizeof word);
	bad |= word ^ (id + (size - sizeof word) * bench_offset_factor);
	check->wrong += bad != 0;
}

/* Exits 1 when a message was wrong or a producer's share did not come in whole. */
void bench_check_end(const struct bench_checker *check, const struct bench_args *args);

/* A barrier between the warm-up and what is timed, for the consumer and its producers. */
void bench_barrier_open(const struct bench_args *args);
void bench_barrier(void);

#ifdef __cplusplus
}
#endif

#endif
