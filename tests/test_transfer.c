/* SPDX-License-Identifier: MIT
 *
 * Transfer lists: what is refused and then left alone, what arrives, and what
 * happens to that which nobody takes. Ports that move have a file of their
 * own, test_port_transfer.c.
 */
#include <wt/transfer.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wt/call.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "port.h"
#include "seam.h"
#include "support/seams.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- What is refused ---- */

/* What the lists name. */
struct refused {
	struct channel channel; /* what is sent goes from a to b: both are the runner's */
	struct channel foreign; /* b is the other thread's */
	struct channel slotted; /* the other thread writes a message on b */
	struct channel closing; /* a is closed, its event pending */
	wt_port *worker_port;
	wt_buffer *marked;
	/* Variables that hold nothing, or what another one holds. */
	wt_port *port;
	wt_buffer *buffer;
	wt_sender *no_sender;
	int fd;
};

struct refusing {
	struct refused var;
	struct ten ten;
	wt_sender *sender; /* posts where channel.a does */
	struct other other;
	wt_slot slot;
	wt_worker *worker;
};

static int entry_receive(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void on_close_ignored(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
}

static void reserve_elsewhere(void *arg)
{
	struct refusing *with = arg;

	if (wt_port_reserve(with->var.slotted.b, 8, &with->slot, WT_NOW) != 0)
		with->slot.data = NULL;
}

static void abandon_elsewhere(void *arg)
{
	struct refusing *with = arg;

	wt_port_abandon(with->var.slotted.b, &with->slot);
}

static void refusing_make(struct refusing *with)
{
	memset(with, 0, sizeof *with);
	channel_open(&with->var.channel, NULL);
	assert_int_equal(wt_port_sender(with->var.channel.a, &with->sender), 0);
	other_start(&with->other);
	channel_open_between(&with->var.foreign, &with->other, NULL);
	channel_open(&with->var.slotted, NULL);
	other_run(&with->other, reserve_elsewhere, with);
	assert_non_null(with->slot.data);
	channel_open(&with->var.closing, NULL);
	wt_port_on_close(with->var.closing.a, on_close_ignored, NULL);
	wt_port_close(with->var.closing.a);
	assert_int_equal(wt_worker_create(&with->worker, entry_receive, NULL, 0, NULL), 0);
	assert_int_equal(wt_buffer_create(&with->var.marked, 8), 0);
	wt_buffer_mark_untransferable(with->var.marked);
}

static void refusing_end(struct refusing *with)
{
	other_run(&with->other, abandon_elsewhere, with);
	channel_close(&with->var.slotted);
	wt_port_close(with->var.foreign.a);
	other_end(&with->other);
	wt_worker_destroy(with->worker);
	assert_true(wt_run_once(WT_NOW) >= 0);
	wt_port_close(with->var.closing.b);
	wt_buffer_destroy(with->var.marked);
	wt_sender_close(with->sender);
	channel_close(&with->var.channel);
}

/* The place of a neighbour that can be named twice. */
static size_t neighbour(size_t at)
{
	size_t next = (at + 1) % TEN;

	return next == TEN_SHARED ? (next + 1) % TEN : next;
}

/* Each makes the entry one that is refused; `at` is its place in the list of ten. */
#define BAD(name, statement)                                                         \
	static void bad_##name(struct refusing *with, size_t at, wt_transfer *entry) \
	{                                                                            \
		(void)with;                                                          \
		(void)at;                                                            \
		statement;                                                           \
	}

BAD(source, *entry = WT_MOVE(&with->var.channel.a))
BAD(target, *entry = WT_MOVE(&with->var.channel.b))
BAD(no_port, with->var.port = NULL; *entry = WT_MOVE(&with->var.port))
BAD(no_buffer, with->var.buffer = NULL; *entry = WT_MOVE(&with->var.buffer))
BAD(no_sender, with->var.no_sender = NULL; *entry = WT_MOVE(&with->var.no_sender))
BAD(no_fd, with->var.fd = -1; *entry = WT_MOVE(&with->var.fd))
BAD(closed_fd, with->var.fd = dup(0); close(with->var.fd); *entry = WT_MOVE(&with->var.fd))
BAD(marked, *entry = WT_MOVE(&with->var.marked))
BAD(workers_port, with->var.worker_port = wt_worker_port(with->worker); *entry = WT_MOVE(&with->var.worker_port))
BAD(foreign, *entry = WT_MOVE(&with->var.foreign.b))
BAD(slotted, *entry = WT_MOVE(&with->var.slotted.b))
BAD(closing, *entry = WT_MOVE(&with->var.closing.a))
BAD(null_port, *entry = WT_MOVE((wt_port **)NULL))
BAD(null_buffer, *entry = WT_MOVE((wt_buffer **)NULL))
BAD(null_sender, *entry = WT_MOVE((wt_sender **)NULL))
BAD(null_fd, *entry = WT_MOVE((int *)NULL))
BAD(null_shared, *entry = WT_SHARE(NULL))
BAD(kind_0, entry->kind = 0)
BAD(kind_6, entry->kind = 6)
BAD(kind_max, entry->kind = UINT32_MAX)
BAD(zero, entry->zero = 1)
BAD(zero_last_bit, entry->zero = (uint32_t)1 << 31)
BAD(reserved_0, entry->reserved[0] = 1)
BAD(reserved_1, entry->reserved[1] = 1)
BAD(twice, *entry = with->ten.list[neighbour(at)])
BAD(port_twice, with->var.port = with->ten.now.port[at != 1 ? 0 : 1]; *entry = WT_MOVE(&with->var.port))
BAD(buffer_twice, with->var.buffer = with->ten.now.buffer[at ? 0 : 1]; *entry = WT_MOVE(&with->var.buffer))
BAD(sender_twice, with->var.no_sender = with->ten.now.sender[at != 2 ? 0 : 1]; *entry = WT_MOVE(&with->var.no_sender))
BAD(fd_twice, with->var.fd = with->ten.now.fd[at != 3 ? 0 : 1]; *entry = WT_MOVE(&with->var.fd))

static const struct bad {
	const char *name;
	void (*make)(struct refusing *with, size_t at, wt_transfer *entry);
	int err;
} bads[] = {
	{ "source", bad_source, WT_ESOURCE },
	{ "target", bad_target, WT_ETARGET },
	{ "another thread's port", bad_foreign, WT_EOWNER },
	{ "no port", bad_no_port, WT_EDETACHED },
	{ "no buffer", bad_no_buffer, WT_EDETACHED },
	{ "no sender", bad_no_sender, WT_EDETACHED },
	{ "no fd", bad_no_fd, WT_EDETACHED },
	{ "a closed fd", bad_closed_fd, -EBADF },
	{ "marked", bad_marked, WT_EUNTRANSFERABLE },
	{ "a worker's port", bad_workers_port, WT_EUNTRANSFERABLE },
	{ "a port with a slot", bad_slotted, WT_EINUSE },
	{ "a closed port", bad_closing, WT_ECLOSED },
	{ "NULL port variable", bad_null_port, WT_EINVAL },
	{ "NULL buffer variable", bad_null_buffer, WT_EINVAL },
	{ "NULL sender variable", bad_null_sender, WT_EINVAL },
	{ "NULL fd variable", bad_null_fd, WT_EINVAL },
	{ "NULL shared", bad_null_shared, WT_EINVAL },
	{ "kind 0", bad_kind_0, WT_EINVAL },
	{ "kind 6", bad_kind_6, WT_EINVAL },
	{ "kind max", bad_kind_max, WT_EINVAL },
	{ "zero 1", bad_zero, WT_EINVAL },
	{ "zero last bit", bad_zero_last_bit, WT_EINVAL },
	{ "reserved 0", bad_reserved_0, WT_EINVAL },
	{ "reserved 1", bad_reserved_1, WT_EINVAL },
	{ "the same variable", bad_twice, WT_EDUPLICATE },
	{ "the same port", bad_port_twice, WT_EDUPLICATE },
	{ "the same buffer", bad_buffer_twice, WT_EDUPLICATE },
	{ "the same sender", bad_sender_twice, WT_EDUPLICATE },
	{ "the same fd", bad_fd_twice, WT_EDUPLICATE },
};

/* The ways for a list to go; each takes the ten things' list. */
static int go_without_waiting(struct refusing *with, const wt_outgoing *message)
{
	return wt_port_send(with->var.channel.a, message, WT_NOW);
}

static int go_patiently(struct refusing *with, const wt_outgoing *message)
{
	return wt_port_send(with->var.channel.a, message, WT_FOREVER);
}

static int go_by_sender(struct refusing *with, const wt_outgoing *message)
{
	return wt_sender_send(with->sender, message, WT_NOW);
}

static int go_as_a_call(struct refusing *with, const wt_outgoing *message)
{
	wt_message reply;

	return wt_port_call(with->var.foreign.a, message, &reply, WT_FOREVER);
}

static int go_with_worker_data(struct refusing *with, const wt_outgoing *message)
{
	int err = wt_worker_create(
		&(wt_worker *){ NULL }, entry_receive, NULL, 0,
		WT_WORKER_OPTIONS(.transfer = message->transfer, .transfer_count = message->transfer_count));

	(void)with;
	return err;
}

static void refuse(struct refusing *with, const struct bad *bad, size_t at,
		   int (*go)(struct refusing *with, const wt_outgoing *message))
{
	wt_outgoing outgoing = { .data = "bad", .size = 3, .transfer = with->ten.list, .transfer_count = TEN };
	struct refused before;
	wt_transfer list[TEN];
	int err;

	ten_make(&with->ten);
	bad->make(with, at, &with->ten.list[at]);
	before = with->var;
	memcpy(list, with->ten.list, sizeof list);
	err = go(with, &outgoing);
	if (err != bad->err)
		fail_msg("%s at %zu: %d, not %d", bad->name, at, err, bad->err);
	assert_memory_equal(with->ten.list, list, sizeof list);
	assert_memory_equal(&with->var, &before, sizeof before);
	ten_assert_untouched(&with->ten);
	assert_receives_nothing(with->var.channel.b, WT_EAGAIN);
	ten_end(&with->ten);
}

static void refuse_all(int (*go)(struct refusing *with, const wt_outgoing *message), size_t first)
{
	struct refusing with;

	refusing_make(&with);
	for (size_t i = first; i < sizeof bads / sizeof *bads; i++)
		for (size_t at = 0; at < TEN; at++)
			refuse(&with, &bads[i], at, go);
	refusing_end(&with);
}

/* [T2] [M3] */
static void one_bad_thing_anywhere_leaves_all_ten_where_they_were(void **state)
{
	(void)state;
	refuse_all(go_without_waiting, 0);
	refuse_all(go_patiently, 0);
}

/* [T2] [M3] A sender is not the port that it posts for: the list begins with the target. */
static void a_sender_refuses_the_same(void **state)
{
	(void)state;
	refuse_all(go_by_sender, 1);
}

/* [T2] [M3] Nothing is the source or the target of workerData. */
static void worker_data_refuses_the_same(void **state)
{
	(void)state;
	refuse_all(go_with_worker_data, 2);
}

/* [T2] [M3] On a channel to the other thread, as a call needs it. */
static void a_call_refuses_the_same(void **state)
{
	(void)state;
	refuse_all(go_as_a_call, 3); /* that thread's port is the target here */
}

static void a_list_that_is_not_there_or_too_long_is_refused(void **state)
{
	struct channel channel;
	struct ten ten;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	assert_int_equal(send_list(channel.a, "x", NULL, 1), WT_EINVAL);
	assert_int_equal(send_list(channel.a, "x", NULL, SIZE_MAX), WT_EINVAL);
	assert_int_equal(send_list(channel.a, "x", ten.list, 65537), WT_EINVAL);
	assert_int_equal(send_list(channel.a, "x", ten.list, SIZE_MAX), WT_EINVAL);
	for (size_t size = 2; size <= 64; size *= 2) /* whatever a thing takes in a record: products that wrap */
		assert_int_equal(send_list(channel.a, "x", ten.list, SIZE_MAX / size + 1), WT_EINVAL);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(send_list(channel.a, "none", NULL, 0), 0);
	assert_receives_with(channel.b, "none", 0, &message);
	assert_int_equal(send_list(channel.a, "none of ten", ten.list, 0), 0);
	assert_receives_with(channel.b, "none of ten", 0, &message);
	assert_int_equal(wt_message_transfer_kind(&message, 0), 0);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	channel_close(&channel);
}

/* Also that looking for duplicates does not take time that grows with the square. */
static void a_list_may_have_65536_things(void **state)
{
	enum { MANY = 65536 };
	wt_buffer **buffers = calloc(MANY, sizeof *buffers);
	wt_transfer *list = calloc(MANY, sizeof *list);
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_message message;

	(void)state;
	support_allow_seconds(60);
	assert_non_null(buffers);
	assert_non_null(list);
	channel_open(&channel, NULL);
	for (size_t i = 0; i < MANY; i++) {
		assert_non_null(buffers[i] = wrap_counted(&deleted));
		list[i] = WT_MOVE(&buffers[i]);
	}
	assert_int_equal(send_list(channel.a, "many", list, MANY), 0);
	assert_null(buffers[0]);
	assert_null(buffers[MANY - 1]);
	assert_receives_with(channel.b, "many", MANY, &message);
	assert_int_equal(wt_message_take_buffer(&message, MANY - 1, &buffers[MANY - 1]), 0);
	wt_buffer_destroy(buffers[MANY - 1]);
	wt_message_release(&message);
	assert_deleted(&deleted, MANY);
	channel_close(&channel);
	free(list);
	free(buffers);
}

/* ---- Inside a callback ---- */

struct inside {
	struct channel carrier;
	wt_port *port; /* whose callback it is */
	int err[TEN];
	unsigned calls;
};

static void send_from_within(struct inside *inside)
{
	wt_buffer *buffers[TEN] = { NULL };
	wt_transfer list[TEN];

	inside->calls++;
	for (size_t at = 0; at < TEN; at++) {
		for (size_t i = 0; i < TEN; i++) {
			if (!buffers[i] && wt_buffer_create(&buffers[i], 8) != 0)
				abort();
			list[i] = WT_MOVE(&buffers[i]);
		}
		list[at] = WT_MOVE(&inside->port);
		inside->err[at] = send_list(inside->carrier.a, "from within", list, TEN);
	}
	for (size_t i = 0; i < TEN; i++)
		wt_buffer_destroy(buffers[i]);
}

static void send_from_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	send_from_within(arg);
}

