/* SPDX-License-Identifier: MIT
 *
 * The table of operations. Each takes apart what it has made in the reverse
 * order, whether or not it came to its end.
 */
#include "sweep/sweep.h"

#include <pthread.h>
#include <string.h>
#include <wt.h>

#include "sweep/operations.h"

/* Long enough for every wait that is to end, short enough for the watchdog. */
static wt_time soon(void)
{
	return wt_after_ms(20000);
}

/* ---- Channels ---- */

struct ends {
	wt_port *a, *b;
};

static int ends_open(struct ends *ends, const wt_channel_options *options)
{
	int err = wt_channel_create(&ends->a, &ends->b, options);

	CHECKED(err ? !ends->a && !ends->b : ends->a && ends->b);
	return err;
}

static void ends_close(struct ends *ends)
{
	wt_port_close(ends->a);
	wt_port_close(ends->b);
}

static int channel(void)
{
	struct ends ends;
	int err = ends_open(&ends, NULL);

	ends_close(&ends);
	return err;
}

static const size_t post_sizes[] = { 0, 8, 100, 3000, 70000, 1 << 20 };

enum { POST_SIZES = sizeof post_sizes / sizeof *post_sizes };

static char bytes[1 << 20];

/* The sizes of those that were accepted come out in order, and nothing else. */
static void receive_accepted(wt_port *port, unsigned accepted)
{
	wt_message message;

	for (size_t i = 0; i < POST_SIZES; i++) {
		if (!(accepted & 1u << i))
			continue;
		CHECKED(wt_port_receive(port, &message, WT_NOW) == 0 && message.size == post_sizes[i]);
		CHECKED(!message.size || *(const char *)message.data == (char)i);
	}
	CHECKED(wt_port_receive(port, &message, WT_NOW) == WT_EAGAIN && !message.data);
}

/* [M2] [M3] What is refused is not there, what is not is there once, whatever follows it. */
static int post(void)
{
	struct ends ends;
	unsigned accepted = 0;
	int err = ends_open(&ends, NULL);

	for (size_t i = 0; ends.a && i < POST_SIZES; i++) {
		int result;

		bytes[0] = (char)i;
		result = wt_port_post(ends.a, bytes, post_sizes[i]);
		accepted |= (unsigned)!result << i;
		err = err ? err : result;
	}
	if (ends.a)
		receive_accepted(ends.b, accepted);
	ends_close(&ends);
	return err;
}

static int post_many(void)
{
	struct iovec messages[100];
	struct ends ends;
	wt_message message;
	size_t posted = 0, received = 0;
	int err = ends_open(&ends, NULL);

	for (size_t i = 0; i < 100; i++)
		messages[i] = (struct iovec){ .iov_base = bytes, .iov_len = 10 * i };
	if (!err) {
		err = wt_port_post_many(ends.a, messages, 100, &posted);
		CHECKED(err ? posted < 100 : posted == 100);
		while (wt_port_receive(ends.b, &message, WT_NOW) == 0)
			CHECKED(message.size == 10 * received++);
		CHECKED(received == posted);
	}
	ends_close(&ends);
	return err;
}

static int send_gathered(void)
{
	struct iovec pieces[2] = { { .iov_base = bytes, .iov_len = 5000 }, { .iov_base = bytes, .iov_len = 1000 } };
	wt_outgoing outgoing = { .iov = pieces, .iovcnt = 2, .type = 9 };
	struct ends ends;
	wt_message message;
	int err = ends_open(&ends, WT_CHANNEL_OPTIONS(.limit = 10000));

	if (!err)
		err = wt_port_send(ends.a, &outgoing, WT_NOW);
	if (!err) {
		CHECKED(wt_port_send(ends.a, &outgoing, WT_NOW) == WT_EAGAIN);
		CHECKED(wt_port_receive(ends.b, &message, WT_NOW) == 0 && message.size == 6000 && message.type == 9);
	}
	ends_close(&ends);
	return err;
}

/* ---- The loop ---- */

static void count_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	++*(int *)arg;
}

static void count_close(wt_port *port, void *arg)
{
	wt_port_close(port);
	++*(int *)arg;
}

