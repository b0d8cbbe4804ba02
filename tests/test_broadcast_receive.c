/* SPDX-License-Identifier: MIT
 *
 * What an endpoint's owner sees: waiting, callbacks, ends; and many threads at
 * once, with an oracle for each message.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <wt/broadcast.h>
#include <wt/loop.h>
#include <wt/stats.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "broadcast.h"
#include "support/ports.h"
#include "support/seams.h"
#include "support/support.h"

static wt_broadcast *open_with(const wt_broadcast_options *options)
{
	wt_broadcast *broadcast;

	assert_int_equal(wt_broadcast_open(&broadcast, "news", 4, options), 0);
	return broadcast;
}

static void post_word(wt_broadcast *broadcast, const char *text)
{
	assert_int_equal(wt_broadcast_post(broadcast, text, strlen(text)), 0);
}

/* ---- Waiting ---- */

static void receive_gives_up_at_its_deadline_and_not_before(void **state)
{
	static const uint64_t spans[] = { 0, 1000, 100000, 20000000 }; /* ns */
	wt_broadcast *b = open_with(NULL);
	wt_message message;

	(void)state;
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		wt_time deadline = wt_after_ns(spans[i]);

		assert_int_equal(wt_broadcast_receive(b, &message, deadline), WT_ETIMEDOUT);
		assert_true(wt_now() >= deadline);
		assert_null(message.data);
	}
	assert_int_equal(wt_broadcast_receive(b, &message, -1), WT_EINVAL);
	assert_int_equal(wt_broadcast_receive(NULL, &message, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_broadcast_receive(b, NULL, WT_NOW), WT_EINVAL);
	wt_broadcast_close(b);
}

static void post_when_armed(void *arg)
{
	latch_await(&seams.armed);
	CHECK(&seams.verdict, wt_broadcast_post(arg, "late", 4) == 0);
}

static void a_post_wakes_one_that_sleeps(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct other other;
	wt_message message;

	(void)state;
	other_start(&other);
	seams_watch();
	other_begin(&other, post_when_armed, a);
	assert_int_equal(wt_broadcast_receive(b, &message, WT_FOREVER), 0);
	assert_memory_equal(message.data, "late", 4);
	other_wait(&other);
	seams_end();
	other_end(&other);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* Its own posts do not end the wait: nor does what its limit forbids. */
static void a_wait_is_not_ended_by_what_is_not_for_it(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(WT_BROADCAST_OPTIONS(.limit = 10));
	wt_message message;

	(void)state;
	post_word(b, "own");
	post_word(a, "above the limit");
	assert_int_equal(wt_broadcast_receive(b, &message, wt_after_ms(5)), WT_ETIMEDOUT);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static int receive_for_ever(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *broadcast;
	wt_message message;
	int *result = *(int *const *)data;

	(void)size;
	if (wt_broadcast_open(&broadcast, "news", 4, NULL) || wt_port_post(parent, "x", 1))
		return 9;
	*result = wt_broadcast_receive(broadcast, &message, WT_FOREVER);
	if (wt_broadcast_receive(broadcast, &message, WT_NOW) != WT_ETERMINATED)
		*result = 9;
	return 0;
}

/* [W5] [B4] */
static void terminate_ends_a_receive_and_the_endpoint(void **state)
{
	wt_broadcast *a = open_with(NULL);
	wt_message message;
	wt_worker *worker;
	int result = 1, *at = &result;
	wt_time begun;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, receive_for_ever, &at, sizeof at, NULL), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER), 0);
	begun = wt_now();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_true(wt_now() - begun < PROMPTLY);
	assert_int_equal(result, WT_ETERMINATED);
	wt_worker_destroy(worker);
	post_word(a, "nobody"); /* nobody is there who could be woken */
	wt_broadcast_close(a);
}

/* ---- Who owns it ---- */

