/* SPDX-License-Identifier: MIT */
#include "stress/storm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/watchdog.h"

enum { STORM_SHORTEST_MS = 60, STORM_LONGEST_MS = 300 };

const struct storm *const storms[] = {
	&storm_port, &storm_close, &storm_worker, &storm_pool,           &storm_broadcast,
	&storm_lock, &storm_wait,  &storm_stream, &storm_post_to_thread,
};
const unsigned storm_count = sizeof storms / sizeof storms[0];

uint64_t random_pick(uint64_t *random, uint64_t low, uint64_t high)
{
	return low + support_random(random) % (high - low + 1);
}

bool random_chance(uint64_t *random, unsigned times)
{
	return support_random(random) % times == 0;
}

uint64_t storm_pick(struct storm_round *round, uint64_t low, uint64_t high)
{
	return random_pick(&round->random, low, high);
}

bool storm_chance(struct storm_round *round, unsigned times)
{
	return random_chance(&round->random, times);
}

uint64_t storm_fork(struct storm_round *round)
{
	return support_random(&round->random);
}

void storm_say(struct storm_round *round, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(round->text, sizeof round->text, format, args);
	va_end(args);
	atomic_store(&round->said, true);
}

bool storm_is_over(const struct storm_round *round)
{
	return wt_now() >= round->deadline || atomic_load_explicit(&round->verdict.failed, memory_order_relaxed);
}

bool storm_ok(struct storm_round *round, int error, const char *what, const char *file, int line)
{
	if (error)
		verdict_fail(&round->verdict, file, line, "%s: %s", what, wt_strerror(error));
	return !error;
}

static void storm_delete(void *data, void *arg)
{
	account_pay(arg, ACCOUNT_DELETERS, 1);
	free(data);
}

wt_buffer *storm_buffer(struct storm_round *round, size_t size)
{
	void *data = calloc(1, size);
	wt_buffer *buffer = NULL;

	if (!data || !STORM_OK(round, wt_buffer_wrap(&buffer, data, size, storm_delete, &round->account))) {
		CHECK(&round->verdict, data);
		free(data);
		return NULL;
	}
	account_owe(&round->account, ACCOUNT_DELETERS, 1);
	return buffer;
}

static void storm_complain(const struct storm *storm, const struct storm_round *round)
{
	printf("# %s: %s\n# %s: %s\n# WT_STRESS_SEED=%" PRIu64 " brings the parameters back\n", storm->name,
	       round->verdict.text, storm->name, round->text, round->seed);
	fflush(stdout);
}

bool storm_run(const struct storm *storm, uint64_t seed, struct account *total)
{
	struct storm_round round = { .seed = seed, .random = seed };
	struct watched watched = { .storm = storm, .round = &round };

	round.deadline = wt_after_ms(storm_pick(&round, STORM_SHORTEST_MS, STORM_LONGEST_MS));
	watchdog_watch(&watched);
	storm->run(&round);
	watchdog_leave(&watched);
	/* A failure ends threads before they have paid: only what ran to its end has an account. */
	if (!atomic_load(&round.verdict.failed))
		account_judge(&round.account, &round.verdict);
	account_add(total, &round.account);
	if (!atomic_load(&round.verdict.failed))
		return true;
	storm_complain(storm, &round);
	return false;
}

uint64_t storm_next_seed(uint64_t seed)
{
	return support_random(&seed);
}

uint64_t storm_setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}
