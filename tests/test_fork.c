/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "support/child.h"
#include "support/forks.h"
#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "support/transfer.h"

/* ---- What a child may be asked ---- */

/* Made by the parent, used in the child. */
struct world {
	struct channel channel;
	wt_worker *worker;
	wt_shared *shared;
	wt_buffer *buffer;
	wt_broadcast *speaker, *listener; /* a message is on its way */
	wt_message message; /* a view of channel.b */
};

static int entry_waits(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void never(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	_exit(99);
}

static void never_alone(void *arg)
{
	(void)arg;
	_exit(99);
}

static void never_shared(wt_shared *shared, int result, void *arg)
{
	(void)shared;
	(void)result;
	never_alone(arg);
}

static void never_close(wt_port *port, void *arg)
{
	(void)port;
	never_alone(arg);
}

static int never_message(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	never_alone(arg);
	return 0;
}

static void never_told(int result, void *arg)
{
	(void)result;
	never_alone(arg);
}

static void never_worker(wt_worker *worker, void *arg)
{
	(void)worker;
	never_alone(arg);
}

static void world_make(struct world *world)
{
	channel_open(&world->channel, NULL);
	post_text(world->channel.a, "one");
	post_text(world->channel.a, "two");
	assert_int_equal(wt_port_receive(world->channel.b, &world->message, WT_NOW), 0);
	assert_int_equal(wt_worker_create(&world->worker, entry_waits, NULL, 0,
					  WT_WORKER_OPTIONS(.capture_stdout = true, .feed_stdin = true)),
			 0);
	assert_int_equal(wt_shared_create(&world->shared, 64, 128), 0);
	assert_int_equal(wt_buffer_create(&world->buffer, 8), 0);
	assert_int_equal(wt_broadcast_open(&world->speaker, "fork", 4, NULL), 0);
	assert_int_equal(wt_broadcast_open(&world->listener, "fork", 4, NULL), 0);
	assert_int_equal(wt_broadcast_post(world->speaker, "four", 4), 0);
}

/* What the parent has is as it was. */
static void world_check_and_end(struct world *world)
{
	assert_memory_equal(world->message.data, "one", 3);
	assert_receives(world->channel.b, "two");
	post_text(world->channel.a, "three");
	assert_receives(world->channel.b, "three");
	assert_int_equal(wt_worker_join(world->worker, NULL, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_worker_terminate(world->worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(world->worker);
	wt_shared_release(world->shared);
	wt_buffer_destroy(world->buffer);
	assert_int_equal(wt_broadcast_receive(world->listener, &world->message, WT_NOW), 0);
	assert_memory_equal(world->message.data, "four", 4);
	wt_broadcast_close(world->speaker);
	wt_broadcast_close(world->listener);
	channel_close(&world->channel);
}

static int child_of_ports(struct world *world)
{
	wt_port *a = world->channel.a, *b = world->channel.b, *c, *d;
	wt_message message;
	size_t count;
	struct iovec piece = { .iov_base = "x", .iov_len = 1 };
	wt_outgoing outgoing = { .data = "x", .size = 1 };
	wt_transfer list[] = { WT_MOVE(&world->buffer) };
	wt_outgoing moving = { .transfer = list, .transfer_count = 1 };

	EXPECT_FORKED(wt_channel_create(&c, &d, NULL));
	EXPECT(!c && !d);
	EXPECT_FORKED(wt_port_post(a, "x", 1));
	EXPECT_FORKED(wt_port_post_many(a, &piece, 1, &count));
	EXPECT_FORKED(wt_port_send(a, &outgoing, WT_FOREVER));
	EXPECT_FORKED(wt_port_send(a, &moving, WT_FOREVER));
	EXPECT(world->buffer);
	EXPECT_FORKED(wt_port_receive(b, &message, WT_FOREVER));
	EXPECT_FORKED(wt_port_drain(b, never, NULL, 0, &count));
	wt_message_release(&world->message);
	EXPECT(memcmp(world->message.data, "one", 3) == 0);
	wt_port_on_message(b, never, NULL);
	wt_port_on_message_error(b, NULL, NULL);
	wt_port_on_close(b, never_close, NULL);
	wt_port_start(b);
	wt_port_stop(b);
	wt_port_ref(b);
	wt_port_unref(b);
	EXPECT(!wt_port_has_ref(b));
	wt_port_close(a);
	wt_port_close(b);
	return 0;
}

static int child_of_workers(struct world *world)
{
	wt_worker *worker = world->worker, *other;
	wt_failure failure;
	int code;

	EXPECT_FORKED(wt_worker_create(&other, entry_waits, NULL, 0, NULL));
	EXPECT(!other);
	EXPECT_FORKED(wt_worker_post(worker, "x", 1));
	EXPECT_FORKED(wt_worker_join(worker, &code, WT_FOREVER));
	EXPECT_FORKED(wt_worker_terminate(worker, WT_FOREVER));
	EXPECT_FORKED(wt_worker_failure(worker, &failure));
	EXPECT_FORKED(wt_worker_stats(worker, &(struct wt_worker_stats){ .size = sizeof(struct wt_worker_stats) }));
	EXPECT_FORKED(wt_worker_limits(worker, &(struct wt_worker_limits){ .size = sizeof(struct wt_worker_limits) }));
	wt_worker_on_online(worker, never_worker, NULL);
	wt_worker_on_message(worker, NULL, NULL);
	wt_worker_on_message_error(worker, NULL, NULL);
	wt_worker_on_error(worker, NULL, NULL);
	wt_worker_on_exit(worker, NULL, NULL);
	EXPECT_FORKED(wt_worker_feed_stdin(worker, "x", 1));
	EXPECT_FORKED(wt_worker_end_stdin(worker));
	EXPECT(wt_worker_stdout(worker) && !wt_worker_stderr(worker));
	wt_worker_on_stdout(worker, NULL, NULL);
	wt_worker_ref(worker);
	wt_worker_unref(worker);
	EXPECT(!wt_worker_has_ref(worker));
	EXPECT(wt_worker_id(worker) && *wt_worker_name(worker));
	wt_worker_destroy(worker);
	return 0;
}

static int child_of_shared(struct world *world)
{
	wt_shared *shared = world->shared, *other;
	int32_t *cell = wt_shared_data(shared);
	int64_t old;
	size_t woken;

	EXPECT_FORKED(wt_shared_create(&other, 1, 1));
	EXPECT(!other);
	EXPECT_FORKED(wt_shared_grow(shared, 128));
	EXPECT_FORKED(wt_atomics_add(shared, WT_I32, 0, 1, &old));
	EXPECT_FORKED(wt_atomics_load(shared, WT_I32, 0, &old));
	EXPECT_FORKED(wt_atomics_store(shared, WT_I32, 0, 1));
	EXPECT_FORKED(wt_atomics_compare_exchange(shared, WT_I32, 0, 0, 1, &old));
	EXPECT_FORKED(wt_atomics_wait(shared, WT_I32, 0, 0, WT_FOREVER));
	EXPECT_FORKED(wt_atomics_wait_async(shared, WT_I32, 0, 0, never_shared, NULL, WT_FOREVER));
	EXPECT_FORKED(wt_atomics_notify(shared, WT_I32, 0, 1, &woken));
	EXPECT_FORKED(wt_wait32(cell, 0, WT_FOREVER));
	EXPECT_FORKED(wt_wait64(cell, 0, WT_FOREVER));
	EXPECT_FORKED(wt_notify(cell, 1, &woken));
	EXPECT(wt_shared_size(shared) == 64 && *cell == 0);
	wt_shared_release(shared);
	EXPECT(*cell == 0); /* still mapped */
	return 0;
}

static int child_of_broadcasts(struct world *world)
{
	wt_broadcast *listener = world->listener, *other;
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_message message;

	EXPECT_FORKED(wt_broadcast_open(&other, "fork", 4, NULL));
	EXPECT(!other);
	EXPECT_FORKED(wt_broadcast_post(world->speaker, "x", 1));
	EXPECT_FORKED(wt_broadcast_send(world->speaker, &(wt_outgoing){ .data = "x", .size = 1 }));
	EXPECT_FORKED(wt_broadcast_receive(listener, &message, WT_FOREVER));
	EXPECT_FORKED(wt_broadcast_stats(listener, &stats));
	wt_broadcast_on_message(listener, NULL, NULL);
	wt_broadcast_on_message_error(listener, NULL, NULL);
	wt_broadcast_on_close(listener, NULL, NULL);
	wt_broadcast_ref(listener);
	wt_broadcast_unref(listener);
	EXPECT(!wt_broadcast_has_ref(listener));
	EXPECT(memcmp(wt_broadcast_name(listener, NULL), "fork", 4) == 0);
	wt_broadcast_close(listener);
	return 0;
}

static int child_of_thread(void)
{
	uint64_t id;
	int fd;

	EXPECT_FORKED(wt_run());
	EXPECT_FORKED(wt_run_once(WT_FOREVER));
	EXPECT_FORKED(wt_loop_fd(&fd));
	EXPECT_FORKED(wt_sleep(WT_FOREVER));
	EXPECT_FORKED(wt_on_thread_message(never_message, NULL));
	EXPECT_FORKED(wt_post_to_thread(0, &(wt_outgoing){ 0 }, WT_FOREVER));
	EXPECT_FORKED(wt_post_to_thread_async(0, &(wt_outgoing){ 0 }, WT_FOREVER, never_told, NULL));
	EXPECT_FORKED(wt_register_thread_name("child", 5));
	EXPECT_FORKED(wt_unregister_thread_name("parent", 6));
	EXPECT_FORKED(wt_find_thread("parent", 6, &id));
	EXPECT_FORKED(wt_interruptible(never_alone, NULL));
	EXPECT_FORKED(wt_defer(never_alone, NULL));
	EXPECT_FORKED(wt_on_exit(never_alone, NULL));
	wt_stop();
	wt_defer_pop(true);
	wt_checkpoint();
	wt_on_failure(NULL, NULL);
	wt_set_exit_code(3);
	EXPECT(!wt_terminating() && !wt_loop_alive() && !wt_parent_port() && !wt_worker_data(NULL));
	EXPECT(wt_stdout() == stdout && wt_stderr() == stderr && wt_stdin() == stdin && !wt_argv(NULL));
	EXPECT(wt_thread_id() == 0 && *wt_thread_name() == '\0' && wt_exit_code() == 0);
	return 0;
}

static int child_of(struct world *world)
{
	int failed;

	alarm(20); /* no call hangs */
	errno = ENOTTY;
	failed = child_of_ports(world) || child_of_workers(world) || child_of_shared(world) ||
		 child_of_broadcasts(world) || child_of_thread();
	EXPECT(errno == ENOTTY);
	return failed;
}

/* [P2] */
static void every_call_in_a_forked_child_says_so_or_does_nothing(void **state)
{
	struct world world;
	pid_t child;

	(void)state;
	world_make(&world);
	child = fork();
	if (!child)
		_exit(child_of(&world));
	assert_child_ends(child, 0);
	world_check_and_end(&world);
}

/* ---- What else a thread may have ---- */

struct things {
	struct channel channel; /* a message is being written on a; b has one with a buffer in view */
	wt_slot slot;
	wt_message message;
	wt_sender *sender;
	wt_buffer *buffer;
	wt_lock *lock;
	wt_timer *timer;
	void *block;
};

static void never_timer(wt_timer *timer, void *arg)
{
	(void)timer;
	never_alone(arg);
}

static void never_lock(wt_lock *lock, int err, void *arg)
{
	(void)lock;
	(void)err;
	never_alone(arg);
}

static void never_stolen(wt_lock *lock, void *arg)
{
	(void)lock;
	never_alone(arg);
}

static void things_make(struct things *things)
{
	wt_buffer *buffer;

	*things = (struct things){ .block = wt_alloc(100) };
	channel_open(&things->channel, NULL);
	assert_int_equal(wt_buffer_create(&buffer, 8), 0);
	assert_int_equal(send_with(things->channel.a, "with", WT_MOVE(&buffer)), 0);
	assert_int_equal(wt_port_receive(things->channel.b, &things->message, WT_NOW), 0);
	assert_int_equal(wt_port_sender(things->channel.a, &things->sender), 0);
	assert_int_equal(wt_port_reserve(things->channel.a, 4, &things->slot, WT_NOW), 0);
	assert_int_equal(wt_buffer_create(&things->buffer, 8), 0);
	assert_int_equal(wt_lock_acquire(&things->lock, "fork", 4, NULL, WT_NOW), 0);
	assert_int_equal(wt_timer_create(&things->timer, wt_after_ms(100000), 0, never_timer, NULL), 0);
	assert_int_equal(wt_setenv("WT_TEST", "parent"), 0);
	assert_int_equal(wt_set_environment_data("key", 3, "data", 4), 0);
	assert_non_null(things->block);
}

/* What the parent has is as it was. */
static void things_check_and_end(struct things *things)
{
	wt_buffer *buffer;

	assert_int_equal(wt_message_take_buffer(&things->message, 0, &buffer), 0);
	wt_buffer_destroy(buffer);
	memcpy(things->slot.data, "slot", 4);
	assert_int_equal(wt_port_commit(things->channel.a, &things->slot), 0);
	assert_int_equal(wt_sender_post(things->sender, "sent", 4), 0);
	assert_receives(things->channel.b, "slot");
	assert_receives(things->channel.b, "sent");
	wt_sender_close(things->sender);
	wt_buffer_destroy(things->buffer);
	assert_true(wt_lock_is_held(things->lock));
	wt_lock_release(things->lock);
	assert_true(wt_timer_next(things->timer) > 0);
	wt_timer_destroy(things->timer);
	assert_string_equal(wt_getenv("WT_TEST"), "parent");
	assert_memory_equal(wt_get_environment_data("key", 3, NULL), "data", 4);
	wt_free(things->block);
	channel_close(&things->channel);
}

static int child_of_messages(struct things *things)
{
	wt_outgoing outgoing = { .data = "x", .size = 1 };
	wt_port *a = things->channel.a, *b = things->channel.b, *port;
	struct wt_port_stats stats = { .size = sizeof stats };
	wt_sender *sender;
	wt_message reply;
	wt_buffer *buffer;
	wt_slot slot;
	size_t ready;

	EXPECT_FORKED(wt_port_reserve(a, 1, &slot, WT_FOREVER));
	EXPECT_FORKED(wt_port_commit(a, &things->slot));
	wt_port_abandon(a, &things->slot);
	EXPECT_FORKED(wt_select(&b, 1, &ready, WT_FOREVER));
	EXPECT_FORKED(wt_port_call(a, &outgoing, &reply, WT_FOREVER));
	EXPECT_FORKED(wt_message_reply(&(wt_message){ .port = b, .call = 1 }, &outgoing));
	EXPECT_FORKED(wt_message_take_buffer(&things->message, 0, &buffer));
	EXPECT_FORKED(wt_message_take_port(&things->message, 0, &port));
	EXPECT_FORKED(wt_worker_data_take_port(0, &port));
	EXPECT_FORKED(wt_port_stats(a, &stats));
	EXPECT_FORKED(wt_port_sender(a, &sender));
	EXPECT_FORKED(wt_sender_dup(things->sender, &sender));
	EXPECT_FORKED(wt_sender_post(things->sender, "x", 1));
	EXPECT_FORKED(wt_sender_send(things->sender, &outgoing, WT_FOREVER));
	wt_sender_close(things->sender);
	EXPECT_FORKED(wt_buffer_create(&buffer, 8));
	EXPECT_FORKED(wt_buffer_wrap(&buffer, &slot, sizeof slot, NULL, NULL));
	EXPECT_FORKED(wt_buffer_slice_copy(&buffer, things->buffer, 0, 8));
	EXPECT(!buffer && wt_buffer_size(things->buffer) == 8);
	wt_buffer_destroy(things->buffer);
	return 0;
}

static int child_of_locks(struct things *things)
{
	wt_lock_snapshot *snapshot;
	wt_lock *lock;

	EXPECT_FORKED(wt_lock_acquire(&lock, "fork", 4, NULL, WT_FOREVER));
	EXPECT_FORKED(wt_lock_acquire(&lock, "other", 5, NULL, WT_NOW));
	EXPECT_FORKED(wt_lock_request(&lock, "other", 5, NULL, never_lock, NULL, WT_FOREVER));
	EXPECT(!lock);
	EXPECT_FORKED(wt_lock_query(&snapshot));
	EXPECT_FORKED(wt_dump(stderr));
	EXPECT_FORKED(wt_dump_on_signal(SIGUSR2));
	wt_lock_on_stolen(things->lock, never_stolen, NULL);
	EXPECT(!wt_lock_is_held(things->lock) && !wt_lock_is_stolen(things->lock));
	wt_lock_release(things->lock);
	return 0;
}

static int child_of_timers(struct things *things)
{
	wt_timer *timer;

	EXPECT_FORKED(wt_timer_create(&timer, WT_NOW, 0, never_timer, NULL));
	EXPECT(!timer);
	EXPECT_FORKED(wt_timer_restart(things->timer, WT_NOW, 0));
	wt_timer_ref(things->timer);
	wt_timer_unref(things->timer);
	wt_timer_stop(things->timer);
	EXPECT(!wt_timer_has_ref(things->timer) && wt_timer_next(things->timer) == WT_FOREVER);
	wt_timer_destroy(things->timer);
	return 0;
}

static int child_of_heirs(struct things *things)
{
	struct wt_heap_stats stats = { .size = sizeof stats };

	EXPECT_FORKED(wt_setenv("WT_TEST", "child"));
	EXPECT_FORKED(wt_unsetenv("WT_TEST"));
	EXPECT(!wt_getenv("WT_TEST"));
	EXPECT_FORKED(wt_set_environment_data("key", 3, "child", 5));
	EXPECT_FORKED(wt_delete_environment_data("key", 3));
	EXPECT(!wt_get_environment_data("key", 3, NULL));
	EXPECT_FORKED(wt_on_worker_created(never_worker, NULL));
	wt_off_worker_created(never_worker, NULL);
	EXPECT_FORKED(wt_heap_stats(&stats));
	EXPECT(!wt_alloc(1) && !wt_calloc(1, 1) && !wt_strdup("x") && !wt_realloc(things->block, 200));
	wt_free(things->block);
	return 0;
}

static int child_of_all(struct things *things)
{
	int failed;

	alarm(20); /* no call hangs */
	errno = ENOTTY;
	failed = child_of_messages(things) || child_of_locks(things) || child_of_timers(things) || child_of_heirs(things);
	EXPECT(errno == ENOTTY);
	return failed;
}

/* [P2] */
static void what_a_parent_has_is_left_alone_by_its_child(void **state)
{
	struct things things;
	pid_t child;

	(void)state;
	things_make(&things);
	child = fork();
	if (!child)
		_exit(child_of_all(&things));
	assert_child_ends(child, 0);
	things_check_and_end(&things);
}

/* ---- Forks at a bad moment ---- */

enum { BUSY = 4 };

struct busy {
	struct latch stop;
	pthread_t threads[BUSY];
	struct verdict verdict;
};

/* To itself: another thread, if it is not faster, would never have received all. */
static void *busy_posting(void *arg)
{
	static const char large[1 << 15];
	struct busy *busy = arg;
	wt_message message;
	wt_port *a, *b;

	CHECK(&busy->verdict, wt_channel_create(&a, &b, NULL) == 0);
	while (!latch_is_open(&busy->stop)) {
		for (int i = 0; i < 64; i++)
			CHECK(&busy->verdict, wt_port_post(a, large, sizeof large) == 0);
		while (wt_port_receive(b, &message, WT_NOW) == 0)
			;
	}
	wt_port_close(a);
	wt_port_close(b);
	return NULL;
}

static void *busy_creating(void *arg)
{
	struct busy *busy = arg;
	wt_worker *worker;

	while (!latch_is_open(&busy->stop)) {
		CHECK(&busy->verdict, wt_worker_create(&worker, entry_waits, NULL, 0, NULL) == 0);
		wt_worker_destroy(worker);
	}
	return NULL;
}

static void *busy_notifying(void *arg)
{
	struct busy *busy = arg;
	size_t woken;

	while (!latch_is_open(&busy->stop))
		CHECK(&busy->verdict, wt_notify(&busy->stop, 1, &woken) == 0);
	return NULL;
}

static void *busy_ending(void *arg)
{
	struct busy *busy = arg;
	wt_port *a, *b;
	wt_buffer *buffer;

	while (!latch_is_open(&busy->stop)) {
		CHECK(&busy->verdict, wt_channel_create(&a, &b, NULL) == 0);
		CHECK(&busy->verdict, wt_buffer_create(&buffer, 8) == 0);
		wt_buffer_destroy(buffer);
		wt_port_close(a);
		wt_port_close(b);
	}
	return NULL;
}

/* [P2] Whatever lock another thread holds at that moment stays locked in the child. */
static void a_fork_at_any_moment_leaves_a_child_that_does_not_hang(void **state)
{
	void *(*const run[BUSY])(void *) = { busy_posting, busy_creating, busy_notifying, busy_ending };
	struct busy busy = { 0 };

	(void)state;
	support_allow_seconds(60);
	for (int i = 0; i < BUSY; i++)
		assert_int_equal(pthread_create(&busy.threads[i], NULL, run[i], &busy), 0);
	for (unsigned i = 0; i < 100 / support_slowdown(); i++) {
		struct world world;
		pid_t child;

		world_make(&world);
		child = fork();
		if (!child)
			_exit(child_of(&world));
		assert_child_ends(child, 0);
		world_check_and_end(&world);
	}
	latch_open(&busy.stop);
	for (int i = 0; i < BUSY; i++)
		pthread_join(busy.threads[i], NULL);
	assert_verdict(&busy.verdict);
}

/* ---- Forks in a callback ---- */

static void fork_in_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	if (++*(int *)arg == 1)
		fork_here();
}

static void fork_in_close(wt_port *port, void *arg)
{
	wt_port_close(port);
	++*(int *)arg;
	fork_here();
}

static void fork_in_exit(wt_worker *worker, int code, void *arg)
{
	(void)code;
	++*(int *)arg;
	wt_worker_destroy(worker); /* which is to happen when this returns */
	fork_here();
}

static void fork_in_wait(wt_shared *shared, int result, void *arg)
{
	(void)shared;
	(void)result;
	++*(int *)arg;
	fork_here();
}

static int fork_in_listener(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	if (++*(int *)arg == 1)
		fork_here();
	return 0;
}

/* Two messages, the first of which forks; the descriptor that both processes have stays the parent's. */
static void fork_under_a_handler(void)
{
	struct channel channel;
	int calls = 0, fd, err;

	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	wt_port_on_message(channel.b, fork_in_message, &calls);
	assert_int_equal(wt_loop_fd(&fd), 0);
	post_text(channel.a, "one");
	assert_true(polls_readable(fd, 10000));
	post_text(channel.a, "two");
	err = wt_run_once(WT_NOW);
	end_child(err, calls);
	assert_int_equal(err, 2);
	assert_child_ends(forked, 0);
	post_text(channel.a, "three");
	assert_true(polls_readable(fd, 10000));
	channel_close(&channel);
}

static void fork_under_a_drain(void)
{
	struct channel channel;
	int calls = 0, err;
	size_t drained;

	channel_open(&channel, WT_CHANNEL_OPTIONS(.limit = 4096));
	post_text(channel.a, "one");
	post_text(channel.a, "two");
	err = wt_port_drain(channel.b, fork_in_message, &calls, 0, &drained);
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_int_equal(calls, 2);
	assert_child_ends(forked, 0);
	channel_close(&channel);
}

static void fork_under_a_close(void)
{
	struct channel channel;
	int calls = 0, err;

	channel_open(&channel, NULL);
	wt_port_on_close(channel.b, fork_in_close, &calls);
	wt_port_close(channel.b); /* its own event */
	wt_port_close(channel.a);
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
}

static void fork_under_an_exit_event(void)
{
	wt_worker *worker;
	int calls = 0, err;

	assert_int_equal(wt_worker_create(&worker, entry_waits, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_on_exit(worker, fork_in_exit, &calls);
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
}

static void fork_under_a_wait(void)
{
	wt_shared *shared;
	int calls = 0, err;
	size_t woken;

	assert_int_equal(wt_shared_create(&shared, 8, 8), 0);
	assert_int_equal(wt_atomics_wait_async(shared, WT_I32, 0, 0, fork_in_wait, &calls, WT_FOREVER), 0);
	assert_int_equal(wt_atomics_notify(shared, WT_I32, 0, 1, &woken), 0);
	err = wt_run();
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
	wt_shared_release(shared);
}

static void ignore_result(int result, void *arg)
{
	(void)result;
	(void)arg;
}

static void post_twice_to_main(void *arg)
{
	for (int i = 0; i < 2; i++)
		*(int *)arg |= wt_post_to_thread_async(0, &(wt_outgoing){ 0 }, WT_FOREVER, ignore_result, NULL);
}

static void fork_under_a_listener(void)
{
	struct other other;
	int calls = 0, posted = 0, err;

	other_start(&other);
	assert_int_equal(wt_on_thread_message(fork_in_listener, &calls), 0);
	other_run(&other, post_twice_to_main, &posted);
	assert_int_equal(posted, 0);
	err = wt_run_once(WT_NOW);
	end_child(err, calls);
	assert_int_equal(err, 2);
	assert_child_ends(forked, 0);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	other_end(&other);
}

static int post_back(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)arg;
	return post_nothing(source, in_time());
}

/* The listener is called from inside the wait. */
static void fork_under_a_post(void)
{
	struct station station;
	int calls = 0, err;

	station_start(&station, post_back, NULL);
	assert_int_equal(wt_on_thread_message(fork_in_listener, &calls), 0);
	err = post_nothing(station.id, in_time());
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
	assert_int_equal(wt_on_thread_message(NULL, NULL), 0);
	station_end(&station);
}

static void fork_in_view(void *data, void *arg)
{
	(void)data;
	++*(int *)arg;
	fork_here();
}

/* A buffer whose deleter forks. */
static int wrap_what_forks(wt_buffer **buffer, int *calls)
{
	static char block[8];

	return wt_buffer_wrap(buffer, block, sizeof block, fork_in_view, calls);
}

static void send_what_forks(wt_port *port, int *calls)
{
	wt_buffer *buffer;

	assert_int_equal(wrap_what_forks(&buffer, calls), 0);
	assert_int_equal(wt_port_send(port, &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) }, .transfer_count = 1 },
				      WT_NOW),
			 0);
}

static int receive_now(wt_port *port)
{
	return wt_port_receive(port, &(wt_message){ 0 }, WT_NOW);
}

static int drain_now(wt_port *port)
{
	int calls = 0, err = wt_port_drain(port, fork_in_message, &calls, 1, NULL);

	assert_int_equal(calls, 0);
	return err;
}

/* The view before is given back first. */
static void fork_under_an_end_of_a_view(int (*next)(wt_port *port), int expected)
{
	struct channel channel;
	wt_message message;
	int calls = 0, err;

	channel_open(&channel, NULL);
	send_what_forks(channel.a, &calls);
	assert_int_equal(wt_port_receive(channel.b, &message, WT_NOW), 0);
	err = next(channel.b);
	end_child(err, calls);
	assert_int_equal(err, expected);
	assert_child_ends(forked, 0);
	channel_close(&channel);
}

/* As does the reply before. */
static int answer_with_what_forks(wt_port *parent, const void *data, size_t size)
{
	int *calls = *(int *const *)data;
	wt_message message;

	(void)size;
	for (int i = 0; i < 2; i++) {
		wt_buffer *buffer = NULL;
		wt_transfer list[1];

		if (wt_port_receive(parent, &message, in_time()) != 0)
			return 1;
		if (!i && wrap_what_forks(&buffer, calls) != 0)
			return 2;
		list[0] = WT_MOVE(&buffer);
		if (wt_message_reply(&message, &(wt_outgoing){ .transfer = list, .transfer_count = i ? 0 : 1 }) != 0)
			return 3;
	}
	return 0;
}

static void fork_under_a_call(void)
{
	int calls = 0, *arg = &calls, err;
	wt_worker *worker;
	wt_message reply;

	assert_int_equal(wt_worker_create(&worker, answer_with_what_forks, &arg, sizeof arg, NULL), 0);
	assert_int_equal(wt_port_call(wt_worker_port(worker), &(wt_outgoing){ 0 }, &reply, in_time()), 0);
	err = wt_port_call(wt_worker_port(worker), &(wt_outgoing){ 0 }, &reply, in_time());
	end_child(err, calls);
	assert_int_equal(err, 0);
	assert_child_ends(forked, 0);
	wt_worker_destroy(worker);
}

/* [P2] The child's call goes no further, for what it would do next is the parent's. */
static void a_child_leaves_the_call_whose_deleter_forked(void **state)
{
	(void)state;
	fork_under_an_end_of_a_view(receive_now, WT_EAGAIN);
	fork_under_an_end_of_a_view(drain_now, 0);
	fork_under_a_call();
}

/* [P2] The child returns from the callback, and from the loop; it touches nothing that the parent still has. */
static void a_child_leaves_the_loop_that_it_was_forked_in(void **state)
{
	(void)state;
	fork_under_a_handler();
	fork_under_a_drain();
	fork_under_a_close();
	fork_under_an_exit_event();
	fork_under_a_wait();
	fork_under_a_listener();
	fork_under_a_post();
}

/* ---- Programs: ends of a child ---- */

enum child_end {
	CHILD_RETURNS,
	CHILD_EXITS,
	CHILD_FAILS,
	CHILD_PTHREAD_EXITS,
	CHILD_CLEANS_UP,
	CHILD_DELETES,
	CHILD_ENDS
};

static const int end_status[] = { 5, 6, 1, 0, 0, 3 };

static int forked_status;
static pid_t parent_process;

static void only_in_the_parent(void *arg)
{
	(void)arg;
	if (getpid() != parent_process)
		_exit(99);
}

static void fork_in_cleanup(void *arg)
{
	(void)arg;
	fork_here();
	if (forked)
		waitpid(forked, &forked_status, 0);
}

static void fork_in_deleter(void *data, void *arg)
{
	(void)data;
	fork_in_cleanup(arg);
}

/* At the thread's end, which destroys a message that nobody receives. */
static int leave_what_forks(void)
{
	static char block[8];
	wt_port *near_end, *far_end;
	wt_buffer *buffer;
	int err = wt_channel_create(&near_end, &far_end, NULL);

	if (!err)
		err = wt_buffer_wrap(&buffer, block, sizeof block, fork_in_deleter, NULL);
	if (!err)
		err = wt_port_send(near_end,
				   &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
						   .transfer_count = 1 },
				   WT_NOW);
	return err ? err : end_status[CHILD_DELETES];
}