static void assert_in_use(struct inside *inside, wt_port *port)
{
	assert_int_equal(inside->calls, 1);
	for (size_t at = 0; at < TEN; at++)
		assert_int_equal(inside->err[at], WT_EINUSE);
	assert_ptr_equal(inside->port, port);
	assert_receives_nothing(inside->carrier.b, WT_EAGAIN);
}

/* [T2] [M3] By the loop, and by a drain. */
static void a_port_does_not_go_in_its_own_callback(void **state)
{
	struct inside inside = { 0 };
	struct channel channel;
	size_t drained;

	(void)state;
	channel_open(&inside.carrier, NULL);
	channel_open(&channel, NULL);
	inside.port = channel.b;
	wt_port_on_message(channel.b, send_from_message, &inside);
	post_text(channel.a, "one");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_in_use(&inside, channel.b);

	wt_port_on_message(channel.b, NULL, NULL);
	memset(inside.err, 0, sizeof inside.err);
	inside.calls = 0;
	post_text(channel.a, "two");
	assert_int_equal(wt_port_drain(channel.b, send_from_message, &inside, 0, &drained), 0);
	assert_in_use(&inside, channel.b);

	assert_int_equal(send_with(inside.carrier.a, "at last", WT_MOVE(&inside.port)), 0);
	channel_close(&inside.carrier);
	wt_port_close(channel.a);
}

