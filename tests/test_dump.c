/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt/atomics.h>
#include <wt/broadcast.h>
#include <wt/call.h>
#include <wt/dump.h>
#include <wt/lock.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/timer.h>

#include "barrier.h"
#include "os.h"
#include "support/pools.h"
#include "support/ports.h"
#include "support/support.h"

/* ---- What is looked for ---- */

static char *dump(void)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_int_equal(wt_dump(stream), 0);
	assert_int_equal(fclose(stream), 0);
	assert_true(size >= 4 && strcmp(text + size - 4, "end\n") == 0);
	return text;
}

/* Whether one line begins with `start` and has each of the pieces, up to NULL. */
static bool line_has(const char *line, const char *const *pieces)
{
	size_t size = strcspn(line, "\n");
	char copy[1024];

	if (size >= sizeof copy || strncmp(line, pieces[0], strlen(pieces[0])) != 0)
		return false;
	memcpy(copy, line, size);
	memcpy(copy + size, " ", 2); /* so that a piece may say where its value ends */
	for (size_t i = 1; pieces[i]; i++)
		if (!strstr(copy, pieces[i]))
			return false;
	return true;
}

static bool dump_has_once(const char *const *pieces)
{
	char *text = dump();
	bool found = false;

	for (const char *line = text; *line && !found; line += strcspn(line, "\n") + 1)
		found = line_has(line, pieces);
	free(text);
	return found;
}

static bool dump_has_now(void *pieces)
{
	return dump_has_once(pieces);
}

/* A line that comes at last: what another thread does has its time. */
#define assert_dumps(...)                                                    \
	do {                                                                 \
		const char *const pieces[] = { __VA_ARGS__, NULL };          \
		if (!await(dump_has_now, (void *)(uintptr_t)pieces)) {       \
			char *text = dump();                                 \
			fail_msg("no line '%s...' in\n%s", pieces[0], text); \
		}                                                            \
	} while (0)

#define assert_dumps_not(...)                                       \
	do {                                                        \
		const char *const pieces[] = { __VA_ARGS__, NULL }; \
		assert_false(dump_has_once(pieces));                \
	} while (0)

/* "on=port:0x1234 ", or another kind. */
static const char *on(const char *kind, const void *object)
{
	static char text[64];

	snprintf(text, sizeof text, " on=%s:%#llx ", kind, (unsigned long long)(uintptr_t)object);
	return text;
}

static const char *field(const char *name, uint64_t value)
{
	static char text[4][64];
	static unsigned next;
	char *to = text[next++ % 4];

	snprintf(to, sizeof text[0], " %s=%llu ", name, (unsigned long long)value);
	return to;
}

static const char *at(const void *object)
{
	static char text[64];

	snprintf(text, sizeof text, " at=%#llx ", (unsigned long long)(uintptr_t)object);
	return text;
}

/* ---- Workers that wait ---- */

struct wait {
	_Atomic(uint32_t) *cell;
};

static int wait_for_message(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static int wait_for_time(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return wt_sleep(WT_FOREVER);
}

static int wait_for_lock(wt_port *parent, const void *data, size_t size)
{
	wt_lock *lock;

	(void)parent;
	return wt_lock_acquire(&lock, data, size, NULL, WT_FOREVER);
}

static int wait_for_cell(wt_port *parent, const void *data, size_t size)
{
	const struct wait *wait = data;

	(void)parent;
	(void)size;
	return wt_wait32(wait->cell, 0, WT_FOREVER);
}

static int wait_for_room(wt_port *parent, const void *data, size_t size)
{
	int err = 0;

	(void)data;
	(void)size;
	while (!err)
		err = wt_port_send(parent, &(wt_outgoing){ .data = "12345678", .size = 8 }, WT_FOREVER);
	return err;
}

static int wait_in_select(wt_port *parent, const void *data, size_t size)
{
	size_t ready;

	(void)data;
	(void)size;
	return wt_select(&parent, 1, &ready, WT_FOREVER);
}

static int wait_for_reply(wt_port *parent, const void *data, size_t size)
{
	wt_message reply;

	(void)data;
	(void)size;
	return wt_port_call(parent, &(wt_outgoing){ .data = "?", .size = 1 }, &reply, WT_FOREVER);
}

static void never(wt_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

static int wait_for_timer(wt_port *parent, const void *data, size_t size)
{
	wt_timer *timer;
	int err = wt_timer_create(&timer, wt_after_ms(3600 * 1000), 7000000, never, NULL);

	(void)parent;
	(void)data;
	(void)size;
	return err ? err : wt_run();
}

static wt_worker *start_with(wt_entry *entry, const void *data, size_t size, const wt_worker_options *options)
{
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry, data, size, options), 0);
	return worker;
}

