// SPDX-License-Identifier: MIT
/*
 * The work broadcast over any publish and subscribe in C. A peer includes this before works.h, after it has defined what
 * is below as static functions:
 *
 *	struct topic;		of the thread that publishes
 *	struct listener;	of one that listens
 *
 *	topic_open(topic, args)		by the publisher, before any listener is opened
 *	topic_await(topic)		by the publisher: returns when all args->producers listeners hear
 *	topic_post(topic, data, size)	data may be reused when it returns
 *	topic_close(topic)		after all listeners are closed
 *	listener_open(listener, topic), listener_close	by the listener's thread
 *	listener_receive(listener, &size)		a view, valid until the next call
 *
 * BROADCAST_LOSES: the peer loses what does not fit its buffers. Listeners then acknowledge what they have taken, and the
 * publisher stays within the capacity.
 */
#ifndef BENCH_BROADCAST_H
#define BENCH_BROADCAST_H

#include <pthread.h>

enum { BROADCAST_ACKNOWLEDGED = 4 }; /* so often in a window */

struct broadcast {
	const struct bench_args *args;
	struct topic topic;
	pthread_barrier_t opened;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t taken[BENCH_PRODUCERS_MAX]; /* under the lock: by each listener, as far as it has said */
};

struct broadcast_listener {
	struct broadcast *broadcast;
	unsigned index;
	pthread_t thread;
};

#ifdef BROADCAST_LOSES

static void broadcast_acknowledge(struct broadcast_listener *listener, uint64_t taken)
{
	struct broadcast *broadcast = listener->broadcast;

	if (taken % (broadcast->args->capacity / BROADCAST_ACKNOWLEDGED))
		return;
	pthread_mutex_lock(&broadcast->lock);
	broadcast->taken[listener->index] = taken;
	pthread_cond_signal(&broadcast->changed);
	pthread_mutex_unlock(&broadcast->lock);
}

static uint64_t broadcast_slowest(const struct broadcast *broadcast)
{
	uint64_t least = broadcast->taken[0];

	for (unsigned i = 1; i < broadcast->args->producers; i++)
		least = broadcast->taken[i] < least ? broadcast->taken[i] : least;
	return least;
}

static void broadcast_await(struct broadcast *broadcast, uint64_t sequence)
{
	uint64_t capacity = broadcast->args->capacity;

	if (sequence % (capacity / BROADCAST_ACKNOWLEDGED))
		return;
	pthread_mutex_lock(&broadcast->lock);
	while (sequence + capacity / BROADCAST_ACKNOWLEDGED - broadcast_slowest(broadcast) > capacity)
		pthread_cond_wait(&broadcast->changed, &broadcast->lock);
	pthread_mutex_unlock(&broadcast->lock);
}

#else

static void broadcast_acknowledge(struct broadcast_listener *listener, uint64_t taken)
{
	(void)listener;
	(void)taken;
}

static void broadcast_await(struct broadcast *broadcast, uint64_t sequence)
{
	(void)broadcast;
	(void)sequence;
}

#endif

static void *broadcast_listen(void *arg)
{
	struct broadcast_listener *self = arg;
	const struct bench_args *args = self->broadcast->args;
	struct bench_checker check = { .size = args->size };
	struct listener listener;
	const void *data;
	size_t size;

	listener_open(&listener, &self->broadcast->topic);
	pthread_barrier_wait(&self->broadcast->opened);
	for (uint64_t i = 0; i < args->warmup + args->count; i++) {
		if (i == args->warmup)
			bench_barrier();
		data = listener_receive(&listener, &size);
		bench_check(&check, data, size);
		broadcast_acknowledge(self, i + 1);
	}
	listener_close(&listener);
	if (check.wrong)
		bench_die("broadcast: wrong payload", 0);
	return NULL;
}

static void broadcast_post(struct broadcast *broadcast, uint64_t from, uint64_t to)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };

	for (uint64_t i = from; i < to; i++) {
		broadcast_await(broadcast, i);
		bench_stamp(data, broadcast->args->size, 0, i);
		topic_post(&broadcast->topic, data, broadcast->args->size);
	}
}

static void broadcast_run(const struct bench_args *args, const char *version)
{
	struct broadcast broadcast = { .args = args };
	struct broadcast_listener listeners[BENCH_PRODUCERS_MAX];
	int64_t start;

	bench_barrier_open(args);
	pthread_barrier_init(&broadcast.opened, NULL, args->producers + 1);
	pthread_mutex_init(&broadcast.lock, NULL);
	pthread_cond_init(&broadcast.changed, NULL);
	topic_open(&broadcast.topic, args);
	for (unsigned i = 0; i < args->producers; i++) {
		listeners[i] = (struct broadcast_listener){ .broadcast = &broadcast, .index = i };
		if (pthread_create(&listeners[i].thread, NULL, broadcast_listen, &listeners[i]))
			bench_die("pthread_create", 0);
	}
	pthread_barrier_wait(&broadcast.opened);
	topic_await(&broadcast.topic);
	broadcast_post(&broadcast, 0, args->warmup);
	bench_barrier();
	start = bench_now();
	broadcast_post(&broadcast, args->warmup, args->warmup + args->count);
	for (unsigned i = 0; i < args->producers; i++)
		pthread_join(listeners[i].thread, NULL);
	bench_report_rate(version, args->producers * args->count, bench_now() - start);
	topic_close(&broadcast.topic);
}

#endif