static void what_belongs_to_the_owner(void *arg)
{
	wt_broadcast *broadcast = arg;
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_message message;

	CHECK(&seams.verdict, wt_broadcast_receive(broadcast, &message, WT_NOW) == WT_EOWNER);
	CHECK(&seams.verdict, wt_broadcast_stats(broadcast, &stats) == WT_EOWNER);
	wt_broadcast_on_message(broadcast, NULL, NULL);
	wt_broadcast_on_message_error(broadcast, NULL, NULL);
	wt_broadcast_on_close(broadcast, NULL, NULL);
	wt_broadcast_unref(broadcast);
	CHECK(&seams.verdict, !wt_broadcast_has_ref(broadcast));
	wt_broadcast_close(broadcast);
	CHECK(&seams.verdict, wt_broadcast_post(broadcast, "from afar", 9) == 0);
	CHECK(&seams.verdict, memcmp(wt_broadcast_name(broadcast, NULL), "news", 4) == 0);
}

static void another_thread_may_only_post(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	wt_message message;

	(void)state;
	run_on_new_thread(what_belongs_to_the_owner, a);
	assert_verdict(&seams.verdict);
	assert_true(wt_broadcast_has_ref(a));
	assert_int_equal(wt_broadcast_receive(b, &message, WT_NOW), 0);
	assert_memory_equal(message.data, "from afar", 9);
	assert_int_equal(wt_broadcast_receive(a, &message, WT_NOW), WT_EAGAIN);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void open_and_leave(void *arg)
{
	wt_broadcast *one, *two;

	(void)arg;
	CHECK(&seams.verdict, wt_broadcast_open(&one, "news", 4, NULL) == 0);
	CHECK(&seams.verdict, wt_broadcast_open(&two, "news", 4, NULL) == 0);
	CHECK(&seams.verdict, wt_broadcast_post(one, "left", 4) == 0);
}

/* [B4] */
static void the_owners_end_closes_its_endpoints(void **state)
{
	wt_broadcast *a;
	wt_message message;
	long before;

	(void)state;
	support_count();
	a = open_with(NULL);
	before = atomic_load(&support_counts.bytes);
	run_on_new_thread(open_and_leave, NULL);
	assert_verdict(&seams.verdict);
	assert_int_equal(wt_broadcast_receive(a, &message, WT_NOW), 0);
	assert_memory_equal(message.data, "left", 4);
	post_word(a, "nobody");
	wt_message_release(&message);
	assert_true(atomic_load(&support_counts.bytes) <= before + WTI_CHUNK_MAX);
	wt_broadcast_close(a);
}

/* ---- Callbacks ---- */

static void note(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	(void)broadcast;
	events_add(arg, "%.*s", (int)message->size, (const char *)message->data);
}

static void note_close(wt_broadcast *broadcast, void *arg)
{
	(void)broadcast;
	events_add(arg, "close");
}

static void messages_wait_for_their_handler(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct events events = { 0 };

	(void)state;
	post_word(a, "one");
	post_word(a, "two");
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	wt_broadcast_on_message(b, note, &events);
	assert_int_equal(wt_run_once(WT_NOW), 2);
	post_word(a, "three");
	wt_broadcast_on_message(b, NULL, NULL);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	wt_broadcast_on_message(b, note, &events);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one two three");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void an_endpoint_keeps_the_loop_alive_from_its_birth(void **state)
{
	wt_broadcast *a;

	(void)state;
	assert_false(wt_loop_alive());
	a = open_with(NULL);
	assert_true(wt_loop_alive());
	assert_true(wt_broadcast_has_ref(a));
	wt_broadcast_unref(a);
	wt_broadcast_unref(a);
	assert_false(wt_loop_alive());
	assert_false(wt_broadcast_has_ref(a));
	assert_int_equal(wt_run(), 0);
	wt_broadcast_ref(a);
	wt_broadcast_ref(a);
	assert_true(wt_loop_alive());
	wt_broadcast_close(a);
	assert_false(wt_loop_alive());
	wt_broadcast_ref(NULL);
	wt_broadcast_unref(NULL);
	assert_false(wt_broadcast_has_ref(NULL));
	wt_broadcast_on_message(NULL, NULL, NULL);
	wt_broadcast_on_message_error(NULL, NULL, NULL);
	wt_broadcast_on_close(NULL, NULL, NULL);
}

/* In the program's own loop the descriptor tells. */
static void the_loops_descriptor_hears_of_a_post(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct events events = { 0 };
	int fd;

	(void)state;
	assert_int_equal(wt_loop_fd(&fd), 0);
	wt_broadcast_on_message(b, note, &events);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	assert_false(polls_readable(fd, 0));
	for (int i = 0; i < 3; i++) {
		post_word(a, "x");
		assert_true(polls_readable(fd, 10000));
		assert_int_equal(wt_run_once(WT_NOW), 1);
		assert_false(polls_readable(fd, 0));
	}
	assert_events(&events, "x x x");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

struct talk {
	wt_broadcast *broadcast;
	unsigned left;
	struct events *events;
};

static void answer(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct talk *talk = arg;

	note(broadcast, message, talk->events);
	if (talk->left-- > 0)
		assert_int_equal(wt_broadcast_post(talk->broadcast, message->data, message->size), 0);
	else
		wt_stop();
}

/* Two endpoints of one thread hear each other, also in the middle of a turn. */
static void endpoints_of_one_thread_talk(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct events events = { 0 };
	struct talk talk_a = { a, 3, &events }, talk_b = { b, 3, &events };

	(void)state;
	wt_broadcast_on_message(a, answer, &talk_a);
	wt_broadcast_on_message(b, answer, &talk_b);
	post_word(a, "x");
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "x x x x x x x");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void close_inside(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_message other;

	wt_broadcast_close(broadcast);
	note(broadcast, message, arg);
	/* It is closed for all purposes. */
	assert_int_equal(wt_broadcast_receive(broadcast, &other, WT_NOW), WT_ECLOSED);
	assert_int_equal(wt_broadcast_stats(broadcast, &stats), WT_EOWNER);
	assert_int_equal(wt_broadcast_post(broadcast, "x", 1), WT_ECLOSED);
	wt_broadcast_close(broadcast);
}

/* [B4] What was not dispatched is dropped; the message stays until the callback returns. */
static void an_endpoint_may_be_closed_in_its_callback(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct events events = { 0 };
	char block[5000] = { 0 };

	(void)state;
	wt_broadcast_on_message(b, close_inside, &events);
	wt_broadcast_on_close(b, note_close, &events);
	post_word(a, "one");
	post_word(a, "two");
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_broadcast_post(a, block, sizeof block), 0);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one");
	wt_broadcast_close(a);
	assert_false(wt_loop_alive());
}

static void receive_inside(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	wt_message other;
	unsigned n = 0;

	note(broadcast, message, arg);
	while (wt_broadcast_receive(broadcast, &other, WT_NOW) == 0) {
		if (n++ % 2)
			wt_message_release(&other);
	}
	wt_message_release(message); /* not ours to give back */
	note(broadcast, message, arg);
	events_add(arg, "%u", n);
}

/* Also across chunks, and with a message of its own chunk. */
static void a_callbacks_view_stays_while_it_receives_others(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct events events = { 0 };
	char *large = calloc(1, 20000);

	(void)state;
	wt_broadcast_on_message(b, receive_inside, &events);
	post_word(a, "first");
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_broadcast_post(a, large, i % 10 ? 2000 : 20000), 0);
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "first first 100");
	memset(&events, 0, sizeof events);
	memcpy(large, "large", 6);
	assert_int_equal(wt_broadcast_post(a, large, 20000), 0);
	post_word(a, "small");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "large large 1");
	free(large);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static unsigned in_one_turn;

