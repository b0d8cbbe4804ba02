/* SPDX-License-Identifier: MIT */
#include "call.h"

#include "alloc.h"
#include "fork.h"
#include "message.h"
#include "port.h"
#include "trace.h"
#include "transfer.h"
#include "wait.h"

/* So far, of the whole process: an id is not met again at a port that lies where another one was. */
static _Atomic(uint64_t) call_last;

/* One that waits for its reply. */
struct call {
	struct wti_list link; /* under the lock: wt_port.calls of the receiver */
	uint64_t id;
	wt_port *port;        /* that the request is sent on */
	struct wti_thread *thread;
	struct wti_reply *reply; /* under the lock */
	_Atomic(uint32_t) done;  /* there is one */
};

/* ---- Replies ---- */

/* In their serials, so that none lies between those of a port's views. */
#define REPLY_SERIAL ((uint64_t)1 << 63)

/* In a timeline a reply is a message of the caller's port, and no position of its queue. */
static uint64_t reply_trace(const struct call *call)
{
	return call->id | (uint64_t)1 << 63;
}

static struct wti_cargo *reply_cargo(const struct wti_reply *reply)
{
	return (struct wti_cargo *)(uintptr_t)(reply + 1);
}

static void reply_free(struct wti_reply *reply)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_cargo_drop(reply_cargo(reply), &dropped);
	wti_free(reply);
	wti_cargo_destroy_all(&dropped);
}

/* Off the thread first: a deleter may call in, and leave a reply of its own. */
static void reply_end(struct wti_thread *self)
{
	struct wti_reply *reply;

	while ((reply = self->reply)) {
		self->reply = NULL;
		reply_free(reply);
	}
}

bool wti_reply_is(const struct wti_thread *self, const wt_message *message)
{
	return self->reply && message->serial == self->reply->serial && message->cargo == reply_cargo(self->reply);
}

bool wti_reply_release(struct wti_thread *self, wt_message *message)
{
	if (!wti_reply_is(self, message))
		return false;
	reply_end(self);
	*message = (wt_message){ 0 };
	return true;
}

/* The thread's own from now on. */
static void reply_show(struct wti_thread *self, wt_port *port, struct wti_reply *reply, wt_message *message)
{
	struct wti_cargo *cargo = reply_cargo(reply);

	reply->serial = ++self->views | REPLY_SERIAL;
	self->reply = reply;
	self->end[WTI_END_REPLY] = reply_end;
	*message = (wt_message){
		.data = (const unsigned char *)cargo + wti_cargo_bytes(cargo),
		.size = reply->size,
		.type = reply->type,
		.transfer_count = cargo->count,
		.port = port,
		.serial = reply->serial,
		.cargo = cargo,
	};
}

/* ---- Waiting ---- */

static bool call_ready(void *what)
{
	struct call *call = what;

	/* pairs with call_answer [call-1]: the reply is written */
	return wti_load_acq(&call->done) || wti_port_is_closed(call->port->peer) || wti_port_is_closed(call->port);
}

/* Listed already: who answers or closes from now on unparks us. What did so before is seen after this. */
static bool call_arm(void *what)
{
	struct call *call = what;

	wti_mutex_lock(&call->port->peer->calls_lock);
	wti_mutex_unlock(&call->port->peer->calls_lock);
	return true;
}

static void call_disarm(void *what)
{
	(void)what; /* call_leave does it */
}

static const void *call_object(void *what)
{
	const struct call *call = what;

	return call->port;
}

static const struct wti_wait_ops call_ops = {
	.name = "reply",
	.kind = "port",
	.object = call_object,
	.ready = call_ready,
	.arm = call_arm,
	.disarm = call_disarm,
};

static void call_enter(struct call *call)
{
	wt_port *receiver = call->port->peer;

	wti_list_init(&call->link);
	call->id = wti_add(&call_last, 1) + 1;
	wti_mutex_lock(&receiver->calls_lock);
	wti_list_append(&receiver->calls, &call->link);
	/* pairs with wti_calls_wake [call-2]: seq_cst, counted before call_ready looks whether the port is closed */
	wti_store_sc(&receiver->calling, wti_load(&receiver->calling) + 1);
	wti_mutex_unlock(&receiver->calls_lock);
}

/* Nobody knows of the call afterwards. */
static struct wti_reply *call_leave(struct call *call)
{
	wt_port *receiver = call->port->peer;

	wti_mutex_lock(&receiver->calls_lock);
	wti_list_remove(&call->link);
	wti_store(&receiver->calling, wti_load(&receiver->calling) - 1); /* relaxed: at worst somebody looks in vain */
	wti_mutex_unlock(&receiver->calls_lock);
	return call->reply;
}

/*
 * The lock lies in a line of the port's, which a close without callers need not take from its owner.
 * Kept because it measures better: the whole life of a worker, whose two ports close, went from 4.75 us to 4.65.
 */