static int end_child_by(enum child_end end)
{
	switch (end) {
	case CHILD_EXITS:
		wt_exit(6);
	case CHILD_FAILS:
		wt_fail(17, "expected");
	case CHILD_PTHREAD_EXITS:
		pthread_exit(NULL);
	default:
		return 5;
	}
}

/* A worker that forks: in the child it is the only thread, and no worker any more. */
static int entry_forks(wt_port *parent, const void *data, size_t size)
{
	enum child_end end = *(const enum child_end *)data;

	(void)parent;
	(void)size;
	parent_process = getpid();
	if (wt_defer(only_in_the_parent, NULL))
		return 9;
	if (end == CHILD_CLEANS_UP)
		return wt_defer(fork_in_cleanup, NULL);
	if (end == CHILD_DELETES)
		return leave_what_forks();
	fork_here();
	if (!forked)
		return end_child_by(end);
	waitpid(forked, &forked_status, 0);
	return 0;
}

static int child_worker_forks(void)
{
	for (enum child_end end = CHILD_RETURNS; end < CHILD_ENDS; end++) {
		wt_worker *worker, *beside;
		int code = -1;

		if (wt_worker_create(&beside, entry_waits, NULL, 0, NULL) ||
		    wt_worker_create(&worker, entry_forks, &end, sizeof end, NULL) ||
		    wt_worker_join(worker, &code, wt_after_ms(20000)) ||
		    code != (end == CHILD_DELETES ? end_status[end] : 0))
			return 98;
		if (!WIFEXITED(forked_status) || WEXITSTATUS(forked_status) != end_status[end]) {
			fprintf(stderr, "end %d: status %#x\n", (int)end, (unsigned)forked_status);
			return 97;
		}
		wt_worker_destroy(worker);
		wt_worker_destroy(beside);
	}
	return 42;
}