/* [C1] */
static int handlers(void)
{
	struct ends ends;
	int messages = 0, closes = 0, posted = 0;
	int err = ends_open(&ends, NULL);

	if (err)
		return err;
	wt_port_on_message(ends.b, count_message, &messages);
	wt_port_on_close(ends.b, count_close, &closes);
	for (; posted < 50 && !err; posted += !err)
		err = wt_port_post(ends.a, bytes, 200);
	wt_port_close(ends.a);
	CHECKED(wt_run() == 0);
	CHECKED(messages == posted && closes == 1);
	return err;
}

/* ---- Threads that libwt meets for the first time ---- */

struct met {
	int (*fn)(void);
	int err;
};

static void *met_run(void *arg)
{
	struct met *met = arg;

	met->err = met->fn();
	return NULL;
}

/* The thread's end takes apart what it leaves. */
static int on_a_new_thread(int (*fn)(void))
{
	struct met met = { .fn = fn };
	pthread_t thread;
	bool made = pthread_create(&thread, NULL, met_run, &met) == 0;

	CHECKED(made);
	if (made)
		pthread_join(thread, NULL);
	return met.err;
}

static int leave_a_channel(void)
{
	struct ends ends;
	int err = ends_open(&ends, NULL);

	return err ? err : wt_port_post(ends.a, bytes, 10);
}

static int first_call(void)
{
	return on_a_new_thread(leave_a_channel);
}

static int run_an_empty_loop(void)
{
	return wt_run();
}

static int run_on_a_new_thread(void)
{
	return on_a_new_thread(run_an_empty_loop);
}

static int open_loop(void)
{
	int fd;
	int err = wt_loop_fd(&fd);

	CHECKED(err ? fd == -1 : fd > 2);
	return err;
}

static int loop_descriptor(void)
{
	return on_a_new_thread(open_loop);
}

static int sleep_a_moment(void)
{
	wt_time deadline = wt_after_ms(2);
	int err = wt_sleep(deadline);

	CHECKED(err || wt_now() >= deadline);
	return err;
}

static int sleep_on_a_new_thread(void)
{
	return on_a_new_thread(sleep_a_moment);
}

/* ---- Workers ---- */

static int entry_echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = 0;

	(void)data;
	(void)size;
	while (!err) {
		err = wt_port_receive(parent, &message, WT_FOREVER);
		if (!err)
			err = wt_port_post(parent, message.data, message.size);
	}
	return err;
}

static int start(wt_worker **worker, wt_entry *entry, const void *data, size_t size)
{
	int err = wt_worker_create(worker, entry, data, size, NULL);

	CHECKED(err ? !*worker : *worker != NULL);
	return err;
}

/* The entry's own error, where it says one by its code. */
static int joined(wt_worker *worker)
{
	int code = 0;

	CHECKED(wt_worker_join(worker, &code, soon()) == 0);
	return code < 0 ? code : 0;
}

static int worker_answers(void)
{
	wt_worker *worker;
	wt_message message;
	int err = start(&worker, entry_echo, bytes, 1000);

	if (err)
		return err;
	err = wt_worker_post(worker, bytes, 5000);
	if (!err)
		err = wt_port_receive(wt_worker_port(worker), &message, soon());
	if (!err)
		CHECKED(message.size == 5000);
	if (err == WT_ECLOSED) /* it could not answer, and ended */
		err = joined(worker);
	wt_worker_destroy(worker);
	return err;
}

static int worker_is_terminated(void)
{
	wt_worker *worker;
	int code = 0;
	int err = start(&worker, entry_echo, NULL, 0);

	if (err)
		return err;
	CHECKED(wt_worker_terminate(worker, soon()) == 0);
	CHECKED(wt_worker_join(worker, &code, WT_NOW) == 0 && code == 1);
	wt_worker_destroy(worker);
	return 0;
}

/* Whoever ends it need not be known to the library before. */
static wt_worker *elsewhere_worker;

static int terminate_elsewhere(void)
{
	return wt_worker_terminate(elsewhere_worker, soon());
}

static int join_elsewhere(void)
{
	return wt_worker_join(elsewhere_worker, NULL, soon());
}

static int worker_is_ended_from_elsewhere(void)
{
	int err = start(&elsewhere_worker, entry_echo, NULL, 0);

	if (err)
		return err;
	err = on_a_new_thread(terminate_elsewhere);
	if (!err)
		err = on_a_new_thread(join_elsewhere);
	wt_worker_destroy(elsewhere_worker);
	return err;
}

