/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/timer.h>
#include <wt/worker.h>

#include "os.h"
#include "support/ports.h"
#include "support/support.h"

#define MS ((wt_time)1000000)
#define START ((wt_time)1000 * MS)

/* ---- A clock that the test sets ---- */

static struct wti_os_ops os_table;
static wt_time present;

static wt_time tell_present(void)
{
	return present;
}

static void set_clock(wt_time now)
{
	present = now;
	os_table = wti_os_real;
	os_table.clock = tell_present;
	wti_os = &os_table;
}

/* ---- Timers that take notes ---- */

struct note {
	wt_timer *timer;
	unsigned calls;
	wt_time when; /* of the latest call */
	wt_time next; /* as the latest call saw it */
	unsigned position; /* of the latest call, among all timers */
	void (*then)(struct note *note);
};

static _Thread_local unsigned positions;

static void take_note(wt_timer *timer, void *arg)
{
	struct note *note = arg;

	note->calls++;
	note->when = wt_now();
	note->next = wt_timer_next(timer);
	note->position = ++positions;
	if (note->then)
		note->then(note);
}

static void make(struct note *note, wt_time first, int64_t interval)
{
	*note = (struct note){ 0 };
	assert_int_equal(wt_timer_create(&note->timer, first, interval, take_note, note), 0);
	assert_non_null(note->timer);
}

/* One pass of the loop at this moment; the number of calls. */
static unsigned pass_at(wt_time now, const struct note *note)
{
	unsigned before = note->calls;
	int made;

	present = now;
	made = wt_run_once(WT_NOW);
	assert_true(made >= 0 || made == WT_EAGAIN);
	return note->calls - before;
}

static int timer_setup(void **state)
{
	positions = 0;
	return support_setup(state);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, timer_setup, support_teardown)

/* ---- Once ---- */

static void one_shot_is_called_once_and_never_early(void **state)
{
	wt_time at = wt_now() + 5 * MS;
	struct note note;

	(void)state;
	make(&note, at, 0);
	assert_true(wt_timer_next(note.timer) == at);
	assert_true(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 1);
	assert_true(note.when >= at);
	assert_true(note.next == WT_FOREVER);
	assert_false(wt_loop_alive());
	wt_timer_destroy(note.timer);
}

static void one_of_the_past_is_called_by_the_next_pass(void **state)
{
	struct note notes[2];

	(void)state;
	make(&notes[0], WT_NOW, 0);
	make(&notes[1], 1, 0);
	assert_int_equal(notes[0].calls, 0);
	assert_int_equal(wt_run_once(WT_NOW), 2);
	assert_int_equal(notes[1].position, 1);
	assert_int_equal(notes[0].position, 2);
	for (int i = 0; i < 2; i++)
		wt_timer_destroy(notes[i].timer);
}

static void one_of_no_moment_is_stopped(void **state)
{
	struct note note;

	(void)state;
	make(&note, WT_FOREVER, 5);
	assert_true(wt_timer_has_ref(note.timer));
	assert_true(wt_timer_next(note.timer) == WT_FOREVER);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_int_equal(wt_timer_restart(note.timer, WT_NOW, 0), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 1);
	wt_timer_destroy(note.timer);
}

