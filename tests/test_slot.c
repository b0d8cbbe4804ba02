/* SPDX-License-Identifier: MIT
 *
 * Messages written in place: reserve, then commit or abandon, and what
 * becomes of a slot that its thread leaves open.
 */
#include <wt/port.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "seam.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

static void reserve(wt_port *port, size_t size, wt_slot *slot)
{
	memset(slot, 0x55, sizeof *slot);
	assert_int_equal(wt_port_reserve(port, size, slot, WT_NOW), 0);
	assert_int_equal(slot->size, size);
	assert_int_equal(slot->type, 0);
	assert_int_equal(slot->zero, 0);
	assert_int_equal((uintptr_t)slot->data % 8, 0);
	assert_non_null(slot->data);
}

static void reserve_text(wt_port *port, const char *text, wt_slot *slot)
{
	reserve(port, strlen(text), slot);
	memcpy(slot->data, text, strlen(text));
}

static void assert_empty_slot(const wt_slot *slot)
{
	assert_null(slot->data);
	assert_int_equal(slot->size, 0);
	assert_int_equal(slot->type, 0);
}

/* ---- Commit ---- */

static void a_slot_is_written_in_place_and_published(void **state)
{
	struct channel channel;
	wt_message message;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	reserve_text(channel.a, "in place", &slot);
	slot.type = 7;
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_empty_slot(&slot);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	assert_int_equal(message.size, 8);
	assert_int_equal(message.type, 7);
	assert_int_equal(message.transfer_count, 0);
	assert_int_equal(message.call, 0);
	assert_memory_equal(message.data, "in place", 8);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M4] What the receiver sees is what was there at the commit: no copy lies in between. */
static void the_receiver_reads_where_the_sender_wrote(void **state)
{
	static const size_t sizes[] = { 0, 1, 8, 500, 32760, 65536, 1000000 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_slot slot;
		void *data;

		reserve(channel.a, sizes[i], &slot);
		data = slot.data;
		memset(data, (int)i, sizes[i]);
		assert_int_equal(wt_port_commit(channel.a, &slot), 0);
		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.size, sizes[i]);
		assert_ptr_equal(message.data, data);
	}
	channel_close(&channel);
}

static void a_slot_may_be_published_smaller(void **state)
{
	static const struct {
		size_t reserved, size;
	} cases[] = { { 8, 7 },       { 8, 0 },         { 64, 8 },         { 100, 99 },   { 1, 0 },
		      { 0, 0 },       { 1000, 1 },      { 65536, 65535 },  { 65536, 10 }, { 65536, 0 },
		      { 1000000, 3 }, { 32768, 32000 }, { 1000000, 40000 } };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wt_slot slot;

		reserve(channel.a, cases[i].reserved, &slot);
		memset(slot.data, (int)i + 1, cases[i].reserved);
		slot.size = cases[i].size;
		assert_int_equal(wt_port_commit(channel.a, &slot), 0);
		post_text(channel.a, "behind");
		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.size, cases[i].size);
		assert_non_null(message.data);
		for (size_t k = 0; k < cases[i].size; k++)
			if (((const unsigned char *)message.data)[k] != i + 1)
				fail_msg("case %zu, byte %zu", i, k);
		assert_receives(channel.b, "behind");
		assert_receives_nothing(channel.b, WT_EAGAIN);
	}
	channel_close(&channel);
}

static void a_slot_cannot_be_published_larger(void **state)
{
	struct channel channel;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	reserve_text(channel.a, "text", &slot);
	slot.size = 5;
	assert_int_equal(wt_port_commit(channel.a, &slot), WT_EINVAL);
	slot.size = SIZE_MAX;
	assert_int_equal(wt_port_commit(channel.a, &slot), WT_EINVAL);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	slot.size = 4;
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_receives(channel.b, "text");
	channel_close(&channel);
}

static void a_slot_that_is_none_is_refused(void **state)
{
	struct channel channel, second;
	wt_slot slot, copy, empty = { 0 };

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&second, NULL);
	assert_int_equal(wt_port_commit(channel.a, NULL), WT_EINVAL);
	assert_int_equal(wt_port_commit(NULL, &empty), WT_EINVAL);
	assert_int_equal(wt_port_commit(channel.a, &empty), WT_EINVAL);
	wt_port_abandon(channel.a, NULL);
	wt_port_abandon(NULL, &empty);
	wt_port_abandon(channel.a, &empty);
	reserve_text(channel.a, "text", &slot);
	copy = slot;
	assert_int_equal(wt_port_commit(NULL, &slot), WT_EINVAL);
	assert_int_equal(wt_port_commit(second.a, &slot), WT_EINVAL);
	assert_int_equal(wt_port_commit(channel.b, &slot), WT_EINVAL);
	slot.zero = 1;
	assert_int_equal(wt_port_commit(channel.a, &slot), WT_EINVAL);
	slot.zero = 0;
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_int_equal(wt_port_commit(channel.a, &slot), WT_EINVAL);
	assert_int_equal(wt_port_commit(channel.a, &copy), WT_EINVAL);
	wt_port_abandon(channel.a, &copy);
	assert_receives(channel.b, "text");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
	channel_close(&second);
}

