/* SPDX-License-Identifier: MIT
 *
 * Many post on one port, in every way that there is, and one receives in one of
 * the ways that there are. [M1] [M2] [M4] [M8]
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>

#include "stress/crowd.h"
#include "stress/track.h"
#include "support/element.h"

enum { PORT_PRODUCERS = 6, PORT_SIZE = 3000, PORT_MANY = 5, PORT_AHEAD = 2000, PORT_END = 7 };

struct port_storm;

/* A way to receive. */
struct port_taking {
	const char *name;
	void (*step)(struct port_storm *storm);
	bool handler;     /* set from the beginning */
	bool keeps_views; /* while it waits */
};

struct port_producer {
	struct port_storm *storm;
	uint32_t id;
	uint64_t random;
	uint64_t sent; /* the runner reads it after the join */
	wt_sender *sender;
};

struct port_storm {
	struct storm_round *round;
	wt_port *near; /* posted on */
	wt_port *far;  /* received from */
	wt_port *quiet[2];
	size_t size_max;
	unsigned producers;
	const struct port_taking *taking;
	struct port_producer producer[PORT_PRODUCERS];
	atomic_uint_fast64_t sent, taken; /* so that the queue does not grow without end */
	/* The receiver. */
	struct track track[PORT_PRODUCERS];
	unsigned ended;
	uint64_t random;
	int loop_fd;
};

/* ---- Ways to post: each returns an error, and counts in `sent` what was accepted ---- */

typedef int port_way(struct port_producer *producer);

static size_t port_fill(struct port_producer *producer, void *bytes, uint64_t ahead)
{
	size_t size = random_pick(&producer->random, 16, producer->storm->size_max);

	element_fill(bytes, size, producer->id, producer->sent + ahead);
	return size;
}

static wt_time port_patience(uint64_t *random)
{
	switch (random_pick(random, 0, 3)) {
	case 0:
		return WT_NOW;
	case 1:
		return wt_after_us(random_pick(random, 0, 300));
	default:
		return WT_FOREVER;
	}
}

static int port_by_post(struct port_producer *producer)
{
	_Alignas(8) unsigned char bytes[PORT_SIZE];
	size_t size = port_fill(producer, bytes, 0);
	int err = wt_port_post(producer->storm->near, bytes, size);

	producer->sent += !err;
	return err;
}

static int port_by_send(struct port_producer *producer)
{
	_Alignas(8) unsigned char bytes[PORT_SIZE];
	size_t size = port_fill(producer, bytes, 0), half = size / 2;
	struct iovec pieces[2] = { { bytes, half }, { bytes + half, size - half } };
	int err = wt_port_send(producer->storm->near, &(wt_outgoing){ .iov = pieces, .iovcnt = 2 },
			       port_patience(&producer->random));

	producer->sent += !err;
	return err;
}

static int port_by_many(struct port_producer *producer)
{
	static _Thread_local unsigned char bytes[PORT_MANY][PORT_SIZE];
	size_t count = random_pick(&producer->random, 1, PORT_MANY), posted = 0;
	struct iovec messages[PORT_MANY];
	int err;

	for (size_t i = 0; i < count; i++)
		messages[i] = (struct iovec){ bytes[i], port_fill(producer, bytes[i], i) };
	err = wt_port_post_many(producer->storm->near, messages, count, &posted);
	CHECK(&producer->storm->round->verdict, err ? posted < count : posted == count);
	producer->sent += posted;
	return err;
}

static int port_by_slot(struct port_producer *producer)
{
	wt_port *port = producer->storm->near;
	size_t size = random_pick(&producer->random, 16, producer->storm->size_max);
	wt_slot slot;
	int err = wt_port_reserve(port, size, &slot, port_patience(&producer->random));

	if (err)
		return err;
	if (random_chance(&producer->random, 8)) {
		wt_port_abandon(port, &slot);
		return 0;
	}
	slot.size = random_pick(&producer->random, 16, size);
	element_fill(slot.data, slot.size, producer->id, producer->sent);
	err = wt_port_commit(port, &slot);
	producer->sent += !err;
	return err;
}

static int port_by_sender(struct port_producer *producer)
{
	_Alignas(8) unsigned char bytes[PORT_SIZE];
	size_t size = port_fill(producer, bytes, 0);
	int err = wt_sender_post(producer->sender, bytes, size);

	producer->sent += !err;
	return err;
}

static int port_with_buffer(struct port_producer *producer)
{
	_Alignas(8) unsigned char bytes[PORT_SIZE];
	size_t size = port_fill(producer, bytes, 0);
	wt_buffer *buffer = storm_buffer(producer->storm->round, 64);
	wt_transfer list[] = { WT_MOVE(&buffer) };
	wt_outgoing message = { .data = bytes, .size = size, .transfer = list, .transfer_count = 1 };
	int err = wt_sender_send(producer->sender, &message, port_patience(&producer->random));

	CHECK(&producer->storm->round->verdict, !err == !buffer);
	wt_buffer_destroy(buffer);
	producer->sent += !err;
	return err;
}

