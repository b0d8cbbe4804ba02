/* SPDX-License-Identifier: MIT
 *
 * Every public function with arguments that make no sense: each returns its
 * documented error, or does nothing, and no message is lost by it.
 *
 * A row of the table is one call. It runs in a world that has a channel with
 * a message on its way in both directions, and a worker that waits; after
 * each row all of that must still be there.
 */
#include <wt.h>

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "support/ports.h"
#include "support/support.h"
#include "support/transfer.h"

#define TOO_LARGE (((size_t)1 << 62) + 1)

/* What a row may use. */
struct world {
	struct channel channel; /* both ends have a message waiting */
	struct channel half;    /* b is closed, and a knows it */
	wt_port *closing;       /* closed by its owner, its event pending */
	wt_port *closing_peer;
	wt_worker *worker;
	wt_sender *sender;      /* posts where channel.a does */
	wt_buffer *buffer;
	struct deleted deleted; /* of the buffer */
};

struct row {
	const char *name;
	int (*call)(struct world *world);
	int expected;
};

/* ---- Rows ---- */

/* A row is an expression over `w`; one without a result is made 0. */
#define ROW(row, expression)                              \
	static int row(struct world *w)                   \
	{                                                 \
		(void)w;                                  \
		return (expression);                      \
	}
/* The same, and made wrong where `left`, looked at afterwards, is true: something else than a failure leaves. */
#define ROW_UNLESS(row, left, expression)                 \
	static int row(struct world *w)                   \
	{                                                 \
		int result;                               \
                                                          \
		(void)w;                                  \
		result = (expression);                    \
		return (left) ? 1 : result;               \
	}
#define VOID_ROW(row, statement)                          \
	static int row(struct world *w)                   \
	{                                                 \
		(void)w;                                  \
		statement;                                \
		return 0;                                 \
	}

static wt_port *out_a, *out_b;
static wt_worker *out_worker;
static wt_message out_message;
static size_t out_size;

/* Options of a later version: a field more than this one knows. */
struct later_channel_options {
	wt_channel_options known;
	uint64_t unknown;
};

struct later_worker_options {
	wt_worker_options known;
	uint64_t unknown;
};

static int create_with_tail(uint64_t tail)
{
	struct later_channel_options options = { .known = { .size = sizeof options }, .unknown = tail };
	int err = wt_channel_create(&out_a, &out_b, &options.known);

	if (!err) {
		wt_port_close(out_a);
		wt_port_close(out_b);
	} else if (out_a || out_b) {
		return 1;
	}
	return err;
}

static int create_of_size(size_t size)
{
	wt_channel_options options = { .size = size };
	int err = wt_channel_create(&out_a, &out_b, &options);

	return out_a || out_b ? 1 : err;
}

ROW_UNLESS(create_null_a, out_b != NULL, (out_b = (wt_port *)&out_size, wt_channel_create(NULL, &out_b, NULL)))
ROW_UNLESS(create_null_b, out_a != NULL, (out_a = (wt_port *)&out_size, wt_channel_create(&out_a, NULL, NULL)))
ROW(create_null_both, wt_channel_create(NULL, NULL, NULL))
ROW(create_twice_the_same, wt_channel_create(&out_a, &out_a, NULL))
ROW(create_size_0, create_of_size(0))
ROW(create_size_7, create_of_size(sizeof(size_t) - 1))
ROW(create_size_huge, create_of_size(SIZE_MAX))
ROW(create_zero_tail, create_with_tail(0))
ROW(create_unknown_tail, create_with_tail(1))
ROW(create_unknown_last_bit, create_with_tail((uint64_t)1 << 63))
ROW(create_capacity, wt_channel_create(&out_a, &out_b, WT_CHANNEL_OPTIONS(.capacity = TOO_LARGE)))
ROW(create_capacity_max, wt_channel_create(&out_a, &out_b, WT_CHANNEL_OPTIONS(.capacity = SIZE_MAX)))
ROW(create_limit, wt_channel_create(&out_a, &out_b, WT_CHANNEL_OPTIONS(.limit = TOO_LARGE)))
ROW(create_limit_max, wt_channel_create(&out_a, &out_b, WT_CHANNEL_OPTIONS(.limit = SIZE_MAX)))
VOID_ROW(channel_options_init_null, wt_channel_options_init(NULL))

ROW(post_null_port, wt_port_post(NULL, "text", 4))
ROW(post_null_data, wt_port_post(w->channel.a, NULL, 1))
ROW(post_too_large, wt_port_post(w->channel.a, "text", TOO_LARGE))
ROW(post_size_max, wt_port_post(w->channel.a, "text", SIZE_MAX))
ROW(post_size_max_less, wt_port_post(w->channel.a, "text", SIZE_MAX - 7))
ROW(post_null_data_too_large, wt_port_post(w->channel.a, NULL, SIZE_MAX))
ROW(post_to_closed, wt_port_post(w->half.a, "text", 4))
ROW(post_null_data_to_closed, wt_port_post(w->half.a, NULL, 4))
ROW(post_on_closing, wt_port_post(w->closing, "text", 4))
ROW(post_to_closing, wt_port_post(w->closing_peer, "text", 4))

static const struct iovec null_piece = { .iov_base = NULL, .iov_len = 1 };
static struct iovec large_pieces[] = { { .iov_base = "text", .iov_len = SIZE_MAX }, { .iov_base = "text", .iov_len = 4 } };
static struct iovec pieces[] = { { .iov_base = "text", .iov_len = 4 }, { .iov_base = NULL, .iov_len = 0 } };

static int many(wt_port *port, const struct iovec *messages, size_t count)
{
	size_t posted = 77;
	int err = wt_port_post_many(port, messages, count, &posted);

	return posted ? 1 : err;
}

ROW(many_null_port, many(NULL, pieces, 2))
ROW(many_null_messages, many(w->channel.a, NULL, 1))
ROW(many_null_messages_0, many(w->channel.a, NULL, 0))
ROW(many_null_piece, many(w->channel.a, &null_piece, 1))
ROW(many_too_large, many(w->channel.a, large_pieces, 2))
ROW(many_to_closed, many(w->half.a, pieces, 2))
ROW(many_null_posted, wt_port_post_many(NULL, pieces, 2, NULL))

#define OUTGOING(...) (&(const wt_outgoing){ __VA_ARGS__ })

