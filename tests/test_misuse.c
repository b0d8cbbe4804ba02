/* SPDX-License-Identifier: MIT */
#include "misuse.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt.h>

#include "support/child.h"
#include "support/support.h"

/*
 * A child says on stderr what it expects the library to say there, then gives
 * it the reason: what it has written must be two halves that are the same.
 */

#define OK(call)                                                                                 \
	do {                                                                                     \
		int error_ = (call);                                                             \
		if (error_) {                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, wt_strerror(error_)); \
			_exit(98);                                                               \
		}                                                                                \
	} while (0)

/* A call that does not return, or whose error is not what the test is about. */
#define TRY(call)                    \
	do {                         \
		int error_ = (call); \
		(void)error_;        \
	} while (0)

/* ---- One of each kind ---- */

enum { NOTED_MAX = 4, NOTE_MAX = 128 };

/* What was made on the way, as messages call it, the one that it was made for last. */
static char noted[NOTED_MAX][NOTE_MAX];
static const char *noted_end[NOTED_MAX];
static int noted_count;

static void note(const char *object, const char *end)
{
	snprintf(noted[noted_count], NOTE_MAX, "%s", object);
	noted_end[noted_count++] = end;
}

static void note_address(const char *kind, const void *object, const char *name, const char *end)
{
	char text[NOTE_MAX];

	snprintf(text, sizeof text, "%s %#llx%s", kind, (unsigned long long)(uintptr_t)object, name);
	note(text, end);
}

static void *make_port(void)
{
	wt_port *a, *b;

	OK(wt_channel_create(&a, &b, NULL));
	note_address("port", a, "", "closed");
	note_address("port", b, "", "closed");
	return b;
}

static void end_port(void *port)
{
	wt_port_close(port);
}

static void use_port(void *port)
{
	TRY(wt_port_post(port, "x", 1));
}

static void *make_sender(void)
{
	wt_sender *sender;

	OK(wt_port_sender(make_port(), &sender));
	note_address("sender", sender, "", "closed");
	return sender;
}

static void end_sender(void *sender)
{
	wt_sender_close(sender);
}

static void use_sender(void *sender)
{
	TRY(wt_sender_post(sender, "x", 1));
}

static void *make_broadcast(void)
{
	wt_broadcast *broadcast;

	OK(wt_broadcast_open(&broadcast, "specimen", 8, NULL));
	note_address("broadcast", broadcast, " \"specimen\"", "closed");
	return broadcast;
}

static void end_broadcast(void *broadcast)
{
	wt_broadcast_close(broadcast);
}

static void use_broadcast(void *broadcast)
{
	TRY(wt_broadcast_post(broadcast, "x", 1));
}

static void *make_buffer(void)
{
	wt_buffer *buffer;

	OK(wt_buffer_create(&buffer, 100));
	note_address("buffer", buffer, "", "destroyed");
	return buffer;
}

static void end_buffer(void *buffer)
{
	wt_buffer_destroy(buffer);
}

static void use_buffer(void *buffer)
{
	(void)wt_buffer_data(buffer);
}

static void *make_shared(void)
{
	wt_shared *shared;

	OK(wt_shared_create(&shared, 100, 0));
	note_address("shared", shared, "", "released");
	return wt_shared_hold(shared);
}

static void end_shared(void *shared)
{
	static bool held = true;

	if (held)
		wt_shared_release(shared);
	held = false;
	wt_shared_release(shared);
}

static void use_shared(void *shared)
{
	int64_t value;

	TRY(wt_atomics_load(shared, WT_I32, 0, &value));
}

static int entry(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void note_worker(const wt_worker *worker)
{
	char text[NOTE_MAX];

	snprintf(text, sizeof text, "worker %llu \"%s\"", (unsigned long long)wt_worker_id(worker),
		 wt_worker_name(worker));
	note(text, "destroyed");
}

static void *make_worker(void)
{
	wt_worker *worker;

	OK(wt_worker_create(&worker, entry, NULL, 0, WT_WORKER_OPTIONS(.name = "specimen")));
	note_worker(worker);
	return worker;
}

static void end_worker(void *worker)
{
	wt_worker_destroy(worker);
}

static void use_worker(void *worker)
{
	TRY(wt_worker_post(worker, "x", 1));
}

static int task_fn(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return 0;
}

static void *make_pool(void)
{
	wt_pool *pool;

	OK(wt_pool_create(&pool, task_fn, WT_POOL_OPTIONS(.name = "specimen", .max_workers = 1)));
	note_address("pool", pool, " \"specimen\"", "destroyed");
	return pool;
}

static void end_pool(void *pool)
{
	wt_pool_destroy(pool);
}

static void use_pool(void *pool)
{
	TRY(wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL));
}

