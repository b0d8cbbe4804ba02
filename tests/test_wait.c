/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt/error.h>

#include "os.h"
#include "seam.h"
#include "support/child.h"
#include "support/support.h"

#define MS ((int64_t)1000000)

/* Something to wait for, with the calls that were made. */
struct thing {
	_Atomic(uint32_t) there;
	_Atomic(uint32_t) armed;
	unsigned looks;
	unsigned arms;
	unsigned disarms;
	struct wti_thread *waiter;
};

static bool thing_ready(void *what)
{
	struct thing *thing = what;

	thing->looks++;
	return wti_load_sc(&thing->there) != 0;
}

static bool thing_arm(void *what)
{
	struct thing *thing = what;

	thing->arms++;
	wti_store_sc(&thing->armed, 1);
	return false;
}

static void thing_disarm(void *what)
{
	struct thing *thing = what;

	thing->disarms++;
	wti_store_sc(&thing->armed, 0);
}

static const struct wti_wait_ops thing_ops = {
	.ready = thing_ready,
	.arm = thing_arm,
	.disarm = thing_disarm,
};

/* What whoever makes it ready does: publish, look whether anybody has announced, wake. */
static void thing_publish(struct thing *thing)
{
	wti_store_sc(&thing->there, 1);
	if (wti_load_sc(&thing->armed))
		wti_unpark(&thing->waiter->parker);
}

static struct wti_thread *self(void)
{
	struct wti_thread *thread = wti_thread_self();

	assert_non_null(thread);
	/* No token of the test before. */
	wti_park(&thread->parker, 1);
	return thread;
}

/* ---- Without a sleep ---- */

static void what_is_ready_is_not_waited_for(void **state)
{
	static const wt_time deadlines[] = { WT_NOW, 1, WT_FOREVER };

	(void)state;
	support_count();
	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
		struct thing thing = { .there = 1 };

		assert_int_equal(wti_wait(self(), &thing_ops, &thing, deadlines[i]), 0);
		assert_int_equal(thing.looks, 1);
		assert_int_equal(thing.arms, 0);
	}
}

static void now_looks_once_and_does_not_announce(void **state)
{
	struct wti_thread *thread = self();
	struct thing thing = { .there = 0 };

	(void)state;
	support_count();
	assert_int_equal(wti_wait(thread, &thing_ops, &thing, WT_NOW), WT_EAGAIN);
	assert_int_equal(thing.looks, 1);
	assert_int_equal(thing.arms, 0);
	assert_int_equal(support_counts.system_calls, 0);
}

/* ---- Deadlines ---- */

static void a_wait_does_not_time_out_early_and_takes_its_announcement_back(void **state)
{
	(void)state;
	for (int64_t span = 0; span < 30 * MS; span = span * 2 + 777) {
		struct thing thing = { .there = 0 };
		wt_time deadline = wt_after_ns((uint64_t)span);

		assert_int_equal(wti_wait(self(), &thing_ops, &thing, deadline), WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
		assert_int_equal(thing.armed, 0);
		assert_true(thing.arms >= 1 && thing.disarms >= 1);
	}
}

static void a_deadline_that_has_passed_is_a_time_out(void **state)
{
	struct thing thing = { .there = 0 };

	(void)state;
	assert_int_equal(wti_wait(self(), &thing_ops, &thing, 1), WT_ETIMEDOUT);
	assert_int_equal(thing.armed, 0);
}

static struct wti_os_ops late_os;
static struct thing *late_thing;

/* It becomes ready while the thread sleeps, but the wake does not come in time. */
static int become_ready_unheard(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	wti_store_sc(&late_thing->there, 1);
	return wti_os_real.futex_wait(word, value, deadline);
}

static void a_last_look_follows_the_deadline(void **state)
{
	struct thing thing = { .there = 0 };
	struct wti_thread *thread = self();

	(void)state;
	late_thing = &thing;
	late_os = wti_os_real;
	late_os.futex_wait = become_ready_unheard;
	wti_os = &late_os;
	assert_int_equal(wti_wait(thread, &thing_ops, &thing, wt_after_ms(1)), 0);
	assert_int_equal(thing.armed, 0);
}

/* ---- Becoming ready at each step ---- */

static struct thing *hooked_thing;
static enum wti_yield_point hooked_point;

static void publish_at_point(enum wti_yield_point point, void *object)
{
	if (point == hooked_point && object == hooked_thing)
		thing_publish(hooked_thing);
}

static void what_becomes_ready_before_or_after_the_announcement_is_seen(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_BEFORE_ARM, WTI_YIELD_ARMED };

	(void)state;
	support_count();
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		struct thing thing = { .waiter = self() };

		hooked_thing = &thing;
		hooked_point = points[i];
		wti_yield_hook = publish_at_point;
		support_count_reset();
		assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), 0);
		assert_int_equal(support_counts.futex_waits, 0);
		assert_int_equal(thing.armed, 0);
		wti_yield_hook = NULL;
	}
}