/* ---- All or nothing ---- */

static int send_ten_failing(struct channel *channel, struct ten *ten, unsigned long n, unsigned long count)
{
	int err;

	support_fail_allocations(n, count);
	err = send_list(channel->a, "ten", ten->list, TEN);
	support_fail_allocations(0, 0);
	return err;
}

static void send_without_memory(const wt_channel_options *options, unsigned long count)
{
	int err = WT_ENOMEM;

	for (unsigned long n = 1; err; n++) {
		struct channel channel;
		struct ten ten;
		wt_message message;

		channel_open(&channel, options);
		ten_make(&ten);
		err = send_ten_failing(&channel, &ten, n, count);
		assert_true(err == 0 || err == WT_ENOMEM);
		if (err) {
			ten_assert_untouched(&ten);
			assert_receives_nothing(channel.b, WT_EAGAIN);
			assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
		}
		ten_assert_moved(&ten);
		assert_receives_with(channel.b, "ten", TEN, &message);
		ten_take(&ten, &message);
		ten_assert_untouched(&ten);
		ten_end(&ten);
		channel_close(&channel);
		assert_true(err || n > 1);
	}
}

/* [M3] [P1] */
static void a_send_without_memory_moves_nothing(void **state)
{
	static const wt_channel_options single = { .size = sizeof single, .single_producer = true };

	(void)state;
	wt_thread_id();
	support_count();
	send_without_memory(NULL, 1);
	send_without_memory(NULL, 0);
	send_without_memory(&single, 1);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void send_large_without_memory(unsigned long count)
{
	static const char bytes[100000];
	int err = WT_ENOMEM;

	for (unsigned long n = 1; err; n++) {
		struct channel channel;
		struct ten ten;
		wt_message message;

		channel_open(&channel, NULL);
		ten_make(&ten);
		support_fail_allocations(n, count);
		err = wt_port_send(
			channel.a,
			&(wt_outgoing){
				.data = bytes, .size = sizeof bytes, .transfer = ten.list, .transfer_count = TEN },
			WT_NOW);
		support_fail_allocations(0, 0);
		assert_true(err == 0 || err == WT_ENOMEM);
		if (err) {
			ten_assert_untouched(&ten);
			assert_receives_nothing(channel.b, WT_EAGAIN);
		} else {
			assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
			assert_int_equal(message.size, sizeof bytes);
			ten_take(&ten, &message);
		}
		ten_end(&ten);
		channel_close(&channel);
	}
}

/* [M3] [P1] The payload is memory, too. */
static void a_large_send_without_memory_moves_nothing(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	send_large_without_memory(1);
	send_large_without_memory(0);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

/* [M3] */
static void a_full_port_moves_nothing(void **state)
{
	struct channel channel;
	struct ten ten;
	wt_message message;
	unsigned posted;

	(void)state;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	posted = fill(channel.a);
	ten_make(&ten);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), WT_EAGAIN);
		ten_assert_untouched(&ten);
	}
	assert_int_equal(drain_all(channel.b), posted);
	assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
	ten_assert_moved(&ten);
	assert_receives_with(channel.b, "ten", TEN, &message);
	ten_take(&ten, &message);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	channel_close(&channel);
}

