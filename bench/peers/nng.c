// SPDX-License-Identifier: MIT
/*
 * nng over inproc: pair with one producer; with several a polyamorous pair, which is many times faster here than push
 * and pull, because those have no buffers. The two sides' buffers add up to the capacity.
 */
#include "../harness.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pair1/pair.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <stdatomic.h>
#include <stdio.h>

struct channel {
	char address[48];
	const struct bench_args *args;
	nng_socket socket; /* the consumer's */
};

struct sender {
	nng_socket socket;
};

struct receiver {
	nng_socket socket;
	nng_msg *message;
};

static void must(const char *what, int error)
{
	if (error)
		bench_die(what, error);
}

static void set_buffers(nng_socket socket, const struct bench_args *args)
{
	int half = (int)args->capacity / 2;

	must("NNG_OPT_SENDBUF", nng_socket_set_int(socket, NNG_OPT_SENDBUF, half));
	must("NNG_OPT_RECVBUF", nng_socket_set_int(socket, NNG_OPT_RECVBUF, half));
}

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	channel->args = args;
	snprintf(channel->address, sizeof channel->address, "inproc://%p", (void *)channel);
	must("nng open",
	     args->producers > 1 ? nng_pair1_open_poly(&channel->socket) : nng_pair0_open(&channel->socket));
	set_buffers(channel->socket, args);
	must("nng_listen", nng_listen(channel->socket, channel->address, NULL, 0));
}

static void channel_close(struct channel *channel)
{
	nng_close(channel->socket);
}

static void sender_open(struct sender *sender, struct channel *channel)
{
	must("nng open",
	     channel->args->producers > 1 ? nng_pair1_open(&sender->socket) : nng_pair0_open(&sender->socket));
	set_buffers(sender->socket, channel->args);
	must("nng_dial", nng_dial(sender->socket, channel->address, NULL, 0));
}

static void sender_close(struct sender *sender)
{
	(void)sender;
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	must("nng_send", nng_send(sender->socket, (void *)data, size, 0));
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	*receiver = (struct receiver){ .socket = channel->socket };
}

static void receiver_close(struct receiver *receiver)
{
	nng_msg_free(receiver->message);
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	nng_msg_free(receiver->message);
	must("nng_recvmsg", nng_recvmsg(receiver->socket, &receiver->message, 0));
	*size = nng_msg_len(receiver->message);
	return nng_msg_body(receiver->message);
}

/* pub and sub, whose two buffers hold the capacity each: what does not fit is lost, hence the acknowledgements. */
struct topic {
	struct channel channel;
	atomic_uint joined; /* pipes */
};

struct listener {
	nng_socket socket;
	nng_msg *message;
};

static void topic_joined(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct topic *topic = arg;

	(void)pipe;
	(void)event;
	atomic_fetch_add(&topic->joined, 1);
}

static void topic_open(struct topic *topic, const struct bench_args *args)
{
	struct channel *channel = &topic->channel;

	channel->args = args;
	atomic_init(&topic->joined, 0);
	snprintf(channel->address, sizeof channel->address, "inproc://%p", (void *)channel);
	must("nng open", nng_pub0_open(&channel->socket));
	must("NNG_OPT_SENDBUF", nng_socket_set_int(channel->socket, NNG_OPT_SENDBUF, (int)args->capacity));
	must("nng_pipe_notify", nng_pipe_notify(channel->socket, NNG_PIPE_EV_ADD_POST, topic_joined, topic));
	must("nng_listen", nng_listen(channel->socket, channel->address, NULL, 0));
}

static void topic_await(struct topic *topic)
{
	while (atomic_load(&topic->joined) < topic->channel.args->producers)
		nng_msleep(1);
}

static void topic_post(struct topic *topic, const void *data, size_t size)
{
	must("nng_send", nng_send(topic->channel.socket, (void *)data, size, 0));
}

static void topic_close(struct topic *topic)
{
	nng_close(topic->channel.socket);
}

static void listener_open(struct listener *listener, struct topic *topic)
{
	*listener = (struct listener){ .message = NULL };
	must("nng open", nng_sub0_open(&listener->socket));
	must("NNG_OPT_RECVBUF",
	     nng_socket_set_int(listener->socket, NNG_OPT_RECVBUF, (int)topic->channel.args->capacity));
	must("NNG_OPT_SUB_SUBSCRIBE", nng_socket_set(listener->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0));
	must("nng_dial", nng_dial(listener->socket, topic->channel.address, NULL, 0));
}

static void listener_close(struct listener *listener)
{
	nng_msg_free(listener->message);
	nng_close(listener->socket);
}

static const void *listener_receive(struct listener *listener, size_t *size)
{
	nng_msg_free(listener->message);
	must("nng_recvmsg", nng_recvmsg(listener->socket, &listener->message, 0));
	*size = nng_msg_len(listener->message);
	return nng_msg_body(listener->message);
}

static const char *peer_version(void)
{
	return nng_version();
}

#define BROADCAST_LOSES
#include "broadcast.h"
#include "works.h"