static void *make_task(void)
{
	wt_task *task;

	OK(wt_pool_submit(make_pool(), NULL, NULL, NULL, NULL, &task));
	note_address("task", task, "", "released");
	return task;
}

static void end_task(void *task)
{
	wt_task_release(task);
}

static void use_task(void *task)
{
	TRY(wt_task_cancel(task));
}

static void on_time(wt_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

static void *make_timer(void)
{
	wt_timer *timer;

	OK(wt_timer_create(&timer, WT_FOREVER, 0, on_time, NULL));
	note_address("timer", timer, "", "destroyed");
	return timer;
}

static void end_timer(void *timer)
{
	wt_timer_destroy(timer);
}

static void use_timer(void *timer)
{
	wt_timer_stop(timer);
}

static void *make_lock(void)
{
	wt_lock *lock;

	OK(wt_lock_acquire(&lock, "specimen", 8, WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED), WT_NOW));
	note_address("lock", lock, " \"specimen\"", "released");
	return lock;
}

static void end_lock(void *lock)
{
	wt_lock_release(lock);
}

static void use_lock(void *lock)
{
	(void)wt_lock_is_held(lock);
}

static void *make_snapshot(void)
{
	wt_lock_snapshot *snapshot;

	OK(wt_lock_query(&snapshot));
	note_address("snapshot", snapshot, "", "destroyed");
	return snapshot;
}

static void end_snapshot(void *snapshot)
{
	wt_lock_snapshot_destroy(snapshot);
}

static void use_snapshot(void *snapshot)
{
	(void)wt_lock_snapshot_count(snapshot);
}

static const struct specimen {
	const char *kind;
	void *(*make)(void);
	void (*end)(void *object);
	const char *end_name;
	void (*use)(void *object);
	const char *use_name;
} specimens[] = {
	{ "port", make_port, end_port, "wt_port_close", use_port, "wt_port_post" },
	{ "sender", make_sender, end_sender, "wt_sender_close", use_sender, "wt_sender_post" },
	{ "broadcast", make_broadcast, end_broadcast, "wt_broadcast_close", use_broadcast, "wt_broadcast_post" },
	{ "buffer", make_buffer, end_buffer, "wt_buffer_destroy", use_buffer, "wt_buffer_data" },
	{ "shared", make_shared, end_shared, "wt_shared_release", use_shared, "wt_atomics_load" },
	{ "worker", make_worker, end_worker, "wt_worker_destroy", use_worker, "wt_worker_post" },
	{ "pool", make_pool, end_pool, "wt_pool_destroy", use_pool, "wt_pool_submit" },
	{ "task", make_task, end_task, "wt_task_release", use_task, "wt_task_cancel" },
	{ "timer", make_timer, end_timer, "wt_timer_destroy", use_timer, "wt_timer_stop" },
	{ "lock", make_lock, end_lock, "wt_lock_release", use_lock, "wt_lock_is_held" },
	{ "snapshot", make_snapshot, end_snapshot, "wt_lock_snapshot_destroy", use_snapshot,
	  "wt_lock_snapshot_count" },
};

enum { SPECIMENS = sizeof specimens / sizeof *specimens };

/* ---- In the child: the three sorts, with each kind ---- */

static void expect(const char *caller, const char *by, const char *what, const char *again)
{
	int last = noted_count - 1;

	fprintf(stderr, "libwt: %s: %s, %s by %s, is %s by %s\n", caller, noted[last], noted_end[last], by, what, again);
}

static void end_twice(const struct specimen *specimen)
{
	char again[NOTE_MAX];
	void *object = specimen->make();

	snprintf(again, sizeof again, "%s again", noted_end[noted_count - 1]);
	expect(specimen->end_name, "thread 0 (main)", again, "thread 0 (main)");
	specimen->end(object);
	noted_count = 0;
	specimen->make(); /* not in the same place */
	specimen->end(object);
}