static int port_by_call(struct port_producer *producer)
{
	_Alignas(8) unsigned char bytes[PORT_SIZE];
	size_t size = port_fill(producer, bytes, 0);
	wt_message reply;
	int err = wt_port_call(producer->storm->near, &(wt_outgoing){ .data = bytes, .size = size }, &reply,
			       WT_FOREVER);

	if (err)
		return err;
	CHECK(&producer->storm->round->verdict,
	      reply.size == sizeof(uint64_t) && *(const uint64_t *)reply.data == producer->sent);
	producer->sent++;
	wt_message_release(&reply);
	return 0;
}

static port_way *const port_ways[] = {
	port_by_post, port_by_send, port_by_many, port_by_slot, port_by_sender, port_with_buffer, port_by_call,
};

enum { PORT_WAYS = sizeof port_ways / sizeof port_ways[0] };

/* ---- A producer ---- */

static bool port_refused(int err)
{
	return err == WT_EAGAIN || err == WT_ETIMEDOUT;
}

static void port_end(struct port_producer *producer)
{
	wt_outgoing end = { .data = &producer->id, .size = sizeof producer->id, .type = PORT_END };

	STORM_OK(producer->storm->round, wt_port_send(producer->storm->near, &end, WT_FOREVER));
	wt_sender_close(producer->sender);
}

static void port_produce(void *arg)
{
	struct port_producer *producer = arg;
	struct port_storm *storm = producer->storm;

	while (!storm_is_over(storm->round)) {
		uint64_t before = producer->sent;
		int err = port_ways[random_pick(&producer->random, 0, PORT_WAYS - 1)](producer);

		if (err && !port_refused(err))
			STORM_OK(storm->round, err);
		atomic_fetch_add(&storm->sent, producer->sent - before);
		while (atomic_load(&storm->sent) - atomic_load(&storm->taken) > PORT_AHEAD &&
		       !storm_is_over(storm->round))
			sched_yield();
	}
	account_owe(&storm->round->account, ACCOUNT_MESSAGES, producer->sent);
	port_end(producer);
}

/* ---- The receiver ---- */

static void port_answer(struct port_storm *storm, wt_message *message, uint64_t sequence)
{
	if (message->call)
		STORM_OK(storm->round,
			 wt_message_reply(message, &(wt_outgoing){ .data = &sequence, .size = sizeof sequence }));
}

/* What is not taken is destroyed with the message. */
static void port_unpack(struct port_storm *storm, wt_message *message)
{
	wt_buffer *buffer;

	if (!message->transfer_count || random_chance(&storm->random, 2))
		return;
	if (STORM_OK(storm->round, wt_message_take_buffer(message, 0, &buffer)))
		wt_buffer_destroy(buffer);
}

static void port_take(wt_port *port, wt_message *message, void *arg)
{
	struct port_storm *storm = arg;
	uint32_t id = PORT_PRODUCERS;
	uint64_t sequence = 0;
	char who[24];

	if (message->type == PORT_END) {
		if (++storm->ended == storm->producers)
			wt_port_on_message(port, NULL, NULL);
		return;
	}
	CHECK(&storm->round->verdict,
	      element_check(message->data, message->size, &id, &sequence) && id < storm->producers);
	if (id >= storm->producers)
		return;
	snprintf(who, sizeof who, "producer %u", id);
	track_meet(&storm->track[id], sequence, who, &storm->round->verdict);
	account_pay(&storm->round->account, ACCOUNT_MESSAGES, 1);
	atomic_fetch_add(&storm->taken, 1);
	port_unpack(storm, message);
	port_answer(storm, message, sequence);
}

static void port_receive_by(struct port_storm *storm, wt_time deadline)
{
	wt_message message;
	int err = wt_port_receive(storm->far, &message, deadline);

	if (!err)
		port_take(storm->far, &message, storm);
	else if (!port_refused(err) || deadline == WT_FOREVER)
		STORM_OK(storm->round, err);
	/* A select would keep the view, and with it the room that a sender may be waiting for. */
	if (storm->taking->keeps_views || random_chance(&storm->random, 4))
		wt_message_release(&message);
}

static void port_take_waiting(struct port_storm *storm)
{
	port_receive_by(storm, WT_FOREVER);
}

static void port_take_timed(struct port_storm *storm)
{
	port_receive_by(storm, wt_after_us(random_pick(&storm->random, 0, 200)));
}

static void port_take_many(struct port_storm *storm)
{
	size_t drained = 0;

	if (STORM_OK(storm->round,
		     wt_port_drain(storm->far, port_take, storm, random_pick(&storm->random, 0, 40), &drained)) &&
	    !drained)
		port_receive_by(storm, WT_FOREVER);
}

static void port_take_selected(struct port_storm *storm)
{
	wt_port *ports[] = { storm->quiet[0], storm->far };
	size_t ready = 0;

	if (STORM_OK(storm->round, wt_select(ports, 2, &ready, WT_FOREVER))) {
		CHECK(&storm->round->verdict, ready == 1);
		port_receive_by(storm, WT_NOW);
	}
}