/* A slot lies where an older one lay: the older one's copy does not publish it. */
static void an_outdated_slot_does_not_touch_a_later_one(void **state)
{
	struct channel channel;
	wt_slot slot, copy;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < 200; i++) {
		reserve_text(channel.a, "first", &slot);
		copy = slot;
		wt_port_abandon(channel.a, &slot);
		assert_empty_slot(&slot);
		assert_receives_nothing(channel.b, WT_EAGAIN);
		reserve_text(channel.a, "later", &slot);
		assert_int_equal(wt_port_commit(channel.a, &copy), WT_EINVAL);
		wt_port_abandon(channel.a, &copy);
		assert_receives_nothing(channel.b, WT_EAGAIN);
		assert_int_equal(wt_port_commit(channel.a, &slot), 0);
		assert_receives(channel.b, "later");
	}
	channel_close(&channel);
}

struct elsewhere {
	wt_port *port;
	wt_slot *slot;
	int err;
};

static void commit_elsewhere(void *arg)
{
	struct elsewhere *elsewhere = arg;

	wt_thread_id();
	wt_port_abandon(elsewhere->port, elsewhere->slot);
	elsewhere->err = wt_port_commit(elsewhere->port, elsewhere->slot);
}

static void another_thread_does_not_publish_a_slot(void **state)
{
	struct channel channel;
	wt_slot slot, copy;
	struct elsewhere elsewhere = { .slot = &copy };

	(void)state;
	channel_open(&channel, NULL);
	elsewhere.port = channel.a;
	reserve_text(channel.a, "text", &slot);
	copy = slot;
	run_on_new_thread(commit_elsewhere, &elsewhere);
	assert_int_not_equal(elsewhere.err, 0);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_receives(channel.b, "text");
	channel_close(&channel);
}

/* ---- Order ---- */

/* [M1] */
static void later_messages_wait_behind_an_open_slot(void **state)
{
	struct channel channel;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	post_text(channel.a, "before");
	reserve_text(channel.a, "slot", &slot);
	for (int i = 0; i < 100; i++)
		post_text(channel.a, "behind it, and long enough for the ring to grow");
	assert_receives(channel.b, "before");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_receives(channel.b, "slot");
	for (int i = 0; i < 100; i++)
		assert_receives(channel.b, "behind it, and long enough for the ring to grow");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
}

/* [M1] The order is that of the reservations. */
static void slots_are_committed_in_any_order(void **state)
{
	enum { SLOTS = 500 };
	static wt_slot slots[SLOTS];
	uint64_t seed = support_seed();
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (int round = 0; round < 10; round++) {
		unsigned expected = 0, left = SLOTS, order[SLOTS];

		for (unsigned i = 0; i < SLOTS; i++) {
			reserve(channel.a, 4 + i % 90, &slots[i]);
			memcpy(slots[i].data, &i, sizeof i);
			order[i] = i;
		}
		while (left) {
			unsigned k = (unsigned)(support_random(&seed) % left), i = order[k];

			order[k] = order[--left];
			if (i % 3)
				assert_int_equal(wt_port_commit(channel.a, &slots[i]), 0);
			else
				wt_port_abandon(channel.a, &slots[i]);
			assert_empty_slot(&slots[i]);
		}
		while (wt_port_receive(channel.b, &message, WT_NOW) == 0) {
			unsigned i;

			memcpy(&i, message.data, sizeof i);
			expected += expected % 3 == 0;
			assert_int_equal(i, expected++);
		}
		assert_true(expected >= SLOTS - 1);
	}
	channel_close(&channel);
}

static void an_abandoned_slot_is_skipped(void **state)
{
	static const size_t sizes[] = { 0, 8, 300, 65536, 1000000 };
	struct channel channel;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_slot slot;

		post_text(channel.a, "before");
		reserve(channel.a, sizes[i], &slot);
		post_text(channel.a, "behind");
		assert_receives(channel.b, "before");
		assert_receives_nothing(channel.b, WT_EAGAIN);
		wt_port_abandon(channel.a, &slot);
		assert_empty_slot(&slot);
		assert_receives(channel.b, "behind");
		assert_receives_nothing(channel.b, WT_EAGAIN);
	}
	channel_close(&channel);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* The handler is not called for it, and for what is behind it when it is gone. */
static void the_loop_waits_at_an_open_slot(void **state)
{
	struct events events = { 0 };
	struct channel channel;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	post_text(channel.a, "one");
	reserve_text(channel.a, "two", &slot);
	post_text(channel.a, "three");
	while (wt_run_once(WT_NOW) > 0)
		;
	assert_events(&events, "one");
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	while (wt_run_once(WT_NOW) > 0)
		;
	assert_events(&events, "one two three");
	reserve_text(channel.a, "never", &slot);
	post_text(channel.a, "four");
	assert_int_equal(wt_run_once(wt_after_ms(1)), WT_ETIMEDOUT);
	wt_port_abandon(channel.a, &slot);
	assert_int_equal(wt_run_once(wt_after_ms(10000)), 1);
	assert_events(&events, "one two three four");
	channel_close(&channel);
}

