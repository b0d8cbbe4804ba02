/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/port.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "seam.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

enum { MANY = 4096, WATCHED = 100 };

static const wt_channel_options small_channel = { .size = sizeof small_channel, .capacity = 256 };

/* Channels; of each b is the runner's, or the other thread's, to select on. */
struct set {
	size_t count;
	wt_port *a[MANY];
	wt_port *b[MANY];
};

static struct set set;

static void set_open(size_t count)
{
	set.count = count;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(wt_channel_create(&set.a[i], &set.b[i], &small_channel), 0);
}

static void set_close(void)
{
	for (size_t i = 0; i < set.count; i++) {
		wt_port_close(set.a[i]);
		wt_port_close(set.b[i]);
	}
}

static void assert_selects(size_t expected)
{
	size_t ready = 77;

	assert_int_equal(wt_select(set.b, set.count, &ready, WT_NOW), 0);
	assert_int_equal(ready, expected);
}

static void assert_selects_none(wt_time deadline, int error)
{
	size_t ready = 77;

	assert_int_equal(wt_select(set.b, set.count, &ready, deadline), error);
	assert_int_equal(ready, SIZE_MAX);
}

/* ---- What is ready ---- */

static void a_message_makes_a_port_ready(void **state)
{
	(void)state;
	set_open(5);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	for (size_t i = 0; i < 5; i++) {
		post_text(set.a[i], "text");
		assert_selects(i);
		assert_selects(i);
		assert_receives(set.b[i], "text");
		assert_selects_none(WT_NOW, WT_EAGAIN);
	}
	set_close();
}

static void a_message_of_no_bytes_makes_a_port_ready(void **state)
{
	(void)state;
	set_open(1);
	assert_int_equal(wt_port_post(set.a[0], NULL, 0), 0);
	assert_selects(0);
	assert_receives(set.b[0], "");
	assert_selects_none(WT_NOW, WT_EAGAIN);
	set_close();
}

/* So that a receive would not wait. */
static void a_close_by_the_peer_makes_a_port_ready(void **state)
{
	(void)state;
	set_open(3);
	wt_port_close(set.a[1]);
	set.a[1] = NULL;
	for (int i = 0; i < 3; i++)
		assert_selects(1);
	assert_receives_nothing(set.b[1], WT_ECLOSED);
	assert_selects(1);
	set_close();
}

static void what_is_in_view_or_not_yet_committed_makes_no_port_ready(void **state)
{
	wt_message message;
	wt_slot slot;

	(void)state;
	set_open(2);
	post_text(set.a[0], "viewed");
	assert_int_equal(wt_port_receive(set.b[0], &message, WT_NOW), 0);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	assert_memory_equal(message.data, "viewed", 6); /* nor is the view ended by it */
	assert_int_equal(wt_port_reserve(set.a[1], 8, &slot, WT_NOW), 0);
	post_text(set.a[1], "behind");
	assert_selects_none(WT_NOW, WT_EAGAIN);
	wt_port_abandon(set.a[1], &slot);
	assert_selects(1);
	set_close();
}

static int fail_once(enum wti_fault_point point)
{
	(void)point;
	wti_fault_hook = NULL;
	return WT_EUNDECODABLE;
}

static void what_cannot_be_decoded_makes_a_port_ready(void **state)
{
	(void)state;
	set_open(2);
	post_text(set.a[1], "bad");
	assert_selects(1);
	wti_fault_hook = fail_once;
	assert_receives_nothing(set.b[1], WT_EUNDECODABLE);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	set_close();
}

