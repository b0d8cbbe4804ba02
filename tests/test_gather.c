/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include "os.h"
#include "support/random.h"
#include "support/support.h"

enum { MANY_WAITS = 20000, PAUSE = 20 /* ns */ };

static int64_t now;           /* the clock of these tests */
static unsigned clock_looks;

static int64_t faked_clock(void)
{
	clock_looks++;
	return now;
}

static void fake_clock(void)
{
	static struct wti_os_ops faked;

	faked = wti_os_real;
	faked.clock = faked_clock;
	now = 1;
	clock_looks = 0;
	wti_os = &faked;
}

/* Who takes and who brings: a wait of so many pauses takes a time, and brings so many things. */
struct pair {
	struct wti_gather gather;
	unsigned window;   /* things under way, all of which have come whenever somebody looks; or 0 */
	int64_t look;      /* ns, for who brings things, which take 20 each besides, and 10 to be taken */
	unsigned pauses;   /* of the wait that comes */
	int64_t paused;    /* ns, so far */
	unsigned unusual;  /* waits so far that were not as usual */
};

static unsigned pair_brings(const struct pair *pair)
{
	unsigned ahead = pair->pauses * PAUSE / 10;

	return pair->window ? pair->window : ahead ? ahead : 1;
}

static void pair_wait(struct pair *pair)
{
	unsigned brought = pair_brings(pair);
	int64_t paused = (int64_t)pair->pauses * PAUSE;

	pair->unusual += pair->pauses != pair->gather.pauses;
	pair->paused += paused;
	now += pair->window ? 300 + paused : pair->look + 20 * (int64_t)brought;
	pair->pauses = wti_gather_next(&pair->gather, brought);
}

static void pair_wait_often(struct pair *pair, unsigned times)
{
	while (times--)
		pair_wait(pair);
}

static const struct pair few = { .window = 4 };
static const struct pair stream = { .look = 600 };

static void who_gains_nothing_by_waits_hardly_makes_any(void **state)
{
	struct pair pair = few;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, MANY_WAITS);
	assert_int_equal(pair.gather.pauses, 0);
	pair.paused = 0;
	now = 1;
	pair_wait_often(&pair, MANY_WAITS);
	assert_true(pair.paused > 0);
	assert_true(pair.paused < now / 50);
}

/* With 64 pauses a thing takes 24.7 ns, with 128 22.3, with 256 21.2. */
static void waits_are_as_long_as_twice_is_worth_a_tenth(void **state)
{
	struct pair pair = stream;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, 200);
	assert_int_equal(pair.gather.pauses, 128);
	pair_wait_often(&pair, MANY_WAITS);
	assert_int_equal(pair.gather.pauses, 128);
}

static void no_wait_is_longer_than_the_longest(void **state)
{
	struct pair pair = { .look = 1000000 };

	(void)state;
	fake_clock();
	for (unsigned i = 0; i < MANY_WAITS; i++) {
		pair_wait(&pair);
		assert_true(pair.pauses <= WTI_GATHER_MAX);
	}
	assert_int_equal(pair.gather.pauses, WTI_GATHER_MAX);
}

/* So the shorter one is kept where both are as good. */
static void half_is_kept_where_it_brings_hardly_less(void **state)
{
	struct pair pair = { .window = 100000, .gather = { .pauses = WTI_GATHER_MAX } };

	(void)state;
	fake_clock();
	for (unsigned i = 0; i < 200; i++) {
		pair_wait(&pair);
		now += 1000000;
	}
	assert_int_equal(pair.gather.pauses, 0);
}

static void trials_and_looks_at_the_clock_become_rare(void **state)
{
	struct pair pair = stream;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, MANY_WAITS);
	pair.unusual = 0;
	clock_looks = 0;
	pair_wait_often(&pair, MANY_WAITS);
	assert_in_range(pair.unusual, 1, MANY_WAITS / 50);
	assert_in_range(clock_looks, 1, MANY_WAITS / 50);
}

