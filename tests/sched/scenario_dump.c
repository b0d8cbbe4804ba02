/* SPDX-License-Identifier: MIT
 *
 * Dumps while what they describe comes and goes. That nothing is looked at
 * when it is gone, is seen by the memory of the schedules.
 */
#include <string.h>

#include "alloc.h"
#include "dump.h"
#include "sched/scenario.h"
#include "sched/scenario_worker.h"

static bool dump_has(const struct wti_text *text, const char *piece)
{
	return memmem(text->bytes, text->size, piece, strlen(piece)) != NULL;
}

static void dump_now(void *arg)
{
	struct wti_text text;

	(void)arg;
	SCENARIO_CHECK(wti_dump_make(&text) == 0);
	SCENARIO_CHECK(!dump_has(&text, "incomplete") && dump_has(&text, "\nend\n"));
	sched_reached(dump_has(&text, "\nport ") ? SCHED_DELIVERED : SCHED_DROPPED);
	wti_free(text.bytes);
}

/* ---- A channel is closed: one end is on the list without the other, then none ---- */

static void dump_meets_close(void)
{
	int dumper;

	scenario_open_channel(NULL);
	dumper = scenario_go("dumper", dump_now, NULL);
	scenario_close_channel();
	scenario_join(dumper);
}

/* ---- A channel is made ---- */

static void dump_meets_open(void)
{
	int dumper = scenario_go("dumper", dump_now, NULL);

	scenario_open_channel(NULL);
	scenario_join(dumper);
	scenario_close_channel();
}

/* ---- A thread ends with what it owns ---- */

static void end_with_channel(void *arg)
{
	wt_port *a, *b;

	(void)arg;
	SCENARIO_CHECK(wt_channel_create(&a, &b, NULL) == 0);
}

static void dump_meets_end(void)
{
	int other = scenario_go("other", end_with_channel, NULL);

	dump_now(NULL);
	scenario_join(other);
}

/* ---- A worker begins and ends ---- */

static void dump_meets_worker(void)
{
	scenario_create_worker(scenario_end_at_once);
	dump_now(NULL);
	wt_worker_destroy(worker);
}

/* ---- Two at once, and a change that waits for both ---- */

static void dumps_meet(void)
{
	int first, second;

	scenario_open_channel(NULL);
	first = scenario_go("first", dump_now, NULL);
	second = scenario_go("second", dump_now, NULL);
	scenario_close_channel();
	scenario_join(first);
	scenario_join(second);
}

#define DUMP_REACHES (SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(DROPPED))

const struct scenario scenarios_dump[] = {
	{ .name = "dump_meets_close", .run = dump_meets_close, .reaches = DUMP_REACHES },
	{ .name = "dump_meets_open", .run = dump_meets_open, .reaches = DUMP_REACHES },
	{ .name = "dump_meets_end", .run = dump_meets_end, .reaches = DUMP_REACHES },
	{
		.name = "dump_meets_worker",
		.run = dump_meets_worker,
		.reaches = SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{ .name = "dumps_meet", .run = dumps_meet, .reaches = DUMP_REACHES, .size = SCENARIO_MEDIUM },
	{ .name = NULL },
};