/* ---- A receiver that sleeps ---- */

struct sleeper {
	wt_port *port;
	int err;
	char text[16];
};

static void receive_sleeping(void *arg)
{
	struct sleeper *sleeper = arg;
	wt_message message;

	sleeper->err = wt_port_receive(sleeper->port, &message, wt_after_ms(20000));
	if (!sleeper->err)
		memcpy(sleeper->text, message.data, message.size);
}

/* A commit, or an abandon with something behind it, ends the sleep. */
static void a_slot_that_is_done_wakes_the_receiver(void **state)
{
	(void)state;
	for (int abandon = 0; abandon < 2; abandon++) {
		struct sleeper sleeper = { 0 };
		struct channel channel;
		struct other other;
		wt_slot slot;

		other_start(&other);
		channel_open_between(&channel, &other, NULL);
		sleeper.port = channel.b;
		reserve_text(channel.a, "slot", &slot);
		if (abandon)
			post_text(channel.a, "next");
		seams_watch();
		other_begin(&other, receive_sleeping, &sleeper);
		assert_true(latch_await(&seams.armed));
		if (abandon)
			wt_port_abandon(channel.a, &slot);
		else
			assert_int_equal(wt_port_commit(channel.a, &slot), 0);
		other_wait(&other);
		assert_int_equal(sleeper.err, 0);
		assert_string_equal(sleeper.text, abandon ? "next" : "slot");
		wt_port_close(channel.a);
		other_end(&other);
		seams_end();
	}
}

static void a_commit_just_before_the_receiver_announces_its_sleep_is_seen(void **state)
{
	struct sleeper sleeper = { 0 };
	struct channel channel;
	struct other other;
	wt_slot slot;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	sleeper.port = channel.b;
	reserve_text(channel.a, "slot", &slot);
	seams_hold(WTI_YIELD_BEFORE_ARM);
	other_begin(&other, receive_sleeping, &sleeper);
	assert_true(latch_await(&seams.there));
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	latch_open(&seams.go);
	other_wait(&other);
	seams_end();
	assert_string_equal(sleeper.text, "slot");
	wt_port_close(channel.a);
	other_end(&other);
}

/* ---- Slots that are left open ---- */

/* A thread that opens slots, in the ring and out of line, and a message behind them; then it ends. */
enum ending {
	END_RETURN,
	END_PTHREAD_EXIT,
	FOREIGN_ENDINGS,
	END_EXIT = FOREIGN_ENDINGS,
	END_FAIL,
	END_TERMINATED, /* terminated, and returns by itself */
	END_IN_HANDLER,
	END_BLOCKED, /* terminated while it waits for a message */
	END_JUMP_IN_DRAIN,
	ENDINGS
};

struct leaving {
	wt_port *port;
	enum ending ending;
	struct latch left;
	struct verdict verdict;
};

static void open_slots(struct leaving *leaving)
{
	static const size_t sizes[] = { 8, 0, 65536, 100 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_slot slot;

		CHECK(&leaving->verdict, wt_port_reserve(leaving->port, sizes[i], &slot, WT_NOW) == 0);
		CHECK(&leaving->verdict, wt_port_post(leaving->port, "behind", 6) == 0);
	}
	latch_open(&leaving->left);
}

static void assert_four_behind(wt_port *port)
{
	for (int i = 0; i < 4; i++)
		assert_receives(port, "behind");
	post_text(port, "both ways");
}

static void *leave_slots(void *arg)
{
	struct leaving *leaving = arg;

	open_slots(leaving);
	if (leaving->ending == END_PTHREAD_EXIT)
		pthread_exit(NULL);
	return NULL;
}

/* The thread is one that libwt did not start. */
static void a_thread_that_ends_abandons_its_slots(void **state)
{
	(void)state;
	for (enum ending ending = 0; ending < FOREIGN_ENDINGS; ending++) {
		struct leaving leaving = { .ending = ending };
		struct channel channel;
		pthread_t thread;

		channel_open(&channel, NULL);
		leaving.port = channel.a;
		assert_int_equal(pthread_create(&thread, NULL, leave_slots, &leaving), 0);
		assert_true(latch_await(&leaving.left));
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_verdict(&leaving.verdict);
		assert_four_behind(channel.b);
		assert_receives(channel.a, "both ways");
		post_text(channel.a, "later");
		assert_receives(channel.b, "later");
		channel_close(&channel);
	}
}

static void exit_in_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	open_slots(arg);
	wt_exit(0);
}

static int leave_by_handler(struct leaving *leaving, wt_port *parent, bool drain)
{
	if (drain) {
		while (wt_port_drain(parent, exit_in_message, leaving, 0, NULL) == 0)
			;
		return 1;
	}
	wt_port_on_message(parent, exit_in_message, leaving);
	return wt_run();
}

