/* SPDX-License-Identifier: MIT
 *
 * A storm is an idea of what threads do to each other at full speed. A round of
 * it takes its parameters from a seed, lasts until a deadline, and leaves an
 * account, which is to be even, and a verdict.
 *
 * Storms use the shipped library, by its public headers. What a thread does
 * between its parameters and the deadline is up to the schedule: a seed brings
 * the parameters back, not the run.
 */
#ifndef STRESS_STORM_H
#define STRESS_STORM_H

#include <wt.h>

#include "stress/account.h"
#include "support/random.h"
#include "support/verdict.h"

enum { STORM_TEXT = 320 };

struct storm_round {
	/* Set before the storm runs. */
	uint64_t seed;
	wt_time deadline;
	/* The storm's own thread. */
	uint64_t random; /* of parameters; other threads have states of their own, by storm_fork */
	char text[STORM_TEXT];
	/* Any thread. */
	atomic_bool said; /* the text is there */
	struct account account;
	struct verdict verdict;
};

struct storm {
	const char *name;
	void (*run)(struct storm_round *round);
};

extern const struct storm storm_port, storm_close, storm_worker, storm_pool, storm_broadcast, storm_lock, storm_wait,
	storm_stream, storm_post_to_thread;

extern const struct storm *const storms[];
extern const unsigned storm_count;

/* A number from `low` to `high`; true once in `times`. Of a state that the thread has to itself. */
uint64_t random_pick(uint64_t *random, uint64_t low, uint64_t high);
bool random_chance(uint64_t *random, unsigned times);

/* The same of the round's parameters, and a state for another thread. The storm's own thread. */
uint64_t storm_pick(struct storm_round *round, uint64_t low, uint64_t high);
bool storm_chance(struct storm_round *round, unsigned times);
uint64_t storm_fork(struct storm_round *round);

/* Say what the parameters are, once, before threads begin: it is printed when the round fails or hangs. */
void storm_say(struct storm_round *round, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether threads are to come to an end: the deadline has passed, or something has failed. Any thread. */
bool storm_is_over(const struct storm_round *round);

/* Fails the verdict if `error` is one, and says whether it was none. Any thread. */
bool storm_ok(struct storm_round *round, int error, const char *what, const char *file, int line);
#define STORM_OK(round, call) storm_ok((round), (call), #call, __FILE__, __LINE__)

/* A buffer whose deleter pays what is owed for it from here on; NULL, and the verdict fails. Any thread. */
wt_buffer *storm_buffer(struct storm_round *round, size_t size);

/*
 * One round of a storm, and what it left added to the total, which others may
 * do at the same time. False, and the reason printed, where something is wrong.
 */
bool storm_run(const struct storm *storm, uint64_t seed, struct account *total);

/* The seed of the round after the one with this seed. */
uint64_t storm_next_seed(uint64_t seed);

/* A number of the environment, or `otherwise`. */
uint64_t storm_setting(const char *name, uint64_t otherwise);

#endif