/* A clock that is too coarse tells nothing: nothing is waited. */
static void who_sees_no_time_pass_does_not_wait(void **state)
{
	struct wti_gather gather = { .pauses = WTI_GATHER_MAX };

	(void)state;
	fake_clock();
	for (unsigned i = 0; i < MANY_WAITS; i++)
		wti_gather_next(&gather, 100);
	assert_int_equal(gather.pauses, 0);
}

/* One that has seen a moment pass now and then. */
static void who_sees_time_jump_does_not_wait(void **state)
{
	struct wti_gather gather = { .pauses = WTI_GATHER_MAX };
	unsigned waited = 0;

	(void)state;
	fake_clock();
	for (unsigned i = 0; i < MANY_WAITS; i++) {
		now = i / 100 * 4000000;
		waited += wti_gather_next(&gather, 4) != 0;
	}
	assert_true(waited < MANY_WAITS / 20);
}

/*
 * Things come one by one, at any moment, and are taken sooner than the next one comes: what time passes between them
 * says nothing of the waits.
 */
static void who_takes_what_comes_rarely_does_not_wait(void **state)
{
	struct wti_gather gather = { 0 };
	uint64_t random = support_seed();
	int64_t next = 0; /* when the next one comes */
	unsigned pauses = 0, waited = 0;

	(void)state;
	fake_clock();
	for (unsigned i = 0; i < MANY_WAITS; i++) {
		unsigned brought = 0;

		now += 200 + (int64_t)pauses * PAUSE;
		if (now < next)
			now = next;
		for (; next <= now; brought++)
			next += 1 + (int64_t)(support_random(&random) % 100000);
		pauses = wti_gather_next(&gather, brought);
		waited += pauses != 0;
	}
	assert_true(waited < MANY_WAITS / 20);
}

/* Now and then there are many. */
static void few_that_are_unusual_bring_no_trials(void **state)
{
	struct pair pair = few;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, MANY_WAITS);
	pair.unusual = 0;
	for (unsigned i = 0; i < MANY_WAITS; i++) {
		pair.window = i % 5 ? 1 : 40;
		pair_wait(&pair);
	}
	assert_true(pair.unusual < MANY_WAITS / 50);
}

/* One that nobody notices at once, but by the next trial. */
static void a_small_change_is_followed_in_time(void **state)
{
	struct pair pair = few;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, MANY_WAITS);
	assert_true(pair.gather.rest <= WTI_GATHER_SELDOM);
	pair.window = 0;
	pair.look = stream.look;
	pair_wait_often(&pair, 2 * WTI_GATHER_SELDOM);
	assert_int_equal(pair.gather.pauses, 128);
}

/* However long it has been the same. */
static void what_is_learned_follows_a_change_soon(void **state)
{
	struct pair pair = stream;

	(void)state;
	fake_clock();
	pair_wait_often(&pair, MANY_WAITS);
	pair.window = 16;
	pair_wait_often(&pair, 200);
	assert_int_equal(pair.gather.pauses, 0);
	pair_wait_often(&pair, MANY_WAITS);
	pair.window = 0;
	pair_wait_often(&pair, 200);
	assert_int_equal(pair.gather.pauses, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_gains_nothing_by_waits_hardly_makes_any),
		TEST(waits_are_as_long_as_twice_is_worth_a_tenth),
		TEST(no_wait_is_longer_than_the_longest),
		TEST(half_is_kept_where_it_brings_hardly_less),
		TEST(trials_and_looks_at_the_clock_become_rare),
		TEST(who_sees_no_time_pass_does_not_wait),
		TEST(who_sees_time_jump_does_not_wait),
		TEST(who_takes_what_comes_rarely_does_not_wait),
		TEST(few_that_are_unusual_bring_no_trials),
		TEST(a_small_change_is_followed_in_time),
		TEST(what_is_learned_follows_a_change_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
