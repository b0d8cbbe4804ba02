/* SPDX-License-Identifier: MIT
 *
 * Of the scheduler itself, without the library: what its store buffers allow,
 * and what they must not. A weak one shows what total store order allows, and
 * must fail; the names are those of the literature (store_buffer.h).
 */
#include "os.h"
#include "sched/atomic.h"
#include "sched/memory.h"
#include "sched/scenario.h"

static _Atomic(int) x, y;
static int seen[2];

static void run_beside(void (*fn)(void *arg), void (*mine)(void))
{
	int other;

	x = y = 0;
	seen[0] = seen[1] = 2;
	other = scenario_go("other", fn, NULL);
	mine();
	scenario_join(other);
}

/* ---- SB: each stores, then reads what the other one stored ---- */

static void store_x_read_y(void)
{
	wti_store_rel(&x, 1);
	seen[0] = wti_load_sc(&y);
}

static void store_y_read_x(void *arg)
{
	(void)arg;
	wti_store_rel(&y, 1);
	seen[1] = wti_load_sc(&x);
}

static void check_one_sees(void)
{
	SCENARIO_CHECK(seen[0] || seen[1]);
	sched_reached(SCHED_DELIVERED);
}

static void weak_store_buffering(void)
{
	run_beside(store_y_read_x, store_x_read_y);
	check_one_sees();
}

/* A barrier on one side is none, but the system's is one for both. */
static void store_y_barrier_read_x(void *arg)
{
	(void)arg;
	wti_store_rel(&y, 1);
	wti_os->barrier();
	seen[1] = wti_load_sc(&x);
}

static void litmus_membarrier(void)
{
	run_beside(store_y_barrier_read_x, store_x_read_y);
	check_one_sees();
}

static void xchg_y_read_x(void *arg)
{
	(void)arg;
	wti_xchg_acqrel(&y, 1);
	seen[1] = wti_load_sc(&x);
}

static void weak_one_sided(void)
{
	run_beside(xchg_y_read_x, store_x_read_y);
	check_one_sees();
}

static void store_sc_x_read_y(void)
{
	wti_store_sc(&x, 1);
	seen[0] = wti_load_sc(&y);
}

static void litmus_both_sides(void)
{
	run_beside(xchg_y_read_x, store_sc_x_read_y);
	check_one_sees();
}

/* ---- MP: stores become visible in their order ---- */

static void store_both(void)
{
	wti_store(&x, 1);
	wti_store_rel(&y, 1);
}

static void read_both(void *arg)
{
	(void)arg;
	seen[0] = wti_load_acq(&y);
	seen[1] = wti_load(&x);
}

static void litmus_message_passing(void)
{
	run_beside(read_both, store_both);
	SCENARIO_CHECK(!seen[0] || seen[1]);
	sched_reached(seen[0] ? SCHED_DELIVERED : SCHED_DROPPED);
}

/* ---- CoWR: a fibre reads what it stored last, also when the others have ended in between ---- */

static void store_twice(void)
{
	wti_store(&x, 1);
	seen[0] = wti_load(&x); /* the other one may run to its end here */
	wti_store(&x, 2);
	SCENARIO_CHECK(seen[0] == 1 && wti_load(&x) == 2);
}

static void read_x(void *arg)
{
	(void)arg;
	seen[1] = wti_load(&x);
}

static void litmus_own_stores(void)
{
	run_beside(read_x, store_twice);
	SCENARIO_CHECK(wti_load(&x) == 2);
	sched_reached(seen[1] ? SCHED_DELIVERED : SCHED_DROPPED);
}

/* ---- What must be found: a wait for ever, memory that is gone, a frame that is gone ---- */

static void weak_deadlock(void)
{
	scenario_join(scenario_go("other", read_both, NULL));
	scenario_await(&(struct scenario_latch){ false });
}

static _Atomic(int) *shared;

static void store_there(void *arg)
{
	(void)arg;
	if (wti_load(&x))
		wti_store(shared, 1);
}

static void free_then_tell(void)
{
	memory_free((void *)(uintptr_t)shared);
	wti_store_sc(&x, 1);
}

static void weak_freed(void)
{
	shared = memory_alloc(sizeof *shared, 16);
	run_beside(store_there, free_then_tell);
}

/* So large that the frames that main has afterwards do not cover it. */
static __attribute__((noinline)) void lend_frame(void)
{
	_Atomic(int) mine[4096];

	shared = mine;
	wti_store_sc(shared, 0);
	wti_store_sc(&x, 1);
}

static void weak_frame(void)
{
	run_beside(store_there, lend_frame);
}

const struct scenario scenarios_litmus[] = {
	{ .name = "litmus_membarrier", .run = litmus_membarrier, .reaches = SCENARIO_REACHES(DELIVERED) },
	{ .name = "litmus_both_sides", .run = litmus_both_sides, .reaches = SCENARIO_REACHES(DELIVERED) },
	{
		.name = "litmus_message_passing",
		.run = litmus_message_passing,
		.reaches = SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(DROPPED),
	},
	{
		.name = "litmus_own_stores",
		.run = litmus_own_stores,
		.reaches = SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(DROPPED),
	},
	{ .name = NULL },
};

const struct scenario scenarios_weak[] = {
	{ .name = "weak_store_buffering", .run = weak_store_buffering },
	{ .name = "weak_one_sided", .run = weak_one_sided },
	{ .name = "weak_deadlock", .run = weak_deadlock },
	{ .name = "weak_freed", .run = weak_freed },
	{ .name = "weak_frame", .run = weak_frame },
	{ .name = NULL },
};
