/* SPDX-License-Identifier: MIT
 *
 * Waiting on cells: exact counts, no wake lost, none kept [A1].
 */
#include "sched/atomic.h"
#include "sched/scenario.h"

enum { WAITERS = 2 };

static _Atomic(uint32_t) cell;
static int result[WAITERS]; /* of each waiter */

static int wait_until(wt_time deadline)
{
	int err = wt_wait32(&cell, 0, deadline);

	if (err == WT_ETIMEDOUT)
		sched_reached(SCHED_TIMED_OUT);
	else if (err == 0)
		sched_reached(SCHED_WOKEN);
	return err;
}

static void wait_for_ever(void *index)
{
	result[*(const int *)index] = wait_until(WT_FOREVER);
}

static size_t notify(size_t count)
{
	size_t woken;

	SCENARIO_CHECK(wt_notify(&cell, count, &woken) == 0);
	return woken;
}

static int waiter(int index)
{
	static const int numbers[WAITERS] = { 0, 1 };
	static const char *const names[WAITERS] = { "waiter-0", "waiter-1" };

	return scenario_go(names[index], wait_for_ever, (void *)&numbers[index]);
}

/* ---- A store, then a notify ---- */

static void notify_one(void)
{
	size_t woken;
	int fibre;

	cell = 0;
	fibre = waiter(0);
	wti_store_sc(&cell, 1);
	woken = notify(1);
	scenario_join(fibre);
	SCENARIO_CHECK(result[0] == (woken ? 0 : WT_EAGAIN));
}

/* ---- Two, one after the other ---- */

static void notify_two(void)
{
	size_t first, second;
	int fibres[WAITERS];

	cell = 0;
	for (int i = 0; i < WAITERS; i++)
		fibres[i] = waiter(i);
	first = notify(1);
	SCENARIO_CHECK(first <= 1);
	wti_store_sc(&cell, 1);
	second = notify(WT_ALL);
	for (int i = 0; i < WAITERS; i++)
		scenario_join(fibres[i]);
	SCENARIO_CHECK(first + second == (size_t)(result[0] == 0) + (size_t)(result[1] == 0));
	for (int i = 0; i < WAITERS; i++)
		SCENARIO_CHECK(result[i] == 0 || result[i] == WT_EAGAIN);
}

/* ---- A notify at the very deadline ---- */

static void wait_to_deadline(void *arg)
{
	(void)arg;
	result[0] = wait_until(scenario_time(10));
	SCENARIO_CHECK(result[0] != WT_ETIMEDOUT || wt_now() >= scenario_time(10));
}

static void notify_at_deadline(void)
{
	size_t woken;
	int fibre;

	cell = 0;
	fibre = scenario_go("waiter", wait_to_deadline, NULL);
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	woken = notify(1);
	scenario_join(fibre);
	SCENARIO_CHECK(result[0] == (woken ? 0 : WT_ETIMEDOUT));
}

/* ---- A wait that the loop completes ---- */

static void on_woken(wt_shared *shared, int err, void *arg)
{
	(void)shared;
	*(int *)arg = err;
	sched_reached(err ? SCHED_TIMED_OUT : SCHED_WOKEN);
}

static void notify_shared(void *shared)
{
	SCENARIO_CHECK(wt_atomics_store(shared, WT_I32, 0, 1) == 0);
	SCENARIO_CHECK(wt_atomics_notify(shared, WT_I32, 0, WT_ALL, NULL) == 0);
	wt_shared_release(shared);
}

static void notify_async(void)
{
	wt_shared *shared;
	int err, fibre;
	int told = 1; /* no result */

	SCENARIO_CHECK(wt_shared_create(&shared, 64, 0) == 0);
	fibre = scenario_go("notifier", notify_shared, wt_shared_hold(shared));
	err = wt_atomics_wait_async(shared, WT_I32, 0, 0, on_woken, &told, WT_FOREVER);
	SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
	wt_shared_release(shared);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(err ? told == 1 : told == 0);
	scenario_join(fibre);
}

/* The loop's deadline, and a notify at that moment. */
static void notify_shared_at(void *shared)
{
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	SCENARIO_CHECK(wt_atomics_notify(shared, WT_I32, 0, WT_ALL, NULL) == 0);
	wt_shared_release(shared);
}

