// SPDX-License-Identifier: MIT
/* GLib's GAsyncQueue: pointers, so each message is a block of its own. Unbounded. */
#include "../harness.h"

#include <glib.h>

struct channel {
	GAsyncQueue *queue;
	size_t size;
};

struct sender {
	GAsyncQueue *queue;
};

struct receiver {
	struct channel *channel;
	void *message;
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	channel->queue = g_async_queue_new();
	channel->size = args->size;
}

static void channel_close(struct channel *channel)
{
	g_async_queue_unref(channel->queue);
}

static void sender_open(struct sender *sender, struct channel *channel)
{
	sender->queue = g_async_queue_ref(channel->queue);
}

static void sender_close(struct sender *sender)
{
	g_async_queue_unref(sender->queue);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	g_async_queue_push(sender->queue, g_memdup2(data, size));
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	*receiver = (struct receiver){ channel, NULL };
}

static void receiver_close(struct receiver *receiver)
{
	g_free(receiver->message);
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	g_free(receiver->message);
	receiver->message = g_async_queue_pop(receiver->channel->queue);
	*size = receiver->channel->size;
	return receiver->message;
}

static const char *peer_version(void)
{
	static char text[32];

	g_snprintf(text, sizeof text, "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
	return text;
}

#include "works.h"
