/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets have in common. Each runs the library on the scheduler
 * (tests/sched): the bytes of an input say what is done and in which order, so
 * that the same input is the same run, whoever runs it, libFuzzer or replay.c.
 * When it has run, nothing may be left.
 *
 * From the environment:
 * WT_MUTANT   run this wrong version, an enum wti_mutant_id
 * WT_FUZZ_SHOW     print what is done, and the schedule
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/scheduler.h"

/* Bytes that have not been used yet. */
struct fuzz_input {
	const uint8_t *next;
	size_t size;
};

/* The next of them; 0 when there is none. */
unsigned fuzz_byte(struct fuzz_input *input);

/* One byte says how many follow, little end first: small numbers and 64 bits at about the same cost. */
uint64_t fuzz_number(struct fuzz_input *input);

/* So many, or as many as there are: they stay where they are. */
struct fuzz_input fuzz_bytes(struct fuzz_input *input, size_t size);

#define FUZZ_CHECK(condition)                                                    \
	do {                                                                     \
		if (!(condition))                                                \
			sched_fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* For who reads a run; nothing unless WT_FUZZ_SHOW. */
void fuzz_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The schedule of this run: pairs of bytes, after how many decisions of the
 * scheduler which agent goes on. Where it does not say, the running fibre does,
 * and when that has blocked, the one behind it.
 */
void fuzz_set_schedule(struct fuzz_input schedule);

/* ---- What a target is ---- */

/* Bits of an input's first byte that say what the run is like, if `is_scheduled`. */
enum {
	FUZZ_LATE = 1,    /* stores may be seen late */
	FUZZ_SPURIOUS = 2 /* sleeps may end for no reason */
};

struct fuzz_target {
	bool is_scheduled;
	void (*run)(struct fuzz_input *input); /* the first fibre */
	void (*check)(void);                   /* when all have ended; may be NULL */
};

extern const struct fuzz_target fuzz_target;

/* What libFuzzer and replay.c call. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