static int entry_leave_slots(wt_port *parent, const void *data, size_t size)
{
	struct leaving *leaving = *(struct leaving *const *)data;
	wt_message message;

	(void)size;
	if (leaving->ending == END_IN_HANDLER || leaving->ending == END_JUMP_IN_DRAIN)
		return leave_by_handler(leaving, parent, leaving->ending == END_JUMP_IN_DRAIN);
	open_slots(leaving);
	switch (leaving->ending) {
	case END_PTHREAD_EXIT:
		pthread_exit(NULL);
	case END_EXIT:
		wt_exit(3);
	case END_FAIL:
		wt_fail(WT_EINVAL, "as told");
	case END_BLOCKED:
		return wt_port_receive(parent, &message, WT_FOREVER);
	case END_TERMINATED:
		while (!wt_terminating())
			;
		return 0;
	default:
		return 3;
	}
}

/* [C4] On a port of the runner's. */
static void a_worker_that_ends_abandons_its_slots(void **state)
{
	(void)state;
	for (enum ending ending = 0; ending < ENDINGS; ending++) {
		struct leaving leaving = { .ending = ending }, *arg = &leaving;
		struct channel channel;
		wt_worker *worker;

		channel_open(&channel, NULL);
		leaving.port = channel.a;
		assert_int_equal(wt_worker_create(&worker, entry_leave_slots, &arg, sizeof arg, NULL), 0);
		wt_worker_on_error(worker, ignore_failure, NULL);
		if (ending == END_IN_HANDLER || ending == END_JUMP_IN_DRAIN)
			assert_int_equal(wt_worker_post(worker, "go", 2), 0);
		assert_true(latch_await(&leaving.left));
		if (ending == END_BLOCKED || ending == END_TERMINATED)
			assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
		assert_verdict(&leaving.verdict);
		assert_four_behind(channel.b);
		assert_receives(channel.a, "both ways");
		wt_worker_destroy(worker);
		channel_close(&channel);
	}
}

static int entry_leave_slots_on_parent(wt_port *parent, const void *data, size_t size)
{
	struct leaving *leaving = *(struct leaving *const *)data;

	(void)size;
	leaving->port = parent;
	open_slots(leaving);
	return 0;
}

/* [W2] [C4] On its own port to its creator, which is closed by the same end. */
static void what_a_worker_posted_behind_its_open_slots_is_delivered(void **state)
{
	struct leaving leaving = { 0 }, *arg = &leaving;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_leave_slots_on_parent, &arg, sizeof arg, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_verdict(&leaving.verdict);
	for (int i = 0; i < 4; i++)
		assert_receives(wt_worker_port(worker), "behind");
	assert_receives_nothing(wt_worker_port(worker), WT_ECLOSED);
	wt_worker_destroy(worker);
}

/* [C1] */
static void a_port_that_is_closed_abandons_its_owners_slots(void **state)
{
	struct channel channel;
	wt_slot slot, large;

	(void)state;
	wt_thread_id();
	support_count();
	channel_open(&channel, NULL);
	reserve(channel.a, 8, &slot);
	post_text(channel.a, "one");
	reserve(channel.a, 65536, &large);
	post_text(channel.a, "two");
	assert_receives_nothing(channel.b, WT_EAGAIN);
	wt_port_close(channel.a);
	assert_receives(channel.b, "one");
	assert_receives(channel.b, "two");
	assert_receives_nothing(channel.b, WT_ECLOSED);
	wt_port_close(channel.b);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void a_port_that_moves_abandons_its_owners_slots(void **state)
{
	struct channel channel, carrier;
	wt_port *port;
	wt_slot slot, large;

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	reserve(channel.a, 8, &slot);
	post_text(channel.a, "one");
	reserve(channel.a, 65536, &large);
	post_text(channel.a, "two");
	port = channel.a;
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.a)), 0);
	assert_receives(channel.b, "one");
	assert_receives(channel.b, "two");
	assert_int_equal(receive_port(carrier.b, &channel.a, WT_NOW), 0);
	assert_ptr_equal(channel.a, port);
	assert_int_equal(wt_port_commit(channel.a, &slot), WT_EINVAL);
	wt_port_abandon(channel.a, &large);
	post_text(channel.a, "three");
	assert_receives(channel.b, "three");
	channel_close(&channel);
	channel_close(&carrier);
}

/* [M3] A move that fails abandons nothing. */
static void a_port_that_does_not_move_keeps_its_slots(void **state)
{
	struct channel channel, carrier;
	wt_buffer *none = NULL;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&carrier, WT_CHANNEL_OPTIONS(.limit = 1024));
	reserve_text(channel.a, "slot", &slot);
	assert_int_equal(send_with(carrier.a, "x", WT_MOVE(&channel.a), WT_MOVE(&none)), WT_EDETACHED);
	fill(carrier.a);
	assert_int_equal(send_with(carrier.a, "x", WT_MOVE(&channel.a)), WT_EAGAIN);
	support_fail_allocations(1, 0);
	assert_true(send_with(carrier.a, "x", WT_MOVE(&channel.a)) < 0);
	support_fail_allocations(0, 0);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_receives(channel.b, "slot");
	channel_close(&channel);
	channel_close(&carrier);
}

