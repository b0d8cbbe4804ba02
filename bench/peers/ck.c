// SPDX-License-Identifier: MIT
/*
 * Concurrency Kit's ck_ring, elements by value, for one producer. "spin" looks again until there is something, which is
 * all that the ring can do; with "ec" an event count on either side lets them sleep.
 */
#include "../harness.h"
#include "pause.h"

#include <ck_ec.h>
#include <ck_ring.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The ring is typed: an element for each size that is measured. */
#define ELEMENTS(do) do(8) do(64) do(256) do(1024) do(16384)
#define ELEMENT(size)                                                                                                  \
	struct element_##size {                                                                                        \
		unsigned char bytes[size];                                                                             \
	};                                                                                                             \
	CK_RING_PROTOTYPE(of_##size, element_##size)
ELEMENTS(ELEMENT)

/* ---- What ck_ec asks of the system ---- */

static int ec_time(const struct ck_ec_ops *ops, struct timespec *now)
{
	(void)ops;
	return clock_gettime(CLOCK_MONOTONIC, now);
}

static void ec_wait(const struct ck_ec_wait_state *state, const uint32_t *word, uint32_t expected,
		    const struct timespec *deadline)
{
	(void)state;
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void ec_wake(const struct ck_ec_ops *ops, const uint32_t *word)
{
	(void)ops;
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static const struct ck_ec_ops ec_ops = { .gettime = ec_time, .wait32 = ec_wait, .wake32 = ec_wake };
static const struct ck_ec_mode mode = { .ops = &ec_ops, .single_producer = true };

/* ---- The channel ---- */

struct channel {
	ck_ring_t ring;
	void *elements;
	size_t size;
	bool sleeps;
	_Alignas(128) struct ck_ec32 sent;
	_Alignas(128) struct ck_ec32 received;
};

#include "plain_sender.h"

struct receiver {
	struct channel *channel;
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX];
};

static bool try_send(struct channel *channel, const void *data)
{
	switch (channel->size) {
#define SEND(size)                                                                                                     \
	case size:                                                                                                     \
		return ck_ring_enqueue_spsc_of_##size(&channel->ring, channel->elements, (void *)data);
		ELEMENTS(SEND)
	default:
		return false;
	}
}

static bool try_receive(struct channel *channel, void *data)
{
	switch (channel->size) {
#define RECEIVE(size)                                                                                                  \
	case size:                                                                                                     \
		return ck_ring_dequeue_spsc_of_##size(&channel->ring, channel->elements, data);
		ELEMENTS(RECEIVE)
	default:
		return false;
	}
}

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	channel->size = args->size;
	channel->sleeps = bench_is(args->variant, "ec");
	if (args->producers > 1 || (!channel->sleeps && !bench_is(args->variant, "spin")))
		bench_unknown(args);
	/* One of its places is always empty. */
	channel->elements = aligned_alloc(BENCH_LINE, 2 * args->capacity * args->size);
	if (!channel->elements)
		bench_die("aligned_alloc", 0);
	memset(channel->elements, 0, 2 * args->capacity * args->size);
	ck_ring_init(&channel->ring, (unsigned)(2 * args->capacity));
	ck_ec32_init(&channel->sent, 0);
	ck_ec32_init(&channel->received, 0);
}

static void channel_close(struct channel *channel)
{
	free(channel->elements);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct channel *channel = sender->channel;
	uint32_t seen = ck_ec32_value(&channel->received);
	unsigned spins = 0;

	(void)size;
	while (!try_send(channel, data)) {
		if (channel->sleeps)
			ck_ec32_wait(&channel->received, &mode, seen, NULL);
		else
			spin_pause(&spins);
		seen = ck_ec32_value(&channel->received);
	}
	if (channel->sleeps)
		ck_ec32_inc(&channel->sent, &mode);
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
	uint32_t seen = ck_ec32_value(&channel->sent);
	unsigned spins = 0;

	while (!try_receive(channel, receiver->data)) {
		if (channel->sleeps)
			ck_ec32_wait(&channel->sent, &mode, seen, NULL);
		else
			spin_pause(&spins);
		seen = ck_ec32_value(&channel->sent);
	}
	if (channel->sleeps)
		ck_ec32_inc(&channel->received, &mode);
	*size = channel->size;
	return receiver->data;
}

static const char *peer_version(void)
{
	return NULL;
}

#include "works.h"
