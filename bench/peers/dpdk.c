// SPDX-License-Identifier: MIT
/*
 * A limit: DPDK's rte_ring, elements by value, one producer or many as the work has them. Nobody can sleep at it. Many
 * are in its mode for more threads than CPUs: in the usual one each waits, without a yield, for those before it. The ring
 * is in memory of our own, which needs none of DPDK's environment.
 */
#include "../harness.h"
#include "pause.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_version.h>
#include <stdio.h>
#include <stdlib.h>

struct channel {
	struct rte_ring *ring;
	unsigned size;
};

#include "plain_sender.h"

struct receiver {
	struct channel *channel;
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX];
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	unsigned places = (unsigned)args->capacity * 2; /* one is always empty */
	ssize_t bytes = rte_ring_get_memsize_elem((unsigned)args->size, places);

	channel->size = (unsigned)args->size;
	channel->ring = bytes > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)bytes) : NULL;
	if (!channel->ring)
		bench_die("aligned_alloc", 0);
	memset(channel->ring, 0, (size_t)bytes);
	if (rte_ring_init(channel->ring, "bench", places,
			  RING_F_SC_DEQ | (args->producers == 1 ? RING_F_SP_ENQ : RING_F_MP_RTS_ENQ)))
		bench_die("rte_ring_init", 0);
}

static void channel_close(struct channel *channel)
{
	free(channel->ring);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	unsigned spins = 0;

	while (rte_ring_enqueue_elem(sender->channel->ring, (void *)data, (unsigned)size))
		spin_pause(&spins);
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	receiver->channel = channel;
}

static void receiver_close(struct receiver *receiver)
{
	(void)receiver;
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	struct channel *channel = receiver->channel;
	unsigned spins = 0;

	while (rte_ring_dequeue_elem(channel->ring, receiver->data, channel->size))
		spin_pause(&spins);
	*size = channel->size;
	return receiver->data;
}

static const char *peer_version(void)
{
	static char text[32];

	snprintf(text, sizeof text, "%d.%02d.%d", RTE_VER_YEAR, RTE_VER_MONTH, RTE_VER_MINOR);
	return text;
}

#include "works.h"