struct computing {
	struct latch begun, enough;
};

static void compute(void *arg)
{
	struct computing *computing = arg;

	latch_open(&computing->begun);
	while (!latch_is_open(&computing->enough))
		;
}

static int entry_computes(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	return wt_interruptible(compute, *(void *const *)data);
}

/* [W5] Where neither a timer nor a signal is to be had, nothing but its own end ends it. */
static int worker_is_interrupted(void)
{
	struct computing computing = { 0 }, *at = &computing;
	wt_worker *worker;
	int err = start(&worker, entry_computes, &at, sizeof at);

	if (err)
		return err;
	CHECKED(latch_await(&computing.begun));
	err = wt_worker_terminate(worker, wt_after_ms(1000));
	CHECKED(!err || err == WT_ETIMEDOUT);
	latch_open(&computing.enough);
	CHECKED(wt_worker_join(worker, NULL, soon()) == 0);
	wt_worker_destroy(worker);
	return err ? WT_EAGAIN : 0;
}

static void count_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)code;
	++*(int *)arg;
}

static void count_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	(void)worker;
	CHECKED(failure->code == 7 && strcmp(failure->message, "as expected") == 0);
	++*(int *)arg;
}

static int entry_fails(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	wt_fail(7, "as %s", "expected");
}

/* [W1] */
static int worker_fails(void)
{
	wt_worker *worker;
	int exits = 0, errors = 0;
	int err = start(&worker, entry_fails, NULL, 0);

	if (err)
		return err;
	wt_worker_on_error(worker, count_error, &errors);
	wt_worker_on_exit(worker, count_exit, &exits);
	CHECKED(wt_run() == 0);
	CHECKED(exits == 1 && errors == 1);
	wt_worker_destroy(worker);
	return 0;
}

static atomic_int finals;

static void final_run(void *arg)
{
	(void)arg;
	atomic_fetch_add(&finals, 1);
}

enum { FINALS = 12 }; /* more than need no memory */

/* Says how many it has registered by its code, or the error. */
static int entry_finals(wt_port *parent, const void *data, size_t size)
{
	int *registered = *(int *const *)data;
	int err = 0;

	(void)parent;
	(void)size;
	for (int i = 0; i < FINALS && !err; i++) {
		err = wt_defer(final_run, NULL);
		*registered += !err;
	}
	if (!err) {
		err = wt_on_exit(final_run, NULL);
		*registered += !err;
	}
	return err;
}

/* What was registered runs, whatever was refused after it. */
static int worker_cleans_up(void)
{
	int registered = 0, *at = &registered;
	wt_worker *worker;
	int err;

	atomic_store(&finals, 0);
	err = start(&worker, entry_finals, &at, sizeof at);
	if (err)
		return err;
	err = joined(worker);
	CHECKED(atomic_load(&finals) == registered);
	CHECKED(registered >= 8);
	wt_worker_destroy(worker);
	return err;
}

/* Its own end ends the nested ones. */
static int entry_nests(wt_port *parent, const void *data, size_t size)
{
	wt_worker *nested;
	int err = wt_worker_create(&nested, entry_echo, NULL, 0, NULL);

	(void)data;
	(void)size;
	return err ? err : wt_port_post(parent, bytes, 10);
}

/* [W4] */
static int worker_nests(void)
{
	wt_worker *worker;
	int err = start(&worker, entry_nests, NULL, 0);

	if (err)
		return err;
	err = joined(worker);
	wt_worker_destroy(worker);
	return err;
}

/* ---- Shared memory ---- */

static int shared_grows(void)
{
	wt_shared *shared;
	int64_t value = 0;
	int err = wt_shared_create(&shared, 100, 1 << 20);

	CHECKED(err ? !shared : wt_shared_size(shared) == 100);
	if (err)
		return err;
	CHECKED(wt_atomics_store(shared, WT_I64, 3, 77) == 0);
	err = wt_shared_grow(shared, 1 << 19);
	CHECKED(wt_shared_size(shared) == (err ? 100 : 1 << 19));
	CHECKED(wt_atomics_load(shared, WT_I64, 3, &value) == 0 && value == 77);
	wt_shared_release(shared);
	return err;
}

