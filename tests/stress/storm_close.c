/* SPDX-License-Identifier: MIT
 *
 * Threads in a ring pass each other ports, of which another thread keeps the
 * peer and goes on posting. Who has one reads, answers, passes it on, closes it
 * or leaves it in its message. The keeper hears of the close once, after the
 * last answer; what it posted was read, or is counted as undelivered. Other
 * ports go round whose peer is closed already: they still bring all of it.
 * [C1] [C3] [C4] [C5] [T1]
 */
#include <stdlib.h>

#include "stress/crowd.h"
#include "support/element.h"

enum { CLOSE_THREADS = 5, CLOSE_WINDOW = 8, CLOSE_BURST = 12, CLOSE_SIZE = 300 };

struct close_thread;

/* A port on its way. It is its keeper's, but for the band of who has the port. */
struct voyage {
	struct close_thread *keeper;
	wt_port *kept;
	unsigned place; /* among those of its keeper */
	uint64_t posted;
	uint64_t answers;    /* that have come */
	struct voyage *next; /* of those that are not settled */
	/* Who has the port; the keeper when that is closed. */
	uint64_t read;
	uint64_t answered;
};

/* What goes with a port: its voyage, or the number of messages that are in it. */
struct close_label {
	struct voyage *voyage;
	uint64_t count;
};

/* A port whose peer is closed, and who reads it to its end. */
struct close_orphan {
	struct close_thread *thread;
	uint64_t count, read;
};

struct close_storm {
	struct storm_round *round;
	unsigned threads, window, burst;
	wt_channel_options belt;
	struct close_thread {
		struct close_storm *storm;
		unsigned number;
		uint64_t random;
		_Atomic(uint64_t) id;
		wt_port *in, *out; /* belts, from and to the neighbours */
		struct voyage *voyages[CLOSE_WINDOW];
		unsigned kept;
		struct voyage *late; /* closed, and not settled */
	} thread[CLOSE_THREADS];
	atomic_uint ready;
};

static struct account *close_account(struct close_thread *thread)
{
	return &thread->storm->round->account;
}

static struct verdict *close_verdict(struct close_thread *thread)
{
	return &thread->storm->round->verdict;
}

static bool close_is_over(struct close_thread *thread)
{
	return storm_is_over(thread->storm->round);
}

/* Whether it was accepted: the other end may be closed, and the event of it yet to come. */
static bool close_post(struct close_thread *thread, wt_port *port, uint64_t sequence)
{
	_Alignas(8) unsigned char bytes[CLOSE_SIZE];
	size_t size = random_pick(&thread->random, 16, sizeof bytes);
	int err;

	element_fill(bytes, size, 0, sequence);
	err = wt_port_post(port, bytes, size);
	if (err != WT_ECLOSED)
		STORM_OK(thread->storm->round, err);
	return !err;
}

static void close_meet(struct close_thread *thread, wt_message *message, uint64_t expected)
{
	uint64_t sequence = UINT64_MAX;
	uint32_t producer;

	CHECK(close_verdict(thread), element_check(message->data, message->size, &producer, &sequence));
	CHECK(close_verdict(thread), sequence == expected);
}

/* ---- The keeper ---- */

static void close_post_some(struct voyage *voyage)
{
	struct close_thread *thread = voyage->keeper;

	for (uint64_t n = random_pick(&thread->random, 0, thread->storm->burst); n > 0; n--)
		if (close_post(thread, voyage->kept, voyage->posted)) {
			voyage->posted++;
			account_owe(close_account(thread), ACCOUNT_MESSAGES, 1);
		}
}

/* On any of those that it keeps, wherever the other end may be at the moment. */
static void close_post_anywhere(struct close_thread *thread)
{
	struct voyage *voyage = thread->voyages[random_pick(&thread->random, 0, thread->storm->window - 1)];

	if (voyage)
		close_post_some(voyage);
}

static void close_on_answer(wt_port *port, wt_message *message, void *arg)
{
	struct voyage *voyage = arg;

	(void)port;
	close_meet(voyage->keeper, message, voyage->answers++);
	account_pay(close_account(voyage->keeper), ACCOUNT_MESSAGES, 1);
	close_post_anywhere(voyage->keeper);
}

/* Whether all that was posted is accounted for. What crossed the close is so when the thread that closed goes on. */
static bool close_settle(struct voyage *voyage)
{
	struct close_thread *thread = voyage->keeper;
	struct wt_port_stats stats = { .size = sizeof stats };

	STORM_OK(thread->storm->round, wt_port_stats(voyage->kept, &stats));
	CHECK(close_verdict(thread), voyage->read + stats.undelivered <= voyage->posted);
	if (voyage->read + stats.undelivered < voyage->posted && !atomic_load(&close_verdict(thread)->failed))
		return false;
	account_pay(close_account(thread), ACCOUNT_MESSAGES, stats.undelivered);
	wt_port_close(voyage->kept);
	free(voyage);
	return true;
}