ROW(send_null_port, wt_port_send(NULL, OUTGOING(.data = "text", .size = 4), WT_NOW))
ROW(send_null_message, wt_port_send(w->channel.a, NULL, WT_NOW))
ROW(send_negative, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = 4), -1))
ROW(send_most_negative, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = 4), INT64_MIN))
ROW(send_null_data, wt_port_send(w->channel.a, OUTGOING(.size = 4), WT_NOW))
ROW(send_null_iov, wt_port_send(w->channel.a, OUTGOING(.iovcnt = 1), WT_NOW))
ROW(send_null_piece, wt_port_send(w->channel.a, OUTGOING(.iov = &null_piece, .iovcnt = 1), WT_NOW))
ROW(send_both, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = 4, .iov = pieces, .iovcnt = 2), WT_NOW))
ROW(send_zero_not_zero, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = 4, .zero = 1), WT_NOW))
ROW(send_reserved, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = 4, .reserved = { 0, 1 }), WT_NOW))
ROW(send_too_large, wt_port_send(w->channel.a, OUTGOING(.data = "text", .size = TOO_LARGE), WT_FOREVER))
ROW(send_sum_too_large, wt_port_send(w->channel.a, OUTGOING(.iov = large_pieces, .iovcnt = 2), WT_FOREVER))
ROW(send_to_closed, wt_port_send(w->half.a, OUTGOING(.data = "text", .size = 4), WT_FOREVER))

ROW(receive_null_port, wt_port_receive(NULL, &out_message, WT_NOW))
ROW(receive_null_message, wt_port_receive(w->channel.a, NULL, WT_NOW))
ROW(receive_negative, wt_port_receive(w->channel.a, &out_message, -1))
ROW(receive_closing, wt_port_receive(w->closing, &out_message, WT_FOREVER))
ROW(receive_from_closed, wt_port_receive(w->half.a, &out_message, WT_FOREVER))
VOID_ROW(release_null, wt_message_release(NULL))

static void never(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	abort();
}

ROW_UNLESS(drain_null_port, out_size != 0, (out_size = 77, wt_port_drain(NULL, never, NULL, 0, &out_size)))
ROW_UNLESS(drain_null_fn, out_size != 0, (out_size = 77, wt_port_drain(w->channel.a, NULL, NULL, 0, &out_size)))
ROW(drain_closing, wt_port_drain(w->closing, never, NULL, 0, NULL))
ROW(drain_from_closed, wt_port_drain(w->half.a, never, NULL, 0, NULL))

VOID_ROW(close_null, wt_port_close(NULL))
VOID_ROW(close_twice, wt_port_close(w->closing))
VOID_ROW(on_message_null, wt_port_on_message(NULL, never, NULL))
VOID_ROW(on_message_error_null, wt_port_on_message_error(NULL, NULL, NULL))
VOID_ROW(on_close_null, wt_port_on_close(NULL, NULL, NULL))
VOID_ROW(start_null, wt_port_start(NULL))
VOID_ROW(stop_null, wt_port_stop(NULL))
VOID_ROW(ref_null, wt_port_ref(NULL))
VOID_ROW(unref_null, wt_port_unref(NULL))
ROW(has_ref_null, wt_port_has_ref(NULL))
VOID_ROW(on_message_closing, wt_port_on_message(w->closing, never, NULL))
VOID_ROW(start_closing, wt_port_start(w->closing))
VOID_ROW(ref_closing, wt_port_ref(w->closing))
ROW(has_ref_closing, wt_port_has_ref(w->closing))

ROW(run_once_negative, wt_run_once(-1))
ROW(run_once_most_negative, wt_run_once(INT64_MIN))
ROW(loop_fd_null, wt_loop_fd(NULL))

static int entry_never(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	abort();
}

/* Create a worker that must not come to be. */
static int create_worker(wt_entry *entry, const void *data, size_t size, const wt_worker_options *options)
{
	int err;

	out_worker = (wt_worker *)&out_size;
	err = wt_worker_create(&out_worker, entry, data, size, options);
	return out_worker ? 1 : err;
}

static int create_worker_of_size(size_t size)
{
	wt_worker_options options = { .size = size };

	return create_worker(entry_never, NULL, 0, &options);
}

static int create_worker_with_tail(uint64_t tail)
{
	struct later_worker_options options = { .known = { .size = sizeof options }, .unknown = tail };

	return create_worker(entry_never, NULL, 0, &options.known);
}

static int create_worker_with_channel_tail(void)
{
	struct later_channel_options channel = { .known = { .size = sizeof channel }, .unknown = 1 };

	return create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.channel = &channel.known));
}

VOID_ROW(worker_options_init_null, wt_worker_options_init(NULL))
ROW(worker_null, wt_worker_create(NULL, entry_never, NULL, 0, NULL))
ROW(worker_null_entry, create_worker(NULL, NULL, 0, NULL))
ROW(worker_null_data, create_worker(entry_never, NULL, 1, NULL))
ROW(worker_too_large, create_worker(entry_never, "text", TOO_LARGE, NULL))
ROW(worker_size_max, create_worker(entry_never, "text", SIZE_MAX, NULL))
ROW(worker_options_0, create_worker_of_size(0))
ROW(worker_options_huge, create_worker_of_size(SIZE_MAX))
ROW(worker_unknown_tail, create_worker_with_tail(1))
ROW(worker_channel_tail, create_worker_with_channel_tail())
ROW(worker_channel_limit,
    create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = SIZE_MAX))))
ROW(worker_stack_small, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.stack_size = 1)))
ROW(worker_stack_large, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.stack_size = SIZE_MAX)))
ROW(worker_timeout, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.destroy_timeout = -1)))
ROW(worker_process, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.isolation = WT_PROCESS)))
ROW(worker_isolation, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.isolation = INT_MAX)))
ROW(worker_argc, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.argc = -1)))
ROW(worker_null_argv, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.argc = INT_MAX)))
ROW(worker_null_list, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.transfer_count = 1)))
ROW(worker_long_list, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.transfer_count = SIZE_MAX)))
ROW(worker_list_twice,
    create_worker(entry_never, NULL, 0,
		  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&w->buffer), WT_MOVE(&w->buffer) },
				    .transfer_count = 2)))

ROW(send_null_list, wt_port_send(w->channel.a, OUTGOING(.transfer_count = 1), WT_NOW))
ROW(send_long_list, wt_port_send(w->channel.a, OUTGOING(.transfer_count = SIZE_MAX), WT_NOW))
ROW(send_no_kind, send_with(w->channel.a, "", (wt_transfer){ .what = &w->buffer }))
ROW(send_kind_max, send_with(w->channel.a, "", (wt_transfer){ .kind = UINT32_MAX, .what = &w->buffer }))
ROW(send_no_variable, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_MOVE((int *)NULL)))
ROW(send_no_shared, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_SHARE(NULL)))
ROW(send_source, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_MOVE(&w->channel.a)))
ROW(send_target, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_MOVE(&w->channel.b)))
ROW(send_twice, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_MOVE(&w->buffer)))
ROW(send_closing, send_with(w->channel.a, "", WT_MOVE(&w->buffer), WT_MOVE(&w->closing)))
ROW(send_list_to_closed, send_with(w->half.a, "", WT_MOVE(&w->buffer)))

static wt_slot out_slot;

/* Every failure leaves the slot empty. */
static int reserve(wt_port *port, size_t size, wt_time deadline)
{
	int err;

	memset(&out_slot, 0x55, sizeof out_slot);
	err = wt_port_reserve(port, size, &out_slot, deadline);
	return out_slot.data || out_slot.size ? 1 : err;
}