static struct slotted {
	wt_port *port;
	wt_slot slot;
	int err;
} slotted;

static void reserve_there(void *arg)
{
	(void)arg;
	slotted.err = wt_port_reserve(slotted.port, 8, &slotted.slot, WT_NOW);
	memcpy(slotted.slot.data, "8 bytes.", 8);
}

static void commit_there(void *arg)
{
	(void)arg;
	slotted.err = wt_port_commit(slotted.port, &slotted.slot);
}

/* [T2] [M3] Then, when it is done, the port goes. */
static void a_port_does_not_move_under_another_threads_slot(void **state)
{
	struct channel channel, carrier;
	struct other other;
	wt_port *was;

	(void)state;
	other_start(&other);
	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	was = slotted.port = channel.a;
	other_run(&other, reserve_there, NULL);
	assert_int_equal(slotted.err, 0);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.a)), WT_EINUSE);
	assert_ptr_equal(channel.a, was);
	other_run(&other, commit_there, NULL);
	assert_int_equal(slotted.err, 0);
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.a)), 0);
	assert_receives(channel.b, "8 bytes.");
	channel_close(&carrier);
	channel_close(&channel);
	other_end(&other);
}

/* What a slot lies in belongs to the channel: the receiver may go while it is written. */
static void the_receiver_may_move_while_a_slot_is_written(void **state)
{
	struct channel channel, carrier;
	wt_slot slot;

	(void)state;
	channel_open(&channel, NULL);
	channel_open(&carrier, NULL);
	reserve_text(channel.a, "slot", &slot);
	post_text(channel.a, "behind");
	assert_int_equal(send_with(carrier.a, "port", WT_MOVE(&channel.b)), 0);
	assert_int_equal(receive_port(carrier.b, &channel.b, WT_NOW), 0);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(wt_port_commit(channel.a, &slot), 0);
	assert_receives(channel.b, "slot");
	assert_receives(channel.b, "behind");
	channel_close(&carrier);
	channel_close(&channel);
}

