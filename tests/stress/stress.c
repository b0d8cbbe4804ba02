/* SPDX-License-Identifier: MIT
 *
 * Every storm under every condition, each in a process of its own, for an equal
 * share of the time. Prints TAP.
 *
 * stress [STORM...]: these alone. From the environment:
 * WT_STRESS_MINUTES  all of the time; may be a fraction
 * WT_STRESS_SEED     the seed of the first round of each storm; the others follow from it
 * WT_STRESS_HANG     seconds after which a round that does not end is aborted
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/storm.h"

enum { STRESS_HOGS = 64 };

/* ---- Conditions ---- */

static void stress_pin(void)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof all, &all))
		return;
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all)) {
			CPU_SET(i, &one);
			break;
		}
	sched_setaffinity(0, sizeof one, &one);
}

/* Threads that never poll sleep all the time, and are woken as often. */
static void stress_sleep(void)
{
	setenv("WT_TEST_NO_POLL", "1", 1);
}

static const struct condition {
	const char *name;
	void (*prepare)(void); /* in the storm's process, before it uses the library */
	bool hogs;
} conditions[] = {
	{ "all processors", NULL, false },
	{ "one processor", stress_pin, false },
	{ "without polling", stress_sleep, false },
	{ "beside hogs", NULL, true },
};

enum { STRESS_CONDITIONS = sizeof conditions / sizeof conditions[0] };

/* ---- Hogs ---- */

static pid_t stress_hogs[STRESS_HOGS];

static void stress_hog(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		for (volatile unsigned i = 0; i < 100000000; i++)
			;
	_exit(0);
}

static unsigned stress_start_hogs(void)
{
	long wanted = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t parent = getpid();
	unsigned n = 0;

	for (; n < STRESS_HOGS && (long)n < wanted; n++) {
		stress_hogs[n] = fork();
		if (stress_hogs[n] == 0)
			stress_hog(parent);
		if (stress_hogs[n] < 0)
			break;
	}
	return n;
}

static void stress_end_hogs(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		kill(stress_hogs[i], SIGKILL);
		waitpid(stress_hogs[i], NULL, 0);
	}
}

/* ---- A storm under a condition ---- */

static void stress_print_account(const struct account *account, unsigned rounds, uint64_t seed)
{
	printf("# %u rounds from seed %" PRIu64 ":", rounds, seed);
	for (int i = 0; i < ACCOUNT_KINDS; i++)
		if (atomic_load(&account->paid[i]))
			printf(" %s %llu", account_names[i], atomic_load(&account->paid[i]));
	printf("\n");
	fflush(stdout);
}

/* The storm's process: rounds until the time is up, one at least. Its status says whether all was well. */
static int stress_storm(const struct storm *storm, const struct condition *condition, uint64_t seed, wt_time share)
{
	static struct account total;
	uint64_t first = seed;
	unsigned rounds = 0;
	bool well = true;
	wt_time end;

	if (condition->prepare)
		condition->prepare();
	end = wt_now() + share;
	do {
		well = storm_run(storm, seed, &total);
		seed = storm_next_seed(seed);
		rounds++;
	} while (well && wt_now() < end);
	stress_print_account(&total, rounds, first);
	return !well;
}

static bool stress_try(const struct storm *storm, const struct condition *condition, uint64_t seed, wt_time share)
{
	int status = -1;
	unsigned hogs;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(stress_storm(storm, condition, seed, share));
	hogs = condition->hogs ? stress_start_hogs() : 0;
	if (pid > 0)
		waitpid(pid, &status, 0);
	stress_end_hogs(hogs);
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	return status == 0;
}

/* ---- All of them ---- */

static bool stress_is_wanted(const struct storm *storm, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], storm->name) == 0)
			return true;
	return argc == 1;
}

static double stress_minutes(void)
{
	const char *given = getenv("WT_STRESS_MINUTES");

	return given && *given ? strtod(given, NULL) : 1;
}

int main(int argc, char **argv)
{
	uint64_t seed = storm_setting("WT_STRESS_SEED", (uint64_t)wt_now());
	unsigned wanted = 0, number = 0, failed = 0;
	wt_time share;

	for (unsigned i = 0; i < storm_count; i++)
		wanted += stress_is_wanted(storms[i], argc, argv);
	printf("1..%u\n# WT_STRESS_SEED=%" PRIu64 "\n", wanted * STRESS_CONDITIONS, seed);
	if (!wanted)
		return 1;
	share = (wt_time)(stress_minutes() * 60e9 / (wanted * STRESS_CONDITIONS));
	for (unsigned i = 0; i < storm_count; i++)
		for (unsigned j = 0; j < STRESS_CONDITIONS && stress_is_wanted(storms[i], argc, argv); j++) {
			bool well = stress_try(storms[i], &conditions[j], seed, share);

			printf("%s %u - %s, %s\n", well ? "ok" : "not ok", ++number, storms[i]->name,
			       conditions[j].name);
			failed += !well;
		}
	return failed != 0;
}