void wti_calls_wake(wt_port *port)
{
	/* pairs with call_enter [call-2]: seq_cst, closed before this look. Who is not counted yet sees that */
	if (!wti_load_sc(&port->calling))
		return;
	wti_mutex_lock(&port->calls_lock);
	for (struct wti_list *link = port->calls.next; link != &port->calls; link = link->next)
		wti_unpark(&wti_list_entry(link, struct call, link)->thread->parker);
	wti_mutex_unlock(&port->calls_lock);
}

/* ---- Calling ---- */

static int call_run(struct call *call, const wt_outgoing *request, wt_time deadline)
{
	struct wti_sending sending = { .port = call->port, .call = call->id, .message = request };
	int err = wti_port_send(&sending, deadline);

	return err ? err : wti_wait(call->thread, &call_ops, call, deadline);
}

static int call_make(struct wti_thread *self, wt_port *port, const wt_outgoing *request, wt_message *message,
		     wt_time deadline)
{
	struct call call = { .port = port, .thread = self };
	struct wti_reply *reply;
	int err;

	call_enter(&call);
	err = call_run(&call, request, deadline);
	reply = call_leave(&call);
	reply_end(self); /* only now: the request may have been made of it */
	if (wti_forked()) /* by a deleter */
		return WT_EFORKED;
	if (reply && err != WT_ETERMINATED) {
		wti_trace_arrive(self, WTI_TRACE_RECEIVE, port->inbox.trace, reply_trace(&call), reply->size);
		reply_show(self, port, reply, message);
		return 0;
	}
	if (reply)
		reply_free(reply);
	return err ? err : WT_ECLOSED;
}

int wt_port_call(wt_port *port, const wt_outgoing *request, wt_message *reply, wt_time deadline)
{
	struct wti_thread *self;
	struct wti_list dropped;
	int err;

	WTI_USES(port, PORT);
	if (!reply)
		return WT_EINVAL;
	*reply = (wt_message){ 0 };
	if (!port || !request || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (wti_load(&port->peer->source.owner) == self)
		return WT_EDEADLK;
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	if (deadline == WT_NOW)
		return WT_EAGAIN;
	/* The owner may close the port meanwhile; what we look at stays. */
	wti_channel_hold(port->channel);
	err = call_make(self, port, request, reply, deadline);
	if (wti_forked())
		return WT_EFORKED;
	wti_list_init(&dropped);
	wti_channel_release(port->channel, &dropped);
	wti_cargo_destroy_all(&dropped);
	return err;
}

/* ---- Answering ---- */

static struct call *call_find(wt_port *port, uint64_t id)
{
	for (struct wti_list *link = port->calls.next; link != &port->calls; link = link->next) {
		struct call *call = wti_list_entry(link, struct call, link);

		if (call->id == id)
			return call;
	}
	return NULL;
}

/* Under the lock the caller cannot leave; off the list it cannot be answered again. */
static int call_answer(wt_port *port, uint64_t id, const wt_outgoing *message, struct wti_reply *reply,
		       struct wti_list *dropped)
{
	struct call *call;

	wti_mutex_lock(&port->calls_lock);
	call = call_find(port, id);
	if (call) {
		wti_list_remove(&call->link);
		wti_transfer_pack(reply_cargo(reply), 0, message, NULL, dropped);
		call->reply = reply;
		wti_trace_post(port->peer->inbox.trace, reply_trace(call));
		wti_store_rel(&call->done, 1); /* pairs with call_ready [call-1] */
		wti_unpark(&call->thread->parker);
	}
	wti_mutex_unlock(&port->calls_lock);
	return call ? 0 : WT_ETIMEDOUT;
}

static int reply_alloc(struct wti_reply **reply, const wt_outgoing *message, size_t size)
{
	size_t prefix = sizeof **reply + wti_cargo_size(message->transfer_count);

	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	*reply = wti_alloc(prefix + size);
	if (!*reply)
		return WT_ENOMEM;
	**reply = (struct wti_reply){ .size = size, .type = message->type };
	wti_outgoing_copy((unsigned char *)*reply + prefix, message);
	return 0;
}

static int reply_check(const wt_port *port, const wt_outgoing *message, size_t *size)
{
	const struct wti_route route = { .source = port, .target = port->peer };
	int err = wti_outgoing_check(message, size);

	return err ? err : wti_transfer_check(message->transfer, message->transfer_count, &route);
}

int wt_message_reply(const wt_message *request, const wt_outgoing *reply)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_reply *made;
	struct wti_list dropped;
	size_t size;
	int err;

	if (!request || !reply || !request->port || !request->call)
		return WT_EINVAL;
	if (!self || !wti_port_is_mine(self, request->port))
		return wti_fork_error(WT_EOWNER);
	err = reply_check(request->port, reply, &size);
	if (err)
		return err;
	err = reply_alloc(&made, reply, size);
	if (err)
		return err;
	wti_list_init(&dropped);
	err = call_answer(request->port, request->call, reply, made, &dropped);
	if (err)
		wti_free(made);
	wti_cargo_destroy_all(&dropped);
	return wti_fork_error(err);
}
