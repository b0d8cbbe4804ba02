/* SPDX-License-Identifier: MIT
 *
 * Every scenario under every model, and what must be caught: scenarios that are
 * wrong, and the wrong versions of the library (lib/seam.h), in scenarios that
 * pass without them. Prints TAP.
 *
 * sched [SCENARIO...]: these alone. From the environment:
 * WT_SCHED_SEED    replay one schedule by chance, and print it
 * WT_SCHED_RUNS    schedules by chance for each scenario and model
 * WT_SCHED_BOUND   preemptions of which all schedules are made
 * WT_SCHED_LIMIT   schedules up to which one more preemption is tried; 0: by chance only
 * WT_SCHED_EVERYWHERE  preempt also where no conflict is known
 * WT_SCHED_MODEL   this model alone, an enum trial_model
 * WT_MUTANT        run this wrong version, an enum wti_mutant_id
 * WT_SCHED_SHOW    print also the schedules of what is to be caught
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "sched/explore.h"
#include "sched/trial.h"
#include "seam.h"

enum { MAIN_CATCH_RUNS = 100000 };

/* What is made of a scenario, where nothing else is asked for. */
static const struct {
	unsigned bound;
	uint64_t limit, runs;
} main_sizes[SCENARIO_SIZES] = {
	[SCENARIO_SMALL] = { .bound = 2, .limit = 30000, .runs = 2000 },
	[SCENARIO_MEDIUM] = { .bound = 1, .limit = 3000, .runs = 1000 },
	[SCENARIO_LARGE] = { .bound = 0, .limit = 1, .runs = 1000 },
};

/* What must be caught, and where it shows. */
struct wrong {
	enum wti_mutant_id id; /* 0: the scenario itself is wrong */
	const char *name;
	const char *scenario;
	enum trial_model model;
};

static const struct wrong wrongs[] = {
	{ 0, "store buffering", "weak_store_buffering", TRIAL_BARRIER },
	{ 0, "a barrier on one side", "weak_one_sided", TRIAL_NO_BARRIER },
	{ 0, "a wait for ever", "weak_deadlock", TRIAL_SC },
	{ 0, "a store to freed memory", "weak_freed", TRIAL_BARRIER },
	{ 0, "a store to a frame that is gone", "weak_frame", TRIAL_BARRIER },
	{ WTI_MUTANT_COMMIT_RELEASE, "a commit without barrier", "post_to_sleeper", TRIAL_NO_BARRIER },
	{ WTI_MUTANT_ARM_RELEASE, "an announcement without barrier", "post_to_sleeper", TRIAL_NO_BARRIER },
	{ WTI_MUTANT_NO_RECHECK, "no second look", "post_to_sleeper", TRIAL_SC },
	{ WTI_MUTANT_RECHECK_DATA_ONLY, "a second look at data only, close", "close_wakes", TRIAL_SC },
	{ WTI_MUTANT_RECHECK_DATA_ONLY, "a second look at data only, terminate", "worker_terminated", TRIAL_SC },
	{ WTI_MUTANT_WAKE_AT_RESERVE, "a wake judged at reservation", "two_posters", TRIAL_SC },
	{ WTI_MUTANT_NO_HEAVY_BARRIER, "no heavy barrier", "post_to_sleeper", TRIAL_BARRIER },
	{ WTI_MUTANT_BRIEF_NO_WRITE, "a state that is only read", "post_again_to_sleeper", TRIAL_BARRIER },
};

static struct sched_report *main_report;
static unsigned main_number, main_failed;

static uint64_t main_setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

static struct trial main_trial(const struct scenario *scenario, enum trial_model model)
{
	bool replays = getenv("WT_SCHED_SEED");
	bool bounded = !replays && model != TRIAL_POLLING;
	struct trial trial = {
		.scenario = scenario,
		.model = model,
		.mutant = (int)main_setting("WT_MUTANT", 0),
		.bound = (unsigned)main_setting("WT_SCHED_BOUND", main_sizes[scenario->size].bound),
		.limit = bounded ? main_setting("WT_SCHED_LIMIT", main_sizes[scenario->size].limit) : 0,
		.everywhere = getenv("WT_SCHED_EVERYWHERE"),
		.seed = main_setting("WT_SCHED_SEED", (uint64_t)time(NULL) << 20),
		.random = main_setting("WT_SCHED_RUNS", main_sizes[scenario->size].runs),
	};

	if (trial.bound >= SCHED_BOUNDS)
		trial.bound = SCHED_BOUNDS - 1;
	if (replays) {
		trial.random = 1;
		trial.shown = EXPLORE_FIRST_RANDOM;
	}
	return trial;
}

static void main_say(bool passed, const char *name, const char *model)
{
	printf("%s %u - %s, %s\n", passed ? "ok" : "not ok", ++main_number, name, model);
	main_failed += !passed;
}

/* ---- A scenario ---- */