ROW(reserve_null_port, reserve(NULL, 8, WT_NOW))
ROW(reserve_null_slot, wt_port_reserve(w->channel.a, 8, NULL, WT_NOW))
ROW(reserve_negative, reserve(w->channel.a, 8, -1))
ROW(reserve_most_negative, reserve(w->channel.a, 8, INT64_MIN))
ROW(reserve_too_large, reserve(w->channel.a, TOO_LARGE, WT_FOREVER))
ROW(reserve_size_max, reserve(w->channel.a, SIZE_MAX, WT_FOREVER))
ROW(reserve_to_closed, reserve(w->half.a, 8, WT_FOREVER))
ROW(reserve_on_closing, reserve(w->closing, 8, WT_FOREVER))
ROW(commit_null_port, wt_port_commit(NULL, &(wt_slot){ 0 }))
ROW(commit_null_slot, wt_port_commit(w->channel.a, NULL))
ROW(commit_empty, wt_port_commit(w->channel.a, &(wt_slot){ 0 }))
ROW(commit_nonsense, (memset(&out_slot, 0x55, sizeof out_slot), wt_port_commit(w->channel.a, &out_slot)))
VOID_ROW(abandon_null_port, wt_port_abandon(NULL, &(wt_slot){ 0 }))
VOID_ROW(abandon_null_slot, wt_port_abandon(w->channel.a, NULL))
VOID_ROW(abandon_empty, wt_port_abandon(w->channel.a, &(wt_slot){ 0 }))
VOID_ROW(abandon_nonsense, (memset(&out_slot, 0x55, sizeof out_slot), wt_port_abandon(w->channel.a, &out_slot)))

/* Every failure says that none is ready. */
static int select_of(wt_port *first, wt_port *second, size_t count, wt_time deadline)
{
	wt_port *ports[] = { first, second };
	size_t ready = 77;
	int err = wt_select(ports, count, &ready, deadline);

	return err && ready != SIZE_MAX ? 1 : err;
}

ROW_UNLESS(select_null_ports, out_size != SIZE_MAX, (out_size = 77, wt_select(NULL, 1, &out_size, WT_NOW)))
ROW(select_null_ready, wt_select(&w->channel.a, 1, NULL, WT_NOW))
ROW(select_none, select_of(w->channel.a, w->channel.b, 0, WT_NOW))
ROW(select_null_port, select_of(w->channel.a, NULL, 2, WT_NOW))
ROW(select_negative, select_of(w->channel.a, w->channel.b, 2, -1))
ROW(select_closing, select_of(w->channel.a, w->closing, 2, WT_NOW))
ROW(select_half, select_of(w->half.a, w->half.a, 2, WT_FOREVER))

static void never_drain(wt_port *port, void *arg)
{
	(void)port;
	(void)arg;
	abort();
}

VOID_ROW(on_drain_null, wt_port_on_drain(NULL, never_drain, NULL))
VOID_ROW(on_drain_closing, wt_port_on_drain(w->closing, never_drain, NULL))

static int stats_of_size(wt_port *port, size_t size)
{
	struct wt_port_stats stats = { .size = size };

	return wt_port_stats(port, &stats);
}

ROW(stats_null_port, stats_of_size(NULL, sizeof(struct wt_port_stats)))
ROW(stats_null_out, wt_port_stats(w->channel.a, NULL))
ROW(stats_size_0, stats_of_size(w->channel.a, 0))
ROW(stats_size_7, stats_of_size(w->channel.a, sizeof(size_t) - 1))
ROW(stats_size_huge, stats_of_size(w->channel.a, SIZE_MAX))

static wt_sender *out_sender;

ROW_UNLESS(sender_null_port, out_sender != NULL, (out_sender = w->sender, wt_port_sender(NULL, &out_sender)))
ROW(sender_null_out, wt_port_sender(w->channel.a, NULL))
ROW_UNLESS(sender_closing, out_sender != NULL, (out_sender = w->sender, wt_port_sender(w->closing, &out_sender)))
ROW_UNLESS(sender_dup_null, out_sender != NULL, (out_sender = w->sender, wt_sender_dup(NULL, &out_sender)))
ROW(sender_dup_null_out, wt_sender_dup(w->sender, NULL))
ROW(sender_post_null, wt_sender_post(NULL, "text", 4))
ROW(sender_post_null_data, wt_sender_post(w->sender, NULL, 4))
ROW(sender_post_too_large, wt_sender_post(w->sender, "text", TOO_LARGE))
ROW(sender_post_size_max, wt_sender_post(w->sender, "text", SIZE_MAX))
ROW(sender_send_null, wt_sender_send(NULL, OUTGOING(.data = "text", .size = 4), WT_NOW))
ROW(sender_send_null_message, wt_sender_send(w->sender, NULL, WT_NOW))
ROW(sender_send_negative, wt_sender_send(w->sender, OUTGOING(.data = "text", .size = 4), -1))
ROW(sender_send_null_data, wt_sender_send(w->sender, OUTGOING(.size = 4), WT_NOW))
ROW(sender_send_null_list, wt_sender_send(w->sender, OUTGOING(.transfer_count = 1), WT_NOW))
VOID_ROW(sender_close_null, wt_sender_close(NULL))

/* Every failure leaves the reply empty. */
static int call_on(wt_port *port, const wt_outgoing *request, wt_time deadline)
{
	wt_message reply;
	int err;

	memset(&reply, 0x55, sizeof reply);
	err = wt_port_call(port, request, &reply, deadline);
	return reply.data || reply.size || reply.port ? 1 : err;
}

ROW(call_null_port, call_on(NULL, OUTGOING(.size = 0), WT_FOREVER))
ROW(call_null_request, call_on(w->half.a, NULL, WT_FOREVER))
ROW(call_null_reply, wt_port_call(w->half.a, OUTGOING(.size = 0), NULL, WT_FOREVER))
ROW(call_negative, call_on(w->half.a, OUTGOING(.size = 0), -1))
ROW(call_own, call_on(w->channel.a, OUTGOING(.size = 0), WT_FOREVER))
ROW(call_now, call_on(wt_worker_port(w->worker), OUTGOING(.size = 0), WT_NOW))
ROW(call_null_data, call_on(wt_worker_port(w->worker), OUTGOING(.size = 1), WT_FOREVER))
ROW(call_null_list, call_on(wt_worker_port(w->worker), OUTGOING(.transfer_count = 1), WT_FOREVER))
ROW(call_to_closed, call_on(w->half.a, OUTGOING(.size = 0), WT_FOREVER))
ROW(reply_null, wt_message_reply(NULL, OUTGOING(.size = 0)))
ROW(reply_to_none, wt_message_reply(&(wt_message){ 0 }, OUTGOING(.size = 0)))
ROW(reply_to_no_request, wt_message_reply(&(wt_message){ .port = w->channel.a }, OUTGOING(.size = 0)))
ROW(reply_null_outgoing, wt_message_reply(&(wt_message){ .port = w->channel.a, .call = 1 }, NULL))
ROW(reply_to_nobody, wt_message_reply(&(wt_message){ .port = w->channel.a, .call = 1 }, OUTGOING(.size = 0)))

