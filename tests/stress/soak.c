/* SPDX-License-Identifier: MIT
 *
 * Storms for an hour, several at once in one process. Every few seconds they
 * come to rest, and what the process then has of memory, threads and
 * descriptors is noted: after a warm-up the last third is compared with the
 * first. Prints a line each minute, and TAP.
 *
 * WT_SOAK_MINUTES  how long; may be a fraction
 * WT_SOAK_LANES    storms at once
 * WT_STRESS_SEED   of the first round; the others follow from it
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stress/storm.h"
#include "support/process.h"

enum { SOAK_MINUTES = 60, SOAK_LANES = 2, SOAK_LANES_MAX = 16, SOAK_SAMPLES = 360, SOAK_THIRDS_MIN = 2 };

/* ---- Lanes: threads that run a round after the other, and rest when they are told to ---- */

struct soak {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex. */
	bool rest, over;
	unsigned resting;
	/* Any thread. */
	atomic_uint rounds, failed;
	struct account account;
	/* The first thread's. */
	unsigned lanes;
	struct soak_lane {
		struct soak *soak;
		pthread_t thread;
		unsigned turn;
		uint64_t seed;
	} lane[SOAK_LANES_MAX];
};

/* False when it is over. */
static bool soak_may_go_on(struct soak *soak)
{
	bool over;

	pthread_mutex_lock(&soak->mutex);
	soak->resting++;
	pthread_cond_broadcast(&soak->changed);
	while (soak->rest && !soak->over)
		pthread_cond_wait(&soak->changed, &soak->mutex);
	soak->resting--;
	over = soak->over;
	pthread_mutex_unlock(&soak->mutex);
	return !over;
}

static void *soak_lane_run(void *arg)
{
	struct soak_lane *lane = arg;
	struct soak *soak = lane->soak;

	while (soak_may_go_on(soak)) {
		if (!storm_run(storms[lane->turn++ % storm_count], lane->seed, &soak->account))
			atomic_fetch_add(&soak->failed, 1);
		atomic_fetch_add(&soak->rounds, 1);
		lane->seed = storm_next_seed(lane->seed);
	}
	return NULL;
}

static void soak_set_rest(struct soak *soak, bool rest)
{
	pthread_mutex_lock(&soak->mutex);
	soak->rest = rest;
	pthread_cond_broadcast(&soak->changed);
	while (rest && soak->resting < soak->lanes)
		pthread_cond_wait(&soak->changed, &soak->mutex);
	pthread_mutex_unlock(&soak->mutex);
}

static bool soak_start(struct soak *soak, uint64_t seed)
{
	unsigned wanted = (unsigned)storm_setting("WT_SOAK_LANES", SOAK_LANES);

	pthread_mutex_init(&soak->mutex, NULL);
	pthread_cond_init(&soak->changed, NULL);
	for (; soak->lanes < wanted && soak->lanes < SOAK_LANES_MAX; soak->lanes++) {
		struct soak_lane *lane = &soak->lane[soak->lanes];

		*lane = (struct soak_lane){ .soak = soak, .seed = seed, .turn = soak->lanes * storm_count / wanted };
		seed = storm_next_seed(seed);
		if (pthread_create(&lane->thread, NULL, soak_lane_run, lane) != 0)
			return false;
	}
	return true;
}

static void soak_join(struct soak *soak)
{
	pthread_mutex_lock(&soak->mutex);
	soak->over = true;
	pthread_cond_broadcast(&soak->changed);
	pthread_mutex_unlock(&soak->mutex);
	for (unsigned i = 0; i < soak->lanes; i++)
		pthread_join(soak->lane[i].thread, NULL);
}

/* ---- Figures ---- */

enum soak_figure { SOAK_MEMORY, SOAK_THREADS, SOAK_DESCRIPTORS, SOAK_FIGURES };

/* What may be added between the first third and the last: parts of a hundred, and a number. */
static const struct {
	const char *name;
	unsigned percent;
	uint64_t number;
} soak_tolerance[SOAK_FIGURES] = {
	[SOAK_MEMORY] = { "resident bytes", 5, 2 << 20 },
	/* Threads that finished workers have left may stay for a while. */
	[SOAK_THREADS] = { "threads", 0, 2 },
	[SOAK_DESCRIPTORS] = { "descriptors", 0, 0 },
};

struct soak_samples {
	unsigned count;
	uint64_t value[SOAK_FIGURES][SOAK_SAMPLES];
};

static void soak_sample(struct soak *soak, struct soak_samples *samples)
{
	unsigned n = samples->count;

	soak_set_rest(soak, true);
	samples->value[SOAK_MEMORY][n] = support_resident();
	samples->value[SOAK_THREADS][n] = support_threads();
	samples->value[SOAK_DESCRIPTORS][n] = support_open_fds();
	samples->count++;
	soak_set_rest(soak, false);
}

