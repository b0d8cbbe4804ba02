/* SPDX-License-Identifier: MIT
 *
 * Threads post to each other by their ids, waiting or by the loop, with
 * buffers or without, also to such as end meanwhile. Each message has one
 * outcome, and no more are said to be handled than a listener has handled.
 */
#include <stdio.h>

#include "stress/crowd.h"
#include "stress/track.h"
#include "support/element.h"

enum { THREADS_MAX = 5, THREADS_SIZE = 600, THREADS_BAD = 7 };

struct threads_storm {
	struct storm_round *round;
	unsigned threads;
	unsigned patience; /* us, the longest; 0: without a limit, and nobody dies: then counts agree exactly */
	struct threads_one {
		struct threads_storm *storm;
		uint32_t number;
		uint64_t random;
		_Atomic(uint64_t) id;
		uint64_t sent[THREADS_MAX];      /* to each, that were accepted for sure */
		struct track track[THREADS_MAX]; /* from each; without a limit only */
		unsigned pending;                /* that its loop is to tell of */
	} thread[THREADS_MAX];
	atomic_uint ready, done;
	_Atomic(uint64_t) mortal; /* the id of one that lives for a moment */
	atomic_uint_fast64_t handled, said_handled, unsure;
};

/* ---- Listening ---- */

static void threads_unpack(struct threads_one *one, wt_message *message)
{
	wt_buffer *buffer;

	if (!message->transfer_count || random_chance(&one->random, 2))
		return;
	if (STORM_OK(one->storm->round, wt_message_take_buffer(message, 0, &buffer)))
		wt_buffer_destroy(buffer);
}

static int threads_listen(wt_message *message, uint64_t source, void *arg)
{
	struct threads_one *one = arg;
	struct verdict *verdict = &one->storm->round->verdict;
	uint64_t sequence = 0;
	uint32_t number = THREADS_MAX;
	char who[48];

	CHECK(verdict, element_check(message->data, message->size, &number, &sequence) && number < THREADS_MAX);
	if (number >= THREADS_MAX)
		return THREADS_BAD;
	CHECK(verdict, atomic_load(&one->storm->thread[number].id) == source);
	threads_unpack(one, message);
	if (message->type)
		return THREADS_BAD;
	snprintf(who, sizeof who, "thread %u from %u", one->number, number);
	if (!one->storm->patience)
		track_meet(&one->track[number], sequence, who, verdict);
	atomic_fetch_add(&one->storm->handled, 1);
	return 0;
}

/* One that lives for a moment takes what comes, and then dies with the rest. */
static int threads_listen_and_die(wt_message *message, uint64_t source, void *arg)
{
	struct threads_storm *storm = arg;

	(void)message;
	(void)source;
	if (wt_thread_id() % 2)
		wt_exit(0);
	atomic_fetch_add(&storm->handled, 1);
	return 0;
}

static void threads_stop(wt_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	wt_stop();
}

static int threads_mortal(wt_port *parent, const void *data, size_t size)
{
	struct threads_storm *storm = *(struct threads_storm *const *)data;
	wt_timer *timer;
	int err = wt_on_thread_message(threads_listen_and_die, storm);

	(void)parent;
	(void)size;
	if (!err)
		err = wt_timer_create(&timer, wt_after_us(300), 0, threads_stop, NULL);
	atomic_store(&storm->mortal, wt_thread_id());
	return err ? err : wt_run();
}

/* ---- Posting ---- */

/* Whether the error is one that a thread that is ending, or a deadline, explains. */
static bool threads_may_be(struct threads_storm *storm, int err)
{
	if (!storm->patience)
		return false;
	return err == WT_EAGAIN || err == WT_ETIMEDOUT || err == WT_ESRCH || err == WT_EDIED || err == WT_ENOLISTENER;
}

static void threads_outcome(struct threads_storm *storm, int err)
{
	if (!err)
		atomic_fetch_add(&storm->said_handled, 1);
	else if (err == WT_ETIMEDOUT || err == WT_EDIED)
		atomic_fetch_add(&storm->unsure, 1);
	else if (err != WT_ELISTENER && !threads_may_be(storm, err))
		STORM_OK(storm->round, err);
}

static void threads_told(int result, void *arg)
{
	struct threads_one *one = arg;

	account_pay(&one->storm->round->account, ACCOUNT_CALLBACKS, 1);
	threads_outcome(one->storm, result);
	one->pending--;
}

static wt_time threads_patience(struct threads_one *one)
{
	unsigned longest = one->storm->patience;

	return longest && random_chance(&one->random, 2) ? wt_after_us(random_pick(&one->random, 0, longest))
							 : WT_FOREVER;
}

static int threads_post_to(struct threads_one *one, uint64_t id, const wt_outgoing *message)
{
	int err;

	if (random_chance(&one->random, 2)) {
		err = wt_post_to_thread(id, message, threads_patience(one));
		threads_outcome(one->storm, err);
		return err;
	}
	err = wt_post_to_thread_async(id, message, threads_patience(one), threads_told, one);
	if (err) {
		threads_outcome(one->storm, err);
		return err;
	}
	account_owe(&one->storm->round->account, ACCOUNT_CALLBACKS, 1);
	one->pending++;
	return 0;
}

