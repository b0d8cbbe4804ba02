/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"
#include "thread.h"
#include "wait.h"

/* A source that counts what is published to it. */
struct tap {
	struct wti_source source;
	_Atomic(uint64_t) published;
	uint64_t taken; /* owner */
};

static bool tap_ready(struct wti_source *source)
{
	struct tap *tap = wti_container_of(source, struct tap, source);

	return wti_load_sc(&tap->published) != tap->taken;
}

static const struct wti_source_ops tap_ops = { .ready = tap_ready };
static const struct wti_source_ops brief_ops = { .ready = tap_ready, .brief = true };

static void tap_init(struct tap *tap, struct wti_thread *owner)
{
	memset(tap, 0, sizeof *tap);
	wti_source_init(&tap->source, &tap_ops, owner);
}

static void tap_publish(struct tap *tap)
{
	uint64_t now = wti_load(&tap->published);

	while (!wti_cas_sc(&tap->published, &now, now + 1))
		;
	wti_source_notify(&tap->source);
}

/* An owner is static: where AddressSanitizer puts locals, GCC 12 does not align them to lines (its bug 110027). */
static void owner_init(struct wti_thread *owner)
{
	memset(owner, 0, sizeof *owner);
	wti_thread_init(owner, NULL);
	wti_barrier_init();
}

static bool has_token(struct wti_thread *thread)
{
	return wti_park(&thread->parker, 1) == 0;
}

static bool is_hot(const struct tap *tap)
{
	return !wti_list_empty(&tap->source.hot);
}

static uint32_t state_of(struct tap *tap)
{
	return wti_load(&tap->source.state);
}

/* ---- Arm, notify, collect ---- */