static void notify_async_at_deadline(void)
{
	wt_shared *shared;
	int fibre;
	int told = 1;

	SCENARIO_CHECK(wt_shared_create(&shared, 64, 0) == 0);
	fibre = scenario_go("notifier", notify_shared_at, wt_shared_hold(shared));
	SCENARIO_CHECK(wt_atomics_wait_async(shared, WT_I32, 0, 0, on_woken, &told, scenario_time(10)) == 0);
	wt_shared_release(shared);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(told == 0 || told == WT_ETIMEDOUT);
	scenario_join(fibre);
}

/* Its thread ends: it is taken back, whatever comes meanwhile. */
static void wait_async_and_end(void *shared)
{
	int err = wt_atomics_wait_async(shared, WT_I32, 0, 0, on_woken, NULL, WT_FOREVER);

	SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
	wt_shared_release(shared);
}

static void notify_async_of_the_dead(void)
{
	wt_shared *shared;
	size_t woken;
	int fibre;

	SCENARIO_CHECK(wt_shared_create(&shared, 64, 0) == 0);
	fibre = scenario_go("waiter", wait_async_and_end, wt_shared_hold(shared));
	SCENARIO_CHECK(wt_atomics_notify(shared, WT_I32, 0, WT_ALL, &woken) == 0);
	sched_reached(woken ? SCHED_WOKEN : SCHED_DROPPED);
	wt_shared_release(shared);
	scenario_join(fibre);
}

/* ---- Who has notified a waiter lets the memory go, which the waiter holds [A2] ---- */

static void release_when_woken(wt_shared *shared)
{
	size_t woken;

	SCENARIO_CHECK(wt_atomics_notify(shared, WT_I32, 0, 1, &woken) == 0);
	if (woken)
		wt_shared_release(shared);
	else
		SCENARIO_CHECK(wt_atomics_store(shared, WT_I32, 0, 1) == 0);
}

static void wait_on_hold_of_other(void *shared)
{
	int err = wt_atomics_wait(shared, WT_I32, 0, 0, scenario_time(10));

	sched_reached(err ? SCHED_TIMED_OUT : SCHED_WOKEN);
	if (err)
		wt_shared_release(shared);
}

static void wait_async_on_hold_of_other(void *shared)
{
	int told = 1;
	int err = wt_atomics_wait_async(shared, WT_I32, 0, 0, on_woken, &told, scenario_time(10));

	SCENARIO_CHECK(err == 0 || err == WT_EAGAIN);
	SCENARIO_CHECK(wt_run() == 0);
	if (told)
		wt_shared_release(shared);
}

static void notify_and_release(void (*wait)(void *shared))
{
	wt_shared *shared;
	int fibre;

	SCENARIO_CHECK(wt_shared_create(&shared, 64, 0) == 0);
	fibre = scenario_go("waiter", wait, shared);
	release_when_woken(shared);
	scenario_join(fibre);
}

static void notify_releases(void)
{
	notify_and_release(wait_on_hold_of_other);
}

static void notify_releases_async(void)
{
	notify_and_release(wait_async_on_hold_of_other);
}

/* ---- A receive that ends at its deadline, when the message comes ---- */

static void post_at(void *arg)
{
	(void)arg;
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	scenario_post(far_end, 'a');
}

static void receive_at_deadline(void)
{
	wt_message message;
	int err, poster;

	scenario_open_used_channel(NULL);
	poster = scenario_go("poster", post_at, NULL);
	err = wt_port_receive(near_end, &message, scenario_time(10));
	if (err) {
		SCENARIO_CHECK(err == WT_ETIMEDOUT && wt_now() >= scenario_time(10));
		sched_reached(SCHED_TIMED_OUT);
		scenario_receive(near_end, 'a');
	} else {
		sched_reached(SCHED_DELIVERED);
	}
	scenario_join(poster);
	scenario_close_channel();
}

const struct scenario scenarios_wait[] = {
	{ .name = "notify_one", .run = notify_one, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) },
	{ .name = "notify_two", .run = notify_two, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) },
	{
		.name = "notify_at_deadline",
		.run = notify_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(TIMED_OUT),
	},
	{ .name = "notify_async", .run = notify_async, .reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) },
	{
		.name = "notify_async_at_deadline",
		.run = notify_async_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(TIMED_OUT),
	},
	{
		.name = "notify_async_of_the_dead",
		.run = notify_async_of_the_dead,
		.reaches = SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "notify_releases",
		.run = notify_releases,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(TIMED_OUT),
	},
	{
		.name = "notify_releases_async",
		.run = notify_releases_async,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(TIMED_OUT),
	},
	{
		.name = "receive_at_deadline",
		.run = receive_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TIMED_OUT) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