/* Before its first use a process may fork as it likes. */
static int child_forks_first(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		wt_worker *worker;

		if (wt_worker_create(&worker, entry_waits, NULL, 0, NULL))
			_exit(98);
		wt_worker_destroy(worker);
		_exit(41);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 41)
		return 97;
	return 42;
}

/* ---- Uses that need no record of their thread ---- */

static void never_created(wt_worker *worker, void *arg)
{
	(void)worker;
	never_alone(arg);
}

static void *make_buffers(void *arg)
{
	wt_buffer *buffer;

	while (!latch_is_open(arg)) {
		if (wt_buffer_create(&buffer, 8))
			_exit(96);
		wt_buffer_destroy(buffer);
	}
	return NULL;
}

static int child_of_buffers(wt_buffer *mine)
{
	wt_buffer *buffer;

	alarm(20);
	wt_buffer_destroy(mine);
	EXPECT_FORKED(wt_buffer_create(&buffer, 8));
	return 41;
}

/* As long as there is nothing but buffers. */
static int child_forks_with_buffers(void)
{
	struct latch stop = { 0 };
	pthread_t thread;
	int status = 41 << 8;
	wt_buffer *buffer;

	if (wt_buffer_create(&buffer, 8) || pthread_create(&thread, NULL, make_buffers, &stop))
		return 98;
	for (int i = 0; i < 200 && WIFEXITED(status) && WEXITSTATUS(status) == 41; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(child_of_buffers(buffer));
		if (waitpid(pid, &status, 0) != pid)
			return 97;
	}
	latch_open(&stop);
	pthread_join(thread, NULL);
	wt_buffer_destroy(buffer);
	return WIFEXITED(status) && WEXITSTATUS(status) == 41 ? 42 : 95;
}