/* [C3] [M2] The memory is there until it is given back, in the ring and out of line. */
static void a_receiver_that_closes_meanwhile_gets_nothing(void **state)
{
	static const size_t sizes[] = { 8, 65536 };

	(void)state;
	wt_thread_id();
	support_count();
	for (int way = 0; way < 6; way++) {
		struct channel channel;
		wt_slot slot;

		channel_open(&channel, NULL);
		post_text(channel.a, "before");
		reserve(channel.a, sizes[way % 2], &slot);
		post_text(channel.a, "behind");
		wt_port_close(channel.b);
		memset(slot.data, 1, slot.size);
		if (way / 2 == 0) {
			assert_int_equal(wt_port_commit(channel.a, &slot), WT_ECLOSED);
			assert_empty_slot(&slot);
		} else if (way / 2 == 1) {
			wt_port_abandon(channel.a, &slot);
			assert_empty_slot(&slot);
		}
		wt_port_close(channel.a);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* The receiver is gone, and then the writer's thread ends. */
static void a_thread_that_ends_after_its_receiver_abandons_its_slots(void **state)
{
	struct channel channel;
	struct other other;

	(void)state;
	wt_thread_id();
	support_count();
	other_start(&other);
	channel_open(&channel, NULL);
	slotted.port = channel.a;
	other_run(&other, reserve_there, NULL);
	wt_port_close(channel.b);
	other_end(&other);
	wt_port_close(channel.a);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- Termination ---- */

struct checked {
	wt_port *port;
	struct latch open;
	atomic_int passed;
};

static int entry_checkpoint(wt_port *parent, const void *data, size_t size)
{
	struct checked *checked = *(struct checked *const *)data;
	wt_slot slot;

	(void)parent;
	(void)size;
	if (wt_port_reserve(checked->port, 8, &slot, WT_NOW) != 0)
		return 1;
	latch_open(&checked->open);
	while (!wt_terminating())
		;
	for (int i = 0; i < 100; i++)
		wt_checkpoint();
	memcpy(slot.data, "8 bytes.", 8);
	atomic_store(&checked->passed, 1);
	if (wt_port_commit(checked->port, &slot) != 0)
		return 1;
	wt_checkpoint();
	atomic_store(&checked->passed, 2);
	return 0;
}

/* [W5] */
static void a_checkpoint_waits_for_an_open_slot(void **state)
{
	struct checked checked = { 0 }, *arg = &checked;
	struct channel channel;
	wt_worker *worker;

	(void)state;
	channel_open(&channel, NULL);
	checked.port = channel.a;
	assert_int_equal(wt_worker_create(&worker, entry_checkpoint, &arg, sizeof arg, NULL), 0);
	assert_true(latch_await(&checked.open));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(atomic_load(&checked.passed), 1);
	assert_receives(channel.b, "8 bytes.");
	wt_worker_destroy(worker);
	channel_close(&channel);
}

static int entry_wait_for_room(wt_port *parent, const void *data, size_t size)
{
	struct checked *checked = *(struct checked *const *)data;
	wt_slot slot;

	(void)parent;
	(void)size;
	memset(&slot, 0x55, sizeof slot);
	atomic_store(&checked->passed, wt_port_reserve(checked->port, 8, &slot, WT_FOREVER));
	return slot.data != NULL;
}

/* [W5] */
static void a_reservation_that_waits_is_terminated(void **state)
{
	struct checked checked = { 0 }, *arg = &checked;
	struct channel channel;
	wt_worker *worker;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	fill(channel.a);
	checked.port = channel.a;
	seams_watch();
	assert_int_equal(wt_worker_create(&worker, entry_wait_for_room, &arg, sizeof arg, NULL), 0);
	assert_true(latch_await(&seams.armed));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(atomic_load(&checked.passed), WT_ETERMINATED);
	wt_worker_destroy(worker);
	channel_close(&channel);
}

/* ---- Room ---- */

static void reserve_fails_as_a_send_does(void **state)
{
	struct channel channel, closed;
	wt_slot slots[4], slot;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	channel_open(&closed, NULL);
	wt_port_close(closed.b);
	memset(&slot, 0x55, sizeof slot);
	assert_int_equal(wt_port_reserve(NULL, 8, &slot, WT_NOW), WT_EINVAL);
	assert_empty_slot(&slot);
	assert_int_equal(wt_port_reserve(channel.a, 8, NULL, WT_NOW), WT_EINVAL);
	memset(&slot, 0x55, sizeof slot);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, -1), WT_EINVAL);
	assert_empty_slot(&slot);
	assert_int_equal(wt_port_reserve(channel.a, ((size_t)1 << 62) + 1, &slot, WT_NOW), WT_EOVERFLOW);
	assert_int_equal(wt_port_reserve(channel.a, SIZE_MAX, &slot, WT_FOREVER), WT_EOVERFLOW);
	assert_int_equal(wt_port_reserve(channel.a, 64, &slot, WT_FOREVER), WT_EMSGSIZE);
	memset(&slot, 0x55, sizeof slot);
	assert_int_equal(wt_port_reserve(closed.a, 8, &slot, WT_FOREVER), WT_ECLOSED);
	assert_empty_slot(&slot);
	for (int i = 0; i < 4; i++)
		reserve(channel.a, 8, &slots[i]);
	memset(&slot, 0x55, sizeof slot);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, WT_NOW), WT_EAGAIN);
	assert_empty_slot(&slot);
	assert_int_equal(wt_port_reserve(channel.a, 8, &slot, WT_FOREVER), WT_EDEADLK);
	assert_int_equal(wt_port_post(channel.a, "8 bytes.", 8), WT_EAGAIN);
	for (int i = 0; i < 4; i++)
		wt_port_abandon(channel.a, &slots[i]);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	for (int i = 0; i < 4; i++)
		reserve(channel.a, 8, &slots[i]);
	channel_close(&channel);
	wt_port_close(closed.a);
}

struct room {
	wt_port *port;
	wt_time deadline;
	int err;
};

static void reserve_waiting(void *arg)
{
	struct room *room = arg;
	wt_slot slot;

	room->err = wt_port_reserve(room->port, 8, &slot, room->deadline);
	if (!room->err) {
		memcpy(slot.data, "8 bytes.", 8);
		room->err = wt_port_commit(room->port, &slot);
	}
}

static void reserve_waits_for_room_until_its_deadline(void **state)
{
	struct room room = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 64));
	fill(channel.a);
	room.port = channel.a;
	room.deadline = wt_after_ms(20);
	other_run(&other, reserve_waiting, &room);
	assert_int_equal(room.err, WT_ETIMEDOUT);
	assert_true(wt_now() >= room.deadline);
	room.deadline = WT_FOREVER;
	seams_watch();
	other_begin(&other, reserve_waiting, &room);
	assert_true(latch_await(&seams.armed));
	drain_all(channel.b);
	other_end(&other);
	assert_int_equal(room.err, 0);
	drain_all(channel.b);
	channel_close(&channel);
}

