/* SPDX-License-Identifier: MIT
 *
 * Threads that post to each other and wait, and an oracle of what came of
 * each message when everything happens at once.
 */
#include "post_to_thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- Both wait ---- */

struct crossing {
	struct verdict *verdict;
	atomic_ulong handled;
	atomic_uint over;   /* threads that are done with posting */
	atomic_uint ready;
	uint64_t ids[3];
	unsigned rounds, count;
	bool forwards;
};

struct crosser {
	struct crossing *crossing;
	unsigned index;
};

static int cross_listen(wt_message *message, uint64_t source, void *arg)
{
	const struct crosser *crosser = arg;
	struct crossing *crossing = crosser->crossing;
	unsigned hops;

	CHECK(crossing->verdict, source != wt_thread_id());
	CHECK(crossing->verdict, message->size == sizeof hops);
	CHECK(crossing->verdict, wt_run_once(WT_NOW) == WT_EBUSY);
	memcpy(&hops, message->data, sizeof hops);
	atomic_fetch_add(&crossing->handled, 1);
	if (!hops--)
		return 0;
	return wt_post_to_thread(crossing->ids[(crosser->index + 1) % crossing->count],
				 &(wt_outgoing){ .data = &hops, .size = sizeof hops }, in_time());
}

static bool all_ready(void *arg)
{
	struct crossing *crossing = arg;

	return atomic_load(&crossing->ready) == crossing->count;
}

static bool all_over(void *arg)
{
	struct crossing *crossing = arg;

	(void)!wt_run_once(WT_NOW);
	return atomic_load(&crossing->over) == crossing->count;
}

static void *cross_run(void *arg)
{
	struct crosser *crosser = arg;
	struct crossing *crossing = crosser->crossing;
	uint64_t next;

	CHECK(crossing->verdict, wt_on_thread_message(cross_listen, crosser) == 0);
	crossing->ids[crosser->index] = wt_thread_id();
	atomic_fetch_add(&crossing->ready, 1);
	CHECK(crossing->verdict, await(all_ready, crossing));
	next = crossing->ids[(crosser->index + 1) % crossing->count];
	for (unsigned i = 0; i < crossing->rounds; i++) {
		unsigned hops = crossing->forwards ? crossing->count - 1 : 0;
		int err = wt_post_to_thread(next, &(wt_outgoing){ .data = &hops, .size = sizeof hops }, in_time());

		CHECK(crossing->verdict, err == 0);
	}
	atomic_fetch_add(&crossing->over, 1);
	CHECK(crossing->verdict, await(all_over, crossing));
	return NULL;
}