static void threads_post(struct threads_one *one)
{
	struct threads_storm *storm = one->storm;
	uint32_t to = (uint32_t)random_pick(&one->random, 0, storm->threads - 1);
	bool mortal = storm->patience && random_chance(&one->random, 8);
	_Alignas(8) unsigned char bytes[THREADS_SIZE];
	wt_outgoing message = { .data = bytes, .size = random_pick(&one->random, 16, sizeof bytes) };
	wt_buffer *buffer = NULL;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	int err;

	if (to == one->number)
		to = (to + 1) % storm->threads;
	message.type = random_chance(&one->random, 8);
	if (random_chance(&one->random, 4)) {
		buffer = storm_buffer(storm->round, 32);
		message.transfer = list;
		message.transfer_count = 1;
	}
	element_fill(bytes, message.size, one->number, one->sent[to]);
	err = threads_post_to(one, atomic_load(mortal ? &storm->mortal : &storm->thread[to].id), &message);
	one->sent[to] += !mortal && !err && !message.type;
	wt_buffer_destroy(buffer);
}

/* What is posted to this thread is handled while it waits, and here. */
static void threads_turn(struct threads_one *one)
{
	int n = wt_run_once(one->pending && random_chance(&one->random, 4) ? wt_after_us(100) : WT_NOW);

	if (n < 0 && n != WT_EAGAIN && n != WT_ETIMEDOUT)
		STORM_OK(one->storm->round, n);
}

/* Others may post until all are done. */
static void threads_serve(struct threads_one *one)
{
	struct threads_storm *storm = one->storm;

	while (one->pending || atomic_load(&storm->done) < storm->threads) {
		int n = wt_run_once(wt_after_us(200));

		if (n < 0 && n != WT_EAGAIN && n != WT_ETIMEDOUT)
			STORM_OK(storm->round, n);
		if (n == 0)
			STORM_OK(storm->round, wt_sleep(wt_after_us(50)));
	}
}

static void threads_run_one(void *arg)
{
	struct threads_one *one = arg;
	struct threads_storm *storm = one->storm;

	STORM_OK(storm->round, wt_on_thread_message(threads_listen, one));
	atomic_store(&one->id, wt_thread_id());
	atomic_fetch_add(&storm->ready, 1);
	while (atomic_load(&storm->ready) < storm->threads)
		STORM_OK(storm->round, wt_sleep(wt_after_us(100)));
	while (!storm_is_over(storm->round)) {
		threads_post(one);
		threads_turn(one);
	}
	while (one->pending)
		threads_turn(one);
	atomic_fetch_add(&storm->done, 1);
	threads_serve(one);
	STORM_OK(storm->round, wt_on_thread_message(NULL, NULL));
}

/* ---- The round ---- */

static void threads_make_mortals(void *arg)
{
	struct threads_storm *storm = arg;

	while (!storm_is_over(storm->round)) {
		wt_worker *worker;

		if (!STORM_OK(storm->round, wt_worker_create(&worker, threads_mortal, &storm, sizeof storm, NULL)))
			return;
		account_owe(&storm->round->account, ACCOUNT_WORKERS, 1);
		if (STORM_OK(storm->round, wt_worker_join(worker, NULL, WT_FOREVER)))
			account_pay(&storm->round->account, ACCOUNT_WORKERS, 1);
		wt_worker_destroy(worker);
	}
}

static void threads_judge(struct threads_storm *storm)
{
	uint64_t handled = atomic_load(&storm->handled), said = atomic_load(&storm->said_handled);
	char who[48];

	/* Of a message that was withdrawn nobody can say whether the listener had begun. */
	CHECK(&storm->round->verdict, handled >= said && handled - said <= atomic_load(&storm->unsure));
	account_owe(&storm->round->account, ACCOUNT_OUTCOMES, said);
	account_pay(&storm->round->account, ACCOUNT_OUTCOMES, storm->patience ? said : handled);
	for (unsigned i = 0; i < storm->threads && !storm->patience; i++)
		for (unsigned j = 0; j < storm->threads; j++) {
			snprintf(who, sizeof who, "thread %u from %u", j, i);
			track_end(&storm->thread[j].track[i], storm->thread[i].sent[j], who, &storm->round->verdict);
		}
}

static void post_to_thread_run(struct storm_round *round)
{
	struct threads_storm storm = { .round = round };
	struct crowd crowd = { .round = round };

	storm.threads = (unsigned)storm_pick(round, 2, THREADS_MAX);
	storm.patience = storm_chance(round, 2) ? 0 : (unsigned)storm_pick(round, 1, 400);
	storm_say(round, "%u threads, which wait %u us (0: without a limit)", storm.threads, storm.patience);
	for (uint32_t i = 0; i < storm.threads; i++) {
		storm.thread[i] = (struct threads_one){ .storm = &storm, .number = i, .random = storm_fork(round) };
		for (unsigned j = 0; j < storm.threads; j++)
			storm.thread[i].track[j].begun = true;
	}
	for (unsigned i = 0; i < storm.threads; i++)
		crowd_add(&crowd, threads_run_one, &storm.thread[i]);
	if (storm.patience)
		crowd_add(&crowd, threads_make_mortals, &storm);
	crowd_join(&crowd);
	threads_judge(&storm);
}

const struct storm storm_post_to_thread = { "post_to_thread", post_to_thread_run };