/* [M3] */
static void a_closed_port_and_a_message_too_large_move_nothing(void **state)
{
	static const char bytes[4096];
	struct channel channel;
	struct ten ten;
	wt_outgoing large = { .data = bytes, .size = sizeof bytes };

	(void)state;
	ten_make(&ten);
	large.transfer = ten.list;
	large.transfer_count = TEN;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 1024));
	assert_int_equal(wt_port_send(channel.a, &large, WT_FOREVER), WT_EMSGSIZE);
	ten_assert_untouched(&ten);
	wt_port_close(channel.b);
	assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), WT_ECLOSED);
	ten_assert_untouched(&ten);
	wt_port_close(channel.a);
	ten_end(&ten);
}

/* [M3] All that the message says of itself is wrong; the list is not. */
static void a_message_that_makes_no_sense_moves_nothing(void **state)
{
	struct iovec piece = { .iov_base = "text", .iov_len = 4 };
	struct channel channel;
	struct ten ten;
	wt_outgoing cases[] = {
		{ .size = 1 },
		{ .data = "text", .size = 4, .zero = 1 },
		{ .data = "text", .size = 4, .reserved = { 1 } },
		{ .data = "text", .size = 4, .reserved = { 0, 1 } },
		{ .data = "text", .size = 4, .iov = &piece, .iovcnt = 1 },
		{ .iovcnt = 1 },
		{ .data = "text", .size = SIZE_MAX },
	};

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cases[i].transfer = ten.list;
		cases[i].transfer_count = TEN;
		assert_int_not_equal(wt_port_send(channel.a, &cases[i], WT_NOW), 0);
		ten_assert_untouched(&ten);
	}
	assert_int_equal(
		wt_port_send(channel.a,
			     &(wt_outgoing){ .data = "text", .size = 4, .transfer = ten.list, .transfer_count = TEN },
			     -1),
		WT_EINVAL);
	ten_assert_untouched(&ten);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	ten_end(&ten);
	channel_close(&channel);
}

/* A send of ten things that has to wait for room, on another thread, to which they belong. */
struct waiting {
	wt_port *port;
	wt_time deadline;
	int err;
	bool untouched; /* the variables are as they were */
	struct deleted deleted;
	struct verdict verdict;
	wt_port *port_peer;
};