static void timers_are_called_in_the_order_of_their_moments(void **state)
{
	enum { MANY = 200 };
	static struct note notes[MANY];
	uint64_t random = support_seed();
	wt_time base = wt_now();

	(void)state;
	for (int i = 0; i < MANY; i++)
		make(&notes[i], base + (wt_time)(support_random(&random) % 1000) * 10000, 0);
	for (int i = 0; i < MANY; i += 7)
		wt_timer_stop(notes[i].timer);
	assert_int_equal(wt_run(), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(notes[i].calls, i % 7 ? 1 : 0);
	for (int i = 0; i < MANY; i++)
		wt_timer_destroy(notes[i].timer);
}

/* ---- Again and again ---- */

/* However late each call is, the next one is on the grid that the first has begun. */
static void repeated_calls_do_not_drift(void **state)
{
	struct note note;

	(void)state;
	set_clock(START);
	make(&note, START + 10, 100);
	assert_int_equal(pass_at(START + 9, &note), 0);
	for (wt_time i = 0; i < 50; i++) {
		wt_time due = START + 10 + i * 100;

		assert_int_equal(pass_at(due - 1, &note), 0);
		assert_int_equal(pass_at(due + i, &note), 1);
		assert_true(note.next == due + 100);
		assert_int_equal(pass_at(due + i, &note), 0);
	}
	wt_timer_destroy(note.timer);
}

/* Moments that have passed unseen are one call, and the grid stays. */
static void repeated_calls_do_not_pile_up(void **state)
{
	struct note note;

	(void)state;
	set_clock(START);
	make(&note, START + 100, 100);
	assert_int_equal(pass_at(START + 1050, &note), 1);
	assert_true(note.next == START + 1100);
	assert_int_equal(pass_at(START + 1050, &note), 0);
	/* Exactly on the grid: that moment has come, the next is one further. */
	assert_int_equal(pass_at(START + 2000, &note), 1);
	assert_true(note.next == START + 2100);
	wt_timer_destroy(note.timer);
}

static void the_grid_of_now_begins_now(void **state)
{
	struct note note;

	(void)state;
	set_clock(START + 7);
	make(&note, WT_NOW, 100);
	assert_int_equal(pass_at(START + 7, &note), 1);
	assert_true(note.next == START + 107);
	assert_int_equal(wt_timer_restart(note.timer, WT_NOW, 10), 0);
	assert_int_equal(pass_at(START + 9, &note), 1);
	assert_true(note.next == START + 17);
	wt_timer_destroy(note.timer);
}

/* An interval past the end of time is none. */
static void intervals_of_any_length_are_added_safely(void **state)
{
	struct note note;

	(void)state;
	set_clock(INT64_MAX - 1000);
	make(&note, INT64_MAX - 1000, INT64_MAX);
	assert_int_equal(pass_at(INT64_MAX - 1000, &note), 1);
	assert_true(note.next == WT_FOREVER);
	assert_int_equal(wt_timer_restart(note.timer, INT64_MAX - 990, 1), 0);
	assert_int_equal(pass_at(INT64_MAX - 1, &note), 1);
	assert_true(note.next == WT_FOREVER);
	assert_false(wt_loop_alive());
	wt_timer_destroy(note.timer);
}

static void stop_at_five(struct note *note)
{
	if (note->calls == 5)
		wt_timer_stop(note->timer);
}

static void it_may_stop_in_its_own_callback(void **state)
{
	wt_time first = wt_now() + MS;
	struct note note;

	(void)state;
	make(&note, first, MS);
	note.then = stop_at_five;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 5);
	assert_true(note.when >= first + 4 * MS);
	wt_timer_destroy(note.timer);
}

static void restart_soon(struct note *note)
{
	if (note->calls < 4 && wt_timer_restart(note->timer, wt_after_us(100), 0))
		note->calls = 99;
}

static void it_may_restart_in_its_own_callback(void **state)
{
	struct note note;

	(void)state;
	make(&note, WT_NOW, 0);
	note.then = restart_soon;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 4);
	wt_timer_destroy(note.timer);
}

static void restart_on_grid(struct note *note)
{
	if (note->calls == 1 && wt_timer_restart(note->timer, START - 5 * MS, 10 * MS) == 0)
		note->next = wt_timer_next(note->timer);
}

/* A moment of the past fixes those that follow, also in the callback, behind which it is called. */
static void a_restart_in_its_own_callback_keeps_its_moments(void **state)
{
	struct note note;

	(void)state;
	set_clock(START);
	make(&note, START, 0);
	note.then = restart_on_grid;
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(note.next, START - 5 * MS);
	present += 1;
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(note.calls, 2);
	assert_int_equal(note.next, START + 5 * MS);
	wt_timer_destroy(note.timer);
}

static struct note *victim;

static void destroy_victim(struct note *note)
{
	(void)note;
	wt_timer_destroy(victim->timer);
}