static wt_worker *start(wt_entry *entry, const void *data, size_t size)
{
	return start_with(entry, data, size, WT_WORKER_OPTIONS(.name = "waiter"));
}

static int wait_for_broadcast(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *broadcast;
	wt_message message;
	int err = wt_broadcast_open(&broadcast, "silence", 7, NULL);

	(void)parent;
	(void)data;
	(void)size;
	return err ? err : wt_broadcast_receive(broadcast, &message, WT_FOREVER);
}

static int wait_for_worker(wt_port *parent, const void *data, size_t size)
{
	wt_worker *inner;
	int err = wt_worker_create(&inner, wait_for_time, NULL, 0, NULL);

	(void)parent;
	(void)data;
	(void)size;
	wt_worker_unref(inner);
	return err ? err : wt_worker_join(inner, NULL, WT_FOREVER);
}

static void a_worker_shows_what_it_waits_for(void **state)
{
	static const struct {
		wt_entry *entry;
		const char *waits;
		const char *loop;
	} rows[] = {
		{ wait_for_message, " waits=message on=port:0x", " loop=- " },
		{ wait_for_time, " waits=time for=", " loop=- " },
		{ wait_in_select, " waits=ports for=", " loop=- " },
		{ wait_for_reply, " waits=reply on=port:0x", " loop=- " },
		{ wait_for_broadcast, " waits=broadcast on=broadcast:0x", " loop=broadcast:1 " },
		{ wait_for_worker, " waits=end on=worker:0x", " loop=- " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		wt_worker *worker = start(rows[i].entry, NULL, 0);

		assert_dumps("worker", field("id", wt_worker_id(worker)), " name=\"waiter\" ", " creator=0 ",
			     " state=running ", " ref=yes ", rows[i].waits, rows[i].loop);
		wt_worker_unref(worker);
		assert_dumps("worker", field("id", wt_worker_id(worker)), " ref=no ");
		wt_worker_destroy(worker);
		assert_dumps_not("worker", " name=\"waiter\" ");
	}
}

static void a_lock_shows_who_holds_it_and_who_waits(void **state)
{
	wt_lock *lock;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_lock_acquire(&lock, "a \"b\"\n", 6, NULL, WT_FOREVER), 0);
	worker = start(wait_for_lock, "a \"b\"\n", 6);
	assert_dumps("worker", field("id", wt_worker_id(worker)), " waits=lock for=");
	assert_dumps("lock name=\"a \\x22b\\x22\\x0a\" owner=0 ", " mode=exclusive state=held cycle=0 ");
	assert_dumps("lock name=\"a \\x22b\\x22\\x0a\" ", field("owner", wt_worker_id(worker)), " state=pending ");
	wt_worker_destroy(worker);
	wt_lock_release(lock);
	assert_dumps_not("lock");
}

static void a_cell_shows_its_address(void **state)
{
	static _Atomic(uint32_t) cell;
	struct wait wait = { .cell = &cell };
	wt_worker *worker;

	(void)state;
	worker = start(wait_for_cell, &wait, sizeof wait);
	assert_dumps("worker", " waits=cell ", on("cell", (const void *)&cell));
	wt_worker_destroy(worker);
}

static void a_full_port_shows_its_bytes_and_who_waits_for_room(void **state)
{
	static const wt_channel_options narrow = { .size = sizeof narrow, .limit = 64 };
	wt_worker *worker;

	(void)state;
	worker = start_with(wait_for_room, NULL, 0, WT_WORKER_OPTIONS(.channel = &narrow));
	assert_dumps("worker", field("id", wt_worker_id(worker)), " waits=room on=port:0x");
	assert_dumps("port", at(wt_worker_port(worker)), " owner=0 ", field("peer_owner", wt_worker_id(worker)),
		     " state=open queued=64 limit=64 received=0 senders_waiting=1 ");
	wt_worker_destroy(worker);
}

/* ---- What a thread owns ---- */

static void a_ports_life_shows(void **state)
{
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	assert_dumps("port", at(channel.a), " owner=0 ", " peer_owner=0 ", " state=open queued=0 limit=0 ",
		     " asleep=no ref=no ");
	wt_port_on_message(channel.a, count_message, NULL);
	post_text(channel.b, "hello");
	assert_dumps("port", at(channel.a), " queued=16 ", " ref=yes ");
	assert_dumps("thread id=0 name=\"main\" waits=-", " loop=port:1 ");
	wt_port_close(channel.b);
	assert_dumps("port", at(channel.a), " peer_owner=- ", " state=ended ");
	wt_port_close(channel.a);
	assert_dumps_not("port", at(channel.a));
	assert_dumps("thread id=0 ", " loop=- ");
}