static void the_same_port_may_be_there_twice(void **state)
{
	wt_port *twice[2];
	size_t ready;

	(void)state;
	set_open(1);
	twice[0] = twice[1] = set.b[0];
	assert_int_equal(wt_select(twice, 2, &ready, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_select(twice, 2, &ready, wt_after_ms(1)), WT_ETIMEDOUT);
	post_text(set.a[0], "text");
	assert_int_equal(wt_select(twice, 2, &ready, WT_NOW), 0);
	assert_true(ready < 2);
	set_close();
}

/* ---- Fairness ---- */

static void ports_that_are_always_ready_take_turns(void **state)
{
	size_t ready, last;

	(void)state;
	set_open(3);
	for (size_t i = 0; i < 3; i++)
		for (int k = 0; k < 50; k++)
			post_text(set.a[i], "text");
	assert_int_equal(wt_select(set.b, 3, &last, WT_NOW), 0);
	for (int i = 0; i < 99; i++) {
		assert_receives(set.b[last], "text");
		assert_int_equal(wt_select(set.b, 3, &ready, WT_NOW), 0);
		assert_int_equal(ready, (last + 1) % 3);
		last = ready;
	}
	set_close();
}

/* A find at the last index, then a smaller set; and the other way round. */
static void sets_of_different_sizes_take_turns(void **state)
{
	size_t ready;

	(void)state;
	set_open(100);
	for (size_t i = 0; i < 100; i++)
		post_text(set.a[i], "text");
	for (size_t count = 100; count > 0; count--) {
		bool seen[100] = { false };

		for (size_t i = 0; i < count; i++) {
			assert_int_equal(wt_select(set.b, count, &ready, WT_NOW), 0);
			assert_true(ready < count && !seen[ready]);
			seen[ready] = true;
		}
	}
	set_close();
}

/* ---- Waiting ---- */

static void select_gives_up_at_its_deadline_and_not_before(void **state)
{
	wt_time deadline;

	(void)state;
	set_open(3);
	for (int i = 0; i < 5; i++) {
		deadline = wt_after_ms(3);
		assert_selects_none(deadline, WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
	}
	assert_selects_none(1, WT_ETIMEDOUT); /* one that has passed */
	set_close();
}

struct selecting {
	size_t count;
	size_t ready;
	int err;
	char text[16];
	struct latch begin;
};

static void select_and_receive(void *arg)
{
	struct selecting *selecting = arg;
	wt_message message;

	selecting->err = wt_select(set.b, selecting->count, &selecting->ready, wt_after_ms(20000));
	if (selecting->err || wt_port_receive(set.b[selecting->ready], &message, WT_NOW) != 0)
		return;
	memcpy(selecting->text, message.data, message.size);
}

/* The b ends are the other thread's. */
static void set_open_for(struct other *other, size_t count)
{
	set.count = count;
	for (size_t i = 0; i < count; i++) {
		struct channel channel;

		channel_open_between(&channel, other, &small_channel);
		set.a[i] = channel.a;
		set.b[i] = channel.b;
	}
}

static void set_close_for(struct other *other)
{
	for (size_t i = 0; i < set.count; i++)
		wt_port_close(set.a[i]);
	other_end(other);
}

/* The first, the last, and others; asleep, or about to be; by a message, or a close. */
static void one_of_4096_ports_ends_the_wait(void **state)
{
	static const size_t which[] = { 0, 1, 63, 64, 2048, MANY - 1 };
	struct other other;

	(void)state;
	support_allow_seconds(60);
	other_start(&other);
	set_open_for(&other, MANY);
	for (size_t i = 0; i < 2 * sizeof which / sizeof *which; i++) {
		struct selecting selecting = { .count = MANY };
		size_t at = which[i / 2];
		bool hold = i % 2;

		if (hold)
			seams_hold(WTI_YIELD_BEFORE_ARM);
		else
			seams_watch();
		other_begin(&other, select_and_receive, &selecting);
		assert_true(latch_await(hold ? &seams.there : &seams.armed));
		post_text(set.a[at], "woken");
		latch_open(&seams.go);
		other_wait(&other);
		assert_int_equal(selecting.err, 0);
		assert_int_equal(selecting.ready, at);
		assert_string_equal(selecting.text, "woken");
	}
	seams_end();
	set_close_for(&other);
}

static void a_close_ends_the_wait(void **state)
{
	(void)state;
	for (int hold = 0; hold < 2; hold++) {
		struct selecting selecting = { .count = 100 };
		struct other other;

		other_start(&other);
		set_open_for(&other, 100);
		if (hold)
			seams_hold(WTI_YIELD_BEFORE_ARM);
		else
			seams_watch();
		other_begin(&other, select_and_receive, &selecting);
		assert_true(latch_await(hold ? &seams.there : &seams.armed));
		wt_port_close(set.a[42]);
		set.a[42] = NULL;
		latch_open(&seams.go);
		other_wait(&other);
		assert_int_equal(selecting.err, 0);
		assert_int_equal(selecting.ready, 42);
		set_close_for(&other);
		seams_end();
	}
	seams_end();
}

/* What was announced for the wait is not left behind: later waits, receives and the loop see their own. */
static void after_a_wait_the_ports_work_in_every_way(void **state)
{
	struct events events = { 0 };
	unsigned long count = 0;

	(void)state;
	set_open(3);
	for (int i = 0; i < 10; i++) {
		assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
		post_text(set.a[0], "one");
		post_text(set.a[2], "two");
		assert_receives(set.b[0], "one");
		assert_receives(set.b[2], "two");
	}
	wt_port_on_message(set.b[1], events_on_message, &events);
	wt_port_on_message(set.b[2], count_message, &count);
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	post_text(set.a[1], "loop");
	assert_selects(1);
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
	assert_events(&events, "loop");
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	post_text(set.a[2], "loop");
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
	assert_int_equal(count, 1);
	set_close();
}

/* A port of the set moves away, and another wait goes without it. */
static void a_port_that_was_waited_for_can_move(void **state)
{
	struct channel carrier;
	wt_port *port = NULL;

	(void)state;
	channel_open(&carrier, NULL);
	set_open(3);
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&set.b[2])), 0);
	set.count = 2;
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	post_text(set.a[2], "moved");
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	assert_int_equal(receive_port(carrier.b, &port, WT_NOW), 0);
	set.b[2] = port;
	set.count = 3;
	assert_selects(2);
	set_close();
	channel_close(&carrier);
}