static bool is_armed(void *arg)
{
	struct thing *thing = arg;

	return wti_load_sc(&thing->armed) != 0;
}

static void *publish_when_armed(void *arg)
{
	struct thing *thing = arg;

	if (await(is_armed, thing))
		thing_publish(thing);
	return NULL;
}

static void what_becomes_ready_during_the_sleep_ends_it(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct thing thing = { .waiter = self() };
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, publish_when_armed, &thing), 0);
		assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), 0);
		pthread_join(thread, NULL);
		assert_int_equal(thing.armed, 0);
	}
}

/* A wake that is for something else uses no announcement up, and ends nothing. */
static void *wake_for_nothing_then_publish(void *arg)
{
	struct thing *thing = arg;

	for (int i = 0; i < 100 && await(is_armed, thing); i++) {
		wti_store_sc(&thing->armed, 0);
		wti_unpark(&thing->waiter->parker);
	}
	return publish_when_armed(thing);
}

static void a_wake_for_nothing_is_followed_by_a_new_announcement(void **state)
{
	struct thing thing = { .waiter = self() };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wake_for_nothing_then_publish, &thing), 0);
	assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), 0);
	pthread_join(thread, NULL);
	assert_true(thing.arms > 100);
	assert_int_equal(thing.armed, 0);
}

static void a_futex_that_returns_without_reason_ends_no_wait(void **state)
{
	struct thing thing = { .waiter = self() };
	wt_time deadline;
	pthread_t thread;

	(void)state;
	support_fail_os(SUPPORT_FUTEX_WAIT, 0);
	deadline = wt_after_ms(20);
	assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	assert_int_equal(pthread_create(&thread, NULL, publish_when_armed, &thing), 0);
	assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), 0);
	pthread_join(thread, NULL);
}

/* ---- Being ended ---- */

/* As a worker is told to end. */
static void terminate(struct wti_thread *thread)
{
	wti_store(&thread->terminating, 1);
	wti_unpark(&thread->parker);
}

/* [W5] Also where what it waits for is ready, and where it would not have slept. */
static void a_thread_that_is_to_end_waits_for_nothing(void **state)
{
	static const wt_time deadlines[] = { WT_NOW, 1, WT_FOREVER };
	struct wti_thread *thread = self();

	(void)state;
	wti_store(&thread->terminating, 1);
	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
		struct thing thing = { .there = i & 1 };

		assert_int_equal(wti_wait(thread, &thing_ops, &thing, deadlines[i]), WT_ETERMINATED);
		assert_int_equal(thing.arms, 0);
	}
	wti_store(&thread->terminating, 0);
}

static void *terminate_when_armed(void *arg)
{
	struct thing *thing = arg;

	if (await(is_armed, thing))
		terminate(thing->waiter);
	return NULL;
}

static void terminate_at_point(enum wti_yield_point point, void *object)
{
	if (point == hooked_point && object == hooked_thing)
		terminate(hooked_thing->waiter);
}