static void a_source_that_is_not_armed_wakes_nobody(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	tap_publish(&tap);
	assert_null(wti_load(&owner.ready));
	assert_int_equal(state_of(&tap), WTI_SOURCE_IDLE);
	wti_source_arm(&tap.source);
	wti_source_disarm(&tap.source);
	tap_publish(&tap);
	assert_null(wti_load(&owner.ready));
	assert_false(has_token(&owner));
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

static void an_armed_source_wakes_its_owner_once(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	for (int round = 0; round < 3; round++) {
		wti_source_arm(&tap.source);
		assert_int_equal(state_of(&tap), WTI_SOURCE_ARMED);
		for (int i = 0; i < 3; i++)
			tap_publish(&tap);
		assert_int_equal(state_of(&tap), WTI_SOURCE_NOTIFIED);
		assert_ptr_equal(wti_load(&owner.ready), &tap.source);
		assert_true(has_token(&owner));
		assert_false(has_token(&owner));
		assert_false(is_hot(&tap));
		wti_source_collect(&owner);
		assert_true(is_hot(&tap));
		assert_int_equal(state_of(&tap), WTI_SOURCE_IDLE);
		assert_null(wti_load(&owner.ready));
		wti_list_remove(&tap.source.hot);
	}
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

/* A wake that is on its way is neither forgotten nor doubled. */
static void arming_and_disarming_leave_a_notified_source_alone(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	wti_source_arm(&tap.source);
	tap_publish(&tap);
	wti_source_arm(&tap.source);
	assert_int_equal(state_of(&tap), WTI_SOURCE_NOTIFIED);
	wti_source_disarm(&tap.source);
	assert_int_equal(state_of(&tap), WTI_SOURCE_NOTIFIED);
	tap_publish(&tap);
	wti_source_collect(&owner);
	wti_source_collect(&owner);
	assert_true(is_hot(&tap));
	wti_source_detach(&tap.source);
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

static void who_was_notified_first_is_served_first(void **state)
{
	static const int order[] = { 2, 0, 3, 1 };
	static struct wti_thread owner;
	struct tap taps[4];

	(void)state;
	owner_init(&owner);
	for (int i = 0; i < 4; i++) {
		tap_init(&taps[i], &owner);
		wti_source_arm(&taps[i].source);
	}
	for (int i = 0; i < 4; i++)
		tap_publish(&taps[order[i]]);
	wti_source_collect(&owner);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(wti_list_pop(&owner.hot), &taps[order[i]].source.hot);
	assert_null(wti_list_pop(&owner.hot));
	wti_thread_destroy(&owner);
}

/* More than there are guesses for; in later rounds the oldest guesses are of sources that are not there this time. */
static void guesses_change_nothing_but_the_speed(void **state)
{
	enum { ALL = 3 * WTI_READY_GUESSES };
	static struct wti_thread owner;
	struct tap taps[ALL];

	(void)state;
	owner_init(&owner);
	wti_store(&owner.ready_pushes, UINT32_MAX - ALL);
	for (int i = 0; i < ALL; i++)
		tap_init(&taps[i], &owner);
	for (int count = ALL; count > 0; count -= 5) {
		for (int i = 0; i < count; i++)
			wti_source_arm(&taps[i].source);
		for (int i = count; i--;)
			tap_publish(&taps[i]);
		wti_source_collect(&owner);
		for (int i = count; i--;)
			assert_ptr_equal(wti_list_pop(&owner.hot), &taps[i].source.hot);
		assert_null(wti_list_pop(&owner.hot));
	}
	wti_thread_destroy(&owner);
}

static void heating_again_keeps_the_place(void **state)
{
	static struct wti_thread owner;
	struct tap taps[2];

	(void)state;
	owner_init(&owner);
	tap_init(&taps[0], &owner);
	tap_init(&taps[1], &owner);
	wti_source_heat(&taps[0].source);
	wti_source_heat(&taps[1].source);
	taps[0].source.idle_passes = 5;
	wti_source_heat(&taps[0].source);
	assert_int_equal(taps[0].source.idle_passes, 0);
	assert_ptr_equal(owner.hot.next, &taps[0].source.hot);
	assert_ptr_equal(owner.hot.prev, &taps[1].source.hot);
	wti_thread_destroy(&owner);
}

static void a_source_cools_unless_it_is_ready(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	wti_source_heat(&tap.source);
	tap_publish(&tap);
	wti_source_arm(&tap.source);
	wti_source_cool(&tap.source);
	assert_true(is_hot(&tap));
	assert_int_equal(state_of(&tap), WTI_SOURCE_IDLE);
	tap.taken = 1;
	wti_source_arm(&tap.source);
	wti_source_cool(&tap.source);
	assert_false(is_hot(&tap));
	assert_int_equal(state_of(&tap), WTI_SOURCE_ARMED);
	tap_publish(&tap);
	wti_source_collect(&owner);
	assert_true(is_hot(&tap));
	wti_thread_destroy(&owner);
}

/* ---- Detach ---- */

/* Armed with the barrier once, it is armed without it from then on, until it is looked at all the time. */
static void a_brief_source_stays_so_until_it_is_served_often(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	tap.source.ops = &brief_ops;
	wti_source_arm_brief(&tap.source);
	assert_true(wti_barrier_heavy());
	assert_int_equal(state_of(&tap), WTI_SOURCE_BRIEF | WTI_SOURCE_ARMED);
	owner.loop_passes = 100;
	tap_publish(&tap);
	tap_publish(&tap);
	assert_int_equal(state_of(&tap), WTI_SOURCE_BRIEF | WTI_SOURCE_NOTIFIED);
	wti_source_collect(&owner);
	assert_true(is_hot(&tap) && wti_source_is_brief(&tap.source));
	tap_publish(&tap);
	assert_int_equal(state_of(&tap), WTI_SOURCE_BRIEF);
	wti_source_served(&tap.source);
	tap.taken = 3;
	wti_source_arm(&tap.source);
	wti_source_cool(&tap.source);
	assert_false(is_hot(&tap));
	assert_int_equal(state_of(&tap), WTI_SOURCE_BRIEF | WTI_SOURCE_ARMED);
	owner.loop_passes++;
	tap_publish(&tap);
	wti_source_collect(&owner);
	assert_int_equal(state_of(&tap), WTI_SOURCE_IDLE);
	wti_source_detach(&tap.source);
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

/* Others look elsewhere whether its owner sleeps: it needs the barrier each time. */
static void a_source_that_is_not_to_be_brief_is_not(void **state)
{
	static struct wti_thread owner;
	struct tap tap;

	(void)state;
	owner_init(&owner);
	tap_init(&tap, &owner);
	wti_source_arm_brief(&tap.source);
	assert_int_equal(state_of(&tap), WTI_SOURCE_ARMED);
	wti_source_detach(&tap.source);
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

static void a_detached_source_is_on_no_list_and_wakes_nobody(void **state)
{
	static struct wti_thread owner;
	struct tap taps[3];

	(void)state;
	owner_init(&owner);
	for (int i = 0; i < 3; i++)
		tap_init(&taps[i], &owner);
	/* One armed, one hot, one on the ready stack. */
	wti_source_arm(&taps[0].source);
	wti_source_heat(&taps[1].source);
	wti_source_arm(&taps[2].source);
	tap_publish(&taps[2]);
	assert_true(has_token(&owner));
	for (int i = 0; i < 3; i++) {
		wti_source_detach(&taps[i].source);
		assert_false(is_hot(&taps[i]));
		tap_publish(&taps[i]);
	}
	assert_false(has_token(&owner));
	assert_null(wti_load(&owner.ready));
	assert_true(wti_list_empty(&owner.hot));
	for (int i = 0; i < 3; i++)
		wti_source_destroy(&taps[i].source);
	wti_thread_destroy(&owner);
}

/* Taking one off the ready stack loses none of the others there. */
static void detaching_a_notified_source_keeps_the_others(void **state)
{
	static struct wti_thread owner;
	struct tap taps[3];

	(void)state;
	owner_init(&owner);
	for (int i = 0; i < 3; i++) {
		tap_init(&taps[i], &owner);
		wti_source_arm(&taps[i].source);
		tap_publish(&taps[i]);
	}
	wti_source_detach(&taps[1].source);
	wti_source_collect(&owner);
	assert_true(is_hot(&taps[0]));
	assert_false(is_hot(&taps[1]));
	assert_true(is_hot(&taps[2]));
	wti_thread_destroy(&owner);
}

static struct latch notifying, go_on;

static void stall_notifier(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_NOTIFYING) {
		latch_open(&notifying);
		latch_await(&go_on);
	}
}

static void *publish(void *arg)
{
	tap_publish(arg);
	return NULL;
}

static void *open_soon(void *arg)
{
	(void)arg;
	/* Long enough for a detach that does not wait to be done first. */
	wti_park(&(struct wti_parker){ .event_fd = -1 }, wt_after_ms(20));
	latch_open(&go_on);
	return NULL;
}

/* A notifier between its state change and its push holds the lock: the owner waits, and finds the push. */
static void a_detach_waits_for_a_notifier_that_is_under_way(void **state)
{
	static struct wti_thread owner;
	struct tap tap;
	pthread_t notifier, opener;

	(void)state;
	notifying = go_on = (struct latch){ 0 };
	owner_init(&owner);
	tap_init(&tap, &owner);
	wti_source_arm(&tap.source);
	wti_yield_hook = stall_notifier;
	assert_int_equal(pthread_create(&notifier, NULL, publish, &tap), 0);
	assert_true(latch_await(&notifying));
	assert_int_equal(state_of(&tap), WTI_SOURCE_NOTIFIED);
	assert_int_equal(pthread_create(&opener, NULL, open_soon, NULL), 0);
	wti_source_detach(&tap.source);
	assert_true(latch_is_open(&go_on));
	assert_false(is_hot(&tap));
	assert_null(wti_load(&owner.ready));
	pthread_join(notifier, NULL);
	pthread_join(opener, NULL);
	wti_source_destroy(&tap.source);
	wti_thread_destroy(&owner);
}

/* ---- Together ---- */

#define TAPS 3
#define PUBLISHERS 4

struct basin {
	struct tap taps[TAPS];
	uint64_t each; /* publications of each publisher */
	struct verdict verdict;
};

static void *publish_all(void *arg)
{
	struct basin *basin = arg;

	for (uint64_t i = 0; i < basin->each; i++)
		tap_publish(&basin->taps[i % TAPS]);
	return NULL;
}

static uint64_t take_all(struct basin *basin)
{
	uint64_t sum = 0;

	for (int i = 0; i < TAPS; i++) {
		basin->taps[i].taken = wti_load_acq(&basin->taps[i].published);
		sum += basin->taps[i].taken;
	}
	return sum;
}

/* The owner sleeps whenever it has seen nothing new; a wake that is lost leaves it asleep, until the watchdog. */
static void no_publication_is_slept_through(void **state)
{
	struct basin *basin = calloc(1, sizeof *basin);
	pthread_t publishers[PUBLISHERS];
	static struct wti_thread owner;
	uint64_t seen = 0;

	(void)state;
	assert_non_null(basin);
	owner_init(&owner);
	basin->each = 200000 / support_slowdown();
	for (int i = 0; i < TAPS; i++)
		tap_init(&basin->taps[i], &owner);
	for (int i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_create(&publishers[i], NULL, publish_all, basin), 0);
	while (seen < PUBLISHERS * basin->each) {
		uint64_t now;

		wti_source_collect(&owner);
		while (wti_list_pop(&owner.hot))
			;
		for (int i = 0; i < TAPS; i++)
			wti_source_arm(&basin->taps[i].source);
		wti_barrier_heavy();
		now = take_all(basin);
		if (now == seen)
			CHECK(&basin->verdict, wti_park(&owner.parker, INT64_MAX) == 0);
		seen = now;
	}
	for (int i = 0; i < PUBLISHERS; i++)
		pthread_join(publishers[i], NULL);
	assert_verdict(&basin->verdict);
	assert_int_equal(take_all(basin), PUBLISHERS * basin->each);
	for (int i = 0; i < TAPS; i++) {
		wti_source_detach(&basin->taps[i].source);
		wti_source_destroy(&basin->taps[i].source);
	}
	wti_thread_destroy(&owner);
	free(basin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_source_that_is_not_armed_wakes_nobody),
		TEST(an_armed_source_wakes_its_owner_once),
		TEST(arming_and_disarming_leave_a_notified_source_alone),
		TEST(who_was_notified_first_is_served_first),
		TEST(guesses_change_nothing_but_the_speed),
		TEST(heating_again_keeps_the_place),
		TEST(a_source_cools_unless_it_is_ready),
		TEST(a_brief_source_stays_so_until_it_is_served_often),
		TEST(a_source_that_is_not_to_be_brief_is_not),
		TEST(a_detached_source_is_on_no_list_and_wakes_nobody),
		TEST(detaching_a_notified_source_keeps_the_others),
		TEST(a_detach_waits_for_a_notifier_that_is_under_way),
		TEST(no_publication_is_slept_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
