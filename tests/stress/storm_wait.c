/* SPDX-License-Identifier: MIT
 *
 * Threads wait on a few cells, of both widths and in every way, for moments or
 * until they are told; others change the cells and notify. What notify counts
 * and what waits return agree exactly, and two that take turns never both
 * sleep. [A1]
 */
#include "stress/crowd.h"

enum { WAIT_CELLS = 4, WAIT_THREADS = 5, WAIT_ASYNC = 3 };

struct wait_storm {
	struct storm_round *round;
	wt_shared *shared; /* WAIT_CELLS cells of 64 bits, then as many of 32 */
	unsigned cells, waiters, notifiers;
	unsigned patience; /* us, the longest */
	uint64_t randoms[WAIT_THREADS * 2];
	atomic_uint places;     /* in `randoms`, taken by threads in any order */
	atomic_uint waiting;    /* waiters that have not ended */
	_Atomic(uint64_t) ball; /* of the two that take turns */
	atomic_uint players;
};

static uint64_t wait_random(struct wait_storm *storm)
{
	return storm->randoms[atomic_fetch_add(&storm->places, 1)];
}

static void *wait_cell(struct wait_storm *storm, size_t cell, bool wide)
{
	char *base = wt_shared_data(storm->shared);

	return wide ? base + cell * 8 : base + WAIT_CELLS * 8 + cell * 4;
}

/* The index that wt_atomics_* knows the cell by. */
static size_t wait_index(size_t cell, bool wide)
{
	return wide ? cell : WAIT_CELLS * 2 + cell;
}

/* ---- Waiting ---- */

static void wait_count(struct wait_storm *storm, int err)
{
	if (!err)
		account_pay(&storm->round->account, ACCOUNT_WAKES, 1);
	else if (err != WT_EAGAIN && err != WT_ETIMEDOUT)
		STORM_OK(storm->round, err);
}

static void wait_by_index(struct wait_storm *storm, size_t cell, bool wide, wt_time deadline)
{
	int type = wide ? WT_I64 : WT_I32;
	int64_t value;

	if (STORM_OK(storm->round, wt_atomics_load(storm->shared, type, wait_index(cell, wide), &value)))
		wait_count(storm, wt_atomics_wait(storm->shared, type, wait_index(cell, wide), value, deadline));
}

static void wait_by_address(struct wait_storm *storm, size_t cell, bool wide, wt_time deadline)
{
	void *address = wait_cell(storm, cell, wide);

	if (wide)
		wait_count(storm, wt_wait64(address, atomic_load((_Atomic(uint64_t) *)address), deadline));
	else
		wait_count(storm, wt_wait32(address, atomic_load((_Atomic(uint32_t) *)address), deadline));
}

static void wait_is_over(wt_shared *shared, int result, void *arg)
{
	struct wait_storm *storm = arg;

	(void)shared;
	account_pay(&storm->round->account, ACCOUNT_CALLBACKS, 1);
	wait_count(storm, result);
}

static void wait_in_loop(struct wait_storm *storm, size_t cell, bool wide, wt_time deadline)
{
	int type = wide ? WT_I64 : WT_I32;
	int64_t value;

	for (int i = 0; i < WAIT_ASYNC; i++) {
		int err = wt_atomics_load(storm->shared, type, wait_index(cell, wide), &value);

		STORM_OK(storm->round, err);
		err = wt_atomics_wait_async(storm->shared, type, wait_index(cell, wide), value, wait_is_over, storm,
					    deadline);
		account_owe(&storm->round->account, ACCOUNT_CALLBACKS, !err);
		if (err && err != WT_EAGAIN && err != WT_ETIMEDOUT)
			STORM_OK(storm->round, err);
	}
	STORM_OK(storm->round, wt_run());
}