static void send_and_wait(void *arg)
{
	struct waiting *waiting = arg;
	wt_buffer *buffer = wrap_counted(&waiting->deleted), *was = buffer;
	wt_port *port = NULL, *peer = NULL, *port_was;
	wt_transfer list[] = { WT_MOVE(&buffer), WT_MOVE(&port) };

	CHECK(&waiting->verdict, wt_channel_create(&port, &peer, NULL) == 0);
	port_was = port;
	waiting->err = wt_port_send(waiting->port,
				    &(wt_outgoing){ .data = "late", .size = 4, .transfer = list, .transfer_count = 2 },
				    waiting->deadline);
	waiting->untouched = buffer == was && port == port_was;
	CHECK(&waiting->verdict, waiting->err == 0 ? !buffer && !port : waiting->untouched);
	CHECK(&waiting->verdict, waiting->err == 0 || atomic_load(&waiting->deleted.count) == 0);
	if (waiting->err && waiting->err != WT_ETERMINATED) {
		CHECK(&waiting->verdict, wt_port_post(peer, "works", 5) == 0);
		CHECK(&waiting->verdict, wt_port_receive(port, &(wt_message){ 0 }, WT_NOW) == 0);
	}
	wt_buffer_destroy(buffer);
	wt_port_close(port);
	wt_port_close(peer);
}

static void waiting_begin(struct other *other, struct channel *channel, struct waiting *waiting)
{
	channel_open(channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	fill(channel->a);
	waiting->port = channel->a;
	seams_watch();
	other_begin(other, send_and_wait, waiting);
	if (waiting->deadline == WT_FOREVER)
		assert_true(latch_await(&seams.armed));
}

/* [M3] */
static void a_send_that_gives_up_moves_nothing(void **state)
{
	struct waiting waiting = { .deadline = wt_after_ms(30) };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	waiting_begin(&other, &channel, &waiting);
	other_wait(&other);
	assert_int_equal(waiting.err, WT_ETIMEDOUT);
	assert_true(waiting.untouched);
	assert_verdict(&waiting.verdict);
	drain_all(channel.b);
	assert_receives_nothing(channel.b, WT_EAGAIN);
	channel_close(&channel);
	other_end(&other);
}

/* [M3] */
static void a_send_whose_receiver_closes_meanwhile_moves_nothing(void **state)
{
	struct waiting waiting = { .deadline = WT_FOREVER };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	waiting_begin(&other, &channel, &waiting);
	wt_port_close(channel.b);
	other_wait(&other);
	assert_int_equal(waiting.err, WT_ECLOSED);
	assert_verdict(&waiting.verdict);
	wt_port_close(channel.a);
	other_end(&other);
}

static void a_send_that_waited_moves_everything(void **state)
{
	struct waiting waiting = { .deadline = WT_FOREVER };
	struct channel channel;
	struct other other;
	wt_message message;
	wt_port *port = NULL;

	(void)state;
	other_start(&other);
	waiting_begin(&other, &channel, &waiting);
	while (wt_port_receive(channel.b, &message, wt_after_ms(10000)) == 0 && !message.transfer_count)
		;
	other_wait(&other);
	assert_int_equal(waiting.err, 0);
	assert_verdict(&waiting.verdict);
	assert_int_equal(message.transfer_count, 2);
	assert_int_equal(wt_message_take_port(&message, 1, &port), 0);
	assert_deleted(&waiting.deleted, 0);
	wt_message_release(&message);
	assert_deleted(&waiting.deleted, 1);
	wt_port_close(port);
	channel_close(&channel);
	other_end(&other);
}

static struct waiting waiting_worker;

static int entry_send_and_wait(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	send_and_wait(&waiting_worker);
	return 0;
}

/* [M3] [W5] */
static void a_send_that_is_terminated_moves_nothing(void **state)
{
	struct channel channel;
	wt_worker *worker;

	(void)state;
	memset(&waiting_worker, 0, sizeof waiting_worker);
	waiting_worker.deadline = WT_FOREVER;
	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	fill(channel.a);
	waiting_worker.port = channel.a;
	seams_watch();
	assert_int_equal(wt_worker_create(&worker, entry_send_and_wait, NULL, 0, NULL), 0);
	assert_true(latch_await(&seams.armed));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(waiting_worker.err, WT_ETERMINATED);
	assert_verdict(&waiting_worker.verdict);
	assert_deleted(&waiting_worker.deleted, 1); /* by the worker itself, which still had it */
	wt_worker_destroy(worker);
	channel_close(&channel);
}

/* ---- What arrives ---- */

static void the_list_keeps_its_order_and_kinds(void **state)
{
	static const int kinds[TEN] = { WT_TRANSFER_BUFFER, WT_TRANSFER_PORT,   WT_TRANSFER_SENDER, WT_TRANSFER_FD,
					WT_TRANSFER_SHARED, WT_TRANSFER_BUFFER, WT_TRANSFER_PORT,   WT_TRANSFER_SENDER,
					WT_TRANSFER_FD,     WT_TRANSFER_BUFFER };
	struct channel channel;
	struct ten ten;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
	ten_assert_moved(&ten);
	assert_receives_with(channel.b, "ten", TEN, &message);
	for (size_t i = 0; i < TEN; i++)
		assert_int_equal(wt_message_transfer_kind(&message, i), kinds[i]);
	assert_int_equal(wt_message_transfer_kind(&message, TEN), 0);
	assert_int_equal(wt_message_transfer_kind(&message, SIZE_MAX), 0);
	ten_take(&ten, &message);
	for (size_t i = 0; i < TEN; i++)
		assert_int_equal(wt_message_transfer_kind(&message, i), 0);
	wt_message_release(&message);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	channel_close(&channel);
}

/* The makers give what the header says, without a look at the variable. */
static void the_macros_name_the_variable(void **state)
{
	wt_port *port;
	wt_buffer *buffer;
	wt_sender *sender;
	int fd;
	const struct {
		wt_transfer made;
		uint32_t kind;
		void *what;
	} cases[] = {
		{ WT_MOVE(&port), WT_TRANSFER_PORT, &port },
		{ wt_move_port(&port), WT_TRANSFER_PORT, &port },
		{ WT_MOVE(&buffer), WT_TRANSFER_BUFFER, &buffer },
		{ wt_move_buffer(&buffer), WT_TRANSFER_BUFFER, &buffer },
		{ WT_MOVE(&sender), WT_TRANSFER_SENDER, &sender },
		{ wt_move_sender(&sender), WT_TRANSFER_SENDER, &sender },
		{ WT_MOVE(&fd), WT_TRANSFER_FD, &fd },
		{ wt_move_fd(&fd), WT_TRANSFER_FD, &fd },
		{ WT_SHARE((wt_shared *)&fd), WT_TRANSFER_SHARED, &fd },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(cases[i].made.kind, cases[i].kind);
		assert_ptr_equal(cases[i].made.what, cases[i].what);
		assert_int_equal(cases[i].made.zero, 0);
		assert_int_equal(cases[i].made.reserved[0] | cases[i].made.reserved[1], 0);
	}
}

/* A buffer that another thread takes and destroys. */
struct taking {
	wt_port *from;
	void *data;
	size_t size;
	int byte;
	pthread_t thread;
	struct verdict verdict;
};

static void take_buffer(void *arg)
{
	struct taking *taking = arg;
	wt_message message;
	wt_buffer *buffer = NULL;

	taking->thread = pthread_self();
	CHECK(&taking->verdict, wt_port_receive(taking->from, &message, wt_after_ms(10000)) == 0);
	CHECK(&taking->verdict, wt_message_take_buffer(&message, 0, &buffer) == 0);
	taking->data = wt_buffer_data(buffer);
	taking->size = wt_buffer_size(buffer);
	taking->byte = taking->size ? ((unsigned char *)taking->data)[taking->size - 1] : -1;
	wt_buffer_destroy(buffer);
}

/* [T3] */
static void buffers_of_any_size_arrive_at_the_same_address(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 4096, 65537, (size_t)1 << 20, (size_t)16 << 20 };
	struct taking taking = { 0 };
	struct channel channel;
	struct other other;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	taking.from = channel.b;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_buffer *buffer;
		void *data;

		assert_int_equal(wt_buffer_create(&buffer, sizes[i]), 0);
		data = wt_buffer_data(buffer);
		if (sizes[i])
			((unsigned char *)data)[sizes[i] - 1] = (unsigned char)(i + 1);
		assert_int_equal(send_with(channel.a, "buffer", WT_MOVE(&buffer)), 0);
		assert_null(buffer);
		other_run(&other, take_buffer, &taking);
		assert_verdict(&taking.verdict);
		assert_ptr_equal(taking.data, data);
		assert_int_equal(taking.size, sizes[i]);
		assert_int_equal(taking.byte, sizes[i] ? (int)i + 1 : -1);
	}
	wt_port_close(channel.a);
	other_end(&other);
}