static void use_after_end(const struct specimen *specimen)
{
	void *object = specimen->make();

	expect(specimen->use_name, "thread 0 (main)", "used", "thread 0 (main)");
	specimen->end(object);
	specimen->use(object);
}

static void expect_leaks(void)
{
	for (int i = 0; i < noted_count; i++)
		fprintf(stderr, "libwt: leak: %s, created by thread 0 (main), is not %s\n", noted[i], noted_end[i]);
}

static void leave_open(const struct specimen *specimen)
{
	void *object = specimen->make();

	if (specimen->make == make_worker)
		OK(wt_worker_join(object, NULL, WT_FOREVER));
	expect_leaks();
}

static void leave_none(const struct specimen *specimen)
{
	noted_count = 0;
	specimen->end(specimen->make());
	noted_count--;
	expect_leaks(); /* of what it was made from */
}

/* ---- In the child: who, and when ---- */

static void *close_as_stranger(void *sender)
{
	wt_sender_close(sender);
	return NULL;
}

static void another_thread_ends(void)
{
	pthread_t thread;
	void *sender = make_sender();

	expect("wt_sender_post", "a thread that libwt does not know", "used", "thread 0 (main)");
	pthread_create(&thread, NULL, close_as_stranger, sender);
	pthread_join(thread, NULL);
	use_sender(sender);
}

static void *shown; /* by a worker to the main thread */

static int entry_shows_port(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	shown = make_port();
	return 0;
}

static char runner[NOTE_MAX]; /* what messages call the worker that ran last */

/* Runs to its end. */
static void run_worker(wt_entry *fn)
{
	wt_worker *worker;

	OK(wt_worker_create(&worker, fn, NULL, 0, WT_WORKER_OPTIONS(.name = "fib")));
	OK(wt_worker_join(worker, NULL, WT_FOREVER));
	snprintf(runner, sizeof runner, "thread %llu (fib)", (unsigned long long)wt_worker_id(worker));
	wt_worker_destroy(worker);
}

static void a_thread_ends(void)
{
	char by[sizeof runner + 16];

	run_worker(entry_shows_port);
	snprintf(by, sizeof by, "the end of %s", runner);
	expect("wt_port_post", by, "used", "thread 0 (main)");
	use_port(shown);
}

static int entry_uses(wt_port *parent, const void *data, size_t size)
{
	char self[NOTE_MAX];

	(void)parent;
	(void)data;
	(void)size;
	snprintf(self, sizeof self, "thread %llu (fib)", (unsigned long long)wt_thread_id());
	expect("wt_atomics_load", "thread 0 (main)", "used", self);
	use_shared(shown);
	return 0;
}

static void a_worker_uses(void)
{
	shown = make_shared();
	end_shared(shown);
	run_worker(entry_uses);
}

static void use_a_worker_s_port(void)
{
	wt_worker *worker = make_worker();
	wt_port *port = wt_worker_port(worker);

	noted_count = 0;
	note_address("port", port, "", "closed");
	expect("wt_port_post", "thread 0 (main)", "used", "thread 0 (main)");
	wt_worker_destroy(worker);
	use_port(port);
}

/* The port that was made, with the buffer in the queue of the other one. */
static void *send_buffer(void *port, wt_buffer *buffer)
{
	const wt_transfer list[] = { WT_MOVE(&buffer) };

	OK(wt_port_post(port, "", 0)); /* behind another one it takes the short way */
	OK(wt_port_send(port, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW));
	return port;
}

static void use_what_was_sent(void)
{
	wt_port *port = make_port();
	wt_buffer *buffer = make_buffer();

	noted_end[noted_count - 1] = "sent away";
	expect("wt_buffer_data", "thread 0 (main)", "used", "thread 0 (main)");
	send_buffer(port, buffer);
	use_buffer(buffer);
}

static void send_what_has_ended(void)
{
	wt_port *port = make_port();
	wt_buffer *buffer = make_buffer();

	expect("transfer list", "thread 0 (main)", "used", "thread 0 (main)");
	wt_buffer_destroy(buffer);
	send_buffer(port, buffer);
}