static void a_loop_shows_the_timer_that_keeps_it(void **state)
{
	wt_worker *worker;

	(void)state;
	worker = start(wait_for_timer, NULL, 0);
	assert_dumps("worker", field("id", wt_worker_id(worker)), " waits=loop for=", " loop=timer:1 ");
	assert_dumps("timer", field("owner", wt_worker_id(worker)), " due=3", " every=0.007 ref=yes ");
	assert_dumps("thread id=0 ", " loop=worker:1 ");
	wt_worker_destroy(worker);
	assert_dumps_not("timer");
}

static void a_timer_that_waits_for_nothing_shows_so(void **state)
{
	wt_timer *timer;

	(void)state;
	assert_int_equal(wt_timer_create(&timer, WT_FOREVER, 0, never, NULL), 0);
	assert_dumps("timer", at(timer), " owner=0 due=- every=0.000 ref=yes ");
	assert_int_equal(wt_timer_restart(timer, WT_NOW, 0), 0);
	wt_timer_unref(timer);
	assert_dumps("timer", at(timer), " due=", "0.", " ref=no ");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_dumps("timer", at(timer), " due=- ");
	wt_timer_destroy(timer);
}

static void a_broadcast_shows_what_waits_for_it(void **state)
{
	wt_broadcast *a, *b;

	(void)state;
	assert_int_equal(wt_broadcast_open(&a, "news", 4, NULL), 0);
	assert_int_equal(wt_broadcast_open(&b, "news", 4, NULL), 0);
	assert_int_equal(wt_broadcast_post(a, "1234", 4), 0);
	assert_dumps("broadcast", at(b), " owner=0 name=\"news\" queued=", " dropped=0 ", " ref=yes ");
	assert_dumps("broadcast", at(a), " queued=0 ");
	assert_dumps_not("broadcast", at(b), " queued=0 ");
	assert_dumps("thread id=0 ", " loop=broadcast:2 ");
	wt_broadcast_close(a);
	wt_broadcast_close(b);
	assert_dumps_not("broadcast");
}

static void a_pool_shows_its_queue(void **state)
{
	struct latch gate = { 0 }, begun = { 0 };
	wt_task *tasks[4];
	wt_pool *pool;

	(void)state;
	pool = pools_create_with(WT_POOL_OPTIONS(.min_workers = 1, .max_workers = 1, .name = "mill"));
	for (int i = 0; i < 4; i++)
		tasks[i] = pools_submit(pool,
					(struct pools_input){ .op = POOLS_AWAIT, .begun = &begun, .gate = &gate });
	assert_true(latch_await(&begun));
	assert_dumps("pool", at(pool), " owner=0 name=\"mill\" state=open queued=3 running=1 workers=1 idle=0 ");
	latch_open(&gate);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pools_result(tasks[i]), 0);
	assert_dumps("pool", at(pool), " queued=0 running=0 workers=1 idle=1 ");
	wt_pool_destroy(pool);
	assert_dumps_not("pool");
}

/* ---- The system takes the barrier away ---- */

static int no_barrier(void)
{
	return -EPERM;
}

/* The rest is told nevertheless. */
static void what_cannot_be_walked_is_said_to_be_missing(void **state)
{
	struct wti_os_ops refusing = wti_os_real;
	bool asymmetric;
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	asymmetric = wti_barrier_is_asymmetric();
	assert_dumps_not("incomplete");
	wti_store(&wti_barrier_asymmetric, true);
	refusing.barrier = no_barrier;
	wti_os = &refusing;
	assert_dumps("incomplete reason=membarrier");
	assert_dumps("thread id=0 ", " loop=- ");
	assert_dumps_not("port");
	wti_os = &wti_os_real;
	wti_store(&wti_barrier_asymmetric, asymmetric);
	channel_close(&channel);
}

/* ---- The stream ---- */

static void a_stream_that_fails_is_an_error(void **state)
{
	FILE *stream = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(stream);
	errno = EDOM;
	assert_int_equal(wt_dump(stream), -ENOSPC);
	assert_int_equal(wt_dump(NULL), WT_EINVAL);
	assert_int_equal(errno, EDOM);
	fclose(stream);
}

