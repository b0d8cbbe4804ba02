// SPDX-License-Identifier: MIT
/*
 * A limit: liburcu's wait-free queue, for any producers and one consumer, who can only look again. It links nodes, so each
 * message is a block of its own. Unbounded.
 */
#define _LGPL_SOURCE /* inline, as its fastest users have it */
#include "../harness.h"
#include "pause.h"

#include <stdlib.h>
#include <urcu/wfcqueue.h>

struct node {
	struct cds_wfcq_node link;
	size_t size;
	unsigned char data[];
};

struct channel {
	_Alignas(128) struct cds_wfcq_head head;
	_Alignas(128) struct cds_wfcq_tail tail;
};

#include "plain_sender.h"

struct receiver {
	struct channel *channel;
	struct node *message;
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	(void)args;
	cds_wfcq_init(&channel->head, &channel->tail);
}

static void channel_close(struct channel *channel)
{
	cds_wfcq_destroy(&channel->head, &channel->tail);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct node *node = malloc(sizeof *node + size);

	if (!node)
		bench_die("malloc", 0);
	cds_wfcq_node_init(&node->link);
	node->size = size;
	memcpy(node->data, data, size);
	cds_wfcq_enqueue(&sender->channel->head, &sender->channel->tail, &node->link);
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
	struct cds_wfcq_node *link;
	unsigned spins = 0;

	free(receiver->message);
	while (!(link = __cds_wfcq_dequeue_blocking(&channel->head, &channel->tail)))
		spin_pause(&spins);
	receiver->message = caa_container_of(link, struct node, link);
	*size = receiver->message->size;
	return receiver->message->data;
}

static const char *peer_version(void)
{
	return NULL;
}

#include "works.h"