static void cross(struct crossing *crossing)
{
	struct verdict verdict = { 0 };
	struct crosser crossers[3];
	pthread_t threads[3];

	crossing->verdict = &verdict;
	for (unsigned i = 0; i < crossing->count; i++) {
		crossers[i] = (struct crosser){ .crossing = crossing, .index = i };
		assert_int_equal(pthread_create(&threads[i], NULL, cross_run, &crossers[i]), 0);
	}
	for (unsigned i = 0; i < crossing->count; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	assert_int_equal(crossing->handled, (unsigned long)crossing->rounds * crossing->count *
						    (crossing->forwards ? crossing->count : 1));
}

static void two_threads_that_post_to_each_other_go_on(void **state)
{
	(void)state;
	cross(&(struct crossing){ .count = 2, .rounds = 20000 / support_slowdown() });
}

/* Each message goes on from thread to thread, back to the one that waits for it, and further. */
static void a_chain_may_come_back(void **state)
{
	(void)state;
	cross(&(struct crossing){ .count = 3, .rounds = 4000 / support_slowdown(), .forwards = true });
}

/* Two that answer each message by another one and wait: deep, but not without an end. */
struct echo {
	uint64_t other;
	unsigned depth, deepest;
};

static int listen_and_post_back(wt_message *message, uint64_t source, void *arg)
{
	struct echo *echo = arg;

	(void)message;
	if (++echo->depth > echo->deepest)
		echo->deepest = echo->depth;
	(void)!post_nothing(source, wt_after_ms(1000));
	echo->depth--;
	return 0;
}

static void nesting_has_an_end(void **state)
{
	struct echo here = { 0 }, there = { 0 };
	struct station station;

	(void)state;
	station_start(&station, listen_and_post_back, &there);
	assert_int_equal(wt_on_thread_message(listen_and_post_back, &here), 0);
	assert_int_equal(post_nothing(station.id, in_time()), 0);
	assert_in_range(here.deepest, 2, 40);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	station_end(&station);
}

/* ---- Crossfire ---- */

enum { FIRE_THREADS = 4 };

struct fire {
	struct verdict *verdict;
	atomic_ulong *handled; /* for each message: how often a listener returned 0 */
	uint64_t ids[FIRE_THREADS];
	atomic_uint ready, over;
	unsigned count; /* messages of each */
	atomic_ulong sent, late, failed;
};

struct gun {
	struct fire *fire;
	unsigned index;
	uint64_t random;
};

static int fire_listen(wt_message *message, uint64_t source, void *arg)
{
	struct gun *gun = arg;
	struct fire *fire = gun->fire;
	unsigned number;

	(void)source;
	memcpy(&number, message->data, sizeof number);
	atomic_fetch_add(&fire->handled[number], 1);
	return support_random(&gun->random) % 16 ? 0 : 1;
}

static bool fire_ready(void *arg)
{
	return atomic_load(&((struct fire *)arg)->ready) == FIRE_THREADS;
}

static bool fire_over(void *arg)
{
	(void)!wt_run_once(WT_NOW);
	return atomic_load(&((struct fire *)arg)->over) == FIRE_THREADS;
}

/* What was told as handled, or as failed, was handled once; what timed out, at most once. */
static void fire_one(struct gun *gun, unsigned number)
{
	struct fire *fire = gun->fire;
	uint64_t choice = support_random(&gun->random);
	unsigned to = (gun->index + 1 + (unsigned)(choice % (FIRE_THREADS - 1))) % FIRE_THREADS;
	int err = wt_post_to_thread(fire->ids[to], &(wt_outgoing){ .data = &number, .size = sizeof number },
				    choice & 64 ? in_time() : wt_after_ns(choice / 128 % 60000));
	unsigned long handled = atomic_load(&fire->handled[number]);

	CHECK(fire->verdict, err == 0 || err == WT_ELISTENER || err == WT_ETIMEDOUT);
	CHECK(fire->verdict, err == WT_ETIMEDOUT ? handled <= 1 : handled == 1);
	atomic_fetch_add(err == 0 ? &fire->sent : err == WT_ETIMEDOUT ? &fire->late : &fire->failed, 1);
}

static void *fire_run(void *arg)
{
	struct gun *gun = arg;
	struct fire *fire = gun->fire;

	CHECK(fire->verdict, wt_on_thread_message(fire_listen, gun) == 0);
	fire->ids[gun->index] = wt_thread_id();
	atomic_fetch_add(&fire->ready, 1);
	CHECK(fire->verdict, await(fire_ready, fire));
	for (unsigned i = 0; i < fire->count; i++)
		fire_one(gun, gun->index * fire->count + i);
	atomic_fetch_add(&fire->over, 1);
	CHECK(fire->verdict, await(fire_over, fire));
	return NULL;
}

static void in_crossfire_each_message_has_one_outcome(void **state)
{
	struct verdict verdict = { 0 };
	struct fire fire = { .verdict = &verdict, .count = 10000 / support_slowdown() };
	uint64_t seed = support_seed();
	struct gun guns[FIRE_THREADS];
	pthread_t threads[FIRE_THREADS];

	(void)state;
	fire.handled = calloc((size_t)fire.count * FIRE_THREADS, sizeof *fire.handled);
	assert_non_null(fire.handled);
	for (unsigned i = 0; i < FIRE_THREADS; i++) {
		guns[i] = (struct gun){ .fire = &fire, .index = i, .random = seed + i };
		assert_int_equal(pthread_create(&threads[i], NULL, fire_run, &guns[i]), 0);
	}
	for (unsigned i = 0; i < FIRE_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&verdict);
	for (unsigned i = 0; i < fire.count * FIRE_THREADS; i++)
		assert_true(atomic_load(&fire.handled[i]) <= 1);
	print_message("# %lu handled, %lu late, %lu failed\n", (unsigned long)fire.sent, (unsigned long)fire.late,
		      (unsigned long)fire.failed);
	free(fire.handled);
}

/* Workers that come and go while others post to them: an outcome each time, and nothing leaks. */
static int entry_listens_a_moment(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	if (wt_on_thread_message(listen_well, NULL))
		return 1;
	for (int i = 0; i < 20; i++) {
		(void)!wt_run_once(WT_NOW);
		sched_yield();
	}
	return 0;
}

struct hunt {
	struct verdict *verdict;
	_Atomic(uint64_t) id;
	atomic_ulong deleted;
	unsigned long posted, handled, died;
	atomic_bool over;
};

static void hunt_delete(void *data, void *arg)
{
	(void)data;
	atomic_fetch_add((atomic_ulong *)arg, 1);
}

static void *hunt_run(void *arg)
{
	struct hunt *hunt = arg;

	while (!atomic_load(&hunt->over)) {
		wt_buffer *buffer = NULL;
		wt_transfer list = wt_move_buffer(&buffer);
		int err = wt_buffer_wrap(&buffer, NULL, 0, hunt_delete, &hunt->deleted);

		CHECK(hunt->verdict, err == 0);
		err = wt_post_to_thread(atomic_load(&hunt->id), MESSAGE_WITH(list), in_time());
		CHECK(hunt->verdict, err == 0 || err == WT_ESRCH || err == WT_ENOLISTENER || err == WT_EDIED);
		wt_buffer_destroy(buffer);
		hunt->posted++;
		hunt->handled += !err;
		hunt->died += err == WT_EDIED;
	}
	return NULL;
}

static void targets_may_end_at_any_moment(void **state)
{
	struct verdict verdict = { 0 };
	struct hunt hunt = { .verdict = &verdict, .id = UINT64_MAX };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hunt_run, &hunt), 0);
	for (unsigned i = 0; i < 1000 / support_slowdown(); i++) {
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, entry_listens_a_moment, NULL, 0, NULL), 0);
		atomic_store(&hunt.id, wt_worker_id(worker));
		if (i % 2)
			assert_int_equal(wt_worker_join(worker, NULL, in_time()), 0);
		wt_worker_destroy(worker);
	}
	atomic_store(&hunt.over, true);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
	assert_int_equal(hunt.deleted, hunt.posted);
	print_message("# %lu posted, %lu handled, %lu died\n", hunt.posted, hunt.handled, hunt.died);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_threads_that_post_to_each_other_go_on),
		TEST(a_chain_may_come_back),
		TEST(nesting_has_an_end),
		TEST(in_crossfire_each_message_has_one_outcome),
		TEST(targets_may_end_at_any_moment),
	};

	return cmocka_run_group_tests_name("post_to_thread_crossing", tests, NULL, NULL);
}
