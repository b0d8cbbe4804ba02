/* SPDX-License-Identifier: MIT */
#include "sweep/sweep.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

#include "sweep/operations.h"

static void count_delete(void *data, void *arg)
{
	(void)data;
	++*(int *)arg;
}

/* One of each kind, and a channel to send them on. What is not there is NULL or -1. */
struct load {
	wt_port *a, *b;         /* the channel */
	wt_port *near, *far;    /* another one, whose far end travels */
	wt_sender *sender;
	wt_buffer *created, *wrapped;
	wt_shared *shared;
	int fd;
	int deleted; /* calls of the wrapped one's deleter */
	bool had_wrapped;
};

enum { LOAD_THINGS = 6 };

static int load_make(struct load *load, const wt_channel_options *options)
{
	int err;

	*load = (struct load){ .fd = -1 };
	err = wt_channel_create(&load->a, &load->b, options);
	if (!err)
		err = wt_channel_create(&load->near, &load->far, NULL);
	if (!err)
		err = wt_port_sender(load->near, &load->sender);
	if (!err)
		err = wt_buffer_create(&load->created, 100000);
	if (!err)
		err = wt_buffer_wrap(&load->wrapped, load, 1, count_delete, &load->deleted);
	load->had_wrapped = load->wrapped;
	if (!err)
		err = wt_shared_create(&load->shared, 100, 0);
	if (!err) {
		load->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		CHECKED(load->fd >= 0);
	}
	return err;
}

static void load_drop(struct load *load)
{
	wt_port_close(load->a);
	wt_port_close(load->b);
	wt_port_close(load->near);
	wt_port_close(load->far);
	wt_sender_close(load->sender);
	wt_buffer_destroy(load->created);
	wt_buffer_destroy(load->wrapped);
	wt_shared_release(load->shared);
	if (load->fd >= 0)
		close(load->fd);
	CHECKED(load->deleted == load->had_wrapped);
}

static void load_list(struct load *load, wt_transfer list[LOAD_THINGS])
{
	list[0] = WT_MOVE(&load->far);
	list[1] = WT_MOVE(&load->sender);
	list[2] = WT_MOVE(&load->created);
	list[3] = WT_MOVE(&load->wrapped);
	list[4] = WT_MOVE(&load->fd);
	list[5] = WT_SHARE(load->shared);
}

/* [M3] All is where it was, or all is gone. */
static void load_check_sent(const struct load *load, int err)
{
	bool here = load->far && load->sender && load->created && load->wrapped && load->fd >= 0;
	bool gone = !load->far && !load->sender && !load->created && !load->wrapped && load->fd < 0;

	CHECKED(err ? here : gone);
}

/* Half of it; the rest is destroyed with the message. */
static int load_take(struct load *load, wt_message *message)
{
	wt_shared *shared = NULL;
	int err = wt_message_take_port(message, 0, &load->far);

	if (!err)
		err = wt_message_take_buffer(message, 2, &load->created);
	if (!err)
		err = wt_message_take_shared(message, 5, &shared);
	wt_shared_release(shared);
	return err;
}

static const size_t load_sizes[] = { 0, 100, 100000 };

/* [M2] [M3] [T4] */
int transfer_everything(void)
{
	static char bytes[100000];
	int err = 0;

	for (size_t i = 0; !err && i < sizeof load_sizes / sizeof *load_sizes; i++) {
		wt_transfer list[LOAD_THINGS];
		struct load load;
		wt_message message;
		wt_outgoing outgoing = { .data = bytes, .size = load_sizes[i], .transfer = list,
					 .transfer_count = LOAD_THINGS };

		err = load_make(&load, NULL);
		if (!err) {
			load_list(&load, list);
			err = wt_port_send(load.a, &outgoing, WT_NOW);
			load_check_sent(&load, err);
		}
		if (!err) {
			CHECKED(wt_port_receive(load.b, &message, WT_NOW) == 0 && message.size == load_sizes[i]);
			err = load_take(&load, &message);
		}
		load_drop(&load);
	}
	return err;
}

static void take_slice(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	CHECKED(message->transfer_count == 1);
	(void)!wt_message_take_buffer(message, 0, arg);
}

/* [M3] A copy of some bytes goes by the sender, or stays. */
static int send_slice(struct load *load, wt_sender *sender)
{
	wt_buffer *slice;
	wt_transfer list[] = { WT_MOVE(&slice) };
	int err = wt_buffer_slice_copy(&slice, load->created, 10, 1000);
	size_t drained;

	CHECKED(err ? !slice : wt_buffer_size(slice) == 1000);
	if (!err) {
		err = wt_sender_send(sender, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW);
		CHECKED(err ? slice != NULL : !slice);
	}
	if (!err)
		CHECKED(wt_port_drain(load->far, take_slice, &slice, 0, &drained) == 0 && drained == 1);
	wt_buffer_destroy(slice);
	return err;
}

