/* SPDX-License-Identifier: MIT */
#include "stress/crowd.h"

static int crowd_work(wt_port *parent, const void *data, size_t size)
{
	struct crowd_member *member = *(struct crowd_member *const *)data;

	(void)parent;
	(void)size;
	member->fn(member->arg);
	return 0;
}

static void *crowd_run(void *arg)
{
	struct crowd_member *member = arg;

	member->fn(member->arg);
	return NULL;
}

static struct crowd_member *crowd_next(struct crowd *crowd, void (*fn)(void *arg), void *arg)
{
	struct crowd_member *member = &crowd->members[crowd->count];

	CHECK(&crowd->round->verdict, crowd->count < CROWD_MAX);
	*member = (struct crowd_member){ .fn = fn, .arg = arg };
	return member;
}

bool crowd_add_worker(struct crowd *crowd, void (*fn)(void *arg), void *arg)
{
	struct crowd_member *member = crowd_next(crowd, fn, arg);

	if (!STORM_OK(crowd->round, wt_worker_create(&member->worker, crowd_work, &member, sizeof member, NULL)))
		return false;
	crowd->count++;
	return true;
}

bool crowd_add(struct crowd *crowd, void (*fn)(void *arg), void *arg)
{
	struct crowd_member *member;

	if (storm_chance(crowd->round, 2))
		return crowd_add_worker(crowd, fn, arg);
	member = crowd_next(crowd, fn, arg);
	if (!STORM_OK(crowd->round, -pthread_create(&member->thread, NULL, crowd_run, member)))
		return false;
	crowd->count++;
	return true;
}

void crowd_join(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		struct crowd_member *member = &crowd->members[i];
		int code = 0;

		if (!member->worker) {
			STORM_OK(crowd->round, -pthread_join(member->thread, NULL));
			continue;
		}
		STORM_OK(crowd->round, wt_worker_join(member->worker, &code, WT_FOREVER));
		CHECK(&crowd->round->verdict, code == 0);
		wt_worker_destroy(member->worker);
	}
	crowd->count = 0;
}