/* The process has done this alone, and its child is told. */
static int child_of_one_use(int (*use)(void))
{
	int status = -1;
	pid_t pid;

	if (use())
		return 98;
	pid = fork();
	if (!pid)
		_exit(use() == WT_EFORKED ? 41 : 1);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 41)
		return 97;
	return 42;
}

static int use_notify(void)
{
	uint32_t cell = 0;
	size_t woken;

	return wt_notify(&cell, 1, &woken);
}

static int child_notified_only(void)
{
	return child_of_one_use(use_notify);
}

static int use_hook(void)
{
	wt_off_worker_created(never_created, NULL);
	return wt_on_worker_created(never_created, NULL);
}

static int child_hooked_only(void)
{
	return child_of_one_use(use_hook);
}

static int use_names(void)
{
	uint64_t id;
	int err = wt_find_thread("nobody", 6, &id);

	return err == WT_ESRCH ? 0 : err;
}

static int child_found_only(void)
{
	return child_of_one_use(use_names);
}

static int use_query(void)
{
	wt_lock_snapshot *snapshot;
	int err = wt_lock_query(&snapshot);

	if (!err)
		wt_lock_snapshot_destroy(snapshot);
	return err;
}

static int child_queried_only(void)
{
	return child_of_one_use(use_query);
}