static void count_wait(wt_shared *shared, int result, void *arg)
{
	(void)shared;
	CHECKED(result == 0);
	++*(int *)arg;
}

/* [A1] [A2] As many are told as were counted, and the memory stays until then. */
static int shared_is_waited_for(void)
{
	wt_shared *shared;
	size_t woken = 0;
	int told = 0, entered = 0;
	int err = wt_shared_create(&shared, 64, 64);

	if (err)
		return err;
	for (int i = 0; i < 3 && !err; i++) {
		err = wt_atomics_wait_async(shared, WT_I32, 1, 0, count_wait, &told, WT_FOREVER);
		entered += !err;
	}
	CHECKED(wt_atomics_notify(shared, WT_I32, 1, 100, &woken) == 0);
	wt_shared_release(shared);
	CHECKED(wt_run() == 0);
	CHECKED(told == entered && woken == (size_t)entered);
	return err;
}

struct cell_wait {
	_Atomic(int32_t) cell;
	int result;
	struct latch over;
	size_t woken;
};

static void *cell_wait_run(void *arg)
{
	struct cell_wait *wait = arg;

	wait->result = wt_wait32(&wait->cell, 0, soon());
	latch_open(&wait->over);
	return NULL;
}

/* Wakes it if it waits by now; it may also have been refused, and be over. */
static bool cell_is_over(void *arg)
{
	struct cell_wait *wait = arg;
	size_t woken = 0;

	CHECKED(wt_notify(&wait->cell, 1, &woken) == 0);
	wait->woken += woken;
	return latch_is_open(&wait->over);
}

/* [A1] */
static int cell_wakes_a_thread(void)
{
	struct cell_wait wait = { 0 };
	pthread_t thread;
	bool made = pthread_create(&thread, NULL, cell_wait_run, &wait) == 0;

	CHECKED(made);
	if (!made)
		return 0;
	CHECKED(await(cell_is_over, &wait));
	pthread_join(thread, NULL);
	CHECKED(wait.woken == (wait.result == 0));
	return wait.result;
}

/* ---- The table ---- */

const struct sweep_operation sweep_operations[] = {
	{ "a channel", channel },
	{ "posts of all sizes", post },
	{ "many posts in one", post_many },
	{ "a gathered send", send_gathered },
	{ "handlers and close events", handlers },
	{ "a thread's first call, and its end", first_call },
	{ "a loop with nothing to do", run_on_a_new_thread },
	{ "the loop's descriptor", loop_descriptor },
	{ "a sleep", sleep_on_a_new_thread },
	{ "a worker that answers", worker_answers },
	{ "a worker that is terminated", worker_is_terminated },
	{ "a worker that is ended from elsewhere", worker_is_ended_from_elsewhere },
	{ "a worker that is interrupted", worker_is_interrupted },
	{ "a worker that fails", worker_fails },
	{ "cleanups and exit handlers", worker_cleans_up },
	{ "a nested worker", worker_nests },
	{ "shared memory that grows", shared_grows },
	{ "asynchronous waits", shared_is_waited_for },
	{ "a thread woken at a cell", cell_wakes_a_thread },
	{ "a transfer of each kind", transfer_everything },
	{ "a sender and its copy", transfer_by_sender },
	{ "a worker that takes what came with its data", transfer_to_worker },
	{ "slots, committed and abandoned", slots_in_turn },
	{ "a call and its answer", call_answered },
	{ "a refusal and its drain", drain_after_refusal },
	{ "a select", select_of_many },
	{ "blocks of a worker's heap", heap_blocks },
	{ "a timer", timers_in_turn },
	{ "environment that a worker inherits", environment_inherited },
	{ "broadcasts of every size", broadcasts_to_each },
	{ "a lock, a request and a query", locks_in_turn },
	{ "a hook for new workers", worker_created_hook },
	{ "a dump", a_dump },
	{ "messages to a thread, waited for and told", thread_messages },
	{ "names of threads", thread_names },
	{ "streams of a worker", streams_of_a_worker },
	{ "a pool's tasks", pool_tasks },
	{ "a pool's callbacks", pool_callbacks },
	{ "a pool's failing task", pool_failure },
	{ "a map over a pool", pool_maps },
};

const size_t sweep_operation_count = sizeof sweep_operations / sizeof *sweep_operations;