/* Its own, a repeating one, and another that is due in the same pass. */
static void a_callback_may_destroy_any_timer(void **state)
{
	(void)state;
	for (int64_t interval = 0; interval < 2; interval++) {
		struct note notes[2];

		make(&notes[0], 1, interval);
		make(&notes[1], 2, interval);
		notes[0].then = destroy_victim;
		victim = &notes[1];
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_int_equal(notes[1].calls, 0);
		if (!interval)
			assert_int_equal(wt_timer_restart(notes[0].timer, WT_NOW, 0), 0);
		victim = &notes[0];
		assert_int_equal(wt_run(), 0);
		assert_int_equal(notes[0].calls, 2);
	}
	assert_false(wt_loop_alive());
}

/* ---- The loop ---- */

static void stop_loop(struct note *note)
{
	(void)note;
	wt_stop();
}

static void an_unrefd_timer_does_not_keep_the_loop(void **state)
{
	struct note far, near;

	(void)state;
	make(&far, wt_after_ms(1000000), 0);
	assert_true(wt_timer_has_ref(far.timer));
	wt_timer_unref(far.timer);
	wt_timer_unref(far.timer);
	assert_false(wt_timer_has_ref(far.timer));
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	/* The flag stays with it when it is restarted. */
	assert_int_equal(wt_timer_restart(far.timer, wt_after_ms(1), 0), 0);
	assert_false(wt_loop_alive());
	make(&near, wt_after_ms(20), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(far.calls, 1);
	wt_timer_ref(far.timer);
	wt_timer_ref(far.timer);
	assert_false(wt_loop_alive()); /* nothing is to come */
	assert_int_equal(wt_timer_restart(far.timer, wt_after_ms(1000000), 1), 0);
	assert_true(wt_loop_alive());
	wt_timer_unref(far.timer);
	assert_false(wt_loop_alive());
	wt_timer_ref(far.timer);
	wt_timer_destroy(far.timer);
	wt_timer_destroy(near.timer);
	assert_false(wt_loop_alive());
}

/* A timer that is always due leaves the ports their turns. */
static void a_busy_timer_does_not_starve_messages(void **state)
{
	struct channel channel;
	unsigned long count = 0;
	struct note note;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, count_message, &count);
	make(&note, WT_NOW, 1);
	for (unsigned long i = 1; i <= 100; i++) {
		post_text(channel.a, "x");
		while (count < i)
			assert_true(wt_run_once(WT_NOW) >= 0);
	}
	assert_true(note.calls >= 100);
	wt_timer_destroy(note.timer);
	channel_close(&channel);
}

static void the_loop_can_be_stopped_by_a_timer(void **state)
{
	struct note note;

	(void)state;
	make(&note, WT_NOW, MS);
	note.then = stop_loop;
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 1);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 2);
	wt_timer_destroy(note.timer);
}

static void poll_descriptor(void *arg)
{
	struct verdict *verdict = arg;
	struct note note = { 0 };
	int fd;

	CHECK(verdict, wt_loop_fd(&fd) == 0);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !polls_readable(fd, 0));
	CHECK(verdict, wt_timer_create(&note.timer, wt_after_ms(3), 3 * MS, take_note, &note) == 0);
	while (note.calls < 3) {
		CHECK(verdict, polls_readable(fd, 10000));
		CHECK(verdict, wt_run_once(WT_NOW) != 0);
	}
	wt_timer_destroy(note.timer);
	CHECK(verdict, wt_run_once(WT_NOW) == 0);
	CHECK(verdict, !polls_readable(fd, 0));
}

static void the_loops_descriptor_covers_timers(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(poll_descriptor, &verdict);
	assert_verdict(&verdict);
}

/* ---- The ends of threads ---- */

struct job {
	struct verdict *verdict;
	struct latch *made;
	struct latch *go;
	atomic_uint *calls;
};