/* Every failure leaves nothing in the variable, whatever was there. */
#define TAKE_ROW(row, type, nothing, expression)                  \
	static int row(struct world *w)                           \
	{                                                         \
		type *out = (type *)(uintptr_t)w;                 \
		int err = (expression);                           \
                                                                  \
		return out != (nothing) ? 1 : err;                \
	}

TAKE_ROW(take_port_null, wt_port, NULL, wt_message_take_port(NULL, 0, &out))
TAKE_ROW(take_buffer_null, wt_buffer, NULL, wt_message_take_buffer(NULL, 0, &out))
TAKE_ROW(take_sender_null, wt_sender, NULL, wt_message_take_sender(NULL, 0, &out))
TAKE_ROW(take_shared_null, wt_shared, NULL, wt_message_take_shared(NULL, 0, &out))
static int out_fd;

ROW_UNLESS(take_fd_null, out_fd != -1, (out_fd = 0, wt_message_take_fd(NULL, 0, &out_fd)))
TAKE_ROW(take_port_of_none, wt_port, NULL, wt_message_take_port(&(wt_message){ 0 }, 0, &out))
TAKE_ROW(take_buffer_of_none, wt_buffer, NULL, wt_message_take_buffer(&(wt_message){ 0 }, 0, &out))
TAKE_ROW(take_sender_of_none, wt_sender, NULL, wt_message_take_sender(&(wt_message){ 0 }, 0, &out))
TAKE_ROW(take_shared_of_none, wt_shared, NULL, wt_message_take_shared(&(wt_message){ 0 }, 0, &out))
ROW_UNLESS(take_fd_of_none, out_fd != -1, (out_fd = 0, wt_message_take_fd(&(wt_message){ 0 }, 0, &out_fd)))
ROW(take_port_null_out, wt_message_take_port(&(wt_message){ 0 }, 0, NULL))
ROW(take_buffer_null_out, wt_message_take_buffer(&(wt_message){ 0 }, 0, NULL))
ROW(take_sender_null_out, wt_message_take_sender(&(wt_message){ 0 }, 0, NULL))
ROW(take_shared_null_out, wt_message_take_shared(&(wt_message){ 0 }, 0, NULL))
ROW(take_fd_null_out, wt_message_take_fd(&(wt_message){ 0 }, 0, NULL))
ROW(transfer_kind_null, wt_message_transfer_kind(NULL, 0))
ROW(transfer_kind_of_none, wt_message_transfer_kind(&(wt_message){ 0 }, 0))

/* Outside of a worker. */
TAKE_ROW(data_take_port, wt_port, NULL, wt_worker_data_take_port(0, &out))
TAKE_ROW(data_take_buffer, wt_buffer, NULL, wt_worker_data_take_buffer(0, &out))
TAKE_ROW(data_take_sender, wt_sender, NULL, wt_worker_data_take_sender(0, &out))
TAKE_ROW(data_take_shared, wt_shared, NULL, wt_worker_data_take_shared(0, &out))
ROW_UNLESS(data_take_fd, out_fd != -1, (out_fd = 0, wt_worker_data_take_fd(0, &out_fd)))
ROW(data_take_port_null_out, wt_worker_data_take_port(0, NULL))
ROW(data_take_fd_null_out, wt_worker_data_take_fd(0, NULL))

TAKE_ROW(buffer_create_too_large, wt_buffer, NULL, wt_buffer_create(&out, TOO_LARGE))
ROW(buffer_create_null, wt_buffer_create(NULL, 8))
ROW(buffer_wrap_null, wt_buffer_wrap(NULL, &out_size, 8, count_deleted, &w->deleted))
TAKE_ROW(buffer_wrap_null_data, wt_buffer, NULL, wt_buffer_wrap(&out, NULL, 8, count_deleted, &w->deleted))
TAKE_ROW(buffer_wrap_too_large, wt_buffer, NULL, wt_buffer_wrap(&out, &out_size, TOO_LARGE, count_deleted, &w->deleted))
ROW(buffer_slice_null_out, wt_buffer_slice_copy(NULL, w->buffer, 0, 8))
TAKE_ROW(buffer_slice_null, wt_buffer, NULL, wt_buffer_slice_copy(&out, NULL, 0, 8))
TAKE_ROW(buffer_slice_beyond, wt_buffer, NULL, wt_buffer_slice_copy(&out, w->buffer, 1, 8))
TAKE_ROW(buffer_slice_max, wt_buffer, NULL, wt_buffer_slice_copy(&out, w->buffer, SIZE_MAX, SIZE_MAX))
VOID_ROW(buffer_mark_null, wt_buffer_mark_untransferable(NULL))
ROW(buffer_is_marked_null, wt_buffer_is_marked_untransferable(NULL))
ROW(buffer_data_null, wt_buffer_data(NULL) != NULL)
ROW(buffer_size_null, wt_buffer_size(NULL) != 0)
VOID_ROW(buffer_destroy_null, wt_buffer_destroy(NULL))

static wt_failure out_failure;

