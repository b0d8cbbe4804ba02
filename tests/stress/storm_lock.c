/* SPDX-License-Identifier: MIT
 *
 * Threads share a few named locks, exclusively or not, and give them back, let
 * their time run out, have them stolen, or die with them. What a lock guards is
 * never seen half done, and in the end nobody holds or awaits anything.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "stress/crowd.h"

enum { LOCK_NAMES = 3, LOCK_THREADS = 6 };

/* What one lock guards: plain words, which only the lock orders. */
struct lock_cell {
	uint64_t begun;
	uint64_t done;
};

struct lock_storm {
	struct storm_round *round;
	unsigned names, threads;
	unsigned patience; /* us, the longest */
	bool steals;       /* then the lock guards nothing, for the robbed go on */
	bool dies;
	struct lock_cell cells[LOCK_NAMES];
	struct lock_thread {
		struct lock_storm *storm;
		uint64_t random;
		wt_lock *lock; /* of the present request */
		size_t name;
		bool shared;
	} thread[LOCK_THREADS];
};

static size_t lock_name(const struct lock_storm *storm, size_t n, char name[48])
{
	return (size_t)snprintf(name, 48, "storm %p %zu", (const void *)storm, n);
}

/* ---- What is done under a lock ---- */

static void lock_write(struct lock_thread *thread, struct lock_cell *cell)
{
	struct storm_round *round = thread->storm->round;

	CHECK(&round->verdict, cell->begun == cell->done);
	cell->begun++;
	if (random_chance(&thread->random, 4))
		sched_yield();
	cell->done++;
	CHECK(&round->verdict, cell->begun == cell->done);
	account_owe(&round->account, ACCOUNT_SECTIONS, 1);
}

static void lock_use(struct lock_thread *thread)
{
	struct lock_cell *cell = &thread->storm->cells[thread->name];
	struct storm_round *round = thread->storm->round;

	CHECK(&round->verdict, wt_lock_is_held(thread->lock) || thread->storm->steals);
	CHECK(&round->verdict, !wt_lock_is_stolen(thread->lock) || thread->storm->steals);
	if (thread->storm->steals)
		sched_yield();
	else if (thread->shared)
		CHECK(&round->verdict, cell->begun == cell->done);
	else
		lock_write(thread, cell);
}

/* ---- Requests ---- */

static bool lock_refused(int err)
{
	return err == WT_EAGAIN || err == WT_ETIMEDOUT;
}

static wt_time lock_patience(struct lock_thread *thread)
{
	switch (random_pick(&thread->random, 0, 3)) {
	case 0:
		return WT_FOREVER;
	case 1:
		return WT_NOW;
	default:
		return wt_after_us(random_pick(&thread->random, 0, thread->storm->patience));
	}
}

static void lock_options(struct lock_thread *thread, wt_lock_options *options)
{
	wt_lock_options_init(options);
	options->steal = thread->storm->steals && random_chance(&thread->random, 6);
	options->if_available = !options->steal && random_chance(&thread->random, 6);
	thread->shared = !options->steal && random_chance(&thread->random, 2);
	options->mode = thread->shared ? WT_LOCK_SHARED : WT_LOCK_EXCLUSIVE;
	thread->name = random_pick(&thread->random, 0, thread->storm->names - 1);
}

static void lock_acquire(struct lock_thread *thread)
{
	wt_lock_options options;
	char name[48];
	int err;

	lock_options(thread, &options);
	err = wt_lock_acquire(&thread->lock, name, lock_name(thread->storm, thread->name, name), &options,
			      lock_patience(thread));
	if (!err) {
		lock_use(thread);
		wt_lock_release(thread->lock);
	} else if (!lock_refused(err)) {
		STORM_OK(thread->storm->round, err);
	}
}

static void lock_granted(wt_lock *lock, int result, void *arg)
{
	struct lock_thread *thread = arg;

	account_pay(&thread->storm->round->account, ACCOUNT_CALLBACKS, 1);
	thread->lock = lock;
	if (!result)
		lock_use(thread);
	else if (!lock_refused(result))
		STORM_OK(thread->storm->round, result);
	wt_lock_release(lock);
	thread->lock = NULL;
}

