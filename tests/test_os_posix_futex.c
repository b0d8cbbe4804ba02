/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "os_posix.h"
#include "support/support.h"

/* ---- Sleepers, of whom the line is known ---- */

struct sleeper {
	_Atomic(uint32_t) *word;
	int64_t deadline;
	pthread_t thread;
	int result;
	atomic_bool back;
};

static void *sleep_once(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->result = wti_os->futex_wait(sleeper->word, 1, sleeper->deadline);
	atomic_store(&sleeper->back, true);
	return NULL;
}

struct expected {
	const _Atomic(uint32_t) *word;
	unsigned count;
};

static bool so_many_sleep(void *arg)
{
	struct expected *expected = arg;

	return wti_posix_futex_sleepers(expected->word) == expected->count;
}

static void expect_sleepers(const _Atomic(uint32_t) *word, unsigned count)
{
	assert_true(await(so_many_sleep, &(struct expected){ word, count }));
}

/* Returns when it sleeps, as the last in the line. */
static void put_to_sleep(struct sleeper *sleeper, _Atomic(uint32_t) *word)
{
	unsigned before = wti_posix_futex_sleepers(word);

	*sleeper = (struct sleeper){ .word = word, .deadline = INT64_MAX };
	assert_int_equal(pthread_create(&sleeper->thread, NULL, sleep_once, sleeper), 0);
	expect_sleepers(word, before + 1);
}

static bool is_back(void *arg)
{
	return atomic_load(&((struct sleeper *)arg)->back);
}

static void expect_woken(struct sleeper *sleeper)
{
	assert_true(await(is_back, sleeper));
	pthread_join(sleeper->thread, NULL);
	assert_int_equal(sleeper->result, 0);
}

/* ---- Tests ---- */

static void who_came_first_is_woken_first(void **state)
{
	_Atomic(uint32_t) word = 1;
	struct sleeper sleepers[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		put_to_sleep(&sleepers[i], &word);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(wti_os->futex_wake(&word, 1), 1);
		expect_woken(&sleepers[i]);
		assert_int_equal(wti_posix_futex_sleepers(&word), 5 - i);
	}
	assert_int_equal(wti_os->futex_wake(&word, INT_MAX), 2);
	expect_woken(&sleepers[4]);
	expect_woken(&sleepers[5]);
}

/* There are fewer lines than words. */
static void a_wake_finds_the_sleepers_of_its_word_alone(void **state)
{
	static _Atomic(uint32_t) words[1000];
	struct sleeper sleeper;

	(void)state;
	for (int i = 0; i < 1000; i++)
		words[i] = 1;
	put_to_sleep(&sleeper, &words[500]);
	for (int i = 0; i < 1000; i++)
		if (i != 500)
			assert_int_equal(wti_os->futex_wake(&words[i], INT_MAX), 0);
	assert_false(is_back(&sleeper));
	assert_int_equal(wti_os->futex_wake(&words[500], INT_MAX), 1);
	expect_woken(&sleeper);
}

static void a_time_out_leaves_the_line(void **state)
{
	_Atomic(uint32_t) word = 1;
	struct sleeper first;

	(void)state;
	put_to_sleep(&first, &word);
	assert_int_equal(wti_os->futex_wait(&word, 1, wti_os->clock() + 1000000), -ETIMEDOUT);
	assert_int_equal(wti_posix_futex_sleepers(&word), 1);
	assert_int_equal(wti_os->futex_wake(&word, INT_MAX), 1);
	expect_woken(&first);
}

static void *sleep_then_reach_a_cancellation_point(void *arg)
{
	sleep_once(arg);
	pthread_testcancel();
	return NULL;
}

/* Its frame would stay in the line. */
static void a_sleeper_is_not_cancelled_in_its_sleep(void **state)
{
	_Atomic(uint32_t) word = 1;
	struct sleeper sleeper = { .word = &word, .deadline = INT64_MAX };
	void *ended;

	(void)state;
	assert_int_equal(pthread_create(&sleeper.thread, NULL, sleep_then_reach_a_cancellation_point, &sleeper), 0);
	expect_sleepers(&word, 1);
	assert_int_equal(pthread_cancel(sleeper.thread), 0);
	assert_int_equal(wti_os->futex_wait(&word, 1, wti_os->clock() + 5000000), -ETIMEDOUT);
	assert_int_equal(wti_posix_futex_sleepers(&word), 1);
	assert_int_equal(wti_os->futex_wake(&word, 1), 1);
	pthread_join(sleeper.thread, &ended);
	assert_ptr_equal(ended, PTHREAD_CANCELED);
	assert_true(is_back(&sleeper));
}

/* ---- A storm ---- */

enum { PLAYERS = 4 };

/* A token goes round: whoever has it gives it on by the next one's word, which is in a block that is freed after use. */
struct round {
	_Atomic(_Atomic(uint32_t) *) words[PLAYERS]; /* 1: wait; 2: go on */
	unsigned rounds;
};

struct player {
	struct round *round;
	unsigned number;
	pthread_t thread;
};

static _Atomic(uint32_t) *new_word(void)
{
	_Atomic(uint32_t) *word = malloc(sizeof *word);

	if (!word)
		abort();
	atomic_init(word, 1);
	return word;
}

static void give_on(struct round *round, unsigned number)
{
	_Atomic(uint32_t) *word = atomic_load(&round->words[number]);

	atomic_store(word, 2);
	/* The other one may have seen it, and freed the word: the wake has but its address. */
	wti_os->futex_wake(word, 1);
}

static void *play(void *arg)
{
	struct player *player = arg;
	struct round *round = player->round;

	for (unsigned i = 0; i < round->rounds; i++) {
		_Atomic(uint32_t) *word = atomic_load(&round->words[player->number]);

		while (atomic_load(word) == 1)
			wti_os->futex_wait(word, 1, i % 3 ? INT64_MAX : wti_os->clock() + 20000);
		atomic_store(&round->words[player->number], new_word());
		free((void *)word);
		give_on(round, (player->number + 1) % PLAYERS);
	}
	return NULL;
}

static void no_wake_is_lost_nor_touches_what_is_gone(void **state)
{
	struct round round = { .rounds = 20000 / support_slowdown() };
	struct player players[PLAYERS];

	(void)state;
	for (unsigned i = 0; i < PLAYERS; i++)
		round.words[i] = new_word();
	for (unsigned i = 0; i < PLAYERS; i++) {
		players[i] = (struct player){ .round = &round, .number = i };
		assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
	}
	give_on(&round, 0);
	for (unsigned i = 0; i < PLAYERS; i++)
		pthread_join(players[i].thread, NULL);
	assert_int_equal(atomic_load(round.words[0]), 2);
	for (unsigned i = 0; i < PLAYERS; i++)
		free((void *)round.words[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_came_first_is_woken_first),
		TEST(a_wake_finds_the_sleepers_of_its_word_alone),
		TEST(a_time_out_leaves_the_line),
		TEST(a_sleeper_is_not_cancelled_in_its_sleep),
		TEST(no_wake_is_lost_nor_touches_what_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