VOID_ROW(worker_on_online_null, wt_worker_on_online(NULL, NULL, NULL))
VOID_ROW(worker_on_message_null, wt_worker_on_message(NULL, NULL, NULL))
VOID_ROW(worker_on_message_error_null, wt_worker_on_message_error(NULL, NULL, NULL))
VOID_ROW(worker_on_error_null, wt_worker_on_error(NULL, NULL, NULL))
VOID_ROW(worker_on_exit_null, wt_worker_on_exit(NULL, NULL, NULL))
ROW(worker_post_null, wt_worker_post(NULL, "text", 4))
ROW(worker_post_null_data, wt_worker_post(w->worker, NULL, 4))
ROW(worker_post_too_large, wt_worker_post(w->worker, "text", TOO_LARGE))
ROW(worker_port_null, wt_worker_port(NULL) != NULL)
VOID_ROW(worker_port_close, wt_port_close(wt_worker_port(w->worker)))
ROW(worker_join_null, wt_worker_join(NULL, NULL, WT_NOW))
ROW(worker_join_negative, wt_worker_join(w->worker, NULL, -1))
ROW(worker_join_running, wt_worker_join(w->worker, NULL, WT_NOW))
ROW(worker_terminate_null, wt_worker_terminate(NULL, WT_NOW))
ROW(worker_terminate_negative, wt_worker_terminate(w->worker, -1))
VOID_ROW(worker_destroy_null, wt_worker_destroy(NULL))
ROW(worker_cpu, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.cpu = INT_MIN)))
ROW(worker_nice_low, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.nice = INT_MIN)))
ROW(worker_nice_high, create_worker(entry_never, NULL, 0, WT_WORKER_OPTIONS(.nice = INT_MAX)))
ROW(dump_to_nowhere, wt_dump(NULL))
ROW(dump_on_no_signal, wt_dump_on_signal(0))
ROW(dump_on_negative_signal, wt_dump_on_signal(INT_MIN))
ROW(dump_on_kill, wt_dump_on_signal(SIGKILL))
ROW(dump_on_fault, wt_dump_on_signal(SIGSEGV))
ROW(dump_on_broken_pipe, wt_dump_on_signal(SIGPIPE))
ROW(worker_stats_null, wt_worker_stats(NULL, &(struct wt_worker_stats){ .size = sizeof(struct wt_worker_stats) }))
ROW(worker_stats_null_out, wt_worker_stats(w->worker, NULL))
ROW(worker_stats_size_0, wt_worker_stats(w->worker, &(struct wt_worker_stats){ .size = 0 }))
ROW(worker_limits_null, wt_worker_limits(NULL, &(struct wt_worker_limits){ .size = sizeof(struct wt_worker_limits) }))
ROW(worker_limits_null_out, wt_worker_limits(w->worker, NULL))
ROW(worker_limits_size_huge, wt_worker_limits(w->worker, &(struct wt_worker_limits){ .size = SIZE_MAX }))
VOID_ROW(worker_on_stdout_null, wt_worker_on_stdout(NULL, NULL, NULL))
VOID_ROW(worker_on_stderr_null, wt_worker_on_stderr(NULL, NULL, NULL))
ROW(worker_stdout_null, wt_worker_stdout(NULL) || wt_worker_stderr(NULL))
ROW(worker_feed_null, wt_worker_feed_stdin(NULL, "text", 4))
ROW(worker_feed_null_data, wt_worker_feed_stdin(w->worker, NULL, 4))
ROW(worker_feed_unfed, wt_worker_feed_stdin(w->worker, "text", TOO_LARGE))
ROW(worker_end_null, wt_worker_end_stdin(NULL))
ROW(worker_failure_null, wt_worker_failure(NULL, &out_failure))
ROW(worker_failure_null_out, wt_worker_failure(w->worker, NULL))
ROW(worker_failure_running, wt_worker_failure(w->worker, &out_failure))
VOID_ROW(worker_ref_null, wt_worker_ref(NULL))
VOID_ROW(worker_unref_null, wt_worker_unref(NULL))
ROW(worker_has_ref_null, wt_worker_has_ref(NULL))
ROW(worker_id_null, wt_worker_id(NULL) != 0)
ROW(worker_name_null, strcmp(wt_worker_name(NULL), "") != 0)

static void never_called(void *arg)
{
	(void)arg;
	abort();
}

static void never_fails(wt_failure *failure, void *arg)
{
	(void)failure;
	never_called(arg);
}

/* Outside of a worker. */
ROW(parent_port_outside, wt_parent_port() != NULL)
ROW(worker_data_outside, (out_size = 77, wt_worker_data(&out_size) != NULL || out_size))
ROW(worker_data_null_outside, wt_worker_data(NULL) != NULL)
ROW(on_exit_outside, wt_on_exit(never_called, NULL))
ROW(on_exit_null_fn, wt_on_exit(NULL, NULL))
ROW(defer_outside, wt_defer(never_called, NULL))
ROW(defer_null_fn, wt_defer(NULL, NULL))
VOID_ROW(defer_pop_outside, wt_defer_pop(true))
VOID_ROW(on_failure_outside, wt_on_failure(never_fails, NULL))
VOID_ROW(checkpoint_outside, wt_checkpoint())
ROW(terminating_outside, wt_terminating())
ROW(exit_code_outside, (wt_set_exit_code(INT_MIN), wt_exit_code()))
ROW(thread_name_outside, strcmp(wt_thread_name(), "main") != 0)

ROW(strerror_of_none, wt_strerror(INT_MIN) == NULL || wt_strerror(INT_MAX) == NULL)
ROW(err_name_of_none, wt_err_name(INT_MIN) != NULL || wt_err_name(INT_MAX) != NULL)
ROW(alloc_huge, wt_alloc(SIZE_MAX) != NULL)
ROW(calloc_huge, wt_calloc(SIZE_MAX, 2) != NULL)
ROW(realloc_null_huge, wt_realloc(NULL, SIZE_MAX) != NULL)
ROW(free_null, (wt_free(NULL), 0))
ROW(strdup_null, wt_strdup(NULL) != NULL)
ROW(heap_stats_null, wt_heap_stats(NULL))
ROW(heap_stats_size_0, wt_heap_stats(&(struct wt_heap_stats){ .size = 0 }))
ROW(heap_stats_size_huge, wt_heap_stats(&(struct wt_heap_stats){ .size = SIZE_MAX }))
ROW(after_ns_max, wt_after_ns(UINT64_MAX) != WT_FOREVER)
ROW(after_us_max, wt_after_us(UINT64_MAX) != WT_FOREVER)
ROW(after_ms_max, wt_after_ms(UINT64_MAX) != WT_FOREVER)
ROW(after_just_too_far, wt_after_ms((uint64_t)INT64_MAX / 1000000) != WT_FOREVER)
ROW(after_nothing, wt_after_ns(0) <= 0 || wt_after_ns(0) > wt_now())

#define R(row, expected) { #row, row, expected }

