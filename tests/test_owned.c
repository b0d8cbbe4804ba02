/* SPDX-License-Identifier: MIT */
#include "owned.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "barrier.h"
#include "os.h"
#include "support/seams.h"
#include "support/support.h"

/* What a thread would have, and an element of its list. */
struct owner {
	struct verdict verdict;
	struct wti_owned owned;
	struct wti_list things;
	struct wti_list one;
	atomic_bool over;
	atomic_uint changes;
	atomic_uint walks;
	struct latch walked;
};

struct thing {
	struct wti_list owned;
	_Atomic(unsigned) alive; /* THING_ALIVE until it is freed */
};

enum { THING_ALIVE = 0x7e57 };

static void owner_init(struct owner *owner)
{
	*owner = (struct owner){ .changes = 0 };
	wti_barrier_init();
	wti_owned_init(&owner->owned);
	wti_list_init(&owner->things);
	wti_list_init(&owner->one);
}

static size_t count_walking(struct owner *owner)
{
	size_t count = 0;

	wti_owned_lock(&owner->owned);
	for (struct wti_list *link = owner->things.next; link != &owner->things; link = link->next)
		count++;
	wti_owned_unlock(&owner->owned);
	return count;
}

/* As where the system has no such barrier, or has one; while nothing runs. */
static bool set_asymmetric(bool asymmetric)
{
	bool saved = wti_barrier_is_asymmetric();

	wti_store(&wti_barrier_asymmetric, asymmetric);
	return saved;
}

static void check_a_walk(void)
{
	struct owner owner;
	struct wti_list others, other;

	owner_init(&owner);
	wti_list_init(&others);
	wti_list_init(&other);
	wti_owned_add(&owner.owned, &owner.things, &owner.one);
	assert_true(wti_owned_walk_begin());
	assert_int_equal(count_walking(&owner), 1);
	wti_owned_add(&owner.owned, &owner.things, &other); /* meanwhile, and another walk */
	assert_true(wti_owned_walk_begin());
	assert_int_equal(count_walking(&owner), 2);
	wti_owned_walk_end();
	wti_owned_move_all(&owner.owned, &others, &owner.things);
	assert_int_equal(count_walking(&owner), 0);
	wti_owned_walk_end();
	wti_owned_remove(&owner.owned, &owner.one);
	wti_owned_remove(&owner.owned, &owner.one); /* it is on no list */
	assert_true(others.next == &other && other.next == &others);
	wti_owned_destroy(&owner.owned);
}

static void a_walk_sees_what_is_owned(void **state)
{
	bool saved;

	(void)state;
	check_a_walk();
	saved = set_asymmetric(false);
	check_a_walk();
	set_asymmetric(saved);
}

static void a_change_that_nobody_watches_makes_no_call(void **state)
{
	struct owner owner;

	(void)state;
	support_count();
	owner_init(&owner);
	support_count_reset();
	for (int i = 0; i < 100; i++) {
		wti_owned_add(&owner.owned, &owner.things, &owner.one);
		wti_owned_remove(&owner.owned, &owner.one);
	}
	assert_int_equal(support_counts.system_calls, 0);
	wti_owned_destroy(&owner.owned);
}

/* ---- A change is under way ---- */

static void *add_one(void *arg)
{
	struct owner *owner = arg;

	wti_owned_add(&owner->owned, &owner->things, &owner->one);
	return NULL;
}

static void *walk_once(void *arg)
{
	struct owner *owner = arg;

	CHECK(&owner->verdict, wti_owned_walk_begin());
	CHECK(&owner->verdict, count_walking(owner) == 1);
	wti_owned_walk_end();
	latch_open(&owner->walked);
	return NULL;
}

static bool somebody_sleeps(void *arg)
{
	(void)arg;
	return atomic_load(&support_counts.futex_waits) > 0;
}

/* Where all take the lock, the walker may come after the change, and see it as well. */
static void a_walk_waits_for_a_change_that_is_under_way(void **state)
{
	struct owner owner;
	pthread_t changer, walker;

	(void)state;
	support_count();
	owner_init(&owner);
	seams_hold(WTI_YIELD_CHANGING);
	assert_int_equal(pthread_create(&changer, NULL, add_one, &owner), 0);
	assert_true(latch_await(&seams.there));
	support_count_reset();
	assert_int_equal(pthread_create(&walker, NULL, walk_once, &owner), 0);
	if (wti_barrier_is_asymmetric())
		assert_true(await(somebody_sleeps, NULL));
	assert_false(latch_is_open(&owner.walked));
	latch_open(&seams.go);
	assert_int_equal(pthread_join(changer, NULL), 0);
	assert_int_equal(pthread_join(walker, NULL), 0);
	seams_end();
	assert_verdict(&owner.verdict);
	wti_owned_destroy(&owner.owned);
}

/* ---- Changes and walks at full speed ---- */

static void come_and_go(struct owner *owner)
{
	struct thing *thing = malloc(sizeof *thing);

	CHECK(&owner->verdict, thing != NULL);
	if (!thing)
		return;
	wti_store(&thing->alive, THING_ALIVE);
	wti_list_init(&thing->owned);
	wti_owned_add(&owner->owned, &owner->things, &thing->owned);
	wti_owned_remove(&owner->owned, &thing->owned);
	wti_store(&thing->alive, 0);
	free(thing);
	atomic_fetch_add(&owner->changes, 2);
}

static void *change_until_over(void *arg)
{
	struct owner *owner = arg;

	while (!atomic_load(&owner->over))
		come_and_go(owner);
	return NULL;
}

static void walk(struct owner *owner)
{
	CHECK(&owner->verdict, wti_owned_walk_begin());
	wti_owned_lock(&owner->owned);
	for (struct wti_list *link = owner->things.next; link != &owner->things; link = link->next)
		CHECK(&owner->verdict, wti_load(&wti_list_entry(link, struct thing, owned)->alive) == THING_ALIVE);
	wti_owned_unlock(&owner->owned);
	wti_owned_walk_end();
	atomic_fetch_add(&owner->walks, 1);
}

static void *walk_until_over(void *arg)
{
	struct owner *owner = arg;

	while (!atomic_load(&owner->over))
		walk(owner);
	return NULL;
}

static void walks_meet_nothing_that_is_gone(void **state)
{
	struct owner owner;
	pthread_t threads[3];
	const unsigned enough = 20000 / support_slowdown();

	(void)state;
	owner_init(&owner);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i ? walk_until_over : change_until_over, &owner), 0);
	while (atomic_load(&owner.changes) < enough || atomic_load(&owner.walks) < enough)
		sched_yield();
	atomic_store(&owner.over, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_verdict(&owner.verdict);
	wti_owned_destroy(&owner.owned);
}

/* ---- The system takes the barrier away ---- */

static int no_barrier(void)
{
	return -EPERM;
}

static void without_the_barrier_nobody_walks(void **state)
{
	struct wti_os_ops refusing = wti_os_real;
	bool saved;

	(void)state;
	wti_barrier_init();
	saved = set_asymmetric(true);
	refusing.barrier = no_barrier;
	wti_os = &refusing;
	assert_false(wti_owned_walk_begin());
	assert_int_equal(wti_load(&wti_owned_walkers), 0);
	set_asymmetric(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_walk_sees_what_is_owned),
		TEST(a_change_that_nobody_watches_makes_no_call),
		TEST(a_walk_waits_for_a_change_that_is_under_way),
		TEST(walks_meet_nothing_that_is_gone),
		TEST(without_the_barrier_nobody_walks),
	};

	return cmocka_run_group_tests_name("owned", tests, NULL, NULL);
}