/* [T3] [T4] Also one that is not aligned, and one of no bytes. */
static void wrapped_memory_arrives_where_it_is_and_is_deleted_by_who_destroys_it(void **state)
{
	static char bytes[100];
	struct deleted deleted = { 0 };
	struct taking taking = { 0 };
	struct channel channel;
	struct other other;
	wt_buffer *buffer;

	(void)state;
	other_start(&other);
	channel_open_between(&channel, &other, NULL);
	taking.from = channel.b;
	bytes[99] = 7;
	assert_int_equal(wt_buffer_wrap(&buffer, bytes + 1, 99, count_deleted, &deleted), 0);
	assert_int_equal(send_with(channel.a, "wrapped", WT_MOVE(&buffer)), 0);
	assert_deleted(&deleted, 0);
	other_run(&other, take_buffer, &taking);
	assert_verdict(&taking.verdict);
	assert_ptr_equal(taking.data, bytes + 1);
	assert_int_equal(taking.byte, 7);
	assert_deleted(&deleted, 1);
	assert_true(pthread_equal(atomic_load(&deleted.thread), taking.thread));
	assert_int_equal(wt_buffer_wrap(&buffer, NULL, 0, count_deleted, &deleted), 0);
	assert_int_equal(send_with(channel.a, "nothing", WT_MOVE(&buffer)), 0);
	other_run(&other, take_buffer, &taking);
	assert_verdict(&taking.verdict);
	assert_deleted(&deleted, 2);
	wt_port_close(channel.a);
	other_end(&other);
}

/* The mark is the buffer's, which a copy of the pointer shares. */
static void a_buffer_goes_on_and_comes_back(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_buffer *buffer = wrap_counted(&deleted), *same = buffer;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (int i = 0; i < 100; i++) {
		wt_port *from = i % 2 ? channel.a : channel.b, *to = i % 2 ? channel.b : channel.a;

		assert_int_equal(send_with(from, "go", WT_MOVE(&buffer)), 0);
		assert_receives_with(to, "go", 1, &message);
		assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
		assert_ptr_equal(wt_buffer_data(buffer), wt_buffer_data(same));
	}
	wt_buffer_mark_untransferable(buffer);
	assert_int_equal(send_with(channel.a, "stay", WT_MOVE(&buffer)), WT_EUNTRANSFERABLE);
	wt_buffer_destroy(buffer);
	assert_deleted(&deleted, 1);
	channel_close(&channel);
}