/* What is no fork to the library: a worker that runs another program, as most do it. */
static int entry_spawns(wt_port *parent, const void *data, size_t size)
{
	char *const argv[] = { (char *)"true", NULL };
	char *const environment[] = { NULL };
	int status = -1;
	pid_t child;

	(void)data;
	(void)size;
	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environment) || waitpid(child, &status, 0) != child)
		return 9;
	return status ? 8 : wt_port_post(parent, "x", 1);
}

static int child_spawns(void)
{
	wt_worker *worker;
	wt_message message;
	int code = -1;

	if (wt_worker_create(&worker, entry_spawns, NULL, 0, NULL) || wt_worker_join(worker, &code, wt_after_ms(20000)))
		return 98;
	if (code || wt_port_receive(wt_worker_port(worker), &message, WT_NOW))
		return 97;
	wt_worker_destroy(worker);
	return 42;
}

static struct wti_os_ops os;
static unsigned refused;

static int refuse_at_fork(void (*in_child)(void))
{
	(void)in_child;
	refused++;
	return -ENOMEM;
}

static int child_cannot_register(void)
{
	wt_port *a, *b;
	wt_shared *shared;
	wt_buffer *buffer;
	wt_lock_snapshot *snapshot;

	os = wti_os_real;
	os.at_fork = refuse_at_fork;
	wti_os = &os;
	if (wt_shared_create(&shared, 1, 1) != WT_ENOMEM || wt_buffer_create(&buffer, 1) != WT_ENOMEM ||
	    wt_lock_query(&snapshot) != WT_ENOMEM || wt_channel_create(&a, &b, NULL) != WT_ENOMEM)
		return 98;
	if (refused != 4)
		return 99;
	wti_os = &wti_os_real;
	if (wt_channel_create(&a, &b, NULL))
		return 97;
	wt_port_close(a);
	wt_port_close(b);
	return 42;
}

