// SPDX-License-Identifier: MIT
/*
 * libuv as its users do it: a locked list, uv_async_send after each message, and the loop's callback takes the whole list.
 * Unbounded.
 */
#include "../harness.h"

#include <stdlib.h>
#include <uv.h>

struct node {
	struct node *next;
	size_t size;
	unsigned char data[];
};

struct channel {
	uv_loop_t loop;
	uv_async_t async;
	uv_mutex_t lock;
	struct node *first, **last; /* under lock */
	struct node *taken;         /* the loop's thread only */
};

#include "plain_sender.h"

struct receiver {
	struct channel *channel;
	struct node *message;
};

static void channel_wake(uv_async_t *async)
{
	struct channel *channel = async->data;

	uv_mutex_lock(&channel->lock);
	channel->taken = channel->first;
	channel->first = NULL;
	channel->last = &channel->first;
	uv_mutex_unlock(&channel->lock);
}

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	(void)args;
	uv_loop_init(&channel->loop);
	uv_async_init(&channel->loop, &channel->async, channel_wake);
	channel->async.data = channel;
	uv_mutex_init(&channel->lock);
	channel->first = channel->taken = NULL;
	channel->last = &channel->first;
}

static void channel_close(struct channel *channel)
{
	uv_close((uv_handle_t *)&channel->async, NULL);
	uv_run(&channel->loop, UV_RUN_DEFAULT);
	uv_loop_close(&channel->loop);
	uv_mutex_destroy(&channel->lock);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct channel *channel = sender->channel;
	struct node *node = malloc(sizeof *node + size);

	if (!node)
		bench_die("malloc", 0);
	node->next = NULL;
	node->size = size;
	memcpy(node->data, data, size);
	uv_mutex_lock(&channel->lock);
	*channel->last = node;
	channel->last = &node->next;
	uv_mutex_unlock(&channel->lock);
	uv_async_send(&channel->async);
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	*receiver = (struct receiver){ channel, NULL };
}

static void receiver_close(struct receiver *receiver)
{
	free(receiver->message);
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	struct channel *channel = receiver->channel;

	free(receiver->message);
	while (!channel->taken)
		uv_run(&channel->loop, UV_RUN_ONCE);
	receiver->message = channel->taken;
	channel->taken = receiver->message->next;
	*size = receiver->message->size;
	return receiver->message->data;
}

static const char *peer_version(void)
{
	return uv_version_string();
}

#include "works.h"