/* [M3] [P1] */
static void reserve_without_memory_changes_nothing(void **state)
{
	static const size_t sizes[] = { 8, 65536 };

	(void)state;
	wt_thread_id();
	support_count();
	for (int i = 0; i < 4; i++) {
		int err = WT_ENOMEM;

		for (unsigned long n = 1; err; n++) {
			struct channel channel;
			wt_slot slot;

			channel_open(&channel, NULL);
			if (i / 2)
				post_text(channel.a, "before");
			support_fail_allocations(n, 0);
			err = wt_port_reserve(channel.a, sizes[i % 2], &slot, WT_NOW);
			support_fail_allocations(0, 0);
			assert_true(err == 0 || err == WT_ENOMEM);
			if (err)
				assert_empty_slot(&slot);
			post_text(channel.a, "text");
			if (i / 2)
				assert_receives(channel.b, "before");
			if (err)
				assert_receives(channel.b, "text");
			else
				assert_receives_nothing(channel.b, WT_EAGAIN);
			channel_close(&channel);
		}
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* ---- One producer, and the ends of segments ---- */

/* Slots and posts of all sizes, with up to four slots open at once, against the receiver's own count. */
struct mixed {
	uint64_t sent, seen;
	uint64_t carried; /* buffers that were sent */
	uint64_t random;
	struct deleted deleted;
	struct channel channel;
};

static void mixed_fill(struct mixed *mixed, void *data, size_t size)
{
	element_fill(data, size, 7, mixed->sent++);
}

/* A post, or a send with something that the receiver leaves. */
static void mixed_post(struct mixed *mixed, uint64_t choice)
{
	unsigned char bytes[600];
	size_t size = 16 + choice % 500;
	wt_buffer *buffer = choice % 2 ? wrap_counted(&mixed->deleted) : NULL;
	wt_transfer entry = WT_MOVE(&buffer);
	wt_outgoing outgoing = { .data = bytes, .size = size, .transfer = &entry, .transfer_count = choice % 2 };

	mixed_fill(mixed, bytes, size);
	assert_int_equal(wt_port_send(mixed->channel.a, &outgoing, WT_NOW), 0);
	mixed->carried += choice % 2;
}

/* Elements are numbered as they are reserved: what is to be abandoned gets no number. */
static void mixed_send(struct mixed *mixed)
{
	wt_slot slots[4];
	unsigned count = (unsigned)(support_random(&mixed->random) % 5), abandoned = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t choice = support_random(&mixed->random);
		size_t size = 16 + choice / 16 % (choice % 16 == 0 ? 60000 : 500);

		reserve(mixed->channel.a, size, &slots[i]);
		if (choice / 4 % 4 == 0) {
			abandoned |= 1u << i;
		} else {
			if (choice % 4 == 1)
				slots[i].size = 16 + choice / 64 % (size - 15);
			mixed_fill(mixed, slots[i].data, slots[i].size);
		}
		if (choice % 3 == 0)
			mixed_post(mixed, choice);
	}
	while (count--) {
		if (abandoned & 1u << count)
			wt_port_abandon(mixed->channel.a, &slots[count]);
		else
			assert_int_equal(wt_port_commit(mixed->channel.a, &slots[count]), 0);
	}
}

static void mixed_receive(struct mixed *mixed, bool all)
{
	wt_message message;

	while ((all || support_random(&mixed->random) % 8) &&
	       wt_port_receive(mixed->channel.b, &message, WT_NOW) == 0) {
		uint32_t producer;
		uint64_t sequence;

		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_int_equal(producer, 7);
		assert_int_equal(sequence, mixed->seen++);
	}
}

static void mixed_run(const wt_channel_options *options)
{
	struct mixed mixed = { .random = support_seed() };

	channel_open(&mixed.channel, options);
	for (unsigned i = 0; i < 20000 / support_slowdown(); i++) {
		mixed_send(&mixed);
		mixed_receive(&mixed, false);
	}
	mixed_receive(&mixed, true);
	assert_int_equal(mixed.seen, mixed.sent);
	assert_receives_nothing(mixed.channel.b, WT_EAGAIN);
	assert_deleted(&mixed.deleted, mixed.carried);
	channel_close(&mixed.channel);
}

/* [M1] [M2] */
static void slots_and_posts_mix_in_rings_of_either_kind(void **state)
{
	(void)state;
	support_allow_seconds(60);
	wt_thread_id();
	support_count();
	mixed_run(NULL);
	for (int amd = 0; amd <= 1; amd++) {
		support_use_processor(amd);
		mixed_run(WT_CHANNEL_OPTIONS(.single_producer = true));
		mixed_run(WT_CHANNEL_OPTIONS(.capacity = 256, .single_producer = true));
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [M1] [M2] Positions wrap in between. */
static void slots_pass_the_wrap_of_positions(void **state)
{
	(void)state;
	wti_ring_origin = UINT64_MAX - 8191;
	mixed_run(NULL);
	for (int amd = 0; amd <= 1; amd++) {
		support_use_processor(amd);
		mixed_run(WT_CHANNEL_OPTIONS(.single_producer = true));
	}
}

/* The header behind an open slot is not yet there when the next record is written. */
static void post_behind_slot(struct channel *channel, int count, bool commits)
{
	wt_slot slot;

	reserve_text(channel->a, "slot", &slot);
	for (int i = 0; i < count; i++)
		post_text(channel->a, "behind");
	assert_receives_nothing(channel->b, WT_EAGAIN);
	if (commits)
		assert_int_equal(wt_port_commit(channel->a, &slot), 0);
	else
		wt_port_abandon(channel->a, &slot);
	if (commits)
		assert_receives(channel->b, "slot");
	for (int i = 0; i < count; i++)
		assert_receives(channel->b, "behind");
	assert_receives_nothing(channel->b, WT_EAGAIN);
}

static void a_single_producer_posts_behind_its_open_slot(void **state)
{
	(void)state;
	for (int amd = 0; amd <= 1; amd++) {
		struct channel channel;

		support_use_processor(amd);
		channel_open(&channel, WT_CHANNEL_OPTIONS(.single_producer = true));
		for (int round = 0; round < 200; round++)
			post_behind_slot(&channel, round / 2 % 20, round % 2);
		channel_close(&channel);
	}
}

/* ---- Many threads ---- */

enum { WRITERS = 4 };

struct writers {
	wt_port *port;
	uint64_t each;
	struct writer {
		struct writers *writers;
		uint32_t number;
		pthread_t thread;
	} writer[WRITERS];
	struct verdict verdict;
};

/* Each element by a slot or a post; every fifth slot is abandoned first. */
static void *writer_run(void *arg)
{
	struct writer *writer = arg;
	struct verdict *verdict = &writer->writers->verdict;
	wt_port *port = writer->writers->port;
	unsigned char bytes[128];

	for (uint64_t i = 0; i < writer->writers->each; i++) {
		size_t size = 16 + i % 100;
		wt_slot slot;

		if (i % 2) {
			element_fill(bytes, size, writer->number, i);
			CHECK(verdict,
			      wt_port_send(port, &(wt_outgoing){ .data = bytes, .size = size }, WT_FOREVER) == 0);
			continue;
		}
		CHECK(verdict, wt_port_reserve(port, size, &slot, WT_FOREVER) == 0);
		if (i % 5 == 0) {
			wt_port_abandon(port, &slot);
			CHECK(verdict, wt_port_reserve(port, size, &slot, WT_FOREVER) == 0);
		}
		if (!slot.data)
			return NULL;
		element_fill(slot.data, size, writer->number, i);
		CHECK(verdict, wt_port_commit(port, &slot) == 0);
	}
	return NULL;
}

static void writers_run(const wt_channel_options *options)
{
	struct writers writers = { .each = 50000 / support_slowdown() };
	uint64_t next[WRITERS] = { 0 };
	struct channel channel;
	wt_message message;

	channel_open(&channel, options);
	writers.port = channel.a;
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers.writer[i] = (struct writer){ .writers = &writers, .number = i };
		assert_int_equal(pthread_create(&writers.writer[i].thread, NULL, writer_run, &writers.writer[i]), 0);
	}
	for (uint64_t i = 0; i < WRITERS * writers.each; i++) {
		uint32_t producer = 0;
		uint64_t sequence = 0;

		assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(20000)), 0);
		assert_true(element_check(message.data, message.size, &producer, &sequence));
		assert_true(producer < WRITERS);
		assert_int_equal(sequence, next[producer]++);
	}
	assert_receives_nothing(channel.b, WT_EAGAIN);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(writers.writer[i].thread, NULL), 0);
	assert_verdict(&writers.verdict);
	channel_close(&channel);
}