/* ---- A fork while another thread is at the first use ---- */

static struct latch at_first_use, first_use_may_go_on;

static int register_late(void (*in_child)(void))
{
	latch_open(&at_first_use);
	(void)latch_await(&first_use_may_go_on);
	return wti_os_real.at_fork(in_child);
}

static void *use_first(void *arg)
{
	wt_buffer *buffer;

	if (wt_buffer_create(&buffer, 8))
		return arg;
	wt_buffer_destroy(buffer);
	return NULL;
}

/* The child is free, and the handler is there afterwards. */
static int child_forks_at_first_use(void)
{
	pthread_t thread;
	void *failed;
	int status = -1;
	pid_t pid;

	os = wti_os_real;
	os.at_fork = register_late;
	wti_os = &os;
	if (pthread_create(&thread, NULL, use_first, &at_first_use) || !latch_await(&at_first_use))
		return 98;
	wti_os = &wti_os_real;
	pid = fork();
	if (!pid) {
		alarm(20);
		_exit(use_first(&at_first_use) ? 1 : 41);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 41)
		return 97;
	latch_open(&first_use_may_go_on);
	if (pthread_join(thread, &failed) || failed)
		return 96;
	return child_of_one_use(use_notify);
}

static const struct child_program programs[] = {
	{ "worker_forks", child_worker_forks },
	{ "forks_first", child_forks_first },
	{ "forks_at_first_use", child_forks_at_first_use },
	{ "forks_with_buffers", child_forks_with_buffers },
	{ "notified_only", child_notified_only },
	{ "hooked_only", child_hooked_only },
	{ "found_only", child_found_only },
	{ "queried_only", child_queried_only },
	{ "spawns", child_spawns },
	{ "cannot_register", child_cannot_register },
};