static void count_call(wt_timer *timer, void *arg)
{
	(void)timer;
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static int end_with_timers_due(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_timer *timer;

	(void)parent;
	(void)size;
	for (int i = 0; i < 3; i++)
		CHECK(job->verdict, wt_timer_create(&timer, WT_NOW, i, count_call, job->calls) == 0);
	latch_open(job->made);
	latch_await(job->go);
	return wt_run();
}

/* [W5] They are due when it is told to end, and its loop would run: no call is made. */
static void a_terminated_workers_timers_are_not_called(void **state)
{
	struct latch made = { 0 }, go = { 0 };
	struct verdict verdict = { 0 };
	atomic_uint calls = 0;
	struct job job = { &verdict, &made, &go, &calls };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, end_with_timers_due, &job, sizeof job, NULL), 0);
	assert_true(latch_await(&made));
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	latch_open(&go);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_int_equal(atomic_load(&calls), 0);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
}

static int run_a_timer(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_timer *timer;

	(void)parent;
	(void)size;
	CHECK(job->verdict, wt_timer_create(&timer, WT_NOW, MS / 10, count_call, job->calls) == 0);
	return wt_run();
}

static bool called_twice(void *calls)
{
	return atomic_load((atomic_uint *)calls) >= 2;
}

/* [W5] One that ticks does not outlive its worker, whose loop sleeps and runs by turns. */
static void terminate_ends_a_loop_that_ticks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200 / support_slowdown() + 5; i++) {
		struct verdict verdict = { 0 };
		atomic_uint calls = 0;
		struct job job = { .verdict = &verdict, .calls = &calls };
		wt_worker *worker;
		int code;

		assert_int_equal(wt_worker_create(&worker, run_a_timer, &job, sizeof job, NULL), 0);
		assert_true(await(called_twice, &calls));
		assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
		assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
		assert_int_equal(code, 1);
		assert_verdict(&verdict);
		wt_worker_destroy(worker);
	}
}

static void exit_in_callback(wt_timer *timer, void *arg)
{
	count_call(timer, arg);
	wt_exit(7);
}

/* Still there after the jump, to be used by cleanups. */
static void use_timer(void *arg)
{
	wt_timer *timer = *(wt_timer **)arg;

	wt_timer_stop(timer);
	if (wt_timer_restart(timer, WT_NOW, 1) == 0)
		wt_set_exit_code(8);
}

static int exit_from_worker(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	static wt_timer *timers[2];

	(void)parent;
	(void)size;
	CHECK(job->verdict, wt_defer(use_timer, &timers[0]) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(job->verdict, wt_timer_create(&timers[i], WT_NOW, i, exit_in_callback, job->calls) == 0);
	return wt_run();
}

/* Left by a jump: what it held is freed by the thread's end (the sanitizers look). */
static void a_callback_may_end_its_worker(void **state)
{
	struct verdict verdict = { 0 };
	atomic_uint calls = 0;
	struct job job = { .verdict = &verdict, .calls = &calls };
	wt_worker *worker;
	int code;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, exit_from_worker, &job, sizeof job, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, 8); /* the cleanup came to its end */
	assert_int_equal(atomic_load(&calls), 1);
	assert_verdict(&verdict);
	wt_worker_destroy(worker);
}

static void leave_a_timer(void *arg)
{
	struct verdict *verdict = arg;
	wt_timer *timer;

	CHECK(verdict, wt_timer_create(&timer, wt_after_ms(1000000), 1, count_call, NULL) == 0);
}

static void a_foreign_threads_timers_go_with_it(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(leave_a_timer, &verdict);
	assert_verdict(&verdict);
}

/* ---- Misuse, exhaustion ---- */

struct foreign {
	wt_timer *timer;
	struct verdict verdict;
};

static void use_from_elsewhere(void *arg)
{
	struct foreign *foreign = arg;

	CHECK(&foreign->verdict, wt_timer_restart(foreign->timer, WT_NOW, 0) == WT_EOWNER);
	CHECK(&foreign->verdict, wt_timer_next(foreign->timer) == WT_FOREVER);
	CHECK(&foreign->verdict, !wt_timer_has_ref(foreign->timer));
	wt_timer_stop(foreign->timer);
	wt_timer_unref(foreign->timer);
	wt_timer_destroy(foreign->timer);
}