static void close_settle_late(struct close_thread *thread)
{
	struct voyage **link = &thread->late;

	while (*link) {
		struct voyage *voyage = *link, *next = voyage->next;

		if (close_settle(voyage))
			*link = next;
		else
			link = &voyage->next;
	}
}

static void close_embark(struct close_thread *thread, unsigned place);

static void close_on_close(wt_port *port, void *arg)
{
	struct voyage *voyage = arg;
	struct close_thread *thread = voyage->keeper;
	unsigned place = voyage->place;

	(void)port;
	CHECK(close_verdict(thread), voyage->answers == voyage->answered);
	account_pay(close_account(thread), ACCOUNT_CLOSES, 1);
	close_settle_late(thread);
	if (!close_settle(voyage)) {
		voyage->next = thread->late;
		thread->late = voyage;
	}
	thread->voyages[place] = NULL;
	thread->kept--;
	if (!close_is_over(thread))
		close_embark(thread, place);
	else if (thread->kept == 0)
		wt_port_on_message(thread->in, NULL, NULL); /* the loop ends */
}

/* ---- Sending ports on their way ---- */

/* The neighbour may have ended, or its belt be full: then the port ends here. */
static void close_send(struct close_thread *thread, wt_port *port, const struct close_label *label)
{
	wt_transfer list[] = { WT_MOVE(&port) };
	wt_outgoing message = { .data = label, .size = sizeof *label, .transfer = list, .transfer_count = 1 };
	int err = wt_port_send(thread->out, &message, WT_NOW);

	CHECK(close_verdict(thread), !err == !port);
	if (err && err != WT_ECLOSED && err != WT_EAGAIN)
		STORM_OK(thread->storm->round, err);
	wt_port_close(port);
}

static void close_send_orphan(struct close_thread *thread)
{
	struct close_label label = { .count = random_pick(&thread->random, 0, thread->storm->burst) };
	wt_port *kept, *port;

	if (!STORM_OK(thread->storm->round, wt_channel_create(&kept, &port, NULL)))
		return;
	for (uint64_t i = 0; i < label.count; i++)
		close_post(thread, kept, i);
	if (random_chance(&thread->random, 2)) {
		wt_port_close(kept);
		kept = NULL;
	}
	close_send(thread, port, &label);
	wt_port_close(kept);
}

static void close_embark(struct close_thread *thread, unsigned place)
{
	struct voyage *voyage = calloc(1, sizeof *voyage);
	wt_port *port;

	CHECK(close_verdict(thread), voyage);
	if (!voyage || !STORM_OK(thread->storm->round, wt_channel_create(&voyage->kept, &port, NULL))) {
		free(voyage);
		return;
	}
	voyage->keeper = thread;
	voyage->place = place;
	thread->voyages[place] = voyage;
	thread->kept++;
	account_owe(close_account(thread), ACCOUNT_CLOSES, 1);
	wt_port_on_message(voyage->kept, close_on_answer, voyage);
	wt_port_on_close(voyage->kept, close_on_close, voyage);
	close_post_some(voyage);
	close_send(thread, port, &(struct close_label){ .voyage = voyage });
}

/* ---- Who has one ---- */

static void close_on_own_close(wt_port *port, void *arg)
{
	(void)port;
	account_pay(close_account(arg), ACCOUNT_CLOSES, 1);
}

static void close_read_some(struct close_thread *thread, wt_port *port, struct voyage *voyage)
{
	wt_message message;

	for (uint64_t n = random_pick(&thread->random, 0, thread->storm->burst); n > 0; n--) {
		int err = wt_port_receive(port, &message, WT_NOW);

		if (err == WT_EAGAIN)
			return;
		if (!STORM_OK(thread->storm->round, err))
			return;
		close_meet(thread, &message, voyage->read++);
		account_pay(close_account(thread), ACCOUNT_MESSAGES, 1);
	}
}

static void close_answer_some(struct close_thread *thread, wt_port *port, struct voyage *voyage)
{
	for (uint64_t n = random_pick(&thread->random, 0, thread->storm->burst); n > 0; n--)
		if (close_post(thread, port, voyage->answered)) {
			voyage->answered++;
			account_owe(close_account(thread), ACCOUNT_MESSAGES, 1);
		}
}

/* Nothing of the voyage is touched once the port has gone. */
static void close_pass(struct close_thread *thread, wt_port *port, const struct close_label *label)
{
	if (!close_is_over(thread) && !random_chance(&thread->random, 4)) {
		close_send(thread, port, label);
		return;
	}
	if (random_chance(&thread->random, 2)) {
		wt_port_on_close(port, close_on_own_close, thread);
		account_owe(close_account(thread), ACCOUNT_CLOSES, 1);
	}
	wt_port_close(port);
}

static void close_orphan_on_message(wt_port *port, wt_message *message, void *arg)
{
	struct close_orphan *orphan = arg;

	(void)port;
	close_meet(orphan->thread, message, orphan->read++);
}