static int soak_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t soak_median(const uint64_t *values, unsigned count)
{
	uint64_t sorted[SOAK_SAMPLES];

	for (unsigned i = 0; i < count; i++)
		sorted[i] = values[i];
	qsort(sorted, count, sizeof sorted[0], soak_compare);
	return sorted[count / 2];
}

/* ---- Verdicts ---- */

static unsigned soak_number, soak_failures;

static void soak_say(bool well, const char *what)
{
	printf("%s %u - %s\n", well ? "ok" : "not ok", ++soak_number, what);
	soak_failures += !well;
}

/* A fifth of the samples is the warm-up: heaps, threads and tables take the size that they need. */
static void soak_judge_figure(const struct soak_samples *samples, enum soak_figure figure)
{
	unsigned third = (samples->count - samples->count / 5) / 3;
	const uint64_t *values = samples->value[figure];
	uint64_t first, last, allowed;

	if (third < SOAK_THIRDS_MIN) {
		printf("# too short to tell whether %s grow\n", soak_tolerance[figure].name);
		soak_say(false, soak_tolerance[figure].name);
		return;
	}
	first = soak_median(values + samples->count - 3 * third, third);
	last = soak_median(values + samples->count - third, third);
	allowed = first + first * soak_tolerance[figure].percent / 100 + soak_tolerance[figure].number;
	printf("# %s: %" PRIu64 " in the first third, %" PRIu64 " in the last, up to %" PRIu64 " allowed\n",
	       soak_tolerance[figure].name, first, last, allowed);
	soak_say(last <= allowed, soak_tolerance[figure].name);
}

static void soak_judge_account(const struct account *account)
{
	bool even = true;

	for (int i = 0; i < ACCOUNT_KINDS; i++) {
		printf("# %s: %llu owed, %llu paid\n", account_names[i], atomic_load(&account->owed[i]),
		       atomic_load(&account->paid[i]));
		even = even && account_is_even(account, (enum account_kind)i);
	}
	soak_say(even, "the account is exact");
}

/* ---- The hour ---- */

static void soak_print_minute(const struct soak *soak, const struct soak_samples *samples, wt_time since)
{
	unsigned n = samples->count - 1;

	printf("# minute %2.0f: %u rounds, %llu messages, %llu tasks, %llu workers; %" PRIu64 " KiB, %" PRIu64
	       " threads, %" PRIu64 " descriptors\n",
	       (double)(wt_now() - since) / 60e9, atomic_load(&soak->rounds),
	       atomic_load(&soak->account.paid[ACCOUNT_MESSAGES]), atomic_load(&soak->account.paid[ACCOUNT_TASKS]),
	       atomic_load(&soak->account.paid[ACCOUNT_WORKERS]), samples->value[SOAK_MEMORY][n] >> 10,
	       samples->value[SOAK_THREADS][n], samples->value[SOAK_DESCRIPTORS][n]);
	fflush(stdout);
}

static void soak_watch(struct soak *soak, struct soak_samples *samples, wt_time span)
{
	wt_time begin = wt_now(), next_line = begin + 60000000000, step = span / SOAK_SAMPLES;

	/* Not more often than once a second. */
	if (step < 1000000000)
		step = 1000000000;
	for (wt_time next = begin + step; next <= begin + span && samples->count < SOAK_SAMPLES; next += step) {
		struct timespec until = { .tv_sec = next / 1000000000, .tv_nsec = next % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		soak_sample(soak, samples);
		if (atomic_load(&soak->failed))
			return;
		if (wt_now() >= next_line) {
			soak_print_minute(soak, samples, begin);
			next_line += 60000000000;
		}
	}
}

static double soak_minutes(void)
{
	const char *given = getenv("WT_SOAK_MINUTES");

	return given && *given ? strtod(given, NULL) : SOAK_MINUTES;
}

int main(void)
{
	static struct soak soak;
	static struct soak_samples samples;
	uint64_t seed = storm_setting("WT_STRESS_SEED", (uint64_t)wt_now());
	bool started = soak_start(&soak, seed);

	printf("1..%d\n# WT_STRESS_SEED=%" PRIu64 ", %u lanes\n", 2 + SOAK_FIGURES, seed, soak.lanes);
	fflush(stdout);
	if (started)
		soak_watch(&soak, &samples, (wt_time)(soak_minutes() * 60e9));
	soak_join(&soak);
	printf("# %u rounds\n", atomic_load(&soak.rounds));
	soak_say(started && !atomic_load(&soak.failed), "every round");
	for (int i = 0; i < SOAK_FIGURES; i++)
		soak_judge_figure(&samples, (enum soak_figure)i);
	soak_judge_account(&soak.account);
	return soak_failures != 0;
}