static void count_and_post(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	(void)broadcast;
	in_one_turn++;
	assert_int_equal(wt_broadcast_post(arg, message->data, message->size), 0);
}

static void stop_loop(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	(void)broadcast;
	(void)message;
	(void)arg;
	wt_stop();
}

/* [M7] A handler that has itself posted to, for ever, lets others have their turn. */
static void an_endpoint_that_is_never_empty_does_not_starve_others(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL), *c, *d;

	(void)state;
	assert_int_equal(wt_broadcast_open(&c, "other", 5, NULL), 0);
	assert_int_equal(wt_broadcast_open(&d, "other", 5, NULL), 0);
	in_one_turn = 0;
	wt_broadcast_on_message(b, count_and_post, a);
	wt_broadcast_on_message(d, stop_loop, NULL);
	post_word(a, "again");
	post_word(c, "stop");
	assert_int_equal(wt_run(), 0);
	assert_int_equal(in_one_turn, 1000);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
	wt_broadcast_close(c);
	wt_broadcast_close(d);
}

static int damaged(enum wti_fault_point point)
{
	static int n;

	return point == WTI_FAULT_DECODE && n++ == 0 ? WT_EUNDECODABLE : 0;
}

static void note_error(wt_broadcast *broadcast, int error, void *arg)
{
	(void)broadcast;
	events_add(arg, "error:%s", wt_err_name(error));
}