/* [M1] [M2] */
static void many_threads_write_in_place(void **state)
{
	(void)state;
	support_allow_seconds(60);
	writers_run(NULL);
	writers_run(WT_CHANNEL_OPTIONS(.limit = 1024));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slot_is_written_in_place_and_published),
		TEST(the_receiver_reads_where_the_sender_wrote),
		TEST(a_slot_may_be_published_smaller),
		TEST(a_slot_cannot_be_published_larger),
		TEST(a_slot_that_is_none_is_refused),
		TEST(an_outdated_slot_does_not_touch_a_later_one),
		TEST(another_thread_does_not_publish_a_slot),
		TEST(later_messages_wait_behind_an_open_slot),
		TEST(slots_are_committed_in_any_order),
		TEST(an_abandoned_slot_is_skipped),
		TEST(the_loop_waits_at_an_open_slot),
		TEST(a_slot_that_is_done_wakes_the_receiver),
		TEST(a_commit_just_before_the_receiver_announces_its_sleep_is_seen),
		TEST(a_thread_that_ends_abandons_its_slots),
		TEST(a_worker_that_ends_abandons_its_slots),
		TEST(what_a_worker_posted_behind_its_open_slots_is_delivered),
		TEST(a_port_that_is_closed_abandons_its_owners_slots),
		TEST(a_port_that_moves_abandons_its_owners_slots),
		TEST(a_port_that_does_not_move_keeps_its_slots),
		TEST(a_port_does_not_move_under_another_threads_slot),
		TEST(the_receiver_may_move_while_a_slot_is_written),
		TEST(a_receiver_that_closes_meanwhile_gets_nothing),
		TEST(a_thread_that_ends_after_its_receiver_abandons_its_slots),
		TEST(a_checkpoint_waits_for_an_open_slot),
		TEST(a_reservation_that_waits_is_terminated),
		TEST(reserve_fails_as_a_send_does),
		TEST(reserve_waits_for_room_until_its_deadline),
		TEST(reserve_without_memory_changes_nothing),
		TEST(slots_and_posts_mix_in_rings_of_either_kind),
		TEST(slots_pass_the_wrap_of_positions),
		TEST(a_single_producer_posts_behind_its_open_slot),
		TEST(many_threads_write_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