/* The handler goes with the last message, and the loop ends for want of anything else. */
static void port_take_in_loop(struct port_storm *storm)
{
	STORM_OK(storm->round, wt_run());
	CHECK(&storm->round->verdict, storm->ended == storm->producers);
}

static void port_take_in_foreign_loop(struct port_storm *storm)
{
	struct pollfd pollfd = { .fd = storm->loop_fd, .events = POLLIN };
	int n;

	CHECK(&storm->round->verdict, poll(&pollfd, 1, -1) == 1);
	n = wt_run_once(WT_NOW);
	if (n < 0 && n != WT_EAGAIN)
		STORM_OK(storm->round, n);
}

static void port_take_competing(struct port_storm *storm)
{
	int n = wt_run_once(random_chance(&storm->random, 2) ? WT_NOW : wt_after_us(100));

	if (n < 0 && !port_refused(n))
		STORM_OK(storm->round, n);
	if (storm->ended < storm->producers)
		port_receive_by(storm, WT_NOW);
}

static const struct port_taking port_takings[] = {
	{ "receive", port_take_waiting, false, false },
	{ "timed receive", port_take_timed, false, false },
	{ "drain", port_take_many, false, false },
	{ "select", port_take_selected, false, true },
	{ "handler", port_take_in_loop, true, false },
	{ "loop descriptor", port_take_in_foreign_loop, true, false },
	{ "handler and receive", port_take_competing, true, false },
};

static void port_receive_all(struct port_storm *storm)
{
	if (storm->taking->handler)
		wt_port_on_message(storm->far, port_take, storm);
	if (storm->taking->step == port_take_in_foreign_loop)
		STORM_OK(storm->round, wt_loop_fd(&storm->loop_fd));
	while (storm->ended < storm->producers && !atomic_load(&storm->round->verdict.failed))
		storm->taking->step(storm);
}

/* ---- The round ---- */

static void port_choose(struct port_storm *storm, wt_channel_options *options)
{
	struct storm_round *round = storm->round;

	storm->producers = (unsigned)storm_pick(round, 1, PORT_PRODUCERS);
	storm->size_max = storm_chance(round, 2) ? storm_pick(round, 16, 100) : storm_pick(round, 16, PORT_SIZE);
	storm->taking = &port_takings[storm_pick(round, 0, sizeof port_takings / sizeof port_takings[0] - 1)];
	options->capacity = storm_chance(round, 2) ? 0 : 256u << storm_pick(round, 0, 10);
	options->limit = storm_chance(round, 3) ? 0 : storm->size_max + 64 + storm_pick(round, 0, 8) * storm->size_max;
	options->single_producer = storm->producers == 1 && storm_chance(round, 2);
	storm->random = storm_fork(round);
	storm_say(round, "%u producers, up to %zu bytes, capacity %zu, limit %zu%s, taken by %s", storm->producers,
		  storm->size_max, options->capacity, options->limit,
		  options->single_producer ? ", single producer" : "", storm->taking->name);
}

static void port_start(struct port_storm *storm, struct crowd *crowd)
{
	for (uint32_t i = 0; i < storm->producers; i++) {
		struct port_producer *producer = &storm->producer[i];

		*producer = (struct port_producer){ .storm = storm, .id = i, .random = storm_fork(storm->round) };
		storm->track[i].begun = true;
		if (!STORM_OK(storm->round, wt_port_sender(storm->near, &producer->sender)) ||
		    !crowd_add(crowd, port_produce, producer)) {
			storm->producers = i;
			return;
		}
	}
}

static void port_judge(struct port_storm *storm)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	struct storm_round *round = storm->round;
	wt_message message;
	uint64_t sent = storm->producers;
	char who[24];

	for (uint32_t i = 0; i < storm->producers; i++) {
		snprintf(who, sizeof who, "producer %u", i);
		track_end(&storm->track[i], storm->producer[i].sent, who, &round->verdict);
		sent += storm->producer[i].sent;
	}
	CHECK(&round->verdict, wt_port_receive(storm->far, &message, WT_NOW) == WT_EAGAIN);
	STORM_OK(round, wt_port_stats(storm->far, &stats));
	CHECK(&round->verdict, stats.received == sent && stats.dropped == 0);
}

static void port_run(struct storm_round *round)
{
	wt_channel_options options = { .size = sizeof options };
	struct port_storm storm = { .round = round };
	struct crowd crowd = { .round = round };

	port_choose(&storm, &options);
	if (!STORM_OK(round, wt_channel_create(&storm.near, &storm.far, &options)))
		return;
	STORM_OK(round, wt_channel_create(&storm.quiet[0], &storm.quiet[1], NULL));
	port_start(&storm, &crowd);
	port_receive_all(&storm);
	if (atomic_load(&round->verdict.failed)) {
		wt_port_close(storm.far); /* so that nobody waits for room */
		storm.far = NULL;
	}
	crowd_join(&crowd);
	if (storm.far)
		port_judge(&storm);
	wt_port_close(storm.near);
	wt_port_close(storm.far);
	wt_port_close(storm.quiet[0]);
	wt_port_close(storm.quiet[1]);
}

const struct storm storm_port = { "port", port_run };