/* By the loop; or the request is taken back, and nobody is called. */
static void lock_request(struct lock_thread *thread)
{
	wt_lock_options options;
	char name[48];
	int err;

	lock_options(thread, &options);
	err = wt_lock_request(&thread->lock, name, lock_name(thread->storm, thread->name, name), &options, lock_granted,
			      thread, lock_patience(thread));
	if (err) {
		if (!lock_refused(err))
			STORM_OK(thread->storm->round, err);
		return;
	}
	account_owe(&thread->storm->round->account, ACCOUNT_CALLBACKS, 1);
	if (random_chance(&thread->random, 4)) {
		wt_lock_release(thread->lock);
		account_pay(&thread->storm->round->account, ACCOUNT_CALLBACKS, 1);
	} else {
		STORM_OK(thread->storm->round, wt_run());
	}
}

/* A worker that ends with a lock, or waiting for one: terminated, or by itself. */
static int lock_holder(wt_port *parent, const void *data, size_t size)
{
	wt_lock *lock;
	int err = wt_lock_acquire(&lock, data, size, NULL, WT_FOREVER);

	(void)parent;
	if (!err && wt_thread_id() % 2)
		wt_exit(0);
	return err ? err : wt_sleep(WT_FOREVER);
}

static void lock_die(struct lock_thread *thread)
{
	struct storm_round *round = thread->storm->round;
	wt_worker *worker;
	char name[48];
	size_t size = lock_name(thread->storm, random_pick(&thread->random, 0, thread->storm->names - 1), name);

	if (!STORM_OK(round, wt_worker_create(&worker, lock_holder, name, size, NULL)))
		return;
	account_owe(&round->account, ACCOUNT_WORKERS, 1);
	STORM_OK(round, wt_sleep(wt_after_us(random_pick(&thread->random, 0, thread->storm->patience))));
	if (STORM_OK(round, wt_worker_terminate(worker, WT_FOREVER)))
		account_pay(&round->account, ACCOUNT_WORKERS, 1);
	wt_worker_destroy(worker);
}

static void lock_thread_run(void *arg)
{
	struct lock_thread *thread = arg;

	while (!storm_is_over(thread->storm->round)) {
		if (thread->storm->dies && random_chance(&thread->random, 20))
			lock_die(thread);
		else if (random_chance(&thread->random, 3))
			lock_request(thread);
		else
			lock_acquire(thread);
	}
}

/* ---- The round ---- */

static void lock_look_for_leftovers(struct lock_storm *storm)
{
	wt_lock_snapshot *snapshot;
	char name[48];
	size_t size = lock_name(storm, 0, name) - 1; /* of what all have in common */

	if (!STORM_OK(storm->round, wt_lock_query(&snapshot)))
		return;
	for (size_t i = 0; i < wt_lock_snapshot_count(snapshot); i++) {
		const wt_lock_info *info = wt_lock_snapshot_at(snapshot, i);

		if (info->name_size > size && memcmp(info->name, name, size) == 0)
			verdict_fail(&storm->round->verdict, __FILE__, __LINE__, "thread %" PRIu64 " still %s a lock",
				     info->thread_id, info->pending ? "awaits" : "has");
	}
	wt_lock_snapshot_destroy(snapshot);
}

static void lock_run(struct storm_round *round)
{
	struct lock_storm storm = { .round = round };
	struct crowd crowd = { .round = round };

	storm.names = (unsigned)storm_pick(round, 1, LOCK_NAMES);
	storm.threads = (unsigned)storm_pick(round, 2, LOCK_THREADS);
	storm.patience = (unsigned)storm_pick(round, 1, 500);
	storm.steals = storm_chance(round, 3);
	storm.dies = storm_chance(round, 2);
	storm_say(round, "%u locks, %u threads wait up to %u us or without a limit%s%s", storm.names, storm.threads,
		  storm.patience, storm.steals ? ", some steal" : "", storm.dies ? ", some die" : "");
	for (unsigned i = 0; i < storm.threads; i++) {
		storm.thread[i] = (struct lock_thread){ .storm = &storm, .random = storm_fork(round) };
		crowd_add(&crowd, lock_thread_run, &storm.thread[i]);
	}
	crowd_join(&crowd);
	for (unsigned i = 0; i < storm.names; i++)
		account_pay(&round->account, ACCOUNT_SECTIONS, storm.cells[i].done);
	lock_look_for_leftovers(&storm);
}

const struct storm storm_lock = { "lock", lock_run };