static void use_a_stranger(void)
{
	void *block = calloc(1, 4096);

	fprintf(stderr, "libwt: wt_timer_stop: %#llx, which is no timer, is used by thread 0 (main)\n",
		(unsigned long long)(uintptr_t)block);
	use_timer(block);
}

static void use_another_kind(void)
{
	void *port = make_port();

	fprintf(stderr, "libwt: wt_buffer_data: %#llx, which is no buffer, is used by thread 0 (main)\n",
		(unsigned long long)(uintptr_t)port);
	use_buffer(port);
}

/* ---- In the child: what counts as a leak ---- */

static int entry_loops(wt_port *parent, const void *data, size_t size)
{
	wt_timer *timer;

	(void)parent;
	(void)data;
	(void)size;
	OK(wt_timer_create(&timer, wt_after_ms(3600000), 0, on_time, NULL));
	return wt_run();
}

static wt_worker *start_worker(wt_entry *fn, const char *name)
{
	wt_worker *worker;

	OK(wt_worker_create(&worker, fn, NULL, 0, WT_WORKER_OPTIONS(.name = name)));
	return worker;
}

/* Those of which the program has heard that they are over are its to destroy; the others end with the process (W7). */
static void leave_workers(void)
{
	wt_worker *heard = start_worker(entry, "heard");
	wt_worker *joined, *ended;

	OK(wt_run());
	joined = start_worker(entry, "joined");
	OK(wt_worker_join(joined, NULL, WT_FOREVER));
	OK(wt_worker_join(joined, NULL, WT_FOREVER));
	ended = start_worker(entry_loops, "ended");
	OK(wt_worker_terminate(ended, WT_FOREVER));
	start_worker(entry_loops, "running");
	start_worker(entry, "unheard of");
	note_worker(heard);
	note_worker(joined);
	note_worker(ended);
	expect_leaks();
}

static int entry_exits(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	exit(0);
}

/* The end of the process comes from a worker, while this thread's loop hears of another one's end. */
static void be_left_by_a_worker(void)
{
	start_worker(entry_loops, "looping");
	start_worker(entry_exits, "exiting");
	TRY(wt_run());
	pause();
}

static void leave_what_was_sent(void)
{
	wt_port *port = make_port();

	send_buffer(port, make_buffer());
	noted_count--;
	expect_leaks();
}

static int entry_leaves(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	make_port();
	make_timer();
	make_lock();
	noted_count = 0;
	make_buffer();
	return 0;
}

/* Its end closes what is the thread's; a buffer is nobody's. */
static void leave_things_of_a_worker(void)
{
	run_worker(entry_leaves);
	fprintf(stderr, "libwt: leak: %s, created by %s, is not destroyed\n", noted[0], runner);
}

static void leave_to_exit_handler(void)
{
	wt_buffer_destroy(shown);
}

static void leave_to_an_exit_handler(void)
{
	atexit(leave_to_exit_handler);
	shown = make_buffer();
}

static void leave_in_a_fork(void)
{
	int status = -1;
	pid_t child;

	make_buffer();
	make_port();
	child = fork();
	if (!child)
		exit(0);
	waitpid(child, &status, 0);
	expect_leaks();
}

static void leave_and_keep_quiet(void)
{
	setenv("WT_DEBUG_LEAKS", "off", 1);
	make_port();
}

static void leave_and_abort(void)
{
	setenv("WT_DEBUG_LEAKS", "abort", 1);
	make_port();
	expect_leaks();
}

static void leave_nothing_and_abort(void)
{
	setenv("WT_DEBUG_LEAKS", "abort", 1);
	wt_buffer_destroy(make_buffer());
}

static sem_t locked;

static void *lock_errors(void *arg)
{
	flockfile(stderr);
	sem_post(&locked);
	pause();
	return arg;
}

/* As a logger has it that waits for room in a pipe. */
static void leave_nothing_beside_who_has_the_stream(void)
{
	pthread_t thread;

	alarm(20);
	wt_buffer_destroy(make_buffer());
	sem_init(&locked, 0, 0);
	pthread_create(&thread, NULL, lock_errors, NULL);
	sem_wait(&locked);
}

/* ---- In the child: what the pages allow ---- */

static int told;

static void on_close(wt_port *port, void *arg)
{
	(void)arg;
	told++;
	wt_port_unref(port);
	wt_port_close(port);
}

