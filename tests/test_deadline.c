/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <wt/loop.h>

#include "loop.h"
#include "os.h"
#include "support/support.h"
#include "thread.h"

#define MANY 500
#define MS ((wt_time)1000000)

/* A deadline that notes when it was called, after which others, and keeps the loop alive until then. */
struct note {
	struct wti_deadline deadline;
	wt_time called;
	unsigned position; /* from 1; 0: not called */
	void (*then)(struct note *note);
	struct note *other;
};

static unsigned calls_made;

static void note_call(struct wti_deadline *deadline, unsigned *calls)
{
	struct note *note = wti_container_of(deadline, struct note, deadline);

	note->called = wt_now();
	note->position = ++calls_made;
	++*calls;
	wti_loop_release(wti_thread_self(), WTI_HOLD_TIMER);
	if (note->then)
		note->then(note);
}

static void add(struct note *note, wt_time at)
{
	wti_loop_hold(wti_thread_self(), WTI_HOLD_TIMER);
	wti_deadline_add(wti_thread_self(), &note->deadline, at);
}

static void start(struct note *note, wt_time at)
{
	*note = (struct note){ 0 };
	wti_deadline_init(&note->deadline, note_call);
	add(note, at);
}

static void cancel(struct note *note)
{
	if (note->deadline.pending)
		wti_loop_release(wti_thread_self(), WTI_HOLD_TIMER);
	wti_deadline_remove(wti_thread_self(), &note->deadline);
}

static int deadline_setup(void **state)
{
	calls_made = 0;
	return support_setup(state);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, deadline_setup, support_teardown)

/* Any order of adding, some taken back: the rest comes by time, and of the same time as it was added. */
static void they_come_in_order_of_time_and_then_of_adding(void **state)
{
	static struct note notes[MANY];
	uint64_t random = support_seed();
	unsigned left = MANY;
	wt_time base = wt_now() - 100;

	(void)state;
	for (int i = 0; i < MANY; i++)
		start(&notes[i], base + (wt_time)(support_random(&random) % 20));
	for (int i = 0; i < MANY; i++) {
		struct note *note = &notes[support_random(&random) % MANY];

		left -= note->deadline.pending;
		cancel(note);
		cancel(note);
		if (i % 3 == 0) { /* and anew: it is now the last of its moment */
			start(note, base + (wt_time)(support_random(&random) % 20));
			left++;
		}
	}
	assert_int_equal(wt_run_once(WT_NOW), left);
	for (int i = 0; i < MANY; i++)
		for (int j = 0; j < MANY; j++)
			if (notes[i].position && notes[j].position && i != j)
				assert_int_equal(notes[i].position < notes[j].position,
						 notes[i].deadline.at != notes[j].deadline.at ?
							 notes[i].deadline.at < notes[j].deadline.at :
							 notes[i].deadline.serial < notes[j].deadline.serial);
	assert_int_equal(calls_made, left);
	assert_false(wt_loop_alive());
	assert_true(wti_deadlines_next(wti_thread_self()) == WT_FOREVER);
}

static void the_loop_sleeps_until_the_earliest_and_never_calls_early(void **state)
{
	struct note notes[3];
	wt_time now = wt_now();

	(void)state;
	start(&notes[0], now + 20 * MS);
	start(&notes[1], now + 5 * MS);
	start(&notes[2], now + 10 * MS);
	assert_int_equal(wt_run(), 0);
	for (int i = 0; i < 3; i++)
		assert_true(notes[i].called >= notes[i].deadline.at);
	assert_int_equal(notes[1].position, 1);
	assert_int_equal(notes[2].position, 2);
	assert_int_equal(notes[0].position, 3);
}

static void run_once_ends_at_whichever_comes_first(void **state)
{
	struct note note;
	wt_time now = wt_now();

	(void)state;
	start(&note, now + 20 * MS);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_run_once(now + 2 * MS), WT_ETIMEDOUT);
	assert_true(wt_now() >= now + 2 * MS);
	assert_int_equal(note.position, 0);
	/* At the same moment, there is something to call. */
	assert_int_equal(wt_run_once(now + 20 * MS), 1);
	assert_int_equal(note.position, 1);
	assert_int_equal(wt_run_once(WT_FOREVER), 0);
}