/* [M9] */
static void a_damaged_message_is_told_and_the_next_is_delivered(void **state)
{
	wt_broadcast *a = open_with(NULL), *b = open_with(NULL);
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	struct events events = { 0 };

	(void)state;
	wt_broadcast_on_message(b, note, &events);
	wt_broadcast_on_message_error(b, note_error, &events);
	post_word(a, "one");
	post_word(a, "two");
	wti_fault_hook = damaged;
	assert_int_equal(wt_run_once(WT_NOW), 2);
	wti_fault_hook = NULL;
	assert_events(&events, "error:WT_EUNDECODABLE two");
	assert_int_equal(wt_broadcast_stats(b, &stats), 0);
	assert_int_equal(stats.dropped, 1);
	assert_int_equal(stats.received, 1);
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

static void close_and_note(wt_broadcast *broadcast, void *arg)
{
	note_close(broadcast, arg);
	wt_broadcast_close(broadcast);
}

/* [B3] */
static void an_overflow_is_told_once_and_ends_the_hold_on_the_loop(void **state)
{
	wt_broadcast *a = open_with(NULL);
	wt_broadcast *b = open_with(WT_BROADCAST_OPTIONS(.limit = 100, .overflow = WT_BROADCAST_CLOSE));
	wt_broadcast *c = open_with(WT_BROADCAST_OPTIONS(.limit = 100, .overflow = WT_BROADCAST_CLOSE));
	struct events events = { 0 };

	(void)state;
	wt_broadcast_unref(a);
	wt_broadcast_on_message(b, note, &events);
	wt_broadcast_on_close(b, close_and_note, &events);
	wt_broadcast_on_close(c, note_close, &events);
	for (int i = 0; i < 10000; i++)
		post_word(a, "flood");
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close close");
	wt_broadcast_ref(c);
	assert_false(wt_broadcast_has_ref(c));
	assert_false(wt_loop_alive());
	wt_broadcast_close(c);
	wt_broadcast_close(a);
}

/* [B3] One that its limit has closed does not keep the loop alive, though nobody has set it a handler. */
static void the_loop_ends_when_limits_have_closed_all(void **state)
{
	wt_broadcast *a = open_with(NULL);
	wt_broadcast *b = open_with(WT_BROADCAST_OPTIONS(.limit = 100, .overflow = WT_BROADCAST_CLOSE));

	(void)state;
	wt_broadcast_unref(a);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wt_broadcast_post(a, "twenty bytes of text", 20), 0);
	assert_int_equal(wt_run(), 0);
	assert_false(wt_broadcast_has_ref(b));
	wt_broadcast_close(a);
	wt_broadcast_close(b);
}