/* ---- Terminated ---- */

static struct latch was_refused;

static int entry_select(wt_port *parent, const void *data, size_t size)
{
	wt_port *ports[3] = { parent, NULL, NULL };
	struct channel channel;
	size_t ready;
	int err;

	(void)data;
	(void)size;
	if (wt_channel_create(&channel.a, &channel.b, NULL) != 0)
		return 1;
	ports[1] = channel.a;
	ports[2] = channel.b;
	err = wt_select(ports, 3, &ready, WT_FOREVER);
	if (err == WT_ETERMINATED && ready == SIZE_MAX && wt_select(ports, 3, &ready, WT_NOW) == WT_ETERMINATED)
		latch_open(&was_refused);
	return 0;
}

/* [W5] */
static void a_terminated_worker_does_not_select(void **state)
{
	wt_worker *worker;

	(void)state;
	seams_watch();
	was_refused = (struct latch){ 0 };
	assert_int_equal(wt_worker_create(&worker, entry_select, NULL, 0, NULL), 0);
	assert_true(latch_await(&seams.armed));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_true(latch_is_open(&was_refused));
	wt_worker_destroy(worker);
}

/* ---- Errors ---- */

static void on_close_ignored(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
}

static void select_elsewhere(void *arg)
{
	struct selecting *selecting = arg;

	selecting->err = wt_select(set.b, set.count, &selecting->ready, WT_NOW);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct selecting selecting = { .ready = 77 };
	struct channel closing;
	size_t ready = 77;
	wt_port *was;

	(void)state;
	set_open(3);
	post_text(set.a[0], "ready");
	assert_int_equal(wt_select(set.b, 3, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_select(set.b, 0, &ready, WT_NOW), WT_EINVAL);
	assert_int_equal(ready, SIZE_MAX);
	assert_int_equal(wt_select(NULL, 3, &ready, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_select(NULL, 0, &ready, WT_NOW), WT_EINVAL);
	assert_selects_none(-1, WT_EINVAL);
	assert_selects_none(INT64_MIN, WT_EINVAL);
	for (size_t i = 0; i < 3; i++) {
		was = set.b[i];
		set.b[i] = NULL;
		assert_selects_none(WT_NOW, WT_EINVAL);
		set.b[i] = was;
	}
	run_on_new_thread(select_elsewhere, &selecting);
	assert_int_equal(selecting.err, WT_EOWNER);
	assert_int_equal(selecting.ready, SIZE_MAX);
	channel_open(&closing, NULL);
	wt_port_on_close(closing.a, on_close_ignored, NULL);
	wt_port_close(closing.a);
	was = set.b[2];
	set.b[2] = closing.a;
	assert_selects_none(WT_FOREVER, WT_ECLOSED);
	set.b[2] = was;
	assert_int_equal(wt_run_once(WT_NOW), 1);
	wt_port_close(closing.b);
	assert_selects(0);
	set_close();
}

/* ---- Ports that are asked for again and again ---- */

/* From the second call on they are watched; whatever ends that is noticed. */
static void set_watch(size_t count)
{
	set_open(count);
	for (int i = 0; i < 3; i++)
		assert_selects_none(WT_NOW, WT_EAGAIN);
}

static void ports_that_are_watched_take_turns(void **state)
{
	size_t ready, last;

	(void)state;
	set_watch(WATCHED);
	for (int k = 0; k < 30; k++)
		for (size_t i = 3; i < 6; i++)
			post_text(set.a[i], "text");
	assert_int_equal(wt_select(set.b, WATCHED, &last, WT_NOW), 0);
	for (int i = 0; i < 80; i++) {
		assert_receives(set.b[last], "text");
		assert_int_equal(wt_select(set.b, WATCHED, &ready, WT_NOW), 0);
		assert_true(ready >= 3 && ready < 6 && ready != last);
		last = ready;
	}
	set_close();
}

/* Also behind what it knows of only since then. */
static void the_port_that_was_found_comes_behind_one_that_is_ready_since(void **state)
{
	(void)state;
	set_watch(WATCHED);
	post_text(set.a[5], "text");
	post_text(set.a[5], "text");
	for (size_t i = 9; i < 12; i++) {
		assert_selects(5);
		post_text(set.a[i], "text");
		assert_selects(i);
		assert_receives(set.b[i], "text");
	}
	assert_selects(5);
	assert_receives(set.b[5], "text");
	assert_selects(5);
	assert_receives(set.b[5], "text");
	assert_selects_none(WT_NOW, WT_EAGAIN);
	set_close();
}

/* Whatever was found among others in between. */
static void ports_that_are_watched_take_turns_beside_other_sets(void **state)
{
	size_t ready, found[2] = { 0 };

	(void)state;
	set_watch(WATCHED);
	for (int k = 0; k < 20; k++) {
		post_text(set.a[0], "text");
		post_text(set.a[7], "text");
	}
	for (int k = 0; k < 20; k++) {
		assert_int_equal(wt_select(set.b, 1, &ready, WT_NOW), 0);
		assert_int_equal(ready, 0);
		assert_int_equal(wt_select(set.b, WATCHED, &ready, WT_NOW), 0);
		assert_true(ready == 0 || ready == 7);
		found[ready != 0]++;
	}
	assert_int_equal(found[0], 10);
	assert_int_equal(found[1], 10);
	set_close();
}

static void a_close_by_the_peer_of_one_that_is_watched_is_found(void **state)
{
	(void)state;
	set_watch(WATCHED);
	wt_port_close(set.a[7]);
	assert_selects(7);
	assert_selects(7);
	set.a[7] = NULL;
	set_close();
}

static void what_is_wrong_with_one_that_was_watched_is_found(void **state)
{
	wt_port *was;

	(void)state;
	set_watch(WATCHED);
	post_text(set.a[1], "text");
	was = set.b[3];
	set.b[3] = NULL;
	assert_selects_none(WT_NOW, WT_EINVAL);
	set.b[3] = was;
	wt_port_on_close(set.b[5], on_close_ignored, NULL);
	wt_port_close(set.b[5]);
	assert_selects_none(WT_NOW, WT_ECLOSED);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	set.b[5] = set.b[4];
	assert_selects(1);
	set.b[5] = NULL;
	set_close();
}

/* What was watched before, and has a message meanwhile, is no port of the set that is watched now. */
static void a_message_to_a_port_of_an_earlier_set_is_not_in_the_way(void **state)
{
	wt_port **other = set.b + WATCHED;
	size_t ready;

	(void)state;
	set_watch(2 * WATCHED);
	set.count = WATCHED;
	for (int i = 0; i < 3; i++)
		assert_selects_none(WT_NOW, WT_EAGAIN);
	post_text(set.a[WATCHED + 1], "text");
	assert_selects_none(WT_NOW, WT_EAGAIN);
	post_text(set.a[WATCHED + 2], "text");
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	post_text(set.a[3], "text");
	assert_selects(3);
	assert_int_equal(wt_select(other, WATCHED, &ready, WT_NOW), 0);
	assert_int_equal(ready, 1);
	set.count = 2 * WATCHED;
	set_close();
}

static void count_one(wt_port *port, wt_message *message, void *seen)
{
	(void)port;
	(void)message;
	++*(unsigned *)seen;
}

/* Whoever else takes messages of the same thread's ports, or looks at them, leaves nothing that a select misses. */
static void ports_that_are_watched_may_be_used_in_every_way(void **state)
{
	wt_message message;
	unsigned seen = 0;

	(void)state;
	set_watch(WATCHED);
	post_text(set.a[2], "text");
	assert_int_equal(wt_run_once(WT_NOW), 0);
	assert_selects(2);
	assert_receives(set.b[2], "text");
	assert_selects_none(WT_NOW, WT_EAGAIN);
	assert_int_equal(wt_port_receive(set.b[4], &message, wt_after_ms(1)), WT_ETIMEDOUT);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	post_text(set.a[4], "text");
	assert_selects(4);
	assert_receives(set.b[4], "text");
	wt_port_on_message(set.b[6], count_one, &seen);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	post_text(set.a[6], "text");
	assert_selects(6);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(seen, 1);
	wt_port_on_message(set.b[6], NULL, NULL);
	assert_selects_none(wt_after_ms(1), WT_ETIMEDOUT);
	set_close();
}

/* ---- Where nobody polls ---- */

static struct {
	struct wti_os_ops os;
	size_t port; /* that a message comes to */
	unsigned sleeps;
} asleep;

static int post_at_the_first_sleep(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	if (!asleep.sleeps++)
		post_text(set.a[asleep.port], "woken");
	return wti_os_real.futex_wait(word, value, deadline);
}

/* As a thread does whose worker was only just created; a message to this port comes when it sleeps. */
static void assert_sleeps_until_a_message(size_t port)
{
	struct wti_thread *self = wti_thread_peek();
	_Atomic(uint32_t) online = 0;
	wt_time deadline = wt_after_ms(5000);
	size_t ready = 77;
	int err;

	asleep.os = wti_os_real;
	asleep.os.futex_wait = post_at_the_first_sleep;
	asleep.port = port;
	asleep.sleeps = 0;
	self->starting = &online;
	wti_os = &asleep.os;
	err = wt_select(set.b, set.count, &ready, deadline);
	wti_os = &wti_os_real;
	self->starting = NULL;
	assert_int_equal(err, 0);
	assert_int_equal(ready, port);
	assert_int_equal(asleep.sleeps, 1);
	assert_true(wt_now() < deadline); /* where it is found unless its wake is lost */
	assert_receives(set.b[port], "woken");
}

static void post_and_take(size_t port)
{
	post_text(set.a[port], "text");
	assert_selects(port);
	assert_receives(set.b[port], "text");
}

/*
 * Forty have been looked at in vain nearly as often as is needed to let them go, and one was served a moment ago. The look
 * after the announcement is the one that would let the forty go; it must not take the announcement back for that one.
 */
static void what_falls_quiet_at_the_sleep_takes_no_other_along(void **state)
{
	enum { MANY_HOT = 40, SERVED = 60 };
	uint32_t often = wti_source_often;

	(void)state;
	wti_source_often = UINT32_MAX; /* whatever had a message is looked at for a while */
	for (int looks = 0; looks < 12; looks++) {
		set_watch(WATCHED);
		for (size_t i = 0; i < MANY_HOT; i++)
			post_text(set.a[i], "text");
		for (size_t i = 0; i < MANY_HOT; i++) {
			assert_selects(i);
			assert_receives(set.b[i], "text");
		}
		for (int i = 0; i < 2; i++)
			post_and_take(SERVED);
		for (int i = 0; i < looks; i++)
			assert_selects_none(WT_NOW, WT_EAGAIN);
		post_and_take(SERVED);
		assert_sleeps_until_a_message(SERVED);
		set_close();
	}
	wti_source_often = often;
}

/* Also one that makes no pass arms what the descriptor is to tell of. */
static void a_loop_that_has_nothing_to_do_hides_no_message(void **state)
{
	int fd;

	(void)state;
	set_watch(WATCHED);
	assert_int_equal(wt_loop_fd(&fd), 0);
	post_text(set.a[5], "text");
	assert_selects(5);
	assert_int_equal(wt_run(), 0);
	assert_selects(5);
	set_close();
}

static void count_close(wt_port *port, void *closes)
{
	(void)port;
	++*(unsigned *)closes;
}

/* A port that is found and received from is watched, and nobody sleeps for it: its close is told by the loop alone. */
static void selects_hide_no_close_from_the_descriptor(void **state)
{
	struct pollfd poller = { .events = POLLIN };
	unsigned closes = 0;

	(void)state;
	set_open(WATCHED);
	wt_port_on_close(set.b[5], count_close, &closes);
	assert_int_equal(wt_loop_fd(&poller.fd), 0);
	post_text(set.a[5], "text");
	while (poll(&poller, 1, 0) == 1)
		assert_true(wt_run_once(WT_NOW) <= 0);
	for (int i = 0; i < 3; i++)
		assert_selects(5);
	assert_receives(set.b[5], "text");
	wt_port_close(set.a[5]);
	assert_int_equal(poll(&poller, 1, 5000), 1);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_int_equal(closes, 1);
	wt_port_close(set.b[5]);
	assert_int_equal(wt_channel_create(&set.a[5], &set.b[5], NULL), 0); /* for set_close */
	set_close();
}

/*
 * ---- Against a model ----
 *
 * Ports that the thread selects on in four ways, and else receives from, gives to the loop, closes and makes again, by
 * chance; the model knows how many messages each has. What is there is found, and nothing else; what another thread
 * posts wakes.
 */
enum { MODEL_PORTS = 60, MODEL_ARRAYS = 4, MODEL_STEPS = 60000 };

static struct {
	uint64_t random;
	wt_port *a[MODEL_PORTS], *b[MODEL_PORTS];
	unsigned waiting[MODEL_PORTS]; /* messages in b */
	bool handled[MODEL_PORTS];     /* b has a handler */
	size_t array[MODEL_ARRAYS][MODEL_PORTS]; /* ports */
	size_t count[MODEL_ARRAYS];
	size_t later; /* the port that another thread posts to */
	struct verdict verdict;
} model;

static size_t model_chance(size_t below)
{
	return support_random(&model.random) % below;
}

static size_t model_of(const wt_port *port)
{
	size_t i = 0;

	while (model.b[i] != port)
		i++;
	return i;
}

static void model_open(size_t i)
{
	assert_int_equal(wt_channel_create(&model.a[i], &model.b[i], &small_channel), 0);
	wt_port_unref(model.a[i]);
	wt_port_unref(model.b[i]);
	model.waiting[i] = 0;
	model.handled[i] = false;
}

static void model_close(size_t i)
{
	wt_port_close(model.a[i]);
	wt_port_close(model.b[i]);
}

/* All; a third of them; the second half; any, and few. */
static void model_begin(uint64_t seed)
{
	memset(&model, 0, sizeof model);
	model.random = seed;
	for (size_t i = 0; i < MODEL_PORTS; i++) {
		model_open(i);
		model.array[0][model.count[0]++] = i;
		if (i % 3 == 1)
			model.array[1][model.count[1]++] = i;
		if (i >= MODEL_PORTS / 2)
			model.array[2][model.count[2]++] = i;
		if (i < 10)
			model.array[3][model.count[3]++] = i;
	}
}

static bool model_has(size_t array)
{
	for (size_t i = 0; i < model.count[array]; i++)
		if (model.waiting[model.array[array][i]])
			return true;
	return false;
}

static int model_call(size_t array, size_t *port, wt_time deadline)
{
	wt_port *ports[MODEL_PORTS];
	size_t ready;
	int err;

	for (size_t i = 0; i < model.count[array]; i++)
		ports[i] = model.b[model.array[array][i]];
	err = wt_select(ports, model.count[array], &ready, deadline);
	assert_int_equal(err ? SIZE_MAX : 0, err ? ready : 0);
	*port = err ? SIZE_MAX : model.array[array][ready];
	return err;
}

static void model_receive(size_t i)
{
	wt_message message;

	assert_int_equal(wt_port_receive(model.b[i], &message, WT_NOW), model.waiting[i] ? 0 : WT_EAGAIN);
	model.waiting[i] -= model.waiting[i] != 0;
}

static void model_select(size_t array, wt_time deadline)
{
	bool has = model_has(array);
	size_t port;
	int err = model_call(array, &port, deadline);

	assert_int_equal(err, has ? 0 : deadline == WT_NOW ? WT_EAGAIN : WT_ETIMEDOUT);
	assert_true(err || model.waiting[port]);
	if (!err && model_chance(4))
		model_receive(port);
}

static void model_post(size_t i)
{
	int err = wt_port_post(model.a[i], &i, sizeof i);

	assert_true(err == 0 || err == WT_EAGAIN);
	model.waiting[i] += !err;
}

static void *model_post_later(void *arg)
{
	(void)arg;
	CHECK(&model.verdict, wt_sleep(wt_after_ms(1)) == 0);
	CHECK(&model.verdict, wt_port_post(model.a[model.later], "", 1) == 0);
	return NULL;
}

/* With a deadline that a lost wake-up would reach. Some looks in vain before it; the port was busy a moment ago. */
static void model_wait(size_t array)
{
	wt_time begin = wt_now();
	pthread_t thread;
	size_t port;

	if (model_has(array))
		return;
	model.later = model.array[array][model_chance(model.count[array])];
	model_select(model_chance(MODEL_ARRAYS), WT_NOW);
	for (size_t looks = model_chance(10), busy = model_chance(10), i = 0; i < looks; i++) {
		if (i == busy)
			model_post(model.later);
		model_select(array, WT_NOW);
		while (model.waiting[model.later])
			model_receive(model.later);
	}
	assert_int_equal(pthread_create(&thread, NULL, model_post_later, NULL), 0);
	assert_int_equal(model_call(array, &port, wt_after_ms(60000)), 0);
	assert_true(wt_now() - begin < 2 * PROMPTLY);
	pthread_join(thread, NULL);
	assert_verdict(&model.verdict);
	assert_int_equal(port, model.later);
	model.waiting[port]++;
	model_receive(port);
}

static void model_hear(wt_port *port, wt_message *message, void *arg)
{
	size_t i = model_of(port);

	(void)message;
	(void)arg;
	assert_true(model.handled[i] && model.waiting[i]);
	model.waiting[i]--;
	if (!model_chance(3))
		model_select(model_chance(MODEL_ARRAYS), WT_NOW);
}

static void model_handle(size_t i)
{
	model.handled[i] = !model.handled[i];
	wt_port_on_message(model.b[i], model.handled[i] ? model_hear : NULL, NULL);
	wt_port_unref(model.b[i]);
}

static void model_loop(void)
{
	if (model_chance(2))
		assert_int_equal(wt_run(), 0);
	else
		(void)!wt_run_once(WT_NOW);
}

static void model_step(void)
{
	size_t i = model_chance(MODEL_PORTS), array = model_chance(MODEL_ARRAYS);

	switch (model_chance(64)) {
	case 0:
		model_close(i);
		model_open(i);
		return;
	case 1:
		model_handle(i);
		return;
	case 2:
		model_loop();
		return;
	case 3:
		model_receive(i);
		return;
	case 4:
		model_wait(array);
		return;
	case 5:
		if (!model_chance(8))
			model_select(array, wt_after_ms(1));
		return;
	default:
		for (size_t left = 1 + model_chance(12); left; left--) {
			model_select(array, WT_NOW);
			if (!model_chance(3))
				model_post(model_chance(MODEL_PORTS));
		}
	}
}

static void what_is_there_is_found_whatever_else_is_done(void **state)
{
	uint64_t seed = support_seed();
	int fd;

	(void)state;
	model_begin(seed);
	for (unsigned i = 0; i < MODEL_STEPS / support_slowdown(); i++) {
		if (i == MODEL_STEPS / support_slowdown() / 2)
			assert_int_equal(wt_loop_fd(&fd), 0);
		model_step();
	}
	for (size_t i = 0; i < MODEL_PORTS; i++)
		model_close(i);
}

/* [P1] Without memory for the copy each call looks at all. */
static void many_ports_without_memory_are_found_as_well(void **state)
{
	(void)state;
	set_open(WATCHED);
	support_fail_allocations(1, 0);
	for (int i = 0; i < 3; i++)
		assert_selects_none(WT_NOW, WT_EAGAIN);
	support_fail_allocations(0, 0);
	post_text(set.a[WATCHED - 1], "text");
	assert_selects(WATCHED - 1);
	set_close();
}

/* ---- A storm ---- */

enum { PRODUCERS = 3, PORTS = 200 };

struct storm {
	uint64_t each; /* messages of each producer */
	struct storm_producer {
		struct storm *storm;
		uint32_t number;
		pthread_t thread;
	} producer[PRODUCERS];
	struct verdict verdict;
};

/* Each posts on any of the ports; the sequence is that of the producer and the port. */
static void *storm_produce(void *arg)
{
	struct storm_producer *producer = arg;
	uint64_t next[PORTS] = { 0 }, random = producer->number;
	unsigned char element[32];

	for (uint64_t i = 0; i < producer->storm->each; i++) {
		size_t at = (size_t)(support_random(&random) % PORTS);

		element_fill(element, sizeof element, producer->number, next[at]++);
		CHECK(&producer->storm->verdict, wt_port_post(set.a[at], element, sizeof element) == 0);
		if (support_random(&random) % 64 == 0)
			for (volatile int k = 0; k < 20000; k++)
				;
	}
	return NULL;
}

/* [M1] [M2] Only what select says is received, so a wake that is lost is a hang. */
static void a_stream_over_many_ports_loses_nothing(void **state)
{
	static uint64_t next[PORTS][PRODUCERS];
	struct storm storm = { .each = 100000 / support_slowdown() };
	wt_message message;

	(void)state;
	support_allow_seconds(60);
	memset(next, 0, sizeof next);
	set_open(PORTS);
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		storm.producer[i] = (struct storm_producer){ .storm = &storm, .number = i };
		assert_int_equal(pthread_create(&storm.producer[i].thread, NULL, storm_produce, &storm.producer[i]), 0);
	}
	for (uint64_t i = 0; i < PRODUCERS * storm.each; i++) {
		uint32_t producer = 0;
		uint64_t sequence = 0;
		size_t at;

		assert_int_equal(wt_select(set.b, PORTS, &at, wt_after_ms(20000)), 0);
		assert_int_equal(wt_port_receive(set.b[at], &message, WT_NOW), 0);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_true(producer < PRODUCERS);
		assert_int_equal(sequence, next[at][producer]++);
	}
	for (int i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_join(storm.producer[i].thread, NULL), 0);
	assert_verdict(&storm.verdict);
	assert_selects_none(WT_NOW, WT_EAGAIN);
	set_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_makes_a_port_ready),
		TEST(a_message_of_no_bytes_makes_a_port_ready),
		TEST(a_close_by_the_peer_makes_a_port_ready),
		TEST(what_is_in_view_or_not_yet_committed_makes_no_port_ready),
		TEST(what_cannot_be_decoded_makes_a_port_ready),
		TEST(the_same_port_may_be_there_twice),
		TEST(ports_that_are_always_ready_take_turns),
		TEST(sets_of_different_sizes_take_turns),
		TEST(select_gives_up_at_its_deadline_and_not_before),
		TEST(one_of_4096_ports_ends_the_wait),
		TEST(a_close_ends_the_wait),
		TEST(after_a_wait_the_ports_work_in_every_way),
		TEST(a_port_that_was_waited_for_can_move),
		TEST(a_terminated_worker_does_not_select),
		TEST(what_makes_no_sense_is_refused),
		TEST(ports_that_are_watched_take_turns),
		TEST(the_port_that_was_found_comes_behind_one_that_is_ready_since),
		TEST(ports_that_are_watched_take_turns_beside_other_sets),
		TEST(a_close_by_the_peer_of_one_that_is_watched_is_found),
		TEST(what_is_wrong_with_one_that_was_watched_is_found),
		TEST(a_message_to_a_port_of_an_earlier_set_is_not_in_the_way),
		TEST(ports_that_are_watched_may_be_used_in_every_way),
		TEST(what_is_there_is_found_whatever_else_is_done),
		TEST(many_ports_without_memory_are_found_as_well),
		TEST(a_stream_over_many_ports_loses_nothing),
		TEST(what_falls_quiet_at_the_sleep_takes_no_other_along),
		TEST(a_loop_that_has_nothing_to_do_hides_no_message),
		TEST(selects_hide_no_close_from_the_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