static void main_print_counts(const struct trial *trial)
{
	const struct sched_report *report = main_report;

	printf("# schedules:");
	for (unsigned bound = 0; bound < report->complete; bound++)
		printf(" all %" PRIu64 " with up to %u preemptions,", report->schedules[bound], bound);
	printf(" %" PRIu64 " by chance from seed %" PRIu64 "\n", report->random, trial->seed);
	printf("# of all %" PRIu64 " came to:", report->executed);
	for (unsigned i = 0; i < SCHED_MARKS; i++)
		if (report->reached[i])
			printf(" %s %" PRIu64, trial_mark_names[i], report->reached[i]);
	printf("\n");
}

static void main_print_failure(const struct trial *trial)
{
	struct trial again = *trial;

	printf("# schedule %" PRIu64 ": %s\n", main_report->executed, main_report->failure);
	if (main_report->phase == SCHED_RANDOM)
		printf("# WT_SCHED_SEED=%" PRIu64 " replays it\n", main_report->seed);
	if (trial->shown)
		return;
	again.shown = main_report->executed;
	trial_run(&again, main_report);
}

static bool main_has_reached(const struct scenario *scenario)
{
	bool all = true;

	for (unsigned i = 0; i < SCHED_MARKS; i++) {
		if (!(scenario->reaches >> i & 1) || main_report->reached[i])
			continue;
		printf("# no schedule came to the state \"%s\"\n", trial_mark_names[i]);
		all = false;
	}
	return all;
}

/* The states, and all schedules that were asked for. */
static bool main_has_proven(const struct trial *trial)
{
	if (!main_report->passed || !trial->limit)
		return main_report->passed;
	if (main_report->complete <= trial->bound)
		printf("# too many schedules with %u preemptions: the scenario is too large\n", main_report->bound);
	return main_has_reached(trial->scenario) && main_report->complete > trial->bound;
}

static void main_try(const struct scenario *scenario, enum trial_model model)
{
	struct trial trial = main_trial(scenario, model);

	trial_run(&trial, main_report);
	main_say(main_has_proven(&trial), scenario->name, trial_models[model].name);
	if (main_report->passed)
		main_print_counts(&trial);
	else
		main_print_failure(&trial);
	fflush(stdout);
}

/* ---- What must be caught ---- */

static const struct scenario *main_find_in(const struct scenario *list, const char *name)
{
	for (; list->name; list++)
		if (strcmp(list->name, name) == 0)
			return list;
	return NULL;
}

static const struct scenario *main_find(const char *name)
{
	const struct scenario *found = main_find_in(scenarios_weak, name);

	for (const struct scenario *const *list = scenario_lists; *list && !found; list++)
		found = main_find_in(*list, name);
	return found;
}

static void main_print_caught(const struct wrong *wrong)
{
	printf("# by %s, schedule %" PRIu64 ", ", wrong->scenario, main_report->executed);
	if (main_report->phase == SCHED_BOUNDED)
		printf("%u preemptions, ", main_report->bound);
	printf("%s\n", main_report->failure);
}

static void main_catch(const struct wrong *wrong, const char *how, struct trial trial)
{
	char name[100];

	trial.mutant = (int)wrong->id;
	trial_run(&trial, main_report);
	snprintf(name, sizeof name, "caught %s: %s", how, wrong->name);
	main_say(!main_report->passed, name, trial_models[wrong->model].name);
	if (main_report->passed)
		main_print_counts(&trial);
	else
		main_print_caught(wrong);
	if (!main_report->passed && getenv("WT_SCHED_SHOW"))
		main_print_failure(&trial);
	fflush(stdout);
}

/* In both ways, each for certain: the seed is always the same. */
static void main_catch_twice(const struct wrong *wrong)
{
	struct trial trial = main_trial(main_find(wrong->scenario), wrong->model);

	trial.random = 0;
	if (trial.limit)
		main_catch(wrong, "with few preemptions", trial);
	trial.limit = 0;
	trial.seed = 1;
	trial.random = MAIN_CATCH_RUNS;
	main_catch(wrong, "by chance", trial);
}

/* ---- All ---- */

static bool main_wants(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	main_report = mmap(NULL, sizeof *main_report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (main_report == MAP_FAILED)
		return 1;
	for (const struct scenario *const *list = scenario_lists; *list; list++)
		for (const struct scenario *scenario = *list; scenario->name; scenario++)
			for (int model = 0; model < TRIAL_MODELS && main_wants(scenario->name, argc, argv); model++)
				if (main_setting("WT_SCHED_MODEL", (uint64_t)model) == (uint64_t)model)
					main_try(scenario, (enum trial_model)model);
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs && !getenv("WT_SCHED_SEED") && !getenv("WT_MUTANT"); i++)
		if (main_wants(wrongs[i].scenario, argc, argv))
			main_catch_twice(&wrongs[i]);
	printf("1..%u\n", main_number);
	if (!main_number)
		fprintf(stderr, "no scenario has that name\n");
	return main_failed != 0 || !main_number;
}