/* Messages with and without, of the ring and out of line. */
static void messages_with_things_keep_their_place_among_those_without(void **state)
{
	static const char large[100000];
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	for (uint32_t i = 0; i < 300; i++) {
		wt_buffer *buffer = i % 3 ? wrap_counted(&deleted) : NULL;
		wt_transfer entry = WT_MOVE(&buffer);

		assert_int_equal(wt_port_send(channel.a,
					      &(wt_outgoing){ .data = large,
							      .size = i % 2 ? sizeof large : i,
							      .type = i,
							      .transfer = &entry,
							      .transfer_count = i % 3 ? 1 : 0 },
					      WT_NOW),
				 0);
	}
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
		assert_int_equal(message.type, i);
		assert_int_equal(message.size, i % 2 ? sizeof large : i);
		assert_int_equal(message.transfer_count, i % 3 ? 1 : 0);
		assert_int_equal((uintptr_t)message.data % 8, 0);
	}
	wt_message_release(&message);
	assert_deleted(&deleted, 200);
	channel_close(&channel);
}

/* ---- Taking ---- */

static void a_thing_is_taken_once(void **state)
{
	struct channel channel;
	wt_buffer *buffer = NULL, *second = (wt_buffer *)&channel;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	assert_int_equal(send_with(channel.a, "one", WT_MOVE(&buffer)), 0);
	assert_receives_with(channel.b, "one", 1, &message);
	assert_int_equal(wt_message_transfer_kind(&message, 0), WT_TRANSFER_BUFFER);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
	assert_int_equal(wt_message_transfer_kind(&message, 0), 0);
	assert_int_equal(wt_message_take_buffer(&message, 0, &second), WT_EDETACHED);
	assert_null(second);
	assert_int_equal(message.transfer_count, 1);
	wt_message_release(&message);
	memset(wt_buffer_data(buffer), 1, 8);
	wt_buffer_destroy(buffer);
	channel_close(&channel);
}

/* A take that fails leaves the thing with the message, and nothing in the variable. */
static void take_refuses_another_kind_and_an_index_beyond_the_end(void **state)
{
	struct channel channel;
	struct ten ten;
	wt_message message;
	wt_port *port = (wt_port *)&ten;
	wt_buffer *buffer = (wt_buffer *)&ten;
	wt_sender *sender = (wt_sender *)&ten;
	wt_shared *shared = (wt_shared *)&ten;
	int fd = 0;

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
	assert_receives_with(channel.b, "ten", TEN, &message);
	assert_int_equal(wt_message_take_port(&message, 0, &port), WT_EINVAL);
	assert_int_equal(wt_message_take_buffer(&message, 1, &buffer), WT_EINVAL);
	assert_int_equal(wt_message_take_sender(&message, 3, &sender), WT_EINVAL);
	assert_int_equal(wt_message_take_fd(&message, 4, &fd), WT_EINVAL);
	assert_int_equal(wt_message_take_shared(&message, 2, &shared), WT_EINVAL);
	assert_true(!port && !buffer && !sender && !shared && fd == -1);
	port = (wt_port *)&ten;
	buffer = (wt_buffer *)&ten;
	sender = (wt_sender *)&ten;
	shared = (wt_shared *)&ten;
	fd = 0;
	assert_int_equal(wt_message_take_port(&message, TEN, &port), WT_ERANGE);
	assert_int_equal(wt_message_take_buffer(&message, TEN, &buffer), WT_ERANGE);
	assert_int_equal(wt_message_take_sender(&message, SIZE_MAX, &sender), WT_ERANGE);
	assert_int_equal(wt_message_take_fd(&message, SIZE_MAX / 2, &fd), WT_ERANGE);
	assert_int_equal(wt_message_take_shared(&message, (size_t)1 << 32, &shared), WT_ERANGE);
	assert_true(!port && !buffer && !sender && !shared && fd == -1);
	ten_take(&ten, &message);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	channel_close(&channel);
}

static void take_refuses_a_message_that_has_ended(void **state)
{
	struct deleted deleted = { 0 };
	struct channel channel;
	wt_buffer *buffer = (wt_buffer *)&channel;
	wt_message message, copy;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_message_take_buffer(&(wt_message){ 0 }, 0, &buffer), WT_EINVAL);
	assert_null(buffer);
	buffer = wrap_counted(&deleted);
	assert_int_equal(send_with(channel.a, "one", WT_MOVE(&buffer)), 0);
	assert_receives_with(channel.b, "one", 1, &message);
	copy = message;
	wt_message_release(&message);
	assert_deleted(&deleted, 1);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), WT_EINVAL);
	assert_int_equal(wt_message_take_buffer(&copy, 0, &buffer), WT_EINVAL);
	assert_int_equal(wt_message_transfer_kind(&copy, 0), 0);

	buffer = wrap_counted(&deleted);
	assert_int_equal(send_with(channel.a, "two", WT_MOVE(&buffer)), 0);
	assert_receives_with(channel.b, "two", 1, &message);
	copy = message;
	assert_receives_nothing(channel.b, WT_EAGAIN);
	assert_int_equal(wt_message_take_buffer(&copy, 0, &buffer), WT_EINVAL);
	assert_null(buffer);
	assert_deleted(&deleted, 2);
	channel_close(&channel);
}

