/* SPDX-License-Identifier: MIT */
#include "os_posix_alarm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base.h"
#include "os.h"
#include "support/support.h"

#define MS ((int64_t)1000000)

struct bell {
	struct wti_alarm alarm;
	atomic_uint count;
	_Atomic(int64_t) at; /* it rang last */
};

static void ring(struct wti_alarm *alarm)
{
	struct bell *bell = wti_container_of(alarm, struct bell, alarm);

	atomic_store(&bell->at, wti_os_real.clock());
	atomic_fetch_add(&bell->count, 1);
}

static void add(struct bell *bell)
{
	*bell = (struct bell){ .count = 0 };
	assert_int_equal(wti_alarm_add(&bell->alarm, ring), 0);
}

struct rings {
	struct bell *bell;
	unsigned count;
};

static bool has_rung_so_often(void *arg)
{
	struct rings *rings = arg;

	return atomic_load(&rings->bell->count) >= rings->count;
}

static bool rings(struct bell *bell, unsigned count)
{
	return await(has_rung_so_often, &(struct rings){ bell, count });
}

static void it_rings_once_and_not_before_its_moment(void **state)
{
	int64_t at = wti_os->clock() + 10 * MS;
	struct bell bell;

	(void)state;
	add(&bell);
	assert_false(wti_alarm_set(&bell.alarm, at, 0));
	assert_true(rings(&bell, 1));
	assert_true(atomic_load(&bell.at) >= at);
	assert_true(wti_alarm_has_rung(&bell.alarm));
	assert_true(wti_alarm_set(&bell.alarm, wti_os->clock() + 1000000 * MS, 0));
	assert_false(wti_alarm_has_rung(&bell.alarm));
	assert_false(wti_alarm_set(&bell.alarm, 1, 0));
	assert_true(rings(&bell, 2));
	wti_alarm_remove(&bell.alarm);
	assert_int_equal(atomic_load(&bell.count), 2);
}

static void a_sooner_one_is_not_held_up_by_a_later_one(void **state)
{
	struct bell late, soon;

	(void)state;
	add(&late);
	wti_alarm_set(&late.alarm, wti_os->clock() + 1000000 * MS, 0);
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL); /* so that the thread waits for that, most times */
	add(&soon);
	wti_alarm_set(&soon.alarm, wti_os->clock() + MS, 0);
	assert_true(rings(&soon, 1));
	wti_alarm_remove(&soon.alarm);
	wti_alarm_remove(&late.alarm);
	assert_int_equal(atomic_load(&late.count), 0);
}

static void it_rings_again_and_again_until_removed(void **state)
{
	int64_t begin = wti_os->clock();
	struct bell bell;
	unsigned count;

	(void)state;
	add(&bell);
	wti_alarm_set(&bell.alarm, begin + MS, MS);
	assert_true(rings(&bell, 5));
	assert_true(atomic_load(&bell.at) >= begin + 5 * MS);
	wti_alarm_remove(&bell.alarm);
	count = atomic_load(&bell.count);
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	assert_int_equal(atomic_load(&bell.count), count);
}

/* A thousand periods before now. */
static void what_was_missed_is_not_made_up_for(void **state)
{
	int64_t begin = wti_os->clock();
	struct bell bell;

	(void)state;
	add(&bell);
	wti_alarm_set(&bell.alarm, begin - 1000000 * MS, 1000 * MS);
	assert_true(rings(&bell, 1));
	assert_true(rings(&bell, 2));
	assert_true(atomic_load(&bell.at) >= begin + 1000 * MS);
	wti_alarm_remove(&bell.alarm);
}

/* ---- Its thread ---- */

static void the_thread_goes_with_the_last_and_comes_with_the_next(void **state)
{
	unsigned before = support_threads();
	struct bell bells[2];

	(void)state;
	for (int i = 0; i < 20; i++) {
		add(&bells[0]);
		add(&bells[1]);
		wti_alarm_set(&bells[1].alarm, 1, 0);
		assert_int_equal(support_threads(), before + 1);
		wti_alarm_remove(&bells[0].alarm);
		assert_true(rings(&bells[1], 1));
		wti_alarm_remove(&bells[1].alarm);
		assert_threads(before);
	}
}

static void *come_and_go(void *arg)
{
	struct verdict *verdict = arg;

	for (unsigned i = 0; i < 200 / support_slowdown(); i++) {
		struct bell bell = { .count = 0 };

		CHECK(verdict, wti_alarm_add(&bell.alarm, ring) == 0);
		wti_alarm_set(&bell.alarm, i % 2 ? 1 : wti_os->clock() + MS, i % 3);
		CHECK(verdict, rings(&bell, 1));
		wti_alarm_remove(&bell.alarm);
	}
	return NULL;
}

/* One that leaves ends the thread while another one enters. */
static void alarms_of_many_threads_come_and_go(void **state)
{
	unsigned before = support_threads();
	struct verdict verdict = { 0 };
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &verdict), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_threads(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_rings_once_and_not_before_its_moment),
		TEST(a_sooner_one_is_not_held_up_by_a_later_one),
		TEST(it_rings_again_and_again_until_removed),
		TEST(what_was_missed_is_not_made_up_for),
		TEST(the_thread_goes_with_the_last_and_comes_with_the_next),
		TEST(alarms_of_many_threads_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
