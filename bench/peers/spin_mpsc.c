// SPDX-License-Identifier: MIT
/*
 * A limit: many producers reserve by one fetch-and-add, wait for room, write, and publish by the record's length. The
 * consumer clears what it has read, because any aligned word of the ring may be the next lap's length.
 *
 * Experiments, for "Where the rest of the time goes" in README.md, each another way to reserve:
 *
 *	SPIN_SWAP	by compare-and-swap, as libwt does
 *	SPIN_PLAIN	by a load and a store, which is right for one producer only
 *	SPIN_PREFETCH	as usual, then the line that lies so many bytes ahead is asked for, to be written
 */
#include "spin.h"

struct channel {
	unsigned char *ring;
	uint64_t size;
	_Alignas(128) spin_word tail; /* read-modify-write by producers; relaxed, the lengths carry the order */
	_Alignas(128) spin_word
		head; /* written by the consumer, release: cleared before reuse; pairs with senders' acquire */
};

struct sender {
	struct channel *channel;
	uint64_t head_seen;
};

struct receiver {
	struct channel *channel;
	uint64_t head, next, published;
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	channel->size = spin_ring_size(args);
	channel->ring = spin_map(channel->size);
	atomic_init(&channel->tail, 0);
	atomic_init(&channel->head, 0);
}

static void channel_close(struct channel *channel)
{
	munmap(channel->ring, 2 * channel->size);
}

static spin_word *record_length(struct channel *channel, uint64_t position)
{
	return (spin_word *)(void *)(channel->ring + (position & (channel->size - 1)));
}

static void sender_open(struct sender *sender, struct channel *channel)
{
	*sender = (struct sender){ .channel = channel };
}

static void sender_close(struct sender *sender)
{
	(void)sender;
}

static uint64_t sender_reserve(struct channel *channel, uint64_t need)
{
#if defined(SPIN_SWAP)
	uint64_t start = atomic_load_explicit(&channel->tail, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(&channel->tail, &start, start + need, memory_order_relaxed,
						      memory_order_relaxed))
		;
#elif defined(SPIN_PLAIN)
	uint64_t start = atomic_load_explicit(&channel->tail, memory_order_relaxed);

	atomic_store_explicit(&channel->tail, start + need, memory_order_relaxed);
#else
	uint64_t start = atomic_fetch_add_explicit(&channel->tail, need, memory_order_relaxed);
#endif
#if defined(SPIN_PREFETCH)
	__builtin_prefetch((const void *)record_length(channel, start + SPIN_PREFETCH), 1);
#endif
	return start;
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct channel *channel = sender->channel;
	uint64_t need = spin_record_size(size);
	uint64_t start = sender_reserve(channel, need);
	spin_word *length = record_length(channel, start);
	unsigned spins = 0;

	/* Signed: another producer may have seen a head beyond what this one reserved earlier. */
	while ((int64_t)(start + need - sender->head_seen) > (int64_t)channel->size) {
		sender->head_seen = atomic_load_explicit(&channel->head, memory_order_acquire);
		if ((int64_t)(start + need - sender->head_seen) > (int64_t)channel->size)
			spin_pause(&spins);
	}
	memcpy((unsigned char *)(void *)length + sizeof *length, data, size);
	atomic_store_explicit(length, size, memory_order_release); /* pairs with the receiver's acquire */
}

static void receiver_open(struct receiver *receiver, struct channel *channel)
{
	*receiver = (struct receiver){ .channel = channel };
}

static void receiver_close(struct receiver *receiver)
{
	(void)receiver;
}

static void receiver_publish(struct receiver *receiver)
{
	atomic_store_explicit(&receiver->channel->head, receiver->head, memory_order_release);
	receiver->published = receiver->head;
}

static const void *receiver_receive(struct receiver *receiver, size_t *size)
{
	struct channel *channel = receiver->channel;
	spin_word *record;
	unsigned spins = 0;
	uint64_t length;

	if (receiver->next != receiver->head) {
		memset((void *)record_length(channel, receiver->head), 0, receiver->next - receiver->head);
		receiver->head = receiver->next;
		if (receiver->head - receiver->published > channel->size / 8)
			receiver_publish(receiver);
	}
	record = record_length(channel, receiver->head);
	while ((length = atomic_load_explicit(record, memory_order_acquire)) == 0) {
		if (receiver->published != receiver->head)
			receiver_publish(receiver);
		spin_pause(&spins);
	}
	receiver->next = receiver->head + spin_record_size(length);
	*size = length;
	return record + 1;
}

static const char *peer_version(void)
{
	return NULL;
}

#include "works.h"