static const struct row rows[] = {
	R(create_null_a, WT_EINVAL),
	R(create_null_b, WT_EINVAL),
	R(create_null_both, WT_EINVAL),
	R(create_twice_the_same, WT_EINVAL),
	R(create_size_0, WT_EINVAL),
	R(create_size_7, WT_EINVAL),
	R(create_size_huge, WT_EINVAL),
	R(create_zero_tail, 0),
	R(create_unknown_tail, WT_E2BIG),
	R(create_unknown_last_bit, WT_E2BIG),
	R(create_capacity, WT_EOVERFLOW),
	R(create_capacity_max, WT_EOVERFLOW),
	R(create_limit, WT_EOVERFLOW),
	R(create_limit_max, WT_EOVERFLOW),
	R(channel_options_init_null, 0),
	R(post_null_port, WT_EINVAL),
	R(post_null_data, WT_EINVAL),
	R(post_too_large, WT_EOVERFLOW),
	R(post_size_max, WT_EOVERFLOW),
	R(post_size_max_less, WT_EOVERFLOW),
	R(post_null_data_too_large, WT_EINVAL),
	R(post_to_closed, WT_ECLOSED),
	R(post_null_data_to_closed, WT_EINVAL),
	R(post_on_closing, WT_ECLOSED),
	R(post_to_closing, WT_ECLOSED),
	R(many_null_port, WT_EINVAL),
	R(many_null_messages, WT_EINVAL),
	R(many_null_messages_0, 0),
	R(many_null_piece, WT_EINVAL),
	R(many_too_large, WT_EOVERFLOW),
	R(many_to_closed, WT_ECLOSED),
	R(many_null_posted, WT_EINVAL),
	R(send_null_port, WT_EINVAL),
	R(send_null_message, WT_EINVAL),
	R(send_negative, WT_EINVAL),
	R(send_most_negative, WT_EINVAL),
	R(send_null_data, WT_EINVAL),
	R(send_null_iov, WT_EINVAL),
	R(send_null_piece, WT_EINVAL),
	R(send_both, WT_EINVAL),
	R(send_zero_not_zero, WT_EINVAL),
	R(send_reserved, WT_EINVAL),
	R(send_too_large, WT_EOVERFLOW),
	R(send_sum_too_large, WT_EOVERFLOW),
	R(send_to_closed, WT_ECLOSED),
	R(receive_null_port, WT_EINVAL),
	R(receive_null_message, WT_EINVAL),
	R(receive_negative, WT_EINVAL),
	R(receive_closing, WT_ECLOSED),
	R(receive_from_closed, WT_ECLOSED),
	R(release_null, 0),
	R(drain_null_port, WT_EINVAL),
	R(drain_null_fn, WT_EINVAL),
	R(drain_closing, WT_ECLOSED),
	R(drain_from_closed, WT_ECLOSED),
	R(close_null, 0),
	R(close_twice, 0),
	R(on_message_null, 0),
	R(on_message_error_null, 0),
	R(on_close_null, 0),
	R(start_null, 0),
	R(stop_null, 0),
	R(ref_null, 0),
	R(unref_null, 0),
	R(has_ref_null, 0),
	R(on_message_closing, 0),
	R(start_closing, 0),
	R(ref_closing, 0),
	R(has_ref_closing, 0),
	R(run_once_negative, WT_EINVAL),
	R(run_once_most_negative, WT_EINVAL),
	R(loop_fd_null, WT_EINVAL),
	R(worker_options_init_null, 0),
	R(worker_null, WT_EINVAL),
	R(worker_null_entry, WT_EINVAL),
	R(worker_null_data, WT_EINVAL),
	R(worker_too_large, WT_EOVERFLOW),
	R(worker_size_max, WT_EOVERFLOW),
	R(worker_options_0, WT_EINVAL),
	R(worker_options_huge, WT_EINVAL),
	R(worker_unknown_tail, WT_E2BIG),
	R(worker_channel_tail, WT_E2BIG),
	R(worker_channel_limit, WT_EOVERFLOW),
	R(worker_stack_small, WT_EINVAL),
	R(worker_stack_large, WT_EOVERFLOW),
	R(worker_timeout, WT_EINVAL),
	R(worker_process, WT_ENOTSUP),
	R(worker_isolation, WT_EINVAL),
	R(worker_argc, WT_EINVAL),
	R(worker_null_argv, WT_EINVAL),
	R(worker_null_list, WT_EINVAL),
	R(worker_long_list, WT_EINVAL),
	R(worker_list_twice, WT_EDUPLICATE),
	R(send_null_list, WT_EINVAL),
	R(send_long_list, WT_EINVAL),
	R(send_no_kind, WT_EINVAL),
	R(send_kind_max, WT_EINVAL),
	R(send_no_variable, WT_EINVAL),
	R(send_no_shared, WT_EINVAL),
	R(send_source, WT_ESOURCE),
	R(send_target, WT_ETARGET),
	R(send_twice, WT_EDUPLICATE),
	R(send_closing, WT_ECLOSED),
	R(send_list_to_closed, WT_ECLOSED),
	R(reserve_null_port, WT_EINVAL),
	R(reserve_null_slot, WT_EINVAL),
	R(reserve_negative, WT_EINVAL),
	R(reserve_most_negative, WT_EINVAL),
	R(reserve_too_large, WT_EOVERFLOW),
	R(reserve_size_max, WT_EOVERFLOW),
	R(reserve_to_closed, WT_ECLOSED),
	R(reserve_on_closing, WT_ECLOSED),
	R(commit_null_port, WT_EINVAL),
	R(commit_null_slot, WT_EINVAL),
	R(commit_empty, WT_EINVAL),
	R(commit_nonsense, WT_EINVAL),
	R(abandon_null_port, 0),
	R(abandon_null_slot, 0),
	R(abandon_empty, 0),
	R(abandon_nonsense, 0),
	R(select_null_ports, WT_EINVAL),
	R(select_null_ready, WT_EINVAL),
	R(select_none, WT_EINVAL),
	R(select_null_port, WT_EINVAL),
	R(select_negative, WT_EINVAL),
	R(select_closing, WT_ECLOSED),
	R(select_half, 0),
	R(on_drain_null, 0),
	R(on_drain_closing, 0),
	R(stats_null_port, WT_EINVAL),
	R(stats_null_out, WT_EINVAL),
	R(stats_size_0, WT_EINVAL),
	R(stats_size_7, WT_EINVAL),
	R(stats_size_huge, WT_EINVAL),
	R(sender_null_port, WT_EINVAL),
	R(sender_null_out, WT_EINVAL),
	R(sender_closing, WT_ECLOSED),
	R(sender_dup_null, WT_EINVAL),
	R(sender_dup_null_out, WT_EINVAL),
	R(sender_post_null, WT_EINVAL),
	R(sender_post_null_data, WT_EINVAL),
	R(sender_post_too_large, WT_EOVERFLOW),
	R(sender_post_size_max, WT_EOVERFLOW),
	R(sender_send_null, WT_EINVAL),
	R(sender_send_null_message, WT_EINVAL),
	R(sender_send_negative, WT_EINVAL),
	R(sender_send_null_data, WT_EINVAL),
	R(sender_send_null_list, WT_EINVAL),
	R(sender_close_null, 0),
	R(call_null_port, WT_EINVAL),
	R(call_null_request, WT_EINVAL),
	R(call_null_reply, WT_EINVAL),
	R(call_negative, WT_EINVAL),
	R(call_own, WT_EDEADLK),
	R(call_now, WT_EAGAIN),
	R(call_null_data, WT_EINVAL),
	R(call_null_list, WT_EINVAL),
	R(call_to_closed, WT_ECLOSED),
	R(reply_null, WT_EINVAL),
	R(reply_to_none, WT_EINVAL),
	R(reply_to_no_request, WT_EINVAL),
	R(reply_null_outgoing, WT_EINVAL),
	R(reply_to_nobody, WT_ETIMEDOUT),
	R(take_port_null, WT_EINVAL),
	R(take_buffer_null, WT_EINVAL),
	R(take_sender_null, WT_EINVAL),
	R(take_shared_null, WT_EINVAL),
	R(take_fd_null, WT_EINVAL),
	R(take_port_of_none, WT_EINVAL),
	R(take_buffer_of_none, WT_EINVAL),
	R(take_sender_of_none, WT_EINVAL),
	R(take_shared_of_none, WT_EINVAL),
	R(take_fd_of_none, WT_EINVAL),
	R(take_port_null_out, WT_EINVAL),
	R(take_buffer_null_out, WT_EINVAL),
	R(take_sender_null_out, WT_EINVAL),
	R(take_shared_null_out, WT_EINVAL),
	R(take_fd_null_out, WT_EINVAL),
	R(transfer_kind_null, 0),
	R(transfer_kind_of_none, 0),
	R(data_take_port, WT_ENOTSUP),
	R(data_take_buffer, WT_ENOTSUP),
	R(data_take_sender, WT_ENOTSUP),
	R(data_take_shared, WT_ENOTSUP),
	R(data_take_fd, WT_ENOTSUP),
	R(data_take_port_null_out, WT_EINVAL),
	R(data_take_fd_null_out, WT_EINVAL),
	R(buffer_create_too_large, WT_EOVERFLOW),
	R(buffer_create_null, WT_EINVAL),
	R(buffer_wrap_null, WT_EINVAL),
	R(buffer_wrap_null_data, WT_EINVAL),
	R(buffer_wrap_too_large, WT_EOVERFLOW),
	R(buffer_slice_null_out, WT_EINVAL),
	R(buffer_slice_null, WT_EINVAL),
	R(buffer_slice_beyond, WT_ERANGE),
	R(buffer_slice_max, WT_ERANGE),
	R(buffer_mark_null, 0),
	R(buffer_is_marked_null, 0),
	R(buffer_data_null, 0),
	R(buffer_size_null, 0),
	R(buffer_destroy_null, 0),
	R(worker_on_online_null, 0),
	R(worker_on_message_null, 0),
	R(worker_on_message_error_null, 0),
	R(worker_on_error_null, 0),
	R(worker_on_exit_null, 0),
	R(worker_post_null, WT_EINVAL),
	R(worker_post_null_data, WT_EINVAL),
	R(worker_post_too_large, WT_EOVERFLOW),
	R(worker_port_null, 0),
	R(worker_port_close, 0),
	R(worker_join_null, WT_EINVAL),
	R(worker_join_negative, WT_EINVAL),
	R(worker_join_running, WT_EAGAIN),
	R(worker_terminate_null, WT_EINVAL),
	R(worker_terminate_negative, WT_EINVAL),
	R(worker_destroy_null, 0),
	R(worker_cpu, WT_EINVAL),
	R(worker_nice_low, WT_EINVAL),
	R(worker_nice_high, WT_EINVAL),
	R(dump_to_nowhere, WT_EINVAL),
	R(dump_on_no_signal, WT_EINVAL),
	R(dump_on_negative_signal, WT_EINVAL),
	R(dump_on_kill, WT_EINVAL),
	R(dump_on_fault, WT_EINVAL),
	R(dump_on_broken_pipe, WT_EINVAL),
	R(worker_stats_null, WT_EINVAL),
	R(worker_stats_null_out, WT_EINVAL),
	R(worker_stats_size_0, WT_EINVAL),
	R(worker_limits_null, WT_EINVAL),
	R(worker_limits_null_out, WT_EINVAL),
	R(worker_limits_size_huge, WT_EINVAL),
	R(worker_on_stdout_null, 0),
	R(worker_on_stderr_null, 0),
	R(worker_stdout_null, 0),
	R(worker_feed_null, WT_EINVAL),
	R(worker_feed_null_data, WT_EINVAL),
	R(worker_feed_unfed, WT_ENOTSUP),
	R(worker_end_null, WT_EINVAL),
	R(worker_failure_null, WT_EINVAL),
	R(worker_failure_null_out, WT_EINVAL),
	R(worker_failure_running, WT_EAGAIN),
	R(worker_ref_null, 0),
	R(worker_unref_null, 0),
	R(worker_has_ref_null, 0),
	R(worker_id_null, 0),
	R(worker_name_null, 0),
	R(parent_port_outside, 0),
	R(worker_data_outside, 0),
	R(worker_data_null_outside, 0),
	R(on_exit_outside, WT_ENOTSUP),
	R(on_exit_null_fn, WT_EINVAL),
	R(defer_outside, WT_ENOTSUP),
	R(defer_null_fn, WT_EINVAL),
	R(defer_pop_outside, 0),
	R(on_failure_outside, 0),
	R(checkpoint_outside, 0),
	R(terminating_outside, 0),
	R(exit_code_outside, 0),
	R(thread_name_outside, 0),
	R(strerror_of_none, 0),
	R(err_name_of_none, 0),
	R(alloc_huge, 0),
	R(calloc_huge, 0),
	R(realloc_null_huge, 0),
	R(free_null, 0),
	R(strdup_null, 0),
	R(heap_stats_null, WT_EINVAL),
	R(heap_stats_size_0, WT_EINVAL),
	R(heap_stats_size_huge, WT_EINVAL),
	R(after_ns_max, 0),
	R(after_us_max, 0),
	R(after_ms_max, 0),
	R(after_just_too_far, 0),
	R(after_nothing, 0),
};