static void close_orphan_on_close(wt_port *port, void *arg)
{
	struct close_orphan *orphan = arg;

	CHECK(close_verdict(orphan->thread), orphan->read == orphan->count);
	account_pay(close_account(orphan->thread), ACCOUNT_CLOSES, 1);
	wt_port_close(port);
	free(orphan);
}

static void close_adopt(struct close_thread *thread, wt_port *port, uint64_t count)
{
	struct close_orphan *orphan = malloc(sizeof *orphan);

	CHECK(close_verdict(thread), orphan);
	if (!orphan) {
		wt_port_close(port);
		return;
	}
	*orphan = (struct close_orphan){ .thread = thread, .count = count };
	account_owe(close_account(thread), ACCOUNT_CLOSES, 1);
	wt_port_on_message(port, close_orphan_on_message, orphan);
	wt_port_on_close(port, close_orphan_on_close, orphan);
}

static void close_on_arrival(wt_port *belt, wt_message *message, void *arg)
{
	struct close_thread *thread = arg;
	struct close_label label = *(const struct close_label *)message->data;
	wt_port *port;

	(void)belt;
	if (random_chance(&thread->random, 10) ||
	    !STORM_OK(thread->storm->round, wt_message_take_port(message, 0, &port)))
		return;
	if (!label.voyage && (close_is_over(thread) || random_chance(&thread->random, 2))) {
		close_adopt(thread, port, label.count);
	} else if (!label.voyage) {
		close_send(thread, port, &label);
	} else {
		close_read_some(thread, port, label.voyage);
		close_answer_some(thread, port, label.voyage);
		close_pass(thread, port, &label);
	}
	close_post_anywhere(thread);
	if (!close_is_over(thread) && random_chance(&thread->random, 8))
		close_send_orphan(thread);
}

/* ---- A thread ---- */

/* The neighbour's belt, by the only message that is posted to this thread. */
static int close_take_belt(wt_message *message, uint64_t source, void *arg)
{
	struct close_thread *thread = arg;

	(void)source;
	return !STORM_OK(thread->storm->round, wt_message_take_port(message, 0, &thread->in));
}

static void close_join_ring(struct close_thread *thread)
{
	struct close_storm *storm = thread->storm;
	struct close_thread *neighbour = &storm->thread[(thread->number + 1) % storm->threads];
	wt_port *belt;
	wt_transfer list[] = { WT_MOVE(&belt) };
	wt_outgoing message = { .transfer = list, .transfer_count = 1 };

	STORM_OK(storm->round, wt_on_thread_message(close_take_belt, thread));
	atomic_store(&thread->id, wt_thread_id());
	atomic_fetch_add(&storm->ready, 1);
	while (atomic_load(&storm->ready) < storm->threads)
		STORM_OK(storm->round, wt_sleep(wt_after_us(100)));
	STORM_OK(storm->round, wt_channel_create(&thread->out, &belt, &storm->belt));
	STORM_OK(storm->round, wt_post_to_thread(atomic_load(&neighbour->id), &message, WT_FOREVER));
	while (!thread->in && !atomic_load(&storm->round->verdict.failed)) {
		(void)!wt_run_once(WT_NOW);
		STORM_OK(storm->round, wt_sleep(wt_after_us(100)));
	}
}

static void close_thread_run(void *arg)
{
	struct close_thread *thread = arg;

	close_join_ring(thread);
	wt_port_on_message(thread->in, close_on_arrival, thread);
	for (unsigned i = 0; i < thread->storm->window; i++)
		close_embark(thread, i);
	STORM_OK(thread->storm->round, wt_run());
	wt_port_close(thread->in);
	wt_port_close(thread->out);
	for (close_settle_late(thread); thread->late; close_settle_late(thread))
		STORM_OK(thread->storm->round, wt_sleep(wt_after_us(100)));
}

/* ---- The round ---- */

static void close_run(struct storm_round *round)
{
	struct close_storm storm = { .round = round, .belt.size = sizeof storm.belt };
	struct crowd crowd = { .round = round };

	storm.threads = (unsigned)storm_pick(round, 2, CLOSE_THREADS);
	storm.window = (unsigned)storm_pick(round, 1, CLOSE_WINDOW);
	storm.burst = (unsigned)storm_pick(round, 1, CLOSE_BURST);
	storm.belt.limit = storm_chance(round, 2) ? 0 : storm_pick(round, 100, 1000);
	storm_say(round, "a ring of %u, %u ports of each, %u messages at a time, belts of %zu bytes", storm.threads,
		  storm.window, storm.burst, storm.belt.limit);
	for (unsigned i = 0; i < storm.threads; i++)
		storm.thread[i] = (struct close_thread){ .storm = &storm, .number = i, .random = storm_fork(round) };
	for (unsigned i = 0; i < storm.threads; i++)
		crowd_add(&crowd, close_thread_run, &storm.thread[i]);
	crowd_join(&crowd);
}

const struct storm storm_close = { "close", close_run };