int transfer_by_sender(void)
{
	struct load load;
	wt_sender *copy = NULL;
	wt_message message;
	int err = load_make(&load, NULL);

	if (!err)
		err = wt_sender_dup(load.sender, &copy);
	if (!err)
		err = wt_sender_post(copy, "text", 4);
	if (!err)
		CHECKED(wt_port_receive(load.far, &message, WT_NOW) == 0 && message.size == 4);
	if (!err)
		err = send_slice(&load, copy);
	wt_sender_close(copy);
	load_drop(&load);
	return err;
}

static int entry_take(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer;
	wt_port *port;
	int err = wt_worker_data_take_port(0, &port);

	(void)parent;
	(void)data;
	(void)size;
	if (!err)
		err = wt_worker_data_take_buffer(2, &buffer);
	if (!err)
		wt_buffer_destroy(buffer);
	return err;
}

int transfer_to_worker(void)
{
	wt_transfer list[LOAD_THINGS];
	struct load load;
	wt_worker *worker = NULL;
	int code = 0;
	int err = load_make(&load, NULL);

	if (!err) {
		load_list(&load, list);
		err = wt_worker_create(&worker, entry_take, "data", 4,
				       WT_WORKER_OPTIONS(.transfer = list, .transfer_count = LOAD_THINGS));
		load_check_sent(&load, err);
	}
	if (!err)
		CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0);
	wt_worker_destroy(worker);
	load_drop(&load);
	return err ? err : code;
}

/* A slot of each fate, in and out of line; what was committed comes out. */
int slots_in_turn(void)
{
	static const size_t sizes[] = { 0, 100, 3000, 100000 };
	wt_port *a, *b;
	int err = wt_channel_create(&a, &b, NULL);

	for (size_t i = 0; !err && i < sizeof sizes / sizeof *sizes; i++) {
		wt_message message;
		wt_slot kept, given_back;

		err = wt_port_reserve(a, sizes[i], &kept, WT_NOW);
		if (err)
			break;
		err = wt_port_reserve(a, sizes[i], &given_back, WT_NOW);
		wt_port_abandon(a, &given_back);
		kept.size = sizes[i] / 2;
		CHECKED(wt_port_commit(a, &kept) == 0);
		CHECKED(wt_port_receive(b, &message, WT_NOW) == 0 && message.size == sizes[i] / 2);
		CHECKED(wt_port_receive(b, &message, WT_NOW) == WT_EAGAIN);
	}
	wt_port_close(a);
	wt_port_close(b);
	return err;
}

static int entry_answer(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	wt_buffer *buffer = NULL;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	(void)data;
	(void)size;
	if (!err)
		err = wt_buffer_create(&buffer, 10);
	if (!err) {
		wt_transfer list[] = { WT_MOVE(&buffer) };

		err = wt_message_reply(&message, &(wt_outgoing){ .data = "answer", .size = 6, .transfer = list,
								 .transfer_count = 1 });
	}
	wt_buffer_destroy(buffer);
	return err;
}

/* A worker that cannot answer ends, which ends the call. */
int call_answered(void)
{
	wt_worker *worker;
	wt_message reply;
	int code = 0;
	int err = wt_worker_create(&worker, entry_answer, NULL, 0, NULL);

	if (err)
		return err;
	err = wt_port_call(wt_worker_port(worker), &(wt_outgoing){ .data = "?", .size = 1 }, &reply,
			   wt_after_ms(20000));
	if (!err)
		CHECKED(reply.size == 6 && reply.transfer_count == 1);
	wt_message_release(&reply);
	CHECKED(wt_worker_terminate(worker, wt_after_ms(20000)) == 0);
	CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0);
	wt_worker_destroy(worker);
	return err == WT_ECLOSED && code ? code : err;
}

static void count_drain(wt_port *port, void *arg)
{
	(void)port;
	++*(int *)arg;
}

int drain_after_refusal(void)
{
	wt_port *a, *b;
	wt_message message;
	int drains = 0;
	int err = wt_channel_create(&a, &b, WT_CHANNEL_OPTIONS(.limit = 256));

	if (err)
		return err;
	wt_port_on_drain(a, count_drain, &drains);
	while (!err)
		err = wt_port_post(a, "12345678", 8);
	while (wt_port_receive(b, &message, WT_NOW) == 0)
		;
	if (err == WT_EAGAIN) {
		int ran = wt_run();

		CHECKED(ran || drains == 1);
		err = ran;
	}
	wt_port_close(a);
	wt_port_close(b);
	return err;
}

int select_of_many(void)
{
	enum { PORTS = 20 };
	wt_port *a[PORTS] = { NULL }, *b[PORTS] = { NULL };
	size_t ready = 0;
	int err = 0;

	for (size_t i = 0; !err && i < PORTS; i++)
		err = wt_channel_create(&a[i], &b[i], NULL);
	if (!err)
		err = wt_port_post(a[7], "", 0);
	if (!err) {
		err = wt_select(b, PORTS, &ready, wt_after_ms(20000));
		CHECKED(err || ready == 7);
	}
	for (size_t i = 0; i < PORTS; i++) {
		wt_port_close(a[i]);
		wt_port_close(b[i]);
	}
	return err;
}
