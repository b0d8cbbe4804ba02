/* SPDX-License-Identifier: MIT */
#include "stress/watchdog.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stress/storm.h"
#include "support/process.h"

enum { WATCHDOG_SECONDS = 60 };

static pthread_mutex_t watchdog_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct watched *watchdog_rounds; /* under the mutex */

static void watchdog_bark(const struct watched *watched)
{
	const struct storm_round *round = watched->round;

	fprintf(stderr, "watchdog: %s hangs: %s\nwatchdog: %s\nwatchdog: WT_STRESS_SEED=%" PRIu64 "\n",
		watched->storm->name, atomic_load(&round->said) ? round->text : "",
		atomic_load(&round->verdict.failed) ? round->verdict.text : "nothing has failed before", round->seed);
	support_dump_threads();
	kill(getpid(), SIGABRT);
}

static void *watchdog_run(void *arg)
{
	wt_time patience = (wt_time)storm_setting("WT_STRESS_HANG", WATCHDOG_SECONDS) * 1000000000;

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&watchdog_mutex);
		for (struct watched *watched = watchdog_rounds; watched; watched = watched->next)
			if (wt_now() > watched->round->deadline + patience)
				watchdog_bark(watched);
		pthread_mutex_unlock(&watchdog_mutex);
		nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	}
	return NULL;
}

static void watchdog_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watchdog_run, NULL) != 0)
		abort();
	pthread_detach(thread);
}

void watchdog_watch(struct watched *watched)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watchdog_start);
	pthread_mutex_lock(&watchdog_mutex);
	watched->next = watchdog_rounds;
	watchdog_rounds = watched;
	pthread_mutex_unlock(&watchdog_mutex);
}

void watchdog_leave(struct watched *watched)
{
	struct watched **link = &watchdog_rounds;

	pthread_mutex_lock(&watchdog_mutex);
	while (*link != watched)
		link = &(*link)->next;
	*link = watched->next;
	pthread_mutex_unlock(&watchdog_mutex);
}