static void wait_wait(void *arg)
{
	static void (*const ways[])(struct wait_storm *, size_t, bool, wt_time) = { wait_by_index, wait_by_address,
										    wait_in_loop };
	struct wait_storm *storm = arg;
	uint64_t random = wait_random(storm);

	while (!storm_is_over(storm->round)) {
		size_t cell = random_pick(&random, 0, storm->cells - 1);
		bool wide = random_chance(&random, 2), endless = random_chance(&random, 4);
		wt_time deadline = endless ? WT_FOREVER : wt_after_us(random_pick(&random, 0, storm->patience));

		ways[random_pick(&random, 0, 2)](storm, cell, wide, deadline);
	}
	atomic_fetch_sub(&storm->waiting, 1);
}

/* ---- Notifying ---- */

static void wait_notify_one(struct wait_storm *storm, uint64_t *random)
{
	size_t cell = random_pick(random, 0, storm->cells - 1), woken = 0;
	size_t count = random_chance(random, 4) ? WT_ALL : random_pick(random, 0, 3);
	bool wide = random_chance(random, 2);
	int type = wide ? WT_I64 : WT_I32;

	if (random_chance(random, 2))
		STORM_OK(storm->round, wt_atomics_add(storm->shared, type, wait_index(cell, wide), 1, NULL));
	if (random_chance(random, 2))
		STORM_OK(storm->round, wt_atomics_notify(storm->shared, type, wait_index(cell, wide), count, &woken));
	else
		STORM_OK(storm->round, wt_notify(wait_cell(storm, cell, wide), count, &woken));
	CHECK(&storm->round->verdict, woken <= count);
	account_owe(&storm->round->account, ACCOUNT_WAKES, woken);
}

/* Until the last that waits has been told. */
static void wait_notify(void *arg)
{
	struct wait_storm *storm = arg;
	uint64_t random = wait_random(storm);

	while (atomic_load(&storm->waiting)) {
		wait_notify_one(storm, &random);
		if (random_chance(&random, 16))
			STORM_OK(storm->round, wt_sleep(wt_after_us(random_pick(&random, 0, 100))));
	}
}

/* ---- Taking turns ---- */

static void wait_turn(void *arg)
{
	struct wait_storm *storm = arg;
	uint64_t turn = atomic_fetch_add(&storm->players, 1), ball;

	for (;; turn += 2) {
		while ((ball = atomic_load(&storm->ball)) < turn) {
			int err = wt_wait64(&storm->ball, ball, WT_FOREVER);

			if (err && err != WT_EAGAIN)
				STORM_OK(storm->round, err);
		}
		if (ball == UINT64_MAX)
			return;
		CHECK(&storm->round->verdict, ball == turn);
		atomic_store(&storm->ball, storm_is_over(storm->round) ? UINT64_MAX : turn + 1);
		STORM_OK(storm->round, wt_notify(&storm->ball, 1, NULL));
	}
}

/* ---- The round ---- */

static void wait_run(struct storm_round *round)
{
	struct wait_storm storm = { .round = round };
	struct crowd crowd = { .round = round };

	storm.cells = (unsigned)storm_pick(round, 1, WAIT_CELLS);
	storm.waiters = (unsigned)storm_pick(round, 1, WAIT_THREADS);
	storm.notifiers = (unsigned)storm_pick(round, 1, WAIT_THREADS);
	storm.patience = (unsigned)storm_pick(round, 1, 500);
	storm_say(round, "%u cells, %u wait up to %u us or without a limit, %u notify", storm.cells, storm.waiters,
		  storm.patience, storm.notifiers);
	for (unsigned i = 0; i < WAIT_THREADS * 2; i++)
		storm.randoms[i] = storm_fork(round);
	if (!STORM_OK(round, wt_shared_create(&storm.shared, WAIT_CELLS * 12, 0)))
		return;
	for (unsigned i = 0; i < storm.waiters; i++) {
		atomic_fetch_add(&storm.waiting, 1);
		if (!crowd_add(&crowd, wait_wait, &storm))
			atomic_fetch_sub(&storm.waiting, 1);
	}
	for (unsigned i = 0; i < storm.notifiers; i++)
		crowd_add(&crowd, wait_notify, &storm);
	for (unsigned i = 0; i < 2; i++)
		crowd_add(&crowd, wait_turn, &storm);
	crowd_join(&crowd);
	wt_shared_release(storm.shared);
}

const struct storm storm_wait = { "wait", wait_run };