static void close_a_port_that_is_being_closed(void)
{
	wt_port *a, *b;

	OK(wt_channel_create(&a, &b, NULL));
	wt_port_on_close(a, on_close, NULL);
	wt_port_close(a);
	wt_port_close(a);
	OK(wt_run());
	wt_port_close(b);
	if (told != 1)
		_exit(97);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	(void)code;
	(void)arg;
	told++;
	wt_worker_destroy(worker);
	wt_worker_destroy(worker);
	(void)wt_worker_name(worker);
}

static void destroy_a_worker_twice_in_its_handler(void)
{
	wt_worker *worker = make_worker();

	noted_count = 0;
	wt_worker_on_exit(worker, on_exit_, NULL);
	OK(wt_run());
	if (told != 1)
		_exit(97);
}

static void on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	(void)result;
	(void)reply;
	told++;
	wt_task_release(task);
	wt_pool_destroy(arg);
	wt_pool_destroy(arg);
	TRY(wt_task_cancel(task));
}

static void destroy_a_pool_in_its_callback(void)
{
	wt_pool *pool = make_pool();

	noted_count = 0;
	OK(wt_pool_submit(pool, NULL, on_done, pool, NULL, NULL));
	OK(wt_run());
	if (told != 1)
		_exit(97);
}

static void end_nothing(void)
{
	for (int i = 0; i < SPECIMENS; i++)
		if (specimens[i].end != end_shared)
			specimens[i].end(NULL);
	wt_shared_release(NULL);
	use_port(NULL);
	use_timer(NULL);
}

static const struct program {
	const char *name;
	void (*run)(void);
} programs[] = {
	{ "another_thread_ends", another_thread_ends },
	{ "a_thread_ends", a_thread_ends },
	{ "a_worker_uses", a_worker_uses },
	{ "use_a_worker_s_port", use_a_worker_s_port },
	{ "use_what_was_sent", use_what_was_sent },
	{ "send_what_has_ended", send_what_has_ended },
	{ "use_a_stranger", use_a_stranger },
	{ "use_another_kind", use_another_kind },
	{ "leave_workers", leave_workers },
	{ "be_left_by_a_worker", be_left_by_a_worker },
	{ "leave_what_was_sent", leave_what_was_sent },
	{ "leave_things_of_a_worker", leave_things_of_a_worker },
	{ "leave_to_an_exit_handler", leave_to_an_exit_handler },
	{ "leave_in_a_fork", leave_in_a_fork },
	{ "leave_and_keep_quiet", leave_and_keep_quiet },
	{ "leave_and_abort", leave_and_abort },
	{ "leave_nothing_and_abort", leave_nothing_and_abort },
	{ "leave_nothing_beside_who_has_the_stream", leave_nothing_beside_who_has_the_stream },
	{ "close_a_port_that_is_being_closed", close_a_port_that_is_being_closed },
	{ "destroy_a_worker_twice_in_its_handler", destroy_a_worker_twice_in_its_handler },
	{ "destroy_a_pool_in_its_callback", destroy_a_pool_in_its_callback },
	{ "end_nothing", end_nothing },
};

static const struct {
	const char *name;
	void (*run)(const struct specimen *specimen);
} sorts[] = {
	{ "twice", end_twice },
	{ "after", use_after_end },
	{ "open", leave_open },
	{ "none", leave_none },
};

/* A program, or a sort with a kind, as in "twice port". */
static int be_child(const char *name)
{
	char of[NOTE_MAX];

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	unsetenv("WT_DEBUG_LEAKS");
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (strcmp(programs[i].name, name) == 0)
			return programs[i].run(), 0;
	for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
		for (int kind = 0; kind < SPECIMENS; kind++) {
			snprintf(of, sizeof of, "%s %s", sorts[i].name, specimens[kind].kind);
			if (strcmp(of, name) == 0)
				return sorts[i].run(&specimens[kind]), 0;
		}
	return 99;
}

/* ---- The runner ---- */

static void judge(const char *name, int status)
{
	struct child_result result;
	size_t half;

	child_run(name, &result);
	half = strlen(result.errors) / 2;
	if (result.status != status || strncmp(result.errors, result.errors + half, half) != 0)
		print_error("%s ended with %d:\n%s", name, result.status, result.errors);
	assert_int_equal(result.status, status);
	assert_int_equal(strlen(result.errors), 2 * half);
	assert_memory_equal(result.errors, result.errors + half, half);
}