static void add_again(struct note *note)
{
	if (calls_made < 5)
		add(note, 1);
}

/* One that adds itself anew for the past does not keep the pass from ending. */
static void what_is_added_by_a_call_waits_for_the_next_pass(void **state)
{
	struct note note;

	(void)state;
	start(&note, 1);
	note.then = add_again;
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_int_equal(calls_made, i);
	}
	assert_int_equal(wt_run_once(WT_NOW), 0);
}

/* ... nor others from being called: they were there before. */
static void what_is_added_for_the_past_is_behind_what_is_due(void **state)
{
	struct note again, other;
	wt_time now = wt_now();

	(void)state;
	start(&again, 1);
	again.then = add_again;
	start(&other, now + 1);
	while (wt_now() <= now + 1)
		;
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_int_equal(other.position, 2);
	cancel(&again);
}

static void cancel_other(struct note *note)
{
	cancel(note->other);
}

static void one_that_is_taken_back_by_another_is_not_called(void **state)
{
	struct note notes[2];

	(void)state;
	start(&notes[0], 1);
	start(&notes[1], 2);
	notes[0].then = cancel_other;
	notes[0].other = &notes[1];
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls_made, 1);
	assert_int_equal(notes[1].position, 0);
}

static void stop_loop(struct note *note)
{
	(void)note;
	wt_stop();
}

static void the_loop_can_be_stopped_between_two(void **state)
{
	struct note notes[2];

	(void)state;
	start(&notes[0], 1);
	start(&notes[1], 2);
	notes[0].then = stop_loop;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls_made, 1);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls_made, 2);
}

/* ---- The descriptor ---- */

static bool readable(int fd, int timeout)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout) == 1;
}

/* Level-triggered: until what is due was called, and not before it is. */
static void *use_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	struct note notes[2];
	int fd;

	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, readable(fd, 0)); /* the first look, as ever */
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !readable(fd, 0));

	start(&notes[0], wt_after_ms(1000000));
	CHECK(verdict, readable(fd, 0)); /* it was added outside of the loop, which has to see it */
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
	CHECK(verdict, !readable(fd, 0));

	start(&notes[1], wt_after_ms(10));
	CHECK(verdict, wt_run_once(WT_NOW) == WT_EAGAIN);
	CHECK(verdict, readable(fd, 10000));
	CHECK(verdict, wt_now() >= notes[1].deadline.at);
	CHECK(verdict, readable(fd, 0));
	CHECK(verdict, wt_run_once(WT_NOW) == 1);
	CHECK(verdict, notes[1].position == 1);
	CHECK(verdict, !readable(fd, 0));

	cancel(&notes[0]);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !readable(fd, 0));
	return NULL;
}

static void the_descriptor_polls_readable_when_something_is_due(void **state)
{
	struct verdict verdict = { 0 };
	unsigned fds = support_open_fds();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_descriptor, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
	assert_int_equal(support_open_fds(), fds);
}

static void *lack_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	unsigned fds = support_open_fds();
	int fd = 7;

	support_fail_os(SUPPORT_EVENT_CREATE, EMFILE);
	CHECK(verdict, wt_loop_fd(&fd) == -EMFILE && fd == -1);
	CHECK(verdict, support_open_fds() == fds);
	support_restore_os();
	CHECK(verdict, wt_loop_fd(&fd) == 0 && fd > 2);
	return NULL;
}

static void lacking_its_descriptor_leaks_none(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, lack_descriptor, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_come_in_order_of_time_and_then_of_adding),
		TEST(the_loop_sleeps_until_the_earliest_and_never_calls_early),
		TEST(run_once_ends_at_whichever_comes_first),
		TEST(what_is_added_by_a_call_waits_for_the_next_pass),
		TEST(what_is_added_for_the_past_is_behind_what_is_due),
		TEST(one_that_is_taken_back_by_another_is_not_called),
		TEST(the_loop_can_be_stopped_between_two),
		TEST(the_descriptor_polls_readable_when_something_is_due),
		TEST(lacking_its_descriptor_leaks_none),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