static void assert_program(const char *name)
{
	struct child_result result;

	child_run(name, &result); /* a leak checker in a forked child has something to say: not judged */
	if (result.status != 42)
		fail_msg("%s: status %d\n%s", name, result.status, result.errors);
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) /* which do not survive a fork in a thread */
/* [P2] */
static void a_worker_that_forked_ends_as_a_program_does(void **state)
{
	(void)state;
	assert_program("worker_forks");
}
#endif

/* [P2] */
static void a_child_forked_before_first_use_is_free(void **state)
{
	(void)state;
	assert_program("forks_first");
	assert_program("forks_at_first_use");
}

/* [P2] */
static void what_needs_no_record_of_its_thread_is_a_first_use(void **state)
{
	(void)state;
	assert_program("forks_with_buffers");
	assert_program("notified_only");
	assert_program("hooked_only");
	assert_program("found_only");
	assert_program("queried_only");
}

static void a_program_that_is_spawned_is_no_fork(void **state)
{
	(void)state;
	assert_program("spawns");
}

/* [P1] */
static void a_registration_that_fails_is_tried_again(void **state)
{
	(void)state;
	assert_program("cannot_register");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_call_in_a_forked_child_says_so_or_does_nothing),
		TEST(what_a_parent_has_is_left_alone_by_its_child),
		TEST(a_fork_at_any_moment_leaves_a_child_that_does_not_hang),
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
		TEST(a_worker_that_forked_ends_as_a_program_does),
#endif
		TEST(a_child_leaves_the_loop_that_it_was_forked_in),
		TEST(a_child_leaves_the_call_whose_deleter_forked),
		TEST(a_child_forked_before_first_use_is_free),
		TEST(what_needs_no_record_of_its_thread_is_a_first_use),
		TEST(a_program_that_is_spawned_is_no_fork),
		TEST(a_registration_that_fails_is_tried_again),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