/* A pending on_close keeps the loop alive, as that of a port does. */
static void a_close_event_is_told_although_nothing_is_refd(void **state)
{
	wt_broadcast *a = open_with(NULL);
	wt_broadcast *b = open_with(WT_BROADCAST_OPTIONS(.limit = 50, .overflow = WT_BROADCAST_CLOSE));
	struct events events = { 0 };
	wt_message message;

	(void)state;
	wt_broadcast_unref(a);
	wt_broadcast_unref(b);
	wt_broadcast_on_close(b, close_and_note, &events);
	post_word(a, "one");
	post_word(a, "two");
	assert_int_equal(wt_broadcast_receive(b, &message, WT_FOREVER), WT_ECLOSED);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close");
	wt_broadcast_close(a);
}

/* Also where nobody has looked since the limit was passed: the loop does, before it takes itself for done. */
static void a_close_by_the_limit_keeps_the_loop_alive(void **state)
{
	wt_broadcast *a = open_with(NULL);
	wt_broadcast *b = open_with(WT_BROADCAST_OPTIONS(.limit = 50, .overflow = WT_BROADCAST_CLOSE));
	struct events events = { 0 };

	(void)state;
	wt_broadcast_unref(a);
	wt_broadcast_unref(b);
	wt_broadcast_on_close(b, close_and_note, &events);
	assert_int_equal(wt_loop_alive(), 0);
	post_word(a, "one");
	post_word(a, "two");
	assert_int_equal(wt_loop_alive(), 1);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "close");
	wt_broadcast_close(a);
}

/* ---- Ends inside a callback ---- */

static void exit_inside(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	(void)arg;
	(void)message;
	if (*(const char *)message->data == 'c')
		wt_broadcast_close(broadcast);
	wt_exit(5);
}

static void look_after_exit(void *arg)
{
	wt_broadcast *again;
	wt_message message;

	/* The endpoint is in order, or gone: another one works. */
	(void)arg;
	if (wt_broadcast_open(&again, "news", 4, NULL) == 0)
		(void)!wt_broadcast_receive(again, &message, WT_NOW);
}

static int leave_by_exit(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *broadcast;

	(void)data;
	(void)size;
	if (wt_on_exit(look_after_exit, NULL) || wt_broadcast_open(&broadcast, "news", 4, NULL))
		return 9;
	wt_broadcast_on_message(broadcast, exit_inside, NULL);
	if (wt_port_post(parent, "x", 1))
		return 9;
	return wt_run();
}

static void a_callback_may_leave_by_exit(void **state)
{
	static const char *const words[] = { "exit", "close and exit" };
	wt_broadcast *a = open_with(NULL);

	(void)state;
	for (int i = 0; i < 2; i++) {
		wt_message message;
		wt_worker *worker;
		int code;

		assert_int_equal(wt_worker_create(&worker, leave_by_exit, NULL, 0, NULL), 0);
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER), 0);
		post_word(a, words[i]);
		assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
		assert_int_equal(code, 5);
		wt_worker_destroy(worker);
	}
	post_word(a, "nobody");
	wt_broadcast_close(a);
}

/* ---- Many threads ---- */

enum { MEMBERS = 6, FANS = 4 };

struct crowd {
	struct verdict verdict;
	pthread_barrier_t open;
	uint64_t posts;
	bool loop; /* handlers instead of receive */
};

struct member {
	struct crowd *crowd;
	uint32_t number;
	uint64_t next[MEMBERS]; /* of each poster */
	uint64_t heard;
};

/* [B1] [B2] Each message of each other member once, whole and in order. */
static void member_hears(struct member *member, const wt_message *message)
{
	uint32_t producer;
	uint64_t sequence;
	bool whole = element_check(message->data, message->size, &producer, &sequence);

	CHECK(&member->crowd->verdict, whole && producer < MEMBERS && producer != member->number);
	if (whole && producer < MEMBERS)
		CHECK(&member->crowd->verdict, sequence == member->next[producer]++);
	member->heard++;
}

static size_t element_size(uint32_t producer, uint64_t sequence)
{
	uint64_t mixed = (sequence * MEMBERS + producer) * 0x9e3779b97f4a7c15 >> 40;

	return mixed % 500 == 0 ? 17000 + mixed % 3000 : 16 + mixed % 150;
}