/* ---- The world ---- */

/* Gives back each message that it gets, until there are no more. */
static int entry_echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err;

	(void)data;
	(void)size;
	while ((err = wt_port_receive(parent, &message, WT_FOREVER)) == 0)
		if (wt_port_post(parent, message.data, message.size) != 0)
			break;
	return err == WT_ECLOSED || err == WT_ETERMINATED ? 0 : 1;
}

static void ignore_close(wt_port *port, void *arg)
{
	(void)port;
	++*(unsigned *)arg;
}

static unsigned closes;

static void world_make(struct world *world)
{
	struct channel closing;

	closes = 0;
	channel_open(&world->channel, NULL);
	post_text(world->channel.a, "to b");
	post_text(world->channel.b, "to a");
	channel_open(&world->half, NULL);
	wt_port_close(world->half.b);
	channel_open(&closing, NULL);
	wt_port_on_close(closing.a, ignore_close, &closes);
	wt_port_close(closing.a);
	world->closing = closing.a;
	world->closing_peer = closing.b;
	assert_int_equal(wt_worker_create(&world->worker, entry_echo, NULL, 0, NULL), 0);
	assert_int_equal(wt_port_sender(world->channel.a, &world->sender), 0);
	world->deleted = (struct deleted){ 0 };
	assert_non_null(world->buffer = wrap_counted(&world->deleted));
}

