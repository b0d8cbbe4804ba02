// SPDX-License-Identifier: MIT
/* The bounded ring that people write first: a mutex and two condition variables. */
#include "../harness.h"

#include <pthread.h>
#include <stdlib.h>

struct channel {
	pthread_mutex_t lock;
	pthread_cond_t readable, writable;
	unsigned char *slots;
	size_t slot_size, capacity;
	size_t head, count; /* under lock */
};

#include "plain_sender.h"

struct receiver {
	struct channel *channel;
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX]; /* a slot is free as soon as the lock is */
};

static void channel_open(struct channel *channel, const struct bench_args *args)
{
	pthread_mutex_init(&channel->lock, NULL);
	pthread_cond_init(&channel->readable, NULL);
	pthread_cond_init(&channel->writable, NULL);
	channel->slot_size = args->size;
	channel->capacity = args->capacity;
	channel->head = channel->count = 0;
	channel->slots = malloc(args->size * args->capacity);
	if (!channel->slots)
		bench_die("malloc", 0);
}

static void channel_close(struct channel *channel)
{
	free(channel->slots);
}

static void sender_send(struct sender *sender, const void *data, size_t size)
{
	struct channel *channel = sender->channel;
	size_t slot;

	pthread_mutex_lock(&channel->lock);
	while (channel->count == channel->capacity)
		pthread_cond_wait(&channel->writable, &channel->lock);
	slot = (channel->head + channel->count++) & (channel->capacity - 1);
	memcpy(channel->slots + slot * channel->slot_size, data, size);
	pthread_mutex_unlock(&channel->lock);
	pthread_cond_signal(&channel->readable); /* costs a load when nobody waits */
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

	pthread_mutex_lock(&channel->lock);
	while (channel->count == 0)
		pthread_cond_wait(&channel->readable, &channel->lock);
	memcpy(receiver->data, channel->slots + channel->head * channel->slot_size, channel->slot_size);
	channel->head = (channel->head + 1) & (channel->capacity - 1);
	channel->count--;
	pthread_mutex_unlock(&channel->lock);
	pthread_cond_signal(&channel->writable);
	*size = channel->slot_size;
	return receiver->data;
}

static const char *peer_version(void)
{
	return NULL;
}

#include "works.h"
