/* SPDX-License-Identifier: MIT
 *
 * A ring that is one poster's own, until another one comes. Whoever finds no
 * room gets it, at the first time.
 */
#include <string.h>

#include "sched/scenario.h"
#include "seam.h"
#include "thread.h"

/* Upper case from one, lower case from the other, each from its first letter on. */
static void receive_both(unsigned count)
{
	char next[2] = { 'A', 'a' };

	for (unsigned i = 0; i < count; i++) {
		char byte = scenario_receive_any(near_end);

		SCENARIO_CHECK(byte == next[byte >= 'a']++);
	}
}

/* Two posters, of so many messages together. */
struct bias_race {
	const wt_channel_options *options;
	void (*upper)(void *arg);
	void *upper_arg;
	void (*lower)(void *arg);
	void *lower_arg;
	unsigned count;
};

static void bias_run(const struct bias_race *race)
{
	int upper, lower;

	wti_ring_patience = 0;
	scenario_open_channel(race->options);
	upper = scenario_go("upper", race->upper, race->upper_arg);
	lower = scenario_go("lower", race->lower, race->lower_arg);
	receive_both(race->count);
	scenario_join(upper);
	scenario_join(lower);
	scenario_close_channel();
	wti_ring_patience = WTI_RING_PATIENCE;
}

/* ---- The other comes while it posts [M1] ---- */

/* A thread without a record has no name by which a ring could be its own. */
static void bias_get_name(void)
{
	SCENARIO_CHECK(wti_thread_self() != NULL);
}

/* At the first one the ring has no memory yet. */
static void post_upper(void *arg)
{
	(void)arg;
	bias_get_name();
	scenario_post(far_end, 'A');
	scenario_post(far_end, 'B');
}

static void bias_ends(void)
{
	bias_run(&(struct bias_race){ .upper = post_upper, .lower = scenario_post_two, .count = 4 });
}

/* ---- ... and the ring grows, and is the other's [M1] ---- */

enum { BIAS_LARGE = 100 };

static void post_large(void *letter)
{
	char message[BIAS_LARGE];

	bias_get_name();
	for (char i = 0; i < 2; i++) {
		memset(message, *(const char *)letter + i, sizeof message);
		SCENARIO_CHECK(wt_port_post(far_end, message, sizeof message) == 0);
	}
}

static void bias_changes(void)
{
	bias_run(&(struct bias_race){
		.options = WT_CHANNEL_OPTIONS(.capacity = 256),
		.upper = post_large,
		.upper_arg = "A",
		.lower = post_large,
		.lower_arg = "a",
		.count = 4,
	});
}

/* ---- ... who finds no room for its message, while there is some for a smaller one [M1] ---- */

enum { BIAS_FILL = 200 };

static void fill_and_post(void *arg)
{
	char message[BIAS_FILL];

	(void)arg;
	bias_get_name();
	scenario_post(far_end, 'A'); /* the first makes the segment as small as it may be */
	memset(message, 'B', sizeof message);
	SCENARIO_CHECK(wt_port_post(far_end, message, sizeof message) == 0);
	scenario_post(far_end, 'C');
}

static void post_one_large(void *arg)
{
	char message[BIAS_LARGE];

	(void)arg;
	memset(message, 'a', sizeof message);
	SCENARIO_CHECK(wt_port_post(far_end, message, sizeof message) == 0);
}

static void bias_meets_link(void)
{
	bias_run(&(struct bias_race){
		.options = WT_CHANNEL_OPTIONS(.capacity = 256),
		.upper = fill_and_post,
		.lower = post_one_large,
		.count = 4,
	});
}

/* ---- ... and it gives back what it has reserved, be that the last or not [M1] ---- */

static void abandon_and_post(void *arg)
{
	wt_slot slot;

	(void)arg;
	bias_get_name();
	SCENARIO_CHECK(wt_port_reserve(far_end, SCENARIO_BYTES, &slot, WT_FOREVER) == 0);
	wt_port_abandon(far_end, &slot);
	scenario_post(far_end, 'A');
}

static void bias_meets_slot(void)
{
	bias_run(&(struct bias_race){
		.upper = abandon_and_post,
		.lower = scenario_post_one,
		.lower_arg = "a",
		.count = 2,
	});
}

const struct scenario scenarios_bias[] = {
	{
		.name = "bias_ends",
		.run = bias_ends,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "bias_changes",
		.run = bias_changes,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(CONTENDED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "bias_meets_link",
		.run = bias_meets_link,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{
		.name = "bias_meets_slot",
		.run = bias_meets_slot,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
		.size = SCENARIO_MEDIUM,
	},
	{ .name = NULL },
};
