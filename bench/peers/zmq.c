// SPDX-License-Identifier: MIT
/*
 * ZeroMQ over inproc: PAIR with one producer; PUSH and PULL with several, because a PAIR has one peer. Its two high-water
 * marks add up over inproc, so each is half the capacity.
 */
#include "../harness.h"

#include <stdio.h>
#include <zmq.h>

struct channel {
	void *context;
	char address[48];
	const struct bench_args *args;
	void *socket; /* the consumer's */
};

struct sender {
	void *socket;
};

struct receiver {
	void *socket;
	zmq_msg_t message;
};

static void set_marks(void *socket, const struct bench_args *args)
{
	int mark = (int)args->capacity / 2;

	zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark);
}

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	channel->context = zmq_ctx_new();
	channel->args = args;
	snprintf(channel->address, sizeof channel->address, "inproc://%p", (void *)channel);
	channel->socket = zmq_socket(channel->context, args->producers > 1 ? ZMQ_PULL : ZMQ_PAIR);
	set_marks(channel->socket, args);
	if (zmq_bind(channel->socket, channel->address))
		bench_die("zmq_bind", zmq_errno());
}

static void channel_close(struct channel *channel)
{
	zmq_close(channel->socket);
	zmq_ctx_term(channel->context);
}

static void sender_open(struct sender *sender, struct channel *channel)
{
	sender->socket = zmq_socket(channel->context, channel->args->producers > 1 ? ZMQ_PUSH : ZMQ_PAIR);
	set_marks(sender->socket, channel->args);
	if (zmq_connect(sender->socket, channel->address))
		bench_die("zmq_connect", zmq_errno());
}

static void sender_close(struct sender *sender)
{
	zmq_close(sender->socket);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	if (zmq_send(sender->socket, data, size, 0) < 0)
		bench_die("zmq_send", zmq_errno());
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	receiver->socket = channel->socket;
	zmq_msg_init(&receiver->message);
}

static void receiver_close(struct receiver *receiver)
{
	zmq_msg_close(&receiver->message);
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	if (zmq_msg_recv(&receiver->message, receiver->socket, 0) < 0)
		bench_die("zmq_msg_recv", zmq_errno());
	*size = zmq_msg_size(&receiver->message);
	return zmq_msg_data(&receiver->message);
}

/* XPUB and SUB. A publisher would lose what a slow listener has no room for; NODROP makes it wait. */
struct topic {
	struct channel channel;
};

struct listener {
	void *socket;
	zmq_msg_t message;
};

static void topic_open(struct topic *topic, const struct bench_args *args)
{
	struct channel *channel = &topic->channel;
	int wait = 1;

	channel->context = zmq_ctx_new();
	channel->args = args;
	snprintf(channel->address, sizeof channel->address, "inproc://%p", (void *)channel);
	channel->socket = zmq_socket(channel->context, ZMQ_XPUB);
	set_marks(channel->socket, args);
	zmq_setsockopt(channel->socket, ZMQ_XPUB_NODROP, &wait, sizeof wait);
	zmq_setsockopt(channel->socket, ZMQ_XPUB_VERBOSE, &wait, sizeof wait); /* each subscription can be received */
	if (zmq_bind(channel->socket, channel->address))
		bench_die("zmq_bind", zmq_errno());
}

static void topic_await(struct topic *topic)
{
	char subscription[16];

	for (unsigned i = 0; i < topic->channel.args->producers; i++)
		if (zmq_recv(topic->channel.socket, subscription, sizeof subscription, 0) < 0)
			bench_die("zmq_recv", zmq_errno());
}

static void topic_post(struct topic *topic, const void *data, size_t size)
{
	if (zmq_send(topic->channel.socket, data, size, 0) < 0)
		bench_die("zmq_send", zmq_errno());
}

static void topic_close(struct topic *topic)
{
	channel_close(&topic->channel);
}

static void listener_open(struct listener *listener, struct topic *topic)
{
	listener->socket = zmq_socket(topic->channel.context, ZMQ_SUB);
	set_marks(listener->socket, topic->channel.args);
	if (zmq_connect(listener->socket, topic->channel.address))
		bench_die("zmq_connect", zmq_errno());
	zmq_setsockopt(listener->socket, ZMQ_SUBSCRIBE, "", 0);
	zmq_msg_init(&listener->message);
}

static void listener_close(struct listener *listener)
{
	zmq_msg_close(&listener->message);
	zmq_close(listener->socket);
}

static const void *listener_receive(struct listener *listener, size_t *size)
{
	if (zmq_msg_recv(&listener->message, listener->socket, 0) < 0)
		bench_die("zmq_msg_recv", zmq_errno());
	*size = zmq_msg_size(&listener->message);
	return zmq_msg_data(&listener->message);
}

static const char *peer_version(void)
{
	static char text[48];
	int major, minor, patch;

	zmq_version(&major, &minor, &patch);
	snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
	return text;
}

#include "broadcast.h"
#include "works.h"