static void without_memory_nothing_is_written(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_non_null(stream);
	for (unsigned long n = 1; n <= 2; n++) {
		support_fail_allocations(n, 0);
		assert_int_equal(wt_dump(stream), WT_ENOMEM);
		support_fail_allocations(0, 0);
	}
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(size, 0);
	free(text);
}

static void more_than_there_is_room_for_is_shown_whole(void **state)
{
	enum { CHANNELS = 1000 };
	static struct channel channels[CHANNELS];
	size_t ports = 0;
	char *text;

	(void)state;
	for (int i = 0; i < CHANNELS; i++)
		channel_open(&channels[i], NULL);
	text = dump();
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		ports += strncmp(line, "port at=", 8) == 0;
	assert_int_equal(ports, 2 * CHANNELS);
	free(text);
	for (int i = 0; i < CHANNELS; i++)
		channel_close(&channels[i]);
}

/* ---- While everything moves ---- */

struct storm {
	struct verdict verdict;
	atomic_bool over;
	atomic_uint dumps;
	atomic_uint workers; /* that have come and gone */
};

static int storm_worker(wt_port *parent, const void *data, size_t size)
{
	wt_port *a, *b;
	wt_timer *timer;
	wt_broadcast *broadcast;

	(void)data;
	(void)size;
	if (wt_channel_create(&a, &b, NULL) || wt_timer_create(&timer, wt_after_ms(1), 1000000, never, NULL) ||
	    wt_broadcast_open(&broadcast, "storm", 5, NULL))
		return 1;
	if (wt_broadcast_post(broadcast, "x", 1) || wt_port_post(a, "x", 1) || wt_port_post(parent, "x", 1))
		return 1;
	wt_broadcast_close(broadcast);
	wt_timer_destroy(timer);
	return wt_port_send(parent, &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&a) }, .transfer_count = 1 },
			    WT_NOW);
}

/* Workers that come and go, each with something of its own; what they send away is not taken. */
static void storm_work(struct storm *storm)
{
	wt_worker *worker;
	wt_message message;
	int code = -1;

	CHECK(&storm->verdict, wt_worker_create(&worker, storm_worker, NULL, 0, NULL) == 0);
	CHECK(&storm->verdict, wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER) == 0);
	CHECK(&storm->verdict, wt_worker_join(worker, &code, WT_FOREVER) == 0 && code == 0);
	wt_worker_destroy(worker);
	atomic_fetch_add(&storm->workers, 1);
}

static void *storm_thread(void *arg)
{
	struct storm *storm = arg;

	while (!atomic_load(&storm->over))
		storm_work(storm);
	return NULL;
}

static void *storm_dumper(void *arg)
{
	struct storm *storm = arg;
	FILE *stream = fopen("/dev/null", "w");

	CHECK(&storm->verdict, stream != NULL);
	while (stream && !atomic_load(&storm->over)) {
		CHECK(&storm->verdict, wt_dump(stream) == 0);
		atomic_fetch_add(&storm->dumps, 1);
	}
	if (stream)
		fclose(stream);
	return NULL;
}

static void dumps_meet_everything_that_comes_and_goes(void **state)
{
	static struct storm storm;
	pthread_t threads[4];
	wt_pool *pool = pools_create(2);
	const unsigned enough = 2000 / support_slowdown();

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? storm_thread : storm_dumper, &storm), 0);
	while (atomic_load(&storm.dumps) < enough || atomic_load(&storm.workers) < enough)
		assert_int_equal(pools_result(pools_submit(pool, (struct pools_input){ .op = POOLS_NOTHING })), 0);
	atomic_store(&storm.over, true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	wt_pool_destroy(pool);
	assert_verdict(&storm.verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_shows_what_it_waits_for),
		TEST(a_lock_shows_who_holds_it_and_who_waits),
		TEST(a_cell_shows_its_address),
		TEST(a_full_port_shows_its_bytes_and_who_waits_for_room),
		TEST(a_ports_life_shows),
		TEST(a_loop_shows_the_timer_that_keeps_it),
		TEST(a_timer_that_waits_for_nothing_shows_so),
		TEST(a_broadcast_shows_what_waits_for_it),
		TEST(a_pool_shows_its_queue),
		TEST(what_cannot_be_walked_is_said_to_be_missing),
		TEST(a_stream_that_fails_is_an_error),
		TEST(without_memory_nothing_is_written),
		TEST(more_than_there_is_room_for_is_shown_whole),
		TEST(dumps_meet_everything_that_comes_and_goes),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