static void take_elsewhere(void *arg)
{
	struct taking *taking = arg;
	wt_buffer *buffer = (wt_buffer *)&taking;
	wt_message *message = taking->data;

	wt_thread_id();
	CHECK(&taking->verdict, wt_message_take_buffer(message, 0, &buffer) == WT_EINVAL);
	CHECK(&taking->verdict, buffer == NULL);
	CHECK(&taking->verdict, wt_message_transfer_kind(message, 0) == 0);
}

static void another_thread_takes_nothing(void **state)
{
	struct channel channel;
	struct taking taking = { 0 };
	wt_buffer *buffer;
	wt_message message;

	(void)state;
	channel_open(&channel, NULL);
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	assert_int_equal(send_with(channel.a, "one", WT_MOVE(&buffer)), 0);
	assert_receives_with(channel.b, "one", 1, &message);
	taking.data = &message;
	run_on_new_thread(take_elsewhere, &taking);
	assert_verdict(&taking.verdict);
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), 0);
	wt_buffer_destroy(buffer);
	channel_close(&channel);
}

/* [P1] Whatever fails while it is received and taken, nothing is lost, and later it can be taken. */
static void taking_without_memory_loses_nothing(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	for (unsigned long n = 1; n < 10; n++) {
		struct channel channel;
		struct ten ten;
		wt_message message;
		wt_port *port;
		int err;

		channel_open(&channel, NULL);
		ten_make(&ten);
		assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
		support_fail_allocations(n, 0);
		err = wt_port_receive(channel.b, &message, WT_NOW);
		assert_true(err == 0 || err == WT_EUNDECODABLE);
		if (!err) {
			err = wt_message_take_port(&message, 1, &port);
			assert_true(err == 0 || err == WT_EUNDECODABLE);
			support_fail_allocations(0, 0);
			if (!err)
				wt_port_close(port);
			wt_message_release(&message);
		}
		support_fail_allocations(0, 0);
		assert_deleted(&ten.deleted, 3);
		for (int i = 0; i < 2; i++)
			assert_receives_nothing(ten.peer[i], WT_ECLOSED);
		ten_end(&ten);
		channel_close(&channel);
	}
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static int fail_attach(enum wti_fault_point point)
{
	return point == WTI_FAULT_ATTACH ? WT_EUNDECODABLE : 0;
}

/* [M9] What cannot be attached stays with the message, to be taken again or to go with it. */
static void a_take_that_fails_leaves_the_thing_with_its_message(void **state)
{
	struct channel channel;
	struct ten ten;
	wt_message message;
	wt_port *port = (wt_port *)&ten;
	wt_buffer *buffer = (wt_buffer *)&ten;
	wt_sender *sender = (wt_sender *)&ten;
	wt_shared *shared = (wt_shared *)&ten;
	int fd = 0;

	(void)state;
	channel_open(&channel, NULL);
	ten_make(&ten);
	assert_int_equal(send_list(channel.a, "ten", ten.list, TEN), 0);
	assert_receives_with(channel.b, "ten", TEN, &message);
	wti_fault_hook = fail_attach;
	assert_int_equal(wt_message_take_buffer(&message, 0, &buffer), WT_EUNDECODABLE);
	assert_int_equal(wt_message_take_port(&message, 1, &port), WT_EUNDECODABLE);
	assert_int_equal(wt_message_take_sender(&message, 2, &sender), WT_EUNDECODABLE);
	assert_int_equal(wt_message_take_fd(&message, 3, &fd), WT_EUNDECODABLE);
	assert_int_equal(wt_message_take_shared(&message, TEN_SHARED, &shared), WT_EUNDECODABLE);
	assert_true(!buffer && !port && !sender && fd == -1 && !shared);
	wti_fault_hook = NULL;
	ten_take(&ten, &message);
	ten_assert_untouched(&ten);
	ten_end(&ten);
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_bad_thing_anywhere_leaves_all_ten_where_they_were),
		TEST(a_sender_refuses_the_same),
		TEST(worker_data_refuses_the_same),
		TEST(a_call_refuses_the_same),
		TEST(a_list_that_is_not_there_or_too_long_is_refused),
		TEST(a_list_may_have_65536_things),
		TEST(a_port_does_not_go_in_its_own_callback),
		TEST(a_send_without_memory_moves_nothing),
		TEST(a_large_send_without_memory_moves_nothing),
		TEST(a_full_port_moves_nothing),
		TEST(a_closed_port_and_a_message_too_large_move_nothing),
		TEST(a_message_that_makes_no_sense_moves_nothing),
		TEST(a_send_that_gives_up_moves_nothing),
		TEST(a_send_whose_receiver_closes_meanwhile_moves_nothing),
		TEST(a_send_that_waited_moves_everything),
		TEST(a_send_that_is_terminated_moves_nothing),
		TEST(the_list_keeps_its_order_and_kinds),
		TEST(the_macros_name_the_variable),
		TEST(buffers_of_any_size_arrive_at_the_same_address),
		TEST(wrapped_memory_arrives_where_it_is_and_is_deleted_by_who_destroys_it),
		TEST(a_buffer_goes_on_and_comes_back),
		TEST(messages_with_things_keep_their_place_among_those_without),
		TEST(a_thing_is_taken_once),
		TEST(take_refuses_another_kind_and_an_index_beyond_the_end),
		TEST(take_refuses_a_message_that_has_ended),
		TEST(another_thread_takes_nothing),
		TEST(taking_without_memory_loses_nothing),
		TEST(a_take_that_fails_leaves_the_thing_with_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