static void judge_each(const char *sort, int status)
{
	char name[NOTE_MAX];

	for (int kind = 0; kind < SPECIMENS; kind++) {
		snprintf(name, sizeof name, "%s %s", sort, specimens[kind].kind);
		judge(name, status);
	}
}

static void each_kind_ended_twice_aborts_and_says_who(void **state)
{
	(void)state;
	judge_each("twice", 128 + SIGABRT);
}

static void each_kind_used_after_its_end_aborts_and_says_who(void **state)
{
	(void)state;
	judge_each("after", 128 + SIGABRT);
}

static void each_kind_left_open_is_listed_at_exit(void **state)
{
	(void)state;
	judge_each("open", 0);
}

static void what_was_ended_is_not_listed(void **state)
{
	(void)state;
	judge_each("none", 0);
}

static void the_thread_that_ended_it_is_named(void **state)
{
	(void)state;
	judge("another_thread_ends", 128 + SIGABRT);
	judge("a_thread_ends", 128 + SIGABRT);
	judge("a_worker_uses", 128 + SIGABRT);
}

static void a_worker_s_port_ends_with_the_worker(void **state)
{
	(void)state;
	judge("use_a_worker_s_port", 128 + SIGABRT);
}

static void a_buffer_in_a_message_is_not_the_sender_s(void **state)
{
	(void)state;
	judge("use_what_was_sent", 128 + SIGABRT);
}

static void what_has_ended_cannot_be_sent(void **state)
{
	(void)state;
	judge("send_what_has_ended", 128 + SIGABRT);
}

static void what_is_no_object_is_told(void **state)
{
	(void)state;
	judge("use_a_stranger", 128 + SIGABRT);
	judge("use_another_kind", 128 + SIGABRT);
}

/* [W7] */
static void a_worker_may_be_left_to_the_end_of_the_process(void **state)
{
	(void)state;
	judge("leave_workers", 0);
	judge("be_left_by_a_worker", 0);
}

static void what_a_queue_or_a_thread_had_is_no_leak(void **state)
{
	(void)state;
	judge("leave_what_was_sent", 0);
	judge("leave_things_of_a_worker", 0);
}

static void exit_handlers_come_before_the_list(void **state)
{
	(void)state;
	judge("leave_to_an_exit_handler", 0);
}

static void a_forked_child_has_no_list(void **state)
{
	(void)state;
	judge("leave_in_a_fork", 0);
}

static void the_environment_says_what_follows(void **state)
{
	(void)state;
	judge("leave_and_keep_quiet", 0);
	judge("leave_and_abort", 128 + SIGABRT);
	judge("leave_nothing_and_abort", 0);
}

static void who_owes_nothing_waits_for_nobody(void **state)
{
	(void)state;
	judge("leave_nothing_beside_who_has_the_stream", 0);
}

static void what_the_pages_allow_is_let_pass(void **state)
{
	(void)state;
	judge("close_a_port_that_is_being_closed", 0);
	judge("destroy_a_worker_twice_in_its_handler", 0);
	judge("destroy_a_pool_in_its_callback", 0);
	judge("end_nothing", 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_ended_twice_aborts_and_says_who),
		TEST(each_kind_used_after_its_end_aborts_and_says_who),
		TEST(each_kind_left_open_is_listed_at_exit),
		TEST(what_was_ended_is_not_listed),
		TEST(the_thread_that_ended_it_is_named),
		TEST(a_worker_s_port_ends_with_the_worker),
		TEST(a_buffer_in_a_message_is_not_the_sender_s),
		TEST(what_has_ended_cannot_be_sent),
		TEST(what_is_no_object_is_told),
		TEST(a_worker_may_be_left_to_the_end_of_the_process),
		TEST(what_a_queue_or_a_thread_had_is_no_leak),
		TEST(who_owes_nothing_waits_for_nobody),
		TEST(exit_handlers_come_before_the_list),
		TEST(a_forked_child_has_no_list),
		TEST(the_environment_says_what_follows),
		TEST(what_the_pages_allow_is_let_pass),
	};

	if (argc == 3)
		return be_child(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