static void member_posts(struct member *member, wt_broadcast *broadcast, uint64_t sequence)
{
	unsigned char data[20000];
	size_t size = element_size(member->number, sequence);

	element_fill(data, size, member->number, sequence);
	CHECK(&member->crowd->verdict, wt_broadcast_post(broadcast, data, size) == 0);
}

static void on_element(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct member *member = arg;

	(void)broadcast;
	member_hears(member, message);
	if (member->heard == (MEMBERS - 1) * member->crowd->posts)
		wt_stop();
}

/* Some posts, then what has come; in the end what is still missing. */
static void member_talks(struct member *member, wt_broadcast *broadcast)
{
	uint64_t all = (MEMBERS - 1) * member->crowd->posts;
	wt_message message;

	for (uint64_t i = 0; i < member->crowd->posts; i++) {
		member_posts(member, broadcast, i);
		if (i % 16 || member->crowd->loop)
			continue;
		while (wt_broadcast_receive(broadcast, &message, WT_NOW) == 0)
			member_hears(member, &message);
	}
	if (member->crowd->loop) {
		wt_broadcast_on_message(broadcast, on_element, member);
		CHECK(&member->crowd->verdict, wt_run() == 0);
	}
	while (member->heard < all && !atomic_load(&member->crowd->verdict.failed)) {
		int err = wt_broadcast_receive(broadcast, &message, wt_after_ms(20000));

		CHECK(&member->crowd->verdict, err == 0);
		if (!err)
			member_hears(member, &message);
	}
	CHECK(&member->crowd->verdict, wt_broadcast_receive(broadcast, &message, WT_NOW) == WT_EAGAIN);
}

static void *be_member(void *arg)
{
	struct member *member = arg;
	wt_broadcast *broadcast;

	CHECK(&member->crowd->verdict, wt_broadcast_open(&broadcast, "crowd", 5, NULL) == 0);
	pthread_barrier_wait(&member->crowd->open);
	member_talks(member, broadcast);
	pthread_barrier_wait(&member->crowd->open);
	wt_broadcast_close(broadcast);
	return NULL;
}

static void run_crowd(bool loop)
{
	struct crowd crowd = { .posts = 20000 / support_slowdown(), .loop = loop };
	struct member members[MEMBERS];
	pthread_t threads[MEMBERS];

	pthread_barrier_init(&crowd.open, NULL, MEMBERS);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		members[i] = (struct member){ .crowd = &crowd, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, be_member, &members[i]), 0);
	}
	for (int i = 0; i < MEMBERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.open);
	assert_verdict(&crowd.verdict);
}

static void everyone_hears_everyone_else_once_and_in_order(void **state)
{
	(void)state;
	run_crowd(false);
}

static void everyone_hears_everyone_else_in_their_loops(void **state)
{
	(void)state;
	run_crowd(true);
}

/* ---- Who comes and goes ---- */

struct fair {
	struct verdict verdict;
	wt_broadcast *broadcast; /* of the poster */
	atomic_uint_fast64_t begun; /* the number of the latest post that may have begun */
	atomic_uint_fast64_t done;  /* of the latest that has returned */
	atomic_bool over;
	atomic_uint_fast64_t seed;
};

/*
 * [B1] [B3] A member that joins gets what is posted after it has joined, without
 * a gap, at most once, and nothing from before; with a limit, gaps that are
 * counted.
 */
static void visit(struct fair *fair, const wt_broadcast_options *options, unsigned most)
{
	uint64_t before = atomic_load(&fair->done), first = 0, last = 0, heard = 0;
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_broadcast *broadcast;
	wt_message message;

	CHECK(&fair->verdict, wt_broadcast_open(&broadcast, "fair", 4, options) == 0);
	uint64_t after = atomic_load(&fair->begun);

	while (heard < most && wt_broadcast_receive(broadcast, &message, wt_after_ms(5)) == 0) {
		uint64_t number = *(const uint64_t *)message.data;

		first = first ? first : number;
		CHECK(&fair->verdict, number > last && (options || !last || number == last + 1));
		last = number;
		heard++;
	}
	CHECK(&fair->verdict, !first || first > before);
	CHECK(&fair->verdict, !first || options || first <= after + 1);
	CHECK(&fair->verdict, wt_broadcast_stats(broadcast, &stats) == 0);
	CHECK(&fair->verdict, stats.received == heard && (options || stats.dropped == 0));
	wt_broadcast_close(broadcast);
}