static void another_threads_timer_is_left_alone(void **state)
{
	struct foreign foreign = { 0 };
	struct note note;
	wt_time at = wt_after_ms(1);

	(void)state;
	make(&note, at, 0);
	foreign.timer = note.timer;
	run_on_new_thread(use_from_elsewhere, &foreign);
	assert_verdict(&foreign.verdict);
	assert_true(wt_timer_next(note.timer) == at);
	assert_true(wt_timer_has_ref(note.timer));
	assert_int_equal(wt_run(), 0);
	assert_int_equal(note.calls, 1);
	wt_timer_destroy(note.timer);
}

static void bad_input_is_refused(void **state)
{
	wt_time at = wt_after_ms(1000000);
	struct note note;
	wt_timer *timer;

	(void)state;
	errno = ENOTTY;
	make(&note, at, 0);
	assert_int_equal(wt_timer_create(NULL, WT_NOW, 0, take_note, NULL), WT_EINVAL);
	memset(&timer, 0x55, sizeof timer);
	assert_int_equal(wt_timer_create(&timer, WT_NOW, 0, NULL, NULL), WT_EINVAL);
	assert_null(timer);
	assert_int_equal(wt_timer_create(&timer, -1, 0, take_note, NULL), WT_EINVAL);
	assert_int_equal(wt_timer_create(&timer, WT_NOW, -1, take_note, NULL), WT_EINVAL);
	assert_int_equal(wt_timer_create(&timer, INT64_MIN, INT64_MIN, take_note, NULL), WT_EINVAL);
	assert_int_equal(wt_timer_restart(NULL, WT_NOW, 0), WT_EINVAL);
	assert_int_equal(wt_timer_restart(note.timer, -1, 0), WT_EINVAL);
	assert_int_equal(wt_timer_restart(note.timer, WT_NOW, -1), WT_EINVAL);
	assert_true(wt_timer_next(note.timer) == at);
	assert_true(wt_timer_next(NULL) == WT_FOREVER);
	assert_false(wt_timer_has_ref(NULL));
	wt_timer_ref(NULL);
	wt_timer_unref(NULL);
	wt_timer_stop(NULL);
	wt_timer_destroy(NULL);
	wt_timer_destroy(note.timer);
	assert_int_equal(errno, ENOTTY);
}

static void create_without_memory(void *arg)
{
	struct verdict *verdict = arg;
	wt_timer *timer;
	int err = WT_ENOMEM;

	for (unsigned long n = 1; err == WT_ENOMEM; n++) {
		support_fail_allocations(n, 1);
		err = wt_timer_create(&timer, WT_NOW, 0, count_call, NULL);
		support_fail_allocations(0, 0);
		CHECK(verdict, n > 1 || err == WT_ENOMEM); /* the first needs the thread's record */
		CHECK(verdict, (err == 0) == (timer != NULL));
		CHECK(verdict, (err == 0) == wt_loop_alive());
	}
	CHECK(verdict, err == 0);
}

/* [P1] */
static void without_memory_there_is_no_timer(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	run_on_new_thread(create_without_memory, &verdict);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_shot_is_called_once_and_never_early),
		TEST(one_of_the_past_is_called_by_the_next_pass),
		TEST(one_of_no_moment_is_stopped),
		TEST(timers_are_called_in_the_order_of_their_moments),
		TEST(repeated_calls_do_not_drift),
		TEST(repeated_calls_do_not_pile_up),
		TEST(the_grid_of_now_begins_now),
		TEST(intervals_of_any_length_are_added_safely),
		TEST(it_may_stop_in_its_own_callback),
		TEST(it_may_restart_in_its_own_callback),
		TEST(a_restart_in_its_own_callback_keeps_its_moments),
		TEST(a_callback_may_destroy_any_timer),
		TEST(an_unrefd_timer_does_not_keep_the_loop),
		TEST(a_busy_timer_does_not_starve_messages),
		TEST(the_loop_can_be_stopped_by_a_timer),
		TEST(the_loops_descriptor_covers_timers),
		TEST(a_terminated_workers_timers_are_not_called),
		TEST(terminate_ends_a_loop_that_ticks),
		TEST(a_callback_may_end_its_worker),
		TEST(a_foreign_threads_timers_go_with_it),
		TEST(another_threads_timer_is_left_alone),
		TEST(bad_input_is_refused),
		TEST(without_memory_there_is_no_timer),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
