/* SPDX-License-Identifier: MIT
 *
 * Named locks: whoever leaves, the next one is granted.
 */
#include "sched/scenario.h"

#define NAME "n", 1

static bool inside; /* somebody holds it */

static void enter(void)
{
	SCENARIO_CHECK(!inside);
	inside = true;
	sched_reached(SCHED_GRANTED);
}

/* ---- Release ---- */

static void hold_once(void *arg)
{
	wt_lock *lock;

	(void)arg;
	SCENARIO_CHECK(wt_lock_acquire(&lock, NAME, NULL, WT_FOREVER) == 0);
	enter();
	inside = false;
	wt_lock_release(lock);
}

static void lock_released(void)
{
	int other = scenario_go("other", hold_once, NULL);

	inside = false;
	hold_once(NULL);
	scenario_join(other);
}

/* ---- Death: the holder's thread ends ---- */

static void hold_to_the_end(void *arg)
{
	wt_lock *lock;

	(void)arg;
	SCENARIO_CHECK(wt_lock_acquire(&lock, NAME, NULL, WT_FOREVER) == 0);
	enter();
	inside = false; /* it is the end's now */
}

static void lock_of_the_dead(void)
{
	int other = scenario_go("other", hold_to_the_end, NULL);

	inside = false;
	hold_once(NULL);
	scenario_join(other);
}

/* ---- A release at the very deadline of who waits ---- */

static void hold_to_time(void *arg)
{
	wt_lock *lock = arg;

	SCENARIO_CHECK(wt_lock_acquire(&lock, NAME, NULL, WT_FOREVER) == 0);
	enter();
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	inside = false;
	wt_lock_release(lock);
}

static void lock_at_deadline(void)
{
	wt_lock *lock;
	int other = scenario_go("other", hold_to_time, NULL);
	int err;

	inside = false;
	err = wt_lock_acquire(&lock, NAME, NULL, scenario_time(10));
	SCENARIO_CHECK(err == 0 || (err == WT_ETIMEDOUT && !lock && wt_now() >= scenario_time(10)));
	if (err) {
		sched_reached(SCHED_TIMED_OUT);
	} else {
		enter();
		inside = false;
		wt_lock_release(lock);
	}
	/* Whatever came of that, the line goes on. */
	hold_once(NULL);
	scenario_join(other);
}

/* ---- A request of the loop, which is taken back or granted ---- */

static void on_granted(wt_lock *lock, int err, void *arg)
{
	(void)arg;
	SCENARIO_CHECK(err == 0);
	enter();
	inside = false;
	wt_lock_release(lock);
}

static void lock_requested(void)
{
	int other = scenario_go("other", hold_once, NULL);
	wt_lock *lock;

	inside = false;
	SCENARIO_CHECK(wt_lock_request(&lock, NAME, NULL, on_granted, NULL, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_run() == 0);
	scenario_join(other);
}

static void request_and_end(void *arg)
{
	wt_lock *lock;

	(void)arg;
	SCENARIO_CHECK(wt_lock_request(&lock, NAME, NULL, on_granted, NULL, WT_FOREVER) == 0);
}

/* The request goes with its thread, also one that has just been granted. */
static void lock_request_of_the_dead(void)
{
	int other = scenario_go("other", request_and_end, NULL);

	inside = false;
	hold_once(NULL);
	hold_once(NULL);
	scenario_join(other);
}

/* ---- A lock that is stolen, while its holder gives it back, and another one waits ---- */

static void steal_once(void *arg)
{
	wt_lock *lock;

	(void)arg;
	SCENARIO_CHECK(wt_lock_acquire(&lock, NAME, WT_LOCK_OPTIONS(.steal = true), WT_FOREVER) == 0);
	sched_reached(SCHED_GRANTED);
	wt_lock_release(lock);
}

static void hold_unless_stolen(void *arg)
{
	wt_lock *lock;

	(void)arg;
	SCENARIO_CHECK(wt_lock_acquire(&lock, NAME, NULL, WT_FOREVER) == 0);
	if (wt_lock_is_stolen(lock))
		SCENARIO_CHECK(!wt_lock_is_held(lock));
	wt_lock_release(lock);
}

static void lock_stolen(void)
{
	int thief = scenario_go("thief", steal_once, NULL);
	int other = scenario_go("other", hold_unless_stolen, NULL);

	hold_unless_stolen(NULL);
	scenario_join(thief);
	scenario_join(other);
}

const struct scenario scenarios_lock[] = {
	{
		.name = "lock_released",
		.run = lock_released,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED),
	},
	{
		.name = "lock_of_the_dead",
		.run = lock_of_the_dead,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED),
	},
	{
		.name = "lock_at_deadline",
		.run = lock_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED) | SCENARIO_REACHES(TIMED_OUT),
	},
	{
		.name = "lock_requested",
		.run = lock_requested,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED),
	},
	{
		.name = "lock_request_of_the_dead",
		.run = lock_request_of_the_dead,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED),
	},
	{ .name = "lock_stolen", .run = lock_stolen, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(GRANTED) },
	{ .name = NULL },
};