static void *be_visitor(void *arg)
{
	struct fair *fair = arg;
	uint64_t seed = atomic_fetch_add(&fair->seed, 1);

	while (!atomic_load(&fair->over)) {
		unsigned most = (unsigned)(support_random(&seed) % 300);

		visit(fair, NULL, most);
		visit(fair, WT_BROADCAST_OPTIONS(.limit = 500), most);
		visit(fair, WT_BROADCAST_OPTIONS(.limit = 500, .overflow = WT_BROADCAST_CLOSE), most);
	}
	return NULL;
}

static void members_join_and_leave_during_posts(void **state)
{
	struct fair fair = { .seed = support_seed() };
	pthread_t threads[FANS];
	wt_time end = wt_after_ms(1000);
	uint64_t number = 0;

	(void)state;
	assert_int_equal(wt_broadcast_open(&fair.broadcast, "fair", 4, NULL), 0);
	for (int i = 0; i < FANS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, be_visitor, &fair), 0);
	while (wt_now() < end) {
		atomic_store(&fair.begun, ++number);
		assert_int_equal(wt_broadcast_post(fair.broadcast, &number, sizeof number), 0);
		atomic_store(&fair.done, number);
		if (number % 1000 == 0)
			sched_yield();
	}
	atomic_store(&fair.over, true);
	for (int i = 0; i < FANS; i++)
		pthread_join(threads[i], NULL);
	wt_broadcast_close(fair.broadcast);
	assert_verdict(&fair.verdict);
}

/* [B3] A slow one with a limit loses what it must, and what it reads and what it lost is all that there was. */
static void *be_slow(void *arg)
{
	struct fair *fair = arg;
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_broadcast *broadcast;
	wt_message message;
	uint64_t last = 0;

	CHECK(&fair->verdict, wt_broadcast_open(&broadcast, "fair", 4, WT_BROADCAST_OPTIONS(.limit = 100000)) == 0);
	atomic_fetch_add(&fair->begun, 1);
	while (last != UINT64_MAX && wt_broadcast_receive(broadcast, &message, wt_after_ms(20000)) == 0) {
		CHECK(&fair->verdict, *(const uint64_t *)message.data > last);
		last = *(const uint64_t *)message.data;
		if (last % 64 == 0)
			sched_yield();
	}
	CHECK(&fair->verdict, last == UINT64_MAX);
	CHECK(&fair->verdict, wt_broadcast_stats(broadcast, &stats) == 0);
	CHECK(&fair->verdict, stats.received + stats.dropped == atomic_load(&fair->done));
	wt_broadcast_close(broadcast);
	return NULL;
}

static bool all_are_there(void *arg)
{
	return atomic_load(&((struct fair *)arg)->begun) == FANS;
}

static void slow_members_with_a_limit_count_what_they_lose(void **state)
{
	uint64_t posts = 1000000 / support_slowdown(), end = UINT64_MAX;
	struct fair fair = { .broadcast = open_with(NULL) };
	pthread_t threads[FANS];
	long before;

	(void)state;
	wt_broadcast_close(fair.broadcast);
	support_count();
	assert_int_equal(wt_broadcast_open(&fair.broadcast, "fair", 4, NULL), 0);
	for (int i = 0; i < FANS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, be_slow, &fair), 0);
	assert_true(await(all_are_there, &fair));
	before = atomic_load(&support_counts.bytes);
	atomic_store(&fair.done, posts + 1);
	for (uint64_t i = 1; i <= posts; i++) {
		assert_int_equal(wt_broadcast_post(fair.broadcast, &i, sizeof i), 0);
		if (i % 1000 == 0)
			assert_true(atomic_load(&support_counts.bytes) < before + 100000 + (FANS + 5) * WTI_CHUNK_MAX);
	}
	assert_int_equal(wt_broadcast_post(fair.broadcast, &end, sizeof end), 0);
	for (int i = 0; i < FANS; i++)
		pthread_join(threads[i], NULL);
	wt_broadcast_close(fair.broadcast);
	assert_verdict(&fair.verdict);
}

