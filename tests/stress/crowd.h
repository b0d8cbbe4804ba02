/* SPDX-License-Identifier: MIT
 *
 * The threads of a storm: workers, and threads that libwt did not start, by
 * chance. Each does one thing, and all are joined.
 */
#ifndef STRESS_CROWD_H
#define STRESS_CROWD_H

#include <pthread.h>

#include "stress/storm.h"

enum { CROWD_MAX = 16 };

struct crowd {
	struct storm_round *round;
	unsigned count;
	struct crowd_member {
		void (*fn)(void *arg);
		void *arg;
		wt_worker *worker; /* NULL: the thread is not libwt's */
		pthread_t thread;
	} members[CROWD_MAX];
};

/* Start a thread that calls fn(arg). The storm's own thread. False, and the verdict fails, where there is none. */
bool crowd_add(struct crowd *crowd, void (*fn)(void *arg), void *arg);

/* The same, a worker for certain. */
bool crowd_add_worker(struct crowd *crowd, void (*fn)(void *arg), void *arg);

/* Wait until all have returned. */
void crowd_join(struct crowd *crowd);

#endif