/* [W5] */
static void the_end_of_the_thread_ends_its_wait_at_each_step(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_BEFORE_ARM, WTI_YIELD_ARMED };
	struct thing thing = { .waiter = self() };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, terminate_when_armed, &thing), 0);
	assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), WT_ETERMINATED);
	pthread_join(thread, NULL);
	wti_store(&thing.waiter->terminating, 0);
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		thing = (struct thing){ .waiter = self() };
		hooked_thing = &thing;
		hooked_point = points[i];
		wti_yield_hook = terminate_at_point;
		assert_int_equal(wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER), WT_ETERMINATED);
		assert_int_equal(thing.armed, 0);
		wti_yield_hook = NULL;
		wti_store(&thing.waiter->terminating, 0);
	}
}

/* One that is being ended and has to wait for others does so, and is still told when they are ready. */
static void a_wait_through_does_not_look_at_the_end_of_the_thread(void **state)
{
	struct thing thing = { .waiter = self() };
	wt_time deadline = wt_after_ms(10);
	pthread_t thread;

	(void)state;
	terminate(thing.waiter);
	assert_int_equal(wti_wait_through(thing.waiter, &thing_ops, &thing, WT_NOW), WT_EAGAIN);
	assert_int_equal(wti_wait_through(thing.waiter, &thing_ops, &thing, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	assert_int_equal(pthread_create(&thread, NULL, publish_when_armed, &thing), 0);
	assert_int_equal(wti_wait_through(thing.waiter, &thing_ops, &thing, WT_FOREVER), 0);
	pthread_join(thread, NULL);
	wti_store(&thing.waiter->terminating, 0);
}

/* ---- Polling ---- */

/*
 * Whether to poll is decided once in a process, so a new one is asked: this
 * program, told to print how many times a wait of its own looked before it
 * announced its sleep.
 */
static unsigned looks_before_arm;

static void note_looks(enum wti_yield_point point, void *object)
{
	struct thing *thing = object;

	if (point == WTI_YIELD_BEFORE_ARM)
		looks_before_arm = thing->looks;
}

static struct wti_os_ops counted_os;
static unsigned yields;
static int cpus;

static int stub_cpu_count(void)
{
	return cpus;
}

static void stub_yield(void)
{
	yields++;
}

static void use_processors(int count, void (*yield)(void))
{
	counted_os = wti_os_real;
	counted_os.cpu_count = stub_cpu_count;
	counted_os.yield = yield;
	cpus = count;
	wti_os = &counted_os;
}

static int report_polling(int cpu_count)
{
	struct thing thing = { .there = 0 };

	use_processors(cpu_count, stub_yield);
	wti_yield_hook = note_looks;
	if (wti_wait(wti_thread_self(), &thing_ops, &thing, 1) != WT_ETIMEDOUT)
		return 1;
	printf("%u %u\n", looks_before_arm, yields);
	return 0;
}

/* What shares the processor with who waits makes it ready as soon as it has it. */
static void yield_to_publisher(void)
{
	yields++;
	wti_store_sc(&hooked_thing->there, 1);
}

/* The other side gets on so many times, and then stands still; where that is less than none, nothing is known of it. */
static int moves;

static uint64_t thing_progress(void *what)
{
	(void)what;
	if (moves < 0)
		return 0;
	return moves ? (uint64_t)moves-- + 1 : 1;
}

static void note_looks_and_publish(enum wti_yield_point point, void *object)
{
	struct thing *thing = object;

	note_looks(point, object);
	if (point == WTI_YIELD_BEFORE_ARM)
		wti_store_sc(&thing->there, 1);
}

static int report_watching(int count, wt_time deadline)
{
	struct wti_wait_ops ops = thing_ops;
	struct thing thing = { .there = 0 };

	ops.progress = thing_progress;
	moves = count;
	use_processors(2, stub_yield);
	wti_yield_hook = note_looks_and_publish;
	if (wti_wait(wti_thread_self(), &ops, &thing, deadline) != 0)
		return 1;
	printf("%u %u\n", looks_before_arm, yields);
	return 0;
}

/* The other side gets on for ever; after so many looks at it the thread is to end. */
static unsigned looks_at_end;

static uint64_t thing_progress_beyond_the_end(void *what)
{
	struct thing *thing = what;

	if (--moves == 0) {
		looks_at_end = thing->looks;
		wti_store(&thing->waiter->terminating, 1);
	}
	return (unsigned)moves % 2 + 1;
}

static int report_ending(int count)
{
	struct wti_wait_ops ops = thing_ops;
	struct thing thing = { .waiter = wti_thread_self() };

	ops.progress = thing_progress_beyond_the_end;
	moves = count;
	use_processors(2, stub_yield);
	if (wti_wait(thing.waiter, &ops, &thing, WT_FOREVER) != WT_ETERMINATED || thing.arms || moves > 0)
		return 1;
	wti_store(&thing.waiter->terminating, 0);
	printf("%u %u\n", thing.looks - looks_at_end, yields);
	return 0;
}

/* So many waits, and yields in them, until one announced its sleep; the next is to yield again. */
static int report_sharing(void)
{
	struct thing thing = { .waiter = wti_thread_self() };
	unsigned waits = 0, until;

	use_processors(2, yield_to_publisher);
	hooked_thing = &thing;
	hooked_point = WTI_YIELD_BEFORE_ARM;
	wti_yield_hook = publish_at_point;
	for (; !thing.arms && waits < 1000; waits++) {
		wti_store_sc(&thing.there, 0);
		if (wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER) != 0)
			return 1;
	}
	until = yields;
	wti_store_sc(&thing.there, 0);
	if (wti_wait(thing.waiter, &thing_ops, &thing, WT_FOREVER) != 0 || yields != until + 1 || thing.arms != 1)
		return 1;
	printf("%u %u\n", waits, until);
	return 0;
}

static void ask_new_process(const char *cpu_count, const char *setting, unsigned *looks, unsigned *yielded)
{
	struct child_command command;
	char *envp[] = { (char *)(uintptr_t)setting, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], status;
	pid_t child;
	FILE *out;

	assert_int_equal(pipe(fds), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, fds[0]);
	child_command(&command, "test_wait", cpu_count, NULL);
	assert_int_equal(posix_spawnp(&child, command.program, &actions, NULL, command.argv, envp), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	out = fdopen(fds[0], "r");
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%u %u", looks, yielded), 2);
	fclose(out);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Not for a single one; then the longer the more came, within bounds. */
static void what_gathers_before_a_wait_follows_from_what_came(void **state)
{
	(void)state;
	assert_int_equal(wti_wait_pauses_after(0), 0);
	assert_int_equal(wti_wait_pauses_after(1), 0);
	assert_int_equal(wti_wait_pauses_after(2), WTI_WAIT_GATHER_MIN);
	assert_int_equal(wti_wait_pauses_after(100), 50);
	assert_int_equal(wti_wait_pauses_after(100000), WTI_WAIT_GATHER_MAX);
}

/* Where the run was answered: only after a long one, and then no more than the least. */
static void what_gathers_behind_an_answer_is_little(void **state)
{
	(void)state;
	assert_int_equal(wti_wait_pauses_answered(0), 0);
	assert_int_equal(wti_wait_pauses_answered(2 * WTI_WAIT_GATHER_MIN - 1), 0);
	assert_int_equal(wti_wait_pauses_answered(2 * WTI_WAIT_GATHER_MIN), WTI_WAIT_GATHER_MIN);
	assert_int_equal(wti_wait_pauses_answered(100000), WTI_WAIT_GATHER_MIN);
}

/* As many pauses as these would be minutes. */
static void what_gathers_ends_as_the_word_changes(void **state)
{
	_Atomic(uint64_t) word = 2;

	(void)state;
	wti_wait_gather_while(UINT_MAX, &word, 1);
	wti_wait_gather_while(WTI_WAIT_GATHER_MIN, &word, 2);
}

/* Nothing can become ready while the only processor looks for it. */
static void one_processor_does_not_poll(void **state)
{
	unsigned looks, yielded;

	(void)state;
	ask_new_process("1", "NONE=1", &looks, &yielded);
	assert_int_equal(looks, 1);
	assert_int_equal(yielded, 0);
}

static void two_processors_poll_before_they_sleep(void **state)
{
	unsigned looks, yielded;

	(void)state;
	ask_new_process("2", "NONE=1", &looks, &yielded);
	assert_true(looks > 10);
	assert_true(yielded > 0);
}

static unsigned looks_while_moving(const char *count)
{
	unsigned looks, yielded;

	ask_new_process(count, "NONE=1", &looks, &yielded);
	assert_true(yielded > 0);
	return looks;
}

static void a_poll_goes_on_while_the_other_side_does_but_not_for_ever(void **state)
{
	unsigned unknown = looks_while_moving("watch-1");
	unsigned still = looks_while_moving("watch0") - unknown;
	unsigned endless;

	(void)state;
	assert_true(still > 0);
	assert_int_equal(looks_while_moving("watch4"), unknown + 5 * still);
	endless = looks_while_moving("watch1000000");
	assert_true(endless > unknown + 5 * still);
	assert_true(endless < unknown + 1000 * still);
}

static void a_poll_does_not_go_on_behind_its_deadline(void **state)
{
	unsigned looks = looks_while_moving("late1000000");

	(void)state;
	assert_int_equal(looks, looks_while_moving("watch-1"));
}

/* [W5] */
static void a_poll_does_not_go_on_behind_the_end_of_its_thread(void **state)
{
	unsigned looks, yielded;

	(void)state;
	ask_new_process("ending3", "NONE=1", &looks, &yielded);
	assert_in_range(looks, 1, 2);
	assert_int_equal(yielded, 0);
}

/* Else the system might leave the two where they are. */
static void who_finds_only_by_yielding_sleeps_now_and_then(void **state)
{
	unsigned waits, yielded;

	(void)state;
	ask_new_process("shared", "NONE=1", &waits, &yielded);
	assert_in_range(waits, 8, 100);
	assert_int_equal(yielded, waits - 1);
}

static void polling_can_be_turned_off_from_outside(void **state)
{
	unsigned looks, yielded;

	(void)state;
	ask_new_process("2", "WT_TEST_NO_POLL=1", &looks, &yielded);
	assert_int_equal(looks, 1);
	assert_int_equal(yielded, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_ready_is_not_waited_for),
		TEST(now_looks_once_and_does_not_announce),
		TEST(a_wait_does_not_time_out_early_and_takes_its_announcement_back),
		TEST(a_deadline_that_has_passed_is_a_time_out),
		TEST(a_last_look_follows_the_deadline),
		TEST(what_becomes_ready_before_or_after_the_announcement_is_seen),
		TEST(what_becomes_ready_during_the_sleep_ends_it),
		TEST(a_wake_for_nothing_is_followed_by_a_new_announcement),
		TEST(a_futex_that_returns_without_reason_ends_no_wait),
		TEST(a_thread_that_is_to_end_waits_for_nothing),
		TEST(the_end_of_the_thread_ends_its_wait_at_each_step),
		TEST(a_wait_through_does_not_look_at_the_end_of_the_thread),
		TEST(what_gathers_before_a_wait_follows_from_what_came),
		TEST(what_gathers_behind_an_answer_is_little),
		TEST(what_gathers_ends_as_the_word_changes),
		TEST(one_processor_does_not_poll),
		TEST(two_processors_poll_before_they_sleep),
		TEST(a_poll_goes_on_while_the_other_side_does_but_not_for_ever),
		TEST(a_poll_does_not_go_on_behind_its_deadline),
		TEST(a_poll_does_not_go_on_behind_the_end_of_its_thread),
		TEST(who_finds_only_by_yielding_sleeps_now_and_then),
		TEST(polling_can_be_turned_off_from_outside),
	};

	if (argc > 1 && strncmp(argv[1], "watch", 5) == 0)
		return report_watching(atoi(argv[1] + 5), WT_FOREVER);
	if (argc > 1 && strncmp(argv[1], "late", 4) == 0)
		return report_watching(atoi(argv[1] + 4), 1);
	if (argc > 1 && strncmp(argv[1], "ending", 6) == 0)
		return report_ending(atoi(argv[1] + 6));
	if (argc > 1)
		return strcmp(argv[1], "shared") == 0 ? report_sharing() : report_polling(atoi(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