/* Opening and closing the only endpoints of a name, by several threads at once: the topic comes and goes. */
static void *come_and_go(void *arg)
{
	struct fair *fair = arg;

	for (unsigned i = 0; i < 20000 / support_slowdown(); i++) {
		wt_broadcast *broadcast;

		CHECK(&fair->verdict, wt_broadcast_open(&broadcast, "door", 4, NULL) == 0);
		CHECK(&fair->verdict, wt_broadcast_post(broadcast, &i, sizeof i) == 0);
		wt_broadcast_close(broadcast);
	}
	return NULL;
}

static void a_name_comes_and_goes(void **state)
{
	struct fair fair = { .broadcast = NULL };
	pthread_t threads[FANS];

	(void)state;
	for (int i = 0; i < FANS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &fair), 0);
	for (int i = 0; i < FANS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&fair.verdict);
}

static int hear_until_told(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *broadcast;
	wt_message message;

	(void)data;
	(void)size;
	if (wt_broadcast_open(&broadcast, "news", 4, NULL) || wt_port_post(parent, "x", 1))
		return 9;
	while (wt_broadcast_receive(broadcast, &message, WT_FOREVER) == 0)
		;
	return 0;
}

/* [W5] Told to end while posts arrive, and posts go on. */
static void the_end_of_a_member_races_posts(void **state)
{
	wt_broadcast *a = open_with(NULL);

	(void)state;
	for (unsigned i = 0; i < 300 / support_slowdown() + 20; i++) {
		wt_message message;
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, hear_until_told, NULL, 0, NULL), 0);
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER), 0);
		for (unsigned k = 0; k < i % 50 * 4; k++)
			post_word(a, "news");
		assert_int_equal(wt_worker_terminate(worker, WT_NOW) == WT_EINVAL, 0);
		for (unsigned k = 0; k < 50; k++)
			post_word(a, "news");
		assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
		wt_worker_destroy(worker);
	}
	wt_broadcast_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(receive_gives_up_at_its_deadline_and_not_before),
		TEST(a_post_wakes_one_that_sleeps),
		TEST(a_wait_is_not_ended_by_what_is_not_for_it),
		TEST(terminate_ends_a_receive_and_the_endpoint),
		TEST(another_thread_may_only_post),
		TEST(the_owners_end_closes_its_endpoints),
		TEST(messages_wait_for_their_handler),
		TEST(an_endpoint_keeps_the_loop_alive_from_its_birth),
		TEST(the_loops_descriptor_hears_of_a_post),
		TEST(endpoints_of_one_thread_talk),
		TEST(an_endpoint_may_be_closed_in_its_callback),
		TEST(a_callbacks_view_stays_while_it_receives_others),
		TEST(an_endpoint_that_is_never_empty_does_not_starve_others),
		TEST(a_damaged_message_is_told_and_the_next_is_delivered),
		TEST(an_overflow_is_told_once_and_ends_the_hold_on_the_loop),
		TEST(the_loop_ends_when_limits_have_closed_all),
		TEST(a_close_event_is_told_although_nothing_is_refd),
		TEST(a_close_by_the_limit_keeps_the_loop_alive),
		TEST(a_callback_may_leave_by_exit),
		TEST(everyone_hears_everyone_else_once_and_in_order),
		TEST(everyone_hears_everyone_else_in_their_loops),
		TEST(members_join_and_leave_during_posts),
		TEST(slow_members_with_a_limit_count_what_they_lose),
		TEST(a_name_comes_and_goes),
		TEST(the_end_of_a_member_races_posts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
