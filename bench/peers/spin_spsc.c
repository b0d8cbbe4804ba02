// SPDX-License-Identifier: MIT
/* A limit: one producer, one consumer, no read-modify-write, each side caches the other's position. */
#include "spin.h"

struct channel {
	unsigned char *ring;
	uint64_t size;
	_Alignas(128) spin_word tail; /* written by the producer, release; pairs with the consumer's acquire */
	_Alignas(128) spin_word head; /* written by the consumer, release; pairs with the producer's acquire */
};

struct sender {
	struct channel *channel;
	uint64_t tail, head_seen;
};

struct receiver {
	struct channel *channel;
	uint64_t head, next, published, tail_seen; /* next: after the record that is being viewed */
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	if (args->producers > 1)
		bench_unknown(args);
	channel->size = spin_ring_size(args);
	channel->ring = spin_map(channel->size);
	atomic_init(&channel->tail, 0);
	atomic_init(&channel->head, 0);
}

static void channel_close(struct channel *channel)
{
	munmap(channel->ring, 2 * channel->size);
}

static void sender_open(struct sender *sender, struct channel *channel)
{
	*sender = (struct sender){ .channel = channel };
}

static void sender_close(struct sender *sender)
{
	(void)sender;
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct channel *channel = sender->channel;
	uint64_t end = sender->tail + spin_record_size(size), length = size;
	unsigned char *record = channel->ring + (sender->tail & (channel->size - 1));
	unsigned spins = 0;

	while (end - sender->head_seen > channel->size) {
		sender->head_seen = atomic_load_explicit(&channel->head, memory_order_acquire);
		if (end - sender->head_seen > channel->size)
			spin_pause(&spins);
	}
	memcpy(record, &length, sizeof length);
	memcpy(record + sizeof length, data, size);
	sender->tail = end;
	atomic_store_explicit(&channel->tail, end, memory_order_release);
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	*receiver = (struct receiver){ .channel = channel };
}

static void receiver_close(struct receiver *receiver)
{
	(void)receiver;
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	struct channel *channel = receiver->channel;
	const unsigned char *record;
	unsigned spins = 0;
	uint64_t length;

	receiver->head = receiver->next;
	/* The head's line goes to the producer and back for each publication: once an eighth of the ring is enough. */
	if (receiver->head - receiver->published > channel->size / 8 || receiver->head == receiver->tail_seen) {
		atomic_store_explicit(&channel->head, receiver->head, memory_order_release);
		receiver->published = receiver->head;
	}
	while (receiver->head == receiver->tail_seen) {
		receiver->tail_seen = atomic_load_explicit(&channel->tail, memory_order_acquire);
		if (receiver->head == receiver->tail_seen)
			spin_pause(&spins);
	}
	record = channel->ring + (receiver->head & (channel->size - 1));
	memcpy(&length, record, sizeof length);
	receiver->next = receiver->head + spin_record_size(length);
	*size = length;
	return record + sizeof length;
}

static const char *peer_version(void)
{
	return NULL;
}

#include "works.h"