/* All is as it was, and works. */
static void world_check_and_end(struct world *world)
{
	wt_message message;

	assert_receives(world->channel.b, "to b");
	assert_receives(world->channel.a, "to a");
	assert_receives_nothing(world->channel.a, WT_EAGAIN);
	assert_receives_nothing(world->channel.b, WT_EAGAIN);
	assert_false(wt_port_has_ref(world->channel.a));
	assert_true(wt_worker_has_ref(world->worker));
	assert_int_equal(wt_worker_post(world->worker, "echo", 4), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(world->worker), &message, wt_after_ms(10000)), 0);
	assert_int_equal(message.size, 4);
	assert_memory_equal(message.data, "echo", 4);
	wt_worker_destroy(world->worker);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(closes, 1);
	assert_false(wt_loop_alive());
	assert_deleted(&world->deleted, 0);
	wt_buffer_destroy(world->buffer);
	assert_deleted(&world->deleted, 1);
	assert_int_equal(wt_sender_post(world->sender, "sent", 4), 0);
	assert_receives(world->channel.b, "sent");
	wt_sender_close(world->sender);
	channel_close(&world->channel);
	wt_port_close(world->half.a);
	wt_port_close(world->closing_peer);
}

/* [M3] */
static void every_function_refuses_what_makes_no_sense_and_loses_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world world;
		int result;

		world_make(&world);
		errno = ENOTTY;
		result = rows[i].call(&world);
		if (result != rows[i].expected)
			fail_msg("%s: %d, not %d", rows[i].name, result, rows[i].expected);
		if (errno != ENOTTY)
			fail_msg("%s: changed errno", rows[i].name);
		if (rows[i].expected < 0 && strncmp(rows[i].name, "receive_", 8) == 0)
			assert_true(out_message.data == NULL && out_message.port == NULL);
		world_check_and_end(&world);
	}
}

/* ---- On a thread that does not own it ---- */

struct foreign {
	struct world *world;
	struct verdict verdict;
	bool known; /* whether libwt has met the thread before */
};

static void ports_from_elsewhere(struct foreign *foreign, wt_port *port)
{
	struct verdict *verdict = &foreign->verdict;
	wt_sender *sender = foreign->world->sender;
	wt_message message;
	size_t drained = 77;

	memset(&message, 0x55, sizeof message);
	CHECK(verdict, wt_port_receive(port, &message, WT_FOREVER) == WT_EOWNER);
	CHECK(verdict, message.data == NULL && message.size == 0 && message.port == NULL);
	CHECK(verdict, wt_port_drain(port, never, NULL, 0, &drained) == WT_EOWNER);
	CHECK(verdict, drained == 0);
	CHECK(verdict, select_of(port, port, 2, WT_NOW) == WT_EOWNER);
	CHECK(verdict, stats_of_size(port, sizeof(struct wt_port_stats)) == WT_EOWNER);
	CHECK(verdict, wt_port_sender(port, &sender) == WT_EOWNER && !sender);
	CHECK(verdict, wt_message_reply(&(wt_message){ .port = port, .call = 1 }, OUTGOING(.size = 0)) == WT_EOWNER);
	wt_port_on_drain(port, never_drain, NULL);
	wt_port_on_message(port, never, NULL);
	wt_port_on_message_error(port, NULL, NULL);
	wt_port_on_close(port, NULL, NULL);
	wt_port_start(port);
	wt_port_stop(port);
	wt_port_ref(port);
	wt_port_unref(port);
	CHECK(verdict, !wt_port_has_ref(port));
	wt_port_close(port);
}

static void workers_from_elsewhere(struct foreign *foreign)
{
	wt_worker *worker = foreign->world->worker;

	wt_worker_on_online(worker, NULL, NULL);
	wt_worker_on_message(worker, NULL, NULL);
	wt_worker_on_message_error(worker, NULL, NULL);
	wt_worker_on_error(worker, NULL, NULL);
	wt_worker_on_exit(worker, NULL, NULL);
	wt_worker_ref(worker);
	wt_worker_unref(worker);
	CHECK(&foreign->verdict, !wt_worker_has_ref(worker));
	CHECK(&foreign->verdict, wt_worker_port(worker) != NULL);
	CHECK(&foreign->verdict, wt_worker_join(worker, NULL, WT_NOW) == WT_EAGAIN);
	wt_worker_destroy(worker);
}

static void call_from_elsewhere(void *arg)
{
	struct foreign *foreign = arg;

	if (foreign->known)
		wt_thread_id();
	ports_from_elsewhere(foreign, foreign->world->channel.a);
	ports_from_elsewhere(foreign, foreign->world->channel.b);
	ports_from_elsewhere(foreign, foreign->world->half.a);
	ports_from_elsewhere(foreign, wt_worker_port(foreign->world->worker));
	workers_from_elsewhere(foreign);
	CHECK(&foreign->verdict, !wt_loop_alive());
	CHECK(&foreign->verdict, wt_run() == 0);
	CHECK(&foreign->verdict, strcmp(wt_thread_name(), "") == 0);
}

static void what_belongs_to_another_thread_is_left_alone(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		struct world world;
		struct foreign foreign = { .world = &world, .known = known };

		world_make(&world);
		run_on_new_thread(call_from_elsewhere, &foreign);
		assert_verdict(&foreign.verdict);
		world_check_and_end(&world);
	}
}

/* ---- Inside of a worker ---- */

static int entry_fail_without_a_reason(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	wt_on_failure(NULL, NULL);
	wt_defer_pop(true);
	wt_fail(0, NULL);
}

static void a_failure_without_code_and_message_is_still_one(void **state)
{
	wt_failure failure;
	wt_worker *worker;
	int code = 77;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_fail_without_a_reason, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, 1);
	assert_int_equal(wt_worker_failure(worker, &failure), 0);
	assert_int_equal(failure.code, WT_EINVAL);
	assert_string_equal(failure.message, "");
	wt_worker_destroy(worker);
}

/* The worker's own handle is not for the worker: it cannot wait for itself, nor take its end of the channel apart. */
static int entry_misuse(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	wt_worker *self;

	(void)data;
	(void)size;
	if (wt_port_receive(parent, &message, WT_FOREVER) != 0 || message.size != sizeof self)
		return 2;
	memcpy(&self, message.data, sizeof self);
	if (wt_worker_join(self, NULL, WT_FOREVER) != WT_EDEADLK)
		return 3;
	if (wt_port_receive(wt_worker_port(self), &message, WT_NOW) != WT_EOWNER)
		return 4;
	wt_port_close(wt_worker_port(self));
	wt_worker_destroy(self);
	if (wt_on_exit(NULL, NULL) != WT_EINVAL || wt_defer(NULL, NULL) != WT_EINVAL)
		return 5;
	wt_port_close(parent);
	return wt_parent_port() ? 6 : INT_MIN;
}

static void a_worker_cannot_misuse_its_own_handle(void **state)
{
	wt_worker *worker;
	int code = 77;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_misuse, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_post(worker, &worker, sizeof worker), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	assert_int_equal(code, INT_MIN);
	assert_int_equal(wt_worker_post(worker, "late", 4), WT_ECLOSED);
	assert_int_equal(wt_run(), 0);
	wt_worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_function_refuses_what_makes_no_sense_and_loses_nothing),
		TEST(what_belongs_to_another_thread_is_left_alone),
		TEST(a_failure_without_code_and_message_is_still_one),
		TEST(a_worker_cannot_misuse_its_own_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
